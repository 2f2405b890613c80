"""Who reviews whose project. Chance decides among those who have the least to do; nobody reviews their own, and two who
would review each other are the last choice. Whoever is late or gone is replaced as soon as somebody else is there."""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from courses import letters, placement
from courses.capstones import rubrics
from courses.capstones.models import Capstone, Project, ProjectQuerySet, Review
from courses.models import Enrollment
from courses.post_text import tidy

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

# Open reviews of one person beyond those that they owe for their own project.
MOST_MORE = 2
MOST_READERS = 20  # of one letter to those who decide; their desk shows it to all
SHORTEST_COMMENT = 20
REMINDED_BEFORE = timedelta(days=1)
_chance = random.SystemRandom()


class NotReviewed(Exception):
    """``code``: closed (passed on, sent, or the project no longer waits), unfinished (a level is missing), short."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def eligible(capstone: Capstone) -> set[int]:
    """Those who may review: they have sent a project of their own, are enrolled, and have an account in use."""
    keys = {course.translation_key for course in placement.courses_placing(capstone.exercise)}
    sent = Project.objects.filter(capstone=capstone, withdrawn_at=None, learner__is_active=True).values("learner")
    return set(Enrollment.objects.filter(course_key__in=keys, learner__in=sent).values_list("learner_id", flat=True))


@dataclass(slots=True)
class _Round:
    """What one assignment knows: who may, who reviews what already, and how much everybody has."""

    capstone: Capstone
    people: set[int]
    read: dict[int, set[int]]  # reviewer → whose projects they were asked to read
    decided: set[int]  # whose project is decided
    pairs: set[tuple[Any, int]]  # project and reviewer, whatever became of it
    passed_on: set[tuple[int, int]]  # maker and reviewer: no other project of this maker's either
    given: Counter[int]
    open: Counter[int]

    def choose(self, project: Project) -> int | None:
        """Somebody for this project; None when there is nobody."""
        read_by_maker = self.read.get(project.learner_id, set())
        most = self.capstone.reviewers + MOST_MORE
        free = [
            pk
            for pk in self.people
            if pk != project.learner_id
            and (project.pk, pk) not in self.pairs
            and (project.learner_id, pk) not in self.passed_on
            and self.open[pk] < most
        ]
        return min(free, key=lambda pk: self.rank(pk, is_mutual=pk in read_by_maker), default=None)

    def rank(self, pk: int, *, is_mutual: bool) -> tuple[bool, bool, int, float]:
        """Who is asked first: last those whose own project is decided and who owe no review."""
        is_done = pk in self.decided and self.given[pk] >= self.capstone.reviewers
        return is_done, is_mutual, self.given[pk], _chance.random()

    def assign(self, project: Project) -> Review | None:
        chosen = self.choose(project)
        if chosen is None:
            return None
        due_at = timezone.now() + timedelta(days=self.capstone.review_days)
        review = Review.objects.create(project=project, reviewer_id=chosen, due_at=due_at)
        self.pairs.add((project.pk, chosen))
        self.read.setdefault(chosen, set()).add(project.learner_id)
        self.given[chosen] += 1
        self.open[chosen] += 1
        transaction.on_commit(lambda: _write(review, "asked"), robust=True)
        return review


def fill(capstone: Capstone) -> int:
    """Gives every project that waits the peers it lacks, and replaces those who are late or gone; how many were asked.

    Asking twice at once is the same as once: the capstone's row is held meanwhile.
    """
    with transaction.atomic():
        held = Capstone.objects.select_for_update().select_related("exercise").get(pk=capstone.pk)
        round_ = _look(held)
        asked = 0
        waiting = Project.objects.under_review().filter(capstone=held).order_by("sent_at", "pk")
        for project in waiting.prefetch_related("reviews"):
            asked += _fill(round_, project)
    return asked


def _look(capstone: Capstone) -> _Round:
    projects = Project.objects.filter(capstone=capstone)
    reviews = Review.objects.filter(project__in=projects)
    given = reviews.standing().filter(project__withdrawn_at=None)
    pairs: set[tuple[Any, int]] = set()
    passed_on: set[tuple[int, int]] = set()
    read: dict[int, set[int]] = {}
    known = reviews.values_list("project_id", "project__learner_id", "reviewer_id", "released_at")
    for project, maker, reviewer, released_at in known:
        pairs.add((project, reviewer))
        if released_at:
            passed_on.add((maker, reviewer))
        read.setdefault(reviewer, set()).add(maker)
    return _Round(
        capstone,
        eligible(capstone),
        read,
        set(projects.filter(decided_at__isnull=False).values_list("learner_id", flat=True)),
        pairs,
        passed_on,
        Counter(given.values_list("reviewer_id", flat=True)),
        Counter(reviews.open().values_list("reviewer_id", flat=True)),
    )


def _fill(round_: _Round, project: Project) -> int:
    standing = [one for one in project.reviews.all() if one.released_at is None]
    gone = [one for one in standing if one.sent_at is None and one.reviewer_id not in round_.people]
    for one in gone:
        _release(one)
    missing = round_.capstone.reviewers - (len(standing) - len(gone))
    asked = sum(round_.assign(project) is not None for _place in range(max(missing, 0)))
    for one in standing:
        if one not in gone and one.sent_at is None and one.due_at < timezone.now() and round_.assign(project):
            _release(one)
            asked += 1
            transaction.on_commit(partial(_write, one, "passed_on"), robust=True)
    return asked


def _release(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(released_at=Now())


def fill_all() -> int:
    """The same for every capstone for which something waits."""
    waiting = Project.objects.under_review().values("capstone")
    return sum(fill(capstone) for capstone in Capstone.objects.filter(pk__in=waiting))


def remind() -> int:
    """A letter to those whose review is due within a day; each gets one. How many were written."""
    soon = Review.objects.open().filter(reminded_at=None, due_at__lt=Now() + REMINDED_BEFORE, due_at__gt=Now())
    written = 0
    for review in soon.select_related("project__capstone__exercise", "reviewer"):
        if Review.objects.open().filter(pk=review.pk, reminded_at=None).update(reminded_at=Now()):
            written += _write(review, "reminded")
    return written


def begin(review: Review) -> None:
    """The reviewer reads the project: from now on its maker cannot take it back. Raises NotReviewed."""
    with transaction.atomic():
        _hold(review)
        if not Review.objects.open().filter(pk=review.pk).update(opened_at=Coalesce("opened_at", Now())):
            raise NotReviewed("closed")


def _hold(review: Review) -> None:
    """Nobody else's step in this capstone falls in between: taking back, assigning, another review."""
    Capstone.objects.select_for_update().get(pk=review.project.capstone_id)


