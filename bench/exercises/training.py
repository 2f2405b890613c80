"""A small exercise: three functions on a pandas frame, three checks with hidden parts, eight code cells."""

from __future__ import annotations

import csv
import io
import random

from bench.exercise import UNANSWERED, Exercise, Task

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
TASKS = (
    Task(
        "hours-by-region",
        HOURS,
        'assert list(hours_by_region(training).index) == sorted(training["region"].unique())',
        """
few = pd.DataFrame({"region": ["ใต้", "กลาง", "ใต้"], "hours": [3, 4, 5]})
expected = pd.Series([4, 8], index=pd.Index(["กลาง", "ใต้"], name="region"), name="hours")
pd.testing.assert_series_equal(hours_by_region(few), expected)
""",
        1,
    ),
    Task(
        "finished-share",
        SHARE,
        "assert 0 < finished_share(training) < 1",
        """
some = pd.DataFrame({"status": ["finished", " finished", "dropped", "open"]})
assert abs(finished_share(some) - 0.5) < 1e-9
""",
        2,
    ),
    Task(
        "ranked",
        RANKED,
        'assert "rank" in ranked(training).columns',
        """
ties = pd.DataFrame({"hours": [10, 30, 30, 5]})
assert ranked(ties)["rank"].tolist() == [3, 1, 1, 4]
assert list(ties.columns) == ["hours"]
""",
        3,
    ),
)

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


def _data() -> bytes:
    """Return 400 rows of who trained where, for how long."""
    rows, chosen = io.StringIO(), random.Random(7)  # noqa: S311 (data for an exercise)
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(["region", "course", "hours", "status"])
    for number in range(400):
        status = chosen.choice(["finished", "finished ", "open", "dropped"])
        table.writerow([chosen.choice(REGIONS), f"C{number % 23:02}", chosen.randint(1, 40), status])
    return rows.getvalue().encode()


EXERCISE = Exercise(
    name="training",
    title="# ชั่วโมงอบรม\n\nEach function takes a frame like `training`.",
    setup="import pandas as pd\n\ntraining = pd.read_csv('training.csv')",
    look="training.describe()",
    tasks=TASKS,
    submissions=(
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
    ),
    outputs=1,
    data_file="training.csv",
    data=_data(),
)
