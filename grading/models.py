"""What can be graded, what was handed in, and what came of it.

The row is the truth: a queue message only says "look". A submission moves queued → running → graded | refused |
failed, and every move is one conditional update, so that two workers can never both own it. All times are compared
by the database's clock: the machines that grade need not agree about the hour.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now, NullIf
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import _User
    from django.db.models.fields.related_descriptors import RelatedManager

    from grading.grader import Outcome

DOUBLE_CLICK = timedelta(seconds=15)
HAND_IN_RACES = 20  # hand-ins of one learner for one exercise that may collide at once before we give up
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)

OUR_ERROR = {
    "th": "ระบบตรวจขัดข้อง ไม่ใช่ความผิดพลาดในงานที่ส่ง ครั้งนี้ไม่นับเป็นการส่ง สามารถส่งใหม่ได้",
    "en": "Our grading system failed; nothing is wrong with your work. "
    "This attempt is not counted: you can hand in again.",
}


def in_language(texts: Mapping[str, str]) -> str:
    """``{"th": …, "en": …}`` → the text in the reader's language, or whichever there is."""
    language = "en" if (get_language() or "").startswith("en") else "th"
    return texts.get(language) or next(iter(texts.values()), "")


def storable(value: Any) -> Any:
    """JSON data without what PostgreSQL cannot keep and a page cannot show: NUL and half of a surrogate pair."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    return [storable(item) for item in value] if isinstance(value, (list, tuple)) else value


def pause_after(tries: int) -> timedelta:
    """How long to leave a submission alone after ``tries`` failures of ours: 5 s, 10 s, 20 s … 10 minutes."""
    return min(FIRST_PAUSE * 2 ** max(tries - 1, 0), LONGEST_PAUSE)


class HandInRefused(Exception):
    """The exercise takes no submission from this learner now. ``code``: closed, empty or no_attempts."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Exercise(models.Model):
    """One gradable notebook. What it contains is in its versions; submissions point at the one they met."""

    slug = models.SlugField(_("code"), max_length=80, unique=True)
    title_th = models.CharField(_("title in Thai"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200)
    max_attempts = models.PositiveSmallIntegerField(_("attempts allowed"), null=True, blank=True)
    is_open = models.BooleanField(_("takes submissions"), default=True)

    versions: "RelatedManager[ExerciseVersion]"

    class Meta:
        verbose_name = _("exercise")
        verbose_name_plural = _("exercises")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return self.title_en if (get_language() or "").startswith("en") else self.title_th

    @property
    def current(self) -> "ExerciseVersion | None":
        """The newest version: what a learner downloads today. Its notebook is read when it is asked for."""
        return self.versions.order_by("-number").defer("source").first()

    def add_version(
        self, *, source: bytes, max_score: float, files: Iterable["DataFile"], limits: dict[str, Any], author: "_User"
    ) -> "ExerciseVersion":
        """Stores the next version with copies of ``files``; the newest one instead when nothing differs from it."""
        digest = hashlib.sha256(source).hexdigest()
        files = list(files)
        with transaction.atomic():
            Exercise.objects.select_for_update().get(pk=self.pk)  # two authors saving at once take turns
            newest = self.current
            if newest and newest.is_same(digest, files, limits):
                return newest
            version = self.versions.create(
                number=newest.number + 1 if newest else 1,
                source=source,
                sha256=digest,
                max_score=max_score,
                limits=limits,
                author=author,
            )
            DataFile.objects.bulk_create(
                DataFile(version=version, name=file.name, content=file.content, is_hidden=file.is_hidden)
                for file in files
            )
        return version

    def attempts_left(self, learner: "_User") -> int | None:
        """How many more hand-ins; None when unlimited. What was refused or failed through us costs nothing."""
        if self.max_attempts is None:
            return None
        used = Submission.objects.filter(exercise=self, learner=learner).counted().count()
        return max(self.max_attempts - used, 0)

    def why_closed(self, learner: "_User") -> str:
        """'' when the learner may hand in, else the code of a HandInRefused."""
        if not self.is_open:
            return "closed"
        if not self.versions.exists():
            return "empty"
        return "no_attempts" if self.attempts_left(learner) == 0 else ""


class ExerciseVersion(models.Model):
    """An author's notebook and its data files, as uploaded. Never changed: a correction is the next version."""

    # No page is told where these are used: saves Wagtail two writes with every row.
    wagtail_reference_index_ignore = True

    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    source = models.BinaryField(_("source notebook"))
    sha256 = models.CharField(max_length=64)
    max_score = models.FloatField(_("points"))
    limits = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    files: "RelatedManager[DataFile]"

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["exercise", "number"], name="exercise_version_number")]

    def __str__(self) -> str:
        return f"{self.exercise.slug} v{self.number}"

    def is_same(self, sha256: str, files: Iterable["DataFile"], limits: dict[str, Any]) -> bool:
        """Whether a version made of these would differ from this one in nothing that counts."""
        own = {(file.name, bytes(file.content), file.is_hidden) for file in self.files.all()}
        given = {(file.name, bytes(file.content), file.is_hidden) for file in files}
        return (self.sha256, own, self.limits) == (sha256, given, limits)


