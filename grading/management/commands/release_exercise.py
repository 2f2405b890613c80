"""``manage.py release_exercise``: the learner's notebook from the author's."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import nbformat
from django.core.management.base import BaseCommand, CommandError

from grading.management.commands.grade import read
from grading.notebooks import AuthorError, read_source, release


class Command(BaseCommand):
    help = "Writes the learner's notebook: solutions and hidden checks cut, cells locked."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("exercise", type=Path, help="the instructor's notebook")
        parser.add_argument("out", type=Path, help="where to write the learner's notebook")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["out"].resolve() == options["exercise"].resolve():
            raise CommandError("the learner's notebook would overwrite the instructor's")
        try:
            source = read_source(read(options["exercise"]))
        except AuthorError as error:
            raise CommandError(f"{options['exercise']} cannot be an exercise:\n{error}") from error
        try:
            options["out"].write_text(nbformat.writes(release(source)), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['out']}: {error.strerror}") from error
        self.stdout.write(f"{options['out']}: {len(source.checks)} checks, {source.max_score:g} points")
