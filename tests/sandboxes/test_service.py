"""The sandbox service: what it is asked for, what is done to it, and that nothing of it is ever left."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from nbformat import v4

from sandboxes import isolation, service
from sandboxes.limits import Limits
from sandboxes.results import RunStatus, SandboxUnavailable
from sandboxes.runner import run_notebook

from .conftest import KERNEL_PYTHON, PROJECT, wait_for
from .corpus import Incident, Watch
from .pictures import look_alike, opened
from .service_fixture import (
    Program,
    change,
    children_of,
    declare,
    declare_default,
    declare_light,
    family_of,
    left_by,
    living,
    make_environment,
    open_files,
    open_folder,
    run,
    serving,
    waiting,
)

pytestmark = pytest.mark.xdist_group("service")

KERNEL_PRELOAD = ["pandas", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipykernel.kernelapp"]


@pytest.fixture(scope="module")
def places():
    """Interpreters by the name of their environment; "unknown" is not declared."""
    with open_folder() as folder:
        made = {name: make_environment(folder / name) for name in ("light", "broken", "cold", "unknown")}
        yield made | {"python": KERNEL_PYTHON}


@pytest.fixture(scope="module")
def light(places):
    """What to declare for a service that is ready in no time."""
    return declare_light("light", places["light"])


@pytest.fixture(scope="module")
def served(places, light):
    declared = [
        declare("python", places["python"], preload=KERNEL_PRELOAD, warm_up="1 / 0"),
        declare_light("broken", places["broken"], "a_module_that_is_missing"),
        declare("cold", places["cold"]),
    ]
    with serving("\n".join([light, *declared])) as served:
        yield served


@pytest.fixture
def asked(served, monkeypatch):
    """The service that all tests share, which boxes of the test are asked of."""
    monkeypatch.setenv("SANDBOXES_SOCKET", str(served.socket))
    return served


@pytest.fixture
def serve(light, monkeypatch):
    """Start a service of the test's own, for what would disturb others."""

    def start(*options, **more):
        class Started:
            def __enter__(self):
                self.context = serving(light, *options, **more)
                started = self.context.__enter__()
                monkeypatch.setenv("SANDBOXES_SOCKET", str(started.socket))
                return started

            def __exit__(self, *error):
                self.context.__exit__(*error)

        return Started()

    return start


def belongings(served):
    """What belongs to a service at this moment: processes, open files, mounts."""
    mounts = Path(f"/proc/{served.process.pid}/mountinfo").read_text()
    return set(family_of(served.process.pid)), sorted(open_files(served.process.pid).values()), mounts


def at_rest(served):
    """The same once what an earlier test began is over: two looks, a fifth of a second apart, see the same."""
    seen = []

    def same_twice():
        seen.append(belongings(served))
        time.sleep(0.2)
        return belongings(served) == seen[-1]

    wait_for(same_twice, seconds=30)
    return seen[-1]


def leaves_nothing(served, before):
    """Everything that belongs to the service is what it was; a failure shows the difference."""
    deadline = time.monotonic() + 30
    while (now := belongings(served)) != before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert now == before


# ── Warm or cold, it is the same ─────────────────────────────────────────────────────────────────────────────────

