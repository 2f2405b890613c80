"""The rules of exercises and what people are granted beyond them: every change leaves a trace."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from grading import reviewing
from grading.models import AuditEntry, Exercise, Extension, Submission, record
from grading.policies import Extra, due_for, lateness

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


def rules_of(exercise: Exercise) -> dict[str, Any]:
    """The exercise's rules as plain data."""
    return {name: plain(getattr(exercise, name)) for name in Exercise.RULES}


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def record_rules(exercise: Exercise, *, before: Mapping[str, Any], actor: "_User | None") -> None:
    """Notes which rules changed, if any did; ``before`` comes from ``rules_of``."""
    after = rules_of(exercise)
    changed = [name for name in after if before.get(name) != after[name]]
    if changed:
        record(
            AuditEntry.Action.POLICY,
            exercise=exercise,
            actor=actor,
            before={name: before.get(name) for name in changed},
            after={name: after[name] for name in changed},
        )


def set_rules(exercises: Iterable[Exercise], *, rules: Mapping[str, Any], actor: "_User") -> int:
    """Gives several exercises the same ``rules``; returns how many changed. A course calls this for what it places."""
    changed = 0
    with transaction.atomic():
        for exercise in exercises:
            before = rules_of(exercise)
            for name in Exercise.RULES:
                if name in rules:
                    setattr(exercise, name, rules[name])
            if rules_of(exercise) != before:
                exercise.save(update_fields=list(Exercise.RULES))
                record_rules(exercise, before=before, actor=actor)
                changed += 1
    return changed


def extend(
    exercise: Exercise,
    *,
    learner: "_User",
    due_at: datetime | None,
    extra_attempts: int,
    reason: str,
    granted_by: "_User",
) -> Extension:
    """Grants one person more time or attempts, in the place of what they were granted before.

    Work that was handed in late is late no longer, as far as the new date reaches: points come back, none are taken.
    """
    with transaction.atomic():
        old = Extension.objects.select_for_update().filter(exercise=exercise, learner=learner).first()
        values = {"due_at": due_at, "extra_attempts": extra_attempts, "reason": reason, "granted_by": granted_by}
        extension, _ = Extension.objects.update_or_create(exercise=exercise, learner=learner, defaults=values)
        record(
            AuditEntry.Action.EXTENDED,
            exercise=exercise,
            actor=granted_by,
            before=facts(old) if old else {},
            after=facts(extension),
            reason=reason,
        )
        forgive_lateness(extension, granted_by)
    return extension


def withdraw_extension(extension: Extension, *, actor: "_User") -> None:
    """Takes an extension back for what is still to come; what was handed in meanwhile keeps its points."""
    with transaction.atomic():
        record(AuditEntry.Action.EXTENSION_WITHDRAWN, exercise=extension.exercise, actor=actor, before=facts(extension))
        extension.delete()


def facts(extension: Extension) -> dict[str, Any]:
    """By the learner's number, not by name: the trace outlives people."""
    return {
        "learner": extension.learner_id,
        "due_at": plain(extension.due_at),
        "extra_attempts": extension.extra_attempts,
    }


def forgive_lateness(extension: Extension, actor: "_User") -> None:
    policy = extension.exercise.policy
    due_at = due_for(policy, Extra(extension.due_at, extension.extra_attempts))
    late = Submission.objects.filter(exercise=extension.exercise, learner=extension.learner, late_days__gt=0)
    for submission in late.defer("notebook"):
        now = lateness(policy, due_at, submission.submitted_at)
        if now.days >= submission.late_days:
            continue
        submission.late_days, submission.late_percent = now.days, min(now.percent, submission.late_percent)
        submission.save(update_fields=["late_days", "late_percent"])
        before = submission.grade
        if submission.status == Submission.Status.GRADED and before is not None:
            after = submission.add_reviewed(author=actor, reason=extension.reason)
            record(
                AuditEntry.Action.EXTENDED,
                exercise=extension.exercise,
                actor=actor,
                submission=submission,
                before={"lateness": before.late_percent, "score": before.score},
                after={"lateness": after.late_percent, "score": after.score},
                reason=extension.reason,
            )
            reviewing.announce(submission, before, after)
