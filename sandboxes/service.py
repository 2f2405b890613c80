"""`python -m sandboxes serve`: keeps zygotes warm and makes a launcher for every box that is asked for.

One small process with one thread, best run as root so that workers need no right at all: they connect to its socket,
send what is to run, and get back how it ends. It goes through the launcher's steps for each box that a zygote forks,
all boxes beside one another, and forks a launcher for each that begins cold; it has no part in the run. What it holds
back is too many runs at once (`places`). It never reads what a learner wrote.

Without a service everything works too, each box starting cold from a launcher of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import grp
import json
import math
import os
import selectors
import signal
import socket
import stat
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from sandboxes import channel, environments, isolation, lockdown
from sandboxes.cgroups import step_aside
from sandboxes.environments import Environment
from sandboxes.launcher import Launcher, NoZygote, Steps
from sandboxes.limits import FOR_RUNS_BYTES, Limits
from sandboxes.results import SandboxUnavailable
from sandboxes.slots import Slots, remove_left_overs, state_dir
from sandboxes.zygote import can_run

HERE = Path(__file__).resolve().parent
REQUEST_SECONDS = 5.0
# A zygote is replaced after this much use: its children share its hash seed and its memory layout.
MAX_FORKS, MAX_AGE_SECONDS = 2000, 3600.0
READY_SECONDS = 120.0
MAX_BACKOFF_SECONDS, HOPELESS_DEATHS = 60.0, 3
ZYGOTE_MEMORY_BYTES = 4 << 30
ZYGOTE_PROGRAM = ("__init__.py", "channel.py", "first_process.py", "lockdown.py", "zygote.py")
BACKLOG = 256
PF_EXITING = 4  # of a process, in /proc
BOXES_OF_A_RUN = 2  # at the same time


# ── For those who ask ────────────────────────────────────────────────────────────────────────────────────────────


def socket_path() -> Path:
    """Return where the service of this machine listens: `SANDBOXES_SOCKET`, or a place in the state folder."""
    return Path(os.environ.get("SANDBOXES_SOCKET", "/run/sandboxes/service.sock"))


def connect(python: Path) -> socket.socket | None:
    """Return a connection on which one box can be asked for; None when no service here knows this interpreter.

    Raises `SandboxUnavailable` when the service is there and cannot take more.
    """
    said = None
    with contextlib.suppress(TimeoutError):
        said = _ask({"op": "box", "python": str(python)})
    if said is None:
        return None
    control, answer = said
    if answer.get("event") == "ask":
        return control
    control.close()
    return None


@contextlib.contextmanager
def place(memory_bytes: int, *, timeout: float | None = None) -> Iterator[None]:
    """Wait until this machine has room for one more run, and hold that room. First come, first served.

    ``memory_bytes``: what all boxes of the run may take at once.

    Without a service there is nobody to wait for, and this returns at once. Raises `SandboxUnavailable` when no room
    comes free within ``timeout`` seconds.
    """
    try:
        said = _ask({"op": "place", "memory_bytes": memory_bytes}, timeout)
    except TimeoutError:
        raise SandboxUnavailable(f"no room for another run came free within {timeout} seconds") from None
    if said is None:
        yield
        return
    control, answer = said
    with control:
        if answer.get("event") != "granted":
            raise SandboxUnavailable(answer.get("reason", "the sandbox service has no room"))
        yield


def status() -> dict[str, Any] | None:
    """Return what the service says of itself (zygotes, runs, those who wait); None when there is none."""
    said = None
    with contextlib.suppress(TimeoutError):
        said = _ask({"op": "status"})
    if said is None:
        return None
    control, answer = said
    control.close()
    return answer


def _ask(
    question: Mapping[str, Any], timeout: float | None = REQUEST_SECONDS
) -> tuple[socket.socket, dict[str, Any]] | None:
    """Put one question; returns the connection and the answer, or None when nobody is there to answer.

    Raises `TimeoutError` when somebody is there and does not answer within ``timeout`` seconds.
    """
    control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        _require_trusted(socket_path())
        control.settimeout(REQUEST_SECONDS)
        control.connect(str(socket_path()))
        channel.send(control, question)
        control.settimeout(timeout)
        answer, _ = channel.receive(control)
    except TimeoutError:
        control.close()
        raise
    except (OSError, channel.Closed):
        control.close()
        return None
    return control, answer


def _require_trusted(path: Path) -> None:
    """Raise `OSError` unless the socket is root's or our own: anybody can make one of that name."""
    found = path.lstat()
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid not in (0, os.geteuid()):
        raise OSError(f"{path} is not the service's socket")


