import threading
import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from grading import tasks
from grading.models import DataFile, Grade, Submission
from sandboxes.results import SandboxUnavailable
from tests.grading.submissions import abandon, hand_in, make_exercise, make_outcome


class Grader:
    """Stands where the grader stands: notes what it was given, answers what it is told to."""

    def __init__(self):
        self.calls = []
        self.answer = make_outcome()

    def __call__(self, **given):
        self.calls.append(given)
        answer = self.answer
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def grader(monkeypatch):
    grader = Grader()
    monkeypatch.setattr(tasks, "grade", grader)
    return grader


@pytest.fixture
def sent(monkeypatch):
    """The messages that went to the queue, and a switch to turn it off."""

    class Sent(list):
        is_down = False

    messages = Sent()

    def send(task, args, *, queue):
        if not messages.is_down:
            messages.append((task, args, queue))
        return not messages.is_down

    monkeypatch.setattr(tasks, "send", send)
    return messages


@pytest.fixture
def submission(db, learner):
    return hand_in(make_exercise(), learner)


@pytest.mark.django_db(transaction=True)
def test_a_submission_is_graded_from_what_is_stored(learner, grader, sent):
    exercise = make_exercise()
    version = exercise.current
    DataFile.objects.create(version=version, name="ข้อมูล.csv", content=b"a,b", is_hidden=False)
    DataFile.objects.create(version=version, name="hidden.csv", content=b"c,d", is_hidden=True)
    version.limits = {"wall_seconds": 7}
    version.save()
    submission = hand_in(exercise, learner)
    tasks.grade_submission(str(submission.pk))
    (given,) = grader.calls
    assert given["source"] == b"{}"
    assert given["submission"] == bytes(submission.notebook)
    assert given["files"] == {"ข้อมูล.csv": b"a,b"}
    assert given["hidden_files"] == {"hidden.csv": b"c,d"}
    assert given["limits"].wall_seconds == 7
    assert Submission.objects.get().status == "graded"
    assert sent == [("lms.credentials.tasks.issue_for_learner", [learner.pk], "credentials")]


def test_a_message_that_comes_twice_grades_once(submission, grader, sent):
    tasks.grade_submission(str(submission.pk))
    tasks.grade_submission(str(submission.pk))
    assert len(grader.calls) == 1
    assert Grade.objects.count() == 1


def test_a_message_about_nothing_does_nothing(db, grader):
    tasks.grade_submission("00000000-0000-4000-8000-000000000000")
    assert not grader.calls


@pytest.mark.parametrize("error", [SandboxUnavailable("no namespaces"), RuntimeError("bug"), MemoryError()])
def test_our_errors_cost_nothing_and_score_nothing(submission, grader, sent, error):
    grader.answer = error
    tasks.grade_submission(str(submission.pk))
    stored = Submission.objects.get()
    assert stored.status == "queued"
    assert stored.due_at > stored.submitted_at
    assert type(error).__name__ in stored.detail
    assert not Grade.objects.exists()
    assert not sent


def test_a_failure_that_the_grader_reports_is_ours_too(submission, grader, sent):
    grader.answer = make_outcome("failed", score=6.0)
    tasks.grade_submission(str(submission.pk))
    assert Submission.objects.get().status == "queued"
    assert not Grade.objects.exists()


def test_an_impossible_score_is_our_failure(submission, grader, sent):
    grader.answer = make_outcome(score=7.0)
    tasks.grade_submission(str(submission.pk))
    assert Submission.objects.get().status == "queued"
    assert not Grade.objects.exists()


def test_it_fails_after_the_last_try(submission, grader, sent, settings):
    grader.answer = SandboxUnavailable("still none")
    for _ in range(settings.GRADING_MAX_TRIES + 2):
        Submission.objects.update(due_at=Now())
        tasks.grade_submission(str(submission.pk))
    assert Submission.objects.get().status == "failed"
    assert len(grader.calls) == settings.GRADING_MAX_TRIES


def test_a_refused_submission_tells_nobody_upstairs(submission, grader, sent):
    grader.answer = make_outcome("refused")
    tasks.grade_submission(str(submission.pk))
    assert Submission.objects.get().status == "refused"
    assert not sent


