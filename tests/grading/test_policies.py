"""By which rules work is taken: one table per rule."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from grading.policies import Counts, Extra, LateRule, Policy, counting, decide, lateness

BANGKOK = ZoneInfo("Asia/Bangkok")
DUE = datetime(2026, 11, 30, 23, 59, tzinfo=BANGKOK)  # 30 November 2569, a minute before midnight in Bangkok
MOMENT = timedelta(microseconds=1)
PENALTY = Policy(due_at=DUE, late_rule=LateRule.PENALTY, late_percent=10, late_days=3)


def code(policy=None, now=DUE, **facts):
    return str(decide(policy or Policy(), now=now, **facts).code)


@pytest.mark.parametrize(
    ("allowed", "used", "extra", "left", "says"),
    [
        (None, 0, 0, None, ""),
        (None, 10_000, 0, None, ""),
        (1, 0, 0, 1, ""),
        (1, 1, 0, 0, "no_attempts"),
        (3, 2, 0, 1, ""),
        (3, 3, 0, 0, "no_attempts"),
        (3, 5, 0, 0, "no_attempts"),  # the rule was tightened afterwards
        (3, 3, 1, 1, ""),
        (3, 4, 1, 0, "no_attempts"),
        (None, 4, 1, None, ""),
        (0, 0, 0, 0, "no_attempts"),
        (0, 0, 2, 2, ""),
    ],
)
def test_attempts_are_counted_and_an_extension_adds_some(allowed, used, extra, left, says):
    decision = decide(Policy(max_attempts=allowed), now=DUE, used=used, extra=Extra(attempts=extra))
    assert (decision.attempts_left, str(decision.code)) == (left, says)


@pytest.mark.parametrize(
    ("minutes", "since", "says"),
    [
        (0, timedelta(0), ""),
        (30, None, ""),
        (30, timedelta(0), "cool_down"),
        (30, timedelta(minutes=30) - MOMENT, "cool_down"),
        (30, timedelta(minutes=30), ""),
        (30, timedelta(days=2), ""),
    ],
)
def test_a_pause_between_attempts_ends_on_the_minute(minutes, since, says):
    last_at = None if since is None else DUE - since
    decision = decide(Policy(cooldown=timedelta(minutes=minutes)), now=DUE, used=1, last_at=last_at)
    assert str(decision.code) == says
    assert decision.allowed_at == (last_at + timedelta(minutes=minutes) if says else None)


@pytest.mark.parametrize(
    ("now", "says"),
    [(DUE - MOMENT, "not_yet"), (DUE, ""), (DUE + MOMENT, ""), (DUE.astimezone(UTC) - MOMENT, "not_yet")],
)
def test_nothing_is_taken_before_the_exercise_opens(now, says):
    decision = decide(Policy(opens_at=DUE), now=now)
    assert (str(decision.code), decision.allowed_at) == (says, DUE if says else None)


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (DUE - MOMENT, ""),
        (DUE, ""),
        (DUE + MOMENT, "too_late"),
        # The same moments as a server in another zone tells them.
        (datetime(2026, 11, 30, 16, 59, tzinfo=UTC), ""),
        (datetime(2026, 11, 30, 16, 59, 0, 1, tzinfo=UTC), "too_late"),
        (datetime(2026, 12, 1, 1, 59, tzinfo=ZoneInfo("Asia/Tokyo")), ""),
    ],
)
def test_work_is_taken_until_the_due_moment_wherever_the_clock_hangs(now, says):
    assert code(Policy(due_at=DUE), now) == says


@pytest.mark.parametrize(
    ("late", "days", "percent", "says"),
    [
        (timedelta(0), 0, 0, ""),
        (MOMENT, 1, 10, ""),
        (timedelta(minutes=1), 1, 10, ""),  # midnight in Bangkok
        (timedelta(hours=24), 1, 10, ""),
        (timedelta(hours=24) + MOMENT, 2, 20, ""),
        (timedelta(days=3), 3, 30, ""),
        (timedelta(days=3) + MOMENT, 4, 40, "too_late"),
    ],
)
def test_each_day_started_costs_its_share_until_nothing_is_taken(late, days, percent, says):
    decision = decide(PENALTY, now=DUE + late)
    assert (decision.lateness.days, decision.lateness.percent, str(decision.code)) == (days, percent, says)
    assert decision.closes_at == DUE + timedelta(days=3)


def test_lateness_never_costs_more_than_everything():
    policy = Policy(due_at=DUE, late_rule=LateRule.PENALTY, late_percent=40, late_days=9)
    assert lateness(policy, DUE, DUE + timedelta(days=8)).percent == 100


@pytest.mark.parametrize(
    ("extended", "now", "days", "says"),
    [
        (None, DUE + MOMENT, 1, ""),
        (DUE + timedelta(days=2), DUE + timedelta(days=2), 0, ""),
        (DUE + timedelta(days=2), DUE + timedelta(days=2) + MOMENT, 1, ""),
        (DUE + timedelta(days=2), DUE + timedelta(days=5), 3, ""),
        (DUE + timedelta(days=2), DUE + timedelta(days=5) + MOMENT, 4, "too_late"),
        (DUE - timedelta(days=2), DUE, 0, ""),  # an extension takes no time away
    ],
)
def test_an_extension_moves_the_due_date_of_one_person(extended, now, days, says):
    decision = decide(PENALTY, now=now, extra=Extra(due_at=extended))
    assert (decision.lateness.days, str(decision.code)) == (days, says)


def test_an_extension_means_nothing_where_there_is_no_due_date():
    decision = decide(Policy(), now=DUE, extra=Extra(due_at=DUE - timedelta(days=1)))
    assert (decision.due_at, decision.is_allowed) == (None, True)


@pytest.mark.parametrize(
    ("policy", "facts", "says"),
    [
        (Policy(is_open=False, due_at=DUE - timedelta(1)), {}, "closed"),
        (Policy(due_at=DUE - timedelta(1), max_attempts=1), {"used": 1}, "too_late"),
        (Policy(max_attempts=1, cooldown=timedelta(hours=1)), {"used": 1, "last_at": DUE}, "no_attempts"),
        (Policy(opens_at=DUE + timedelta(1), is_open=False), {}, "closed"),
        # The pause ends when nothing is taken any more: nobody is told to wait for it.
        (
            Policy(due_at=DUE, cooldown=timedelta(hours=1)),
            {"used": 1, "last_at": DUE - timedelta(minutes=5)},
            "too_late",
        ),
    ],
)
def test_of_several_reasons_the_one_that_waiting_does_not_cure_is_told(policy, facts, says):
    assert code(policy, **facts) == says


@pytest.mark.parametrize(
    ("rule", "results", "counts"),
    [
        (Counts.BEST, [], None),
        (Counts.BEST, [(1, 0.4), (2, 0.9), (3, 0.5)], 2),
        (Counts.BEST, [(1, 0.9), (2, 0.9)], 1),
        (Counts.LAST, [(1, 0.4), (2, 0.9), (3, 0.5)], 3),
        (Counts.LAST, [(3, 0.0), (1, 1.0)], 3),
    ],
)
def test_the_best_or_the_last_submission_counts(rule, results, counts):
    assert counting(rule, results) == counts