TELLS = """
import os, signal, sys
import __main__
names = ("__name__", "__file__", "__doc__", "__package__", "__builtins__")
print(sys.argv, sys.path, sys.orig_argv, sys.executable, sys.prefix)
print(os.getcwd(), os.getpid(), os.getppid(), os.umask(0))
print({name: str(vars(__main__).get(name)) for name in names}, sys.modules["__main__"] is __main__, __main__.TELLS)
print({number.name: signal.getsignal(number) for number in signal.Signals if signal.getsignal(number)})
print(sorted(os.environ.items()), [name for name in sys.modules if "sandbox" in name])
print(sys.stdin.read(), sys.stdin.encoding, sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.errors)
""".replace("import __main__\n", "import __main__\nTELLS = 1\n")
FAILS = "def fail():\n    1 / 0\nfail()"
WRITES = "import os\nreading, writing = os.pipe()\nos.close(reading)\nos.write(writing, b'x')"
PROGRAMS = {
    "a text": ["-c", TELLS, "a", "-b"],
    "an isolated text": ["-I", "-c", "import sys; print(sys.argv, '' in sys.path)"],
    "a file": ["/tools/tells.py", "a", "-b"],
    "a file in the working directory": ["tells.py"],
    "a file beside another": ["/tools/imports.py"],
    "a module": ["-m", "tells", "a", "-b"],
    "a module of the library": ["-m", "json.tool", "data.json"],
    "a module that is missing": ["-m", "nowhere"],
    "an exit code": ["-c", "import sys; sys.exit(3)"],
    "an exit code out of range": ["-c", "import sys; sys.exit(-1)"],
    "an exit with a text": ["-c", "import sys; sys.exit('ลาก่อน')"],
    "an exit without a word": ["-c", "raise SystemExit"],
    "an exit past everything": ["-c", "import os; print('lost'); os._exit(7)"],
    "an error in a file": ["/tools/fails.py"],
    "an error in a module": ["-m", "fails"],
    "an error that is handled": ["-c", f"import sys\nsys.excepthook = lambda *error: print(error[0])\n{FAILS}"],
    "a signal": ["-c", "import os; os.kill(os.getpid(), 15)"],
    "text that is not flushed": ["-c", "import sys; sys.stdout.write('out'); sys.stderr.write('err')"],
    "a pipe that nobody reads": ["/tools/writes.py"],
    "a thread that goes on": [
        "-c",
        "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('done'))).start()",
    ],
    "last words": ["-c", "import atexit; atexit.register(print, 'last words')"],
    "a child": ["-c", "import os\nprint(1, flush=True)\nif os.fork(): os.wait()\nprint(2)"],
    "a program of its own": [
        "-c",
        "import subprocess, sys; print(subprocess.run([sys.executable, '-c', 'print(7)'], capture_output=True))",
    ],
}
TOOLS = {"tells.py": TELLS, "imports.py": "import tells", "fails.py": FAILS, "writes.py": WRITES}
# What only a fresh interpreter can do: there even a service starts one.
OTHER_PROGRAMS = {
    "options": ["-W", "error", "-X", "utf8", "-c", "import sys; print(sys.warnoptions, sys.flags.utf8_mode)"],
    "optimized": ["-O", "-c", "print(__debug__)"],
    "standard input": ["-"],
    "nothing": [],
    "no text": ["-c"],
}


def came_of(done):
    return done.ending, done.out, done.err


def with_input(words, places, name, text="input"):
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    texts = {name: text.encode() for name, text in TOOLS.items()}
    files = texts | {"data.json": b'{"a": 1}'}
    try:
        return run(words, python=places[name], stdin=reading, tools=texts, files=files)
    finally:
        os.close(reading)


