"""Does this credential belong to the person of this name? Answered by yes or no. Pure.

Spellings that look alike are alike (``grading.thai_fold``), titles and ranks before a name do not count, nor do case
and spaces. Only salted hashes of the folded names are compared: neither side is written down anywhere.
"""

import hashlib
import hmac
import re
from typing import Any

from grading.thai_fold import fold
from lms.credentials import documents

MOST = 200
# Longest first, so that นางสาว is not taken for นาง.
_TITLES = sorted(
    [
        "นาย", "นาง", "นางสาว", "น.ส.", "ดร.", "ผศ.", "รศ.", "ศ.", "ผศ.ดร.", "รศ.ดร.", "ศ.ดร.", "นพ.", "พญ.", "ทพ.",
        "ทพญ.", "ภก.", "ภญ.", "สพ.ญ.", "น.สพ.", "อาจารย์", "ว่าที่ร้อยตรี", "ว่าที่ ร.ต.", "ว่าที่ร.ต.", "ร้อยตรี", "ร้อยโท", "ร้อยเอก",
        "พันตรี", "พันโท", "พันเอก", "พลตรี", "พลโท", "พลเอก", "ร.ต.", "ร.ท.", "ร.อ.", "พ.ต.", "พ.ท.", "พ.อ.", "ร.ต.อ.",
        "ร.ต.ท.", "ร.ต.ต.", "พ.ต.อ.", "พ.ต.ท.", "พ.ต.ต.", "จ.ส.อ.", "ส.อ.", "ม.ร.ว.", "ม.ล.", "พระมหา", "พระ", "หญิง",
        "mr", "mrs", "ms", "miss", "dr", "prof", "asst", "assoc",
        "mr.", "mrs.", "ms.", "dr.", "prof.", "asst.", "assoc.",
    ],
    key=len,
    reverse=True,
)  # fmt: skip
_THAI = re.compile("[\u0e00-\u0e7f]")


def spellings(name: str) -> set[str]:
    """A name as it is compared, with and without whatever titles stand before it."""
    rest = fold(name[:MOST]).casefold()
    found = {_joined(rest)}
    while title := next((one for one in _TITLES if _begins_with(rest, one)), ""):
        rest = rest[len(title) :].lstrip(" .")
        found.add(_joined(rest))
    return found - {""}


def _begins_with(name: str, title: str) -> bool:
    """Thai titles are written without a space; others are words."""
    rest = name[len(title) :]
    return name.startswith(title) and bool(rest) and (bool(_THAI.match(title)) or title[-1] == "." or rest[0] in " .")


def _joined(name: str) -> str:
    return name.replace(" ", "")


def is_same_person(document: dict[str, Any], typed: str) -> bool:
    """Whether one spelling of ``typed`` is one of the name in a credential whose signature is right."""
    salt = _salt_of(document)
    theirs = {_hash(one, salt) for one in spellings(documents.holder_name_of(document))}
    # All are compared, always: how long it takes says nothing.
    hits = [hmac.compare_digest(_hash(one, salt), known) for one in spellings(typed) for known in sorted(theirs)]
    return any(hits)


def _salt_of(document: dict[str, Any]) -> str:
    return next((i["salt"] for i in document["credentialSubject"]["identifier"] if "salt" in i), "")


def _hash(name: str, salt: str) -> str:
    return hashlib.sha256((name + salt).encode()).hexdigest()
