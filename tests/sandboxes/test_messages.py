"""What people are told: about the end of a run, and about an error under a cell."""

import re

import nbformat
import pytest

from sandboxes.__main__ import main
from sandboxes.messages import ERRORS, INVALID_CHARACTER, MESSAGES, OTHER_ERROR, PLACES, sentence
from sandboxes.python_errors import NAME_CHARACTERS, explain
from sandboxes.results import RunStatus
from sandboxes.runner import run_notebook

from .conftest import KERNEL_PYTHON, SMALL

TABLES = {
    "statuses": MESSAGES,
    "errors": ERRORS,
    "places": PLACES,
    "others": {"invalid character": INVALID_CHARACTER, "other": OTHER_ERROR},
}

FILES = {
    "thai.csv": "จังหวัด,จำนวน\nกระบี่,5\n".encode("cp874"),
    "empty.csv": b"",
    "ragged.csv": b"a,b\n1,2\n1,2,3,4\n",
}
# One error per cell: the code, the class the kernel names, the line it arises in, the name concerned.
FIRST_CELL = "import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ndef share(x):\n    return 1 / x\n"
CELLS = [
    ("x = 1\nprint(x))", "SyntaxError", 2, ""),
    ("x = 1\nprint(x", "_IncompleteInputError", 2, ""),
    ("for x in [1]:\nprint(x)", "IndentationError", 2, ""),
    ("if True:\n        x = 1\n    y = 2", "IndentationError", 3, ""),
    ("if True:\n\tx = 1\n        y = 2", "TabError", 3, ""),
    ("x = 1\nprint(จำนวน_น้ำ)", "NameError", 2, "จำนวน_น้ำ"),
    ("def f():\n    print(k)\n    k = 1\nf()", "UnboundLocalError", 2, "k"),
    ("\nx = 1\n'ก' + 5", "TypeError", 2, ""),  # IPython does not count empty lines at the beginning
    ("int('สิบ')", "ValueError", 1, ""),
    ("x = 1\n\n\ndf['จำนวน']", "KeyError", 4, "จำนวน"),
    ("df[['a', 'ปี']]", "KeyError", 1, "ปี"),
    ("df[['เดือน', 'ปี']]", "KeyError", 1, "เดือน"),
    ("df.groupby('a')['ปี']", "KeyError", 1, "ปี"),
    ("df.drop(columns=['ปี'])", "KeyError", 1, "ปี"),
    ("df.drop(index=[5])", "KeyError", 1, ""),
    ("{}[5]", "KeyError", 1, "5"),
    ("x = [1]\nx[3]", "IndexError", 2, ""),
    ("df.iloc[5]", "IndexError", 1, ""),
    ("x = []\nx.push(1)", "AttributeError", 2, "push"),
    ("pd.read_cvs", "AttributeError", 1, "read_cvs"),
    ("x = 1\npd.read_csv('ไม่มี.csv')", "FileNotFoundError", 2, "ไม่มี.csv"),
    ("x = 1\nimport pandass", "ModuleNotFoundError", 2, "pandass"),
    ("from math import squareroot", "ImportError", 1, "squareroot"),
    ("x = 1\nx / 0", "ZeroDivisionError", 2, ""),
    ("def g(x):\n    return g(x)\ng(1)", "RecursionError", 2, ""),
    ("x = 1\nx = 'a' * 10**14", "MemoryError", 2, ""),
    ("x = 1\nassert x == 2", "AssertionError", 2, ""),
    ("raise NotImplementedError()", "NotImplementedError", 1, ""),
    ("x = 1\npd.read_csv('thai.csv')", "UnicodeDecodeError", 2, ""),
    ("open('thai.csv', encoding='utf-8').read()", "UnicodeDecodeError", 1, ""),
    ("x = 1\nraise KeyboardInterrupt", "KeyboardInterrupt", 2, ""),
    ("pd.read_csv('empty.csv')", "EmptyDataError", 1, ""),
    ("pd.read_csv('ragged.csv')", "ParserError", 1, ""),
    ("pd.to_datetime('21 พ.ย. 2568')", "DateParseError", 1, ""),
    ("df.query('จำนวน > 1')", "UndefinedVariableError", 1, "จำนวน"),
]


