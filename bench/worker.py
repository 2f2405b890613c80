"""One of our workers, as the bench drives it: grades, runs notebooks, starts kernels and keeps them.

Run by the platform's interpreter: ``python -m bench.worker FOLDER``, where FOLDER has the exercise. Whether kernels
are forked from warm ones or started cold is not decided here: with a running sandbox service they are forked.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from bench import exercise
from bench.conversation import HERE, answer_until_closed
from bench.stock import Kernels
from grading.grader import grade
from sandboxes import environments, kernelspecs
from sandboxes.limits import Limits
from sandboxes.runner import run_notebook

PYTHON = HERE / ".venv-kernel" / "bin" / "python"
LIMITS = Limits()


class Work:
    """The exercise of a folder, and what can be done with it."""

    def __init__(self, folder: Path) -> None:
        self.source = (folder / "source.ipynb").read_bytes()
        self.submissions = [(folder / f"{learner}.ipynb").read_bytes() for learner in exercise.LEARNERS]
        self.files = {exercise.DATA_FILE: exercise.data()}

    def grade(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Grade these submissions one after the other; the answer has the score and the seconds of each, and the CPU
        time of this process and of the boxes."""
        scores, seconds, in_boxes, cpu_before = [], [], 0.0, time.process_time()
        for number in numbers:
            began = time.monotonic()
            outcome = grade(
                source=self.source,
                submission=self.submissions[number],
                files=self.files,
                hidden_files={},
                limits=LIMITS,
                python=PYTHON,
            )
            scores.append(outcome.score)
            in_boxes += outcome.usage.cpu_seconds
            seconds.append(time.monotonic() - began)
        in_worker = time.process_time() - cpu_before
        return {"scores": scores, "seconds": seconds, "in_worker": in_worker, "in_boxes": in_boxes}

    def run(self, path: str) -> dict[str, Any]:
        """The run that a learner is shown, alone."""
        notebook = nbformat.read(path, as_version=4)
        result = run_notebook(notebook, files=self.files, limits=LIMITS, python=PYTHON)
        if result.status != "COMPLETED":
            raise RuntimeError(f"{result.status}: {result.detail}")
        return {"outputs": sum(len(cell.get("outputs", ())) for cell in result.notebook.cells)}


def main() -> None:
    folder = Path(sys.argv[1])
    declared = environments.load()
    kernelspecs.install(declared.values(), folder / "jupyter")
    os.environ["JUPYTER_PATH"] = str(folder / "jupyter")
    work, kernels = Work(folder), Kernels(kernelspecs.kernel_name(declared["python"]))
    answer_until_closed(
        {
            "ready": dict,
            "grade": work.grade,
            "run": work.run,
            "start": kernels.start,
            "execute": kernels.execute,
            "stop": kernels.stop,
        }
    )


if __name__ == "__main__":
    main()
