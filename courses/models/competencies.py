"""What people in an office should be able to do: versioned frameworks, what courses raise, what roles need, and paths.

A framework's version is data and stays as it was: another version is another framework. Nothing of a learner is stored
here but what they state of themselves; what they have shown is computed from grades (``courses.competence``).
"""

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.admin import display
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from grading.models import Exercise, Quiz

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

MOST_LEVELS = 8


class InTwoLanguages(models.Model):
    """Something with a Thai and an English name."""

    name_th = models.CharField(_("name in Thai"), max_length=250)
    name_en = models.CharField(_("name in English"), max_length=250)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    @display(description=_("Name"))
    def name(self) -> str:
        return self.name_en if (get_language() or "").startswith("en") else self.name_th


class Framework(InTwoLanguages):
    """One version of a set of competencies, such as ``ocsc-2566``."""

    slug = models.SlugField(_("code"), max_length=60, unique=True)
    version = models.CharField(_("version"), max_length=20)
    levels = models.PositiveSmallIntegerField(
        _("number of levels"), default=3, validators=[MinValueValidator(1), MaxValueValidator(MOST_LEVELS)]
    )
    url = models.URLField(_("address"), max_length=400, blank=True)
    # The one that roles and self-assessments speak of; older ones stay for what was issued under them.
    is_current = models.BooleanField(_("in use"), default=True)

    competencies: "RelatedManager[Competency]"

    class Meta:
        verbose_name = _("framework")
        verbose_name_plural = _("frameworks")
        ordering = ["slug"]


class Competency(InTwoLanguages):
    """One statement of a framework."""

    framework = models.ForeignKey(Framework, models.CASCADE, related_name="competencies", verbose_name=_("framework"))
    code = models.CharField(_("code"), max_length=80)
    url = models.URLField(_("address"), max_length=400, blank=True)
    sort_order = models.PositiveSmallIntegerField(_("place"), default=0)

    class Meta:
        verbose_name = _("competency")
        verbose_name_plural = _("competencies")
        ordering = ["framework", "sort_order", "code"]
        constraints = [models.UniqueConstraint(fields=["framework", "code"], name="competency_code_once")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class CourseCompetency(models.Model):
    """What shows a competency: one exercise or one quiz of a course, or the whole of it where neither is named."""

    course_key = models.UUIDField(_("course"))
    competency = models.ForeignKey(Competency, models.PROTECT, related_name="shown_by", verbose_name=_("competency"))
    level = models.PositiveSmallIntegerField(
        _("level it shows"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_LEVELS)]
    )
    exercise = models.ForeignKey(
        Exercise, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exercise")
    )
    quiz = models.ForeignKey(Quiz, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("quiz"))

    class Meta:
        verbose_name = _("what shows a competency")
        verbose_name_plural = _("what shows competencies")
        ordering = ["course_key", "competency", "level", "pk"]
        indexes = [models.Index(fields=["course_key"], name="course_competency_course")]

    def __str__(self) -> str:
        return f"{self.competency} {self.level}"

    def clean(self) -> None:
        if self.exercise_id and self.quiz_id:
            raise ValidationError(_("Name an exercise or a quiz, not both."))
        if self.competency_id and self.level and self.level > self.competency.framework.levels:
            raise ValidationError({"level": _("The framework has no such level.")})


class Role(InTwoLanguages, ClusterableModel):  # type: ignore[django-manager-missing]
    """A kind of work, with what it needs."""

    slug = models.SlugField(_("code"), max_length=60, unique=True)
    sort_order = models.PositiveSmallIntegerField(_("place"), default=0)

    targets: "RelatedManager[RoleTarget]"
    paths: "RelatedManager[Path]"

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["sort_order", "slug"]


class RoleTarget(Orderable):
    """The level that a role needs in a competency."""

    role = ParentalKey(Role, on_delete=models.CASCADE, related_name="targets")
    competency = models.ForeignKey(Competency, models.PROTECT, related_name="+", verbose_name=_("competency"))
    level = models.PositiveSmallIntegerField(
        _("level needed"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_LEVELS)]
    )

    class Meta(Orderable.Meta):
        constraints = [models.UniqueConstraint(fields=["role", "competency"], name="role_target_once")]

    def __str__(self) -> str:
        return f"{self.competency} {self.level}"


class Path(InTwoLanguages, ClusterableModel):  # type: ignore[django-manager-missing]
    """An ordered set of courses toward a role."""

    class Kind(models.TextChoices):
        UP_SKILL = "up-skill", _("Up-skill: deeper in one's present work")
        RE_SKILL = "re-skill", _("Re-skill: toward another role")

    slug = models.SlugField(_("code"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.UP_SKILL)
    role = models.ForeignKey(Role, models.PROTECT, related_name="paths", verbose_name=_("role"))
    summary_th = models.TextField(_("summary in Thai"), blank=True)
    summary_en = models.TextField(_("summary in English"), blank=True)
    is_published = models.BooleanField(_("published"), default=True)

    steps: "RelatedManager[PathStep]"

    class Meta:
        verbose_name = _("path")
        verbose_name_plural = _("paths")
        ordering = ["role__sort_order", "slug"]

    @property
    def summary(self) -> str:
        return self.summary_en if (get_language() or "").startswith("en") else self.summary_th


class PathStep(Orderable):
    """A course of a path."""

    path = ParentalKey(Path, on_delete=models.CASCADE, related_name="steps")
    course_key = models.UUIDField(_("course"))

    class Meta(Orderable.Meta):
        constraints = [models.UniqueConstraint(fields=["path", "course_key"], name="path_step_once")]

    def __str__(self) -> str:
        return str(self.course_key)


class ChosenPath(models.Model):
    """A learner follows a path: it is on their desk."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    path = models.ForeignKey(Path, models.CASCADE, related_name="+")
    chosen_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["chosen_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["learner", "path"], name="path_chosen_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.path_id}"


class Prerequisite(models.Model):
    """What to have done before a course: another course, or a quiz that shows as much."""

    course_key = models.UUIDField(_("course"))
    requires_key = models.UUIDField(_("course to have done before"))
    placement_quiz = models.ForeignKey(
        Quiz,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("or this quiz"),
        help_text=_("Anybody may take it: whoever passes needs not take the other course."),
    )
    is_required = models.BooleanField(
        _("nobody enrolls without it"), default=False, help_text=_("Otherwise it is advice.")
    )

    class Meta:
        verbose_name = _("prerequisite")
        verbose_name_plural = _("prerequisites")
        ordering = ["course_key", "pk"]
        constraints = [models.UniqueConstraint(fields=["course_key", "requires_key"], name="prerequisite_once")]

    def __str__(self) -> str:
        return f"{self.requires_key} → {self.course_key}"

    def clean(self) -> None:
        if self.course_key and self.course_key in _everything_before(self.requires_key):
            raise ValidationError({"requires_key": _("That course needs this one, directly or by others.")})


def _everything_before(key: uuid.UUID) -> set[uuid.UUID]:
    """The course itself and all that it needs."""
    pairs: Any = list(Prerequisite.objects.values_list("course_key", "requires_key"))
    found, fresh = {key}, {key}
    while fresh:
        fresh = {needed for course, needed in pairs if course in fresh} - found
        found |= fresh
    return found


class SelfAssessment(models.Model):
    """What a learner says of themselves. It plans, and proves nothing."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="self_assessments")
    competency = models.ForeignKey(Competency, models.CASCADE, related_name="+")
    level = models.PositiveSmallIntegerField(validators=[MaxValueValidator(MOST_LEVELS)])
    assessed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["learner", "competency"], name="self_assessed_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.competency_id}: {self.level}"
