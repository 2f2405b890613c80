"""The system call filter: as it is written, and with real programs under it."""

import errno
import json
import os
import platform
import signal
import struct
import subprocess
import textwrap

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.connect import write_connection_file

from sandboxes.isolation import ALLOWED_CALLS
from sandboxes.seccomp import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    ARCHITECTURES,
    REFUSALS,
    program,
)

from .conftest import KERNEL_PYTHON, PROJECT

NUMBERS = ARCHITECTURES["x86_64"].numbers
NAMES = {number: name for name, number in NUMBERS.items()}
X86_64, I386, AARCH64, X32_BIT = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000000
PLAIN, KERNEL = (AF_UNIX,), (AF_UNIX, AF_INET, AF_INET6)
NEWEST_CALL = 470  # listns, of Linux 6.18
SOL_SOCKET, F_SETLKW, F_GETFD, TCGETS, TIOCSTI, PR_SET_NAME = 1, 7, 1, 0x5401, 0x5412, 15
CLONE_NEWUSER, FORK_FLAGS = 0x10000000, 0x01200011
# Arguments with which a call that depends on them is let through.
ORDINARY = {
    "clone": (FORK_FLAGS,),
    "fcntl": (3, F_GETFD),
    "ioctl": (0, TCGETS),
    "madvise": (0, 4096, 4),
    "mmap": (0, 4096, 3, 0x22),
    "personality": (0xFFFFFFFF,),
    "prctl": (PR_SET_NAME,),
    "setsockopt": (3, SOL_SOCKET, 2),
    "socket": (AF_UNIX, 1 | 0x80000, 0),
    "socketpair": (AF_UNIX, 1 | 0x80800, 0),
}


# ── As it is written ──


class Machine:
    """Runs a filter as the Linux kernel would, and counts the steps."""

    def __init__(self, program):
        self.rules = list(struct.iter_unpack("HBBI", program))

    def answer(self, number, *arguments, audit=X86_64):
        """'allow', 'kill', or the name of the error ('0' for none) that a call with these arguments gets."""
        words = [*arguments, *[0] * (6 - len(arguments))]
        data = struct.pack("=IIQ6Q", number & 0xFFFFFFFF, audit, 0, *(word & (1 << 64) - 1 for word in words))
        accumulator, at, self.steps = 0, 0, 0
        while True:
            code, if_true, if_false, operand = self.rules[at]
            at, self.steps = at + 1, self.steps + 1
            match code:
                case 0x20:  # load a word
                    (accumulator,) = struct.unpack_from("=I", data, operand)
                case 0x54:  # and
                    accumulator &= operand
                case 0x05:  # jump
                    at += operand
                case 0x15:
                    at += if_true if accumulator == operand else if_false
                case 0x35:
                    at += if_true if accumulator >= operand else if_false
                case 0x45:
                    at += if_true if accumulator & operand else if_false
                case 0x06:
                    return self.meaning(operand)
                case _:
                    raise AssertionError(f"not an instruction used here: {code:#x}")

    @staticmethod
    def meaning(returned):
        if returned & 0xFFFF0000 == 0x00050000:
            return errno.errorcode.get(returned & 0xFFFF, str(returned & 0xFFFF))
        return {0x7FFF0000: "allow", 0x80000000: "kill"}[returned]


@pytest.fixture(scope="module")
def machine():
    return Machine(program(ALLOWED_CALLS, KERNEL))


def declared(number):
    """What the lists say of a call with ordinary arguments."""
    name = NAMES.get(number)
    if name == "flock":
        return "0"
    if name in ALLOWED_CALLS:
        return "allow"
    if name in REFUSALS:
        return errno.errorcode[REFUSALS[name]]
    return "EPERM" if name else "ENOSYS"


def test_every_call_is_answered_as_the_lists_say(machine):
    numbers = range(1024)
    answers = {number: machine.answer(number, *ORDINARY.get(NAMES.get(number), ())) for number in numbers}
    assert answers == {number: declared(number) for number in numbers}


