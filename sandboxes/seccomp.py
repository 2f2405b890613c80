"""Turn a list of allowed system calls into the filter program the Linux kernel runs. Pure: names in, bytes out.

The program is classic BPF over `struct seccomp_data` (nr at 0, arch at 4, args from 16, low word first); see
seccomp(2) and Documentation/userspace-api/seccomp_filter.rst of the Linux sources. Only the low word of an argument
is looked at: every argument that is checked here is an `int` or shorter to the Linux kernel.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10

# ── Calls by their numbers ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Architecture:
    """How one kind of processor calls the Linux kernel. Another kind is one more of these in `ARCHITECTURES`."""

    audit: int  # AUDIT_ARCH_*: what the Linux kernel says of whoever makes a call
    numbers: Mapping[str, int]
    foreign: int  # numbers from here on are calls by another convention (x32), which would evade the list


def _numbered(rows: Mapping[int, str]) -> dict[str, int]:
    return {name: first + place for first, names in rows.items() for place, name in enumerate(names.split())}


# arch/x86/entry/syscalls/syscall_64.tbl: all that Linux 5.15 has, and of newer ones those that are allowed.
_X86_64 = _numbered({
    0: "read write open close stat fstat lstat poll lseek mmap",
    10: "mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn ioctl pread64 pwrite64 readv",
    20: "writev access pipe select sched_yield mremap msync mincore madvise shmget",
    30: "shmat shmctl dup dup2 pause nanosleep getitimer alarm setitimer getpid",
    40: "sendfile socket connect accept sendto recvfrom sendmsg recvmsg shutdown bind",
    50: "listen getsockname getpeername socketpair setsockopt getsockopt clone fork vfork execve",
    60: "exit wait4 kill uname semget semop semctl shmdt msgget msgsnd",
    70: "msgrcv msgctl fcntl flock fsync fdatasync truncate ftruncate getdents getcwd",
    80: "chdir fchdir rename mkdir rmdir creat link unlink symlink readlink",
    90: "chmod fchmod chown fchown lchown umask gettimeofday getrlimit getrusage sysinfo",
    100: "times ptrace getuid syslog getgid setuid setgid geteuid getegid setpgid",
    110: "getppid getpgrp setsid setreuid setregid getgroups setgroups setresuid getresuid setresgid",
    120: "getresgid getpgid setfsuid setfsgid getsid capget capset rt_sigpending rt_sigtimedwait rt_sigqueueinfo",
    130: "rt_sigsuspend sigaltstack utime mknod uselib personality ustat statfs fstatfs sysfs",
    140: "getpriority setpriority sched_setparam sched_getparam sched_setscheduler "
         "sched_getscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval mlock",
    150: "munlock mlockall munlockall vhangup modify_ldt pivot_root _sysctl prctl arch_prctl adjtimex",
    160: "setrlimit chroot sync acct settimeofday mount umount2 swapon swapoff reboot",
    170: "sethostname setdomainname iopl ioperm create_module "
         "init_module delete_module get_kernel_syms query_module quotactl",
    180: "nfsservctl getpmsg putpmsg afs_syscall tuxcall security gettid readahead setxattr lsetxattr",
    190: "fsetxattr getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr",
    200: "tkill time futex sched_setaffinity sched_getaffinity "
         "set_thread_area io_setup io_destroy io_getevents io_submit",
    210: "io_cancel get_thread_area lookup_dcookie epoll_create epoll_ctl_old "
         "epoll_wait_old remap_file_pages getdents64 set_tid_address restart_syscall",
    220: "semtimedop fadvise64 timer_create timer_settime timer_gettime "
         "timer_getoverrun timer_delete clock_settime clock_gettime clock_getres",
    230: "clock_nanosleep exit_group epoll_wait epoll_ctl tgkill utimes vserver mbind set_mempolicy get_mempolicy",
    240: "mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr kexec_load waitid add_key request_key",
    250: "keyctl ioprio_set ioprio_get inotify_init inotify_add_watch "
         "inotify_rm_watch migrate_pages openat mkdirat mknodat",
    260: "fchownat futimesat newfstatat unlinkat renameat linkat symlinkat readlinkat fchmodat faccessat",
    270: "pselect6 ppoll unshare set_robust_list get_robust_list splice tee sync_file_range vmsplice move_pages",
    280: "utimensat epoll_pwait signalfd timerfd_create eventfd "
         "fallocate timerfd_settime timerfd_gettime accept4 signalfd4",
    290: "eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo perf_event_open recvmmsg",
    300: "fanotify_init fanotify_mark prlimit64 name_to_handle_at open_by_handle_at "
         "clock_adjtime syncfs sendmmsg setns getcpu",
    310: "process_vm_readv process_vm_writev kcmp finit_module sched_setattr "
         "sched_getattr renameat2 seccomp getrandom memfd_create",
    320: "kexec_file_load bpf execveat userfaultfd membarrier mlock2 copy_file_range preadv2 pwritev2 pkey_mprotect",
    330: "pkey_alloc pkey_free statx io_pgetevents rseq",
    424: "pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree move_mount",
    430: "fsopen fsconfig fsmount fspick pidfd_open clone3 close_range openat2 pidfd_getfd faccessat2",
    440: "process_madvise epoll_pwait2 mount_setattr quotactl_fd landlock_create_ruleset "
         "landlock_add_rule landlock_restrict_self memfd_secret process_mrelease",
    452: "fchmodat2",
})  # fmt: skip
# Under the names that `platform.machine` gives.
ARCHITECTURES = {"x86_64": Architecture(audit=0xC000003E, numbers=_X86_64, foreign=0x40000000)}

# ── Arguments ────────────────────────────────────────────────────────────────────────────────────────────────────
# CLONE_NEW*. CLONE_NEWTIME is 0x80 and shares its bit with the exit signal, which is never that high for clone(2).
CLONE_NEW_ANY = 0x7E020000
# Huge pages are set aside for others (a database, say), and no memory limit counts them.
MAP_HUGETLB = 0x40000
# FUTEX_WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET. Those that inherit priorities, which
# nothing in a box has, have been ways into the Linux kernel more than once.
FUTEX_OPTIONS, FUTEX_OPERATIONS = 0x180, (0, 1, 3, 4, 5, 9, 10)
# MADV_NORMAL to DONTNEED, FREE, REMOVE, DONTFORK, DOFORK, HUGEPAGE, NOHUGEPAGE, DONTDUMP, DODUMP, WIPEONFORK,
# KEEPONFORK, POPULATE_READ, POPULATE_WRITE, DONTNEED_LOCKED, COLLAPSE, GUARD_INSTALL, GUARD_REMOVE. Not MERGEABLE:
# who has which page could be measured from another box. Nor COLD and PAGEOUT, which reach pages of shared files.
MEMORY_ADVICE = (0, 1, 2, 3, 4, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 22, 23, 24, 25, 102, 103)
POSIX_FADV_DONTNEED = 4
# F_DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, OFD_GETLK, DUPFD_QUERY, DUPFD_CLOEXEC, SETPIPE_SZ, GETPIPE_SZ,
# ADD_SEALS, GET_SEALS. Not among them: leases and F_NOTIFY, by which boxes could talk, and signals on input.
FCNTL_COMMANDS = (0, 1, 2, 3, 4, 5, 36, 1027, 1030, 1031, 1032, 1033, 1034)
# F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
FCNTL_LOCKS = (6, 7, 37, 38)
# Not among them: TIOCSTI and TIOCLINUX, which type for others; TIOCSETD, which loads code; anything about devices.
IOCTL_REQUESTS = (
    *(0x541B, 0x5421, 0x5450, 0x5451),  # FIONREAD, FIONBIO, FIONCLEX, FIOCLEX
    *(0x5401, 0x5402, 0x5403, 0x5404),  # TCGETS, TCSETS, TCSETSW, TCSETSF
    *(0x802C542A, 0x402C542B, 0x402C542C, 0x402C542D),  # TCGETS2, TCSETS2, TCSETSW2, TCSETSF2
    *(0x5413, 0x5414, 0x540F, 0x5410, 0x5429),  # TIOCGWINSZ, TIOCSWINSZ, TIOCGPGRP, TIOCSPGRP, TIOCGSID
    *(0x5409, 0x5425, 0x540A, 0x540B, 0x5411),  # TCSBRK, TCSBRKP, TCXONC, TCFLSH, TIOCOUTQ
    *(0x80045430, 0x40045431, 0x5441, 0x540E, 0x5422),  # TIOCGPTN, TIOCSPTLCK, TIOCGPTPEER, TIOCSCTTY, TIOCNOTTY
)
# PR_SET_PDEATHSIG, GET_PDEATHSIG, GET_DUMPABLE, SET_NAME, GET_NAME, GET_SECCOMP, CAPBSET_READ, GET_TIMERSLACK,
# GET_NO_NEW_PRIVS, GET_THP_DISABLE, SET_VMA, GET_AUXV. Never PR_SET_DUMPABLE.
PRCTL_OPTIONS = (1, 2, 3, 15, 16, 21, 23, 30, 39, 42, 0x53564D41, 0x41555856)
# libzmq aborts unless it may put its threads under the policy they are under already.
SCHED_OTHER = 0
PRIO_PROCESS, ONESELF = 0, 0
PERSONALITY_QUERY = 0xFFFFFFFF
S_IFMT, FILE_KINDS = 0o170000, (0, 0o010000, 0o100000, 0o140000)  # 0 means regular; FIFO, regular, socket
# SOCK_STREAM, DGRAM, SEQPACKET; any, TCP, UDP: others would have the Linux kernel load protocols nobody looks after.
SOCKET_TYPE, SOCKET_TYPES, PROTOCOLS = 0xF, (1, 2, 5), (0, 6, 17)
# By level. SOL_SOCKET: REUSEADDR, BROADCAST, KEEPALIVE, OOBINLINE, LINGER, REUSEPORT, PASSCRED, RCVTIMEO and
# SNDTIMEO, old and new; not those that attach a filter program, nor SNDBUF and RCVBUF, for what lies in a buffer is
# in no process's map and counted as the size buffers have. IP: RECVERR. TCP: NODELAY, CORK, KEEPIDLE, KEEPINTVL,
# KEEPCNT, QUICKACK, USER_TIMEOUT. IPV6: RECVERR, V6ONLY.
SOCKET_OPTIONS = {
    1: (2, 6, 9, 10, 13, 15, 16, 20, 21, 66, 67),
    0: (11,),
    6: (1, 3, 4, 5, 6, 12, 18),
    41: (25, 26),
}

# ── The program ──────────────────────────────────────────────────────────────────────────────────────────────────
# What a call answers that is not allowed. EPERM says plainly that it may not; but a caller with another way to do
# the same takes it on ENOSYS only. So ENOSYS is the answer for all that is newer than the table, since whatever uses
# it has a way round for Linux 5.15, and for these older ones, which C libraries and tools try first: clone3, whose
# flags lie in memory, where a filter cannot look; preadv2 and pwritev2, which tell whether a page of a file is in
# memory; splice.
_WITH_A_WAY_ROUND = ("clone3", "preadv2", "pwritev2", "splice")
# As on a file system that knows no attributes: `cp -p` goes on without.
_ATTRIBUTES = ("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr")
REFUSALS = dict.fromkeys(_WITH_A_WAY_ROUND, errno.ENOSYS) | dict.fromkeys(_ATTRIBUTES, errno.EOPNOTSUPP)

RET_KILL_PROCESS = 0x80000000
RET_ERRNO = 0x00050000
RET_ALLOW = 0x7FFF0000
_LOAD, _MASK, _SKIP, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _ARGUMENTS = 0, 4, 16
_LONGEST_JUMP = 255

# code, jump if true, jump if false, operand
Instruction = tuple[int, int, int, int]
_ALLOW: Instruction = (_RETURN, 0, 0, RET_ALLOW)
_KILL: Instruction = (_RETURN, 0, 0, RET_KILL_PROCESS)


def program(allowed: Iterable[str], families: Iterable[int], machine: str = "x86_64") -> bytes:
    """Return the filter: only ``allowed`` calls, sockets only of these address ``families``, on this ``machine``.

    Everything else answers EPERM, where it is not among `REFUSALS`, and ENOSYS if Linux 5.15 did not have it. Another
    architecture's calls end the process. Of the allowed calls some are looked at more closely: no namespace can be
    made, nothing reaches terminals or devices, no process but the caller gets other limits or another priority, and
    locks on files succeed without locking (read-only files are shared by all boxes, so a real lock would let two
    boxes talk, and SQLite wants one). Raises `KeyError` on an unknown call or machine.
    """
    here = ARCHITECTURES[machine]
    checks = _checks(tuple(families))
    rules = {number: [_answer(errno.EPERM)] for number in here.numbers.values()}
    rules |= {here.numbers[name]: [_answer(error)] for name, error in REFUSALS.items()}
    rules |= {here.numbers[name]: checks.get(name, [_ALLOW]) for name in allowed}
    instructions = [
        (_LOAD, 0, 0, _ARCH),
        *_require((here.audit,), _KILL),
        (_LOAD, 0, 0, _NR),
        *_search([*_runs(rules), (here.foreign, [_KILL])]),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)


def _runs(rules: Mapping[int, list[Instruction]]) -> list[tuple[int, list[Instruction]]]:
    """Return each stretch of call numbers that are treated alike: where it begins, and how."""
    runs: list[tuple[int, list[Instruction]]] = []
    for number in range(max(rules) + 2):
        rule = rules.get(number, [_answer(errno.ENOSYS)])
        if not runs or runs[-1][1] != rule:
            runs.append((number, rule))
    return runs


def _search(runs: list[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """Find the run of the loaded number by halves: the filter is gone through at every call a box makes."""
    if len(runs) == 1:
        return runs[0][1]
    half = len(runs) // 2
    first, low, high = runs[half][0], _search(runs[:half]), _search(runs[half:])
    if len(low) <= _LONGEST_JUMP:
        return [(_AT_LEAST, len(low), 0, first), *low, *high]
    return [(_AT_LEAST, 0, 1, first), (_SKIP, 0, 0, len(low)), *low, *high]


def _checks(families: tuple[int, ...]) -> dict[str, list[Instruction]]:
    """Return how the calls are treated that depend on their arguments, by name."""
    no_lock = _answer(0)
    socket = [
        *_require_argument(0, families, errno.EINVAL),  # on EAFNOSUPPORT libzmq aborts
        *(_argument(1), (_MASK, 0, 0, SOCKET_TYPE), *_require(SOCKET_TYPES, _answer(errno.EINVAL))),
        *_require_argument(2, PROTOCOLS, errno.EPROTONOSUPPORT),
        _ALLOW,
    ]
    options = (
        _when(level, [*_require_argument(2, names, errno.ENOPROTOOPT), _ALLOW])
        for level, names in SOCKET_OPTIONS.items()
    )
    own_priority = [
        *_require_argument(0, (PRIO_PROCESS,), errno.EPERM),
        *_require_argument(1, (ONESELF,), errno.EPERM),
        _ALLOW,
    ]
    return {
        "clone": _without_bits(0, CLONE_NEW_ANY, errno.EPERM),
        "mmap": _without_bits(3, MAP_HUGETLB, errno.ENOMEM),
        "madvise": [*_require_argument(2, MEMORY_ADVICE, errno.EINVAL), _ALLOW],
        # Advice need not be taken; dropping pages of shared files could be measured from another box.
        "fadvise64": [_argument(3), *_when(POSIX_FADV_DONTNEED, [_answer(0)]), _ALLOW],
        "futex": [
            *(_argument(1), (_MASK, 0, 0, ~FUTEX_OPTIONS & 0xFFFFFFFF)),
            *(*_require(FUTEX_OPERATIONS, _answer(errno.ENOSYS)), _ALLOW),
        ],
        "flock": [no_lock],
        "fcntl": [
            *(_argument(1), *chain.from_iterable(_when(command, [no_lock]) for command in FCNTL_LOCKS)),
            *(*_require(FCNTL_COMMANDS, _answer(errno.EPERM)), _ALLOW),
        ],
        "ioctl": [*_require_argument(1, IOCTL_REQUESTS, errno.ENOTTY), _ALLOW],
        "prctl": [*_require_argument(0, PRCTL_OPTIONS, errno.EPERM), _ALLOW],
        "prlimit64": [*_require_argument(0, (ONESELF,), errno.EPERM), _ALLOW],
        "sched_setscheduler": [*_require_argument(1, (SCHED_OTHER,), errno.EPERM), _ALLOW],
        "setpriority": own_priority,
        "personality": [*_require_argument(0, (PERSONALITY_QUERY,), errno.EPERM), _ALLOW],
        "mknod": _only_kinds_of_file(1),
        "mknodat": _only_kinds_of_file(2),
        "socket": socket,
        "socketpair": socket,
        "setsockopt": [_argument(1), *chain.from_iterable(options), _answer(errno.ENOPROTOOPT)],
    }


def _answer(number: int) -> Instruction:
    return (_RETURN, 0, 0, RET_ERRNO | number)


def _argument(place: int) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * place)


def _require(values: tuple[int, ...], otherwise: Instruction) -> list[Instruction]:
    """Go on if what is loaded is one of ``values``."""
    return [*((_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)), otherwise]


def _require_argument(place: int, values: tuple[int, ...], error: int) -> list[Instruction]:
    return [_argument(place), *_require(values, _answer(error))]


def _when(value: int, rules: list[Instruction]) -> list[Instruction]:
    """Go through ``rules`` if what is loaded is ``value``; they do not come back."""
    return [(_EQUAL, 0, len(rules), value), *rules]


def _without_bits(place: int, bits: int, error: int) -> list[Instruction]:
    return [_argument(place), (_ANY_BIT, 0, 1, bits), _answer(error), _ALLOW]


def _only_kinds_of_file(place: int) -> list[Instruction]:
    return [_argument(place), (_MASK, 0, 0, S_IFMT), *_require(FILE_KINDS, _answer(errno.EPERM)), _ALLOW]
