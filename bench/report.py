"""From the rounds of a run to the table: medians, their ranges, the ratios and the targets beside them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
ANY = "*"
SIDES = ("stock", "cold", "warm")
HEADINGS = ("", "stock", "ours, cold", "ours, warm", "ours/stock", "target")
GRADING_TARGET, MEMORY_TARGET = "≤ 1/20, aim 1/50", "≤ 1/5"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: where its figure lies in a side's record, its unit, and whether more is better.

    Of several places it is the arithmetic mean.
    """

    label: str
    paths: tuple[Path, ...]
    unit: str
    target: str = ""
    more_is_better: bool = False
    stock_paths: tuple[Path, ...] = ()

    def value(self, figures: Mapping[str, Any], side: str) -> float | None:
        """Return the figure of a side in one round, in the unit of this line; None where it was not measured."""
        paths = self.stock_paths if side == "stock" and self.stock_paths else self.paths
        found = [value for path in paths if (value := _dig(figures.get(side), path)) is not None]
        return statistics.fmean(found) * _UNITS[self.unit][0] if len(found) == len(paths) else None


_UNITS: dict[str, tuple[float, Callable[[float], str]]] = {
    "s": (1, lambda value: f"{value:.3f}"),
    "MB": (1e-6, lambda value: f"{value:.1f}"),
    "/min": (1, lambda value: f"{value:.0f}"),
}


def rows(exercises: Sequence[str], memory_sizes: Iterable[int], at_once: Iterable[int]) -> list[Row]:
    """Return the lines of the table."""
    memory = (
        ("private", "memory a kernel, private"),
        ("proportional", "  proportional"),
        ("machine", "  machine's loss"),
    )
    parts = (
        ("cpu_in_worker", "of it in the worker, mean"),
        ("cpu_in_boxes", "of it in the boxes, mean"),
        ("kernel_threads_over_idle", "not in it: threads of Linux itself, mean"),
        ("machine_over_idle", "again, by the clock of the whole machine, mean"),
        ("cpu_of_ten_with_start", "of ten, worker and service started for them, mean"),
    )
    runs = (("run_alone", "stock in a process of its own"), ("run", "both in a running process"))
    graded_cpu = ("grade", ANY, "1", "cpu")
    return [
        *_each(
            exercises,
            "one submission graded as it comes: CPU",
            graded_cpu,
            ("grade_as_they_come", ANY, "cpu"),
            target=GRADING_TARGET,
        ),
        *_each(
            exercises,
            "  of it without the worker: CPU",
            ("grade", ANY, "1", "cpu_of_runs"),
            ("grade_as_they_come", ANY, "cpu"),
        ),
        *_each(exercises, "one submission of ten, graded together: CPU", graded_cpu, target=GRADING_TARGET),
        *(Row(f"  {label}", _paths(exercises, ("grade", ANY, "1", part)), "s") for part, label in parts),
        *_each(
            exercises,
            "one submission graded as it comes: wall",
            ("grade", ANY, "1", "wall"),
            ("grade_as_they_come", ANY, "wall"),
        ),
        *(
            Row(
                f"graded a minute, {exercises[0]}, {n} at once",
                (("grade", exercises[0], str(n), "per_minute"),),
                "/min",
                more_is_better=True,
            )
            for n in at_once
        ),
        *(
            row
            for stock, label in runs
            for clock, name in (("cpu", "CPU"), ("wall", "wall"))
            for row in _each(exercises, f"notebook run, {label}: {name}", ("run", ANY, clock), (stock, ANY, clock))
        ),
        Row("kernel, start to ready: CPU", (("start", "cpu"),), "s"),
        Row("kernel, start to ready: wall", (("start", "wall"),), "s"),
        *(
            Row(f"{label}, {n} alive", (("memory", str(n), kind),), "MB", MEMORY_TARGET if kind == "private" else "")
            for kind, label in memory
            for n in memory_sizes
        ),
        Row("  what they share, when none is alive", (("memory", "shared_before", "private"),), "MB"),
    ]


def _each(exercises: Sequence[str], label: str, path: Path, stock_path: Path = (), target: str = "") -> list[Row]:
    """Return a line for each exercise and one for their mean; ``path`` has `ANY` where an exercise's name belongs."""
    groups = [(f"{label}, {name}", [name]) for name in exercises]
    return [
        Row(text, _paths(names, path), "s", target, stock_paths=_paths(names, stock_path or path))
        for text, names in [*groups, (f"{label}, mean", list(exercises))]
    ]


def _paths(exercises: Sequence[str], path: Path) -> tuple[Path, ...]:
    return tuple(tuple(name if part == ANY else part for part in path) for name in exercises)


def table(lines: Iterable[Row], rounds: list[Mapping[str, Any]]) -> str:
    """Return the table as Markdown that also reads well on a terminal."""
    cells = [HEADINGS, *(_cells(row, rounds) for row in lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    rule = ["-" * width for width in widths]
    texts = [cells[0], tuple(rule), *cells[1:]]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + " |" for line in texts
    )


def other_work(rounds: Iterable[Mapping[str, Any]]) -> str:
    """Return a sentence on what else the machine did: the time of its processors that nobody measured accounts for.

    On an idle machine it is also the check that the groups missed nothing.
    """
    shares = [
        (spent["machine"] - spent["cpu"] - spent["kernel_threads"]) / spent["wall"]
        for each in rounds
        for spent in _spendings(each)
    ]
    middle, low, high = (f"{pick(shares):.2f}" for pick in (statistics.median, min, max))
    return (
        f"Other work on this machine meanwhile: {middle} processors' worth (median; {low} to {high}). "
        "Above 0.1 the seconds say little: measure again when it is idle."
    )


def _spendings(record: Any) -> Iterator[Mapping[str, float]]:
    if isinstance(record, Mapping):
        if "cpu" in record:
            yield record
        for part in record.values():
            yield from _spendings(part)


def _cells(row: Row, rounds: list[Mapping[str, Any]]) -> tuple[str, ...]:
    found = {side: [row.value(figures, side) for figures in rounds] for side in SIDES}
    ours = found["warm"] if any(found["warm"]) else found["cold"]
    spreads = (_spread(row, [value for value in found[side] if value is not None]) for side in SIDES)
    return (f"{row.label} ({row.unit})", *spreads, _ratio(row, found["stock"], ours), row.target)


def _spread(row: Row, values: list[float]) -> str:
    """The median, and the range where there is one."""
    if not any(values):
        return "-"
    show = _UNITS[row.unit][1]
    middle, low, high = show(statistics.median(values)), show(min(values)), show(max(values))
    return middle if low == high else f"{middle} ({low}…{high})"


def _ratio(row: Row, stock: list[float | None], ours: list[float | None]) -> str:
    """The median of the rounds' ratios: both were measured minutes apart, on the same machine in the same mood."""
    pairs = [(one, other) for one, other in zip(ours, stock, strict=True) if one is not None and other is not None]
    if not pairs or any(one <= 0 or other <= 0 for one, other in pairs):
        return "-"
    ratio = statistics.median(one / other for one, other in pairs)
    return f"{ratio:.2f} x" if row.more_is_better or ratio >= 1 else f"1/{1 / ratio:.1f}"


def _dig(record: Any, path: Path) -> float | None:
    for name in path:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record
