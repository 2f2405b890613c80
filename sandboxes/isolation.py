"""What a sandbox may see and do: the whole policy, and `plan`, which makes it concrete for one box.

Nothing is inherited and everything is denied unless it is listed here. Three walls stand behind one another:
namespaces with a file tree of the box's own, Landlock where the Linux kernel has it, and a system call filter. A
machine that cannot build all of it gets `SandboxUnavailable`, never a weaker box.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from sandboxes import seccomp
from sandboxes.limits import Limits
from sandboxes.results import SandboxUnavailable

# ── The policy ───────────────────────────────────────────────────────────────────────────────────────────────────
# Namespaces: pid, mount, network (empty), ipc, uts, cgroup; and user, where the launcher is a plain account.
# User: an id of its own per running box, counted from here; no group, no capability, no way to gain one.
FIRST_UID, SLOTS = 60000, 1000
# A zygote's id, in whose user namespace the ids above are all that exists beside its own.
ZYGOTE_UID, ZYGOTE_SLOTS = 61000, 100
# Files of the host, read-only, at the same paths. With them only the kernel environment and its interpreter.
READ_ONLY = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Terminals of its own, for programs that a notebook starts with `!`.
TERMINALS = 16
# Beside it, read-only: how matplotlib draws, and a font with Thai letters.
SHARE = Path(__file__).resolve().parent / "share"
# Folders that can be written: one tmpfs together (Limits.disk_bytes, Limits.files), nothing in them can be executed.
# In /tools lies what was sent along with the program; it is the box's own, like its working directory.
SCRATCH = ("/cwd", "/tmp", "/dev/shm", "/tools")  # noqa: S108 (inside the box)
# Of /proc its own processes and nothing of the machine. A zygote needs the whole of it to make that of its children.
PROC = {"run": "hidepid=invisible,subset=pid", "zygote": ""}
# Sockets: Unix; internet only for Jupyter kernels, which bind the loopback of their empty network.
PLAIN_FAMILIES, KERNEL_FAMILIES = (seccomp.AF_UNIX,), (seccomp.AF_UNIX, seccomp.AF_INET, seccomp.AF_INET6)
# System calls allowed; several with some of their arguments only (see `seccomp.program`). Not among them, on purpose:
# whatever makes namespaces, mounts, traces or reads other processes, loads code into the Linux kernel or sets its
# clocks; what is shared with other boxes by way of read-only files: inotify and fanotify (events), mincore and
# cachestat (what is in memory), sync and syncfs (the whole machine's disks), splice (pages themselves); and files
# without a name (memfd_create), whose memory is in no process's map, where a machine without control groups counts.
ALLOWED_CALLS = (
    # Open files
    *("read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "lseek", "close", "close_range"),
    *("open", "openat", "openat2", "creat", "dup", "dup2", "dup3", "fcntl", "ioctl", "flock", "pipe", "pipe2"),
    *("fsync", "fdatasync", "ftruncate", "fallocate", "fadvise64", "sendfile", "copy_file_range"),
    # Files by their names
    *("stat", "lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2"),
    *("getdents", "getdents64", "getcwd", "chdir", "fchdir", "mkdir", "mkdirat", "rmdir", "unlink", "unlinkat"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "readlink", "readlinkat"),
    *("truncate", "mknod", "mknodat", "umask", "chmod", "fchmod", "fchmodat", "fchmodat2"),
    *("chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat", "utimensat"),
    *("getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr"),
    # Memory
    *("brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "msync"),
    # Processes and threads
    *("clone", "fork", "vfork", "execve", "exit", "exit_group", "wait4", "waitid", "pidfd_open", "prctl"),
    *("arch_prctl", "set_tid_address", "set_robust_list", "rseq", "futex", "getpid", "gettid", "getppid"),
    *("getpgid", "setpgid", "getpgrp", "getsid", "setsid"),
    *("getuid", "geteuid", "getresuid", "getgid", "getegid", "getresgid", "getgroups"),
    # How they share the processors, and how much they may use
    *("sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getscheduler", "sched_setscheduler"),
    *("sched_getparam", "sched_getattr", "sched_get_priority_max", "sched_get_priority_min", "getcpu"),
    *("getpriority", "setpriority", "ioprio_get", "getrlimit", "setrlimit", "prlimit64", "getrusage", "times"),
    # Signals: they reach no further than the box
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend"),
    *("sigaltstack", "kill", "tkill", "tgkill", "pidfd_send_signal", "pause", "restart_syscall"),
    # Time
    *("time", "gettimeofday", "clock_gettime", "clock_getres", "nanosleep", "clock_nanosleep", "alarm"),
    *("getitimer", "setitimer", "timer_create", "timer_settime", "timer_gettime", "timer_getoverrun", "timer_delete"),
    # Waiting for events
    *("select", "pselect6", "poll", "ppoll", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait"),
    *("epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "signalfd", "signalfd4"),
    *("timerfd_create", "timerfd_settime", "timerfd_gettime"),
    # Sockets, of the families a box may have
    *("socket", "socketpair", "bind", "listen", "connect", "accept", "accept4", "shutdown"),
    *("sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg"),
    *("getsockname", "getpeername", "getsockopt", "setsockopt"),
    # About the machine
    *("uname", "sysinfo", "getrandom", "personality"),
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
    "MATPLOTLIBRC": "/share/matplotlibrc",
    "MPLCONFIGDIR": "/tmp/.matplotlib",  # noqa: S108 (inside the box)
    "XDG_DATA_HOME": "/share",
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


# ── Made concrete ────────────────────────────────────────────────────────────────────────────────────────────────
Role = Literal["run", "zygote"]
User = Literal["take", "map", "keep", "ask"]
NEW_ROOT = "/newroot"  # in a zygote's tree: where its children build theirs


def plan(
    *,
    argv: list[str],
    python: Path,
    limits: Limits,
    env: Mapping[str, str],
    uid: int,
    root: str,
    user: User,
    read_only: Iterable[str] = (),
    role: Role = "run",
    is_kernel: bool = False,
    is_nested: bool = False,
) -> dict[str, Any]:
    """Return what the first process of a box is told: the policy, made concrete for this box, as plain data.

    ``argv[0] == "python"`` stands for the interpreter ``python``. ``uid``: the box's user id, as it is called inside;
    ``user``: whether it is taken as a real id, mapped in a user namespace of its own, already had, or asked for.
    ``root``: an empty folder to build the tree on. ``read_only``: what the environment shows beside what every box
    sees. ``is_nested``: in a zygote's tree. Raises `SandboxUnavailable` when there is no such interpreter, path or box
    on this machine.
    """
    if platform.machine() != "x86_64":
        raise SandboxUnavailable(f"the system call filter is not written for {platform.machine()} machines yet")
    is_python = argv[0] == "python"
    return {
        "role": role,
        "user": user,
        "inside_uid": uid,
        "root": root,
        "argv": [str(python), *argv[1:]] if is_python else argv,
        "is_python": is_python,
        "env": {"PATH": f"{python.parent}:/usr/bin:/bin", **ENVIRONMENT, **env},
        "read_only": sorted({*read_only_paths(python), *_declared_paths(read_only)}),
        "share": "/share" if is_nested else str(SHARE),
        "devices": DEVICES,
        "terminals": TERMINALS,
        "scratch": SCRATCH,
        "folders": [NEW_ROOT] if role == "zygote" else [],
        "proc": PROC[role],
        "etc": {name: text.format(uid=uid) for name, text in ETC.items()},
        # A zygote makes namespaces, which is what the filter is there to refuse; it runs nothing of anybody's.
        "seccomp": _filter(is_kernel).hex() if role == "run" else None,
        "rlimits": resource_limits(limits),
        "disk_bytes": limits.disk_bytes,
        "files": limits.files,
    }


@lru_cache
def _filter(is_kernel: bool) -> bytes:
    return seccomp.program(ALLOWED_CALLS, KERNEL_FAMILIES if is_kernel else PLAIN_FAMILIES)


@lru_cache
def read_only_paths(python: Path) -> list[str]:
    """Return what a box sees of this machine. Raises `SandboxUnavailable` when the interpreter is not there."""
    if not os.access(python, os.X_OK):
        raise SandboxUnavailable(f"there is no interpreter for notebooks at {python}")
    paths = {path for path in READ_ONLY if Path(path).exists() and not Path(path).is_symlink()}
    for prefix in _prefixes(python):
        if not any(prefix.is_relative_to(path) for path in READ_ONLY):
            paths.add(str(prefix))
    return sorted(paths)


def _declared_paths(paths: Iterable[str]) -> Iterator[str]:
    """Yield the paths that an environment declares. Raises `SandboxUnavailable` for one that no box can show."""
    for path in paths:
        if any(Path(own).is_relative_to(path) for own in (*SCRATCH, "/dev/null", "/etc/passwd", "/proc", "/share")):
            raise SandboxUnavailable(f"{path} cannot be shown: a box has one of its own")
        if not Path(path).exists():
            raise SandboxUnavailable(f"{path}, which the environment shows in its boxes, is not there")
        yield path


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
