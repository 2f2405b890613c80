"""Somebody who left traces everywhere is erased: neither the database, nor a file, nor the queue has any of them."""

import contextlib
import json
import re
import sqlite3
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
import redis
from playwright.sync_api import expect

from tests.journeys.test_journey import PASSWORD, earn, register
from tests.journeys.traces import found_in, spellings
from tests.servers import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

MARK = "q7zx9kvw3"
EMAIL = f"somruedi.{MARK}@example.go.th"
NAMES = {"given_name": "สมฤดีพิสุทธิ์", "family_name": "ลบรอยเลือนกุล", "name_en": "Somruediphisut Loproilueankun"}
TRACES = {
    name: spellings(words)
    for name, words in {
        "given name": NAMES["given_name"],
        "family name": NAMES["family_name"],
        "Latin name": NAMES["name_en"].split()[1],
        "what they wrote": MARK,
    }.items()
}
LEAVE = """
import json
from tests.journeys.traces import leave
print('rows|' + json.dumps(leave({email!r}, {mark!r})))
"""
DUE = """
from django.utils import timezone
from lms.privacy import tasks
from lms.privacy.models import Erasure
Erasure.objects.filter(person__email={email!r}).update(due_at=timezone.now())
tasks.erase_due.delay()
"""


def dumped(site):
    """Everything that the site keeps, piece by piece: (where, bytes)."""
    for path in sorted(site.var.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(site.var)), path.read_bytes()
    if url := site.env.get("DATABASE_URL"):
        yield from postgres_dump(url)
    else:
        yield from sqlite_dump(site.var / "db.sqlite3")
    yield from redis_dump(site)


def sqlite_dump(path):
    """Each value for itself: in the file a long one lies in pieces."""
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.text_factory = bytes
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table.decode()}"'):
                yield from ((f"SQLite {table.decode()}", value) for value in row if isinstance(value, bytes))


def postgres_dump(url):
    program = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))[-1]
    dump = subprocess.run([program, "--dbname", url, "--inserts"], check=True, capture_output=True).stdout
    yield "pg_dump", dump
    for number, blob in enumerate(re.findall(rb"'\\x([0-9a-f]+)'", dump)):
        yield f"pg_dump, binary value {number}", bytes.fromhex(blob.decode())


def redis_dump(site):
    """Every key with its value, and the file in which the server keeps what it was told."""
    url = site.env.get("REDIS_URL") or f"unix://{site.var / 'valkey' / 's.sock'}"
    with redis.Redis.from_url(url) as server:
        read = {
            b"string": server.get, b"hash": server.hgetall, b"set": server.smembers,
            b"list": lambda key: server.lrange(key, 0, -1), b"zset": lambda key: server.zrange(key, 0, -1),
            b"none": lambda _key: "gone since it was listed",
        }  # fmt: skip
        for key in server.scan_iter(count=1000):
            yield f"Redis key {key!r}", key + repr(read[server.type(key)](key)).encode()
        folder = Path(server.config_get("dir")["dir"])
    for path in folder.rglob("*.aof"):
        yield f"Redis file {path.name}", path.read_bytes()


def traces(site):
    """Which traces are where, the places without one left out."""
    places = defaultdict(set)
    for where, data in dumped(site):
        if found := found_in(data, TRACES):
            places[where] |= found
    return dict(places)


def test_after_erasure_database_files_and_queue_hold_no_trace(walk, site):
    page = walk()
    register(page, "th", EMAIL, **NAMES)
    page.goto("/courses/da-201/")
    page.locator("form[action*='/enroll/'] button, aside form button").first.click()
    expect(page.locator("aside .state-is-ok")).to_be_visible()
    earn(page, site, "th", with_mark)
    number = page.locator(".credential-card code").inner_text()
    page.goto(f"/my/credentials/{number}/")
    page.locator("input[name=label]").fill(f"ถึงหัวหน้า {MARK}")
    page.locator("form[action*='/share/#links'] button").click()
    wait_until(lambda: page.request.get(f"/credentials/{number}.pdf").body()[:4] == b"%PDF", "the PDF is made", 60)
    told = site.manage("shell", "-c", LEAVE.format(email=EMAIL, mark=MARK))
    rows = json.loads(next(line for line in told.splitlines() if line.startswith("rows|")).removeprefix("rows|"))
    assert [model for model, count in rows.items() if not count] == []
    before = traces(site)
    assert set().union(*before.values()) == set(TRACES), before

    page.goto("/my/privacy/")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("input[name=keeps_credentials]").first.check()
    page.locator("#erase ~ form button").click()
    expect(page.locator(".callout")).to_be_visible()
    site.manage("shell", "-c", DUE.format(email=EMAIL))
    wait_until(lambda: "person_erased" in (site.var / "log" / "grader.log").read_text(), "the erasure is done", 60)
    after = traces(site)
    assert after == {}, f"before: {sorted(before)}\nafter: {after}"
    page.goto("/my/")
    expect(page).to_have_url(re.compile("/accounts/login/"))


def with_mark(notebook: bytes) -> bytes:
    document = json.loads(notebook)
    answers = [cell for cell in document["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")]
    answers[0]["source"] = f"# {MARK} {NAMES['given_name']}\n" + "".join(answers[0]["source"])
    return json.dumps(document).encode()
