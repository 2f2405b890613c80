"""What a program in a box can and cannot do, asked from inside."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import pytest

from sandboxes.box import Box, check
from sandboxes.isolation import FIRST_UID
from sandboxes.limits import Limits
from sandboxes.results import RunStatus, SandboxUnavailable

from .conftest import PROJECT, SMALL

PRELUDE = """
import errno, json, os, socket, sys
def attempt(function, *arguments):
    try:
        return function(*arguments) and "done" or "done"
    except BaseException as error:
        return errno.errorcode.get(getattr(error, "errno", None), type(error).__name__)
def call(number, *arguments):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    answer = libc.syscall(number, *arguments)
    return errno.errorcode[ctypes.get_errno()] if answer < 0 else "done"
def say(value):
    print(json.dumps(value))
"""


@pytest.fixture
def ask(python):
    """Run a few lines in a box; returns what they `say`."""

    def ask_one(code, limits=SMALL, **options):
        read, write = os.pipe()
        try:
            with Box(
                ["python", "-I", "-c", PRELUDE + code], limits=limits, python=python, stdout=write, **options
            ) as box:
                box.start()
                ending = box.wait(30)
        finally:
            os.close(write)
            with os.fdopen(read) as stream:
                said = stream.read()
        assert ending.status is RunStatus.COMPLETED, (ending, said)
        return json.loads(said)

    return ask_one


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_alive(pid):
    return Path(f"/proc/{pid}").exists()


def test_the_trial_box_works(python):
    check(python)


def test_a_missing_interpreter_is_said_plainly(tmp_path):
    with pytest.raises(SandboxUnavailable, match="no interpreter"):
        check(tmp_path / "python")


def test_an_interpreter_below_a_scratch_folder_of_the_box_works():
    """A checkout in /tmp: the box's own /tmp must not hide the interpreter, nor make it writable."""
    place = Path(tempfile.mkdtemp(dir="/tmp")) / "env"
    place.parent.chmod(0o755)
    try:
        venv.create(place, symlinks=True)
        (place / "note").write_text("from the host")
        read, write = os.pipe()
        code = (
            "import os, sys\n"
            "print(sys.prefix, open(sys.prefix + '/note').read())\n"
            "open('/tmp/scratch', 'w').write('x')\n"
            "try: open(sys.prefix + '/note', 'w')\n"
            "except OSError: print('not writable')\n"
        )
        with Box(["python", "-c", code], limits=SMALL, python=place / "bin" / "python", stdout=write) as box:
            box.start()
            os.close(write)
            assert box.wait(30).status is RunStatus.COMPLETED
        with os.fdopen(read) as said:
            assert said.read().splitlines() == [f"{place} from the host", "not writable"]
        assert (place / "note").read_text() == "from the host"
    finally:
        shutil.rmtree(place.parent)


def test_a_program_that_cannot_be_started_is_our_failure(python):
    with (
        Box(["/nowhere/program"], limits=SMALL, python=python) as box,
        pytest.raises(SandboxUnavailable, match="nowhere"),
    ):
        box.start()


def test_the_files_of_the_host_are_not_there(ask):
    paths = ["/etc/shadow", "/root/.ssh", "/home", "/var", "/sys", "/run/sandboxes/locks", str(PROJECT / "manage.py")]
    assert ask(f"say([os.path.exists(path) for path in {paths}])") == [False] * len(paths)


def test_the_folder_above_the_kernel_environment_shows_nothing_else(ask):
    """Not even its names; and where the project lies below the box's own /tmp, there is nothing there to name."""
    seen = ask(f"try: say(os.listdir({str(PROJECT)!r}))\nexcept OSError as error: say(errno.errorcode[error.errno])")
    assert seen in ("EACCES", [".venv-kernel"])


def test_no_secret_comes_in_by_the_environment(ask, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "very secret")
    seen = ask("say(dict(os.environ))", env={"LESSON": "1"})
    assert seen["LESSON"] == "1"
    assert "very secret" not in seen.values()
    assert not {"SECRET_KEY", "DATABASE_URL", "DJANGO_SETTINGS_MODULE"} & set(seen)


def test_no_open_file_comes_in(ask):
    kept = os.open("/etc/passwd", os.O_RDONLY)
    os.set_inheritable(kept, True)
    try:
        # 3 is the folder being listed.
        assert ask("say(sorted(int(name) for name in os.listdir('/proc/self/fd')))") == [0, 1, 2, 3]
    finally:
        os.close(kept)


def test_no_right_is_left(ask):
    status = dict(line.split(":\t", 1) for line in ask("say(open('/proc/self/status').read())").splitlines())
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert all(int(uid) >= FIRST_UID for uid in status["Uid"].split() + status["Gid"].split())
    assert status["Groups"].strip() == ""


