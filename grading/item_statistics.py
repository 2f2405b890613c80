"""What an instructor learns from everybody's attempts at one exercise: which check is hard, which one tells those who
can from those who cannot, where learners give up. One query, whatever the number of submissions.

Difficulty and discrimination are those of classical test theory. A check is judged by each learner's first attempt:
later ones have seen its hint. Discrimination is the point-biserial correlation between passing the check and the
score in all the others, so that no check is compared with itself.
"""

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from grading.models import Exercise, ExerciseVersion, Grade

SCORE_BINS = 10
MOST_ATTEMPTS = 10  # the last column of the picture counts everybody with as many or more
FEW = 5  # learners; below that a share says nothing about a check
GAPS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(days=1),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One graded submission, by the grade that counts. ``checks`` as the grade keeps them."""

    learner_id: int
    number: int
    submitted_at: datetime
    score: float
    max_score: float
    checks: Sequence[Mapping[str, Any]]

    @property
    def fraction(self) -> float:
        return self.score / self.max_score if self.max_score else 0.0

    @property
    def is_complete(self) -> bool:
        return bool(self.checks) and all(check["passed"] for check in self.checks)


def remark(learners: int, discrimination: float | None, *, best: float, worst: float) -> str:
    """A code for what an author may want to look at: "", "reversed", "weak", "easy" or "hard".

    ``best`` is the share of right answers that tells what is easy, ``worst`` the one that tells what is hard.
    """
    if learners < FEW:
        return ""
    if discrimination is not None and discrimination < 0:
        return "reversed"
    if best >= 0.95:
        return "easy"
    if worst <= 0.2:
        return "hard"
    return "weak" if discrimination is not None and discrimination < 0.2 else ""


@dataclass(frozen=True, slots=True)
class CheckStatistics:
    """One check. Shares are 0 to 1 of the learners who met it; None where nothing can be said.

    ``discrimination`` is -1 to 1; ``wrong_outcomes`` counts how attempts at it ended that did not pass, commonest
    first; ``given_up`` counts learners who never completed the exercise and whose last attempt first failed here.
    """

    id: str
    max_points: float
    learners: int
    passed_at_first: float
    passed_in_the_end: float
    discrimination: float | None
    wrong_outcomes: tuple[tuple[str, int], ...]
    given_up: int

    @property
    def remark(self) -> str:
        return remark(self.learners, self.discrimination, best=self.passed_at_first, worst=self.passed_in_the_end)


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """Everything the page shows. Histograms are counts of learners, ``gaps`` of pauses between two attempts."""

    attempts: int
    learners: int
    completed: int
    checks: tuple[CheckStatistics, ...]
    scores: tuple[int, ...]  # learners by their best score, in SCORE_BINS equal parts
    attempts_each: tuple[int, ...]  # learners by number of attempts, 1 to MOST_ATTEMPTS
    gaps: tuple[int, ...]  # one more than GAPS
    median_gap: timedelta | None
    median_attempts: float


def of(exercise: Exercise, version: ExerciseVersion | None = None) -> ItemStatistics:
    """The statistics of ``exercise``; only of what was graded by ``version`` where one is given."""
    grades = Grade.objects.current().filter(submission__exercise=exercise)
    if version is not None:
        grades = grades.filter(version=version)
    rows = grades.order_by("submission__learner", "submission__attempt").values_list(
        "submission__learner",
        "submission__attempt",
        "submission__submitted_at",
        "score",
        "max_score",
        "checks",
    )
    return summarize(Attempt(*row) for row in rows.iterator())


def summarize(attempts: Iterable[Attempt]) -> ItemStatistics:
    """Pure: attempts of any number of learners, each learner's in their order → the statistics."""
    by_learner: dict[int, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_learner[attempt.learner_id].append(attempt)
    people = list(by_learner.values())
    pauses = [later.submitted_at - earlier.submitted_at for own in people for earlier, later in pairwise(own)]
    seconds = [pause.total_seconds() for pause in pauses]
    return ItemStatistics(
        attempts=sum(map(len, people)),
        learners=len(people),
        completed=sum(any(attempt.is_complete for attempt in own) for own in people),
        checks=tuple(_check(check, people) for check in _all_checks(people)),
        scores=_histogram((_score_bin(max(attempt.fraction for attempt in own)) for own in people), SCORE_BINS),
        attempts_each=_histogram((min(len(own), MOST_ATTEMPTS) - 1 for own in people), MOST_ATTEMPTS),
        gaps=_histogram((sum(pause >= edge for edge in GAPS) for pause in pauses), len(GAPS) + 1),
        median_gap=timedelta(seconds=statistics.median(seconds)) if seconds else None,
        median_attempts=statistics.median(map(len, people)) if people else 0.0,
    )


def _all_checks(people: list[list[Attempt]]) -> list[tuple[str, float]]:
    """(id, points) in the order of the newest notebook that has them: grades of several versions may lie together."""
    found: dict[str, float] = {}
    newest_first = sorted((own[-1] for own in people), key=lambda attempt: attempt.submitted_at, reverse=True)
    for attempt in [*newest_first, *(attempt for own in people for attempt in own)]:
        for check in attempt.checks:
            found.setdefault(check["id"], check["max_points"])
    return list(found.items())


def _check(check: tuple[str, float], people: list[list[Attempt]]) -> CheckStatistics:
    check_id, max_points = check
    firsts: list[tuple[bool, float]] = []  # passed, share of the points of all other checks
    passed_in_the_end = given_up = 0
    wrong: Counter[str] = Counter()
    for own in people:
        results = [(attempt, _result(attempt, check_id)) for attempt in own]
        met = [(attempt, result) for attempt, result in results if result is not None]
        if not met:
            continue
        firsts.append((met[0][1]["passed"], _rest(met[0][0], check_id)))
        passed_in_the_end += any(result["passed"] for _, result in met)
        wrong.update(result["outcome"] for _, result in met if not result["passed"])
        given_up += _gave_up_at(own) == check_id
    return CheckStatistics(
        id=check_id,
        max_points=max_points,
        learners=len(firsts),
        passed_at_first=sum(passed for passed, _ in firsts) / len(firsts),
        passed_in_the_end=passed_in_the_end / len(firsts),
        discrimination=correlation(firsts),
        wrong_outcomes=tuple(wrong.most_common()),
        given_up=given_up,
    )


def _result(attempt: Attempt, check_id: str) -> Mapping[str, Any] | None:
    return next((check for check in attempt.checks if check["id"] == check_id), None)


def _rest(attempt: Attempt, check_id: str) -> float:
    others = [check for check in attempt.checks if check["id"] != check_id]
    possible = math.fsum(check["max_points"] for check in others)
    return math.fsum(check["points"] for check in others) / possible if possible else 0.0


def _gave_up_at(own: list[Attempt]) -> str:
    """The first check that failed in the last attempt of somebody who never completed the exercise."""
    if any(attempt.is_complete for attempt in own):
        return ""
    return next((check["id"] for check in own[-1].checks if not check["passed"]), "")


def correlation(pairs: Sequence[tuple[bool, float]]) -> float | None:
    """Point-biserial: how far passing goes along with a high value; None where either does not vary.

    It is Pearson's coefficient with the one variable 0 or 1.
    """
    passed, values = [float(one) for one, _ in pairs], [value for _, value in pairs]
    if len(pairs) < 2 or len(set(passed)) < 2 or max(values) - min(values) < 1e-9:
        return None
    return statistics.correlation(passed, values)


def _score_bin(fraction: float) -> int:
    """0 to 9; full marks lie with the best tenth. Thirds of a point are floats: 0.3 must not fall below 3/10."""
    return min(max(int(fraction * SCORE_BINS + 1e-9), 0), SCORE_BINS - 1)


def _histogram(places: Iterable[int], length: int) -> tuple[int, ...]:
    counts = Counter(places)
    return tuple(counts[place] for place in range(length))
