"""The outline of courses as one learner sees it: modules, lessons, exercises, and what is done.

A handful of queries for any number of courses, so that lists stay as quick with thirty courses as with one.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse

from courses.blocks import placed_exercises, placed_quizzes
from courses.progress import Checklist, Progress, Result, Step, checklist, is_passed, progress
from grading.models import Exercise, Quiz, QuizAttempt, Submission
from grading.policies import Counts, counting

if TYPE_CHECKING:
    from courses.models import CoursePage

# How an author looks at a draft (request.preview_as): with the other drafts around it, and nothing done yet.
AS_LEARNER, AS_VISITOR = "learner", "visitor"


@dataclass(frozen=True, slots=True)
class ExerciseLine:
    """An exercise in a lesson, with the learner's best score (None: nothing graded yet)."""

    exercise: Exercise
    score: float | None
    max_score: float | None
    is_passed: bool
    needed_percent: int = 0

    @property
    def url(self) -> str:
        return reverse("courses:exercise", args=[self.exercise.slug])

    def step(self) -> Step:
        result = Result(self.score, self.max_score, self.needed_percent)
        return Step(self.exercise.title, self.url, self.is_passed, is_exercise=True, result=result)


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
        result = Result(self.score, self.max_score, self.quiz.pass_percent)
        return Step(self.quiz.title, self.url, self.is_passed, is_quiz=True, result=result)


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
            yield line.step()
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

    @property
    def progress(self) -> Progress:
        return progress(self.steps())


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
    def checklist(self) -> Checklist:
        return checklist(step for module in self.modules for step in module.steps())

    def part(self, key: uuid.UUID) -> Progress | None:
        """How far the learner is in the course, or in the module, with this translation key; None: there is none."""
        if key == self.course.translation_key:
            return self.progress
        return next((module.progress for module in self.modules if module.key == key), None)

    def title_of(self, key: uuid.UUID) -> str:
        """The title of the course or of the module with this key; empty when there is none."""
        titles = {module.key: module.title for module in self.modules}
        return str(self.course.title if key == self.course.translation_key else titles.get(key, ""))

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
    readers = [request.user] if request.user.is_authenticated else []
    shelf = _Shelf(courses, request)
    return shelf.outlines(shelf.records(readers).get(request.user.pk or 0, Record()))


def for_learners(courses: Sequence["CoursePage"], learners: Sequence[Any]) -> dict[int, list[Outline]]:
    """The same for any number of learners at once, by primary key: for letters and lists of others' progress."""
    shelf = _Shelf(courses)
    return {pk: shelf.outlines(record) for pk, record in shelf.records(learners).items()}


def for_nobody(courses: Sequence["CoursePage"]) -> list[Outline]:
    """The same without a learner: nothing of it is done."""
    return _Shelf(courses).outlines(Record())


@dataclass(slots=True)
class Record:
    """What one learner has done: keys of courses and lessons; by exercise its score, its maximum and their share;
    by quiz the attempt that counts."""

    enrolled: set[uuid.UUID] = field(default_factory=set)
    done: set[uuid.UUID] = field(default_factory=set)
    best: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    attempts: dict[int, QuizAttempt] = field(default_factory=dict)


