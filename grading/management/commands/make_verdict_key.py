"""``manage.py make_verdict_key``: the key that signs verdicts. Run again, it changes nothing; ``--rotate`` adds one."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from grading.verdict_keys import VerdictKeyUnavailable, make_key


class Command(BaseCommand):
    help = "Makes the key that signs verdicts where there is none. The public half is added to its file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rotate", action="store_true", help="make a further key, which signs from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.VERDICT_KEY_FILE:
            raise CommandError("Name the key file: set VERDICT_KEY_FILE.")
        try:
            key_id = make_key(is_rotation=options["rotate"])
        except VerdictKeyUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{key_id} made" if key_id else "there is a key already")
