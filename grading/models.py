"""What can be graded, what was handed in, and what came of it.

The row is the truth: a queue message only says "look". A submission moves queued → running → graded | refused |
failed, and every move is one conditional update, so that two workers can never both own it.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Exercise(models.Model):
    """One gradable notebook. What it contains is in its versions; submissions point at the one they met."""

    slug = models.SlugField(_("code"), max_length=80, unique=True)
    title_th = models.CharField(_("title in Thai"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200)
    max_attempts = models.PositiveSmallIntegerField(_("attempts allowed"), null=True, blank=True)
    is_open = models.BooleanField(_("takes submissions"), default=True)

    versions: "models.manager.RelatedManager[ExerciseVersion]"

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
        """The newest version: what a learner downloads today."""
        return self.versions.order_by("-number").first()


class ExerciseVersion(models.Model):
    """An author's notebook and its data files, as uploaded. Never changed: a correction is the next version."""

    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    source = models.BinaryField(_("source notebook"))
    sha256 = models.CharField(max_length=64)
    max_score = models.FloatField(_("points"))
    limits = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    files: "models.manager.RelatedManager[DataFile]"

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["exercise", "number"], name="exercise_version_number")]

    def __str__(self) -> str:
        return f"{self.exercise.slug} v{self.number}"


class DataFile(models.Model):
    """A file that the notebook reads. A hidden one is only ever given to the examiner."""

    version = models.ForeignKey(ExerciseVersion, models.CASCADE, related_name="files")
    name = models.CharField(max_length=150)
    content = models.BinaryField()
    is_hidden = models.BooleanField(default=False)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["version", "name"], name="data_file_name")]

    def __str__(self) -> str:
        return self.name


class Submission(models.Model):
    """One handed-in notebook: immutable bytes, their hash, and how far grading has come."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being graded")
        GRADED = "graded", _("graded")
        REFUSED = "refused", _("not gradable")
        FAILED = "failed", _("our error")

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
    tries = models.PositiveSmallIntegerField(default=0)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    submitted_at = models.DateTimeField(db_default=Now(), db_index=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-submitted_at"]
        constraints = [models.UniqueConstraint(fields=["exercise", "learner", "attempt"], name="submission_attempt")]

    def __str__(self) -> str:
        return str(self.id)


class Grade(models.Model):
    """The recorded result of one submission. A regrade adds another; ``round`` 0 is the first, and exists once."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="grades")
    version = models.ForeignKey(ExerciseVersion, models.PROTECT, related_name="+")
    round = models.PositiveSmallIntegerField(default=0)
    score = models.FloatField()
    max_score = models.FloatField()
    run_status = models.CharField(max_length=20)
    # [{"id", "points", "max_points", "passed", "outcome", "examined", "hints": [{"th", "en"}…]}]
    checks = models.JSONField(default=list)
    feedback_html = models.JSONField(default=dict)  # {"th": …, "en": …}: the notebook as run, sanitised
    usage = models.JSONField(default=dict)
    # Every point came over the channel from the examiner: only such a grade may carry a credential.
    is_isolated = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["submission", "-round"]
        constraints = [models.UniqueConstraint(fields=["submission", "round"], name="grade_once_per_round")]

    def __str__(self) -> str:
        return f"{self.score:g}/{self.max_score:g}"

    @property
    def fraction(self) -> float:
        """The score as a share of the maximum, 0..1."""
        return self.score / self.max_score if self.max_score else 0.0
