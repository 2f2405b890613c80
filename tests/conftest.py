"""The cast. Tests speak of these people and no others."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation

from grading import verdict_keys
from tests import migrated

PASSWORD = "ทดสอบ-rice-field-42"


def pytest_configure(config):
    verdict_keys.make_key()
    config.addinivalue_line("markers", "embedded_only: starts its own site or database; runs once")


def pytest_collection_modifyitems(config, items):
    """``--database-only``: what never touches the database says the same on every database."""
    if not config.getoption("--database-only"):
        return
    touches = {"db", "transactional_db", "live_server"}
    keep = [item for item in items if touches & set(item.fixturenames) or item.get_closest_marker("django_db")]
    config.hook.pytest_deselected(items=[item for item in items if item not in keep])
    items[:] = keep


def pytest_addoption(parser):
    parser.addoption("--database-only", action="store_true", help="only tests that touch the database")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb):
    """Have pytest-django take the embedded database that is put there, in a folder of this process's own."""
    return django_db_keepdb or connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, django_db_blocker):
    """The embedded test database has been migrated already when pytest-django comes to migrate it."""
    if connection.vendor == "sqlite":
        with django_db_blocker.unblock():
            shutil.copyfile(migrated.template(), connection.settings_dict["TEST"]["NAME"])


@pytest.fixture(autouse=True)
def _thai():
    """Each test begins in the site's first language: a request of the one before may have left another."""
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture(autouse=True)
def _forgotten_versions():
    """A version never changes, so what is derived from it is kept; here another test may give its number to another."""
    for name, kept in (
        ("grading.workbench", ["release_of"]),
        ("courses.exercise_views", ["prompt_of"]),
        ("grading.similarity_reports", ["source_of", "starter_of"]),
    ):
        if name in sys.modules:
            for function in kept:
                getattr(sys.modules[name], function).cache_clear()


@pytest.fixture(scope="session")
def kernels():
    """A sandbox service for this run of tests, its kernels warm; what starts a sandbox finds it by the environment."""
    # Not pytest's folder: the path of a Unix socket has to be short.
    with tempfile.TemporaryDirectory(prefix="lms-") as folder:
        path = Path(folder, "sandboxes.sock")
        before = os.environ.get("SANDBOXES_SOCKET")
        os.environ["SANDBOXES_SOCKET"] = str(path)
        service = subprocess.Popen(
            [sys.executable, "-m", "sandboxes", "serve"], cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True
        )
        try:
            assert service.stdout.readline() == "ready\n"
            yield path
        finally:
            service.send_signal(signal.SIGTERM)
            assert service.wait(30) == 0
            service.stdout.close()
            os.environ.pop("SANDBOXES_SOCKET")
            if before is not None:
                os.environ["SANDBOXES_SOCKET"] = before


def make_person(email, given_name, family_name="", **fields):
    from lms.accounts.models import User

    return User.objects.create_user(email, PASSWORD, given_name=given_name, family_name=family_name, **fields)


@pytest.fixture
def learner(db):
    return make_person("namfon@example.go.th", "น้ำฝน", "ใจดี", title="นางสาว", name_en="Namfon Jaidee")


@pytest.fixture
def other_learner(db):
    return make_person("pin@example.go.th", "ปิ่น")


@pytest.fixture(scope="session", autouse=True)
def _rows_that_only_migrations_make(django_db_setup):
    """What the roles stand on, and what no model's own permissions bring back: a test that empties the database loses
    it for all after it. From now on it returns.
    """
    from django.db.models.signals import post_migrate  # sent after each flush, too

    post_migrate.connect(_make_again, dispatch_uid="rows of migrations")


def _make_again(sender, using, **kwargs):
    from django.contrib.auth.models import Permission
    from django.contrib.contenttypes.models import ContentType
    from wagtail.models import Collection, Locale, Page, Site

    if sender.name != "wagtail":
        return
    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    if not Page.objects.exists():
        Locale.objects.get_or_create(language_code="th")
        root = Page.add_root(title="Root", slug="root")
        welcome = root.add_child(instance=Page(title="Welcome", slug="home"))
        Site.objects.get_or_create(is_default_site=True, defaults={"hostname": "localhost", "root_page": welcome})
    for app, model, codename in (
        ("wagtailadmin", "admin", "access_admin"),
        ("wagtail_localize", "translation", "submit_translation"),
    ):
        kind, _ = ContentType.objects.get_or_create(app_label=app, model=model)
        Permission.objects.get_or_create(content_type=kind, codename=codename, defaults={"name": codename})


@pytest.fixture
def instructor(db):
    from django.contrib.auth.models import Group

    from lms.accounts import roles

    roles.ensure_roles()
    person = make_person("kru@example.go.th", "กฤษฏิ์", "ณ อยุธยา", title="ดร.")
    person.groups.add(Group.objects.get(name="Instructors"))
    return person


@pytest.fixture
def hr_officer(db):
    from django.contrib.auth.models import Group

    from lms.accounts import roles

    roles.ensure_roles()
    person = make_person("hr@example.go.th", "ฐิติมา", "ศรีสุข", title="นาง")
    person.groups.add(Group.objects.get(name="HR officers"))
    return person


@pytest.fixture(scope="session")
def seal():
    """A seal for certificates; making its key takes a moment."""
    from lms.credentials import seals

    seals.make_key(name="Demo Data Institute")
    return seals.known()[-1]


@pytest.fixture
def stranger(client):
    """Somebody with a browser and no account."""
    return client
