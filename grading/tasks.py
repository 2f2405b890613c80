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
from django.db.models import QuerySet
from django.db.models.functions import Now
from kombu.exceptions import KombuError

from grading import quizzing, regrading, similarity_reports, verdicts, workbench
from grading.grader import Outcome, grade, seed_of
from grading.models import ExerciseVersion, PreflightReport, Regrade, Rehearsal, SimilarityReport, Submission
from grading.models.leases import Leased
from grading.models.regrades import LEASE
from grading.preflight import Report, preflight
from sandboxes.limits import Limits

log = logging.getLogger(__name__)

# One attempt, and a short one: a person waits for the page, and the sweeper comes by anyway.
SEND_QUICKLY = {"max_retries": 0, "socket_connect_timeout": 1, "socket_timeout": 2}
GRADE = "grading.tasks.grade_submission"
REGRADE = "grading.tasks.regrade"
COMPARE = "grading.tasks.compare_notebooks"
# A turn of a regrade: short, so that a worker with one hand sees what is new in the queue.
REGRADE_SECONDS = 5.0
GIVE_WAY_SECONDS = 1
PREFLIGHT = "grading.tasks.try_version"
REHEARSE = "grading.tasks.rehearse"
QUEUE_DOWN_SECONDS = 5  # how long not to knock again at a queue that did not answer
SWEEP_AT_MOST = 500

_queue_down_until = 0.0


def announce(submission: Submission) -> None:
    """Tells the queue, once the row is committed, that there is something to grade."""
    pk = submission.pk
    transaction.on_commit(lambda: announce_all([pk]))


def announce_all(pks: Iterable[uuid.UUID]) -> None:
    """Sends one message each. A queue that is down is no error here: the rows stay, the sweeper comes by."""
    _announce(Submission.objects.filter(status=Submission.Status.QUEUED), GRADE, pks)


def _announce(queued: QuerySet[Any], task: str, pks: Iterable[uuid.UUID]) -> None:
    for pk in pks:
        waiting = queued.filter(pk=pk)
        # Noted first: by the time the message is out, a worker may have claimed the row and handed it back.
        if waiting.update(announced_at=Now()) and not send(task, [str(pk)], queue="grading"):
            waiting.update(announced_at=None)
            return


def send(task: str, args: list[Any], *, queue: str, countdown: int = 0) -> bool:
    """Whether the queue took the message; never raises and never waits long for a queue that is down."""
    global _queue_down_until
    if time.monotonic() < _queue_down_until:
        return False
    connection = current_app.connection_for_write(transport_options=SEND_QUICKLY)
    try:
        with connection:
            how: dict[str, Any] = {"queue": queue, "connection": connection, "retry": False, "ignore_result": True}
            current_app.send_task(task, args=args, countdown=countdown or None, **how)
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
        return
    with transaction.atomic():
        is_recorded = submission.record(outcome)
        if is_recorded and (recorded := submission.grade):
            verdicts.sign(recorded, judgements=submission.judgements.filter(withdrawn_at=None))
    if is_recorded:
        log.info(outcome.state, extra={"submission": str(submission.pk), "seconds": outcome.usage.wall_seconds})
        learner_id = submission.learner_id
        transaction.on_commit(lambda: tell_who_listens(learner_id))


def run_grader(submission: Submission, version: ExerciseVersion | None = None) -> Outcome:
    """The one verb, with everything it needs as plain values; ``version``: another one than it was handed in for."""
    version = version or submission.version
    return grade(
        submission=bytes(submission.notebook),
        **given(version),
        seed=seed_of(submission.pk),
        failed_before=submission.failed_before(),
    )


def given(version: ExerciseVersion) -> dict[str, Any]:
    """What every run of a version is given, as plain values."""
    files = {file.name: (bytes(file.content), file.is_hidden) for file in version.files.all()}
    return {
        "source": bytes(version.source),
        "files": {name: content for name, (content, is_hidden) in files.items() if not is_hidden},
        "hidden_files": {name: content for name, (content, is_hidden) in files.items() if is_hidden},
        "limits": Limits.from_dict(version.limits),
        "python": settings.KERNEL_PYTHON,
    }


def tell_who_listens(learner_id: int) -> None:
    """After each grade and each quiz whoever issues credentials is told, by name, on its own queue. Its beat finds what
    got lost."""
    if settings.GRADING_TASK_AFTER_GRADE:
        send(settings.GRADING_TASK_AFTER_GRADE, [learner_id], queue="credentials")


