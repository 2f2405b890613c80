"""What can be graded: an exercise, its versions, the files that it reads, and the rules by which work is taken."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from grading.models.audit import AuditEntry, record
from grading.models.providers import Provider
from grading.policies import Counts, Decision, Extra, LateRule, Policy, decide

if TYPE_CHECKING:
    from django.contrib.auth.models import _User
    from django.db.models.fields.related_descriptors import RelatedManager

    from grading.models.people import Extension
    from grading.models.submissions import Submission


class Exercise(models.Model):
    """One gradable notebook. What it contains is in its versions; submissions point at the one they met."""

    class Counting(models.TextChoices):
        BEST = Counts.BEST.value, _("the best")
        LAST = Counts.LAST.value, _("the last")

    class Late(models.TextChoices):
        REFUSED = LateRule.REFUSED.value, _("nothing is taken")
        PENALTY = LateRule.PENALTY.value, _("taken, with points off")

    # The fields that are a rule: what an audit entry shows before and after, and what a course may set for all.
    RULES = (
        "max_attempts",
        "cooldown_minutes",
        "counts",
        "opens_at",
        "due_at",
        "late_rule",
        "late_percent",
        "late_days",
        "is_open",
    )

    slug = models.SlugField(_("code"), max_length=80, unique=True)
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    title_th = models.CharField(_("title in Thai"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200)
    max_attempts = models.PositiveSmallIntegerField(
        _("attempts allowed"), null=True, blank=True, help_text=_("Empty: as many as one likes.")
    )
    is_open = models.BooleanField(_("takes submissions"), default=True)
    cooldown_minutes = models.PositiveIntegerField(_("minutes between two attempts"), default=0)
    counts = models.CharField(_("which attempt counts"), max_length=5, choices=Counting, default=Counting.BEST)
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    late_rule = models.CharField(_("after the due date"), max_length=8, choices=Late, default=Late.REFUSED)
    late_percent = models.PositiveSmallIntegerField(
        _("percent off for each day started"),
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    late_days = models.PositiveSmallIntegerField(
        _("days after which nothing is taken any more"),
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
    )

    versions: "RelatedManager[ExerciseVersion]"
    submissions: "RelatedManager[Submission]"
    extensions: "RelatedManager[Extension]"

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
        """The newest published version: what a learner downloads today. Its notebook is read when it is asked for."""
        return self.versions.filter(is_draft=False).order_by("-number").defer("source").first()

    @property
    def newest(self) -> "ExerciseVersion | None":
        """The newest version, draft or not: what its authors work on."""
        return self.versions.order_by("-number").defer("source").first()

    def add_version(
        self,
        *,
        source: bytes,
        max_score: float,
        files: Iterable["DataFile"],
        limits: dict[str, Any],
        author: "_User",
        is_draft: bool = False,
    ) -> "ExerciseVersion":
        """Stores the next version with copies of ``files``; the newest one instead when nothing differs from it."""
        digest = hashlib.sha256(source).hexdigest()
        files = list(files)
        with transaction.atomic():
            Exercise.objects.select_for_update().get(pk=self.pk)  # two authors saving at once take turns
            newest = self.newest
            if newest and newest.is_same(digest, files, limits):
                return newest
            version = self.versions.create(
                number=newest.number + 1 if newest else 1,
                source=source,
                sha256=digest,
                max_score=max_score,
                limits=limits,
                author=author,
                is_draft=is_draft,
            )
            DataFile.objects.bulk_create(
                DataFile(version=version, name=file.name, content=file.content, is_hidden=file.is_hidden)
                for file in files
            )
        return version

    @property
    def policy(self) -> Policy:
        """The rules as a value."""
        return Policy(
            is_open=self.is_open,
            max_attempts=self.max_attempts,
            cooldown=timedelta(minutes=self.cooldown_minutes),
            counts=Counts(self.counts),
            opens_at=self.opens_at,
            due_at=self.due_at,
            late_rule=LateRule(self.late_rule),
            late_percent=self.late_percent,
            late_days=self.late_days,
        )

    def decision_for(self, learner: "_User") -> Decision:
        """Whether the learner may hand in now, by the database's clock, and what it would cost.

        What was refused or failed through us costs nothing and starts no pause.
        """
        # Read anew, and the clock with it: the rules may have changed since this instance was loaded.
        fresh: Any = Exercise.objects.annotate(now=Now()).get(pk=self.pk)
        submissions = apps.get_model("grading", "Submission").objects
        counted = submissions.filter(exercise=self, learner=learner).counted()
        used = counted.aggregate(used=models.Count("pk"), last_at=models.Max("submitted_at"))
        extension = self.extensions.filter(learner=learner).first()
        extra = Extra(extension.due_at, extension.extra_attempts) if extension else None
        return decide(fresh.policy, now=fresh.now, extra=extra, **used)

    def attempts_left(self, learner: "_User") -> int | None:
        """How many more hand-ins; None when unlimited. What was refused or failed through us costs nothing."""
        return self.decision_for(learner).attempts_left

    def why_closed(self, learner: "_User") -> str:
        """'' when the learner may hand in, else the code of a HandInRefused."""
        return self.decision_for(learner).code or ("" if self.versions.filter(is_draft=False).exists() else "empty")


class PublishRefused(Exception):
    """A draft that learners may not meet. ``code``: published, superseded, unchecked or errors."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class ExerciseVersion(models.Model):
    """An author's notebook and its data files, as uploaded. Never changed, but published once: a correction is the
    next version. A draft is its authors' alone."""

    # No page is told where these are used: saves Wagtail two writes with every row.
    wagtail_reference_index_ignore = True

    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    source = models.BinaryField(_("source notebook"))
    sha256 = models.CharField(max_length=64)
    max_score = models.FloatField(_("points"))
    limits = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    is_draft = models.BooleanField(_("draft"), default=False)
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

    def publish(self, by: "_User") -> None:
        """Learners meet this version from now on.

        Raises:
            PublishRefused: it is no draft; a newer version is out; its pre-flight is missing or not done, or found
                errors.
        """
        with transaction.atomic():
            exercise = Exercise.objects.select_for_update().get(pk=self.exercise_id)
            if code := self._why_no_publishing(exercise):
                raise PublishRefused(code)
            before = {"version": exercise.current.number if exercise.current else None}
            if not exercise.versions.filter(pk=self.pk, is_draft=True).update(is_draft=False):
                raise PublishRefused("published")
            record(
                AuditEntry.Action.VERSION, exercise=exercise, actor=by, before=before, after={"version": self.number}
            )
        self.is_draft = False

    def _why_no_publishing(self, exercise: Exercise) -> str:
        if not exercise.versions.filter(pk=self.pk, is_draft=True).exists():
            return "published"
        if exercise.versions.filter(is_draft=False, number__gt=self.number).exists():
            return "superseded"
        report = apps.get_model("grading", "PreflightReport").objects.filter(version=self).first()
        if report is None or report.status != "done":
            return "unchecked"
        return "" if report.is_publishable else "errors"


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
