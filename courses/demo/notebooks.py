"""Building blocks for an exercise's source notebook, in nbgrader's format (schema 3), as plain JSON values.

A notebook made here is what an author would upload: set-up cells locked, answers between ``### BEGIN SOLUTION`` and
``### END SOLUTION``, checks with points, hidden regions, and hints in both languages. ``python -m
courses.demo.notebooks FOLDER`` writes the exercises and their data files, for use with any Jupyter.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from courses.demo.written import WrongAnswer

_HIDDEN = re.compile(r"^### BEGIN HIDDEN TESTS$.*?^### END HIDDEN TESTS$", re.MULTILINE | re.DOTALL)
_SOLUTION_MARK = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)

Cell = dict[str, Any]
Notebook = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exercise:
    """An exercise as an author delivers it: the source notebook, the learner's files, the examiner's files."""

    slug: str
    title_th: str
    title_en: str
    notebook: Notebook
    files: dict[str, bytes] = field(default_factory=dict)
    hidden_files: dict[str, bytes] = field(default_factory=dict)
    wrong: Sequence["WrongAnswer"] = ()

    @property
    def source(self) -> bytes:
        """The notebook as the bytes of an .ipynb file; the same content always gives the same bytes."""
        return to_bytes(self.notebook)


def to_bytes(notebook: Notebook) -> bytes:
    return (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode()


def notebook(cells: list[Cell], *, title: str) -> Notebook:
    """nbformat 4.5 around the cells; cell ids are the grade ids, or counted for plain text."""
    for number, cell in enumerate(cells, start=1):
        marks = cell["metadata"].get("nbgrader", {})
        cell["id"] = marks.get("grade_id", f"text-{number:02d}")
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}, "title": title, "license": "CC-BY-4.0"}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def text(markdown: str) -> Cell:
    """An explanation for the learner."""
    return {"cell_type": "markdown", "metadata": {}, "source": _lines(markdown)}


def setup(grade_id: str, code: str) -> Cell:
    """A locked cell that the learner runs and does not change."""
    return _code(code, _marks(grade_id, locked=True))


def answer(grade_id: str, code: str) -> Cell:
    """A cell for the learner: what stands between the SOLUTION lines is cut from the release."""
    return _code(code, _marks(grade_id, solution=True))


def check_as_written(grade_id: str, *, points: int, code: str) -> Cell:
    """A locked check with its hints, its visible part and its hidden one, as they stand in ``code``."""
    return _code(code, _marks(grade_id, grade=True, locked=True, points=points))


def manual(grade_id: str, *, points: int, model_answer: str) -> Cell:
    """A text of the learner's that people read and give points for."""
    text = f"### BEGIN SOLUTION\n{_lines(model_answer)}\n### END SOLUTION"
    marks = _marks(grade_id, grade=True, solution=True, points=points)
    return {"cell_type": "markdown", "metadata": {"nbgrader": marks}, "source": text}


def handed_in(source: Notebook, answers: Mapping[str, str] | None = None) -> Notebook:
    """What a learner hands in: the model answers, or for the cells named in ``answers`` these; no hidden region."""
    cells = []
    for cell in source["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        code = (answers or {}).get(grade_id) or _SOLUTION_MARK.sub("", _HIDDEN.sub("", cell["source"]))
        cells.append(cell | {"source": code.strip("\n")})
    return source | {"cells": cells}


def _marks(grade_id: str, *, points: int | None = None, **flags: bool) -> dict[str, Any]:
    marks: dict[str, Any] = {"grade": False, "solution": False, "locked": False, "task": False} | flags
    marks |= {"grade_id": grade_id, "schema_version": 3}
    return marks if points is None else marks | {"points": points}


def _code(code: str, marks: dict[str, Any]) -> Cell:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"nbgrader": marks},
        "outputs": [],
        "source": _lines(code),
    }


def _lines(source: str) -> str:
    return source.strip("\n")


def write(exercises: list[Exercise], folder: Path) -> list[Path]:
    """Writes NAME.ipynb and the data files of each exercise; hidden files go to ``hidden/``. Returns what it wrote."""
    written = []
    for exercise in exercises:
        named = {f"{exercise.slug}.ipynb": exercise.source} | exercise.files
        named |= {f"hidden/{name}": content for name, content in exercise.hidden_files.items()}
        for name, content in named.items():
            path = folder / exercise.slug / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(path)
    return written


if __name__ == "__main__":
    from courses.demo.exercises import exercises

    for path in write(exercises(), Path(sys.argv[1])):
        print(path)
