"""Many at once, for other systems."""

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from lms.credentials import baking
from lms.verification.models import Batch
from tests.verification.test_archives import make_zip

URL = "/api/v1/credentials/batches"


@pytest.fixture
def api():
    return Client(enforce_csrf_checks=True)


def send(api, body):
    return api.post(URL, json.dumps(body), content_type="application/json")


def test_numbers_are_taken_on_and_answered_in_their_order(api, credential, finish, announced):
    response = send(api, {"numbers": [credential.number, "x", f"https://a/verify/{credential.number}/"]})
    assert response.status_code == 202
    assert announced
    found = api.get(f"{URL}/{response.json()['id']}").json()
    assert (found["status"], "results" in found) == ("working", False)
    finish(Batch.objects.get())
    found = api.get(f"{URL}/{response.json()['id']}").json()
    assert found["status"] == "ready"
    assert [one["verdict"] for one in found["results"]] == ["valid", "unreadable", "valid"]
    assert "น้ำฝน" not in json.dumps(found, ensure_ascii=False)


def test_a_zip_and_several_files(api, credential, finish):
    data = credential.document.encode()
    for files in (
        {"file": SimpleUploadedFile("a.zip", make_zip([("a.json", data), ("b", b"x")]))},
        {
            "a": SimpleUploadedFile("a.json", data),
            "b": SimpleUploadedFile("b.json", b"x"),
        },
    ):
        batch = Batch.objects.get(pk=api.post(URL, files).json()["id"])
        assert [one["verdict"] for one in finish(batch).results()] == ["valid", "unreadable"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"numbers": []}', b'{"numbers": [1]}', b'{"numbers": "x"}', b"\xff", b"[" * 9999],
)
def test_what_is_no_list_of_numbers_is_a_400_in_both_languages(api, db, body):
    response = api.post(URL, body, content_type="application/json")
    assert response.status_code == 400
    assert set(response.json()) == {"detail", "detail_th"}
    assert not Batch.objects.exists()


def test_too_many_numbers_and_too_large_bodies_are_refused(api, db):
    assert send(api, {"numbers": ["x"] * 10_001}).status_code == 400
    assert send(api, {"numbers": ["x" * 3_000_000]}).status_code == 400


def test_an_unknown_batch_is_not_found(api, db):
    assert api.get(f"{URL}/{uuid.uuid4()}").status_code == 404


def test_one_picture_is_verified_at_once(api, credential):
    svg = '<svg xmlns="http://www.w3.org/2000/svg"><!--' + "x" * 200_000 + "--></svg>"
    picture = SimpleUploadedFile("a.svg", baking.bake_svg(svg, credential.document).encode())
    assert api.post("/api/v1/credentials/verify", {"file": picture}).json()["verdict"] == "valid"
    large = SimpleUploadedFile("a.svg", b"x" * 5_000_000)
    assert api.post("/api/v1/credentials/verify", {"file": large}).status_code == 413
