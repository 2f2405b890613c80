"""A learner tries the visible checks before handing in: the same work as grading, and never a grade."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from grading.models.exercises import Exercise, ExerciseVersion
from grading.models.leases import Leased, LeasedQuerySet
from grading.models.texts import in_language, storable

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

    from grading.grader import Outcome


class RehearsalQuerySet(LeasedQuerySet):
    def ask(self, *, exercise: Exercise, version: ExerciseVersion, learner: "_User", notebook: bytes) -> "Rehearsal":
        """The learner's rehearsal of this exercise, anew; the one that is still under way where there is one.

        There is one row for both, and at most one run at a time: asking often costs nobody else anything.
        """
        row, is_new = self.get_or_create(
            exercise=exercise, learner=learner, defaults={"version": version, "notebook": notebook}
        )
        if not is_new:
            anew = Rehearsal.asked_anew() | {"version": version, "notebook": notebook, "feedback": {}, "refusal": {}}
            self.filter(pk=row.pk, status__in=Rehearsal.FINAL).update(**anew)
            row.refresh_from_db()
        return row


class Rehearsal(Leased):
    """The last one of a learner for an exercise. The notebook is kept until it has run."""

    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="rehearsals")
    version = models.ForeignKey(ExerciseVersion, models.CASCADE, related_name="+")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="rehearsals")
    notebook = models.BinaryField()
    feedback = models.JSONField(default=dict, blank=True)  # {"th": html, "en": html}
    refusal = models.JSONField(default=dict, blank=True)  # why it could not be run: {"th": …, "en": …}

    objects = RehearsalQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exercise", "learner"], name="rehearsal_one_each")]

    def __str__(self) -> str:
        return f"{self.exercise_id} {self.status}"

    @property
    def text(self) -> str:
        """What came of it, as HTML that is clean, in the reader's language."""
        return in_language(self.feedback)

    @property
    def why_refused(self) -> str:
        """Why the notebook could not be run, in the reader's language; '' when it was."""
        return in_language(self.refusal)

    def record(self, outcome: "Outcome") -> bool:
        """Writes what was found, once; False, and nothing written, when the lease is no longer ours."""
        refusal = dict(outcome.message) if outcome.state == "refused" else {}
        return self.move(
            **self.finished(self.Status.DONE),
            feedback=storable(dict(outcome.feedback_html)),
            refusal=storable(refusal),
            notebook=b"",
            detail="",
        )
