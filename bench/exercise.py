"""An exercise that is graded, and ten submissions to it: one text for us and for nbgrader, whose format both read.

All of it is made here, the same every time; which exercises there are is said in `bench.exercises`.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Notebook = dict[str, Any]

LEARNERS = tuple(f"learner-{number:02}" for number in range(1, 11))
UNANSWERED = "raise NotImplementedError()"


@dataclass(frozen=True, slots=True)
class Task:
    """A cell to answer and the check after it: the author's solution, what learners see of the check, what they do
    not, and its points."""

    name: str
    solution: str
    shown: str
    hidden: str
    points: int


@dataclass(frozen=True, slots=True)
class Exercise:
    """A notebook of tasks, its data file, and the answers of each of `LEARNERS` with the points they deserve.

    ``setup`` is the author's first code cell, ``look`` the one after it; ``outputs`` is how many the first learner's
    notebook shows when it is run.
    """

    name: str
    title: str
    setup: str
    look: str
    tasks: tuple[Task, ...]
    submissions: tuple[tuple[tuple[str, ...], int], ...]
    outputs: int
    data_file: str
    data: bytes

    @property
    def scores(self) -> list[int]:
        """The points that the learners deserve, in their order."""
        return [score for _, score in self.submissions]

    def source(self) -> Notebook:
        """Return the author's notebook, solutions and hidden checks in it."""
        cells = [_cell("markdown", self.title), _cell("code", self.setup, "setup"), _cell("code", self.look)]
        for task in self.tasks:
            answer = f"### BEGIN SOLUTION\n{task.solution.strip()}\n### END SOLUTION"
            hidden = f"### BEGIN HIDDEN TESTS\n{task.hidden.strip()}\n### END HIDDEN TESTS"
            cells += [
                _cell("markdown", f"## `{task.name.replace('-', '_')}`"),
                _cell("code", answer, task.name, solution=True, locked=False),
                _cell("code", f"{task.shown}\n{hidden}", f"check-{task.name}", grade=True, points=task.points),
            ]
        for number, cell in enumerate(cells):
            cell["id"] = f"cell-{number}"
        kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
        return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}

    def handed_in(self, released: Notebook) -> Iterable[tuple[str, Notebook]]:
        """Return each learner with their submission: the notebook ``released`` with their answers in it."""
        for learner, (answers, _) in zip(LEARNERS, self.submissions, strict=True):
            yield learner, self._answered(released, answers)

    def _answered(self, released: Notebook, answers: Sequence[str]) -> Notebook:
        notebook = copy.deepcopy(released)
        texts = {task.name: answer.strip() for task, answer in zip(self.tasks, answers, strict=True)}
        for cell in notebook["cells"]:
            cell["source"] = texts.get(cell["metadata"].get("nbgrader", {}).get("grade_id"), cell["source"])
        return notebook


def as_bytes(notebook: Notebook) -> bytes:
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode()


def _cell(kind: str, text: str, grade_id: str = "", **marks: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if grade_id:
        flags = {"grade": False, "solution": False, "locked": True, "task": False, "schema_version": 3}
        metadata = {"nbgrader": flags | {"grade_id": grade_id} | marks}
    cell = {"cell_type": kind, "metadata": metadata, "source": text}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})
