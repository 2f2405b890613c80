"""The outline of courses as one learner sees it: modules, lessons, exercises, and what is done.

A handful of queries for any number of courses, so that lists stay as quick with thirty courses as with one.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from courses.blocks import placed_exercises
from courses.progress import Progress, Step, is_passed, progress
from grading.models import Exercise, Submission

if TYPE_CHECKING:
    from courses.models import CoursePage


@dataclass(frozen=True, slots=True)
class ExerciseLine:
    """An exercise in a lesson, with the learner's best score (None: nothing graded yet)."""

    exercise: Exercise
    score: float | None
    max_score: float | None
    is_passed: bool

    @property
    def url(self) -> str:
        return reverse("courses:exercise", args=[self.exercise.slug])


@dataclass(frozen=True, slots=True)
class LessonLine:
    key: uuid.UUID
    title: str
    url: str
    minutes: int
    is_done: bool
    exercises: Sequence[ExerciseLine] = ()

    def steps(self) -> Iterable[Step]:
        yield Step(self.title, self.url, self.is_done)
        for line in self.exercises:
            yield Step(line.exercise.title, line.url, line.is_passed, is_exercise=True)


@dataclass(frozen=True, slots=True)
class ModuleLine:
    key: uuid.UUID
    title: str
    summary: str
    url: str
    lessons: list[LessonLine] = field(default_factory=list)

    @property
    def minutes(self) -> int:
        return sum(lesson.minutes for lesson in self.lessons)


@dataclass(frozen=True, slots=True)
class Outline:
    course: "CoursePage"
    url: str
    modules: Sequence[ModuleLine]
    is_enrolled: bool

    @property
    def lessons(self) -> list[LessonLine]:
        return [lesson for module in self.modules for lesson in module.lessons]

    @property
    def progress(self) -> Progress:
        return progress(step for lesson in self.lessons for step in lesson.steps())

    @property
    def exercises(self) -> dict[int, ExerciseLine]:
        return {line.exercise.pk: line for lesson in self.lessons for line in lesson.exercises}

    def around(self, key: uuid.UUID) -> dict[str, Any]:
        """What a lesson's page shows besides its text: its own line, the ones before and after, its exercises."""
        lessons = self.lessons
        here = next((i for i, lesson in enumerate(lessons) if lesson.key == key), None)
        found: dict[str, Any] = {"outline": self, "exercises": self.exercises, "lesson": None}
        if here is None:  # a draft: not part of the published course yet
            return found
        return found | {
            "lesson": lessons[here],
            "module": next(m for m in self.modules if any(line.key == key for line in m.lessons)),
            "previous": lessons[here - 1] if here else None,
            "next": lessons[here + 1] if here + 1 < len(lessons) else None,
        }


def of_course(course: "CoursePage", request: HttpRequest) -> Outline:
    """The outline of one course for the reader of this page."""
    return of_courses([course], request)[0]


def of_courses(courses: Sequence["CoursePage"], request: HttpRequest) -> list[Outline]:
    """The outlines of ``courses``, in the same order, for the reader of this page."""
    from courses.models import Enrollment, LessonCompletion  # noqa: PLC0415 - pages use outlines

    if not courses:
        return []
    modules, lessons = _pages_of(courses)
    placed = {lesson.pk: placed_exercises(lesson.body.raw_data) for lesson in lessons}
    exercises = Exercise.objects.in_bulk({pk for pks in placed.values() for pk in pks})
    learner = request.user if request.user.is_authenticated else None
    done: set[uuid.UUID] = set()
    enrolled: set[uuid.UUID] = set()
    best: dict[int, Any] = {}
    if learner:
        enrolled = set(Enrollment.objects.of(learner).values_list("course_key", flat=True))
        keys = [lesson.translation_key for lesson in lessons]
        completions = LessonCompletion.objects.filter(learner=learner, lesson_key__in=keys)
        done = set(completions.values_list("lesson_key", flat=True))
        if exercises:
            own = Submission.objects.best_for(learner).filter(exercise__in=exercises)
            best = {row["exercise"]: row for row in own.values("exercise", "score", "max_score", "fraction")}

    def exercise_lines(lesson: Any, pass_percent: int) -> list[ExerciseLine]:
        known = [exercises[pk] for pk in dict.fromkeys(placed[lesson.pk]) if pk in exercises]
        return [_exercise_line(exercise, best.get(exercise.pk), pass_percent) for exercise in known]

    by_module = defaultdict(list)
    for lesson in lessons:
        by_module[_parent_path(lesson)].append(lesson)
    by_course = defaultdict(list)
    for module in modules:
        by_course[_parent_path(module)].append(module)

    def module_line(module: Any, pass_percent: int) -> ModuleLine:
        lines = [
            LessonLine(
                key=lesson.translation_key,
                title=lesson.title,
                url=lesson.get_url(request) or "",
                minutes=lesson.minutes,
                is_done=lesson.translation_key in done,
                exercises=exercise_lines(lesson, pass_percent),
            )
            for lesson in by_module[module.path]
        ]
        return ModuleLine(module.translation_key, module.title, module.summary, module.get_url(request) or "", lines)

    return [
        Outline(
            course=course,
            url=course.get_url(request) or "",
            modules=[module_line(module, course.pass_percent) for module in by_course[course.path]],
            is_enrolled=course.translation_key in enrolled,
        )
        for course in courses
    ]


def _pages_of(courses: Sequence["CoursePage"]) -> tuple[list[Any], list[Any]]:
    """The published modules and lessons below ``courses``, in the order of the tree."""
    from courses.models import LessonPage, ModulePage  # noqa: PLC0415 - pages use outlines

    below = Q()
    for course in courses:
        below |= Q(path__startswith=course.path)
    modules = list(ModulePage.objects.live().filter(below).order_by("path"))
    lessons = list(LessonPage.objects.live().filter(below).order_by("path"))
    return modules, lessons


def _parent_path(page: Any) -> str:
    return str(page.path[: -page.steplen])


def _exercise_line(exercise: Exercise, best: Any, pass_percent: int) -> ExerciseLine:
    if best is None:
        return ExerciseLine(exercise, None, None, is_passed=False)
    passed = is_passed(best["fraction"], pass_percent)
    return ExerciseLine(exercise, best["score"], best["max_score"], is_passed=passed)