@contextmanager
def lease_kept(work: Submission | Regrade | Leased, seconds: float | None = None) -> Iterator[None]:
    """Renews the lease while the block runs, so that a long run is not taken for a dead worker."""
    done = threading.Event()
    pause = seconds or settings.GRADING_LEASE_SECONDS / 3
    keeper = threading.Thread(target=keep_lease, args=(work, done, pause), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def keep_lease(work: Submission | Regrade | Leased, done: threading.Event, pause: float) -> None:
    try:
        while not done.wait(pause):
            # A database that is away for a moment is asked again; should it stay away, the lease runs out, and
            # recording finds that out.
            with suppress(DatabaseError):
                if not work.renew_lease():
                    return
    finally:
        connections.close_all()  # this thread's own


@shared_task(name=REGRADE)
def regrade(pk: int) -> None:
    """One turn of a regrade's background work, and the message for the next."""
    claimed = Regrade.objects.claim(pk)
    if claimed is None:
        return
    is_done = work_on(claimed, seconds=REGRADE_SECONDS)
    if is_done:
        announce_work()  # the next in the row
    else:
        send(REGRADE, [pk], queue="grading", countdown=GIVE_WAY_SECONDS if Submission.objects.pending().exists() else 0)


def work_on(claimed: Regrade, *, seconds: float) -> bool:
    """Goes on with a claimed regrade for about ``seconds``; True when it is done."""
    try:
        with lease_kept(claimed, LEASE.total_seconds() / 3):
            is_done = regrading.work(claimed, run_grader, seconds=seconds)
    except regrading.LeaseLost:
        return False
    finally:
        claimed.release()
    if is_done and claimed.status == Regrade.Status.APPLIED:
        for learner_id in regrading.learners_who_gained(claimed):
            tell_who_listens(learner_id)
    return is_done


@shared_task(name=COMPARE)
def compare_notebooks(pk: int) -> None:
    """Makes a similarity report."""
    if report := SimilarityReport.objects.claim(pk):
        similarity_reports.make(report)


def announce_work() -> None:
    """Tells the queue of background work that nobody is at: new, or left by a worker that died."""
    for pk in Regrade.objects.unattended().values_list("pk", flat=True):
        send(REGRADE, [pk], queue="grading")
    for pk in SimilarityReport.objects.unattended().values_list("pk", flat=True):
        send(COMPARE, [pk], queue="grading")


@shared_task(name="grading.tasks.sweep")
def sweep() -> None:
    """Takes back what dead workers held and announces what waits unannounced. Running it twice changes nothing more."""
    kinds: list[Any] = [Submission, PreflightReport, Rehearsal]
    if released := sum(kind.objects.release_stale() for kind in kinds):
        log.warning("released %d stale submissions, pre-flights or rehearsals", released)
    waiting = Submission.objects.unannounced().order_by("due_at")
    announce_all(list(waiting.values_list("pk", flat=True)[:SWEEP_AT_MOST]))
    announce_work()
    if signed := verdicts.sign_reviewed():
        log.info("signed %d reviewed grades", signed)
    trials = PreflightReport.objects.unannounced().order_by("due_at")
    announce_trials(list(trials.values_list("pk", flat=True)[:SWEEP_AT_MOST]))
    tried = Rehearsal.objects.unannounced().order_by("due_at")
    announce_rehearsals(list(tried.values_list("pk", flat=True)[:SWEEP_AT_MOST]))


# --- Pre-flights -----------------------------------------------------------------------------------------------------


def request_preflight(version: ExerciseVersion) -> PreflightReport:
    """Asks for the pre-flight of a version; the queue is told once the row is committed."""
    report = PreflightReport.objects.request(version)
    transaction.on_commit(lambda: announce_trials([report.pk]))
    return report


def announce_trials(pks: Iterable[uuid.UUID]) -> None:
    _announce(PreflightReport.objects.filter(status=PreflightReport.Status.QUEUED), PREFLIGHT, pks)


@shared_task(name=PREFLIGHT)
def try_version(pk: str) -> None:
    """Claims a pre-flight, carries it out, records it."""
    claimed = PreflightReport.objects.claim(uuid.UUID(pk))
    if claimed is None:
        return
    try:
        with lease_kept(claimed):
            report = run_preflight(claimed.version)
        claimed.record(report)
    except Exception as error:  # ours, whatever it is: an author's mistakes are in the report
        log.exception("preflight_failed", extra={"version": claimed.version_id})
        claimed.give_back(f"{type(error).__name__}: {error}")


def run_preflight(version: ExerciseVersion) -> Report:
    return preflight(**given(version))


@shared_task(name="grading.tasks.close_quizzes")
def close_quizzes() -> int:
    """Hands in the attempts at quizzes whose time is over."""
    return quizzing.close_overdue()


# --- Rehearsals ------------------------------------------------------------------------------------------------------


def announce_rehearsals(pks: Iterable[uuid.UUID]) -> None:
    _announce(Rehearsal.objects.filter(status=Rehearsal.Status.QUEUED), REHEARSE, pks)


@shared_task(name=REHEARSE)
def rehearse(pk: str) -> None:
    """Claims a rehearsal, runs it as a submission is graded, keeps what its learner reads."""
    claimed = Rehearsal.objects.claim(uuid.UUID(pk))
    if claimed is None:
        return
    try:
        with lease_kept(claimed):
            outcome = grade(
                submission=bytes(claimed.notebook),
                **given(claimed.version),
                seed=seed_of(uuid.uuid4()),
                failed_before=Submission.objects.failed_by(claimed.learner_id, claimed.exercise_id),
                is_rehearsal=True,
            )
        claimed.record(outcome)
    except Exception as error:  # ours, whatever it is: the learner's faults are values
        log.exception("rehearsal_failed", extra={"exercise": claimed.exercise_id})
        claimed.give_back(f"{type(error).__name__}: {error}")


@shared_task(name="grading.tasks.delete_expired_documents")
def delete_expired_documents() -> None:
    """What learners practised with their own data, once its days are over."""
    if count := workbench.delete_expired():
        log.info("documents_deleted", extra={"count": count})
