"""From bytes to an outcome, through real kernels and sandboxes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from grading import examiner, grader, messages
from grading.grader import GradingError, grade
from sandboxes.limits import Limits
from sandboxes.results import Ending, RunStatus, SandboxUnavailable, Usage
from tests.grading.authored import LIMITS, PYTHON, answer, answered, as_bytes, check, examine, outcomes, setup, source

NEEDLE = "needle-in-hidden-tests"
EXERCISE = source(
    setup("import pandas as pd\ndata = pd.read_csv('ข้อมูล.csv')"),
    answer("total-answer", "def total(frame):\n    return int(frame['จำนวน'].sum())"),
    check(
        "public",
        "assert total(data) == 6",
        points=1,
        hidden=f"more = pd.DataFrame({{'จำนวน': [40, 2], 'note': '{NEEDLE}'}})\nassert total(more) == 42",
        hint="Sum the column.",
    ),
    check("file", "pass", points=2, hidden="assert total(pd.read_csv('hidden.csv')) == 777001"),
)
FILES = {"ข้อมูล.csv": "จำนวน\n1\n2\n3\n".encode()}
HIDDEN = {"hidden.csv": "จำนวน\n777000\n1\n".encode()}
RIGHT = "def total(frame):\n    return int(frame['จำนวน'].sum())"


def graded(text, limits=LIMITS, exercise=EXERCISE, **kwargs):
    return handed_in(as_bytes(answered(exercise, total_answer=text)), limits, exercise, **kwargs)


def handed_in(data, limits=LIMITS, exercise=EXERCISE, python=PYTHON):
    return grade(
        source=as_bytes(exercise.notebook),
        submission=data,
        files=FILES,
        hidden_files=HIDDEN,
        limits=limits,
        python=python,
    )


def test_a_right_answer_gets_full_marks():
    outcome = graded(RIGHT)
    assert (outcome.state, outcome.run_status) == ("graded", RunStatus.COMPLETED)
    assert (outcome.score, outcome.max_score) == (3.0, 3.0)
    assert outcome.is_isolated
    assert all(result.passed for result in outcome.checks)
    assert outcome.usage.cpu_seconds > 0
    assert outcome.usage.max_memory_bytes > 0


def test_the_empty_release_gets_nothing_and_hears_why():
    outcome = handed_in(as_bytes(answered(EXERCISE)))
    assert (outcome.state, outcome.run_status, outcome.score) == ("graded", RunStatus.CELL_ERROR, 0.0)
    assert "Replace raise NotImplementedError()" in outcome.feedback_html["en"]
    assert "Sum the column." in outcome.feedback_html["en"]
    assert "คำใบ้ Sum the column." in outcome.feedback_html["th"]


def test_hidden_inputs_and_checks_do_not_reach_the_learner_whatever_the_answer_prints_or_raises():
    thief = """
import sys
def total(frame):
    text = frame.to_csv()
    print("STOLEN", text, flush=True)
    sys.stderr.write(text)
    open("stolen.txt", "a").write(text)
    raise type("Leak" + "".join(c for c in text if c.isalnum()), (Exception,), {})(text)
"""
    outcome = graded(thief)
    assert outcome.score == 0
    told = json.dumps([outcome.feedback_html, outcome.message, list(outcome.notices)], ensure_ascii=False)
    told += "".join(result.message("en") + result.outcome for result in outcome.checks)
    assert "STOLEN" in told  # the run it is shown met the visible data
    for secret in (NEEDLE, "777000", "777001", "hidden.csv"):
        assert secret not in told


def test_hidden_inputs_do_not_get_out_by_the_wider_channel_either():
    thief = """
import sys, warnings
import matplotlib.pyplot as plt
from collections import namedtuple
def total(frame):
    text = frame.to_csv()
    word = "".join(c for c in text if c.isalpha()) or "x"
    warnings.warn(text)
    print(text, file=sys.stderr)
    plt.figure().suptitle(text)
    total.__doc__ = total.__name__ = text
    globals()[word] = text
    return namedtuple(word, word)(text) if "777" + "000" in text else type(word, (), {})()
