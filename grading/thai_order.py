"""The order of Thai dictionaries, for lists of names and titles. Pure.

A vowel written before its consonant is sorted after it; tone marks and the marks above count only between words that
are the same without them. What is not Thai keeps the order of its letters, regardless of case. This is the rule of
the Royal Institute's dictionary in the short form that holds for names and titles.
"""

import re

from grading.thai_fold import fold

_BEFORE = re.compile("([\u0e40-\u0e44])([\u0e01-\u0e2e])")
_LATER = re.compile("[\u0e47-\u0e4c]")  # ็ ่ ้ ๊ ๋ ์


def sort_key(text: str) -> tuple[str, str, str]:
    """A key by which ``sorted`` gives กอง ก้อง กาญจนา เกศินี แก้ว and not กอง กาญจนา ก้อง … แก้ว."""
    turned = _BEFORE.sub(r"\2\1", fold(text).casefold())
    return _LATER.sub("", turned), "".join(_LATER.findall(turned)), turned
