"""Whole processes are killed in the middle of grading: nothing may be lost, and nothing graded twice."""

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

from courses.demo import notebooks
from lms import launcher
from tests.servers import wait_until

SUBMISSIONS = 20
# How long to go on killing at random; ten minutes is a good night's work.
KILLING_SECONDS = float(os.environ.get("KILLING_SECONDS", "15"))
pytestmark = [
    pytest.mark.embedded_only,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not settings.IS_EMBEDDED, reason="starts its own SQLite site"),
]

SOURCE = notebooks.to_bytes(
    notebooks.notebook(
        [
            notebooks.answer(
                "double", "def double(n):\n    ### BEGIN SOLUTION\n    return 2 * n\n    ### END SOLUTION"
            ),
            notebooks.check_as_written(
                "t1",
                points=1,
                code="# hint(th): คูณสอง\n# hint(en): Times two\nassert double(2) == 4\n"
                "### BEGIN HIDDEN TESTS\nassert double(21) == 42\n### END HIDDEN TESTS",
            ),
        ],
        title="Double",
    )
)
# Runs in a process of its own, on the site's own database: the test's connection belongs to another one.
SEED = f"""
import json, sys
import django
django.setup()
from django.contrib.auth import get_user_model
from grading.models import Exercise, Submission
source = sys.stdin.buffer.read()
person = {{"email": "crash@example.go.th", "defaults": {{"given_name": "ทดสอบ"}}}}
learner, is_new = get_user_model().objects.get_or_create(**person)
exercise, _ = Exercise.objects.get_or_create(slug="double", defaults={{"title_th": "คูณสอง", "title_en": "Double"}})
if is_new:
    exercise.add_version(source=source, max_score=1, files=[], limits={{}}, author=learner)
first = Submission.objects.count()
for number in range(first, first + {SUBMISSIONS}):
    notebook = json.loads(source)
    if number % 2:
        notebook["cells"][0]["source"] = "def double(n):\\n    return n + " + str(number)
    notebook["metadata"]["number"] = number
    content = json.dumps(notebook).encode()
    Submission.objects.hand_in(exercise=exercise, learner=learner, notebook=content, filename="a.ipynb")
"""
# The message of each, as a page sends it after the hand-in; a sweep would send them behind the worker's first words.
ANNOUNCE = """
import django
django.setup()
from grading.models import Submission
from grading.tasks import announce_all
announce_all(Submission.objects.values_list("pk", flat=True))
"""


