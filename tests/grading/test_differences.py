"""What a failed check tells of its visible part, where its author allows it; and of hidden parts never."""

import json
import random
from dataclasses import replace

import pytest

from grading import examiner, grader, notebooks
from grading.examiner import GradingError, _told
from grading.notebooks import AuthorError
from sandboxes.results import SandboxUnavailable
from tests.grading.authored import LIMITS, PYTHON, answer, answered, as_bytes, check, document, setup, source

ALL = "# feedback: type, shape, difference, tolerance\n"
SOLUTION = answer("a", "def f(x):\n    return [1, 2, 3]")


def told(solution, visible, given, *, hidden="", allowed=ALL, cells=()):
    """What is told of one check of one answer; real sandboxes."""
    return graded(*cells, answer("a", solution), check("t1", allowed + visible, hidden=hidden), a=given)["t1"].told


def graded(*cells, files=None, hidden_files=None, seed=None, **answers):
    """The results of the checks by their ids, as a submission gets them; real sandboxes."""
    authored = document(*cells)
    outcome = grader.grade(
        source=as_bytes(authored),
        submission=json.dumps(answered(notebooks.read_source(as_bytes(authored)), **answers)).encode(),
        files=files or {},
        hidden_files=hidden_files or {},
        limits=LIMITS,
        python=PYTHON,
        seed=seed,
    )
    return {one.id: replace(one, told=[dict(part) for part in one.told]) for one in outcome.checks}


def both(expected, got):
    return {"expected": expected, "got": got}


@pytest.mark.parametrize(
    ("visible", "given", "expected"),
    [
        ("assert f(3) == [1, 2, 3]", "f = lambda x: (1, 2, 3)", [{"kind": "type"} | both("list", "tuple")]),
        ("assert [1, 2, 3] == f(3)", "f = lambda x: None", [{"kind": "type"} | both("list", "None")]),
        ("assert f(3) == [1, 2, 3]", "f = lambda x: [1, 2]", [{"kind": "shape"} | both("3", "2")]),
        ("assert f(3) == [1, 2, 3]", "f = lambda x: [1, 5, 3]", [{"kind": "item", "row": "1"} | both("2", "5")]),
        ("assert f(3) == 'ก ข'", "f = lambda x: 'ก ค'", [{"kind": "item", "row": "2"} | both("'ข'", "'ค'")]),
        ("assert f(3) == {'a': 1}", "f = lambda x: {'b': 1}", [{"kind": "key"} | both("'a'", "")]),
        ("assert f(3) == {'a': 1}", "f = lambda x: {'a': 2}", [{"kind": "item", "row": "'a'"} | both("1", "2")]),
        ("assert f(3) == 4", "f = lambda x: 5.5", [{"kind": "value"} | both("4", "5.5")]),
        (
            "assert abs(f(3) - 4) < 0.01",
            "f = lambda x: 4.5",
            [{"kind": "value"} | both("4", "4.5"), {"kind": "tolerance"} | both("0.01", "0.5")],
        ),
        (
            "import numpy as np\nassert np.allclose(f(3), np.array([1.0, 2.0]), atol=0.1)",
            "import numpy as np\nf = lambda x: np.array([1.05, 3.0])",
            [{"kind": "item", "row": "1"} | both("2.0", "3.0")],
        ),
        (
            "import numpy as np\nnp.testing.assert_allclose(f(3), np.ones((2, 2)))",
            "import numpy as np\nf = lambda x: np.ones((2, 3))",
            [{"kind": "shape"} | both("2 × 2", "2 × 3")],
        ),
        (
            "import pandas as pd\npd.testing.assert_frame_equal(f(3), pd.DataFrame({'ปี': [2567, 2568]}))",
            "import pandas as pd\nf = lambda x: pd.DataFrame({'ปี': [2567, 2025]})",
            [{"kind": "cell", "row": "1", "column": "'ปี'"} | both("2568", "2025")],
        ),
        (
            "import pandas as pd\nassert f(3).equals(pd.DataFrame({'ปี': [1]}))",
            "import pandas as pd\nf = lambda x: pd.DataFrame({'year': [1]})",
            [{"kind": "columns"} | both("'ปี'", "'year'")],
        ),
        ("for n in (1, 2):\n    assert f(n) == n", "f = lambda x: 1", [{"kind": "value"} | both("2", "1")]),
    ],
    ids=lambda given: given[:40].replace("\n", " ") if isinstance(given, str) else "",
)
def test_the_first_visible_difference_is_told(visible, given, expected):
    assert told("def f(x):\n    return x", visible, given) == expected


