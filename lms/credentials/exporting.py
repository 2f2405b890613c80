"""A credential as a JWT, on demand: a page asks by writing a row, the worker that holds the key fills it.

The row is the truth and a message a hint, as everywhere. A token is kept for a day, so that a page may be loaded twice;
nothing rests on it, and it can be made again at any time.
"""

import logging
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from lms.credentials import jwts, signing
from lms.credentials.custody import KeyUnavailable
from lms.credentials.models import Credential, JwtCopy

log = logging.getLogger(__name__)
KEPT = timedelta(days=1)
ASK_AGAIN = timedelta(seconds=30)


class Withdrawn(Exception):
    """It was revoked or replaced: nothing is signed for it any more."""


def ask_for(credential: Credential) -> JwtCopy:
    """The copy of a credential in force: with its token, or in the making from now on. Raises Withdrawn."""
    if credential.revoked_at:
        raise Withdrawn
    now = timezone.now()
    # What was signed with a key that is no longer published is of no use to anybody.
    JwtCopy.objects.filter(credential=credential, key__compromised_at__isnull=False).delete()
    copy, is_new = JwtCopy.objects.get_or_create(credential=credential)
    stale = JwtCopy.objects.filter(pk=copy.pk, token="", asked_at__lt=now - ASK_AGAIN)
    if is_new or stale.update(asked_at=now):
        transaction.on_commit(lambda: _announce(copy), robust=True)
    return copy


def _announce(copy: JwtCopy) -> None:
    try:
        current_app.send_task("lms.credentials.tasks.make_jwt", [copy.pk], queue="credentials", retry=False)
    except OSError:
        log.warning("the queue does not answer: the token will be made at the next round")


def make(copy: JwtCopy) -> bool:
    """Signs a copy that was asked for; False when it is there already, or its credential was withdrawn meanwhile.

    Raises KeyUnavailable.
    """
    credential = copy.credential
    if copy.token or credential.revoked_at:
        return False
    key, signer = signing.signer_for(credential.achievement.issuer)
    token = jwts.make(credential.parsed(), signer=signer, key_url=key.url, now=timezone.now())
    # Of two workers the first one's token stays.
    return bool(JwtCopy.objects.filter(pk=copy.pk, token="").update(token=token, key=key))


def make_waiting(limit: int = 500) -> int:
    """Makes what was asked for and not made, and forgets what is a day old, or of a credential that was withdrawn."""
    is_over = Q(asked_at__lt=timezone.now() - KEPT) | Q(credential__revoked_at__isnull=False)
    JwtCopy.objects.filter(is_over).delete()
    made = 0
    for copy in JwtCopy.objects.filter(token="").select_related("credential__achievement__issuer")[:limit]:
        try:
            made += make(copy)
        except KeyUnavailable as error:
            log.error("no token can be made: %s", error)
    return made
