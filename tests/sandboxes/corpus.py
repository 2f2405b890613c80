"""The corpus of misbehaviour: reads what each notebook of tests/notebooks expects, carries it out, names what is left.

Used by test_corpus, and by itself in the process of a plain account: `serve` answers requests there, one line each.
See tests/notebooks/README.md for what a notebook says of itself.
"""

import contextlib
import gc
import json
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from sandboxes.box import Box
from sandboxes.limits import Limits
from sandboxes.results import RunResult
from sandboxes.runner import run_notebook
from sandboxes.slots import Slot, state_dir

CORPUS = Path(__file__).resolve().parents[1] / "notebooks"
SMALL = Limits(wall_seconds=15, cpu_seconds=15, memory_bytes=256 << 20, disk_bytes=8 << 20, output_bytes=200_000)
LEAVING_SECONDS, SLOT_SECONDS = 5.0, 0.2


@dataclass(frozen=True)
class Incident:
    """One notebook of the corpus and what its own metadata says must come of it."""

    name: str
    notebook: nbformat.NotebookNode
    status: str
    says: tuple[str, ...]
    detail: str = "*"
    limits: Limits = SMALL
    runs: int = 1
    after: str | None = None
    holes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str) -> "Incident":
        """Read a notebook of the corpus. Raises `TypeError` when it says something of itself that nobody knows."""
        notebook = nbformat.read(CORPUS / f"{name}.ipynb", as_version=4)
        expected = dict(notebook.metadata["expected"])
        limits = SMALL.with_(**expected.pop("limits", {}))
        return cls(name, notebook, says=tuple(expected.pop("says")), limits=limits, **expected)


def names() -> list[str]:
    """Return the names of all notebooks of the corpus."""
    return sorted(path.stem for path in CORPUS.glob("*.ipynb"))


def is_said(patterns: Sequence[str], lines: Sequence[str]) -> bool:
    """Are ``lines`` what the patterns say, line by line? ``*`` stands for any text, a line ``...`` for any lines."""
    if not patterns:
        return not lines
    first, rest = patterns[0], patterns[1:]
    if first == "...":
        return any(is_said(rest, lines[skipped:]) for skipped in range(len(lines) + 1))
    return bool(lines) and is_like(first, lines[0]) and is_said(rest, lines[1:])


