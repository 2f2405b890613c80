"""The hazards of forking runs from one preloaded parent, one test or more for each, seen from outside."""

import json
import os
import re
import secrets
import subprocess
import time
from pathlib import Path

import pytest
from nbformat import v4

from sandboxes import channel
from sandboxes.cgroups import Groups
from sandboxes.isolation import FIRST_UID, SLOTS, ZYGOTE_UID
from sandboxes.results import RunStatus, SandboxUnavailable
from sandboxes.runner import run_notebook

from .conftest import KERNEL_PYTHON, text_of, wait_for
from .service_fixture import (
    LIMITS,
    Program,
    change,
    children_of,
    declare,
    declare_default,
    declare_light,
    family_of,
    holds,
    make_environment,
    namespaces_of,
    open_files,
    open_folder,
    program_of,
    run,
    serving,
    state_of,
    status_of,
    uid_of,
    waiting,
)

pytestmark = [
    pytest.mark.xdist_group("zygote"),
    pytest.mark.skipif(os.geteuid() != 0, reason="looks into processes of other accounts"),
]

# Loaded into a zygote: says what can be done there, and leaves what must not reach a run.
PROBE = """
import atexit, errno, json, os, socket, sys
host = json.loads({host!r})
def attempt(function, *arguments):
    try:
        function(*arguments)
        return "done"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
def read(path):
    with open(path, "rb") as stream:
        return stream.read(1)
def connect(family, address):
    with socket.socket(family) as end:
        end.settimeout(1)
        end.connect(address)
told = {{
    "files": {{path: attempt(read, path) for path in (
        "/etc/shadow", "/proc/1/root/etc/shadow", "/proc/1/environ", "/proc/1/mem", host["file"], host["socket"])}},
    "internet": attempt(connect, socket.AF_INET, ("127.0.0.1", host["port"])),
    "abstract": attempt(connect, socket.AF_UNIX, "\\0" + host["abstract"]),
    "signal": attempt(os.kill, host["pid"], 0),
    "stranger": attempt(os.chown, "/tmp", 12345, 12345),
    "device": attempt(os.mknod, "/tmp/device", 0o60666, os.makedev(8, 0)),
    "processes": [int(name) for name in os.listdir("/proc") if name.isdigit()],
    "path": sys.path,
    "writable": [path for path in sys.path if path and os.access(path, os.W_OK)],
    "environment": dict(os.environ),
    "flags": [sys.flags.optimize, sys.flags.inspect],
}}
os.write(2, b"probe " + json.dumps(told).encode() + b"\\n")
atexit.register(os.write, 1, b"the zygote's last words")
"""
STARTS_A_THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
# A service that is made to fail: `FAILING_STEP` in a box's environment names a step of its lock-down.
FAILING_STEP = """
_honest = _lock_down
def _lock_down(job, control):
    step, _, how = job["env"].get("FAILING_STEP", "").partition(" ")
    def fail(*arguments, **options):
        if how == "vanishes":
            os._exit(0)
        raise lockdown.StepFailed(f"{step} was made to fail")
    if step and (how != "when forked" or job["root"] == "/newroot"):
        setattr(lockdown, step, fail)
    _honest(job, control)
"""
SECRET, LOADED_SECRET = secrets.token_hex(16), secrets.token_hex(16)
PRELUDE = """
import ctypes, errno, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    return errno.errorcode[ctypes.get_errno()] if libc.syscall(number, *arguments) < 0 else "done"
def say(value):
    print(json.dumps(value), flush=True)
"""


@pytest.fixture(scope="module")
def places(host):
    """Interpreters by the name of their environment: what notebooks have; one with a probe; one with a thread."""
    with open_folder() as folder:
        yield {
            "python": KERNEL_PYTHON,
            "light": make_environment(folder / "light", probe=PROBE.format(host=json.dumps(host.told))),
            "threaded": make_environment(folder / "threaded", starts_a_thread=STARTS_A_THREAD),
        }


