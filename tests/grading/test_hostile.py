"""Notebooks that try to get points they did not earn. Each is named for its crime; each earns nothing by it.

They run in real sandboxes, against checks with hidden parts. The exercise: ``double`` must double, ``mean`` must be the
mean, and ``double`` is right in no hostile notebook, so that every point would be a stolen one.
"""

import pytest

from tests.grading.authored import LIMITS, answer, answered, as_bytes, check, examine, outcomes, setup, source

EXERCISE = source(
    setup("import math\nTOLERANCE = 1e-9\ndef is_close(a, b):\n    return abs(a - b) <= TOLERANCE"),
    answer("double-answer", "def double(x):\n    return 2 * x"),
    check("exact", "assert double(2) == 4", points=2, hidden="assert double(21) == 42"),
    check("close", "assert is_close(double(0.5), 1.0)", points=2, hidden="assert math.isclose(double(1.25), 2.5)"),
    check(
        "raises",
        "assert isinstance(double(3), (int, float))",
        points=1,
        hidden="""
import numpy as np
np.testing.assert_allclose(double(np.array([1.0, 2.0])), [2.0, 4.0])
""",
    ),
)
CHECKS = {"exact", "close", "raises"}

LIAR = """
class Agreeable(float):
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __sub__ = __rsub__ = __add__ = __radd__ = lambda self, other: Agreeable(0)
    __abs__ = lambda self: Agreeable(0)
    __hash__ = float.__hash__
    __class__ = float
def double(x):
    return Agreeable(1)
"""

FORGED_FRAMES = """
import json, os, struct
def frame(message):
    body = json.dumps(message).encode()
    return struct.pack(">I", len(body)) + body
verdict = json.dumps({"findings": [{"id": i, "outcome": "passed", "share": 1} for i in ("exact", "close", "raises")]})
for number in range(3, 256):
    try:
        os.write(number, b'{"ready": true}\\n' + verdict.encode() + b"\\n")
        for n in range(200):
            os.write(number, frame({"id": n, "data": 42, "done": True}))
    except OSError:
        pass
def double(x): return None
"""

CRIMES = {
    "strips_assert_from_every_cell": """
import ast
class Strip(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Strip())
def double(x): return None
""",
    "empties_cells_before_they_are_parsed": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass\\n"])
def double(x): return None
""",
    "replaces_run_code": """
from IPython.core.interactiveshell import InteractiveShell
async def swallow(self, *args, **kwargs): return False
InteractiveShell.run_code = swallow
InteractiveShell.run_cell = lambda *args, **kwargs: None
def double(x): return None
""",
    "hides_every_traceback": """
get_ipython().showtraceback = lambda *args, **kwargs: None
get_ipython().set_custom_exc((Exception,), lambda *args, **kwargs: None)
import sys; sys.excepthook = lambda *args: None
def double(x): return None
""",
    "patches_the_shells_kernel": """
shell = get_ipython()
for name in ("kernel", "do_execute", "session"):
    try: setattr(shell, name, lambda *args, **kwargs: {"status": "ok"})
    except Exception: pass
def double(x): return None
""",
    "patches_numpy_testing_and_math": """
import math, builtins
math.isclose = lambda *args, **kwargs: True
builtins.abs = lambda x: 0
builtins.isinstance = lambda *args: True
builtins.AssertionError = type("Nothing", (Exception,), {})
import numpy.testing
numpy.testing.assert_allclose = lambda *args, **kwargs: None
def double(x): return None
""",
    "a_float_that_agrees_with_everything": LIAR,
    "an_object_equal_to_everything": """
class Yes:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *args): return self
    __class__ = int
double = Yes()
""",
    "leaves_at_once": "import os\nos._exit(0)",
    "raises_system_exit": "import sys\nsys.exit(0)",
    "leaves_when_first_called": "import os\ndef double(x): os._exit(0)",
    "exits_when_first_called": "def double(x): raise SystemExit(0)",
    "forges_a_verdict_at_exit": """
import atexit, os
def speak():
    for number in range(3, 256):
        try: os.write(number, b'{"findings": []}\\n')
        except OSError: pass
atexit.register(speak)
def double(x): raise SystemExit
""",
    "writes_frames_to_every_descriptor": FORGED_FRAMES,
    "announces_a_frame_of_four_gigabytes": """
import os
def double(x):
    for number in range(3, 64):
        try: os.write(number, b"\\xff\\xff\\xff\\xff")
        except OSError: pass
""",
    "sends_nothing_but_brackets": """