def is_like(pattern: str, text: str) -> bool:
    """Is ``text`` what the pattern says? ``*`` stands for any text."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None


def lines_of(notebook: nbformat.NotebookNode) -> list[str]:
    """Return all that a notebook printed, showed or raised, as lines of text."""
    lines: list[str] = []
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if output.output_type == "stream":
            lines += output.text.splitlines()
        elif output.output_type == "error":
            lines += f"{output.ename}: {output.evalue}".splitlines()
        else:
            lines.append(f"shown: {', '.join(sorted(output.data))}")
    return lines


@dataclass(frozen=True)
class Outcome:
    """What came of one run, as plain data."""

    status: str
    detail: str
    notebook: Mapping[str, Any]
    seconds: float
    is_warm: bool
    left: list[str]


def carry_out(incident: Incident, *, python: Path, host: Mapping[str, Any]) -> list[Outcome]:
    """Run a notebook, as many times at once as it asks for. ``host`` is told to it: what it may try to reach."""
    if incident.after:
        carry_out(Incident.read(incident.after), python=python, host=host)
    with Watch() as watch:

        def run(number: int) -> tuple[RunResult, float]:
            told = {**host, "run": number, "limits": incident.limits.as_dict()}
            files = {"host.json": json.dumps(told).encode()}
            started_at = time.monotonic()
            result = run_notebook(incident.notebook, files=files, limits=incident.limits, python=python)
            return result, time.monotonic() - started_at

        with ThreadPoolExecutor(incident.runs) as threads:
            results = list(threads.map(run, range(incident.runs)))
    return [
        Outcome(str(result.status), result.detail, result.notebook, seconds, watch.is_warm, watch.left)
        for result, seconds in results
    ]


class Watch:
    """A context manager that looks at this machine before and after; then `left` names what was left behind."""

    def __enter__(self) -> "Watch":
        self.is_warm = True
        self.left: list[str] = []
        self._traces = Traces()
        self._start = start = Box.start

        def remember(box: Box) -> None:
            start(box)
            self._traces.add(box)
            self.is_warm = self.is_warm and box.is_warm

        Box.start = remember  # type: ignore[method-assign]
        self._before = set(_belongings())
        return self

    def __exit__(self, *_: object) -> None:
        Box.start = self._start  # type: ignore[method-assign]
        self._traces.close()
        deadline = time.monotonic() + LEAVING_SECONDS
        while True:
            gc.collect()
            self.left = sorted({*_belongings(), *self._traces.left()} - self._before)
            if not self.left or time.monotonic() > deadline:
                return
            time.sleep(0.02)


class Traces:
    """What boxes may leave on this machine: processes of their user ids, control groups.

    Another box may take an id as soon as it is free, and even be killed with it; what is that one's is told apart. A
    plain account's boxes have other ids inside than outside, and no control groups: nothing is found here for them.
    """

    def __init__(self) -> None:
        self._groups: dict[int, set[tuple[Path, int]]] = {}
        self._closed_at = 0.0

    def add(self, box: Box) -> None:
        """Remember a box while it runs, and which control groups it is in."""
        if box.uid is not None and os.geteuid() == 0:
            self._groups[box.uid] = {
                (path, number) for path, number in _groups_of(box.uid) if box.pid in _processes_in(path)
            }

    def close(self) -> None:
        """All boxes have been ended: what starts from now on is not theirs."""
        self._closed_at = time.clock_gettime(time.CLOCK_BOOTTIME)

    def left(self) -> Iterator[str]:
        """Name what is there of them now."""
        for uid, groups in self._groups.items():
            with _held(uid) as is_held:
                if is_held:
                    yield from (f"process {pid} of {uid}" for pid in processes_of(uid) if self._began_before(pid))
                    yield from (str(path) for path, _ in groups & set(_groups_of(uid)))

    def _began_before(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            return int(fields[19]) / os.sysconf("SC_CLK_TCK") <= self._closed_at
        return False


def _groups_of(uid: int) -> Iterator[tuple[Path, int]]:
    """Yield the control groups of a slot, each with its number: one that is made anew has another."""
    for path in Path("/sys/fs/cgroup").rglob(f"sandbox-{uid}"):
        with contextlib.suppress(FileNotFoundError):
            yield path, path.stat().st_ino


def _processes_in(group: Path) -> set[int]:
    try:
        return {int(pid) for pid in (group / "cgroup.procs").read_text().split()}
    except OSError:  # it has gone
        return set()


@contextlib.contextmanager
def _held(uid: int) -> Iterator[bool]:
    """Hold a slot while looking at it. Its launcher gives it back a moment after its box has ended."""
    deadline = time.monotonic() + SLOT_SECONDS
    while (slot := Slot.take_this(uid)) is None and time.monotonic() < deadline:
        time.sleep(0.005)
    yield slot is not None
    if slot is not None:
        slot.release()


def processes_of(uid: int) -> set[int]:
    """Return the pids of the processes that run under a user id."""
    found = set()
    for entry in os.scandir("/proc"):
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                found.add(int(entry.name))
    return found


def _belongings() -> Iterator[str]:
    """Name what this process has open and running, and what lies in the state folder."""
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # that of the listing itself
            yield f"descriptor {descriptor.name} {descriptor.readlink()}"
    yield from (f"thread {thread.name}" for thread in threading.enumerate())
    for children in Path("/proc/self/task").glob("*/children"):
        yield from (f"child {pid}" for pid in children.read_text().split())
    if os.geteuid() != 0:
        yield from (f"process {pid}" for pid in processes_of(os.geteuid()))
    state = state_dir()
    for place in (state, state / "root"):
        yield from (str(path) for path in place.iterdir())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        target = line.split()[4]
        if Path(target).is_relative_to(state):
            yield f"mount {target}"


def serve() -> None:
    """Carry out what is asked for on standard input, one JSON object a line, and answer on standard output."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            outcomes = carry_out(Incident.read(asked["name"]), python=Path(asked["python"]), host=asked["host"])
            answer: dict[str, Any] = {"outcomes": [asdict(outcome) for outcome in outcomes]}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer | {"uid": os.geteuid()}), flush=True)
