"""`python -m bench.pairs`: what a submission takes of nbgrader and of us, in turn, so that both meet the same machine.

A machine that others use changes its speed within minutes, and the rounds of `python -m bench` measure one side after
the other. Here each pair is one command of nbgrader for one submission and, at once after it, our grading of ten in a
running worker. Printed are the medians of the ratios and their range, for all of ours and without our worker.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from bench.accounting import NoGroups
from bench.conversation import HERE
from bench.exercise import LEARNERS, Exercise
from bench.exercises import EXERCISES
from bench.measuring import Figures, gradings
from bench.sides import Side, Stock, Warm, prepare

PARTS = {"all of it": "cpu", "without the worker": "cpu_of_runs"}


def main() -> int:
    """Measure the pairs and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.pairs", description=__doc__)
    parser.add_argument("--pairs", type=int, default=9, help="of each exercise (default: 9)")
    options = parser.parse_args()
    results = HERE / "var" / "bench"
    results.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="pairs-", dir=results))
    try:
        pairs = _measure(work, max(1, options.pairs))
    except NoGroups as error:
        print(f"error: {error}; run as root, or where a control group is delegated to you", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(work, ignore_errors=True)
    print("| CPU of one submission, as it comes | stock (s) | ours (s) | ours/stock | range |\n|---|---|---|---|---|")
    for part, name in PARTS.items():
        for exercise, measured in pairs.items():
            print(_line(f"{exercise}, {part}", [(stock["cpu"], ours[name]) for stock, ours in measured]))
        rounds = zip(*pairs.values(), strict=True)
        print(_line(f"mean of seconds, {part}", [_mean((s["cpu"], o[name]) for s, o in each) for each in rounds]))
    return 0


def _measure(work: Path, count: int) -> dict[str, list[tuple[Figures, Figures]]]:
    """By exercise, the figures of nbgrader and ours, pair by pair; of all exercises in turn."""
    made = prepare(work)
    pairs: dict[str, list[tuple[Figures, Figures]]] = {exercise.name: [] for exercise in EXERCISES}
    with Stock(work / "stock-side", made, work / "courses") as stock, Warm(work / "warm", made) as warm:
        for exercise in EXERCISES:
            _pair(stock, warm, exercise)  # not counted: files come into memory, caches are made
        for _ in range(count):
            for exercise in EXERCISES:
                pairs[exercise.name].append(_pair(stock, warm, exercise))
    return pairs


def _pair(stock: Side, warm: Side, exercise: Exercise) -> tuple[Figures, Figures]:
    return gradings(stock, exercise, 1, 1), gradings(warm, exercise, len(LEARNERS), 1)


def _mean(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    stock, ours = zip(*pairs, strict=True)
    return statistics.fmean(stock), statistics.fmean(ours)


def _line(label: str, pairs: list[tuple[float, float]]) -> str:
    stock, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = sorted(one / other for one, other in pairs)
    spread = f"1/{ratios[0]:.1f} to 1/{ratios[-1]:.1f}"
    return f"| {label} | {stock:.3f} | {ours:.3f} | 1/{statistics.median(ratios):.1f} | {spread} |"


if __name__ == "__main__":
    sys.exit(main())
