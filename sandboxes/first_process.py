"""The first process of a box: locks itself down, starts the program, reaps what is left alone, says how it ended.

It is process 1 in there: nothing inside can signal it, and when it ends the Linux kernel ends everything else in the
box, however it hid. A program that is to be alone takes its place once the box is locked.

It is told what to do once, over a socket that is also the life line: when the other end closes,
for whatever reason, it ends. Standard library only; it runs in the launcher's interpreter, or in a zygote's.

What it says: `hello`, `map` (a zygote asks for its user ids), `locked`, `started`, `sockets` (with the door and the
connections), `ended`, or `failed` with the step that was refused.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from sandboxes import channel, lockdown

SOCKET_SECONDS, SOCKET_POLL_SECONDS = 30.0, 0.001
# Runs a Python program in this very process instead of starting an interpreter: argv in, exit code out.
RunPython = Callable[[Sequence[str]], int]


def main(control: socket.socket, run_python: RunPython | None = None) -> NoReturn:
    """Be the first process of one box. Any failing step ends the process: there is no half-locked box."""
    try:
        lockdown.close_all_but([0, 1, 2, control.fileno()])
        channel.send(control, {"event": "hello"})
        job, fds = channel.receive(control)
        _lock_down(job, control)
        channel.send(control, {"event": "locked"})
        streams = dict(zip(job["fds"], fds, strict=True))
        _write_files(job, streams.pop("payload"))
        if job["is_alone"] and job["is_python"] and run_python is not None:
            last = lockdown.arrange_fds({int(number): fd for number, fd in streams.items()}, control.fileno())
            control.detach()  # its number is the program's by now, or nobody's
            control = socket.socket(fileno=last)
            _become_alone(job, control, run_python)
        children = _watch_children()
        program = _start_program(job, streams, run_python)
        channel.send(control, {"event": "started"})
        for fd in streams.values():
            os.close(fd)
        door = _hand_over_sockets(job["sockets"], control)
        _serve(control, program, children, door, outlives=job["role"] == "zygote")
    except BaseException as error:
        # BaseException: nothing may leave this function and run the code of whoever called it a second time.
        with contextlib.suppress(BaseException):
            channel.send(control, {"event": "failed", "reason": f"{error}"[:2000] or type(error).__name__})
    os._exit(0)


def _lock_down(job: Mapping[str, Any], control: socket.socket) -> None:
    """The steps in their order; each needs a right that a later one gives up."""
    os.setsid()
    lockdown.calm_signals()
    if job["role"] == "run":
        lockdown.die_first()
    if job["user"] == "map":
        lockdown.map_user(job["inside_uid"], 0, 0)  # in a user namespace of its own, made by a zygote
    lockdown.unshare(
        lockdown.CLONE_NEWNS
        | lockdown.CLONE_NEWNET
        | lockdown.CLONE_NEWIPC
        | lockdown.CLONE_NEWUTS
        | lockdown.CLONE_NEWCGROUP
    )
    socket.sethostname("sandbox")
    lockdown.build_tree(job)
    lockdown.raise_loopback()
    if job["role"] == "zygote":
        # It makes boxes, so it has rights; they are worth something in its own user namespace only.
        if job["user"] == "ask":
            _enter_user_namespace(control)
        lockdown.hide_memory()
        lockdown.no_new_privileges()
        return
    lockdown.become(job["inside_uid"], change=job["user"] == "take")
    lockdown.limit_resources(job["rlimits"])
    readable = [*job["read_only"], "/etc", "/share", "/proc"]
    lockdown.restrict_files([*job["scratch"], *job["devices"], "/dev/pts"], readable)


def _enter_user_namespace(control: socket.socket) -> None:
    """Become root of a user namespace and nobody outside it. The ids are given by the launcher, who may."""
    lockdown.unshare(lockdown.CLONE_NEWUSER)
    channel.send(control, {"event": "map"})
    channel.receive(control)
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _write_files(job: Mapping[str, Any], payload: int) -> None:
    """Only now, with no right left, is anything read that may be a learner's."""
    with os.fdopen(payload, "rb") as stream:
        stream.seek(0)
        for folder, name, size in job["files_sent"]:
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stream.read(size))
            if job.get("has_fixed_files") and folder == "/cwd":
                target.chmod(0o444)


def _watch_children() -> int:
    """Return a file descriptor that is readable when a child has ended."""
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    return woken


