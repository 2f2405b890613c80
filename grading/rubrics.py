"""The criteria that an author wrote into a mark scheme, one a line: ``2: names the source``. Pure."""

import math
import re
from dataclasses import dataclass

_CRITERION = re.compile(r"[\s#*-]*(\d+(?:\.\d+)?)\s*[:=]\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is worth how many points."""

    points: float
    text: str


def criteria(guide: str, max_points: float) -> tuple[Criterion, ...]:
    """The rubric in ``guide``; empty when its lines are no criteria or do not add up to ``max_points``.

    Then the guide is prose, for a person to read and to give points by.
    """
    lines = [_CRITERION.fullmatch(line) for line in guide.split("\n") if line.strip(" #")]
    found = tuple(Criterion(float(match[1]), match[2].strip()) for match in lines if match)
    is_whole = len(found) == len(lines) and abs(math.fsum(one.points for one in found) - max_points) < 1e-9
    return found if is_whole else ()