@pytest.fixture(scope="module")
def served(places, tmp_path_factory):
    """A service in an environment full of traps and secrets."""
    evil = tmp_path_factory.mktemp("evil")
    for name in ("numpy", "sitecustomize", "usercustomize"):
        (evil / f"{name}.py").write_text("import sys\nsys.is_poisoned = True\n")
    environment = {
        "SECRET_KEY": SECRET,
        "PYTHONPATH": str(evil),
        "PYTHONUSERBASE": str(evil),
        "PYTHONHASHSEED": "0",
        "PYTHONOPTIMIZE": "1",
    }
    declared = [
        declare_default("python", places["python"], display_name=LOADED_SECRET),
        declare_light("light", places["light"], "probe"),
        declare_light("threaded", places["threaded"], "starts_a_thread"),
    ]
    with serving("\n".join(declared), environment=environment, groups=[4, 4242]) as served:
        yield served


@pytest.fixture
def asked(served, monkeypatch):
    """The service, which boxes of the test are asked of."""
    monkeypatch.setenv("SANDBOXES_SOCKET", str(served.socket))
    return served


@pytest.fixture(params=[False, True], ids=["watched", "alone"])
def is_alone(request):
    """Is the program the only process of its box, or has it the first process beside it?"""
    return request.param


@pytest.fixture
def probed(asked):
    """What the probe in the zygote has told."""
    (told, *_) = [line for line in asked.said().splitlines() if line.startswith("probe ")]
    return json.loads(told.removeprefix("probe "))


# ── 1. Secrets ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_secrets_of_the_service_are_in_no_zygote_and_in_no_child(asked, places, is_alone):
    assert holds(asked.process.pid, SECRET)
    assert holds(asked.process.pid, LOADED_SECRET)
    with waiting(python=places["python"], is_alone=is_alone) as program:
        assert program.is_warm
        for pid in (asked.zygote("python"), *family_of(program.pid)):
            assert not holds(pid, SECRET)
            assert not holds(pid, LOADED_SECRET)


def test_a_zygote_cannot_read_the_process_that_was_once_the_service(probed):
    """The first process of its outer box is a fork of the service, with all its memory."""
    assert (probed["files"]["/proc/1/environ"], probed["files"]["/proc/1/mem"]) == ("EACCES", "EACCES")
    assert SECRET not in str(probed["environment"])


def test_the_work_of_one_learner_is_not_in_the_memory_of_the_next(asked, places, is_alone):
    work = secrets.token_hex(16)
    code = "import time\nwork = open('work').read()\nprint('here', flush=True)\ntime.sleep(600)"
    sent = {"work": work.encode()}
    with Program(code, python=places["python"], files=sent, is_alone=is_alone) as program:
        program.start()
        wait_for(program.out)
        assert any(holds(pid, work) for pid in family_of(program.pid))
    with waiting(python=places["python"], is_alone=is_alone) as program:
        assert not any(holds(pid, work) for pid in (asked.zygote("python"), *family_of(program.pid)))


# ── 2. File descriptors ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_child_has_its_streams_and_what_was_passed_and_no_other_file(asked, places, is_alone):
    passed = os.open("/dev/null", os.O_RDONLY)
    ours = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(ours, True)
    code = "import os\nprint(*sorted(int(number) for number in os.listdir('/proc/self/fd')))"
    done = run(code, python=places["python"], pass_fds=[passed], is_alone=is_alone)
    with waiting(python=places["python"], pass_fds=[passed], is_alone=is_alone) as program:
        assert len(family_of(program.pid)) == 2 - is_alone
        inside = program_of(program)
        assert set(open_files(inside)) == {0, 1, 2, passed}
        assert not [path for path in open_files(inside).values() if "socket" in path or "anon_inode" in path]
    os.close(passed)
    os.close(ours)
    # The one more is the folder being listed.
    assert set(map(int, done.out.split())) - {0, 1, 2, passed} == {min({3, 4} - {passed})}


def test_a_zygote_has_its_order_socket_and_no_other(asked, places):
    for _ in range(3):
        assert run("", python=places["python"]).is_warm
    files = open_files(asked.zygote("python"))
    assert set(files) == {0, 1, 2, 3}
    assert files[3].startswith("socket:")
    assert not [path for number, path in files.items() if number != 3 and not path.startswith("/")]


