"""A program that is the first process of its box, or has it beside it: signals, orphans, limits and life lines."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from sandboxes.results import RunStatus

from .conftest import PROJECT, wait_for
from .service_fixture import (
    LIMITS,
    Program,
    children_of,
    declare_light,
    family_of,
    left_by,
    living,
    make_environment,
    open_folder,
    program_of,
    run,
    serving,
    state_of,
    waiting,
)

pytestmark = [
    pytest.mark.xdist_group("service"),
    pytest.mark.skipif(os.geteuid() != 0, reason="sends signals to processes of other accounts"),
]
# By then nothing runs any more of a box whose life line was cut.
LAST_SECONDS = 2


@pytest.fixture(scope="module")
def python():
    """An interpreter of an environment with a zygote."""
    with open_folder() as folder:
        yield make_environment(folder / "light")


@pytest.fixture
def serve(python, monkeypatch):
    """Start a service of the test's own, which boxes are asked of; it stops at the end."""
    with ExitStack() as opened:

        def start():
            started = opened.enter_context(serving(declare_light("light", python)))
            monkeypatch.setenv("SANDBOXES_SOCKET", str(started.socket))
            return started

        yield start


@pytest.fixture(scope="module")
def served(python):
    with serving(declare_light("light", python)) as started:
        yield started


@pytest.fixture
def asked(served, monkeypatch):
    monkeypatch.setenv("SANDBOXES_SOCKET", str(served.socket))
    return served


@pytest.fixture(params=[False, True], ids=["watched", "alone"])
def is_alone(request):
    return request.param


# ── Process 1 of its box ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_program_that_is_alone_is_the_first_process_and_the_only_one(asked, python):
    with waiting("import os; print(os.getpid(), os.getppid())", python=python, is_alone=True) as program:
        assert program.out() == "1 0\nhere\n"
        assert program_of(program) == program.pid
        assert list(family_of(program.pid)) == [program.pid]


def test_no_signal_from_inside_ends_or_stops_a_program_that_is_alone(asked, python):
    code = """
import os, signal
for number in signal.valid_signals():
    os.kill(1, number) if number not in (2, 11) else None
if os.fork() == 0:
    for number in (9, 19, 6, 15):
        os.kill(1, number)
    os._exit(0)
os.wait()
print("still here")
"""
    done = run(code, python=python, is_alone=True)
    assert (done.is_warm, done.out, done.ending.status) == (True, "still here\n", RunStatus.COMPLETED), done


@pytest.mark.parametrize("way", ["import os; os.abort()", "import ctypes; ctypes.string_at(0)"])
def test_a_program_that_is_alone_can_still_crash(asked, python, way):
    done = run(f"print('before', flush=True)\n{way}\nprint('after')", python=python, is_alone=True)
    assert done.out == "before\n"


ORPHANS = """
import os, time
made = 0
for _ in range(200):
    try:
        child = os.fork()
    except OSError:
        break
    if child == 0:
        try:
            if os.fork():
                os._exit(0)
        except OSError:
            os._exit(1)
        os._exit(0)  # an orphan, which its box's first process would have to bury
    made += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(made)
"""


def test_orphans_of_a_program_that_is_alone_are_held_to_the_limit_and_end_with_it(asked, python):
    done = run(ORPHANS, python=python, is_alone=True, limits=LIMITS.with_(processes=20))
    assert done.ending.status is RunStatus.COMPLETED
    assert 0 < int(done.out) < 20
    wait_for(lambda: not left_by({done.uid}))


STOPS_ALL = """
import os, signal
for _ in range(5):
    if os.fork() == 0:
        signal.signal(15, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_what_stands_still_ends_with_its_box(asked, python, is_alone):
    with waiting(STOPS_ALL, python=python, is_alone=is_alone) as program:
        inside = program_of(program)
        wait_for(lambda: [state_of(pid) for pid in children_of(inside)] == ["T"] * 5)
        family = family_of(program.pid)
    wait_for(lambda: not living(family), LAST_SECONDS)


# ── Limits ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_forked_program_has_the_limits_of_a_process(asked, python, is_alone):
    code = """
