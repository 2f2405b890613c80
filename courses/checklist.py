"""What a course still lacks before it can be published: said to its authors, and held to when it is approved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from courses import course_template, translating, words
from courses.blocks import placed_exercises, placed_quizzes
from courses.models import CoursePage, LessonPage, ModulePage
from grading import quizzing
from grading.models import Exercise, ExerciseVersion, Quiz

FEWEST_OUTCOMES = 3
# Reading at the pace that lessons state should take what the course says it takes, give or take this share.
HOURS_TOLERANCE = 0.25


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a course needs. ``url`` leads to where it is mended, ``places`` are several such, each with its
    name; advice may stay open."""

    text: str
    is_done: bool
    detail: str = ""
    url: str = ""
    places: list[tuple[str, str]] = field(default_factory=list)
    is_advice: bool = False


@dataclass(frozen=True, slots=True)
class Checklist:
    lines: list[Line]

    @property
    def missing(self) -> list[Line]:
        return [line for line in self.lines if not line.is_done and not line.is_advice]

    @property
    def is_complete(self) -> bool:
        return not self.missing


def of_course(course: CoursePage) -> Checklist:
    """The checklist of a course as its authors have it now, drafts included."""
    draft = course.get_latest_revision_as_object() if course.latest_revision_id else course
    return Checklist([*_facts(draft), *_contents(course), *_translation(course)])


def _facts(course: Any) -> Iterator[Line]:
    url = reverse("wagtailadmin_pages:edit", args=[course.pk])

    def said(text: str) -> bool:
        return bool(text.strip()) and not course_template.is_open(text)

    outcomes = [text for text in course.outcome_texts() if said(text)]
    yield Line(_("A code, such as DA-201"), bool(course.code.strip()), url=url)
    yield Line(_("A summary"), said(course.summary), url=url)
    yield Line(_("For whom it is"), said(course.audience) and bool(course.roles), url=url)
    yield Line(_("At least one focus area"), bool(course.areas), url=url, is_advice=True)
    are_written = len(outcomes) >= FEWEST_OUTCOMES and len(outcomes) == len(course.outcome_texts())
    yield Line(_("At least three learning outcomes"), are_written, url=url)
    yield Line(_("Hours of theory and practice"), course.hours > 0, url=url)
    yield Line(_("Who offers it"), said(course.provider), url=url)


def _contents(course: CoursePage) -> Iterator[Line]:
    modules = [page.get_latest_revision_as_object() for page in ModulePage.objects.child_of(course)]
    lessons = [page.get_latest_revision_as_object() for page in LessonPage.objects.descendant_of(course)]
    bodies = {lesson.pk: lesson.body.raw_data for lesson in lessons}
    empty = [module for module in modules if not any(lesson.path.startswith(module.path) for lesson in lessons)]
    yield Line(_("Modules, each with a lesson"), bool(modules) and not empty, places=_pages(empty))
    said = {page.pk: page.summary for page in modules} | {pk: words.of_body(body) for pk, body in bodies.items()}
    unwritten = [
        page
        for page in [*modules, *lessons]
        if course_template.is_open(page.title + said[page.pk]) or (page.pk in bodies and not said[page.pk].strip())
    ]
    yield Line(
        _("Every lesson is written: no text of the template is left"),
        bool(lessons) and not unwritten,
        places=_pages(unwritten),
    )
    yield from _tasks(bodies, modules)
    stated, read = float(course.theory_hours) * 60, sum(lesson.minutes for lesson in lessons)
    yield Line(
        _("The lessons' minutes agree with the hours of theory"),
        abs(read - stated) <= HOURS_TOLERANCE * max(stated, 1),
        detail=_("%(read)d of %(stated)d minutes") % {"read": read, "stated": stated},
        url=reverse("wagtailadmin_pages:edit", args=[course.pk]),
        is_advice=True,
    )


def _tasks(bodies: dict[int, Any], modules: list[Any]) -> Iterator[Line]:
    """Exercises and quizzes: there is something to do, and it can be done."""
    exercises = Exercise.objects.filter(pk__in={pk for body in bodies.values() for pk in placed_exercises(body)})
    chosen = {pk for body in bodies.values() for pk in placed_quizzes(body)}
    quizzes = Quiz.objects.filter(pk__in=chosen | {m.quiz_id for m in modules if m.quiz_id}).prefetch_related("draws")
    yield Line(
        _("An exercise or a quiz"),
        bool(exercises or quizzes),
        detail=_("Make it here, then place it in a lesson: + and then Exercise or Quiz."),
        places=[
            (_("New exercise"), reverse("wagtailsnippets_grading_exercise:add")),
            (_("New quiz"), reverse("wagtailsnippets_grading_quiz:add")),
        ],
    )
    published = ExerciseVersion.objects.filter(is_draft=False).values("exercise")
    drafts = list(exercises.exclude(pk__in=published))
    yield Line(
        _("Every exercise has passed its pre-flight and is published"),
        not drafts,
        places=_snippets("exercise", drafts),
    )
    undrawn = [quiz for quiz in quizzes if not quizzing.is_drawable(quiz)]
    yield Line(
        _("Every quiz finds as many items as it draws"),
        not undrawn,
        places=_snippets("quiz", undrawn),
    )


def _translation(course: CoursePage) -> Iterator[Line]:
    lines = [line for line in translating.of_course(course) if line.state != translating.CURRENT]
    yield Line(
        _("English, as recent as the Thai"),
        not lines,
        detail=ngettext("%(n)d page to translate", "%(n)d pages to translate", len(lines)) % {"n": len(lines)}
        if lines
        else "",
        is_advice=True,
    )


def _pages(pages: list[Any]) -> list[tuple[str, str]]:
    return [(page.title, reverse("wagtailadmin_pages:edit", args=[page.pk])) for page in pages]


def _snippets(kind: str, found: list[Any]) -> list[tuple[str, str]]:
    return [(one.title, reverse(f"wagtailsnippets_grading_{kind}:edit", args=[one.pk])) for one in found]
