"""From the queue to a grade. Thin: fetch, call, record.

A message is only a hint that there may be work; it may be lost, doubled or late without harm. The sweeper, run by
beat, finds what no message speaks of.
"""

import logging
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from celery import current_app, shared_task
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.db.models.functions import Now
from kombu.exceptions import KombuError

from grading.grader import Outcome, grade
from grading.models import Submission
from sandboxes.limits import Limits

log = logging.getLogger(__name__)

# One attempt, and a short one: a person waits for the page, and the sweeper comes by anyway.
SEND_QUICKLY = {"max_retries": 0, "socket_connect_timeout": 1, "socket_timeout": 2}
GRADE = "grading.tasks.grade_submission"
QUEUE_DOWN_SECONDS = 5  # how long not to knock again at a queue that did not answer
SWEEP_AT_MOST = 500

_queue_down_until = 0.0


def announce(submission: Submission) -> None:
    """Tells the queue, once the row is committed, that there is something to grade."""
    pk = submission.pk
    transaction.on_commit(lambda: announce_all([pk]))


def announce_all(pks: Iterable[uuid.UUID]) -> None:
    """Sends one message each. A queue that is down is no error here: the rows stay, the sweeper comes by."""
    for pk in pks:
        waiting = Submission.objects.filter(pk=pk, status=Submission.Status.QUEUED)
        # Noted first: by the time the message is out, a worker may have claimed the row and handed it back.
        if waiting.update(announced_at=Now()) and not send(GRADE, [str(pk)], queue="grading"):
            waiting.update(announced_at=None)
            return


def send(task: str, args: list[Any], *, queue: str) -> bool:
    """Whether the queue took the message; never raises and never waits long for a queue that is down."""
    global _queue_down_until
    if time.monotonic() < _queue_down_until:
        return False
    connection = current_app.connection_for_write(transport_options=SEND_QUICKLY)
    try:
        with connection:
            current_app.send_task(task, args=args, queue=queue, connection=connection, retry=False, ignore_result=True)
    except (OSError, KombuError, *connection.connection_errors, *connection.channel_errors) as error:
        _queue_down_until = time.monotonic() + QUEUE_DOWN_SECONDS
        log.warning("queue_down: %s", error, extra={"task": task})
        return False
    return True


@shared_task(name=GRADE)
def grade_submission(pk: str) -> None:
    """Claims the submission, grades it, records the grade. A submission that is not to be had is somebody else's."""
    submission = Submission.objects.claim(uuid.UUID(pk))
    if submission is None:
        return
    try:
        with lease_kept(submission):
            outcome = run_grader(submission)
        record(submission, outcome)
    except Exception as error:  # ours, whatever it is: the learner's faults are values
        log.exception("grading_failed", extra={"submission": pk})
        submission.give_back(f"{type(error).__name__}: {error}")


def record(submission: Submission, outcome: Outcome) -> None:
    if outcome.state == "failed":
        submission.give_back(str(outcome.message.get("en", "")) or "The grader reported a failure.")
    elif submission.record(outcome):
        log.info(outcome.state, extra={"submission": str(submission.pk), "seconds": outcome.usage.wall_seconds})
        learner_id = submission.learner_id
        transaction.on_commit(lambda: tell_who_listens(learner_id))


def run_grader(submission: Submission) -> Outcome:
    """The one verb, with everything it needs as plain values."""
    files = {file.name: (bytes(file.content), file.is_hidden) for file in submission.version.files.all()}
    return grade(
        source=bytes(submission.version.source),
        submission=bytes(submission.notebook),
        files={name: content for name, (content, is_hidden) in files.items() if not is_hidden},
        hidden_files={name: content for name, (content, is_hidden) in files.items() if is_hidden},
        limits=Limits.from_dict(submission.version.limits),
        python=settings.KERNEL_PYTHON,
    )


def tell_who_listens(learner_id: int) -> None:
    """After each grade: whoever issues credentials is told, by name, on its own queue. Its beat finds what got lost."""
    if settings.GRADING_TASK_AFTER_GRADE:
        send(settings.GRADING_TASK_AFTER_GRADE, [learner_id], queue="credentials")


@contextmanager
def lease_kept(submission: Submission) -> Iterator[None]:
    """Renews the lease while the block runs, so that a long run is not taken for a dead worker."""
    done = threading.Event()
    keeper = threading.Thread(target=keep_lease, args=(submission, done), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def keep_lease(submission: Submission, done: threading.Event) -> None:
    try:
        while not done.wait(settings.GRADING_LEASE_SECONDS / 3):
            # A database that is away for a moment is asked again; should it stay away, the lease runs out, and
            # recording finds that out.
            with suppress(DatabaseError):
                if not submission.renew_lease():
                    return
    finally:
        connections.close_all()  # this thread's own


@shared_task(name="grading.tasks.sweep")
def sweep() -> None:
    """Takes back what dead workers held and announces what waits unannounced. Running it twice changes nothing more."""
    if released := Submission.objects.release_stale():
        log.warning("released %d stale submissions", released)
    waiting = Submission.objects.unannounced().order_by("due_at")
    announce_all(list(waiting.values_list("pk", flat=True)[:SWEEP_AT_MOST]))
