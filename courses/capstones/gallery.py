"""The gallery: finished projects that their makers choose to show, with or without a name, for as long as they like."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Case, F, FloatField, Q, When
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext

from courses import letters, placement
from courses.capstones.models import Capstone, Project, ProjectQuerySet
from courses.progress import is_passed

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

UNPLACED = 80  # the percent asked for where no published course says


class NotShown(Exception):
    """``code``: not_passed, hidden (an instructor took it out), no_gallery."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def needed_percent(capstone: Capstone) -> int:
    """What the course that places its exercise asks for; of several the one that asks for least."""
    return placement.pass_percents([capstone.exercise_id]).get(capstone.exercise_id, UNPLACED)


def has_passed(project: Project) -> bool:
    """Decided, and with as many points as a course that places the exercise asks for."""
    grade = project.submission.grade if project.decided_at else None
    return grade is not None and is_passed(grade.fraction, needed_percent(project.capstone))


def shown() -> ProjectQuerySet:
    """What stands in the gallery: shown by its maker, hidden by nobody, and passed by the grade that counts now."""
    by_consent = Project.objects.in_gallery()
    exercises = set(by_consent.order_by().values_list("capstone__exercise", flat=True))
    asked = [When(capstone__exercise=pk, then=percent) for pk, percent in placement.pass_percents(exercises).items()]
    needed = Case(*asked, default=UNPLACED, output_field=FloatField())
    # The same allowance for the last bit as ``is_passed``.
    is_passed_now = Q(fraction__gte=(F("needed") - 1e-9) / 100.0)
    return by_consent.with_score().alias(needed=needed).filter(is_passed_now)


def share(project: Project, *, shows_name: bool) -> None:
    """Its maker's consent to show it, from now on. Raises NotShown."""
    if not project.capstone.has_gallery:
        raise NotShown("no_gallery")
    if project.hidden_at:
        raise NotShown("hidden")
    if not has_passed(project):
        raise NotShown("not_passed")
    Project.objects.filter(pk=project.pk).update(shared_at=project.shared_at or Now(), shows_name=shows_name)


def withdraw(project: Project) -> None:
    """Takes the consent back: from this moment nobody finds it."""
    Project.objects.filter(pk=project.pk).update(shared_at=None, shows_name=False)


def hide(project: Project, *, by: "_User", reason: str) -> None:
    """An instructor takes it out; its maker reads why."""
    was_shown = Project.objects.filter(pk=project.pk, hidden_at=None)
    if was_shown.update(hidden_at=Now(), hidden_by=by, hidden_reason=reason[:300]):
        transaction.on_commit(lambda: _tell(project, reason[:300]), robust=True)


def _tell(project: Project, reason: str) -> None:
    path = reverse("capstones:project", args=[project.capstone.exercise.slug])
    context = {"project": project, "reason": reason}
    letters.write(project.learner, "capstones/letters/hidden.txt", _subject, context, path)


def _subject() -> str:
    return gettext("Your project was taken out of the gallery")


def show_again(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(hidden_at=None, hidden_by=None, hidden_reason="")