def save(review: Review, *, levels: list[int | None], comment: str) -> None:
    """Keeps what is written so far; nobody but the reviewer sees it. Raises NotReviewed."""
    changes = {"levels": levels, "comment": tidy(comment)}
    if not Review.objects.open().filter(pk=review.pk).update(**changes):
        raise NotReviewed("closed")


def send(review: Review, *, levels: list[int | None], comment: str) -> None:
    """Sends a whole review; it cannot be changed afterwards. Raises NotReviewed."""
    comment = tidy(comment)
    if not rubrics.is_whole(review.project.rubric, levels):
        raise NotReviewed("unfinished")
    if len(comment) < SHORTEST_COMMENT:
        raise NotReviewed("short")
    with transaction.atomic():
        _hold(review)
        changes = {"levels": levels, "comment": comment, "sent_at": Now()}
        if not Review.objects.open().filter(pk=review.pk).update(**changes):
            raise NotReviewed("closed")
        tell_who_decides(Project.objects.filter(pk=review.project_id))


def give_back(review: Review) -> None:
    """Somebody else should review it: the reviewer knows whose it is, or has no time. Raises NotReviewed."""
    if not Review.objects.open().filter(pk=review.pk).update(released_at=Now()):
        raise NotReviewed("closed")
    fill(review.project.capstone)


def _write(review: Review, what: str) -> bool:
    """A letter to a reviewer: ``asked``, ``reminded`` or ``passed_on``. It names the capstone and nobody."""
    capstone = Capstone.objects.select_related("exercise").get(projects=review.project_id)

    def subject() -> str:
        return {
            "asked": gettext("A project waits for your review: %(title)s"),
            "reminded": gettext("Your review is due: %(title)s"),
            "passed_on": gettext("Your review was passed on: %(title)s"),
        }[what] % {"title": capstone.title}

    path = reverse("capstones:review", args=[review.pk])
    context = {"review": review, "capstone": capstone}
    return letters.write(review.reviewer, f"capstones/letters/{what}.txt", subject, context, path)


def tell_who_decides(among: ProjectQuerySet | None = None) -> int:
    """A letter to those who may decide on each project whose reviews are all in, once; of how many they were told.

    By the clock, too: who asks for fewer reviews makes projects ready for which nobody sends anything any more.
    """
    ready = (Project.objects.all() if among is None else among).all_in().filter(told_at=None)
    told = 0
    for project in ready.select_related("capstone__exercise"):
        if Project.objects.filter(pk=project.pk, told_at=None).update(told_at=Now()):
            transaction.on_commit(partial(_tell_deciders, project), robust=True)
            told += 1
    return told


def _tell_deciders(project: Project) -> None:

    def subject() -> str:
        return gettext("A project waits for your decision: %(title)s") % {"title": project.capstone.title}

    path = reverse("project_decide", args=[project.pk])
    for person in deciders(project):
        letters.write(person, "capstones/letters/to_decide.txt", subject, {"capstone": project.capstone}, path)


def deciders(project: Project) -> Iterable["_User"]:
    """People of the exercise's provider who give points; where it has no provider, all who do. At most twenty."""
    granted = Permission.objects.filter(content_type__app_label="grading", codename="add_judgement")
    may = get_user_model()._default_manager.filter(
        Q(groups__permissions__in=granted) | Q(user_permissions__in=granted), is_active=True
    )
    provider = project.capstone.provider_id
    mine = may.filter(provider_roles__provider=provider) if provider else may
    return mine.exclude(pk=project.learner_id).order_by("pk").distinct()[:MOST_READERS]
