"""What a stranger fills in: a number or link, files, a name."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from lms.credentials.numbers import MAX_TYPED, NotANumber, from_number, to_number
from lms.verification import naming
from lms.verification.spreadsheets import number_in

ACCEPTED = (
    ".json,.png,.svg,.pdf,.jwt,.zip,.csv,.tsv,.txt,.xlsx,application/json,application/pdf,image/png,image/svg+xml"
)


class NumberForm(forms.Form):
    number = forms.CharField(
        label=_("Credential number or link"),
        help_text=_(
            "28 letters and digits, as printed under the QR code, or the link behind it. Spaces, hyphens, case and "
            "Thai digits do not matter."
        ),
        max_length=MAX_TYPED * 2,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        error_messages={"required": _("Type the number of the credential.")},
    )

    def clean_number(self) -> str:
        try:
            return to_number(from_number(number_in(self.cleaned_data["number"])))
        except NotANumber as error:
            text = _("This is not a credential number. Check that none of the 28 characters is missing or mistyped.")
            raise forms.ValidationError(text) from error


class _Files(forms.FileInput):
    allow_multiple_selected = True


class FileField(forms.FileField):
    """One file or several; cleaned to a list."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        clean_one: Callable[..., Any] = super().clean
        return [clean_one(one, initial) for one in data] if data else [clean_one(None, initial)]


class FileForm(forms.Form):
    file = FileField(
        label=_("Credential files"),
        help_text=_(
            "JSON, PNG, SVG, PDF or JWT: one file is answered at once. Many at once: several files, a ZIP of up to "
            "2,000, or a table (CSV, Excel) with up to 10,000 numbers or links. Nothing you send is kept."
        ),
        allow_empty_file=True,
        widget=_Files(attrs={"accept": ACCEPTED, "multiple": True}),
        error_messages={"required": _("Choose a file first.")},
    )

    @property
    def uploads(self) -> list[UploadedFile[bytes]]:
        return self.cleaned_data["file"]


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("First and last name"),
        help_text=_("As on the certificate, with or without a title."),
        max_length=naming.MOST,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Type the name first.")},
    )
