"""Out of one site and into another one, each with a database and a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from django.conf import settings

from tests import migrated
from tests.packages import another_site

pytestmark = [pytest.mark.journey, pytest.mark.embedded_only]


class Site:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        shutil.copyfile(migrated.template(), folder / "db.sqlite3")
        base = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        self.env = base | {"VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "lms.settings"}

    def run(self, *command):
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            env=self.env, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def content(path):
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    return {name: value for name, value in manifest.items() if name != "source"}


@pytest.mark.usefixtures("kernels")
def test_a_demonstration_course_is_taught_by_another_body(tmp_path):
    ours, theirs = Site(tmp_path / "ours"), Site(tmp_path / "theirs")
    first, again = tmp_path / "first.zip", tmp_path / "again.zip"
    ours.run("manage.py", "load_demo")
    ours.run("manage.py", "export_course", "DI-301", first)
    theirs.run("-m", "tests.packages.another_site", "found")
    taken = ["import_course", first, "--provider", another_site.PROVIDER, "--by", another_site.AUTHOR]
    assert "c-n1-readable-chart: new" in theirs.run("manage.py", *taken)
    theirs.run("manage.py", *taken, "--apply")
    # Each reference notebook runs there, on the visible and on the hidden data, and gets all points.
    print(theirs.run("-m", "tests.packages.another_site", "publish", "DI-301"))
    theirs.run("manage.py", "export_course", "DI-301", again)
    assert content(again) == content(first)
    assert content(first)["is_complete"]
    assert sorted(bool(one["capstone"]) for one in content(first)["exercises"]) == [False, False, False, True]
