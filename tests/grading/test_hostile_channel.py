"""Crimes on the channel itself: replies that are forged, late, too early, too big or nonsense.

Those of the first part spoil single replies, through real frames; those of the second take over the learner's whole
side, in real sandboxes.
"""

import random
import time

import pytest

from grading.inside import pictures, proxies
from sandboxes.inside import wire
from sandboxes.limits import Limits
from tests.grading.authored import answer, check, outcomes, source
from tests.grading.test_examine import examine

SOLUTION = """
class Stack:
    def __init__(self, x): self.items = [x]
    def top(self): return self.items[-1]
    def __len__(self): return len(self.items)
class Low(Exception): pass
def f(xs): return xs + xs
def g(): yield 1
def h(): raise Low('low')
"""
CHECK = """
y = [1]
assert f(y) == [1, 1] and y == [1]
assert next(g()) == 1
assert Stack(3).top() == 3 and len(Stack(3)) == 1
try:
    h()
except Low as error:
    assert str(error) == 'low'
else:
    raise AssertionError
"""
DEEP = ["l", []]
for _ in range(400):
    DEEP = ["l", [DEEP]]
AXES = {"kind": "Axes", "get": {}, "is": {}, "has": {}}

FORGED = {
    "a_reference_to_nothing": {"data": ["@"]},
    "a_reference_that_is_no_number": {"data": ["@", "0", "f", []]},
    "a_reference_to_a_truth": {"data": ["@", True, "f", []]},
    "a_reference_below_zero": {"data": ["@", -1, "f", []]},
    "a_reference_that_can_do_everything": {"data": ["@", 0, "cefia", ["Stack", "Low", "int"]]},
    "a_reference_whose_abilities_are_a_list": {"data": ["@", 0, ["f"], []]},
    "a_reference_whose_names_are_no_names": {"data": ["@", 0, "", [["Stack"], 5, None]]},
    "a_reference_inside_an_array": {"data": ["aO", [1], [["@", 0, "f", []]]]},
    "a_reference_as_a_key": {"data": ["d", [[["@", 0, "", ["Stack"]], 1]]]},
    "a_million_references": {"data": ["l", [["@", n, "f", []] for n in range(100_000)]]},
    "a_figure_of_nothing": {"data": ["@", "figure", ["d", []], None]},
    "a_figure_without_axes": {"data": ["@", "figure", wire.encode(AXES | {"kind": "Figure"}), 0]},
    "a_figure_that_is_a_number": {"data": ["@", "figure", 5, None]},
    "a_figure_with_axes_that_are_not_there": {
        "data": ["@", "figure", wire.encode(AXES | {"kind": "Figure", "has": {"axes": []}}), 99]
    },
    "a_figure_of_an_unhashable_kind": {"data": ["@", "figure", wire.encode(AXES | {"kind": ["x"]}), None]},
    "an_exception_that_ends_iteration": {"raised": {"type": "StopIteration", "text": ""}},
    "an_exception_that_ends_the_program": {"raised": {"type": "SystemExit", "text": "0"}},
    "an_exception_of_the_examiners": {"raised": {"type": "CannotExamineError", "text": "x"}},
    "an_exception_that_is_a_class_of_objects": {"raised": {"type": "ValueError", "kinds": ["Stack"], "text": "x"}},
    "an_exception_with_kinds_of_lists": {"raised": {"kinds": [["Low"], 5], "values": ["l", []], "text": 5}},
    "an_exception_with_methods": {
        "raised": {"kinds": ["Low"], "text": "x", "values": wire.encode({"args": 1, "__class__": 2, "add_note": 3})}
    },
    "an_exception_that_is_no_exception": {"raised": "ValueError"},
    "warnings_that_are_none": {"warned": [1, [2, 3], ["UserWarning"], [["x"], "y"]], "data": 0},
    "text_that_is_none": {"printed": 5, "complained": ["x"], "read": "all", "data": 0},
    "typing_undone": {"read": -(10**15), "data": 0},
    "a_named_tuple_that_is_a_class": {"data": ["nt", "T", ["__class__"], [1]]},
    "a_named_tuple_with_code_for_a_name": {"data": ["nt", "T", ["x=__import__('os')"], [1]]},
    "a_named_tuple_of_keywords": {"data": ["nt", "class", ["def"], [1]]},
    "a_named_tuple_with_one_name_twice": {"data": ["nt", "T", ["x", "x"], [1, 2]]},
    "a_named_tuple_with_too_few_items": {"data": ["nt", "T", ["x", "y"], [1]]},
    "a_named_tuple_of_a_thousand_fields": {"data": ["nt", "T", [f"x{n}" for n in range(1000)], [0] * 1000]},
    "a_named_tuple_of_functions": {"data": ["nt", "T", ["equals"], [["@", 0, "f", []]]]},
    "views_of_nothing": {"data": ["di", [1, 2]]},
    "a_key_that_cannot_be_one": {"data": ["dk", [["l", []]]]},
    "a_fraction_by_zero": {"data": ["frac", 1, 0]},
    "a_fraction_of_text": {"data": ["frac", "1", ["i", "0x" + "f" * 9000]]},
    "a_queue_of_queues": {"data": ["dq", [DEEP]]},
    "half_a_million_values": {"data": ["l", [0] * 500_000]},
    "a_range_without_end": {"data": ["r", 0, 1 << 61, 1]},
    "a_zone_that_is_a_path": {"data": ["dt", [2020, 1, 1, 0, 0, 0, 0], 0, "../../etc/passwd"]},
    "a_number_of_a_million_digits": {"data": ["i", "0x" + "f" * 1_000_000]},
    "a_decimal_without_end": {"data": ["dec", "1E999999"]},
    "an_item_that_is_two": {"data": ["u", [1, 1]]},
    "an_item_that_is_none": {"data": 1},
    "a_change_to_an_argument_that_is_not_there": {"data": 1, "changed": [[7, ["l", []]]]},
    "a_change_to_something_else": {"data": ["l", [1, 1]], "changed": [[0, ["l", [5]]]]},
    "a_change_without_a_place": {"data": 1, "changed": [[], 5, [0]]},
    "an_answer_to_another_question": {"id": 1, "data": 1},
    "an_answer_of_the_wrong_kind": {"id": 1.0, "data": 1},
    "nothing_at_all": {},
    "a_verdict": {"findings": [{"id": "c1", "outcome": "passed", "share": 1}], "passed": True},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch, tmp_path):
    """The examiner looks at the files beside it at every answer; here that would be this whole repository."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(proxies, "picture", pictures.picture)  # as in an exercise that draws


def forge(lie):
    def garble(reply):
        return {"id": reply["id"]} | lie if "changed" in reply else reply

    return garble


def honest(reply):
    return reply


def test_without_a_lie_the_check_passes():
    assert examine(("answer", SOLUTION), ("check", CHECK), garble=honest) == ["passed"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("lie", FORGED)
def test_a_forged_reply_earns_nothing_and_breaks_nothing(lie):
    began = time.process_time()
    (outcome,) = examine(("answer", SOLUTION), ("check", CHECK), garble=forge(FORGED[lie]))
    assert outcome in ("failed", "error", "not_examinable", "not_run")
    assert time.process_time() - began < 5


@pytest.mark.filterwarnings("ignore")
def test_replies_out_of_order_end_the_talk():
    kept = []

    def one_late(reply):
        kept.append(reply)
        return kept[-2] if len(kept) > 3 else reply

    assert examine(("answer", SOLUTION), ("check", CHECK), ("check", "pass"), garble=one_late) == ["error", "not_run"]


@pytest.mark.filterwarnings("ignore")
def test_no_spoilt_reply_breaks_the_examination():
    rng, began, seen = random.Random(11), time.process_time(), set()

    def spoil(reply):
        if "done" in reply or rng.random() < 0.93:
            return reply
        body = bytearray(wire.pack(reply)[4:])
        for _ in range(rng.randint(1, 3)):
            body[rng.randrange(len(body))] = rng.choice(b'[]{}",:@0129-fcieaxnull')
        try:
            return wire.unpack(bytes(body))
        except wire.WireError:
            return {"id": 0}

    for _ in range(200):
        seen |= set(examine(("answer", SOLUTION), ("check", CHECK), garble=spoil))
    assert seen <= {"passed", "failed", "error", "not_examinable", "not_run"}
    assert len(seen) >= 3, "the fuzzer is blunt"
    assert time.process_time() - began < 30


# --- a side that is somebody else's altogether ---

EXERCISE = source(
    answer("a", "class Pile:\n    def __init__(self, x):\n        self.x = x\ndef double(x):\n    return 2 * x"),
    check("number", "assert double(2) == 4", hidden="assert double(21) == 42 and double(-7) == -14"),
    check("items", "assert [double(x) for x in (1, 2)] == [2, 4]", hidden="assert list(map(double, [5])) == [10]"),
    check("object", "assert Pile(4).x == 4", hidden="assert Pile(77).x == 77"),
)
LIMITS = Limits(wall_seconds=6, cpu_seconds=6, memory_bytes=512 << 20, processes=24)
SPEAK = """
import fcntl, json, os, struct, threading, time
def frame(message):
    body = json.dumps(message).encode()
    return struct.pack(">I", len(body)) + body
