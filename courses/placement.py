"""Which courses place an exercise or a quiz. Grading does not know: there may be several, or none."""

import uuid
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import get_language
from wagtail.models import Page, ReferenceIndex

from courses.blocks import placed_exercises, placed_quizzes
from courses.events import taking_part
from courses.models import CoursePage, Enrollment, LessonCompletion, LessonPage, ModulePage, Prerequisite
from grading.models import Exercise, Quiz

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User


def pages_placing(placed: Exercise | Quiz) -> list[LessonPage | ModulePage]:
    """The published lessons that place it and modules that end with it, in every language, in the order of the tree.

    Wagtail's index of references knows them: no other lesson is read, however many there are.
    """
    kinds = ContentType.objects.get_for_models(type(placed), Page)
    naming = ReferenceIndex.objects.filter(
        to_content_type=kinds[type(placed)], to_object_id=str(placed.pk), base_content_type=kinds[Page]
    ).values_list("object_id", flat=True)
    pages = [int(pk) for pk in naming]
    lessons = LessonPage.objects.live().filter(pk__in=pages).order_by("path")
    if isinstance(placed, Exercise):
        return [lesson for lesson in lessons if placed.pk in placed_exercises(lesson.body.raw_data)]
    found = [lesson for lesson in lessons if placed.pk in placed_quizzes(lesson.body.raw_data)]
    return sorted([*found, *ModulePage.objects.live().filter(quiz=placed)], key=lambda page: page.path)


def lessons_placing(placed: Exercise | Quiz, courses: list[CoursePage]) -> list[LessonPage | ModulePage]:
    """Those of ``pages_placing`` that belong to ``courses``."""
    return [page for page in pages_placing(placed) if any(page.path.startswith(course.path) for course in courses)]


def courses_placing(placed: Exercise | Quiz, among: list[uuid.UUID] | None = None) -> list[CoursePage]:
    """The published courses, in every language, with a published lesson or module that places it.

    ``among`` narrows the search to courses with these translation keys.
    """
    above = {course_path(page) for page in pages_placing(placed)}
    courses = CoursePage.objects.live().filter(path__in=above).select_related("locale").order_by("path")
    return list(courses if among is None else courses.filter(translation_key__in=among))


def pass_percents(exercises: Collection[int]) -> dict[int, int]:
    """By exercise the percent that a published course placing it asks for, of several the lowest; in three queries."""
    kinds = ContentType.objects.get_for_models(Exercise, Page)
    naming = ReferenceIndex.objects.filter(
        to_content_type=kinds[Exercise], to_object_id__in=map(str, exercises), base_content_type=kinds[Page]
    ).values_list("object_id", flat=True)
    lessons = list(LessonPage.objects.live().filter(pk__in=[int(pk) for pk in naming]))
    courses = CoursePage.objects.live().filter(path__in={course_path(lesson) for lesson in lessons})
    asked: dict[str, int] = dict(courses.values_list("path", "pass_percent"))
    lowest: dict[int, int] = {}
    for lesson in lessons:
        if (above := course_path(lesson)) in asked:
            for pk in placed_exercises(lesson.body.raw_data):
                lowest[pk] = min(asked[above], lowest.get(pk, asked[above]))
    return {pk: percent for pk, percent in lowest.items() if pk in exercises}


def course_path(page: LessonPage | ModulePage) -> str:
    """Where in the tree the course of a lesson or a module stands."""
    return str(page.path[: -page.steplen * (2 if isinstance(page, LessonPage) else 1)])


def published(keys: Iterable[uuid.UUID]) -> list[CoursePage]:
    """The published pages of these courses: in the reader's language where there is one, else in the other."""
    pages = CoursePage.objects.live().filter(translation_key__in=keys).select_related("locale")
    language = (get_language() or "th")[:2]
    best = {page.translation_key: page for page in pages if page.locale.language_code != language}
    best |= {page.translation_key: page for page in pages if page.locale.language_code == language}
    return list(best.values())


def begun_by(learner: "_User") -> set[uuid.UUID]:
    """The courses that the learner is enrolled in, or read a lesson of before they left."""
    keys = Enrollment.objects.filter(learner=learner).values_list("course_key", flat=True)
    done = LessonCompletion.objects.filter(learner=learner).values("lesson_key")
    above = {course_path(lesson) for lesson in LessonPage.objects.filter(translation_key__in=done).only("path")}
    return {*keys, *CoursePage.objects.filter(path__in=above).values_list("translation_key", flat=True)}


def is_enrolled_for(learner: "_User | AnonymousUser", placed: Exercise | Quiz) -> bool:
    """Whether the learner is enrolled in a course that places it: what handing in requires. A quiz that stands for a
    prerequisite is open to everybody with an account; an exercise of an event to its teams, from the beginning on."""
    if not learner.is_authenticated:
        return False
    if isinstance(placed, Exercise):
        if taking_part.may_take(learner, placed):
            return True
        if taking_part.is_secret(placed):  # whatever lesson was published with it meanwhile
            return False
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
