"""What a failed check tells of its visible part, where its author allows it; and of hidden parts never."""

import json

import pytest

from grading import examiner, grader, notebooks
from grading.examiner import _told
from grading.notebooks import AuthorError
from tests.grading.authored import LIMITS, PYTHON, answer, answered, as_bytes, check, document, setup, source

ALL = "# feedback: type, shape, difference, tolerance\n"
SOLUTION = answer("a", "def f(x):\n    return [1, 2, 3]")


def told(solution, visible, given, *, hidden="", allowed=ALL, cells=()):
    """What is told of one check of one answer; real sandboxes."""
    authored = source(*cells, answer("a", solution), check("t1", allowed + visible, hidden=hidden))
    assembled = notebooks.assemble(authored, answered(authored, a=given))
    examined = examiner.examine(
        source=authored, assembled=assembled, files={}, hidden_files={}, limits=LIMITS, python=PYTHON
    )
    return [dict(one) for one in examined.findings["t1"].told]


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
    authored = source(answer("a", "def f(x):\n    return [4711]"), first, check("t1", ALL + visible))
    assembled = notebooks.assemble(authored, answered(authored, a="f = lambda x: [1]"))
    examined = examiner.examine(
        source=authored, assembled=assembled, files={}, hidden_files={}, limits=LIMITS, python=PYTHON
    )
    assert examined.findings["t1"].outcome == "failed"
    assert examined.findings["t1"].told == ()


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
