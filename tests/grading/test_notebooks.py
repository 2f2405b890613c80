import copy
import json

import nbformat
import pytest

from grading.notebooks import AuthorError, NotebookRefused, assemble, read_notebook, read_source, release
from tests.grading.authored import answer, answered, as_bytes, cell, check, document, setup, source

TWO = source(
    cell("# โจทย์ / Task", kind="markdown"),
    setup("import math"),
    answer("first", "def f(x):\n    return x"),
    check("t1", "assert f(1) == 1", points=2, hidden="assert f('SECRET-INPUT') == 'SECRET-INPUT'", hint="say f"),
    answer("second", "จำนวน = 5"),
    check("t2", "assert จำนวน == 5", points=1.5),
)


def handed_in(**answers):
    return answered(TWO, **answers)


def put_together(notebook):
    return assemble(TWO, read_notebook(as_bytes(notebook)))


def notices(notebook):
    return [notice["en"] for notice in put_together(notebook).notices]


# --- reading ---


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"not json", "not_a_notebook"),
        (b"\xff\xfe\x00", "not_a_notebook"),
        (b"[]", "not_a_notebook"),
        (b"{}", "not_a_notebook"),
        (b"[" * 200_000, "not_a_notebook"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "not_a_notebook"),
        (b'{"nbformat": 4, "nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', "not_a_notebook"),
        (b'{"nbformat": 4, "nbformat_minor": NaN, "metadata": {}, "cells": []}', "not_a_notebook"),
        (b'{"nbformat": 99, "nbformat_minor": 5, "metadata": {}, "cells": []}', "not_a_notebook"),
        (b'{"nbformat": true, "nbformat_minor": 5, "metadata": {}, "cells": []}', "not_a_notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 5}', "not_a_notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [[]]}', "not_a_notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "widget"}]}', "not_a_notebook"),
        (b"x" * (5 * 1024 * 1024 + 1), "too_big"),
        (as_bytes(document(*[cell("1") for _ in range(1001)])), "too_many_cells"),
    ],
)
def test_what_is_no_notebook_is_refused_with_the_reason_in_both_languages(data, code):
    with pytest.raises(NotebookRefused) as refused:
        read_notebook(data)
    assert refused.value.code == code
    assert refused.value.th != refused.value.en
    assert "{" not in refused.value.th + refused.value.en


def test_outputs_and_foreign_metadata_are_not_read():
    notebook = document(cell("1", "a"))
    notebook["cells"][0]["outputs"] = [{"output_type": "nonsense"}]
    notebook["cells"][0]["metadata"]["tags"] = 5
    notebook["metadata"]["widgets"] = {"x": "<script>"}
    read = read_notebook(as_bytes(notebook))
    assert read.cells[0].outputs == []
    assert list(read.cells[0].metadata) == ["nbgrader"]
    assert read.metadata == {}


def test_doubled_and_missing_cell_ids_are_mended():
    notebook = document(cell("1"), cell("2"), cell("3"))
    notebook["cells"][0]["id"] = notebook["cells"][1]["id"] = "same"
    del notebook["cells"][2]["id"]
    assert len({made.id for made in read_notebook(as_bytes(notebook)).cells}) == 3


def test_a_notebook_of_version_3_is_upgraded():
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {"cells": [{"cell_type": "code", "input": ["x = 1"], "language": "python", "outputs": [], "metadata": {}}]}
        ],
    }
    assert read_notebook(json.dumps(old).encode()).cells[0].source == "x = 1"


def test_a_byte_order_mark_is_no_fault():
    assert read_notebook(b"\xef\xbb\xbf" + as_bytes(document(cell("1"))))


# --- the author's notebook ---


def test_points_hints_and_ids_are_read():
    assert TWO.max_score == 3.5
    assert [c.id for c in TWO.checks] == ["t1", "t2"]
    assert TWO.checks[0].hint == {"th": "คำใบ้ say f", "en": "say f"}
    assert "hint" not in TWO.checks[0].code
    assert "SECRET-INPUT" in TWO.checks[0].code


