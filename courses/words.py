"""The words of a lesson as one line of plain text, from what is stored of its body. Pure."""

import html
import re
from collections.abc import Iterator
from typing import Any

_TAG = re.compile(r"<[^>]*>")
# What a block keeps besides words.
_NO_WORDS = {"kind", "language", "id", "type"}


def of_body(raw_body: Any) -> str:
    """Every text in a stored lesson body, without markup."""
    return " ".join(_texts([block.get("value") for block in raw_body if isinstance(block, dict)]))


def headings(raw_body: Any) -> list[str]:
    """The headings in its texts."""
    found = []
    for block in raw_body:
        if isinstance(block, dict) and block.get("type") == "text":
            found += re.findall(r"<h[23][^>]*>(.*?)</h[23]>", str(block.get("value")), re.DOTALL)
    return [html.unescape(_TAG.sub("", text)).strip() for text in found]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield " ".join(html.unescape(_TAG.sub(" ", value)).split())
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in _NO_WORDS:
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
