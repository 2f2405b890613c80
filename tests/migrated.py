"""An embedded database with all migrations applied, made once for a set of migrations and copied for each run of tests.

Applying them takes half a minute of a processor, and every process that runs tests would.
"""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection


def fingerprint() -> str:
    """Of every migration there is, those of other packages included."""
    digest = hashlib.sha256(django.__version__.encode())
    for app in apps.get_app_configs():
        for path in sorted(Path(app.path, "migrations").glob("*.py")):
            digest.update(f"{app.label} {path.name} ".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def template() -> Path:
    """The file to copy. Whoever comes second waits for who came first."""
    folder = Path(tempfile.gettempdir(), f"lms-migrated-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is somebody else's")
    path = folder / f"{fingerprint()}.sqlite3"
    with Path(folder, "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            _make(path)
    return path


def _make(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "made.sqlite3")
        before = connection.settings_dict["NAME"]
        connection.close()
        connection.settings_dict["NAME"] = str(made)
        try:
            call_command("migrate", verbosity=0, interactive=False)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before
        whole = Path(folder, "whole.sqlite3")
        _copy(made, whole)
        # Under its name only when it is complete: a kill here leaves nothing that looks like a template.
        shutil.copyfile(whole, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)


def _copy(source: Path, target: Path) -> None:
    """One file, whatever its log still held."""
    from_, to = sqlite3.connect(source), sqlite3.connect(target)
    from_.backup(to)
    from_.close()
    to.close()