def test_the_launcher_of_a_zygote_has_nothing_of_the_service_open(asked):
    ours = set(open_files(asked.process.pid).values()) - {"/dev/null", str(asked.log)}
    for name in ("python", "light"):
        its = open_files(asked.ask()["zygotes"][name]["pid"])
        assert not ours & set(its.values())
        assert not [path for path in its.values() if "eventpoll" in path or path.startswith("pipe:")]


# ── 3. One run per child ─────────────────────────────────────────────────────────────────────────────────────────

LEAVES_TRACES = """
import builtins, os, sys, types, pandas, numpy
builtins.trace = pandas.trace = numpy.trace_of = 1
builtins.len = pandas.DataFrame = numpy.mean = None
sys.modules["trace_of_it"] = types.ModuleType("trace_of_it")
os.environ["TRACE"] = "1"
os.chdir("/tmp")
for folder in ("/cwd", "/tmp", "/dev/shm", "/tools"):
    open(f"{folder}/trace", "w").write("x")
print("left")
"""
LOOKS_FOR_TRACES = """
import builtins, os, sys, pandas, numpy
files = [f"{folder}/trace" for folder in ("/cwd", "/tmp", "/dev/shm", "/tools")]
print([hasattr(builtins, "trace"), hasattr(pandas, "trace"), hasattr(numpy, "trace_of"), "trace_of_it" in sys.modules,
       "TRACE" in os.environ, *map(os.path.exists, files)],
      len(pandas.DataFrame({"a": [1]})), numpy.mean([1, 3]), os.getcwd())
"""


def test_nothing_of_one_run_is_there_in_the_next(asked, places, is_alone):
    assert run(LEAVES_TRACES, python=places["python"], is_alone=is_alone).out == "left\n"
    done = run(LOOKS_FOR_TRACES, python=places["python"], is_alone=is_alone)
    assert done.is_warm
    assert done.out == f"{[False] * 9} 1 2.0 /cwd\n"


@pytest.mark.parametrize(
    "code",
    [
        "print('once')",
        "print('once', flush=True)\nraise SystemExit",
        "print('once', flush=True)\nraise BaseException",
        "import os\nprint('once', flush=True)\nos.execv('/bin/true', ['true'])",
        "import sys\nprint('once', flush=True)\nsys.excepthook = sys.stdout = sys.stderr = None\n1 / 0",
        "import atexit, os\nprint('once', flush=True)\natexit.register(lambda: 1 / 0)",
        "import atexit, os\nprint('once', flush=True)\natexit.register(os.fork)",
    ],
)
def test_a_child_runs_once_and_never_comes_back_to_the_zygote(asked, places, code, is_alone):
    zygote, forks = asked.zygote("light"), asked.ask()["zygotes"]["light"]["forks"]
    done = run(code, python=places["light"], is_alone=is_alone)
    assert done.is_warm
    assert done.out == "once\n"
    assert asked.zygote("light") == zygote
    assert asked.ask()["zygotes"]["light"]["forks"] == forks + 1
    wait_for(lambda: not children_of(zygote))


def test_what_the_zygote_would_do_at_its_end_is_not_done_at_the_end_of_a_child(asked, places, is_alone):
    code = "import atexit\natexit.register(print, 'my own last words')"
    done = run(code, python=places["light"], is_alone=is_alone)
    assert (done.is_warm, done.out) == (True, "my own last words\n")


# ── 4. Processes and namespaces ──────────────────────────────────────────────────────────────────────────────────


def test_the_first_process_is_the_first_in_namespaces_of_its_own(asked, places, is_alone):
    options = {"python": places["light"], "is_alone": is_alone}
    with waiting(**options) as one, waiting(**options) as other:
        assert one.is_warm
        assert other.is_warm
        seen = [namespaces_of(pid) for pid in (one.pid, other.pid, asked.zygote("light"), "self")]
        for kind in ("pid", "mnt", "net", "ipc", "uts", "cgroup"):
            assert len({each[kind] for each in seen}) == 4, kind
        assert len({each["user"] for each in seen[2:]}) == 2
        for box in (one, other):
            assert status_of(box.pid)["NSpid"].split()[-1] == "1"
            assert Path(f"/proc/{box.pid}/root/cwd").stat().st_dev not in (
                Path(f"/proc/{asked.zygote('light')}/root/cwd").stat().st_dev,
                Path("/").stat().st_dev,
            )


