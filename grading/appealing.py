"""A learner asks about a grade; an instructor answers, with or without other points."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from grading import letters, reviewing
from grading.models import Appeal, AuditEntry, Submission, record
from grading.reviewing import Given, kept_text

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class AppealRefused(Exception):
    """``code``: not_yours, not_graded, unknown_check, empty, open (one is open already), not_open, own_work."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def appeal(submission: Submission, *, learner: "_User", check_id: str, text: str) -> Appeal:
    """Opens an appeal about one check, or about the whole grade (``check_id`` empty). Raises ``AppealRefused``."""
    if submission.learner_id != learner.pk:
        raise AppealRefused("not_yours")
    grade = submission.grade
    if submission.status != Submission.Status.GRADED or grade is None:
        raise AppealRefused("not_graded")
    if check_id and check_id not in {check["id"] for check in grade.checks}:
        raise AppealRefused("unknown_check")
    if not kept_text(text):
        raise AppealRefused("empty")
    try:
        with transaction.atomic():
            made = Appeal.objects.create(
                submission=submission, learner=learner, check_id=check_id, text=kept_text(text)
            )
            note(AuditEntry.Action.APPEALED, made, learner)
            transaction.on_commit(lambda: letters.appealed(made), robust=True)
    except IntegrityError as error:
        raise AppealRefused("open") from error
    return made


def answer(
    found: Appeal,
    *,
    reviewer: "_User",
    text: str,
    given: Mapping[str, Given] | None = None,
    seen_round: int | None = None,
) -> None:
    """Answers an open appeal, changing the points of some checks with it.

    All of it or nothing. Raises ``AppealRefused``, ``reviewing.Refused`` and ``reviewing.Overtaken``.
    """
    if found.learner_id == reviewer.pk:
        raise AppealRefused("own_work")
    if not kept_text(text):
        raise AppealRefused("empty")
    with transaction.atomic():
        changes = {"status": Appeal.Status.ANSWERED, "answer": kept_text(text), "answered_by": reviewer}
        if not Appeal.objects.open().filter(pk=found.pk).update(**changes, answered_at=Now()):
            raise AppealRefused("not_open")
        if given:
            reviewing.judge(found.submission, reviewer=reviewer, given=given, seen_round=seen_round or 0)
        found.refresh_from_db()
        note(AuditEntry.Action.ANSWERED, found, reviewer)
        transaction.on_commit(lambda: letters.answered(found), robust=True)


def withdraw(found: Appeal, *, learner: "_User") -> None:
    """The learner takes an open appeal back. Raises ``AppealRefused``."""
    if found.learner_id != learner.pk:
        raise AppealRefused("not_yours")
    with transaction.atomic():
        changes = {"status": Appeal.Status.WITHDRAWN, "withdrawn_at": Now()}
        if not Appeal.objects.open().filter(pk=found.pk).update(**changes):
            raise AppealRefused("not_open")
        found.refresh_from_db()
        note(AuditEntry.Action.APPEAL_WITHDRAWN, found, learner)


def note(action: AuditEntry.Action, found: Appeal, actor: "_User") -> None:
    submission = found.submission
    record(action, exercise=submission.exercise, actor=actor, submission=submission, after=found.outcome())
