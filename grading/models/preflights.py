"""The pre-flight of a version: asked for when an author saves, carried out by a worker, read when it is published."""

from typing import TYPE_CHECKING

from django.db import models

from grading.models.exercises import ExerciseVersion
from grading.models.leases import Leased, LeasedQuerySet
from grading.models.texts import storable

if TYPE_CHECKING:
    from grading.preflight import Report


class PreflightQuerySet(LeasedQuerySet):
    def request(self, version: ExerciseVersion) -> "PreflightReport":
        """The pre-flight of this version, asked for anew where it failed; nothing is queued here."""
        report, _is_new = self.get_or_create(version=version)
        self.filter(pk=report.pk, status=PreflightReport.Status.FAILED).update(**PreflightReport.asked_anew())
        return report


class PreflightReport(Leased):
    """What a trial of one version found; ``report`` is ``grading.preflight.Report`` as plain data once it is done."""

    version = models.OneToOneField(ExerciseVersion, models.CASCADE, related_name="preflight_report")
    report = models.JSONField(default=dict, blank=True)

    objects = PreflightQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.version_id} {self.status}"

    @property
    def is_publishable(self) -> bool:
        """Whether learners may meet the version: only a finished pre-flight without errors says so."""
        return self.status == self.Status.DONE and self.report.get("is_publishable") is True

    def record(self, report: "Report") -> bool:
        """Writes what was found, once; False, and nothing written, when the lease is no longer ours."""
        return self.move(**self.finished(self.Status.DONE), report=storable(report.as_dict()), detail="")
