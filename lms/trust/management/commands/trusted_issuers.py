"""``manage.py trusted_issuers show|describe|sign|load|fetch``: whose credentials are believed here beside our own."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lms.credentials import known_issuers, signing, status_list
from lms.credentials.custody import KeyUnavailable
from lms.credentials.models import Issuer
from lms.trust import fetching, registry


class Command(BaseCommand):
    help = (
        "Trusted issuers. 'describe ISSUER' prints one of ours as others list it; 'sign ISSUER DRAFT OUT' signs a list "
        "with that issuer's key; 'load FILE' puts a signed list into force; 'fetch' fetches the status lists it names; "
        "'status FILE…' takes status lists that were brought along; 'show' prints what is in force."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("show")
        actions.add_parser("fetch")
        actions.add_parser("describe").add_argument("issuer")
        sign = actions.add_parser("sign")
        sign.add_argument("issuer")
        sign.add_argument("draft", type=Path)
        sign.add_argument("out", type=Path)
        actions.add_parser("load").add_argument("file", type=Path)
        actions.add_parser("status").add_argument("files", type=Path, nargs="+")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except (registry.Refused, KeyUnavailable) as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from error
        except Issuer.DoesNotExist:
            raise CommandError(f"There is no issuer {options['issuer']}.") from None

    def _show(self, options: dict[str, Any]) -> None:
        known = registry.current()
        if known is None:
            self.stdout.write("No list is in force: only our own credentials verify.")
            return
        state = "in force" if known.is_in_force else "OUT OF DATE"
        self.stdout.write(
            f"List {known.serial}, {state} until {known.expires_at:%Y-%m-%d}, signed by {known.signed_by}"
        )
        for one in known.issuers.values():
            self.stdout.write(f"{one.did}  {one.name_th} / {one.name_en}  keys: {', '.join(one.keys)}")

    def _describe(self, options: dict[str, Any]) -> None:
        issuer = Issuer.objects.get(slug=options["issuer"])
        lists = [one.url for one in issuer.status_lists.all()]
        self._print(known_issuers.write(issuer) | {"statusLists": lists})

    def _sign(self, options: dict[str, Any]) -> None:
        _key, signer = signing.signer_for(Issuer.objects.get(slug=options["issuer"]))
        envelope = registry.sign(options["draft"].read_text(encoding="utf-8"), signer)
        options["out"].write_text(envelope, encoding="utf-8")
        self.stdout.write(f"Signed by {signer.public_multikey}: whoever takes it names this key in TRUST_LIST_KEYS.")

    def _load(self, options: dict[str, Any]) -> None:
        known = registry.take(options["file"].read_text(encoding="utf-8"))
        self.stdout.write(f"List {known.serial} with {len(known.issuers)} issuers is in force.")

    def _fetch(self, options: dict[str, Any]) -> None:
        done, failed = fetching.refresh()
        self.stdout.write(f"{done} status lists taken, {failed} not.")

    def _status(self, options: dict[str, Any]) -> None:
        known = registry.current()
        issuers = known.issuers.values() if known else []
        for path in options["files"]:
            data = path.read_bytes()
            try:
                url = json.loads(data)["id"]
                issuer = next((one for one in issuers if url in one.status_lists), None)
                if issuer is None:
                    raise CommandError(f"{path}: the list of trusted issuers does not name {url}")
                registry.keep_status(data, url, issuer)
            except (ValueError, KeyError, TypeError, status_list.Unusable) as error:
                raise CommandError(f"{path}: {error}") from error
            self.stdout.write(f"{path}: taken")

    def _print(self, data: Any) -> None:
        self.stdout.write(json.dumps(data, ensure_ascii=False, indent=1))
