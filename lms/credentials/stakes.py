"""What rests on the scores of an exercise: who would gain or lose a credential's requirement by a regrade."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from grading import verdicts
from grading.models import Grade, Regrade
from grading.policies import Counts
from lms.accounts.models import User
from lms.credentials.models import TOLERANCE, Achievement, Credential, Requirement


@dataclass(frozen=True, slots=True)
class Standing:
    """One submission's result, before or after."""

    learner_id: int
    attempt: int
    score: float
    max_score: float
    is_isolated: bool

    def meets(self, minimum: float) -> bool:
        return self.is_isolated and self.max_score > 0 and self.score >= self.max_score * minimum - TOLERANCE


def of_regrade(regrade: Regrade) -> dict[str, Any]:
    """{"gained": [{"learner", "achievement"}], "lost": [{"learner", "achievement", "credential"}]}, by number.

    ``credential`` is the one that rests on what would be lost, None when there is none. Nothing is changed here:
    whether a credential is revoked is for a person to decide.
    """
    before, after = _standings(regrade)
    gained, lost = [], []
    asked = Requirement.objects.filter(exercise=regrade.exercise).select_related("achievement")
    for requirement in asked.order_by("achievement", "pk"):
        minimum = float(requirement.minimum_fraction)
        had, has = _who(before.values(), minimum, regrade), _who(after.values(), minimum, regrade)
        enough = _with_enough_others(requirement, had ^ has)
        had, has = had - enough, has - enough
        gained += [{"learner": pk, "achievement": requirement.achievement_id} for pk in sorted(has - had)]
        held = _held(requirement.achievement_id, had - has)
        lost += [
            {"learner": pk, "achievement": requirement.achievement_id, "credential": held.get(pk)}
            for pk in sorted(had - has)
        ]
    return {"gained": gained, "lost": lost}


def _standings(regrade: Regrade) -> tuple[dict[str, Standing], dict[str, Standing]]:
    """By submission: as the grades say, and as they would say."""
    names = ("submission", "submission__learner", "submission__attempt", "score", "max_score", "is_isolated")
    grades = Grade.objects.current().filter(submission__exercise=regrade.exercise).order_by()
    before = {str(pk): Standing(*rest) for pk, *rest in grades.values_list(*names)}
    items = regrade.items.filter(score_after__isnull=False).order_by()
    after_names = ("submission", "submission__learner", "submission__attempt", "score_after", "max_after")
    changes = items.values_list(*after_names, "is_isolated_after")
    return before, before | {str(pk): Standing(*rest) for pk, *rest in changes}


def _who(standings: Iterable[Standing], minimum: float, regrade: Regrade) -> set[int]:
    """The learners who meet the minimum, by their best submission or by their last."""
    own: Mapping[int, list[Standing]] = defaultdict(list)
    for one in standings:
        own[one.learner_id].append(one)
    if regrade.exercise.counts == Counts.LAST:
        own = {pk: [max(ones, key=lambda one: one.attempt)] for pk, ones in own.items()}
    return {pk for pk, ones in own.items() if any(one.meets(minimum) for one in ones)}


def _with_enough_others(requirement: Requirement, learners: set[int]) -> set[int]:
    """Those to whom this exercise makes no difference: by other exercises they have as many as the rule asks for."""
    others = list(requirement.achievement.requirements.exclude(pk=requirement.pk))
    needed = requirement.achievement.exercises_to_pass()
    if not learners or needed > len(others):
        return set()
    passed = Counter(
        learner
        for other in others
        for learner in {
            grade.submission.learner_id
            for grade in other.met_by().filter(submission__learner__in=learners).select_related("submission")
            if not verdicts.problem_or_unknown(grade)
        }
    )
    return {learner for learner in learners if passed[learner] >= needed}


def _held(achievement_id: int, learners: set[int]) -> dict[int, str]:
    active = Credential.objects.filter(achievement=achievement_id, revoked_at=None, learner__in=learners)
    return {credential.learner_id: str(credential.pk) for credential in active.defer("document")}


def described(passes: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The same with people, achievements and credentials in place of their numbers, for a page or a terminal.

    Whoever was erased meanwhile is left out.
    """
    entries = [*passes.get("gained", []), *passes.get("lost", [])]
    learners = User.objects.in_bulk({entry["learner"] for entry in entries})
    achievements = Achievement.objects.in_bulk({entry["achievement"] for entry in entries})
    numbers = {entry.get("credential") for entry in entries} - {None}
    credentials = {str(pk): one for pk, one in Credential.objects.defer("document").in_bulk(numbers).items()}
    return {
        kind: [
            {
                "learner": learners[entry["learner"]],
                "achievement": achievements[entry["achievement"]],
                "credential": credentials.get(entry.get("credential") or ""),
            }
            for entry in passes.get(kind, [])
            if entry["learner"] in learners and entry["achievement"] in achievements
        ]
        for kind in ("gained", "lost")
    }
