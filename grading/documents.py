"""What is in a learner's document: locked cells stay as they are, and it never grows beyond what is kept. Pure."""

import json
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

import nbformat
from nbformat import NotebookNode

from grading.notebooks import MAX_CELLS, NotebookRefused, parse_document

MAX_BYTES = 5 * 1024 * 1024
KERNELSPEC = {"name": "sandbox-python", "display_name": "Python 3", "language": "python"}
_OURS = ("editable", "deletable", "nbgrader", "trusted")  # a cell's metadata that is not the learner's to set

# nbformat has no types.
_new_notebook: Any = nbformat.v4.new_notebook
_new_code: Any = nbformat.v4.new_code_cell
_new_markdown: Any = nbformat.v4.new_markdown_cell
_from_dict: Any = nbformat.from_dict
_rejoined: Any = nbformat.v4.rwbase.rejoin_lines


def read(data: bytes) -> NotebookNode:
    """A notebook as the workbench saves it, outputs included. Raises ``NotebookRefused``."""
    if len(data) > 4 * MAX_BYTES:
        raise NotebookRefused("too_big", megabytes=MAX_BYTES >> 20)
    notebook = parse_document(data)
    if type(notebook) is not dict or notebook.get("nbformat") != 4 or not isinstance(notebook.get("cells"), list):
        raise NotebookRefused("not_a_notebook")
    if len(notebook["cells"]) > MAX_CELLS:
        raise NotebookRefused("too_many_cells", cells=MAX_CELLS)
    node = _from_dict(notebook)
    try:
        nbformat.validate(node)
    except Exception as error:  # nbformat fails in many ways on what is no notebook; they all mean this
        raise NotebookRefused("not_a_notebook") from error
    return _rejoined(node)  # files may have a text as a list of its lines


def write(notebook: NotebookNode) -> bytes:
    """A notebook's bytes, no more than are kept: the largest outputs are left out where it would be.

    Raises ``NotebookRefused`` when it is too large without any output.
    """
    data = _bytes(notebook)
    if len(data) <= MAX_BYTES:
        return data
    notebook = deepcopy(notebook)
    cells = sorted((cell for cell in notebook.cells if cell.get("outputs")), key=lambda cell: -len(_bytes(cell)))
    for cell in cells:
        cell.outputs = []
        if len(data := _bytes(notebook)) <= MAX_BYTES:
            return data
    raise NotebookRefused("too_big", megabytes=MAX_BYTES >> 20)


def without_outputs(data: bytes) -> bytes:
    """The same notebook as if it had not been run."""
    notebook = json.loads(data)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return _bytes(notebook)


def _bytes(value: Mapping[str, Any]) -> bytes:
    # Half a character (a lone surrogate) is in no text that a kernel or a database would take.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def started(release: bytes) -> NotebookNode:
    """A learner's document at its beginning: the release, to be run by our kernel."""
    notebook = read(release)
    notebook.metadata["kernelspec"] = _from_dict(KERNELSPEC)
    return notebook


def empty(*cells: str, text: str = "") -> NotebookNode:
    """A notebook without a task: ``text`` in Markdown above code cells."""
    above = [_new_markdown(text)] if text else []
    return _new_notebook(
        cells=[*above, *(_new_code(code) for code in cells or ("",))], metadata={"kernelspec": KERNELSPEC}
    )


def starter() -> NotebookNode:
    """What an author begins with who has nothing yet: a task, an answer and a check, with every mark in its place."""

    def marked(text: str, grade_id: str, **marks: Any) -> NotebookNode:
        usual = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
        return _new_code(text, metadata={"nbgrader": usual | {"grade_id": grade_id} | marks})

    return _new_notebook(
        cells=[
            _new_markdown("# ชื่อแบบฝึกหัด / Title\n\nเขียนโจทย์ที่นี่ / The task stands here."),
            marked(
                "def total(numbers):\n    ### BEGIN SOLUTION\n    return sum(numbers)\n    ### END SOLUTION",
                "q1",
                solution=True,
            ),
            marked(
                "# hint(th): คำใบ้สำหรับผู้ที่ยังไม่ผ่านข้อนี้\n# hint(en): What helps those who do not pass yet.\n"
                "assert total([1, 2]) == 3\n### BEGIN HIDDEN TESTS\nassert total([]) == 0\n### END HIDDEN TESTS",
                "check-q1",
                grade=True,
                locked=True,
                points=1,
            ),
        ],
        metadata={"kernelspec": KERNELSPEC},
    )


def code_to_read(file_name: str, content: bytes) -> str:
    """The first cell for a table of one's own: how pandas reads it, by its encoding and its separator."""
    options, text = "", ""
    for encoding in ("utf-8-sig", "cp874"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding)
            options = "" if encoding == "utf-8-sig" else f', encoding="{encoding}"'
            break
    heading = text.partition("\n")[0]
    separator = max(",;\t|", key=heading.count)
    if separator != "," and separator in heading:
        options += f", sep={separator!r}"
    return f"import pandas as pd\n\ndf = pd.read_csv({file_name!r}{options})\ndf.head()"


def with_locked_cells(notebook: NotebookNode, release: NotebookNode) -> NotebookNode:
    """The learner's notebook with every cell of ours as it was: text and marks, in our order, none missing.

    A cell of ours is known by its id. Cells of the learner's own stay where they are: below the one they stood below.
    """
    ours = {cell.id: cell for cell in release.cells}
    below: dict[str, list[NotebookNode]] = {"": []}
    given: dict[str, NotebookNode] = {}
    last = ""
    for cell in notebook.cells:
        cell = deepcopy(cell)
        if cell.get("id") in ours and cell.id not in given:
            last = cell.id
            given[last] = cell
        else:
            cell.metadata = _from_dict({k: v for k, v in cell.metadata.items() if k not in _OURS})
            below.setdefault(last, []).append(cell)
    cells = list(below.get("", []))
    for cell_id, cell in ours.items():
        cells += [_restored(cell, given.get(cell_id)), *below.get(cell_id, [])]
    result = deepcopy(notebook)
    result.cells = cells
    result.metadata = _from_dict({**notebook.metadata, "kernelspec": KERNELSPEC})
    return result


def _restored(ours: NotebookNode, given: NotebookNode | None) -> NotebookNode:
    if given is None or given.cell_type != ours.cell_type:
        return deepcopy(ours)
    given.metadata = _from_dict(
        {k: v for k, v in given.metadata.items() if k not in _OURS}
        | {k: v for k, v in ours.metadata.items() if k in _OURS}
    )
    if is_locked(ours):
        given.source = ours.source
        if "attachments" in ours:
            given.attachments = deepcopy(ours.attachments)
    return given


def is_locked(cell: NotebookNode) -> bool:
    """Is its text not the learner's to change?"""
    return cell.metadata.get("editable") is False


def with_cell_reset(notebook: NotebookNode, release: NotebookNode, cell_id: str) -> NotebookNode:
    """One cell as in the release. Raises ``KeyError`` when the release has no such cell."""
    (ours,) = [cell for cell in release.cells if cell.id == cell_id] or [None]
    if ours is None:
        raise KeyError(cell_id)
    result = deepcopy(notebook)
    for position, cell in enumerate(result.cells):
        if cell.get("id") == cell_id:
            result.cells[position] = deepcopy(ours)
    return result
