"""Batches, as the queue sees them. The worker of this queue reads strangers' files, so it is given no key at all."""

import logging
import uuid
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from grading.tasks import send
from lms.credentials.custody import KeyUnavailable
from lms.verification import batching, bundles
from lms.verification.models import Batch, OfflineBundle

log = logging.getLogger(__name__)
QUEUE = "verification"
MAKE_AFTER = timedelta(hours=23)


VERIFY = "lms.verification.tasks.verify_batch"


def announce(batch: Batch) -> None:
    """Tells the queue; should it be away, the sweep tells it later."""
    send(VERIFY, [str(batch.pk)], queue=QUEUE)


@shared_task(name=VERIFY)
def verify_batch(pk: str) -> None:
    """Claims a batch and checks what is left of it; does nothing when another worker is at it."""
    batch = Batch.objects.claim(uuid.UUID(pk))
    if batch is None:
        return
    try:
        if batching.work(batch):
            announce(batch)
    except Exception:
        log.exception("batch_failed", extra={"batch": str(batch.pk)})
        batch.move(lease=None, leased_until=None)


@shared_task(name="lms.verification.tasks.make_bundle")
def make_bundle() -> bool:
    """Makes the offline bundle when there is none of today; whether it did. Run where the issuers' keys are."""
    now = timezone.now()
    if OfflineBundle.objects.filter(made_at__gt=now - MAKE_AFTER).exists():
        return False
    try:
        bundles.keep(bundles.make(now), now)
    except KeyUnavailable as error:
        log.error("bundle_not_made: %s", error)
        return False
    return True


@shared_task(name="lms.verification.tasks.sweep")
def sweep() -> None:
    """Announces what nobody is at work on, and deletes what has had its time."""
    for batch in Batch.objects.unattended().order_by("created_at")[:50]:
        announce(batch)
    deleted, _ = Batch.objects.expired().delete()
    if deleted:
        log.info("expired batches deleted: %d rows", deleted)