"""
    outcome = graded(thief)
    assert outcome.score == 0
    assert [result.outcome for result in outcome.checks] == ["not_examinable", "failed"]
    told = json.dumps([outcome.feedback_html, outcome.message, list(outcome.notices), outcome.detail])
    told += "".join(result.message("en") + result.outcome + result.reason for result in outcome.checks)
    for secret in (NEEDLE, "777000", "777001", "hidden.csv"):
        assert secret not in told


def test_why_something_could_not_be_examined_is_told_of_what_is_shown_and_not_of_what_is_hidden():
    exercise = source(
        answer("total-answer", "def total(n):\n    return n"),
        check("shown", "assert total(1) == 1", hidden="assert total(2) == 2"),
        check("hidden", "assert total(0) == 0", hidden="assert total(3) == 3"),
        check("called", "def ask(n):\n    return total(n)\n\nassert ask(0) == 0", hidden="assert ask(4) == 4"),
    )
    chatty = "class Own: pass\ndef total(n):\n    return [0, Own(), 2, 'x' * 20_000_000, Own()][n]"
    found = {result.id: result for result in graded(chatty, exercise=exercise).checks}
    assert {result.outcome for result in found.values()} == {"not_examinable"}
    assert {name: result.reason for name, result in found.items()} == {"shown": "object", "hidden": "", "called": ""}
    assert "a class of your own" in found["shown"].message("en")
    assert "คลาสที่คุณสร้างเอง" in found["shown"].message("th")
    assert found["hidden"].message("en") == messages.OUTCOMES["not_examinable"]["en"]


def test_the_run_that_is_shown_meets_no_hidden_file_and_no_hidden_check():
    spy = f"""
import os, pathlib
found = []
for root in ("/cwd", "/tools", "/tmp"):
    for folder, _, names in os.walk(root):
        for name in names:
            try: text = pathlib.Path(folder, name).read_text(errors="replace")
            except OSError: continue
            if "{NEEDLE[:6]}" + "{NEEDLE[6:]}" in text or "777" + "000" in text: found.append(name)