def test_hints_may_have_levels_and_none_of_them_is_released():
    text = "# hint(th): หนึ่ง\n# hint2(th): สอง\n# hint2(en): two\n# hint9(en): last\nassert x"
    authored = source(answer("a", "x = 1"), check("t1", text))
    (found,) = authored.checks
    assert found.code == "assert x"
    assert [found.hint_after(failures) for failures in (0, 1, 2, 50)] == [
        {"th": "หนึ่ง"},
        {"th": "สอง", "en": "two"},
        {"en": "last"},
        {"en": "last"},
    ]
    assert "สอง" not in str(release(authored))
    assert source(answer("a", "x = 1"), check("t1", "assert x")).checks[0].hints == ({},)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ([answer("a", "1")], "no check cell"),
        ([check("c", "assert True")], "no answer cell"),
        ([answer("a", "1"), check("a", "assert True")], "used twice"),
        ([answer("a", "1"), check("น", "assert True")], "grade_id is needed"),
        ([answer("a", "1"), check("c", "assert True", points=-1)], "points"),
        ([answer("a", "1"), check("c", "assert True", points="2")], "points"),
        ([answer("a", "1"), check("c", "assert (")], "not valid Python"),
        ([answer("a", "1"), check("c", "### BEGIN HIDDEN TESTS\nassert 1")], "do not match"),
        ([answer("a", "1"), check("c", "### END HIDDEN TESTS\nassert 1")], "do not match"),
        ([answer("a", "1"), check("c", "### BEGIN HIDEN TESTS\nassert 1\n### END HIDDEN TESTS")], "do not match"),
        ([answer("a", "1"), check("c", "# begin hidden tests\nassert 1\n# end hidden tests")], "nearly a mark"),
        ([answer("a", "1"), check("c", "assert 1"), setup("### BEGIN SOLUTION\n1\n### END SOLUTION")], "not belong"),
        (
            [answer("a", "1"), check("c", "assert 1"), setup("### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS")],
            "not belong",
        ),
        ([answer("a", "1"), cell("text", "c", kind="markdown", grade=True, points=1)], "must be a code cell"),
    ],
)
def test_an_authors_mistake_is_named_with_its_cell(cells, complaint):
    with pytest.raises(AuthorError, match=complaint):
        source(*cells)


def test_all_problems_are_listed_at_once():
    with pytest.raises(AuthorError) as error:
        source(answer("a", "1"), check("a", "assert (", points=-1))
    assert len(error.value.problems) == 3
    assert {problem.cell for problem in error.value.problems} == {2}


def test_older_schemas_and_magics_are_read():
    old = cell("%matplotlib inline\nassert x == 1", "c", grade=True, points=1)
    old["metadata"]["nbgrader"] = {"grade": True, "grade_id": "c", "points": 1, "solution": False}
    assert source(answer("a", "x = 1"), old).max_score == 1


# --- release ---


def test_the_release_holds_no_solution_no_hidden_check_and_no_hint():
    text = nbformat.writes(release(TWO))
    for secret in ("SECRET-INPUT", "return x", "จำนวน = 5", "HIDDEN", "BEGIN SOLUTION", "hint(", "say f"):
        assert secret not in text
    assert "raise NotImplementedError()" in text
    assert "assert f(1) == 1" in text


def test_only_answer_cells_of_the_release_can_be_edited():
    editable = [c.source.split("\n")[0] for c in release(TWO).cells if c.metadata.get("editable", True)]
    assert editable == ["# เขียนคำตอบที่นี่"] * 2
    assert not any(c.metadata.get("deletable", True) for c in release(TWO).cells)


def test_the_stub_stands_where_the_solution_stood():
    marked = cell(
        "def f(x):\n    '''doc'''\n    ### BEGIN SOLUTION\n    y = x\n    return y\n    ### END SOLUTION\nz = 1",
        "a",
        solution=True,
        locked=False,
    )
    text = release(source(marked, check("c", "assert f(1) == 1"))).cells[0].source
    compile(text, "stub", "exec")
    assert text.endswith("    raise NotImplementedError()\nz = 1")
    assert "y = x" not in text


def test_two_solutions_in_one_cell_leave_two_stubs():
    marked = cell(
        "### BEGIN SOLUTION\na = 1\n### END SOLUTION\n### BEGIN SOLUTION\nb = 2\n### END SOLUTION",
        "a",
        solution=True,
    )
    text = release(source(marked, check("c", "assert a == 1"))).cells[0].source
    assert text.count("NotImplementedError") == 2
    assert "b = 2" not in text


def test_an_answer_without_marks_is_a_solution_as_a_whole():
    text = release(source(cell("a = 42", "a", solution=True), check("c", "assert a == 42"))).cells[0].source
    assert "42" not in text


def test_a_check_that_is_hidden_as_a_whole_says_so():
    authored = source(answer("a", "x = 1"), check("c", "", hidden="assert x == 1"))
    assert "This check runs when you hand in" in release(authored).cells[1].source


