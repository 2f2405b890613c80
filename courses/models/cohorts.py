"""Learners who take a course together, by dates. The dates set a pace and close nothing: exercises have rules of their
own. A date is a day in Bangkok, and the whole of it is still in time."""

import secrets
import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import _User
    from django.db.models.fields.related_descriptors import RelatedManager

# Without letters and digits that are taken for one another when they are read aloud.
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"


def new_code() -> str:
    """What members join by: not to be guessed, and short enough for a slide."""
    return "".join(secrets.choice(CODE_LETTERS) for _place in range(8))


class CohortQuerySet(models.QuerySet["Cohort"]):
    def of(self, learner: "_User") -> Self:
        return self.filter(members__learner=learner)


class Cohort(models.Model):
    """A group in one course."""

    name = models.CharField(_("name"), max_length=200)
    course_key = models.UUIDField(_("course"))  # CoursePage.translation_key
    code = models.CharField(_("code to join by"), max_length=12, unique=True, default=new_code, editable=False)
    is_open = models.BooleanField(_("takes members by its code"), default=True)
    sends_reminders = models.BooleanField(_("reminds by e-mail"), default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    objects = CohortQuerySet.as_manager()
    members: "RelatedManager[CohortMember]"
    due_dates: "RelatedManager[DueDate]"

    class Meta:
        verbose_name = _("cohort")
        verbose_name_plural = _("cohorts")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["course_key"], name="cohort_course")]

    def __str__(self) -> str:
        return self.name


class CohortMember(models.Model):
    """One learner in one cohort."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="members")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["cohort", "learner"], name="cohort_member_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} in {self.cohort_id}"


class DueDate(models.Model):
    """By when a cohort means to have done a module, or the whole course."""

    cohort = models.ForeignKey(Cohort, models.CASCADE, related_name="due_dates")
    page_key = models.UUIDField()  # translation_key of the course or of a module
    due_on = models.DateField(_("due"))

    class Meta:
        ordering = ["due_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["cohort", "page_key"], name="due_date_once")]
        indexes = [models.Index(fields=["due_on"], name="due_date_day")]

    def __str__(self) -> str:
        return f"{self.page_key} {self.due_on}"


class Reminder(models.Model):
    """That one learner was reminded of one date, so many days before it. A date that moves is reminded of anew."""

    due_date = models.ForeignKey(DueDate, models.CASCADE, related_name="+")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    due_on = models.DateField()
    days = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["due_date", "learner", "due_on", "days"], name="reminded_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.due_on} -{self.days}"


def dates_for(learner: "_User", course_keys: list[uuid.UUID]) -> list[DueDate]:
    """The dates of the learner's cohorts in these courses, the nearest first."""
    own = DueDate.objects.filter(cohort__members__learner=learner, cohort__course_key__in=course_keys)
    return list(own.select_related("cohort"))