@pytest.mark.parametrize(
    ("number", "arguments"),
    [
        (101, "0, 0, 0, 0"),  # ptrace
        (272, "0x10000000"),  # unshare a user namespace
        (56, "0x10000011, 0, 0, 0, 0"),  # clone with one
        (165, "b'x', b'/tmp', b'tmpfs', 0, 0"),  # mount
        (161, "b'/tmp'"),  # chroot
        (321, "0, 0, 0"),  # bpf
        (425, "1, 0"),  # io_uring_setup
        (323, "0"),  # userfaultfd
        (250, "0, 0"),  # keyctl
        (310, "1, 0, 0, 0, 0, 0"),  # process_vm_readv
        (157, "4, 1, 0, 0, 0"),  # prctl: dumpable
        (294, "0"),  # inotify_init1
    ],
)
def test_a_refused_system_call_is_refused(ask, number, arguments):
    assert ask(f"say(call({number}, {arguments}))") == "EPERM"


def test_only_unix_sockets_can_be_made(ask):
    families = ["AF_INET", "AF_INET6", "AF_VSOCK", "AF_NETLINK", "AF_PACKET", "AF_ALG"]
    said = ask(f"say([attempt(socket.socket, getattr(socket, name), socket.SOCK_STREAM) for name in {families}])")
    assert said == ["EINVAL"] * len(families)
    assert ask("say(attempt(socket.socketpair))") == "done"


def test_nothing_but_the_scratch_folders_can_be_written(ask):
    paths = ["/x", "/usr/x", "/share/x", "/etc/x", "/proc/x", "/dev/x", "/proc/self/oom_score_adj"]
    said = ask(f"say([attempt(open, path, 'w') for path in {paths}])")
    assert set(said) <= {"EROFS", "EACCES", "ENOENT", "EPERM"}
    assert ask("say([attempt(open, p + '/x', 'w') for p in ('/cwd', '/tmp', '/dev/shm')])") == ["done"] * 3


def test_disk_use_is_limited_over_all_folders_together(ask):
    code = """
written = 0
try:
    for number in range(100):
        for folder in ("/cwd", "/tmp", "/dev/shm"):
            with open(f"{folder}/{number}", "wb", buffering=0) as file:
                written += file.write(b"x" * 500_000)
except OSError as error:
    say([error.errno == errno.ENOSPC, written])
"""
    full, written = ask(code)
    assert full
    assert SMALL.disk_bytes // 2 < written <= SMALL.disk_bytes


def test_the_number_of_files_is_limited(ask):
    code = "say([attempt(open, f'/tmp/{n}', 'w') for n in range(200)].count('ENOSPC'))"
    assert ask(code, limits=SMALL.with_(files=100)) > 100


def test_open_files_are_limited(ask):
    code = "say(attempt(lambda: [os.dup(1) for _ in range(500)]))"
    assert ask(code, limits=SMALL.with_(open_files=100)) == "EMFILE"


def test_files_and_tools_come_in_as_copies(ask):
    code = """
say([open("data/a.csv").read(), attempt(open, "data/a.csv", "a"),
     open("/tools/t.py").read(), attempt(open, "/tools/t.py", "a")])
"""
    assert ask(code, files={"data/a.csv": b"x"}, tools={"t.py": b"y"}) == ["x", "done", "y", "done"]


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "", ".", "a\0b", "a//b", "a/"])
def test_a_file_name_that_leaves_its_folder_is_refused(python, name):
    with pytest.raises(ValueError, match="not the name"):
        Box(["python"], limits=SMALL, python=python, files={name: b""})


def test_a_database_file_works_without_real_locks(ask):
    code = """
import sqlite3
with sqlite3.connect("x.db") as db:
    db.execute("create table t (x)"); db.execute("insert into t values (1)")
say(sqlite3.connect("x.db").execute("select * from t").fetchall())
"""
    assert ask(code) == [[1]]


def test_other_processes_are_not_seen_or_reached(ask):
    seen = "sorted(n for n in os.listdir('/proc') if n.isdigit())"
    seen, first, host = ask(f"say([{seen}, attempt(os.kill, 1, 9), attempt(os.kill, {os.getpid()}, 9)])")
    assert len(seen) <= 2
    assert first in ("EPERM", "done")  # a signal to the first process of the box is without effect
    assert host == "ESRCH"


