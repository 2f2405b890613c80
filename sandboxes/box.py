"""One program in a sandbox, as the one who asks for it sees it: start, wait, kill, usage.

The box itself is built by a launcher. Where a service runs (`sandboxes.service`), it makes the launcher, and Python
programs start at once from a zygote; without one, a launcher of our own starts them cold. The wall is the same.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from sandboxes import channel, service
from sandboxes.limits import Limits
from sandboxes.results import Ending, RunStatus, SandboxUnavailable, Usage
from sandboxes.slots import remove_left_overs

START_SECONDS = 20.0
END_SECONDS = 5.0
_START_LAUNCHER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from sandboxes import launcher; launcher.main(int(sys.argv[2]))"
)
_PROJECT = Path(__file__).resolve().parent.parent
_ENDED_BY = {
    "out_of_time": (RunStatus.OUT_OF_TIME, "wall clock limit"),
    "out_of_cpu_time": (RunStatus.OUT_OF_TIME, "CPU time limit"),
    "out_of_memory": (RunStatus.OUT_OF_MEMORY, "memory limit"),
    "killed": (RunStatus.KERNEL_DIED, "ended by the supervisor"),
    "broken": (RunStatus.SANDBOX_FAILED, "the first process of the box ended before its program"),
}


class Box:
    """One program in a sandbox of its own, used once. A context manager: leaving it ends everything inside.

    ``argv[0] == "python"`` stands for the interpreter of the kernel environment (``python``, the path of its
    executable). ``files`` are copied into the working directory `/cwd`, ``tools`` into `/tools`; both belong to the
    box; ``has_fixed_files``: whoever opens one of ``files`` to write is refused. ``stdin``, ``stdout`` and ``stderr``
    are file descriptors that the program gets (None: nothing); ``pass_fds``
    keep their numbers. The caller closes its own copies after `start`. A program that ``is_alone``, without sockets,
    costs less where it can be forked: it is then process 1 of its box, and how it ended is not known when it leaves
    by itself. ``sockets`` are paths of Unix sockets below
    `/tools` that the program will make; see `connections`. ``read_only`` are files and folders of this machine to be
    shown beside what every box sees (where a service knows the interpreter, it shows what is declared to it instead).

    Raises `ValueError` for file names that would leave their folder, `SandboxUnavailable` when the box cannot be
    built.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        limits: Limits,
        python: Path,
        files: Mapping[str, bytes] | None = None,
        tools: Mapping[str, bytes] | None = None,
        env: Mapping[str, str] | None = None,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
        pass_fds: Sequence[int] = (),
        is_alone: bool = False,
        sockets: Sequence[str] = (),
        read_only: Sequence[str] = (),
        has_fixed_files: bool = False,
    ) -> None:
        # Made absolute with its links kept: a virtual environment is known by the place of its link.
        self.argv, self.limits, self.python = list(argv), limits, Path(os.path.normpath(Path.cwd() / python))
        self.files, self.tools, self.env = dict(files or {}), dict(tools or {}), dict(env or {})
        self.is_alone = is_alone
        self.streams = {0: stdin, 1: stdout, 2: stderr} | {number: number for number in pass_fds}
        self.sockets, self.read_only, self.has_fixed_files = list(sockets), list(read_only), has_fixed_files
        self.pid: int | None = None  # of the box's first process
        self.launcher_pid: int | None = None
        self.uid: int | None = None
        self.is_warm = False
        self._launcher: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._received: list[socket.socket] = []
        self._ending: Ending | None = None
        self._usage = Usage()
        for name in (*self.files, *self.tools):
            _require_plain_name(name)

    def fileno(self) -> int:
        """Readable when the box has ended: for use with select and zmq pollers."""
        if self._control is None:
            raise ValueError("the box is not running")
        return self._control.fileno()

    def connections(self, timeout: float = START_SECONDS) -> tuple[socket.socket, list[socket.socket]]:
        """Wait for the program's ``sockets``; returns the door to them and a first connection to each, in their order.

        All are the caller's to close. Asked with ``{"socket": number}``, the door answers with one more connection,
        or without, in the order of the questions. Raises `SandboxUnavailable` when the program ended first or took
        too long.
        """
        event = self._next_event(time.monotonic() + timeout)
        if event is None:
            raise SandboxUnavailable("the program did not open its sockets in time")
        if event["event"] != "sockets" or len(self._received) != len(self.sockets) + 1:
            self._conclude(event)
            raise SandboxUnavailable(f"the program ended before its sockets were open: {self._ending}")
        (door, *connections), self._received = self._received, []
        return door, connections

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Build the box and start the program; returns when it runs, locked down. Raises `SandboxUnavailable`."""
        if self._control is not None:
            raise ValueError("a box is used once")
        try:
            self._control = service.connect(self.python) or self._own_launcher()
            self._ask()
            event = self._next_event(time.monotonic() + START_SECONDS) or {"reason": "the launcher did not answer"}
            if event.get("event") != "started":
                raise SandboxUnavailable(f"the sandbox could not be built: {event['reason']}")
            self.pid, self.launcher_pid = event["pid"], event["launcher_pid"]
            self.uid, self.is_warm = event["uid"], event["is_warm"]
        except BaseException:
            self.close()
            raise

    def wait(self, timeout: float | None = None) -> Ending:
        """Wait until everything in the box has ended and say how. Raises `TimeoutError` when that takes longer."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._ending is None:
            event = self._next_event(deadline)
            if event is None:
                raise TimeoutError("the box is still running")
            self._conclude(event)
        return self._ending

    def poll(self) -> Ending | None:
        """Return how the box ended, or None while it runs."""
        try:
            return self.wait(0)
        except TimeoutError:
            return None

    def kill(self) -> Ending:
        """End everything in the box now; returns how it ended (earlier, perhaps, by itself)."""
        if self._control is not None and self._ending is None:
            with contextlib.suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
        try:
            return self.wait(END_SECONDS)
        except TimeoutError:
            # The box ends when the launcher sees that we are gone, or when the launcher is.
            self._ending = Ending(RunStatus.SANDBOX_FAILED, detail="the launcher did not answer")
            return self._ending

    def usage(self) -> Usage:
        """Return what the box used; complete once it has ended. Output is counted by whoever reads it."""
        return self._usage

    def close(self) -> None:
        """End the box and give back all it held. Safe to call twice."""
        if self._control is not None:
            self.kill()
            self._control.close()
        if self._launcher is not None:
            launcher, self._launcher = self._launcher, None
            try:
                launcher.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                launcher.send_signal(signal.SIGKILL)
                launcher.wait()
            if launcher.returncode != 0:
                remove_left_overs()
        for connection in self._received:
            connection.close()
        self._received = []

    def _own_launcher(self) -> socket.socket:
        ours, theirs = channel.pair()
        with theirs:
            # A fresh interpreter without site packages: it holds no secret, and a threaded caller is no matter.
            command = [sys.executable, "-I", "-S", "-c", _START_LAUNCHER, str(_PROJECT), str(theirs.fileno())]
            kept = {name: os.environ[name] for name in ("SANDBOXES_STATE_DIR",) if name in os.environ}
            options: dict[str, Any] = {"env": kept, "cwd": "/", "start_new_session": True, "stdin": subprocess.DEVNULL}
            try:
                self._launcher = subprocess.Popen(command, pass_fds=[theirs.fileno()], **options)
            except OSError as error:
                ours.close()
                raise SandboxUnavailable(f"the launcher could not be started: {error}") from error
        return ours

    def _ask(self) -> None:
        """Send what the launcher is to do. What lies in the files goes past it, to be read inside the box only."""
        sent = [("/cwd", name, data) for name, data in self.files.items()]
        sent += [("/tools", name, data) for name, data in self.tools.items()]
        request = {
            "argv": self.argv,
            "python": str(self.python),
            "limits": self.limits.as_dict(),
            "env": self.env,
            "sockets": self.sockets,
            "is_alone": self.is_alone,
            "read_only": self.read_only,
            "files_sent": [(folder, name, len(data)) for folder, name, data in sent],
            "has_fixed_files": self.has_fixed_files,
            "fds": ["payload", *self.streams],
        }
        payload = os.memfd_create("payload")
        nothing = os.open(os.devnull, os.O_RDWR)
        try:
            with os.fdopen(os.dup(payload), "wb") as stream:
                stream.writelines(data for _, _, data in sent)
            given = [nothing if fd is None else fd for fd in self.streams.values()]
            if self._control is not None:
                channel.send(self._control, request, [payload, *given])
        except channel.Closed as error:
            raise SandboxUnavailable(f"the launcher is gone: {error}") from error
        finally:
            os.close(payload)
            os.close(nothing)

    def _next_event(self, deadline: float | None) -> dict[str, Any] | None:
        """Return what the launcher says next; None when ``deadline`` passes first."""
        if self._control is None:
            return {"event": "failed", "reason": "the box was not started"}
        self._control.settimeout(None if deadline is None else max(1e-3, deadline - time.monotonic()))
        try:
            event, fds = channel.receive(self._control)
        except TimeoutError:
            return None
        except channel.Closed:
            return {"event": "failed", "reason": "the launcher ended without a word"}
        self._received += [socket.socket(fileno=fd) for fd in fds]
        return event

    def _conclude(self, event: Mapping[str, Any]) -> None:
        if event["event"] == "failed":
            self._ending = Ending(RunStatus.SANDBOX_FAILED, detail=event.get("reason", "no reason given"))
        if event["event"] != "ended":
            return
        code, number = event["exit_code"], event["signal"]
        self._usage = Usage(event["wall_seconds"], event["cpu_seconds"], event["max_memory_bytes"])
        if event["reason"] in _ENDED_BY:
            status, detail = _ENDED_BY[event["reason"]]
            detail = event["detail"] or detail
        elif code == 0 or code is number is None:
            status, detail = RunStatus.COMPLETED, "" if code == 0 else "left by itself"
        else:
            status, detail = RunStatus.KERNEL_DIED, f"signal {number}" if code is None else f"exit code {code}"
        self._ending = Ending(status, code, number, detail)


def _require_plain_name(name: str) -> None:
    path = PurePosixPath(name)
    if not name or "\0" in name or path.is_absolute() or ".." in path.parts or str(path) != name or name == ".":
        raise ValueError(f"not the name of a file inside its folder: {name!r}")


def check(python: Path) -> None:
    """Build a box and run something in it. Raises `SandboxUnavailable` with the reason when that does not work."""
    read, write = os.pipe()
    limits = Limits(wall_seconds=15, cpu_seconds=10, memory_bytes=256 << 20)
    program = "import os; print(os.getpid() != 1, os.listdir('/cwd'), os.path.exists('/etc/shadow'))"
    try:
        with Box(["python", "-I", "-c", program], limits=limits, stdout=write, python=python) as box:
            box.start()
            ending = box.wait(limits.wall_seconds + START_SECONDS)
    finally:
        os.close(write)
        with os.fdopen(read, "rb") as stream:
            said = stream.read().decode(errors="replace").strip()
    if ending.status is not RunStatus.COMPLETED or said != "True [] False":
        raise SandboxUnavailable(f"a trial sandbox did not do as it should: {ending.status} {ending.detail} {said!r}")