def error(ename="NameError", evalue="", traceback=()):
    return {"output_type": "error", "ename": ename, "evalue": evalue, "traceback": list(traceback)}


def code_notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def errors_of(result):
    """The error under each cell, by the cell's number."""
    return {
        cell.execution_count: output
        for cell in result.notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    }


def in_thai(kind, name=""):
    return ERRORS[kind]["th"].format(name=f' "{name}"' if name else "นี้")


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_sentence_exists_in_both_languages(table):
    for texts in table.values():
        assert set(texts) == {"th", "en"}
        assert re.search("[ก-๙]", texts["th"])
        assert not re.search("[ก-๙]", texts["en"])
        assert set(re.findall(r"{\w+}", texts["th"])) == set(re.findall(r"{\w+}", texts["en"]))


@pytest.mark.parametrize("status", RunStatus)
def test_every_ending_of_a_run_has_a_sentence(status):
    assert sentence(status, "th") != sentence(status, "en") == sentence(status, "fr")


def test_every_common_error_of_a_real_kernel_is_told_in_thai_with_its_cell_its_line_and_the_name(python):
    limits = SMALL.with_(wall_seconds=60, cpu_seconds=60, output_bytes=4 << 20)
    notebook = code_notebook(FIRST_CELL, *(source for source, *_ in CELLS))
    found = errors_of(run_notebook(notebook, files=FILES, limits=limits, python=python))
    expected = {
        number: (kind, f"เซลล์ที่ {number} บรรทัดที่ {line}: {in_thai(kind, name)}")
        for number, (_, kind, line, name) in enumerate(CELLS, start=2)
    }
    assert {n: (output.ename, explain(output, "th", n)) for n, output in found.items()} == expected
    assert {kind for _, kind, *_ in CELLS} == set(ERRORS)


def test_a_real_kernels_characters_that_are_no_code_and_errors_across_cells(python):
    notebook = code_notebook(
        FIRST_CELL,
        "x = 1\n\nshare(0)",  # arises in the cell before
        "x = ๑๒",
        "x = “ก”",
        "x = 1\ny = 2\u200b",
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    total",
        "raise ValueError('\\nCell In[99], line 77\\n')",
        "class Unheard(Exception): pass\nraise Unheard('!')",
    )
    found = errors_of(run_notebook(notebook, files={}, limits=SMALL, python=python))

    def no_code(character):
        return INVALID_CHARACTER["th"].format(name=f' "{character}"')

    assert [explain(output, "th", number) for number, output in found.items()] == [
        f"เซลล์ที่ 1 บรรทัดที่ 4: {in_thai('ZeroDivisionError')}",
        f"เซลล์ที่ 3 บรรทัดที่ 1: {no_code('๑')}",
        f"เซลล์ที่ 4 บรรทัดที่ 1: {no_code('“')}",
        f"เซลล์ที่ 5 บรรทัดที่ 2: {no_code('U+200B')}",
        f"เซลล์ที่ 6 บรรทัดที่ 4: {in_thai('NameError', 'total')}",
        f"เซลล์ที่ 7 บรรทัดที่ 1: {in_thai('ValueError')}",
        f"เซลล์ที่ 8 บรรทัดที่ 2: {OTHER_ERROR['th']}",
    ]


def test_the_command_prints_the_sentence_below_the_error_with_the_same_number(python, capsys, tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("ทดลอง"), nbformat.v4.new_code_cell("x = 1\nprint(total)")]
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    assert main(["--python", str(KERNEL_PYTHON), "--language", "th", str(tmp_path / "in.ipynb")]) == 1
    said = capsys.readouterr().out
    expected = f"เซลล์ที่ 1 บรรทัดที่ 2: {in_thai('NameError', 'total')}"
    assert f"cell 1: NameError: name 'total' is not defined\n  {expected}\n" in said


