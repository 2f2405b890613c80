"""A learner sends a project to peers: once the examiner has let the notebook through every gate."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
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

MOST_TAKEN_BACK = 3  # projects of one learner in one capstone: each one writes letters


class NotSent(Exception):
    """``code``: empty (title or summary), not_ready (no notebook of one's own that passed every gate and waits for a
    person), under_review (one is on its way already), begun (a peer has read it), has_read (its maker has read
    another's since), too_often (taken back), decided."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def gates_of(submission: Submission) -> list[Check]:
    """The checks in order, as they count now; nothing when the work is not graded. Parts for a person are no gates."""
    grade = submission.grade if submission.status == Submission.Status.GRADED else None
    if grade is None:
        return []
    for_a_person = {check.id for check in reviewing.found_in(grade) if check.outcome == "waiting"}
    return [Check.from_dict(check) for check in grade.checks if check["id"] not in for_a_person]


def has_passed_gates(submission: Submission) -> bool:
    """Whether peers may read it: every check passed, and a part is left for a person."""
    grade = submission.grade if submission.status == Submission.Status.GRADED else None
    return bool(grade and grade.is_waiting) and all(check.passed for check in gates_of(submission))


def latest(capstone: Capstone, learner: "_User") -> Submission | None:
    """The notebook that would be sent: the last one handed in that no project has been decided about.

    Once no other can be handed in, the last one that passed every gate: a last attempt that fails closes no door.
    """
    decided = Project.objects.filter(submission=OuterRef("pk"), decided_at__isnull=False)
    own = Submission.objects.filter(exercise=capstone.exercise_id, learner=learner)
    open_ = own.filter(~Exists(decided)).order_by("-attempt")
    last = open_.first()
    if last is None or not last.is_final or has_passed_gates(last) or not _is_over(capstone, learner):
        return last
    return next((one for one in open_ if has_passed_gates(one)), last)


def _is_over(capstone: Capstone, learner: "_User") -> bool:
    """Whether nothing can be handed in any more, however long one waits."""
    decision = capstone.exercise.decision_for(learner)
    return not decision.is_allowed and decision.allowed_at is None


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


def why_kept(project: Project) -> str:
    """'' while its maker may take it back, else the code of a NotSent."""
    same = {"project__capstone": project.capstone_id, "reviewer": project.learner_id}
    if Review.objects.standing().read().filter(project=project).exists():
        return "begun"
    if Review.objects.read().filter(Q(known_at__gte=project.sent_at), **same).exists():
        return "has_read"
    taken_back = Project.objects.filter(
        capstone=project.capstone_id, learner=project.learner_id, withdrawn_at__isnull=False
    )
    return "too_often" if taken_back.count() >= MOST_TAKEN_BACK else ""


def withdraw(project: Project) -> None:
    """Takes it back as long as nobody knows it, and its maker nobody else's. Raises NotSent.

    Whoever was asked to read it stays written down, and finds that it was taken back; others read what its maker was
    asked to.
    """
    with transaction.atomic():
        Capstone.objects.select_for_update().get(pk=project.capstone_id)
        if code := why_kept(project):
            raise NotSent(code)
        if not Project.objects.under_review().filter(pk=project.pk).update(withdrawn_at=Now()):
            raise NotSent("decided")
        peers.fill(project.capstone)
