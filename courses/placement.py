"""Which courses place an exercise. Grading does not know: an exercise may be placed in several lessons, or in none."""

import uuid
from typing import TYPE_CHECKING

from django.db.models import Q

from courses.blocks import placed_exercises
from courses.models import CoursePage, Enrollment, LessonPage
from grading.models import Exercise

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User


def lessons_placing(exercise: Exercise, courses: list[CoursePage]) -> list[LessonPage]:
    """The published lessons of ``courses`` that place ``exercise``, in the order of the tree."""
    below = Q()
    for course in courses:
        below |= Q(path__startswith=course.path)
    lessons = LessonPage.objects.live().filter(below).order_by("path") if courses else []
    return [lesson for lesson in lessons if exercise.pk in placed_exercises(lesson.body.raw_data)]


def courses_placing(exercise: Exercise, among: list[uuid.UUID] | None = None) -> list[CoursePage]:
    """The published courses, in every language, with a published lesson that places ``exercise``.

    ``among`` narrows the search to courses with these translation keys.
    """
    courses = CoursePage.objects.live().select_related("locale").order_by("path")
    if among is not None:
        courses = courses.filter(translation_key__in=among)
    found = list(courses)
    paths = [lesson.path for lesson in lessons_placing(exercise, found)]
    return [course for course in found if any(path.startswith(course.path) for path in paths)]


def is_enrolled_for(learner: "_User | AnonymousUser", exercise: Exercise) -> bool:
    """Whether the learner is enrolled in a course that places ``exercise``: what handing in requires."""
    if not learner.is_authenticated:
        return False
    keys = list(Enrollment.objects.filter(learner=learner).values_list("course_key", flat=True))
    return bool(keys) and bool(courses_placing(exercise, among=keys))
