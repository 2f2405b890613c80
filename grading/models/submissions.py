"""What was handed in, and how far grading has come.

The row is the truth: a queue message only says "look". A submission moves queued → running → graded | refused |
failed, and every move is one conditional update, so that two workers can never both own it. All times are compared
by the database's clock: the machines that grade need not agree about the hour.
"""

import hashlib
import uuid
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Case, F, OuterRef, Q, Subquery, When
from django.db.models.functions import Coalesce, Now, NullIf
from django.utils.translation import gettext_lazy as _

from grading.models.exercises import Exercise, ExerciseVersion
from grading.models.grades import Grade
from grading.models.texts import in_language, storable

if TYPE_CHECKING:
    from django.contrib.auth.models import _User
    from django.db.models.fields.related_descriptors import RelatedManager

    from grading.grader import Outcome
    from grading.models.people import AppealQuerySet, JudgementQuerySet

DOUBLE_CLICK = timedelta(seconds=15)
HAND_IN_RACES = 20  # hand-ins of one learner for one exercise that may collide at once before we give up
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)

OUR_ERROR = {
    "th": "ระบบตรวจขัดข้อง ไม่ใช่ความผิดพลาดในงานที่ส่ง ครั้งนี้ไม่นับเป็นการส่ง สามารถส่งใหม่ได้",
    "en": "Our grading system failed; nothing is wrong with your work. "
    "This attempt is not counted: you can hand in again.",
}


def pause_after(tries: int) -> timedelta:
    """How long to leave a submission alone after ``tries`` failures of ours: 5 s, 10 s, 20 s … 10 minutes."""
    return min(FIRST_PAUSE * 2 ** max(tries - 1, 0), LONGEST_PAUSE)


