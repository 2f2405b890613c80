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

from courses.blocks import placed_exercises, placed_quizzes
from courses.progress import Progress, Step, is_passed, progress
from grading.models import Exercise, Quiz, QuizAttempt, Submission

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
class QuizLine:
    """A quiz of a lesson or module, with the learner's attempt that counts (None: none finished yet)."""

    quiz: Quiz
    attempt: QuizAttempt | None

    @property
    def is_passed(self) -> bool:
        return self.attempt is not None and self.attempt.is_passed

    @property
    def score(self) -> float | None:
        return self.attempt.score if self.attempt else None

    @property
    def max_score(self) -> float | None:
        return self.attempt.max_score if self.attempt else None

    @property
    def url(self) -> str:
        return reverse("courses:quiz", args=[self.quiz.slug])

    def step(self) -> Step:
        return Step(self.quiz.title, self.url, self.is_passed, is_quiz=True)


@dataclass(frozen=True, slots=True)
class LessonLine:
    key: uuid.UUID
    title: str
    url: str
    minutes: int
    is_done: bool
    exercises: Sequence[ExerciseLine] = ()
    quizzes: Sequence[QuizLine] = ()

    def steps(self) -> Iterable[Step]:
        yield Step(self.title, self.url, self.is_done)
        for line in self.exercises:
            yield Step(line.exercise.title, line.url, line.is_passed, is_exercise=True)
        for quiz in self.quizzes:
            yield quiz.step()


@dataclass(frozen=True, slots=True)
class ModuleLine:
    key: uuid.UUID
    title: str
    summary: str
    url: str
    lessons: list[LessonLine] = field(default_factory=list)
    quiz: QuizLine | None = None

    def steps(self) -> Iterable[Step]:
        for lesson in self.lessons:
            yield from lesson.steps()
        if self.quiz:
            yield self.quiz.step()

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
        return progress(step for module in self.modules for step in module.steps())

    @property
    def exercises(self) -> dict[int, ExerciseLine]:
        return {line.exercise.pk: line for lesson in self.lessons for line in lesson.exercises}

    @property
    def quizzes(self) -> dict[int, QuizLine]:
        return {line.quiz.pk: line for lesson in self.lessons for line in lesson.quizzes}

    def around(self, key: uuid.UUID) -> dict[str, Any]:
        """What a lesson's page shows besides its text: its own line, the ones before and after, its exercises."""
        lessons = self.lessons
        here = next((i for i, lesson in enumerate(lessons) if lesson.key == key), None)
        found: dict[str, Any] = {"outline": self, "exercises": self.exercises, "quizzes": self.quizzes}
        found["lesson"] = None
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
    if not courses:
        return []
    modules, lessons = _pages_below(courses)
    shelf = _Shelf(request, modules, lessons)
    lessons_of = _by_parent(lessons)
    modules_of = _by_parent(modules)

    def module_line(module: Any, pass_percent: int) -> ModuleLine:
        lines = [shelf.lesson_line(lesson, pass_percent) for lesson in lessons_of[module.path]]
        url, quiz = shelf.url(module), shelf.quiz_line(module.quiz_id)
        return ModuleLine(module.translation_key, module.title, module.summary, url, lines, quiz)

    return [
        Outline(
            course=course,
            url=shelf.url(course),
            modules=[module_line(module, course.pass_percent) for module in modules_of[course.path]],
            is_enrolled=course.translation_key in shelf.enrolled,
        )
        for course in courses
    ]


class _Shelf:
    """What many lines need, fetched once: the exercises that lessons place, and what the reader has done."""

    def __init__(self, request: HttpRequest, modules: Sequence[Any], lessons: Sequence[Any]) -> None:
        self.request = request
        self.placed = {lesson.pk: placed_exercises(lesson.body.raw_data) for lesson in lessons}
        self.exercises = Exercise.objects.in_bulk({pk for pks in self.placed.values() for pk in pks})
        self.placed_quizzes = {lesson.pk: placed_quizzes(lesson.body.raw_data) for lesson in lessons}
        quizzes = {pk for pks in self.placed_quizzes.values() for pk in pks}
        quizzes |= {module.quiz_id for module in modules if module.quiz_id}
        self.quizzes = Quiz.objects.in_bulk(quizzes) if quizzes else {}
        self.enrolled: set[uuid.UUID] = set()
        self.done: set[uuid.UUID] = set()
        self.best: dict[int, dict[str, Any]] = {}
        self.attempts: dict[int, QuizAttempt] = {}
        if request.user.is_authenticated:
            self._fetch_record(request.user, [lesson.translation_key for lesson in lessons])

    def _fetch_record(self, learner: Any, lesson_keys: list[uuid.UUID]) -> None:
        from courses.models import Enrollment, LessonCompletion  # noqa: PLC0415 - pages use outlines

        self.enrolled = set(Enrollment.objects.of(learner).values_list("course_key", flat=True))
        completions = LessonCompletion.objects.filter(learner=learner, lesson_key__in=lesson_keys)
        self.done = set(completions.values_list("lesson_key", flat=True))
        if self.exercises:
            own = Submission.objects.best_for(learner).filter(exercise__in=self.exercises)
            # The columns that with_score() adds are unknown to the type checker.
            scores: Any = own.values("exercise_id", "score", "max_score", "fraction")  # type: ignore[misc]
            self.best = {row["exercise_id"]: row for row in scores}
        if self.quizzes:
            self.attempts = QuizAttempt.objects.counting_for(learner, list(self.quizzes))

    def url(self, page: Any) -> str:
        return page.get_url(self.request) or ""

    def lesson_line(self, lesson: Any, pass_percent: int) -> LessonLine:
        known = [self.exercises[pk] for pk in dict.fromkeys(self.placed[lesson.pk]) if pk in self.exercises]
        return LessonLine(
            key=lesson.translation_key,
            title=lesson.title,
            url=self.url(lesson),
            minutes=lesson.minutes,
            is_done=lesson.translation_key in self.done,
            exercises=[self.exercise_line(exercise, pass_percent) for exercise in known],
            quizzes=[line for pk in dict.fromkeys(self.placed_quizzes[lesson.pk]) if (line := self.quiz_line(pk))],
        )

    def quiz_line(self, pk: int | None) -> QuizLine | None:
        quiz = self.quizzes.get(pk) if pk else None
        return QuizLine(quiz, self.attempts.get(quiz.pk)) if quiz else None

    def exercise_line(self, exercise: Exercise, pass_percent: int) -> ExerciseLine:
        best = self.best.get(exercise.pk)
        if best is None:
            return ExerciseLine(exercise, None, None, is_passed=False)
        passed = is_passed(best["fraction"], pass_percent)
        return ExerciseLine(exercise, best["score"], best["max_score"], is_passed=passed)


def _pages_below(courses: Sequence["CoursePage"]) -> tuple[list[Any], list[Any]]:
    """The published modules and lessons below ``courses``, in the order of the tree."""
    from courses.models import LessonPage, ModulePage  # noqa: PLC0415 - pages use outlines

    below = Q()
    for course in courses:
        below |= Q(path__startswith=course.path)
    modules = list(ModulePage.objects.live().filter(below).order_by("path"))
    lessons = list(LessonPage.objects.live().filter(below).order_by("path"))
    return modules, lessons


def _by_parent(pages: Iterable[Any]) -> defaultdict[str, list[Any]]:
    """Pages by the tree path of their parent, in the order given."""
    shelves: defaultdict[str, list[Any]] = defaultdict(list)
    for page in pages:
        shelves[page.path[: -page.steplen]].append(page)
    return shelves
