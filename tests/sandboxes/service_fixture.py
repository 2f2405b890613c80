"""A sandbox service of a test's own: started as an operator starts it, looked at from outside, ended for good."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import v4

from sandboxes import environments, service
from sandboxes.box import Box
from sandboxes.cgroups import Groups
from sandboxes.limits import Limits
from sandboxes.results import Ending, SandboxUnavailable
from sandboxes.runner import run_notebook
from sandboxes.slots import Slot

from .conftest import PROJECT, wait_for

BOX_SECONDS, READY_SECONDS = 30, 90
LIMITS = Limits(wall_seconds=25, cpu_seconds=15, memory_bytes=512 << 20, disk_bytes=16 << 20)


# ── What is declared ─────────────────────────────────────────────────────────────────────────────────────────────


def declare(name: str, python: Path, **fields: Any) -> str:
    """Return the TOML of one environment."""
    lines = [f"[environments.{name}]", f"python = {json.dumps(str(python))}"]
    return "\n".join([*lines, *(f"{field} = {json.dumps(value)}" for field, value in fields.items()), ""])


def declare_default(name: str, python: Path, **fields: Any) -> str:
    """Return the TOML of an environment that loads what the default one does."""
    default = environments.load(environments.DEFAULT_FILE)["python"]
    tools = [str(path) for path in default.tools]
    given = {"preload": default.preload, "warm_up": default.warm_up, "tools": tools}
    return declare(name, python, **(given | fields))


def declare_light(name: str, python: Path, *preload: str) -> str:
    """Return the TOML of an environment with a zygote that is there in no time; it has no kernel."""
    return declare(name, python, preload=preload or ["json"], argv=["python", "-c", "", "{connection_file}"])


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other accounts may pass through, which those of pytest are not; gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def make_environment(place: Path, **modules: str) -> Path:
    """Make an environment with nothing in it but these modules, by name their text; returns its interpreter."""
    venv.create(place, symlinks=True)
    (packages,) = place.glob("lib/python*/site-packages")
    for name, text in modules.items():
        (packages / f"{name}.py").write_text(text)
    return place / "bin" / "python"


def change(folder: Path, additions: Mapping[str, str]) -> Path:
    """Copy the package `sandboxes` into a folder, with text added at the end of some modules; returns the folder."""
    shutil.copytree(PROJECT / "sandboxes", folder / "sandboxes", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in additions.items():
        with (folder / "sandboxes" / name).open("a") as module:
            module.write(text)
    return folder


# ── The service ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Served:
    """A service that runs."""

    process: subprocess.Popen[bytes]
    socket: Path
    log: Path

    def said(self) -> str:
        """What it printed, and what its zygotes did."""
        return self.log.read_text()

    def ask(self) -> dict[str, Any]:
        """Its own account of itself."""
        status = service.status()
        assert status is not None, self.said()
        return status

    def is_warm(self, name: str) -> bool:
        return bool(self.ask()["zygotes"].get(name, {}).get("is_ready"))

    def zygote(self, name: str) -> int:
        """The pid of the zygote itself: launcher, first process of its outer box, zygote."""
        (first,) = children_of(self.ask()["zygotes"][name]["pid"])
        (zygote,) = [pid for pid in children_of(first) if _belongs(pid, uid_of(first))]
        return zygote

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it as an operator does; nothing is left of it."""
        family = family_of(self.process.pid)
        # A plain account's processes all bear its own id.
        uids = set()
        for pid in family:
            with suppress(OSError):  # some may have ended meanwhile
                uids.add(uid_of(pid))
        uids.discard(os.geteuid())
        is_running = self.process.poll() is None
        self.process.terminate()
        code = self.process.wait(15)
        wait_for(lambda: not living(family))
        if is_running:
            assert code == 0, self.said()
            assert not self.socket.exists()
            wait_for(lambda: not left_by(uids))


