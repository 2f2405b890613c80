"""From the outcome of every check to a score. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

from grading import messages
from grading.notebooks import ManualPart, Source, SourceCheck, Text

CheckOutcome = Literal["passed", "failed", "error", "timeout", "not_examinable", "not_run"]
PersonOutcome = Literal["waiting", "judged"]  # what no examiner may say
OUTCOMES: frozenset[str] = frozenset(get_args(CheckOutcome))


@dataclass(frozen=True, slots=True)
class Finding:
    """What the examiner says of one check: how it ended and the share of its points that was earned, 0 to 1."""

    outcome: CheckOutcome
    share: float = 0.0
    reason: str = ""  # of "not_examinable": a key of messages.NOT_EXAMINABLE
    told: tuple[Mapping[str, str], ...] = ()  # what its visible part may tell of a failure: see messages.TOLD


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check, as a learner sees it; ``hint`` is the author's, empty when the check passed.

    A part that a person grades is a check too: ``waiting`` until it is ``judged``.
    """

    id: str
    points: float
    max_points: float
    passed: bool
    outcome: CheckOutcome | PersonOutcome
    examined: Literal["isolated", "in_kernel", "person"] = "isolated"
    hint: Text = field(default_factory=dict)
    reason: str = ""  # why it could not be examined
    told: Sequence[Mapping[str, str]] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Check":
        """As a grade keeps it; what a later version added is left out."""
        return cls(**{part.name: data[part.name] for part in fields(cls) if part.name in data})

    def differences(self, language: str) -> list[str]:
        """What differed in the visible part, one sentence each; nothing unless the check failed."""
        if self.outcome != "failed":
            return []
        known = dict.fromkeys(("row", "column", "expected", "got"), "")
        texts = messages.TOLD
        return [texts[one["kind"]]["th" if language == "th" else "en"].format(**{**known, **one}) for one in self.told]

    def message(self, language: str) -> str:
        """One sentence: the author's hint where there is one, else what the outcome means."""
        if self.hint and self.outcome in ("failed", "error"):
            return self.hint.get(language) or next(iter(self.hint.values()))
        sentences = messages.NOT_EXAMINABLE.get(self.reason) or messages.OUTCOMES[self.outcome]
        return sentences["th" if language == "th" else "en"]


def checks_of(
    source: Source, findings: Mapping[str, Finding], failed_before: Mapping[str, int] | None = None
) -> tuple[Check, ...]:
    """One result per check of the exercise, in its order; a check without a finding was not run and earns nothing.

    ``failed_before``: in how many earlier attempts the learner failed a check, by its id; hints go by it.

    Parts that a person grades wait for one, whatever the examiner says of them.
    """
    results = [
        (check.number, _check(check, findings.get(check.id, Finding("not_run")), failed_before or {}))
        for check in source.checks
    ]
    results += [(part.number, _waiting(part)) for part in source.manual if part.max_points]
    return tuple(result for _, result in sorted(results, key=lambda numbered: numbered[0]))


def _waiting(part: ManualPart) -> Check:
    return Check(part.id, 0.0, part.max_points, passed=False, outcome="waiting", examined="person")


def _check(check: SourceCheck, finding: Finding, failed_before: Mapping[str, int]) -> Check:
    share = earned_share(finding)
    passed = finding.outcome == "passed" and share >= 1
    hint = {} if passed else dict(check.hint_after(failed_before.get(check.id, 0)))
    points = check.max_points if share >= 1 else round(check.max_points * share, 6)
    return Check(
        check.id, points, check.max_points, passed, finding.outcome, "isolated", hint, finding.reason, finding.told
    )


def earned_share(finding: Finding) -> float:
    """0 to 1. Points go to what passed and to partial credit; whatever is not a number in between earns nothing."""
    if finding.outcome not in ("passed", "failed") or type(finding.share) not in (int, float):
        return 0.0
    share = float(finding.share) if math.isfinite(finding.share) else 0.0
    if finding.outcome == "failed":
        return share if 0 < share < 1 else 0.0
    return 1.0 if share >= 1 else 0.0


def compose(checks: Iterable[Check], judgements: Mapping[str, float]) -> tuple[Check, ...]:
    """``checks`` as the examiner left them, with people's points put in (``judgements``: points by check id).

    Nobody's points leave 0 … the check's maximum, and points for a check that is not there are nobody's.
    """
    return tuple(_judged(check, judgements[check.id]) if check.id in judgements else check for check in checks)


def _judged(check: Check, points: float) -> Check:
    given = min(max(points, 0.0), check.max_points) if math.isfinite(points) else 0.0
    return replace(check, points=given, passed=given >= check.max_points, outcome="judged", examined="person")


def is_waiting(checks: Iterable[Check]) -> bool:
    """Whether some points are still a person's to give."""
    return any(check.outcome == "waiting" for check in checks)


def can_carry_credential(checks: Iterable[Check]) -> bool:
    """Whether every point came from outside the learner's process: over the channel, or from a person, all given."""
    return all(check.examined in ("isolated", "person") and check.outcome != "waiting" for check in checks)


def after_lateness(points: float, percent: int) -> float:
    """The points that remain when ``percent`` of them are taken off for lateness."""
    return round(points * (100 - min(max(percent, 0), 100)) / 100, 6) if percent else points


def total(checks: Iterable[Check]) -> float:
    """The score: the sum of the points."""
    return math.fsum(check.points for check in checks)
