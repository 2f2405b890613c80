"""The author's pre-flight: what it says of exercises that work, and of those that would fail their learners."""

import json

import pytest

from courses.demo.exercises import exercises
from grading.preflight import Report, preflight
from sandboxes.limits import Limits
from tests.grading.authored import LIMITS, PYTHON, answer, as_bytes, cell, check, document, setup

LATER = "# hint2(en): 4319\n# hint2(th): 4319"


def tried(*cells, files=None, hidden_files=None, limits=LIMITS, runs=2) -> Report:
    return preflight(
        source=as_bytes(document(*cells)),
        files=files or {},
        hidden_files=hidden_files or {},
        limits=limits,
        python=PYTHON,
        runs=runs,
    )


def codes(report, severity=None):
    return {(remark.code, remark.id) for remark in report.remarks if severity in (None, remark.severity)}


def remark(report, code, grade_id=""):
    (found,) = [one for one in report.remarks if (one.code, one.id) == (code, grade_id)]
    return found


@pytest.fixture(scope="module")
def good():
    return tried(
        answer("a", "def double(x):\n    return 2 * x"),
        check("t", "assert double(1) == 2", points=3, hidden="assert double(4321) == 8642", hint="Times two"),
    )


@pytest.fixture(scope="module")
def bad():
    """One exercise in which every cell has a fault of its own."""
    locked = setup("import math\nhidden_rows = open('secret.csv').read()", "reads-hidden")
    return tried(
        cell("The way: `total = sum(values) + len(values)` and no other; see secret.csv", kind="markdown"),
        locked,
        cell("values = [1, 2]\nlimit = 7", "d", solution=True, locked=False),
        answer("a", "total = sum(values) + len(values)"),
        answer("b", "import random\ndef helper(): return 1\ndef user(): return helper()\ndraw = random.random"),
        answer("c", "import threading\ndef lock():\n    return threading.Lock()"),
        check("wrong", "x = 5\nassert limit == 8, 'should be 8'"),
        check("opaque", "import math\nassert math.pi > 3\nassert lock().locked() is False"),
        check("takes", "del helper\ntry:\n    user()\nexcept NameError:\n    pass\nelse:\n    raise AssertionError"),
        check("easy", "assert True", hint="Nothing to do"),
        check("chance", "0.1 + 0.8 * draw()", points=1, hint="Good luck"),
        check("half", "assert limit == 7\n2", points=4, hint="Two of four"),
        check("zero", "limit - 7", points=4, hint="None of four"),
        check("nothing", "assert limit == 7", points=0, hint="For free"),
        check("tells", f"{LATER}\nassert limit == 7", hidden="assert limit * 617 == 4319", hint="Try again"),
        check("twice", "assert limit == 7", hidden="assert limit  ==  7", hint="Seven"),
        cell("# hint(th): เจ็ด\nassert limit == 7", "one-language", grade=True, points=1),
        check("shown", "assert limit == 7\nopen('secret.csv')", hint="Seven"),
        cell("An essay", "essay", "markdown", grade=True, solution=True, points=5),
        files={"data.csv": b"1,2"},
        hidden_files={"secret.csv": b"3,4", "copy.csv": b"1,2"},
    )  # fmt: skip


def test_an_exercise_that_works_gets_no_remark(good):
    assert good.remarks == ()
    assert good.is_publishable
    assert (good.model_score, good.untouched_score, good.max_score, good.runs) == (3, 0, 3, 2)
    (only,) = good.checks
    assert (only.id, only.cell, only.model, only.examined) == ("t", 2, "passed", "isolated")
    assert only.untouched != "passed"


def test_feedback_that_will_stay_silent_is_remarked_on():
    telling = "# feedback: difference\n"
    report = tried(
        answer("a", "def double(x):\n    return 2 * x\ndef read(name):\n    return open(name).read()"),
        check("t1", telling + "assert double(1) == 2", hidden="WANTED = 8642\nassert double(4321) == WANTED", hint="h"),
        check("t2", telling + "assert double(2) == 4", hidden="assert double(4322) == 8644", hint="h"),
        check("t3", telling + "assert double(4321) == WANTED", hint="h"),
        check("t4", telling + "assert read('hidden.txt') == 'x'", hint="h"),
        check("t5", telling + "assert double(3) > 5", hint="h"),
        check("t6", telling, hidden="assert double(4323) == 8646", hint="h"),
        check("t7", "assert double(3) > 5", hint="h"),
        hidden_files={"hidden.txt": b"x"},
    )
    silent = {(code, name) for code, name in codes(report, "warning") if code.startswith("feedback")}
    assert silent == {("feedback_needs_hidden", name) for name in ("t3", "t4")} | {
        ("feedback_compares_nothing", name) for name in ("t5", "t6")
    }
    assert report.is_publishable


def test_what_a_run_takes_is_measured_against_the_limits(good):
    told = good.as_dict()
    assert 0 < told["usage"]["wall_seconds"] < told["limits"]["wall_seconds"]
    assert told["usage"]["cpu_seconds"] > 0
    assert told["usage"]["max_memory_bytes"] > 0


def test_a_report_is_plain_data(good, bad):
    for report in (good, bad):
        assert json.loads(json.dumps(report.as_dict(), ensure_ascii=False)) == json.loads(json.dumps(report.as_dict()))


