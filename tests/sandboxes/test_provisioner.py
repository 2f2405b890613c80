"""Kernels in boxes as Jupyter's own programs start and use them: nbclient, and the managers of Jupyter Server.

Each test is one with the kernel manager and the clients of jupyter_client, found by kernel specification and entry
point. `sandbox-python` is forked from a zygote, `sandbox-plain` is the same kernel started cold.
"""

import asyncio
import contextlib
import json
import queue
import select
import socket
import tempfile
import time
import uuid
from pathlib import Path

import pytest
import zmq
from jupyter_client.manager import AsyncKernelManager, KernelManager
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import v4
from traitlets.config import Config

from sandboxes import environments, kernelspecs
from sandboxes.box import Box
from sandboxes.isolation import FIRST_UID
from sandboxes.limits import Limits
from sandboxes.provisioner import PORTS
from sandboxes.results import SandboxUnavailable
from sandboxes.runner import run_notebook as run_notebook_for_learner

from .conftest import wait_for
from .corpus import Incident, is_said, lines_of, names
from .service_fixture import declare, serving

SECONDS = 30
LIMITS = {"wall_seconds": 120, "cpu_seconds": 60, "memory_bytes": 512 << 20}
R = Path("/usr/bin/R")
HAS_R = R.exists() and any(
    Path(folder, "R/site-library/IRkernel").exists() for folder in ("/usr/lib", "/usr/local/lib")
)


@pytest.fixture(scope="module")
def served(python):
    """A service that keeps a zygote of one environment, and none of the others."""
    failing = ["python", "-c", "raise SystemExit('out of order')", "{connection_file}"]
    declared = [
        declare("python", python, preload=["ipykernel.kernelapp"]),
        declare("plain", python.with_name("python3"), display_name="Python 3, plain"),
        declare("failing", python.with_name(python.resolve().name), argv=failing),
    ]
    if HAS_R:
        argv = [str(R), "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"]
        shown = ["/etc/R", "/etc/alternatives"]
        fields = f"language = 'R'\nargv = {argv}\nread_only = {shown}"
        declared.append(f"[environments.r]\n{fields}\n")
    with serving("\n".join(declared)) as served:
        yield served


@pytest.fixture(autouse=True)
def folder(served, tmp_path, monkeypatch):
    """Where kernels put what they need out here; nothing of it is left."""
    monkeypatch.setenv("SANDBOXES_SOCKET", str(served.socket))
    monkeypatch.setenv("SANDBOXES_ENVIRONMENTS", str(served.socket.with_name("environments.toml")))
    kernelspecs.install(environments.load().values(), tmp_path / "jupyter")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert [path.name for path in tmp_path.iterdir() if path.name != "runtime"] == ["jupyter"]
    assert not list(tmp_path.glob("runtime/*"))


@pytest.fixture
def boxes(monkeypatch):
    """The boxes that were started, in their order."""
    started = []
    start = Box.start

    def remember(box):
        start(box)
        started.append(box)

    monkeypatch.setattr(Box, "start", remember)
    return started


@pytest.fixture
def kernels():
    """Start a kernel by its specification's name; returns its manager. ``config`` goes to the provisioner."""
    with contextlib.ExitStack() as ended:

        def start(name="sandbox-python", *, config=None, **options):
            manager = KernelManager(kernel_name=name)
            manager.kernel_spec.metadata["kernel_provisioner"]["config"] |= config or {}
            ended.callback(manager.shutdown_kernel, now=True)
            manager.start_kernel(**options)
            return manager

        yield start


@pytest.fixture
def connect():
    """Connect to a manager's kernel; returns the client once it hears and is heard."""
    with contextlib.ExitStack() as ended:

        def connect_one(manager):
            client = manager.client()
            client.session.session = str(uuid.uuid4())  # a kernel hears only the last of those with the same name
            ended.callback(client.stop_channels)
            client.start_channels()
            client.wait_for_ready(timeout=SECONDS)
            while True:  # a subscription takes a moment to arrive
                client.kernel_info()
                with contextlib.suppress(queue.Empty):
                    client.get_iopub_msg(timeout=0.5)
                    return client

        yield connect_one