def test_a_worker_that_was_too_slow_leaves_the_grade_of_the_other(submission, grader, sent):
    def overtaken():
        abandon(submission)
        Submission.objects.claim(submission.pk).record(make_outcome(score=1.0))
        return make_outcome(score=6.0)

    grader.answer = overtaken
    tasks.grade_submission(str(submission.pk))
    assert Grade.objects.get().score == 1
    assert not sent


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_renewed_while_the_grader_works(learner, grader, sent, settings):
    settings.GRADING_LEASE_SECONDS = 1
    submission = hand_in(make_exercise(), learner)

    def slow():
        first = Submission.objects.get().leased_until
        until = time.monotonic() + 20
        while Submission.objects.get().leased_until == first:
            assert time.monotonic() < until, "the lease was never renewed"
            time.sleep(0.02)
        return make_outcome()

    grader.answer = slow
    tasks.grade_submission(str(submission.pk))
    assert Submission.objects.get().status == "graded"
    assert threading.active_count() == 1


# --- Announcing and sweeping ---


@pytest.mark.django_db(transaction=True)
def test_the_queue_is_told_after_the_commit_and_not_before(learner, sent):
    with transaction.atomic():
        submission = hand_in(make_exercise(), learner)
        tasks.announce(submission)
        assert not sent
    assert sent == [(tasks.GRADE, [str(submission.pk)], "grading")]
    assert Submission.objects.get().announced_at


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_down_is_no_error_and_the_sweeper_makes_up_for_it(learner, sent):
    sent.is_down = True
    submission = hand_in(make_exercise(), learner)
    tasks.announce(submission)
    tasks.sweep()
    assert Submission.objects.get().announced_at is None
    sent.is_down = False
    tasks.sweep()
    assert sent == [(tasks.GRADE, [str(submission.pk)], "grading")]


def test_sweeping_twice_sends_once(submission, sent):
    tasks.sweep()
    tasks.sweep()
    assert len(sent) == 1


def test_a_message_that_got_lost_is_sent_again(submission, sent, settings):
    tasks.sweep()
    Submission.objects.update(announced_at=Now() - timedelta(seconds=settings.GRADING_LEASE_SECONDS + 1))
    tasks.sweep()
    assert len(sent) == 2


def test_what_waits_after_a_failure_is_left_alone_until_it_is_due(submission, sent, grader):
    grader.answer = RuntimeError("bug")
    tasks.grade_submission(str(submission.pk))
    tasks.sweep()
    assert not sent
    Submission.objects.update(due_at=Now())
    tasks.sweep()
    assert len(sent) == 1


def test_what_a_dead_worker_held_is_announced_again(submission, sent):
    abandon(Submission.objects.claim(submission.pk))
    tasks.sweep()
    assert sent == [(tasks.GRADE, [str(submission.pk)], "grading")]


def test_finished_and_running_ones_are_not_announced(submission, sent):
    Submission.objects.claim(submission.pk)
    tasks.sweep()
    for status in ("graded", "refused", "failed"):
        Submission.objects.update(status=status)
        tasks.sweep()
    assert not sent


def test_a_dead_queue_answers_quickly(monkeypatch, settings):
    """Nobody listens there: the web request goes on at once, and the next one does not even try."""
    from celery import current_app

    monkeypatch.setattr(tasks, "_queue_down_until", 0.0)
    monkeypatch.setattr(current_app.conf, "broker_write_url", "redis+socket:///nonexistent/s.sock")
    started = time.monotonic()
    assert tasks.send("some.task", [], queue="grading") is False
    assert tasks.send("some.task", [], queue="grading") is False
    assert time.monotonic() - started < 3


def test_the_grader_is_told_how_often_each_check_was_failed_before(submission, grader, sent):
    for status in ("failed", "not_run", "passed", "error"):
        earlier = hand_in(submission.exercise, submission.learner)
        Submission.objects.filter(pk=earlier.pk).update(status="graded")
        check = {"id": "t1", "points": 0, "max_points": 1, "passed": False, "outcome": status}
        earlier.grades.create(version=submission.version, score=0, max_score=1, checks=[check])
    later = hand_in(submission.exercise, submission.learner)
    tasks.grade_submission(str(later.pk))
    assert grader.calls[-1]["failed_before"] == {"t1": 2}
    tasks.grade_submission(str(submission.pk))
    assert grader.calls[-1]["failed_before"] == {}
