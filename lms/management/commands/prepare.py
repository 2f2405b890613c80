"""``manage.py prepare``: what has to be there before the site's programs start. Changes nothing that exists."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from lms import translations


class Command(BaseCommand):
    help = "Brings database, static files, translations, issuer key and (embedded default) the demo up to date."

    def handle(self, *args: Any, **options: Any) -> None:
        translations.compile_all()
        self.step("Database")
        call_command("migrate", verbosity=0)
        if self.static_is_stale():
            self.step("Static files")
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            self.stamp.write_text(self.static_state(), encoding="ascii")
        if settings.VERDICT_KEY_FILE:
            self.step("Key of verdicts")
            call_command("make_verdict_key", stdout=self.stdout)
        if settings.SEAL_KEY_FILE:
            self.step("Seal of certificates")
            call_command("make_seal_key", stdout=self.stdout)
        if settings.WITH_DEMO:
            self.step("Demo content")
            call_command("load_demo", stdout=self.stdout)

    def step(self, name: str) -> None:
        self.stdout.write(f"{name}…")
        self.stdout.flush()

    @property
    def stamp(self) -> Path:
        return Path(settings.STATIC_ROOT) / ".state"

    def static_is_stale(self) -> bool:
        return not self.stamp.exists() or self.stamp.read_text(encoding="ascii") != self.static_state()

    def static_state(self) -> str:
        """Changes when a package or a file of ours does: collecting and hashing 600 files takes seconds."""
        digest = hashlib.sha256((settings.BASE_DIR / "requirements.lock").read_bytes())
        for folder in settings.STATICFILES_DIRS:
            for path in sorted(Path(folder).rglob("*")):
                state = path.stat()
                digest.update(f"{path}{state.st_mtime_ns}{state.st_size}".encode())
        return digest.hexdigest()