def test_the_first_process_reaps_what_is_left_alone(asked, places):
    code = """
import os
for _ in range(10):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)  # an orphan soon
        os._exit(0)
    os.wait()
"""
    with waiting(code, python=places["light"]) as program:
        wait_for(lambda: len(children_of(program.pid)) == 1)


def test_a_zygote_keeps_no_dead_child(asked, places, is_alone):
    for _ in range(3):
        run("", python=places["light"], is_alone=is_alone)
    wait_for(lambda: not children_of(asked.zygote("light")))


LAZY = """
import importlib, pkgutil, zoneinfo, datetime
import matplotlib.backends, pandas.io, sklearn, numpy
names = ["numpy.fft", "numpy.polynomial", "numpy.ma", "numpy.testing", "pandas.plotting", "sqlite3", "xml.sax"]
names += [f"matplotlib.backends.backend_{name}" for name in ("agg", "svg", "pdf", "ps", "template")]
for package, left_out in ((pandas.io, ("clipboard",)), (sklearn, ("conftest", "externals", "tests", "experimental"))):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if module.name.rpartition(".")[2] not in left_out and not module.name.rpartition(".")[2].startswith("_"):
            names.append(module.name)
missing = {}
for name in names:
    try:
        importlib.import_module(name)
    except Exception as error:
        missing[name] = repr(error)
import pandas.io.excel, sklearn.linear_model
hour = datetime.datetime(2025, 1, 1, tzinfo=zoneinfo.ZoneInfo("Asia/Bangkok")).utcoffset().seconds / 3600
slope = sklearn.linear_model.LinearRegression().fit([[1], [2]], [1, 2]).coef_.round().tolist()
print([len(names) > 50, missing, hour, slope])
"""


def test_what_is_imported_late_can_still_be_imported_in_a_child(asked, places):
    done = run(LAZY, python=places["python"])
    assert done.is_warm
    assert done.out == "[True, {}, 7.0, [1.0]]\n", done


# ── 5. Order, and failing closed ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def failing(places):
    """A service whose boxes can be made to fail at a step; with environments that start warm and cold."""
    with open_folder() as folder:
        cold = make_environment(folder / "cold")
        declared = declare_light("light", places["light"]) + declare("cold", cold)
        with serving(declared, package=change(folder, {"first_process.py": FAILING_STEP})) as failing:
            yield failing, {"warm": places["light"], "cold": cold}


@pytest.fixture
def payloads(monkeypatch):
    """File descriptors of what was sent into boxes: whoever reads it moves them away from the third byte."""
    sent, send = [], channel.send

    def keep(end, message, fds=()):
        if "payload" in message.get("fds", ()):
            os.lseek(fds[0], 3, os.SEEK_SET)
            sent.append(os.dup(fds[0]))
        send(end, message, fds)

    monkeypatch.setattr(channel, "send", keep)
    yield sent
    for fd in sent:
        os.close(fd)


STEPS = ("calm_signals", "die_first", "unshare", "build_tree", "raise_loopback", "become", "limit_resources")
STEPS = (*STEPS, "restrict_files")


@pytest.mark.parametrize("how", ["refused", "vanishes"])
@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize("step", STEPS)
def test_a_box_that_cannot_be_locked_is_refused_before_anything_of_the_learner_is_read(
    failing, payloads, monkeypatch, step, start, how, is_alone
):
    service, pythons = failing
    monkeypatch.setenv("SANDBOXES_SOCKET", str(service.socket))
    forks = service.ask()["zygotes"]["light"]["forks"]
    code = "print('it runs')"
    env = {"FAILING_STEP": f"{step} {how}"}
    sent = {"work": b"of a learner"}
    with Program(code, python=pythons[start], env=env, files=sent, is_alone=is_alone) as program:
        with pytest.raises(SandboxUnavailable, match=f"{step} was made to fail" if how == "refused" else "died"):
            program.start()
        assert (program.out(), program.err()) == ("", "")
    (payload,) = payloads
    assert os.lseek(payload, 0, os.SEEK_CUR) == 3
    assert service.ask()["zygotes"]["light"]["forks"] == forks + (start == "warm")


