"""The examiner's rules, with the learner's side in the same process: what crosses, and whose name is whose."""

import sys
import time
import unicodedata

import pytest

from grading.inside.examine import Examination, earned
from grading.inside.faults import OutOfTimeError
from grading.inside.learner import Learner
from grading.inside.objects import Objects
from grading.inside.owners import Cell, Driver, bindings, parse
from sandboxes.inside import wire
from sandboxes.inside.agent import Agent


class Shell:
    """As much of IPython's shell as the agent uses."""

    def __init__(self):
        self.user_ns = {"__name__": "learner"}

    def run_cell(self, code):
        try:
            exec(code, self.user_ns)
        except Exception as error:
            self.error = error


class Wire:
    """A channel whose other end answers at once, through real frames; ``garble`` may spoil the replies."""

    def __init__(self, agent, garble=None):
        self.agent, self.garble = agent, garble or (lambda reply: reply)

    def send(self, message, deadline):
        request = wire.unpack(wire.pack(message)[4:])
        self.reply = wire.pack(self.garble(self.agent.answer(request)))[4:]

    def receive(self, deadline):
        return wire.unpack(self.reply)


def examine(*cells, garble=None):
    """``cells`` are (kind, the author's code[, the learner's code]); returns the outcomes of the checks."""
    return [finding["outcome"] for finding in findings(*cells, garble=garble)]


def findings(*cells, garble=None):
    theirs = ["" if kind == "check" else (rest[0] if rest else code) for kind, code, *rest in cells]
    channel = Wire(Agent(Shell(), theirs), garble)
    learner = Learner(channel, call_seconds=5, deadline=time.monotonic() + 20)
    ours = [
        Cell.read({"kind": kind, "code": code, "id": f"c{n}", "points": 2.0})
        for n, (kind, code, *_) in enumerate(cells)
    ]
    return Examination(ours, learner).findings()


def one(check, solution, given=None, setup="pass"):
    """The outcome of one check of one answer."""
    (outcome,) = examine(("setup", setup), ("answer", solution, solution if given is None else given), ("check", check))
    return outcome


def test_a_value_is_a_copy_of_the_learners():
    assert one("assert x == [1, {'a': (2, 3)}]", "x = [1, {'a': (2, 3)}]") == "passed"
    assert one("assert x == 5", "x = 5", "x = 6") == "failed"


def test_a_function_is_called_over_there_with_positional_and_keyword_arguments():
    assert one("assert f(1, 2, c=3) == 6 and f(*[1, 2], **{'c': 4}) == 7", "def f(a, b, *, c): return a + b + c") == (
        "passed"
    )


def test_a_name_the_learner_did_not_define_is_an_error_not_a_pass():
    assert one("assert x == 5", "x = 5", "y = 5") == "error"
    assert one("try:\n    x\nexcept NameError:\n    raise AssertionError", "x = 5", "y = 5") == "failed"


@pytest.mark.parametrize(
    "typed",
    ["จำนวน = 5", unicodedata.normalize("NFKC", "จำนวน") + " = 5", "จ\u0e4d\u0e32นวน = 5"],
    ids=["composed", "nfkc", "decomposed"],
)
def test_a_thai_name_is_found_however_python_spells_it(typed):
    assert one("assert จำนวน == 5", "จำนวน = 5", typed) == "passed"


def test_a_thai_name_typed_with_two_e_is_found_by_its_looks():
    assert one("assert แดง == 5", "แดง = 5", "เเดง = 5") == "passed"


def test_thai_keyword_arguments_arrive():
    assert one("assert f(จำนวน=5, ราคา=2) == 10", "def f(จำนวน, ราคา): return จำนวน * ราคา") == "passed"


def test_builtin_exceptions_cross_with_their_text():
    check = """
try:
    f(-1)
except ValueError as error:
    assert "negative" in str(error)
else:
    raise AssertionError("no error")
"""
    solution = "def f(x):\n    if x < 0: raise ValueError('negative: %s' % x)\n    return x"
    assert one(check, solution) == "passed"
    assert one(check, solution, "def f(x): return x") == "failed"
    assert one(check, solution, "class Mine(ValueError): pass\ndef f(x): raise Mine('negative')") == "passed"
    assert one(check, solution, "def f(x): raise KeyError('negative')") == "error"
    assert one(check, solution, "def f(x): raise SystemExit('negative')") == "error"


