"""What a dossier says of a course: facts, outcomes, structure, competencies, assessment, rule, results.

Plain data by a published schema. Hidden parts of exercises and items have no place in it, nor has any person.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override
from jsonschema import Draft202012Validator

from courses.blocks import placed_exercises, placed_quizzes
from courses.capstones.models import Capstone
from courses.datasets.models import DatasetUse
from courses.models import Area, CourseCompetency, CoursePage, Enrollment, LessonPage, ModulePage, RoleGroup
from grading.models import Exercise, Quiz
from lms.credentials.models import Achievement, Credential, CredentialRequirement, QuizRequirement, Requirement

Document = dict[str, Any]


def _closed(**properties: Document) -> Document:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: Document, least: int = 0) -> Document:
    return {"type": "array", "items": items, "minItems": least}


STRING = {"type": "string"}
SAID = {"type": "string", "pattern": "\\S"}
NUMBER = {"type": "number", "minimum": 0}
WHOLE = {"type": "integer", "minimum": 0}
WHOLE_OR_NULL = {"anyOf": [WHOLE, {"type": "null"}]}
TEXT = _closed(th=SAID, en=STRING)
LINE = _closed(th=STRING, en=STRING)
LESSON = _closed(title=TEXT, minutes=WHOLE, tasks=_list(STRING))
TASK = {"enum": ["exercise", "quiz", "capstone"]}
SCHEMA: Document = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Course dossier",
    **_closed(
        type={"const": "CourseDossier"},
        version={"const": 1},
        title=TEXT,
        code=SAID,
        provider=TEXT,
        level=TEXT,
        licence=SAID,
        languages=_list(SAID, 1),
        areas=_list(TEXT),
        objective=TEXT,
        target_group=TEXT,
        roles=_list(TEXT, 1),
        hours=_closed(theory=NUMBER, practice=NUMBER, total=NUMBER | {"exclusiveMinimum": 0}),
        outcomes=_list(TEXT, 1),
        structure=_list(
            _closed(
                title=TEXT, summary=LINE, lessons=_list(_closed(title=TEXT, minutes=WHOLE, tasks=_list(STRING)), 1)
            ),
            1,
        ),
        competencies=_list(
            _closed(framework=SAID, version=STRING, code=SAID, name=TEXT, level=WHOLE, shown_by=LINE), 1
        ),
        assessment=_list(
            _closed(
                kind=TASK,
                code=SAID,
                title=TEXT,
                points=NUMBER,
                pass_percent=WHOLE,
                attempts=WHOLE_OR_NULL,
                minutes=WHOLE_OR_NULL,
                rubric=_list(TEXT),
            ),
            1,
        ),
        rule=_closed(
            pass_percent=WHOLE,
            achievements=_list(
                _closed(
                    name=TEXT,
                    criteria=TEXT,
                    hours=STRING,
                    exercises_needed=WHOLE,
                    requires=_list(_closed(kind=TASK, code=SAID, percent=NUMBER)),
                    stacked_on=_list(TEXT),
                )
            ),
        ),
        data=_list(_closed(title=SAID, owner=STRING, licence=STRING, synthetic={"type": "boolean"})),
        results=_closed(enrolled=WHOLE, credentials=WHOLE),
    ),
}
_VALIDATOR = Draft202012Validator(SCHEMA)
SECTIONS = {
    "code": _("A code, such as DA-201"),
    "provider": _("Who offers it"),
    "objective": _("A summary"),
    "target_group": _("For whom it is"),
    "roles": _("For whom it is"),
    "hours": _("Hours of theory and practice"),
    "outcomes": _("Learning outcomes"),
    "structure": _("Modules, each with a lesson"),
    "competencies": _("What it shows of a framework of competencies"),
    "assessment": _("An exercise or a quiz"),
}


def missing(dossier: Document) -> list[str]:
    """The sections that are empty and may not be, in the reader's language; none for a dossier that is whole."""
    broken = [str(error.absolute_path[0]) for error in _VALIDATOR.iter_errors(dossier) if error.absolute_path]
    return list(dict.fromkeys(str(SECTIONS.get(name, name)) for name in broken))


