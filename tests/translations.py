"""Each sentence of ours and of the back office has a Thai translation: ``python -m tests.translations`` lists the rest.

Our strings are collected anew with GNU gettext into a scratch folder; the tree is not changed. Those of the back office
are what the installed packages say in English: an upgrade that brings new ones is noticed here.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import polib

PROJECT = Path(__file__).resolve().parent.parent
CATALOGUE = PROJECT / "lms" / "locale" / "th" / "LC_MESSAGES" / "django.po"
OVERLAY = PROJECT / "lms" / "locale" / "wagtail" / "th" / "LC_MESSAGES"
BACK_OFFICE = (
    "wagtail",
    "wagtail.admin",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.documents",
    "wagtail.embeds",
    "wagtail.images",
    "wagtail.locales",
    "wagtail.sites",
    "wagtail.snippets",
    "wagtail.users",
    "wagtail_localize",
    "wagtail_localize.locales",
    "taggit",
)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
TAG = re.compile(r"</?\w+")


def messages_in_use() -> polib.POFile:
    """What makemessages finds in our rooms and templates."""
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for room in ("lms", "courses", "grading", "templates"):
            shutil.copytree(PROJECT / room, tree / room, ignore=shutil.ignore_patterns("static", "migrations", "*.mo"))
        target = tree / "lms" / "locale" / "th" / "LC_MESSAGES" / "django.po"
        target.unlink(missing_ok=True)
        (tree / "locale").mkdir()
        command = [sys.executable, "-m", "django", "makemessages", "-l", "th", "--no-location", "-v", "0"]
        # Collected from all rooms at once into one catalogue, as the project keeps it.
        shutil.rmtree(tree / "lms" / "locale")
        subprocess.run(command, cwd=tree, check=True)
        return polib.pofile(str(tree / "locale" / "th" / "LC_MESSAGES" / "django.po"))


def untranslated() -> list[str]:
    known = {(e.msgctxt, e.msgid): e for e in polib.pofile(str(CATALOGUE))}
    missing = []
    for entry in messages_in_use():
        ours = known.get((entry.msgctxt, entry.msgid))
        if ours is None or "fuzzy" in ours.flags or not (ours.msgstr or all(ours.msgstr_plural.values() or [""])):
            missing.append(entry.msgid)
    return missing


def catalogue(app: str, language: str, domain: str) -> list[polib.POEntry]:
    """An installed package's own catalogue, empty when it has none."""
    spec = find_spec(app)
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
    return list(polib.pofile(str(path))) if path.exists() else []


def untranslated_in_back_office() -> list[str]:
    missing = []
    for domain in ("django", "djangojs"):
        said = [
            *polib.pofile(str(OVERLAY / f"{domain}.po")),
            *(polib.pofile(str(CATALOGUE)) if domain == "django" else []),
        ]
        said += [entry for app in ("django.conf", *BACK_OFFICE) for entry in catalogue(app, "th", domain)]
        known = {(entry.msgctxt, entry.msgid) for entry in said if entry.translated()}
        wanted = [entry for app in BACK_OFFICE for entry in catalogue(app, "en", domain) if not entry.obsolete]
        missing += [f"{domain}: {entry.msgid}" for entry in wanted if (entry.msgctxt, entry.msgid) not in known]
    return missing


def marks(text: str) -> tuple[set[str], list[str]]:
    return set(PLACEHOLDER.findall(text)), sorted(TAG.findall(text))


def broken_in_overlay() -> list[str]:
    """Translations that lost or invented a placeholder or an HTML tag."""
    broken = []
    for path in sorted(OVERLAY.glob("*.po")):
        for entry in polib.pofile(str(path)):
            thai = marks(entry.msgstr or entry.msgstr_plural[0])
            if thai not in (marks(entry.msgid), marks(entry.msgid_plural or entry.msgid)):
                broken.append(entry.msgid)
    return broken


def main() -> int:
    found = {
        "of our strings lack a Thai translation": untranslated(),
        "of the back office's strings lack a Thai translation": untranslated_in_back_office(),
        "of the overlay's translations have other placeholders or tags than the English": broken_in_overlay(),
    }
    for fault, texts in found.items():
        for text in texts:
            print(f"{text!r}")
        print(f"{len(texts)} {fault}")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