def test_unicode_errors_cross_as_the_nearest_kind_that_one_text_makes():
    assert one("try:\n    f()\nexcept ValueError:\n    pass", "def f(): b'\\xff'.decode()") in ("passed", "error")


def test_arguments_changed_in_place_are_changed_here_too():
    check = """
data, more = [3, 1, 2], {"a": 1}
assert f(data, more=more) is None
assert data == [1, 2, 3] and more == {"b": 2}
"""
    solution = "def f(x, more):\n    x.sort()\n    more.clear(); more['b'] = 2"
    assert one(check, solution) == "passed"
    assert one(check, solution, "def f(x, more): return None") == "failed"


def test_what_a_call_prints_is_printed_here():
    check = """
import io, contextlib
out = io.StringIO()
with contextlib.redirect_stdout(out):
    greet("น้ำฝน")
assert out.getvalue() == "สวัสดี น้ำฝน\\n"
"""
    assert one(check, "def greet(name): print('สวัสดี', name)") == "passed"
    assert one(check, "def greet(name): print('สวัสดี', name)", "def greet(name): return name") == "failed"


def test_functions_that_make_functions_work():
    assert (
        one("add = adder(3)\nassert add(4) == 7 and adder(1)(1) == 2", "def adder(n): return lambda x: x + n")
        == "passed"
    )


def test_the_learners_functions_can_be_passed_to_the_learners_functions_and_to_ours():
    solution = "def apply(f, x): return f(x)\ndef inc(x): return x + 1"
    assert one("assert apply(inc, 1) == 2 and list(map(inc, [1, 2])) == [2, 3]", solution) == "passed"


def test_what_cannot_cross_is_not_examinable_and_no_except_hides_it():
    solution = "x = object()\ndef f(): return object()"
    assert one("x", solution) == "not_examinable"
    assert one("f()", solution) == "not_examinable"
    assert one("try:\n    f()\nexcept:\n    pass", solution) == "not_examinable"
    assert one("try:\n    x\nexcept BaseException:\n    pass", solution) == "not_examinable"


def test_an_authors_own_function_cannot_be_sent_over():
    assert one("assert f(lambda: 1) == 1", "def f(g): return g()") == "not_examinable"


@pytest.mark.parametrize("code", ["{}", "def swallow():\n    {}\nswallow()", "for n in range(3):\n    {}"])
def test_once_time_is_over_no_check_passes_whatever_its_code_makes_of_that(monkeypatch, code):
    monkeypatch.setattr(OutOfTimeError, "is_over", False, raising=False)
    rings = "from grading.inside.examine import _ring\n"
    swallows = code.format("exec('try:\\n _ring(0, None)\\nexcept BaseException:\\n pass')")
    assert examine(("check", "pass"), ("check", rings + swallows), ("check", "pass")) == [
        "passed",
        "timeout",
        "timeout",
    ]


def test_opaque_in_one_check_does_not_spoil_the_next():
    cells = [("answer", "x = object()\ny = 1"), ("check", "x"), ("check", "assert y == 1")]
    assert examine(*cells) == ["not_examinable", "passed"]


# --- whose name is it ---


def test_the_authors_constants_and_helpers_stay_the_authors():
    setup = "LIMIT = 10\ndef ok(x): return x < LIMIT"
    given = "x = 99\nLIMIT = 1000\ndef ok(x): return True"
    assert one("assert ok(x)", "x = 5", given, setup) == "failed"
    assert one("assert x < LIMIT", "x = 5", given, setup) == "failed"


def test_builtins_and_modules_stay_ours():
    given = "x = 7\nimport math\nmath = None\ndef abs(x): return 0\ndef isinstance(*a): return True"
    assert one("assert abs(x - 5) < 1", "x = 5", given) == "failed"
    assert one("assert math.isclose(x, 5)", "import math\nx = 5", given) == "failed"
    assert one("assert math.isclose(x, 5)", "x = 5", "x = 5.0\nmath = None", "import math") == "passed"


def test_a_module_used_for_its_effect_in_a_solution_stays_ours():
    assert one("assert random.random() < 2 and x == 1", "random.seed(1)\nx = 1", setup="import random") == "passed"


