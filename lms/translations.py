"""Compiles the translations, so that no machine needs GNU gettext to run the site: ``python -m lms.translations``."""

from pathlib import Path

import polib

LOCALE_DIR = Path(__file__).resolve().parent / "locale"


def compile_all() -> int:
    """Writes each ``.mo`` that is older than its ``.po``; returns how many were written."""
    written = 0
    for source in sorted(LOCALE_DIR.glob("**/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))
            written += 1
    return written


if __name__ == "__main__":
    compile_all()
