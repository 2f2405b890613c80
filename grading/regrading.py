"""Grade what was handed in again, by a newer version of the exercise: look first, decide, take it back if need be.

A preview examines every submission and keeps what it found; no grade changes. Applying it adds a round to each
submission, with people's decisions put in, and runs nothing again. Taking it back adds another round, which says what
stood before. Credentials are never touched here: what a regrade means for them is listed, and a person decides.

All of it is work for the background, done in steps by whoever holds the lease; a worker that dies leaves the rows as
they are, and the next one goes on. Live submissions go first: see ``work``.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.db.models.functions import Now
from django.utils.module_loading import import_string

from grading import verdict_keys, verdicts
from grading.grader import Check, Outcome
from grading.models import (
    AuditEntry,
    Exercise,
    ExerciseVersion,
    Grade,
    Judgement,
    Regrade,
    RegradeItem,
    Submission,
    record,
    storable,
)
from sandboxes.results import RunStatus, Usage

log = logging.getLogger(__name__)

Examine = Callable[[Submission, ExerciseVersion], Outcome]

BATCH = 20  # rounds written in one transaction
GIVE_WAY_SECONDS = 5.0  # at most so long one item waits for live submissions that are already being graded
LOOK_SECONDS = 0.1
AT_ONCE = 500  # rows made at a time

_STATUS = RegradeItem.Status


class RegradeRefused(Exception):
    """It cannot be begun or decided now. ``code``: nothing, open, no_version or not_now."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


# --- What a person decides -------------------------------------------------------------------------------------------


def start(
    exercise: Exercise,
    *,
    author: Any = None,
    reason: str = "",
    drops_overrides: bool = False,
    everything: bool = False,
) -> Regrade:
    """Begins the preview of a regrade by the newest version.

    It covers graded submissions whose grade is of another version; all of them with ``everything``.

    Raises:
        RegradeRefused: there is no version, nothing to grade again, or a regrade of this exercise that is still open.
    """
    version = exercise.current
    if version is None:
        raise RegradeRefused("no_version")
    grades = Grade.objects.current().filter(submission__exercise=exercise, submission__status=Submission.Status.GRADED)
    if not everything:
        grades = grades.exclude(version=version)
    pairs = list(grades.order_by("submission__submitted_at", "pk").values_list("submission_id", "pk"))
    if not pairs:
        raise RegradeRefused("nothing")
    try:
        with transaction.atomic():
            regrade = Regrade.objects.create(
                exercise=exercise, version=version, author=author, reason=reason, drops_overrides=drops_overrides
            )
            RegradeItem.objects.bulk_create(
                (RegradeItem(regrade=regrade, submission_id=pk, before_id=grade) for pk, grade in pairs),
                batch_size=AT_ONCE,
            )
    except IntegrityError as error:
        raise RegradeRefused("open") from error
    return regrade


def apply(regrade: Regrade, *, actor: Any = None) -> None:
    """Lets the background make what was previewed count. Raises ``RegradeRefused`` when it is not previewed."""
    _decide(regrade, Regrade.Status.PREVIEWED, Regrade.Status.APPLYING, actor)


def undo(regrade: Regrade, *, actor: Any = None) -> None:
    """Lets the background restore what stood before. Raises ``RegradeRefused`` when it is not applied."""
    try:
        with transaction.atomic():
            _decide(regrade, Regrade.Status.APPLIED, Regrade.Status.UNDOING, actor)
    except IntegrityError as error:  # another regrade of the exercise is open
        raise RegradeRefused("open") from error


def cancel(regrade: Regrade, *, actor: Any = None) -> None:
    """Gives a preview up, made or half made. Raises ``RegradeRefused`` for everything else."""
    if regrade.status not in (Regrade.Status.PREVIEWING, Regrade.Status.PREVIEWED):
        raise RegradeRefused("not_now")
    with transaction.atomic():
        if not regrade.move(to=Regrade.Status.CANCELLED, decided_by=actor, finished_at=Now()):
            raise RegradeRefused("not_now")
        regrade.items.update(outcome={})


def _decide(regrade: Regrade, wanted: "Regrade.Status", to: "Regrade.Status", actor: Any) -> None:
    if regrade.status != wanted or not regrade.move(to=to, decided_by=actor):
        raise RegradeRefused("not_now")


# --- What the background does ----------------------------------------------------------------------------------------


