"""One of our workers, as the bench drives it: grades, runs notebooks, starts kernels and keeps them.

Run by the platform's interpreter: ``python -m bench.worker FOLDER``, where FOLDER has a folder for each exercise.
Whether kernels are forked from warm ones or started cold is not decided here: with a running sandbox service they are
forked.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from bench.conversation import HERE, answer_until_closed
from bench.sides import SOURCE
from bench.stock import Kernels
from grading.grader import grade
from sandboxes import environments, kernelspecs
from sandboxes.limits import Limits
from sandboxes.runner import run_notebook

PYTHON = HERE / ".venv-kernel" / "bin" / "python"
LIMITS = Limits()


class Work:
    """What can be done with the exercises of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def grade(self, exercise: str, learners: Sequence[str]) -> dict[str, Any]:
        """Grade these submissions one after the other; the answer has the score and the seconds of each, and the CPU
        time of this process and of the boxes."""
        folder = self.folder / exercise
        source, files = (folder / SOURCE).read_bytes(), _files_beside_notebooks(folder)
        scores, seconds, in_boxes, cpu_before = [], [], 0.0, time.process_time()
        for learner in learners:
            began = time.monotonic()
            outcome = grade(
                source=source,
                submission=(folder / f"{learner}.ipynb").read_bytes(),
                files=files,
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
        files = _files_beside_notebooks(Path(path).parent)
        result = run_notebook(notebook, files=files, limits=LIMITS, python=PYTHON)
        if result.status != "COMPLETED":
            raise RuntimeError(f"{result.status}: {result.detail}")
        return {"outputs": sum(len(cell.get("outputs", ())) for cell in result.notebook.cells)}


def _files_beside_notebooks(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".ipynb"}


def main() -> None:
    work, kernels = Work(Path(sys.argv[1])), Kernels(kernelspecs.kernel_name(environments.load()["python"]))
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
