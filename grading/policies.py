"""By which rules work is taken: attempts, pauses, dates, lateness, and which submission counts. Pure.

Every moment is aware; a day of lateness is 24 hours from the due moment, so that no time zone has a say in it.
What failed through the platform's fault never appears here: the caller counts only attempts that count.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

DAY = timedelta(days=1)


class Counts(StrEnum):
    """Which of a learner's submissions counts."""

    BEST = "best"
    LAST = "last"


class LateRule(StrEnum):
    """What becomes of work that comes after the due date."""

    REFUSED = "refused"
    PENALTY = "penalty"


class Code(StrEnum):
    """Why work is not taken; ``ALLOWED`` is empty, and so false."""

    ALLOWED = ""
    CLOSED = "closed"
    NOT_YET = "not_yet"
    TOO_LATE = "too_late"
    NO_ATTEMPTS = "no_attempts"
    COOL_DOWN = "cool_down"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one exercise. ``late_percent`` is taken off for each day started, for at most ``late_days``."""

    is_open: bool = True
    max_attempts: int | None = None
    cooldown: timedelta = timedelta(0)
    counts: Counts = Counts.BEST
    opens_at: datetime | None = None
    due_at: datetime | None = None
    late_rule: LateRule = LateRule.REFUSED
    late_percent: int = 0
    late_days: int = 0


@dataclass(frozen=True, slots=True)
class Extra:
    """What one person was granted beyond the policy."""

    due_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Lateness:
    """``days`` started after the due moment, and the share of the score that they cost."""

    days: int = 0
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether work is taken now. ``allowed_at``: when it will be, where waiting helps. ``due_at`` is this person's."""

    code: Code = Code.ALLOWED
    allowed_at: datetime | None = None
    attempts_left: int | None = None
    due_at: datetime | None = None
    closes_at: datetime | None = None
    lateness: Lateness = field(default_factory=Lateness)

    @property
    def is_allowed(self) -> bool:
        return self.code == Code.ALLOWED


def decide(
    policy: Policy, *, now: datetime, used: int = 0, last_at: datetime | None = None, extra: Extra | None = None
) -> Decision:
    """May a learner hand in at ``now``, having used ``used`` attempts, the last of them at ``last_at``?

    Reasons that nobody can wait away come first, so that nobody waits in vain.
    """
    extra = extra or Extra()
    left = attempts_left(policy, used, extra)
    due_at = due_for(policy, extra)
    closes_at = closing(policy, due_at)
    ready_at = last_at + policy.cooldown if last_at and policy.cooldown else None
    code, allowed_at = Code.ALLOWED, None
    if not policy.is_open:
        code = Code.CLOSED
    elif closes_at and now > closes_at:
        code = Code.TOO_LATE
    elif left == 0:
        code = Code.NO_ATTEMPTS
    elif policy.opens_at and now < policy.opens_at:
        code, allowed_at = Code.NOT_YET, policy.opens_at
    elif ready_at and now < ready_at:
        # A pause that ends after the last moment cannot be waited for.
        code, allowed_at = (Code.TOO_LATE, None) if closes_at and ready_at > closes_at else (Code.COOL_DOWN, ready_at)
    return Decision(code, allowed_at, left, due_at, closes_at, lateness(policy, due_at, now))


def attempts_left(policy: Policy, used: int, extra: Extra) -> int | None:
    """How many more hand-ins; None when unlimited."""
    return None if policy.max_attempts is None else max(policy.max_attempts + extra.attempts - used, 0)


def due_for(policy: Policy, extra: Extra) -> datetime | None:
    """The person's own due moment: an extension only ever gives time, also when everybody's date moves past it."""
    if policy.due_at is None or extra.due_at is None:
        return policy.due_at
    return max(policy.due_at, extra.due_at)


def closing(policy: Policy, due_at: datetime | None) -> datetime | None:
    """The last moment at which work is taken, for somebody whose due moment is ``due_at``."""
    if due_at is None or policy.late_rule == LateRule.REFUSED:
        return due_at
    return due_at + policy.late_days * DAY


def lateness(policy: Policy, due_at: datetime | None, at: datetime) -> Lateness:
    """What handing in at ``at`` costs. On the due moment itself nothing; a moment later the first day has started."""
    if due_at is None or at <= due_at:
        return Lateness()
    days = -((due_at - at) // DAY)  # rounded up
    percent = policy.late_percent * days if policy.late_rule == LateRule.PENALTY else 0
    return Lateness(days, min(percent, 100))


def counting(rule: Counts, results: Sequence[tuple[int, float]]) -> int | None:
    """Of ``(attempt, fraction)`` the attempt that counts; of equally good ones the first; None of nothing."""
    if not results:
        return None
    if rule == Counts.LAST:
        return max(attempt for attempt, _ in results)
    return min(results, key=lambda result: (-result[1], result[0]))[0]