def test_star_imports_of_the_author_work():
    assert one("assert sqrt(x) == 3", "x = 9", setup="from math import *") == "passed"


def test_a_name_the_solution_changes_in_place_is_the_learners():
    assert one("assert items == [1, 2]", "items.append(2)", setup="items = [1]") == "passed"
    assert one("assert items == [1, 2]", "items.append(2)", "pass", setup="items = [1]") == "failed"
    assert one("assert d['k'] == 2", "d['k'] = 2", setup="d = {}") == "passed"


def test_showing_a_name_does_not_make_it_the_learners():
    setup = "class Table:\n    rows = 2\n    def head(self): return self\ntable = Table()"
    assert one("assert table.rows == n", "n = table.rows\ntable.head()", "n = 0\ntable.rows = 0", setup) == "failed"


def test_an_authors_cell_between_answer_and_check_runs_here_on_the_learners_values():
    cells = [
        ("answer", "def clean(x): return x.strip()", "def clean(x): return x.strip()"),
        ("setup", "cleaned = [clean(x) for x in [' a', 'b ']]"),
        ("check", "assert cleaned == ['a', 'b']"),
    ]
    assert examine(*cells) == ["passed"]
    cells[0] = (*cells[0][:2], "def clean(x): return x")
    assert examine(*cells) == ["failed"]


def test_an_authors_cell_that_changes_the_learners_value_changes_it_once():
    cells = [("answer", "x = [1]"), ("setup", "x.append(2)"), ("check", "assert x == [1, 2]")]
    assert examine(*cells) == ["passed"]


def test_an_authors_cell_that_fails_on_the_learners_value_gives_no_points():
    cells = [("answer", "x = 1", "x = 0"), ("setup", "y = 1 / x"), ("check", "assert y == 1")]
    assert examine(*cells) == ["error"]


def test_checks_see_the_values_of_their_own_place_in_the_notebook():
    cells = [
        ("answer", "x = 1"),
        ("check", "assert x == 1"),
        ("answer", "x = 2"),
        ("check", "assert x == 2"),
        ("check", "x = 3"),
        ("check", "assert x == 3"),
    ]
    assert examine(*cells) == ["passed"] * 4


def test_magics_in_the_authors_cells_do_no_harm():
    assert one("%matplotlib inline\nassert x == 1", "x = 1", "x = 1") == "passed"
    assert one("%matplotlib inline\nassert x == 2", "x = 1", "x = 1") == "failed"


