"""Points that could once be had without earning them, faults that once raised a score, files that once took too long.

Each of these worked against an earlier examiner or reader; the honest neighbours beside them must go on working.
"""

import contextlib
import json
import time
from decimal import Decimal

import pytest

from grading import notebooks
from grading.inside.effects import Effects, computing_functions
from grading.inside.examine import earned, is_no
from grading.inside.owners import parse
from sandboxes.inside import wire
from tests.grading.authored import answer, as_bytes, cell, check, document, outcomes, setup, source
from tests.grading.test_examine import examine, findings, one

# --- what a call does to its arguments ---

MEAN = "def mean(xs): return sum(xs) / len(xs)"
SPOILT_MEAN = "def mean(xs):\n    xs[:] = [0]\n    return 0"


def test_an_answer_is_not_measured_by_an_argument_that_the_call_has_spoilt():
    measured = "xs = [1, 2, 6]\nassert mean(xs) == sum(xs) / len(xs)"
    assert one(measured, MEAN) == "passed"
    assert one(measured, MEAN, SPOILT_MEAN) == "failed"


def test_the_authors_data_is_whole_again_for_the_next_check():
    cells = [
        ("setup", "data = [1, 2, 6]"),
        ("answer", MEAN, SPOILT_MEAN),
        ("check", "mean(data)"),
        ("check", "assert data == [1, 2, 6] and mean(data) == 3"),
    ]
    assert examine(*cells) == ["passed", "failed"]
    assert examine(*cells[:2], ("setup", "m = mean(data)"), ("check", "assert m == sum(data) / len(data)")) == [
        "failed"
    ]


def test_a_check_that_an_input_stays_as_it_was_still_sees_it_change():
    unchanged = "xs = [3, 1]\nassert smallest(xs) == 1\nassert xs == [3, 1], 'the input was changed'"
    solution = "def smallest(xs): return sorted(xs)[0]"
    assert one(unchanged, solution) == "passed"
    assert one(unchanged, solution, "def smallest(xs):\n    xs.sort()\n    return xs[0]") == "failed"


def test_an_honest_answer_that_changes_its_input_on_the_way_passes_where_nobody_asks():
    assert (
        one(
            "assert smallest([3, 1]) == 1",
            "def smallest(xs): return min(xs)",
            "def smallest(xs):\n    xs.sort()\n    return xs[0]",
        )
        == "passed"
    )


def test_a_function_that_works_in_place_and_gives_a_value_is_seen_to_do_both():
    cells = [
        ("answer", "def take(queue): return queue.pop(0)"),
        ("check", "q = [1, 2]\nassert take(q) == 1 and q == [2]"),
    ]
    assert examine(*cells) == ["passed"]


@pytest.mark.parametrize(
    ("code", "computes"),
    [
        ("def f(xs): return sum(xs)", True),
        (
            "def f(xs):\n    found = []\n    for x in xs:\n        found.append(x)\n    print(xs)\n    return found",
            True,
        ),
        ("def f(df):\n    df = df.copy()\n    return df", True),
        ("f = lambda xs: max(xs)", True),
        ("def f(xs): xs.sort()", False),
        ("def f(df):\n    df['x'] = 1\n    return df", False),
        ("def f(rows):\n    for row in rows:\n        row['x'] = 1\n    return rows", False),
        ("def f(table):\n    rows = table['rows']\n    rows.append(1)\n    return table", False),
        ("def f(xs):\n    shuffle(xs)\n    return xs", False),
        ("def f(xs):\n    xs += [1]\n    return xs", False),
        ("def f(df):\n    df.dropna(inplace=True)\n    return df", False),
        ("def f(q): return q.pop()", False),
        ("def f():\n    def g(xs): xs.clear()\n    return g", False),
        ("@decorated\ndef f(x): return x", False),
        ("@lru_cache\ndef f(x): return x", True),
        ("class f:\n    def __init__(self, xs):\n        self.xs = xs", True),
        ("class f:\n    def __init__(self, xs):\n        xs.sort()", False),
        ("class C:\n    def f(self, xs):\n        self.xs += 1\n        self.all.append(xs)", True),
        ("class C:\n    def f(self, other):\n        other.append(self.pop())", False),
        ("f = make()", False),
        ("def f(x): return x\nf = make(f)", False),
    ],
)
def test_which_functions_only_compute_is_read_from_the_solution(code, computes):
    assert ("f" in computing_functions([parse(code)])) is computes


