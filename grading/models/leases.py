"""Background work on one row: asked for, claimed by one worker under a lease, found again when that worker dies.

The row is the truth, and every move is one conditional update: queued → running → done | failed. What is lost on the
way is found again by the sweeper.
"""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from grading.models.submissions import pause_after
from grading.models.texts import storable


class LeasedQuerySet(models.QuerySet[Any]):
    def stale(self) -> Self:
        """Running, but the worker has let its lease run out."""
        return self.filter(status=Leased.Status.RUNNING, leased_until__lt=Now())

    def claimable(self) -> Self:
        due = Q(status=Leased.Status.QUEUED, due_at__lte=Now())
        abandoned = Q(status=Leased.Status.RUNNING, leased_until__lt=Now())
        return self.filter(due | abandoned, tries__lt=settings.GRADING_MAX_TRIES)

    def unannounced(self) -> Self:
        """Due, and no message was sent to the queue lately."""
        silence = timedelta(seconds=settings.GRADING_LEASE_SECONDS)
        return self.filter(
            Q(announced_at=None) | Q(announced_at__lt=Now() - silence),
            status=Leased.Status.QUEUED,
            due_at__lte=Now(),
        )

    def release_stale(self) -> int:
        """Takes back what dead workers held: to the queue, or to ``failed`` when it was tried often enough."""
        hopeless = self.stale().filter(tries__gte=settings.GRADING_MAX_TRIES)
        given_up = hopeless.update(**Leased.given_up("The worker was lost on every try."))
        return given_up + self.stale().update(**Leased.released(timedelta(0)))

    def claim(self, pk: uuid.UUID) -> Any:
        """Makes the caller its only owner for GRADING_LEASE_SECONDS; None when it is not to be had."""
        lease = uuid.uuid4()
        changes = {"status": Leased.Status.RUNNING, "lease": lease, "started_at": Now()}
        row = self.filter(pk=pk).claimable()
        if not row.update(**changes, leased_until=Leased.lease_end(), tries=F("tries") + 1):
            return None
        return self.select_related("version").filter(pk=pk, lease=lease).first()


class Leased(models.Model):
    """One piece of such work on one version of an exercise."""

    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being tried")
        DONE = "done", _("done")
        FAILED = "failed", _("our error")

    FINAL = (Status.DONE, Status.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED, db_index=True)
    detail = models.TextField(blank=True)  # what went wrong the last time through our fault
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    announced_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @staticmethod
    def lease_end() -> Any:
        return Now() + timedelta(seconds=settings.GRADING_LEASE_SECONDS)

    @classmethod
    def released(cls, pause: timedelta) -> dict[str, Any]:
        due = {"due_at": Now() + pause if pause else Now(), "announced_at": None}
        return {"status": cls.Status.QUEUED, "lease": None, "leased_until": None} | due

    @classmethod
    def asked_anew(cls) -> dict[str, Any]:
        """As if it had never been tried."""
        return cls.released(timedelta(0)) | {"tries": 0, "detail": "", "started_at": None, "finished_at": None}

    @classmethod
    def finished(cls, status: "Leased.Status") -> dict[str, Any]:
        return {"status": status, "lease": None, "leased_until": None, "finished_at": Now()}

    @classmethod
    def given_up(cls, detail: str) -> dict[str, Any]:
        return cls.finished(cls.Status.FAILED) | {"detail": detail}

    def move(self, **changes: Any) -> bool:
        """One compare-and-set on the lease this instance was claimed with: False when it is no longer ours."""
        rows = type(self)._default_manager
        ours = rows.filter(pk=self.pk, lease=self.lease, status=self.Status.RUNNING)
        return self.lease is not None and ours.update(**changes) == 1

    def renew_lease(self) -> bool:
        """Still at work on it; False when somebody took it over."""
        return self.move(leased_until=self.lease_end())

    def give_back(self, detail: str) -> bool:
        """Our fault: back to the queue after a pause, or ``failed`` when it was tried GRADING_MAX_TRIES times."""
        if self.tries >= settings.GRADING_MAX_TRIES:
            return self.move(**self.given_up(storable(detail)))
        return self.move(**self.released(pause_after(self.tries)), detail=storable(detail))
