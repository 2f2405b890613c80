"""The client of a data exchange, against a bundled fake: two headers, one silent renewal, and no secret anywhere."""

import logging
import threading

import pytest

from lms.privacy import consenting
from lms.records import fake_gdx, gdx, platforms
from lms.records.models import Delivery


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def exchange(clock):
    fake = fake_gdx.Exchange(clock)
    with fake_gdx.server(fake) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        fake.url = f"http://127.0.0.1:{server.server_port}"
        yield fake
        server.shutdown()
        thread.join()


@pytest.fixture
def client_of(exchange, clock):
    return gdx.Client(exchange.url, fake_gdx.KEY, fake_gdx.SECRET, fake_gdx.AGENT, clock=clock)


def test_a_token_is_fetched_once_and_both_headers_are_sent(exchange, client_of):
    exchange.answers["ws/person"] = {"name": "น้ำฝน"}
    assert client_of.get("ws/person", CitizenID="0") == {"name": "น้ำฝน"}
    assert client_of.get("ws/person") == {"name": "น้ำฝน"}
    assert exchange.asked == ["GET ws/auth/validate", "GET ws/person", "GET ws/person"]


def test_a_token_left_alone_for_an_hour_is_renewed_once_in_silence(exchange, client_of, clock):
    exchange.answers["ws/person"] = {}
    client_of.get("ws/person")
    clock.now += 59 * 60
    client_of.get("ws/person")
    clock.now += 59 * 60
    client_of.get("ws/person")
    assert exchange.asked.count("GET ws/auth/validate") == 1
    clock.now += 60 * 60
    client_of.get("ws/person")
    assert exchange.asked.count("GET ws/auth/validate") == 2


def test_a_token_the_exchange_forgot_is_renewed_once_and_not_for_ever(exchange, client_of):
    exchange.answers["ws/person"] = {}
    client_of.get("ws/person")
    exchange.tokens.clear()
    client_of.get("ws/person")
    assert exchange.asked.count("GET ws/auth/validate") == 2
    exchange.down_with = 401
    with pytest.raises(gdx.GdxProblem, match="no_right"):
        client_of.get("ws/person")
    assert len(exchange.asked) < 10


@pytest.mark.parametrize(("status", "code"), [(401, "no_right"), (404, "no_data"), (500, "refused"), (503, "refused")])
def test_what_the_exchange_answers_has_one_word(exchange, client_of, status, code):
    exchange.answers["ws/person"] = {}
    client_of.get("ws/person")
    exchange.down_with = status
    with pytest.raises(gdx.GdxProblem) as problem:
        client_of.get("ws/person")
    assert problem.value.code == code


def test_the_secret_is_in_no_log_no_error_and_no_picture_of_the_client(exchange, client_of, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    exchange.down_with = 500
    with pytest.raises(gdx.GdxProblem) as first:
        client_of.get("ws/person")
    away = gdx.Client("http://127.0.0.1:9", fake_gdx.KEY, fake_gdx.SECRET, "a", timeout=1)
    with pytest.raises(gdx.GdxProblem) as second:
        away.get("ws/person")
    said = capsys.readouterr()
    told = f"{caplog.text}{said.out}{said.err}{first.getrepr(chain=True)}{second.getrepr(chain=True)}{client_of!r}"
    assert "gdx_refused" in told
    assert fake_gdx.SECRET not in told


def test_only_https_or_this_machine(settings):
    with pytest.raises(ValueError, match="https"):
        gdx.Client("http://exchange.example", "k", "s", "a")


@pytest.mark.parametrize(
    ("text", "date"),
    [("25380000", (1995, None, None)), ("25381200", (1995, 12, None)), ("25671131", (2024, 11, 31))],
)
def test_a_date_of_birth_may_be_a_year_only(text, date):
    assert gdx.birth_date(text) == date


@pytest.mark.parametrize("text", ["", "2538", "25381300", "2538๐๐๐๐", "25380012", "1995-1-1", "99999999"])
def test_what_is_no_date_of_birth_is_refused(text):
    with pytest.raises(ValueError, match="date"):
        gdx.birth_date(text)


# --- Sending a record -------------------------------------------------------------------------------------------------


@pytest.fixture
def connected(settings, exchange):
    settings.GDX_URL, settings.GDX_CONSUMER_KEY = exchange.url, fake_gdx.KEY
    settings.GDX_CONSUMER_SECRET, settings.GDX_AGENT_ID = fake_gdx.SECRET, fake_gdx.AGENT
    platforms._client.cache_clear()
    return exchange


def send(client):
    return client.post("/my/record/send/workforce/", follow=True)


def test_without_an_exchange_the_platform_says_it_is_not_connected(learner, client):
    client.force_login(learner)
    assert "ยังไม่ได้เชื่อมต่อระบบจริง" in client.get("/my/record/").text
    consenting.decide(learner, {"workforce"})
    assert "ยังไม่ได้เชื่อมต่อ" in send(client).text
    assert Delivery.objects.get().problem == "not_connected"


def test_a_record_leaves_only_with_consent(connected, credential, learner, client):
    client.force_login(learner)
    assert "ไม่ได้ส่ง" in send(client).text
    assert connected.received == []
    consenting.decide(learner, {"workforce"})
    assert "FAKE-000001" in send(client).text
    (record,) = connected.received
    assert record["entries"][0]["credential"]["number"] == credential.number
    consenting.decide(learner, set())
    send(client)
    assert len(connected.received) == 1
    assert client.post("/my/record/send/elsewhere/").status_code == 404


def test_a_platform_that_is_down_costs_nothing(connected, learner, client):
    client.force_login(learner)
    consenting.decide(learner, {"workforce"})
    connected.down_with = 500
    assert "ไม่รับบันทึก" in send(client).text
    assert Delivery.objects.get().problem == "refused"