@contextmanager
def serving(
    declared: str,
    *options: object,
    environment: Mapping[str, str] | None = None,
    package: Path = PROJECT,
    folder: Path | None = None,
    groups: Sequence[int] | None = None,
) -> Iterator[Served]:
    """Start a service and wait until it is ready; at the end it stops, and leaves nothing.

    ``folder``: where its socket lies, one of its own unless it is given. ``groups``: that it belongs to.
    """
    own = Path(tempfile.mkdtemp())
    folder = folder or own
    toml, log = own / "environments.toml", own / "log"
    toml.write_text(declared)
    command = [sys.executable, "-m", "sandboxes", "serve", "--socket", folder / "s", "--environments", toml, *options]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=package,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            extra_groups=groups,
            stdout=stream,
            stderr=stream,
        )
    served = Served(process, folder / "s", log)
    try:
        wait_for(lambda: "ready" in served.said().splitlines() or process.poll() is not None, READY_SECONDS)
        assert process.poll() is None, served.said()
        yield served
    finally:
        served.stop()
        shutil.rmtree(own)


# ── Programs in boxes ────────────────────────────────────────────────────────────────────────────────────────────


class Program(Box):
    """A box whose streams are kept: ``words`` follow the interpreter, or are the text of a program."""

    def __init__(self, words: str | Sequence[str], *, limits: Limits = LIMITS, **options: Any) -> None:
        self.kept = [os.memfd_create("stdout"), os.memfd_create("stderr")]
        argv = ["python", "-c", words] if isinstance(words, str) else ["python", *words]
        super().__init__(argv, limits=limits, stdout=self.kept[0], stderr=self.kept[1], **options)

    def out(self) -> str:
        """What it has printed so far."""
        return os.pread(self.kept[0], 1 << 20, 0).decode()

    def err(self) -> str:
        """What it has said on its error stream so far."""
        return os.pread(self.kept[1], 1 << 20, 0).decode()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for fd in self.kept:
            os.close(fd)


@dataclass(frozen=True)
class Done:
    """What came of a program."""

    is_warm: bool
    ending: Ending
    out: str
    err: str
    uid: int | None
    max_memory_bytes: int

    def tells(self) -> Any:
        """What it printed, which was JSON."""
        assert self.ending.exit_code == 0 or (self.ending.exit_code is None and self.ending.signal is None), self
        return json.loads(self.out)


def run(words: str | Sequence[str], **options: Any) -> Done:
    """Run a program to its end."""
    with Program(words, **options) as program:
        program.start()
        ending = program.wait(BOX_SECONDS)
        memory = program.usage().max_memory_bytes
        return Done(program.is_warm, ending, program.out(), program.err(), program.uid, memory)


@contextmanager
def waiting(code: str = "", **options: Any) -> Iterator[Program]:
    """A program that has run a piece of code, and stays until this is left."""
    code += "\nimport time\nprint('here', flush=True)\ntime.sleep(600)"
    with Program(code, **options) as program:
        program.start()
        wait_for(lambda: program.out().endswith("here\n") or program.poll() is not None)
        assert program.poll() is None, program.err()
        yield program


# ── Processes, from outside ──────────────────────────────────────────────────────────────────────────────────────


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit():
                found[int(folder.name)] = int(_stat(int(folder.name))[1])
    return found


def children_of(pid: int) -> list[int]:
    return [child for child, parent in _parents().items() if parent == pid]


def family_of(pid: int) -> dict[int, str]:
    """A process and all that descend from it, with the time each began."""
    parents, family, count = _parents(), {pid}, 0
    while len(family) > count:
        count = len(family)
        family |= {child for child, parent in parents.items() if parent in family}
    found = {}
    for member in family:
        with suppress(OSError):
            found[member] = _stat(member)[19]
    return found


def program_of(box: Box) -> int:
    """The pid of the program itself: the only child of its first process, or that one."""
    if box.pid is None or box.is_alone:
        return box.pid or 0
    (program,) = children_of(box.pid)
    return program


def living(family: Mapping[int, str]) -> set[int]:
    """Which of them have not ended?"""
    found = set()
    for pid, began in family.items():
        with suppress(OSError):
            fields = _stat(pid)
            if fields[19] == began and fields[0] not in "ZX":
                found.add(pid)
    return found


