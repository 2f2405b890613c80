"""Nothing is seen or can be done in a box that the policy does not name: the probe walks through it and says all."""

import errno
import os
from collections import defaultdict
from pathlib import Path

import nbformat
import pytest

from sandboxes import isolation, lockdown, seccomp
from sandboxes.box import Box
from sandboxes.results import RunStatus
from sandboxes.runner import run_notebook

from . import probe
from .corpus import SMALL

PROBE = Path(probe.__file__).read_bytes()
LIMITS = SMALL.with_(wall_seconds=60.0, cpu_seconds=60.0)
REFUSED = {"EPERM", "ENOSYS", "SIGSYS"}
# uretprobe and uprobe: the Linux kernel passes them by every filter; they answer to none but its own tracing.
UNFILTERED = {335, 336}
TERMINALS = ("/dev/pts", "/dev/ptmx")  # of the box's own, at most isolation.TERMINALS
# What Python, the C library and a Jupyter kernel set for themselves.
OF_A_SHELL = {
    *("JPY_PARENT_PID", "JPY_SESSION_NAME", "MPLBACKEND", "TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"),
    *("PAGER", "GIT_PAGER", "PYDEVD_USE_FRAME_EVAL", "LINES", "COLUMNS"),
}


class Seen:
    """What the probe said, by kind."""

    def __init__(self, text):
        self._lines = defaultdict(list)
        for line in text.splitlines():
            kind, _, rest = line.partition(" ")
            self._lines[kind].append(rest)

    def pairs(self, kind):
        """Lines of two words and more, as pairs of the first and the rest."""
        return [tuple(line.split(" ", 1)) for line in self._lines[kind]]

    def lines(self, kind):
        return self._lines[kind]


def probe_as_program(python):
    read, write = os.pipe()
    argv = ["python", "-I", "/tools/probe.py", *isolation.read_only_paths(python)]
    with Box(argv, tools={"probe.py": PROBE}, limits=LIMITS, python=python, stdout=write) as box:
        box.start()
        os.close(write)
        with os.fdopen(read) as stream:
            said = stream.read()
        assert box.wait(10).status is RunStatus.COMPLETED, said
    return said


def probe_as_notebook(python):
    cell = f"%run probe.py {' '.join(isolation.read_only_paths(python))}"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import warnings"), nbformat.v4.new_code_cell(cell)]
    )
    result = run_notebook(notebook, files={"probe.py": PROBE}, limits=LIMITS, python=python)
    outputs = result.notebook.cells[1].outputs
    assert result.status is RunStatus.COMPLETED, outputs
    return "".join(output.text for output in outputs if output.name == "stdout")


PROBES = {"program": probe_as_program, "notebook": probe_as_notebook}


@pytest.fixture(scope="session")
def said():
    """What the probe said, by how it was sent; it takes its time."""
    return {}


@pytest.fixture(params=[(subject, way) for subject in PROBES for way in ("cold", "warm")], ids="-".join)
def seen(request, python, said):
    subject, way = request.param
    if request.param not in said:
        request.getfixturevalue(way)
        said[request.param] = Seen(PROBES[subject](python))
    return said[request.param]


@pytest.fixture
def is_notebook(seen, said):
    return next(param for param, known in said.items() if known is seen)[0] == "notebook"


def is_named(path, places):
    """Is ``path`` one of these places, below one, or on the way to one?"""
    return any(Path(path).is_relative_to(place) or Path(place).is_relative_to(path) for place in places)


def is_below(path, places):
    return any(Path(path).is_relative_to(place) for place in places)


def test_only_files_of_the_policy_are_there(seen, python):
    shown = (*isolation.read_only_paths(python), *isolation.DEVICES, "/share")
    made = (*isolation.SCRATCH, *TERMINALS, *(f"/etc/{name}" for name in isolation.ETC))
    own = {f"/proc/self/{entry.name}" for entry in Path("/proc/self").iterdir()}
    for _, path in (*seen.pairs("file"), *seen.pairs("folder")):
        assert is_named(path, (*shown, *made)) or path in ("/proc", *own), path