@pytest.mark.parametrize("words", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_does_warm_what_it_does_cold(asked, places, words, monkeypatch):
    warm = with_input(words, places, "light")
    monkeypatch.setenv("SANDBOXES_SOCKET", "/nobody")
    cold = with_input(words, places, "light")
    assert (warm.is_warm, cold.is_warm) == (True, False)
    assert came_of(warm) == came_of(cold)


@pytest.mark.parametrize("words", OTHER_PROGRAMS.values(), ids=OTHER_PROGRAMS)
def test_what_a_zygote_cannot_do_is_started_cold(asked, places, words, monkeypatch):
    by_service = with_input(words, places, "light", text="print('from input')")
    monkeypatch.setenv("SANDBOXES_SOCKET", "/nobody")
    by_us = with_input(words, places, "light", text="print('from input')")
    assert (by_service.is_warm, by_us.is_warm) == (False, False)
    assert came_of(by_service) == came_of(by_us)


NOTEBOOKS = {
    "speaks of itself": [
        "import os, sys, signal\nprint(sys.argv, sys.path, os.getcwd(), __name__, os.listdir(), sys.executable)",
        "print('out'); print('err', file=sys.stderr); sys.stdout.write('unflushed')",
        "print({number.name: str(signal.getsignal(number)) for number in signal.Signals if signal.getsignal(number)})",
        "1 / 0",
        "!echo from the shell; pwd",
        "%who",
        "import asyncio\nawait asyncio.sleep(0, 'awaited')",
        "r, w = os.pipe(); os.close(r); os.write(w, b'x')",
        "sys.exit('leaves')",
    ],
    "works with data": [
        "import pandas as pd, matplotlib.pyplot as plt\ndf = pd.read_csv('data.csv')\ndf",
        "df.groupby('ข')['ก'].mean()",
        "df.plot(x='ข', y='ก', title='ก'); plt.show()",
        "df.to_csv('out.csv'); open('out.csv').read()",
        "df['missing']",
        "import warnings; warnings.warn('careful')",
    ],
    "dies": ["print('before', flush=True)", "import os; os._exit(3)", "print('after')"],
}


@pytest.mark.parametrize("cells", NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_a_notebook_does_warm_what_it_does_cold(asked, python, cells, monkeypatch):
    notebook = v4.new_notebook(cells=[v4.new_code_cell(text) for text in cells])
    files = {"data.csv": "ก,ข\n1,x\n2,x\n3,y\n".encode()}

    def came_of_it():
        result = run_notebook(notebook, files=files, limits=Limits(), python=python)
        data = [output.data for cell in result.notebook.cells for output in cell.outputs if "data" in output]
        pictures = [opened(each.pop("image/png")) for each in data if "image/png" in each]
        outputs = json.dumps([cell.outputs for cell in result.notebook.cells], ensure_ascii=False)
        outputs = re.sub(r"ipykernel_\d+", "ipykernel", outputs)  # a box of one process is process 1
        return (result.status, outputs), pictures

    forks = asked.ask()["zygotes"]["python"]["forks"]
    warm, drawn_once = came_of_it()
    assert asked.ask()["zygotes"]["python"]["forks"] == forks + 1
    monkeypatch.setenv("SANDBOXES_SOCKET", "/nobody")
    cold, drawn = came_of_it()
    assert cold == warm
    assert len(drawn) == len(drawn_once)
    assert all(map(look_alike, drawn_once, drawn))


# ── What starts cold ─────────────────────────────────────────────────────────────────────────────────────────────


def test_an_interpreter_that_is_not_declared_starts_cold_from_a_launcher_of_the_caller(asked, places):
    with waiting(python=places["unknown"]) as program:
        assert not program.is_warm
        assert program.launcher_pid in children_of(os.getpid())


def test_an_environment_without_preloads_starts_cold_from_a_launcher_of_the_service(asked, places):
    with waiting(python=places["cold"]) as program:
        assert not program.is_warm
        assert program.launcher_pid in children_of(asked.process.pid)
    assert "cold" in asked.ask()["cold"]


def test_an_environment_whose_preloads_are_missing_starts_cold_and_the_service_says_so(asked, places):
    done = run("print('it runs')", python=places["broken"])
    assert (done.is_warm, done.out) == (False, "it runs\n")
    assert "broken" in asked.ask()["cold"]
    assert "No module named 'a_module_that_is_missing'" in asked.said()
    assert "the zygote of broken is lost" in asked.said()


def test_without_a_service_everything_starts_cold(places, monkeypatch, tmp_path):
    monkeypatch.setenv("SANDBOXES_SOCKET", str(tmp_path / "nobody"))
    assert service.status() is None
    done = run("print('it runs')", python=places["light"])
    assert (done.is_warm, done.out) == (False, "it runs\n")


# ── What dies ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_when_a_zygote_is_killed_its_runs_go_on_and_another_takes_its_place(serve, places):
    with serve() as started:
        reading, writing = os.pipe()
        with Program("print(input())", python=places["light"], stdin=reading) as program:
            program.start()
            os.close(reading)
            assert program.is_warm
            zygote = started.zygote("light")
            os.kill(zygote, signal.SIGKILL)
            assert run("print('it runs')", python=places["light"]).out == "it runs\n"
            wait_for(lambda: started.is_warm("light"))
            assert started.zygote("light") != zygote
            assert run("", python=places["light"]).is_warm
            assert program.poll() is None
            os.write(writing, b"to its end\n")
            os.close(writing)
            assert program.wait(10).status is RunStatus.COMPLETED
            assert program.out() == "to its end\n"
        assert "the zygote of light is lost" in started.said()


def test_when_the_launcher_of_a_zygote_is_killed_another_takes_its_place_and_nothing_is_left(serve, places):
    with serve() as started:
        before = belongings(started)
        for _ in range(3):
            launcher = started.ask()["zygotes"]["light"]["pid"]
            family = family_of(launcher)
            with waiting(python=places["light"]) as program:
                os.kill(launcher, signal.SIGKILL)
                assert program.wait(10).status is RunStatus.SANDBOX_FAILED
            wait_for(lambda family=family: not living(family))
            wait_for(lambda: started.is_warm("light"))
        assert [len(each) for each in belongings(started)] == [len(each) for each in before]


def test_when_a_launcher_is_killed_its_box_ends_and_that_is_our_failure(asked, places):
    with waiting(python=places["cold"]) as program:
        family = family_of(program.pid)
        os.kill(program.launcher_pid, signal.SIGKILL)
        assert program.wait(10).status is RunStatus.SANDBOX_FAILED
        wait_for(lambda: not living(family))
        wait_for(lambda: not left_by({program.uid}))


@pytest.mark.parametrize("is_alone", [False, True])
def test_when_the_service_is_killed_its_warm_boxes_end_and_that_is_our_failure(serve, places, is_alone):
    with serve() as started, waiting(python=places["light"], is_alone=is_alone) as program:
        assert program.launcher_pid == started.process.pid
        family = family_of(program.pid)
        started.process.kill()
        assert program.wait(10).status is RunStatus.SANDBOX_FAILED
        wait_for(lambda: not living(family))


@pytest.mark.parametrize("name", ["light", "cold"])
def test_when_the_first_process_of_a_box_is_killed_that_is_our_failure(asked, places, name):
    with waiting(python=places[name]) as program:
        family = family_of(program.pid)
        os.kill(program.pid, signal.SIGKILL)
        ending = program.wait(10)
        assert (ending.status, ending.exit_code) == (RunStatus.SANDBOX_FAILED, None)
        wait_for(lambda: not living(family))


def test_when_a_zygote_stands_still_boxes_start_cold_within_seconds(serve, places):
    with serve() as started:
        zygote = started.zygote("light")
        os.kill(zygote, signal.SIGSTOP)
        began_at = time.monotonic()
        done = run("print('it runs')", python=places["light"])
        assert (done.is_warm, done.out) == (False, "it runs\n")
        assert time.monotonic() < began_at + 8
        os.kill(zygote, signal.SIGCONT)
        assert run("", python=places["light"]).is_warm
        wait_for(lambda: not children_of(zygote))  # what was ordered meanwhile came to nothing


def test_when_the_service_is_killed_everything_ends_and_another_can_begin_at_the_same_place(serve, places, tmp_path):
    with serve(folder=tmp_path) as started:
        family = family_of(started.process.pid)
        with waiting(python=places["light"]) as program, waiting(python=places["unknown"]) as ours:
            family |= family_of(program.pid)
            started.kill()
            assert program.wait(15).status is RunStatus.SANDBOX_FAILED
            assert ours.poll() is None
        wait_for(lambda: not living(family))
        assert run("", python=places["light"]).is_warm is False
        with serve(folder=tmp_path) as another:
            assert another.socket == started.socket
            assert run("", python=places["light"]).is_warm


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_when_the_service_is_told_to_stop_everything_ends_at_once(serve, places, number):
    with (
        serve("--places", 1) as started,
        waiting(python=places["light"]) as program,
        waiting(python=places["light"]) as other,
        service.place(1),
    ):
        family = family_of(started.process.pid)
        assert {program.pid, other.pid} <= set(family)
        waits = threading.Thread(target=_enter, args=(service.place(1),))
        waits.start()
        wait_for(lambda: started.ask()["waiting"] == 1)
        began_at = time.monotonic()
        started.process.send_signal(number)
        assert started.process.wait(10) == 0
        assert time.monotonic() < began_at + 5
        assert not living(family)
        assert not started.socket.exists()
        assert program.wait(1).status is RunStatus.SANDBOX_FAILED
        assert other.wait(1).status is RunStatus.SANDBOX_FAILED
        waits.join(5)
        assert not waits.is_alive()


SLOW_TO_REMOVE = """
_honest = _remove
def _remove(folder):
    time.sleep(0.2)
    _honest(folder)
"""


def test_a_service_that_stops_leaves_no_group_of_a_box_that_has_just_ended(serve, places):
    with open_folder() as folder, serve(package=change(folder, {"cgroups.py": SLOW_TO_REMOVE})) as started:
        done = run("", python=places["light"])
        started.process.terminate()
        assert started.process.wait(10) == 0
        assert left_by({done.uid}) == []


def _enter(place):
    with place:
        pass


def test_two_services_do_not_share_a_place(serve, light, places, tmp_path):
    with serve() as started:
        (tmp_path / "environments.toml").write_text(light)
        command = [sys.executable, "-m", "sandboxes", "serve", "--socket", started.socket]
        command += ["--environments", tmp_path / "environments.toml"]
        second = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=20)
        assert (second.returncode, second.stdout) == (3, "")
        assert second.stderr == f"no service: a sandbox service is already listening at {started.socket}\n"
        assert run("", python=places["light"]).is_warm


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--environments", "/nowhere.toml"], "error: /nowhere.toml cannot be read: No such file or directory"),
        (["--group", "no-such-group"], "error: "),
        (["--socket", "/nowhere/s"], "no service: the service cannot listen at /nowhere/s: No such file or directory"),
    ],
)
def test_a_service_that_cannot_begin_says_why_in_one_line(options, text):
    command = [sys.executable, "-m", "sandboxes", "serve", "--socket", "/nowhere/s", *options]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=20)
    assert done.returncode in (2, 3)
    assert done.stderr.startswith(text)
    assert len(done.stderr.splitlines()) == 1


# ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Runs:
    """Runs that want a place, each in a thread; `order` is that in which they got it."""

    def __init__(self, served):
        self.served, self.order, self.threads, self.leave = served, [], [], {}

    def begin(self, name, memory_bytes=1):
        """Ask for a place, and come back when the service has heard of it."""
        self.leave[name] = threading.Event()
        self.threads.append(threading.Thread(target=self._hold, args=(name, memory_bytes), daemon=True))
        before = self._heard()
        self.threads[-1].start()
        wait_for(lambda: self._heard() == before + 1)

    def _heard(self):
        status = self.served.ask()
        return status["waiting"] + status["runs"]

    def _hold(self, name, memory_bytes):
        with service.place(memory_bytes):
            self.order.append(name)
            self.leave[name].wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for event in self.leave.values():
            event.set()
        for thread in self.threads:
            thread.join(5)


def test_who_comes_first_has_the_place_first(serve):
    with serve("--places", 1) as started, Runs(started) as runs:
        for name in "abc":
            runs.begin(name)
        wait_for(lambda: runs.order == ["a"])
        status = started.ask()
        assert (status["places"], status["runs"], status["waiting"]) == (1, 1, 2)
        runs.leave["a"].set()
        wait_for(lambda: len(runs.order) == 2)
        assert runs.order == ["a", "b"]
        runs.leave["b"].set()
        wait_for(lambda: len(runs.order) == 3)
        assert runs.order == ["a", "b", "c"]


