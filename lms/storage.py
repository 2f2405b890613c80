"""Where uploaded files lie, under names that people can read."""

import re
import unicodedata
from pathlib import PurePath
from typing import Any

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage

# File systems take 255 bytes, and a Thai letter is three of them; a name that is taken gets eight characters more.
MOST_BYTES = 200


class ReadableNames(FileSystemStorage):
    """Django's own names lose every Thai vowel and tone mark above or below the line: ``วุฒิบัตร`` becomes ``วฒบตร``."""

    def get_valid_name(self, name: str) -> str:
        """Letters, digits and marks of any script, ``.``, ``-`` and ``_``; spaces become ``_``.

        Raises:
            SuspiciousFileOperation: nothing is left of the name.
        """
        words = re.sub(r"\s+", "_", unicodedata.normalize("NFC", str(name)).strip())
        kept = "".join(sign for sign in words if sign.isalnum() or sign in "._-" or is_mark(sign))
        path = PurePath(kept)
        if kept in ("", ".", ".."):
            raise SuspiciousFileOperation(f"No name for a file: {name!r}")
        return shortened(path.stem, MOST_BYTES - len(path.suffix.encode())) + path.suffix


def shortened(text: str, most_bytes: int) -> str:
    """As much of a text from its beginning as takes no more bytes, without a letter that lost a mark."""
    if len(text.encode()) <= most_bytes:
        return text
    cut = text.encode()[:most_bytes].decode(errors="ignore")
    rest: Any = text[len(cut)]
    while cut and is_mark(rest):
        cut, rest = cut[:-1], cut[-1]
    return cut


def is_mark(sign: str) -> bool:
    """Whether it stands above, below or beside a letter and is nothing without it."""
    return unicodedata.category(sign) in ("Mn", "Mc")
