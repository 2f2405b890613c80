"""Says what can be seen and done from where it runs, one line each: `python probe.py [TREE ...]`.

Sent into a box by test_probe, and readable by a person: run it anywhere to compare. Trees that are named are not
walked through; of them it is only said whether they can be written. Standard library only.

    tree r- /usr                       file rw /cwd/notes              folder r- /tools
    mount /tmp rw,nosuid,nodev,noexec  process 2 python probe.py       environment HOME=/tmp
    descriptor 1 pipe:[17]             namespace net net:[4026532301]  status CapEff 0000000000000000
    socket AF_UNIX STREAM              call 101 EPERM
"""

import contextlib
import ctypes
import errno
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

CALLS = range(463)
# These end or double the process that asks, whatever their arguments.
NOT_ASKED = {15: "rt_sigreturn", 57: "fork", 58: "vfork", 60: "exit", 231: "exit_group"}
USUAL_FOLDERS = (
    "bin boot dev etc home lib lib32 lib64 media mnt opt proc root run sbin srv sys tmp usr var "
    "app cwd data host newroot old scratch share snap tools work"
)
USUAL_DEVICES = (
    "console core disk dri fd fuse hpet hugepages input kmsg kvm loop0 mapper mem mqueue net/tun nvme0 port ppp ptmx "
    "pts rtc sda shm snd stdin tty tty0 ttyS0 uinput userfaultfd vda vfio vhost-net vhost-vsock vsock"
)
STATUS = ("Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
NAMESPACES = ("pid", "mnt", "net", "ipc", "uts", "cgroup", "user", "time")


def main(trees: list[str]) -> None:
    """Print everything."""
    for kind, lines in (
        ("", files(trees)),
        ("mount ", mounts()),
        ("process ", processes()),
        ("environment ", (f"{name}={value}" for name, value in sorted(os.environ.items()))),
        ("descriptor ", descriptors()),
        ("namespace ", namespaces()),
        ("status ", status()),
        ("socket ", sockets()),
        ("call ", calls()),
    ):
        for line in lines:
            print(kind + line, flush=True)


def files(trees: list[str]) -> Iterator[str]:
    """Every file and folder that can be read or written. Of /proc only what concerns no process, and this one."""
    for tree in trees:
        yield f"tree {rights_of(Path(tree))} {tree}"
    for path in places({Path(tree) for tree in trees}):
        rights = rights_of(path)
        if path.is_dir():
            yield f"folder {rights} {path}"
        elif rights != "--":
            yield f"file {rights} {path}"


def places(trees: set[Path]) -> Iterator[Path]:
    """Every file and folder that can be found, links left out: by walking, and, where a folder cannot be listed, by
    names that are usual on such machines."""
    targets = {Path(line.split()[0]) for line in mounts()}
    known = set(trees)
    waiting = [Path("/"), *targets, *(parent for target in targets for parent in target.parents)]
    waiting += [Path("/", name) for name in USUAL_FOLDERS.split()]
    waiting += [Path("/dev", name) for name in USUAL_DEVICES.split()]
    while waiting:
        path = waiting.pop()
        if path in known or path.is_symlink() or not path.exists():
            continue
        known.add(path)
        yield path
        if path.is_dir():
            with contextlib.suppress(OSError):
                waiting += [entry for entry in path.iterdir() if path != Path("/proc") or not entry.name.isdigit()]
            if path == Path("/proc"):
                waiting += [entry for entry in Path("/proc/self").iterdir() if not entry.is_dir()]


def rights_of(path: Path) -> str:
    """Return what can really be done with a file or folder: r for reading, w for writing."""
    if path.is_dir():
        # A file is really made: what a folder's mode says of it is not the whole truth.
        return ("r" if works(os.listdir, path) else "-") + ("w" if works(make_a_file, path) else "-")
    # Not waiting for anybody, as a FIFO or a terminal would.
    ways = ((os.O_RDONLY, "r"), (os.O_WRONLY, "w"))
    return "".join(letter if works(open_and_close, path, flag | os.O_NONBLOCK) else "-" for flag, letter in ways)


def works(function, *arguments) -> bool:
    try:
        function(*arguments)
    except OSError:
        return False
    return True


def open_and_close(path: Path, flags: int) -> None:
    os.close(os.open(path, flags | os.O_NOCTTY))


def make_a_file(folder: Path) -> None:
    path = folder / f".probe-{os.getpid()}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    path.unlink()


def mounts() -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        yield " ".join(line.split()[4:6])


def processes() -> Iterator[str]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            yield f"{folder.name} {command}"


def descriptors() -> Iterator[str]:
    for number in range(os.sysconf("SC_OPEN_MAX")):
        with contextlib.suppress(OSError):
            os.fstat(number)
            try:
                yield f"{number} {Path(f'/proc/self/fd/{number}').readlink()}"
            except PermissionError:
                yield f"{number} something"


def namespaces() -> Iterator[str]:
    for kind in NAMESPACES:
        try:
            yield f"{kind} {Path(f'/proc/self/ns/{kind}').readlink()}"
        except OSError:
            yield f"{kind} hidden"


def status() -> Iterator[str]:
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in STATUS:
            yield f"{name} {' '.join(value.split())}"


def sockets() -> Iterator[str]:
    names = {int(value): name for name, value in vars(socket).items() if name.startswith("AF_")}
    for family in range(64):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            with contextlib.suppress(OSError):
                socket.socket(family, kind).close()
                yield f"{names.get(family, family)} {kind.name.removeprefix('SOCK_')}"


def calls() -> Iterator[str]:
    """Every system call by its number, with nothing but -1 for arguments, and what it answers."""
    for number in CALLS:
        if number not in NOT_ASKED:
            yield f"{number} {answer_of(number)}"


def answer_of(number: int) -> str:
    """Make one system call in a child; returns the name of its error, `done`, or the signal that ended the child."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 0.2)  # those that wait, wait for this
        libc = ctypes.CDLL(None, use_errno=True)
        answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
        os._exit(ctypes.get_errno() if answer == -1 else 0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code < 0:
        return signal.Signals(-code).name
    return errno.errorcode.get(code, str(code)) if code else "done"


if __name__ == "__main__":
    main(sys.argv[1:])
