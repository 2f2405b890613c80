"""What the first process of a box does to itself before anything foreign runs: the mechanics of the policy.

Called by the launcher in a process of its own. Every step either works or raises `StepFailed`; none is skipped, so
a box is locked as its policy says or it does not exist. Standard library only.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_NOATIME, MS_BIND, MS_REC, MS_PRIVATE = 1024, 4096, 16384, 1 << 18
MNT_DETACH = 2
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x20000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
PR_SET_DUMPABLE, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 4, 23, 24, 38
SYS_CAPSET, SYS_PIVOT_ROOT, SYS_SECCOMP = 126, 155, 317
SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 444, 445, 446
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
CAPABILITY_VERSION_3 = 0x20080522
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40

# Landlock's rights on files, by the first ABI that knows them (linux/landlock.h).
LANDLOCK_EXECUTE, LANDLOCK_WRITE, LANDLOCK_READ, LANDLOCK_READ_DIR = 1, 2, 4, 8
LANDLOCK_MAKE_CHAR, LANDLOCK_MAKE_BLOCK = 1 << 6, 1 << 11
LANDLOCK_TRUNCATE, LANDLOCK_IOCTL_DEV = 1 << 14, 1 << 15
LANDLOCK_ON_FILES = LANDLOCK_EXECUTE | LANDLOCK_WRITE | LANDLOCK_READ | LANDLOCK_TRUNCATE | LANDLOCK_IOCTL_DEV

libc = ctypes.CDLL(None, use_errno=True)


class StepFailed(Exception):
    """A step of building the box was refused; the text names the step and the reason."""


def call(step: str, function: Callable[..., int], *arguments: Any) -> int:
    """Call into the C library; a negative answer becomes `StepFailed` with the name of the step."""
    answer = function(*arguments)
    if answer < 0:
        raise StepFailed(f"{step}: {os.strerror(ctypes.get_errno())}")
    return answer


def unshare(flags: int) -> None:
    """Enter new namespaces. Raises `StepFailed`."""
    call("new namespaces", libc.unshare, flags)


def new_users(inside: int, more: int = 0) -> None:
    """Enter a new user namespace where this account is called ``inside``. Raises `StepFailed` where that is refused.

    ``more``: other namespaces to enter at once.
    """
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER | more)
    map_user(inside, outside_uid, outside_gid)


def map_user(inside: int, outside_uid: int, outside_gid: int) -> None:
    """Name the only account of the user namespace this process was just put in. Raises `StepFailed`."""
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{inside} {outside_uid} 1")
        Path("/proc/self/gid_map").write_text(f"{inside} {outside_gid} 1")
    except OSError as error:
        raise StepFailed(f"user ids of the new user namespace: {error.strerror}") from error


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """mount(2). Raises `StepFailed` naming the target."""
    call(
        f"mount {target}",
        libc.mount,
        source.encode(),
        target.encode(),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        data and data.encode(),
    )


def bind(source: str, target: str, flags: int) -> None:
    """Show ``source`` at ``target``. Not recursive on purpose: what is mounted below a folder stays out of the box."""
    if Path(source).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    else:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    mount(source, target, None, MS_BIND)
    mount("none", target, None, MS_BIND | MS_REMOUNT | MS_NOSUID | flags)


def build_tree(job: Mapping[str, Any]) -> None:
    """Make the only file tree the box will ever see, and make it the root. ``job`` is what `isolation.Box` sends.

    Read-only but for the scratch folders, which share one tmpfs, so that one size and one count cover them all.
    """
    root, uid = job["root"], job["inside_uid"]
    os.umask(0o022)
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "size=4m,nr_inodes=1024,mode=755")
    _mount_scratch(job, root)
    # After the scratch folders, on top of them: a checkout or an interpreter may lie below /tmp.
    for path in job["read_only"]:
        bind(path, root + path, MS_RDONLY | MS_NODEV)
    for name in ("lib", "lib32", "lib64", "bin", "sbin"):
        if Path("/", name).is_symlink():
            Path(root, name).symlink_to(Path("/", name).readlink())
    for path in job["devices"]:
        bind(path, root + path, MS_NOEXEC)
    Path(root, "dev/pts").mkdir()
    terminals = f"newinstance,ptmxmode=0666,mode=0620,max={job['terminals']}"
    mount("devpts", f"{root}/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, terminals)
    Path(root, "dev/ptmx").symlink_to("pts/ptmx")
    for name, text in job["etc"].items():
        _write(Path(root, "etc", name), text.encode(), 0o644)
    bind(job["share"], f"{root}/share", MS_RDONLY | MS_NODEV | MS_NOEXEC)
    Path(root, "proc").mkdir()
    mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, job["proc"])
    for folder in job["folders"]:
        Path(root + folder).mkdir(parents=True)
    _enter(root)
    os.umask(0o077)
    os.chdir("/cwd")
    if Path("/cwd").stat().st_uid != uid:
        raise StepFailed("the working directory does not belong to the box")


def _write(path: Path, data: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)


def _mount_scratch(job: Mapping[str, Any], root: str) -> None:
    uid, flags = job["inside_uid"], MS_NOSUID | MS_NODEV | MS_NOEXEC
    store = f"{root}/scratch"
    Path(store).mkdir()
    data = f"size={job['disk_bytes']},nr_inodes={job['files']},mode=700,uid={uid},gid={uid}"
    mount("tmpfs", store, "tmpfs", flags, data)
    for name in job["scratch"]:
        folder = Path(store, name.strip("/").replace("/", "-"))
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, uid)
        bind(str(folder), root + name, MS_NODEV | MS_NOEXEC)
    call("hide scratch", libc.umount2, store.encode(), MNT_DETACH)
    Path(store).rmdir()


def _enter(root: str) -> None:
    """Make ``root`` the root of this mount namespace, let go of the old one and write-protect the new one."""
    Path(root, "old").mkdir()
    os.chdir(root)
    call("pivot_root", libc.syscall, SYS_PIVOT_ROOT, b".", b"old")
    os.chdir("/")
    call("leave the old root", libc.umount2, b"/old", MNT_DETACH)
    Path("/old").rmdir()
    mount("none", "/", None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)


def raise_loopback() -> None:
    """Bring up `lo` of the box's own, otherwise empty, network: ipykernel binds a port there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP | IFF_RUNNING))


