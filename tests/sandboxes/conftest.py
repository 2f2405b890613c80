"""The kernel environment, ways to run notebooks of the corpus, and a look at what is left behind."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from sandboxes import isolation
from sandboxes import service as sandbox_service
from sandboxes.box import Box, check
from sandboxes.runner import run_notebook
from sandboxes.slots import state_dir

from .corpus import CORPUS, SMALL, Incident, Outcome, Traces, carry_out

PROJECT = Path(isolation.__file__).resolve().parents[1]
KERNEL_PYTHON = Path(os.environ.get("KERNEL_PYTHON", PROJECT / ".venv-kernel" / "bin" / "python"))


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


@pytest.fixture(autouse=True, scope="module")
def _knows_no_service():
    """Boxes start cold until a test names a service of its own: the site's tests leave theirs in the environment, and
    what is killed here would be theirs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOXES_SOCKET", "/nobody")
        yield


@pytest.fixture(autouse=True)
def _leaves_nothing(monkeypatch):
    """Every test here: what it started is gone when it ends. Boxes of others on this machine are not looked at."""
    traces = Traces()
    start = Box.start

    def remember(box):
        start(box)
        traces.add(box)

    monkeypatch.setattr(Box, "start", remember)
    yield
    traces.close()
    wait_for(lambda: not list(traces.left()))


def wait_for(condition, seconds=10):
    """Wait until a condition holds; it had better."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def text_of(result, cell=0):
    """What a cell printed."""
    outputs = result.notebook.cells[cell].outputs
    return "".join(output.text for output in outputs if output.output_type == "stream")


# ── What lies outside, for notebooks to try to reach ─────────────────────────────────────────────────────────────


@dataclass
class Host:
    """Things of this machine, open to everybody on it but those in a box; `told` is what notebooks know of them."""

    told: dict
    listeners: list

    def is_untouched(self):
        """Has nobody come since this was asked last?"""
        visitors = 0
        for listener in self.listeners:
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    visitors += 1
        return visitors == 0


@pytest.fixture(scope="session")
def host():
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # pytest's own folders are closed to other accounts
    folder.chmod(0o755)
    (folder / "file").write_text("for everybody")
    listeners = [socket.create_server(("127.0.0.1", 0)), *(socket.socket(socket.AF_UNIX) for _ in range(2))]
    port = listeners[0].getsockname()[1]
    listeners[1].bind(str(folder / "socket"))
    (folder / "socket").chmod(0o777)
    listeners[2].bind(f"\0host-{os.getpid()}")
    with contextlib.suppress(OSError):  # a machine without version 6
        listeners.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    for listener in listeners:
        listener.listen()
        listener.setblocking(False)
    told = {
        "port": port,
        "socket": str(folder / "socket"),
        "abstract": f"host-{os.getpid()}",
        "file": str(folder / "file"),
        "project": str(PROJECT),
        "state": str(state_dir()),
        "pid": os.getpid(),
        "group": os.getpgrp(),
    }
    yield Host(told, listeners)
    for listener in listeners:
        listener.close()
    shutil.rmtree(folder)


# ── Three ways to the same box ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def cold(python, host, monkeypatch, tmp_path):
    """Carry out an incident where no service runs: every kernel is a fresh interpreter."""
    monkeypatch.setenv("SECRET_KEY", "secret-of-platform-1")
    monkeypatch.setenv("SANDBOXES_SOCKET", str(tmp_path / "nobody"))
    return lambda incident: carry_out(incident, python=python, host=host.told)


@pytest.fixture(scope="session")
def service(python, tmp_path_factory):
    """A sandbox service of our own, ready to fork kernels; its socket."""
    folder = tmp_path_factory.mktemp("service")
    declared = folder / "environments.toml"
    preload = ["pandas", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipykernel.kernelapp"]
    declared.write_text(f'[environments.python]\npython = "{python}"\npreload = {preload}\nwarm_up = "1 / 0"\n')
    command = [sys.executable, "-m", "sandboxes", "serve", "--socket", folder / "s", "--environments", declared]
    environment = os.environ | {"SECRET_KEY": "secret-of-service-1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=PROJECT) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield folder / "s"
        finally:
            process.terminate()


@pytest.fixture
def warm(python, host, service, monkeypatch):
    """Carry out an incident by way of a service: every kernel is forked from one that has its libraries loaded."""

    def carry_out_warm(incident):
        outcomes = carry_out(incident, python=python, host=host.told)
        assert all(outcome.is_warm for outcome in outcomes), sandbox_service.status()
        return outcomes

    monkeypatch.setenv("SECRET_KEY", "secret-of-platform-1")
    monkeypatch.setenv("SANDBOXES_SOCKET", str(service))
    return carry_out_warm


@pytest.fixture(scope="session")
def account(python):
    """A process of a plain account that carries out what it is asked to."""
    if os.geteuid() != 0:
        pytest.skip("the tests run as a plain account already")
    code = "from tests.sandboxes import corpus; corpus.serve()"
    command = [sys.executable, Path(__file__).with_name("plain_account.py"), str(PROJECT), code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def plain_account(account, python, host):
    """Carry out an incident as a plain account, which makes boxes by way of user namespaces."""

    def ask(incident: Incident):
        print(json.dumps({"name": incident.name, "python": str(python), "host": host.told}), file=account.stdin)
        account.stdin.flush()
        answer = json.loads(account.stdout.readline())
        if "new namespaces" in answer.get("error", ""):
            pytest.skip(f"this machine gives plain accounts no user namespace: {answer['error'].splitlines()[-1]}")
        assert "error" not in answer, answer["error"]
        ask.uid = answer["uid"]
        return [Outcome(**outcome) for outcome in answer["outcomes"]]

    return ask
