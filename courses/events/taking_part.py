"""Who may take part in an event, and what they may do when. Asked by the pages, and wherever access is decided."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.db.models.functions import Now

from courses.events.models import Event, Team, TeamMember, team_of
from grading import providers
from grading.models import Exercise, Extension

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User


class Refused(Exception):
    """Nothing was changed. ``code``: over, begun, member (of a team already), full, unknown, taken (the name), runs
    (whoever may see the hidden checks does not compete)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def may_take(person: "_User | AnonymousUser", exercise: Exercise) -> bool:
    """Whether the exercise is of an event that has begun, by the database's clock, and this person is in a team."""
    begun = Event.objects.published().filter(challenges__exercise=exercise, starts_at__lte=Now())
    return TeamMember.objects.filter(event__in=begun, person=person.pk).exists()


def event_of(exercise: Exercise) -> Event | None:
    """The published event to which the exercise belongs."""
    return Event.objects.published().filter(challenges__exercise=exercise).first()


def is_secret(exercise: Exercise) -> bool:
    """Whether people must not talk about it yet: its event is not over, or somebody has been granted more time."""
    return bool(still_secret([exercise.pk]))


def still_secret(exercises: Iterable[Any]) -> list[Exercise]:
    """Of the exercises with these primary keys those that people must not see or talk about outside the event."""
    lasts = Q(challenge__event__ends_at__gt=Now()) | Q(challenge__isnull=False, extensions__due_at__gt=Now())
    return list(Exercise.objects.filter(lasts, pk__in=list(exercises)).distinct())


def closes_at(event: Event) -> datetime:
    """When the last of those who take part can hand in no more: at the end, or when an extension is over."""
    granted = Extension.objects.filter(
        exercise__challenge__event=event, learner__in=TeamMember.objects.filter(event=event).values("person")
    )
    latest: datetime | None = granted.aggregate(latest=Max("due_at"))["latest"]
    return max(event.ends_at, latest or event.ends_at)


def runs(person: "_User | AnonymousUser", event: Event) -> bool:
    """Whether this person may see what is hidden from those who compete."""
    if not person.has_perm("grading.view_exercise"):
        return False
    owners = {event.provider_id, *event.challenges.values_list("exercise__provider", flat=True)}
    return any(providers.is_visible(owner, person) for owner in owners)


def found_team(event: Event, person: "_User", name: str) -> Team:
    """Makes a team with this person in it. Raises Refused."""
    _let_in(event, person)
    try:
        with transaction.atomic():
            team = Team.objects.create(event=event, name=name)
    except IntegrityError:
        raise Refused("taken") from None
    try:
        _add(team, person)
    except Refused:
        team.delete()
        raise
    return team


def join(event: Event, person: "_User", code: str) -> Team:
    """Puts this person into the team with this code. Raises Refused."""
    _let_in(event, person)
    with transaction.atomic():
        # Two people at the last place take turns.
        team = Team.objects.select_for_update().filter(event=event, code=code, out_at=None).first()
        if team is None:
            raise Refused("unknown")
        if team.members.count() >= event.team_size:
            raise Refused("full")
        _add(team, person)
    return team


def leave(event: Event, person: "_User") -> None:
    """Out of the team, until the event begins; a team without members is no more. Raises Refused."""
    if event.has_begun:
        raise Refused("begun")
    with transaction.atomic():
        team = team_of(person, event)
        if team is None:
            return
        team = Team.objects.select_for_update().get(pk=team.pk)
        TeamMember.objects.filter(team=team, person=person).delete()
        if not team.members.exists():
            team.delete()


def forget(person: "_User") -> None:
    """Takes the person out of every team, whenever its event was; a team without members is no more, nor its name."""
    teams = list(Team.objects.filter(members__person=person.pk).values_list("pk", flat=True))
    TeamMember.objects.filter(person=person.pk).delete()
    Team.objects.filter(pk__in=teams, members=None).delete()


def _let_in(event: Event, person: "_User") -> None:
    if event.is_over:
        raise Refused("over")
    if runs(person, event):
        raise Refused("runs")
    if team_of(person, event):
        raise Refused("member")


def _add(team: Team, person: "_User") -> None:
    try:
        with transaction.atomic():
            TeamMember.objects.create(event_id=team.event_id, team=team, person=person)
    except IntegrityError:
        raise Refused("member") from None  # at the same moment, in another window
