"""``manage.py compromise_issuer_key ISSUER KEY_ID --yes``: somebody else may have this key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.credentials.custody import KeyUnavailable, custody
from lms.credentials.keys import compromise
from lms.credentials.models import Credential, IssuerKey, Replacement


class Command(BaseCommand):
    help = (
        "Withdraws a key from the published identity, revokes every credential it signed, makes another key if none is "
        "in use, signs the status lists anew and issues the credentials again from the grades. Holders are told. Run "
        "again after an interruption, it goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("issuer", help="code of the issuer")
        parser.add_argument("key_id", help="for instance key-2026-01")
        parser.add_argument("--yes", action="store_true", help="do it; without this, only say what would happen")

    def handle(self, *args: Any, **options: Any) -> None:
        found = IssuerKey.objects.select_related("issuer")
        key = found.filter(issuer__slug=options["issuer"], key_id=options["key_id"]).first()
        if key is None:
            raise CommandError(f"Issuer {options['issuer']} has no key {options['key_id']}.")
        active = Credential.objects.filter(key=key, revoked_at=None).count()
        if not options["yes"]:
            self.stdout.write(
                f"{key.url} signed {active} credentials in force. They would be revoked and issued again."
            )
            self.stdout.write("Nothing was done. Add --yes to do it; it cannot be undone.")
            return
        try:
            done = compromise(key, custody(), say=self.stdout.write)
        except KeyUnavailable as error:
            raise CommandError(f"The key is withdrawn, but nothing can be signed here: {error}") from error
        failed = Replacement.objects.open().of(key.issuer).exclude(problem="")
        self.stdout.write(
            f"Done: {done.revoked} revoked, {done.reissued} issued again, {failed.count()} need a person."
        )
        for replacement in failed.select_related("old")[:50]:
            self.stdout.write(f"  {replacement.old.number}: {replacement.problem}")
