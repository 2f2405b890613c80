"""One process starts the site, watches it, and leaves nothing behind, however it ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lms import launcher
from tests.journeys.conftest import PROJECT, processes_of, running_site
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.embedded_only


def run_launcher(var, **env):
    return subprocess.run(
        [sys.executable, "-m", "lms.launcher"],
        env=os.environ | {"VAR_DIR": str(var)} | env,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def pids_of(var, words):
    """The processes of the site in ``var`` whose command line has these words."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            is_ours = f"VAR_DIR={var}".encode() in (folder / "environ").read_bytes().split(b"\0")
            if is_ours and words in (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode():
                found.add(int(folder.name))
    return found


def test_a_taken_port_is_named_and_nothing_is_started(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run_launcher(tmp_path, PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "is taken" in done.stderr
    assert not processes_of(tmp_path)


@pytest.mark.parametrize("port", ["ท่าเรือ", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(tmp_path, port):
    done = run_launcher(tmp_path, PORT=port)
    assert done.returncode == 1
    assert "not a port number" in done.stderr


def test_a_folder_too_deep_for_the_queues_socket_is_refused(tmp_path):
    deep = tmp_path / ("d" * 100)
    done = run_launcher(deep, PORT=str(free_port()))
    assert done.returncode == 1
    assert "VAR_DIR" in done.stderr


def test_the_site_survives_its_children_and_takes_them_with_it(tmp_path):
    with running_site(tmp_path) as site:
        second = run_launcher(tmp_path, PORT=str(free_port()))
        assert second.returncode == 1
        assert "already running" in second.stderr

        before = pids_of(tmp_path, "-Q grading")
        assert before
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pids_of(tmp_path, "-Q grading") - before, "the grader is started again")

        os.kill(site.launcher.pid, signal.SIGKILL)
        site.launcher.wait()
        wait_until(lambda: not processes_of(tmp_path), "its children end with a killed launcher", seconds=40)


def test_each_key_is_told_to_one_program_and_none_to_the_others(tmp_path, monkeypatch):
    keys = ("ISSUER_KEY_FILE", "VERDICT_KEY_FILE", "SEAL_KEY_FILE")
    for name in keys:
        monkeypatch.setenv(name, f"/secret/{name}")
    told = {
        child.name: {name for name in child.env if name in keys}
        for child in launcher.programs(tmp_path, launcher.environment(8000), 8000)
    }
    assert told.pop("grader") == {"VERDICT_KEY_FILE"}
    assert told.pop("signer") == {"ISSUER_KEY_FILE"}
    assert told.pop("printer") == {"SEAL_KEY_FILE"}
    assert set().union(*told.values()) == set()
    assert "/secret" not in str(launcher.environment(8000).get("VERDICT_KEY_FILE"))
