"""What is still missing for a credential: its rule, part by part, beside what a learner has reached."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q
from django.urls import reverse

from lms.accounts.models import User
from lms.credentials.models import (
    Achievement,
    Credential,
    CredentialRequirement,
    QuizRequirement,
    Requirement,
    reaches,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One part of a rule. ``best_percent``: of what counts, rounded down; None when there is nothing yet.
    ``needed_percent``: None for a credential, which is held or is not; ``url`` is empty until it is."""

    title: str
    url: str
    needed_percent: int | None = None
    best_percent: int | None = None
    is_met: bool = False


@dataclass(frozen=True, slots=True)
class Goal:
    """A credential that can be earned, and how far one learner is; ``credential`` is the newest one they ever had."""

    achievement: Achievement
    exercises: list[Condition]
    others: list[Condition]
    credential: Credential | None = None

    @property
    def exercises_needed(self) -> int:
        return self.achievement.exercises_to_pass()

    @property
    def leaves_a_choice(self) -> bool:
        """Whether some of the exercises are enough."""
        return self.exercises_needed < len(self.exercises)

    @property
    def total(self) -> int:
        """How many parts have to be met."""
        return self.exercises_needed + len(self.others)

    @property
    def met(self) -> int:
        """How many of ``total`` are: exercises beyond those that are needed add nothing."""
        passed = sum(one.is_met for one in self.exercises)
        return min(passed, self.exercises_needed) + sum(one.is_met for one in self.others)

    @property
    def state(self) -> str:
        """``held``, ``expired`` or ``withdrawn`` (neither comes back by itself), ``due``: issued within minutes, or
        ``open``."""
        if self.credential and self.credential.revoked_at:
            return "withdrawn"
        if self.credential:
            return "expired" if self.credential.state == "expired" else "held"
        return "due" if self.met == self.total else "open"


def goals_of(learner: User | None, exercise_ids: Collection[int], quiz_ids: Collection[int] = ()) -> list[Goal]:
    """The credentials that rest on any of these exercises or quizzes, with the whole of their rules, and after them
    those that are stacked on such credentials; ``learner`` None is somebody who has done nothing yet. The number of
    queries does not depend on how many there are."""
    achievements = _resting_on(exercise_ids, quiz_ids)
    exercises = {one.exercise_id for each in achievements for one in each.requirements.all()}
    quizzes = {one.quiz_id for each in achievements for one in each.quiz_requirements.all()}
    grades, attempts, held = _reached(learner, achievements, exercises, quizzes) if learner else ({}, {}, {})
    parts = _parts_held(learner, achievements) if learner else {}
    return [
        Goal(
            achievement,
            [_of_exercise(one, grades.get(one.exercise_id, [])) for one in achievement.requirements.all()],
            [_of_quiz(one, attempts.get(one.quiz_id, [])) for one in achievement.quiz_requirements.all()]
            + [_of_part(one, parts.get(one.part_id)) for one in achievement.credential_requirements.all()],
            held.get(achievement.pk),
        )
        for achievement in achievements
    ]


Scores = list[tuple[float, float]]


def _resting_on(exercise_ids: Collection[int], quiz_ids: Collection[int]) -> list[Achievement]:
    touched = Q(requirements__exercise__in=exercise_ids) | Q(quiz_requirements__quiz__in=quiz_ids)
    base = Achievement.objects.filter(touched)
    found = Achievement.objects.issuable().filter(Q(pk__in=base) | Q(credential_requirements__part__in=base)).distinct()
    ready = found.select_related("issuer").prefetch_related(
        Prefetch("requirements", Requirement.objects.select_related("exercise")),
        Prefetch("quiz_requirements", QuizRequirement.objects.select_related("quiz")),
        Prefetch("credential_requirements", CredentialRequirement.objects.select_related("part")),
    )
    return sorted(ready, key=lambda one: (bool(one.credential_requirements.all()), one.slug))


def _reached(
    learner: User, achievements: list[Achievement], exercises: set[int], quizzes: set[int]
) -> tuple[dict[int, Scores], dict[int, Scores], dict[int, Credential]]:
    grades = Requirement.acceptable().filter(submission__learner=learner, submission__exercise__in=exercises)
    attempts = QuizRequirement.acceptable().filter(learner=learner, quiz__in=quizzes)
    held = Credential.objects.filter(learner=learner, achievement__in=achievements).defer("document")
    return (
        _grouped(grades.values_list("submission__exercise", "score", "max_score")),
        _grouped(attempts.values_list("quiz", "score", "max_score")),
        # Of several the one in force, else the newest.
        {one.achievement_id: one for one in sorted(held, key=lambda one: (one.revoked_at is None, one.issued_at))},
    )


def _parts_held(learner: User, achievements: list[Achievement]) -> dict[int, Credential]:
    wanted = {one.part_id for each in achievements for one in each.credential_requirements.all()}
    held = Credential.objects.in_force().filter(learner=learner, achievement__in=wanted).defer("document")
    return {one.achievement_id: one for one in held}


def _grouped(rows: Iterable[tuple[int, Any, Any]]) -> dict[int, Scores]:
    found: dict[int, Scores] = {}
    for key, score, most in rows:
        found.setdefault(key, []).append((score, most))
    return found


def _of_exercise(one: Requirement, scores: Scores) -> Condition:
    url = reverse("courses:exercise", args=[one.exercise.slug])
    return _condition(one.exercise.title, url, one.minimum_fraction, scores)


def _of_quiz(one: QuizRequirement, scores: Scores) -> Condition:
    url = reverse("courses:quiz", args=[one.quiz.slug])
    return _condition(one.quiz.title, url, one.minimum_fraction, scores)


def _of_part(one: CredentialRequirement, held: Credential | None) -> Condition:
    if held is None:
        return Condition(one.part.name, "")
    return Condition(one.part.name, reverse("certificates:holding", args=[held.number]), is_met=True)


def _condition(title: str, url: str, needed: Decimal, scores: Scores) -> Condition:
    best = max((score / most for score, most in scores), default=None)
    is_met = any(reaches(score, most, float(needed)) for score, most in scores)
    return Condition(title, url, math.ceil(100 * needed), None if best is None else int(100 * best + 1e-9), is_met)
