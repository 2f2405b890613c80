"""`python -m bench.workbench`: what an open notebook costs, and how long a cell takes, beside stock Jupyter Server.

Asks a running site (same VAR_DIR or DATABASE_URL, PUBLIC_URL and WORKBENCH_URL as `make run`): learners made
for this and removed afterwards open a document each, all at once, and run cells. In the same run a stock
jupyter-server with the same kernel environment, without boxes, is asked the same by the same client.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.simple_httpclient import SimpleAsyncHTTPClient
from tornado.websocket import websocket_connect

BASE_DIR = Path(__file__).resolve().parent.parent
KERNEL_PYTHON = Path(os.environ.get("KERNEL_PYTHON", BASE_DIR / ".venv-kernel" / "bin" / "python"))


@dataclass
class Side:
    """A server as its clients see it: where it is, by which process, and with what each of them comes."""

    name: str
    url: str
    pid: int
    tokens: list[str]
    client: AsyncHTTPClient

    def headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"token {token}", "Host": urlsplit(self.url).netloc, "Origin": self.url}

    @property
    def there(self) -> str:
        return f"127.0.0.1:{urlsplit(self.url).port}"


async def start(side: Side, number: int) -> tuple[str, float]:
    """A session with its kernel; returns the kernel and how many seconds it took until it could be spoken to."""
    began = time.monotonic()
    answer = await side.client.fetch(
        HTTPRequest(
            f"http://{side.there}/api/sessions",
            method="POST",
            headers=side.headers(side.tokens[number]),
            body=json.dumps({"path": f"{number}.ipynb", "name": "", "type": "notebook", "kernel": {"name": ""}}),
            request_timeout=120,
        )
    )
    return json.loads(answer.body)["kernel"]["id"], time.monotonic() - began


async def run_cells(side: Side, number: int, kernel: str, cells: int, pause: float) -> list[float]:
    """Runs cells one after the other with a pause between; returns the seconds from sending one to its end."""
    token = side.tokens[number]
    connection = await websocket_connect(
        HTTPRequest(f"ws://{side.there}/api/kernels/{kernel}/channels?session_id=b", headers=side.headers(token)),
        subprotocols=["workbench", f"workbench.token.{token}"] if side.name == "workbench" else None,
    )
    taken = []
    for turn in range(cells):
        await asyncio.sleep(pause * (0.5 + secrets.randbelow(1000) / 1000))
        began = time.monotonic()
        await connection.write_message(_execute(f"m{turn}"))
        while True:
            said = json.loads(await connection.read_message() or "{}")
            if said["parent_header"].get("msg_id") == f"m{turn}" and said["content"].get("execution_state") == "idle":
                break
        taken.append(time.monotonic() - began)
    connection.close()
    return taken[1:]  # the first waits for what a kernel begins with


def _execute(number: str) -> str:
    header = {"msg_id": number, "msg_type": "execute_request", "username": "", "session": "b", "version": "5.4"}
    content = {"code": "sum(range(100))", "silent": False, "allow_stdin": False}
    return json.dumps(
        {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
    )


async def measure(side: Side, people: int, cells: int, pause: float) -> dict[str, Any]:
    """Everybody at once."""
    before, free = memory_of(side.pid), available()
    started = await asyncio.gather(*(start(side, number) for number in range(people)))
    taken = await asyncio.gather(
        *(run_cells(side, number, kernel, cells, pause) for number, (kernel, _) in enumerate(started))
    )
    trips = sorted(second for one in taken for second in one)
    return {
        "people": people,
        "kernel_seconds_median": round(statistics.median(seconds for _, seconds in started), 3),
        "kernel_seconds_last": round(max(seconds for _, seconds in started), 3),
        "cell_ms_median": round(1000 * statistics.median(trips), 1),
        "cell_ms_p95": round(1000 * trips[int(0.95 * (len(trips) - 1))], 1),
        "server_mib": round(memory_of(side.pid) / 2**20),
        "server_mib_each": round((memory_of(side.pid) - before) / 2**20 / people, 2),
        "machine_mib_each": round((free - available()) / 2**20 / people, 1),
    }


async def end(side: Side) -> None:
    for token in dict.fromkeys(side.tokens):
        request = HTTPRequest(f"http://{side.there}/api/kernels", headers=side.headers(token))
        for kernel in json.loads((await side.client.fetch(request)).body):
            url = f"http://{side.there}/api/kernels/{kernel['id']}"
            await side.client.fetch(HTTPRequest(url, method="DELETE", headers=side.headers(token)))


def memory_of(pid: int) -> int:
    """Bytes that are this process's alone or its share of what is shared."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) << 10
    return 0