class HandInRefused(Exception):
    """The exercise takes no submission from this learner now.

    ``code``: empty (no version yet), or one of ``policies.Code``; ``allowed_at``: when it will, where waiting helps.
    """

    def __init__(self, code: str, allowed_at: datetime | None = None) -> None:
        self.code = code
        self.allowed_at = allowed_at
        super().__init__(code)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def counted(self) -> Self:
        """Those that use up an attempt."""
        return self.filter(status__in=Submission.COUNTED)

    def pending(self) -> Self:
        return self.filter(status__in=[Submission.Status.QUEUED, Submission.Status.RUNNING])

    def with_score(self) -> Self:
        """Adds ``score``, ``max_score``, ``is_waiting`` and ``fraction`` (0..1) of the last round, which counts."""
        grade = Grade.objects.filter(submission=OuterRef("pk")).order_by("-round")
        return self.annotate(
            score=Subquery(grade.values("score")[:1]),
            max_score=Subquery(grade.values("max_score")[:1]),
            is_waiting=Subquery(grade.values("is_waiting")[:1]),
            fraction=Coalesce(F("score") / NullIf(F("max_score"), 0.0), 0.0, output_field=models.FloatField()),
        )

    def graded(self) -> Self:
        return self.filter(status=Submission.Status.GRADED).with_score()

    def best_for(self, learner: "_User") -> Self:
        """The learner's graded submission that counts, of each exercise: the best (the first of equals) or the last.

        The same rule as ``policies.counting``, in the database's words.
        """
        own = self.filter(learner=learner).graded()
        rivals = Submission.objects.filter(learner=learner, exercise=OuterRef("exercise")).graded()
        last = Case(When(exercise__counts=Exercise.Counting.LAST, then=F("attempt")), default=0)
        best = rivals.order_by(last.desc(), F("fraction").desc(), "attempt")
        return own.filter(pk=Subquery(best.values("pk")[:1]))

    def stale(self) -> Self:
        """Running, but the worker has let its lease run out: killed, or cut off."""
        return self.filter(status=Submission.Status.RUNNING, leased_until__lt=Now())

    def claimable(self) -> Self:
        due = Q(status=Submission.Status.QUEUED, due_at__lte=Now())
        abandoned = Q(status=Submission.Status.RUNNING, leased_until__lt=Now())
        return self.filter(due | abandoned, tries__lt=settings.GRADING_MAX_TRIES)

    def unannounced(self) -> Self:
        """Due, and no message was sent to the queue lately: it got lost, or the queue was down."""
        silence = timedelta(seconds=settings.GRADING_LEASE_SECONDS)
        return self.filter(
            Q(announced_at=None) | Q(announced_at__lt=Now() - silence),
            status=Submission.Status.QUEUED,
            due_at__lte=Now(),
        )

    def requeue(self) -> int:
        """Staff's second chance for what failed through our fault; returns how many rows it met."""
        return self.filter(status=Submission.Status.FAILED).update(
            status=Submission.Status.QUEUED, tries=0, message={}, due_at=Now(), announced_at=None, finished_at=None
        )

    def release_stale(self) -> int:
        """Takes back what dead workers held: to the queue, or to ``failed`` when it was tried often enough."""
        hopeless = self.stale().filter(tries__gte=settings.GRADING_MAX_TRIES)
        given_up = hopeless.update(**Submission.given_up("The worker was lost on every try."))
        return given_up + self.stale().update(**Submission.released(timedelta(0)))

    def failed_by(self, learner_id: int, exercise_id: int, *, before: int | None = None) -> dict[str, int]:
        """In how many attempts of a learner each check was failed; ``before``: of those with a lower ordinal."""
        earlier = Grade.objects.current().filter(submission__exercise=exercise_id, submission__learner=learner_id)
        if before is not None:
            earlier = earlier.filter(submission__attempt__lt=before)
        counted: Counter[str] = Counter()
        for checks, found in earlier.values_list("checks", "found"):
            counted.update(check["id"] for check in found or checks if check["outcome"] in Submission.FAILED_CHECK)
        return dict(counted)

    def hand_in(self, *, exercise: Exercise, learner: "_User", notebook: bytes, filename: str) -> "Submission":
        """Stores ``notebook`` unchanged as the learner's next attempt; the returned row is the receipt.

        The same bytes again within seconds, while the first is still pending, is a double click: the first is
        returned. Nothing is queued here: see ``grading.tasks.announce``.

        Raises:
            HandInRefused: without a version, or the exercise's policy forbids it.
        """
        for _race in range(HAND_IN_RACES):
            try:
                with transaction.atomic():
                    return self._next_attempt(exercise, learner, notebook, filename)
            except IntegrityError:
                # Another hand-in of the same learner took the number; the unique constraint is the judge on every
                # database, and the next round counts again with that row in sight.
                continue
        raise RuntimeError(f"{HAND_IN_RACES} hand-ins collided")

    def _next_attempt(self, exercise: Exercise, learner: "_User", notebook: bytes, filename: str) -> "Submission":
        own = self.filter(exercise=exercise, learner=learner)
        # Read first of all: should another hand-in be committed while we look around, its number is ours too, the
        # unique constraint objects, and nothing that was decided here in ignorance of it stays.
        last = own.aggregate(last=models.Max("attempt"))["last"] or 0
        sha256 = hashlib.sha256(notebook).hexdigest()
        twin = own.pending().filter(sha256=sha256, submitted_at__gt=Now() - DOUBLE_CLICK).first()
        if twin:
            return twin
        decision = exercise.decision_for(learner)
        if not decision.is_allowed:
            raise HandInRefused(decision.code, decision.allowed_at)
        newest = exercise.versions.filter(is_draft=False).order_by("-number").values_list("pk", flat=True).first()
        if newest is None:
            raise HandInRefused("empty")
        return self.create(
            exercise=exercise,
            version_id=newest,
            learner=learner,
            attempt=last + 1,
            notebook=notebook,
            filename=filename[-255:],
            sha256=sha256,
            late_days=decision.lateness.days,
            late_percent=decision.lateness.percent,
        )

    def claim(self, pk: uuid.UUID) -> "Submission | None":
        """Makes the caller the only owner of a submission for GRADING_LEASE_SECONDS; None when it is not to be had."""
        lease = uuid.uuid4()
        row = self.filter(pk=pk).claimable()
        changes = {"status": Submission.Status.RUNNING, "lease": lease, "leased_until": Submission.lease_end()}
        if not row.update(**changes, tries=F("tries") + 1, started_at=Now()):
            return None
        # Read back by the lease: should it be lost again already, there is nothing to work on.
        return self.select_related("exercise", "version").filter(pk=pk, lease=lease).first()