# ── The service ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Zygote:
    """One zygote as the service sees it: the process that launched its outer box, and the socket for orders."""

    environment: Environment
    pid: int
    control: socket.socket
    orders: socket.socket
    started_at: float = field(default_factory=time.monotonic)
    is_ready: bool = False
    has_ended: bool = False  # the process that launched it
    forks: int = 0
    first: int | None = None  # the pid of its outer box's first process

    def is_worn(self) -> bool:
        """Is it time for a new one?"""
        return self.forks >= MAX_FORKS or time.monotonic() > self.started_at + MAX_AGE_SECONDS

    def learn_first(self) -> None:
        """Take in which process its outer box begins with: its launcher says that first of all."""
        self.control.setblocking(False)
        with contextlib.suppress(channel.Closed, KeyError):
            self.first = self.first or channel.receive(self.control)[0]["pid"]

    def has_home(self) -> bool:
        """Does its outer box stand? When that ends, so do all that were forked in it, through no fault of theirs.

        Its first process is on its way out before the first of the others is.
        """
        try:
            state, *fields = Path(f"/proc/{self.first}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return self.first is None  # not known
        return state not in "ZX" and not int(fields[5]) & PF_EXITING

    def is_stuck(self) -> bool:
        return not self.is_ready and time.monotonic() > self.started_at + READY_SECONDS

    def close(self, *, at_once: bool) -> None:
        """No more orders: it ends when its last child has. ``at_once``: it and all its children end now."""
        self.orders.close()
        if at_once:
            self.control.close()


@dataclass(slots=True)
class Running:
    """A box whose launcher's steps are gone through here: what it waits for, and until when."""

    launcher: Launcher
    steps: Steps
    sources: tuple[Any, ...] = ()
    due_at: float = math.inf


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for a place, and how much memory the run may take."""

    control: socket.socket
    memory_bytes: int


class Service:
    """Listens, forks launchers, keeps zygotes, grants places.

    ``declared``: environments by name; ``places`` runs at a time, as many as there are cores unless told otherwise;
    ``memory_bytes`` for all of them together, half of the machine's unless told otherwise.
    """

    def __init__(
        self,
        declared: Mapping[str, Environment],
        *,
        path: Path,
        group: int | None = None,
        places: int | None = None,
        memory_bytes: int | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        self.by_python = {str(environment.python): environment for environment in declared.values()}
        self.path, self.group, self.say = path, group, say
        self.places = places or len(os.sched_getaffinity(0))
        self.memory_bytes = memory_bytes or FOR_RUNS_BYTES
        self.zygotes: dict[str, Zygote] = {}  # in use, by their interpreter
        self.coming: dict[str, Zygote] = {}  # that are loading
        self.retired: list[Zygote] = []
        self.deaths: dict[str, int] = {}
        self.not_before: dict[str, float] = {}
        self.launchers: set[int] = set()
        self.running: list[Running] = []
        self.slots = Slots(isolation.FIRST_UID, isolation.SLOTS, kept=BOXES_OF_A_RUN * self.places)
        self.placed: dict[socket.socket, int] = {}
        self.waiting: deque[Waiting] = deque()
        self.asking: dict[socket.socket, str] = {}
        self.is_stopping = False
        self.selector = selectors.DefaultSelector()

    def run(self) -> None:
        """Serve until told to stop (SIGTERM, SIGINT). Raises `SandboxUnavailable` when it cannot listen."""
        self._watch_signals()
        self._listen()
        remove_left_overs()
        self.slots.fill()
        step_aside()
        gc.freeze()  # a launcher is a fork of us: what is here already stays shared with it
        has_said_ready = False
        try:
            while not self.is_stopping:
                self._keep_zygotes()
                if not has_said_ready and self._has_settled():
                    self.say("ready")
                    has_said_ready = True
                self._go_round()
        finally:
            self._stop()

    def _go_round(self) -> None:
        """Wait until something can be done, and do it."""
        now = time.monotonic()
        pause = min([0.5, *(running.due_at - now for running in self.running)])
        ready: dict[int, list[Any]] = {}
        for key, _ in self.selector.select(max(0.0, pause)):
            if isinstance(key.data, Running):
                ready.setdefault(id(key.data), []).append(key.fileobj)
            else:
                key.data(key.fileobj)
        now = time.monotonic()
        for running in list(self.running):
            if id(running) in ready or running.due_at <= now:
                self._go_on(running, ready.get(id(running), []))

    def _has_settled(self) -> bool:
        """Is every zygote warm, or known to be one that cannot be had (its environment starts cold meanwhile)?"""
        wanted = [python for python, environment in self.by_python.items() if environment.has_zygote]
        return all(python in self.zygotes or self.deaths.get(python, 0) >= HOPELESS_DEATHS for python in wanted)

    def _watch_signals(self) -> None:
        woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.selector.register(woken, selectors.EVENT_READ, self._reap)

    def _ask_to_stop(self, *_: object) -> None:
        self.is_stopping = True

    def _listen(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
                if probe.connect_ex(str(self.path)) == 0:
                    raise SandboxUnavailable(f"a sandbox service is already listening at {self.path}")
            self.path.unlink(missing_ok=True)
            mask = os.umask(0o177)
            try:
                self.listener.bind(str(self.path))
            finally:
                os.umask(mask)
            if self.group is not None:
                os.chown(self.path, -1, self.group)
                self.path.chmod(0o660)
            self.listener.listen(BACKLOG)
        except OSError as error:
            raise SandboxUnavailable(f"the service cannot listen at {self.path}: {error.strerror}") from error
        self.selector.register(self.listener, selectors.EVENT_READ, self._admit)

    # ── Requests ──

    def _admit(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            control, _ = listener.accept()
            control.setblocking(False)
            self.selector.register(control, selectors.EVENT_READ, self._hear)

    def _hear(self, control: socket.socket) -> None:
        """Take one message of somebody who is connected; nonsense ends the connection."""
        try:
            message, fds = channel.receive(control)
        except (channel.Closed, RecursionError):
            self._forget(control)
            return
        try:
            if control in self.asking:
                self._launch(control, self.asking[control], message, fds)
            else:
                self._answer(control, message)
        except Exception:
            # A message can be wrong in more ways than can be listed; it costs whoever sent it the connection.
            self._forget(control)
        finally:
            for fd in fds:
                os.close(fd)

    def _answer(self, control: socket.socket, message: Mapping[str, Any]) -> None:
        if control in self.placed or any(one.control is control for one in self.waiting):
            raise ValueError("one question on each connection")
        if message["op"] == "box":
            is_known = message["python"] in self.by_python
            channel.send(control, {"event": "ask" if is_known else "unknown"})
            if is_known:
                self.asking[control] = message["python"]
        elif message["op"] == "place":
            if type(message["memory_bytes"]) is not int or message["memory_bytes"] < 0:
                raise ValueError("not a number of bytes")
            self.waiting.append(Waiting(control, message["memory_bytes"]))
            self._grant()
        elif message["op"] == "status":
            channel.send(control, self._status())
        else:
            raise ValueError("not a question")

    def _forget(self, control: socket.socket) -> None:
        with contextlib.suppress(KeyError, ValueError):  # what began as a box is not listened to any more
            self.selector.unregister(control)
        control.close()
        self.asking.pop(control, None)
        self.waiting = deque(one for one in self.waiting if one.control is not control)
        self.placed.pop(control, None)
        self._grant()

    def _grant(self) -> None:
        """Let those who wait begin, in their order, while there is room; one run always has room."""
        while self.waiting and len(self.placed) < self.places:
            first = self.waiting[0]
            if self.placed and sum(self.placed.values()) + first.memory_bytes > self.memory_bytes:
                return
            self.waiting.popleft()
            try:
                channel.send(first.control, {"event": "granted"})
            except channel.Closed:
                continue  # it will be forgotten when its end is seen
            self.placed[first.control] = first.memory_bytes

    def _status(self) -> dict[str, Any]:
        zygotes = {zygote.environment.name: zygote for zygote in (self.coming | self.zygotes).values()}
        return {
            "event": "status",
            "pid": os.getpid(),
            "zygotes": {
                name: {"pid": zygote.pid, "is_ready": zygote.is_ready, "forks": zygote.forks}
                for name, zygote in zygotes.items()
            },
            "cold": sorted(
                environment.name for python, environment in self.by_python.items() if python not in self.zygotes
            ),
            "boxes": len(self.launchers) + len(self.running),
            "runs": len(self.placed),
            "places": self.places,
            "waiting": len(self.waiting),
        }

    # ── Launchers ──

    def _launch(self, control: socket.socket, python: str, request: dict[str, Any], fds: list[int]) -> None:
        """Begin a box: from a zygote where there is one that knows the program, else by a launcher of its own."""
        zygote = self.zygotes.get(python)
        # What a box may see is the operator's to say, not that of those who ask.
        shown = [str(path) for path in self.by_python[python].read_only]
        request = request | {"python": python, "read_only": shown}
        is_warm = zygote is not None and request["argv"][0] == "python" and can_run(request["argv"])
        self.selector.unregister(control)
        self.asking.pop(control)
        if zygote is None or not is_warm:
            self._launch_cold(control, request, fds)
            return
        try:
            zygote.learn_first()
            options: dict[str, Any] = {"zygote": zygote.orders, "has_home": zygote.has_home, "slots": self.slots}
            launcher = Launcher(control, request, list(fds), **options)
        except Exception as error:
            self._refuse(control, error)
            return
        fds.clear()  # they are the box's now
        zygote.forks += 1
        self.running.append(Running(launcher, launcher.steps()))
        self._go_on(self.running[-1], None)

    def _refuse(self, control: socket.socket, error: Exception) -> None:
        """Say to whoever asked that there will be no box, and why."""
        channel.send_failure(control, f"{type(error).__name__}: {error}")
        control.close()

    def _launch_cold(self, control: socket.socket, request: dict[str, Any], fds: list[int]) -> None:
        """Fork a launcher for one box; it goes on alone."""
        try:
            pid = self._fork()
        except OSError as error:  # no more processes are to be had
            self._refuse(control, error)
            return
        if pid == 0:
            self._become_launcher(control, request, fds)
        self.launchers.add(pid)
        control.close()

    def _go_on(self, running: Running, ready: list[Any] | None) -> None:
        """Let a box go on to what it waits for next; ``ready`` is None for one that begins."""
        launcher = running.launcher
        # First of all: what it closes now may be open in a launcher that was just forked, and be told of for ever.
        self._watch_for(running, ())
        try:
            wait = running.steps.send(ready)  # type: ignore[arg-type]
            self._watch_for(running, wait.sources)
        except StopIteration:
            self._forget_box(running)
        except NoZygote as error:
            self.say(str(error))
            self._launch_cold(launcher.control, dict(launcher.request), launcher.fds)
            self._forget_box(running)
        except Exception as error:
            # One box must not be the end of the others: a request can be wrong in more ways than can be listed.
            self._refuse(launcher.control, error)
            self._forget_box(running)
        else:
            running.due_at = math.inf if wait.seconds is None else time.monotonic() + wait.seconds

    def _watch_for(self, running: Running, sources: tuple[Any, ...]) -> None:
        for source in running.sources:
            self.selector.unregister(source)
        running.sources = ()
        for source in sources:
            self.selector.register(source, selectors.EVENT_READ, running)
            running.sources += (source,)

    def _forget_box(self, running: Running) -> None:
        self._watch_for(running, ())
        with contextlib.suppress(Exception):
            running.steps.close()
        self.running.remove(running)
        running.launcher.control.close()
        for fd in running.launcher.fds:
            os.close(fd)

    def _fork(self) -> int:
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends us in order
            os.setsid()
        return pid

    def _become_launcher(self, control: socket.socket, request: dict[str, Any], fds: list[int]) -> NoReturn:
        """In the fork: nothing of the service stays open but what this box needs."""
        try:
            lockdown.close_all_but([0, 1, 2, control.fileno(), *fds])
            control.setblocking(True)
            signal.signal(signal.SIGTERM, lambda *_: sys.exit("the sandbox service is ending"))
            Launcher(control, request, fds).run()
        except BaseException as error:
            with contextlib.suppress(BaseException):
                channel.send_failure(control, f"{type(error).__name__}: {error}")
        finally:
            os._exit(0)

    # ── Zygotes ──

    def _keep_zygotes(self) -> None:
        """Start those that are missing, replace those that are worn, without a moment in which there is none."""
        now = time.monotonic()
        for python, environment in self.by_python.items():
            zygote, coming = self.zygotes.get(python), self.coming.get(python)
            if coming is not None and coming.is_stuck():
                self._lose(coming, "it did not become ready")
            is_wanted = environment.has_zygote and (zygote is None or zygote.is_worn())
            if is_wanted and coming is None and now >= self.not_before.get(python, 0.0):
                try:
                    self.coming[python] = self._start_zygote(environment)
                except OSError as error:  # no more files or processes are to be had
                    self.not_before[python] = now + 1
                    self.say(f"the zygote of {environment.name} could not be started: {error}")

    def _start_zygote(self, environment: Environment) -> Zygote:
        orders, theirs = channel.pair()
        control, launcher_end = channel.pair()
        pid = self._fork()
        if pid == 0:
            self._launch_zygote(environment, launcher_end, theirs)
        theirs.close()
        launcher_end.close()
        orders.setblocking(False)
        zygote = Zygote(environment, pid, control, orders)
        self.selector.register(orders, selectors.EVENT_READ, lambda _: self._hear_zygote(zygote))
        return zygote

    def _launch_zygote(self, environment: Environment, control: socket.socket, orders: socket.socket) -> NoReturn:
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            payload, sent = _zygote_payload(environment)
            request = {
                "argv": ["python", "/tools/run_zygote.py"],
                "python": str(environment.python),
                "limits": Limits(memory_bytes=ZYGOTE_MEMORY_BYTES, processes=4096, disk_bytes=256 << 20).as_dict(),
                "env": {},
                "sockets": [],
                "is_alone": False,
                "read_only": [str(path) for path in environment.read_only],
                "files_sent": sent,
                "fds": ["payload", 0, 1, 2, 3],
            }
            fds = [payload, nothing, nothing, os.dup(2), orders.fileno()]
            fds = [os.dup(fd) for fd in fds]
            lockdown.close_all_but([0, 1, 2, control.fileno(), *fds])
            Launcher(control, request, fds, role="zygote").run()
        except BaseException as error:
            print(f"the zygote of {environment.name} could not be started: {error}", file=sys.stderr, flush=True)
        finally:
            # Should the service have been killed, its boxes ended with their zygote, and nobody else cleans up.
            with contextlib.suppress(OSError, SandboxUnavailable):
                remove_left_overs()
            os._exit(0)

    def _hear_zygote(self, zygote: Zygote) -> None:
        try:
            message, _ = channel.receive(zygote.orders)
            if message.get("event") == "ready":
                self._use(zygote)
        except channel.Closed:
            self._lose(zygote, "it has ended")

    def _use(self, zygote: Zygote) -> None:
        """From now on boxes are forked from this one; the one before ends with the last of its children."""
        python = str(zygote.environment.python)
        worn = self.zygotes.get(python)
        zygote.is_ready = True
        self.zygotes[python] = zygote
        self.coming.pop(python, None)
        self.deaths.pop(python, None)
        if worn is not None:
            self._retire(worn, at_once=False)

    def _lose(self, zygote: Zygote, why: str) -> None:
        """A zygote is gone: boxes start cold until the next one is there, and it is not tried again too often."""
        python = str(zygote.environment.python)
        deaths = self.deaths[python] = self.deaths.get(python, 0) + 1
        self.not_before[python] = time.monotonic() + min(2.0 ** (deaths - 1) - 1, MAX_BACKOFF_SECONDS)
        self.say(f"the zygote of {zygote.environment.name} is lost ({why}): {self._said_by(zygote)}")
        # Its children live on: they are runs of learners, and its outer box ends with the last of them.
        self._retire(zygote, at_once=not zygote.is_ready)
        for zygotes in (self.zygotes, self.coming):
            if zygotes.get(python) is zygote:
                del zygotes[python]

    def _retire(self, zygote: Zygote, *, at_once: bool) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(zygote.orders)
        zygote.close(at_once=at_once or zygote.has_ended)
        if not zygote.has_ended:
            self.retired.append(zygote)

    def _said_by(self, zygote: Zygote) -> str:
        with contextlib.suppress(channel.Closed, OSError):
            zygote.control.settimeout(0.2)
            while True:
                message, _ = channel.receive(zygote.control)
                if message.get("event") == "failed":
                    return str(message.get("reason"))
        return "no word"

    # ── Endings ──

    def _reap(self, woken: int) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(woken, 4096)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if status != 0:
                with contextlib.suppress(OSError, SandboxUnavailable):
                    remove_left_overs()
            self.launchers.discard(pid)
            for zygote in (*self.zygotes.values(), *self.coming.values()):
                zygote.has_ended = zygote.has_ended or zygote.pid == pid
            for zygote in [zygote for zygote in self.retired if zygote.pid == pid]:
                zygote.control.close()
                self.retired.remove(zygote)

    def _stop(self) -> None:
        """End every box: each launcher and each zygote ends what is its own."""
        with contextlib.suppress(OSError):
            self.path.unlink()
        for running in self.running:
            with contextlib.suppress(Exception):  # of one box, which is not to keep the others alive
                running.steps.close()
        for pid in self.launchers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for zygote in (*self.zygotes.values(), *self.coming.values(), *self.retired):
            zygote.close(at_once=True)
        deadline = time.monotonic() + 10
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < deadline:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    time.sleep(0.01)
        if self.launchers:  # told to stop, they may have been about to
            with contextlib.suppress(OSError, SandboxUnavailable):
                remove_left_overs()


def _zygote_payload(environment: Environment) -> tuple[int, list[tuple[str, str, int]]]:
    """Return a file with all that a zygote is sent, and what lies in it: its program and what it is to load."""
    tools = {
        path.name: path.read_text(encoding="utf-8")
        for tool in environment.tools
        for path in environments.python_files(tool)
    }
    told = {
        "preload": environment.preload,
        "kernel": environment.argv,
        "warm_up": environment.warm_up,
        "tools": tools,
        "prepare": environment.prepare,
        # With real ids to give, a child takes one; without, it has a user namespace of its own, and the others are its.
        "namespaces": lockdown.CLONE_NEWPID | (0 if os.geteuid() == 0 else lockdown.CLONE_NEWUSER),
    }
    sent = {f"sandboxes/{name}": (HERE / name).read_bytes() for name in ZYGOTE_PROGRAM}
    sent["run_zygote.py"] = b"from sandboxes import zygote\nzygote.main()\n"
    sent["zygote.json"] = json.dumps(told).encode()
    payload = os.memfd_create("zygote")
    with os.fdopen(os.dup(payload), "wb") as stream:
        stream.writelines(sent.values())
    return payload, [("/tools", name, len(data)) for name, data in sent.items()]


def main(arguments: Sequence[str]) -> int:
    """Run the service as a command; returns the exit code: 0 stopped, 2 wrong arguments, 3 no service possible."""
    parser = argparse.ArgumentParser(
        prog="python -m sandboxes serve", description="Keep kernels warm; build sandboxes."
    )
    parser.add_argument("--socket", type=Path, default=socket_path(), help="where to listen (default: %(default)s)")
    parser.add_argument("--group", help="a group whose members may ask, beside our own account")
    parser.add_argument("--environments", type=Path, default=environments.file_in_use(), help="TOML file")
    parser.add_argument("--places", type=int, help="runs at a time (default: the number of cores)")
    parser.add_argument("--memory", type=int, help="bytes for all runs together (default: half of the machine's)")
    options = parser.parse_args(arguments)
    try:
        group = grp.getgrnam(options.group).gr_gid if options.group else None
        declared = environments.load(options.environments)
        state_dir()
        Service(
            declared,
            path=options.socket,
            group=group,
            places=options.places,
            memory_bytes=options.memory,
            say=lambda text: print(text, flush=True),
        ).run()
    except (ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except SandboxUnavailable as error:
        print(f"no service: {error}", file=sys.stderr)
        return 3
    return 0
