"""The right to one user id, for one box at a time on this machine; and the folder where boxes leave their marks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from pathlib import Path

from sandboxes.cgroups import Groups
from sandboxes.results import SandboxUnavailable


class Slot:
    """A user id, held by a lock on a file for as long as the process that took it, or one it made, lives."""

    def __init__(self, uid: int, lock: int, state: Path) -> None:
        self.uid, self._lock, self.root = uid, lock, state / "root"

    @property
    def name(self) -> str:
        """Under which the box's control groups are made."""
        return f"sandbox-{self.uid}"

    @classmethod
    def take_this(cls, uid: int) -> Slot | None:
        """Lock one id; None when it is taken."""
        state = state_dir()
        lock = _open_lock(state, uid)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        return cls(uid, lock, state)

    def release(self) -> None:
        """Let another process have the id."""
        os.close(self._lock)


class Slots:
    """The ids from ``first`` on, ``count`` of them; ``kept`` of those taken here stay locked between boxes."""

    def __init__(self, first: int, count: int, *, kept: int = 0) -> None:
        self.uids, self.kept = range(first, first + count), kept
        self._free: list[Slot] = []

    def fill(self) -> None:
        """Lock as many as are kept. Raises `SandboxUnavailable` when there are not so many."""
        while len(self._free) < self.kept:
            self._free.append(self._lock())

    def take(self) -> Slot:
        """Return one that is locked and free. Raises `SandboxUnavailable` when all are taken."""
        return self._free.pop() if self._free else self._lock()

    def give_back(self, slot: Slot) -> None:
        """Let the next box have it: nothing that ran under its id is left."""
        if len(self._free) < self.kept:
            self._free.append(slot)
        else:
            slot.release()

    def _lock(self) -> Slot:
        busy = _uids_in_use() if os.geteuid() == 0 else frozenset[int]()
        for uid in self.uids:
            slot = Slot.take_this(uid)
            if slot is not None and uid not in busy:  # somebody's process: an id is never shared
                return slot
            if slot is not None:
                slot.release()
        raise SandboxUnavailable(f"all {len(self.uids)} sandboxes of this machine are in use")


def remove_left_overs() -> None:
    """Take away the control groups of boxes whose launcher was killed before it could."""
    for name in Groups.names_there():
        slot = Slot.take_this(int(name.rpartition("-")[2]))
        if slot is not None:
            Groups.left_over(name).remove()
            slot.release()


def _open_lock(state: Path, uid: int) -> int:
    return os.open(state / "locks" / str(uid), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def state_dir() -> Path:
    """Return the folder of locks and mount point; ours alone. Raises `SandboxUnavailable` when it cannot be that."""
    account = os.geteuid()
    fallback = f"/tmp/sandboxes-{account}"  # noqa: S108 (its owner is checked below)
    state = Path("/run/sandboxes" if account == 0 else os.environ.get("SANDBOXES_STATE_DIR", fallback))
    try:
        # Others may pass through (the service's socket lies here), not look around.
        state.mkdir(mode=0o711, exist_ok=True)
        found = state.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != account or found.st_mode & 0o022:
            raise SandboxUnavailable(f"{state} must be a folder that belongs to this account alone")
        if found.st_mode & 0o777 != 0o711:
            state.chmod(0o711)
        for name in ("locks", "root"):
            (state / name).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SandboxUnavailable(f"the sandbox has no folder to work in: {error}") from error
    return state


def _uids_in_use() -> frozenset[int]:
    uids = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                uids.add(entry.stat().st_uid)
    return frozenset(uids)
