"""The site says what it can do, and goes on with what it can."""

import pytest
from django.core.cache import cache
from django.test import override_settings

from tests.conftest import PASSWORD
from tests.servers import redis

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
    cache.set_many({"pulse:grading": 1, "pulse:credentials": 1, "sandbox": "ok"})
    assert client.get("/readyz").json()["ready"] is True
    cache.set("kernels", "cold: python")
    assert client.get("/readyz").json() | {"ready": True, "kernels": "cold: python"} == client.get("/readyz").json()
    cache.set("sandbox", "user namespaces are not allowed")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["sandbox"]) == (503, "user namespaces are not allowed")


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
