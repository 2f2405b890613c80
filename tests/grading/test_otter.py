"""Otter's source notebooks as ours: marks, points, tests of every kind, and what is not understood, line by line."""

import json

import pytest

from grading.notebooks import NotebookRefused, read_source, release
from grading.otter import import_otter, is_otter
from grading.preflight import preflight
from sandboxes.limits import Limits
from tests.grading.authored import PYTHON, as_bytes


def raw(*lines):
    return {"cell_type": "raw", "metadata": {}, "source": "\n".join(lines)}


def text(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def code(source, shown=None, printed=None):
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    if shown:
        outputs.append({"output_type": "execute_result", "execution_count": 1, "metadata": {},
                        "data": {"text/plain": shown}})  # fmt: skip
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": outputs, "execution_count": None}


def otter(*cells):
    return as_bytes({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def question(*tests, settings=("name: q1",), solution="x = 2 # SOLUTION"):
    return [
        raw("# BEGIN QUESTION", *settings),
        text("What is asked."),
        raw("# BEGIN SOLUTION"),
        code(solution),
        raw("# END SOLUTION"),
        *([raw("# BEGIN TESTS"), *tests, raw("# END TESTS")] if tests else []),
        raw("# END QUESTION"),
    ]


def read(*cells):
    imported = import_otter(otter(*cells))
    assert imported.lost == []
    return read_source(imported.notebook)


def complaints(*cells):
    return [(one.cell, one.line, one.text, one.is_lost) for one in import_otter(otter(*cells)).not_understood]


CONFIG = '""" # BEGIN TEST CONFIG\n{}\n""" # END TEST CONFIG\n'
GOOD = question(code("assert x"))
WHOLE = otter(
    raw("# ASSIGNMENT CONFIG", "name: hw01", "generate:", "    show_stdout: true", "files:", "    - data.csv"),
    code("import math\nimport otter\ngrader = otter.Notebook()"),
    *question(
        code("f(1) == 2", "True"),
        code("# HIDDEN\nf(4321) == 8642", "True"),
        code(CONFIG.format("points: 3\nfailure_message: Twice the number.") + "f(5)", "10"),
        settings=["name: first", "points: 4"],
        solution="def f(x):\n    y = 2 * x # SOLUTION\n    return y # SOLUTION",
    ),
    text("```otter\n# BEGIN QUESTION\nname: second\nall_or_nothing: true\n```"),
    raw("# BEGIN SOLUTION"),
    code("def g(x):\n    # BEGIN SOLUTION\n    print('g', x)\n    return [x, x]\n    # END SOLUTION"),
    raw("# END SOLUTION"),
    raw("# BEGIN TESTS"),
    code("def test_pairs(g):\n    assert g(1) == [1, 1]\n\ntest_pairs(g)  # IGNORE"),
    code(CONFIG.format("hidden: true") + 'g(7)[0]\nprint("done")', printed="g 7\ndone\n"),
    raw("# END TESTS"),
    raw("# END QUESTION"),
    raw("# BEGIN QUESTION", "name: third", "manual: true", "points: 2.5"),
    text("Say why."),
    raw("# BEGIN PROMPT"),
    text("_Because …_"),
    raw("# END PROMPT"),
    raw("# BEGIN SOLUTION"),
    text("**SOLUTION** the secret reason"),
    raw("# END SOLUTION"),
    raw("# END QUESTION"),
    text("<!-- IGNORE -->\nnobody sees this"),
)  # fmt: skip


@pytest.fixture(scope="module")
def whole():
    return import_otter(WHOLE)


def test_otters_notebooks_are_recognised_and_no_others():
    assert is_otter(WHOLE)
    assert is_otter(otter(text("```otter\n# ASSIGNMENT CONFIG\n```")))
    assert not is_otter(otter(text("# BEGIN QUESTION"), code("# BEGIN SOLUTION")))
    assert not is_otter(b"no notebook")


def test_questions_become_answers_checks_and_parts_for_people(whole):
    exercise = read_source(whole.notebook)
    assert [(check.id, check.max_points) for check in exercise.checks] == [
        ("first-2", 0.5),
        ("first-3", 0.5),
        ("first-4", 3),
        ("second-2", 1),
    ]
    assert [(part.id, part.max_points) for part in exercise.manual] == [("third-answer", 2.5)]
    assert exercise.checks[2].hint == {"en": "Twice the number."}
    assert [one.text for one in whole.not_understood] == ["files:"]
    assert whole.lost == []


def test_the_release_shows_the_prompts_and_none_of_the_secrets(whole):
    shown = "\n".join(cell.source for cell in release(read_source(whole.notebook)).cells)
    for secret in ("2 * x", "4321", "return [x, x]", "secret reason", "nobody sees", "otter", "SOLUTION", "Twice"):
        assert secret not in shown
    for kept in ("# y = ...", "import math", "f(1)", "_Because …_", "What is asked.", "g(1) == [1, 1]"):
        assert kept in shown


def test_what_was_imported_works(whole):
    report = preflight(source=whole.notebook, files={}, hidden_files={}, limits=Limits(), python=PYTHON, runs=1)
    assert [remark.text["en"] for remark in report.remarks if remark.severity == "error"] == []
    assert (report.model_score, report.max_score, report.untouched_score) == (5, 5, 0)


@pytest.mark.parametrize(
    ("solution", "kept", "gone"),
    [
        ("x = 41 + 1 # SOLUTION", "# x = ...", "41"),
        ("a, b = 1, 2 # SOLUTION", "# a, b = ...", "1, 2"),
        ("x = 41 # SOLUTION NO PROMPT\ny = 1", "y = 1", "41"),
        ("np.random.seed(42) # SEED\ny = 1 # SOLUTION", "# y = ...", "42"),
        ("def f():\n    # BEGIN SOLUTION NO PROMPT\n    return 41\n    # END SOLUTION", "def f():", "41"),
        ('x = 41 # SOLUTION\n""" # BEGIN PROMPT\nx = think\n"""; # END PROMPT', "# x = think", "41"),
        ("x = 41", "YOUR CODE HERE", "41"),
        ("secret = 41 # IGNORE\n# BEGIN IGNORE\nmore = 42\n# END IGNORE\nx = 1 # SOLUTION", "# x = ...", "4"),
    ],
)
def test_every_way_to_mark_a_solution_is_cut_for_learners(solution, kept, gone):
    exercise = read(*question(code("assert True"), solution=solution))
    shown = release(exercise).cells[1].source
    assert kept in shown
    assert gone not in shown.replace("4.5", "")
    compile(shown, "release", "exec")
    compile(exercise.notebook.cells[1].source, "source", "exec")


@pytest.mark.parametrize(
    ("test", "check"),
    [
        (code("x == 2", "True"), "assert (x == 2)"),
        (code("x == 3", "False"), "assert not (x == 3)"),
        (code("y = 5\nx", "2"), "y = 5\nassert (x) == 2"),
        (code("str(x)", "'2'"), "assert (str(x)) == '2'"),
        (code("x", "array([1, 2])"), "assert repr(x) == 'array([1, 2])'"),
        (code("assert x == 2"), "assert x == 2"),
        (code("np.testing.assert_equal(x, 2)"), "np.testing.assert_equal(x, 2)"),
        (code("def test_it(x):\n    assert x == 2\ntest_it(x)"), "def test_it(x):\n    assert x == 2\n\ntest_it(x)"),
    ],
)
def test_every_kind_of_test_becomes_a_check(test, check):
    assert read(*question(test)).checks[0].code == check


@pytest.mark.parametrize(
    ("settings", "tests", "points"),
    [
        ([], ["", "", ""], [1 / 3] * 3),
        (["points: 6"], ["", ""], [3, 3]),
        (["points: 6"], ["points: 2", "", ""], [2, 2, 2]),
        (["points: [1, 2]"], ["", ""], [1, 2]),
        (["points:", "    - 1", "    - 2"], ["", ""], [1, 2]),
        (["points:", "    each: 2"], ["", ""], [2, 2]),
        ([], ["points: 2", ""], [2, 0]),
        ([], ["points: 0", ""], [0, 1]),
        (["points: 5", "all_or_nothing: true"], ["points: 2", ""], [5]),
    ],
)
def test_points_are_shared_out_as_otter_does(settings, tests, points):
    cells = [code(CONFIG.format(one) + "assert x") for one in tests]
    exercise = read(*question(*cells, settings=["name: q", *settings]))
    assert [check.max_points for check in exercise.checks] == pytest.approx(points)


@pytest.mark.parametrize(
    ("cells", "where"),
    [
        (question(code("x == 2")), (7, 1, "x == 2", True)),
        (question(code("y = 1\nx == 2")), (7, 2, "x == 2", True)),
        (question(code("print(x)\nx", "2", "2\n")), (7, 1, "print(x)", True)),
        (question(code("def test_it(env):\n    assert env['x']")), (7, 1, "def test_it(env):", True)),
        (question(code("x ===")), (7, 1, "x ===", True)),
        (question(code("assert x"), settings=["name: q", "colour: red"]), (1, 3, "colour: red", True)),
        (question(code("assert x"), settings=["name: q", "points: many"]), (1, 3, "points: many", True)),
        (question(code("assert x"), settings=["points: 2"]), (1, 1, "# BEGIN QUESTION", True)),
        (question(code("assert x"), settings=["name: q", "{nonsense}"]), (1, 3, "{nonsense}", True)),
        ([*GOOD[:-1]], (1, 1, "# BEGIN QUESTION", True)),
        ([*GOOD, raw("# END QUESTION")], (10, 1, "# END QUESTION", True)),
        ([raw("# ASSIGNMENT CONFIG", "config_file: a.yml"), *GOOD], (1, 2, "config_file: a.yml", True)),
        ([raw("# ASSIGNMENT CONFIG", "generate:", "  seed: 42"), *GOOD], (1, 3, "seed: 42", True)),
        ([code("x = 3 # SOLUTION"), *GOOD], (1, 1, "x = 3 # SOLUTION", True)),
        ([code('1\n""" # BEGIN PLUGIN\n""" # END PLUGIN'), *GOOD], (1, 2, '""" # BEGIN PLUGIN', True)),
        (question(), (1, 1, "# BEGIN QUESTION", False)),
        (question(settings=["name: q", "manual: true"]), (1, 1, "# BEGIN QUESTION", False)),
        ([text("intro\n\n```otter\n# BEGIN QUESTION\nname: q\ncolour: red\n```"), *GOOD[1:]],
         (1, 6, "colour: red", True)),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told_with_cell_and_line(cells, where):
    assert where in complaints(*cells)


def test_complaints_speak_both_languages():
    for one in import_otter(otter(raw("# BEGIN QUESTION"), raw("# BEGIN PROMPT"), code("1"))).not_understood:
        assert one.th != one.en
        assert "{" not in one.th + one.en
        assert f"line {one.line}" in one.as_problem().en


def test_notebooks_in_r_are_refused_as_a_whole():
    document = json.loads(WHOLE) | {"metadata": {"kernelspec": {"language": "R", "name": "ir", "display_name": "R"}}}
    imported = import_otter(as_bytes(document))
    assert imported.notebook == b""
    assert len(imported.lost) == 1


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[1]", b'{"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [5]}']
)
def test_what_is_no_notebook_is_refused(data):
    with pytest.raises(NotebookRefused):
        import_otter(data)


def test_hostile_outputs_do_no_harm():
    cells = question(code("x == 2"))
    cells[6]["outputs"] = [5, {"data": 5}, {"data": {"text/plain": [5, "'''\nimport os"]}}, {"text": {}}]
    imported = import_otter(otter(*cells))
    assert "import os" not in [
        line.strip() for line in json.loads(imported.notebook)["cells"][-1]["source"].split("\n")
    ]
