"""``manage.py import_otter``: an Otter source notebook as one of ours, and what of it has no counterpart."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grading.management.commands.grade import read
from grading.notebooks import NotebookRefused
from grading.otter import import_otter, is_otter

EXIT_LOST, EXIT_NOT_WRITTEN = 1, 2


class Command(BaseCommand):
    help = (
        "Writes an Otter source notebook (version 7) in nbgrader's format. Exit status 0 when all was understood, "
        "1 when something has to be mended by hand, 2 when nothing was written."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("notebook", type=Path, help="the notebook for Otter Assign")
        parser.add_argument("out", type=Path, help="where to write the exercise")
        parser.add_argument("--language", choices=["th", "en"], default="th", help="of the messages")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            imported = self.imported(options)
        except CommandError as error:
            raise CommandError(str(error), returncode=EXIT_NOT_WRITTEN) from error
        for one in imported.not_understood:
            problem = one.as_problem()
            where = "เซลล์ที่" if options["language"] == "th" else "cell"
            text = problem.th if options["language"] == "th" else problem.en
            self.stdout.write(f"{'! ' if one.is_lost else '  '}{where} {one.cell} {text}")
        if not imported.notebook:
            raise CommandError("nothing was written", returncode=EXIT_NOT_WRITTEN)
        if imported.lost:
            raise SystemExit(EXIT_LOST)

    def imported(self, options: dict[str, Any]) -> Any:
        if options["out"].resolve() == options["notebook"].resolve():
            raise CommandError("the exercise would overwrite the Otter notebook")
        data = read(options["notebook"])
        try:
            if not is_otter(data):
                raise CommandError(f"{options['notebook']} has no question of Otter's")
            imported = import_otter(data)
            if imported.notebook:
                options["out"].write_bytes(imported.notebook)
        except NotebookRefused as error:
            raise CommandError(f"{options['notebook']}: {error}") from error
        except OSError as error:
            raise CommandError(f"{options['out']}: {error.strerror}") from error
        return imported
