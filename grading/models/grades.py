"""What came of a submission. Every change adds a round; the last one counts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from grading.models.texts import in_language, storable
from grading.scoring import Check, after_lateness, can_carry_credential, compose, is_waiting, total

if TYPE_CHECKING:
    from grading.grader import Outcome


class GradeQuerySet(models.QuerySet["Grade"]):
    def current(self) -> Self:
        """Of each submission the last round: the one that counts."""
        later = Grade.objects.filter(submission=OuterRef("submission"), round__gt=OuterRef("round"))
        return self.filter(~Exists(later))

    def counting(self) -> Self:
        """Of exercises where the last submission counts only its grade; elsewhere all: the best of them counts."""
        later = Grade.objects.filter(
            submission__exercise=OuterRef("submission__exercise"),
            submission__learner=OuterRef("submission__learner"),
            submission__status="graded",
            submission__attempt__gt=OuterRef("submission__attempt"),
        )
        return self.filter(~Q(submission__exercise__counts="last") | ~Exists(later))


class Grade(models.Model):
    """One round of a submission's result: examined, reviewed by a person, or examined again after a correction."""

    wagtail_reference_index_ignore = True

    class Origin(models.TextChoices):
        EXAMINED = "examined", _("examined")
        REVIEWED = "reviewed", _("decided by a person")
        REGRADED = "regraded", _("graded again")

    submission = models.ForeignKey("grading.Submission", models.CASCADE, related_name="grades")
    version = models.ForeignKey("grading.ExerciseVersion", models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(default=0)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.EXAMINED)
    # Who brought this round about; empty: the examiner did.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True)
    # After lateness; what was taken off for it stands beside it.
    score = models.FloatField()
    max_score = models.FloatField()
    late_percent = models.PositiveSmallIntegerField(default=0)
    run_status = models.CharField(max_length=20)
    # [{"id", "points", "max_points", "passed", "outcome", "examined", "hint": {"th", "en"}}], people's points in them.
    checks = models.JSONField(default=list)
    # The same as the examiner found them; empty when nobody decided otherwise.
    found = models.JSONField(default=list, blank=True)
    feedback_html = models.JSONField(default=dict)  # {"th": …, "en": …}: the notebook as run, sanitised
    usage = models.JSONField(default=dict)
    # Every point came over the channel from the examiner, or from a person: only such a grade may carry a credential.
    is_isolated = models.BooleanField(default=False)
    # Some points are still a person's to give.
    is_waiting = models.BooleanField(default=False, db_index=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = GradeQuerySet.as_manager()

    class Meta:
        ordering = ["submission", "-round"]
        constraints = [models.UniqueConstraint(fields=["submission", "round"], name="grade_once_per_round")]

    def __str__(self) -> str:
        return f"{self.score:g}/{self.max_score:g}"

    @classmethod
    def fields_of(
        cls, outcome: "Outcome", *, judged: Mapping[str, float] | None = None, late_percent: int = 0
    ) -> dict[str, Any]:
        """What a row keeps of an outcome; plain JSON only. Raises ValueError on a score that cannot be one."""
        if not 0 <= outcome.score <= outcome.max_score + 1e-9:  # not-a-number fails this too
            raise ValueError(f"a score of {outcome.score!r} out of {outcome.max_score!r}")
        return cls._scored(outcome.checks, judged or {}, outcome.max_score, late_percent, outcome.is_isolated) | {
            "run_status": str(outcome.run_status or ""),
            "feedback_html": storable(dict(outcome.feedback_html)),
            "usage": outcome.usage.as_dict(),
        }

    def reviewed(self, *, judged: Mapping[str, float], late_percent: int) -> dict[str, Any]:
        """The fields of a next round with other decisions of people: nothing was run for it."""
        found = [Check.from_dict(check) for check in self.found or self.checks]
        return self._scored(found, judged, self.max_score, late_percent, self.is_isolated) | {
            "run_status": self.run_status,
            "feedback_html": {},
            "usage": {},
        }

    @classmethod
    def _scored(
        cls,
        found: Sequence[Check],
        judged: Mapping[str, float],
        max_score: float,
        late_percent: int,
        is_isolated: bool,
    ) -> dict[str, Any]:
        checks = compose(found, judged)
        # A person may confirm what could not be isolated, check by check; what was not isolated for another reason
        # than its checks does not become so by anybody's word.
        is_isolated = is_isolated or any(check.examined != "isolated" for check in found)
        is_changed = checks != tuple(found)
        return {
            "score": after_lateness(total(checks), late_percent),
            "max_score": max_score,
            "late_percent": late_percent,
            "checks": storable([asdict(check) for check in checks]),
            "found": storable([asdict(check) for check in found]) if is_changed else [],
            "is_isolated": is_isolated and can_carry_credential(checks),
            "is_waiting": is_waiting(checks),
        }

    @property
    def points_lost_to_lateness(self) -> float:
        """What the score would have been more, had the work come in time."""
        return max(total(Check.from_dict(check) for check in self.checks) - self.score, 0) if self.late_percent else 0

    @property
    def feedback(self) -> str:
        """The notebook as run, in the reader's language: already sanitised when it was recorded."""
        return mark_safe(in_language(self.feedback_html))  # noqa: S308 - by grading.feedback, never the learner's bytes

    @property
    def fraction(self) -> float:
        """The score as a share of the maximum, 0..1."""
        return self.score / self.max_score if self.max_score else 0.0
