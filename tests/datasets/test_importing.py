"""Data sets out of a catalog, ordered and followed in the back office."""

import socket
import threading
import time

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.urls import reverse

from courses.datasets import ckan, importing
from courses.datasets.models import REQUIRED, Dataset
from grading.models import ProviderMember
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, make_provider
from tests.datasets.test_datasets import TEXTS

pytestmark = pytest.mark.django_db
PAGE = "/cms/datasets/import/"


@pytest.fixture(autouse=True)
def no_earlier_import():
    cache.clear()


@pytest.fixture
def provider(instructor):
    return make_provider()


@pytest.fixture
def writer(provider):
    return author("writer@example.go.th", provider)


@pytest.fixture
def ordered(monkeypatch):
    """What was given to the worker, which is not there."""
    from courses import tasks

    tokens: list[str] = []
    monkeypatch.setattr(tasks.import_dataset, "delay", tokens.append)
    return tokens


def told(catalog, provider, **changes):
    return {"server": catalog.url, "name": "local-requests", "provider": provider.pk, "step": "look"} | changes


def test_one_sees_the_fourteen_fields_and_the_files_before_anything_is_made(client, catalog, provider, writer):
    client.force_login(writer)
    assert reverse("import_dataset") in client.get(reverse("wagtailsnippets_datasets_dataset:list")).text
    assert client.get(PAGE).status_code == 200
    page = client.post(PAGE, told(catalog, provider))
    assert len(page.context["fields"]) == len(REQUIRED) == 14
    assert not any(is_missing for _label, _value, is_missing in page.context["fields"])
    assert "requests.csv" in page.text
    assert 'value="import"' in page.text
    assert "no-licence" not in page.text
    assert not Dataset.objects.exists()
    assert catalog.asked == ["/api/3/action/package_show"]


def test_a_missing_licence_is_said_before_the_import_and_does_not_stop_it(client, catalog, provider, writer, ordered):
    catalog.packages["local-requests"]["license_id"] = "License not specified"
    client.force_login(writer)
    assert "no-licence" in client.post(PAGE, told(catalog, provider)).text
    client.post(PAGE, told(catalog, provider, step="import"))
    importing.run(ordered[0])
    page = client.get(f"{PAGE}{ordered[0]}/").text
    assert "ยังขาด: สัญญาอนุญาต" in page
    assert Dataset.objects.get().asked_at is None


def test_an_import_is_ordered_once_followed_and_ends_at_its_data_owner(
    client, catalog, provider, writer, ordered, mailoutbox, django_capture_on_commit_callbacks
):
    owner = make_person("owner@example.go.th", "เจ้าของข้อมูล")
    provider.admit(owner, ProviderMember.Role.DATA_OWNER)
    client.force_login(writer)
    first = client.post(PAGE, told(catalog, provider, step="import"))
    again = client.post(PAGE, told(catalog, provider, step="import"))
    assert first.headers["Location"] == again.headers["Location"] == f"{PAGE}{ordered[0]}/"
    assert len(ordered) == 1
    assert "hx-get" in client.get(first.headers["Location"]).text
    with django_capture_on_commit_callbacks(execute=True):
        importing.run(ordered[0])
        importing.run(ordered[0])  # a message that comes twice
    dataset = Dataset.objects.get()
    assert (dataset.provider, dataset.asked_by) == (provider, writer)
    assert [mail.to for mail in mailoutbox] == [[owner.email]]
    page = client.get(first.headers["Location"], headers={"HX-Request": "true"})
    assert "นำเข้าแล้ว" in page.text
    assert "hx-get" not in page.text
    assert "<html" not in page.text


@pytest.mark.parametrize(
    ("package", "says"),
    [
        (None, "ไม่ให้ข้อมูลนี้"),
        ({"title": ""}, "ไม่มีชุดข้อมูลชื่อนี้"),
    ],
)
def test_what_the_catalog_does_not_have_is_said_in_the_form(client, catalog, provider, writer, package, says):
    catalog.packages = {"local-requests": package} if package else {}
    client.force_login(writer)
    page = client.post(PAGE, told(catalog, provider))
    assert page.status_code == 422
    assert says in page.text


