"""An exercise that fits models: held-back rows, a pipeline with logistic regression, predictions for hidden rows."""

from __future__ import annotations

import csv
import io
import random

from bench.exercise import UNANSWERED, Exercise, Task

HELD_BACK = """
def held_back(frame):
    known, kept = train_test_split(frame, test_size=0.25, random_state=1, stratify=frame["passed"])
    return kept
"""
ACCURACY = """
def accuracy(frame):
    known, kept = train_test_split(frame, test_size=0.25, random_state=1, stratify=frame["passed"])
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(known[["hours", "absences"]], known["passed"])
    return float(model.score(kept[["hours", "absences"]], kept["passed"]))

print(f"ทำนายถูก {accuracy(learners):.0%}")
"""
PREDICTED = """
def predicted(known, new):
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(known[["hours", "absences"]], known["passed"])
    return model.predict(new[["hours", "absences"]]).tolist()
"""
TASKS = (
    Task(
        "held-back",
        HELD_BACK,
        "assert len(held_back(learners)) == 100",
        """
rows = pd.DataFrame({"hours": range(40), "absences": 0, "passed": [0, 1] * 20})
kept = held_back(rows)
assert len(kept) == 10 and kept["passed"].sum() == 5
assert kept["hours"].is_unique and set(kept["hours"]) <= set(rows["hours"])
""",
        1,
    ),
    Task(
        "accuracy",
        ACCURACY,
        "assert 0.5 < accuracy(learners) <= 1",
        """
clear = pd.DataFrame({"hours": [*range(100), *range(200, 300)], "absences": 1, "passed": [0] * 100 + [1] * 100})
assert accuracy(clear) == 1
nothing = pd.DataFrame({"hours": [7] * 200, "absences": [2] * 200, "passed": [0, 1] * 100})
assert abs(accuracy(nothing) - 0.5) < 1e-9
""",
        2,
    ),
    Task(
        "predicted",
        PREDICTED,
        "assert set(predicted(learners, learners.head(50))) <= {0, 1}",
        """
new = pd.DataFrame({"hours": [39, 2, 35, 4, 38], "absences": [0, 9, 1, 8, 0]})
assert list(predicted(learners, new)) == [1, 0, 1, 0, 1]
turned = learners.assign(passed=1 - learners["passed"])
assert list(predicted(turned, new)) == [0, 1, 0, 1, 0]
""",
        3,
    ),
)

SAMPLED = """
def held_back(frame):
    return frame.groupby("passed", group_keys=False).sample(frac=0.25, random_state=3)
"""
TOO_MANY = HELD_BACK.replace("return kept", "return known")
STEPWISE = """
def accuracy(frame):
    known, kept = train_test_split(frame, test_size=0.2, random_state=5, stratify=frame["passed"])
    scaler = StandardScaler().fit(known[["hours", "absences"]])
    model = LogisticRegression().fit(scaler.transform(known[["hours", "absences"]]), known["passed"])
    found = model.predict(scaler.transform(kept[["hours", "absences"]]))
    return float((found == kept["passed"]).mean())
"""
PERCENT = ACCURACY.replace("return float(", "return 100 * float(")
RAISING = 'def accuracy(frame):\n    return LogisticRegression().score(frame[["hours"]], frame["passed"])'
WISHFUL = "def accuracy(frame):\n    return 0.9"
STRAIGHT_LINE = """
def predicted(known, new):
    model = make_pipeline(StandardScaler(), LinearRegression())
    model.fit(known[["hours", "absences"]], known["passed"])
    return [int(value > 0.5) for value in model.predict(new[["hours", "absences"]])]
"""
UNROUNDED = """
def predicted(known, new):
    model = LinearRegression().fit(known[["hours", "absences"]], known["passed"])
    return model.predict(new[["hours", "absences"]]).tolist()
"""
BY_HEART = """
def predicted(known, new):
    return [int(hours > 20) for hours in new["hours"]]
"""


def _data() -> bytes:
    """Return 400 rows of learners: hours, absences, whether they passed."""
    rows, chosen = io.StringIO(), random.Random(5)  # noqa: S311 (data for an exercise)
    table = csv.writer(rows, lineterminator="\n")
    table.writerow(["hours", "absences", "passed"])
    for _ in range(400):
        hours, absences = chosen.randint(1, 40), chosen.randint(0, 10)
        table.writerow([hours, absences, int(hours - 2 * absences + chosen.gauss(0, 6) > 10)])
    return rows.getvalue().encode()


EXERCISE = Exercise(
    name="model",
    title="# ใครจะสอบผ่าน\n\nEach function takes frames like `learners`.",
    setup="""import pandas as pd
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

learners = pd.read_csv("learners.csv")""",
    look='learners.groupby("passed").mean()',
    tasks=TASKS,
    submissions=(
        ((HELD_BACK, ACCURACY, PREDICTED), 6),
        ((SAMPLED, STEPWISE, STRAIGHT_LINE), 6),
        ((SAMPLED, ACCURACY, PREDICTED), 6),
        ((TOO_MANY, ACCURACY, PREDICTED), 5),
        ((HELD_BACK, PERCENT, PREDICTED), 4),
        ((HELD_BACK, WISHFUL, STRAIGHT_LINE), 4),
        ((SAMPLED, RAISING, PREDICTED), 4),
        ((HELD_BACK, ACCURACY, UNROUNDED), 3),
        ((TOO_MANY, STEPWISE, BY_HEART), 2),
        ((HELD_BACK, ACCURACY, UNANSWERED), 3),
    ),
    outputs=2,
    data_file="learners.csv",
    data=_data(),
)
