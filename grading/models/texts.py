"""Texts as rows keep them: by language, and without what a database or a page cannot hold."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language


def in_language(texts: Mapping[str, str]) -> str:
    """``{"th": …, "en": …}`` → the text in the reader's language, or whichever there is."""
    language = "en" if (get_language() or "").startswith("en") else "th"
    return texts.get(language) or next(iter(texts.values()), "")


def storable(value: Any) -> Any:
    """JSON data without what PostgreSQL cannot keep and a page cannot show: NUL and half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, (list, tuple)) else value
