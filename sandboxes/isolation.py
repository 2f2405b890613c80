"""What a sandbox may see and do: the whole policy, then `Box`, which asks the launcher to carry it out.

Nothing is inherited and everything is denied unless it is listed here. Three walls stand behind one another:
namespaces with a file tree of the box's own, Landlock where the Linux kernel has it, and a system call filter. A
machine that cannot build all of it gets `SandboxUnavailable`, never a weaker box.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import platform
import shutil
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from sandboxes import seccomp
from sandboxes.cgroups import Groups
from sandboxes.limits import Limits
from sandboxes.results import Ending, RunStatus, SandboxUnavailable, Usage

# ── The policy ───────────────────────────────────────────────────────────────────────────────────────────────────
# Namespaces: pid, mount, network (empty), ipc, uts, cgroup; and user, where the launcher is a plain account.
# User: an id of its own per running box, counted from here; no group, no capability, no way to gain one.
FIRST_UID, SLOTS = 60000, 1000
# Files of the host, read-only, at the same paths. With them only the kernel environment and its interpreter.
READ_ONLY = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/fonts")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Folders that can be written: one tmpfs together (Limits.disk_bytes, Limits.files), nothing in them can be executed.
SCRATCH = ("/cwd", "/tmp", "/dev/shm")  # noqa: S108 (inside the box)
# Sockets: Unix; internet only for Jupyter kernels, which bind the loopback of their empty network.
PLAIN_FAMILIES, KERNEL_FAMILIES = (seccomp.AF_UNIX,), (seccomp.AF_UNIX, seccomp.AF_INET, seccomp.AF_INET6)
# System calls refused (beside what `seccomp.program` always does about clone, sockets, locks and other architectures).
REFUSED_CALLS = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise", "process_mrelease"),
    *("add_key", "request_key", "keyctl", "bpf", "perf_event_open", "userfaultfd", "memfd_secret", "vmsplice"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register", "unshare", "setns", "chroot", "pivot_root"),
    *("mount", "umount2", "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon", "swapoff"),
    *("acct", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname", "setdomainname", "vhangup"),
    *("iopl", "ioperm", "modify_ldt", "personality", "name_to_handle_at", "open_by_handle_at", "lookup_dcookie"),
    *("quotactl", "quotactl_fd", "syslog", "nfsservctl", "fanotify_init", "fanotify_mark", "uselib", "ustat", "sysfs"),
    *("inotify_init", "inotify_init1", "inotify_add_watch"),  # events on shared files would let two boxes talk
    *("move_pages", "migrate_pages", "mbind", "set_mempolicy"),
)
ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 (inside the box)
    "LANG": "C.UTF-8",
    "TZ": "Asia/Bangkok",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONNOUSERSITE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MATPLOTLIBRC": "/tools/matplotlibrc",
    "MPLCONFIGDIR": "/tmp/.matplotlib",  # noqa: S108 (inside the box)
    "XDG_DATA_HOME": "/tools/share",
    "IPYTHONDIR": "/tmp/.ipython",  # noqa: S108 (inside the box)
}
ETC = {
    "passwd": "learner:x:{uid}:{uid}::/tmp:/usr/sbin/nologin\n",
    "group": "learner:x:{uid}:\n",
    "hosts": "127.0.0.1 localhost sandbox\n",
}


def resource_limits(limits: Limits) -> dict[str, int]:
    """Return the limits per process: a second fuse behind those the launcher enforces on the box as a whole."""
    return {
        "RLIMIT_AS": 2 * limits.memory_bytes + (3 << 30),
        "RLIMIT_CPU": math.ceil(limits.cpu_seconds) + 1,
        "RLIMIT_FSIZE": limits.disk_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 256,
    }


# ── The box ──────────────────────────────────────────────────────────────────────────────────────────────────────
HERE = Path(__file__).resolve().parent
START_SECONDS = 20.0
END_SECONDS = 5.0
_START_LAUNCHER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from sandboxes import launcher; launcher.main(int(sys.argv[2]))"
)
_ENDED_BY = {
    "out_of_time": (RunStatus.OUT_OF_TIME, "wall clock limit"),
    "out_of_cpu_time": (RunStatus.OUT_OF_TIME, "CPU time limit"),
    "out_of_memory": (RunStatus.OUT_OF_MEMORY, "memory limit"),
    "killed": (RunStatus.KERNEL_DIED, "ended by the supervisor"),
}


class Box:
    """One program in a sandbox of its own, used once. A context manager: leaving it ends everything inside.

    ``argv[0] == "python"`` stands for the interpreter of the kernel environment (``python``, the path of its
    executable). ``files`` are copied into the working directory `/cwd` and belong to the box; ``tools`` lie read-only
    below `/tools`. ``stdin``, ``stdout`` and ``stderr`` are file descriptors that the program gets (None: nothing);
    ``pass_fds`` keep their numbers. The caller closes its own copies after `start`. ``has_sockets`` makes a folder
    `socket_dir` that box and caller share, for the sockets of a Jupyter kernel.

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
        has_sockets: bool = False,
    ) -> None:
        # Made absolute with its links kept: a virtual environment is known by the place of its link.
        self.argv, self.limits, self.python = list(argv), limits, Path(os.path.normpath(Path.cwd() / python))
        self.files, self.tools = dict(files or {}), _standard_tools() | dict(tools or {})
        self.env, self.pass_fds, self.has_sockets = dict(env or {}), list(pass_fds), has_sockets
        self.streams = (stdin, stdout, stderr)
        self.pid: int | None = None
        self._slot: _Slot | None = None
        self._launcher: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._unread = b""
        self._ending: Ending | None = None
        self._usage = Usage()
        for name in (*self.files, *self.tools):
            _require_plain_name(name)

    @property
    def socket_dir(self) -> Path:
        """The folder shared with the box, made when the box was entered; what lies in it is the box's doing."""
        return self._sockets() / "box"

    @property
    def private_dir(self) -> Path:
        """A folder beside it for the caller's own sockets, which the box does not see."""
        return self._sockets() / "private"

    def _sockets(self) -> Path:
        if self._slot is None or not self.has_sockets:
            raise ValueError("this box has no socket folder")
        return self._slot.sockets

    def fileno(self) -> int:
        """Readable when the box has ended: for use with select and zmq pollers."""
        if self._control is None:
            raise ValueError("the box is not running")
        return self._control.fileno()

    def seal_sockets(self) -> None:
        """Take the socket folder away from the box once its sockets are there, so that none can be replaced."""
        if os.geteuid() == 0:
            os.chown(self.socket_dir, 0, 0)
            self.socket_dir.chmod(0o755)

    def __enter__(self) -> Self:
        self._reserve()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Build the box and start the program; returns when it runs, locked down. Raises `SandboxUnavailable`."""
        if self._launcher is not None:
            raise ValueError("a box is used once")
        try:
            self._start()
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
            if event["event"] == "ended":
                self._conclude(event)
            else:
                self._ending = Ending(RunStatus.SANDBOX_FAILED, detail=event.get("reason", "no reason given"))
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
            # Ending the launcher ends the first process of the box, and with it the box.
            self._ending = Ending(RunStatus.SANDBOX_FAILED, detail="the launcher did not answer")
            return self._ending

    def usage(self) -> Usage:
        """Return what the box used; complete once it has ended. Output is counted by whoever reads it."""
        return self._usage

    def close(self) -> None:
        """End the box and give back all it held. Safe to call twice."""
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            self.kill()
            try:
                launcher.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                launcher.kill()
                launcher.wait()
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._slot is not None:
            if self._ending is not None and self._ending.status is RunStatus.SANDBOX_FAILED:
                Groups.left_over(self._slot.name).remove()
            self._slot.give_back()
            self._slot = None

    def _reserve(self) -> _Slot:
        if self._slot is None:
            self._slot = _Slot.take(has_sockets=self.has_sockets)
        return self._slot

    def _start(self) -> None:
        slot = self._reserve()
        job = self._job(slot)
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-I", "-S", "-c", _START_LAUNCHER, str(HERE.parent), str(theirs.fileno())]
            stdin, stdout, stderr = (subprocess.DEVNULL if number is None else number for number in self.streams)
            self._control = ours
            self._launcher = subprocess.Popen(
                command,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=[theirs.fileno(), slot.lock, *self.pass_fds],
                env={},
                cwd="/",
                start_new_session=True,
            )
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            ours.sendall(struct.pack("!I", len(job)) + job)
            for data in (*self.files.values(), *self.tools.values()):
                ours.sendall(data)
        event = self._next_event(time.monotonic() + START_SECONDS) or {"reason": "the launcher did not answer"}
        if event.get("event") != "started":
            raise SandboxUnavailable(f"the sandbox could not be built: {event['reason']}")
        self.pid = event["pid"]

    def _job(self, slot: _Slot) -> bytes:
        """Return what the launcher is told: the policy, made concrete for this box."""
        if platform.machine() != "x86_64":
            raise SandboxUnavailable(f"the system call filter is not written for {platform.machine()} machines yet")
        read_only = _read_only_paths(self.python)
        argv = [str(self.python), *self.argv[1:]] if self.argv[0] == "python" else self.argv
        path = {"PATH": f"{self.python.parent}:/usr/bin:/bin"}
        job = {
            "name": slot.name,
            "is_root": os.geteuid() == 0,
            "inside_uid": slot.uid,
            "root": str(slot.root),
            "socket_dir": str(slot.sockets / "box") if self.has_sockets else None,
            "read_only": read_only,
            "devices": DEVICES,
            "scratch": SCRATCH,
            "etc": {name: text.format(uid=slot.uid) for name, text in ETC.items()},
            "argv": argv,
            "env": path | ENVIRONMENT | self.env,
            "pass_fds": self.pass_fds,
            "seccomp": seccomp.program(REFUSED_CALLS, KERNEL_FAMILIES if self.has_sockets else PLAIN_FAMILIES).hex(),
            "rlimits": resource_limits(self.limits),
            "start_seconds": START_SECONDS,
            "files_sent": [(name, len(data)) for name, data in self.files.items()],
            "tools_sent": [(name, len(data)) for name, data in self.tools.items()],
        }
        return json.dumps(self.limits.as_dict() | job).encode()

    def _next_event(self, deadline: float | None) -> dict[str, Any] | None:
        """Read one line of the launcher; None when ``deadline`` passes first."""
        if self._control is None:
            return {"event": "failed", "reason": "the box was not started"}
        while b"\n" not in self._unread:
            self._control.settimeout(None if deadline is None else max(1e-3, deadline - time.monotonic()))
            try:
                data = self._control.recv(65536)
            except TimeoutError:
                return None
            except OSError:
                data = b""
            if not data:
                return {"event": "failed", "reason": "the launcher ended without a word"}
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        event: dict[str, Any] = json.loads(line)
        return event

    def _conclude(self, event: Mapping[str, Any]) -> None:
        code, number = event["exit_code"], event["signal"]
        self._usage = Usage(event["wall_seconds"], event["cpu_seconds"], event["max_memory_bytes"])
        if event["reason"] in _ENDED_BY:
            status, detail = _ENDED_BY[event["reason"]]
        elif code == 0:
            status, detail = RunStatus.COMPLETED, ""
        else:
            status, detail = RunStatus.KERNEL_DIED, f"signal {number}" if code is None else f"exit code {code}"
        self._ending = Ending(status, code, number, detail)


class _Slot:
    """The right to one user id, held by a lock on a file for as long as a launcher or its supervisor lives."""

    def __init__(self, uid: int, lock: int, state: Path) -> None:
        self.uid, self.lock, self.root = uid, lock, state / "root"
        self.sockets = state / "sockets" / str(uid)

    @property
    def name(self) -> str:
        """Under which the box's control groups are made."""
        return f"sandbox-{self.uid}"

    @classmethod
    def take(cls, *, has_sockets: bool) -> _Slot:
        """Lock the first free slot. Raises `SandboxUnavailable` when all are taken."""
        state = _state_dir()
        busy = _uids_in_use() if os.geteuid() == 0 else frozenset[int]()
        for uid in range(FIRST_UID, FIRST_UID + SLOTS):
            lock = os.open(state / "locks" / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            if uid in busy:  # somebody's process: an id is never shared
                os.close(lock)
                continue
            slot = cls(uid, lock, state)
            slot._remove_sockets()
            if has_sockets:
                slot._make_sockets()
            return slot
        raise SandboxUnavailable(f"all {SLOTS} sandboxes of this machine are in use")

    def give_back(self) -> None:
        self._remove_sockets()
        os.close(self.lock)

    def _make_sockets(self) -> None:
        for name in ("box", "private"):
            (self.sockets / name).mkdir(mode=0o700, parents=True)
        if os.geteuid() == 0:
            os.chown(self.sockets / "box", self.uid, self.uid)

    def _remove_sockets(self) -> None:
        shutil.rmtree(self.sockets, ignore_errors=True)  # follows no links


def _state_dir() -> Path:
    """Return the folder of locks, mount point and sockets; ours alone, short enough for a socket's path."""
    account = os.geteuid()
    fallback = f"/tmp/sandboxes-{account}"  # noqa: S108 (its owner is checked below)
    base = "/run/sandboxes" if account == 0 else os.environ.get("SANDBOXES_STATE_DIR", fallback)
    state = Path(base)
    try:
        state.mkdir(mode=0o700, exist_ok=True)
        found = state.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account or found.st_mode & 0o022:
            raise SandboxUnavailable(f"{state} must be a folder that belongs to this account alone")
        for name in ("locks", "root", "sockets"):
            (state / name).mkdir(exist_ok=True)
    except OSError as error:
        raise SandboxUnavailable(f"the sandbox has no folder to work in: {error}") from error
    return state


def _uids_in_use() -> frozenset[int]:
    uids = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                uids.add(entry.stat().st_uid)
    return frozenset(uids)


def _standard_tools() -> dict[str, bytes]:
    """Return what every box has below `/tools`: how matplotlib should draw, and a font with Thai letters."""
    tools = {f"share/fonts/{font.name}": font.read_bytes() for font in sorted((HERE / "fonts").glob("*.ttf"))}
    settings = HERE / "inside" / "matplotlibrc"
    return tools | ({"matplotlibrc": settings.read_bytes()} if settings.exists() else {})


def _require_plain_name(name: str) -> None:
    path = PurePosixPath(name)
    if not name or "\0" in name or path.is_absolute() or ".." in path.parts or str(path) != name or name == ".":
        raise ValueError(f"not the name of a file inside its folder: {name!r}")


def _read_only_paths(python: Path) -> list[str]:
    """Return what the box sees of this machine. Raises `SandboxUnavailable` when the interpreter is not there."""
    if not os.access(python, os.X_OK):
        raise SandboxUnavailable(f"there is no interpreter for notebooks at {python}")
    paths = {path for path in READ_ONLY if Path(path).exists() and not Path(path).is_symlink()}
    for prefix in _prefixes(python):
        if not any(prefix.is_relative_to(path) for path in READ_ONLY):
            paths.add(str(prefix))
    return sorted(paths)


def _prefixes(python: Path) -> Iterator[Path]:
    """Yield the environment's folder and that of each interpreter its `bin/python` leads to, link by link."""
    environment = python.parent.parent
    hop = python
    for _ in range(16):
        prefix = hop.parent.parent
        if prefix != environment or (environment / "pyvenv.cfg").exists():
            # The folder of an interpreter and nothing larger: a link into somebody's home must not open it.
            if not (prefix / "lib").is_dir() or len(prefix.parts) < 2:
                raise SandboxUnavailable(f"{hop} does not look like an installed interpreter")
            yield prefix
        if not hop.is_symlink():
            break
        hop = Path(os.path.normpath(hop.parent / hop.readlink()))
    yield python.resolve().parent.parent


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
