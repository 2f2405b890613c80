"""What a person decides about their record."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from lms.records.documents import MOST_BYTES
from lms.records.models import RecordAccess


class TakeOverForm(forms.Form):
    file = forms.FileField(
        label=_("Learning record (JSON)"),
        help_text=_("The file that you took out of another site of this kind."),
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("A learning record has no more than 4 megabytes."))
        return file


class AccessForm(forms.Form):
    label = forms.CharField(
        label=_("Who gets it"), max_length=100, help_text=_("For example the personnel system of your agency.")
    )
    days = forms.TypedChoiceField(label=_("It works for"), choices=RecordAccess.DAYS, coerce=int, initial=30)

    def __init__(self, *args: Any, open_ones: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open_ones = open_ones

    def clean(self) -> dict[str, Any]:
        if self._open_ones >= RecordAccess.MOST_OPEN:
            raise forms.ValidationError(
                _("You have %(count)d open tokens. End one of them first.") % {"count": RecordAccess.MOST_OPEN}
            )
        return super().clean() or {}
