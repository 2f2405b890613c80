"""``manage.py load_quizzes FILE …``: items and quizzes from files (docs/quizzes.md)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grading import quiz_loading
from grading.quizzes.banks import BadBank, read_file


class Command(BaseCommand):
    help = "Loads item banks and quizzes from TOML or JSON files. Nothing is deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--check", action="store_true", help="only say what is wrong")

    def handle(self, *, files: list[Path], check: bool, **options: Any) -> None:
        for path in files:
            try:
                bank = read_file(path.read_bytes())
            except OSError as error:
                raise CommandError(f"{path}: {error.strerror}") from error
            except BadBank as error:
                lines = (f"{path}: {item} {one.where}: {one.en} ({one.th})" for item, one in error.problems)
                raise CommandError("\n".join(lines)) from error
            if check:
                self.stdout.write(f"{path}: {len(bank.items)} items, {len(bank.quizzes)} quizzes, nothing wrong")
                continue
            done = quiz_loading.load(bank)
            self.stdout.write(f"{path}: {done.new} new items, {done.changed} changed, {done.same} as they were")