@pytest.mark.parametrize(
    ("allowed", "given", "kinds"),
    [
        ("", "f = lambda x: (1,)", []),
        ("# feedback: shape\n", "f = lambda x: (1,)", []),
        ("# feedback: type\n", "f = lambda x: (1,)", ["type"]),
        ("# feedback: type\n", "f = lambda x: [9]", []),
        ("# feedback: shape\n", "f = lambda x: [9]", ["shape"]),
        ("# feedback: shape\n# feedback: difference\n", "f = lambda x: [1, 2, 9]", ["difference"]),
    ],
)
def test_only_what_the_author_allows_is_told(allowed, given, kinds):
    found = told("def f(x):\n    return [1, 2, 3]", "assert f(3) == [1, 2, 3]", given, allowed=allowed)
    assert [{"item": "difference"}.get(one["kind"], one["kind"]) for one in found] == kinds


@pytest.mark.parametrize(
    ("visible", "hidden"),
    [
        ("assert f(1) == [1]", "assert f(77) == [4711]"),
        ("assert f(1) == [1]", "SECRET = [4711]\nassert f(2) == SECRET"),
        ("", "assert f(77) == [4711]"),
        ("def same(a, b):\n    assert a == b\nsame(f(1), [1])", "same(f(2), [4711])"),
        ("data = [1]\nassert f(1) == data", "data.append(4711)\nassert f(1) == data"),
        # The same text in both parts: the visible one passes, the hidden one is another statement.
        ("assert f(1) == [1]", "f = (lambda g: lambda x: [4711])(f)\nassert f(1) == [1]"),
    ],
)
def test_nothing_is_told_of_a_hidden_part(visible, hidden):
    found = told("def f(x):\n    return [x]", visible, "f = lambda x: [1]", hidden=hidden)
    assert found == []


@pytest.mark.parametrize(
    "visible",
    [
        "assert f(1) == SECRET",
        "wanted = SECRET[0]\nassert f(1) == [wanted]",
        "for n in SECRET:\n    assert f(1) == [n]",
        "def wanted():\n    return SECRET\nmore = wanted()\nassert f(1) == more",
        "with_it = [n for n in SECRET]\nassert f(1) == with_it",
    ],
)
def test_a_visible_line_that_uses_a_hidden_name_or_what_was_made_of_it_tells_nothing(visible):
    first = check("t0", ALL + "pass", hidden="SECRET = [4711]")
    solution = answer("a", "def f(x):\n    return [4711]")
    found = graded(solution, first, check("t1", ALL + visible), a="f = lambda x: [1]")["t1"]
    assert (found.outcome, found.told) == ("failed", [])


# --- Hidden inputs are carried nowhere: what is told comes from a run that meets none --------------------------------

STASHES = """
stash = []
def f(x):
    stash.append(x)
    return 2 * x
def g(n):
    return [repr(stash)[:70], 2, 3]
"""
TWO = answer("a", "def f(x):\n    return 2 * x\ndef g(n):\n    return [1, 2, 3]")
LATER = check("t2", ALL + "assert g(1) == [1, 2, 3]")


def what_g_had(got):
    return [{"kind": "item", "row": "0"} | both("1", repr(got))]


def test_what_an_earlier_check_has_hidden_is_not_carried_out_by_a_later_one():
    found = graded(TWO, check("t1", "assert f(1) == 2", hidden="assert f(4711) == 9422"), LATER, a=STASHES)
    assert (found["t1"].outcome, found["t2"].outcome) == ("passed", "failed")
    assert found["t2"].told == what_g_had("[1]")


def test_a_hidden_part_of_the_same_check_that_runs_twice_is_not_carried_out():
    # The change of an argument makes the check run a second time, its visible part after its hidden one.
    changes = STASHES + "def g(xs):\n    xs.append(0)\n    return [repr(stash)[:70]] if stash[1:] else [1]\n"
    given = answer("a", "def f(x):\n    return 2 * x\ndef g(xs):\n    return [xs[0]]")
    both_parts = check("t1", ALL + "assert g([1]) == [1]", hidden="f(4711), f(4712)")
    found = graded(given, both_parts, a=changes)["t1"]
    assert (found.outcome, found.told) == ("failed", [])


