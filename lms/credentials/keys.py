"""The life of an issuer's key: published, in use, retired, or compromised. Run by an operator, beside the custody.

The order is what makes it safe. A new key is published before it signs, for as long as others may keep an older copy
of the identity. A retired one stays published: what it signed keeps verifying. A compromised one is withdrawn at once,
all it signed is revoked, and issued again under another key from the grades, which are the truth.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from lms.accounts.models import User
from lms.credentials import publishing, revoking
from lms.credentials.custody import Custody, NoKeysYet
from lms.credentials.models import Issuer, IssuerKey, KeyEvent

# did.json may be kept for five minutes (views._did_response), and by some caches for twice that.
PUBLISHED_BEFORE = timedelta(minutes=15)
# A worker that chose the old key a moment before the new one began is not a forger.
GRACE = timedelta(minutes=5)


class KeyReused(Exception):
    """A key id that is published already has other bytes in the custody: an id is never used twice."""


def publish_held(issuer: Issuer, custody: Custody) -> list[tuple[IssuerKey, bool]]:
    """Publishes the keys the custody holds for this issuer, one made now if it holds none; each with whether it is new.

    Raises KeyReused, KeyUnavailable.
    """
    try:
        held = custody.signers(issuer.slug)
    except NoKeysYet:
        held = {}
    if not held:
        key_id = next_key_id(issuer)
        held = {key_id: custody.create(issuer_slug=issuer.slug, key_id=key_id)}
    published = []
    for key_id, signer in held.items():
        key, is_new = IssuerKey.objects.get_or_create(
            issuer=issuer, key_id=key_id, defaults={"public_multikey": signer.public_multikey}
        )
        if key.public_multikey != signer.public_multikey:
            raise KeyReused(f"{key.url} is published with another key: a key id is never used twice.")
        if is_new:
            _note(key, KeyEvent.Action.PUBLISHED)
        published.append((key, is_new))
    return published


def rotate(issuer: Issuer, custody: Custody, *, wait: timedelta = PUBLISHED_BEFORE) -> IssuerKey:
    """Publishes a new key that signs after ``wait``; those in use until then retire when it begins."""
    key_id = next_key_id(issuer)
    signer = custody.create(issuer_slug=issuer.slug, key_id=key_id)
    begins = timezone.now() + wait
    with transaction.atomic():
        older = list(issuer.keys.filter(retired_at=None, compromised_at=None))
        new = IssuerKey.objects.create(
            issuer=issuer, key_id=key_id, public_multikey=signer.public_multikey, begins_at=begins
        )
        _note(new, KeyEvent.Action.PUBLISHED)
        for key in older:
            key.retired_at = begins + GRACE
            key.save()
            _note(key, KeyEvent.Action.RETIRED)
    return new


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a compromise led to."""

    key: IssuerKey
    revoked: int
    reissued: int
    lists: int


def withdraw(key: IssuerKey, *, actor: User | None = None) -> bool:
    """Takes a key out of the published identity, at once; False when it was before. ``compromise`` does the rest, in a
    process that has the custody."""
    with transaction.atomic():
        now = timezone.now()
        if not IssuerKey.objects.filter(pk=key.pk, compromised_at=None).update(compromised_at=now):
            return False
        key.compromised_at = now
        _note(key, KeyEvent.Action.COMPROMISED, actor)
    return True


def compromise(key: IssuerKey, custody: Custody, *, say: Callable[[str], object] = print) -> Aftermath:
    """Withdraws a key, revokes all it signed, and issues it again under another one. Run again, it goes on where it
    was interrupted.

    Raises KeyUnavailable when no other key can be had; then the key is withdrawn and everything revoked all the same.
    """
    issuer = key.issuer
    if withdraw(key):
        say(f"{key.url} is withdrawn from the published identity.")
    revoked = revoking.order_after_compromise(key)
    say(f"{revoked} credentials revoked.")
    if not issuer.active_keys.exists():
        new = rotate(issuer, custody, wait=timedelta(0))
        say(f"{new.url} is published and signs from now on.")
    lists = [publishing.sign_list(one) for one in issuer.status_lists.all()]
    say(f"{len(lists)} status lists signed anew.")
    reissued = 0
    while done := revoking.carry_out_orders(limit=500, issuer=issuer):
        reissued += done
        say(f"{reissued} credentials issued again…")
    return Aftermath(key, revoked, reissued, len(lists))


def next_key_id(issuer: Issuer) -> str:
    """``key-2026-01``: the year, and a number not used in it."""
    used = set(issuer.keys.values_list("key_id", flat=True))
    year = timezone.now().year
    return next(name for n in range(1, 1000) if (name := f"key-{year}-{n:02}") not in used)


def identity_at(issuer: Issuer, moment: datetime) -> str:
    """The identity as it was published at a moment; empty before its first key."""
    event = KeyEvent.objects.filter(key__issuer=issuer, created_at__lte=moment).order_by("-pk").first()
    return event.did_document if event else ""


def without_key() -> QuerySet[Issuer]:
    """Issuers whose keys were all withdrawn or retired, and who still have credentials to be issued again."""
    now = timezone.now()
    in_use = IssuerKey.objects.filter(issuer=OuterRef("pk"), begins_at__lte=now, compromised_at=None)
    in_use = in_use.filter(Q(retired_at=None) | Q(retired_at__gt=now))
    withdrawn = IssuerKey.objects.filter(issuer=OuterRef("pk"), compromised_at__isnull=False)
    return Issuer.objects.filter(Exists(withdrawn), ~Exists(in_use))


def _note(key: IssuerKey, action: str, actor: User | None = None) -> None:
    document = json.dumps(key.issuer.did_document())
    KeyEvent.objects.create(key=key, action=action, did_document=document, actor=actor)
