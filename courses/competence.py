"""What a learner has shown, competency by competency; what a role still needs of them; and which course comes next.

Computed from what is passed, never stored: a grade that changes changes this.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from courses import outlines, placement
from courses.models import Competency, CourseCompetency, Path, Prerequisite, Role, SelfAssessment
from courses.outlines import Outline
from grading.models import QuizAttempt, Submission

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something passed that shows a competency at a level."""

    title: str
    url: str
    level: int


@dataclass(slots=True)
class Standing:
    """Where a learner is in one competency."""

    competency: Competency
    evidence: list[Evidence] = field(default_factory=list)
    stated: int = 0
    target: int = 0

    @property
    def shown(self) -> int:
        """The highest level that something passed has shown; 0: none."""
        return max((one.level for one in self.evidence), default=0)

    @property
    def level(self) -> int:
        """What plans are made by: what was shown, or what the learner states where that is more."""
        return max(self.shown, self.stated)

    @property
    def gap(self) -> int:
        return max(self.target - self.level, 0)


def standings(learner: "_User", competencies: Sequence[Competency]) -> dict[int, Standing]:
    """The learner's standing in each, by primary key."""
    found = {one.pk: Standing(one) for one in competencies}
    mapped = CourseCompetency.objects.filter(competency__in=found).select_related("exercise", "quiz")
    rows = list(mapped)
    attempts = QuizAttempt.objects.counting_for(learner, [row.quiz_id for row in rows if row.quiz_id])
    handed_in = set(Submission.objects.filter(learner=learner).values_list("exercise", flat=True))
    # A course that somebody has not begun shows nothing of them, and a national catalog has hundreds.
    begun = placement.begun_by(learner)
    keys = {one.course_key for one in rows if one.quiz_id in attempts or one.exercise_id in handed_in} | begun
    courses = placement.published({row.course_key for row in rows} & keys)
    by_course = {one.course.translation_key: one for one in outlines.for_learners(courses, [learner])[learner.pk]}
    for row in rows:
        outline = by_course.get(row.course_key)
        if outline and (evidence := _evidence(row, outline, attempts)):
            found[row.competency_id].evidence.append(evidence)
    for pk, level in SelfAssessment.objects.filter(learner=learner, competency__in=found).values_list(
        "competency_id", "level"
    ):
        found[pk].stated = level
    return found


def _evidence(row: CourseCompetency, outline: Outline, attempts: Mapping[int, QuizAttempt]) -> Evidence | None:
    if row.exercise:
        line = outline.exercises.get(row.exercise.pk)
        return Evidence(row.exercise.title, line.url, row.level) if line and line.is_passed else None
    if row.quiz:
        attempt = attempts.get(row.quiz.pk)
        url = outlines.QuizLine(row.quiz, attempt).url
        return Evidence(row.quiz.title, url, row.level) if attempt and attempt.is_passed else None
    return Evidence(outline.course.title, outline.url, row.level) if outline.progress.is_complete else None


def against(learner: "_User", role: Role) -> list[Standing]:
    """The learner beside what a role needs, in the order of its targets."""
    targets = list(role.targets.select_related("competency__framework"))
    found = standings(learner, [target.competency for target in targets])
    for target in targets:
        found[target.competency_id].target = target.level
    return [found[target.competency_id] for target in targets]


def shown_by(course_key: uuid.UUID) -> list[tuple[Competency, int]]:
    """The competencies that a course shows, each with the highest level it leads to."""
    rows = CourseCompetency.objects.filter(course_key=course_key).select_related("competency__framework")
    levels: dict[Competency, int] = {}
    for row in rows.order_by("competency__framework__slug", "competency__sort_order", "level"):
        levels[row.competency] = row.level
    return list(levels.items())


# --- Paths -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Need:
    """One prerequisite of a course, and whether this learner meets it."""

    rule: Prerequisite
    outline: Outline
    is_met: bool


@dataclass(frozen=True, slots=True)
class Stop:
    """A course of a path, as far as this learner is."""

    outline: Outline
    needs: tuple[Need, ...]
    raises: tuple[Competency, ...]

    @property
    def is_done(self) -> bool:
        return self.outline.progress.is_complete

    @property
    def is_ready(self) -> bool:
        return all(need.is_met for need in self.needs)


