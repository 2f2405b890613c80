"""What a holder decides."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from lms.certificates.models import Disclosure, ShareLink


class DisclosureForm(forms.ModelForm[Disclosure]):
    class Meta:
        model = Disclosure
        fields = ["shows", "has_picture"]
        widgets = {"shows": forms.RadioSelect}


class ShareForm(forms.Form):
    days = forms.TypedChoiceField(label=_("The link works for"), choices=ShareLink.DAYS, coerce=int, initial=30)
    label = forms.CharField(
        label=pgettext_lazy("reader of a link", "For whom"),
        max_length=100,
        required=False,
        help_text=_("A note for yourself, for example “application at the ministry”. Nobody else sees it."),
    )

    def __init__(self, *args: Any, open_links: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open_links = open_links

    def clean(self) -> dict[str, Any]:
        if self._open_links >= ShareLink.MOST_OPEN:
            raise forms.ValidationError(
                _("You have %(count)d open links to this credential. End one of them first.")
                % {"count": ShareLink.MOST_OPEN}
            )
        return super().clean() or {}