def of_course(course: CoursePage) -> Document:
    """The dossier of a course: as it is published, or where it is not, as its authors have it."""
    pages = _in_languages(course)
    thai = pages["th"]
    exercises, quizzes, structure = _structure(course)
    return {
        "type": "CourseDossier",
        "version": 1,
        "title": _text(pages, "title"),
        "code": thai.code,
        "provider": _text(pages, "provider"),
        "level": _choice(thai.level, CoursePage.Level),
        "licence": thai.licence,
        "languages": sorted(pages, key=lambda code: code != "th"),
        "areas": _choices(thai, "areas"),
        "objective": _text(pages, "summary"),
        "target_group": _text(pages, "audience"),
        "roles": _choices(thai, "roles"),
        "hours": {
            "theory": float(thai.theory_hours),
            "practice": float(thai.practice_hours),
            "total": float(thai.hours),
        },
        "outcomes": _outcomes(pages),
        "structure": structure,
        "competencies": _competencies(course),
        "assessment": [*_of_exercises(exercises, thai.pass_percent), *_of_quizzes(quizzes)],
        "rule": {"pass_percent": thai.pass_percent, "achievements": _achievements(exercises, quizzes)},
        "data": _data(exercises),
        "results": _results(course, exercises, quizzes),
    }


# --- Pages -----------------------------------------------------------------------------------------------------------


def _shown(page: Any) -> Any:
    return page.specific if page.live or not page.latest_revision_id else page.get_latest_revision_as_object()


def _in_languages(page: Any) -> dict[str, Any]:
    found = page.get_translations(inclusive=True).select_related("locale")
    return {one.locale.language_code: _shown(one) for one in found}


def _text(pages: dict[str, Any], name: str) -> Document:
    return {code: str(getattr(pages[code], name)) if code in pages else "" for code in ("th", "en")}


def _outcomes(pages: dict[str, Any]) -> list[Document]:
    english = pages["en"].outcome_texts() if "en" in pages else []
    thai = pages["th"].outcome_texts()
    return [{"th": text, "en": english[place] if place < len(english) else ""} for place, text in enumerate(thai)]


def _choice(value: str, choices: Any) -> Document:
    label = choices(value).label
    texts = {}
    for language in ("th", "en"):
        with override(language):
            texts[language] = str(label)
    return texts


def _choices(page: CoursePage, name: str) -> list[Document]:
    kind = {"areas": Area, "roles": RoleGroup}[name]
    return [_choice(value, kind) for value in getattr(page, name)]


def _structure(course: CoursePage) -> tuple[list[Exercise], list[Quiz], list[Document]]:
    """The exercises and quizzes of the course in their order, and its modules with their lessons."""
    exercises: dict[int, Exercise] = {}
    quizzes: dict[int, Quiz] = {}
    modules = []
    for module in _below(ModulePage, course):
        pages, lessons = _in_languages(module), []
        for lesson in _below(LessonPage, module):
            body = _shown(lesson).body.raw_data
            here = list(Exercise.objects.in_bulk(placed_exercises(body)).values())
            tests = list(Quiz.objects.in_bulk(placed_quizzes(body)).values())
            exercises |= {one.pk: one for one in here}
            quizzes |= {one.pk: one for one in tests}
            in_languages = _in_languages(lesson)
            tasks = [one.slug for one in [*here, *tests]]
            lessons.append(
                {"title": _text(in_languages, "title"), "minutes": in_languages["th"].minutes, "tasks": tasks}
            )
        if quiz := pages["th"].quiz:
            quizzes[quiz.pk] = quiz
        modules.append({"title": _text(pages, "title"), "summary": _text(pages, "summary"), "lessons": lessons})
    return list(exercises.values()), list(quizzes.values()), modules


def _below(kind: Any, page: Any) -> Iterable[Any]:
    found = kind.objects.child_of(page).order_by("path")
    return found.live() if page.live else found


# --- Rows ------------------------------------------------------------------------------------------------------------


def _titles(row: Any) -> Document:
    return {"th": row.title_th, "en": row.title_en}


