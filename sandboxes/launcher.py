"""The small trusted program that builds one box, watches it and ends it.

Run as a fresh interpreter without site packages (`python -I -S -c …`), so that it works the same from a threaded
worker, holds no secret, and imports nothing but the standard library. It is told what to do once, over a socket that
is also the life line: when the other end closes, for whatever reason, the box ends.

Two processes: the launcher stays outside and watches; its one child is the first process of the box, locks itself
down (`lockdown`), starts the program and reaps orphans. When that first process ends, the Linux kernel ends
everything else in the box, however it hid.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from sandboxes import lockdown
from sandboxes.cgroups import Groups

POLL_SECONDS = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")


def main(control_fd: int) -> None:
    """Read one job from the control socket, carry it out, report how it ended."""
    os.umask(0o022)
    control = socket.socket(fileno=control_fd)
    os.set_inheritable(control_fd, False)
    groups = Groups()
    try:
        job, files, tools = receive_job(control)
        groups = Groups.create(job["name"], memory_bytes=job["memory_bytes"], processes=job["processes"])
        Launcher(control, job, groups).run(files, tools)
    except (lockdown.StepFailed, OSError) as error:
        _tell(control, {"event": "failed", "reason": str(error)})
    finally:
        groups.remove()


def receive_job(control: socket.socket) -> tuple[dict[str, Any], dict[str, bytes], dict[str, bytes]]:
    """Read the job (JSON) and the contents of its files and tools (bytes) as `isolation.Box` sent them."""
    with control.makefile("rb") as stream:
        (length,) = struct.unpack("!I", stream.read(4))
        job: dict[str, Any] = json.loads(stream.read(length))
        files = {name: stream.read(size) for name, size in job["files_sent"]}
        tools = {name: stream.read(size) for name, size in job["tools_sent"]}
    return job, files, tools


def _tell(control: socket.socket, message: Mapping[str, Any]) -> None:
    with contextlib.suppress(OSError):
        control.sendall(json.dumps(message).encode() + b"\n")


class Launcher:
    """Builds the box of one job and watches it until it has ended."""

    def __init__(self, control: socket.socket, job: dict[str, Any], groups: Groups) -> None:
        self.control, self.job, self.groups = control, job, groups
        self.pid = 0
        self.memory_peak = 0
        self.cpu_peak = 0.0

    def run(self, files: Mapping[str, bytes], tools: Mapping[str, bytes]) -> None:
        """Build, watch, report. Raises `StepFailed` when the box could not be built as the policy says."""
        self._new_user_and_pids()
        ready_read, ready_write = os.pipe()
        report_read, report_write = os.pipe()
        self.started_at = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            first_process(self.job, files, tools, ready_read, report_write)
        os.close(ready_read)
        os.close(report_write)
        try:
            self.groups.add(self.pid)
            os.write(ready_write, b"g")
            self._await_lockdown(report_read)
            _tell(self.control, {"event": "started", "pid": self.pid})
            reason = self._watch()
        finally:
            os.kill(self.pid, signal.SIGKILL)
            _, _, spent = os.wait4(self.pid, 0)
        self._report(reason, os.read(report_read, 64), spent)

    def _new_user_and_pids(self) -> None:
        if self.job["is_root"]:
            lockdown.unshare(lockdown.CLONE_NEWPID)
            return
        outside_uid, outside_gid, inside = os.getuid(), os.getgid(), self.job["inside_uid"]
        lockdown.unshare(lockdown.CLONE_NEWUSER | lockdown.CLONE_NEWPID)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{inside} {outside_uid} 1")
        Path("/proc/self/gid_map").write_text(f"{inside} {outside_gid} 1")

    def _await_lockdown(self, report: int) -> None:
        """Wait for the first process to be locked down: one line, 'locked' or the step that failed."""
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([report, self.control.fileno()], [], [], self.job["start_seconds"])
            if report not in ready:
                raise lockdown.StepFailed("the box was called off" if ready else "building the box took too long")
            more = os.read(report, 4096)
            if not more:
                raise lockdown.StepFailed("the first process of the box died while locking itself down")
            line += more
        if line != b"locked\n":
            raise lockdown.StepFailed(line.decode(errors="replace").strip())

    def _watch(self) -> str:
        """Return why the box has to end, or 'exited'; a limit is enforced here whatever happens inside."""
        deadline = self.started_at + self.job["wall_seconds"]
        first = os.pidfd_open(self.pid)
        while True:
            now = time.monotonic()
            ready, _, _ = select.select(
                [first, self.control.fileno()], [], [], max(0.0, min(POLL_SECONDS, deadline - now))
            )
            cpu_seconds, memory_bytes = self._measure()
            if self.groups.ran_out_of_memory() or memory_bytes > self.job["memory_bytes"]:
                return "out_of_memory"
            if first in ready:
                return "exited"
            if self.control.fileno() in ready:
                return "killed"
            if time.monotonic() >= deadline:
                return "out_of_time"
            if cpu_seconds > self.job["cpu_seconds"]:
                return "out_of_cpu_time"

    def _measure(self) -> tuple[float, int]:
        """Return CPU seconds and bytes of memory now, from the control groups or, without them, from /proc."""
        cpu = self.groups.cpu_seconds()
        if cpu is None or not self.groups.limits_memory:
            polled_cpu, memory = _measure_tree(self.pid)
            cpu = polled_cpu if cpu is None else cpu
        else:
            memory = 0
        self.cpu_peak, self.memory_peak = max(self.cpu_peak, cpu), max(self.memory_peak, memory)
        return cpu, memory

    def _report(self, reason: str, status: bytes, spent: resource.struct_rusage) -> None:
        wait_status = struct.unpack("i", status)[0] if len(status) == 4 else None
        message = {
            "event": "ended",
            "reason": reason,
            "exit_code": os.WEXITSTATUS(wait_status) if wait_status is not None and os.WIFEXITED(wait_status) else None,
            "signal": os.WTERMSIG(wait_status) if wait_status is not None and os.WIFSIGNALED(wait_status) else None,
            "wall_seconds": time.monotonic() - self.started_at,
            "cpu_seconds": self.groups.cpu_seconds() or max(self.cpu_peak, spent.ru_utime + spent.ru_stime),
            "max_memory_bytes": self.groups.memory_peak() or max(self.memory_peak, spent.ru_maxrss * 1024),
        }
        _tell(self.control, message)


def _measure_tree(top: int) -> tuple[float, int]:
    """Return CPU seconds and resident bytes of a process and all below it. Orphans of a box hang below its first."""
    parents: dict[int, list[tuple[int, float]]] = {}
    own = 0.0
    for folder in Path("/proc").iterdir():
        if not (entry := folder.name).isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            cpu = sum(map(int, fields[11:15])) / TICKS
            parents.setdefault(int(fields[1]), []).append((int(entry), cpu))
            own = cpu if int(entry) == top else own
    cpu_total, memory_total, waiting = 0.0, 0, [(top, own)]
    while waiting:
        pid, cpu = waiting.pop()
        cpu_total += cpu
        memory_total += _resident_bytes(pid)
        waiting += parents.get(pid, [])
    return cpu_total, memory_total


def _resident_bytes(pid: int) -> int:
    """Proportional set size, so that pages shared after a fork count once; else the resident set."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    return 0


