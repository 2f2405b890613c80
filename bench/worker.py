"""One of our workers, as the bench drives it: grades, runs notebooks, starts kernels and keeps them.

Run by the platform's interpreter: ``python -m bench.worker FOLDER``, where FOLDER has the exercise. Whether kernels
are forked from warm ones or started cold is not decided here: with a running sandbox service they are forked.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import nbformat

from bench import exercise
from bench.conversation import HERE, answer_until_closed
from grading.grader import grade
from sandboxes.limits import Limits
from sandboxes.runner import _Kernel, run_notebook

PYTHON = HERE / ".venv-kernel" / "bin" / "python"
LIMITS = Limits()
LONG = Limits(wall_seconds=3000, cpu_seconds=100)
READY_SECONDS = 120


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


class Kernels:
    """Kernels in their boxes, kept."""

    def __init__(self) -> None:
        self.alive = ExitStack()
        self.newest: _Kernel | None = None

    def start(self) -> dict[str, Any]:
        """Start a kernel and wait until it is ready; the answer says how long that took."""
        began = time.monotonic()
        self.newest = self.alive.enter_context(_Kernel(files={}, limits=LONG, python=PYTHON))
        return {"seconds": time.monotonic() - began}

    def execute(self, code: str) -> dict[str, Any]:
        """Run code in the newest kernel."""
        kernel, deadline = self.newest, time.monotonic() + READY_SECONDS
        if kernel is None:
            raise RuntimeError("no kernel was started")
        request = kernel.send("execute_request", {"code": code, "silent": True, "allow_stdin": False})
        while time.monotonic() < deadline:
            for message in kernel.receive(1.0):
                if message.channel == "shell" and message.parent == request:
                    return {"status": message.content["status"]}
        raise TimeoutError("the kernel did not answer")

    def stop(self) -> dict[str, Any]:
        """End all kernels."""
        self.alive.close()
        return {}


def main() -> None:
    work, kernels = Work(Path(sys.argv[1])), Kernels()
    with kernels.alive:
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
