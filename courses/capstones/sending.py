"""A learner sends a project to peers: once the examiner has let the notebook through every gate."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Now
from django.utils import timezone

from courses.capstones import peers
from courses.capstones.models import Capstone, Project, Review
from courses.post_text import tidy
from grading import reviewing
from grading.models import Submission
from grading.scoring import Check

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class NotSent(Exception):
    """``code``: empty (title or summary), not_ready (no notebook of one's own that passed every gate and waits for a
    person), under_review (one is on its way already), begun (a peer has read it), decided."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def gates_of(submission: Submission) -> list[Check]:
    """What the examiner had to say, in order; nothing when the work is not graded. Parts for a person are no gates."""
    grade = submission.grade if submission.status == Submission.Status.GRADED else None
    return [check for check in reviewing.found_in(grade) if check.outcome != "waiting"] if grade else []


def has_passed_gates(submission: Submission) -> bool:
    """Whether peers may read it: every check passed, and a part is left for a person."""
    grade = submission.grade if submission.status == Submission.Status.GRADED else None
    return bool(grade and grade.is_waiting) and all(check.passed for check in gates_of(submission))


def latest(capstone: Capstone, learner: "_User") -> Submission | None:
    """The notebook that would be sent: the last one handed in that no project has been decided about."""
    decided = Project.objects.filter(submission=OuterRef("pk"), decided_at__isnull=False)
    own = Submission.objects.filter(exercise=capstone.exercise_id, learner=learner)
    return own.filter(~Exists(decided)).order_by("-attempt").first()


def send(capstone: Capstone, learner: "_User", *, title: str, summary: str) -> Project:
    """Sends the learner's latest notebook to peers. Raises NotSent."""
    title, summary = " ".join(tidy(title).split()), tidy(summary)
    if not title or not summary:
        raise NotSent("empty")
    submission = latest(capstone, learner)
    if submission is None or not has_passed_gates(submission):
        raise NotSent("not_ready")
    try:
        with transaction.atomic():
            project = Project.objects.create(
                capstone=capstone,
                learner=learner,
                submission=submission,
                title=title,
                summary=summary,
                rubric=capstone.rubric(),
                review_until=timezone.now() + timedelta(days=capstone.review_days),
            )
    except IntegrityError:
        raise NotSent("under_review") from None
    peers.fill(capstone)
    return project


def withdraw(project: Project) -> None:
    """Takes it back as long as no peer has sent a review. Raises NotSent."""
    with transaction.atomic():
        Capstone.objects.select_for_update().get(pk=project.capstone_id)
        if Review.objects.standing().filter(project=project, sent_at__isnull=False).exists():
            raise NotSent("begun")
        if not Project.objects.under_review().filter(pk=project.pk).update(withdrawn_at=Now()):
            raise NotSent("decided")
        Review.objects.filter(project=project).delete()
