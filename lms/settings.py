"""All settings, in one file. The environment is read here and nowhere else.

None of the variables set = the embedded default (SQLite and a local queue under ``var/``), good for a demo on one
machine. Production differs by environment alone; ``manage.py check --deploy`` names what is unsafe.
"""

import contextlib
import os
import secrets
import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

BASE_DIR = Path(__file__).resolve().parent.parent


# --- Environment readers: loud when wrong ------------------------------------------------------------------------


def env(name: str, default: str = "") -> str:
    """The variable, or the text of the file that NAME_FILE points at, or the default."""
    if path := os.environ.get(f"{name}_FILE", ""):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE={path}: {error.strerror}") from error
    return os.environ.get(name, default)


def env_bool(name: str, *, default: bool) -> bool:
    text = env(name, "1" if default else "0").strip().lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name}={text!r} is neither true nor false")


def env_int(name: str, default: int) -> int:
    text = env(name, str(default))
    try:
        return int(text)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}={text!r} is not a whole number") from error


def database_from_url(url: str) -> dict[str, Any]:
    """postgresql://user:password@host:port/name?sslmode=require → a Django database setting."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("DATABASE_URL must look like postgresql://user:password@host:5432/name")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": env_int("DATABASE_POOL_SIZE", 8)},
            **dict(parse_qsl(parts.query)),
        },
    }


# --- Where things are --------------------------------------------------------------------------------------------

VAR_DIR = Path(env("VAR_DIR", str(BASE_DIR / "var"))).resolve()
DATABASE_URL = env("DATABASE_URL")
REDIS_URL = env("REDIS_URL")
PUBLIC_URL = env("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
IS_EMBEDDED = not DATABASE_URL

_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname or _public.path:
    raise ImproperlyConfigured(f"PUBLIC_URL={PUBLIC_URL!r} must look like https://host[:port], without a path")
IS_HTTPS = _public.scheme == "https"

# The notebook in the browser, on a host name of its own: cookies ignore ports.
_other = "127.0.0.1" if _public.hostname == "localhost" else "localhost"
WORKBENCH_URL = env("WORKBENCH_URL", f"http://{_other}:{(_public.port or 8000) + 1}").rstrip("/")
_workbench = urlsplit(WORKBENCH_URL)
if _workbench.scheme not in {"http", "https"} or not _workbench.hostname or _workbench.path:
    raise ImproperlyConfigured(f"WORKBENCH_URL={WORKBENCH_URL!r} must look like https://host[:port], without a path")
if _workbench.hostname == _public.hostname:
    raise ImproperlyConfigured("WORKBENCH_URL and PUBLIC_URL need different host names: cookies ignore ports")
WORKBENCH_HOST = _workbench.hostname
# Where the site itself asks how it is: past the proxy, where there is one.
WORKBENCH_INTERNAL_URL = env("WORKBENCH_INTERNAL_URL", WORKBENCH_URL).rstrip("/")

DEBUG = env_bool("DEBUG", default=False)
# Demo courses, people and their well-known password: with the embedded default, or where somebody asks for it.
WITH_DEMO = env_bool("WITH_DEMO", default=IS_EMBEDDED)


def secret_key() -> str:
    """From the environment; on the embedded default, made once and kept in ``var/`` with mode 0600."""
    if key := env("SECRET_KEY"):
        return key
    if not IS_EMBEDDED:
        raise ImproperlyConfigured("SECRET_KEY must be set when DATABASE_URL is")
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    # Written beside and linked into place, so that two processes starting together agree on one key.
    draft = path.with_name(f"secret_key.{os.getpid()}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50), encoding="ascii")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text(encoding="ascii")


SECRET_KEY = secret_key()
ALLOWED_HOSTS = [h for h in env("ALLOWED_HOSTS", f"{_public.hostname},127.0.0.1,localhost").split(",") if h]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Applications --------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "lms.apps.LmsConfig",
    "lms.accounts",
    "lms.credentials",
    "lms.verification",
    "lms.trust",
    "lms.privacy",
    "lms.records",
    "lms.certificates",
    "courses",
    "courses.capstones",
    "courses.datasets",
    "courses.events",
    "grading",
    "wagtail_localize",
    "wagtail_localize.locales",
    "wagtail.contrib.settings",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_htmx",
    "allauth",
    "allauth.account",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
]

MIDDLEWARE = [
    "lms.middleware.RequestLog",
    "lms.middleware.OwnHostName",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "lms.middleware.BackOfficePolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
]

ROOT_URLCONF = "lms.urls"
WSGI_APPLICATION = "lms.wsgi.application"
# Widgets look for templates where pages do: ours replace what Wagtail does by inline scripts.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "lms.context_processors.site",
                "lms.privacy.notice.context",
            ],
        },
    },
]

# --- Database and cache --------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": database_from_url(DATABASE_URL)
    if DATABASE_URL
    else {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": VAR_DIR / "db.sqlite3",
        # IMMEDIATE is what keeps concurrent writers from failing; WAL alone makes it worse (measured).
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The embedded queue listens on a Unix socket only; its path has to stay under 108 bytes.
EMBEDDED_REDIS_SOCKET = VAR_DIR / "valkey" / "s.sock"
CACHE_URL = REDIS_URL or f"unix://{EMBEDDED_REDIS_SOCKET}"
CACHES = {
    "default": {
        "BACKEND": "lms.cache.ForgivingRedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "lms",
        # A page never waits long for a server that is gone.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}

# --- Queue ---------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{EMBEDDED_REDIS_SOCKET}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = "Asia/Bangkok"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task that outlives visibility_timeout would be delivered twice; the restore sweep is slow by default.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    # The web process must answer when the queue is down: it never waits long for it.
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
}
# The workers log as everything else does: JSON, by LOGGING below.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_TASK_DEFAULT_QUEUE = "grading"
# The worker that signs is another process than the one that opens sandboxes: it alone is given the issuer's key.
# The first pattern that fits holds; the alarm about the signing worker is raised by another one.
QUEUES = {
    "lms.credentials.tasks.watch_status_lists": "grading",
    "lms.credentials.tasks.*": "credentials",
    # Signed, so it is made where the issuers' keys are.
    "lms.verification.tasks.make_bundle": "credentials",
    "lms.verification.tasks.*": "verification",
    "lms.trust.tasks.*": "verification",
    # It empties folders and rows of every room, and needs no key.
    "lms.privacy.tasks.*": "grading",
    "lms.certificates.tasks.*": "certificates",
    "*": "grading",
}
# Of each queue a worker takes first what asks how it is (0; Redis knows 0, 3, 6 and 9): it is not taken for dead while
# work waits. A message that names no priority would have 0, too.
CELERY_TASK_ROUTES = {"lms.tasks.*": {"queue": "grading", "priority": 0}} | {
    pattern: {"queue": queue, "priority": 9} for pattern, queue in QUEUES.items()
}
CELERY_BEAT_SCHEDULE = {
    "grading-sweep": {"task": "grading.tasks.sweep", "schedule": timedelta(seconds=env_int("SWEEP_SECONDS", 15))},
    "quizzes-close": {"task": "grading.tasks.close_quizzes", "schedule": timedelta(seconds=20)},
    "certificates-make": {"task": "lms.certificates.tasks.make_waiting", "schedule": timedelta(seconds=60)},
    "credentials-issue": {"task": "lms.credentials.tasks.issue_due", "schedule": timedelta(seconds=60)},
    "credentials-status-lists": {
        "task": "lms.credentials.tasks.publish_status_lists",
        "schedule": timedelta(seconds=120),
    },
    "credentials-watch": {"task": "lms.credentials.tasks.watch_status_lists", "schedule": timedelta(minutes=30)},
    "privacy-erase": {"task": "lms.privacy.tasks.erase_due", "schedule": timedelta(minutes=10)},
    "privacy-retain": {"task": "lms.privacy.tasks.delete_what_is_past_its_time", "schedule": timedelta(hours=24)},
    "trust-status-lists": {"task": "lms.trust.tasks.refresh_status_lists", "schedule": timedelta(minutes=30)},
    "verification-bundle": {"task": "lms.verification.tasks.make_bundle", "schedule": timedelta(minutes=2)},
    "verification-sweep": {
        "task": "lms.verification.tasks.sweep",
        "schedule": timedelta(seconds=env_int("SWEEP_SECONDS", 15)),
    },
    "courses-event-results": {"task": "courses.events.tasks.tell_results", "schedule": timedelta(seconds=60)},
    "courses-publish-scheduled": {"task": "courses.tasks.publish_scheduled", "schedule": timedelta(seconds=60)},
    "pulse-grading": {"task": "lms.tasks.pulse", "schedule": timedelta(seconds=15), "args": ["grading"]},
    "pulse-credentials": {
        "task": "lms.tasks.pulse",
        "schedule": timedelta(seconds=15),
        "args": ["credentials"],
        "options": {"queue": "credentials"},
    },
    # Hourly, in office hours of Bangkok: nobody is reminded in the night.
    "courses-reminders": {"task": "courses.tasks.send_reminders", "schedule": crontab(minute="10", hour="8-18")},
    # By day: whoever is asked to review reads it then.
    "capstones-reviews": {
        "task": "courses.capstones.tasks.keep_reviews_moving",
        "schedule": crontab(minute="20", hour="8-18"),
    },
    "workbench-expiry": {"task": "grading.tasks.delete_expired_documents", "schedule": timedelta(hours=1)},
    "workbench-check": {"task": "lms.tasks.check_workbench", "schedule": timedelta(seconds=30)},
    "sandbox-check": {"task": "lms.tasks.check_sandbox", "schedule": timedelta(seconds=30)},
}

# Days before a cohort's date on which its members are reminded by e-mail; 0: on the day.
REMINDER_DAYS = (14, 3, 0)

# --- Grading -------------------------------------------------------------------------------------------------------

# Sent by name after each recorded grade, with the learner's id: grading does not know who listens upstairs.
GRADING_TASK_AFTER_GRADE = "lms.credentials.tasks.issue_for_learner"
GRADING_LEASE_SECONDS = env_int("GRADING_LEASE_SECONDS", 180)
GRADING_MAX_TRIES = env_int("GRADING_MAX_TRIES", 5)
GRADING_MAX_UPLOAD_BYTES = 5 * 1024 * 1024
# Practice notebooks with the learner's own data: how long they are kept, and how large a file may be.
WORKBENCH_PRACTICE_DAYS = env_int("WORKBENCH_PRACTICE_DAYS", 30)
WORKBENCH_PRACTICE_MAX_BYTES = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# The Python in which learners' notebooks run, inside the sandbox; see sandboxes/.
KERNEL_PYTHON = Path(env("KERNEL_PYTHON", str(BASE_DIR / ".venv-kernel" / "bin" / "python")))
# What is installed there; a verdict names its hash.
KERNEL_LOCK_FILE = Path(env("KERNEL_LOCK_FILE", str(BASE_DIR / "requirements-kernel.lock")))
# Signs verdicts: only the grading worker is started with this variable. The public halves, by which the issuer checks
# them, are in a file that every program may read and only the operator may write.
VERDICT_KEY_FILE = os.environ.get("VERDICT_KEY_FILE", "")
VERDICT_PUBLIC_KEYS_FILE = os.environ.get("VERDICT_PUBLIC_KEYS_FILE", str(VAR_DIR / "keys" / "verdicts.public.json"))
# Asked by name what rests on a regrade's scores: who gains and who loses it.
GRADING_STAKES = "lms.credentials.stakes.of_regrade"

# --- Credentials ---------------------------------------------------------------------------------------------------

# Whose bundles for verifying offline are believed: public keys (z6Mk…), separated by commas; see docs/verifying.md.
BUNDLE_KEYS = [key for key in env("BUNDLE_KEYS").split(",") if key]
# Whose lists of trusted issuers are believed, likewise; and for trials, addresses without TLS that may be asked for
# status lists (``http://127.0.0.1:8001/``).
TRUST_LIST_KEYS = [key for key in env("TRUST_LIST_KEYS").split(",") if key]
TRUST_FETCH_INSECURE = [prefix for prefix in env("TRUST_FETCH_INSECURE").split(",") if prefix]
BUNDLE_KEYS_FILE = VAR_DIR / "keys" / "bundles.public.json"
# Only the signing worker is started with these variables; everywhere else the keys are out of reach. A file, the same
# file encrypted under a passphrase, or the transit engine of Vault or OpenBao; see lms/credentials/custody.py.
ISSUER_KEY_FILE = os.environ.get("ISSUER_KEY_FILE", "")
ISSUER_KEY_PASSPHRASE_FILE = os.environ.get("ISSUER_KEY_PASSPHRASE_FILE", "")
ISSUER_KEY_VAULT = os.environ.get("ISSUER_KEY_VAULT", "")
ISSUER_KEY_VAULT_TOKEN_FILE = os.environ.get("ISSUER_KEY_VAULT_TOKEN_FILE", "")
if ISSUER_KEY_VAULT and not (
    ISSUER_KEY_VAULT.startswith(("https://", "http://127.0.0.1:")) and ISSUER_KEY_VAULT_TOKEN_FILE
):
    raise ImproperlyConfigured("ISSUER_KEY_VAULT must be an https address, and ISSUER_KEY_VAULT_TOKEN_FILE be set too")
# The data exchange through which a learning record reaches a workforce platform; without an address nothing is sent.
GDX_URL = env("GDX_URL")
GDX_CONSUMER_KEY = env("GDX_CONSUMER_KEY")
GDX_CONSUMER_SECRET = env("GDX_CONSUMER_SECRET")
GDX_AGENT_ID = env("GDX_AGENT_ID")
GDX_RECORD_SERVICE = env("GDX_RECORD_SERVICE", "ws/workforce/learning-records")
if GDX_URL and not (GDX_URL.startswith(("https://", "http://127.0.0.1:")) and GDX_CONSUMER_KEY and GDX_CONSUMER_SECRET):
    raise ImproperlyConfigured(
        "GDX_URL must be an https address, with GDX_CONSUMER_KEY and GDX_CONSUMER_SECRET set too"
    )
# Seals the PDF certificates: a key with its certificates in PEM, given to the worker that makes them and to no other.
# The certificates of every seal there ever was are in a file that every program may read.
SEAL_KEY_FILE = os.environ.get("SEAL_KEY_FILE", "")
SEAL_CERTIFICATES_FILE = os.environ.get("SEAL_CERTIFICATES_FILE", str(VAR_DIR / "keys" / "seals.public.pem"))

# --- Personal data -------------------------------------------------------------------------------------------------

# Days after which things go by themselves, where they differ from lms/privacy/retention.py: RETENTION_LINKS_DAYS=90.
RETENTION_DAYS = {
    name.removeprefix("RETENTION_").removesuffix("_DAYS").lower(): env_int(name, 0)
    for name in os.environ
    if name.startswith("RETENTION_") and name.endswith("_DAYS")
}

# --- Data sets -------------------------------------------------------------------------------------------------------

# CKAN catalogs from which data sets may be imported: https addresses, or this machine's for a trial.
CKAN_SERVERS = [server.rstrip("/") for server in env("CKAN_SERVERS").split(",") if server]
if not all(server.startswith(("https://", "http://127.0.0.1:")) for server in CKAN_SERVERS):
    raise ImproperlyConfigured("CKAN_SERVERS must be https addresses, separated by commas")

# --- Languages: Thai first, English too ------------------------------------------------------------------------------

LANGUAGE_CODE = "th"
LANGUAGES = WAGTAIL_CONTENT_LANGUAGES = [("th", "ไทย"), ("en", "English")]
USE_I18N = WAGTAIL_I18N_ENABLED = True
TIME_ZONE = "Asia/Bangkok"
USE_TZ = True
# The second holds what Wagtail's own Thai lacks or says badly; ours goes before it.
LOCALE_PATHS = [BASE_DIR / "lms" / "locale", BASE_DIR / "lms" / "locale" / "wagtail"]
LANGUAGE_COOKIE_SAMESITE = "Lax"

# --- Accounts --------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "courses:desk"
ACCOUNT_ADAPTER = "lms.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_FORMS = {
    "login": "lms.accounts.forms.LoginForm",
    "signup": "lms.accounts.forms.SignupForm",
    "add_email": "lms.accounts.forms.AddEmailForm",
    "change_password": "lms.accounts.forms.ChangePasswordForm",
    "set_password": "lms.accounts.forms.SetPasswordForm",
    "reset_password": "lms.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "lms.accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
EMAIL_URL = env("EMAIL_URL")
# Without a mail server nobody could confirm an address: the demo writes mail to var/mail and lets people in.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL else "optional"

# --- Mail ------------------------------------------------------------------------------------------------------------


def mailers(url: str) -> dict[str, Any]:
    """smtp://user:password@host:587?tls=1 → MAILERS; without it, files under ``var/mail``."""
    if not url:
        return {
            "default": {
                "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "OPTIONS": {"file_path": str(VAR_DIR / "mail")},
            }
        }
    parts = urlsplit(url)
    if parts.scheme != "smtp" or not parts.hostname:
        raise ImproperlyConfigured("EMAIL_URL must look like smtp://user:password@host:587?tls=1")
    options = {"host": parts.hostname, "port": parts.port or 25, "use_tls": "tls=1" in parts.query}
    if parts.username:
        options |= {"username": unquote(parts.username), "password": unquote(parts.password or "")}
    return {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}


