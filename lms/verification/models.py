"""Batches: many credentials to verify at once, kept only until their result has been fetched.

The row is the truth, and a message of the queue is a hint. What was uploaded is deleted part by part as it is checked.
"""

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

LEASE = timedelta(seconds=90)
MOST_TRIES = 5
# A result waits this long to be fetched, and this long once it has been.
KEPT = timedelta(hours=24)
KEPT_ONCE_FETCHED = timedelta(hours=1)


def expiry() -> datetime:
    return timezone.now() + KEPT


class BatchQuerySet(models.QuerySet["Batch"]):
    def alive(self) -> Self:
        return self.filter(expires_at__gt=timezone.now())

    def expired(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())

    def unattended(self) -> Self:
        """Those to be worked on that nobody is at work on."""
        free = Q(leased_until=None) | Q(leased_until__lt=Now())
        return self.alive().filter(free, status=Batch.Status.WORKING)

    def claim(self, pk: uuid.UUID) -> "Batch | None":
        """Makes the caller the only one at work on it; None when somebody is, or when it is done or gone."""
        lease = uuid.uuid4()
        changes = {"lease": lease, "leased_until": Now() + LEASE, "tries": F("tries") + 1}
        if not self.unattended().filter(pk=pk).update(**changes):
            return None
        return self.filter(pk=pk, lease=lease).first()


class Batch(models.Model):
    """Its random id is all that whoever sent it needs, and all that anybody else would have to guess."""

    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        WORKING = "working", _("being checked")
        READY = "ready", _("ready")
        FAILED = "failed", _("stopped by a fault of ours")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.WORKING)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(default=expiry, db_index=True)
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = BatchQuerySet.as_manager()
    parts: "RelatedManager[BatchPart]"

    class Meta:
        ordering = ["created_at"]

    def __str__(self) -> str:
        return f"{self.done}/{self.total}"

    def move(self, **changes: Any) -> bool:
        """Writes ``changes`` and keeps the lease; False when it is no longer ours."""
        ours = Batch.objects.filter(pk=self.pk, lease=self.lease, status=self.Status.WORKING)
        return self.lease is not None and bool(ours.update(**{"leased_until": Now() + LEASE} | changes))

    def record(self, part: "BatchPart", results: list[dict[str, Any]]) -> bool:
        """Writes a part's results in place of what was uploaded; False, and nothing written, when the lease is lost."""
        with transaction.atomic():
            if not self.move(done=F("done") + len(results), tries=0):
                return False
            self.parts.filter(pk=part.pk).update(upload=None, results=results)
        return True

    def is_fetched(self) -> None:
        """The result has left: an hour more, for a download that broke."""
        sooner = timezone.now() + KEPT_ONCE_FETCHED
        Batch.objects.filter(pk=self.pk, expires_at__gt=sooner).update(expires_at=sooner)

    def results(self) -> list[dict[str, Any]]:
        """All results there are, in the order in which things were sent."""
        found = self.parts.filter(results__isnull=False).order_by("position").values_list("results", flat=True)
        return [result for results in found for result in results or ()]


class OfflineBundle(models.Model):
    """What is needed to verify without a network, as it was on one day: a signed ZIP, see ``bundles``."""

    wagtail_reference_index_ignore = True

    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    content = models.BinaryField()

    objects: "models.Manager[OfflineBundle]" = models.Manager()

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return self.made_at.isoformat()


class BatchPart(models.Model):
    """Some of a batch: what was uploaded (``items.pack``) until it is checked, the results from then on."""

    wagtail_reference_index_ignore = True

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    upload = models.BinaryField(null=True)
    results = models.JSONField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="batch_part_once")]

    def __str__(self) -> str:
        return f"{self.batch} {self.position}"