@pytest.mark.parametrize(
    ("solution", "args", "may"),
    [
        ("def f(xs):\n    xs = xs + [1]\n    xs += [2]\n    return xs", [[1]], False),
        ("def f(xs):\n    xs += [2]\n    return xs", [[1]], True),
        ("@kept\ndef f(xs): return sum(xs)\nkept = None", [[1]], True),  # it cannot be made: in doubt
        ("def kept(g): return g\n@kept\ndef f(xs): return sum(xs)", [[1]], False),
        (
            "def f(xs):\n    import os; os.mkdir('left')\n    help(xs)\n    return 1\ndef help(xs): pass",
            [[1]],
            False,
        ),
        ("def f(xs):\n    helper(xs)\n    raise ValueError", [[1]], True),
        ("class f:\n    def __init__(self, xs):\n        prepare(xs)\ndef prepare(xs): pass", [[1]], False),
    ],
)
def test_in_doubt_the_solution_itself_is_called(solution, args, may, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Effects([parse(solution)]).may_change("f", args, {}, 0) is may
    assert not list(tmp_path.iterdir())


# --- what crosses ---


def test_a_function_cannot_end_the_loop_that_checks_it():
    checked = "xs = [1, 2]\nassert all(y == 2 * x for x, y in zip(xs, map(double, xs)))"
    assert one(checked, "def double(x): return 2 * x") == "passed"
    assert one(checked, "def double(x): return 2 * x", "def double(x): raise StopIteration") == "error"


def test_a_hidden_file_goes_where_the_author_names_it_and_not_where_the_learner_does():
    exercise = source(
        answer("a", "def load(name): return open(name).read()\ndef solve(text): return len(text)"),
        check("c", "assert solve(load('hidden.csv')) == int(open('expected.txt').read())"),
    )
    files = {"hidden_files": {"hidden.csv": b"abc", "expected.txt": b"3"}}
    honest = "def load(name): return open(name).read()\ndef solve(text): return len(text)"
    assert outcomes(exercise, a=honest, **files) == {"c": "passed"}
    for said in ("expected.txt", "./expected.txt/", "/cwd/expected.txt", "x/../expected.txt"):
        thief = f"def load(name): return {said!r}\ndef solve(name): return int(open('expected.txt').read())"
        assert outcomes(exercise, a=thief, **files) == {"c": "error"}, said


CAPTURED = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as said:\n    load(2)\n"
PLANTED = {
    "printed": (CAPTURED + "name = said.getvalue().strip()", "print('expected.txt')"),
    "printed_among_others": (CAPTURED + "name = said.getvalue().split()[2]", "print('I read expected.txt just now')"),
    "in_a_changed_argument": ("xs = []\nload(xs)\nname = xs[0]", "x.append('expected.txt')"),
    "raised": (
        "try:\n    load(1)\nexcept ValueError as error:\n    name = str(error)",
        "raise ValueError('expected.txt')",
    ),
    "in_a_value_of_an_error": (
        "try:\n    load(1)\nexcept Odd as error:\n    name = error.name",
        "error = Odd()\n    error.name = 'expected.txt'\n    raise error",
    ),
    "in_a_docstring": ("name = load.__doc__", "'expected.txt'"),
    "in_a_warning": (
        "import warnings\nwith warnings.catch_warnings(record=True) as said:\n    warnings.simplefilter('always')\n"
        "    load(1)\nname = str(said[0].message)",
        "import warnings\n    warnings.warn('expected.txt')",
    ),
    "among_other_characters": ("name = load(1).strip()", "return ' expected.txt\\n'"),
    "in_a_long_text": ("name = load(1).split()[-1]", "return 'x ' * 5000 + 'expected.txt'"),
    "as_bytes": ("name = load(1).decode()", "return b'expected.txt'"),
    "as_a_key": ("name = next(iter(load(1)))", "return {'expected.txt': 1}"),
}


@pytest.mark.parametrize("way", PLANTED)
def test_a_hidden_file_that_the_learner_has_named_in_any_way_is_not_sent(way):
    takes, plants = PLANTED[way]
    # Which file is asked for is the learner's word here; what is in it is the measure of the answer.
    solution = "class Odd(Exception): pass\ndef load(x):\n    return x\ndef solve(name): return 3"
    exercise = source(
        answer("a", solution), check("c", takes + "\nassert solve(name) == int(open('expected.txt').read())")
    )
    reads = f"class Odd(Exception): pass\ndef load(x):\n    {plants}\n"
    reads += "def solve(name): return int(open('expected.txt').read())"
    assert outcomes(exercise, a=reads, hidden_files={"expected.txt": b"3"}) == {"c": "error"}


def test_what_a_learner_says_in_passing_holds_back_no_file_of_the_authors():
    exercise = source(
        answer("a", "def f(x): return x\ndef size(name): return len(open(name).read())"),
        check("t1", "assert f(1) == 1\nassert size('data') == 3"),
        check("t2", "assert f(2) == 2\nassert size('more.csv') == 3"),
        check("t3", "assert f(3) == 3\nassert size('more.csv') == 3"),
    )
    chatty = "data = 1\ndef f(x):\n    print('the data is', x, 'and no_more.csv or more.csv-old')\n    return x\n"
    chatty += "def size(name):\n    print(name)\n    return len(open(name).read())"
    found = outcomes(exercise, a=chatty, hidden_files={"data": b"abc", "more.csv": b"abc"})
    assert set(found.values()) == {"passed"}


def test_nothing_is_not_close_to_something():
    exercise = source(
        answer("a", "import numpy as np\ndef f(xs): return np.array(xs)"),
        check(
            "close", "import numpy as np\nassert np.allclose(f([1, 2]), [1, 2])", hidden="assert np.isclose(f([3]), 3)"
        ),
        check("tested", "np.testing.assert_allclose(f([1]), 1)\nnp.testing.assert_array_equal(f([1]), 1)"),
        check("equal", "assert (f([1, 2]) == np.array([1, 2])).all()"),
        check("empty", "assert np.allclose(f([]), []) and len(f([])) == 0\nnp.testing.assert_array_equal(f([]), [])"),
    )
    honest = outcomes(exercise, a="import numpy as np\ndef f(xs): return np.array(xs, dtype=float)")
    assert set(honest.values()) == {"passed"}
    for nothing in ("[]", "np.array([])", "np.empty((0, 1))", "np.empty((0, 2))"):
        found = outcomes(exercise, a=f"import numpy as np\ndef f(xs): return {nothing}")
        assert "passed" not in (found["close"], found["tested"], found["equal"]), (nothing, found)


def test_counters_cross_as_what_they_are():
    counted = "def f(x):\n    from collections import Counter\n    return Counter(x)"
    plain = "def f(x): return {c: x.count(c) for c in x}"
    assert one("assert f('aab') == {'a': 2, 'b': 1}", plain, counted) == "passed"
    assert one("assert f('aab').most_common(1) == [('a', 2)]", counted) == "passed"
    grouped = "from collections import defaultdict\ndef f(x):\n    found = defaultdict(int)\n    found[x] += 1"
    grouped += "\n    return found"
    assert one("assert f('a') == {'a': 1}", "def f(x): return {x: 1}", grouped) == "passed"


def test_a_number_that_takes_minutes_to_write_out_does_not_cross():
    assert (
        one(
            "assert int(f()) == 1",
            "def f(): return 1",
            "def f():\n    from decimal import Decimal\n    return Decimal('9e999999')",
        )
        == "not_examinable"
    )
    assert wire.decode(wire.encode(Decimal("9e999"))) == Decimal("9e999")


# --- cells of the author's that fail ---


def test_a_fault_in_an_authors_cell_is_no_good_news_for_the_checks_behind_it():
    cells = [
        ("setup", "wrong = []"),
        ("answer", "def f(x): return 2 * x", "def f(x): raise ValueError"),
        ("setup", "for x in (1, 2):\n    if f(x) != 2 * x: wrong.append(x)"),
        ("check", "assert not wrong"),
        ("check", "assert True"),
    ]
    assert examine(*cells) == ["error", "passed"]
    cells[2] = ("check", cells[2][1])
    assert examine(*cells)[:2] == ["error", "error"]


def test_the_authors_cells_may_display_what_they_like():
    assert one("display(x)\nassert x == shown", "x = 1", setup="shown = 1\ndisplay(shown)") == "passed"


# --- the last value of a check ---


def test_a_comparison_with_an_array_or_a_missing_value_is_not_full_marks():
    exercise = source(
        answer("a", "def f(x): return 2 * x"),
        check("compared", "f(3) == 6"),
        check("close", "import numpy as np\nnp.isclose(f(3), 6)"),
        check("counted", "sum(f(x) == 2 * x for x in (1, 2))"),
    )
    assert set(outcomes(exercise, a="def f(x): return 2 * x").values()) == {"passed"}
    for lie in ("np.array([0])", "pd.DataFrame()", "pd.NA"):
        found = outcomes(exercise, a=f"import numpy as np, pandas as pd\ndef f(x): return {lie}")
        assert "passed" not in found.values(), (lie, found)


def test_a_table_of_the_learners_that_is_asked_a_question_can_be_answered_no():
    cells = [
        ("answer", "words = {'a', 'b'}", "words = set()"),
        ("check", "words.issuperset({'a'})"),
        ("check", "words"),
    ]
    assert [finding["share"] for finding in findings(*cells)] == [0.0, 1.0]
    assert [finding["share"] for finding in findings(("answer", "words = {'a'}"), *cells[1:])] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("value", "no"), [(False, True), ([True, False], True), ([True], False), ([], False), (0, False)]
)
def test_no_is_no(value, no):
    assert is_no(value) is no
    assert earned(value, 0) == (0.0 if no else 1.0)


