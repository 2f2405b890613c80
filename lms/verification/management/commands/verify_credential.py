"""``manage.py verify_credential FILE… [--bundle B.zip] [--offline]``: the site's verdicts, one JSON line a file."""

import json
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from lms.credentials import documents, verifying
from lms.credentials.messages import Verdict
from lms.credentials.models import IssuerKey
from lms.credentials.unpacking import MAX_FILE_BYTES
from lms.credentials.verifying import DATABASE, Register, Verification
from lms.verification import bundles


class Command(BaseCommand):
    help = "Verifies credential files (JSON, PNG, SVG, PDF, JWT); exit status 1 if any is not valid."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--bundle", type=Path, help="an offline bundle to verify by, in place of the database")
        parser.add_argument("--offline", action="store_true", help="ask no database either; needs --bundle")
        parser.add_argument("--key", action="append", default=[], help="a public key (z6Mk…) whose bundles are trusted")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["offline"] and not options["bundle"]:
            raise CommandError("--offline needs --bundle: there is nothing else to verify by.")
        register: Register = DATABASE
        bundle = None
        if options["bundle"]:
            register = bundle = self._load(options["bundle"], self._trusted(options))
        with tempfile.NamedTemporaryFile("w", suffix=".pem", encoding="ascii") as seals:
            if bundle:
                # Certificates are checked by the seals that were taken along as well.
                seals.write(bundle.seals)
                seals.flush()
                settings.SEAL_CERTIFICATES_FILE = seals.name
            verdicts = [self._verify(path, register, bundle) for path in options["files"]]
        if any(verdict != Verdict.VALID for verdict in verdicts):
            sys.exit(1)

    def _trusted(self, options: dict[str, Any]) -> set[str]:
        trusted = {*options["key"], *settings.BUNDLE_KEYS, *bundles.keys_on_file()}
        if not options["offline"] and not trusted:
            try:
                trusted = set(IssuerKey.objects.filter(compromised_at=None).values_list("public_multikey", flat=True))
            except DatabaseError as error:
                raise CommandError("The database does not answer; say whose bundle to trust with --key.") from error
        if not trusted:
            raise CommandError("Say whose bundle to trust: --key z6Mk…, as the page for verifying offline shows it.")
        return trusted

    def _load(self, path: Path, trusted: set[str]) -> bundles.Bundle:
        try:
            return bundles.load(path.read_bytes(), trusted)
        except (OSError, bundles.Untrusted) as error:
            raise CommandError(f"{path}: {error}") from error

    def _verify(self, path: Path, register: Register, bundle: bundles.Bundle | None) -> Verdict:
        answer = self._answer(path, register)
        if bundle and answer.verdict is not Verdict.UNREADABLE:
            answer.as_of = bundle.made
        line: dict[str, Any] = {"file": str(path), **answer.as_dict()}
        if bundle:
            line["bundle"] = {"made": documents.timestamp(bundle.made), "signed_by": bundle.signed_by}
        self.stdout.write(json.dumps(line, ensure_ascii=False))
        return answer.verdict

    def _answer(self, path: Path, register: Register) -> Verification:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError:
            return verifying.refused(Verdict.UNREADABLE, "no_such_file")
        return verifying.verify_file(data, register)
