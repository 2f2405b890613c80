"""A model field that its three pages need and Django lacks."""

from typing import Any

from django import forms
from django.db import models


class ChoicesField(models.JSONField):
    """Any number of the given choices, kept as a list in the choices' own order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.given = kwargs.pop("given", ())
        kwargs.setdefault("default", list)
        kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def formfield(self, **kwargs: Any) -> Any:
        return forms.MultipleChoiceField(
            choices=self.given,
            label=self.verbose_name,
            help_text=self.help_text,
            required=not self.blank,
            widget=forms.CheckboxSelectMultiple,
        )