import os, struct
def double(x):
    body = b"[" * 1_000_000
    for number in range(3, 64):
        try: os.write(number, struct.pack(">I", len(body)) + body)
        except OSError: pass
""",
    "nests_without_end": """
def double(x):
    nested = []
    for _ in range(5000): nested = [nested]
    return nested
""",
    "returns_itself": "def double(x):\n    loop = []\n    loop.append(loop)\n    return loop",
    "is_not_a_number": "def double(x): return float('nan')",
    "is_infinite": "def double(x): return float('inf')",
    "counts_on_true": "def double(x): return True",
    "returns_a_huge_number": "def double(x): return 10 ** 5000",
    "returns_an_endless_generator": """
def double(x):
    while True: yield x
""",
    "returns_a_range_without_end": "def double(x): return range(10 ** 15)",
    "moves_the_goalposts": """
TOLERANCE = 1e9
def is_close(a, b): return True
math = type("math", (), {"isclose": staticmethod(lambda *args: True)})
def double(x): return None
""",
    "patches_the_agent": """
import sys, gc
agent = sys.modules["__main__"]
for thing in gc.get_objects():
    if type(thing).__name__ == "Agent":
        yes = lambda request: {"data": True, "done": True, "passed": True}
        thing._operations = dict.fromkeys(thing._operations, yes)
def double(x): return None
""",
    "patches_the_wire": """
import sys
for module in list(sys.modules.values()):
    if hasattr(module, "NotPlainError"):
        module.encode = lambda value: ["f", "0x1.fffffffffffffp+1023"]
def double(x): return object()
""",
    "invents_an_exception": """
class CannotExamineError(BaseException): pass
def double(x): raise CannotExamineError
""",
    "claims_to_be_a_class_by_name": """
def double(x): return type("int", (int,), {"__eq__": lambda self, other: True, "__hash__": int.__hash__})(0)
""",
    "answers_out_of_order": """
import os, json, struct
sent = json.dumps({"id": 1, "data": 42}).encode()
def double(x):
    for number in range(3, 64):
        try: os.write(number, struct.pack(">I", len(sent)) + sent)
        except OSError: pass
    return x * 2
""",
    "a_thread_that_talks_over_the_answers": """
import threading, os
def talk():
    while True:
        for number in range(3, 32):
            try: os.write(number, b"\\0\\0\\0\\2{}")
            except OSError: pass
threading.Thread(target=talk, daemon=True).start()
def double(x): return None
""",
    "eats_memory_when_called": "def double(x): return [bytearray(b'x' * (1 << 27)) for _ in range(100)]",
    "forks_when_called": """
import os
def double(x):
    while True:
        try: os.fork()
        except OSError: pass
""",
    "prints_without_end_when_called": """
def double(x):
    while True: print("x" * 10_000_000)
""",
    "changes_its_arguments_to_the_answer": """
def double(x):
    x *= 2
    if hasattr(x, "dtype"): x[...] = 0
""",
    "raises_the_authors_own_kind_of_error": "def double(x): raise AssertionError('passed')",
    "defines_nothing": "pass",
    "is_not_python": "def double(x:\n    return 2 *",
    "looks_for_the_answers_in_the_tools": """
import os, re, pathlib
found = {}
for root in ("/tools", "/cwd", "/proc", "/tmp"):
    for folder, _, names in os.walk(root):
        for name in names:
            path = pathlib.Path(folder, name)
            try: text = path.read_text()
            except Exception: continue
            for x, y in re.findall(r"double\\((\\d+)\\) == (\\d+)", text): found[int(x)] = int(y)
