"""The sides that are compared: stock Jupyter with nbgrader, and ours, cold or with its sandbox service.

A side is a context manager that owns a control group and a folder of its own. Every side offers the same: `grade`
submissions with so many graders at once, and a `host` in which notebooks are run, kernels started and kept.
"""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.accounting import Group, Spent, Stopwatch
from bench.conversation import HERE, Child, ChildFailed, end_of
from bench.exercise import LEARNERS, Exercise, as_bytes
from bench.exercises import EXERCISES
from sandboxes import environments, kernelspecs
from sandboxes.isolation import SHARE

STOCK_PYTHON = HERE / ".venv-bench" / "bin" / "python"
SOURCE = "source.ipynb"
SERVICE = (sys.executable, "-m", "sandboxes", "serve")


@dataclass(frozen=True, slots=True)
class Graded:
    """What grading took: the scores, grader by grader in the order of submissions, and what was spent in all.

    Where it is known: the seconds of each, the CPU time of the workers and of the boxes (parts of ``spent.cpu``), and
    that of starting the graders, which came before and is not in ``spent``.
    """

    scores: list[float]
    spent: Spent
    seconds: list[float] = field(default_factory=list)
    worker_cpu: float = 0.0
    box_cpu: float = 0.0
    start_cpu: float = 0.0


class Side:
    """What the sides have in common: a group, a folder, the environment of their processes."""

    name = ""

    def __init__(self, folder: Path, made: Path) -> None:
        """``folder`` is this side's to fill; ``made`` has a folder for each exercise: the author's notebook, the
        submissions, the data file."""
        self.folder, self.made = folder, made
        self.group = Group(f"bench-{self.name}")
        self.log = folder / "log"
        home = folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        # Nothing of the caller's: no settings of Jupyter or Python, no caches of other runs.
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8"}

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            opened.enter_context(self.group)
            self.begin(opened)
            self.opened = opened.pop_all()
        return self

    def begin(self, opened: ExitStack) -> None:
        """Start what this side keeps running; ``opened`` ends it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.opened.__exit__(kind, error, trace)

    def child(self, command: Sequence[str | Path], *, is_service: bool = False) -> Child:
        """Start a process of this side, in its group."""
        return Child(self.group.command(command), env=self.env, log=self.log, is_service=is_service)

    def host(self) -> Child:
        """Start a process that runs notebooks, starts kernels and keeps them."""
        raise NotImplementedError

    def notebook(self, exercise: Exercise) -> Path:
        """Return the notebook that is run, the data file beside it: a submission that answers all rightly."""
        return self.made / exercise.name / f"{LEARNERS[0]}.ipynb"

    def grade(self, exercise: Exercise, each: int, at_once: int) -> Graded:
        """Grade ``each`` submissions in each of ``at_once`` graders at the same time."""
        raise NotImplementedError

    def shared_processes(self) -> frozenset[int]:
        """Return the processes that all kernels of this side share."""
        return frozenset()


class Stock(Side):
    """jupyter_client, nbclient, ipykernel and nbgrader as they are installed."""

    name = "stock"

    def __init__(self, folder: Path, made: Path, courses: Path) -> None:
        """``courses`` has an nbgrader course for each exercise, released and handed in: copied, not changed."""
        super().__init__(folder, made)
        self.courses = courses
        self.env["PATH"] = f"{STOCK_PYTHON.parent}:{self.env['PATH']}"
        # What our boxes have too: figures drawn with Thai letters, and no threads for so little arithmetic.
        shutil.copytree(SHARE / "fonts", folder / "home" / ".local" / "share" / "fonts", dirs_exist_ok=True)
        self.env["MATPLOTLIBRC"] = str(SHARE / "matplotlibrc")
        self.env |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")

    def host(self) -> Child:
        return self.child([STOCK_PYTHON, "-m", "bench.stock"])

    def cells_alone(self) -> Child:
        """Start a process that runs a notebook's cells and nothing around them; figures drawn as in a kernel."""
        inline = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        command = self.group.command([STOCK_PYTHON, "-m", "bench.alone"])
        return Child(command, env=self.env | inline, log=self.log)

    def run_alone(self, exercise: Exercise) -> None:
        """Run the notebook in a process of its own: everything is started for it."""
        self._command([STOCK_PYTHON, "-m", "bench.stock", self.notebook(exercise)], HERE)

    def grade(self, exercise: Exercise, each: int, at_once: int) -> Graded:
        """`nbgrader autograde` of the first ``each`` submissions in ``at_once`` courses at the same time."""
        courses = [self._copy_of_course(exercise, number, LEARNERS[:each]) for number in range(at_once)]
        watch = Stopwatch(self.group)
        running = [self._start([STOCK_PYTHON.with_name("nbgrader"), "autograde", exercise.name], at) for at in courses]
        for process in running:
            _require_success(process, self.log)
        spent = watch.stop()
        scores = [score for course in courses for score in self._scores(course)]
        for course in courses:
            shutil.rmtree(course)
        return Graded(scores, spent)

    def _copy_of_course(self, exercise: Exercise, number: int, learners: Sequence[str]) -> Path:
        copy = self.folder / f"course-{number}"
        shutil.copytree(self.courses / exercise.name, copy)
        for learner in set(LEARNERS) - set(learners):
            shutil.rmtree(copy / "submitted" / learner)
        return copy

    def _scores(self, course: Path) -> list[float]:
        """Return the scores in the order of the learners."""
        self._command([STOCK_PYTHON.with_name("nbgrader"), "export", "--to=grades.csv"], course)
        with (course / "grades.csv").open() as table:
            rows = sorted(csv.DictReader(table), key=lambda row: row["student_id"])
        return [float(row["raw_score"]) for row in rows if row["raw_score"]]

    def make_course(self, exercise: Exercise) -> None:
        """Make the course: release the exercise with nbgrader and hand in the ten submissions."""
        course, file = self.courses / exercise.name, f"{exercise.name}.ipynb"
        _fill(course / "source" / exercise.name, exercise, {file: as_bytes(exercise.source())})
        (course / "nbgrader_config.py").write_text("")
        self._command([STOCK_PYTHON.with_name("nbgrader"), "generate_assignment", exercise.name], course)
        released = json.loads((course / "release" / exercise.name / file).read_bytes())
        for learner, submission in exercise.handed_in(released):
            _fill(course / "submitted" / learner / exercise.name, exercise, {file: as_bytes(submission)})

    def handed_in(self, exercise: Exercise) -> dict[str, bytes]:
        """Return the submissions by learner."""
        submitted = self.courses / exercise.name / "submitted"
        return {each: (submitted / each / exercise.name / f"{exercise.name}.ipynb").read_bytes() for each in LEARNERS}

    def _command(self, command: Sequence[str | Path], place: Path) -> None:
        _require_success(self._start(command, place), self.log)

    def _start(self, command: Sequence[str | Path], place: Path) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(self.group.command(command), env=self.env, cwd=place, stdout=log, stderr=log)