def work(regrade: Regrade, examine: Examine, *, seconds: float) -> bool:
    """Goes on with a regrade this process has claimed, for about ``seconds``; True when nothing is left to do.

    One item at a time, and none while a live submission waits for a worker: the row in the queue is the truth, so it
    is looked at before each. While live ones are being graded already, an item waits a little for them too.
    """
    until = time.monotonic() + seconds
    step = {
        Regrade.Status.PREVIEWING: _preview_step,
        Regrade.Status.APPLYING: _apply_step,
        Regrade.Status.UNDOING: _undo_step,
    }[Regrade.Status(regrade.status)]
    while time.monotonic() < until:
        if not give_way(until) or not regrade.renew_lease():
            return False
        if not step(regrade, examine):
            return _finish(regrade)
    return False


def give_way(until: float) -> bool:
    """Whether a regrade may take its turn now; False when live submissions wait for a worker."""
    patience = min(until, time.monotonic() + GIVE_WAY_SECONDS)
    while True:
        live = dict(
            Submission.objects.pending()
            .exclude(status=Submission.Status.QUEUED, due_at__gt=Now())
            .values_list("status")
            .annotate(n=Count("pk"))
        )
        if live.get(Submission.Status.QUEUED):
            return False
        if not live.get(Submission.Status.RUNNING) or time.monotonic() >= patience:
            return True
        time.sleep(LOOK_SECONDS)


def _finish(regrade: Regrade) -> bool:
    """Once nothing is pending any more: the next status. Whoever had a hand in between wins."""
    if regrade.status == Regrade.Status.PREVIEWING:
        return regrade.move(to=Regrade.Status.PREVIEWED, passes=passes_of(regrade))
    is_applied = regrade.status == Regrade.Status.APPLYING
    with transaction.atomic():
        to = Regrade.Status.APPLIED if is_applied else Regrade.Status.UNDONE
        if not regrade.move(to=to, finished_at=Now()):
            return False
        action = AuditEntry.Action.REGRADED if is_applied else AuditEntry.Action.REGRADE_UNDONE
        after = {"regrade": regrade.pk, "version": regrade.version.number} | counts(regrade)
        record(action, exercise=regrade.exercise, actor=regrade.decided_by, after=after, reason=regrade.reason)
    return True


def _preview_step(regrade: Regrade, examine: Examine) -> bool:
    """Examines the next submission; False when none is left."""
    item = regrade.items.filter(status=_STATUS.PENDING).select_related("submission__exercise", "before").first()
    if item is None:
        return False
    try:
        outcome = examine(item.submission, regrade.version)
        if outcome.state == "failed":
            raise RuntimeError(str(outcome.message.get("en", "")) or "the grader reported a failure")
    except Exception as error:  # ours, whatever it is: the learner's faults are values
        log.warning("regrade_failed", exc_info=True, extra={"submission": str(item.submission_id)})
        _give_back(regrade, item, f"{type(error).__name__}: {error}")
        return True
    _keep(regrade, item, outcome)
    return True


def _give_back(regrade: Regrade, item: RegradeItem, detail: str) -> None:
    tries = item.tries + 1
    hopeless = tries >= settings.GRADING_MAX_TRIES
    status = _STATUS.FAILED if hopeless else _STATUS.PENDING
    _write(regrade, item, _STATUS.PENDING, status=status, tries=tries, detail=storable(detail))


def _keep(regrade: Regrade, item: RegradeItem, outcome: Outcome) -> None:
    if outcome.state == "refused":
        _write(regrade, item, _STATUS.PENDING, status=_STATUS.REFUSED, message=storable(dict(outcome.message)))
        return
    kept = outcome_data(outcome)
    fields = _fields(regrade, item, outcome)
    key_id, seal = _sealed(regrade, item, kept)
    _write(
        regrade,
        item,
        _STATUS.PENDING,
        status=_STATUS.EXAMINED,
        outcome=kept,
        seal_key_id=key_id,
        seal=seal,
        score_after=fields["score"],
        max_after=fields["max_score"],
        is_isolated_after=fields["is_isolated"],
        detail="",
    )


def _write(regrade: Regrade, item: RegradeItem, was: "RegradeItem.Status", **changes: Any) -> bool:
    """Only while the regrade is ours and the item is as it was: a worker that lost its lease writes nothing."""
    ours = Regrade.objects.working().filter(pk=regrade.pk, lease=regrade.lease)
    return bool(RegradeItem.objects.filter(pk=item.pk, status=was, regrade__in=ours).update(**changes))


def _judgements(regrade: Regrade, submission_id: Any) -> list[Judgement]:
    """The decisions that will count: manual points always, overrides unless they are to be set aside."""
    standing = Judgement.objects.standing().filter(submission=submission_id)
    return list(standing.exclude(kind=Judgement.Kind.OVERRIDE) if regrade.drops_overrides else standing)


