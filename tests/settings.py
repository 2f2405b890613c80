"""The product's settings with a handful of things made quick for tests. What a test measures is never replaced."""

import atexit
import os
import shutil
import tempfile

# Tests never touch the var/ of a running site. Processes of one run share a folder; who made it takes it away.
if "VAR_DIR" not in os.environ:
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="lms-tests-")

    def _take_away(maker: int = os.getpid(), folder: str = os.environ["VAR_DIR"]) -> None:
        if os.getpid() == maker:  # and not one of its forks
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(_take_away)
# Django's live server is "localhost", where the demo has its workbench.
os.environ.setdefault("WORKBENCH_URL", "http://workbench.test:8001")

from lms import translations
from lms.settings import *  # noqa: F403

# Before anything reads them.
translations.compile_all()

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}

# Threads of a test come and go; a pool would keep their connections open after the test database is dropped.
DATABASES["default"].get("OPTIONS", {}).pop("pool", None)  # noqa: F405

# Style sheets come straight from the source: nothing is collected for a test.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # noqa: F405
WHITENOISE_USE_FINDERS = True

# A file, as in production: threads of a test meet the locks that processes meet, which a shared memory has not.
if IS_EMBEDDED:  # noqa: F405
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / "test.sqlite3"}  # noqa: F405
elif "TEST_TEMPLATE" in os.environ:
    DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ["TEST_TEMPLATE"]}  # noqa: F405
# The demonstration is tested on every database.
WITH_DEMO = True
# Every test process may sign verdicts, as the grading worker does; tests/conftest.py makes the key.
VERDICT_KEY_FILE = str(VAR_DIR / "keys" / "verdicts.json")  # noqa: F405
VERDICT_PUBLIC_KEYS_FILE = str(VAR_DIR / "keys" / "verdicts.public.json")  # noqa: F405
# Every test process may seal certificates, as the worker does that makes them.
SEAL_KEY_FILE = str(VAR_DIR / "keys" / "seal.pem")  # noqa: F405
SEAL_CERTIFICATES_FILE = str(VAR_DIR / "keys" / "seals.public.pem")  # noqa: F405