# --- assembly ---


def test_answers_are_put_into_our_notebook():
    assembled = put_together(handed_in(first="def f(x): return x", second="จำนวน = 5"))
    assert assembled.answers == {"first": "def f(x): return x", "second": "จำนวน = 5"}
    assert assembled.notices == ()
    assert [c.source for c in assembled.notebook.cells][4] == "จำนวน = 5"


def test_checks_and_set_up_cells_of_the_learner_are_ignored():
    notebook = handed_in(first="def f(x): return x")
    for made in notebook.cells:
        if made.metadata.get("nbgrader", {}).get("grade_id") in ("t1", "setup"):
            made.source = "tampered = True"
            made.metadata.nbgrader.points = 999
    assert "tampered" not in str(put_together(notebook).notebook)


def test_without_marks_an_answer_is_found_by_cell_id():
    notebook = handed_in(first="f = abs", second="จำนวน = 5")
    for made in notebook.cells:
        made.metadata = {}
    notebook.cells.reverse()
    assert put_together(notebook).answers == {"first": "f = abs", "second": "จำนวน = 5"}


def test_without_marks_and_ids_an_answer_is_found_by_its_place():
    notebook = handed_in(first="f = abs", second="จำนวน = 5")
    for number, made in enumerate(notebook.cells):
        made.metadata, made.id = {}, f"new-{number}"
    assert put_together(notebook).answers == {"first": "f = abs", "second": "จำนวน = 5"}


def test_of_doubled_answers_the_last_one_worked_on_counts():
    notebook = handed_in(first="f = 1")
    again = copy.deepcopy(next(c for c in notebook.cells if c.source == "f = 1"))
    again.source = "f = 2"
    untouched = copy.deepcopy(release(TWO).cells[2])
    notebook.cells += [again, untouched]
    assert put_together(notebook).answers["first"] == "f = 2"
    assert any("more than one answer cell first" in text for text in notices(notebook))


def test_a_deleted_answer_is_named():
    notebook = handed_in(first="f = 1")
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") != "second"]
    assert put_together(notebook).answers == {"first": "f = 1"}
    assert "The answer cell second was not found in your file, so it counts as not answered." in notices(notebook)


def test_reordered_cells_change_nothing():
    notebook = handed_in(first="f = abs", second="จำนวน = 5")
    notebook.cells.reverse()
    assert notices(notebook) == []
    assert put_together(notebook).answers == {"first": "f = abs", "second": "จำนวน = 5"}


def test_a_retyped_answer_is_still_read():
    notebook = handed_in(first="f = abs")
    for made in notebook.cells:
        if made.source == "f = abs":
            made.cell_type = "markdown"
            del made["outputs"], made["execution_count"]
    assert put_together(notebook).answers["first"] == "f = abs"
    assert any("another kind of cell" in text for text in notices(notebook))


def test_added_code_cells_are_not_run_and_the_learner_is_told():
    notebook = handed_in(first="f = abs")
    notebook.cells.append(nbformat.from_dict(cell("import os; sneaked_in = True")))
    assembled = put_together(notebook)
    assert "sneaked_in" not in str(assembled.notebook)
    assert any("1 code cell(s) that you added" in text for text in notices(notebook))


def test_another_notebook_is_refused_naming_what_is_missing():
    with pytest.raises(NotebookRefused, match="first, second") as refused:
        put_together(document(cell("print(1)", "other"), cell("2")))
    assert refused.value.code == "foreign"


def test_notices_speak_both_languages():
    notebook = handed_in(first="f = 1")
    notebook.cells.append(nbformat.from_dict(cell("x = 1")))
    for notice in put_together(notebook).notices:
        assert set(notice) == {"th", "en"}
        assert "{" not in notice["th"] + notice["en"]


def test_manual_cells_are_the_learners_and_their_points_are_a_persons_to_give():
    essay = cell("model essay", "essay", kind="markdown", grade=True, solution=True, points=5)
    authored = source(answer("a", "x = 1"), check("c", "assert x == 1"), essay)
    assert (authored.checked_score, authored.max_score) == (1, 6)
    assert "model essay" not in nbformat.writes(release(authored))
    assert assemble(authored, answered(authored, a="x = 1", essay="my words")).answers["essay"] == "my words"