def test_every_remark_speaks_both_languages_and_shows_its_cell(bad):
    for one in bad.remarks:
        assert one.text["th"] != one.text["en"]
        assert not any(mark in text for text in one.text.values() for mark in "{}")
        assert (one.cell is None) == (one.source == "")


def test_every_fault_is_found_and_publishing_is_refused(bad):
    assert not bad.is_publishable
    errors = {
        ("model_fails", "wrong"),
        ("cannot_cross", "opaque"),
        ("differs_outside", "takes"),
        ("passes_untouched", "easy"),
        ("unstable", "chance"),
        ("model_partial", "half"),
        ("model_partial", "zero"),
        ("cell_error", "reads-hidden"),
        ("solution_left", "a"),
        ("hidden_file_visible", ""),
    }
    assert codes(bad, "error") >= errors
    assert codes(bad, "error") - errors <= {("passes_untouched", "chance")}
    warnings = {("no_hint", "wrong"), ("hint_gives_away", "tells"), ("hidden_repeats_visible", "twice")}
    assert codes(bad, "warning") >= warnings | {
        ("no_points", "nothing"),
        ("shown_error", "shown"),
        ("hidden_name_shown", ""),
    }
    assert codes(bad, "note") == {("hint_one_language", "one-language"), ("manual", "essay")}


def test_errors_come_first_and_the_report_counts_them(bad):
    assert [one.severity for one in bad.remarks] == sorted(
        (one.severity for one in bad.remarks), key=["error", "warning", "note"].index
    )
    assert bad.as_dict()["errors"] == bad.count("error") == len(codes(bad, "error"))


def test_a_model_that_fails_is_shown_with_line_and_error(bad):
    found = remark(bad, "model_fails", "wrong")
    assert (found.cell, found.line) == (7, 2)
    assert "should be 8" in found.text["th"]
    assert found.source.split("\n")[1].startswith("assert limit == 8")


def test_what_cannot_be_examined_is_named_with_its_statement_and_why(bad):
    found = remark(bad, "cannot_cross", "opaque")
    assert found.line == 3
    assert "lock()" in found.text["en"]
    assert "cannot cross" in found.text["en"]
    examined = {one.id: one.examined for one in bad.checks}
    assert [examined[name] for name in ("opaque", "takes", "wrong", "half")] == [
        "in_kernel",
        "in_kernel",
        "no",
        "isolated",
    ]


def test_a_check_that_takes_a_name_of_the_answer_is_told_so(bad):
    assert "(helper)" in remark(bad, "differs_outside", "takes").text["en"]


def test_a_model_solution_that_is_right_for_some_seeds_only_is_found_out():
    odd = check("t", "assert small(ATTEMPT_SEED)", hint="Seeds")
    report = tried(setup("ATTEMPT_SEED = 1"), answer("a", "def small(n):\n    return n < 2"), odd, runs=2)
    assert codes(report, "error") == {("unstable", "t")}


def test_an_answer_that_passes_when_left_out_is_told_of():
    report = tried(
        answer("a", "x = 1"),
        check("t", "try:\n    x\nexcept NameError:\n    x = 1\nassert x == 1", hint="One"),
    )
    assert {code for code, _ in codes(report)} & {"passes_untouched", "passes_blank"}


def test_a_notebook_that_is_no_exercise_lists_all_problems_and_runs_nothing():
    report = tried(answer("a", "x = 1"), check("a", "assert (", points=-1))
    assert report.runs == 0
    assert [(one.code, one.cell, one.id) for one in report.remarks] == [("author", 2, "a")] * 3
    assert all(one.source.startswith("assert (") for one in report.remarks)
    assert not report.is_publishable


@pytest.mark.parametrize("data", [b"", b"no notebook", b'{"nbformat": 4}'])
def test_what_is_no_notebook_is_a_remark_not_a_crash(data):
    report = preflight(source=data, files={}, hidden_files={}, limits=LIMITS, python=PYTHON)
    assert [one.severity for one in report.remarks] == ["error"]


def prints(characters):
    talkative = answer("a", f"print('x' * {characters})\nx = 1")
    return tried(talkative, check("t", "assert x == 1", hint="1"), limits=LIMITS.with_(output_bytes=2000), runs=1)


def test_an_exercise_beyond_its_limits_is_refused():
    report = prints(100_000)
    assert ("breaks_limit", "") in codes(report, "error")
    assert report.model_score == 0
    assert [one.model for one in report.checks] == ["not_run"]


def test_an_exercise_near_its_limits_is_told_of():
    report = prints(1500)
    assert "output_bytes" in remark(report, "near_limit").text["en"]
    assert report.is_publishable


def test_an_exercise_without_checks_is_for_people_alone():
    report = tried(cell("An essay", "essay", "markdown", grade=True, solution=True, points=5), runs=1)
    assert report.is_publishable
    assert codes(report) == {("manual", "essay")}


@pytest.mark.parametrize("built", exercises(), ids=lambda built: built.slug)
def test_every_demonstration_exercise_passes_its_pre_flight(built):
    report = preflight(
        source=built.source,
        files=built.files,
        hidden_files=built.hidden_files,
        limits=Limits(),
        python=PYTHON,
    )
    assert [one.text["en"] for one in report.remarks] == []
    assert (report.model_score, report.untouched_score) == (report.max_score, 0)
    assert {one.examined for one in report.checks} == {"isolated"}