def test_runs_together_take_no_more_memory_than_there_is_and_nobody_is_overtaken(serve):
    with serve("--places", 9, "--memory", 100) as started, Runs(started) as runs:
        runs.begin("first", 60)
        runs.begin("beside", 40)
        wait_for(lambda: runs.order == ["first", "beside"])
        runs.begin("large", 90)
        runs.begin("small", 20)
        assert started.ask()["waiting"] == 2
        runs.leave["beside"].set()
        wait_for(lambda: started.ask()["runs"] == 1)
        assert runs.order == ["first", "beside"]  # there is room for the small one, and it is not its turn
        runs.leave["first"].set()
        wait_for(lambda: runs.order == ["first", "beside", "large"])
        runs.leave["large"].set()
        wait_for(lambda: runs.order == ["first", "beside", "large", "small"])


def test_a_run_that_wants_more_than_there_is_runs_alone(serve):
    with serve("--places", 9, "--memory", 100) as started, Runs(started) as runs:
        runs.begin("huge", 1000)
        runs.begin("small")
        wait_for(lambda: runs.order == ["huge"])
        assert started.ask()["waiting"] == 1
        runs.leave["huge"].set()
        wait_for(lambda: runs.order == ["huge", "small"])


@pytest.mark.parametrize("is_waiting", [False, True])
def test_who_is_killed_leaves_the_place_and_the_queue(serve, is_waiting):
    code = "import time\nfrom sandboxes import service\nwith service.place(1):\n    time.sleep(600)"
    with serve("--places", 1) as started, Runs(started) as runs:
        if is_waiting:
            runs.begin("before")
        with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT) as killed:
            wait_for(lambda: started.ask()["runs"] + started.ask()["waiting"] == 1 + is_waiting)
            runs.begin("next")
            killed.kill()
        runs.leave.get("before", threading.Event()).set()
        wait_for(lambda: runs.order[-1:] == ["next"])


