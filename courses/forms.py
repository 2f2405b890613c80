"""What learners hand in, checked before anything is stored."""

import re
from contextlib import suppress
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from courses.thai import BUDDHIST_OFFSET, arabic_digits
from grading.models import in_language
from grading.notebooks import NotebookRefused, read_notebook


class HandInForm(forms.Form):
    """One answered notebook. ``cleaned_data["notebook"]`` is its bytes, ``filename`` what it was called."""

    notebook = forms.FileField(
        label=gettext_lazy("Your notebook (.ipynb)"),
        allow_empty_file=True,  # refused below, in our own words
        max_length=255,
        error_messages={
            "required": gettext_lazy("Choose your notebook file first."),
            "max_length": gettext_lazy("The name of the file is too long. Give it a shorter name."),
        },
        widget=forms.ClearableFileInput(attrs={"accept": ".ipynb,application/x-ipynb+json"}),
    )
    filename = ""

    def clean_notebook(self) -> bytes:
        upload: UploadedFile[bytes] = self.cleaned_data["notebook"]
        self.filename = printable(upload.name or "")
        if not self.filename.lower().endswith(".ipynb"):
            raise not_ipynb(self.filename)
        data = read_upload(upload, settings.GRADING_MAX_UPLOAD_BYTES)
        try:
            read_notebook(data)
        except NotebookRefused as refused:
            raise ValidationError(in_language({"th": refused.th, "en": refused.en})) from refused
        return data


class PracticeForm(forms.Form):
    """A table of the learner's own. ``cleaned_data["table"]`` is its bytes, ``filename`` what it is called."""

    table = forms.FileField(
        label=gettext_lazy("Your table (.csv)"),
        allow_empty_file=True,  # refused below, in our own words
        max_length=150,
        error_messages={
            "required": gettext_lazy("Choose your file first."),
            "max_length": gettext_lazy("The name of the file is too long. Give it a shorter name."),
        },
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    filename = ""

    def clean_table(self) -> bytes:
        upload: UploadedFile[bytes] = self.cleaned_data["table"]
        self.filename = printable(upload.name or "")
        if not self.filename.lower().endswith((".csv", ".tsv", ".txt")):
            text = _("“%(name)s” is no table of text. In a spreadsheet program, save it as “CSV UTF-8” (.csv) first.")
            raise ValidationError(text % {"name": self.filename})
        data = read_upload(upload, settings.WORKBENCH_PRACTICE_MAX_BYTES)
        if b"\0" in data:
            text = _("There is no text in “%(name)s”. In a spreadsheet program, save it as “CSV UTF-8” (.csv) first.")
            raise ValidationError(text % {"name": self.filename})
        return data


def not_ipynb(name: str) -> ValidationError:
    return ValidationError(_("“%(name)s” is not a notebook: its name must end in .ipynb.") % {"name": name})


def printable(name: str) -> str:
    """A file's name as the learner knows it, every Thai mark kept, without control characters."""
    return "".join(character for character in name.replace("\0", "") if character.isprintable()).strip()


def read_upload(upload: "UploadedFile[bytes]", limit: int) -> bytes:
    """The bytes of an upload. Raises ValidationError when it is empty or larger than ``limit`` bytes."""
    if not upload.size:
        raise ValidationError(_("The file “%(name)s” is empty. Save it and choose it again.") % {"name": upload.name})
    if upload.size > limit:
        facts: dict[str, Any] = {"size": filesizeformat(upload.size), "limit": filesizeformat(limit)}
        raise ValidationError(_("The file is too large (%(size)s). The limit is %(limit)s.") % facts)
    return bytes(upload.read())


class Moment(forms.DateTimeInput):
    """A date and a time as browsers ask for them; both are Bangkok's.

    The back office's own calendar needs an inline script, which the site's policy does not let run.
    """

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class Day(forms.DateField):
    """A day as browsers ask for it, or typed as ``10/02/2569``; a Buddhist year means what it means."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    buddhist_from = 2400
    patterns = (
        r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})",
    )

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values or isinstance(value, date):
            return value or None
        typed = arabic_digits(str(value).strip())
        for pattern in self.patterns:
            if found := re.fullmatch(pattern, typed, re.ASCII):
                year, month, day = (int(found[name]) for name in ("year", "month", "day"))
                # 29 February 2567 is a day, and the year 2567 of the Common era has none.
                with suppress(ValueError):
                    return date(year - BUDDHIST_OFFSET if year >= self.buddhist_from else year, month, day)
        raise ValidationError(self.error_messages["invalid"], code="invalid")
