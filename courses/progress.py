"""How far a learner is in a course. Computed from what is recorded elsewhere, never stored. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a lesson to read, an exercise or a quiz to pass."""

    title: str
    url: str
    is_done: bool
    is_exercise: bool = False
    is_quiz: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` steps, and the first step that is still open (None when there is none)."""

    done: int
    total: int
    next: Step | None

    @property
    def percent(self) -> int:
        """Whole percent, rounded down: 100 means that nothing is left."""
        return self.done * 100 // self.total if self.total else 0

    @property
    def is_complete(self) -> bool:
        return self.total > 0 and self.done == self.total


def progress(steps: Iterable[Step]) -> Progress:
    """The progress over ``steps``, given in the order in which they are meant to be done."""
    every = list(steps)
    return Progress(
        done=sum(step.is_done for step in every),
        total=len(every),
        next=next((step for step in every if not step.is_done), None),
    )


def is_passed(fraction: float | None, pass_percent: int) -> bool:
    """Whether the best score, as a share 0..1 of the maximum (None: no grade yet), reaches ``pass_percent``."""
    # Scores are sums of floats: 0.8 reached by halves and thirds must not fail by the last bit.
    return fraction is not None and fraction * 100 + 1e-9 >= pass_percent
