import math

import pytest

from grading.scoring import Finding, checks_of, total
from tests.grading.authored import answer, check, source

EXERCISE = source(
    answer("a", "x = 1"), check("one", "assert x", points=2, hint="try again"), check("two", "x", points=3)
)


def points(**findings):
    return [result.points for result in checks_of(EXERCISE, findings)]


def test_passed_checks_earn_their_points():
    assert points(one=Finding("passed", 1.0), two=Finding("passed", 1.0)) == [2, 3]
    assert total(checks_of(EXERCISE, {"one": Finding("passed", 1.0)})) == 2


def test_a_check_without_a_finding_was_not_run_and_earns_nothing():
    assert [result.outcome for result in checks_of(EXERCISE, {})] == ["not_run", "not_run"]
    assert total(checks_of(EXERCISE, {})) == 0


def test_partial_credit_is_a_share_of_the_points():
    assert points(two=Finding("failed", 1 / 3)) == [0, 1]


@pytest.mark.parametrize(
    "finding",
    [
        Finding("error", 1.0),
        Finding("timeout", 1.0),
        Finding("not_run", 1.0),
        Finding("not_examinable", 1.0),
        Finding("failed", 1.0),
        Finding("failed", 7.0),
        Finding("failed", -1.0),
        Finding("failed", math.nan),
        Finding("passed", math.nan),
        Finding("passed", math.inf),
        Finding("passed", 0.5),
        Finding("passed", True),
        Finding("failed", "0.5"),
    ],
)
def test_contradictions_earn_nothing(finding):
    (result, _) = checks_of(EXERCISE, {"one": finding})
    assert result.points == 0
    assert not result.passed


def test_findings_for_unknown_checks_are_ignored():
    assert points(nine=Finding("passed", 1.0)) == [0, 0]


def test_a_failed_check_answers_with_its_hint_in_the_readers_language():
    (failed, plain) = checks_of(EXERCISE, {"one": Finding("failed"), "two": Finding("failed")})
    assert failed.message("en") == "try again"
    assert failed.message("th").startswith("คำใบ้")
    assert plain.message("en").startswith("Not passed yet")
    assert plain.message("th").startswith("ยังไม่ผ่าน")


def test_a_passed_check_carries_no_hint():
    (passed, _) = checks_of(EXERCISE, {"one": Finding("passed", 1.0)})
    assert passed.hint == {}
    assert passed.message("en") == "Passed"


def test_the_hint_deepens_with_every_attempt_that_failed_the_check():
    levels = "# hint(en): one\n# hint2(en): two\nassert x"
    exercise = source(answer("a", "x = 1"), check("t1", levels))
    failed = {"t1": Finding("failed")}
    told = [checks_of(exercise, failed, {"t1": before})[0].message("en") for before in (0, 1, 7)]
    assert told == ["one", "two", "two"]
    assert checks_of(exercise, failed, {"other": 5})[0].message("en") == "one"
