"""An event, what is to be solved in it, and who takes part. Scores are nowhere here: see ``board``."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from courses.models.cohorts import new_code
from grading.models import Exercise, Provider

if TYPE_CHECKING:
    from django.contrib.auth.models import _User
    from django.db.models.fields.related_descriptors import RelatedManager

LARGEST_TEAM = 10


class EventQuerySet(models.QuerySet["Event"]):
    def published(self) -> Self:
        return self.filter(is_published=True)

    def under_way(self) -> Self:
        return self.filter(starts_at__lte=Now(), ends_at__gt=Now())


class Event(models.Model):
    """A challenge between two moments; people read them as Bangkok's. Its exercises have them as their own rules, so
    that handing in is decided where it always is."""

    slug = models.SlugField(_("code"), max_length=80, unique=True)
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    title_th = models.CharField(_("title in Thai"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200)
    brief_th = models.TextField(_("what it is about, in Thai"), max_length=5000)
    brief_en = models.TextField(_("what it is about, in English"), max_length=5000, blank=True)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    freezes_at = models.DateTimeField(
        _("board stands still from"),
        null=True,
        blank=True,
        help_text=_("Until the result is published. Empty: it never does."),
    )
    team_size = models.PositiveSmallIntegerField(
        _("people in a team, at most"), default=4, validators=[MinValueValidator(1), MaxValueValidator(LARGEST_TEAM)]
    )
    shows_board = models.BooleanField(_("shows the board while it lasts"), default=True)
    is_published = models.BooleanField(_("published"), default=False)
    result_at = models.DateTimeField(null=True, editable=False)  # when the result was published
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = EventQuerySet.as_manager()
    challenges: "RelatedManager[Challenge]"
    teams: "RelatedManager[Team]"

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="event_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(freezes_at__isnull=True)
                | (Q(freezes_at__gt=F("starts_at")) & Q(freezes_at__lt=F("ends_at"))),
                name="event_freezes_while_it_lasts",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("courses:events:event", args=[self.slug])

    @property
    def title(self) -> str:
        """The title in the reader's language."""
        return self.title_en if (get_language() or "").startswith("en") else self.title_th

    @property
    def brief(self) -> str:
        """The text in the reader's language, or in Thai."""
        return (self.brief_en if (get_language() or "").startswith("en") else "") or self.brief_th

    @property
    def has_begun(self) -> bool:
        return timezone.now() >= self.starts_at

    @property
    def is_over(self) -> bool:
        return timezone.now() >= self.ends_at

    @property
    def is_under_way(self) -> bool:
        return self.has_begun and not self.is_over

    @property
    def state(self) -> str:
        """before, on, still (the board does not move), over or result."""
        if self.result_at:
            return "result"
        if self.is_over:
            return "over"
        return ("still" if self.is_frozen else "on") if self.has_begun else "before"

    def board_until(self, now: datetime) -> datetime:
        """Up to when submissions stand on the board: it stands still until the result is published."""
        is_still = self.freezes_at is not None and now >= self.freezes_at and self.result_at is None
        return self.freezes_at if is_still and self.freezes_at else min(now, self.ends_at)

    @property
    def is_frozen(self) -> bool:
        return bool(self.freezes_at and self.result_at is None and timezone.now() >= self.freezes_at)


class Challenge(models.Model):
    """An exercise of an event. It is in no other event and in no course: its rules are the event's."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="challenges")
    exercise = models.OneToOneField(Exercise, models.PROTECT, related_name="challenge")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.exercise} in {self.event_id}"


class Team(models.Model):
    """Those who solve an event together. ``out_at``: taken off the board by whoever runs it, and why."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="teams")
    name = models.CharField(_("name of the team"), max_length=60)
    code = models.CharField(_("code to join by"), max_length=12, unique=True, default=new_code, editable=False)
    out_at = models.DateTimeField(null=True, editable=False)
    out_reason = models.CharField(_("reason"), max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    members: "RelatedManager[TeamMember]"

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint("event", models.functions.Lower("name"), name="team_name_once")]

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    """One person in one team, and in one only of each event."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    joined_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True)  # of the result

    class Meta:
        ordering = ["joined_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["event", "person"], name="one_team_in_each_event")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.team_id}"


def team_of(person: "_User", event: Event) -> Team | None:
    """The team in which this person takes part."""
    return Team.objects.filter(event=event, members__person=person).first()