class Ours(Side):
    """Our workers; every kernel and box is started cold."""

    name = "cold"
    service_cpu = 0.0

    def __init__(self, folder: Path, made: Path) -> None:
        super().__init__(folder, made)
        # A service of this side's own, or none: whatever else runs on this machine is not asked.
        self.env["SANDBOXES_SOCKET"] = str(folder / "service.sock")
        kernelspecs.install(environments.load().values(), folder / "jupyter")
        self.env["JUPYTER_PATH"] = str(folder / "jupyter")

    def host(self) -> Child:
        return self.child([sys.executable, "-m", "bench.worker", self.made])

    def grade(self, exercise: Exercise, each: int, at_once: int) -> Graded:
        """Grade ``each`` submissions, the ten over and over, in each of ``at_once`` workers that are ready."""
        learners = [LEARNERS[number % len(LEARNERS)] for number in range(each)]
        starting = Stopwatch(self.group)
        with self._workers(at_once) as workers:
            start_cpu = starting.stop().cpu + self.service_cpu
            watch = Stopwatch(self.group)
            for worker in workers:
                worker.send("grade", exercise=exercise.name, learners=learners)
            answers = [worker.answer() for worker in workers]
            spent = watch.stop()
        scores, seconds = ([one for answer in answers for one in answer[part]] for part in ("scores", "seconds"))
        in_workers, in_boxes = (sum(answer[part] for answer in answers) for part in ("in_worker", "in_boxes"))
        return Graded(scores, spent, seconds, in_workers, in_boxes, start_cpu)

    @contextmanager
    def _workers(self, count: int) -> Iterator[list[Child]]:
        with ExitStack() as left:
            workers = [left.enter_context(self.host()) for _ in range(count)]
            for worker in workers:
                worker.ask("ready")
            yield workers


class Warm(Ours):
    """Our workers beside the sandbox service, from whose warm zygotes kernels and boxes are forked."""

    name = "warm"

    def begin(self, opened: ExitStack) -> None:
        watch = Stopwatch(self.group)
        service = opened.enter_context(self.child(SERVICE, is_service=True))
        service.await_line("ready")
        self.service_cpu = watch.stop().cpu
        self._shared = self.group.processes()

    def shared_processes(self) -> frozenset[int]:
        return self._shared


def has_service() -> bool:
    """Does this checkout have the sandbox service?"""
    answer = subprocess.run([*SERVICE, "--help"], cwd=HERE, capture_output=True, text=True, check=False)
    return answer.returncode == 0 and "serve" in answer.stdout


def _require_success(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.wait():
        raise ChildFailed(f"{process.args!r} ended with {process.returncode}: {end_of(log)}")


def prepare(work: Path) -> Path:
    """Make the exercises, the courses and the submissions; returns the folder that has them."""
    made = work / "made"
    with Stock(work / "stock", made, work / "courses") as stock:
        for exercise in EXERCISES:
            stock.make_course(exercise)
            make(exercise, stock.handed_in(exercise), made)
            stock.run_alone(exercise)  # not counted: files come into memory, caches are made
    return made


def make(exercise: Exercise, submissions: Mapping[str, bytes], made: Path) -> None:
    """Fill the folder of an exercise in ``made``."""
    files = {f"{learner}.ipynb": submission for learner, submission in submissions.items()}
    _fill(made / exercise.name, exercise, files | {SOURCE: as_bytes(exercise.source())})


def _fill(folder: Path, exercise: Exercise, files: Mapping[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in {exercise.data_file: exercise.data, **files}.items():
        (folder / name).write_bytes(content)