def test_who_waits_too_long_for_a_place_is_told_so(serve):
    with serve("--places", 1) as started, service.place(1):
        with pytest.raises(SandboxUnavailable, match="no room"), service.place(1, timeout=0.05):
            pytest.fail("there was no place")
        wait_for(lambda: started.ask()["waiting"] == 0)


def test_where_no_service_is_nobody_waits(monkeypatch, tmp_path):
    monkeypatch.setenv("SANDBOXES_SOCKET", str(tmp_path / "nobody"))
    with service.place(1), service.place(1):
        pass


# ── Hostile clients ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def connect(asked):
    """Connections to the service by which anything can be said."""
    ends = []

    def connect_one():
        end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        end.settimeout(10)
        end.connect(str(asked.socket))
        ends.append(end)
        return end

    yield connect_one
    for end in ends:
        end.close()


NONSENSE = {
    "nothing that is JSON": b"nonsense",
    "no text": b"\xff\xfe\x00",
    "no object": b"[]",
    "null": b"null",
    "no question": b"{}",
    "an unknown question": b'{"op": "shutdown"}',
    "a question of a wrong type": b'{"op": {"a": []}}',
    "a box of nothing": b'{"op": "box"}',
    "a box of a wrong type": b'{"op": "box", "python": ["x"]}',
    "a place without a size": b'{"op": "place"}',
    "a place of a text": b'{"op": "place", "memory_bytes": "1"}',
    "a place of less than nothing": b'{"op": "place", "memory_bytes": -1000000000000}',
    "a place of infinite size": b'{"op": "place", "memory_bytes": Infinity}',
    "a place of no number": b'{"op": "place", "memory_bytes": NaN}',
    "a place of a truth": b'{"op": "place", "memory_bytes": true}',
    "too many digits": b'{"op": "place", "memory_bytes": ' + b"9" * 100_000 + b"}",
    "too much": b'{"op": "status", "more": "' + b"x" * 170_000 + b'"}',
    "too deep": b"[" * 150_000,
    "too deep an object": b'{"op":' * 20_000,
}


