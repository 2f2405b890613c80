"""``manage.py load_frameworks [FILE.toml …]``: brings frameworks of competencies into the database."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses import frameworks


class Command(BaseCommand):
    help = (
        "Loads frameworks of competencies: those that come with the platform, or the files named. Adds what is "
        "missing; a version that is there and reads otherwise is an error, and nothing of it is changed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path)

    def handle(self, *args: Any, files: list[Path], **options: Any) -> None:
        for path in files or frameworks.shipped():
            try:
                framework, made = frameworks.load(path)
            except (OSError, KeyError, ValueError, TypeError, frameworks.Different) as error:
                raise CommandError(f"{path}: {type(error).__name__}: {error}") from error
            self.stdout.write(f"  {framework.slug}: {made} new.")