def _fields(regrade: Regrade, item: RegradeItem, outcome: Outcome) -> dict[str, Any]:
    """As ``Submission.add_grade`` would write it."""
    judged = item.submission.judged(not regrade.drops_overrides)
    return Grade.fields_of(outcome, judged=judged, late_percent=item.submission.late_percent)


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """What an item keeps of an outcome: plain JSON, from which ``outcome_from`` makes it again."""
    data = {
        "sha256": outcome.sha256,
        "score": outcome.score,
        "max_score": outcome.max_score,
        "run_status": str(outcome.run_status or ""),
        "checks": [asdict(check) for check in outcome.checks],
        "usage": outcome.usage.as_dict(),
        "is_isolated": outcome.is_isolated,
        "feedback_html": dict(outcome.feedback_html),
    }
    result: dict[str, Any] = storable(data)
    return result


def outcome_from(data: Mapping[str, Any]) -> Outcome:
    """The outcome that was kept. Raises ``KeyError``, ``TypeError`` or ``ValueError`` on anything else."""
    return Outcome(
        state="graded",
        sha256=data["sha256"],
        score=float(data["score"]),
        max_score=float(data["max_score"]),
        message={},
        run_status=RunStatus(data["run_status"]) if data["run_status"] else None,
        checks=tuple(Check.from_dict(check) for check in data["checks"]),
        usage=Usage(**data["usage"]),
        is_isolated=data["is_isolated"],
        feedback_html=data["feedback_html"],
    )


def _sealed(regrade: Regrade, item: RegradeItem, kept: Mapping[str, Any]) -> tuple[str, str]:
    """The seal of this process over what it heard: rows lie about between a preview and its use."""
    try:
        signer = verdict_keys.signer()
    except verdict_keys.VerdictKeyUnavailable:
        return "", ""
    return signer.key_id, signer.sign(_seal_bytes(signer.key_id, regrade, item, kept))


def _is_intact(regrade: Regrade, item: RegradeItem) -> bool:
    """Whether what was kept may still be believed; without a key of our own nothing will be signed anyway."""
    try:
        verdict_keys.signer()
        data = _seal_bytes(item.seal_key_id, regrade, item, item.outcome)
        return verdict_keys.is_signed(data, key_id=item.seal_key_id, signature=item.seal)
    except verdict_keys.VerdictKeyUnavailable:
        return True


def _seal_bytes(key_id: str, regrade: Regrade, item: RegradeItem, kept: Mapping[str, Any]) -> bytes:
    about = {
        "regrade": regrade.pk,
        "submission": str(item.submission_id),
        "version": regrade.version_id,
        "version_sha256": verdicts.version_digest(regrade.version_id),
        "outcome": _with_floats(kept),
    }
    return f"regrade-1\n{key_id}\n{verdicts.canonical(about)}".encode()


