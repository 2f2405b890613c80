"""Texts in both languages, as plain data holds them."""

from collections.abc import Mapping

from django import template

from grading.models import in_language

register = template.Library()


@register.filter
def said(texts: Mapping[str, str] | None) -> str:
    """The text in the reader's language."""
    return in_language(texts or {})
