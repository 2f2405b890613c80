"""The steps of a launcher, many of which go beside one another in the service: who goes away, who holds up whom."""

import os
import resource
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sandboxes import channel
from sandboxes.launcher import Wait
from sandboxes.results import SandboxUnavailable

from .conftest import wait_for
from .service_fixture import (
    LIMITS,
    Program,
    change,
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
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="looks into processes of other accounts")


@pytest.fixture(scope="module")
def python():
    """An interpreter of an environment with a zygote."""
    with open_folder() as folder:
        yield make_environment(folder / "light")


@pytest.fixture
def served(python, monkeypatch):
    with serving(declare_light("light", python)) as started:
        monkeypatch.setenv("SANDBOXES_SOCKET", str(started.socket))
        yield started


@pytest.fixture(params=[False, True], ids=["watched", "alone"])
def is_alone(request):
    return request.param


def open_of(served):
    """How many files the service and its zygote have open."""
    return len(open_files(served.process.pid)), len(open_files(served.zygote("light")))


def open_when_idle(served):
    """The same once no run is left: whoever asked last has gone, and the answer to this question too."""
    wait_for(lambda: served.ask()["boxes"] == 0)
    seen = []
    wait_for(lambda: seen.append(open_of(served)) or seen[-5:] == [min(seen)] * 5)
    return seen[-1]


# ── Who goes away ────────────────────────────────────────────────────────────────────────────────────────────────

MAKES_A_SOCKET = """
import socket, sys, time
sys.stdin.read(1)
listener = socket.socket(socket.AF_UNIX)
listener.bind("/tools/s")
listener.listen()
time.sleep(600)
"""


class Client:
    """Asks the service for a box, step by step."""

    def __init__(self, served, python, code="import time; time.sleep(600)", *, sockets=(), is_alone=False):
        self.end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.end.settimeout(10)
        self.end.connect(str(served.socket))
        self.question = {"op": "box", "python": str(python)}
        self.request = {
            "argv": ["python", "-c", code],
            "limits": LIMITS.as_dict(),
            "env": {},
            "sockets": list(sockets),
            "is_alone": is_alone,
            "files_sent": [],
            "fds": ["payload", 0, 1, 2],
        }

    def ask(self):
        channel.send(self.end, self.question)
        assert channel.receive(self.end)[0] == {"event": "ask"}

    def send(self, stdin="/dev/null"):
        fds = [os.memfd_create("payload"), *(os.open(path, os.O_RDWR) for path in (stdin, "/dev/null", "/dev/null"))]
        channel.send(self.end, self.request, fds)
        for fd in fds:
            os.close(fd)

    def started(self):
        said, _ = channel.receive(self.end)
        assert (said["event"], said["is_warm"]) == ("started", True), said
        return said


def goes_at_once(client):
    pass


def goes_when_it_has_asked(client):
    client.ask()


def goes_with_its_request(client):
    client.ask()
    client.send()


def goes_in_the_middle_of_the_lock_down(client):
    client.ask()
    client.send()
    time.sleep(0.01)  # any moment will do: many are tried


def goes_when_its_program_runs(client):
    client.ask()
    client.send()
    client.started()


def sends_something_more(client):
    client.ask()
    client.send()
    client.end.send(b"more")


def sends_files_and_something_more(client):
    client.ask()
    client.send()
    client.started()
    with suppress(OSError):
        for _ in range(10):
            socket.send_fds(client.end, [b"x" * 100], [0, 1, 2])


def says_nothing_more_and_stays(client):
    client.ask()
    client.send()
    client.end.shutdown(socket.SHUT_WR)
    with suppress(channel.Closed):
        while channel.receive(client.end)[0]["event"] != "ended":
            pass


WAYS = (
    goes_at_once,
    goes_when_it_has_asked,
    goes_with_its_request,
    goes_in_the_middle_of_the_lock_down,
    goes_when_its_program_runs,
    sends_something_more,
    sends_files_and_something_more,
    says_nothing_more_and_stays,
)


@pytest.mark.parametrize("way", WAYS)
def test_whoever_goes_away_at_any_step_leaves_nothing(served, python, is_alone, way):
    before = open_when_idle(served)
    for _ in range(20):
        client = Client(served, python, is_alone=is_alone)
        way(client)
        client.end.close()
    wait_for(lambda: served.ask()["boxes"] == 0)
    assert run("print(1)", python=python, is_alone=is_alone).is_warm
    wait_for(lambda: open_of(served) == before)
    assert served.ask()["pid"] == served.process.pid


def test_whoever_does_not_take_the_connections_of_a_box_leaves_nothing(served, python):
    before = open_when_idle(served)
    for _ in range(5):
        reading, writing = os.pipe()
        client = Client(served, python, MAKES_A_SOCKET, sockets=["/tools/s"])
        client.ask()
        client.send(f"/proc/self/fd/{reading}")
        client.started()
        client.end.shutdown(socket.SHUT_RD)  # nothing reaches it any more, and nothing tells of that
        os.write(writing, b"x")
        wait_for(lambda: served.ask()["boxes"] == 0)
        for fd in (reading, writing):
            os.close(fd)
        client.end.close()
    wait_for(lambda: open_of(served) == before)


def test_boxes_of_both_kinds_leave_no_file_open(served, python):
    run("", python=python)
    before = open_when_idle(served)
    for number in range(60):
        done = run(f"print({number})", python=python, is_alone=bool(number % 2))
        assert (done.is_warm, done.out) == (True, f"{number}\n")
    wait_for(lambda: open_of(served) == before)