def run(client, code, **options):
    """Run code; returns all that it said."""
    said = []
    client.execute_interactive(code, timeout=SECONDS, output_hook=said.append, **options)
    return "".join(map(text_of, said))


def text_of(message):
    content = message["content"]
    return content.get("text") or content.get("ename") or content.get("data", {}).get("text/plain", "")


def wait_for_text(client, text):
    """Wait until a client hears of something."""
    heard = ""
    while text not in heard:
        message = client.get_iopub_msg(timeout=SECONDS)
        heard += text_of(message) if message["msg_type"] == "stream" else ""


def run_notebook(name, *cells, **options):
    """Run a notebook with nbclient; returns what each cell said."""
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name=name, timeout=SECONDS, **options).execute()
    return ["".join(text_of({"content": output}) for output in cell.outputs) for cell in notebook.cells]


# ── nbclient ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("name", "is_warm"), [("sandbox-python", True), ("sandbox-plain", False)])
def test_nbclient_runs_a_notebook_in_a_box(boxes, name, is_warm):
    look = "import os, pathlib\nprint(os.getuid(), pathlib.Path('/etc/shadow').exists(), os.getcwd(), os.environ)"
    seen, result, error, after = run_notebook(name, look, "6 * 7", "1 / 0", "print('on')", allow_errors=True)
    (box,) = boxes
    assert box.is_warm is is_warm
    uid, has_shadow, place, variables = seen.split(maxsplit=3)
    assert int(uid) == box.uid >= FIRST_UID
    assert (has_shadow, place) == ("False", "/cwd")
    assert "JUPYTER" not in variables
    assert (result, error, after) == ("42", "ZeroDivisionError", "on\n")


def test_nbclient_sees_a_kernel_die(kernels):
    with pytest.raises(DeadKernelError):
        run_notebook("sandbox-python", "import os; os.kill(os.getpid(), 9)")


def test_nbclient_interrupts_a_cell_that_takes_too_long():
    notebook = v4.new_notebook(cells=[v4.new_code_cell("while True: pass"), v4.new_code_cell("'still here'")])
    options = {"timeout": 1, "interrupt_on_timeout": True, "allow_errors": True}
    NotebookClient(notebook, kernel_name="sandbox-python", **options).execute()
    stopped, after = (cell.outputs[0] for cell in notebook.cells)
    assert stopped.ename == "KeyboardInterrupt"
    assert after.data["text/plain"] == "'still here'"


def test_our_own_runner_leaves_nothing_either(python, folder):
    notebook = v4.new_notebook(cells=[v4.new_code_cell("print('hello')")])
    result = run_notebook_for_learner(notebook, files={}, limits=Limits(), python=python)
    assert result.notebook.cells[0].outputs[0].text == "hello\n"
    assert [path.name for path in folder.iterdir()] == ["jupyter"]


# ── What a kernel manager and its clients do ─────────────────────────────────────────────────────────────────────


def test_requests_and_replies_are_those_of_any_kernel(kernels, connect):
    client = connect(kernels())
    info = client.kernel_info(reply=True, timeout=SECONDS)["content"]
    assert info["language_info"]["name"] == "python"
    assert "isinstance" in client.complete("isinst", reply=True, timeout=SECONDS)["content"]["matches"]
    assert "Return the number" in client.inspect("len", reply=True, timeout=SECONDS)["content"]["data"]["text/plain"]


def test_a_question_to_the_learner_is_asked_and_answered(kernels, connect):
    client = connect(kernels())
    asked = []

    def answer(message):
        asked.append(message["content"]["prompt"])
        client.input("สมชาย")

    assert run(client, "print('hello', input('who? '))", allow_stdin=True, stdin_hook=answer) == "hello สมชาย\n"
    assert asked == ["who? "]


@pytest.mark.parametrize("name", ["sandbox-python", "sandbox-plain"])
def test_an_endless_loop_is_interrupted_by_message(kernels, connect, name):
    manager = kernels(name)
    client = connect(manager)
    # After an error a kernel passes over what comes for a moment, unless it is told not to: the next cell is not it.
    request = client.execute("x = 1\nprint('on', flush=True)\nwhile True: pass", stop_on_error=False)
    wait_for_text(client, "on")
    manager.interrupt_kernel()
    reply = client._recv_reply(request, timeout=SECONDS)["content"]
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    assert "1" in run(client, "x")