def double(x): return found.get(x)
""",
}


@pytest.mark.parametrize("crime", CRIMES)
def test_it_earns_nothing(crime):
    found = examine(EXERCISE, double_answer=CRIMES[crime])
    assert found.keys() == CHECKS
    assert {share for _, share in found.values()} == {0.0}, found
    assert "passed" not in {outcome for outcome, _ in found.values()}


@pytest.mark.parametrize(
    "honest",
    [
        "def double(x): return 2 * x",
        "def double(x):\n    print('กำลังคำนวณ', x)\n    return x + x",
        "import warnings\ndef double(x):\n    warnings.warn('careful')\n    return x * 2",
        "%matplotlib inline\nimport asyncio\nawait asyncio.sleep(0)\ndouble = lambda x: 2 * x",
        "import functools, operator\ndouble = functools.partial(operator.mul, 2)",
    ],
)
def test_honest_answers_get_full_marks(honest):
    assert examine(EXERCISE, double_answer=honest) == dict.fromkeys(CHECKS, ("passed", 1.0))


def test_a_right_answer_before_and_a_wrong_one_after_the_first_check_is_told_apart():
    exercise = source(
        answer("one", "def double(x): return 2 * x"),
        check("first", "assert double(2) == 4"),
        answer("two", "def triple(x): return 3 * x"),
        check("second", "assert double(2) == 4 and triple(2) == 6"),
    )
    found = outcomes(exercise, one="def double(x): return 2 * x", two="def double(x): return 0\ntriple = double")
    assert found == {"first": "passed", "second": "failed"}


def test_a_slow_call_ends_the_examination():
    exercise = source(
        answer("a", "def f(x): return x"),
        check("slow", "assert f(1) == 1"),
        check("after", "assert f(2) == 2"),
        check("independent", "assert True"),
    )
    slow = "import time\ndef f(x):\n    if x == 1: time.sleep(600)\n    return x"
    assert set(outcomes(exercise, a=slow).values()) == {"timeout"}


def test_a_check_that_takes_the_end_of_time_for_an_error_has_not_passed():
    # The author's own code takes as long as the learner's answer makes it.
    counts = "def down(n):\n    while n > 0:\n        n -= 1\n"
    refuses = counts + "try:\n    down(f(1))\nexcept:\n    pass\nelse:\n    raise AssertionError"
    exercise = source(answer("a", "def f(x): return None"), check("late", refuses), check("after", "assert True"))
    found = outcomes(exercise, limits=LIMITS.with_(wall_seconds=4), a="def f(x): return 10**12")
    assert found == {"late": "timeout", "after": "timeout"}


def test_a_copied_check_cell_counts_once_and_only_ours():
    handed_in = answered(EXERCISE, double_answer="def double(x): return None")
    ours = [cell for cell in handed_in.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    for cell in ours:
        cell.source = "pass"
        cell.metadata.nbgrader.points = 1000
    handed_in.cells += ours
    from grading.notebooks import assemble, read_notebook

    assembled = assemble(EXERCISE, read_notebook(as_bytes(handed_in)))
    texts = "\n".join(cell.source for cell in assembled.notebook.cells)
    assert texts.count("assert double(2) == 4") == 1
    assert len(assembled.notebook.cells) == len(EXERCISE.notebook.cells)


def test_hidden_files_do_not_lie_in_the_learners_sandbox_until_a_check_names_them():
    exercise = source(
        answer("a", "def read(name): return open(name).read()\nfrom os import listdir\nbefore = listdir('/cwd')"),
        check("before", "assert before == ['public.csv']"),
        check("named", "assert read('hidden.csv') == 'secret'"),
    )
    honest = "import os\nbefore = os.listdir('/cwd')\ndef read(name): return open(name).read()"
    found = outcomes(exercise, files={"public.csv": b"x"}, hidden_files={"hidden.csv": b"secret"}, a=honest)
    assert found == {"before": "passed", "named": "passed"}


def test_the_learners_sandbox_holds_no_check():
    exercise = source(
        answer("a", "seen = ''"),
        check("c", "assert seen == ''", hidden="assert 'NEEDLE' not in seen\nassert 'HAYSTACK' in seen"),
    )
    look = (
        "import pathlib\nHAYSTACK = 1\nfiles = [p for p in pathlib.Path('/tools').rglob('*') if p.is_file()]\n"
        "seen = ''.join(p.read_text(errors='replace') for p in files)[:3000000]\n"
        "visible = 'seen == ' in seen\nseen = '' if visible or 'NEE' + 'DLE' in seen else seen"
    )
    assert outcomes(exercise, a=look) == {"c": "failed"}  # the public line fails: something was seen, no check in it


def test_points_come_from_the_author_not_from_a_number_the_learner_returns():
    exercise = source(
        answer("a", "def f(x): return 0"),
        check("partial", "sum(f(x) == 2 * x for x in (1, 2, 3, 4))", points=4),
        check("compared", "f(3) == 6", points=4),
        check("beyond", "import math\nassert f(1) is not None\nmath.inf if f(1) == 2 else math.nan", points=4),
    )
    assert examine(exercise, a="def f(x): return 2 * x if x < 3 else 10 ** 9") == {
        "partial": ("failed", 0.5),
        "compared": ("failed", 0.0),
        "beyond": ("passed", 1.0),
    }
    assert {share for _, share in examine(exercise, a="def f(x): return 10 ** 400").values()} == {0.0}
