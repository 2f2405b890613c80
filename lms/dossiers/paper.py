"""A dossier as PDF/A, made by a process of its own: ``python -m lms.dossiers.paper`` reads and writes a pipe.

What the authors of courses write is laid out by large parsers of fonts and pages; they run without the site's settings
and keys, and not for longer than a minute.
"""

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from lms.certificates import pdf

STYLE = Path(__file__).resolve().parent.parent / "static" / "css" / "dossier.css"
SECONDS = 60


class NotPrinted(Exception):
    """The process that prints failed or took too long."""


def print_out(html: str, *, data: str, made_at: datetime) -> bytes:
    """The page as a PDF with ``data`` (JSON) attached. Raises NotPrinted."""
    order = json.dumps({"html": html, "data": data, "made_at": made_at.isoformat()}).encode()
    known = {name: os.environ[name] for name in ("PATH", "LANG", "HOME", "TMPDIR") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lms.dossiers.paper"],
            input=order,
            capture_output=True,
            timeout=SECONDS,
            check=True,
            env=known,
            cwd=Path(__file__).resolve().parents[2],
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace")
        raise NotPrinted(said[-2000:] or str(error)) from error
    return done.stdout


def main() -> None:
    order = json.load(sys.stdin.buffer)
    file = pdf.File("dossier.json", order["data"], datetime.fromisoformat(order["made_at"]), "Course dossier (JSON)")
    sys.stdout.buffer.write(pdf.write(order["html"], style=STYLE.read_text(encoding="utf-8"), pictures={}, file=file))


if __name__ == "__main__":
    main()