def limit_resources(rlimits: Mapping[str, int]) -> None:
    """Set resource limits by name, soft and hard alike."""
    for name, value in rlimits.items():
        which = getattr(resource, name)
        _, hard = resource.getrlimit(which)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def become(uid: int, *, change: bool) -> None:
    """Give up every capability, and become ``uid`` where a real user id can be taken (``change``).

    The bounding set goes first: afterwards the right to drop it is gone, silently.
    """
    for capability in range(64):
        if libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1:
            call("drop bounding set", libc.prctl, PR_CAPBSET_DROP, capability, 0, 0, 0)
    if change:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if os.getresuid() != (uid, uid, uid):
        raise StepFailed("the box did not get its user id")
    header, nothing = struct.pack("II", CAPABILITY_VERSION_3, 0), struct.pack("IIIIII", *[0] * 6)
    call("drop capabilities", libc.syscall, SYS_CAPSET, header, nothing)
    hide_memory()
    no_new_privileges()


def hide_memory() -> None:
    """Let no process of the same user look into this one. Raises `StepFailed`."""
    call("undumpable", libc.prctl, PR_SET_DUMPABLE, 0, 0, 0, 0)


def no_new_privileges() -> None:
    """No program started from here on gains a right by being started. Raises `StepFailed`."""
    call("no new privileges", libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def restrict_files(writable: Iterable[str], readable: Iterable[str]) -> int:
    """Put Landlock behind the mounts as a second wall; returns its ABI, 0 where the Linux kernel has none."""
    abi: int = libc.syscall(SYS_LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return 0
    handled = (1 << 13) - 1 | sum(1 << bit for since, bit in ((2, 13), (3, 14), (5, 15)) if abi >= since)
    # Since ABI 6 also: no signals and no abstract sockets to anything outside.
    attributes = struct.pack("QQQ", handled, 0, 3 if abi >= 6 else 0)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    ruleset = call("landlock", libc.syscall, SYS_LANDLOCK_CREATE, attributes, len(attributes), 0)
    full = handled & ~(LANDLOCK_MAKE_CHAR | LANDLOCK_MAKE_BLOCK)
    for path in writable:
        _allow(ruleset, path, full)
    for path in readable:
        _allow(ruleset, path, handled & (LANDLOCK_EXECUTE | LANDLOCK_READ | LANDLOCK_READ_DIR))
    call("landlock restrict", libc.syscall, SYS_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)
    return abi


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not Path(path).is_dir():
        rights &= LANDLOCK_ON_FILES
    call(f"landlock {path}", libc.syscall, SYS_LANDLOCK_ADD, ruleset, 1, struct.pack("=Qi", rights, beneath), 0)
    os.close(beneath)


def filter_calls(program: bytes) -> None:
    """Load a seccomp filter (see `seccomp.program`) for good. Raises `StepFailed`."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))

    loaded = Program(len(program) // 8, program)
    arguments = (SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, ctypes.byref(loaded))
    call("seccomp", libc.syscall, SYS_SECCOMP, *arguments)


def close_all_but(keep: Sequence[int]) -> None:
    """Close every file descriptor that was not handed over on purpose."""
    low = 0
    for number in sorted(set(keep)):
        if low < number:  # an empty range would close everything
            os.closerange(low, number)
        low = number + 1
    os.closerange(low, 1 << 20)


def arrange_fds(wanted: Mapping[int, int], last: int) -> int:
    """Put file descriptors at the numbers a program expects, close all others, and keep ``last`` until an exec.

    ``wanted``: number for the program to open file descriptor. Returns the new number of ``last``.
    """
    above = max(wanted) + 1
    high = {number: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, above) for number, fd in wanted.items()}
    last = fcntl.fcntl(last, fcntl.F_DUPFD_CLOEXEC, above)
    for number, fd in high.items():
        os.dup2(fd, number)
    close_all_but([*wanted, last])
    return last


def die_first() -> None:
    """When the machine's memory is used up, be what is ended before anything else."""
    Path("/proc/self/oom_score_adj").write_text("1000")


def calm_signals() -> None:
    """Put every signal back to its default and unblock them all."""
    for number in signal.valid_signals():
        if number not in (signal.SIGKILL, signal.SIGSTOP) and number < 32:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