class _Shelf:
    """What many lines need, fetched once: the pages below the courses, and what they place."""

    def __init__(self, courses: Sequence["CoursePage"], request: HttpRequest | None = None) -> None:
        self.request = request
        self.courses = courses
        self.preview = getattr(request, "preview_as", "")
        modules, lessons = _pages_below(courses, drafts=bool(self.preview)) if courses else ([], [])
        self.modules, self.lessons = _by_parent(modules), _by_parent(lessons)
        self.lesson_keys = [lesson.translation_key for lesson in lessons]
        self.placed = {lesson.pk: placed_exercises(lesson.body.raw_data) for lesson in lessons}
        placed = {pk for pks in self.placed.values() for pk in pks}
        self.exercises = Exercise.objects.in_bulk(placed) if placed else {}
        self.placed_quizzes = {lesson.pk: placed_quizzes(lesson.body.raw_data) for lesson in lessons}
        quizzes = {pk for pks in self.placed_quizzes.values() for pk in pks}
        quizzes |= {module.quiz_id for module in modules if module.quiz_id}
        self.quizzes = Quiz.objects.in_bulk(quizzes) if quizzes else {}

    def records(self, learners: Sequence[Any]) -> dict[int, Record]:
        """What each of them has done of all this, by primary key: four queries for any number of them."""
        from courses.models import Enrollment, LessonCompletion  # noqa: PLC0415 - pages use outlines

        found = {learner.pk: Record() for learner in learners}
        if not found or not self.courses:
            return found
        keys = [course.translation_key for course in self.courses]
        enrolled = Enrollment.objects.filter(learner__in=found, course_key__in=keys)
        for pk, key in enrolled.values_list("learner_id", "course_key"):
            found[pk].enrolled.add(key)
        completions = LessonCompletion.objects.filter(learner__in=found, lesson_key__in=self.lesson_keys)
        for pk, key in completions.values_list("learner_id", "lesson_key"):
            found[pk].done.add(key)
        if self.exercises:
            for pk, exercise, result in _results(list(found), self.exercises):
                found[pk].best[exercise] = result
        if self.quizzes:
            for attempt in QuizAttempt.objects.counting_among(list(found), list(self.quizzes)):
                found[attempt.learner_id].attempts[attempt.quiz_id] = attempt
        return found

    def outlines(self, record: Record) -> list[Outline]:
        """The outline of each course, in their order, for whoever has this record."""
        return [
            Outline(
                course=course,
                url=self.url(course),
                modules=[self.module_line(record, one, course.pass_percent) for one in self.modules[course.path]],
                is_enrolled=course.translation_key in record.enrolled or self.preview == AS_LEARNER,
            )
            for course in self.courses
        ]

    def url(self, page: Any) -> str:
        if self.preview:
            return reverse("wagtailadmin_pages:view_draft", args=[page.pk])
        return page.get_url(self.request) or ""

    def module_line(self, record: Record, module: Any, pass_percent: int) -> ModuleLine:
        lines = [self.lesson_line(record, lesson, pass_percent) for lesson in self.lessons[module.path]]
        quiz = self.quiz_line(record, module.quiz_id)
        return ModuleLine(module.translation_key, module.title, module.summary, self.url(module), lines, quiz)

    def lesson_line(self, record: Record, lesson: Any, pass_percent: int) -> LessonLine:
        known = [self.exercises[pk] for pk in dict.fromkeys(self.placed[lesson.pk]) if pk in self.exercises]
        quizzes = [self.quiz_line(record, pk) for pk in dict.fromkeys(self.placed_quizzes[lesson.pk])]
        return LessonLine(
            key=lesson.translation_key,
            title=lesson.title,
            url=self.url(lesson),
            minutes=lesson.minutes,
            is_done=lesson.translation_key in record.done,
            exercises=[self.exercise_line(record, exercise, pass_percent) for exercise in known],
            quizzes=[line for line in quizzes if line],
        )

    def quiz_line(self, record: Record, pk: int | None) -> QuizLine | None:
        quiz = self.quizzes.get(pk) if pk else None
        return QuizLine(quiz, record.attempts.get(quiz.pk)) if quiz else None

    def exercise_line(self, record: Record, exercise: Exercise, pass_percent: int) -> ExerciseLine:
        if exercise.pk not in record.best:
            return ExerciseLine(exercise, None, None, is_passed=False, needed_percent=pass_percent)
        score, max_score, fraction = record.best[exercise.pk]
        passed = is_passed(fraction, pass_percent)
        return ExerciseLine(exercise, score, max_score, is_passed=passed, needed_percent=pass_percent)


def _results(
    learners: Sequence[int], exercises: dict[int, Exercise]
) -> Iterator[tuple[int, int, tuple[float, float, float]]]:
    """(learner, exercise, what counts of their graded attempts) for each pair that has any."""
    graded = Submission.objects.filter(learner__in=learners, exercise__in=exercises).graded()
    # The columns that graded() adds are unknown to the type checker.
    columns: Any = ("learner_id", "exercise_id", "attempt", "score", "max_score", "fraction")
    by_pair: dict[tuple[int, int], dict[int, tuple[float, float, float]]] = {}
    for learner, exercise, attempt, *result in graded.order_by().values_list(*columns):
        by_pair.setdefault((learner, exercise), {})[attempt] = (result[0], result[1], result[2])
    for (learner, exercise), attempts in by_pair.items():
        rule = Counts(exercises[exercise].counts)
        chosen = counting(rule, [(attempt, result[2]) for attempt, result in attempts.items()])
        if chosen is not None:
            yield learner, exercise, attempts[chosen]


def _pages_below(courses: Sequence["CoursePage"], *, drafts: bool = False) -> tuple[list[Any], list[Any]]:
    """The published modules and lessons below ``courses``, in the order of the tree; ``drafts``: all, as last saved."""
    from courses.models import LessonPage, ModulePage  # noqa: PLC0415 - pages use outlines

    below = Q()
    for course in courses:
        below |= Q(path__startswith=course.path)
    modules = ModulePage.objects.filter(below).order_by("path")
    lessons = LessonPage.objects.filter(below).order_by("path")
    if not drafts:
        return list(modules.live()), list(lessons.live())
    as_saved = [[page.get_latest_revision_as_object() for page in pages] for pages in (modules, lessons)]
    return as_saved[0], as_saved[1]


def _by_parent(pages: Iterable[Any]) -> defaultdict[str, list[Any]]:
    """Pages by the tree path of their parent, in the order given."""
    shelves: defaultdict[str, list[Any]] = defaultdict(list)
    for page in pages:
        shelves[page.path[: -page.steplen]].append(page)
    return shelves
