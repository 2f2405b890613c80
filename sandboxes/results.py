"""How a run can end, and what it used. Pure values: learners' faults are values, our own faults are exceptions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode


class RunStatus(StrEnum):
    """How a run ended. Exactly one of these, whatever happened inside."""

    COMPLETED = "COMPLETED"
    CELL_ERROR = "CELL_ERROR"
    OUT_OF_TIME = "OUT_OF_TIME"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    TOO_MUCH_OUTPUT = "TOO_MUCH_OUTPUT"
    KERNEL_DIED = "KERNEL_DIED"
    SANDBOX_FAILED = "SANDBOX_FAILED"


class SandboxUnavailable(Exception):
    """This machine cannot build the sandbox, or could not just now; the text says exactly why.

    Ours to repair, never the learner's. Graded work is refused rather than run without its sandbox.
    """


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run used. Runs add up: times and output are summed, of the memory peaks the higher one counts."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    max_memory_bytes: int = 0
    output_bytes: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.wall_seconds + other.wall_seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.max_memory_bytes, other.max_memory_bytes),
            self.output_bytes + other.output_bytes,
        )

    def as_dict(self) -> dict[str, float | int]:
        """Return the figures as plain data, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Ending:
    """How what ran in a box ended.

    ``status`` is COMPLETED for exit code 0, OUT_OF_TIME or OUT_OF_MEMORY when a limit ended it, SANDBOX_FAILED when
    the box itself broke, else KERNEL_DIED. ``exit_code`` is None unless it left by itself, ``signal`` None unless a
    signal ended it. ``detail`` is for staff.
    """

    status: RunStatus
    exit_code: int | None = None
    signal: int | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class RunResult:
    """A notebook as it ran: outputs filled in and capped, how it ended, what it used; ``detail`` is for staff only."""

    status: RunStatus
    usage: Usage
    notebook: NotebookNode
    detail: str = ""
