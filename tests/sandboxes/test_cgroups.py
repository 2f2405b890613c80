"""Control groups: those of version 2 as far as plain files can stand for them, and the shares that real boxes have.

This machine's controllers may be version 1's. Whichever it has are tried for real by every box of the other tests.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandboxes import cgroups
from sandboxes.box import Box
from sandboxes.cgroups import Groups
from sandboxes.limits import Limits
from sandboxes.results import SandboxUnavailable

from .conftest import PROJECT


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
    assert "cpu.weight" not in said
    assert not (beside / "supervisor" / "sandbox-60000").exists()


def test_a_box_that_gives_way_has_a_tenth_of_the_weight(beside):
    Groups.create("sandbox-60000", memory_bytes=100 << 20, processes=20, gives_way=True)
    assert (beside / "sandbox-60000" / "cpu.weight").read_text() == "10"


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


# ── A controller that refuses ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def of_version_1(tmp_path, monkeypatch):
    """Hierarchies of version 1, in each of which we are in a group that is ours."""
    for name in ("memory", "pids", "cpu", "cpuacct"):
        (tmp_path / name / "ours").mkdir(parents=True)
    monkeypatch.setattr(cgroups, "_hierarchies", lambda: {place.name: (place, "/") for place in tmp_path.iterdir()})
    monkeypatch.setattr(cgroups, "_own_paths", lambda: {place.name: "/ours" for place in tmp_path.iterdir()})
    return tmp_path


def refuse(monkeypatch, name):
    """Have a file of every new group refuse what is written to it; returns the groups that are taken away."""
    make, taken = cgroups._make, []

    def make_refusing(folder):
        make(folder)
        (folder / name).mkdir()

    monkeypatch.setattr(cgroups, "_make", make_refusing)
    monkeypatch.setattr(cgroups, "_remove", taken.append)
    return taken


def test_limits_of_version_1(of_version_1):
    Groups.create("sandbox-60000", memory_bytes=100 << 20, processes=20)
    said = {path.name: path.read_text() for path in of_version_1.glob("*/ours/sandbox-60000/*")}
    assert said["memory.limit_in_bytes"] == said["memory.memsw.limit_in_bytes"] == str(100 << 20)
    assert said["pids.max"] == "20"
    assert (said["cpu.cfs_period_us"], said["cpu.cfs_quota_us"]) == ("100000", "100000")


@pytest.mark.parametrize("name", ["memory.limit_in_bytes", "pids.max", "cpu.cfs_period_us", "cpu.cfs_quota_us"])
def test_a_controller_of_version_1_that_refuses_a_limit_is_no_box(of_version_1, monkeypatch, name):
    taken = refuse(monkeypatch, name)
    with pytest.raises(SandboxUnavailable, match=f"^control group: {name}: Is a directory$"):
        Groups.create("sandbox-60000", memory_bytes=100 << 20, processes=20)
    assert {folder.parts[-3] for folder in taken} == {"memory", "pids", "cpu", "cpuacct"}


@pytest.mark.parametrize("name", ["memory.max", "pids.max", "cpu.max"])
def test_a_controller_of_version_2_that_refuses_a_limit_is_no_box(beside, monkeypatch, name):
    taken = refuse(monkeypatch, name)
    with pytest.raises(SandboxUnavailable, match=f"^control group: {name}: Is a directory$"):
        Groups.create("sandbox-60000", memory_bytes=100 << 20, processes=20)
    assert taken[-1] == beside / "sandbox-60000"


def test_controllers_that_are_not_there_limit_nothing(monkeypatch):
    monkeypatch.setattr(cgroups, "_hierarchies", dict)
    groups = Groups.create("sandbox-60000", memory_bytes=100 << 20, processes=20)
    assert (groups.folders, groups.limits_memory, groups.cpu_seconds()) == ({}, False, None)


@pytest.fixture
def half_a_core():
    """A real group of version 1 that has half a core, in which no box can be given a whole one."""
    place = Path("/sys/fs/cgroup/cpu")
    if os.geteuid() != 0 or not (place / "cgroup.procs").exists():
        pytest.skip("no control group of version 1 can be written here")
    group = place / f"half-a-core-{os.getpid()}"
    group.mkdir()
    (group / "cpu.cfs_quota_us").write_text("50000")
    yield group
    group.rmdir()


def test_where_a_controller_refuses_no_box_is_built_and_the_reason_is_said(half_a_core, python):
    command = [sys.executable, "-m", "sandboxes", "--check", "--python", str(python)]
    done = subprocess.run(
        command,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: (half_a_core / "cgroup.procs").write_text(str(os.getpid())),
    )
    reason = "the sandbox could not be built: control group: cpu.cfs_quota_us: Invalid argument"
    assert (done.returncode, done.stderr) == (3, f"no sandbox: {reason}\n")
    assert not list(half_a_core.glob("sandbox-*"))


# ── What a real box may take of the processor ────────────────────────────────────────────────────────────────────

FOUR_BUSY = """
import os, time
end = time.monotonic() + 2
for _ in range(2):
    os.fork()
while time.monotonic() < end:
    pass
"""


@pytest.fixture
def shared():
    """The name of the file that says how much of the processor a group has, and what it says of one core."""
    possible = Groups.create("sandbox-70000", memory_bytes=1 << 30, processes=9)
    possible.remove()
    if "cpu" not in possible.folders:
        pytest.skip("no control group can be written here")
    return ("cpu.max", "100000 100000\n") if possible.is_v2 else ("cpu.cfs_quota_us", "100000\n")


def said_of(box, name):
    """What a file says of the control group of a box."""
    (path,) = Path("/sys/fs/cgroup").rglob(f"sandbox-{box.uid}/{name}")
    return path.read_text()


def test_a_box_with_four_busy_processes_has_one_core(shared, python):
    with Box(["python", "-c", FOUR_BUSY], limits=Limits(), python=python) as box:
        box.start()
        assert said_of(box, shared[0]) == shared[1]
        if not shared[0].endswith("max"):
            assert said_of(box, "cpu.cfs_period_us") == shared[1]
        box.wait(20)
        usage = box.usage()
    assert usage.wall_seconds > 2
    # Where there is one core only, or where others keep the rest busy, this much holds by itself.
    assert usage.cpu_seconds < 1.3 * usage.wall_seconds


@pytest.mark.parametrize(("sockets", "share"), [([], "100 1024"), (["/tools/s"], "10 102")], ids=["run", "kernel"])
def test_a_kernel_gives_way_to_graded_and_displayed_runs(shared, python, sockets, share):
    """As long as processors are idle both have what they want; where all are busy, by these weights."""
    of_version_2, of_version_1 = share.split()
    name, expected = ("cpu.weight", of_version_2) if shared[0] == "cpu.max" else ("cpu.shares", of_version_1)
    sleeps = "import time; time.sleep(60)"
    with Box(["python", "-c", sleeps], limits=Limits(), python=python, sockets=sockets) as box:
        box.start()
        assert said_of(box, name) == f"{expected}\n"
