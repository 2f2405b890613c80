"""How far a learner is in a course. Computed from what is recorded elsewhere, never stored. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """What something graded has brought so far (None: nothing yet), and the share in percent that passes."""

    score: float | None
    max_score: float | None
    needed_percent: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: a lesson to read, an exercise or a quiz to pass."""

    title: str
    url: str
    is_done: bool
    is_exercise: bool = False
    is_quiz: bool = False
    result: Result | None = None

    @property
    def kind(self) -> str:
        return "exercise" if self.is_exercise else "quiz" if self.is_quiz else "lesson"


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


@dataclass(frozen=True, slots=True)
class Part:
    """The steps of one kind."""

    kind: str
    steps: tuple[Step, ...]

    @property
    def done(self) -> int:
        return sum(step.is_done for step in self.steps)

    @property
    def total(self) -> int:
        return len(self.steps)

    @property
    def open(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if not step.is_done)

    @property
    def is_complete(self) -> bool:
        return not self.open


@dataclass(frozen=True, slots=True)
class Checklist:
    """What a course asks for, kind by kind; complete exactly when ``Progress`` is."""

    parts: tuple[Part, ...]

    @property
    def missing(self) -> int:
        return sum(len(part.open) for part in self.parts)

    @property
    def is_complete(self) -> bool:
        return bool(self.parts) and not self.missing


def checklist(steps: Iterable[Step]) -> Checklist:
    """The steps by kind, kinds that do not occur left out."""
    every = list(steps)
    kinds = ("lesson", "exercise", "quiz")
    parts = (Part(kind, tuple(step for step in every if step.kind == kind)) for kind in kinds)
    return Checklist(tuple(part for part in parts if part.steps))


def is_passed(fraction: float | None, pass_percent: int) -> bool:
    """Whether the best score, as a share 0..1 of the maximum (None: no grade yet), reaches ``pass_percent``."""
    # Scores are sums of floats: 0.8 reached by halves and thirds must not fail by the last bit.
    return fraction is not None and fraction * 100 + 1e-9 >= pass_percent
