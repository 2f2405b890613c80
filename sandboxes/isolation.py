"""What a sandbox may see and do: the whole policy, and `plan`, which makes it concrete for one box.

Nothing is inherited and everything is denied unless it is listed here. Three walls stand behind one another:
namespaces with a file tree of the box's own, Landlock where the Linux kernel has it, and a system call filter. A
machine that cannot build all of it gets `SandboxUnavailable`, never a weaker box.
"""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Iterator, Mapping
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
READ_ONLY = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/fonts")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
# Beside it, read-only: how matplotlib draws, and a font with Thai letters.
SHARE = Path(__file__).resolve().parent / "share"
# Folders that can be written: one tmpfs together (Limits.disk_bytes, Limits.files), nothing in them can be executed.
# In /tools lies what was sent along with the program; it is the box's own, like its working directory.
SCRATCH = ("/cwd", "/tmp", "/dev/shm", "/tools")  # noqa: S108 (inside the box)
# Of /proc its own processes and nothing of the machine. A zygote needs the whole of it to make that of its children.
PROC = {"run": "hidepid=invisible,subset=pid", "zygote": ""}
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
    role: Role = "run",
    is_kernel: bool = False,
    is_nested: bool = False,
) -> dict[str, Any]:
    """Return what the first process of a box is told: the policy, made concrete for this box, as plain data.

    ``argv[0] == "python"`` stands for the interpreter ``python``. ``uid``: the box's user id, as it is called inside;
    ``user``: whether it is taken as a real id, mapped in a user namespace of its own, already had, or asked for.
    ``root``: an empty folder to build the tree on. ``is_nested``: in a zygote's tree. Raises `SandboxUnavailable`
    when there is no such interpreter or no such box on this machine.
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
        "read_only": read_only_paths(python),
        "share": "/share" if is_nested else str(SHARE),
        "devices": DEVICES,
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
    return seccomp.program(REFUSED_CALLS, KERNEL_FAMILIES if is_kernel else PLAIN_FAMILIES)


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