def test_a_call_is_allowed_only_if_it_is_listed():
    only_reading = Machine(program(["read", "exit_group"], PLAIN))
    allowed = {number for number in range(NEWEST_CALL + 1) if only_reading.answer(number) == "allow"}
    assert {NAMES[number] for number in allowed} == {"read", "exit_group"}


def test_calls_newer_than_the_table_are_missing_rather_than_refused(machine):
    assert {machine.answer(number) for number in range(453, NEWEST_CALL + 100)} == {"ENOSYS"}
    assert machine.answer(NUMBERS["clone3"]) == "ENOSYS"


@pytest.mark.parametrize("number", [X32_BIT, X32_BIT + 1, X32_BIT + 520, -1, 0x80000000])
def test_calls_by_another_convention_end_the_process(machine, number):
    assert machine.answer(number) == "kill"


@pytest.mark.parametrize("audit", [I386, AARCH64, 0])
def test_calls_of_another_architecture_end_the_process(machine, audit):
    assert {machine.answer(number, audit=audit) for number in range(NEWEST_CALL)} == {"kill"}


def test_the_program_is_short_enough_and_no_call_takes_many_steps(machine):
    assert len(machine.rules) <= 4096
    steps = []
    for number in range(NEWEST_CALL + 1):
        machine.answer(number, *ORDINARY.get(NAMES.get(number), ()))
        steps.append(machine.steps)
    assert max(steps) <= 24


def test_what_is_asked_for_must_exist():
    with pytest.raises(KeyError):
        program(["read", "raed"], PLAIN)
    with pytest.raises(KeyError):
        program(["read"], PLAIN, machine="abacus")


def test_the_numbers_are_those_of_the_linux_kernel():
    known = {
        **{"read": 0, "mprotect": 10, "writev": 20, "socket": 41, "clone": 56, "ptrace": 101, "mknod": 133},
        **{"prctl": 157, "mount": 165, "tkill": 200, "futex": 202, "keyctl": 250, "openat": 257, "unshare": 272},
        **{"splice": 275, "fanotify_init": 300, "setns": 308, "seccomp": 317, "bpf": 321, "execveat": 322},
        **{"preadv2": 327, "statx": 332, "rseq": 334, "io_uring_setup": 425, "mount_setattr": 442, "fchmodat2": 452},
    }
    assert {name: NUMBERS[name] for name in known} == known
    assert len(set(NUMBERS.values())) == len(NUMBERS)


def test_no_call_is_listed_twice():
    assert sorted(ALLOWED_CALLS) == sorted(set(ALLOWED_CALLS))
    assert not set(ALLOWED_CALLS) & set(REFUSALS)


def test_only_sockets_of_the_given_families_can_be_made(machine):
    plain = Machine(program(ALLOWED_CALLS, PLAIN))
    for name in ("socket", "socketpair"):
        for family in range(64):
            for filtered, families in ((plain, PLAIN), (machine, KERNEL)):
                expected = "allow" if family in families else "EINVAL"
                assert filtered.answer(NUMBERS[name], family, 1, 0) == expected, (name, family)
    none = Machine(program(ALLOWED_CALLS, ()))
    assert none.answer(NUMBERS["socket"], AF_UNIX, 1, 0) == "EINVAL"