def order(keys: Sequence[uuid.UUID], needs: Mapping[uuid.UUID, Iterable[uuid.UUID]]) -> list[uuid.UUID]:
    """``keys`` in their order, except that what a course needs comes before it. Needs in a circle are left as given."""
    placed: list[uuid.UUID] = []
    waiting = list(keys)
    while waiting:
        ready = next(
            (key for key in waiting if not any(one in waiting for one in needs.get(key, ()) if one != key)), waiting[0]
        )
        placed.append(ready)
        waiting.remove(ready)
    return placed


def stops(learner: "_User", path: Path) -> list[Stop]:
    """The path's published courses for this learner: those that raise their lowest competency below target first, and
    before each what it needs."""
    keys = [step.course_key for step in path.steps.all()]
    rules = list(Prerequisite.objects.filter(course_key__in=keys).select_related("placement_quiz"))
    courses = placement.published({*keys, *(rule.requires_key for rule in rules)})
    by_key = {one.course.translation_key: one for one in outlines.for_learners(courses, [learner])[learner.pk]}
    needs = needs_met(learner, rules, by_key)
    behind = sorted((one for one in against(learner, path.role) if one.gap), key=lambda one: one.level)
    raised = _raised(keys)
    urgency = {
        key: next((place for place, one in enumerate(behind) if one.competency in raised.get(key, ())), len(behind))
        for key in keys
    }
    wanted = sorted((key for key in keys if key in by_key), key=lambda key: urgency[key])
    before: dict[uuid.UUID, list[uuid.UUID]] = {}
    for rule in rules:
        before.setdefault(rule.course_key, []).append(rule.requires_key)
    return [
        Stop(by_key[key], tuple(needs.get(key, ())), tuple(dict.fromkeys(raised.get(key, ()))))
        for key in order(wanted, before)
    ]


def _raised(keys: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Competency]]:
    rows = CourseCompetency.objects.filter(course_key__in=keys).select_related("competency__framework")
    found: dict[uuid.UUID, list[Competency]] = {}
    for row in rows:
        found.setdefault(row.course_key, []).append(row.competency)
    return found


def next_stop(path: Sequence[Stop]) -> Stop | None:
    """What to do now: the first that is not done and whose prerequisites are met; else the first that is not done."""
    open_ones = [stop for stop in path if not stop.is_done]
    return next((stop for stop in open_ones if stop.is_ready), open_ones[0] if open_ones else None)


def needs_met(
    learner: "_User", rules: Sequence[Prerequisite], by_key: Mapping[uuid.UUID, Outline]
) -> dict[uuid.UUID, list[Need]]:
    """Each rule beside whether it is met, by course. One whose course is not published asks for nothing."""
    quizzes = [rule.placement_quiz_id for rule in rules if rule.placement_quiz_id]
    attempts = QuizAttempt.objects.counting_for(learner, quizzes) if quizzes else {}
    found: dict[uuid.UUID, list[Need]] = {}
    for rule in rules:
        outline = by_key.get(rule.requires_key)
        if outline:
            placed = attempts.get(rule.placement_quiz_id or 0)
            is_met = outline.progress.is_complete or bool(placed and placed.is_passed)
            found.setdefault(rule.course_key, []).append(Need(rule, outline, is_met))
    return found


def needs_of(learner: "_User | AnonymousUser", course_key: uuid.UUID) -> list[Need]:
    """The prerequisites of one course for this learner; a stranger meets none."""
    rules = list(Prerequisite.objects.filter(course_key=course_key).select_related("placement_quiz"))
    courses = placement.published({rule.requires_key for rule in rules})
    if learner.is_authenticated:
        lines = outlines.for_learners(courses, [learner])[learner.pk]
        return needs_met(learner, rules, {one.course.translation_key: one for one in lines}).get(course_key, [])
    by_key = {one.course.translation_key: one for one in outlines.for_nobody(courses)}
    return [Need(rule, by_key[rule.requires_key], is_met=False) for rule in rules if rule.requires_key in by_key]
