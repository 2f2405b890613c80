"""The measurements: each takes a side and returns plain figures for the record."""

from __future__ import annotations

from typing import Any

from bench.accounting import Stopwatch, available_bytes, memory_of
from bench.conversation import Child
from bench.exercise import LEARNERS, Exercise
from bench.sides import Side, Stock

IMPORTS = "import matplotlib.pyplot, numpy, pandas"
Figures = dict[str, Any]


class WrongResults(Exception):
    """A side did not show what a notebook shows, or not give the scores that submissions deserve: what it took says
    nothing."""


def runs(side: Side, exercise: Exercise, count: int) -> Figures:
    """One run of the notebook in a process that is ready, its kernel started for it. Raises `WrongResults`."""
    with side.host() as host:
        host.ask("ready")
        watch = Stopwatch(side.group)
        shown = [host.ask("run", path=str(side.notebook(exercise)))["outputs"] for _ in range(count)]
        spent = watch.stop()
    if shown != [exercise.outputs] * count:
        raise WrongResults(f"{side.name}, {exercise.name}: {shown} outputs should be {exercise.outputs} each")
    return spent.per(count)


def runs_alone(side: Stock, exercise: Exercise, count: int) -> Figures:
    """One run of the notebook in a process of its own."""
    watch = Stopwatch(side.group)
    for _ in range(count):
        side.run_alone(exercise)
    return watch.stop().per(count)


def cells_alone(side: Stock, exercise: Exercise, count: int) -> Figures:
    """One run of the notebook's cells in a process that has run them before: CPU. Raises `WrongResults`."""
    path = str(side.notebook(exercise))
    with side.cells_alone() as cells:
        first, *others = [cells.ask("run", path=path) for _ in range(count + 1)]
    shown = [each["outputs"] for each in (first, *others)]
    if set(shown) != {exercise.outputs}:
        raise WrongResults(f"cells alone, {exercise.name}: {shown} outputs should be {exercise.outputs} each")
    return {"cpu": sum(each["cpu"] for each in others) / count}


def starts(side: Side, count: int) -> Figures:
    """One kernel from start to ready; its end is not counted."""
    figures: list[Figures] = []
    with side.host() as host:
        host.ask("ready")
        for _ in range(count):
            watch = Stopwatch(side.group)
            seconds = host.ask("start")["seconds"]
            figures.append(watch.stop().per(1) | {"wall": seconds})
            host.ask("stop")
    return {name: sum(each[name] for each in figures) / count for name in figures[0]}


def gradings(side: Side, exercise: Exercise, each: int, at_once: int) -> Figures:
    """``each`` submissions graded by each of ``at_once`` graders: figures for one, and how many a minute. Raises
    `WrongResults`."""
    graded = side.grade(exercise, each, at_once)
    expected = [exercise.scores[number % len(LEARNERS)] for number in range(each)] * at_once
    if graded.scores != expected:
        raise WrongResults(f"{side.name}, {exercise.name}: {graded.scores} should be {expected}")
    count = each * at_once
    one = graded.spent.per(count)
    return one | {
        "per_minute": 60 / one["wall"],
        "cpu_of_ten_with_start": one["cpu"] + graded.start_cpu / len(LEARNERS),
        "cpu_in_worker": graded.worker_cpu / count or None,
        "cpu_of_runs": one["cpu"] - graded.worker_cpu / count,
        "cpu_in_boxes": graded.box_cpu / count or None,
        "seconds": graded.seconds,
    }


def gradings_as_they_come(side: Stock, exercise: Exercise, count: int) -> Figures:
    """One submission, graded when it is handed in: nothing of nbgrader runs before, so each has its own command."""
    figures = [gradings(side, exercise, 1, 1) for _ in range(count)]
    return {name: sum(each[name] for each in figures) / count for name in ("cpu", "wall", "machine", "kernel_threads")}


def memory(side: Side, sizes: tuple[int, ...]) -> Figures:
    """Memory of one kernel with numpy, pandas and matplotlib imported, with so many alive at once; bytes.

    Counted are all processes that came with the kernels. What they share (zygotes, the service) is counted apart, and
    the machine's own loss of available memory beside both.
    """
    figures: Figures = {}
    shared = side.shared_processes()
    with side.host() as host:
        host.ask("ready")
        before, others = available_bytes(), side.group.processes()
        alone = memory_of(shared)
        alive = 0
        for size in sizes:
            for _ in range(alive, size):
                _start_with_imports(host)
            alive = size
            figures[str(size)] = _memory_now(side, others, shared, size) | {
                "machine": (before - available_bytes()) / size
            }
        host.ask("stop")
    return figures | {"shared_before": {"private": alone.private, "proportional": alone.proportional}}


def _start_with_imports(host: Child) -> None:
    host.ask("start")
    if host.ask("execute", code=IMPORTS)["status"] != "ok":
        raise RuntimeError("a kernel could not import what all have to import")


def _memory_now(side: Side, others: frozenset[int], shared: frozenset[int], size: int) -> Figures:
    kernels, parents = memory_of(side.group.processes() - others), memory_of(shared)
    return {
        "private": kernels.private / size,
        "proportional": kernels.proportional / size,
        "shared_private": parents.private,
        "shared_proportional": parents.proportional,
    }