def test_what_lies_in_a_hidden_file_is_not_carried_out():
    reads = STASHES + "def read(name):\n    stash.append(open(name).read())\n    return len(stash[0])\n"
    given = answer("b", "def read(name):\n    return len(open(name).read())")
    cells = (TWO, given, check("t1", "assert read('hidden.txt') == 4"), LATER)
    found = graded(*cells, hidden_files={"hidden.txt": b"4711"}, a=reads, b="pass")
    assert (found["t1"].outcome, found["t2"].told) == ("passed", what_g_had("[]"))


def test_what_was_drawn_from_the_seed_of_the_attempt_is_not_carried_out():
    drawn = check("t1", "import random\nn = random.Random(ATTEMPT_SEED).randint(10, 10**9)\nassert f(n) == 2 * n")
    found = graded(setup("ATTEMPT_SEED = 7"), TWO, drawn, LATER, a=STASHES, seed=99)
    own, other = (random.Random(seed).randint(10, 10**9) for seed in (7, 99))
    assert own != other
    assert found["t2"].told == what_g_had(f"[{own}]")


def test_later_checks_go_on_telling_where_earlier_ones_have_hidden_parts():
    first = check("t1", ALL + "assert f(1) == 2", hidden="assert f(4711) == 9422")
    found = graded(TWO, first, LATER, a="f = lambda x: 3\ng = lambda n: [1, 5, 3]")
    assert found["t1"].told == [{"kind": "value"} | both("2", "3")]
    assert found["t2"].told == [{"kind": "item", "row": "1"} | both("2", "5")]


def test_where_a_hidden_part_alone_fails_nothing_is_told():
    first = check("t1", ALL + "assert f(1) == 2", hidden="assert f(4711) == 9422")
    found = graded(TWO, first, a="f = lambda x: 2\ng = len")["t1"]
    assert (found.outcome, found.told) == ("failed", [])


@pytest.mark.parametrize("fault", [GradingError("away"), SandboxUnavailable("away")])
def test_the_verdict_stands_where_what_is_told_cannot_be_had(monkeypatch, fault):
    real, runs = grader.examine, []

    def once(**about):
        runs.append(about)
        if len(runs) > 1:
            raise fault
        return real(**about)

    monkeypatch.setattr(grader, "examine", once)
    found = graded(TWO, check("t1", ALL + "assert f(1) == 2", hidden="assert f(5) == 10"), a="f = lambda x: 3")["t1"]
    assert (found.outcome, found.told, len(runs)) == ("failed", [], 2)


def test_only_a_failed_check_that_may_tell_costs_another_run(monkeypatch):
    real, runs = grader.examine, []

    def counted(**about):
        runs.append(about["hidden_files"])
        return real(**about)

    monkeypatch.setattr(grader, "examine", counted)
    quiet = check("t0", "assert f(1) == 2", hidden="assert f(5) == 10")
    telling = check("t1", ALL + "assert g(1) == [1, 2, 3]")
    found = graded(TWO, quiet, telling, hidden_files={"h": b""}, a="f = lambda x: 3\ng = lambda n: [1, 2, 3]")
    assert (found["t0"].outcome, found["t1"].outcome, runs) == ("failed", "passed", [{"h": b""}])
    graded(TWO, telling, a="g = lambda n: 3")  # nothing hidden: the graded run itself may tell
    assert len(runs) == 2


def test_a_run_that_meets_what_is_hidden_may_tell_nothing():
    """Not even if its examiner says something: that is no verdict then."""
    authored = source(TWO, check("t1", ALL + "assert f(1) == 2", hidden="assert f(4711) == 9422"))
    assembled = notebooks.assemble(authored, answered(authored, a="f = lambda x: 3"))
    about = {"assembled": assembled, "files": {}, "limits": LIMITS, "python": PYTHON}
    for shown in (authored, notebooks.visible_part(authored)):
        examined = examiner.examine(source=shown, hidden_files={}, **about)
        assert bool(examined.findings["t1"].told) is (shown is not authored)
    assert not examiner.examine(source=shown, hidden_files={"h": b"1"}, **about).findings["t1"].told


