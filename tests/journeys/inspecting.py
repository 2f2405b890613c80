"""What may be wrong with a page as a browser shows it: for whoever reads Thai, uses a phone, or has it read aloud.

Each finding is a line of text; none: the page is as it should be.
"""

import re
from functools import cache
from pathlib import Path

import polib
from axe_playwright_python.sync_playwright import Axe

from courses.terms import TERMS

PROJECT = Path(__file__).resolve().parent.parent.parent
# Axe's serious and critical rules, and all others that are no mere advice: nothing is left out by name.
AXE = {"resultTypes": ["violations"]}
ASK = (Path(__file__).parent / "inspecting.js").read_text(encoding="utf-8")
# A year of the Christian era on a Thai page, where it is no part of a number, a code or a file's name.
COMMON_YEAR = re.compile(r"(?<![\d\-/._:,A-Za-z])(199\d|20[0-8]\d)(?![\d\-/._:,%]|\d)")
WORD = re.compile(r"[A-Za-z]{2,}[.,:;!?)]?")
THAI = re.compile("[ก-๙]")
# What is called so in Thai as well.
NAMES = re.compile(r"Creative Commons.*|Open Data Commons.*|GNU Free.*|.*Open Government License.*|OCSC|TPQI|^English$")
FILE_NAME = re.compile(r"\S+\.[a-z]+ \([\d.,]+\s[KM]?B\)")


def inspect(page, language: str, width: int, *, ours: bool = True) -> list[str]:
    """All that is wrong with the page that is open. ``ours``: not a page of Wagtail's, whose frame we did not write."""
    found = page.evaluate(ASK, {"terms": TERMS, "width": width})
    wrong = [
        f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:160]}" for one in axe(page) if ours or is_grave(one)
    ]
    wrong += [f"wider than the screen: {found['width']} ({found['widest']})"] if found["width"] > width else []
    wrong += [f"marks are cut off: {text}" for text in found["clipped"]]
    wrong += [f"a term is broken in two: {text}" for text in found["broken"]] if ours else []
    wrong += [f"lines too tight for Thai: {text}" for text in found["tight"]] if ours else []
    if language == "th":
        wrong += [f"untranslated: {line}" for line in untranslated(found["lines"])]
        wrong += [f"a year of the Christian era: {line}" for line in found["lines"] if COMMON_YEAR.search(line)]
    else:
        wrong += [f"Thai that is not marked as such: {line}" for line in found["unmarked"]] if ours else []
    return list(dict.fromkeys(wrong))


def is_grave(violation: dict) -> bool:
    """Of Wagtail's own pages we mend what keeps somebody out, and give each a heading."""
    return violation["impact"] in {"serious", "critical"} or violation["id"] == "page-has-heading-one"


def axe(page) -> list[dict]:
    return Axe().run(page, options=AXE).response["violations"]


def untranslated(lines: list[str]) -> list[str]:
    """English sentences, and words that a translation exists for."""
    told = (NAMES.sub("", FILE_NAME.sub("", line)).strip() for line in lines)
    return [line for line in told if not THAI.search(line) and (is_sentence(line) or line in english())]


def is_sentence(line: str) -> bool:
    return sum(bool(WORD.fullmatch(word)) for word in line.split()) >= 3


@cache
def english() -> frozenset[str]:
    """Every English text of which our catalogs have a Thai one: on a Thai page none of them stands as it is."""
    catalogs = [polib.pofile(str(path)) for path in (PROJECT / "lms" / "locale").rglob("th/LC_MESSAGES/*.po")]
    entries = [entry for catalog in catalogs for entry in catalog if entry.msgid != entry.msgstr]
    return frozenset(entry.msgid for entry in entries if entry.msgstr and "%" not in entry.msgid)