@pytest.mark.parametrize("step", STEPS)
def test_a_box_that_cannot_be_locked_only_when_it_is_forked_starts_cold(failing, payloads, monkeypatch, step):
    service, pythons = failing
    monkeypatch.setenv("SANDBOXES_SOCKET", str(service.socket))
    env, sent = {"FAILING_STEP": f"{step} when forked"}, {"work": b"of a learner"}
    done = run("print(open('work').read())", python=pythons["warm"], env=env, files=sent)
    assert (done.is_warm, done.out, done.err) == (False, "of a learner\n", "")
    assert f"{step} was made to fail" in service.said()
    wait_for(lambda: not children_of(service.zygote("light")))


@pytest.mark.parametrize("start", ["warm", "cold"])
@pytest.mark.parametrize("step", ["arrange_fds", "filter_calls"])
def test_a_program_that_cannot_be_locked_is_refused_before_it_begins(failing, monkeypatch, step, start, is_alone):
    service, pythons = failing
    monkeypatch.setenv("SANDBOXES_SOCKET", str(service.socket))
    env = {"FAILING_STEP": step}
    with Program("print('it runs')", python=pythons[start], env=env, is_alone=is_alone) as program:
        with pytest.raises(SandboxUnavailable, match=f"{step} was made to fail"):
            program.start()
        assert (program.out(), program.err()) == ("", "")


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_the_learner_s_work_is_read_where_no_step_fails(failing, payloads, monkeypatch, start):
    """What the tests above look at does move."""
    service, pythons = failing
    monkeypatch.setenv("SANDBOXES_SOCKET", str(service.socket))
    done = run("print(open('work').read())", python=pythons[start], files={"work": b"of a learner"})
    assert (done.is_warm, done.out) == (start == "warm", "of a learner\n")
    (payload,) = payloads
    assert os.lseek(payload, 0, os.SEEK_CUR) == len(b"of a learner")


def test_a_child_is_in_its_control_groups_before_it_holds_anything_of_the_learner(asked, places, is_alone):
    def groups_of(pid):
        return set(re.findall(r"sandbox-\d+", Path(f"/proc/{pid}/cgroup").read_text()))

    possible = Groups.create("sandbox-70000", memory_bytes=1 << 30, processes=9)
    possible.remove()
    if not possible.limits_memory:
        pytest.skip("no control group can be written here")
    with waiting(python=places["light"], is_alone=is_alone) as program:
        for pid in family_of(program.pid):
            assert groups_of(pid) == {f"sandbox-{program.uid}"}
        assert groups_of(asked.zygote("light")) == {f"sandbox-{uid_of(asked.zygote('light'))}"}
    sent = {"work": b"x" * (40 << 20)}
    limits = LIMITS.with_(disk_bytes=64 << 20)
    done = run("", python=places["light"], files=sent, limits=limits, is_alone=is_alone)
    assert done.is_warm
    assert done.max_memory_bytes > 40 << 20


# ── 6. Threads ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_zygote_has_one_thread(asked, places):
    code = (
        "import numpy, os\nnumpy.ones((500, 500)) @ numpy.ones((500, 500))\nprint(len(os.listdir('/proc/self/task')))"
    )
    done = run(code, python=places["python"])
    assert (done.is_warm, done.out) == (True, "1\n")
    assert status_of(asked.zygote("python"))["Threads"] == "1"


def test_a_library_that_starts_a_thread_is_refused_plainly_and_its_environment_starts_cold(asked, places):
    assert "a preloaded library has started a thread" in asked.said()
    assert "threaded" in asked.ask()["cold"]
    done = run("print('it runs')", python=places["threaded"])
    assert (done.is_warm, done.out) == (False, "it runs\n")


# ── 7. Random numbers and hashes ─────────────────────────────────────────────────────────────────────────────────

DRAWS = """
import json, random, secrets, sqlite3, tempfile, uuid
import numpy as np, pandas as pd
from sklearn.utils import check_random_state
from sklearn.datasets import make_blobs
print(json.dumps({
    "random": random.random(), "sample": random.sample(range(10**6), 3), "rand": np.random.rand(),
    "normal": np.random.standard_normal(), "default_rng": np.random.default_rng().random(), "uuid1": str(uuid.uuid1()),
    "uuid4": str(uuid.uuid4()), "secrets": secrets.token_hex(), "sklearn": check_random_state(None).random_sample(),
    "blobs": make_blobs(3, 1)[0].tolist(), "pandas": pd.Series(range(10**6)).sample(2).tolist(),
    "permutation": np.random.permutation(10**4).tolist()[:9], "name": tempfile.mktemp(),
    "sqlite": sqlite3.connect(":memory:").execute("select random()").fetchone()}))
"""