def say(data):
    for number in range(3, 40):
        try: os.write(number, data)
        except OSError: pass
"""
# An agent of the learner's own, in place of ours: it hears every question and answers as it likes.
USURP = (
    SPEAK
    + """
def channel():
    for number in range(3, 40):
        try:
            is_pipe = os.readlink(f"/proc/self/fd/{number}").startswith("pipe:")
            if is_pipe and fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY: return number
        except OSError: pass
def serve(reply):
    reading = channel()
    say(frame({"id": 2, "done": True}))  # the cell that this is in has been run
    while True:
        head = os.read(reading, 4)
        if len(head) < 4: os._exit(0)
        body = b""
        while len(body) < struct.unpack(">I", head)[0]: body += os.read(reading, 1 << 20)
        question = json.loads(body)
        say(frame({"id": question["id"]} | reply(question)))
"""
)

TAKEN_OVER = {
    "answers_yes_to_every_question": USURP + "serve(lambda q: {'data': True, 'done': True})",
    "answers_with_what_it_was_asked": USURP + "serve(lambda q: {'data': (q.get('args') or [1])[0], 'done': True})",
    "answers_with_objects_of_the_solution": USURP
    + "serve(lambda q: {'data': ['@', 0, 'f', ['Pile']] if q['op'] == 'get' else ['@', 1, 'fi', ['Pile']], 'done': 1})",
    "answers_with_items_without_end": USURP + "serve(lambda q: {'data': ['@', 0, 'fi', []], 'done': True})",
    "answers_a_byte_at_a_time": USURP
    + """