def test_the_source_itself_can_be_handed_in():
    assembled = assemble(TWO, read_notebook(as_bytes(TWO.notebook)))
    assert "return x" in assembled.answers["first"]
    assert "SECRET-INPUT" not in str(assembled.notebook)
    assert read_source(as_bytes(TWO.notebook)).max_score == 3.5


# --- nbgrader's format, in all its ages ---


def nbgrader_cell(text, kind="code", **marks):
    made = {"cell_type": kind, "metadata": {"nbgrader": marks} if marks else {}, "source": text, "id": "x"}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


@pytest.mark.parametrize(
    ("schema", "points"),
    [({}, "1"), ({"schema_version": 0}, "1"), ({"schema_version": 1}, 1.0), ({"schema_version": 2}, 1), (None, 1)],
    ids=["none", "0", "1", "2", "3"],
)
def test_every_schema_of_the_marks_is_read_alike(schema, points):
    schema = {"schema_version": 3} if schema is None else schema
    read = source(
        nbgrader_cell("import math", grade=False, solution=False, **schema),
        nbgrader_cell("a = 1", solution=True, grade_id="a", **schema),
        nbgrader_cell("assert a == 1", grade=True, grade_id="t", points=points, **schema),
        nbgrader_cell("essay", "markdown", grade=True, solution=True, grade_id="e", points=points, **schema),
    )
    assert [role.value for role in read.roles] == ["setup", "answer", "check", "manual"]
    assert (read.checked_score, read.manual[0].max_points) == (1, 1)
    assert all("points" not in made.metadata.get("nbgrader", {}) for made in release(read).cells[:2])


@pytest.mark.parametrize(
    ("marks", "complaint"),
    [
        ({"grade": True, "grade_id": "t", "points": 1, "schema_version": 4}, "schema 4"),
        ({"grade": True, "grade_id": "t", "points": 1, "schema_version": "3"}, "schema 3"),
        ({"grade": True, "grade_id": "t", "schema_version": 3}, "points must be"),
        ({"grade": True, "grade_id": "t", "points": "many"}, "points must be"),
        ({"grade": True, "grade_id": "", "points": 1, "schema_version": 3}, "grade_id is needed"),
        ({"locked": True, "grade_id": "a", "schema_version": 3}, "used twice"),
        ({"task": True, "grade_id": "t", "points": 1, "schema_version": 3}, "must be a Markdown"),
    ],
)
def test_marks_that_mean_nothing_are_named(marks, complaint):
    with pytest.raises(AuthorError, match=complaint):
        source(answer("a", "x = 1"), nbgrader_cell("1", **marks), check("c", "assert x == 1"))


@pytest.mark.parametrize("sign", ["#", "###", "//", "--", "%%", "<!--", "/*", "===", ";;", "'", '"""', ""])
def test_marks_stand_behind_any_comment_sign(sign):
    essay = cell(
        f"{sign} BEGIN SOLUTION\nthe model\n{sign} END SOLUTION", "e", "markdown", grade=True, solution=True, points=1
    )
    text = release(source(essay)).cells[0].source
    assert "the model" not in text
    assert "YOUR ANSWER HERE" in text


def test_authors_name_delimiters_of_their_own_as_nbgraders_settings_do():
    made = document(
        cell("# ANSWER>\nx = 41 + 1\n# <ANSWER", "a", solution=True),
        cell("assert x\n# SECRET>\nassert x == 42\n# <SECRET", "c", grade=True, points=1),
    )
    made["metadata"]["nbgrader"] = {
        "ClearSolutions": {"begin_solution_delimeter": "ANSWER>", "end_solution_delimeter": "<ANSWER"},
        "ClearHiddenTests": {"begin_test_delimeter": "SECRET>", "end_test_delimeter": "<SECRET"},
    }
    read = read_source(as_bytes(made))
    text = nbformat.writes(release(read))
    assert not any(secret in text for secret in ("41 + 1", "42", "ANSWER>", "SECRET"))
    made["metadata"]["nbgrader"]["ClearSolutions"]["end_solution_delimeter"] = 5
    with pytest.raises(AuthorError, match=r"ClearSolutions\.end_solution_delimeter"):
        read_source(as_bytes(made))


@pytest.mark.parametrize("line", ["REM BEGIN SOLUTION", "x = 1  # BEGIN SOLUTION", "# here BEGIN SOLUTION"])
def test_what_nbgrader_would_cut_is_never_left_in_silence(line):
    with pytest.raises(AuthorError, match="nearly a mark"):
        source(cell(f"{line}\n", "a", solution=True), check("c", "assert x == 1"))


