"""How much a sandbox may use. Every number is enforced from outside, never by the good will of what runs inside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar, Self

# The ceiling of a number: above it a "limit" is a typing mistake (bytes taken for megabytes), not a limit.
CEILINGS: dict[str, float] = {
    "wall_seconds": 3600,
    "cpu_seconds": 3600,
    "memory_bytes": 64 << 30,
    "processes": 4096,
    "disk_bytes": 16 << 30,
    "files": 1_000_000,
    "output_bytes": 64 << 20,
    "open_files": 65536,
}
# An interpreter needs this much to begin at all; less would fail every run for a reason no learner can see.
_FLOORS: dict[str, float] = {
    "wall_seconds": 0.1,
    "cpu_seconds": 0.1,
    "memory_bytes": 16 << 20,
    "processes": 2,
    "disk_bytes": 64 << 10,
    "files": 16,
    "output_bytes": 1,
    "open_files": 16,
}
# What all runs may be promised together, and all kernels of the workbench, unless an operator says otherwise: together
# less than the machine has, for the site, the database and the zygotes are on it too.
MEMORY_BYTES = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
FOR_RUNS_BYTES, FOR_KERNELS_BYTES = MEMORY_BYTES // 2, MEMORY_BYTES * 3 // 10


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one run of one sandbox; units are in the names.

    ``disk_bytes`` and ``files`` cover everything the run writes (working directory, temporary files and shared
    memory together); ``output_bytes`` is what it may print or display. What a kernel or an examiner uses to start is
    not the learner's: those who start one allow it a few seconds of CPU beyond ``cpu_seconds``. Raises
    `ValueError` on an absurd number.
    """

    wall_seconds: float = 30.0
    cpu_seconds: float = 20.0
    memory_bytes: int = 1 << 30
    processes: int = 48
    disk_bytes: int = 64 << 20
    files: int = 4096
    output_bytes: int = 1_000_000
    open_files: int = 256

    ceilings: ClassVar[Mapping[str, float]] = CEILINGS

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            wanted = (int, float) if field.name.endswith("_seconds") else (int,)
            if type(value) not in wanted:
                raise ValueError(f"{field.name} must be a {'number' if float in wanted else 'whole number'}: {value!r}")
            # Written so that nan, which compares false with everything, is refused too.
            low, high = _FLOORS[field.name], self.ceilings[field.name]
            if not low <= value <= high:
                raise ValueError(f"{field.name} must be between {low} and {high}: {value!r}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"wall_seconds=20,memory_bytes=500000000"``; what is not named keeps its default.

        Raises `ValueError` with a sentence naming the part that is wrong.
        """
        changes: dict[str, Any] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals:
                raise ValueError(f"limits are written name=value, separated by commas: {part!r}")
            if name in changes:
                raise ValueError(f"{name} is given twice")
            changes[name] = _number(name, value)
        return cls.from_dict(changes)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Make limits from a mapping such as one read from JSON. Raises `ValueError` like `with_`."""
        return cls().with_(**values)

    def with_(self, **changes: Any) -> Self:
        """Return a copy with some numbers changed. Raises `ValueError` on unknown names and bad numbers."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise ValueError(f"there is no limit named {name!r}; the limits are {', '.join(known)}")
        return replace(self, **changes)

    def as_dict(self) -> dict[str, float | int]:
        """Return the limits as plain data, ready for JSON."""
        return asdict(self)


class KernelLimits(Limits):
    """The limits of a kernel that a person works with: it may stay for a day, which no graded run ever takes."""

    __slots__ = ()
    ceilings: ClassVar[Mapping[str, float]] = {**CEILINGS, "wall_seconds": 86400}


def _number(name: str, text: str) -> float | int:
    try:
        return float(text) if name.endswith("_seconds") else int(text)
    except ValueError:
        raise ValueError(f"{name} is not a number: {text!r}") from None
