"""An exercise that draws: in each of three answers a function whose numbers are checked, and a figure of them."""

from __future__ import annotations

import csv
import io
import random

from bench.exercise import UNANSWERED, Exercise, Task
from bench.exercises.training import REGIONS

DRAW_MONTHS = """
figure, axes = plt.subplots()
hours_by_month(courses).plot(kind="bar", ax=axes, color="tab:blue")
axes.set_title("ชั่วโมงอบรมรายเดือน")
axes.set_xlabel("เดือน")
axes.set_ylabel("ชั่วโมง")
plt.show()
"""
DRAW_SHARES = """
shares = pd.Series(share_of_region(courses))
plt.figure(figsize=(5, 5))
plt.pie(shares, labels=shares.index, autopct="%.0f%%")
plt.title("สัดส่วนผู้เข้าอบรมแต่ละภาค")
plt.show()
"""
DRAW_TREND = """
plt.scatter(courses["hours"], courses["learners"], s=12, alpha=0.6, label="หลักสูตร")
ends = np.array([courses["hours"].min(), courses["hours"].max()])
middle = courses[["hours", "learners"]].mean()
plt.plot(ends, middle["learners"] + slope(courses) * (ends - middle["hours"]), color="tab:red", label="แนวโน้ม")
plt.title("ชั่วโมงอบรมกับจำนวนผู้เรียน")
plt.legend()
plt.grid(True)
plt.show()
"""

MONTHS = 'def hours_by_month(frame):\n    return frame.groupby("month")["hours"].sum()\n'
SHARES = """
def share_of_region(frame):
    sums = frame.groupby("region")["learners"].sum()
    return (sums / sums.sum()).to_dict()
"""
SLOPE = 'def slope(frame):\n    return float(np.polyfit(frame["hours"], frame["learners"], 1)[0])\n'
TASKS = (
    Task(
        "hours-by-month",
        MONTHS + DRAW_MONTHS,
        "assert list(hours_by_month(courses).index) == list(range(1, 13))",
        """
few = pd.DataFrame({"month": [3, 1, 3], "hours": [2, 5, 7]})
assert hours_by_month(few).to_dict() == {1: 5, 3: 9}
""",
        1,
    ),
    Task(
        "share-of-region",
        SHARES + DRAW_SHARES,
        'assert set(share_of_region(courses)) == set(courses["region"])',
        """
some = pd.DataFrame({"region": ["ใต้", "กลาง", "ใต้"], "learners": [10, 60, 30]})
found = share_of_region(some)
assert abs(found["ใต้"] - 0.4) < 1e-9 and abs(found["กลาง"] - 0.6) < 1e-9
""",
        2,
    ),
    Task(
        "slope",
        SLOPE + DRAW_TREND,
        "assert slope(courses) > 0",
        """
line = pd.DataFrame({"hours": [1, 2, 3, 4], "learners": [9, 7, 5, 3]})
assert abs(slope(line) + 2) < 1e-6
cloud = pd.DataFrame({"hours": [0, 0, 4, 4], "learners": [1, 3, 5, 11]})
assert abs(slope(cloud) - 1.5) < 1e-6
""",
        3,
    ),
)

LOOP_MONTHS = """
def hours_by_month(frame):
    months = sorted(set(frame["month"]))
    return pd.Series([frame.loc[frame["month"] == month, "hours"].sum() for month in months], index=months)
"""
MEAN_MONTHS = MONTHS.replace(".sum()", ".mean()")
LOOP_SHARES = """
def share_of_region(frame):
    total = frame["learners"].sum()
    return {region: float(part["learners"].sum() / total) for region, part in frame.groupby("region")}
"""
PERCENT_SHARES = SHARES.replace("sums / sums.sum()", "100 * sums / sums.sum()")
RAISING_SHARES = 'def share_of_region(frame):\n    return frame["persons"].to_dict()\n'
COUNTED_SHARES = 'def share_of_region(frame):\n    return frame["region"].value_counts(normalize=True).to_dict()\n'
COVARIANCE_SLOPE = """
def slope(frame):
    return float(frame["hours"].cov(frame["learners"]) / frame["hours"].var())
"""
CORRELATION_SLOPE = 'def slope(frame):\n    return float(frame["hours"].corr(frame["learners"]))\n'
ENDS_SLOPE = """
def slope(frame):
    ordered = frame.sort_values("hours")
    first, last = ordered.iloc[0], ordered.iloc[-1]
    return abs(float((last["learners"] - first["learners"]) / (last["hours"] - first["hours"])))
"""


def _data() -> bytes:
    """Return 360 rows of courses: month, region, hours, learners."""
    rows, chosen = io.StringIO(), random.Random(11)  # noqa: S311 (data for an exercise)
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(["month", "region", "hours", "learners"])
    for number in range(360):
        hours = chosen.randint(3, 40)
        table.writerow([number % 12 + 1, chosen.choice(REGIONS), hours, 10 + 2 * hours + chosen.randint(0, 30)])
    return rows.getvalue().encode()


def _answers(months: str, shares: str, trend: str) -> tuple[str, str, str]:
    """Each function with the figure that is drawn of it."""
    return months + DRAW_MONTHS, shares + DRAW_SHARES, trend + DRAW_TREND


EXERCISE = Exercise(
    name="figures",
    title="# แผนภูมิการอบรม\n\nEach answer draws a figure of what its function returns.",
    setup="""import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

courses = pd.read_csv("courses.csv")""",
    look='courses.groupby("region").agg({"hours": "mean", "learners": "sum"})',
    tasks=TASKS,
    submissions=(
        (_answers(MONTHS, SHARES, SLOPE), 6),
        (_answers(LOOP_MONTHS, LOOP_SHARES, COVARIANCE_SLOPE), 6),
        (_answers(MONTHS, LOOP_SHARES, COVARIANCE_SLOPE), 6),
        (_answers(MEAN_MONTHS, SHARES, SLOPE), 5),
        (_answers(MONTHS, PERCENT_SHARES, SLOPE), 4),
        (_answers(LOOP_MONTHS, COUNTED_SHARES, SLOPE), 4),
        (_answers(MONTHS, RAISING_SHARES, COVARIANCE_SLOPE), 4),
        (_answers(MONTHS, SHARES, CORRELATION_SLOPE), 3),
        (_answers(MEAN_MONTHS, SHARES, ENDS_SLOPE), 2),
        ((MONTHS + DRAW_MONTHS, SHARES + DRAW_SHARES, UNANSWERED), 3),
    ),
    outputs=4,
    data_file="courses.csv",
    data=_data(),
)
