"""The kernel environment, a way to run a notebook of the corpus, and a look at what is left behind."""

import contextlib
import fcntl
import os
from pathlib import Path

import nbformat
import pytest

from sandboxes import isolation
from sandboxes.box import Box, check
from sandboxes.limits import Limits
from sandboxes.runner import run_notebook
from sandboxes.slots import state_dir

PROJECT = Path(isolation.__file__).resolve().parents[1]
CORPUS = PROJECT / "tests" / "notebooks"
KERNEL_PYTHON = Path(os.environ.get("KERNEL_PYTHON", PROJECT / ".venv-kernel" / "bin" / "python"))
SMALL = Limits(wall_seconds=15, cpu_seconds=15, memory_bytes=256 << 20, disk_bytes=8 << 20, output_bytes=200_000)


@pytest.fixture(scope="session")
def python():
    """The kernel environment's interpreter. A machine that cannot build a box fails here: nothing below would mean
    anything on it."""
    check(KERNEL_PYTHON)
    return KERNEL_PYTHON


@pytest.fixture
def run(python):
    """Run a notebook of the corpus by its name."""

    def run_one(name, files=(), stop_on_error=False, **limits):
        notebook = nbformat.read(CORPUS / f"{name}.ipynb", as_version=4)
        return run_notebook(
            notebook, files=dict(files), limits=SMALL.with_(**limits), python=python, stop_on_error=stop_on_error
        )

    return run_one


@pytest.fixture(autouse=True)
def _leaves_nothing(monkeypatch):
    """Every test here: what it started is gone when it ends. Boxes of others on this machine are not looked at."""
    taken = set()
    start = Box.start

    def remember(box):
        start(box)
        taken.add(box.uid)

    monkeypatch.setattr(Box, "start", remember)
    yield
    for uid in taken:
        with unless_taken_again(uid) as is_free:
            assert not is_free or not box_processes(uid)
            assert not is_free or not leftovers(uid)


@contextlib.contextmanager
def unless_taken_again(uid):
    """Hold a slot while looking at it, so that no other box can move in meanwhile."""
    with (state_dir() / "locks" / str(uid)).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def box_processes(uid):
    """Pids of the processes that run under a user id."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                found.add(int(entry.name))
    return found


def leftovers(uid):
    """Control groups of a slot."""
    return list(Path("/sys/fs/cgroup").rglob(f"sandbox-{uid}"))


def text_of(result, cell=0):
    """What a cell printed."""
    outputs = result.notebook.cells[cell].outputs
    return "".join(output.text for output in outputs if output.output_type == "stream")
