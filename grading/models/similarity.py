"""Which notebooks of an exercise resemble each other: a report for instructors, which decides nothing."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from grading.models.exercises import Exercise
from grading.models.submissions import Submission

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

LEASE = timedelta(seconds=60)


class SimilarityReportQuerySet(models.QuerySet["SimilarityReport"]):
    def unattended(self) -> Self:
        """Those to be made that nobody is at work on."""
        free = Q(leased_until=None) | Q(leased_until__lt=Now())
        return self.filter(free, status=SimilarityReport.Status.WORKING)

    def claim(self, pk: int) -> "SimilarityReport | None":
        """Makes the caller the only one at work on it; None when somebody is."""
        lease = uuid.uuid4()
        if (
            not self.unattended()
            .filter(pk=pk)
            .update(lease=lease, leased_until=Now() + LEASE, tries=models.F("tries") + 1)
        ):
            return None
        return self.select_related("exercise").filter(pk=pk, lease=lease).first()


class SimilarityReport(models.Model):
    """One report; begun again from the start when its worker dies."""

    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        WORKING = "working", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("our error")

    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="similarity_reports")
    status = models.CharField(max_length=10, choices=Status, default=Status.WORKING)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    done = models.PositiveIntegerField(default=0)  # notebooks read so far
    total = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = SimilarityReportQuerySet.as_manager()
    pairs: "RelatedManager[SimilarPair]"

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["exercise"], condition=Q(status="working"), name="similarity_one_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.exercise_id} {self.pk}"

    def move(self, **changes: object) -> bool:
        """Writes ``changes`` and keeps the lease; False when it is no longer ours."""
        ours = SimilarityReport.objects.filter(pk=self.pk, lease=self.lease, status=self.Status.WORKING)
        return bool(ours.update(**{"leased_until": Now() + LEASE} | changes))


class SimilarPair(models.Model):
    """Two submissions of different learners, and how much of the smaller one the larger holds (0 to 1)."""

    wagtail_reference_index_ignore = True

    report = models.ForeignKey(SimilarityReport, models.CASCADE, related_name="pairs")
    first = models.ForeignKey(Submission, models.CASCADE, related_name="+")
    second = models.ForeignKey(Submission, models.CASCADE, related_name="+")
    share = models.FloatField()
    passages = models.PositiveIntegerField()  # fingerprints in common

    class Meta:
        ordering = ["-share", "-passages", "pk"]
        constraints = [models.UniqueConstraint(fields=["report", "first", "second"], name="similar_pair_once")]

    def __str__(self) -> str:
        return f"{self.first_id} {self.second_id}: {self.share:.0%}"
