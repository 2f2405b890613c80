"""Every sentence of ours has a Thai translation: ``python -m tests.translations`` lists those that have not.

The strings are collected anew with GNU gettext into a scratch folder; the tree is not changed.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

PROJECT = Path(__file__).resolve().parent.parent
CATALOGUE = PROJECT / "lms" / "locale" / "th" / "LC_MESSAGES" / "django.po"


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


def main() -> int:
    missing = untranslated()
    for text in missing:
        print(f"no Thai translation: {text!r}")
    print(f"{len(missing)} of our strings lack a Thai translation")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
