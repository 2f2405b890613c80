"""The demonstration exercises through the real grader: full marks, no marks, and each typical mistake exactly."""

import time
from pathlib import Path

import nbformat
import pytest
from django.conf import settings

from courses.demo import notebooks
from courses.demo.exercises import exercises
from grading.grader import Outcome, grade
from grading.notebooks import read_notebook, read_source, release
from sandboxes.box import check as check_box
from sandboxes.limits import Limits
from sandboxes.results import SandboxUnavailable
from tests.courses.demo_answers import WRONG_ANSWERS, WrongAnswer

KERNEL_PYTHON = Path(settings.BASE_DIR) / ".venv-kernel" / "bin" / "python"
BUILT = {built.slug: built for built in exercises()}
EXERCISES = pytest.mark.parametrize("built", BUILT.values(), ids=BUILT.keys())


@pytest.fixture(scope="module")
def box(kernels) -> None:
    try:
        check_box(KERNEL_PYTHON)
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox on this machine: {error}")


def graded(built: notebooks.Exercise, submission: bytes) -> Outcome:
    return grade(
        source=built.source,
        submission=submission,
        files=built.files,
        hidden_files=built.hidden_files,
        limits=Limits(),
        python=KERNEL_PYTHON,
    )


@EXERCISES
def test_the_source_is_a_valid_notebook_of_twelve_points_with_three_levels_of_hints_in_both_languages(built) -> None:
    nbformat.validate(read_notebook(built.source))
    source = read_source(built.source)
    assert source.max_score == 12
    for check in source.checks:
        assert len(check.hints) == 3, check.id
        for hint in check.hints:
            assert set(hint) == {"th", "en"}
            assert all(len(text) > 40 for text in hint.values())


@EXERCISES
def test_the_release_shows_neither_solutions_nor_hidden_checks(built) -> None:
    text = nbformat.writes(release(read_source(built.source)))
    assert "YOUR CODE HERE" in text
    assert "SOLUTION" not in text
    assert "HIDDEN" not in text
    assert not any(name in text for name in built.hidden_files)


@EXERCISES
def test_what_a_demo_learner_hands_in_holds_no_hidden_check(built) -> None:
    text = notebooks.to_bytes(notebooks.handed_in(built.notebook)).decode()
    assert "HIDDEN" not in text
    assert not any(name in text for name in built.hidden_files)


@EXERCISES
def test_the_model_solution_scores_full_marks_examined_from_outside(built, box) -> None:
    began = time.monotonic()
    outcome = graded(built, notebooks.to_bytes(notebooks.handed_in(built.notebook)))
    assert outcome.state == "graded"
    assert {check.id: check.outcome for check in outcome.checks if not check.passed} == {}
    assert (outcome.score, outcome.max_score) == (12, 12)
    assert outcome.is_isolated
    assert time.monotonic() - began < 60


@EXERCISES
def test_the_empty_release_scores_nothing(built, box) -> None:
    empty = nbformat.writes(release(read_source(built.source))).encode()
    outcome = graded(built, empty)
    assert outcome.state == "graded"
    assert outcome.score == 0


@EXERCISES
def test_every_exercise_knows_three_typical_wrong_answers_at_least(built) -> None:
    assert len(built.wrong) >= 3


@pytest.mark.parametrize("wrong", WRONG_ANSWERS, ids=lambda wrong: f"{wrong.exercise[:4]}-{wrong.name}")
def test_a_typical_mistake_fails_its_checks_and_no_others(wrong: WrongAnswer, box) -> None:
    built = BUILT[wrong.exercise]
    outcome = graded(built, wrong.notebook(built))
    assert outcome.state == "graded"
    assert [check.id for check in outcome.checks if not check.passed] == wrong.answer.fails
    shown = next(check for check in outcome.checks if not check.passed)
    assert wrong.answer.hint_has in shown.hint["th"]
    assert wrong.answer.hint_has in outcome.feedback_html["th"]
    assert shown.hint["en"]