def test_two_children_draw_different_random_numbers(asked, places, is_alone):
    draws = [run(DRAWS, python=places["python"], is_alone=is_alone) for _ in range(3)]
    assert all(done.is_warm for done in draws)
    first, *others = [done.tells() for done in draws]
    for other in others:
        assert not [name for name in first if first[name] == other[name]]


def test_a_seed_still_means_what_it_means(asked, places, monkeypatch):
    code = "import random, numpy\nrandom.seed(1)\nnumpy.random.seed(1)\nprint(random.random(), numpy.random.rand())"
    warm = run(code, python=places["python"])
    monkeypatch.setenv("SANDBOXES_SOCKET", "/nobody")
    cold = run(code, python=places["python"])
    assert (warm.is_warm, cold.is_warm) == (True, False)
    assert warm.out == cold.out


@pytest.mark.parametrize("worn", ["MAX_FORKS = 3", "MAX_FORKS, MAX_AGE_SECONDS = 10**9, 8.0"], ids=["forks", "age"])
def test_a_worn_zygote_is_replaced_by_one_with_other_hashes_at_other_addresses(places, monkeypatch, worn):
    code = """
from ctypes import c_void_p, cast, pythonapi
print(hash('abc'), id(object), cast(pythonapi.Py_GetVersion, c_void_p).value)
"""
    with open_folder() as folder:
        package = change(folder, {"service.py": f"{worn}\n"})
        with serving(declare_light("light", places["light"]), package=package) as service:
            monkeypatch.setenv("SANDBOXES_SOCKET", str(service.socket))
            launcher, zygote = service.ask()["zygotes"]["light"]["pid"], service.zygote("light")
            runs, deadline = [], time.monotonic() + 40
            while service.ask()["zygotes"]["light"]["pid"] == launcher and time.monotonic() < deadline:
                runs.append(run(code, python=places["light"]))
            runs.append(run(code, python=places["light"]))
            wait_for(lambda: not Path(f"/proc/{zygote}").exists())
    assert all(done.is_warm for done in runs)  # there is no moment in which there is no zygote
    # Siblings have the same: it is why they are replaced.
    said = [done.out.split() for done in runs]
    assert said[:2] == said[:1] * 2
    assert not [number for number in said[0] if number in said[-1]]


KEEPS_NO_GENERATOR = """
import gc, random, sys
gc.unfreeze()  # what was there before the fork is out of the collector's sight, and it is what is looked for
seen = {id(thing): thing for thing in gc.get_objects()}
waiting = list(seen.values())
while waiting:
    more = {id(thing): thing for thing in gc.get_referents(*waiting) if id(thing) not in seen}
    seen |= more
    waiting = list(more.values())
kinds, allowed = [random.Random], [random._inst]
numpy = sys.modules.get("numpy")
if numpy is not None:
    from numpy.random import BitGenerator, Generator, RandomState, mtrand
    kinds += [BitGenerator, Generator, RandomState]
    from joblib._multiprocessing_helpers import _rand as names
    from sklearn.ensemble._hist_gradient_boosting.grower import TreeGrower
    from sklearn.ensemble._hist_gradient_boosting.splitting import Splitter
    ones = [numpy.ones(1, kind) for kind in ("u4", "u1", "u1", "i1")]
    splits = Splitter(numpy.ones((1, 1), "u1", "F"), ones[0], 0, *ones[1:], 0.0).rng
    (grows,) = [thing for thing in TreeGrower.__init__.__defaults__ if isinstance(thing, Generator)]
    allowed += [mtrand._rand, mtrand._rand._bit_generator, names._rng, splits, splits._bit_generator]
    allowed += [grows, grows.bit_generator]
found = [thing for thing in seen.values() if isinstance(thing, tuple(kinds))]
print(numpy is not None, len([thing for thing in found if thing in allowed]) == len(allowed))
print([repr(thing) for thing in found if thing not in allowed and type(thing) is not random.SystemRandom])
"""


