"""`python -m bench`: what the sandbox and the grading cost, beside stock Jupyter and nbgrader, in one run.

Rounds go through the sides in turn (stock, ours cold, ours warm, and again), so that whatever the machine does
besides meets all of them. Prints a table of medians and writes every figure to `var/bench/`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import report
from bench.accounting import Group, NoGroups, Stopwatch
from bench.conversation import HERE
from bench.exercise import LEARNERS
from bench.exercises import EXERCISES
from bench.measuring import Figures, gradings, gradings_as_they_come, memory, runs, runs_alone, starts
from bench.sides import STOCK_PYTHON, Ours, Side, Stock, Warm, has_service, prepare

IDLE_SECONDS = 3.0
PACKAGES = ("nbgrader", "nbclient", "ipykernel", "jupyter-client", "numpy", "pandas", "matplotlib", "scikit-learn")


class Plan:
    """How much is measured in one round."""

    def __init__(self, *, is_quick: bool) -> None:
        self.repeats = 1 if is_quick else 3
        self.cold_gradings = 2 if is_quick else 5
        self.warm_gradings = 10 if is_quick else 30
        self.stock_gradings = 4 if is_quick else len(LEARNERS)
        self.sizes = (1, 10) if is_quick else (1, 10, 50)
        # Of the first exercise; of the others one at a time.
        self.at_once = tuple(number for number in (1, 2, 4) if number <= (os.cpu_count() or 1))
        self.exercises = tuple(exercise.name for exercise in EXERCISES)


def main() -> int:
    """Run the bench; returns the exit code."""
    options = _parser().parse_args()
    if options.show:
        _print(json.loads(options.show.read_text()))
        return 0
    results = HERE / "var" / "bench"
    results.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=results))
    try:
        for record in _measure(Plan(is_quick=options.quick), 1 if options.quick else max(1, options.rounds), work):
            path = results / f"{record['machine']['at'].replace(':', '')}.json"
            path.write_text(json.dumps(record, indent=1, ensure_ascii=False))
    except NoGroups as error:
        print(f"error: {error}; run as root, or where a control group is delegated to you", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(work, ignore_errors=True)
    _print(record)
    print(f"Every figure: {path.relative_to(HERE)}")
    return 0


def _print(record: Figures) -> None:
    plan = record["plan"]
    lines = report.rows(plan["exercises"], plan["sizes"], plan["at_once"])
    print(f"{report.table(lines, record['rounds'])}\n\n{report.other_work(record['rounds'])}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the sandbox beside its peers.")
    parser.add_argument("--rounds", type=int, default=5, help="how often everything is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="one small round: does it work?")
    parser.add_argument("--show", type=Path, metavar="FILE", help="print the table of an earlier run; measure nothing")
    return parser


def _measure(plan: Plan, rounds: int, work: Path) -> Iterator[dict[str, Any]]:
    """Yield the record after every round: a run that is broken off keeps the rounds it had."""
    made = prepare(work)
    sides: list[Callable[[], Side]] = [
        lambda: Stock(work / "stock", made, work / "courses"),
        lambda: Ours(work / "cold", made),
    ]
    if has_service():
        sides.append(lambda: Warm(work / "warm", made))
    else:
        _say("no sandbox service in this checkout: ours is measured cold only")
    record: dict[str, Any] = {"machine": _machine(), "plan": vars(plan), "rounds": []}
    for number in range(1, rounds + 1):
        _say(f"round {number} of {rounds}")
        figures = {"idle": _idle(work)}
        for opened in sides:
            with opened() as side:
                figures[side.name] = _measured(side, plan, figures["idle"])
        record["rounds"].append(figures)
        yield record


def _measured(side: Side, plan: Plan, idle: Figures) -> Figures:
    figures: Figures = {"run_alone": {}, "run": {}, "grade": {}, "grade_as_they_come": {}}
    count = {"stock": plan.stock_gradings, "cold": plan.cold_gradings, "warm": plan.warm_gradings}[side.name]
    for exercise in EXERCISES:
        _say(f"  {side.name}: notebook of {exercise.name}")
        if isinstance(side, Stock):
            figures["run_alone"][exercise.name] = runs_alone(side, exercise, plan.repeats)
            _say(f"  {side.name}: grading {exercise.name}, a command each")
            one_each = gradings_as_they_come(side, exercise, plan.repeats)
            figures["grade_as_they_come"][exercise.name] = one_each
        figures["run"][exercise.name] = runs(side, exercise, plan.repeats)
        is_alone = side.name == "cold" or exercise is not EXERCISES[0]
        figures["grade"][exercise.name] = {}
        for at_once in plan.at_once[:1] if is_alone else plan.at_once:
            _say(f"  {side.name}: grading {exercise.name}, {at_once} at once")
            graded = figures["grade"][exercise.name][str(at_once)] = gradings(side, exercise, count, at_once)
            for clock, share in idle.items():
                graded[f"{clock}_over_idle"] = graded[clock] - share * graded["wall"]
    _say(f"  {side.name}: kernels")
    figures["start"] = starts(side, plan.repeats)
    if side.name != "cold":
        figures["memory"] = memory(side, plan.sizes)
    return figures


def _idle(work: Path) -> Figures:
    """How much of a processor the machine and Linux's own threads use without us: the baseline of their clocks."""
    with Group(f"bench-{work.name}") as group:
        watch = Stopwatch(group)
        time.sleep(IDLE_SECONDS)
        spent = watch.stop()
    return {"machine": spent.machine / spent.wall, "kernel_threads": spent.kernel_threads / spent.wall}


def _machine() -> Figures:
    listed = subprocess.run(
        [STOCK_PYTHON, "-c", f"import importlib.metadata as m; print(*map(m.version, {PACKAGES!r}))"],
        capture_output=True,
        text=True,
        check=True,
    )
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False
    )
    return {
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "processor": models[0].partition(": ")[2] if models else platform.machine(),
        "cores": os.cpu_count(),
        "linux": platform.release(),
        "python": platform.python_version(),
        "stock": dict(zip(PACKAGES, listed.stdout.split(), strict=True)),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