def first_process(
    job: Mapping[str, Any], files: Mapping[str, bytes], tools: Mapping[str, bytes], ready: int, report: int
) -> NoReturn:
    """Lock this process down, start the program, reap until it ends, say how. Any failing step ends the process."""
    try:
        lockdown.die_with_parent()
        os.read(ready, 1)
        _lock_down(job, files, tools, report)
        program = _start_program(job)
        os.write(report, b"locked\n")
        lockdown.close_all_but([report])
        while True:
            pid, status = os.wait()
            if pid == program:
                os.write(report, struct.pack("i", status))
                break
    except BaseException as error:
        # BaseException: nothing may leave this function and run the launcher's own code a second time.
        with contextlib.suppress(OSError):
            os.write(report, f"{error}".replace("\n", " ").encode() + b"\n")
    os._exit(0)


def _lock_down(job: Mapping[str, Any], files: Mapping[str, bytes], tools: Mapping[str, bytes], report: int) -> None:
    """The steps in their order; each needs a right that a later one gives up."""
    lockdown.close_all_but([0, 1, 2, report, *job["pass_fds"]])
    os.setsid()
    Path("/proc/self/oom_score_adj").write_text("1000")
    lockdown.unshare(
        lockdown.CLONE_NEWNS
        | lockdown.CLONE_NEWNET
        | lockdown.CLONE_NEWIPC
        | lockdown.CLONE_NEWUTS
        | lockdown.CLONE_NEWCGROUP
    )
    socket.sethostname("sandbox")
    lockdown.build_tree(job, tools)
    if job["socket_dir"]:
        lockdown.raise_loopback()
    lockdown.become(job["inside_uid"], change=job["is_root"])
    lockdown.limit_resources(job["rlimits"])
    for name, data in files.items():
        target = Path("/cwd", name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    readable = [*job["read_only"], "/etc", "/tools", "/proc"]
    lockdown.restrict_files([*job["scratch"], *job["devices"]], readable, job["socket_dir"])


def _start_program(job: Mapping[str, Any]) -> int:
    """Start the program under its system call filter; returns its pid once it really runs."""
    failure_read, failure_write = os.pipe()  # closed by a successful exec
    program = os.fork()
    if program == 0:
        _execute(job, failure_write)
    os.close(failure_write)
    reason = os.read(failure_read, 4096)
    os.close(failure_read)
    if reason:
        raise lockdown.StepFailed(reason.decode(errors="replace"))
    return program


def _execute(job: Mapping[str, Any], failure: int) -> NoReturn:
    try:
        lockdown.calm_signals()
        os.umask(0o022)
        lockdown.filter_calls(bytes.fromhex(job["seccomp"]))
        os.execve(job["argv"][0], job["argv"], job["env"])  # noqa: S606 (no shell is the point)
    except BaseException as error:
        os.write(failure, f"start {job['argv'][0]}: {error}".encode())
    os._exit(127)
