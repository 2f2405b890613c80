"""``manage.py grade``: the website's own grading path, without the database; one JSON line per submission."""

import hashlib
import json
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from grading.grader import Outcome, grade
from grading.notebooks import AuthorError, read_source
from sandboxes.limits import Limits

EXIT_FAILED = 3


class Command(BaseCommand):
    help = "Grades notebooks against an instructor's notebook. Exit status 3 when a grade could not be made."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exercise", type=Path, help="the instructor's notebook, with solutions and checks")
        parser.add_argument("submissions", type=Path, nargs="+", metavar="SUBMISSION.ipynb")
        parser.add_argument("--file", type=Path, action="append", default=[], help="a data file that learners have")
        parser.add_argument(
            "--hidden-file", type=Path, action="append", default=[], help="a data file for the checks alone"
        )
        parser.add_argument("--limits", default="", help="for instance wall_seconds=20,memory_bytes=500000000")
        parser.add_argument("--jobs", type=int, default=1, help="how many submissions at a time (1 to 64)")
        parser.add_argument("--language", choices=["th", "en"], default="th", help="of the messages and the feedback")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["jobs"] <= 64:
            raise CommandError("--jobs must be between 1 and 64")
        try:
            limits = Limits.parse(options["limits"])
        except ValueError as error:
            raise CommandError(f"--limits: {error}") from error
        source = read(options["exercise"])
        try:
            read_source(source)
        except AuthorError as error:
            raise CommandError(f"{options['exercise']} cannot be an exercise:\n{error}") from error
        files = read_all(options["file"])
        hidden = read_all(options["hidden_file"])
        if twice := files.keys() & hidden.keys():
            raise CommandError(f"given as visible and as hidden: {', '.join(sorted(twice))}")

        def one(path: Path) -> tuple[Path, bytes, Outcome | Exception]:
            work = read(path)
            try:
                return (
                    path,
                    work,
                    grade(
                        source=source,
                        submission=work,
                        files=files,
                        hidden_files=hidden,
                        limits=limits,
                        python=settings.KERNEL_PYTHON,
                    ),
                )
            except Exception as error:  # ours, whatever it is: reported as such, and the others go on
                return path, work, error

        for path in options["submissions"]:
            if not path.is_file():
                raise CommandError(f"{path}: no such file")
        has_failed = False
        for path, work, outcome in in_order(one, options["submissions"], options["jobs"]):
            line = as_line(path, work, outcome, options["language"])
            has_failed |= line["state"] == "failed"
            self.stdout.write(json.dumps(line, ensure_ascii=False))
            self.stdout.flush()
        if has_failed:
            raise SystemExit(EXIT_FAILED)


def in_order(function: Any, items: list[Path], jobs: int) -> Iterator[Any]:
    """The results in the order of the items, each as soon as it and all before it are there."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(function, items)


def as_line(path: Path, work: bytes, outcome: Outcome | Exception, language: str) -> dict[str, Any]:
    """One submission's result in the shape of the contract."""
    line: dict[str, Any] = {"submission": path.name, "sha256": hashlib.sha256(work).hexdigest()}
    if isinstance(outcome, Exception):
        return line | {"state": "failed", "message": f"{type(outcome).__name__}: {outcome}"}
    return line | {
        "state": outcome.state,
        "run_status": str(outcome.run_status) if outcome.run_status else None,
        "score": outcome.score,
        "max_score": outcome.max_score,
        "checks": [
            {
                "id": check.id,
                "points": check.points,
                "max_points": check.max_points,
                "passed": check.passed,
                "examined": check.examined,
                "outcome": check.outcome,
                "message": check.message(language),
            }
            for check in outcome.checks
        ],
        "message": outcome.message.get(language, ""),
        "notices": [notice.get(language, "") for notice in outcome.notices],
        "feedback_html": outcome.feedback_html.get(language, ""),
        "usage": outcome.usage.as_dict(),
    }


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def read_all(paths: list[Path]) -> dict[str, bytes]:
    """The files by name; two of one name would overwrite each other in the working directory."""
    files: dict[str, bytes] = {}
    for path in paths:
        if path.name in files:
            raise CommandError(f"two files named {path.name}")
        files[path.name] = read(path)
    return files