ANSWERS = [
    ("clone", (CLONE_NEWUSER | 17,), "EPERM"),
    ("clone", (1 << 63 | 17,), "allow"),  # the Linux kernel looks at the low word only
    *(("clone", (1 << bit,), "EPERM") for bit in (17, 25, 26, 27, 28, 29, 30)),
    ("socket", (AF_INET, 3, 0), "EINVAL"),  # raw
    ("socket", (AF_INET, 10 | 0x80000, 0), "EINVAL"),  # packet
    ("socket", (AF_INET, 2, 1), "EPROTONOSUPPORT"),  # ping
    ("socket", (AF_INET, 1, 132), "EPROTONOSUPPORT"),  # SCTP
    ("socket", (AF_INET, 1, 6), "allow"),
    ("setsockopt", (3, SOL_SOCKET, 26), "ENOPROTOOPT"),  # attach a filter
    ("setsockopt", (3, SOL_SOCKET, 50), "ENOPROTOOPT"),
    ("setsockopt", (3, SOL_SOCKET, 7), "ENOPROTOOPT"),  # SO_SNDBUF
    ("setsockopt", (3, SOL_SOCKET, 8), "ENOPROTOOPT"),  # SO_RCVBUF
    ("setsockopt", (3, 6, 31), "ENOPROTOOPT"),  # TCP_ULP
    ("setsockopt", (3, 6, 1), "allow"),  # TCP_NODELAY
    ("setsockopt", (3, 0, 64), "ENOPROTOOPT"),  # replace iptables
    ("setsockopt", (3, 270, 1), "ENOPROTOOPT"),
    *(("fcntl", (3, command), "0") for command in (6, 7, 37, 38)),
    *(("fcntl", (3, command), "EPERM") for command in (8, 10, 1024, 1026)),  # SETOWN, SETSIG, SETLEASE, NOTIFY
    *(("fcntl", (3, command), "allow") for command in (0, 3, 4, 1030)),
    *(("ioctl", (0, request), "ENOTTY") for request in (TIOCSTI, 0x541C, 0x5423, 0x8912, 0x40049409)),
    *(("ioctl", (0, request), "allow") for request in (0x541B, 0x5421, 0x5450, 0x5451, 0x5413)),
    *(("prctl", (option,), "EPERM") for option in (4, 8, 10, 22, 24, 28, 35, 36, 47, 0x59616D61)),
    *(("prctl", (option,), "allow") for option in (1, 3, 15, 16, 23, 0x53564D41)),
    *(("madvise", (0, 4096, advice), "EINVAL") for advice in (12, 13, 20, 21, 100, 101)),
    ("mmap", (0, 1 << 21, 3, 0x22 | 0x40000), "ENOMEM"),
    ("memfd_create", (0, 3), "EPERM"),
    ("fadvise64", (3, 0, 0, 4), "0"),
    ("fadvise64", (3, 0, 0, 2), "allow"),
    *(("futex", (0, operation | 0x80), "ENOSYS") for operation in (2, 6, 7, 8, 11, 12, 13)),
    *(("futex", (0, operation | 0x180), "allow") for operation in (0, 1, 4, 9, 10)),
    *((name, (), "allow") for name in ("prlimit64", "setpriority", "sched_setscheduler")),
    ("prlimit64", (1,), "EPERM"),
    ("setpriority", (0, 1), "EPERM"),
    ("setpriority", (1, 0), "EPERM"),
    ("setpriority", (2, 0), "EPERM"),
    ("sched_setscheduler", (77, 0), "allow"),
    ("sched_setscheduler", (0, 1), "EPERM"),  # SCHED_FIFO
    ("personality", (0,), "EPERM"),
    ("personality", (0x40000,), "EPERM"),
    *(("mknod", (0, kind | 0o600), "EPERM") for kind in (0o020000, 0o060000, 0o040000, 0o120000)),
    *(("mknodat", (-100, 0, kind | 0o600), "allow") for kind in (0, 0o010000, 0o100000, 0o140000)),
    ("mknodat", (-100, 0, 0o060600), "EPERM"),
]


@pytest.mark.parametrize(("name", "arguments", "answer"), ANSWERS)
def test_a_call_is_answered_by_its_arguments(machine, name, arguments, answer):
    assert machine.answer(NUMBERS[name], *arguments) == answer


# ── With real programs under it ──