class DataFile(models.Model):
    """A file that the notebook reads. A hidden one is only ever given to the examiner."""

    # No page is told where these are used: saves Wagtail two writes with every row.
    wagtail_reference_index_ignore = True

    version = models.ForeignKey(ExerciseVersion, models.CASCADE, related_name="files")
    name = models.CharField(max_length=150)
    content = models.BinaryField()
    is_hidden = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="data_file_name")]

    def __str__(self) -> str:
        return self.name


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def counted(self) -> Self:
        """Those that use up an attempt."""
        return self.filter(status__in=Submission.COUNTED)

    def pending(self) -> Self:
        return self.filter(status__in=[Submission.Status.QUEUED, Submission.Status.RUNNING])

    def with_score(self) -> Self:
        """Adds ``score``, ``max_score`` and ``fraction`` (0..1) of the grade that counts: the last round's."""
        grade = Grade.objects.filter(submission=OuterRef("pk")).order_by("-round")
        return self.annotate(
            score=Subquery(grade.values("score")[:1]),
            max_score=Subquery(grade.values("max_score")[:1]),
            fraction=Coalesce(F("score") / NullIf(F("max_score"), 0.0), 0.0, output_field=models.FloatField()),
        )

    def graded(self) -> Self:
        return self.filter(status=Submission.Status.GRADED).with_score()

    def best_for(self, learner: "_User") -> Self:
        """The learner's best graded submission of each exercise; of equal ones the first."""
        own = self.filter(learner=learner).graded()
        rivals = Submission.objects.filter(learner=learner, exercise=OuterRef("exercise")).graded()
        best = rivals.order_by(F("fraction").desc(), "attempt")
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

    def hand_in(self, *, exercise: Exercise, learner: "_User", notebook: bytes, filename: str) -> "Submission":
        """Stores ``notebook`` unchanged as the learner's next attempt; the returned row is the receipt.

        The same bytes again within seconds, while the first is still pending, is a double click: the first is
        returned. Nothing is queued here: see ``grading.tasks.announce``.

        Raises:
            HandInRefused: closed, without a version, or no attempts left.
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
        if code := exercise.why_closed(learner):
            raise HandInRefused(code)
        return self.create(
            exercise=exercise,
            version_id=exercise.versions.order_by("-number").values_list("pk", flat=True)[0],
            learner=learner,
            attempt=last + 1,
            notebook=notebook,
            filename=filename[-255:],
            sha256=sha256,
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
            self.grades.create(version=self.version, **Grade.fields_of(outcome))
        return True

    def give_back(self, detail: str) -> bool:
        """Our fault: back to the queue after a pause, or ``failed`` when it was tried GRADING_MAX_TRIES times."""
        if self.tries >= settings.GRADING_MAX_TRIES:
            return self.move(**self.given_up(storable(detail)))
        return self.move(**self.released(pause_after(self.tries)), detail=storable(detail))


class GradeQuerySet(models.QuerySet["Grade"]):
    def current(self) -> Self:
        """Of each submission the last round: the one that counts."""
        later = Grade.objects.filter(submission=OuterRef("submission"), round__gt=OuterRef("round"))
        return self.filter(~Exists(later))


class Grade(models.Model):
    """The recorded result of one submission. A regrade adds another; ``round`` 0 is the first, and exists once."""

    wagtail_reference_index_ignore = True

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="grades")
    version = models.ForeignKey(ExerciseVersion, models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(default=0)
    score = models.FloatField()
    max_score = models.FloatField()
    run_status = models.CharField(max_length=20)
    # [{"id", "points", "max_points", "passed", "outcome", "examined", "hint": {"th", "en"}}]
    checks = models.JSONField(default=list)
    feedback_html = models.JSONField(default=dict)  # {"th": …, "en": …}: the notebook as run, sanitised
    usage = models.JSONField(default=dict)
    # Every point came over the channel from the examiner: only such a grade may carry a credential.
    is_isolated = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = GradeQuerySet.as_manager()

    class Meta:
        ordering = ["submission", "-round"]
        constraints = [models.UniqueConstraint(fields=["submission", "round"], name="grade_once_per_round")]

    def __str__(self) -> str:
        return f"{self.score:g}/{self.max_score:g}"

    @classmethod
    def fields_of(cls, outcome: "Outcome") -> dict[str, Any]:
        """What a row keeps of an outcome; plain JSON only. Raises ValueError on a score that cannot be one."""
        if not 0 <= outcome.score <= outcome.max_score + 1e-9:  # not-a-number fails this too
            raise ValueError(f"a score of {outcome.score!r} out of {outcome.max_score!r}")
        return {
            "score": outcome.score,
            "max_score": outcome.max_score,
            "run_status": str(outcome.run_status or ""),
            "checks": storable([asdict(check) for check in outcome.checks]),
            "feedback_html": storable(dict(outcome.feedback_html)),
            "usage": outcome.usage.as_dict(),
            "is_isolated": outcome.is_isolated,
        }

    @property
    def feedback(self) -> str:
        """The notebook as run, in the reader's language: already sanitised when it was recorded."""
        return mark_safe(in_language(self.feedback_html))  # noqa: S308 - by grading.feedback, never the learner's bytes

    @property
    def fraction(self) -> float:
        """The score as a share of the maximum, 0..1."""
        return self.score / self.max_score if self.max_score else 0.0
