"""The right to a user id: one holder at a time, for as long as it lives."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandboxes import slots
from sandboxes.cgroups import Groups
from sandboxes.results import SandboxUnavailable
from sandboxes.slots import Slot, Slots, remove_left_overs, state_dir

from .conftest import PROJECT, wait_for

# Ids that no box of this machine gets.
FIRST = 70_000 + os.getpid() % 10_000 * 10
ACCOUNT = 1_234_567
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="takes other user ids")


@pytest.fixture(autouse=True)
def _no_lock_stays():
    """Their files are small and shared by all tests; nobody else would take them away."""
    yield
    for uid in range(FIRST, FIRST + 10):
        (state_dir() / "locks" / str(uid)).unlink(missing_ok=True)


def test_an_id_has_one_holder():
    first = Slot.take_this(FIRST)
    assert (first.uid, first.name) == (FIRST, f"sandbox-{FIRST}")
    assert Slot.take_this(FIRST) is None
    other = Slot.take_this(FIRST + 1)
    assert other.uid == FIRST + 1
    first.release()
    again = Slot.take_this(FIRST)
    assert again.uid == FIRST
    again.release()
    other.release()


def test_the_first_free_id_is_taken_until_there_is_none():
    slots = Slots(FIRST, 3)
    taken = [slots.take() for _ in range(3)]
    assert [slot.uid for slot in taken] == [FIRST, FIRST + 1, FIRST + 2]
    with pytest.raises(SandboxUnavailable, match="all 3 sandboxes of this machine are in use"):
        slots.take()
    taken[1].release()
    taken[1] = slots.take()
    assert taken[1].uid == FIRST + 1
    for slot in taken:
        slot.release()


def test_some_ids_stay_locked_between_the_boxes_of_one_process():
    slots = Slots(FIRST, 3, kept=2)
    slots.fill()
    assert Slot.take_this(FIRST) is None
    assert Slot.take_this(FIRST + 1) is None
    taken = [slots.take() for _ in range(3)]
    for slot in taken:
        slots.give_back(slot)
    others = [slot for number in range(3) if (slot := Slot.take_this(FIRST + number))]
    assert len(others) == 1
    for slot in (*others, slots.take(), slots.take()):
        slot.release()


def test_an_id_is_held_by_a_child_as_well_and_free_when_the_last_has_died():
    code = f"""
import os, time
from sandboxes.slots import Slot
Slot.take_this({FIRST})
child = os.fork() or time.sleep(600)
print(child, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as holder:
        child = int(holder.stdout.readline())
        assert Slot.take_this(FIRST) is None
        holder.kill()
        holder.wait()
        assert Slot.take_this(FIRST) is None
        os.kill(child, signal.SIGKILL)
    slot = None

    def is_free():
        nonlocal slot
        slot = Slot.take_this(FIRST)
        return slot is not None

    wait_for(is_free)
    slot.release()


def test_a_program_that_is_started_does_not_hold_its_starter_s_id():
    slot = Slot.take_this(FIRST)
    with subprocess.Popen(["sleep", "600"], close_fds=False) as started:
        slot.release()
        again = Slot.take_this(FIRST)
        started.kill()
    assert again is not None
    again.release()


@root_only
def test_an_id_under_which_something_still_runs_is_not_given_out():
    with subprocess.Popen(["sleep", "600"], user=FIRST, extra_groups=[]) as running:
        slot = Slots(FIRST, 2).take()
        running.kill()
    assert slot.uid == FIRST + 1
    slot.release()


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path):
    lock = state_dir() / "locks" / str(FIRST)
    lock.symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match="symbolic links"):
        Slot.take_this(FIRST)
    assert not (tmp_path / "made").exists()


def test_the_control_groups_of_who_is_gone_are_taken_away_and_no_others():
    slot = Slot.take_this(FIRST)
    groups = [Groups.create(f"sandbox-{uid}", memory_bytes=1 << 30, processes=9) for uid in (FIRST, FIRST + 1)]
    if not groups[0].folders:
        slot.release()
        pytest.skip("no control group can be written here")
    remove_left_overs()
    assert Groups.left_over(f"sandbox-{FIRST}").folders
    assert not Groups.left_over(f"sandbox-{FIRST + 1}").folders
    slot.release()
    remove_left_overs()
    assert not Groups.left_over(f"sandbox-{FIRST}").folders


@root_only
def test_the_control_groups_of_another_account_hold_up_nobody():
    groups = Groups.create(f"sandbox-{FIRST}", memory_bytes=1 << 30, processes=9)
    if not groups.folders:
        pytest.skip("no control group can be written here")
    code = """
import time
from sandboxes.slots import remove_left_overs
began_at = time.monotonic()
remove_left_overs()
print(time.monotonic() - began_at < 1)
"""
    command = [sys.executable, Path(__file__).with_name("plain_account.py"), PROJECT, code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    finally:
        groups.remove()
    assert done.stdout == "True\n", done.stderr


# ── The folder ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def in_state(tmp_path, monkeypatch):
    """Look for the state folder as a plain account that has it in a place of its own."""

    def look(owner=ACCOUNT):
        with monkeypatch.context() as patch:
            patch.setenv("SANDBOXES_STATE_DIR", str(look.place))
            if os.geteuid() == 0:
                if look.place.exists():
                    os.lchown(look.place, owner, owner)
                patch.setattr(slots.os, "geteuid", lambda: ACCOUNT)
            return state_dir()

    look.place = tmp_path / "state"
    return look


def test_others_may_pass_through_the_folder_and_not_look_into_it(in_state):
    in_state.place.mkdir(mode=0o700)
    assert in_state() == in_state.place
    assert in_state.place.stat().st_mode & 0o777 == 0o711
    for name in ("locks", "root"):
        assert (in_state.place / name).stat().st_mode & 0o777 == 0o700


def test_a_folder_that_others_could_write_to_is_refused(in_state):
    in_state.place.mkdir()
    in_state.place.chmod(0o777)
    with pytest.raises(SandboxUnavailable, match="must be a folder that belongs to this account alone"):
        in_state()


@root_only
def test_a_folder_of_somebody_else_is_refused(in_state):
    in_state.place.mkdir()
    with pytest.raises(SandboxUnavailable, match="must be a folder that belongs to this account alone"):
        in_state(owner=ACCOUNT + 1)


@pytest.mark.parametrize("what", ["file", "link"])
def test_what_is_no_folder_is_refused(in_state, tmp_path, what):
    (tmp_path / "elsewhere").mkdir()
    in_state.place.touch() if what == "file" else in_state.place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SandboxUnavailable, match="folder"):
        in_state()
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_that_cannot_be_made_is_said_plainly(in_state, tmp_path, monkeypatch):
    monkeypatch.setattr(in_state, "place", tmp_path / "nowhere" / "state")
    with pytest.raises(SandboxUnavailable, match="no folder to work in"):
        in_state()
