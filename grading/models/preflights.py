"""The pre-flight of a version: asked for when an author saves, carried out by a worker, read when it is published.

As with submissions the row is the truth, and every move is one conditional update under a lease: queued → running →
done | failed. What is lost on the way is found again by the sweeper.
"""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from grading.models.exercises import ExerciseVersion
from grading.models.submissions import pause_after
from grading.models.texts import storable

if TYPE_CHECKING:
    from grading.preflight import Report


class PreflightQuerySet(models.QuerySet["PreflightReport"]):
    def stale(self) -> Self:
        """Running, but the worker has let its lease run out."""
        return self.filter(status=PreflightReport.Status.RUNNING, leased_until__lt=Now())

    def claimable(self) -> Self:
        due = Q(status=PreflightReport.Status.QUEUED, due_at__lte=Now())
        abandoned = Q(status=PreflightReport.Status.RUNNING, leased_until__lt=Now())
        return self.filter(due | abandoned, tries__lt=settings.GRADING_MAX_TRIES)

    def unannounced(self) -> Self:
        """Due, and no message was sent to the queue lately."""
        silence = timedelta(seconds=settings.GRADING_LEASE_SECONDS)
        return self.filter(
            Q(announced_at=None) | Q(announced_at__lt=Now() - silence),
            status=PreflightReport.Status.QUEUED,
            due_at__lte=Now(),
        )

    def release_stale(self) -> int:
        """Takes back what dead workers held: to the queue, or to ``failed`` when it was tried often enough."""
        hopeless = self.stale().filter(tries__gte=settings.GRADING_MAX_TRIES)
        given_up = hopeless.update(**PreflightReport.given_up("The worker was lost on every try."))
        return given_up + self.stale().update(**PreflightReport.released(timedelta(0)))

    def request(self, version: ExerciseVersion) -> "PreflightReport":
        """The pre-flight of this version, asked for anew where it failed; nothing is queued here."""
        report, _is_new = self.get_or_create(version=version)
        again = PreflightReport.released(timedelta(0)) | {"tries": 0, "detail": ""}
        self.filter(pk=report.pk, status=PreflightReport.Status.FAILED).update(**again)
        return report

    def claim(self, pk: uuid.UUID) -> "PreflightReport | None":
        """Makes the caller its only owner for GRADING_LEASE_SECONDS; None when it is not to be had."""
        lease = uuid.uuid4()
        changes = {"status": PreflightReport.Status.RUNNING, "lease": lease, "started_at": Now()}
        row = self.filter(pk=pk).claimable()
        if not row.update(**changes, leased_until=PreflightReport.lease_end(), tries=F("tries") + 1):
            return None
        return self.select_related("version").filter(pk=pk, lease=lease).first()


class PreflightReport(models.Model):
    """What a trial of one version found; ``report`` is ``grading.preflight.Report`` as plain data once it is done."""

    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being tried")
        DONE = "done", _("done")
        FAILED = "failed", _("our error")

    FINAL = (Status.DONE, Status.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.OneToOneField(ExerciseVersion, models.CASCADE, related_name="preflight_report")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED, db_index=True)
    report = models.JSONField(default=dict, blank=True)
    detail = models.TextField(blank=True)  # what went wrong the last time through our fault
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    announced_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = PreflightQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.version_id} {self.status}"

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def is_publishable(self) -> bool:
        """Whether learners may meet the version: only a finished pre-flight without errors says so."""
        return self.status == self.Status.DONE and self.report.get("is_publishable") is True

    @staticmethod
    def lease_end() -> Any:
        return Now() + timedelta(seconds=settings.GRADING_LEASE_SECONDS)

    @classmethod
    def released(cls, pause: timedelta) -> dict[str, Any]:
        due = {"due_at": Now() + pause if pause else Now(), "announced_at": None}
        return {"status": cls.Status.QUEUED, "lease": None, "leased_until": None} | due

    @classmethod
    def finished(cls, status: "PreflightReport.Status") -> dict[str, Any]:
        return {"status": status, "lease": None, "leased_until": None, "finished_at": Now()}

    @classmethod
    def given_up(cls, detail: str) -> dict[str, Any]:
        return cls.finished(cls.Status.FAILED) | {"detail": detail}

    def move(self, **changes: Any) -> bool:
        """One compare-and-set on the lease this instance was claimed with: False when it is no longer ours."""
        ours = PreflightReport.objects.filter(pk=self.pk, lease=self.lease, status=self.Status.RUNNING)
        return self.lease is not None and ours.update(**changes) == 1

    def renew_lease(self) -> bool:
        """Still at work on it; False when somebody took it over."""
        return self.move(leased_until=self.lease_end())

    def record(self, report: "Report") -> bool:
        """Writes what was found, once; False, and nothing written, when the lease is no longer ours."""
        return self.move(**self.finished(self.Status.DONE), report=storable(report.as_dict()), detail="")

    def give_back(self, detail: str) -> bool:
        """Our fault: back to the queue after a pause, or ``failed`` when it was tried GRADING_MAX_TRIES times."""
        if self.tries >= settings.GRADING_MAX_TRIES:
            return self.move(**self.given_up(storable(detail)))
        return self.move(**self.released(pause_after(self.tries)), detail=storable(detail))