import json, resource
names = ("RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_MEMLOCK")
said = {name: resource.getrlimit(getattr(resource, name)) for name in names}
print(json.dumps(said | {"oom": open("/proc/self/oom_score_adj").read()}))
"""
    done = run(code, python=python, is_alone=is_alone, limits=LIMITS.with_(open_files=99, processes=33))
    assert done.is_warm
    assert json.loads(done.out) == {
        "RLIMIT_NOFILE": [99, 99],
        "RLIMIT_NPROC": [33, 33],
        "RLIMIT_CORE": [0, 0],
        "RLIMIT_FSIZE": [LIMITS.disk_bytes] * 2,
        "RLIMIT_MEMLOCK": [0, 0],
        "oom": "1000\n",
    }


# With a child that uses it up, so that no limit of a single process is what is met.
BEYOND = {
    "wall": ("import time; time.sleep(60)", {"wall_seconds": 1}, (RunStatus.OUT_OF_TIME, "wall clock limit")),
    "cpu": (
        "import os\nos.fork()\nwhile True: pass",
        {"cpu_seconds": 1},
        (RunStatus.OUT_OF_TIME, "CPU time limit"),
    ),
    "memory": (
        "import os, time\nfor _ in range(3): os.fork()\nx = bytearray(b'x' * 50_000_000)\ntime.sleep(60)",
        {"memory_bytes": 128 << 20},
        (RunStatus.OUT_OF_MEMORY, "memory limit"),
    ),
}


@pytest.mark.parametrize("name", BEYOND)
def test_a_forked_program_is_held_to_its_limits(asked, python, is_alone, name):
    code, limits, expected = BEYOND[name]
    with Program(code, python=python, is_alone=is_alone, limits=LIMITS.with_(**limits)) as program:
        program.start()
        assert program.is_warm
        family = family_of(program.pid)
        ending = program.wait(15)
        assert (ending.status, ending.detail) == expected
        wait_for(lambda: not living(family), LAST_SECONDS)


# ── Life lines ───────────────────────────────────────────────────────────────────────────────────────────────────

ASKS = """
import os, sys, time
from pathlib import Path
from sandboxes.box import Box
from sandboxes.limits import Limits
from tests.sandboxes.service_fixture import waiting
with waiting(python=Path(sys.argv[1]), is_alone=sys.argv[2] == "True") as program:
    print(program.pid, program.uid, program.is_warm, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("start", ["warm", "cold"])
def test_when_whoever_asked_is_killed_the_box_ends(asked, python, is_alone, start):
    environment = os.environ | ({"SANDBOXES_SOCKET": "/nobody"} if start == "cold" else {})
    words = [sys.executable, "-c", ASKS, python, str(is_alone)]
    with subprocess.Popen(words, cwd=PROJECT, stdout=subprocess.PIPE, text=True, env=environment) as asker:
        pid, uid, is_warm = asker.stdout.readline().split()
        assert is_warm == str(start == "warm")
        family = family_of(int(pid))
        assert living(family)
        asker.kill()
        wait_for(lambda: not living(family), LAST_SECONDS)
    wait_for(lambda: not left_by({int(uid)}))
    wait_for(lambda: asked.ask()["boxes"] == 0)


def test_when_the_service_is_killed_every_forked_box_ends(serve, python):
    started = serve()
    with ExitStack() as opened:
        boxes = [opened.enter_context(waiting(python=python, is_alone=alone)) for alone in (False, True) * 3]
        family = family_of(started.process.pid) | {pid: at for box in boxes for pid, at in family_of(box.pid).items()}
        began_at = time.monotonic()
        started.kill()
        assert {box.wait(5).status for box in boxes} == {RunStatus.SANDBOX_FAILED}
        wait_for(lambda: not living(family), LAST_SECONDS)
        assert time.monotonic() < began_at + LAST_SECONDS
    wait_for(lambda: not left_by({box.uid for box in boxes}))


@pytest.mark.parametrize("killed", ["launcher", "first process"])
def test_when_the_outer_box_of_a_zygote_ends_its_boxes_do_and_that_is_our_failure(serve, python, is_alone, killed):
    started = serve()
    with ExitStack() as opened:
        programs = [opened.enter_context(waiting(python=python, is_alone=is_alone)) for _ in range(5)]
        launcher = started.ask()["zygotes"]["light"]["pid"]
        (first,) = children_of(launcher)
        family = family_of(launcher)
        os.kill(launcher if killed == "launcher" else first, signal.SIGKILL)
        assert {program.wait(5).status for program in programs} == {RunStatus.SANDBOX_FAILED}
        wait_for(lambda: not living(family), LAST_SECONDS)
    wait_for(lambda: started.is_warm("light"))


def test_when_a_zygote_is_killed_its_boxes_go_on_until_nobody_wants_them(serve, python, is_alone):
    started = serve()
    with waiting(python=python, is_alone=is_alone) as program:
        family = family_of(program.pid)
        os.kill(started.zygote("light"), signal.SIGKILL)
        wait_for(lambda: "the zygote of light is lost" in started.said() and started.is_warm("light"))
        assert living(family) == set(family)
        assert program.poll() is None
    wait_for(lambda: not living(family), LAST_SECONDS)
    wait_for(lambda: not left_by({program.uid}))


def test_a_service_that_stands_still_ends_its_boxes_when_it_goes_on(serve, python, is_alone):
    started = serve()
    with waiting(python=python, is_alone=is_alone, limits=LIMITS.with_(wall_seconds=1)) as program:
        family = family_of(program.pid)
        os.kill(started.process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(TimeoutError):
                program.wait(1.5)
        finally:
            os.kill(started.process.pid, signal.SIGCONT)
        assert program.wait(5).status is RunStatus.OUT_OF_TIME
        wait_for(lambda: not living(family), LAST_SECONDS)
