"""Control groups of version 2, as far as plain files can stand for them: this machine's controllers may be version 1's.

Version 1, and version 2 where it has the controllers, are tried for real by every box of the other tests.
"""

import os

import pytest

from sandboxes import cgroups
from sandboxes.cgroups import Groups


@pytest.fixture
def handed_over(tmp_path, monkeypatch):
    """A cgroup that was delegated to us, in which we are."""
    unit = tmp_path / "system.slice" / "sandboxes.service"
    unit.mkdir(parents=True)
    (unit / "cgroup.controllers").write_text("cpu memory pids\n")
    (unit / "cgroup.procs").write_text(f"{os.getpid()}\n")
    monkeypatch.setattr(cgroups, "_hierarchies", lambda: {"": (tmp_path, "/")})
    monkeypatch.setattr(cgroups, "_own_paths", lambda: {"": "/system.slice/sandboxes.service"})
    return unit


@pytest.fixture
def beside(handed_over, monkeypatch):
    """The same once we have stepped aside; a folder made there has its controllers, as in a real hierarchy."""
    cgroups.step_aside()
    monkeypatch.setattr(cgroups, "_own_paths", lambda: {"": "/system.slice/sandboxes.service/supervisor"})
    make = cgroups._make

    def make_with_controllers(folder):
        make(folder)
        is_below_ours = folder.parent.name == "supervisor"
        (folder / "cgroup.controllers").write_text("" if is_below_ours else "cpu memory pids\n")

    monkeypatch.setattr(cgroups, "_make", make_with_controllers)
    monkeypatch.setattr(
        cgroups, "_remove", lambda folder: [path.unlink() for path in folder.iterdir()] and folder.rmdir()
    )
    return handed_over


def test_the_service_steps_aside_so_that_controllers_can_be_handed_down(handed_over):
    cgroups.step_aside()
    assert (handed_over / "supervisor" / "cgroup.procs").read_text() == str(os.getpid())


def test_where_no_controllers_were_handed_over_it_stays(handed_over):
    (handed_over / "cgroup.controllers").write_text("cpu pids\n")
    cgroups.step_aside()
    assert not (handed_over / "supervisor").exists()


def test_where_others_are_in_the_same_group_it_stays(handed_over):
    (handed_over / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")
    cgroups.step_aside()
    assert not (handed_over / "supervisor").exists()


def test_a_box_gets_its_limits_beside_the_service(beside):
    groups = Groups.create("sandbox-60000", memory_bytes=100 << 20, processes=20)
    folder = beside / "sandbox-60000"
    assert groups.is_v2
    assert set(groups.folders.values()) == {folder}
    assert (beside / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    said = {path.name: path.read_text() for path in folder.iterdir()}
    assert said["memory.max"] == str(100 << 20)
    assert (said["memory.swap.max"], said["memory.oom.group"]) == ("0", "1")
    assert (said["pids.max"], said["cpu.max"]) == ("20", "100000 100000")
    assert not (beside / "supervisor" / "sandbox-60000").exists()


def test_what_was_used_is_read_from_its_files(beside):
    groups = Groups.create("sandbox-60001", memory_bytes=100 << 20, processes=20)
    folder = beside / "sandbox-60001"
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (folder / "memory.peak").write_text("4096\n")
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 3\noom 1\noom_kill 0\n")
    assert (groups.cpu_seconds(), groups.memory_peak(), groups.was_killed_for_memory()) == (1.5, 4096, False)
    (folder / "memory.events").write_text("oom 0\noom_kill 1\n")
    assert groups.was_killed_for_memory()
    assert not groups.reached_memory_limit()
    (folder / "memory.events").write_text("oom 1\noom_kill 1\n")
    assert groups.was_killed_for_memory()
    assert groups.reached_memory_limit()
    assert Groups.names_there() == {"sandbox-60001"}
