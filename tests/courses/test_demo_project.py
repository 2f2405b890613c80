"""The demonstration's capstone through the real grader: the model passes every gate and waits; mistakes do not."""

import nbformat
import pytest

from courses.demo import notebooks
from courses.demo.exercises import PROJECT, exercise
from courses.demo.projects import BRIEF, CRITERIA
from grading.notebooks import read_notebook, read_source, release
from tests.courses.test_demo_exercises import box, graded  # noqa: F401 - a fixture

BUILT = exercise(PROJECT)


def outcome_of(submission):
    outcome = graded(BUILT, submission)
    assert outcome.state == "graded"
    return {check.id: check.outcome for check in outcome.checks}, outcome


def test_its_source_is_a_valid_notebook_of_twenty_points_for_gates_and_thirty_for_people() -> None:
    nbformat.validate(read_notebook(BUILT.source))
    source = read_source(BUILT.source)
    assert (source.checked_score, source.max_score) == (20, 50)
    assert all(set(hint) == {"th", "en"} for check in source.checks for hint in check.hints)
    assert "SOLUTION" not in nbformat.writes(release(source))


def test_the_model_passes_every_gate_and_waits_for_people(box) -> None:  # noqa: F811
    checks, outcome = outcome_of(notebooks.to_bytes(notebooks.handed_in(BUILT.notebook)))
    assert {key: value for key, value in checks.items() if value != "passed"} == {"p1-statement": "waiting"}
    assert outcome.score == 20


def test_the_empty_release_passes_no_gate(box) -> None:  # noqa: F811
    checks, outcome = outcome_of(nbformat.writes(release(read_source(BUILT.source))).encode())
    assert "passed" not in checks.values()
    assert outcome.score == 0


@pytest.mark.parametrize("wrong", BUILT.wrong, ids=lambda wrong: wrong.name)
def test_a_typical_mistake_closes_its_gate_and_says_why(wrong, box) -> None:  # noqa: F811
    checks, outcome = outcome_of(notebooks.to_bytes(notebooks.handed_in(BUILT.notebook, wrong.answers)))
    closed = [key for key, value in checks.items() if value not in ("passed", "waiting")]
    assert closed == wrong.fails
    assert wrong.hint_has in outcome.feedback_html["th"]


def test_brief_and_rubric_stand_in_both_languages() -> None:
    assert set(BRIEF) == {"th", "en"}
    for name, asks, levels in CRITERIA:
        assert len(levels) == 4
        for thai, english in (name, asks, *levels):
            assert any("ก" <= letter <= "๙" for letter in thai)
            assert english.isascii()