def _start_program(job: Mapping[str, Any], streams: Mapping[int, int], run_python: RunPython | None) -> int:
    """Start the program under its system call filter; returns its pid once it really runs."""
    failure_read, failure_write = os.pipe2(os.O_CLOEXEC)
    program = os.fork()
    if program == 0:
        _become_program(job, streams, failure_write, run_python)
    os.close(failure_write)
    with os.fdopen(failure_read, "rb") as failure:
        reason = failure.read()
    if reason:
        raise lockdown.StepFailed(reason.decode(errors="replace"))
    return program


def _become_program(
    job: Mapping[str, Any], streams: Mapping[int, int], failure: int, run_python: RunPython | None
) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        lockdown.calm_signals()
        os.umask(0o022)
        failure = lockdown.arrange_fds({int(number): fd for number, fd in streams.items()}, failure)
        if job["seccomp"] is not None:
            lockdown.filter_calls(bytes.fromhex(job["seccomp"]))
        argv, env = job["argv"], job["env"]
        if run_python is not None and job["is_python"]:
            os.environ.clear()
            os.environ.update(env)
            os.close(failure)
            os._exit(run_python(argv))
        os.execve(argv[0], argv, env)  # noqa: S606 (no shell is the point)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(failure, f"start {job['argv'][0]}: {error}".encode())
    os._exit(127)


def _become_alone(job: Mapping[str, Any], control: socket.socket, run_python: RunPython) -> NoReturn:
    """Be the program, with nobody beside it: a fork less, where nothing has to be told of how it ends."""
    os.umask(0o022)
    if job["seccomp"] is not None:
        lockdown.filter_calls(bytes.fromhex(job["seccomp"]))
    channel.send(control, {"event": "started"})
    control.close()
    os.environ.clear()
    os.environ.update(job["env"])
    os._exit(run_python(job["argv"]))


class _Door:
    """Connects to the program's sockets for whoever asked for the box.

    It is done in here, where every path ends inside the box, so that nobody outside ever follows one that belongs to
    the box.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = paths
        self.ours, self.theirs = channel.pair()

    def answer(self) -> bool:
        """Make one more connection to the socket that is asked for; False when nobody will ask again."""
        try:
            asked, _ = channel.receive(self.ours)
            with contextlib.closing(_connect(self.paths[asked["socket"]])) as connection:
                channel.send(self.ours, {"is_connected": True}, [connection.fileno()])
        except channel.Closed:
            return False
        except (OSError, LookupError, TypeError):
            with contextlib.suppress(channel.Closed):
                channel.send(self.ours, {"is_connected": False})
        return True


def _hand_over_sockets(paths: Sequence[str], control: socket.socket) -> _Door | None:
    """Wait until the program has made its sockets; hand over a first connection to each, and the door to more."""
    if not paths:
        return None
    deadline = time.monotonic() + SOCKET_SECONDS
    connections: list[socket.socket] = []
    while len(connections) < len(paths):
        try:
            connections.append(_connect(paths[len(connections)]))
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > deadline:
                raise lockdown.StepFailed("the program did not open its sockets in time") from None
            # The other end has gone, or the program has: `_serve` says which.
            if select.select([control], [], [], SOCKET_POLL_SECONDS)[0] or _has_ended():
                return None
    door = _Door(paths)
    ends = [door.theirs, *connections]
    channel.send(control, {"event": "sockets"}, [end.fileno() for end in ends])
    for end in ends:
        end.close()
    return door


def _has_ended() -> bool:
    """Is there a child that has ended? It is left to be reaped."""
    ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return ended is not None


def _connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)  # a socket that nobody accepts from must not hold us up
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    connection.setblocking(True)
    return connection


def _serve(control: socket.socket, program: int, children: int, door: _Door | None, *, outlives: bool) -> None:
    """Reap until the program has ended (``outlives``: until everything has), unless the life line closes first."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == program:
            spent = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = {"cpu_seconds": spent.ru_utime + spent.ru_stime, "max_memory_bytes": spent.ru_maxrss * 1024}
            channel.send(control, {"event": "ended", "wait_status": status} | used)
            if not outlives:
                return
        if pid != 0:
            continue
        watched: list[Any] = [control, children, *([door.ours] if door else [])]
        ready, _, _ = select.select(watched, [], [])
        if control in ready:
            return
        if door and door.ours in ready and not door.answer():
            door = None
        with contextlib.suppress(BlockingIOError):
            os.read(children, 4096)
