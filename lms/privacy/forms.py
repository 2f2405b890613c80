"""What people decide about their data."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lms.accounts.models import User
from lms.privacy.models import Consent


class ConsentForm(forms.Form):
    """One box a purpose, none of them ticked beforehand."""

    purposes = forms.MultipleChoiceField(
        label=_("I agree to"),
        choices=Consent.Purpose.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Nothing here depends on it: courses and credentials are the same with or without."),
    )


class ErasureForm(forms.Form):
    keeps_credentials = forms.TypedChoiceField(
        label=_("My credentials"),
        choices=[
            ("no", _("Revoke them: whoever checks one is told that it was erased on request")),
            ("yes", _("Keep their digests: the files that I have go on verifying, and nothing else is kept")),
        ],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        initial="no",
    )
    password = forms.CharField(
        label=_("Your password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if not self._person.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password