def test_only_the_scratch_folders_can_be_written(seen, python):
    writable = [path for kind in ("tree", "file", "folder") for rights, path in seen.pairs(kind) if "w" in rights]
    assert writable
    allowed = (*isolation.SCRATCH, *isolation.DEVICES, *TERMINALS)
    if lockdown.libc.syscall(lockdown.SYS_LANDLOCK_CREATE, None, 0, 1) < 1:
        allowed += ("/proc/self",)  # of its own process, and only where the Linux kernel has no Landlock
    assert [path for path in writable if not is_below(path, allowed)] == []
    assert {path for _, path in seen.pairs("tree")} == set(isolation.read_only_paths(python))


def test_only_mounts_of_the_policy_are_there(seen, python):
    read_only = {"/", *isolation.read_only_paths(python), "/share"}
    others = {*isolation.SCRATCH, *isolation.DEVICES, *TERMINALS, "/proc"}
    for target, options in seen.pairs("mount"):
        assert target in read_only | others, target
        assert "nosuid" in options.split(",")
        assert "ro" in options.split(",") or target in others, (target, options)
        assert "noexec" in options.split(",") or target in read_only, (target, options)


def test_no_process_of_others_is_there(seen):
    assert len(seen.pairs("process")) == 1


def test_only_the_environment_of_the_policy_is_there(seen, is_notebook):
    found = dict(line.split("=", 1) for line in seen.lines("environment"))
    more = OF_A_SHELL if is_notebook else set()
    assert set(found) - more <= {"PATH", *isolation.ENVIRONMENT}
    assert {name: found[name] for name in isolation.ENVIRONMENT} == isolation.ENVIRONMENT


def test_nothing_is_open_but_what_was_given(seen, is_notebook):
    found = dict(seen.pairs("descriptor"))
    kinds = {target.split(":")[0] for target in found.values()} - {"/dev/null", "pipe", "something"}
    if is_notebook:
        assert kinds <= {"socket", "anon_inode", "/memfd", "/cwd/probe.py"}
    else:
        assert set(found) == {"0", "1", "2"}
        assert kinds == set()


def test_no_namespace_of_ours_is_there(seen):
    ours = {kind: str(Path(f"/proc/self/ns/{kind}").readlink()) for kind in probe.NAMESPACES}
    found = dict(seen.pairs("namespace"))
    shared = {kind for kind, target in found.items() if target == ours[kind]}
    # With root's rights a box has a user id of its own instead, and nothing sets another time.
    assert shared <= ({"user", "time"} if os.geteuid() == 0 else {"time"})


def test_no_right_is_there(seen):
    found = dict((*pair, "")[:2] for pair in seen.pairs("status"))
    assert {found[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (found["NoNewPrivs"], found["Seccomp"], found["Groups"]) == ("1", "2", "")
    first, last = isolation.FIRST_UID, isolation.FIRST_UID + isolation.SLOTS
    assert all(first <= int(number) < last for name in ("Uid", "Gid") for number in found[name].split())


def test_only_sockets_of_the_policy_can_be_made(seen):
    """Those of a kernel that Jupyter starts are more: test_provisioner."""
    assert isolation.PLAIN_FAMILIES == (seccomp.AF_UNIX,)
    assert {family for family, _ in seen.pairs("socket")} == {"AF_UNIX"}
    assert "RAW" not in {kind for _, kind in seen.pairs("socket")}


def test_only_system_calls_of_the_policy_are_answered(seen):
    numbers = seccomp.ARCHITECTURES["x86_64"].numbers
    allowed = {numbers[name] for name in isolation.ALLOWED_CALLS}
    otherwise = {numbers[name]: errno.errorcode[error] for name, error in seccomp.REFUSALS.items()}
    answers = {int(number): answer for number, answer in seen.pairs("call")}
    assert set(answers) == set(probe.CALLS) - set(probe.NOT_ASKED)
    refused = {number: answer for number, answer in answers.items() if number not in allowed | UNFILTERED}
    assert {number: answer for number, answer in refused.items() if answer not in REFUSED} == {
        number: answer for number, answer in otherwise.items() if answer not in REFUSED
    }
    assert (answers[numbers["read"]], answers[numbers["getpid"]]) == ("EBADF", "done")
