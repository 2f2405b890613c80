"""``manage.py make_seal_key``: the key that seals certificates, and its public half. Run again, it changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.credentials import seals


class Command(BaseCommand):
    help = "Makes the seal of PDF certificates where there is none, and publishes its certificate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="Demo Data Institute", help="who seals (default: %(default)s)")
        parser.add_argument("--rotate", action="store_true", help="make a further one; old certificates stay readable")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SEAL_KEY_FILE:
            raise CommandError("Set SEAL_KEY_FILE to where the seal is to be kept.")
        try:
            made = seals.make_key(name=options["name"], is_rotation=options["rotate"])
        except seals.SealUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"sealed by {made}" if made else "there is a seal; its certificate is published")
