"""A person decides on a project. Peers advise; the points are an instructor's, and go the way of all points by hand."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from courses.capstones import rubrics
from courses.capstones.models import Project, Review
from grading import reviewing
from grading.reviewing import Given, kept_text

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


class NotDecided(Exception):
    """``code``: own_work, reviewer (they reviewed it as a peer), unfinished (a level is missing), too_early (reviews
    are still open, and it was not said that this is meant), overtaken (somebody else decided meanwhile), withdrawn,
    not_graded."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def decide(
    project: Project,
    *,
    by: "_User",
    levels: list[int],
    comment: str,
    seen: datetime | None = None,
    without_all: bool = False,
) -> None:
    """Confirms a judgement, or corrects the one of ``seen`` (when it was made). Raises NotDecided.

    The rubric's share becomes points of the parts that the examiner left to a person: a round of the grade like any
    other, with its audit entry, its letter to the learner and its appeal.
    """
    if project.learner_id == by.pk:
        raise NotDecided("own_work")
    if project.withdrawn_at:
        raise NotDecided("withdrawn")
    reviews = list(Review.objects.standing().filter(project=project))
    # Also who was asked and gave it back: they have seen it as a peer.
    if Review.objects.filter(project=project, reviewer=by.pk).exists():
        raise NotDecided("reviewer")
    if not rubrics.is_whole(project.rubric, levels):
        raise NotDecided("unfinished")
    given = sum(one.sent_at is not None for one in reviews)
    if seen is None and given < project.capstone.reviewers and not without_all:
        raise NotDecided("too_early")
    with transaction.atomic():
        same = Project.objects.filter(pk=project.pk, decided_at=seen, withdrawn_at=None)
        if not same.update(levels=levels, comment=kept_text(comment), decided_by=by, decided_at=timezone.now()):
            raise NotDecided("overtaken")
        _give_points(project, by, levels, comment)


def _give_points(project: Project, by: "_User", levels: list[int], comment: str) -> None:
    submission, share = project.submission, rubrics.share(project.rubric, levels)
    grade = submission.grade
    if grade is None:
        raise NotDecided("not_graded")
    given = {
        check.id: Given(round(share * check.max_points, 2), comment)
        for check in reviewing.found_in(grade)
        if check.outcome == "waiting"
    }
    try:
        reviewing.judge(submission, reviewer=by, given=given, seen_round=grade.round)
    except reviewing.Overtaken:
        raise NotDecided("overtaken") from None
    except reviewing.Refused as refused:
        raise NotDecided("own_work" if refused.code == "own_work" else "not_graded") from None