# Gives up every right, loads the filter and becomes the program.
LOADER = f"""
import os, sys
sys.path.insert(0, {str(PROJECT)!r})
from sandboxes import lockdown
for capability in range(64):
    if lockdown.libc.prctl(23, capability, 0, 0, 0) == 1:
        lockdown.libc.prctl(24, capability, 0, 0, 0)
lockdown.libc.prctl(38, 1, 0, 0, 0)
lockdown.filter_calls(bytes.fromhex(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""
PRELUDE = """
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    answer = libc.syscall(*(ctypes.c_long(word) for word in (number, *arguments)))
    return errno.errorcode[ctypes.get_errno()] if answer == -1 else str(answer)
"""


class Filtered:
    """Starts Python programs of the kernel environment under the filter, in a folder of their own."""

    def __init__(self, folder):
        self.folder = folder

    def start(self, *arguments, families=PLAIN):
        filter_program = program(ALLOWED_CALLS, families).hex()
        environment = {"PATH": f"{KERNEL_PYTHON.parent}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder)}
        python = str(KERNEL_PYTHON)
        return subprocess.Popen(
            [python, "-I", "-S", "-c", LOADER, filter_program, python, *arguments],
            cwd=self.folder,
            env=environment | {"OPENBLAS_NUM_THREADS": "2", "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, code, families=PLAIN):
        """Run lines of code as a program; returns its exit code, what it said and what it complained of."""
        script = self.folder / "work.py"
        # With the guard that multiprocessing needs to start an interpreter anew.
        script.write_text(
            f"{PRELUDE}\ndef main():\n{textwrap.indent(code, '    ')}\nif __name__ == '__main__': main()\n"
        )
        with self.start(str(script), families=families) as process:
            try:
                said, complaint = process.communicate(timeout=120)
            finally:
                end(process)
        return process.returncode, said, complaint

    def works(self, code, families=PLAIN):
        """Run lines of code and return what they said. They must not fail, nor be refused anything they mention."""
        code, said, complaint = self.run(code, families)
        assert code == 0, complaint
        assert "not permitted" not in complaint + said
        assert "not implemented" not in complaint + said
        return said


def end(process):
    """End a program that did not end by itself, with all it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def filtered(tmp_path):
    if platform.machine() not in ARCHITECTURES:
        pytest.skip("no filter is written for this kind of machine")
    return Filtered(tmp_path)


def test_every_refused_call_is_refused_for_real(filtered):
    # uretprobe and uprobe: the Linux kernel lets them past every filter and itself ends whoever makes them up.
    numbers = [*range(335), *range(337, NEWEST_CALL + 20)]
    refused = {number: declared(number) for number in numbers if declared(number) not in ("allow", "0")}
    said = filtered.works(
        f"import json; print(json.dumps({{n: call(n, -1, -1, -1, -1, -1, -1) for n in {list(refused)}}}))"
    )
    assert {int(number): answer for number, answer in json.loads(said).items()} == refused


def test_arguments_are_looked_at_for_real(filtered):
    refused = [(NUMBERS[name], arguments, answer) for name, arguments, answer in ANSWERS if answer != "allow"]
    said = filtered.works(
        f"import json; print(json.dumps([call(number, *words) for number, words, _ in {refused}]))", families=KERNEL
    )
    assert json.loads(said) == [answer for _, _, answer in refused]


@pytest.mark.parametrize(
    "code",
    [
        f"call({X32_BIT} + 39)",
        # getpid by the 32-bit way: mov eax, 20; int 0x80; ret
        "import mmap\n"
        "page = mmap.mmap(-1, 4096, prot=7)\n"
        "page.write(bytes.fromhex('b814000000cd80c3'))\n"
        "ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()",
    ],
)
def test_a_process_that_calls_by_another_way_does_not_live(filtered, code):
    exit_code, said, _ = filtered.run(f"print('alive', flush=True)\n{code}\nprint('still alive')")
    assert said == "alive\n"
    # Where the Linux kernel has no 32-bit way at all, trying it is an error of its own.
    assert exit_code in (-signal.SIGSYS, -signal.SIGSEGV)


