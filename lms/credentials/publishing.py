"""Status lists in the database: a place for each credential, and the lists signed anew before they grow old.

What has been revoked is what the entries say; a list is a signed picture of them. The signing worker makes that
picture daily and after each revocation; should it stop, ``overdue`` says so to whoever watches.
"""

import json
import logging
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from lms.accounts.models import User
from lms.accounts.roles import OPERATORS
from lms.credentials import documents, proofs, signing, status_list
from lms.credentials.custody import KeyUnavailable
from lms.credentials.models import Issuer, StatusEntry, StatusList

log = logging.getLogger(__name__)

VALID_FOR = timedelta(days=7)
SIGN_AFTER = timedelta(hours=23)
OVERDUE_AFTER = timedelta(hours=36)
# A revocation must not be known to us alone for longer than this.
UNTOLD_AFTER = timedelta(hours=1)
# Half full: a free random place is found at the second try on average.
MOST_ENTRIES = status_list.SIZE // 2
_TRIES = 60


def allot(issuer: Issuer) -> StatusEntry:
    """A random free place in one of the issuer's lists: its number says nothing about when or to whom it was given."""
    chosen = _with_room(issuer)
    for _ in range(_TRIES):
        try:
            with transaction.atomic():
                return StatusEntry.objects.create(list=chosen, index=secrets.randbelow(status_list.SIZE))
        except IntegrityError:
            continue
    raise RuntimeError(f"no free place found in {chosen}")


def _with_room(issuer: Issuer) -> StatusList:
    counted = issuer.status_lists.annotate(used=Count("entries"))
    return counted.filter(used__lt=MOST_ENTRIES).first() or StatusList.objects.create(issuer=issuer)


def facts(entry: StatusEntry) -> documents.Status:
    return documents.Status(entry.list.url, entry.index)


def due(now: datetime | None = None) -> QuerySet[StatusList]:
    """Lists to be signed: never signed, soon a day old, or silent about a revocation."""
    untold = StatusEntry.objects.filter(list=OuterRef("pk"), revoked_at__gte=OuterRef("signed_at"))
    is_old = Q(signed_at=None) | Q(signed_at__lte=(now or timezone.now()) - SIGN_AFTER)
    return StatusList.objects.filter(is_old | Exists(untold)).select_related("issuer")


def sign_due() -> int:
    """Signs what is due; how many. A list that cannot be signed keeps no other one waiting."""
    done = 0
    for one in due():
        try:
            sign_list(one)
        except KeyUnavailable as error:
            log.error("status_list_not_signed: %s", error, extra={"status_list": one.pk})
        except Exception:
            log.exception("status_list_not_signed", extra={"status_list": one.pk})
        else:
            done += 1
    return done


def sign_list(one: StatusList) -> StatusList:
    """Signs a list as the entries are now. Raises signing.KeyUnavailable, and then leaves the old one in place."""
    key, signer = signing.signer_for(one.issuer)
    with transaction.atomic():
        # One writer at a time: an older picture must not replace a newer one.
        locked = StatusList.objects.select_for_update(of=("self",)).select_related("issuer").get(pk=one.pk)
        now = timezone.now()
        begins = now.replace(microsecond=0)
        document = status_list.build(
            url=locked.url,
            issuer_did=locked.issuer.did,
            revoked=locked.entries.filter(revoked_at__isnull=False).values_list("index", flat=True),
            valid_from=begins,
            valid_until=begins + VALID_FOR,
        )
        signed = proofs.add_proof(
            document, signer=signer, verification_method=key.url, created=documents.timestamp(begins)
        )
        locked.document = json.dumps(signed, separators=(",", ":"))
        locked.signed_at, locked.valid_until = now, begins + VALID_FOR
        locked.save()
    return locked


def overdue(now: datetime | None = None) -> QuerySet[StatusList]:
    """Lists whose signing has stopped, or that have kept a revocation to themselves for too long."""
    now = now or timezone.now()
    untold = StatusEntry.objects.filter(list=OuterRef("pk"), revoked_at__lte=now - UNTOLD_AFTER).filter(
        Q(list__signed_at=None) | Q(list__signed_at__lte=F("revoked_at"))
    )
    is_old = Q(signed_at__lte=now - OVERDUE_AFTER) | Q(signed_at=None, created_at__lte=now - UNTOLD_AFTER)
    return StatusList.objects.filter(is_old | Exists(untold))


def raise_alarm() -> int:
    """Logs, and once a day writes to the operators, when lists are overdue; how many are."""
    late = list(overdue())
    if not late:
        return 0
    log.error("status_lists_overdue", extra={"status_lists": [one.pk for one in late]})
    if cache.add("status-lists-alarm", 1, 24 * 3600):
        people = User.objects.filter(Q(is_staff=True) | Q(groups__name=OPERATORS), is_active=True).distinct()
        for person in people:
            _warn(person, late)
    return len(late)


def _warn(person: User, late: list[StatusList]) -> None:
    soonest = min((one.valid_until for one in late if one.valid_until), default=None)
    with override(person.language):
        context = {"late": late, "soonest": soonest, "PUBLIC_URL": settings.PUBLIC_URL}
        text = render_to_string("credentials/overdue_email.txt", context)
        try:
            send_mail(gettext("Status lists are not being signed"), text, None, [person.email])
        except OSError:
            log.exception("an operator could not be told of overdue status lists")
