"""The site says what it can do, and goes on with what it can."""

import os
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import override_settings
from kombu import Consumer

from grading.tasks import GRADE, send
from lms import celery_app, launcher
from lms.tasks import NOT_LATELY, leave, pulse
from tests.conftest import PASSWORD
from tests.servers import redis, wait_until

GONE = {"default": {"BACKEND": "lms.cache.ForgivingRedisCache", "LOCATION": "unix:///nowhere/s.sock"}}


def test_the_process_says_that_it_is_up(client):
    assert client.get("/healthz").content == b"ok"


@pytest.mark.django_db
def test_nothing_is_ready_until_the_workers_have_shown_themselves(client):
    cache.clear()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "ok"
    assert answer.json()["grader"] == "no sign of life"
    assert answer.json()["sandbox"] == "not tried yet"
    pulse("grading")
    pulse("credentials")
    leave({"sandbox": "ok"}, 60)
    assert client.get("/readyz").json()["ready"] is True
    cache.set("kernels", "cold: python")
    assert client.get("/readyz").json() | {"ready": True, "kernels": "cold: python"} == client.get("/readyz").json()
    cache.set("sandbox", "user namespaces are not allowed")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["sandbox"]) == (503, "user namespaces are not allowed")
    leave({"pulse:grading": "ok", "sandbox": "ok"}, 0)  # their time is over
    answer = client.get("/readyz")
    told = [answer.json()[name] for name in ("grader", "signer", "sandbox", "workbench")]
    assert (answer.status_code, told) == (503, [NOT_LATELY, "ok", NOT_LATELY, "not tried yet"])


@pytest.mark.django_db
@override_settings(CACHES=GONE)
def test_without_the_caches_server_people_still_log_in_and_the_site_is_not_ready(client, learner):
    answer = client.post("/accounts/login/", {"login": learner.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/my/").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["queue"]) == (503, "does not answer")


def test_the_forgiving_cache_remembers_while_its_server_is_there():
    with (
        redis() as url,
        override_settings(CACHES={"default": {"BACKEND": "lms.cache.ForgivingRedisCache", "LOCATION": url}}),
    ):
        assert cache.is_up()
        cache.set("a", {"ก": 1}, 60)
        assert cache.get("a") == {"ก": 1}
        assert cache.add("a", 2) is False
        cache.set("n", 1)
        assert cache.incr("n") == 2
        assert cache.get_many(["a", "n"]) == {"a": {"ก": 1}, "n": 2}


@contextmanager
def embedded_queue(folder):
    """The server that ``make run`` starts; yields its URL."""
    child = launcher.embedded_queue(Path(folder), dict(os.environ))
    path = Path(folder, "valkey", "s.sock")
    child.start()
    try:
        wait_until(lambda: launcher.queue_answers(path), "the queue answers", process=child.process)
        yield f"redis+socket://{path}"
    finally:
        child.stop()


@pytest.mark.parametrize("is_embedded", [False, True])
def test_what_tells_of_the_workers_goes_before_the_work_that_waits(monkeypatch, is_embedded):
    """On the way a worker reads its queue, a child at a time."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lms-"))  # a socket's path has to be short
        url = stack.enter_context(embedded_queue(folder) if is_embedded else redis())
        monkeypatch.setattr(celery_app.conf, "broker_write_url", url)
        monkeypatch.setattr("grading.tasks._queue_down_until", 0.0)  # another test may have found it down
        connection = stack.enter_context(celery_app.connection_for_write())
        for number in range(5):
            assert send(GRADE, [str(number)], queue="grading")
        celery_app.autodiscover_tasks(force=True)
        for entry in celery_app.conf.beat_schedule.values():
            celery_app.tasks[entry["task"]].apply_async(
                entry.get("args"), connection=connection, **entry.get("options", {})
            )
        for queue, told in (("grading", ["check_sandbox", "check_workbench", "pulse"]), ("credentials", ["pulse"])):
            taken = take_all(connection, queue)
            assert sorted(name.removeprefix("lms.tasks.") for name, _ in taken[: len(told)]) == told
            # Nor do they pile up where nobody takes them.
            assert all(expires for _, expires in taken[: len(told)])
            assert len(taken) > len(told)
            assert not any(expires for _, expires in taken[len(told) :])


def take_all(connection, queue):
    """Name and expiry of what waits in a queue, in the order in which a worker gets it."""
    taken = []

    def take(_, message):
        taken.append((message.headers["task"], message.headers["expires"]))
        message.ack()

    channel = connection.channel()
    channel.basic_qos(0, 1, False)
    with Consumer(channel, [celery_app.amqp.queues[queue]], callbacks=[take]), suppress(TimeoutError):
        while True:
            connection.drain_events(timeout=3)
    return taken
