"""Registration, login and one's own profile."""

from typing import Any, ClassVar

from allauth.account import forms as allauth
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lms.accounts.models import User
from lms.accounts.names import NameRefused, clean_latin_name, clean_name

REFUSALS = {
    "characters": _("Use letters only; digits and symbols are not part of a name."),
    "start": _("A name starts with a letter."),
    "latin": _("Use Latin letters, as in a passport."),
}


class NameField(forms.CharField):
    """A name in any script, with every Thai mark kept and invisible characters taken out."""

    cleaner = staticmethod(clean_name)

    def to_python(self, value: Any) -> str:
        try:
            return self.cleaner(super().to_python(value) or "")
        except NameRefused as refusal:
            raise ValidationError(REFUSALS[refusal.code], code=refusal.code) from refusal


class LatinNameField(NameField):
    cleaner = staticmethod(clean_latin_name)


def name_fields() -> dict[str, forms.Field]:
    """The parts of a person's name, as form fields."""
    return {
        "title": NameField(
            label=pgettext_lazy("before a name", "Title"),
            required=False,
            max_length=60,
            # Free text with the common titles offered: there are more ranks and degrees than a list can hold.
            widget=forms.TextInput(attrs={"autocomplete": "honorific-prefix", "list": "titles"}),
        ),
        "given_name": NameField(
            label=_("Given name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
        ),
        "family_name": NameField(
            label=_("Family name"),
            required=False,
            max_length=120,
            help_text=_("Leave it empty if you have one name only."),
            widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
        ),
        "name_en": LatinNameField(
            label=_("Full name in English"),
            required=False,
            max_length=250,
            help_text=_("For the English side of your credentials."),
            widget=forms.TextInput(attrs={"lang": "en"}),
        ),
    }


EMAIL_LENGTH = 254  # RFC 5321, and what the columns hold


class PlainLabels:
    """A label above the field says it once; a placeholder that repeats it vanishes while typing."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in self.fields.values():
            each.widget.attrs.pop("placeholder", None)
            if isinstance(each, forms.EmailField):
                each.validators.append(MaxLengthValidator(EMAIL_LENGTH))


class LoginForm(PlainLabels, allauth.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""  # the page has its own link to a new password


class SignupForm(PlainLabels, allauth.SignupForm):
    """E-mail, names, password. Whether an address has an account already is told to its owner only, by e-mail."""

    field_order = ["title", "given_name", "family_name", "name_en", "email", "password1", "password2"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(name_fields())
        self.order_fields(self.field_order)


class AddEmailForm(PlainLabels, allauth.AddEmailForm):
    pass


class ChangePasswordForm(PlainLabels, allauth.ChangePasswordForm):
    pass


class SetPasswordForm(PlainLabels, allauth.SetPasswordForm):
    pass


class ResetPasswordForm(PlainLabels, allauth.ResetPasswordForm):
    pass


class ResetPasswordKeyForm(PlainLabels, allauth.ResetPasswordKeyForm):
    pass


class ProfileForm(forms.ModelForm[User]):
    """A person's own names, and the language of their e-mails."""

    field_order = ["title", "given_name", "family_name", "name_en", "language"]

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["language"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, each in name_fields().items():
            self.fields[name] = each
            self.initial.setdefault(name, getattr(self.instance, name))
        self.order_fields(self.field_order)

    def save(self, commit: bool = True) -> User:
        for name in name_fields():
            setattr(self.instance, name, self.cleaned_data[name])
        return super().save(commit)