print("FOUND", found, sorted(os.listdir("/cwd")))
def total(frame): return 0
"""
    html = graded(spy).feedback_html["en"]
    assert "FOUND [] [&#x27;ข้อมูล.csv&#x27;]" in html.replace("&#39;", "&#x27;").replace("'", "&#x27;")


SMALL = Limits(wall_seconds=6, cpu_seconds=5, memory_bytes=384 << 20, processes=24)


@pytest.mark.parametrize(
    ("text", "statuses"),
    [
        ("while True: pass", {RunStatus.OUT_OF_TIME}),
        ("import time\ntime.sleep(600)", {RunStatus.OUT_OF_TIME}),
        ("x = [bytearray(1 << 26) for _ in range(400)]\nfor b in x: b[::4096] = bytes(len(b[::4096]))", {
            RunStatus.OUT_OF_MEMORY, RunStatus.CELL_ERROR, RunStatus.KERNEL_DIED,
        }),
        ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", {
            RunStatus.OUT_OF_TIME, RunStatus.KERNEL_DIED,
        }),
        ("print('x' * 100_000_000)", {RunStatus.TOO_MUCH_OUTPUT, RunStatus.OUT_OF_MEMORY}),
        ("for _ in range(10 ** 6): print('x' * 100)", {RunStatus.TOO_MUCH_OUTPUT}),
        ("import os\nos._exit(0)", {RunStatus.KERNEL_DIED}),
    ],
    ids=["endless_loop", "sleeps", "memory_eater", "fork_bomb", "one_huge_line", "endless_lines", "leaves"],
)  # fmt: skip
def test_a_notebook_that_breaks_a_limit_gets_nothing_and_hears_which(text, statuses):
    outcome = graded(text, SMALL)
    assert outcome.state == "graded"
    assert outcome.run_status in statuses
    assert outcome.score == 0
    assert {result.outcome for result in outcome.checks} <= {"not_run", "error"}
    assert outcome.message["th"] in outcome.feedback_html["th"].replace("&#x27;", "'")


def test_a_syntax_error_is_shown_where_it_is_and_earns_nothing():
    outcome = graded("def total(frame:\n    return 1")
    assert (outcome.run_status, outcome.score) == (RunStatus.CELL_ERROR, 0.0)
    assert "SyntaxError" in outcome.feedback_html["en"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b'{"cells": []}', as_bytes({"nbformat": 4})])
def test_what_is_no_notebook_is_refused_and_nothing_is_run(data, monkeypatch):
    monkeypatch.setattr(grader, "run_notebook", None)
    outcome = handed_in(data)
    assert (outcome.state, outcome.score, outcome.max_score, outcome.run_status) == ("refused", 0.0, 3.0, None)
    assert outcome.message["en"] in outcome.feedback_html["en"]


def test_a_display_run_that_broke_a_limit_is_not_examined(monkeypatch):
    monkeypatch.setattr(grader, "examine", None)
    assert graded("import os\nos._exit(1)").score == 0


def test_our_own_failures_are_exceptions_not_grades(tmp_path):
    with pytest.raises((SandboxUnavailable, GradingError)):
        graded(RIGHT, python=tmp_path / "no-python")
    with pytest.raises(GradingError, match="cannot be read"):
        grade(source=b"{}", submission=b"", files={}, hidden_files={}, limits=LIMITS, python=PYTHON)


def test_an_examiner_that_cannot_begin_is_our_failure(monkeypatch):
    monkeypatch.setitem(examiner._BOTH, "wire.py", examiner._HERE / "messages.py")
    with pytest.raises(GradingError, match="did not begin"):
        outcomes(EXERCISE, total_answer=RIGHT)


def said(*findings):
    rows = [dict(zip(("id", "outcome", "share"), finding, strict=True)) for finding in findings]
    return json.dumps({"findings": rows}).encode()


GOOD = ("file", "passed", 1)


def saying(**more):
    rows = [dict(zip(("id", "outcome", "share"), one, strict=True)) for one in (("public", "failed", 0), GOOD)]
    return json.dumps({"findings": [rows[0] | more, rows[1]]}).encode()


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [b"{}"],
        [b"not json"],
        [b"[" * 100_000],
        [said()],
        [said(GOOD)],
        [said(GOOD, ("public", "passed", 1))],
        [said(("public", "passed", 2), GOOD)],
        [said(("public", "passed", -1), GOOD)],
        [said(("public", "passed", float("nan")), GOOD)],
        [said(("public", "passed", "1"), GOOD)],
        [said(("public", "great", 1), GOOD)],
        [said(("public", ["passed"], 1), GOOD)],
        [said(("public", "passed", True), GOOD)],
        [said(("public", "passed", 1), GOOD)] * 2,
        [b'{"findings": [[], []]}'],
        [said(("public", "passed", 10**400), GOOD)],
        [said(("public", "passed", -(10**400)), GOOD)],
        [said(("public", "passed", 1), GOOD).replace(b"1}", b"1" * 5000 + b"}")],
        [said(("public", "passed", {}), GOOD)],
        [said((["public"], "passed", 1), GOOD)],
        [saying(reason=[])],
        [saying(reason={})],
        [saying(told={"kind": "type"})],
        [saying(told=["kind"])],
        [saying(told=[{"kind": []}])],
        [saying(told=[{"kind": {}}])],
        [saying(told=[{"kind": None}])],
        [saying(told=[{"kind": "type", "got": []}])],
        [saying(told=[{"kind": "type", "got": "\ud800"}])],
        [saying(told=[{"kind": "type", "got": "\0"}])],
        [b'{"findings": ' + b'[{"a": ' * 50_000],
        [b'{"findings": {"public": 1, "file": 1}}'],
    ],
)
def test_a_malformed_verdict_earns_nothing(lines):
    endings = (Ending(RunStatus.COMPLETED), Ending(RunStatus.KERNEL_DIED))
    checks = tuple(replace(check, feedback=frozenset(["type"])) for check in EXERCISE.checks)
    exercise = replace(EXERCISE, checks=checks)
    examined = examiner._conclude(exercise, [b'{"ready": true}', *lines], endings, Usage())
    assert {(finding.outcome, finding.share) for finding in examined.findings.values()} == {("error", 0.0)}


def test_a_well_formed_verdict_is_believed():
    endings = (Ending(RunStatus.COMPLETED), Ending(RunStatus.COMPLETED))
    examined = examiner._conclude(
        EXERCISE, [b'{"ready": true}', said(("public", "failed", 0.5), GOOD)], endings, Usage()
    )
    assert [finding.share for finding in examined.findings.values()] == [0.5, 1]


def test_an_examiner_killed_by_what_it_was_sent_earns_the_learner_nothing():
    exercise = source(
        answer("a", "def f(): return 1"),
        check("big", "x = [0] * (1 << 31)\nassert f() == 1"),
        check("c", "assert f() == 1"),
    )
    found = examine(exercise, a="def f(): return 1")
    assert found["big"] == ("error", 0.0)


# --- what crosses, in a real kernel environment ---


def test_frames_arrays_dates_and_missing_values_cross_both_ways():
    exercise = source(
        setup("import numpy as np\nimport pandas as pd"),
        answer(
            "a",
            "def same(x): return x\nจำนวน = 5\ntable = pd.DataFrame({'ก': [1, 2]}).groupby('ก').size()\n"
            "def fill(frame): frame['new'] = 1\ndef sort(array): array.sort()",
        ),
        check("thai", "assert จำนวน == 5"),
        check(
            "same",
            """
