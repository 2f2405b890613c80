"""Control groups of one box: real limits on memory and processes where this machine lets us write them.

Version 1 hierarchies and version 2 with delegation are both used; where neither can be written, `Groups.create`
returns groups without controllers and the launcher falls back to polling. A controller that is there and refuses a
limit is another matter: there is no box then. Standard library only: the launcher imports it.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sandboxes.results import SandboxUnavailable

WANTED = ("memory", "pids", "cpuacct", "cpu")
CPU_PERIOD_MICROSECONDS = 100_000
# Beside boxes of the usual weight (100 under version 2, 1024 shares under version 1), when the processors are all busy.
TENTH_OF_A_SHARE = {"cpu.weight": 10, "cpu.shares": 102}
# A limit is reached this far below it at most: memory is asked for in pieces up to a huge page, by every processor.
REFUSED_AT_ONCE_BYTES = 8 << 20


@dataclass(slots=True)
class Groups:
    """The groups of one box: a folder per controller (under version 2 they are the same folder)."""

    folders: dict[str, Path] = field(default_factory=dict)
    is_v2: bool = False

    @classmethod
    def create(cls, name: str, *, memory_bytes: int, processes: int, gives_way: bool = False) -> Groups:
        """Make the groups called ``name`` and set their limits; a left-over of the same name is ended first.

        ``gives_way``: where all processors are busy, it gets a tenth of what another box gets. Raises
        `SandboxUnavailable` where a controller refuses its limit.
        """
        groups = cls()
        with contextlib.suppress(OSError):
            groups = _create_v2(name) or _create_v1(name)
        try:
            groups._limit_memory(memory_bytes)
            groups._limit_processes(processes)
            groups._limit_cpu()
            if gives_way:
                groups._give_way()
        except SandboxUnavailable:
            groups.remove()
            raise
        return groups

    @classmethod
    def left_over(cls, name: str) -> Groups:
        """Return the groups that a launcher of this name could not take away itself."""
        return cls({str(folder): folder for folder in _existing(name)})

    @staticmethod
    def names_there() -> set[str]:
        """Return the names of all groups of boxes there are."""
        return {folder.name for folder in _existing("sandbox-*")}

    def add(self, pid: int) -> None:
        """Move a process in. Raises `OSError`: a box outside its groups must not start."""
        for folder in set(self.folders.values()):
            (folder / "cgroup.procs").write_text(str(pid))

    @property
    def limits_memory(self) -> bool:
        return "memory" in self.folders

    def memory_peak(self) -> int:
        """Return the most memory used at once, in bytes; 0 where not known."""
        return self._read("memory", "memory.peak" if self.is_v2 else "memory.max_usage_in_bytes")

    def cpu_seconds(self) -> float | None:
        """Return the CPU time used by everything that ever was in the box; None where not known."""
        if "cpuacct" not in self.folders:
            return None
        if self.is_v2:
            return self._keyed("cpuacct", "cpu.stat", "usage_usec") / 1e6
        return self._read("cpuacct", "cpuacct.usage") / 1e9

    def was_killed_for_memory(self) -> bool:
        """Has the Linux kernel killed something in the box because memory was used up, the box's or the machine's?"""
        if not self.limits_memory:
            return False
        return self._keyed("memory", "memory.events" if self.is_v2 else "memory.oom_control", "oom_kill") > 0

    def reached_memory_limit(self) -> bool:
        """Was it the box's own limit that was reached?"""
        if self.is_v2:
            return self._keyed("memory", "memory.events", "oom") > 0
        # Version 1 has a count of refusals that not every Linux kernel keeps.
        return self.memory_peak() + REFUSED_AT_ONCE_BYTES > self._read("memory", "memory.limit_in_bytes")

    def remove(self) -> None:
        """Take the groups away, once everything in them has ended."""
        for folder in set(self.folders.values()):
            _remove(folder)

    def _limit_memory(self, size: int) -> None:
        if not self.limits_memory:
            return
        self._limit("memory", "memory.max" if self.is_v2 else "memory.limit_in_bytes", size)
        # Swap would turn the limit into a slow machine; where there is no swap accounting the file is missing.
        more = (
            {"memory.swap.max": "0", "memory.oom.group": "1"} if self.is_v2 else {"memory.memsw.limit_in_bytes": size}
        )
        for name, value in more.items():
            with contextlib.suppress(OSError):
                (self.folders["memory"] / name).write_text(str(value))

    def _limit_processes(self, count: int) -> None:
        self._limit("pids", "pids.max", count)

    def _limit_cpu(self) -> None:
        """One core for each box, however many processes it has: no run slows its neighbour beyond its share."""
        if self.is_v2:
            self._limit("cpu", "cpu.max", f"{CPU_PERIOD_MICROSECONDS} {CPU_PERIOD_MICROSECONDS}")
        else:
            self._limit("cpu", "cpu.cfs_period_us", CPU_PERIOD_MICROSECONDS)
            self._limit("cpu", "cpu.cfs_quota_us", CPU_PERIOD_MICROSECONDS)

    def _give_way(self) -> None:
        name = "cpu.weight" if self.is_v2 else "cpu.shares"
        self._limit("cpu", name, TENTH_OF_A_SHARE[name])

    def _limit(self, controller: str, name: str, value: int | str) -> None:
        """Set a limit where the controller is there. Raises `SandboxUnavailable` where it is, and refuses."""
        if controller not in self.folders:
            return
        try:
            (self.folders[controller] / name).write_text(str(value))
        except OSError as error:
            raise SandboxUnavailable(f"control group: {name}: {error.strerror}") from error

    def _read(self, controller: str, name: str) -> int:
        try:
            return int((self.folders[controller] / name).read_text())
        except (KeyError, OSError, ValueError):
            return 0

    def _keyed(self, controller: str, name: str, key: str) -> int:
        with contextlib.suppress(KeyError, OSError, ValueError):
            for line in (self.folders[controller] / name).read_text().splitlines():
                if line.split()[0] == key:
                    return int(line.split()[1])
        return 0