def test_prose_may_speak_of_solutions():
    text = cell("Write your code between BEGIN SOLUTION and END SOLUTION.", kind="markdown")
    assert source(text, answer("a", "x = 1"), check("c", "assert x == 1")).max_score == 1


def test_an_autotest_is_not_taken_for_an_empty_check():
    with pytest.raises(AuthorError, match="AUTOTEST is not supported"):
        source(answer("a", "x = 1"), check("c", "### AUTOTEST x"))


def test_a_notebook_that_only_people_read_is_an_exercise():
    essay = cell("model essay", "essay", kind="markdown", grade=True, solution=True, points=5)
    read = source(essay)
    assert (read.checked_score, read.max_score, read.checks) == (0, 5, ())
    assert (read.manual[0].id, read.manual[0].max_points, read.manual[0].guide) == ("essay", 5, "model essay")


TASK = source(
    answer("a", "x = 1"),
    check("c", "assert x == 1"),
    cell("Do your best.\n\n=== BEGIN MARK SCHEME ===\none mark for form\n=== END MARK SCHEME ===", "task", "markdown",
         task=True, points=4),
    setup("import math"),
)  # fmt: skip


def test_a_task_keeps_its_text_and_hides_its_mark_scheme():
    assert TASK.manual[0].guide == "one mark for form"
    assert TASK.manual[0].is_task
    text = nbformat.writes(release(TASK))
    assert "Do your best." in text
    assert "one mark" not in text
    assert "MARK SCHEME" not in text


def test_a_task_is_answered_in_the_cells_below_it():
    notebook = answered(TASK, a="x = 1")
    own = [cell("print('figure')"), cell("My **words**.", kind="markdown")]
    notebook.cells[3:3] = [nbformat.from_dict(made) for made in own]
    notebook.cells.append(nbformat.from_dict(cell("y = 5")))
    assembled = assemble(TASK, read_notebook(as_bytes(notebook)))
    assert assembled.answers["task"] == "Do your best.\n\nprint('figure')\n\nMy **words**."
    assert [notice["en"][:12] for notice in assembled.notices] == ["1 code cell("]


# --- what learners do to cells ---


def joined(notebook, first, second):
    """As Jupyter merges two cells: the first one keeps its marks, the second one is gone."""
    cells = {made.id: made for made in notebook.cells}
    cells[first].source += "\n\n" + cells[second].source
    notebook.cells = [made for made in notebook.cells if made.id != second]
    return notebook


def test_two_answers_merged_into_one_cell_both_count():
    notebook = joined(handed_in(first="def f(x): return x", second="จำนวน = 5"), "first", "second")
    assembled = put_together(notebook)
    assert assembled.answers == {"first": "def f(x): return x\n\nจำนวน = 5", "second": ""}
    (notice,) = assembled.notices
    assert notice["en"].startswith("The answer cell second was not found in your file, but its answer was found")


def test_an_answer_merged_into_a_locked_cell_is_found_without_that_cell():
    assembled = put_together(joined(handed_in(first="def f(x): return x"), "setup", "first"))
    assert assembled.answers["first"] == "def f(x): return x"


def test_an_answer_with_its_check_merged_into_it_is_that_answer():
    assembled = put_together(joined(handed_in(first="def f(x): return x"), "first", "t1"))
    assert assembled.answers["first"].startswith("def f(x): return x")
    assert assembled.notices == ()


def test_an_answer_in_a_cell_made_anew_is_found_by_what_it_defines():
    notebook = handed_in(first="f = abs")
    notebook.cells = [made for made in notebook.cells if made.id != "second"]
    notebook.cells.insert(0, nbformat.from_dict(cell("จำนวน = 5")))
    assert put_together(notebook).answers["second"] == "จำนวน = 5"


def test_names_alone_make_no_notebook_of_this_exercise():
    with pytest.raises(NotebookRefused):
        put_together(document(cell("f = abs\nจำนวน = 5"), cell("print(f)")))


def test_a_split_answer_is_all_its_parts():
    two = source(answer("a", "x = 1\ny = 2"), check("c", "assert x + y == 3"))
    notebook = answered(two, a="x = 1")
    rest = copy.deepcopy(notebook.cells[0])
    rest.source, rest.id = "y = x + 1", "another"
    notebook.cells.insert(1, rest)
    assembled = assemble(two, read_notebook(as_bytes(notebook)))
    assert assembled.answers["a"] == "x = 1\n\ny = x + 1"
    assert "split" in assembled.notices[0]["en"]
