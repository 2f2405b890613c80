"""Which courses place an exercise or a quiz. Grading does not know: there may be several, or none."""

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import get_language
from wagtail.models import Page

from courses.blocks import placed_exercises, placed_quizzes
from courses.events import taking_part
from courses.models import CoursePage, Enrollment, LessonPage, ModulePage, Prerequisite
from grading.models import Exercise, Quiz

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User


def lessons_placing(placed: Exercise | Quiz, courses: list[CoursePage]) -> list[LessonPage | ModulePage]:
    """The published lessons of ``courses`` that place it, in the order of the tree; modules that end with it, too."""
    below = Q()
    for course in courses:
        below |= Q(path__startswith=course.path)
    lessons = LessonPage.objects.live().filter(below).order_by("path") if courses else []
    if isinstance(placed, Exercise):
        return [lesson for lesson in lessons if placed.pk in placed_exercises(lesson.body.raw_data)]
    modules = ModulePage.objects.live().filter(below, quiz=placed) if courses else []
    found = [lesson for lesson in lessons if placed.pk in placed_quizzes(lesson.body.raw_data)]
    return sorted([*found, *modules], key=lambda page: page.path)


def courses_placing(placed: Exercise | Quiz, among: list[uuid.UUID] | None = None) -> list[CoursePage]:
    """The published courses, in every language, with a published lesson or module that places it.

    ``among`` narrows the search to courses with these translation keys.
    """
    courses = CoursePage.objects.live().select_related("locale").order_by("path")
    if among is not None:
        courses = courses.filter(translation_key__in=among)
    found = list(courses)
    paths = [lesson.path for lesson in lessons_placing(placed, found)]
    return [course for course in found if any(path.startswith(course.path) for path in paths)]


def published(keys: Iterable[uuid.UUID]) -> list[CoursePage]:
    """The published pages of these courses: in the reader's language where there is one, else in the other."""
    pages = CoursePage.objects.live().filter(translation_key__in=keys).select_related("locale")
    language = (get_language() or "th")[:2]
    best = {page.translation_key: page for page in pages if page.locale.language_code != language}
    best |= {page.translation_key: page for page in pages if page.locale.language_code == language}
    return list(best.values())


def is_enrolled_for(learner: "_User | AnonymousUser", placed: Exercise | Quiz) -> bool:
    """Whether the learner is enrolled in a course that places it: what handing in requires. A quiz that stands for a
    prerequisite is open to everybody with an account; an exercise of an event to its teams, from the beginning on."""
    if not learner.is_authenticated:
        return False
    if isinstance(placed, Exercise) and taking_part.may_take(learner, placed):
        return True
    if isinstance(placed, Quiz) and Prerequisite.objects.filter(placement_quiz=placed).exists():
        return True  # it shows that one need not take the course
    keys = list(Enrollment.objects.filter(learner=learner).values_list("course_key", flat=True))
    return bool(keys) and bool(courses_placing(placed, among=keys))


def enrolled_course_key(learner: "_User | AnonymousUser", lessons: Iterable[Page]) -> uuid.UUID | None:
    """Of the courses that these lessons belong to the one that the learner is enrolled in."""
    if not learner.is_authenticated:
        return None
    paths = {lesson.path[: -2 * lesson.steplen] for lesson in lessons} | {
        lesson.path[: -lesson.steplen] for lesson in lessons
    }
    keys = CoursePage.objects.filter(path__in=paths).values("translation_key")
    return Enrollment.objects.filter(learner=learner, course_key__in=keys).values_list("course_key", flat=True).first()
