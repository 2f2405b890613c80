"""``manage.py check_exercise``: the author's pre-flight, without the database. Readable, or JSON with ``--json``."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from grading.management.commands.grade import read, read_all
from grading.preflight import RUNS, Remark, Report, preflight
from sandboxes.limits import Limits

EXIT_ERRORS, EXIT_FAILED = 1, 2
WORDS = {
    "th": {"error": "ผิดพลาด", "warning": "ควรแก้", "note": "หมายเหตุ", "cell": "เซลล์ที่"},
    "en": {"error": "ERROR", "warning": "WARNING", "note": "note", "cell": "cell"},
}


class Command(BaseCommand):
    help = (
        "Tries an exercise out: model solution, untouched release, what can be examined from outside, limits, hints. "
        "Exit status 0 when learners may meet it, 1 when something is wrong with it, 2 when it could not be tried."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exercise", type=Path, help="the instructor's notebook, with solutions and checks")
        parser.add_argument("--file", type=Path, action="append", default=[], help="a data file that learners have")
        parser.add_argument(
            "--hidden-file", type=Path, action="append", default=[], help="a data file for the checks alone"
        )
        parser.add_argument("--limits", default="", help="for instance wall_seconds=20,memory_bytes=500000000")
        parser.add_argument("--runs", type=int, default=RUNS, help="how often the model solution is examined (1 to 20)")
        parser.add_argument("--language", choices=["th", "en"], default="th")
        parser.add_argument("--json", action="store_true", help="the whole report as one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self.report(options)
        except CommandError as error:
            raise CommandError(str(error), returncode=EXIT_FAILED) from error
        if options["json"]:
            self.stdout.write(json.dumps({"exercise": options["exercise"].name} | report.as_dict(), ensure_ascii=False))
        else:
            self.stdout.write("\n".join(told(report, options["language"])))
        if not report.is_publishable:
            raise SystemExit(EXIT_ERRORS)

    def report(self, options: dict[str, Any]) -> Report:
        if not 1 <= options["runs"] <= 20:
            raise CommandError("--runs must be between 1 and 20")
        try:
            limits = Limits.parse(options["limits"])
        except ValueError as error:
            raise CommandError(f"--limits: {error}") from error
        source, files, hidden = read(options["exercise"]), read_all(options["file"]), read_all(options["hidden_file"])
        if twice := files.keys() & hidden.keys():
            raise CommandError(f"given as visible and as hidden: {', '.join(sorted(twice))}")
        try:
            return preflight(
                source=source,
                files=files,
                hidden_files=hidden,
                limits=limits,
                python=settings.KERNEL_PYTHON,
                runs=options["runs"],
            )
        except Exception as error:  # ours, whatever it is: nothing is known of the exercise
            raise CommandError(f"the exercise could not be tried: {type(error).__name__}: {error}") from error


def told(report: Report, language: str) -> Iterator[str]:
    """The report as lines to read."""
    for remark in report.remarks:
        yield from told_remark(remark, language)
    for check in report.checks:
        points = f"{check.max_points:g} points"
        yield f"{check.id}: {points}, {check.examined}; model {check.model}, untouched {check.untouched}"
    if report.runs:
        usage = report.usage
        yield (
            f"model {report.model_score:g}/{report.max_score:g}, untouched {report.untouched_score:g}/"
            f"{report.max_score:g}; {usage.wall_seconds:.2f} s, {usage.cpu_seconds:.2f} s CPU, "
            f"{usage.max_memory_bytes / (1 << 20):.0f} MB, {usage.output_bytes} bytes"
        )
    yield f"{report.count('error')} errors, {report.count('warning')} warnings, {report.count('note')} notes"


def told_remark(remark: Remark, language: str) -> Iterator[str]:
    words = WORDS[language]
    where = f" {words['cell']} {remark.cell}" if remark.cell else ""
    where += f" ({remark.id})" if remark.id else ""
    yield f"{words[remark.severity]}{where}: {remark.text[language]}"
    if remark.severity != "note":
        for number, line in enumerate(remark.source.split("\n") if remark.source else (), start=1):
            yield f"  {'>' if number == remark.line else ' '} {number:3} {line}"