def test_the_sentence_is_thai_for_thai_readers_and_english_for_all_others():
    told = error("NameError", "name 'x' is not defined", ["NameError", "Cell In[3], line 2\n----> 2 x"])
    assert explain(told, "th") == f"เซลล์ที่ 3 บรรทัดที่ 2: {in_thai('NameError', 'x')}"
    assert explain(told, "en").startswith('Cell 3, line 2: The name "x" is not known.')
    assert explain(told, "fr") == explain(told, "en")


def test_what_is_not_known_of_the_place_is_left_out():
    assert explain(error("TypeError"), "th") == in_thai("TypeError")
    assert explain(error("TypeError"), "th", 7) == f"เซลล์ที่ 7: {in_thai('TypeError')}"
    assert explain(error("TypeError"), "en", 7) == f"Cell 7: {ERRORS['TypeError']['en']}"
    unread = error("TabError", "", ["  \x1b[36mFile \x1b[39m\x1b[32m<string>:3\x1b[39m\n    y = 2"])
    assert explain(unread, "th") == f"บรรทัดที่ 3: {in_thai('TabError')}"
    assert explain(unread, "th", 7) == f"เซลล์ที่ 7 บรรทัดที่ 3: {in_thai('TabError')}"


@pytest.mark.parametrize(
    "frame",
    [
        "----> 1 'Cell In[3], line 2'",
        "NameError: \nCell In[3], line 2",
        "Cell In[3], line 12345678901234567890",
        "Cell In[๓], line ๒",
        "Cell In[3], line 2๒",
        "Cell In[-3], line -2",
        " " * 2000 + "Cell In[3], line 2",
        "\x1b[" + "0" * 100_000 + "mCell In[3], line 2",
    ],
)
def test_a_place_is_believed_only_where_and_as_the_kernel_writes_it(frame):
    assert explain(error("TypeError", "", [frame]), "th") == in_thai("TypeError")


@pytest.mark.parametrize("ename", ["nameerror", "NameError ", "Name", "E.NameError", "{name}", "<b>", "", None, [], 5])
def test_only_the_exact_name_of_a_class_is_recognised(ename):
    assert explain(error(ename, "name 'x' is not defined"), "en") == OTHER_ERROR["en"]


def test_a_name_is_shown_as_it_is_but_never_long_and_never_invisible():
    def named(name):
        return explain(error("NameError", f"name '{name}' is not defined"), "en")

    assert 'The name "{0} {name} <b>&" is not known.' in named("{0} {name} <b>&")
    assert f'The name "{"ก" * NAME_CHARACTERS}…" is not known.' in named("ก" * 400)
    for unseen in ("a\u202eb", "a\u200bb", "a\nb", "\x1b[31m", "\ud800", "a" * 100_000):
        assert "The name is not known." in named(unseen)


@pytest.mark.parametrize("kind", [*ERRORS, "Unheard"])
@pytest.mark.parametrize(
    "hostile",
    [
        None,
        5,
        {"a": 1},
        ["'" * 1000, None, 5, ["Cell In[1], line 1"]],
        "'" * 300_000,
        "name '" * 50_000,
        "'a' has no attribute " * 20_000,
        "\x1b[0" * 100_000,
        "Cell In[" * 50_000,
        "\ud800\0{name}{cell}{0}%s</p><script>",
    ],
)
def test_no_error_output_is_too_odd_to_be_explained(kind, hostile):
    for traceback in (hostile, [hostile] * 3000):
        told = explain({"ename": kind, "evalue": hostile, "traceback": traceback}, "th", 2)
        assert told.startswith("เซลล์ที่ 2: ")
        assert len(told) < 400
        assert told.isprintable()
    assert explain({}, "th") == OTHER_ERROR["th"]