def _existing(pattern: str) -> list[Path]:
    """Return the groups of this name that lie where ours would be made."""
    own = _own_paths()
    places = [_here(*hierarchy, own.get(controller, "/")) for controller, hierarchy in _hierarchies().items()]
    return [folder for place in places for base in {place, place.parent} for folder in base.glob(pattern)]


def _own_paths() -> dict[str, str]:
    """Return the cgroup this process is in, by controller; version 2 has the name ''. See cgroups(7)."""
    paths: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


@cache
def _hierarchies() -> dict[str, tuple[Path, str]]:
    """Return where each controller is mounted and which part of the hierarchy is seen there; '' is version 2."""
    found: dict[str, tuple[Path, str]] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        root, point = left.split()[3:5]
        kind, _, options = right.split(" ", 2)
        if kind == "cgroup2":
            found[""] = (Path(point), root)
        elif kind == "cgroup":
            for option in options.split()[-1].split(","):
                found.setdefault(option, (Path(point), root))
    return found


def _here(point: Path, root: str, own: str) -> Path:
    """Return the folder of our own cgroup below a mount point."""
    return point / own.removeprefix(root.rstrip("/")).lstrip("/")


def _create_v1(name: str) -> Groups:
    groups, own = Groups(), _own_paths()
    for controller, (point, root) in _hierarchies().items():
        if controller not in WANTED:
            continue
        folder = _here(point, root, own.get(controller, "/")) / name
        with contextlib.suppress(OSError):
            _make(folder)
            groups.folders[controller] = folder
    return groups


def step_aside() -> None:
    """Under version 2, move this process into a cgroup of its own below the one that was handed to it.

    A cgroup with processes of its own may not hand controllers down; the groups of boxes will lie beside ours. Does
    nothing where nothing was handed over (systemd: `Delegate=`).
    """
    hierarchy = _hierarchies().get("")
    if hierarchy is None:
        return
    here = _here(*hierarchy, _own_paths().get("", "/"))
    with contextlib.suppress(OSError):
        if "memory" not in (here / "cgroup.controllers").read_text().split():
            return
        if (here / "cgroup.procs").read_text().split() != [str(os.getpid())]:
            return  # somebody's login, say: not handed over to us
        own = here / "supervisor"
        own.mkdir(exist_ok=True)
        (own / "cgroup.procs").write_text(str(os.getpid()))


def _create_v2(name: str) -> Groups | None:
    """Below our own cgroup, or beside it: a cgroup with processes of its own may not hand controllers down."""
    hierarchy = _hierarchies().get("")
    if hierarchy is None:
        return None
    here = _here(*hierarchy, _own_paths().get("", "/"))
    for parent in dict.fromkeys((here, here.parent if here != hierarchy[0] else here)):
        with contextlib.suppress(OSError):
            (parent / "cgroup.subtree_control").write_text("+memory +pids +cpu")
        folder = parent / name
        with contextlib.suppress(OSError):
            _make(folder)
            controllers = (folder / "cgroup.controllers").read_text().split()
            if "memory" in controllers:
                more = {name: folder for name in ("pids", "cpu") if name in controllers}
                return Groups({"memory": folder, "cpuacct": folder} | more, is_v2=True)
            _remove(folder)
    return None


def _make(folder: Path) -> None:
    """Make a fresh cgroup: counters start at nought."""
    if folder.exists():
        _remove(folder)
    folder.mkdir()


def _remove(folder: Path, patience_seconds: float = 2.0) -> None:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            folder.rmdir()
        except (FileNotFoundError, PermissionError):  # gone, or another account's
            return
        except OSError:  # busy: a killed process takes a moment to be gone
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        else:
            return
