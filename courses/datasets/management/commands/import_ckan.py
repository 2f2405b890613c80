"""``manage.py import_ckan https://catalog.example NAME…``: data sets of a catalog into the library."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from courses.datasets import ckan


class Command(BaseCommand):
    help = "Imports data sets by name from a CKAN catalog named in CKAN_SERVERS; they wait for a data owner's sign-off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("server")
        parser.add_argument("names", nargs="+")

    def handle(self, *args: Any, **options: Any) -> None:
        failed = 0
        for name in options["names"]:
            try:
                done = ckan.take(options["server"].rstrip("/"), name)
            except ckan.NotImported as error:
                failed += 1
                self.stderr.write(f"{name}: {error}")
                continue
            missing = ", ".join(done.dataset.missing()) or "nothing"
            self.stdout.write(f"{done.dataset.slug}: {done.dataset.files.count()} files; missing: {missing}")
            for file, code in done.left_out:
                self.stdout.write(f"  left out: {file} ({code})")
        if failed:
            raise CommandError(f"{failed} not imported.")