class Submission(models.Model):
    """One handed-in notebook: immutable bytes, their hash, and how far grading has come."""

    # No page is told where these are used: saves Wagtail two writes with every row.
    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being graded")
        GRADED = "graded", _("graded")
        REFUSED = "refused", _("not gradable")
        FAILED = "failed", _("our error")

    COUNTED = (Status.QUEUED, Status.RUNNING, Status.GRADED)
    FAILED_CHECK = ("failed", "error", "timeout", "not_examinable")
    # Where nothing moves any more unless a person acts.
    FINAL = (Status.GRADED, Status.REFUSED, Status.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="submissions")
    version = models.ForeignKey(ExerciseVersion, models.PROTECT, related_name="submissions")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="submissions")
    attempt = models.PositiveIntegerField(_("attempt"))
    notebook = models.BinaryField()
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED, db_index=True)
    # Decided when it was handed in: the days started after the learner's due date, and what they cost.
    late_days = models.PositiveSmallIntegerField(default=0)
    late_percent = models.PositiveSmallIntegerField(default=0)
    # Why it was refused, or what failed: {"th": …, "en": …}, for the learner.
    message = models.JSONField(default=dict, blank=True)
    # What went wrong the last time through our fault, for staff only.
    detail = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Not to be graded before; and when the queue was last told of it (None: not, or not since it changed).
    due_at = models.DateTimeField(db_default=Now())
    announced_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(db_default=Now(), db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SubmissionQuerySet.as_manager()
    grades: "RelatedManager[Grade]"
    judgements: "JudgementQuerySet"  # the managers behind them are made of these
    appeals: "AppealQuerySet"

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-submitted_at", "-attempt"]
        constraints = [models.UniqueConstraint(fields=["exercise", "learner", "attempt"], name="submission_attempt")]
        indexes = [models.Index(fields=["learner", "exercise"], name="submission_learner_exercise")]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def text(self) -> str:
        """Why it was refused or failed, in the reader's language."""
        return in_language(self.message)

    @property
    def grade(self) -> "Grade | None":
        """The grade that counts: the last round's."""
        return self.grades.order_by("-round").first()

    @staticmethod
    def lease_end() -> Any:
        return Now() + timedelta(seconds=settings.GRADING_LEASE_SECONDS)

    @classmethod
    def released(cls, pause: timedelta) -> dict[str, Any]:
        return {
            "status": cls.Status.QUEUED,
            "lease": None,
            "leased_until": None,
            # SQLite writes a sum with three digits more than now: within a millisecond it would be the later text.
            "due_at": Now() + pause if pause else Now(),
            "announced_at": None,
        }

    @classmethod
    def given_up(cls, detail: str) -> dict[str, Any]:
        return cls.finished(cls.Status.FAILED) | {"message": OUR_ERROR, "detail": detail}

    @classmethod
    def finished(cls, status: "Submission.Status") -> dict[str, Any]:
        return {"status": status, "lease": None, "leased_until": None, "finished_at": Now()}

    def move(self, **changes: Any) -> bool:
        """One compare-and-set on the lease this instance was claimed with: False when it is no longer ours."""
        ours = Submission.objects.filter(pk=self.pk, lease=self.lease, status=self.Status.RUNNING)
        return self.lease is not None and ours.update(**changes) == 1

    def renew_lease(self) -> bool:
        """Still at work on it; False when somebody took it over."""
        return self.move(leased_until=self.lease_end())

    def record(self, outcome: "Outcome") -> bool:
        """Writes what the grader found, once; False, and nothing written, when the lease is no longer ours."""
        if outcome.state == "refused":
            return self.move(**self.finished(self.Status.REFUSED), message=storable(dict(outcome.message)))
        with transaction.atomic():
            if not self.move(**self.finished(self.Status.GRADED), message={}, detail=storable(outcome.detail)):
                return False
            self.add_grade(outcome)
        return True

    def add_grade(
        self,
        outcome: "Outcome",
        *,
        origin: str = Grade.Origin.EXAMINED,
        version: ExerciseVersion | None = None,
        author: "_User | None" = None,
        reason: str = "",
        keep_overrides: bool = True,
    ) -> Grade:
        """The next round: what the examiner found, with what people decided put in, and lateness taken off.

        Call it within a transaction. What people decided for manual parts always stands; what they decided over a
        check's head stands unless ``keep_overrides`` is false. Raises ValueError on a score that cannot be one.
        """
        fields = Grade.fields_of(outcome, judged=self.judged(keep_overrides), late_percent=self._late_percent_now())
        return self._next_round(
            fields, version=version or self.version, origin=origin, author=author, reason=storable(reason)
        )

    def add_reviewed(self, *, author: "_User | None", reason: str = "") -> Grade:
        """The next round after people's decisions or the submission's lateness changed: nothing is examined again.

        Call it within a transaction. Raises ValueError when there is no grade to review.
        """
        late_percent = self._late_percent_now()
        last = self.grade
        if last is None:
            raise ValueError(f"submission {self.pk} has no grade")
        fields = last.reviewed(judged=self.judged(), late_percent=late_percent)
        return self._next_round(
            fields, version=last.version, origin=Grade.Origin.REVIEWED, author=author, reason=storable(reason)
        )

    def failed_before(self) -> dict[str, int]:
        """In how many earlier attempts of the learner each check was failed; what did not get that far is none."""
        return Submission.objects.failed_by(self.learner_id, self.exercise_id, before=self.attempt)

    def judged(self, with_overrides: bool = True) -> dict[str, float]:
        """The points that people gave and that stand, by check."""
        standing = self.judgements.standing()
        if not with_overrides:
            standing = standing.filter(kind="manual")
        return dict(standing.values_list("check_id", "points"))

    def _late_percent_now(self) -> int:
        """As the row says: an extension may have been granted since this instance was loaded.

        The row stays locked, so that rounds come one after the other and each sees the one before.
        """
        return Submission.objects.select_for_update().only("late_percent").get(pk=self.pk).late_percent

    def _next_round(self, fields: dict[str, Any], **more: Any) -> Grade:
        last = self.grades.aggregate(last=models.Max("round"))["last"]
        return self.grades.create(round=0 if last is None else last + 1, **fields, **more)

    def give_back(self, detail: str) -> bool:
        """Our fault: back to the queue after a pause, or ``failed`` when it was tried GRADING_MAX_TRIES times."""
        if self.tries >= settings.GRADING_MAX_TRIES:
            return self.move(**self.given_up(storable(detail)))
        return self.move(**self.released(pause_after(self.tries)), detail=storable(detail))