def test_numbers_tables_and_pictures_work(filtered):
    said = filtered.works("""
import numpy as np, pandas as pd
square = np.random.default_rng(1).normal(size=(300, 300))
assert np.allclose(np.linalg.solve(square, square @ np.ones(300)), 1)
np.linalg.svd(square), np.linalg.eig(square), np.fft.fft(square)
np.save("square.npy", square)
assert np.load("square.npy", mmap_mode="r")[1, 1] == square[1, 1]
np.memmap("map.bin", dtype="f8", mode="w+", shape=(100,))[:] = 1

open("offices.csv", "w").write("จังหวัด,คน\\nเชียงใหม่,1\\nกระบี่,2\\nเชียงใหม่,3\\n")
table = pd.read_csv("offices.csv").groupby("จังหวัด", as_index=False).คน.sum()
assert sorted(table.คน) == [2, 4]
table.to_csv("sums.csv"); table.to_pickle("sums.pkl"); assert pd.read_pickle("sums.pkl").equals(table)

import matplotlib; matplotlib.use("agg")
import matplotlib.pyplot as plt
table.plot.bar(x="จังหวัด", y="คน"); plt.title("จำนวนคนต่อจังหวัด")
for kind in ("png", "svg", "pdf"): plt.savefig("plot." + kind)
from PIL import Image
print(Image.open("plot.png").size)
""")
    assert said == "(640, 480)\n"
    assert (filtered.folder / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_learning_works_in_two_processes_or_threads(filtered):
    said = filtered.works("""
import joblib
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
x, y = load_iris(return_X_y=True)
KMeans(3, n_init=2).fit(x)
print(cross_val_score(LogisticRegression(max_iter=500), x, y, n_jobs=2).mean() > 0.9)
print(RandomForestClassifier(20, n_jobs=2, random_state=1).fit(x, y).score(x, y) > 0.9)
for backend in ("loky", "threading", "multiprocessing"):
    with joblib.parallel_config(backend=backend):
        print(sum(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(number) for number in range(9))))
joblib.Memory("cache", verbose=0).cache(abs)(-3)
""")
    assert said.split() == ["True", "True", "36", "36", "36"]


def test_processes_and_threads_work_however_they_are_started(filtered):
    said = filtered.works("""
import multiprocessing, threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import shared_memory
for how in ("fork", "spawn", "forkserver"):
    context = multiprocessing.get_context(how)
    with context.Pool(2) as pool: print(how, pool.map(abs, [-1, -2]))
    queue, lock, event, barrier = context.Queue(), context.Lock(), context.Event(), context.Barrier(1)
    with lock: queue.put(1); assert queue.get() == 1
    barrier.wait(); event.set(); context.Value("i", 1); context.Array("d", 3)
    ours, theirs = context.Pipe(); ours.send(1); assert theirs.recv() == 1
with multiprocessing.Manager() as manager: manager.dict()[1] = 2
memory = shared_memory.SharedMemory(create=True, size=100); memory.buf[0] = 1; memory.close(); memory.unlink()
with ProcessPoolExecutor(2) as pool: assert list(pool.map(abs, [-3])) == [3]
with ThreadPoolExecutor(4) as pool: assert list(pool.map(abs, [-4])) == [4]
timer = threading.Timer(0.001, print, ["thread"]); timer.start(); timer.join()
""")
    assert said.splitlines() == [*(f"{how} [1, 2]" for how in ("fork", "spawn", "forkserver")), "thread"]


def test_other_programs_work(filtered):
    script = """
printf 'b,2\\na,1\\n' > t.csv && sort t.csv | uniq -c | wc -l && cp -a t.csv u.csv && mv u.csv v.csv && mkdir -p d/e
touch d/e/f && find d -name f && sed -i s/a/x/ t.csv && grep -c x t.csv && awk -F, '{s+=$2} END {print s}' t.csv
tar czf d.tgz d && tar xzf d.tgz && gzip -k v.csv && ln -s t.csv l && readlink -f l && stat -c %s t.csv && rm -r d
timeout 10 sleep 0.001 && nice true && seq 3 | xargs -n1 echo && install -m 600 t.csv i.csv && truncate -s 9 i.csv
mkfifo fifo && dd if=/dev/zero of=zeros bs=1k count=3 status=none && ls -la --color /usr > /dev/null && tail -n1 v.csv
ulimit -n; nproc; df . > /dev/null; du -s . > /dev/null; date +%Y; (sleep 0.001 & wait); trap 'echo caught' USR1
kill -USR1 $$; chmod 644 t.csv; md5sum < t.csv | cut -c1-3; mktemp -p . > /dev/null; perl -e 'print 1 + 1'
"""
    said = filtered.works(f"""
import subprocess
done = subprocess.run(["bash", "-euc", {script!r}], capture_output=True, text=True)
print(done.stdout, done.stderr, done.returncode)
assert (done.returncode, done.stderr) == (0, "")
assert subprocess.run("cat", input=bytes(1_000_000), capture_output=True).stdout == bytes(1_000_000)
for options in ({{"start_new_session": True}}, {{"process_group": 0}}, {{"preexec_fn": lambda: None}}):
    sleeper = subprocess.Popen(["sleep", "60"], **options); sleeper.terminate(); assert sleeper.wait(10) == -15
assert os.system("true") == 0 and os.popen("echo said").read() == "said\\n"
os.posix_spawn("/bin/true", ["true"], {{}}); os.wait()
""")
    assert "caught" in said


def test_files_databases_time_zones_and_languages_work(filtered):
    said = filtered.works("""
import datetime, fcntl, locale, mmap, pathlib, shelve, shutil, sqlite3, tarfile, tempfile, zipfile, zoneinfo
for journal in ("delete", "wal"):
    database = sqlite3.connect(journal + ".db")
    database.execute("pragma journal_mode=" + journal); database.execute("create table t (x)")
    with database: database.executemany("insert into t values (?)", [(number,) for number in range(1000)])
    database.execute("vacuum"); print(database.execute("select sum(x) from t").fetchone()[0]); database.close()
print(datetime.datetime(2567, 1, 1, tzinfo=zoneinfo.ZoneInfo("Asia/Bangkok")).utcoffset())
for name in ("th_TH.UTF-8", "C.UTF-8", ""):
    try: locale.setlocale(locale.LC_ALL, name)
    except locale.Error: pass  # that language is not installed
with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "แฟ้ม.txt").write_text("ก"); shutil.copytree(folder, "copy")
    shutil.copy2(folder + "/แฟ้ม.txt", "b"); shutil.move("b", "c")
    shutil.make_archive("archive", "zip", folder); shutil.disk_usage(folder)
with tempfile.TemporaryFile() as file:
    file.truncate(5000); os.posix_fallocate(file.fileno(), 0, 6000); os.posix_fadvise(file.fileno(), 0, 0, 4)
    os.fsync(file.fileno()); os.preadv(file.fileno(), [bytearray(3)], 0); os.pwritev(file.fileno(), [b"abc"], 0)
    with mmap.mmap(file.fileno(), 0) as pages: pages.madvise(mmap.MADV_WILLNEED); pages.flush(); pages.resize(8000)
    for lock in (fcntl.flock, fcntl.lockf): lock(file, fcntl.LOCK_EX); lock(file, fcntl.LOCK_UN)
with zipfile.ZipFile("z.zip", "w") as archive: archive.write("c")
with tarfile.open("t.tar.xz", "w:xz") as archive: archive.add("z.zip")
with tarfile.open("t.tar.xz") as archive: archive.extractall("out", filter="data")
os.symlink("c", "link"); os.link("c", "hard"); os.utime("hard"); os.chmod("hard", 0o600); os.mkfifo("fifo")
os.chown("hard", os.getuid(), os.getgid()); shelve.open("shelf").close()
assert min(os.eventfd(0), os.timerfd_create(1)) > 2
""")
    assert said.split() == ["499500", "499500", "7:00:00"]


def test_signals_timers_limits_and_sockets_work(filtered):
    said = filtered.works(
        """
import faulthandler, resource, select, signal, socket, threading, time
faulthandler.enable()
signal.signal(signal.SIGALRM, lambda *_: print("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.01); signal.pause()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]); signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
assert signal.sigpending() == {signal.SIGUSR1} and signal.sigwait([signal.SIGUSR1]) == signal.SIGUSR1
assert signal.sigtimedwait([signal.SIGUSR1], 0.001) is None
time.sleep(0.001), time.process_time(), time.thread_time(), os.times()
resource.setrlimit(resource.RLIMIT_CORE, (0, 0)), resource.getrusage(resource.RUSAGE_SELF)
os.nice(1), os.sched_setaffinity(0, os.sched_getaffinity(0)), os.sched_yield()
reading, writing = os.pipe(); poll = select.poll(); poll.register(reading); poll.poll(1)
select.select([reading], [], [], 0)
with select.epoll() as epoll: epoll.register(reading); epoll.poll(0.001)
ours, theirs = socket.socketpair(); ours.settimeout(1); ours.sendall(b"x"); print(theirs.recv(1)); ours.shutdown(2)
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.accept()[0].sendall(b"y"); print(client.recv(1))
""",
        families=KERNEL,
    )
    assert said.split() == ["alarm", "b'x'", "b'y'"]


def test_asyncio_works_with_processes_and_sockets(filtered):
    said = filtered.works("""
import asyncio
async def work():
    process = await asyncio.create_subprocess_exec("cat", stdin=-1, stdout=-1)
    print((await process.communicate(b"cat"))[0])
    process = await asyncio.create_subprocess_shell("sleep 60"); process.terminate(); print(await process.wait())
    server = await asyncio.start_unix_server(lambda reader, writer: (writer.write(b"hi"), writer.close()), "socket")
    reader, writer = await asyncio.open_unix_connection("socket"); print(await reader.read()); writer.close()
    server.close(); print(await asyncio.to_thread(sum, [1, 2]))
asyncio.run(work())
""")
    assert said.split() == ["b'cat'", "-15", "b'hi'", "3"]


CELL = """
import os, subprocess, numpy as np
import matplotlib.pyplot as plt
%matplotlib inline
plt.plot([1, 2]); plt.show()
print(np.ones((50, 50)).sum())
!echo from a shell | cat
lines = !date
%timeit -n1 -r1 1
get_ipython().run_cell_magic("bash", "", "echo from bash; sleep 0.001 & wait")
get_ipython().run_cell_magic("writefile", "note.txt", "note")
%ls note.txt
os.system("echo from system")
subprocess.run(["echo", "from a subprocess"])
"""


def test_a_kernel_runs_a_cell_with_magics_and_shell_lines(filtered):
    connection = str(filtered.folder / "connection.json")
    write_connection_file(
        connection,
        ip=str(filtered.folder / "k"),
        transport="ipc",
        key=b"key",
        shell_port=1,
        iopub_port=2,
        stdin_port=3,
        control_port=4,
        hb_port=5,
    )
    said, kinds = [], []

    def listen(message):
        kinds.append(message["msg_type"])
        said.append(message["content"].get("text", ""))

    client = BlockingKernelClient(connection_file=connection)
    client.load_connection_file()
    with filtered.start("-m", "ipykernel_launcher", "-f", connection, families=KERNEL) as kernel:
        try:
            client.start_channels()
            client.wait_for_ready(timeout=60)
            reply = client.execute_interactive(CELL, timeout=60, output_hook=listen)
            client.shutdown()
            kernel.communicate(timeout=30)
        finally:
            client.stop_channels()
            end(kernel)
    assert reply["content"]["status"] == "ok", reply
    assert kernel.returncode == 0
    assert "display_data" in kinds
    for words in ("2500.0", "from a shell", "from bash", "Writing note.txt", "from system", "from a subprocess"):
        assert words in "".join(said)