def test_two_boxes_have_two_users_and_talk_through_their_pipe_only(python):
    to_a, from_b = os.pipe()
    to_b, from_a = os.pipe()
    verdict, verdict_end = os.pipe()
    doubler = b"import os, sys\nfor line in sys.stdin:\n    print(int(line) * 2, os.getuid(), flush=True)\n"
    asker = b"import os, sys\nprint(21, flush=True)\nanswer = f'{sys.stdin.readline()} {os.getuid()}'\n"
    asker += b"os.write(int(sys.argv[1]), answer.encode())\n"
    options = {"limits": SMALL, "python": python}
    with (
        Box(["python", "-I", "/tools/a.py"], tools={"a.py": doubler}, stdin=to_a, stdout=from_a, **options) as a,
        Box(
            ["python", "-I", "/tools/b.py", str(verdict_end)],
            tools={"b.py": asker},
            stdin=to_b,
            stdout=from_b,
            pass_fds=[verdict_end],
            **options,
        ) as b,
    ):
        a.start()
        b.start()
        for end in (to_a, from_b, to_b, from_a, verdict_end):
            os.close(end)
        with os.fdopen(verdict) as stream:
            answer, uid_a, uid_b = stream.read().split()
        assert (a.wait(10).status, b.wait(10).status) == (RunStatus.COMPLETED, RunStatus.COMPLETED)
    assert answer == "42"
    if os.geteuid() == 0:
        assert uid_a != uid_b


def test_the_memory_limit_holds_for_all_processes_together(python):
    code = "import os\nfor _ in range(8): os.fork()\nx = bytearray(b'x' * 60_000_000)\nimport time; time.sleep(60)"
    limits = SMALL.with_(memory_bytes=128 << 20, processes=400)
    with Box(["python", "-I", "-c", code], limits=limits, python=python) as box:
        box.start()
        ending = box.wait(30)
    assert ending.status is RunStatus.OUT_OF_MEMORY
    assert box.usage().max_memory_bytes <= 200 << 20


def test_the_cpu_limit_holds_for_all_processes_together(python):
    code = "import os\nos.fork(); os.fork()\nwhile True: pass"
    with Box(["python", "-I", "-c", code], limits=SMALL.with_(cpu_seconds=1), python=python) as box:
        box.start()
        ending = box.wait(30)
    assert (ending.status, ending.detail) == (RunStatus.OUT_OF_TIME, "CPU time limit")


def test_an_ending_says_how(python):
    for code, status, exit_code, number in (
        ("", RunStatus.COMPLETED, 0, None),
        ("raise SystemExit(7)", RunStatus.KERNEL_DIED, 7, None),
        ("import os; os.kill(os.getpid(), 11)", RunStatus.KERNEL_DIED, None, 11),
    ):
        with Box(["python", "-I", "-c", code], limits=SMALL, python=python) as box:
            box.start()
            ending = box.wait(20)
        assert (ending.status, ending.exit_code, ending.signal) == (status, exit_code, number)


def test_waiting_has_an_end_and_leaving_ends_the_box(python):
    with Box(["python", "-I", "-c", "import time; time.sleep(600)"], limits=SMALL, python=python) as box:
        box.start()
        assert box.poll() is None
        with pytest.raises(TimeoutError):
            box.wait(0.05)
        pid = box.pid
    assert not is_alive(pid)


def test_a_neighbour_is_not_affected_when_a_box_is_ended(python):
    options = {"limits": SMALL, "python": python}
    read, write = os.pipe()
    waiting = ["python", "-I", "-c", "import sys; sys.stdin.read()"]
    with Box(waiting, stdin=read, **options) as neighbour:
        neighbour.start()
        os.close(read)
        with Box(["python", "-I", "-c", "while True: pass"], **options) as box:
            box.start()
            box.kill()
        assert neighbour.poll() is None
        os.close(write)
        assert neighbour.wait(10).status is RunStatus.COMPLETED


def test_when_the_supervisor_is_killed_its_box_ends(python):
    code = f"""
import sys, time
sys.path.insert(0, {str(PROJECT)!r})
from pathlib import Path
from sandboxes.box import Box
from sandboxes.limits import Limits
box = Box(["python", "-I", "-c", "while True: pass"], limits=Limits(), python=Path({str(python)!r}))
box.start()
print(box.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as supervisor:
        pid = int(supervisor.stdout.readline())
        assert is_alive(pid)
        supervisor.send_signal(signal.SIGKILL)
        wait_for(lambda: not is_alive(pid))


def test_when_the_launcher_is_killed_its_box_ends_and_that_is_our_failure(python):
    with Box(["python", "-I", "-c", "while True: pass"], limits=Limits(), python=python) as box:
        box.start()
        os.kill(box.launcher_pid, signal.SIGKILL)
        assert box.wait(10).status is RunStatus.SANDBOX_FAILED
        wait_for(lambda: not is_alive(box.pid))


def test_a_box_is_used_once(python):
    with Box(["python", "-I", "-c", ""], limits=SMALL, python=python) as box:
        box.start()
        with pytest.raises(ValueError, match="once"):
            box.start()
