"""Turn a list of refused system calls into the filter program the Linux kernel runs. Pure: names in, bytes out.

The program is classic BPF over `struct seccomp_data` (nr at 0, arch at 4, args from 16, low word first); see
seccomp(2) and Documentation/userspace-api/seccomp_filter.rst of the Linux sources.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable

AUDIT_ARCH_X86_64 = 0xC000003E
X32_BIT = 0x40000000
RET_KILL_PROCESS = 0x80000000
RET_ERRNO = 0x00050000
RET_ALLOW = 0x7FFF0000
# CLONE_NEWTIME is 0x80 and shares its bit with the exit signal, which is never that high for clone(2).
CLONE_NEW_ANY = 0x7E020000
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW, F_SETLEASE, F_NOTIFY = 6, 7, 37, 38, 1024, 1026
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
PR_SET_DUMPABLE = 4

# System call numbers of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl).
NUMBERS: dict[str, int] = {
    "acct": 163, "add_key": 248, "adjtimex": 159, "bpf": 321, "chroot": 161, "clock_adjtime": 305, "clock_settime": 227,
    "clone": 56, "clone3": 435, "delete_module": 176, "fanotify_init": 300, "fanotify_mark": 301, "fcntl": 72,
    "finit_module": 313, "flock": 73, "fsconfig": 431, "fsmount": 432, "fsopen": 430, "fspick": 433,
    "init_module": 175, "inotify_add_watch": 254, "inotify_init": 253, "inotify_init1": 294, "io_uring_enter": 426,
    "io_uring_register": 427, "io_uring_setup": 425, "ioctl": 16, "ioperm": 173, "iopl": 172, "kcmp": 312,
    "kexec_file_load": 320, "kexec_load": 246, "keyctl": 250, "lookup_dcookie": 212, "mbind": 237, "memfd_secret": 447,
    "migrate_pages": 256, "modify_ldt": 154, "mount": 165, "mount_setattr": 442, "move_mount": 429, "move_pages": 279,
    "name_to_handle_at": 303, "nfsservctl": 180, "open_by_handle_at": 304, "open_tree": 428, "perf_event_open": 298,
    "personality": 135, "pidfd_getfd": 438, "pivot_root": 155, "prctl": 157, "process_madvise": 440,
    "process_mrelease": 448, "process_vm_readv": 310, "process_vm_writev": 311, "ptrace": 101, "quotactl": 179,
    "quotactl_fd": 443, "reboot": 169, "request_key": 249, "set_mempolicy": 238, "setdomainname": 171, "setns": 308,
    "sethostname": 170, "settimeofday": 164, "socket": 41, "swapoff": 168, "swapon": 167, "sysfs": 139, "syslog": 103,
    "umount2": 166, "unshare": 272, "uselib": 134, "userfaultfd": 323, "ustat": 136, "vhangup": 153, "vmsplice": 278,
}  # fmt: skip

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _ARG0, _ARG1 = 0, 4, 16, 24

Instruction = tuple[int, int, int, int]


def program(refused: Iterable[str], families: Iterable[int]) -> bytes:
    """Return the filter: ``refused`` calls fail with EPERM, sockets only of these address ``families``.

    Beside the list: another architecture's calls end the process; no call may make a namespace; locks on files
    succeed without locking (read-only files are shared by all boxes, so a real lock would let two boxes talk, and
    SQLite wants one); nothing makes itself dumpable or types into a terminal. Raises `KeyError` on an unknown name.
    """
    rules = _only_this_architecture()
    for name in refused:
        rules += [(_EQUAL, 0, 1, NUMBERS[name]), _answer(errno.EPERM)]
    # Its flags lie in memory, where a filter cannot look; with ENOSYS the C library falls back to clone.
    rules += [(_EQUAL, 0, 1, NUMBERS["clone3"]), _answer(errno.ENOSYS)]
    rules += _when("clone", [(_LOAD, 0, 0, _ARG0), (_ANY_BIT, 0, 1, CLONE_NEW_ANY), _answer(errno.EPERM)])
    rules += _when("socket", _socket_rules(families))
    rules += [(_EQUAL, 0, 1, NUMBERS["flock"]), _answer(0)]
    rules += _when("fcntl", _fcntl_rules())
    rules += _when("ioctl", _refuse_argument(_ARG1, (TIOCSTI, TIOCLINUX)))
    rules += _when("prctl", _refuse_argument(_ARG0, (PR_SET_DUMPABLE,)))
    rules.append((_RETURN, 0, 0, RET_ALLOW))
    return b"".join(struct.pack("HBBI", *rule) for rule in rules)


def _answer(number: int) -> Instruction:
    return (_RETURN, 0, 0, RET_ERRNO | number)


def _only_this_architecture() -> list[Instruction]:
    kill = (_RETURN, 0, 0, RET_KILL_PROCESS)
    return [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, AUDIT_ARCH_X86_64),
        kill,
        (_LOAD, 0, 0, _NR),
        (_AT_LEAST, 0, 1, X32_BIT),
        kill,
    ]


def _when(name: str, rules: list[Instruction]) -> list[Instruction]:
    """Apply ``rules`` to one call only; what they let through is allowed."""
    body = [*rules, (_RETURN, 0, 0, RET_ALLOW)]
    return [(_EQUAL, 0, len(body), NUMBERS[name]), *body]


def _socket_rules(families: Iterable[int]) -> list[Instruction]:
    allow = (_RETURN, 0, 0, RET_ALLOW)
    rules: list[Instruction] = [(_LOAD, 0, 0, _ARG0)]
    for family in families:
        rules += [(_EQUAL, 0, 1, family), allow]
    # EINVAL and not EAFNOSUPPORT: libzmq aborts on the latter when it lists network interfaces.
    return [*rules, _answer(errno.EINVAL)]


def _fcntl_rules() -> list[Instruction]:
    rules: list[Instruction] = [(_LOAD, 0, 0, _ARG1)]
    for command in (F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW):
        rules += [(_EQUAL, 0, 1, command), _answer(0)]
    for command in (F_SETLEASE, F_NOTIFY):
        rules += [(_EQUAL, 0, 1, command), _answer(errno.EPERM)]
    return rules


def _refuse_argument(offset: int, values: Iterable[int]) -> list[Instruction]:
    rules: list[Instruction] = [(_LOAD, 0, 0, offset)]
    for value in values:
        rules += [(_EQUAL, 0, 1, value), _answer(errno.EPERM)]
    return rules