def test_a_catalog_that_sends_byte_by_byte_is_left_after_its_time(settings, monkeypatch, client, provider, writer):
    monkeypatch.setattr(ckan, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def drip():
            connection, _address = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
                while not over.wait(0.05):
                    try:
                        connection.sendall(b" ")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        settings.CKAN_SERVERS = [f"http://127.0.0.1:{listening.getsockname()[1]}"]
        client.force_login(writer)
        began = time.monotonic()
        page = client.post(PAGE, {"server": settings.CKAN_SERVERS[0], "name": "x", "provider": provider.pk})
        assert time.monotonic() - began < 10
        assert "ตอบช้าเกินไป" in page.text
        over.set()
        thread.join()


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"success": false}', b'{"success": true, "result": []}', b""])
def test_what_is_no_answer_of_a_catalog_is_refused(catalog, provider, writer, client, answer, monkeypatch):
    monkeypatch.setattr(catalog, "answer", lambda _target: (200, answer))
    client.force_login(writer)
    assert client.post(PAGE, told(catalog, provider)).status_code == 422


def test_hostile_words_of_a_catalog_stay_words(client, catalog, provider, writer):
    catalog.packages["local-requests"] |= {"title": "<script>alert(1)</script>", "notes": "<img src=x onerror=y>"}
    catalog.packages["local-requests"]["resources"] = [{"url": "file:///etc/passwd"}, {"url": 7}, "x"]
    client.force_login(writer)
    page = client.post(PAGE, told(catalog, provider)).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "passwd" in page
    assert "ไม่ดึงไฟล์จากที่อื่น" in page


def test_what_another_provider_has_imported_is_not_overwritten(client, catalog, provider, writer, ordered):
    other = make_provider("other", "อื่น", "Other")
    there = Dataset.objects.create(slug="127001-local-requests", provider=other, **TEXTS)
    client.force_login(writer)
    page = client.post(PAGE, told(catalog, provider)).text
    assert "เป็นของผู้จัดหลักสูตรอื่น" in page
    assert 'value="import"' not in page
    client.post(PAGE, told(catalog, provider, step="import"))  # a crafted order
    importing.run(ordered[0])
    assert "เป็นของผู้จัดหลักสูตรอื่น" in client.get(f"{PAGE}{ordered[0]}/").text
    there.refresh_from_db()
    assert there.title == TEXTS["title"]


def test_who_may_import_and_who_may_follow(client, catalog, provider, writer, learner, hr_officer, ordered):
    reviewer = make_person("reviewer@example.go.th", "ผู้ตรวจทาน")
    reviewer.groups.add(Group.objects.get(name="Reviewers"))
    for person in (None, learner, hr_officer, reviewer):
        client.logout()
        if person:
            client.force_login(person)
        assert client.post(PAGE, told(catalog, provider, step="import")).status_code in {302, 403}
        assert not ordered
    client.force_login(writer)
    client.post(PAGE, told(catalog, provider, step="import"))
    client.force_login(author("second@example.go.th", provider))
    assert client.get(f"{PAGE}{ordered[0]}/").status_code == 404
    assert client.get(f"{PAGE}{'x' * 300}/").status_code == 404
    writer.groups.clear()
    importing.run(ordered[0])  # whose rights have gone meanwhile
    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"server": "http://127.0.0.1:9"}, {"name": ""}, {"name": "x" * 999}, {"provider": 99}]
)
def test_a_crafted_form_is_refused(client, catalog, provider, writer, ordered, changes):
    client.force_login(writer)
    assert client.post(PAGE, told(catalog, provider, step="import") | changes).status_code == 422
    assert not ordered


def test_without_an_allowed_catalog_the_page_says_so(client, writer, settings):
    settings.CKAN_SERVERS = []
    client.force_login(writer)
    page = client.get(PAGE).text
    assert "CKAN_SERVERS" in page
    assert '<form method="post" class="plain-form"' not in page