# ── Files and processes run out ──────────────────────────────────────────────────────────────────────────────────


def test_whichever_file_cannot_be_opened_the_service_goes_on(served, python, is_alone):
    run("", python=python, is_alone=is_alone)
    before = open_when_idle(served)
    _, hard = resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE)
    came_of_it = set()
    for more in range(1, 20):
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (before[0] + more, hard))
        with Program("print('it runs')", python=python, is_alone=is_alone) as program:
            try:
                program.start()
                program.wait(10)
                came_of_it.add(program.out())
            except SandboxUnavailable:
                came_of_it.add("refused")
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
        wait_for(lambda: served.ask()["boxes"] == 0)
    assert came_of_it <= {"refused", "it runs\n", ""}
    done = run("print('it runs')", python=python, is_alone=is_alone)
    assert (done.is_warm, done.out) == (True, "it runs\n")
    assert open_when_idle(served) == before


NO_MORE_PROCESSES = """
def _no_fork():
    raise BlockingIOError(11, "Resource temporarily unavailable")
_honest_start = Service._start_zygote
def _start(self, environment):
    os.fork = _honest_fork
    try:
        return _honest_start(self, environment)
    finally:
        os.fork = _no_fork
_honest_fork = os.fork
Service._start_zygote = _start
"""


def test_a_service_that_may_have_no_more_processes_refuses_what_starts_cold_and_goes_on(python, monkeypatch):
    with (
        open_folder() as folder,
        serving(declare_light("light", python), package=change(folder, {"service.py": NO_MORE_PROCESSES})) as served,
    ):
        monkeypatch.setenv("SANDBOXES_SOCKET", str(served.socket))
        for _ in range(2):
            refused = pytest.raises(SandboxUnavailable, match="Resource temporarily unavailable")
            with Program(["-O", "-c", ""], python=python) as program, refused:
                program.start()
            assert run("", python=python).is_warm


def test_numbers_of_files_above_a_thousand_are_numbers_like_others(served, python, is_alone):
    silent = []
    try:
        for _ in range(1100):
            end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            silent.append(end)
            end.connect(str(served.socket))
        wait_for(lambda: len(open_files(served.process.pid)) > 1100)
        for words, is_warm in (("print(1)", True), (["-O", "-c", "print(1)"], False)):
            done = run(words, python=python, is_alone=is_alone)
            assert (done.is_warm, done.out) == (is_warm, "1\n")
        for way in (goes_with_its_request, goes_when_its_program_runs):
            client = Client(served, python, is_alone=is_alone)
            way(client)
            client.end.close()
        wait_for(lambda: served.ask()["boxes"] == 0)
        with waiting(python=python, is_alone=is_alone) as program:
            family = family_of(program.pid)
            served.process.terminate()
            assert served.process.wait(10) == 0
            wait_for(lambda: not living(family))
    finally:
        for end in silent:
            end.close()


def test_a_wait_ends_with_its_time_and_names_what_is_ready():
    reading, writing = os.pipe()
    ours, theirs = channel.pair()
    with ours, theirs:
        assert Wait((reading, ours), 0.01).over() == []
        theirs.close()
        assert Wait((reading, ours)).over() == [ours]
        os.close(writing)
        assert Wait((reading, ours)).over() == [reading, ours]
    os.close(reading)


# ── Who holds up whom ────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def frozen(pid):
    """A process that does not end when it is killed, for a while."""
    place = Path("/sys/fs/cgroup/freezer")
    if not (place / "cgroup.procs").exists():
        pytest.skip("here nothing that is killed can be kept from ending")
    group = place / f"frozen-{pid}"
    group.mkdir()
    try:
        (group / "cgroup.procs").write_text(str(pid))
        (group / "freezer.state").write_text("FROZEN")
        wait_for(lambda: (group / "freezer.state").read_text() == "FROZEN\n")
        yield
    finally:
        (group / "freezer.state").write_text("THAWED")
        wait_for(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def holds_up_nobody(served, python):
    for _ in range(3):
        asked_at = time.monotonic()
        served.ask()
        assert time.monotonic() < asked_at + 0.5
    assert run("print(1)", python=python).is_warm


@root_only
def test_a_box_that_takes_long_to_end_holds_up_nobody(served, python, is_alone):
    client = Client(served, python, is_alone=is_alone)
    client.ask()
    client.send()
    pid = client.started()["pid"]
    family = family_of(pid)
    with frozen(max(family)):
        client.end.close()
        holds_up_nobody(served, python)
        assert living(family)
        assert served.ask()["boxes"] == 1
    wait_for(lambda: not living(family))
    wait_for(lambda: served.ask()["boxes"] == 0)


@root_only
def test_a_box_that_has_failed_and_takes_long_to_end_holds_up_nobody(served, python):
    code = "import os, time\nif os.fork() == 0: time.sleep(600)\n" + MAKES_A_SOCKET
    reading, writing = os.pipe()
    client = Client(served, python, code, sockets=["/tools/s"])
    client.ask()
    client.send(f"/proc/self/fd/{reading}")
    said = client.started()
    wait_for(lambda: len(family_of(said["pid"])) == 3)
    client.end.shutdown(socket.SHUT_RD)
    # The child of the program: its first process is still to say that there are sockets.
    with frozen(max(family_of(said["pid"]))):
        os.write(writing, b"x")
        holds_up_nobody(served, python)
    wait_for(lambda: served.ask()["boxes"] == 0)
    client.end.close()
    for fd in (reading, writing):
        os.close(fd)
    wait_for(lambda: not left_by({said["uid"]}))
