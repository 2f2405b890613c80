"""What people decide: extensions, points given by hand, appeals and their answers."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from grading.models.exercises import Exercise
from grading.models.submissions import Submission


class Extension(models.Model):
    """More time or more attempts for one person in one exercise."""

    wagtail_reference_index_ignore = True

    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="extensions")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("learner"))
    due_at = models.DateTimeField(_("new due date"), null=True, blank=True)
    extra_attempts = models.PositiveSmallIntegerField(_("additional attempts"), default=0)
    reason = models.TextField(_("reason"))
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("extension")
        verbose_name_plural = _("extensions")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["exercise", "learner"], name="extension_once")]

    def __str__(self) -> str:
        return f"{self.exercise_id} {self.learner_id}"


class JudgementQuerySet(models.QuerySet["Judgement"]):
    def standing(self) -> Self:
        """Those that count: not withdrawn."""
        return self.filter(withdrawn_at=None)


class Judgement(models.Model):
    """A person's points for one check of one submission. A change of mind withdraws it and makes another."""

    wagtail_reference_index_ignore = True

    class Kind(models.TextChoices):
        MANUAL = "manual", _("graded by hand")
        OVERRIDE = "override", _("overridden")

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="judgements")
    check_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind)
    points = models.FloatField(_("points"))
    comment = models.TextField(_("comment for the learner"), blank=True)
    # The numbers of the rubric's criteria that were met, from 0.
    rubric = models.JSONField(default=list, blank=True)
    # Why a check was overridden; the learner reads it too.
    reason = models.TextField(_("reason"), blank=True)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = JudgementQuerySet.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "check_id"], condition=Q(withdrawn_at=None), name="judgement_one_stands"
            ),
            models.CheckConstraint(condition=Q(points__gte=0), name="judgement_points_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id}: {self.points:g}"


class AppealQuerySet(models.QuerySet["Appeal"]):
    def open(self) -> Self:
        return self.filter(status=Appeal.Status.OPEN)


class Appeal(models.Model):
    """A learner asks about a grade: one check of it, or the whole (``check_id`` empty)."""

    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        OPEN = "open", _("waits for an answer")
        ANSWERED = "answered", _("answered")
        WITHDRAWN = "withdrawn", _("withdrawn")

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="appeals")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    check_id = models.CharField(max_length=100, blank=True)
    text = models.TextField(_("what you ask"))
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    answered_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "check_id"], condition=Q(status="open"), name="appeal_one_open"
            )
        ]
        indexes = [models.Index(fields=["status", "created_at"], name="appeal_queue")]

    def __str__(self) -> str:
        return f"{self.submission_id} {self.check_id}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    def outcome(self) -> dict[str, Any]:
        """What an audit entry keeps of it: no word of what was written."""
        return {"appeal": self.pk, "check": self.check_id, "status": self.status}