# --- files ---


@pytest.mark.parametrize(
    "hostile",
    [
        {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": "", "outputs": [{}] * 100_000}]}]},
        {"nbformat": 4, "cells": [cell("") | {"outputs": [{}] * 300_000}]},
        {
            "nbformat": 4,
            "cells": [cell("", kind="markdown") | {"attachments": {str(n): {"x/y": 1} for n in range(100_000)}}],
        },
        {"nbformat": 4, "cells": [cell("") | dict.fromkeys(map(str, range(200_000)), 1)]},
        {"nbformat": 4, "cells": [{}] * 100_000},
    ],
    ids=["outputs of version 3", "outputs", "attachments", "keys", "cells"],
)
def test_what_is_not_read_takes_no_time(hostile):
    data = json.dumps({"nbformat_minor": 5, "metadata": {}} | hostile).encode()
    began = time.process_time()
    with contextlib.suppress(notebooks.NotebookRefused):
        notebooks.read_notebook(data)
    assert time.process_time() - began < 3  # a second at most, where it once was half a minute


def test_half_a_character_stops_no_run():
    read = notebooks.read_notebook(json.dumps(document(cell("x = 1 # \ud800", "a"))).encode())
    assert read.cells[0].source == "x = 1 # ?"


@pytest.mark.parametrize(
    "line",
    [
        "assert 1 ### BEGIN HIDDEN TESTS",
        "# BEGIN_HIDDEN_TESTS",
        "# HIDDEN TESTS BEGIN",
        "x = 1\r### BEGIN HIDDEN TESTS",
    ],
)
def test_a_mark_that_would_hide_nothing_is_an_authors_mistake(line):
    with pytest.raises(notebooks.AuthorError, match="nearly a mark"):
        notebooks.read_source(as_bytes(document(answer("a", "x = 1"), check("c", f"{line}\nassert SECRET"))))


def test_a_comment_that_speaks_of_solutions_is_no_mark():
    assert source(
        setup("# the solution begins with a look at the data"), answer("a", "x = 1"), check("c", "assert x")
    ).checks
