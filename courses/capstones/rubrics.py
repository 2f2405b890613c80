"""What a project is judged by, as plain data: criteria with levels, from the lowest to the highest. Pure.

A rubric is a list of ``{"name": {"th", "en"}, "asks": {"th", "en"}, "weight": int, "levels": [{"th", "en"}, …]}``. A
judgement is a list with one level for each criterion, counted from 1. The lowest level brings nothing, the highest all.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rubric = Sequence[Mapping[str, Any]]
# Peers who are so many levels apart in a criterion disagree: what they chose is then no suggestion.
APART = 2


def is_whole(rubric: Rubric, levels: Any) -> bool:
    """Whether ``levels``, whoever sent them, name one of its levels for each criterion."""
    if not isinstance(levels, list | tuple) or len(levels) != len(rubric):
        return False
    return all(
        isinstance(level, int) and not isinstance(level, bool) and 1 <= level <= len(criterion["levels"])
        for level, criterion in zip(levels, rubric, strict=True)
    )


def share(rubric: Rubric, levels: Sequence[int]) -> float:
    """What a judgement is worth, 0..1. Raises ValueError when it is not whole."""
    if not rubric or not is_whole(rubric, levels):
        raise ValueError(f"{levels!r} is no judgement by these {len(rubric)} criteria")
    weights = [float(criterion["weight"]) for criterion in rubric]
    gained = [
        weight * (level - 1) / (len(criterion["levels"]) - 1)
        for criterion, weight, level in zip(rubric, weights, levels, strict=True)
    ]
    return math.fsum(gained) / math.fsum(weights)


@dataclass(frozen=True, slots=True)
class Seen:
    """What peers said of one criterion: their levels, and the one to begin from (None: none, or they disagree)."""

    levels: tuple[int, ...]
    is_disputed: bool
    suggested: int | None


def seen(rubric: Rubric, judgements: Sequence[Sequence[int]]) -> list[Seen]:
    """For each criterion what the whole ones among ``judgements`` say. Of an even number the lower middle is suggested:
    whoever decides raises it with open eyes."""
    whole = [levels for levels in judgements if is_whole(rubric, list(levels))]
    found = []
    for place in range(len(rubric)):
        levels = tuple(judgement[place] for judgement in whole)
        is_disputed = bool(levels) and max(levels) - min(levels) >= APART
        found.append(Seen(levels, is_disputed, None if is_disputed or not levels else statistics.median_low(levels)))
    return found