@pytest.mark.parametrize("name", ["python", "light"])
def test_no_generator_of_random_numbers_is_there_before_a_run_but_those_that_begin_anew(asked, places, name, is_alone):
    """Any other would give the same numbers to all children of a zygote, and nobody would know that it is there.

    Allowed are the one behind `random`, which Python seeds anew in each child; the one behind `numpy.random` with its
    bits, which the child seeds before its program begins; and `SystemRandom`, which keeps nothing. And three of
    libraries that nobody draws from: the name of joblib's semaphore, drawn when it was imported, and what two private
    classes of scikit-learn would take were they not given the generator of their estimator, which they always are.
    """
    done = run(KEEPS_NO_GENERATOR, python=places[name], is_alone=is_alone)
    assert done.is_warm
    assert done.out == f"{name == 'python'} True\n[]\n", done.err


def test_no_generator_is_there_before_the_cells_of_a_notebook(asked, places):
    """With what is prepared for those that run notebooks, the shell among it."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(KEEPS_NO_GENERATOR)])
    result = run_notebook(notebook, files={}, limits=LIMITS, python=places["python"])
    assert text_of(result) == "True True\n[]\n"


# ── 8. Siblings ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_child_can_neither_see_nor_reach_its_siblings_nor_the_zygote(asked, places, is_alone):
    with waiting(python=places["light"], is_alone=is_alone) as sibling:
        code = f"""{PRELUDE}
say({{
    "traceme": call(101, 0, 0, 0, 0), "attach": call(101, 16, 1, 0, 0), "read": call(310, os.getpid(), 0, 0, 0, 0, 0),
    "write": call(311, os.getpid(), 0, 0, 0, 0, 0), "dumpable": call(157, 4, 1, 0, 0, 0),
    "kcmp": call(312, 1, 2, 0, 0, 0), "take_fd": call(438, 3, 0, 0), "is_dumpable": libc.prctl(3, 0, 0, 0, 0),
    "processes": [int(name) for name in os.listdir("/proc") if name.isdigit()],
    "sibling": [os.path.exists(f"/proc/{{pid}}") for pid in {[sibling.pid, asked.zygote("light"), os.getpid()]}],
    "parent": [os.access(f"/proc/1/{{name}}", os.R_OK) for name in ("mem", "environ", "root", "maps", "fd")],
    "uid": os.getuid(),
}})"""
        done = run(code, python=places["light"], is_alone=is_alone)
        assert done.is_warm
        seen = done.tells()
        assert sibling.uid == uid_of(sibling.pid)
        assert seen["uid"] == done.uid != sibling.uid
    refused = ("traceme", "attach", "read", "write", "dumpable", "kcmp", "take_fd")
    assert {name: seen[name] for name in refused} == dict.fromkeys(refused, "EPERM")
    assert seen["is_dumpable"] == 0
    assert len(seen["processes"]) == 1
    assert seen["sibling"] == [False] * 3
    assert is_alone or seen["parent"] == [False] * 5


# ── 9. Poisoned preloads ─────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_imported_from_where_somebody_could_write(asked, places, probed):
    assert probed["path"][0] == ""  # its working directory, which is empty and which nobody but the zygote has
    assert probed["writable"] == []
    code = "import os, sys\nprint([path for path in sys.path if path and os.access(path, os.W_OK)], sys.path[0] == '')"
    for name in ("python", "light"):
        assert run(code, python=places[name]).out == "[] True\n"


def test_what_one_run_puts_in_the_way_of_imports_does_not_reach_the_next(asked, places):
    poison = """
import os, site, sys
for folder in ("/cwd", "/tmp", "/tools", "/dev/shm", site.getusersitepackages()):
    os.makedirs(folder, exist_ok=True)
    for name in ("sitecustomize.py", "usercustomize.py", "numpy.py", "pandas.py", "x.py"):
        open(f"{folder}/{name}", "w").write("import sys; sys.is_poisoned = True")
    open(f"{folder}/x.pth", "w").write("import sys; sys.is_poisoned = True")
import x
print(sys.is_poisoned)
"""
    look = """
