"""What an author learns from everybody's attempts at a quiz: which item is hard, which one tells those who can from
those who cannot, which wrong choice is taken, how far the whole can be relied on.

Classical test theory, over each learner's first finished attempt. Difficulty is the mean share of an item's points;
discrimination is the correlation of an item's share with the share of all the others, so that no item is compared with
itself. With items drawn from pools everybody has others: an item is judged by those who met it.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from grading.item_statistics import SCORE_BINS, remark
from grading.models import Quiz, QuizAttempt, QuizItemVersion
from grading.quizzes import drawing
from grading.quizzes.drawing import Drawn

__all__ = ["SCORE_BINS", "ItemFigures", "QuizFigures", "of"]

MOST_ATTEMPTS = 5000  # the newest; more would say the same


@dataclass(frozen=True, slots=True)
class ChoiceFigures:
    """How often a choice was taken. ``text`` as its author wrote it."""

    text: str
    is_correct: bool
    count: int


@dataclass(frozen=True, slots=True)
class ItemFigures:
    """One item in the version that was met most lately. ``discrimination`` is None where nothing can be said."""

    item_id: int
    code: str
    learners: int
    unanswered: int
    share: float
    discrimination: float | None
    choices: Sequence[ChoiceFigures] = ()

    @property
    def remark(self) -> str:
        return remark(self.learners, self.discrimination, best=self.share, worst=self.share)


@dataclass(frozen=True, slots=True)
class QuizFigures:
    learners: int
    passed: int
    mean: float | None
    median_minutes: float | None
    scores: Sequence[int]
    items: Sequence[ItemFigures]


@dataclass(slots=True)
class _Met:
    """What is gathered of one item: shares with the rest of the same attempt, and what was chosen."""

    version: int
    shares: list[float] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)
    unanswered: int = 0
    chosen: Counter[str] = field(default_factory=Counter)


def of(quiz: Quiz) -> QuizFigures:
    """The figures of ``quiz``; two queries, whatever the number of attempts."""
    attempts = _firsts(quiz)
    versions = QuizItemVersion.objects.select_related("item").in_bulk({pk for one in attempts for pk in one.paper})
    met: dict[int, _Met] = defaultdict(lambda: _Met(0))
    for attempt in attempts:
        _gather(attempt, versions, met)
    fractions = [attempt.fraction for attempt in attempts]
    minutes = [_minutes(attempt) for attempt in attempts]
    bins = Counter(min(int(fraction * SCORE_BINS + 1e-9), SCORE_BINS - 1) for fraction in fractions)
    items = [_figures(one, versions[one.version]) for one in met.values()]
    return QuizFigures(
        learners=len(attempts),
        passed=sum(attempt.is_passed for attempt in attempts),
        mean=statistics.mean(fractions) if fractions else None,
        median_minutes=statistics.median(minutes) if minutes else None,
        scores=tuple(bins[place] for place in range(SCORE_BINS)),
        items=sorted(items, key=lambda item: item.code),
    )


def _firsts(quiz: Quiz) -> list[QuizAttempt]:
    """Each learner's first finished attempt, oldest first."""
    rows = QuizAttempt.objects.filter(quiz=quiz).finished().select_related("quiz").order_by("-started_at")
    first: dict[int, QuizAttempt] = {}
    for attempt in rows[:MOST_ATTEMPTS]:
        if attempt.learner_id not in first or attempt.number < first[attempt.learner_id].number:
            first[attempt.learner_id] = attempt
    return sorted(first.values(), key=lambda attempt: attempt.started_at)


def _minutes(attempt: QuizAttempt) -> float:
    return ((attempt.finished_at or attempt.started_at) - attempt.started_at).total_seconds() / 60


def _gather(attempt: QuizAttempt, versions: dict[int, QuizItemVersion], met: dict[int, _Met]) -> None:
    drawn: list[Drawn] = []
    for place, pk in enumerate(attempt.paper):
        drawn.append(drawing.draw(versions[pk].declared, f"{attempt.seed}/{place}"))
    most = sum(one.item.points for one in drawn)
    for place, one in enumerate(drawn):
        found = met[versions[attempt.paper[place]].item_id]
        found.version = attempt.paper[place]
        points, answer = attempt.points[place], attempt.answer(place)
        others = most - one.item.points
        found.shares.append(points / one.item.points)
        found.rests.append(((attempt.score or 0) - points) / others if others else 0.0)
        found.unanswered += not any(text.strip() for text in answer)
        if one.item.kind in ("single", "multiple"):
            # By the author's text: the numbers of a parametrised choice differ from learner to learner.
            declared = versions[attempt.paper[place]].declared.choices
            places = {int(text) for text in answer if text.isascii() and text.isdigit() and int(text) < len(one.order)}
            found.chosen.update(declared[one.order[i]].text.get("th", "") for i in places)


def _figures(met: _Met, version: QuizItemVersion) -> ItemFigures:
    return ItemFigures(
        item_id=version.item_id,
        code=version.item.code,
        learners=len(met.shares),
        unanswered=met.unanswered,
        share=statistics.mean(met.shares),
        discrimination=_correlation(met.shares, met.rests),
        choices=[
            ChoiceFigures(choice.text.get("th", ""), choice.is_correct, met.chosen[choice.text.get("th", "")])
            for choice in version.declared.choices
        ],
    )


def _correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    if len(a) < 2 or max(a) - min(a) < 1e-9 or max(b) - min(b) < 1e-9:
        return None
    return statistics.correlation(a, b)
