"""`python -m bench.pairs`: what a submission takes of nbgrader and of us, in turn, so that both meet the same machine.

A machine that others use changes its speed within minutes, and the rounds of `python -m bench` measure one side after
the other. Here each pair is one command of nbgrader for one submission and, at once after it, our grading of ten in a
running worker, then the cells alone: what the notebook itself takes, whoever runs it, once. Printed are the medians of
the ratios and their range, for all of ours, without our worker, and for the cells alone. Every figure goes to
``var/bench/`` as JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from bench.accounting import NoGroups
from bench.conversation import HERE
from bench.exercise import LEARNERS, Exercise
from bench.exercises import EXERCISES
from bench.measuring import Figures, cells_alone, gradings
from bench.sides import Stock, Warm, prepare

# What is set beside nbgrader's CPU: the words of the table, the side and its figure.
PARTS = (
    ("all of it", "ours", "cpu"),
    ("without the worker", "ours", "cpu_of_runs"),
    ("the cells alone, once", "alone", "cpu"),
)
RUNS_ALONE = 3


def main() -> int:
    """Measure the pairs, keep them and print the table; returns the exit code."""
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
    path = results / f"pairs-{time.strftime('%Y-%m-%dT%H%M%SZ', time.gmtime())}.json"
    path.write_text(json.dumps(pairs, indent=1))
    print("| CPU of one submission, as it comes | stock (s) | it (s) | it/stock | range |\n|---|---|---|---|---|")
    for words, side, name in PARTS:
        for exercise, measured in pairs.items():
            print(_line(f"{exercise}, {words}", [(each["stock"]["cpu"], each[side][name]) for each in measured]))
        rounds = zip(*pairs.values(), strict=True)
        means = [_mean((each["stock"]["cpu"], each[side][name]) for each in one) for one in rounds]
        print(_line(f"mean of seconds, {words}", means))
    print(f"Every figure: {path.relative_to(HERE)}")
    return 0


def _measure(work: Path, count: int) -> dict[str, list[dict[str, Figures]]]:
    """By exercise and pair the figures of each side: ``stock``, ``ours``, ``alone``; of all exercises in turn."""
    made = prepare(work)
    pairs: dict[str, list[dict[str, Figures]]] = {exercise.name: [] for exercise in EXERCISES}
    with Stock(work / "stock-side", made, work / "courses") as stock, Warm(work / "warm", made) as warm:
        for exercise in EXERCISES:
            _pair(stock, warm, exercise)  # not counted: files come into memory, caches are made
        for _ in range(count):
            for exercise in EXERCISES:
                pairs[exercise.name].append(_pair(stock, warm, exercise))
    return pairs


def _pair(stock: Stock, warm: Warm, exercise: Exercise) -> dict[str, Figures]:
    return {
        "stock": gradings(stock, exercise, 1, 1),
        "ours": gradings(warm, exercise, len(LEARNERS), 1),
        "alone": cells_alone(stock, exercise, RUNS_ALONE),
    }


def _mean(pairs: Iterable[tuple[float, float]]) -> tuple[float, float]:
    stock, other = zip(*pairs, strict=True)
    return statistics.fmean(stock), statistics.fmean(other)


def _line(label: str, pairs: list[tuple[float, float]]) -> str:
    stock, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = sorted(theirs / its for theirs, its in pairs)
    spread = f"1/{ratios[0]:.1f} to 1/{ratios[-1]:.1f}"
    return f"| {label} | {stock:.3f} | {other:.3f} | 1/{statistics.median(ratios):.1f} | {spread} |"


if __name__ == "__main__":
    sys.exit(main())