def test_a_restarted_kernel_is_another_one_at_the_same_address(kernels, connect, boxes):
    manager = kernels()
    client = connect(manager)
    address = manager.get_connection_info()
    run(client, "x = 1; open('file', 'w').close()")
    manager.restart_kernel()
    client.wait_for_ready(timeout=SECONDS)
    assert run(client, "import os; print('x' in globals(), os.listdir())") == "False []\n"
    assert manager.get_connection_info() == address
    first, second = boxes
    assert first.pid != second.pid
    assert manager.is_alive()


@pytest.mark.parametrize("now", [True, False])
def test_a_kernel_that_is_shut_down_is_gone(kernels, connect, now):
    manager = kernels()
    client = connect(manager)
    run(client, "import subprocess; subprocess.Popen(['sleep', '1000'])")
    assert manager.is_alive()
    manager.shutdown_kernel(now=now)
    assert not manager.is_alive()
    assert not manager.has_kernel


def test_a_kernel_that_is_killed_is_seen_to_be_dead_and_why(kernels, connect, caplog):
    manager = kernels()
    connect(manager).execute("import os; os.kill(os.getpid(), 9)")
    wait_for(lambda: not manager.is_alive())
    assert "has ended: KERNEL_DIED, signal 9" in caplog.text
    manager.restart_kernel(now=True)
    assert run(connect(manager), "print('again')") == "again\n"


def test_limits_hold_and_the_log_says_which(kernels, connect, caplog):
    manager = kernels(config={"limits": {"cpu_seconds": 2}})
    connect(manager).execute("while True: pass")
    wait_for(lambda: not manager.is_alive(), SECONDS)
    assert "has ended: OUT_OF_TIME, CPU time limit" in caplog.text


def test_a_signal_that_ends_programs_ends_the_kernel_and_no_other_does(kernels, connect):
    manager = kernels()
    manager.signal_kernel(2)
    assert run(connect(manager), "print('here')") == "here\n"
    manager.signal_kernel(15)
    assert not manager.is_alive()


def test_nothing_of_those_who_start_a_kernel_comes_in(kernels, connect, tmp_path):
    manager = kernels(env={"SECRET_KEY": "secret-of-platform-1"}, cwd=str(tmp_path))
    assert run(connect(manager), "import os; print(os.getcwd(), 'SECRET_KEY' in os.environ)") == "/cwd False\n"


def test_arguments_of_those_who_start_a_kernel_reach_it(kernels, connect):
    manager = kernels(extra_arguments=["--InteractiveShell.cache_size=77"])
    assert run(connect(manager), "print(get_ipython().cache_size)") == "77\n"


# ── Several clients ──────────────────────────────────────────────────────────────────────────────────────────────


def test_two_clients_of_one_kernel_hear_the_same(kernels, connect):
    manager = kernels()
    one, other = connect(manager), connect(manager)
    run(one, "print('from one')")
    wait_for_text(other, "from one")
    run(other, "print('from other')")
    wait_for_text(one, "from other")


def test_a_client_that_leaves_and_comes_back_finds_the_kernel_as_it_was(kernels, connect):
    manager = kernels()
    first = connect(manager)
    run(first, "x = 41")
    first.stop_channels()
    assert "42" in run(connect(manager), "x + 1")


def test_a_client_that_stops_reading_holds_up_no_other(kernels, connect):
    manager = kernels()
    client = connect(manager)
    with zmq.Context() as context, context.socket(zmq.SUB) as stuck:
        stuck.setsockopt(zmq.RCVHWM, 1)
        stuck.subscribe(b"")
        stuck.connect(f"ipc://{manager.ip}-{PORTS['iopub']}")
        while not stuck.poll(100):
            run(client, "print('are you there?')")
        for _ in range(10):
            assert run(client, "for _ in range(100): print('x' * 10000)") == ("x" * 10000 + "\n") * 100


# ── Learners against the gate ────────────────────────────────────────────────────────────────────────────────────

