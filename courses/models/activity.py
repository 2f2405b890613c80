"""How long a learner was really at work in a course: beside the nominal hours, never in their place."""

import uuid
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

PAGE_SPEAKS_EVERY = 30  # seconds
# Two signs of life further apart than this are two visits, and what lies between them was no work.
LONGEST_GAP = timedelta(seconds=75)
# Reading a long page moves nothing: so long without input still counts, and no second more.
IDLE_AT_MOST = timedelta(minutes=5)


class Presence(models.Model):
    """When any page of a learner last gave a sign of life: the one clock that all their tabs share."""

    wagtail_reference_index_ignore = True

    learner = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.learner_id} {self.last_at}"


class ActiveTime(models.Model):
    """The seconds of one learner in one course on one day of Bangkok's."""

    wagtail_reference_index_ignore = True

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="active_times")
    course_key = models.UUIDField(_("course"))
    day = models.DateField()
    seconds = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("active time")
        verbose_name_plural = _("active times")
        constraints = [models.UniqueConstraint(fields=["learner", "course_key", "day"], name="active_time_once")]

    def __str__(self) -> str:
        return f"{self.learner_id} {self.day}: {self.seconds} s"


def hear(learner: "_User", course_key: uuid.UUID, *, idle: timedelta, now: datetime | None = None) -> int:
    """A sign of life of one page; ``idle``: how long nothing was typed or moved there. Returns the seconds it added.

    What passed since the last sign of *any* page of the learner is added once: by the page that moved the clock.
    """
    now = now or timezone.now()
    if idle > IDLE_AT_MOST:
        return 0
    presence, is_new = Presence.objects.get_or_create(learner=learner, defaults={"last_at": now})
    since = now - presence.last_at
    if is_new or since <= timedelta(0):
        return 0
    if not Presence.objects.filter(pk=presence.pk, last_at=presence.last_at).update(last_at=now):
        return 0  # another tab spoke at the same moment
    seconds = int(since.total_seconds())
    if since > LONGEST_GAP or not seconds:
        return 0
    day: date = timezone.localdate(now)
    row, _is_new = ActiveTime.objects.get_or_create(learner=learner, course_key=course_key, day=day)
    ActiveTime.objects.filter(pk=row.pk).update(seconds=F("seconds") + seconds)
    return seconds


def active_minutes(learner: "_User", course_keys: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Whole minutes by course; a course without any is missing."""
    own = ActiveTime.objects.filter(learner=learner, course_key__in=course_keys)
    sums = own.values_list("course_key").annotate(total=Sum("seconds"))
    return {key: total // 60 for key, total in sums}
