"""From the outcome of every check to a score. Pure."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from grading import messages
from grading.notebooks import Source, SourceCheck, Text

CheckOutcome = Literal["passed", "failed", "error", "timeout", "not_examinable", "not_run"]
OUTCOMES: frozenset[str] = frozenset(get_args(CheckOutcome))


@dataclass(frozen=True, slots=True)
class Finding:
    """What the examiner says of one check: how it ended and the share of its points that was earned, 0 to 1."""

    outcome: CheckOutcome
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check, as a learner sees it; ``hint`` is the author's, empty when the check passed."""

    id: str
    points: float
    max_points: float
    passed: bool
    outcome: CheckOutcome
    examined: Literal["isolated", "in_kernel"] = "isolated"
    hint: Text = field(default_factory=dict)

    def message(self, language: str) -> str:
        """One sentence: the author's hint where there is one, else what the outcome means."""
        if self.hint and self.outcome in ("failed", "error"):
            return self.hint.get(language) or next(iter(self.hint.values()))
        return messages.OUTCOMES[self.outcome]["th" if language == "th" else "en"]


def checks_of(source: Source, findings: Mapping[str, Finding]) -> tuple[Check, ...]:
    """One result per check of the exercise, in its order; a check without a finding was not run and earns nothing."""
    return tuple(_check(check, findings.get(check.id, Finding("not_run"))) for check in source.checks)


def _check(check: SourceCheck, finding: Finding) -> Check:
    share = earned_share(finding)
    passed = finding.outcome == "passed" and share >= 1
    hint = {} if passed else dict(check.hint)
    points = check.max_points if share >= 1 else round(check.max_points * share, 6)
    return Check(check.id, points, check.max_points, passed, finding.outcome, "isolated", hint)


def earned_share(finding: Finding) -> float:
    """0 to 1. Points go to what passed and to partial credit; whatever is not a number in between earns nothing."""
    if finding.outcome not in ("passed", "failed") or type(finding.share) not in (int, float):
        return 0.0
    share = float(finding.share) if math.isfinite(finding.share) else 0.0
    if finding.outcome == "failed":
        return share if 0 < share < 1 else 0.0
    return 1.0 if share >= 1 else 0.0


def total(checks: Iterable[Check]) -> float:
    """The score: the sum of the points."""
    return math.fsum(check.points for check in checks)
