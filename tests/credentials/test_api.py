"""Verification for other systems."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lms.credentials import intake, revoking, verifying

URL = "/api/v1/credentials/verify"
SHAPE = {
    "verdict": str,
    "signature": {"ok", "detail"},
    "issuer": {"ok", "did", "name_th", "name_en"},
    "status": {"ok", "as_of"},
    "validity": {"ok", "from", "until"},
    "achievement": {"name", "hours", "competencies"},
    "number": str,
    "message_th": str,
    "message_en": str,
}


@pytest.fixture
def api():
    return Client(enforce_csrf_checks=True)


def send(api, body, content_type="application/json"):
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return api.generic("POST", URL, data, content_type=content_type)


def assert_shape(verdict):
    assert list(verdict) == list(SHAPE)
    for name, shape in SHAPE.items():
        if isinstance(shape, set) and verdict[name] is not None:
            assert set(verdict[name]) == shape


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/vc+ld+json", "application/ld+json; charset=utf-8"]
)
def test_a_credential_as_the_body(api, credential, content_type):
    response = send(api, credential.document, content_type)
    assert response.status_code == 200
    verdict = response.json()
    assert_shape(verdict)
    assert verdict["verdict"] == "valid"
    assert [verdict[line]["ok"] for line in ("signature", "issuer", "status", "validity")] == [True] * 4
    assert verdict["issuer"]["did"] == credential.achievement.issuer.did
    assert verdict["issuer"]["name_th"] == "สถาบันข้อมูลสาธิต"
    assert verdict["validity"]["until"] is None
    assert verdict["achievement"]["hours"] == "15"
    assert verdict["number"] == credential.number


def test_a_number_as_the_body(api, credential):
    verdict = send(api, {"number": credential.number.lower()}).json()
    assert_shape(verdict)
    assert verdict["verdict"] == "valid"


def test_a_file(api, credential):
    response = api.post(URL, {"file": SimpleUploadedFile("c.json", credential.document.encode())})
    assert response.status_code == 200
    assert response.json()["verdict"] == "valid"


def test_a_number_in_a_form(api, credential):
    assert api.post(URL, {"number": credential.number}).json()["verdict"] == "valid"


def test_the_answer_names_nobody(api, credential, learner):
    text = send(api, credential.document).content.decode()
    for secret in (learner.given_name, learner.family_name, learner.email, credential.holder_initials):
        assert secret not in text


def test_a_changed_one_is_tampered(api, credential):
    response = send(api, credential.document.replace('"15"', '"150"'))
    assert response.status_code == 200
    verdict = response.json()
    assert_shape(verdict)
    assert verdict["verdict"] == "tampered"
    assert verdict["signature"] == {"ok": False, "detail": "signature"}
    assert verdict["achievement"] is None


def test_a_revoked_one_is_revoked(api, credential):
    revoking.revoke(credential, reason="on_request")
    verdict = send(api, {"number": credential.number}).json()
    assert verdict["verdict"] == "revoked"
    assert verdict["status"]["ok"] is False
    assert verdict["signature"]["ok"] is True


def test_a_number_that_nobody_has_is_unknown(api, db):
    from uuid import uuid4

    from lms.credentials.numbers import to_number

    response = send(api, {"number": to_number(uuid4())})
    assert response.status_code == 200
    assert response.json()["verdict"] == "unknown"


GARBAGE = {
    "nothing": b"",
    "not JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "text": b'"x"',
    "an empty object": b"{}",
    "deep": b"[" * 60_000,
    "binary": bytes(range(256)),
    "a number that is none": b'{"number": "1"}',
    "a number that is a number": b'{"number": 1}',
    "a number that is a list": b'{"number": ["x"]}',
    "a number that is null": b'{"number": null}',
    "a number and more": b'{"number": "1", "type": "x"}',
    "twice the number": b'{"number": "1", "number": "2"}',
    "a surrogate": b'{"number": "\\ud800"}',
    "null characters": b'{"number": "\\u0000"}',
    "cp874": "ใบรับรอง".encode("cp874"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_a_400_with_a_verdict(api, db, name):
    response = send(api, GARBAGE[name])
    assert response.status_code == 400
    verdict = response.json()
    assert_shape(verdict)
    assert verdict["verdict"] == "unreadable"
    assert verdict["message_th"]
    assert verdict["message_en"]


@pytest.mark.parametrize("size", [70_000, 90_000, 5_000_000])
def test_what_is_too_large_is_a_413(api, db, size):
    response = send(api, b'{"a": "' + b"x" * size + b'"}')
    assert response.status_code == 413
    assert response.json()["verdict"] == "unreadable"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "x"])
def test_another_content_type_is_a_415(api, credential, content_type):
    assert send(api, credential.document, content_type).status_code == 415


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=x", b"\r\n--x\r\nbroken"),
        ("multipart/form-data; boundary=", b"--"),
        ("multipart/form-data; boundary=" + "é" * 80, b"--"),
        ("application/json; charset=nonsense", b"{}"),
        ("multipart/form-data; boundary=x; charset=nonsense", b"--x--"),
    ],
)
def test_a_broken_request_is_a_4xx(api, db, content_type, body):
    assert 400 <= send(api, body, content_type).status_code < 500


def test_two_files_are_one_too_many(api, credential):
    file = credential.document.encode()
    body = {"a": SimpleUploadedFile("a.json", file), "b": SimpleUploadedFile("b.json", file)}
    assert api.post(URL, body).status_code == 400
    assert api.post(URL, {}).status_code in {400, 415}


def test_other_methods_are_not_allowed(api, db):
    assert api.get(URL).status_code == 405
    assert api.put(URL).status_code == 405


def test_too_many_calls_are_a_429(api, db, monkeypatch):
    monkeypatch.setattr(intake, "VERIFICATIONS_PER_WINDOW", 2)
    codes = [send(api, {}).status_code for _ in range(4)]
    assert codes == [400, 400, 429, 429]
    assert int(send(api, {})["Retry-After"]) > 0


def test_a_fault_of_ours_is_a_503_and_never_valid(api, credential, monkeypatch):
    monkeypatch.setattr(verifying, "_check_issuer", lambda *args: 1 / 0)
    response = send(api, credential.document)
    assert response.status_code == 503
    assert response.json()["verdict"] == "could_not_check"


def test_it_is_described(client, db):
    described = client.get("/api/v1/openapi.json").json()["paths"][URL]["post"]
    assert set(described["responses"]) == {"200", "400", "413", "415", "429", "503"}
    assert "multipart/form-data" in described["requestBody"]["content"]