class Site:
    """Queue, grading worker and beat over a database of their own."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.env = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        self.env |= {"VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "lms.settings", "PYTHONUNBUFFERED": "1"}
        self.env |= {"GRADING_LEASE_SECONDS": "6", "SWEEP_SECONDS": "1", "GRADING_MAX_TRIES": "1000"}
        self.env["SANDBOXES_SOCKET"] = str(var / "sandboxes.sock")
        children = launcher.programs(var, self.env, 1)
        self.queue = launcher.embedded_queue(var, self.env)
        self.kernels, self.grader, self.beat = (
            next(child for child in children if child.name == name) for name in ("kernels", "grader", "beat")
        )

    @property
    def children(self):
        return [self.queue, self.kernels, self.grader, self.beat]

    def start(self) -> None:
        with (
            contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"])) as migrated,
            contextlib.closing(sqlite3.connect(self.database)) as own,
        ):
            migrated.backup(own)
            own.execute("PRAGMA journal_mode=WAL")
        self.hand_in()
        self.kernels.start()
        self.start_queue()
        self.grader.start()
        self.beat.start()

    def hand_in(self) -> None:
        """Twenty more submissions: every other one is right."""
        subprocess.run([sys.executable, "-c", SEED], input=SOURCE, env=self.env, cwd=settings.BASE_DIR, check=True)

    def start_queue(self) -> None:
        self.queue.start()
        socket = self.var / "valkey" / "s.sock"
        wait_until(lambda: launcher.queue_answers(socket), "the queue answers", process=self.queue.process)

    @property
    def database(self) -> str:
        return str(self.var / "db.sqlite3")

    def ask(self, question: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(question).fetchall()

    def count(self, status: str) -> int:
        return self.ask(f"SELECT count(*) FROM grading_submission WHERE status = '{status}'")[0][0]

    def wait_for(self, is_true, what: str) -> None:
        """Wait until it is true, and meanwhile start again what ended by itself, as whoever runs the site does.

        A worker may: when the queue goes away while it hands back what it had taken, Celery gives up.
        """

        def is_true_by_now() -> bool:
            self.look_after_children()
            return is_true()

        try:
            wait_until(is_true_by_now, what, seconds=400)
        except AssertionError as error:
            rows = self.ask("SELECT status, tries, detail FROM grading_submission")
            raise AssertionError(f"{error}\n{json.dumps(rows, ensure_ascii=False)}\n{self.logs()}") from None

    def look_after_children(self) -> None:
        for child in self.children:
            child.restart_if_dead()
            assert child.quick_deaths < 3, f"{child.name} ends again and again\n{self.logs()}"

    def wait_until_in_the_middle(self) -> None:
        self.wait_for(lambda: self.count("graded") >= 4 and self.count("running"), "grading is under way")

    def logs(self) -> str:
        return "\n".join(f"--- {child.name}\n{launcher.tail(child.log, 30)}" for child in self.children)

    def kill(self, child: launcher.Child) -> None:
        """kill -9 for the whole process group: nobody in it can clean up."""
        if child.process.returncode is None:  # else it ended by itself, and the number may be another's
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()

    def stop(self) -> None:
        for child in reversed(self.children):
            child.stop()


@pytest.fixture
def site(transactional_db):
    # Not pytest's folder: the path of a Unix socket has to be short.
    with tempfile.TemporaryDirectory(prefix="lms-") as folder:
        site = Site(Path(folder))
        try:
            site.start()
            yield site
        finally:
            site.stop()


def assert_graded_once_each(site: Site, count: int = SUBMISSIONS) -> None:
    site.wait_for(lambda: site.count("graded") == count, f"{count} grades")
    grades = site.ask("SELECT submission_id, count(*) FROM grading_grade GROUP BY submission_id")
    assert len(grades) == count
    assert {number for _, number in grades} == {1}
    # By attempt: right answers and wrong ones alternate.
    scores = site.ask(
        "SELECT s.attempt, g.score FROM grading_grade g JOIN grading_submission s ON s.id = g.submission_id"
    )
    assert dict(scores) == {n + 1: 0.0 if n % 2 else 1.0 for n in range(count)}


def test_a_worker_killed_in_the_middle_loses_nothing(site):
    site.wait_until_in_the_middle()
    site.kill(site.grader)
    assert site.count("graded") < SUBMISSIONS
    interrupted = [pk for (pk,) in site.ask("SELECT id FROM grading_submission WHERE status = 'running'")]
    site.grader.start()
    assert_graded_once_each(site)
    tries = dict(site.ask("SELECT id, tries FROM grading_submission"))
    assert interrupted
    assert all(tries[pk] >= 2 for pk in interrupted)


def test_a_queue_killed_in_the_middle_loses_nothing(site):
    site.wait_until_in_the_middle()
    site.kill(site.queue)
    (site.var / "valkey" / "s.sock").unlink(missing_ok=True)
    assert site.count("graded") < SUBMISSIONS
    site.start_queue()
    assert_graded_once_each(site)


def test_a_queue_that_forgot_everything_loses_nothing(site):
    site.wait_until_in_the_middle()
    site.kill(site.queue)
    for path in (site.var / "valkey").rglob("*"):
        if path.is_file() or path.is_socket():
            path.unlink()
    site.start_queue()
    assert_graded_once_each(site)


def test_behind_a_backlog_the_worker_still_shows_itself(site):
    assert_graded_once_each(site)
    site.grader.stop()
    site.hand_in()
    subprocess.run([sys.executable, "-c", ANNOUNCE], env=site.env, cwd=settings.BASE_DIR, check=True)
    with redis.Redis(unix_socket_path=str(site.var / "valkey" / "s.sock")) as marks:
        names = [f"lms:1:{name}" for name in ("pulse:grading", "sandbox", "kernels", "workbench")]
        marks.delete(*names)
        site.grader.start()
        site.wait_for(lambda: marks.exists(*names) == len(names), "the worker shows itself, and what it found")
    assert site.count("graded") < SUBMISSIONS * 3 / 2
    assert_graded_once_each(site, SUBMISSIONS * 2)


def processes(words: str = "", *, below: int) -> list[int]:
    """The processes below one, as far down as they go, whose command line has these words."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [below]
    while waiting:
        for pid in parents.get(waiting.pop(), []):
            waiting.append(pid)
            with contextlib.suppress(OSError):
                if words in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode():
                    found.append(pid)
    return found


def is_ours(pid: int) -> bool:
    """Is it (still, and not another of the same number) a process of a sandbox service, a zygote or a kernel?"""
    with contextlib.suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        return any(words in line for words in (b"sandboxes serve", b"run_zygote", b"ipykernel"))
    return False


def zygotes(*, below: int) -> list[int]:
    """Those by themselves: what they have forked is a learner's, and keeps their command line."""
    found = processes("run_zygote", below=below)
    return [pid for pid in found if parent_of(pid) not in found]


def launchers(*, below: int) -> list[int]:
    return processes("sandboxes serve", below=below)


def parent_of(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[1])
    return 0


def pause(seconds: float) -> None:
    """The time between two misfortunes; nothing is waited for."""
    threading.Event().wait(seconds)


def test_kills_at_random_lose_nothing_and_raise_no_score(site):
    """Zygote, launchers, service and worker are killed again and again while submissions come in."""
    chance = random.Random(20260101)
    seen: set[int] = set()
    kills = dict.fromkeys(("zygote", "launcher", "service", "grader"), 0)
    handed_in, deadline = SUBMISSIONS, time.monotonic() + KILLING_SECONDS
    while time.monotonic() < deadline or sum(kills.values()) <= 5:
        site.look_after_children()
        if site.count("graded") > handed_in - SUBMISSIONS // 2:
            site.hand_in()
            handed_in += SUBMISSIONS
        pause(chance.uniform(0.1, 1.5))
        victim = chance.choices(list(kills), weights=(6, 12, 1, 1))[0]
        service = site.kernels.process.pid
        seen |= set(processes(below=service))
        if victim == "grader":
            site.kill(site.grader)
            site.grader.start()
        elif victim == "service":
            site.kill(site.kernels)
            site.kernels.start()
        else:
            choice = zygotes(below=service) if victim == "zygote" else launchers(below=service)
            if not choice:  # all have just been killed
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(choice), signal.SIGKILL)
        kills[victim] += 1
    print(f"{handed_in} submissions, killed: {kills}")
    assert_graded_once_each(site, handed_in)
    site.stop()
    wait_until(lambda: not any(map(is_ours, seen)), "nothing is left behind", seconds=20)
