"""The small trusted program that builds one box, watches it and ends it.

A fresh interpreter without site packages, or a fork of the service's: it holds no secret and imports nothing but the
standard library. It is told what to do once, over a socket that is also the life line: when the other end closes, for
whatever reason, the box ends. No byte that may be a learner's passes through it; those go by file descriptor.

The launcher stays outside and watches. The first process of the box (`first_process`) is its child, or, when a zygote
of this environment is at hand, the zygote's: then it needs no process of its own either, and the service goes through
its steps beside those of other boxes.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandboxes import channel, first_process, isolation, lockdown
from sandboxes.cgroups import Groups
from sandboxes.limits import KernelLimits
from sandboxes.results import SandboxUnavailable
from sandboxes.slots import Slots

START_SECONDS = 20.0
ZYGOTE_SECONDS = 3.0  # to fork; after that the box starts cold
END_SECONDS = 10.0
# How often limits are looked at where no signal tells of them: often at first, seldom in a box that lives long.
POLL_SECONDS, LATER_POLL_SECONDS, LATER_SECONDS = 0.05, 0.25, 5.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS = os.sysconf("SC_CLK_TCK")
CREDENTIALS = struct.Struct("iII")  # struct ucred


def main(control_fd: int) -> None:
    """Read one request from the control socket, carry it out, report how it ended."""
    control = socket.socket(fileno=control_fd)
    os.set_inheritable(control_fd, False)
    with contextlib.suppress(channel.Closed):
        request, fds = channel.receive(control)
        Launcher(control, request, fds).run()


@dataclass(frozen=True, slots=True)
class Wait:
    """What a launcher waits for: one of these sockets and file descriptors to be readable, or the seconds to pass."""

    sources: tuple[Any, ...]
    seconds: float | None = None

    def over(self) -> list[Any]:
        """Wait, doing nothing else; returns which are ready."""
        poll = select.poll()  # `select.select` knows no number above 1023
        numbers = {source if isinstance(source, int) else source.fileno(): source for source in self.sources}
        for number in numbers:
            poll.register(number, select.POLLIN)
        found = poll.poll(None if self.seconds is None else self.seconds * 1000)
        return [numbers[number] for number, _ in found]


# Yields what it waits for, is sent which of that is ready, and ends when the box has.
Steps = Generator[Wait, list[Any], None]


class NoZygote(Exception):
    """The box could not be forked from a zygote; it has to begin cold, which takes a process of its own."""


class Launcher:
    """Builds the box of one request and watches it until it has ended.

    ``zygote``: a socket on which a zygote of the request's environment takes orders. A box with the role "zygote" is
    the outer box of one. ``has_home``: whether that box stands, with which everything forked in it ends. ``slots``:
    where to take a user id from.
    """

    def __init__(
        self,
        control: socket.socket,
        request: Mapping[str, Any],
        fds: list[int],
        *,
        zygote: socket.socket | None = None,
        has_home: Callable[[], bool] = lambda: True,
        role: isolation.Role = "run",
        slots: Slots | None = None,
    ) -> None:
        self.control, self.request, self.fds, self.zygote, self.role = control, request, fds, zygote, role
        self.has_home = has_home
        self.slots = slots or (
            Slots(isolation.FIRST_UID, isolation.SLOTS)
            if role == "run"
            else Slots(isolation.ZYGOTE_UID, isolation.ZYGOTE_SLOTS)
        )
        self.limits = KernelLimits.from_dict(request["limits"])  # a box is as long as who asks for it may ask
        # A kernel has sockets, graded and displayed runs have none: it waits for a person, they are waited for.
        self.is_kernel = bool(request["sockets"])
        self.is_root = os.geteuid() == 0
        self.is_warm = False
        self.groups = Groups()
        self.process: int | None = None
        self.opened = contextlib.ExitStack()
        self.memory_peak, self.memory_before, self.cpu_peak = 0, 0, 0.0
        self.ended: Mapping[str, Any] | None = None
        self.failure = ""

    def run(self) -> None:
        """Go through all steps, in a process of its own."""
        with contextlib.closing(self.steps()) as steps, contextlib.suppress(StopIteration):
            wait = next(steps)
            while True:
                wait = steps.send(wait.over())

    def steps(self) -> Steps:
        """Build, watch, report; what goes wrong is reported too. Closed early, it ends the box.

        Raises `NoZygote`, with nothing begun and the file descriptors still open, where there should have been one.
        """
        slot = None
        try:
            self.slot = slot = self.slots.take()
            self.groups = Groups.create(
                slot.name,
                memory_bytes=self.limits.memory_bytes,
                processes=self.limits.processes,
                gives_way=self.is_kernel,
            )
            yield from self._build_and_watch()
        except (lockdown.StepFailed, SandboxUnavailable, channel.Closed, TimeoutError, OSError) as error:
            channel.send_failure(self.control, str(error))
            yield from self._end()
        except Exception:
            yield from self._end()
            raise
        finally:  # nothing is left to do, unless this was called off
            self._end_at_once()
            self.groups.remove()
            if slot is not None:
                self.slots.give_back(slot)

    def _build_and_watch(self) -> Steps:
        self.started_at = time.monotonic()
        yield from self._build()
        for fd in self.fds:  # the box has its own by now, and who waits for an end must see it
            os.close(fd)
        self.fds = []
        yield from self._expect("started")
        pids = {"pid": self.pid, "launcher_pid": os.getpid()}
        channel.send(self.control, {"event": "started", "uid": self.slot.uid, "is_warm": self.is_warm} | pids)
        self._note_shared_memory()
        reason = yield from self._watch()
        yield from self._end()
        self._report(reason)

    def _build(self) -> Steps:
        """Have a first process that is locked down: a zygote's child, or one of our own."""
        if self.zygote is None:
            yield from self._begin_cold()
            yield from self._lock_down()
            return
        try:
            yield from self._begin_from_zygote(self.zygote)
            yield from self._lock_down()
        except (lockdown.StepFailed, channel.Closed, TimeoutError) as error:
            # Nothing has been read yet of what is to run, so it can begin again.
            raise NoZygote(f"a forked box could not be built: {error}") from error

    def _lock_down(self) -> Steps:
        self.process = os.pidfd_open(self.pid)
        self.groups.add(self.pid)
        channel.send(self.first, self._job(), self.fds)
        if self.role == "zygote" and self.is_root:
            yield from self._expect("map")
            self._map_users()
        yield from self._expect("locked")

    # ── Beginning ──

    def _begin_from_zygote(self, zygote: socket.socket) -> Steps:
        """Have the zygote fork the first process."""
        self.first, theirs = self._pair()
        with theirs:
            channel.send(zygote, {"op": "fork"}, [theirs.fileno()])
        yield from self._await_hello(ZYGOTE_SECONDS)
        self.is_warm = True

    def _begin_cold(self) -> Steps:
        self.first, theirs = self._pair()
        self._new_pids()
        if os.fork() == 0:
            self.first.close()
            first_process.main(theirs)
        theirs.close()
        yield from self._await_hello(START_SECONDS)

    def _new_pids(self) -> None:
        if self.is_root:
            lockdown.unshare(lockdown.CLONE_NEWPID)
        else:
            inside = 0 if self.role == "zygote" else self.slot.uid
            lockdown.new_users(inside, lockdown.CLONE_NEWPID)

    def _map_users(self) -> None:
        """Give a zygote's user namespace its ids: its own, called root in there, and those of the boxes."""
        ids = f"0 {self.slot.uid} 1\n{isolation.FIRST_UID} {isolation.FIRST_UID} {isolation.SLOTS}\n"
        for name in ("uid_map", "gid_map"):
            Path(f"/proc/{self.pid}/{name}").write_text(ids)
        channel.send(self.first, {"event": "mapped"})

    def _pair(self) -> tuple[socket.socket, socket.socket]:
        """Return our end and the first process's; what comes in at ours bears the sender's pid."""
        ours, theirs = channel.pair()
        self.opened.callback(ours.close)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        return ours, theirs

    def _await_hello(self, seconds: float) -> Steps:
        """Learn the pid of the first process as it is called out here; the Linux kernel vouches for it."""
        if not (yield Wait((self.first,), seconds)):
            raise TimeoutError("the first process of the box did not begin")
        data, extra, _, _ = self.first.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
        self.first.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        if not data or not extra:
            raise channel.Closed("the first process of the box died at once")
        self.pid: int = CREDENTIALS.unpack(extra[0][2])[0]
        if self.pid <= 0:
            raise channel.Closed("the first process of the box is nobody's")

    def _job(self) -> dict[str, Any]:
        is_zygote = self.role == "zygote"
        job = isolation.plan(
            argv=self.request["argv"],
            python=Path(self.request["python"]),
            limits=self.limits,
            env=self.request["env"],
            read_only=self.request["read_only"],
            uid=0 if is_zygote and not self.is_root else self.slot.uid,
            root=isolation.NEW_ROOT if self.is_warm else str(self.slot.root),
            user=self._user(),
            role=self.role,
            is_kernel=self.is_kernel,
            is_nested=self.is_warm,
        )
        passed_on = ("sockets", "files_sent", "has_fixed_files", "fds", "is_alone")
        return job | {name: self.request[name] for name in passed_on if name in self.request}

    def _user(self) -> isolation.User:
        if self.is_root:
            return "ask" if self.role == "zygote" else "take"
        return "map" if self.is_warm else "keep"

    def _expect(self, event: str) -> Steps:
        """Wait for the first process to get this far. Raises `StepFailed` with the step at which it did not."""
        ready = yield Wait((self.first, self.control), START_SECONDS)
        if self.first not in ready:
            raise lockdown.StepFailed("the box was called off" if ready else "building the box took too long")
        try:
            said, _ = channel.receive(self.first)
        except channel.Closed:
            raise lockdown.StepFailed("the first process of the box died while locking itself down") from None
        if said["event"] != event:
            raise lockdown.StepFailed(said.get("reason", f"{said['event']} instead of {event}"))

    # ── Watching ──

    def _watch(self) -> Generator[Wait, list[Any], str]:
        """Return why the box has to end, or how it did; a limit is enforced here whatever happens inside."""
        is_limited = self.role == "run"
        deadline = self.started_at + self.limits.wall_seconds if is_limited else float("inf")
        # A program that is alone in its box has nobody beside it who could say more.
        is_alone = self.is_warm and self.request["is_alone"]
        watched = (self.process, self.control) if is_alone else (self.process, self.first, self.control)
        while True:
            now = time.monotonic()
            pause = LATER_POLL_SECONDS if now > self.started_at + LATER_SECONDS else POLL_SECONDS
            ready = yield Wait(watched, max(0.0, min(pause, deadline - now)))
            cpu_seconds, memory_bytes = self._measure()
            if self.groups.was_killed_for_memory():
                # When it was the machine's memory that was used up, this box is not to blame.
                return "out_of_memory" if self.groups.reached_memory_limit() else "broken"
            if is_limited and memory_bytes > self.limits.memory_bytes:
                return "out_of_memory"
            if self.control in ready:
                return "killed"
            if self.first in ready and not self._hear():
                return "exited" if self.ended else "broken"
            if self.process in ready:
                return "exited" if self.ended or (is_alone and self.has_home()) else "broken"
            if time.monotonic() >= deadline:
                return "out_of_time"
            if is_limited and cpu_seconds > self.limits.cpu_seconds:
                return "out_of_cpu_time"

    def _hear(self) -> bool:
        """Take in one message of the first process; False when there will be no more."""
        try:
            said, fds = channel.receive(self.first)
        except (channel.Closed, TimeoutError):
            return False
        try:
            if said["event"] == "sockets":
                channel.send(self.control, {"event": "sockets"}, fds)
        finally:
            for fd in fds:
                os.close(fd)
        if said["event"] == "ended":
            self.ended = said
        if said["event"] == "failed":
            self.failure = said["reason"]
        return said["event"] == "sockets" or self.role == "zygote"

    def _note_shared_memory(self) -> None:
        """What is counted by processes has our share of the zygote's memory in it: that is not the box's."""
        if self.is_warm and not self.groups.limits_memory:
            _, self.memory_before = _measure_tree(self.pid)

    def _measure(self) -> tuple[float, int]:
        """Return CPU seconds and bytes of memory now, from the control groups or, without them, from /proc."""
        cpu = self.groups.cpu_seconds()
        memory = 0
        if cpu is None or not self.groups.limits_memory:
            polled_cpu, memory = _measure_tree(self.pid)
            memory = max(0, memory - self.memory_before)
            cpu = polled_cpu if cpu is None else cpu
        self.cpu_peak, self.memory_peak = max(self.cpu_peak, cpu), max(self.memory_peak, memory)
        return cpu, memory

    def _end(self) -> Steps:
        """End the first process, and with it the box; goes on when everything in it has ended."""
        if self.process is not None:
            self._kill(self.process)
            yield Wait((self.process,))
        self._let_go()

    def _end_at_once(self) -> None:
        """The same without giving way to other boxes."""
        if self.process is not None:
            self._kill(self.process)
            Wait((self.process,), END_SECONDS).over()
        self._let_go()

    def _kill(self, process: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)

    def _let_go(self) -> None:
        if self.process is not None:
            if not self.is_warm:  # else it is the zygote's child, and one of ours may have its number by now
                os.waitpid(self.pid, 0)
            os.close(self.process)
            self.process = None
        self.opened.close()

    def _report(self, reason: str) -> None:
        ended = self.ended or {}
        status = ended.get("wait_status")
        message = {
            "event": "ended",
            "reason": reason,
            "detail": self.failure,
            "exit_code": os.WEXITSTATUS(status) if status is not None and os.WIFEXITED(status) else None,
            "signal": os.WTERMSIG(status) if status is not None and os.WIFSIGNALED(status) else None,
            "wall_seconds": time.monotonic() - self.started_at,
            "cpu_seconds": self.groups.cpu_seconds() or max(self.cpu_peak, ended.get("cpu_seconds", 0.0)),
            "max_memory_bytes": self.groups.memory_peak() or max(self.memory_peak, ended.get("max_memory_bytes", 0)),
        }
        with contextlib.suppress(channel.Closed):
            channel.send(self.control, message)


def _measure_tree(top: int) -> tuple[float, int]:
    """Return CPU seconds and bytes of memory of a process and all below it, the buffers of its network included.

    Orphans of a box hang below its first.
    """
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
    cpu_total, memory_total, waiting = 0.0, _socket_bytes(top), [(top, own)]
    while waiting:
        pid, cpu = waiting.pop()
        cpu_total += cpu
        memory_total += _resident_bytes(pid)
        waiting += parents.get(pid, [])
    return cpu_total, memory_total


def _socket_bytes(pid: int) -> int:
    """What may lie in the buffers of the sockets in a process's network: it is in no process's map.

    Each is counted as if it were full (``net.core.wmem_default``; no box can have a larger one, see `seccomp`), for
    what is in it nobody tells. Sockets that are on their way from one process to another are among them.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        used = Path(f"/proc/{pid}/net/sockstat").read_text().split(maxsplit=3)[2]
        return int(used) * int(Path("/proc/sys/net/core/wmem_default").read_text())
    return 0


def _resident_bytes(pid: int) -> int:
    """Proportional set size, so that pages shared after a fork count once; else the resident set."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    return 0
