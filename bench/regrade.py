"""`python -m bench.regrade`: a regrade of a thousand submissions while others are handed in.

Needs a running site of its own (`make run` with a VAR_DIR of its own) whose database it may fill, and the same
environment. The thousand are graded rows made from two real verdicts; the preview examines every one of them. Prints
JSON: seconds of preview, apply and undo, and from hand-in to verdict of live submissions, before and meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import threading
import time
import uuid
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
django.setup()

from django.db import connections  # noqa: E402
from django.db.models import F  # noqa: E402

from bench.exercise import as_bytes  # noqa: E402
from bench.exercises import EXERCISES  # noqa: E402
from grading import regrading, tasks  # noqa: E402
from grading.models import DataFile, Exercise, Grade, Regrade, Submission  # noqa: E402
from grading.prompts import release_bytes  # noqa: E402
from lms.accounts.models import User  # noqa: E402

LIVE_EVERY_SECONDS = 3.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.regrade", description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--live", type=int, default=10, help="live submissions measured before it begins")
    options = parser.parse_args()
    exercise = fill(options.submissions)
    before = [live(exercise) for _ in range(options.live + 1)][1:]  # the first one warms up
    regrade = regrading.start(exercise, reason="measured")
    report: dict[str, Any] = {"submissions": options.submissions, "live_before": summary(before)}
    tasks.announce_work()
    report["preview"] = while_working(regrade, exercise)
    report["counts"] = {name: number for name, number in regrading.counts(regrade).items() if number}
    for name, verb in (("apply", regrading.apply), ("undo", regrading.undo)):
        verb(regrade)
        tasks.announce_work()
        report[name] = while_working(regrade, exercise)
    report["restored"] = restored(regrade)
    print(json.dumps(report, indent=1))
    return 0


def fill(count: int) -> Exercise:
    """An exercise of two versions, and ``count`` submissions graded by the first, half of them right."""
    made = EXERCISES[0]
    exercise = Exercise.objects.create(slug=f"bench-{uuid.uuid4().hex[:8]}", title_th=made.title, title_en=made.title)
    source = json.dumps(made.source()).encode()
    author = User.objects.order_by("pk").first()
    add_version(exercise, made, source, author)
    released = json.loads(release_bytes(source))
    notebooks = [as_bytes(notebook) for _, notebook in made.handed_in(released)]
    first = exercise.current
    grades = {}
    for number in (0, len(notebooks) - 1):
        grades[number] = graded(exercise, notebooks[number])
    for number in range(count):
        which = (0, len(notebooks) - 1)[number % 2]
        submission = Submission.objects.create(
            exercise=exercise, version=first, learner=person(f"bench-{number}"), attempt=1, filename="a.ipynb",
            notebook=notebooks[which], sha256=grades[which].submission.sha256, status=Submission.Status.GRADED,
        )  # fmt: skip
        names = ("version_id", "score", "max_score", "run_status", "checks", "feedback_html", "usage", "is_isolated")
        Grade.objects.create(submission=submission, **{name: getattr(grades[which], name) for name in names})
    # The correction: what was worth one point is worth two.
    changed = json.loads(source)
    for cell in changed["cells"]:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade") and not marks.get("solution"):
            marks["points"] += 1
            break
    add_version(exercise, made, json.dumps(changed).encode(), author)
    fill.notebook = notebooks[0]  # type: ignore[attr-defined]
    return exercise


def add_version(exercise: Exercise, made: Any, source: bytes, author: Any) -> None:
    file = DataFile(name=made.data_file, content=made.data)
    exercise.add_version(source=source, max_score=1, files=[file], limits={}, author=author)


def person(name: str) -> User:
    return User.objects.get_or_create(email=f"{name}@bench.example", defaults={"given_name": name})[0]


def graded(exercise: Exercise, notebook: bytes) -> Grade:
    submission = hand_in(exercise, notebook)
    while not submission.is_final:
        time.sleep(0.05)
        submission.refresh_from_db()
    grade = submission.grade
    if grade is None:
        raise SystemExit(f"the site graded nothing: {submission.status} {submission.detail}")
    return grade


def hand_in(exercise: Exercise, notebook: bytes) -> Submission:
    learner = person(f"live-{uuid.uuid4().hex[:8]}")
    submission = Submission.objects.hand_in(exercise=exercise, learner=learner, notebook=notebook, filename="a.ipynb")
    tasks.announce_all([submission.pk])
    return submission


def live(exercise: Exercise) -> float:
    """Seconds from hand-in to verdict, by the database's clock."""
    submission = graded(exercise, fill.notebook).submission  # type: ignore[attr-defined]
    row = Submission.objects.filter(pk=submission.pk).annotate(seconds=F("finished_at") - F("submitted_at"))
    return float(row.values_list("seconds", flat=True)[0].total_seconds())


def while_working(regrade: Regrade, exercise: Exercise) -> dict[str, Any]:
    """Seconds until the background is done, and of the live submissions handed in meanwhile."""
    seconds: list[float] = []
    done = threading.Event()

    def keep_handing_in() -> None:
        while not done.wait(LIVE_EVERY_SECONDS):
            seconds.append(live(exercise))
        connections.close_all()

    feeder = threading.Thread(target=keep_handing_in)
    began = time.monotonic()
    feeder.start()
    said = 0.0
    while regrade.is_working:
        time.sleep(0.2)
        regrade.refresh_from_db()
        if time.monotonic() - said > 30:
            said = time.monotonic()
            print(regrade.status, regrading.counts(regrade), file=sys.stderr, flush=True)
    took = time.monotonic() - began
    done.set()
    feeder.join()
    return {"seconds": round(took, 1), "live": summary(seconds)}


def summary(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {"count": 0}
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 2),
        "most": round(ordered[-1], 2),
    }


def restored(regrade: Regrade) -> bool:
    """Whether every submission has again the score it had before."""
    items = regrade.items.select_related("submission", "before").defer("outcome", "submission__notebook")
    return all(item.submission.grade.score == item.before.score for item in items)


if __name__ == "__main__":
    sys.exit(main())
