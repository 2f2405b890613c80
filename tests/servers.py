"""A real PostgreSQL and a real Redis for the tests, on free ports of this machine, ended by process id.

As a program, it runs a command with both in its environment: ``python -m tests.servers python -m pytest``.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path


class ServerMissing(Exception):
    """A server's program is not installed, or did not start; the text says which."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(is_true: Callable[[], bool], what: str, seconds: float = 30, process: subprocess.Popen | None = None):
    """Polls a condition; raises AssertionError with ``what`` when it does not come true in time."""
    until = time.monotonic() + seconds
    while not is_true():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{what}: the process ended with status {process.returncode}")
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def end(process: subprocess.Popen, how: signal.Signals = signal.SIGTERM, *, patience: float = 15) -> None:
    """Asks it to end, and insists after so many seconds."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """A new, empty PostgreSQL cluster; yields the URL of a database in it."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    bin_dir = programs[-1] if programs else None
    if bin_dir is None or not (bin_dir / "initdb").exists():
        raise ServerMissing("PostgreSQL's programs are not in /usr/lib/postgresql: make setup-test installs them")
    # PostgreSQL refuses to run as root.
    account = pwd.getpwnam("postgres") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    as_account = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        os.chown(folder, account.pw_uid, account.pw_gid)
        data, port = f"{folder}/data", free_port()
        subprocess.run(
            [bin_dir / "initdb", "-D", data, "-U", "lms", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-N"],
            check=True, capture_output=True, cwd="/", **as_account,
        )  # fmt: skip
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
        with Path(folder, "log").open("wb") as log:
            server = subprocess.Popen(
                [bin_dir / "postgres", "-D", data, "-p", str(port), *options],
                stdout=log, stderr=log, cwd="/", **as_account,
            )  # fmt: skip
        try:
            wait_until(lambda: accepts(port), "PostgreSQL accepts connections", process=server)
            wait_until(
                lambda: (
                    subprocess.run(
                        [bin_dir / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "lms", "lms"],
                        capture_output=True,
                    ).returncode
                    == 0
                ),
                "a database can be made",
                process=server,
            )
            yield f"postgresql://lms@127.0.0.1:{port}/lms"
        finally:
            end(server, signal.SIGINT)


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """A new, empty Redis that keeps an append-only file; yields its URL."""
    program = shutil.which("redis-server")
    if program is None:
        raise ServerMissing("redis-server is not installed: make setup-test installs it")
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        port = free_port()
        arguments = ["--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--appendonly", "yes", "--save", ""]
        server = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: accepts(port), "Redis accepts connections", process=server)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            end(server)


def main() -> int:
    with postgres() as database_url, redis() as redis_url:
        env = os.environ | {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": "for-tests-only" * 4}
        # Migrated here once: the test databases are copies of it (tests.settings).
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        subprocess.run(migrate, env=env | {"DJANGO_SETTINGS_MODULE": "tests.settings"}, check=True)
        return subprocess.run(sys.argv[1:], env=env | {"TEST_TEMPLATE": "lms"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