def slowly(question):
    for byte in frame({"id": question["id"], "data": 4}):
        say(bytes([byte])); time.sleep(0.5)
serve(slowly)""",
    "answers_before_it_is_asked": SPEAK
    + "say(b''.join(frame({'id': n, 'data': 4, 'done': True}) for n in range(2, 99)))",
    "leaves_a_child_to_answer": SPEAK
    + """
if os.fork():
    os._exit(0)
for n in range(1, 60):
    say(frame({"id": n, "data": 4, "done": True})); time.sleep(0.01)
""",
    "answers_from_a_thread_as_well": SPEAK
    + """
def talk():
    for n in range(3, 400):
        say(frame({"id": n, "data": 4})); time.sleep(0.002)
threading.Thread(target=talk, daemon=True).start()
def double(x): return None
class Pile: x = 0
""",
    "outlives_the_call_with_a_thread": """
import threading, time
last = []
def haunt():
    while True:
        for x in last[-1:]: globals()["double"] = lambda y, x=x: 2 * x
threading.Thread(target=haunt, daemon=True).start()
def double(x):
    last.append(x)
    return None
class Pile:
    def __init__(self, x): last.append(x); self.x = None
""",
    "replaces_how_frames_are_made": """
import sys, struct
agent = sys.modules["__main__"]
agent.wire.struct.pack = lambda *a: b"\\0\\0\\0\\2"
agent.wire.json.dumps = lambda *a, **k: "{}"
""",
    "replaces_what_is_encoded": """
import sys
agent = sys.modules["__main__"]
agent.wire.encode = lambda value, refer=None: ["@", 0, "cefia", ["Pile", "object"]]
def double(x): return None
class Pile: x = 0
""",
    "stops_every_clock": """
import time, signal
time.monotonic = time.time = time.perf_counter = lambda: 0.0
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.setitimer = lambda *a: (0, 0)
def double(x):
    while True: pass
class Pile:
    def __init__(self, x):
        while True: pass
""",
    "leaves_while_it_is_asked": "import os\nclass Pile:\n    x = property(lambda self: os._exit(0))\n"
    "    def __init__(self, x): pass\ndef double(x): os._exit(0)",
    "looks_up_the_answers_of_the_check_before": """
import gc, sys, os
seen = []
for thing in gc.get_objects():
    if type(thing) is str and "double(" in thing and "==" in thing: seen.append(thing)
found = {}
for text in seen:
    for part in text.split("double(")[1:]:
        try: found[int(part.split(")")[0])] = int(part.split("==")[1].split()[0])
        except Exception: pass
found.pop(2, None)
def double(x): return found.get(x, 4 if x == 2 else None)
class Pile:
    def __init__(self, x): self.x = found.get(x)
""",
}  # fmt: skip


@pytest.mark.parametrize("crime", TAKEN_OVER)
def test_a_side_that_is_taken_over_earns_nothing(kernels, crime):
    found = outcomes(EXERCISE, limits=LIMITS, a=TAKEN_OVER[crime])
    assert found.keys() == {"number", "items", "object"}
    assert "passed" not in found.values(), found


def test_a_usurper_that_tells_the_truth_is_believed_so_those_that_lie_were_heard(kernels):
    truthful = """
def truth(q):
    if q["op"] == "get":
        return {"data": ["@", 0, "f" if q["name"] == "double" else "cf", ["Pile"]]}
    if q["op"] != "call": return {"done": True}
    if q["of"] == "Pile": return {"data": ["@", q["args"][0], "", ["Pile"]]}
    if q["of"] == ["op", "getattr"]: return {"data": q["args"][0][1]}
    return {"data": 2 * q["args"][0]}
serve(truth)
"""
    assert set(outcomes(EXERCISE, limits=LIMITS, a=USURP + truthful).values()) == {"passed"}


def test_an_honest_side_gets_full_marks(kernels):
    honest = "class Pile:\n    def __init__(self, x):\n        self.x = x\ndef double(x):\n    return x + x"
    assert set(outcomes(EXERCISE, limits=LIMITS, a=honest).values()) == {"passed"}