def _of_exercises(exercises: list[Exercise], pass_percent: int) -> list[Document]:
    capstones = {one.exercise_id: one for one in Capstone.objects.filter(exercise__in=exercises)}
    return [
        {
            "kind": "capstone" if one.pk in capstones else "exercise",
            "code": one.slug,
            "title": _titles(one),
            "points": version.max_score if (version := one.current or one.newest) else 0,
            "pass_percent": pass_percent,
            "attempts": one.max_attempts,
            "minutes": None,
            "rubric": [part["name"] for part in capstones[one.pk].rubric()] if one.pk in capstones else [],
        }
        for one in exercises
    ]


def _of_quizzes(quizzes: list[Quiz]) -> list[Document]:
    return [
        {
            "kind": "quiz",
            "code": one.slug,
            "title": _titles(one),
            "points": one.count,
            "pass_percent": one.pass_percent,
            "attempts": one.max_attempts,
            "minutes": one.minutes,
            "rubric": [],
        }
        for one in quizzes
    ]


def _competencies(course: CoursePage) -> list[Document]:
    shown = CourseCompetency.objects.filter(course_key=course.translation_key)
    whole = {"th": "ทั้งหลักสูตร", "en": "the whole course"}
    return [
        {
            "framework": one.competency.framework.slug,
            "version": one.competency.framework.version,
            "code": one.competency.code,
            "name": {"th": one.competency.name_th, "en": one.competency.name_en},
            "level": one.level,
            "shown_by": _titles(task) if (task := one.exercise or one.quiz) else whole,
        }
        for one in shown.select_related("competency__framework", "exercise", "quiz")
    ]


def _earned_by(exercises: list[Exercise], quizzes: list[Quiz]) -> Any:
    """The achievements whose rule names something of the course."""
    by_exercise = Requirement.objects.filter(exercise__in=exercises).values("achievement")
    by_quiz = QuizRequirement.objects.filter(quiz__in=quizzes).values("achievement")
    return Achievement.objects.filter(Q(pk__in=by_exercise) | Q(pk__in=by_quiz), is_active=True)


def _achievements(exercises: list[Exercise], quizzes: list[Quiz]) -> list[Document]:
    """What the course leads to: its own achievements, then those that are stacked on them."""
    own = _earned_by(exercises, quizzes)
    on_these = CredentialRequirement.objects.filter(part__in=own).values("achievement")
    stacked = Achievement.objects.filter(pk__in=on_these, is_active=True).exclude(pk__in=own)
    return [
        {
            "name": {"th": one.name_th, "en": one.name_en},
            "criteria": {"th": one.criteria_th, "en": one.criteria_en},
            "hours": one.hours_text,
            "exercises_needed": one.exercises_to_pass(),
            "requires": [
                *(_required("exercise", r.exercise, r) for r in one.requirements.select_related("exercise")),
                *(_required("quiz", r.quiz, r) for r in one.quiz_requirements.select_related("quiz")),
            ],
            "stacked_on": [
                {"th": part.name_th, "en": part.name_en}
                for part in Achievement.objects.filter(pk__in=one.credential_requirements.values("part"))
            ],
        }
        for one in (*own, *stacked)
    ]


def _required(kind: str, row: Any, requirement: Any) -> Document:
    return {"kind": kind, "code": row.slug, "percent": float(requirement.minimum_fraction * 100)}


def _data(exercises: list[Exercise]) -> list[Document]:
    uses = DatasetUse.objects.filter(version__exercise__in=exercises, version__is_draft=False)
    datasets = {one.file.dataset for one in uses.select_related("file__dataset").defer("file__content")}
    return [
        {"title": one.title, "owner": one.owner_org, "licence": one.licence[0], "synthetic": one.is_synthetic}
        for one in sorted(datasets, key=lambda one: one.slug)
    ]


def _results(course: CoursePage, exercises: list[Exercise], quizzes: list[Quiz]) -> Document:
    issued = Credential.objects.filter(achievement__in=_earned_by(exercises, quizzes), revoked_at=None)
    enrolled = Enrollment.objects.filter(course_key=course.translation_key)
    return {"enrolled": enrolled.count(), "credentials": issued.count()}
