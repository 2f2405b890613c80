"""``manage.py grade`` and ``release_exercise``, driven from outside as a script would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.grading.authored import answer, answered, as_bytes, check, source

ROOT = Path(__file__).resolve().parents[2]
EXERCISE = source(
    answer("a", "def f(x):\n    return 2 * x"),
    check("t1", "assert f(1) == 2", points=2, hidden="assert f(4321) == 8642", hint="Double it."),
    check("t2", "assert f(5) == 10", points=4),
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "exercise.ipynb").write_bytes(as_bytes(EXERCISE.notebook))
    (tmp_path / "right.ipynb").write_bytes(as_bytes(answered(EXERCISE, a="def f(x): return x + x")))
    (tmp_path / "half.ipynb").write_bytes(as_bytes(answered(EXERCISE, a="def f(x): return 10 if x == 5 else 0")))
    (tmp_path / "nothing.ipynb").write_bytes(b"not a notebook")
    return tmp_path


def manage(folder, *args, **environment):
    command = [sys.executable, str(ROOT / "manage.py"), *args]
    settings = {
        "VAR_DIR": str(folder / "var"),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "SECRET_KEY": "x",
    }
    return subprocess.run(
        command, cwd=folder, env=os.environ | settings | environment, capture_output=True, text=True, timeout=200
    )


def lines(ran):
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_grade_prints_one_line_per_submission_in_their_order_without_a_database(folder):
    ran = manage(folder, "grade", "exercise.ipynb", "nothing.ipynb", "right.ipynb", "half.ipynb", "--jobs", "2")
    assert ran.returncode == 0, ran.stderr
    refused, right, half = lines(ran)
    assert [refused["submission"], right["submission"], half["submission"]] == [
        "nothing.ipynb",
        "right.ipynb",
        "half.ipynb",
    ]
    assert (refused["state"], refused["score"], refused["max_score"]) == ("refused", 0.0, 6.0)
    assert refused["message"]
    assert (right["state"], right["run_status"], right["score"]) == ("graded", "COMPLETED", 6.0)
    assert (half["state"], half["run_status"], half["score"]) == ("graded", "CELL_ERROR", 4.0)
    assert right["usage"].keys() == {"wall_seconds", "cpu_seconds", "max_memory_bytes", "output_bytes"}
    first, second = half["checks"]
    assert first == {
        "id": "t1",
        "points": 0.0,
        "max_points": 2.0,
        "passed": False,
        "examined": "isolated",
        "outcome": "failed",
        "message": "คำใบ้ Double it.",
    }
    assert (second["points"], second["passed"]) == (4.0, True)
    assert len(right["sha256"]) == 64
    assert "4321" not in ran.stdout
    assert "คะแนน 4 จาก 6" in half["feedback_html"]


def test_grade_speaks_english_when_asked(folder):
    (line,) = lines(manage(folder, "grade", "exercise.ipynb", "nothing.ipynb", "--language", "en"))
    assert "not a Jupyter notebook" in line["message"]


def test_a_failure_of_ours_is_exit_status_3_and_no_score(folder):
    ran = manage(folder, "grade", "exercise.ipynb", "right.ipynb", "nothing.ipynb", KERNEL_PYTHON="/nowhere/python")
    assert ran.returncode == 3
    failed, refused = lines(ran)
    assert failed["state"] == "failed"
    assert "score" not in failed
    assert refused["state"] == "refused"


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["missing.ipynb", "right.ipynb"], "missing.ipynb: No such file"),
        (["exercise.ipynb", "missing.ipynb"], "missing.ipynb: no such file"),
        (["exercise.ipynb"], "SUBMISSION"),
        (["nothing.ipynb", "right.ipynb"], "cannot be an exercise"),
        (["right.ipynb", "right.ipynb", "--jobs", "0"], "--jobs must be between"),
        (["exercise.ipynb", "right.ipynb", "--limits", "wall_seconds=fast"], "wall_seconds is not a number"),
        (["exercise.ipynb", "right.ipynb", "--limits", "seconds=5"], "no limit named"),
        (["exercise.ipynb", "right.ipynb", "--file", "none.csv"], "none.csv: No such file"),
        (["exercise.ipynb", "right.ipynb", "--file", "."], "directory"),
        (
            ["exercise.ipynb", "right.ipynb", "--file", "half.ipynb", "--hidden-file", "half.ipynb"],
            "visible and as hidden",
        ),
        (["exercise.ipynb", "right.ipynb", "--language", "fr"], "invalid choice"),
    ],
)
def test_bad_arguments_are_named_and_nothing_is_graded(folder, args, complaint):
    ran = manage(folder, "grade", *args)
    assert ran.returncode not in (0, 3)
    assert complaint in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""


def test_release_exercise_writes_the_learners_notebook(folder):
    ran = manage(folder, "release_exercise", "exercise.ipynb", "out.ipynb")
    assert ran.returncode == 0, ran.stderr
    assert "2 checks, 6 points" in ran.stdout
    text = (folder / "out.ipynb").read_text(encoding="utf-8")
    assert "NotImplementedError" in text
    assert not any(secret in text for secret in ("4321", "return 2 * x", "Double it", "HIDDEN"))


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["nothing.ipynb", "out.ipynb"], "cannot be an exercise"),
        (["none.ipynb", "out.ipynb"], "No such file"),
        (["exercise.ipynb", "exercise.ipynb"], "overwrite"),
        (["exercise.ipynb", "no/where/out.ipynb"], "No such file"),
    ],
)
def test_release_exercise_says_what_is_wrong(folder, args, complaint):
    before = (folder / "exercise.ipynb").read_bytes()
    ran = manage(folder, "release_exercise", *args)
    assert ran.returncode == 1
    assert complaint in ran.stderr
    assert (folder / "exercise.ipynb").read_bytes() == before


def test_check_exercise_tells_what_is_wrong_and_its_exit_status_says_whether_learners_may_meet_it(folder):
    ran = manage(folder, "check_exercise", "exercise.ipynb", "--runs", "1", "--language", "en")
    assert ran.returncode == 0, ran.stderr
    assert "t1: 2 points, isolated; model passed, untouched" in ran.stdout
    assert "model 6/6, untouched 0/6" in ran.stdout
    assert "WARNING cell 3 (t2): This check has no hint" in ran.stdout


def test_check_exercise_prints_the_whole_report_as_json(folder):
    ran = manage(folder, "check_exercise", "nothing.ipynb", "--json")
    assert ran.returncode == 1
    report = json.loads(ran.stdout)
    assert (report["exercise"], report["is_publishable"], report["errors"]) == ("nothing.ipynb", False, 1)
    assert report["remarks"][0]["text"].keys() == {"th", "en"}


@pytest.mark.parametrize(
    ("args", "environment", "complaint"),
    [
        (["none.ipynb"], {}, "No such file"),
        (["exercise.ipynb", "--runs", "0"], {}, "--runs must be between"),
        (["exercise.ipynb"], {"KERNEL_PYTHON": "/nowhere/python"}, "could not be tried"),
    ],
)
def test_check_exercise_that_could_not_be_done_is_exit_status_2(folder, args, environment, complaint):
    ran = manage(folder, "check_exercise", *args, **environment)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert complaint in ran.stderr
    assert not ran.stderr.startswith("Traceback")
    assert "\nTraceback" not in ran.stderr


OTTER = {
    "cells": [
        {"cell_type": "raw", "metadata": {}, "source": "# BEGIN QUESTION\nname: q1"},
        {"cell_type": "raw", "metadata": {}, "source": "# BEGIN SOLUTION"},
        {"cell_type": "code", "metadata": {}, "source": "x = 2 # SOLUTION", "outputs": [], "execution_count": None},
        {"cell_type": "raw", "metadata": {}, "source": "# END SOLUTION"},
        {"cell_type": "raw", "metadata": {}, "source": "# BEGIN TESTS"},
        {"cell_type": "code", "metadata": {}, "source": "assert x == 2", "outputs": [], "execution_count": None},
        {"cell_type": "code", "metadata": {}, "source": "x == 2", "outputs": [], "execution_count": None},
        {"cell_type": "raw", "metadata": {}, "source": "# END TESTS"},
        {"cell_type": "raw", "metadata": {}, "source": "# END QUESTION"},
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 4,
}


def test_import_otter_writes_an_exercise_and_lists_what_it_did_not_understand(folder):
    (folder / "otter.ipynb").write_bytes(as_bytes(OTTER))
    ran = manage(folder, "import_otter", "otter.ipynb", "out.ipynb", "--language", "en")
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.startswith("! cell 7 line 1 (x == 2): no output is saved below the cell")
    assert "### BEGIN SOLUTION" in (folder / "out.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("args", "complaint"),
    [
        (["exercise.ipynb", "out.ipynb"], "no question of Otter's"),
        (["none.ipynb", "out.ipynb"], "No such file"),
        (["exercise.ipynb", "exercise.ipynb"], "overwrite"),
    ],
)
def test_import_otter_says_why_it_wrote_nothing(folder, args, complaint):
    ran = manage(folder, "import_otter", *args)
    assert ran.returncode == 2
    assert complaint in ran.stderr
