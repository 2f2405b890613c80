"""What tests of submissions are made of: exercises, outcomes, threads that start at once."""

import threading
import uuid
from datetime import timedelta

from django.db import connections
from django.db.models.functions import Now

from grading.grader import Check, Outcome
from grading.models import Exercise, Submission
from sandboxes.results import RunStatus, Usage

FOREIGN = {"th": "ไม่ใช่โน้ตบุ๊กของแบบฝึกหัดนี้", "en": "Not a notebook of this exercise"}
NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'


def make_exercise(slug="b-n1", **fields):
    exercise = Exercise.objects.create(slug=slug, title_th="อ่านไฟล์ข้อมูล", title_en="Read a data file", **fields)
    exercise.versions.create(number=1, source=b"{}", sha256="0" * 64, max_score=6)
    return exercise


def hand_in(exercise, learner, notebook=None, filename="คำตอบ.ipynb"):
    content = NOTEBOOK + uuid.uuid4().bytes if notebook is None else notebook
    return Submission.objects.hand_in(exercise=exercise, learner=learner, notebook=content, filename=filename)


def make_outcome(state="graded", score=4.0, max_score=6.0, **changes):
    check = Check(
        id="t1", points=score, max_points=max_score, passed=False, outcome="failed", examined="isolated",
        hint={"th": "ดูจำนวนแถว", "en": "Look at the number of rows"},
    )  # fmt: skip
    fields = {
        "state": state,
        "run_status": RunStatus.COMPLETED,
        "score": score,
        "max_score": max_score,
        "checks": (check,),
        "usage": Usage(0.5, 0.4, 1000, 10),
        "notices": (),
        "message": {"th": "ไม่ใช่โน้ตบุ๊กของแบบฝึกหัดนี้", "en": "Not a notebook of this exercise"}
        if state == "refused"
        else {},
        "is_isolated": True,
        "feedback_html": {"th": "<p>ผลการตรวจ</p>", "en": "<p>What we found</p>"},
        "sha256": "0" * 64,
    }
    return Outcome(**fields | changes)


def abandon(submission):
    """The worker that held it is gone: its lease ran out a moment ago."""
    Submission.objects.filter(pk=submission.pk).update(leased_until=Now() - timedelta(seconds=1))


def at_once(count, act):
    """Runs ``act(number)`` in ``count`` threads that start together; returns what each returned or raised."""
    gate, results = threading.Barrier(count), [None] * count

    def run(number):
        try:
            gate.wait(30)
            results[number] = act(number)
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
