"""Notebooks in nbgrader's format through the whole grader, and what learners do to their cells.

The same kinds of notebooks were graded by nbgrader itself: docs/nbgrader-compatibility.md.
"""

import copy

import nbformat
import pytest

from grading.grader import grade
from tests.grading.authored import LIMITS, PYTHON, answer, answered, as_bytes, cell, check, setup, source

EXERCISE = source(
    setup("limit = 5"),
    answer("first", "def f(x):\n    return min(x, limit)"),
    check("t1", "assert f(9) == 5", points=2),
    cell("def g(x):\n    ### BEGIN SOLUTION\n    return f(x) + 1\n    ### END SOLUTION", "second", solution=True),
    check("t2", "assert g(1) == 2", points=3),
)
RIGHT = {"first": "def f(x): return min(x, limit)", "second": "def g(x): return f(x) + 1"}


def points(authored, handed_in, files=None):
    outcome = grade(
        source=as_bytes(authored.notebook),
        submission=as_bytes(handed_in),
        files=files or {},
        hidden_files={},
        limits=LIMITS,
        python=PYTHON,
    )
    assert outcome.state == "graded"
    return {one.id: one.points for one in outcome.checks}


def right():
    return answered(EXERCISE, **RIGHT)


def without(notebook, *ids):
    notebook.cells = [made for made in notebook.cells if made.id not in ids]
    return notebook


def merged_answers(notebook):
    cells = {made.id: made for made in notebook.cells}
    cells["first"].source += "\n\n" + cells["second"].source
    return without(notebook, "second")


def merged_with_locked_cells(notebook):
    cells = {made.id: made for made in notebook.cells}
    cells["t1"].source += "\n\n" + cells["second"].source
    return without(notebook, "second")


def split(notebook):
    again = copy.deepcopy(notebook.cells[1])
    notebook.cells[1].source, again.source, again.id = "def wanted(x): return x", RIGHT["first"], "half"
    notebook.cells.insert(2, again)
    return notebook


def duplicated(notebook):
    old = copy.deepcopy(notebook.cells[1])
    old.source, old.id = "def f(x): return 0", "old"
    notebook.cells.insert(1, old)
    return notebook


def reversed_cells(notebook):
    notebook.cells.reverse()
    return notebook


def retyped(notebook):
    for made in notebook.cells:
        if made.id == "first":
            made.cell_type = "raw"
            del made["outputs"], made["execution_count"]
    return notebook


def only_answers_left(notebook):
    return without(notebook, "setup", "t1", "t2")


def marks_rewritten(notebook):
    for made in notebook.cells:
        made.metadata.get("nbgrader", {}).update(points=99, grade=False, solution=True, locked=False)
    return notebook


def checks_rewritten(notebook):
    for made in notebook.cells:
        made.source = "raise SystemExit" if made.id in ("t1", "t2", "setup") else made.source
    return notebook


WAYS = [merged_answers, merged_with_locked_cells, split, duplicated, reversed_cells, retyped, only_answers_left,
        marks_rewritten, checks_rewritten]  # fmt: skip


@pytest.mark.parametrize("change", WAYS, ids=lambda change: change.__name__)
def test_right_answers_stay_right_whatever_was_done_to_the_cells(change):
    assert points(EXERCISE, change(right())) == {"t1": 2, "t2": 3}


def test_a_deleted_answer_costs_its_own_checks_only():
    assert points(EXERCISE, without(right(), "second")) == {"t1": 2, "t2": 0}


def test_partial_credit_warnings_and_silence():
    authored = source(
        answer("a", "import warnings\ndef f(x):\n    warnings.warn('careful')\n    print('noise')\n    return x"),
        check("part", "f(3) / 2", points=3),
        check("none", "f(0) / 2", points=3),
        check("false", "f(1) == 2", points=1),
        check("over", "f(9) * 2", points=3),
        check("silent", "assert f(1) == 1", points=1),
    )
    model = answered(authored, a=authored.notebook.cells[0].source)
    assert points(authored, model) == {"part": 1.5, "none": 0, "false": 0, "over": 3, "silent": 1}
    assert set(points(authored, answered(authored)).values()) == {0}


def test_marks_without_a_version_and_data_files_are_graded():
    old = [made for made in EXERCISE.notebook.cells if made.cell_type == "code"]
    raw = nbformat.from_dict({"cells": copy.deepcopy(old), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    for made in raw.cells:
        marks = made.metadata.get("nbgrader", {})
        marks.pop("schema_version", None)
        if marks.get("grade"):
            marks["points"] = str(marks["points"])
    raw.cells[0].source = "limit = int(open('limit.txt').read())"
    outcome = grade(
        source=as_bytes(raw),
        submission=as_bytes(right()),
        files={"limit.txt": b"5"},
        hidden_files={},
        limits=LIMITS,
        python=PYTHON,
    )
    assert outcome.score == 5
