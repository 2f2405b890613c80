"""One learner in one course, and the lessons they have finished.

Both name pages by translation key, so that the Thai and the English page share one record: switching the language
loses nothing. What was achieved in exercises is read from grades and never written here.
"""

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class EnrollmentQuerySet(models.QuerySet["Enrollment"]):
    def of(self, learner: "_User") -> Self:
        return self.filter(learner=learner)

    def enroll(self, *, learner: "_User", course_key: uuid.UUID) -> "Enrollment":
        """The learner's enrollment, made if there was none; two clicks at once still make one."""
        return self.get_or_create(learner=learner, course_key=course_key)[0]


class Enrollment(models.Model):
    """One learner in one course."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="enrollments")
    course_key = models.UUIDField(_("course"))  # CoursePage.translation_key
    enrolled_at = models.DateTimeField(_("enrolled"), db_default=Now())

    objects = EnrollmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("enrollment")
        verbose_name_plural = _("enrollments")
        ordering = ["-enrolled_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["learner", "course_key"], name="enrolled_once")]
        indexes = [models.Index(fields=["course_key"], name="enrollment_course")]

    def __str__(self) -> str:
        return f"{self.learner_id} in {self.course_key}"


class LessonCompletionQuerySet(models.QuerySet["LessonCompletion"]):
    def mark(self, *, learner: "_User", lesson_key: uuid.UUID, is_done: bool) -> None:
        """Marks a lesson done or not done; asking twice changes nothing."""
        if is_done:
            self.get_or_create(learner=learner, lesson_key=lesson_key)
        else:
            self.filter(learner=learner, lesson_key=lesson_key).delete()


class LessonCompletion(models.Model):
    """A learner says: this lesson is done."""

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="lesson_completions")
    lesson_key = models.UUIDField(_("lesson"))  # LessonPage.translation_key
    completed_at = models.DateTimeField(_("completed"), db_default=Now())

    objects = LessonCompletionQuerySet.as_manager()

    class Meta:
        verbose_name = _("completed lesson")
        verbose_name_plural = _("completed lessons")
        constraints = [models.UniqueConstraint(fields=["learner", "lesson_key"], name="lesson_done_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} did {self.lesson_key}"
