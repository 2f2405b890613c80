"""``manage.py make_issuer_key``: an issuer, its key file, and its published key. Run again, it changes nothing."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from lms.credentials.models import Issuer, IssuerKey
from lms.credentials.signing import FileCustody, KeyUnavailable


class Command(BaseCommand):
    help = "Makes an issuer's key file where there is none and publishes the public half. Changes nothing that exists."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--issuer", default="demo-institute", help="code of the issuer (default: %(default)s)")
        parser.add_argument("--name-th", default="สถาบันข้อมูลสาธิต", help="name, when the issuer is new")
        parser.add_argument("--name-en", default="Demo Data Institute", help="name, when the issuer is new")
        parser.add_argument("--file", default=settings.ISSUER_KEY_FILE, help="key file (default: ISSUER_KEY_FILE)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["file"]:
            raise CommandError("Name the key file: --file PATH, or set ISSUER_KEY_FILE.")
        names = {"name_th": options["name_th"], "name_en": options["name_en"]}
        custody = FileCustody(Path(options["file"]))
        try:
            issuer, _ = Issuer.objects.get_or_create(slug=options["issuer"], defaults=names)
            self.publish(issuer, custody)
        except KeyUnavailable as error:
            raise CommandError(str(error)) from error

    def publish(self, issuer: Issuer, custody: FileCustody) -> None:
        held = custody.signers(issuer.slug) if custody.path.exists() else {}
        if not held:
            key_id = next_key_id(issuer)
            held = {key_id: custody.create(issuer_slug=issuer.slug, key_id=key_id)}
        for key_id, signer in held.items():
            key, is_new = IssuerKey.objects.get_or_create(
                issuer=issuer, key_id=key_id, defaults={"public_multikey": signer.public_multikey}
            )
            if key.public_multikey != signer.public_multikey:
                raise CommandError(f"{key.url} is published with another key: a key id is never used twice.")
            self.stdout.write(f"{key.url} {'published' if is_new else 'is published'}")


def next_key_id(issuer: Issuer) -> str:
    """``key-2026-01``: the year, and a number not used in it."""
    used = set(issuer.keys.values_list("key_id", flat=True))
    year = timezone.now().year
    return next(name for n in range(1, 100) if (name := f"key-{year}-{n:02}") not in used)