def left_by(uids: Iterable[int]) -> list[str]:
    """What boxes under these user ids have left. An id that another box has taken since is not looked at."""
    if os.geteuid() != 0:
        return []
    found = []
    for uid in uids:
        slot = Slot.take_this(uid)
        if slot is None:
            continue
        found += [f"process {pid} of {uid}" for pid in _parents() if _belongs(pid, uid)]
        found += Groups.left_over(slot.name).folders
        slot.release()
    return found


def _belongs(pid: int, uid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}").stat().st_uid == uid
    return False


def state_of(pid: int) -> str:
    return _stat(pid)[0]


def uid_of(pid: int) -> int:
    return int(status_of(pid)["Uid"].split()[0])


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def open_files(pid: int) -> dict[int, str]:
    """Its file descriptors and what they lead to."""
    found = {}
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found[int(link.name)] = str(link.readlink())
    return found


def namespaces_of(pid: int | str) -> dict[str, str]:
    kinds = ("pid", "mnt", "net", "ipc", "uts", "cgroup", "user")
    return {kind: str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in kinds}


def holds(pid: int, secret: str) -> bool:
    """Is a text anywhere in the memory or in the environment of a process?"""
    wanted = secret.encode()
    if wanted in Path(f"/proc/{pid}/environ").read_bytes():
        return True
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            bounds, rights = line.split()[:2]
            if "r" not in rights or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(bound, 16) for bound in bounds.split("-"))
            with suppress(OSError):  # pages that cannot be had, such as those beyond the end of a file
                memory.seek(start)
                if wanted in memory.read(end - start):
                    return True
    return False


# ── As a plain account ───────────────────────────────────────────────────────────────────────────────────────────

READS_ENVIRON = """
import errno, os
try:
    said = "done" if open("/proc/1/environ", "rb").read() else "empty"
except OSError as error:
    said = errno.errorcode[error.errno]
os.write(2, f"environ {said}\\n".encode())
"""


LOOKS_AT_ITSELF = """
import os
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
print(status["CapEff"], status["Seccomp"], len([name for name in os.listdir("/proc") if name.isdigit()]))
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # can others of the same user look into it?
"""


def try_out(python: str) -> None:
    """Start a service and ask it for runs, good and bad; prints what came of it as JSON."""
    told: dict[str, Any] = {}
    with open_folder() as folder:
        light = make_environment(folder / "light", reads_environ=READS_ENVIRON)
        declared = declare("python", Path(python), preload=["ipykernel.kernelapp"], warm_up="")
        with serving(declared + declare_light("light", light, "reads_environ")) as served:
            os.environ["SANDBOXES_SOCKET"] = str(served.socket)
            (told["environ"],) = [
                line.removeprefix("environ ") for line in served.said().splitlines() if line.startswith("environ ")
            ]
            try:
                _try_out_runs(served, Path(python), light, told)
            except SandboxUnavailable as error:
                told["refused"] = str(error)
    print(json.dumps(told))


def _try_out_runs(served: Served, python: Path, light: Path, told: dict[str, Any]) -> None:
    notebook = v4.new_notebook(cells=[v4.new_code_cell("print(6 * 7)")])
    result = run_notebook(notebook, files={}, limits=LIMITS, python=python)
    said = [output.text for cell in result.notebook.cells for output in cell.outputs]
    told["notebook"] = [result.status, said, served.ask()["zygotes"]["python"]["forks"]]
    eats = "import os, time\nfor _ in range(4): os.fork()\nx = bytearray(b'x' * 50_000_000)\ntime.sleep(60)"
    told["eats"] = run(eats, python=light, limits=LIMITS.with_(memory_bytes=128 << 20)).ending.status
    never_ends = "import os, signal\nsignal.signal(15, signal.SIG_IGN)\nos.fork()\nwhile True: pass"
    told["never ends"] = run(never_ends, python=light, limits=LIMITS.with_(wall_seconds=1)).ending.status
    for name, is_alone in (("itself", False), ("itself alone", True)):
        done = run(LOOKS_AT_ITSELF, python=light, is_alone=is_alone)
        told[name] = [done.is_warm, *done.out.split()]