REPLACE = """
import os, socket
path = "/tools/kernel-1"  # of the shell channel
os.unlink(path)
"""
REPLACEMENTS = {
    "nothing": "",
    "a link to a socket outside": "os.symlink({outside!r}, path)",
    "a link to itself": "os.symlink(path, path)",
    "a file": "open(path, 'w').close()",
    "a folder": "os.mkdir(path)",
    "a pipe": "os.mkfifo(path)",
    "a socket of another kind": "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(path)",
    "a socket with a queue that is full": """
s = socket.socket(socket.AF_UNIX)
s.bind(path)
s.listen(0)
waiting = []
try:
    while True:
        waiting.append(socket.socket(socket.AF_UNIX))
        waiting[-1].setblocking(False)
        waiting[-1].connect(path)
except BlockingIOError:
    pass
""",
}


def open_socket(manager, channel):
    """Come to a channel with a bare socket."""
    end = socket.socket(socket.AF_UNIX)
    end.settimeout(SECONDS)
    end.connect(f"{manager.ip}-{PORTS[channel]}")
    return end


def is_let_in(manager, channel):
    """Does the kernel's socket greet those who come? False: they are sent away."""
    with open_socket(manager, channel) as end:
        return end.recv(1) == b"\xff"


@pytest.mark.parametrize("replacement", REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_a_socket_that_was_replaced_leads_nowhere_and_holds_up_nothing(kernels, connect, host, replacement):
    manager = kernels()
    client = connect(manager)
    assert is_let_in(manager, "shell")
    said = run(client, REPLACE + replacement.format(outside=host.told["socket"]) + "\nprint('replaced')")
    assert said == "replaced\n"
    assert not is_let_in(manager, "shell")
    assert is_let_in(manager, "iopub")
    assert run(client, "print('still here')") == "still here\n"
    assert host.is_untouched()


def test_a_socket_that_never_answers_holds_up_only_those_who_asked_for_it(kernels, connect):
    manager = kernels()
    client = connect(manager)
    run(client, REPLACE + "s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(64)")
    with open_socket(manager, "shell") as end:
        end.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                end.send(bytes(65536))
        assert is_let_in(manager, "iopub")
        assert run(client, "print('still here')") == "still here\n"
        assert not select.select([end], [], [], 0)[0]
        began = time.monotonic()
        manager.shutdown_kernel(now=True)
        assert time.monotonic() < began + 5


def test_a_flood_is_cut_with_a_clear_end(kernels, connect, caplog):
    manager = kernels(config={"allowed_bytes": 2 << 20})
    client = connect(manager)
    client.execute("while True: print('x' * 100_000)")
    wait_for(lambda: not manager.is_alive(), SECONDS)
    assert "has ended: TOO_MUCH_OUTPUT, it has sent more than 2097152 bytes" in caplog.text
    client.stop_channels()
    manager.restart_kernel(now=True)
    assert run(connect(manager), "print('again')") == "again\n"


LIES = {
    "a false key": "get_ipython().kernel.session.key = b'false'",
    "silence": "from jupyter_client.session import Session\nSession.send = lambda *_, **__: None",
    "no shell": "kernel = get_ipython().kernel\ntype(kernel).do_execute = kernel.do_execute = None",
    "a stopped loop": "import asyncio\nasyncio.get_running_loop().stop()",
    "a request to itself": """
import zmq
from ipykernel.connect import get_connection_info
from jupyter_client.session import Session
told = get_connection_info(unpack=True)
control = zmq.Context().socket(zmq.DEALER)
control.connect(f"{told['transport']}://{told['ip']}-{told['control_port']}")
Session(key=told['key']).send(control, 'shutdown_request', {'restart': False})
""",
    "frames without end": "get_ipython().kernel.iopub_socket.send_multipart([b'x' * 1_000_000] * 5_000, copy=False)",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_kernel_that_breaks_its_own_protocol_can_be_had_anew(kernels, connect, lie):
    manager = kernels(config={"allowed_bytes": 2 << 20})
    client = connect(manager)
    client.execute(lie)
    client.execute("print('OPEN')")
    client.stop_channels()
    began = time.monotonic()
    manager.restart_kernel(now=True)
    assert run(connect(manager), "print('again')") == "again\n"
    assert time.monotonic() < began + 10


NETWORK = """
import socket
for family in range(64):
    try:
        socket.socket(family, socket.SOCK_STREAM).close()
        print(family, end=' ')
    except OSError:
        pass
own = socket.create_server(('127.0.0.1', 0))
socket.create_connection(own.getsockname()).send(b'hello')
print(own.accept()[0].recv(5).decode())
for address in ADDRESSES:
    try:
        socket.create_connection(address, timeout=2)
        print('OPEN', address)
    except OSError:
        print('refused')
"""


def test_a_kernel_has_a_network_of_its_own_and_no_other(kernels, connect, host):
    addresses = [("127.0.0.1", host.told["port"]), ("192.0.2.1", 80), ("169.254.169.254", 80)]
    said = run(connect(kernels()), NETWORK.replace("ADDRESSES", repr(addresses)))
    assert said == "1 2 10 hello\n" + "refused\n" * 3
    assert host.is_untouched()


# What differs: the loopback of its own network is a kernel's (Jupyter's own threads meet there).
LOOPBACK = {
    "itself by another way: refused *": ("itself by another way: OPEN *",),
    "AF_UNIX STREAM DGRAM SEQPACKET": ("AF_UNIX *", "AF_INET STREAM DGRAM", "AF_INET6 STREAM DGRAM"),
}
# About the report of a run that is shown, which a kernel has not, or about limits that are not these kernels'.
OF_DISPLAY_RUNS = ("fills_the_disk", "forges_", "has_a_child_forge", "says_a_million", "shows_", "clears_", "stops_its")


def concerns_kernels(name):
    incident = Incident.read(name)
    is_alone = incident.status == "COMPLETED" and incident.runs == 1 and not incident.after
    return is_alone and not name.startswith(OF_DISPLAY_RUNS)


@pytest.mark.parametrize("name", list(filter(concerns_kernels, names())))
def test_a_kernel_gets_no_further_than_a_run_that_is_shown(host, name):
    incident = Incident.read(name)
    told = json.dumps({**host.told, "run": 0, "limits": incident.limits.as_dict()})
    incident.notebook.cells.insert(0, v4.new_code_cell(f"_ = open('host.json', 'w').write({told!r})"))
    NotebookClient(incident.notebook, kernel_name="sandbox-python", timeout=SECONDS, allow_errors=True).execute()
    said = lines_of(incident.notebook)
    assert is_said([line for one in incident.says for line in LOOPBACK.get(one, (one,))], said), said
    assert host.is_untouched()


# ── Jupyter Server's managers ────────────────────────────────────────────────────────────────────────────────────


async def ask(client, code):
    """Run code by an asynchronous client; returns what it said."""
    said = []
    await client.execute_interactive(code, timeout=SECONDS, output_hook=said.append)
    return "".join(map(text_of, said))


async def open_client(kernel):
    client = kernel.client()
    client.start_channels()
    await client.wait_for_ready(timeout=SECONDS)
    return client


def test_a_server_keeps_kernels_apart_and_restarts_the_one_that_died(boxes, folder):
    async def serve():
        config = Config({"KernelRestarter": {"time_to_dead": 0.1}})
        kind = "jupyter_client.ioloop.AsyncIOLoopKernelManager"
        manager = AsyncMultiKernelManager(config=config, kernel_manager_class=kind, connection_dir=str(folder))
        names = ("sandbox-python", "sandbox-plain")
        kernels = [manager.get_kernel(await manager.start_kernel(kernel_name=name)) for name in names]
        clients = [await open_client(kernel) for kernel in kernels]
        try:
            for number, client in enumerate(clients):
                await ask(client, f"x = {number}; import os")
            assert len({box.uid for box in boxes}) == 2
            restarted = asyncio.Event()
            kernels[0].add_restart_callback(restarted.set)
            clients[0].execute("os.kill(os.getpid(), 9)")
            await asyncio.wait_for(restarted.wait(), SECONDS)
            async with asyncio.timeout(SECONDS):
                while len(boxes) < 3 or not await kernels[0].is_alive():
                    await asyncio.sleep(0.01)
            await clients[0].wait_for_ready(timeout=SECONDS)
            assert await ask(clients[0], "print('x' in globals())") == "False\n"
            assert await ask(clients[1], "print(x)") == "1\n"
        finally:
            for client in clients:
                client.stop_channels()
            await manager.shutdown_all(now=True)

    asyncio.run(serve())
    assert [box.is_warm for box in boxes] == [True, False, True]


# ── Kernels that cannot be had ───────────────────────────────────────────────────────────────────────────────────


def test_a_kernel_may_be_asked_for_while_it_starts():
    """Those who restart kernels ask every few moments whether they are alive."""

    async def start():
        manager = AsyncKernelManager(kernel_name="sandbox-python")
        starting = asyncio.create_task(manager.start_kernel())
        while not starting.done():
            await manager.is_alive()
            await asyncio.sleep(0)
        try:
            await starting
            client = await open_client(manager)
            assert await ask(client, "print(6 * 7)") == "42\n"
            client.stop_channels()
        finally:
            await manager.shutdown_kernel(now=True)

    asyncio.run(start())


def test_a_kernel_that_does_not_start_says_why_and_leaves_nothing(kernels):
    with pytest.raises(SandboxUnavailable, match="out of order"):
        kernels("sandbox-failing")


def test_an_environment_that_is_declared_no_more_is_said_plainly(kernels):
    with pytest.raises(SandboxUnavailable, match="no kernel environment 'other' is declared"):
        kernels(config={"environment": "other"})


def test_where_it_is_the_default_kernels_that_are_not_declared_do_not_start(monkeypatch, folder):
    undeclared = folder / "jupyter" / "kernels" / "undeclared"
    undeclared.mkdir()
    (undeclared / "kernel.json").write_text('{"argv": ["/bin/true"], "display_name": "Undeclared", "language": "x"}')
    # What JUPYTER_DEFAULT_PROVISIONER_NAME is read into, once in a process.
    monkeypatch.setattr(KernelProvisionerFactory.instance(), "default_provisioner_name", kernelspecs.PROVISIONER)
    with pytest.raises(SandboxUnavailable, match="no kernel environment '' is declared"):
        KernelManager(kernel_name="undeclared").start_kernel()


def test_a_limit_that_does_not_exist_is_said_plainly(kernels):
    with pytest.raises(SandboxUnavailable, match="no limit named 'lives'"):
        kernels(config={"limits": {"lives": 9}})


# ── Another language ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.skipif(not HAS_R, reason="there is no R kernel (the Debian packages r-base-core and r-cran-irkernel)")
class TestR:
    """A kernel that knows nothing of us, in the same box behind the same interface."""

    def test_it_runs_a_notebook(self):
        notebook = v4.new_notebook(
            cells=[
                v4.new_code_cell(code)
                for code in (
                    "cat(file.exists('/etc/shadow'), Sys.info()[['user']])",
                    "summary(c(1, 2, 3))[['Mean']]",
                    "plot(1:10)",
                    "stop('oh')",
                    "cat('ข้อความ')",
                )
            ]
        )
        NotebookClient(notebook, kernel_name="sandbox-r", timeout=SECONDS, allow_errors=True).execute()
        first, mean, plot, error, last = (cell.outputs[0] for cell in notebook.cells)
        assert first.text == "FALSE learner"
        assert mean.data["text/plain"] == "[1] 2"
        assert len(plot.data["image/png"]) > 1000
        assert "oh" in error.evalue
        assert last.text == "ข้อความ"

    @pytest.mark.parametrize(
        ("code", "limits", "reason"),
        [
            ("repeat {}", {"cpu_seconds": 4}, "OUT_OF_TIME, CPU time limit"),
            ("x <- numeric(3e8); x[] <- 1", {"memory_bytes": 400 << 20}, "OUT_OF_MEMORY"),
        ],
    )
    def test_limits_hold(self, kernels, connect, caplog, code, limits, reason):
        manager = kernels("sandbox-r", config={"limits": limits})
        connect(manager).execute(code)
        wait_for(lambda: not manager.is_alive(), SECONDS)
        assert f"has ended: {reason}" in caplog.text

    def test_a_restarted_kernel_is_another_one(self, kernels, connect):
        manager = kernels("sandbox-r")
        client = connect(manager)
        run(client, "x <- 1")
        manager.restart_kernel(now=True)
        client.wait_for_ready(timeout=SECONDS)
        assert run(client, "cat(exists('x'))") == "FALSE"