MAILERS = mailers(EMAIL_URL)
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "no-reply@demo.example")

# --- Wagtail ---------------------------------------------------------------------------------------------------------

WAGTAIL_SITE_NAME = "ทักษะข้อมูลภาครัฐ"
WAGTAILADMIN_BASE_URL = PUBLIC_URL
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ENABLE_UPDATE_CHECK = False
# Some systems list "localtime" among the zones, which no browser knows.
WAGTAIL_USER_TIME_ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})
WAGTAIL_FINISH_WORKFLOW_ACTION = "courses.approved.publish"
# A translation begins as a draft, also that of a published page: a second person approves it.
WAGTAILLOCALIZE_SYNC_LIVE_STATUS_ON_TRANSLATE = False
# A Thai address would lose every vowel and tone mark above or below the line: Latin only, see courses.models.pages.
WAGTAIL_ALLOW_UNICODE_SLUGS = False
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
WAGTAILDOCS_EXTENSIONS = ["csv", "pdf", "xlsx", "ipynb", "zip", "txt", "docx", "pptx", "mp4", "webm", "ogv", "vtt"]
WAGTAILDOCS_SERVE_METHOD = "serve_view"
WAGTAILIMAGES_EXTENSIONS = ["gif", "jpg", "jpeg", "png", "webp", "avif"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# --- Files -----------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "lms" / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "lms.storage.ReadableNames"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Security --------------------------------------------------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "frame-src": [CSP.NONE],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.SELF],
}
# Wagtail previews a page in a frame of its own and its editors style elements inline; scripts stay as strict.
SECURE_CSP_BACK_OFFICE = SECURE_CSP | {"style-src": [CSP.SELF, CSP.UNSAFE_INLINE], "frame-src": [CSP.SELF]}
# Pages with a notebook, or with code to be tried.
SECURE_CSP_WITH_WORKBENCH = SECURE_CSP | {"frame-src": [WORKBENCH_URL]}
X_FRAME_OPTIONS = "SAMEORIGIN"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = IS_HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = IS_HTTPS and env_bool("SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
if env_bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Logs: structured, one event a line, ids and no personal data ----------------------------------------------------

LOG_LEVEL = env("LOG_LEVEL", "INFO")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "lms.logs.formatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    # They tell of every index entry, pulse, sweep and step at INFO.
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "django_tasks",
            "wagtail",
            "celery.app.trace",
            "celery.worker.strategy",
            "celery.beat",
            "weasyprint.progress",
            "fontTools",
            "pyhanko",
        )
    },
}
