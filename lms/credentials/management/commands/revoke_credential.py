"""``manage.py revoke_credential NUMBER --reason CLASS``: withdraws it, or with ``--replace`` orders another one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.credentials import revoking
from lms.credentials.models import Credential
from lms.credentials.numbers import NotANumber, from_number


class Command(BaseCommand):
    help = (
        "Withdraws a credential. The holder is told, others see it in the status list within minutes. With --replace "
        "the signing worker issues another one in the same step (reasons: name_changed, corrected, key_event)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="as printed on it, or its id")
        parser.add_argument("--reason", required=True, choices=Credential.Reason.values)
        parser.add_argument("--replace", action="store_true", help="another one takes its place")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            credential = Credential.objects.get(pk=from_number(options["number"]))
        except (NotANumber, Credential.DoesNotExist):
            raise CommandError("There is no credential with this number.") from None
        try:
            if options["replace"]:
                revoking.order(credential, reason=options["reason"])
                self.stdout.write(f"{credential.number} will be replaced by the signing worker.")
            elif revoking.revoke(credential, reason=options["reason"]):
                self.stdout.write(f"{credential.number} is revoked.")
                for one in revoking.resting_on(credential):
                    self.stdout.write(f"{one.number} rests on it and stays in force until it is revoked too.")
            else:
                self.stdout.write(f"{credential.number} was revoked before; nothing was changed.")
        except (ValueError, revoking.NotReplaceable) as error:
            raise CommandError(str(error)) from error
