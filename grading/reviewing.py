"""People's decisions on checks: graded by hand, overridden, withdrawn. Each makes a round and leaves a trace."""

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.safestring import mark_safe

from grading import letters, providers, tasks
from grading.feedback import with_findings
from grading.grader import Outcome
from grading.models import AuditEntry, Grade, Judgement, Submission, in_language, record, storable
from grading.notebooks import read_source
from grading.scoring import Check, checks_of

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

MAX_COMMENT = 5000


class Refused(Exception):
    """A decision that cannot be taken.

    ``code``: not_graded, not_failed, own_work, unknown_check, points, reason (an override without one), withdrawn.
    ``check_id`` says which check it is about, where there is one.
    """

    def __init__(self, code: str, check_id: str = "") -> None:
        self.code = code
        self.check_id = check_id
        super().__init__(f"{code} {check_id}".strip())


class Overtaken(Exception):
    """Somebody else decided since the page was read; ``grade`` is the round that counts now."""

    def __init__(self, grade: Grade) -> None:
        self.grade = grade
        super().__init__(f"round {grade.round}")


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gives for one check; ``rubric`` holds the numbers of the criteria that were met, from 0."""

    points: float
    comment: str = ""
    rubric: Sequence[int] = field(default=())
    reason: str = ""


def waiting() -> QuerySet[Submission]:
    """What waits for a person, oldest first, with ``score`` and ``max_score``."""
    counts = Grade.objects.current().filter(is_waiting=True).values("submission")
    return Submission.objects.graded().filter(pk__in=counts).order_by("submitted_at", "pk")


def judge(submission: Submission, *, reviewer: "_User", given: Mapping[str, Given], seen_round: int) -> Grade:
    """Takes a person's points for some checks as a whole; returns the grade that counts afterwards.

    ``seen_round`` is the round that the person had before them. Sending the same twice changes nothing the second
    time. Raises ``Refused``, and ``Overtaken`` when there is a newer round that says something else.
    """
    if submission.learner_id == reviewer.pk:
        raise Refused("own_work")
    with transaction.atomic():
        grade = current_grade(submission)
        checks = {check.id: check for check in found_in(grade)}
        for check_id, one in given.items():
            check_given(checks.get(check_id), check_id, one)
        standing = {one.check_id: one for one in submission.judgements.standing()}
        new = {key: one for key, one in given.items() if not is_same(standing.get(key), one)}
        if not new:
            return grade
        if grade.round != seen_round:
            raise Overtaken(grade)
        for check_id, one in new.items():
            put_down(submission, checks[check_id], one, reviewer, standing.get(check_id))
        reasons = "; ".join(one.reason for one in new.values() if one.reason)
        after = submission.add_reviewed(author=reviewer, reason=reasons)
        announce(submission, grade, after)
    return after


def withdraw(judgement: Judgement, *, actor: "_User", reason: str) -> Grade:
    """Takes a decision back: the check is again as the examiner left it. Raises ``Refused``."""
    submission = judgement.submission
    if submission.learner_id == actor.pk:
        raise Refused("own_work")
    if not reason.strip():
        raise Refused("reason", judgement.check_id)
    with transaction.atomic():
        before = current_grade(submission)
        if not Judgement.objects.standing().filter(pk=judgement.pk).update(withdrawn_at=Now()):
            raise Refused("withdrawn", judgement.check_id)
        after = submission.add_reviewed(author=actor, reason=reason)
        record(
            AuditEntry.Action.WITHDRAWN,
            exercise=submission.exercise,
            actor=actor,
            submission=submission,
            before={"check": judgement.check_id, "points": judgement.points, "score": before.score},
            after={"check": judgement.check_id, "score": after.score},
            reason=reason,
        )
        announce(submission, before, after)
    return after


def take_over(submission: Submission, *, reviewer: "_User") -> Grade:
    """A person grades what we failed to: every check not run, for them to give points to. Raises ``Refused``.

    The work was not examined: no record of it is signed, so no credential rests on it, whatever the person gives.
    """
    if submission.learner_id == reviewer.pk:
        raise Refused("own_work")
    checks = checks_of(read_source(bytes(submission.version.source)), {})
    outcome = Outcome(
        state="graded",
        sha256=submission.sha256,
        score=0.0,
        max_score=math.fsum(check.max_points for check in checks),
        message={},
        checks=checks,
    )
    with transaction.atomic():
        failed = Submission.objects.filter(pk=submission.pk, status=Submission.Status.FAILED)
        if not failed.update(**Submission.finished(Submission.Status.GRADED), message={}):
            raise Refused("not_failed")
        grade = submission.add_grade(outcome, origin=Grade.Origin.REVIEWED, author=reviewer)
        record(
            AuditEntry.Action.TAKEN_OVER, exercise=submission.exercise, actor=reviewer, submission=submission,
            before={"status": "failed"}, after={"status": "graded", "score": grade.score},
        )  # fmt: skip
    return grade


def current_grade(submission: Submission) -> Grade:
    """The round that counts, the submission locked. Raises ``Refused`` when there is none."""
    locked = Submission.objects.select_for_update().only("pk", "status").get(pk=submission.pk)
    grade = submission.grade
    if locked.status != Submission.Status.GRADED or grade is None:
        raise Refused("not_graded")
    return grade


def found_in(grade: Grade) -> list[Check]:
    """The checks as the examiner left them."""
    return [Check.from_dict(check) for check in grade.found or grade.checks]


def check_given(check: Check | None, check_id: str, given: Given) -> None:
    if check is None:
        raise Refused("unknown_check", check_id)
    if not math.isfinite(given.points) or not 0 <= given.points <= check.max_points + 1e-9:
        raise Refused("points", check_id)
    if kind_of(check) == Judgement.Kind.OVERRIDE and not given.reason.strip():
        raise Refused("reason", check_id)


def kind_of(check: Check) -> Judgement.Kind:
    """What a person's points for this check are: expected of one, or over the examiner's head."""
    return Judgement.Kind.MANUAL if check.outcome == "waiting" else Judgement.Kind.OVERRIDE


def is_same(standing: Judgement | None, given: Given) -> bool:
    if standing is None:
        return False
    kept = (standing.points, standing.comment, list(standing.rubric), standing.reason)
    return kept == (given.points, kept_text(given.comment), list(given.rubric), kept_text(given.reason))


def kept_text(text: str) -> str:
    cleaned: str = storable(text.strip())
    return cleaned[:MAX_COMMENT]


def put_down(
    submission: Submission, check: Check, given: Given, reviewer: "_User", standing: Judgement | None
) -> Judgement:
    """One judgement in the place of another, and the trace of it."""
    if standing:
        Judgement.objects.filter(pk=standing.pk).update(withdrawn_at=Now())
    kind = kind_of(check)
    judgement = Judgement.objects.create(
        submission=submission,
        check_id=check.id,
        kind=kind,
        points=given.points,
        comment=kept_text(given.comment),
        rubric=list(given.rubric),
        reason=kept_text(given.reason),
        reviewer=reviewer,
    )
    action = AuditEntry.Action.JUDGED if kind == Judgement.Kind.MANUAL else AuditEntry.Action.OVERRIDDEN
    record(
        action,
        exercise=submission.exercise,
        actor=reviewer,
        submission=submission,
        before={"check": check.id, "points": standing.points if standing else check.points},
        after={"check": check.id, "points": given.points, "max_points": check.max_points, "judgement": judgement.pk},
        reason=judgement.reason,
    )
    return judgement


def announce(submission: Submission, before: Grade, after: Grade) -> None:
    """Once the round is committed: whoever issues credentials looks, and the learner is told when all is graded."""
    learner_id = submission.learner_id
    transaction.on_commit(lambda: tasks.tell_who_listens(learner_id), robust=True)
    if before.is_waiting and not after.is_waiting:
        transaction.on_commit(lambda: letters.graded(submission), robust=True)


def feedback_of(submission: Submission, grade: Grade) -> str:
    """The feedback of one round in the reader's language: that of the last run, with this round's findings in it."""
    if grade.feedback_html:
        return grade.feedback
    ran = submission.grades.filter(round__lt=grade.round).filter(~Q(feedback_html={})).first()
    if ran is None:
        return ""
    checks = [Check.from_dict(check) for check in grade.checks]
    shown = {
        language: with_findings(html, language, score=grade.score, max_score=grade.max_score, checks=checks)
        for language, html in ran.feedback_html.items()
    }
    return mark_safe(in_language(shown))  # noqa: S308 - sanitised again by with_findings


def neighbours(
    of: Submission, *, reviewer: "_User", exercise_id: int | None = None, among: QuerySet[Submission] | None = None
) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """What waits before and after this one in the reviewer's queue; ``among``: a part of what waits."""
    queue = (
        providers.visible(waiting() if among is None else among, reviewer, "exercise__provider")
        .filter(**({"exercise": exercise_id} if exercise_id else {}))
        .exclude(pk=of.pk)
    )
    earlier = Q(submitted_at__lt=of.submitted_at) | Q(submitted_at=of.submitted_at, pk__lt=of.pk)
    before = queue.filter(earlier).order_by("-submitted_at", "-pk").values_list("pk", flat=True).first()
    return before, queue.exclude(earlier).values_list("pk", flat=True).first()
