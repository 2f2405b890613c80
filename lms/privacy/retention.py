"""What is past its time, and goes by itself once a day. Days can be set by environment (``RETENTION_<NAME>_DAYS``)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from wagtail.admin.models import EditingSession, FormState

from courses.models import IncomingPackage
from grading.models import Rehearsal
from lms.accounts.models import User
from lms.certificates.models import ShareLink
from lms.privacy.models import Consent
from lms.records.models import Delivery, RecordAccess

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one kind that are deleted ``days`` after they stopped being of use."""

    name: str
    days: int
    what: str | Promise
    past: Callable[[datetime], "QuerySet[Any]"]

    @property
    def since(self) -> int:
        return int(settings.RETENTION_DAYS.get(self.name, self.days))


def _ended(model: Any, moment: datetime) -> "QuerySet[Any]":
    return model.objects.filter(Q(expires_at__lte=moment) | Q(revoked_at__lte=moment))


RULES = (
    Rule("sessions", 0, _("sessions that have ended"), lambda m: Session.objects.filter(expire_date__lte=m)),
    Rule(
        "accounts",
        30,
        _("accounts that nobody ever logged in to and whose address was not confirmed"),
        lambda m: (
            User.objects.filter(last_login=None, date_joined__lte=m, is_staff=False)
            .filter(emailaddress__verified=False)
            .exclude(emailaddress__verified=True)
        ),
    ),
    Rule("rehearsals", 30, _("checks tried before handing in"), lambda m: Rehearsal.objects.filter(created_at__lte=m)),
    Rule("links", 365, _("share links, after their end"), lambda m: _ended(ShareLink, m)),
    Rule("tokens", 365, _("tokens for learning records, after their end"), lambda m: _ended(RecordAccess, m)),
    Rule(
        "consents",
        5 * 365,
        _("consents, after they were withdrawn"),
        lambda m: Consent.objects.filter(withdrawn_at__lte=m),
    ),
    Rule(
        "deliveries",
        5 * 365,
        _("notes of learning records that were sent"),
        lambda m: Delivery.objects.filter(sent_at__lte=m),
    ),
    Rule(
        "packages",
        7,
        _("course packages that were uploaded"),
        lambda m: IncomingPackage.objects.filter(uploaded_at__lte=m),
    ),
    Rule(
        "drafts", 30, _("unsaved forms of the back office"), lambda m: FormState.objects.filter(last_updated_at__lte=m)
    ),
    Rule(
        "editing",
        7,
        _("who is editing what in the back office"),
        lambda m: EditingSession.objects.filter(last_seen_at__lte=m),
    ),
)
# Log files and, where no mail server is, mails.
FILE_DAYS = 90


def delete_what_is_past_its_time(now: datetime | None = None) -> dict[str, int]:
    """How many rows of each rule, and files, were deleted. A rule that fails keeps no other waiting."""
    now = now or timezone.now()
    deleted = {}
    for rule in RULES:
        try:
            deleted[rule.name] = rule.past(now - timedelta(days=rule.since)).delete()[0]
        except Exception:
            log.exception("retention_failed", extra={"rule": rule.name})
    deleted["files"] = _delete_files(now)
    log.info("retention", extra={"deleted": {name: count for name, count in deleted.items() if count}})
    return deleted


def _delete_files(now: datetime) -> int:
    oldest = (now - timedelta(days=int(settings.RETENTION_DAYS.get("files", FILE_DAYS)))).timestamp()
    folders = [Path(settings.VAR_DIR) / name for name in ("log", "mail")]
    old = [
        path
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if path.is_file() and path.stat().st_mtime < oldest
    ]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
