"""What processes used: CPU time by control group, counted twice, and memory by process.

A group counts everything that was ever in it or below it: children that nobody waited for, boxes that a service
started, processes that are gone. That is why it is the figure of record for every way that is measured. What it
cannot count is work that the Linux kernel does in its own threads (the end of a network namespace, say), so those
are counted beside it; and the whole machine is read at the same time, as a check on both.
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_ENTER = 'echo $$ > "$0" && exec "$@"'
_TICKS = os.sysconf("SC_CLK_TCK")
_KTHREADD = 2


class NoGroups(Exception):
    """This account may not make control groups here; the text says where it tried."""


class Group:
    """A control group for one way of working: ``<own group>/NAME/work``, of either version.

    Two levels, because boxes make groups of their own below the one they are started in or, under version 2, beside
    it: both are below NAME, which is the one that is read. A context manager; its processes must have ended first.
    """

    def __init__(self, name: str) -> None:
        parent, self._file, self._unit = _cpu_place()
        self.folder, self._work = parent / name, parent / name / "work"

    def __enter__(self) -> Self:
        try:
            self._work.mkdir(parents=True)
        except OSError as error:
            raise NoGroups(f"no control group can be made: {error}") from error
        with contextlib.suppress(OSError):  # version 2: lets boxes have their limits; version 1 has no such file
            (self.folder / "cgroup.subtree_control").write_text("+memory +pids +cpu")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for folder in (*sorted(self.folder.rglob("*/"), reverse=True), self.folder):
            _remove(folder)

    def command(self, arguments: Sequence[str | Path]) -> list[str]:
        """Return the command that enters the group and then becomes ``arguments``."""
        return ["/bin/sh", "-c", _ENTER, str(self._work / "cgroup.procs"), *map(str, arguments)]

    def cpu_seconds(self) -> float:
        """Return user and system time of everything that ever was in the group."""
        for line in (self.folder / self._file).read_text().splitlines():
            name, _, value = line.rpartition(" ")
            if name in ("", "usage_usec"):
                return int(value) * self._unit
        raise NoGroups(f"{self.folder / self._file} has no figure")

    def processes(self) -> frozenset[int]:
        """Return the ids of the processes that are in the group now."""
        found: set[int] = set()
        for members in self.folder.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                found |= {int(line) for line in members.read_text().split()}
        return frozenset(found)


def _cpu_place() -> tuple[Path, str, float]:
    """Return the folder of our own group, the file there that has the CPU time, and that file's unit in seconds."""
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(","), path)
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split()[3:5]
        kind, _, options = right.split(" ", 2)
        if kind == "cgroup" and "cpuacct" in options.split()[-1].split(","):
            return _below(point, root, own["cpuacct"]), "cpuacct.usage", 1e-9
        if kind == "cgroup2" and "cpuacct" not in own:
            return _below(point, root, own[""]), "cpu.stat", 1e-6
    raise NoGroups("no control groups with CPU time are mounted")


def _below(point: str, root: str, own: str) -> Path:
    return Path(point, own.removeprefix(root.rstrip("/")).lstrip("/"))


def _remove(folder: Path, patience_seconds: float = 5.0) -> None:
    deadline = time.monotonic() + patience_seconds
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:  # a process that was just ended takes a moment to leave
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Spent:
    """What something took, in seconds: ``cpu`` of its group, and beside it the CPU of the Linux kernel's own threads,
    of the whole machine, and of the children that were waited for."""

    wall: float
    cpu: float
    kernel_threads: float
    machine: float
    children: float

    def per(self, count: int) -> dict[str, float]:
        """Return the figures for one of ``count`` equal things."""
        return {name: getattr(self, name) / count for name in self.__slots__}


class Stopwatch:
    """All clocks of one group, read when it is made and again by `stop`."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._threads, self._clocks = _kernel_threads(), self._read()

    def stop(self) -> Spent:
        """Return what was spent since it was made."""
        wall, cpu, machine, children = (now - then for now, then in zip(self._read(), self._clocks, strict=True))
        threads = sum(now - self._threads.get(pid, 0) for pid, now in _kernel_threads().items())
        return Spent(wall=wall, cpu=cpu, kernel_threads=threads, machine=machine, children=children)

    def _read(self) -> tuple[float, ...]:
        waited_for = resource.getrusage(resource.RUSAGE_CHILDREN)
        children = waited_for.ru_utime + waited_for.ru_stime
        return time.monotonic(), self._group.cpu_seconds(), _machine_seconds(), children


def _machine_seconds() -> float:
    """Return the time that all processors were busy: user, nice, system, irq and softirq of `/proc/stat`."""
    user, nice, system, _idle, _iowait, irq, softirq = Path("/proc/stat").read_text().split()[1:8]
    return sum(map(int, (user, nice, system, irq, softirq))) / _TICKS


def _kernel_threads() -> dict[int, float]:
    """Return how long each of the Linux kernel's own threads has run; to the nanosecond, unlike ticks."""
    return {pid: _running_seconds(pid) for pid in _all_processes() if _parent(pid) == _KTHREADD}


def _running_seconds(pid: int) -> float:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return 0.0


def _all_processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _parent(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of some processes in bytes: ``private`` is theirs alone, ``proportional`` counts what n processes share
    as an nth for each."""

    private: int
    proportional: int

    def __add__(self, other: Memory) -> Memory:
        return Memory(self.private + other.private, self.proportional + other.proportional)


def memory_of(pids: Iterable[int]) -> Memory:
    """Return the memory of the processes that still exist. Raises `PermissionError` for somebody else's."""
    return sum((_memory(pid) for pid in pids), Memory(0, 0))


def _memory(pid: int) -> Memory:
    kilobytes: dict[str, int] = {}
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, value, *_ = line.split()
            kilobytes[name.rstrip(":")] = int(value)
    private = kilobytes.get("Private_Clean", 0) + kilobytes.get("Private_Dirty", 0)
    return Memory(1024 * private, 1024 * kilobytes.get("Pss", 0))


def available_bytes() -> int:
    """Return what this machine could still give to new processes (MemAvailable)."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    return 0
