"""The two ways to verify: a number, or a file."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lms.credentials.numbers import MAX_TYPED, NotANumber, from_number, to_number


class NumberForm(forms.Form):
    number = forms.CharField(
        label=_("Credential number"),
        help_text=_("28 letters and digits, as printed under the QR code. Spaces, hyphens and case do not matter."),
        max_length=MAX_TYPED,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        error_messages={"required": _("Type the number of the credential.")},
    )

    def clean_number(self) -> str:
        try:
            return to_number(from_number(self.cleaned_data["number"]))
        except NotANumber as error:
            text = _("This is not a credential number. Check that none of the 28 characters is missing or mistyped.")
            raise forms.ValidationError(text) from error


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("Credential file"),
        help_text=_("A .json file of up to 64 kilobytes. It is checked in memory and not kept."),
        allow_empty_file=True,
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
        error_messages={"required": _("Choose a file first.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Somebody else's file name is of no interest, however long it is.
        self.fields["file"].max_length = None  # type: ignore[attr-defined]
