"""A whole site, started as a person would start it, and a browser that walks it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Error, expect, sync_playwright

from tests import migrated
from tests.servers import end, free_port, postgres, redis, wait_until

PROJECT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
# What the tests' own process is told (tests/settings.py) and a site has to find for itself.
NOT_THE_SITES = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "WORKBENCH_URL", "PUBLIC_URL"}
PATIENCE = 15_000  # milliseconds: what a page may take beside another journey on two cores
expect.set_options(timeout=PATIENCE)
# No network but this machine: without these Chromium asks its maker's servers at every start.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Site:
    url: str
    var: Path
    env: dict[str, str]
    launcher: subprocess.Popen

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, env=self.env, cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def processes_of(var: Path) -> list[str]:
    """The command lines of every process that was started for this site."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"VAR_DIR={var}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@contextlib.contextmanager
def running_site(var: Path, **settings: str):
    """``python -m lms.launcher`` on a free port; ends with SIGTERM and must leave no process behind."""
    port = free_port()
    base = {k: v for k, v in os.environ.items() if k not in NOT_THE_SITES}
    env = base | {
        "VAR_DIR": str(var),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SWEEP_SECONDS": "3",
    }
    env |= settings
    with (var / "launcher.log").open("wb") as log:
        launcher = subprocess.Popen(
            [sys.executable, "-m", "lms.launcher"], env=env, cwd=PROJECT, stdout=log, stderr=log
        )
    site = Site(env["PUBLIC_URL"], var, env, launcher)
    try:
        try:
            wait_until(lambda: answers(f"{site.url}/readyz"), "the site is ready", seconds=300, process=launcher)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{(var / 'launcher.log').read_text()[-3000:]}") from error
        yield site
    finally:
        end(launcher, signal.SIGTERM, patience=90)  # it waits for each of its programs
        wait_until(lambda: not processes_of(var), f"nothing is left running: {processes_of(var)}", seconds=20)
        assert "did not stop" not in (var / "launcher.log").read_text()  # browsers still hold connections


# Each site stays with one worker of a parallel run: it takes longer to start than to walk.
@pytest.fixture(
    scope="session",
    params=[pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in ("embedded", "servers")],
)
def site(request, tmp_path_factory, django_db_blocker):
    """The site with its demo, once on the embedded default and once on PostgreSQL and Redis."""
    var = tmp_path_factory.mktemp("site")
    with contextlib.ExitStack() as stack:
        settings = {}
        if request.param == "servers":
            settings = {
                "DATABASE_URL": stack.enter_context(postgres()),
                "REDIS_URL": stack.enter_context(redis()),
                "SECRET_KEY": "a key for the tests of a site on servers, long enough",
                "WITH_DEMO": "1",
            }
        else:
            with django_db_blocker.unblock():
                shutil.copyfile(migrated.template(), var / "db.sqlite3")
        yield stack.enter_context(running_site(var, **settings))


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


def is_ours(error):
    """Not thrown by the notebook's own code: what remains of upstream is listed in docs/workbench.md."""
    return "/static/notebook/" not in (error.stack or "")


PAGES = pytest.StashKey[list]()


def keep_diary(page):
    """What the page asked for (scripts, styles and pictures left out) and was answered, for the report of a failure."""
    page.diary = deque(maxlen=60)
    begin = time.monotonic()

    def write(request, what):
        if request.resource_type in {"document", "xhr", "fetch"}:
            page.diary.append(f"{time.monotonic() - begin:7.2f} s  {request.method} {request.url}  {what}")

    page.on("request", lambda request: write(request, "…"))
    page.on("response", lambda response: write(response.request, response.status))
    page.on("requestfailed", lambda request: write(request, request.failure))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed journey tells what its pages showed and asked for: where it went wrong is seldom where it waited."""
    report = yield
    if report.when == "call" and report.failed:
        for page in item.stash.get(PAGES, []):
            try:
                shown = page.locator("body").inner_text(timeout=3000)
            except Error as error:
                shown = str(error)
            report.sections.append((f"shown by {page.url}", shown[:3000]))
            report.sections.append((f"asked by {page.url}", "\n".join([*page.diary, *page.complaints])))
    return report


@pytest.fixture
def walk(request, browser, site):
    """Opens a fresh visitor: ``walk(width, language)`` → a page of a new browser session."""
    contexts = []
    opened = request.node.stash[PAGES] = []

    def open_page(width: int = 1280, language: str = "th"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, base_url=site.url, locale="th-TH" if language == "th" else "en-GB"
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        opened.append(page)
        keep_diary(page)
        page.complaints = []
        page.on("pageerror", lambda error: is_ours(error) and page.complaints.append(str(error)))
        page.on("console", lambda m: page.complaints.append(m.text) if m.type == "error" else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
