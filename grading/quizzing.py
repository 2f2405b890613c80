"""Taking a quiz: begin, save, hand in. By the database's clock; what a learner sends is answers and nothing else."""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, F, Max, Value
from django.db.models.functions import Coalesce, Least, Now

from grading.models import Quiz, QuizAttempt, QuizDraw
from grading.quizzes import drawing, marking
from grading.quizzes.items import MOST_PARTS

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

log = logging.getLogger(__name__)

# What was sent before the end may arrive a little later.
GRACE = timedelta(seconds=20)
START_RACES = 20
MOST_PER_SWEEP = 500


class QuizRefused(Exception):
    """An attempt that may not begin. ``code``: of ``policies.Code``, or ``empty``."""

    def __init__(self, code: str, allowed_at: datetime | None = None) -> None:
        self.code, self.allowed_at = code, allowed_at
        super().__init__(code)


class NotSaved(Exception):
    """Answers that were not taken. ``code``: ``finished``, ``too_late``, or ``stale``: another page was saved since."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Saved:
    """The number that the next save has to name, and when this one was made."""

    number: int
    at: datetime


def start(quiz: Quiz, learner: "_User") -> QuizAttempt:
    """The learner's attempt at ``quiz``: the one that is open, else a new one.

    Raises:
        QuizRefused: the rules do not allow one, or there are not items enough.
    """
    for _race in range(START_RACES):
        running = QuizAttempt.objects.filter(quiz=quiz, learner=learner).running().first()
        if running and not close_if_over(running):
            return running
        try:
            with transaction.atomic():
                return _next_attempt(quiz, learner)
        except IntegrityError:
            continue  # two clicks at once: the constraint let one of them in, and the next round finds it
    raise RuntimeError(f"{START_RACES} beginnings collided")


def _next_attempt(quiz: Quiz, learner: "_User") -> QuizAttempt:
    own = QuizAttempt.objects.filter(quiz=quiz, learner=learner)
    last = own.aggregate(last=Max("number"))["last"] or 0
    decision = quiz.decision_for(learner)
    if not decision.is_allowed:
        raise QuizRefused(decision.code, decision.allowed_at)
    seed = secrets.token_hex(16)
    seen = [pk for paper in own.values_list("paper", flat=True) for pk in paper]
    paper = draw_paper(quiz, seed, seen)
    limit = Now() + timedelta(minutes=quiz.minutes) if quiz.minutes else None
    closes = Value(decision.closes_at, DateTimeField()) if decision.closes_at else None
    ends_at = Least(limit, closes) if limit is not None and closes is not None else limit or closes
    attempt = QuizAttempt.objects.create(
        quiz=quiz, learner=learner, number=last + 1, seed=seed, paper=paper, ends_at=ends_at
    )
    attempt.refresh_from_db()
    return attempt


def draw_paper(quiz: Quiz, seed: str, seen: list[int] | None = None) -> list[int]:
    """Primary keys of item versions, none of one item twice; what was ``seen`` least often comes first.

    Raises:
        QuizRefused: ``empty``, when a draw has not as many items as it asks for.
    """
    dice, taken, paper = drawing.Dice(seed), set[int](), list[int]()
    draws = list(quiz.draws.all())
    # Draws of a pool first: one of the whole bank must not take what they need.
    places = sorted(range(len(draws)), key=lambda place: not draws[place].pool)
    chosen: dict[int, list[int]] = {}
    for place in places:
        chosen[place] = _drawn_by(draws[place], dice, f"draw/{place}", taken, seen or [])
    for place in range(len(draws)):
        paper += chosen[place]
    if not paper:
        raise QuizRefused("empty")
    return [paper[i] for i in dice.order("paper", len(paper))] if quiz.shuffles else paper


def is_drawable(quiz: Quiz) -> bool:
    """Whether every draw finds as many items as it asks for."""
    try:
        draw_paper(quiz, "")
    except QuizRefused:
        return False
    return True


def _drawn_by(draw: QuizDraw, dice: drawing.Dice, name: str, taken: set[int], seen: list[int]) -> list[int]:
    candidates: Any = draw.candidates().order_by("code")  # ``version`` is unknown to the type checker
    rows: list[tuple[int, int]] = list(candidates.values_list("pk", "version"))
    rows = [row for row in rows if row[0] not in taken]
    if len(rows) < draw.count:
        raise QuizRefused("empty")
    shuffled = [rows[i] for i in dice.order(name, len(rows))]
    shuffled.sort(key=lambda row: seen.count(row[1]))  # stable: chance decides between what was seen equally often
    taken.update(pk for pk, _version in shuffled[: draw.count])
    return [version for _pk, version in shuffled[: draw.count]]


def save(attempt: QuizAttempt, answers: Mapping[str, Any], *, seen: int) -> Saved:
    """Keeps ``answers`` in the place of those before. ``seen``: the number of the save that the page knew last.

    Raises:
        NotSaved: it is over, or another tab has saved since.
    """
    changed = (
        QuizAttempt.objects.running()
        .filter(pk=attempt.pk, saves=seen)
        .exclude(ends_at__lt=Now() - GRACE)
        .update(answers=tidy(attempt, answers), saves=F("saves") + 1, saved_at=Now())
    )
    attempt.refresh_from_db()
    if changed and attempt.saved_at:
        return Saved(seen + 1, attempt.saved_at)
    if attempt.is_finished:
        raise NotSaved("finished")
    raise NotSaved("stale" if attempt.saves != seen else "too_late")


def tidy(attempt: QuizAttempt, answers: Mapping[str, Any]) -> dict[str, list[str]]:
    """Of what came from outside, the answers to questions of this attempt."""
    found = {str(place): marking.tidy(answers.get(str(place)), MOST_PARTS) for place in range(len(attempt.paper))}
    return {place: answer for place, answer in found.items() if answer}


def finish(attempt: QuizAttempt, answers: Mapping[str, Any] | None = None, *, by_clock: bool = False) -> QuizAttempt:
    """Hands in and marks. What arrives too late is not taken: then what was saved in time counts. Twice is once."""
    with transaction.atomic():
        # ``now``: the moment by which lateness is decided, the database's own.
        rows: Any = QuizAttempt.objects.select_for_update(of=("self",)).select_related("quiz").annotate(now=Now())
        held = rows.get(pk=attempt.pk)
        if held.is_finished:
            return held
        is_late = held.ends_at is not None and held.now > held.ends_at + GRACE
        if answers is not None and not is_late:
            held.answers = tidy(held, answers)
            held.saves += 1
        marks = held.marks()
        held.points = [round(one.item.points * mark.share, 9) for one, mark in marks]
        held.max_score = sum(one.item.points for one, _mark in marks)
        held.score = min(sum(held.points), held.max_score)
        held.is_closed_by_clock = by_clock or is_late
        held.save(update_fields=["answers", "saves", "points", "score", "max_score", "is_closed_by_clock"])
        QuizAttempt.objects.filter(pk=held.pk).update(finished_at=Least(Now(), Coalesce("ends_at", Now())))
    held.refresh_from_db(fields=["finished_at"])
    return held


def close_if_over(attempt: QuizAttempt) -> bool:
    """Hands in an attempt whose time is over, with what was saved; whether it is over."""
    if not attempt.is_finished and QuizAttempt.objects.filter(pk=attempt.pk).overdue(GRACE).exists():
        finish(attempt, by_clock=True)
        attempt.refresh_from_db()
    return attempt.is_finished


def close_overdue() -> int:
    """Hands in every attempt whose time is over: nobody need come back for a result. Returns how many."""
    overdue = list(QuizAttempt.objects.overdue(GRACE)[:MOST_PER_SWEEP])
    for attempt in overdue:
        try:
            finish(attempt, by_clock=True)
        except Exception:
            # One that cannot be marked keeps nobody else waiting.
            log.exception("an attempt at a quiz could not be closed", extra={"attempt": str(attempt.pk)})
    return len(overdue)
