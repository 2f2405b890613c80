"""A workbench as it is started, and a small site beside it that says whose a token is and keeps documents."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings
from playwright.sync_api import sync_playwright

from tests.servers import end, free_port, wait_until


@dataclass
class Learner:
    """Somebody with a document and a token for it."""

    token: str
    document: str = field(default_factory=lambda: str(uuid.uuid4()))
    person: str = field(default_factory=lambda: uuid.uuid4().hex)
    seconds: int = 600

    @property
    def path(self):
        return f"/api/contents/{self.document}.ipynb"


def notebook(*cells):
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "sandbox-python", "display_name": "Python 3", "language": "python"}},
        "cells": [
            {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": code, "outputs": [], "execution_count": None}
            for i, code in enumerate(cells)
        ],
    }


class FakeSite(ThreadingHTTPServer):
    """What the workbench asks of the site (`grading.workbench_api`), for as long as it `is_up`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.learners, self.notebooks, self.asked = {}, {}, []
        self.files = {"data.csv": b"a,b\n1,2\n"}
        self.is_up = True
        self.page = "<!doctype html>"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, **fields):
        learner = Learner(token=f"token-{uuid.uuid4().hex}", **fields)
        self.learners[learner.token] = learner
        self.notebooks[learner.document] = json.dumps(notebook("secret = 'ของฉันคนเดียว'"))
        return learner


class _Answers(BaseHTTPRequestHandler):
    server: FakeSite

    def log_message(self, *args):
        pass

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if not self.path.startswith("/internal/"):
            return self.answer(200, self.server.page, "text/html", self.server.page_headers)
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        learner = self.server.learners.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if not self.server.is_up:
            return self.answer(500, "{}")
        if learner is None:
            return self.answer(401, "{}")
        what = self.path.removeprefix("/internal/workbench/")
        if what == "identity":
            said = {"document": learner.document, "person": learner.person, "kind": "exercise", "title": ""}
            return self.answer(200, json.dumps(said | {"seconds": learner.seconds}))
        if what == "files":
            files = [{"name": name, "size": len(data)} for name, data in self.server.files.items()]
            return self.answer(200, json.dumps({"files": files}))
        if what.startswith("files/"):
            return self.answer(200, self.server.files[what.removeprefix("files/")])
        if self.command == "PUT":
            self.server.notebooks[learner.document] = body
        kept = self.server.notebooks[learner.document]
        digest = sha256(kept.encode()).hexdigest()
        saved_at = "2026-11-21T09:00:00+07:00"
        if self.command == "PUT":
            said = {"number": 2, "sha256": digest, "saved_at": saved_at, "is_whole": True}
            return self.answer(200, json.dumps(said))
        return self.answer(200, kept, headers={"ETag": f'"{digest}"', "X-Saved-At": saved_at})

    do_PUT = do_GET

    def answer(self, status, body, kind="application/json", headers=()):
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **dict(headers)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


@dataclass
class Workbench:
    site: FakeSite
    port: int
    process: subprocess.Popen

    @property
    def url(self):
        return f"http://localhost:{self.port}"

    def ask(self, method, path, learner=None, body=None, **headers):
        """One request; returns the status, the headers and the body (JSON where it is)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        sent = {"Host": f"localhost:{self.port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if learner is not None:
            sent["Authorization"] = f"token {learner.token if isinstance(learner, Learner) else learner}"
        with contextlib.closing(connection):
            connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=sent)
            answer = connection.getresponse()
            data = answer.read()
        with contextlib.suppress(ValueError):
            data = json.loads(data)
        return answer.status, answer.headers, data

    def status(self, *args, **options):
        return self.ask(*args, **options)[0]

    def start(self, learner):
        """A session with a kernel; returns both ids."""
        status, _, said = self.ask("POST", "/api/sessions", learner, {"path": "x", "type": "notebook", "kernel": {}})
        assert status == 201, said
        return said["id"], said["kernel"]["id"]


@contextlib.contextmanager
def running_workbench(*options):
    site, port = FakeSite(), free_port()
    site.page_headers = {}
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    command = [sys.executable, "-m", "sandboxes", "workbench", "--port", str(port), "--site", site.url]
    command += ["--url", f"http://localhost:{port}", "--public-url", site.url, *options]
    kept = ("PATH", "HOME", "SANDBOXES_SOCKET", "SANDBOXES_STATE_DIR")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    bench = Workbench(site, port, process)
    try:
        wait_until(lambda: is_ready(bench), "the workbench answers", seconds=60, process=process)
        yield bench
    finally:
        end(process)
        site.shutdown()
        site.server_close()
        thread.join()


def is_ready(bench):
    try:
        return bench.status("GET", "/readyz") == 200
    except OSError:
        return False


@pytest.fixture(scope="session")
def workbench(kernels):
    with running_workbench() as bench:
        yield bench


@pytest.fixture
def learner(workbench):
    return workbench.site.add()


@pytest.fixture
def stranger(workbench):
    """Another learner, logged in, with a document and a token of their own."""
    return workbench.site.add()


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()