def _with_floats(value: Any) -> Any:
    """A database may hand 2.0 back as 2."""
    if isinstance(value, Mapping):
        return {name: _with_floats(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_floats(part) for part in value]
    return float(value) if type(value) is int else value


def _apply_step(regrade: Regrade, examine: Examine) -> bool:
    """Makes the next batch count; False when none is left."""
    items = regrade.items.filter(status=_STATUS.EXAMINED).select_related("submission", "before")[:BATCH]
    for item in items:
        if not _is_intact(regrade, item):
            log.error("regrade_altered: what the preview kept is not what it found", extra={"item": item.pk})
            outcome = examine(item.submission, regrade.version)
            if outcome.state != "graded":
                _write(regrade, item, _STATUS.EXAMINED, status=_STATUS.FAILED, detail="what was kept was altered")
                continue
            item.outcome = outcome_data(outcome)
        with transaction.atomic():
            _apply_one(regrade, item)
    return bool(items)


def _apply_one(regrade: Regrade, item: RegradeItem) -> None:
    outcome = outcome_from(item.outcome)
    _lock(item)
    score = _fields(regrade, item, outcome)["score"]
    if item.score_after is None or abs(score - item.score_after) > 1e-9 or not _is_last(item.before):
        # Somebody decided something about it meanwhile: the preview that a person agreed to is not what would happen.
        _write(regrade, item, _STATUS.EXAMINED, status=_STATUS.STALE, outcome={})
        return
    judgements = _judgements(regrade, item.submission_id)
    after = item.submission.add_grade(
        outcome,
        origin=Grade.Origin.REGRADED,
        version=regrade.version,
        author=regrade.decided_by,
        reason=regrade.reason,
        keep_overrides=not regrade.drops_overrides,
    )
    withdrawn = _set_aside(regrade, item) if regrade.drops_overrides else []
    done = {"status": _STATUS.APPLIED, "after": after, "withdrawn": withdrawn, "outcome": {}}
    if not _write(regrade, item, _STATUS.EXAMINED, **done):
        raise LeaseLost
    verdicts.sign(after, basis="regraded", judgements=judgements)
    _audit(regrade, item, AuditEntry.Action.REGRADED, item.before, after)


def _lock(item: RegradeItem) -> None:
    """One after the other with people who decide about the same submission."""
    Submission.objects.select_for_update().only("pk").get(pk=item.submission_id)


class LeaseLost(Exception):
    """Another worker has taken the regrade over: what this one was about to write is taken back."""


def _is_last(grade: Grade) -> bool:
    return not Grade.objects.filter(submission=grade.submission_id, round__gt=grade.round).exists()


def _set_aside(regrade: Regrade, item: RegradeItem) -> list[int]:
    overrides = Judgement.objects.standing().filter(submission=item.submission_id, kind=Judgement.Kind.OVERRIDE)
    gone = list(overrides.values_list("pk", flat=True))
    if gone:
        overrides.update(withdrawn_at=Now())
        record(
            AuditEntry.Action.WITHDRAWN,
            exercise=regrade.exercise,
            actor=regrade.decided_by,
            submission=item.submission_id,
            before={"judgements": gone},
            after={"regrade": regrade.pk},
        )
    return gone


def _audit(regrade: Regrade, item: RegradeItem, action: str, before: Grade, after: Grade) -> None:
    if abs(before.score - after.score) > 1e-9 or before.max_score != after.max_score:
        record(
            action,
            exercise=regrade.exercise,
            actor=regrade.decided_by,
            submission=item.submission_id,
            before={"round": before.round, "score": before.score, "max_score": before.max_score},
            after={"round": after.round, "score": after.score, "max_score": after.max_score, "regrade": regrade.pk},
            reason=regrade.reason,
        )


_RESTORED = (
    *("version_id", "score", "max_score", "late_percent", "run_status", "checks", "found", "feedback_html", "usage"),
    *("is_isolated", "is_waiting"),
)


def _undo_step(regrade: Regrade, examine: Examine) -> bool:
    """Restores the next batch; False when none is left."""
    del examine  # nothing is run
    items = regrade.items.filter(status=_STATUS.APPLIED).select_related("submission", "before", "after")[:BATCH]
    for item in items:
        with transaction.atomic():
            _undo_one(regrade, item)
    return bool(items)


def _undo_one(regrade: Regrade, item: RegradeItem) -> None:
    _lock(item)
    if item.after is None or not _is_last(item.after):
        _write(regrade, item, _STATUS.APPLIED, status=_STATUS.STALE)
        return
    restored = Grade.objects.create(
        submission=item.submission,
        round=item.after.round + 1,
        origin=Grade.Origin.REGRADED,
        author=regrade.decided_by,
        reason=regrade.reason,
        **{name: getattr(item.before, name) for name in _RESTORED},
    )
    Judgement.objects.filter(pk__in=item.withdrawn).update(withdrawn_at=None)
    if not _write(regrade, item, _STATUS.APPLIED, status=_STATUS.UNDONE):
        raise LeaseLost
    if not verdicts.problem_or_unknown(item.before):
        verdicts.sign(restored, basis="restored")
    _audit(regrade, item, AuditEntry.Action.REGRADE_UNDONE, item.after, restored)


# --- What it comes to ------------------------------------------------------------------------------------------------


def counts(regrade: Regrade) -> dict[str, int]:
    """How many items are in which state, and how many scores rise and fall."""
    by_status = dict(regrade.items.values_list("status").annotate(n=Count("pk")))
    items = RegradeItem.objects.filter(regrade=regrade)
    return {
        "total": sum(by_status.values()),
        **{str(status): by_status.get(status, 0) for status in RegradeItem.Status},
        "raised": items.raised().count(),
        "lowered": items.lowered().count(),
        "changed": items.changed().count(),
    }


def passes_of(regrade: Regrade) -> dict[str, Any]:
    """Who gains and who loses what rests on this exercise. Grading does not know what does: it asks by name."""
    if not settings.GRADING_STAKES:
        return {}
    found: dict[str, Any] = import_string(settings.GRADING_STAKES)(regrade)
    return found


def learners_who_gained(regrade: Regrade) -> list[int]:
    """Those for whom a credential may be due now."""
    raised = RegradeItem.objects.filter(regrade=regrade, status=_STATUS.APPLIED).raised()
    return list(raised.order_by().values_list("submission__learner", flat=True).distinct())