@pytest.mark.parametrize(
    "given",
    [
        "class L(list):\n    def __repr__(self): return 'x' * 10**7\nf = lambda x: L()",
        "f = lambda x: [object()]",
        "f = lambda x: [[f]]",
        "f = lambda x: [1, 2, 'x' * 10**6]",
        "f = lambda x: list(range(200_000))",
        "f = lambda x: [1, 2, float('nan')]",
    ],
    ids=["subclass", "object", "proxy", "long", "many", "nan"],
)
def test_odd_values_tell_little_and_change_no_verdict(given):
    authored = source(SOLUTION, check("t1", ALL + "assert f(3) == [1, 2, 3]"), check("t2", "assert f is not None"))
    assembled = notebooks.assemble(authored, answered(authored, a=given))
    findings = {}
    for allowed in (True, False):
        checks = tuple(
            one if allowed else notebooks.SourceCheck(one.id, one.max_points, one.code, one.hint, one.number)
            for one in authored.checks
        )
        which = notebooks.Source(authored.notebook, authored.roles, checks)
        examined = examiner.examine(
            source=which, assembled=assembled, files={}, hidden_files={}, limits=LIMITS, python=PYTHON
        )
        findings[allowed] = {key: (one.outcome, one.share) for key, one in examined.findings.items()}
        assert all(len(text) <= 300 for one in examined.findings["t1"].told for text in one.values())
    assert findings[True] == findings[False]


def test_the_learner_reads_it_in_words_and_never_as_html():
    authored = document(
        setup("x = 1"), answer("a", "def f(x):\n    return 'ก'"), check("t1", ALL + "assert f(1) == 'ก'", hint="ดู")
    )
    release = answered(notebooks.read_source(as_bytes(authored)), a="f = lambda x: '<img src=x onerror=alert(1)>'")
    outcome = grader.grade(
        source=as_bytes(authored),
        submission=json.dumps(release).encode(),
        files={},
        hidden_files={},
        limits=LIMITS,
        python=PYTHON,
    )
    html = outcome.feedback_html["th"]
    assert "ขนาดที่คาดไว้คือ 1 แต่ได้ 28" in html
    assert "The expected size is 1, but yours is 28." in outcome.feedback_html["en"]
    assert "<img" not in html


def test_what_may_be_told_is_checked_word_by_word():
    allowed = source(SOLUTION, check("t1", ALL + "assert f(3) == 1")).checks[0]
    forbidden = source(SOLUTION, check("t1", "assert f(3) == 1")).checks[0]
    good = {"kind": "type", "expected": "list", "got": "int"}
    assert _told(allowed, [good]) == (good,)
    for bad in (
        [good] * 4,
        "type",
        [1],
        [{}],
        [{"kind": "secret"}],
        [good | {"value": "1"}],
        [good | {"got": 1}],
        [good | {"got": "x" * 301}],
    ):
        with pytest.raises(ValueError, match="may be told"):
            _told(allowed, bad)
    with pytest.raises(ValueError, match="may be told"):
        _told(forbidden, [good])


def test_the_author_is_told_of_a_word_that_is_none():
    with pytest.raises(AuthorError, match="values"):
        source(SOLUTION, check("t1", "# feedback: type, values\nassert f(3) == 1"))


def test_the_directive_is_cut_from_the_release():
    authored = source(SOLUTION, check("t1", ALL + "assert f(3) == 1", hint="ดู"))
    assert authored.checks[0].feedback == {"type", "shape", "difference", "tolerance"}
    assert "feedback" not in json.dumps(notebooks.release(authored))


def test_a_helper_of_one_check_may_be_used_by_the_next():
    helper = "def same(a, b):\n    assert a == b\nfor n in (1, 2):\n    assert f(n) == n"
    authored = source(
        answer("a", "def f(x):\n    return x"),
        check("t1", ALL + helper),
        check("t2", ALL + "same(f(1), 1)\nassert f(1) == 1"),
        check("t3", "same(f(1), 1)"),
    )
    assembled = notebooks.assemble(authored, answered(authored, a="f = lambda x: x"))
    examined = examiner.examine(
        source=authored, assembled=assembled, files={}, hidden_files={}, limits=LIMITS, python=PYTHON
    )
    assert {one.outcome for one in examined.findings.values()} == {"passed"}
