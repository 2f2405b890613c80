"""``manage.py make_issuer_key``: an issuer, its key in custody, its published key. Run again, it changes nothing."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.credentials.custody import Custody, KeyUnavailable, custody, file_custody
from lms.credentials.keys import KeyReused, publish_held
from lms.credentials.models import Issuer


class Command(BaseCommand):
    help = "Makes an issuer's key where there is none and publishes the public half. Changes nothing that exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--issuer", default="demo-institute", help="code of the issuer (default: %(default)s)")
        parser.add_argument("--name-th", default="สถาบันข้อมูลสาธิต", help="name, when the issuer is new")
        parser.add_argument("--name-en", default="Demo Data Institute", help="name, when the issuer is new")
        parser.add_argument("--file", default=settings.ISSUER_KEY_FILE, help="key file (default: ISSUER_KEY_FILE)")

    def handle(self, *args: Any, **options: Any) -> None:
        names = {"name_th": options["name_th"], "name_en": options["name_en"]}
        try:
            issuer, _ = Issuer.objects.get_or_create(slug=options["issuer"], defaults=names)
            for key, is_new in publish_held(issuer, self.custody(options["file"])):
                self.stdout.write(f"{key.url} {'published' if is_new else 'is published'}")
        except (KeyUnavailable, KeyReused) as error:
            raise CommandError(str(error)) from error

    def custody(self, file: str) -> Custody:
        if settings.ISSUER_KEY_VAULT:
            return custody()
        if not file:
            raise CommandError("Name the key file: --file PATH, or set ISSUER_KEY_FILE.")
        return file_custody(Path(file))
