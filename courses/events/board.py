"""The standings of an event, from submissions and a moment alone: asked again later, they are the same.

A team's points in an exercise are those of its best graded submission in time, whoever of the team handed it in; its
time is when its total was reached. More points first, then the earlier time; who is equal in both shares a rank.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from courses.events.models import Event, Team, TeamMember
from grading.models import Submission

KEPT_SECONDS = 5  # many look at the same board


@dataclass(frozen=True, slots=True)
class Entry:
    """One graded submission: of which team, for which exercise (primary keys), when, and its points."""

    team: int
    exercise: int
    at: datetime
    points: float


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of the board. ``points_of``: by exercise; ``took``: from the beginning to the last gain of points."""

    rank: int
    team: int
    points: float
    points_of: dict[int, float]
    took: timedelta | None


@dataclass(frozen=True, slots=True)
class Board:
    """``until``: what was handed in later is not on it. ``waiting``: how many submissions in time are not graded."""

    standings: list[Standing]
    until: datetime
    waiting: int


def standings(entries: Iterable[Entry], teams: Iterable[int], starts_at: datetime) -> list[Standing]:
    """The order of all ``teams``, those without points last."""
    best: dict[tuple[int, int], Entry] = {}
    for entry in sorted(entries, key=lambda entry: entry.at):
        key = entry.team, entry.exercise
        if entry.points > (best[key].points if key in best else 0):
            best[key] = entry
    lines = []
    for team in teams:
        own = {exercise: entry for (of, exercise), entry in best.items() if of == team}
        # Points are sums of fractions: what differs by less is the same.
        points = round(sum(entry.points for entry in own.values()), 6)
        took = max((entry.at for entry in own.values()), default=starts_at) - starts_at if own else None
        lines.append((team, points, {exercise: entry.points for exercise, entry in own.items()}, took))
    order = sorted(lines, key=lambda line: _place(line[1], line[3]))
    places = [_place(points, took) for _team, points, _by, took in order]
    return [
        Standing(places.index(place) + 1, team, points, by, took)
        for place, (team, points, by, took) in zip(places, order, strict=True)
    ]


def _place(points: float, took: timedelta | None) -> tuple[float, timedelta]:
    return -points, took or timedelta(0)


def board_of(event: Event, seen_by: Team | None = None) -> Board:
    """The board as it is to be seen now; at most ``KEPT_SECONDS`` old, and never without the team that looks at it."""
    until = event.board_until(timezone.now())
    key = f"event-board:{event.pk}:{bool(event.result_at)}:{event.is_frozen}"
    kept = cache.get(key)
    if kept is not None:
        found = _unpacked(kept)
        if seen_by is None or seen_by.out_at or any(line.team == seen_by.pk for line in found.standings):
            return found
    found = board_at(event, until)
    cache.set(key, _packed(found), KEPT_SECONDS)
    return found


def board_at(event: Event, until: datetime) -> Board:
    """The board of all that was handed in from the event's beginning up to ``until``, as it is graded today. From the
    end on that is whatever was taken in time: the exercises' rules have decided that already."""
    team_of = dict(TeamMember.objects.filter(event=event, team__out_at=None).values_list("person_id", "team_id"))
    in_time = Submission.objects.filter(
        exercise__in=event.challenges.values("exercise"),
        learner__in=TeamMember.objects.filter(event=event).values("person"),
        submitted_at__gte=event.starts_at,
        late_days=0,
    )
    if until < event.ends_at:
        in_time = in_time.filter(submitted_at__lte=until)
    rows = in_time.graded().order_by("submitted_at", "pk")
    found = rows.values_list("learner_id", "exercise_id", "submitted_at", "score")  # type: ignore[misc]
    entries = [Entry(team_of[who], what, at, score) for who, what, at, score in found if who in team_of]
    teams = Team.objects.filter(event=event, out_at=None).values_list("pk", flat=True)
    return Board(standings(entries, teams, event.starts_at), until, in_time.pending().count())


def _packed(board: Board) -> str:
    lines = [
        [one.rank, one.team, one.points, list(one.points_of.items()), one.took and one.took.total_seconds()]
        for one in board.standings
    ]
    return json.dumps([lines, board.until.isoformat(), board.waiting])


def _unpacked(kept: str) -> Board:
    lines, until, waiting = json.loads(kept)
    found = [
        Standing(rank, team, points, dict(by), None if took is None else timedelta(seconds=took))
        for rank, team, points, by, took in lines
    ]
    return Board(found, datetime.fromisoformat(until), waiting)
