"""How a Thai name is written. No Django here."""

import re
import unicodedata

# These join the given name without a space; ranks, degrees and royal titles stand apart.
JOINED_TITLES = frozenset({"นาย", "นาง", "นางสาว", "คุณ", "ดร.", "นพ.", "พญ.", "ผศ.", "รศ.", "ศ."})
PUNCTUATION = " .-'’,()/"


class NameRefused(ValueError):
    """This is not how a name can be written. ``code``: ``characters``, ``start`` or ``latin``."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def clean_name(text: str) -> str:
    """``text`` in NFC without invisible characters and doubled spaces; every mark is kept: ``น้ำฝน``, ``ปิ่น``.

    Raises:
        NameRefused: something in it is no letter, mark or punctuation of names, or it does not start with a letter.
    """
    text = unicodedata.normalize("NFC", text).replace("\u00a0", " ")
    # Cf: zero-width spaces and joiners from copied text, and marks that turn the writing direction around.
    text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = re.sub(r"\s+", " ", text).strip()
    if not all(c in PUNCTUATION or unicodedata.category(c)[0] in "LM" for c in text):
        raise NameRefused("characters")
    if text and unicodedata.category(text[0])[0] != "L":
        raise NameRefused("start")
    return text


def clean_latin_name(text: str) -> str:
    """As ``clean_name``, and every letter is Latin.

    Raises:
        NameRefused: as ``clean_name``; code ``latin`` for a letter of another script.
    """
    text = clean_name(text)
    if not all(c in PUNCTUATION or "LATIN" in unicodedata.name(c, "") for c in text):
        raise NameRefused("latin")
    return text


def full_name(title: str, given: str, family: str) -> str:
    """Title, given and family name as one line: ``นายสมชาย ใจดี``, ``ว่าที่ร้อยตรี สมชาย ใจดี``, ``นาย John``, ``ปิ่น``."""
    is_latin = "LATIN" in unicodedata.name(given[:1] or " ", "")
    separator = "" if title in JOINED_TITLES and not is_latin else " "
    return " ".join(f"{title}{separator}{given} {family}".split())
