"""``manage.py rotate_issuer_key ISSUER``: another key, published now and used after a while; the old one retires."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.credentials.custody import KeyUnavailable, custody
from lms.credentials.keys import PUBLISHED_BEFORE, rotate
from lms.credentials.models import Issuer


class Command(BaseCommand):
    help = (
        "Makes another key for an issuer. It is published at once and signs only after others have had time to fetch "
        "the identity anew; the key used until then stays published, and what it signed keeps verifying. Nothing is "
        "issued again. For a key that somebody else may have, use compromise_issuer_key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("issuer", help="code of the issuer")
        minutes = int(PUBLISHED_BEFORE.total_seconds() // 60)
        parser.add_argument("--wait-minutes", type=int, default=minutes, help="until it signs (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["wait_minutes"] < 0:
            raise CommandError("--wait-minutes cannot be negative.")
        try:
            issuer = Issuer.objects.get(slug=options["issuer"])
            key = rotate(issuer, custody(), wait=timedelta(minutes=options["wait_minutes"]))
        except Issuer.DoesNotExist:
            raise CommandError(f"There is no issuer {options['issuer']}.") from None
        except KeyUnavailable as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{key.url} is published and signs from {key.begins_at:%Y-%m-%d %H:%M} UTC.")
        self.stdout.write("Keys used until then retire at that moment and stay published.")