import sys, subprocess, numpy, pandas, sklearn
say = "import sys; print(hasattr(sys, 'is_poisoned'))"
print(hasattr(sys, "is_poisoned"), subprocess.run([sys.executable, "-c", say], capture_output=True, text=True).stdout)
try:
    import x
except ImportError:
    print("no x")
"""
    assert run(poison, python=places["python"]).out == "True\n"
    done = run(look, python=places["python"])
    assert (done.is_warm, done.out) == (True, "False False\n\nno x\n")


def test_how_python_was_set_up_for_the_service_means_nothing_to_a_zygote(asked, places, probed):
    named = {name for name in probed["environment"] if name.startswith("PYTHON")}
    assert named <= {"PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE"}
    assert probed["flags"] == [0, 0]
    code = "import sys\nprint(hash('abc'), hasattr(sys, 'is_poisoned'), __debug__)"
    fixed = subprocess.run([places["light"], "-c", code], env={"PYTHONHASHSEED": "0"}, capture_output=True, text=True)
    said = run(code, python=places["light"]).out.split()
    assert said[0] != fixed.stdout.split()[0]
    assert said[1:] == ["False", "True"]


# ── 10. Privilege ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_zygote_is_nobody_outside_its_own_namespaces(asked):
    for name in ("python", "light"):
        zygote = asked.zygote(name)
        status = status_of(zygote)
        (uid,) = set(status["Uid"].split() + status["Gid"].split())
        assert ZYGOTE_UID <= int(uid) < ZYGOTE_UID + SLOTS
        assert status["Groups"] == ""
        assert status["NoNewPrivs"] == "1"
        ours, its = namespaces_of("self"), namespaces_of(zygote)
        assert not [kind for kind in ours if ours[kind] == its[kind]]
        for kind in ("uid_map", "gid_map"):
            ids = Path(f"/proc/{zygote}/{kind}").read_text().split()
            assert list(map(int, ids)) == [0, int(uid), 1, FIRST_UID, FIRST_UID, SLOTS]
        devices = Path(f"/proc/{zygote}/net/dev").read_text().splitlines()[2:]
        assert [device.split(":")[0].strip() for device in devices] == ["lo"]
        assert state_of(zygote) == "S"


def test_a_zygote_reaches_nothing_of_the_machine(asked, host, probed):
    closed = {"EACCES", "ENOENT"}
    assert set(probed["files"].values()) <= closed
    assert probed["files"]["/proc/1/root/etc/shadow"] in closed
    assert (probed["internet"], probed["abstract"]) == ("ECONNREFUSED", "ECONNREFUSED")
    assert host.is_untouched()
    assert probed["signal"] == "ESRCH"
    assert probed["stranger"] == "EINVAL"  # there is no such user in there
    assert probed["device"] == "EPERM"
    assert len(probed["processes"]) <= 3


def test_a_box_that_starts_cold_belongs_to_no_group_of_the_service(asked, places):
    assert status_of(asked.process.pid)["Groups"] == "4 4242"
    with waiting(python=places["threaded"]) as program:
        assert not program.is_warm
        assert [status_of(pid)["Groups"] for pid in family_of(program.pid)] == [""] * 2


def test_the_children_of_a_zygote_hold_no_right_at_all(asked, places, is_alone):
    with waiting(python=places["light"], is_alone=is_alone) as program:
        for pid in family_of(program.pid):
            status = status_of(pid)
            assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
            assert (status["NoNewPrivs"], status["Groups"]) == ("1", "")
        assert status_of(program_of(program))["Seccomp"] == "2"


KILLS = """
import contextlib, os
for pid in (-1, 1, os.getppid(), *range(3, 100), 0):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 9)
"""


def test_a_run_that_kills_all_it_can_kills_itself_at_most(asked, places):
    zygote = asked.zygote("light")
    with waiting(python=places["light"]) as neighbour:
        done = run(KILLS, python=places["light"])
        assert (done.ending.status, done.ending.signal) == (RunStatus.KERNEL_DIED, 9)
        alone = run(f"import os\nos.fork()\n{KILLS}", python=places["light"], is_alone=True)
        assert alone.ending.status is RunStatus.COMPLETED  # process 1 of a box cannot be killed from inside
        assert neighbour.poll() is None
    assert asked.zygote("light") == zygote
