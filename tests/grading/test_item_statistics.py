"""What the numbers mean, on small tables whose answer is known."""

from datetime import UTC, datetime, timedelta

import pytest

from grading.item_statistics import Attempt, correlation, summarize

START = datetime(2026, 1, 1, tzinfo=UTC)


def attempt(learner, *passed, number=1, minutes=0, outcomes=None):
    """One attempt at checks t1, t2 … of one point each."""
    checks = [
        {
            "id": f"t{n}",
            "points": float(ok),
            "max_points": 1.0,
            "passed": bool(ok),
            "outcome": "passed" if ok else (outcomes or {}).get(n, "failed"),
        }
        for n, ok in enumerate(passed, start=1)
    ]
    return Attempt(learner, number, START + timedelta(minutes=minutes), float(sum(passed)), len(passed), checks)


def check(found, check_id):
    return next(one for one in found.checks if one.id == check_id)


def test_nothing_handed_in_is_an_empty_summary():
    found = summarize([])
    assert (found.attempts, found.learners, found.checks, found.median_gap) == (0, 0, (), None)
    assert sum(found.scores) == sum(found.attempts_each) == sum(found.gaps) == 0


def test_difficulty_is_taken_from_first_attempts_and_the_end_from_all():
    found = summarize([attempt(1, 0, 1), attempt(1, 1, 1, number=2), attempt(2, 0, 0), attempt(3, 1, 1)])
    first = check(found, "t1")
    assert (first.learners, first.passed_at_first, first.passed_in_the_end) == (3, 1 / 3, 2 / 3)
    assert (found.learners, found.attempts, found.completed) == (3, 4, 2)


def test_discrimination_compares_a_check_with_the_rest_of_the_score():
    good, bad = (1, 1, 1), (0, 0, 0)
    found = summarize([attempt(n, *(good if n % 2 else bad)) for n in range(10)])
    assert check(found, "t1").discrimination == pytest.approx(1)
    upside_down = summarize([attempt(n, n % 2 == 0, *((1, 1) if n % 2 else (0, 0))) for n in range(10)])
    assert check(upside_down, "t1").discrimination == pytest.approx(-1)
    assert check(upside_down, "t1").remark == "reversed"


@pytest.mark.parametrize("pairs", [[], [(True, 0.5)], [(True, 0.1), (True, 0.9)], [(True, 0.5), (False, 0.5)]], ids=len)
def test_where_nothing_varies_nothing_is_said(pairs):
    assert correlation(pairs) is None


def test_the_point_biserial_coefficient_is_the_textbook_one():
    # Means 4 and 2, standard deviation of all values 1.5, half of them passed: (4 - 2) / 1.5 * 0.5.
    pairs = [(True, 2.5), (True, 5.5), (False, 1.0), (False, 3.0)]
    values = [value for _, value in pairs]
    mean = sum(values) / 4
    deviation = (sum((value - mean) ** 2 for value in values) / 4) ** 0.5
    assert correlation(pairs) == pytest.approx((4 - 2) / deviation * 0.5)


def test_who_gives_up_is_counted_at_the_first_check_that_failed_last():
    found = summarize(
        [
            attempt(1, 0, 0, 1),
            attempt(1, 1, 0, 0, number=2),
            attempt(2, 1, 0, 1),
            attempt(3, 1, 1, 1),
            attempt(3, 0, 1, 1, number=2),
        ]
    )
    assert [one.given_up for one in found.checks] == [0, 2, 0]


def test_wrong_outcomes_come_with_the_commonest_first():
    found = summarize(
        [attempt(1, 0, outcomes={1: "error"}), attempt(2, 0), attempt(3, 0), attempt(4, 0, outcomes={1: "timeout"})]
    )
    assert check(found, "t1").wrong_outcomes[0] == ("failed", 2)
    assert dict(check(found, "t1").wrong_outcomes) == {"failed": 2, "error": 1, "timeout": 1}


def test_scores_attempts_and_pauses_are_counted_by_learner():
    found = summarize(
        [
            attempt(1, 1, 1, 1, 1, 1),
            *(attempt(2, 1, 0, 0, 0, 0, number=n + 1, minutes=10 * n) for n in range(12)),
            attempt(3, 1, 1, 1, 0, 0),
            attempt(3, 1, 0, 0, 0, 0, number=2, minutes=2 * 24 * 60),
        ]
    )
    assert found.scores == (0, 0, 1, 0, 0, 0, 1, 0, 0, 1)
    assert (found.attempts_each[0], found.attempts_each[1], found.attempts_each[9]) == (1, 1, 1)
    assert found.gaps == (0, 0, 11, 0, 0, 1)
    assert found.median_gap == timedelta(minutes=10)


def test_checks_of_an_older_version_stay_in_the_summary():
    old = attempt(1, 1, 0)
    new = Attempt(2, 1, START + timedelta(days=1), 1.0, 1.0, [dict(attempt(2, 1).checks[0], id="new")])
    assert [one.id for one in summarize([old, new]).checks] == ["new", "t1", "t2"]
    assert check(summarize([old, new]), "new").learners == 1


def test_a_remark_needs_enough_learners():
    assert check(summarize([attempt(n, 1) for n in range(4)]), "t1").remark == ""
    assert check(summarize([attempt(n, 1) for n in range(5)]), "t1").remark == "easy"
    assert check(summarize([attempt(n, 0) for n in range(5)]), "t1").remark == "hard"
