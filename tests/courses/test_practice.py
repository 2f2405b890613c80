"""Practising with a table of one's own: by its owner, by others, with files of every kind, until its day is over."""

import json
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from grading import workbench
from grading.models import Document

pytestmark = pytest.mark.django_db
LIST = "/practice/"
CSV = "จังหวัด,งบ\nน่าน,12\n"


@pytest.fixture
def own(client, learner):
    client.force_login(learner)
    return client


def upload(client, name="งบประมาณ.csv", content=None):
    table = SimpleUploadedFile(name, CSV.encode() if content is None else content)
    return client.post(LIST, {"table": table})


def first_code(document):
    return json.loads(workbench.notebook_bytes(document))["cells"][1]["source"]


def test_a_table_opens_a_notebook_that_reads_it(own, learner, settings):
    answer = upload(own)
    document = Document.objects.get()
    assert answer["Location"] == f"/practice/{document.pk}/"
    assert first_code(document).splitlines()[2] == "df = pd.read_csv('งบประมาณ.csv')"
    page = own.get(answer["Location"])
    assert f"/notebooks/{document.pk}.ipynb" in page.text
    assert "ไม่มีการให้คะแนน" in page.text
    assert f"frame-src {settings.WORKBENCH_URL}" in page["Content-Security-Policy"]
    assert "hand-in" not in page.text.replace("hand-in-form", "")
    assert "งบประมาณ.csv" in own.get(LIST).text


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (CSV.encode("utf-8-sig"), ""),
        (CSV.encode("cp874"), ', encoding="cp874"'),
        (CSV.replace(",", ";").encode(), ", sep=';'"),
        (CSV.replace(",", "\t").encode("cp874"), ", encoding=\"cp874\", sep='\\t'"),
        (b"one column\n1\n", ""),
        (b"\xff\xfe\xdb\xdc", ""),
    ],
    ids=["bom", "cp874", "semicolons", "tabs", "one column", "neither"],
)
def test_the_first_cell_reads_it_as_it_was_written(own, content, options):
    upload(own, content=content)
    assert first_code(Document.objects.get()).splitlines()[2] == f"df = pd.read_csv('งบประมาณ.csv'{options})"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("ตาราง.xlsx", b"PK", "CSV UTF-8"), ("ตาราง.csv", b"PK\0\0", "CSV UTF-8"), ("ตาราง.csv", b"", "ว่าง"),
        ("x" * 160 + ".csv", b"a", "ชื่อ"),
    ],
    ids=["spreadsheet", "no text", "empty", "long name"],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_what_to_do(own, name, content, said):
    answer = upload(own, name, content)
    assert answer.status_code == 422
    assert said in answer.text
    assert not Document.objects.exists()


def test_without_a_file_or_with_one_too_large_nothing_is_made(own, settings):
    assert own.post(LIST).status_code == 422
    settings.WORKBENCH_PRACTICE_MAX_BYTES = 100
    assert upload(own, content=b"x" * 101).status_code == 413  # with what a form adds, twice as much
    settings.WORKBENCH_PRACTICE_MAX_BYTES = 1000
    assert upload(own, content=b"x" * 1001).status_code == 422
    assert not Document.objects.exists()


def test_there_are_only_so_many(own, monkeypatch):
    monkeypatch.setattr(workbench, "MAX_PRACTICE_DOCUMENTS", 2)
    upload(own)
    upload(own)
    assert "ซึ่งเต็มจำนวนแล้ว" in own.get(LIST).text
    assert upload(own).status_code == 422
    assert Document.objects.count() == 2


def test_it_is_nobody_elses(own, other_learner, instructor, hr_officer):
    upload(own)
    document = Document.objects.get()
    for person in (other_learner, instructor, hr_officer):
        client = Client()
        client.force_login(person)
        assert "งบประมาณ.csv" not in client.get(LIST).text
        for answer in (
            client.get(reverse("courses:practice", args=[document.pk])),
            client.post(reverse("courses:practice_delete", args=[document.pk])),
            client.post(reverse("courses:workbench_token", args=[document.pk])),
            client.get(reverse("courses:workbench_notebook", args=[document.pk])),
        ):
            assert answer.status_code == 404
    assert Document.objects.exists()


def test_a_stranger_is_led_to_the_login(client):
    pk = uuid.uuid4()
    asked = [client.get(LIST), client.post(LIST), client.get(f"/practice/{pk}/")]
    for answer in [*asked, client.post(f"/practice/{pk}/delete/")]:
        assert answer.status_code == 302
        assert "/accounts/login/" in answer["Location"]


def test_it_is_deleted_when_asked_and_never_by_a_link(own):
    upload(own)
    document = Document.objects.get()
    address = reverse("courses:practice_delete", args=[document.pk])
    assert own.get(address).status_code == 405
    token = own.post(reverse("courses:workbench_token", args=[document.pk])).json()["token"]
    assert "ลบ “งบประมาณ.csv”" in own.post(address, follow=True).text
    assert not Document.objects.exists()
    assert workbench.document_of(token) is None


def test_another_site_can_neither_bring_nor_delete(learner):
    client = Client(enforce_csrf_checks=True)
    client.force_login(learner)
    document = workbench.open_practice(learner, "a.csv", b"a\n")
    assert upload(client).status_code == 403
    assert client.post(reverse("courses:practice_delete", args=[document.pk])).status_code == 403
    assert Document.objects.get() == document


def test_its_end_is_some_days_away_and_told(own, settings):
    upload(own)
    expires_at = Document.objects.get().expires_at
    assert abs(expires_at - timezone.now() - timedelta(days=settings.WORKBENCH_PRACTICE_DAYS)) < timedelta(minutes=5)
    assert "จะถูกลบเมื่อ" in own.get(LIST).text


def test_the_list_asks_as_much_for_ten_as_for_one(own, learner, django_assert_max_num_queries):
    workbench.open_practice(learner, "0.csv", b"a\n")
    own.get(LIST)
    with django_assert_max_num_queries(8) as one:
        own.get(LIST)
    for number in range(1, workbench.MAX_PRACTICE_DOCUMENTS):
        workbench.open_practice(learner, f"{number}.csv", b"a\n")
    with assertNumQueries(len(one)):
        own.get(LIST)