@pytest.mark.parametrize("said", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_costs_the_connection_and_nothing_else(asked, connect, places, said):
    before = at_rest(asked)
    end = connect()
    end.send(said)
    assert end.recv(1) == b""
    assert asked.ask()["pid"] == asked.process.pid
    assert run("", python=places["light"]).is_warm
    leaves_nothing(asked, before)


REQUEST = {"argv": ["python", "-c", ""], "limits": {}, "env": {}, "sockets": [], "files_sent": [], "fds": []}
BAD_REQUESTS = {
    "nothing": {},
    "no program": {"argv": []},
    "a program that is a text": {"argv": "python"},
    "a program that is a number": {"argv": [1, 2]},
    "words that are numbers": {"argv": ["python", 1]},
    "a program that is none": {"argv": ["/nowhere"]},
    "unknown limits": {**REQUEST, "limits": {"dragons": 1}},
    "an unknown limit of a long name": {**REQUEST, "limits": {"a" * 159_800: 1}},
    "a program of a long name": {**REQUEST, "argv": ["/" + "a" * 159_700]},
    "limits of wrong types": {**REQUEST, "limits": {"wall_seconds": "x"}},
    "absurd limits": {**REQUEST, "limits": {"memory_bytes": -1}},
    "limits that are a list": {**REQUEST, "limits": [1]},
    "an environment that is a list": {**REQUEST, "env": [1]},
    "an environment of numbers": {**REQUEST, "env": {"A": 1}},
    "sockets that are a number": {**REQUEST, "sockets": 3},
    "files that are none": {**REQUEST, "files_sent": None},
    "files without a payload": {**REQUEST, "files_sent": [["/cwd", "x", 3]]},
    "more files than were passed": {**REQUEST, "fds": ["payload", 0, 1, 2]},
    "a folder in place of a number": {**REQUEST, "fds": ["/etc"]},
    "a role of a zygote": {**REQUEST, "role": "zygote", "user": "ask", "seccomp": None},
}


@pytest.mark.parametrize("request_of_it", BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_a_request_of_wrong_shape_is_refused_and_costs_nothing_else(asked, connect, places, request_of_it):
    before = at_rest(asked)
    end = connect()
    end.send(json.dumps({"op": "box", "python": str(places["light"])}).encode())
    assert json.loads(end.recv(1000)) == {"event": "ask"}
    end.send(json.dumps(request_of_it).encode())
    said = end.recv(100_000)
    assert not said or json.loads(said)["event"] == "failed"
    assert asked.ask()["pid"] == asked.process.pid
    assert run("", python=places["light"]).is_warm
    leaves_nothing(asked, before)


def test_a_connection_that_asks_twice_keeps_no_place(serve):
    with serve("--places", 1) as started:
        for second in ({"op": "place", "memory_bytes": 1}, {"op": "box", "python": "x"}, {"op": "status"}):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as end:
                end.settimeout(10)
                end.connect(str(started.socket))
                end.send(json.dumps({"op": "place", "memory_bytes": 1}).encode())
                assert json.loads(end.recv(1000)) == {"event": "granted"}
                end.send(json.dumps(second).encode())
                assert end.recv(1) == b""
                assert started.ask()["runs"] == 0


def test_many_who_say_nothing_hold_up_nobody(asked, connect, places):
    before = at_rest(asked)
    silent = [connect() for _ in range(200)]
    assert run("", python=places["light"]).is_warm
    for end in silent:
        end.close()
    leaves_nothing(asked, before)


def test_a_service_that_may_open_no_more_files_goes_on_when_it_may(serve, places):
    with serve() as started:
        zygote = started.zygote("light")
        resource.prlimit(started.process.pid, resource.RLIMIT_NOFILE, (64, 64))
        ends = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(100)]
        for end in ends:
            end.connect(str(started.socket))
        wait_for(lambda: len(open_files(started.process.pid)) == 64)
        os.kill(zygote, signal.SIGKILL)  # no other can be started just now
        wait_for(lambda: "could not be started" in started.said())
        for end in ends:
            end.close()
        wait_for(lambda: len(open_files(started.process.pid)) < 20)
        wait_for(lambda: started.is_warm("light"))
        assert run("", python=places["light"]).is_warm


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_socket_that_is_somebody_else_s_is_not_spoken_to(places, monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        listener.setblocking(False)
        os.chown(tmp_path / "s", 12345, 12345)
        monkeypatch.setenv("SANDBOXES_SOCKET", str(tmp_path / "s"))
        assert service.connect(places["light"]) is None
        assert service.status() is None
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_link_to_a_socket_is_not_followed(asked, places, monkeypatch, tmp_path):
    (tmp_path / "link").symlink_to(asked.socket)
    monkeypatch.setenv("SANDBOXES_SOCKET", str(tmp_path / "link"))
    assert service.connect(places["light"]) is None


def test_only_the_service_s_own_account_may_ask(asked):
    assert asked.socket.stat().st_mode & 0o777 == 0o600


# ── Many boxes ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_fifty_boxes_at_once_leave_nothing(asked, places):
    before = at_rest(asked)
    programs = [Program("import time; time.sleep(600)", python=places["light"]) for _ in range(50)]
    for program in programs:
        program.start()
    assert all(program.is_warm for program in programs)
    assert len({program.uid for program in programs}) == (50 if os.geteuid() == 0 else 1)
    assert asked.ask()["boxes"] == 50
    for program in programs:
        program.__exit__(None, None, None)
    leaves_nothing(asked, before)
    wait_for(lambda: asked.ask()["boxes"] == 0)
    wait_for(lambda: not left_by({program.uid for program in programs}))


def test_two_hundred_boxes_one_after_another_leave_nothing(asked, places):
    before, zygote = at_rest(asked), asked.zygote("light")
    files = set(open_files(zygote))
    ours = len(open_files(os.getpid()))
    for number in range(200):
        done = run(f"print({number})", python=places["light"])
        assert (done.is_warm, done.out) == (True, f"{number}\n")
    leaves_nothing(asked, before)
    assert (asked.zygote("light"), set(open_files(zygote))) == (zygote, files)
    assert len(open_files(os.getpid())) == ours


RUNS = int(os.environ.get("RUNS", "60"))
WELL_AND_BADLY = (
    "behaves",
    "leaves_processes_behind",
    "never_ends",
    "kills_its_kernel",
    "leaves_a_note",
    "becomes_a_daemon",
)


def lying_about(folder):
    """What lies in a folder, and what accounts of boxes have where everybody may write."""
    found = sorted(folder.rglob("*"))
    ids = range(isolation.FIRST_UID, isolation.ZYGOTE_UID + isolation.ZYGOTE_SLOTS)
    for path in [path for place in ("/tmp", "/dev/shm") for path in Path(place).iterdir()]:
        with suppress(FileNotFoundError):  # somebody else's, who has taken it away
            found += [path] if path.lstat().st_uid in ids else []
    return found


@pytest.mark.timeout(120 + 2 * RUNS)
def test_many_notebooks_run_well_and_badly_leave_nothing(places, monkeypatch, tmp_path):
    """`RUNS=500` for hundreds. The temporary folder is the test's own: others work in the machine's meanwhile.

    What `Watch` sees: our own files, threads and children, the state folder and its mounts, and of each box its
    processes and control groups. The locks of user ids stay by intention, one file for each.
    """
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    incidents = [Incident.read(WELL_AND_BADLY[number % len(WELL_AND_BADLY)]) for number in range(RUNS)]

    def status_of(incident):
        return run_notebook(incident.notebook, files={}, limits=incident.limits, python=places["python"]).status

    with serving(declare_default("python", places["python"])) as started:
        monkeypatch.setenv("SANDBOXES_SOCKET", str(started.socket))
        assert status_of(incidents[0]) is RunStatus.COMPLETED  # what is made once has been made
        before, lay_about, zygote = at_rest(started), lying_about(tmp_path), started.zygote("python")
        files = open_files(zygote)
        with Watch() as watch, ThreadPoolExecutor(4) as threads:
            statuses = list(threads.map(status_of, incidents))
        assert statuses == [incident.status for incident in incidents]
        assert (watch.is_warm, watch.left) == (True, [])
        assert started.ask()["zygotes"]["python"]["forks"] == RUNS + 1
        leaves_nothing(started, before)
        assert (started.zygote("python"), open_files(zygote), lying_about(tmp_path)) == (zygote, files, lay_about)


# ── As a plain account ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def account():
    """What a plain account tells of a service of its own."""
    if os.geteuid() != 0:
        pytest.skip("the tests run as a plain account already")
    code = f"from tests.sandboxes import service_fixture; service_fixture.try_out({str(KERNEL_PYTHON)!r})"
    command = [sys.executable, Path(__file__).with_name("plain_account.py"), PROJECT, code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if "new namespaces" in done.stderr:
        pytest.skip("this machine gives plain accounts no user namespace")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_plain_account_s_service_keeps_kernels_warm(account):
    assert account["notebook"] == ["COMPLETED", ["42\n"], 1]


def test_a_plain_account_s_forked_runs_are_held_to_their_limits(account):
    assert (account["eats"], account["never ends"]) == ("OUT_OF_MEMORY", "OUT_OF_TIME")


def test_a_plain_account_s_forked_runs_have_no_right_and_no_neighbour(account):
    # No capability, a filter, one process that is seen, and memory that no other process may look into.
    for name in ("itself", "itself alone"):
        assert account[name] == [True, "0" * 16, "2", "1", "0"]


def test_a_plain_account_s_zygote_cannot_read_the_process_that_was_once_the_service(account):
    assert account["environ"] == "EACCES"