frame = pd.DataFrame({
    "จำนวน": [1.5, None], "วันที่": pd.to_datetime(["2023-03-12", None]), "หมวด": pd.Categorical(["ก", "ข"]),
    "ชื่อ": ["น้ำ", None], "นับ": pd.array([1, None], dtype="Int64"),
}, index=pd.Index(["x", "y"], name="รหัส"))
pd.testing.assert_frame_equal(same(frame), frame)
pd.testing.assert_series_equal(same(frame["วันที่"]), frame["วันที่"])
np.testing.assert_array_equal(same(np.eye(3)), np.eye(3))
assert same(pd.NaT) is pd.NaT and same(pd.NA) is pd.NA
assert same(pd.Timestamp("2023-03-12")) == pd.Timestamp("2023-03-12")
""",
        ),
        check("series", "assert list(table) == [1, 1] and table.index.name == 'ก'"),
        check(
            "mutated",
            """
frame, array = pd.DataFrame({"a": [1, 2]}), np.array([3, 1, 2])
fill(frame)
sort(array)
assert list(frame.columns) == ["a", "new"] and array.tolist() == [1, 2, 3]
""",
        ),
    )
    solution = exercise.answers[0].source.replace("### BEGIN SOLUTION\n", "").replace("\n### END SOLUTION", "")
    assert set(outcomes(exercise, a=solution).values()) == {"passed"}


def test_magics_await_and_the_working_directory_behave_as_in_jupyter():
    exercise = source(
        setup("%matplotlib inline\nimport os"),
        answer("a", "text, n, here, figure = '', 0, '', ''"),
        check("all", "assert (text, n, here) == ('สวัสดี', 3, '/cwd')"),
        check("figure", "assert figure == 'ok'"),
    )
    given = """
import asyncio, os
text = open("a.txt").read()
n = await asyncio.sleep(0, 3)
here = os.getcwd()
%config InlineBackend.figure_format = "png"
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.title("จำนวน"); plt.show()
figure = "ok"
"""
    found = outcomes(exercise, files={"a.txt": "สวัสดี".encode()}, a=given)
    assert found == {"all": "passed", "figure": "passed"}


@pytest.mark.parametrize("hidden", [False, True], ids=["given", "hidden"])
def test_an_authors_files_may_be_called_like_ours(hidden):
    """They once were not found: the programs of the sandboxes are modules, too."""
    project = Path(settings.BASE_DIR)
    folders = [project / "sandboxes" / "inside", project / "grading" / "inside"]
    names = [path.stem for folder in folders for path in folder.glob("*.py") if path.stem != "__init__"]
    names += ["thai_fold"]
    assert {"wire", "cells", "figures", "learner", "objects"} <= set(names)
    files = {f"{name}.py": f"WHOSE = 'the author, {name}'".encode() for name in names}
    ask = f"whose = [__import__(name).WHOSE for name in {names}]"
    right = [f"the author, {name}" for name in names]
    where = {"hidden_files": files} if hidden else {"files": files}
    exercise = source(
        answer("a", "whose = []"),
        check("theirs", "assert whose == []" if hidden else f"assert whose == {right}"),
        check("ours", f"{ask}\nassert whose == {right}"),
    )
    found = outcomes(exercise, **where, a="whose = []" if hidden else ask)
    assert found == {"theirs": "passed", "ours": "passed"}