def test_where_ipython_is_not_what_cannot_be_read_earns_nothing(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.core.inputtransformer2", None)
    assert one("%matplotlib inline\nassert x == 1", "x = 1", "x = 1") == "error"


def test_a_check_that_exits_has_not_passed():
    assert one("import sys\nsys.exit(0)", "x = 1") == "error"
    assert one("raise KeyboardInterrupt", "x = 1") == "error"


# --- what the author asks beyond a value ---


def test_what_a_magic_would_run_is_run():
    assert one("%%time\nassert x == 1", "x = 1") == "passed"
    assert one("%%capture out\n%%time\nassert x == 1", "x = 1", "x = 2") == "failed"


@pytest.mark.parametrize("magic", ["get_ipython().system('true')", "get_ipython().run_cell_magic('bash', '', 'x')"])
def test_a_check_inside_a_magic_that_does_nothing_here_has_not_passed(magic):
    assert one(f"{magic}\nassert x == 1", "x = 1") == "error"


def test_names_can_be_asked_for_in_globals():
    assert one("assert 'x' in globals() and globals().get('x') == 1 and 'x' in dir()", "x = 1") == "passed"
    assert one("assert 'x' not in globals() and globals().get('x', 5) == 5", "x = 1", "y = 1") == "passed"


def test_await_at_the_top_level_and_as_a_last_value():
    assert one("import asyncio\nassert await asyncio.sleep(0, x) == 1", "x = 1") == "passed"
    assert one("import asyncio\nawait asyncio.sleep(0, x) == 1", "x = 1", "x = 2") == "failed"


def test_only_public_functions_are_sent_over_as_drivers():
    shown = "# driver\ndef run(x):\n    return x"
    hidden = "# driver\ndef secret(x):\n    return 'needle'"
    cell = Cell.read({"kind": "check", "code": f"{shown}\n{hidden}", "public": shown})
    drivers = {name: text for name, text in cell.binds.items() if isinstance(text, Driver)}
    assert drivers.keys() == {"run"}
    assert "needle" not in "".join(drivers.values())


def test_a_driver_runs_over_there_and_its_helpers_too():
    cells = [
        ("setup", "SCALE = 10\n# driver\ndef run(x):\n    return f(x) * SCALE\n"),
        ("answer", "def f(x): return x + 1"),
        ("check", "assert run(1) == 20"),
    ]
    assert examine(*cells) == ["passed"]


@pytest.mark.parametrize(("seed", "drawn"), [(None, 1), (77, 77)])
def test_the_seed_of_an_attempt_takes_the_place_of_the_authors_number(seed, drawn):
    cell = Cell.read({"kind": "setup", "code": "ATTEMPT_SEED = 1\nother = 1"}, seed)
    space = {}
    exec(compile(cell.tree, "cell", "exec"), space)
    assert (space["ATTEMPT_SEED"], space["other"]) == (drawn, 1)


def test_an_answer_cannot_set_the_seed():
    cells = [("setup", "ATTEMPT_SEED = 3"), ("answer", "ATTEMPT_SEED = 5"), ("check", "assert ATTEMPT_SEED == 3")]
    assert examine(*cells) == ["passed"]


@pytest.mark.parametrize(
    ("code", "givers"),
    [
        ("def make(): return Node()", {"make"}),
        ("def count(xs): return len(xs)\ncount([Node()])", set()),
        ("def first(xs): return xs[0]\nfirst([Node()])", {"first"}),
        ("def oldest(xs): return max(xs, key=lambda x: x.age)\noldest([Node()])", {"oldest"}),
        ("def total(xs): return sum(x.age for x in xs)\ntotal([Node()])", set()),
        ("n = Node()\nn.after = Node()", {"n", "after"}),
        ("class More(Node):\n    def itself(self): return self\n    def copy(self): return type(self)()", None),
        ("def typed(x) -> 'Node': return load(x)", {"typed"}),
        ("def text(n): return f'{n}'\ntext(Node())", set()),
    ],
)
def test_where_objects_are_is_read_from_the_solution(code, givers):
    found = Objects([parse("class Node:\n    age = 1\n" + code)]).givers
    if givers is None:
        assert {"itself", "copy"} <= found
    else:
        assert found == givers


# --- a side that lies ---


@pytest.mark.parametrize(
    "garble",
    [
        lambda reply: {},
        lambda reply: {"id": reply["id"] + 1, "data": 1},
        lambda reply: {"id": True, "data": 1},
        lambda reply: {"id": str(reply["id"]), "data": 1},
        lambda reply: reply | {"data": ["l"]},
        lambda reply: reply | {"data": ["opaque"]},
        lambda reply: {"id": reply["id"], "callable": "len"},
        lambda reply: {"id": reply["id"], "raised": {"type": "CannotExamineError"}},
        lambda reply: {"id": reply["id"], "raised": {"type": "__import__", "text": "os"}},
        lambda reply: {"id": reply["id"], "raised": ["ValueError"]},
        lambda reply: {"id": reply["id"], "data": 1, "changed": [[99, 1]]},
        lambda reply: {"id": reply["id"], "data": 1, "changed": [[-1, 1]]},
        lambda reply: {"id": reply["id"], "data": 1, "changed": [["0", 1]]},
        lambda reply: {"id": reply["id"], "passed": True, "findings": [{"id": "c1", "outcome": "passed", "share": 1}]},
    ],
)
def test_a_garbled_reply_never_passes(garble):
    def only_calls(reply):
        return garble(reply) if "done" not in reply and "changed" in reply else reply

    cells = [("answer", "def f(x): return 1"), ("check", "y = [1]\nassert f(y) == 2")]
    assert examine(*cells, garble=only_calls)[0] != "passed"


def test_after_one_bad_reply_nothing_more_is_asked():
    def wrong_id(reply):
        return {"id": 0} if type(reply.get("data")) is list else reply

    cells = [("answer", "def f(): return 1\nx = 1"), ("check", "f()"), ("check", "assert x == 1"), ("check", "pass")]
    assert examine(*cells, garble=wrong_id) == ["error", "not_run", "not_run"]


def test_a_changed_argument_of_another_type_is_not_taken_over():
    def lie(reply):
        return reply | {"changed": [[0, ["d", []]]]} if "changed" in reply else reply

    cells = [("answer", "def f(x): return 1"), ("check", "y = [1]\nf(y)\nassert y == [1]")]
    assert examine(*cells, garble=lie) == ["passed"]


# --- partial credit ---


@pytest.mark.parametrize(
    ("value", "share"),
    [
        *((1, 0.5), (2, 1.0), (2.5, 1.0), (0, 0.0), (-1, 0.0), (0.5, 0.25), (10**400, 1.0), (-(10**400), 0.0)),
        *((float("nan"), 0.0), (float("inf"), 1.0), (float("-inf"), 0.0)),
        *((None, 1.0), ("text", 1.0), ([], 1.0), (True, 1.0), (False, 0.0)),
    ],
)
def test_the_last_value_of_a_check_is_partial_credit_when_it_is_a_number(value, share):
    assert earned(value, 2.0) == share


def test_partial_credit_is_what_the_author_computed():
    cells = [
        ("answer", "def f(x): return x"),
        ("check", "points = 0\npoints += f(1) == 1\npoints += f(2) == 4\npoints"),
    ]
    assert findings(*cells) == [{"id": "c1", "outcome": "failed", "share": 0.5}]


def test_a_bare_value_of_the_learners_is_shown_not_credited():
    cells = [("answer", "def f(): return 0.5\nx = {'a': 0}"), ("check", "f()"), ("check", "x['a']")]
    assert [finding["share"] for finding in findings(*cells)] == [1.0, 1.0]


# --- reading the author's code ---


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a = b = 1\nc: int = 2\nd += 1\n(e, *f), g = x", {"a", "b", "c", "d", "e", "f", "g"}),
        ("for a in x:\n    b = 1\nelse:\n    c = 1", {"a", "b", "c"}),
        ("with x as a, y as (b, c):\n    d = 1", {"a", "b", "c", "d"}),
        ("try:\n    a = 1\nexcept E as b:\n    c = 1\nfinally:\n    d = 1", {"a", "b", "c", "d"}),
        ("if (a := 1):\n    b = 1\nwhile x:\n    c = 1", {"a", "b", "c"}),
        (
            "match x:\n    case [a, *b]:\n        c = 1\n    case {'k': d, **e}:\n        pass",
            {"a", "b", "c", "d", "e"},
        ),
        ("def f():\n    inner = 1\nclass C:\n    inner = 1\nasync def g(): pass", {"f", "C", "g"}),
        ("import a.b, c as d\nfrom e import f as g", {"a", "d", "g"}),
        ("a.x = 1\nb['k'] = 1\ndel c\nd.e.f.append(1)\ng[0].h = 1", {"a", "b", "c", "d", "g"}),
        ("a.head()\nprint(b)\nsorted(c)\nlambda: (d := 1)", set()),
        ("จำนวน = 1", {unicodedata.normalize("NFKC", "จำนวน")}),
    ],
)
def test_what_a_cell_binds_or_changes(code, names):
    assert bindings(parse(code)).keys() == names


def test_a_check_that_makes_its_own_sample_does_not_need_the_one_of_a_broken_check_before():
    cells = [
        ("answer", "def f(x):\n    return x", "def f(x):\n    raise KeyError(x)"),
        ("answer", "def g(x):\n    return x"),
        ("check", "sample = 1\nassert f(sample) == 1"),
        ("check", "sample = 2\nassert g(sample) == 2"),
        ("check", "assert g(sample) == 2"),
    ]  # fmt: skip
    assert examine(*cells) == ["error", "passed", "passed"]


def test_a_check_that_goes_by_what_a_broken_check_should_have_made_is_an_error():
    cells = [
        ("answer", "def f(x):\n    return x", "def f(x):\n    raise KeyError(x)"),
        ("check", "wrong = []\nwrong.append(f(1))"),
        ("check", "assert wrong == []\nwrong = 1"),
    ]
    assert examine(*cells) == ["error", "error"]