def available() -> int:
    text = Path("/proc/meminfo").read_text()
    return int(text.split("MemAvailable:")[1].split()[0]) << 10


def listener(port: int) -> int:
    """The process that listens on a port."""
    said = subprocess.run(["ss", "-ltnpH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return int(said.split("pid=")[1].split(",")[0])


@contextmanager
def learners(people: int) -> Iterator[list[str]]:
    """Tokens of so many learners with a document each."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - once Django is set up

    from grading import workbench  # noqa: PLC0415
    from grading.models import Exercise  # noqa: PLC0415

    exercise = Exercise.objects.exclude(versions=None).first()
    if exercise is None:
        raise SystemExit("The site has no exercise.")
    manager: Any = get_user_model().objects
    made = [manager.create_user(f"bench-{secrets.token_hex(6)}@demo.example", None) for _ in range(people)]
    try:
        documents = [workbench.open_exercise(exercise, one) for one in made]
        yield [workbench.token_for(document, one)["token"] for document, one in zip(documents, made, strict=True)]
    finally:
        for one in made:
            one.delete()


@contextmanager
def stock(people: int) -> Iterator[Side]:
    """A jupyter-server as anybody would start it, with the kernel environment's Python."""
    port, token = 18899, secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as name:
        kernel = Path(name, "kernels", "plain")
        kernel.mkdir(parents=True)
        argv = [str(KERNEL_PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        said = {"argv": argv, "display_name": "plain", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(said))
        for number in range(people):
            Path(name, f"{number}.ipynb").write_text(
                '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
            )
        command = [sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--port={port}"]
        command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={name}"]
        command += ["--MultiKernelManager.default_kernel_name=plain"]
        env = os.environ | {"JUPYTER_PATH": name, "JUPYTER_CONFIG_DIR": name, "JUPYTER_RUNTIME_DIR": name}
        server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = f"http://localhost:{port}"
            side = Side("stock", url, server.pid, [token] * people, SimpleAsyncHTTPClient(force_instance=True))
            yield side
        finally:
            server.terminate()
            server.wait(30)


async def compare(people: int, cells: int, pause: float, ours: Side) -> dict[str, Any]:
    found: dict[str, Any] = {}
    ours.client = SimpleAsyncHTTPClient(force_instance=True, max_clients=people)
    found["workbench"] = await measure(ours, people, cells, pause)
    await end(ours)
    with stock(people) as side:
        side.client = SimpleAsyncHTTPClient(force_instance=True, max_clients=people)
        for _ in range(100):
            try:
                request = HTTPRequest(f"http://{side.there}/api/kernels", headers=side.headers(side.tokens[0]))
                await side.client.fetch(request)
                break
            except (OSError, HTTPClientError):
                await asyncio.sleep(0.2)
        found["stock"] = await measure(side, people, cells, pause)
        await end(side)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.workbench", description=__doc__)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--cells", type=int, default=10, help="that each of them runs")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between a person's cells, on average")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - once Django is set up

    url = settings.WORKBENCH_URL
    with learners(options.people) as tokens:
        ours = Side("workbench", url, listener(urlsplit(url).port or 80), tokens, SimpleAsyncHTTPClient())
        found = asyncio.run(compare(options.people, options.cells, options.pause, ours))
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
