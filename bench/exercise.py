"""The exercise that is graded, and ten submissions to it: one text for us and for nbgrader, whose format both read.

Three functions on a pandas frame, three checks with hidden parts, eight code cells, one data file. All of it is
made here, the same every time.
"""

from __future__ import annotations

import copy
import csv
import io
import json
import random
from typing import Any, NamedTuple

Notebook = dict[str, Any]

NAME = "training"
DATA_FILE = "training.csv"
REGIONS = ("เหนือ", "กลาง", "อีสาน", "ใต้")

HOURS = """
def hours_by_region(frame):
    return frame.groupby("region")["hours"].sum().sort_index()
"""
SHARE = """
def finished_share(frame):
    return float((frame["status"].str.strip() == "finished").mean())
"""
RANKED = """
def ranked(frame):
    result = frame.copy()
    result["rank"] = result["hours"].rank(ascending=False, method="min").astype("int64")
    return result
"""
SOLUTIONS = {"hours-by-region": HOURS, "finished-share": SHARE, "ranked": RANKED}


class Check(NamedTuple):
    """A check cell: what learners see of it, what they do not, and its points."""

    shown: str
    hidden: str
    points: int


CHECKS = {
    "hours-by-region": Check(
        'assert list(hours_by_region(training).index) == sorted(training["region"].unique())',
        """
few = pd.DataFrame({"region": ["ใต้", "กลาง", "ใต้"], "hours": [3, 4, 5]})
expected = pd.Series([4, 8], index=pd.Index(["กลาง", "ใต้"], name="region"), name="hours")
pd.testing.assert_series_equal(hours_by_region(few), expected)
""",
        1,
    ),
    "finished-share": Check(
        "assert 0 < finished_share(training) < 1",
        """
some = pd.DataFrame({"status": ["finished", " finished", "dropped", "open"]})
assert abs(finished_share(some) - 0.5) < 1e-9
""",
        2,
    ),
    "ranked": Check(
        'assert "rank" in ranked(training).columns',
        """
ties = pd.DataFrame({"hours": [10, 30, 30, 5]})
assert ranked(ties)["rank"].tolist() == [3, 1, 1, 4]
assert list(ties.columns) == ["hours"]
""",
        3,
    ),
}

LOOP_HOURS = """
def hours_by_region(frame):
    sums = {}
    for region, hours in zip(frame["region"], frame["hours"]):
        sums[region] = sums.get(region, 0) + hours
    return pd.Series(sums, name="hours").rename_axis("region").sort_index()
"""
UNSORTED_HOURS = 'def hours_by_region(frame):\n    return frame.groupby("region", sort=False)["hours"].sum()[::-1]'
COUNTED_SHARE = """
def finished_share(frame):
    return sum(1 for status in frame["status"] if status.strip() == "finished") / len(frame)
"""
UNSTRIPPED_SHARE = 'def finished_share(frame):\n    return float((frame["status"] == "finished").mean())'
RAISING_SHARE = 'def finished_share(frame):\n    return frame["state"].mean()'
SORTED_RANKS = """
def ranked(frame):
    order = frame["hours"].sort_values(ascending=False).tolist()
    return frame.assign(rank=[order.index(hours) + 1 for hours in frame["hours"]])
"""
CHANGING_RANKS = """
def ranked(frame):
    frame["rank"] = frame["hours"].rank(ascending=False, method="min").astype("int64")
    return frame
"""
DENSE_RANKS = """
def ranked(frame):
    return frame.assign(rank=frame["hours"].rank(ascending=False, method="dense").astype("int64"))
"""
UNANSWERED = "raise NotImplementedError()"

# Answers in the order of the functions, and the points they deserve.
SUBMISSIONS: tuple[tuple[tuple[str, str, str], int], ...] = (
    ((HOURS, SHARE, RANKED), 6),
    ((LOOP_HOURS, COUNTED_SHARE, SORTED_RANKS), 6),
    ((LOOP_HOURS, SHARE, RANKED), 6),
    ((UNSORTED_HOURS, SHARE, RANKED), 5),
    ((HOURS, UNSTRIPPED_SHARE, RANKED), 4),
    ((HOURS, SHARE, CHANGING_RANKS), 3),
    ((HOURS, RAISING_SHARE, SORTED_RANKS), 4),
    ((HOURS, COUNTED_SHARE, DENSE_RANKS), 3),
    ((UNSORTED_HOURS, UNSTRIPPED_SHARE, RANKED), 3),
    ((HOURS, SHARE, UNANSWERED), 3),
)
SCORES = tuple(score for _, score in SUBMISSIONS)
LEARNERS = tuple(f"learner-{number:02}" for number in range(1, len(SUBMISSIONS) + 1))


def source() -> Notebook:
    """Return the author's notebook, solutions and hidden checks in it."""
    cells = [
        _cell("markdown", "# ชั่วโมงอบรม\n\nEach function takes a frame like `training`."),
        _cell("code", f"import pandas as pd\n\ntraining = pd.read_csv({DATA_FILE!r})", "setup"),
        _cell("code", "training.describe()"),
    ]
    for name, solution in SOLUTIONS.items():
        answer = f"### BEGIN SOLUTION\n{solution.strip()}\n### END SOLUTION"
        check = CHECKS[name]
        hidden = f"### BEGIN HIDDEN TESTS\n{check.hidden.strip()}\n### END HIDDEN TESTS"
        cells += [
            _cell("markdown", f"## `{name.replace('-', '_')}`"),
            _cell("code", answer, name, solution=True, locked=False),
            _cell("code", f"{check.shown}\n{hidden}", f"check-{name}", grade=True, points=check.points),
        ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def submissions(released: Notebook) -> list[Notebook]:
    """Return the ten submissions: the learner's notebook ``released`` with their answers in it."""
    return [_answered(released, answers) for answers, _ in SUBMISSIONS]


def data() -> bytes:
    """Return the data file: 400 rows of who trained where, for how long."""
    rows, chosen = io.StringIO(), random.Random(7)  # noqa: S311 (data for an exercise)
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(["region", "course", "hours", "status"])
    for number in range(400):
        status = chosen.choice(["finished", "finished ", "open", "dropped"])
        table.writerow([chosen.choice(REGIONS), f"C{number % 23:02}", chosen.randint(1, 40), status])
    return rows.getvalue().encode()


def as_bytes(notebook: Notebook) -> bytes:
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode()


def _answered(released: Notebook, answers: tuple[str, str, str]) -> Notebook:
    notebook = copy.deepcopy(released)
    texts = dict(zip(SOLUTIONS, answers, strict=True))
    for cell in notebook["cells"]:
        text = texts.get(cell["metadata"].get("nbgrader", {}).get("grade_id"))
        if text is not None:
            cell["source"] = text.strip()
    return notebook


def _cell(kind: str, text: str, grade_id: str = "", **marks: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if grade_id:
        flags = {"grade": False, "solution": False, "locked": True, "task": False, "schema_version": 3}
        metadata = {"nbgrader": flags | {"grade_id": grade_id} | marks}
    cell = {"cell_type": kind, "metadata": metadata, "source": text}
    return cell | ({"outputs": [], "execution_count": None} if kind == "code" else {})
