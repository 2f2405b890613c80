"""``manage.py data_inventory``: every place where personal data is kept, as a table or JSON."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.privacy.inventory import gaps
from lms.privacy.public import describe


class Command(BaseCommand):
    help = "Lists all personal data: model, fields, purpose, ground, retention. Fails when a model is missing in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for other programs")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = describe()
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
        else:
            for row in rows:
                self.stdout.write(f"{row['model']}\n  {row['fields']}\n  {row['purpose']} · {row['ground']}")
                self.stdout.write(f"  {row['retention']}")
        if missing := list(gaps()):
            raise CommandError("\n".join(missing))
