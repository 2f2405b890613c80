"""Many at once: sent by anybody, checked by a worker that may die, fetched, forgotten."""

import csv
import io
import threading
import uuid
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone
from openpyxl import load_workbook

from lms.credentials import revoking, verifying
from lms.credentials.models import Credential
from lms.credentials.numbers import to_number
from lms.verification import batching, limits, tasks
from lms.verification.items import Item
from lms.verification.models import MOST_TRIES, Batch, BatchPart
from tests.verification.test_archives import make_zip

FORM = "/verify/"


def send(client, *files, path=FORM):
    return client.post(path, {"by": "file", "file": [SimpleUploadedFile(name, data) for name, data in files]})


def batch_of(response):
    assert response.status_code == 302, response.content.decode()[-3000:]
    return Batch.objects.get(pk=response["Location"].rstrip("/").rpartition("/")[2])


def table(response):
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def url_of(batch, form="", prefix=""):
    return f"{prefix}/verify/batches/{batch.pk}/{form}"


def test_a_zip_of_files_becomes_a_table_in_the_same_order(stranger, credential, finish, announced):
    good = credential.document.encode()
    forged = credential.document.replace('"15"', '"150"').encode()
    data = make_zip([("ข.json", good), ("ปลอม.json", forged), ("x.txt", b"x"), ("ว่าง.json", b"")])
    batch = batch_of(send(stranger, ("ทั้งหมด.zip", data)))
    assert announced == [("lms.verification.tasks.verify_batch", [str(batch.pk)], "verification")]
    assert batch.total == 4
    finish(batch)
    rows = table(stranger.get(url_of(batch, "result.csv")))
    assert [row["ไฟล์หรือแถว"] for row in rows] == ["ข.json", "ปลอม.json", "x.txt", "ว่าง.json"]
    assert [row["รหัสผล"] for row in rows] == ["valid", "tampered", "unreadable", "unreadable"]
    assert "น้ำฝน" in rows[0]["ผู้ถือ (จากไฟล์)"]
    assert rows[1]["ผู้ถือ (จากไฟล์)"] == ""
    assert rows[1]["ออกโดย"] == ""


def test_a_table_of_numbers_with_names(stranger, credential, finish):
    unknown = to_number(uuid.uuid4())
    lines = ["ชื่อ,หมายเลขวุฒิบัตร", f"น้ำฝน ใจดี,{credential.number}", f"ปิ่น,{credential.number}", f"x,{unknown}"]
    batch = batch_of(send(stranger, ("รายชื่อ.csv", "\r\n".join(lines).encode("cp874"))))
    finish(batch)
    rows = table(stranger.get(url_of(batch, "result.csv", "/en")))
    assert [row["Verdict code"] for row in rows] == ["valid", "valid", "unknown"]
    assert [row["Name in the table matches"] for row in rows] == ["yes", "no", ""]
    assert [row["File or row"] for row in rows] == ["2", "3", "4"]
    assert all(row["Holder (from the file)"] == "" for row in rows)  # a number says nobody's name


def test_names_of_one_number_cannot_be_tried_out_in_a_table(stranger, credential, finish):
    lines = ["name,number", *(f"try {n},{credential.number}" for n in range(40))]
    batch = batch_of(send(stranger, ("t.csv", "\n".join(lines).encode())))
    finish(batch)
    answers = [row["Name in the table matches"] for row in table(stranger.get(url_of(batch, "result.csv", "/en")))]
    assert answers.count("no") == limits.NAMES_OF_ONE_NUMBER.most
    assert len(set(answers[limits.NAMES_OF_ONE_NUMBER.most :])) == 1
    assert "too often" in answers[-1]


def test_several_files_at_once_are_a_batch_too(stranger, credential, finish):
    files = [(f"{n}.json", credential.document.encode()) for n in range(3)]
    batch = batch_of(send(stranger, *files, ("a.zip", make_zip([("x", b"x")])), ("e.json", b"")))
    finish(batch)
    lines = Batch.objects.get(pk=batch.pk).results()
    assert [line["verdict"] for line in lines] == ["valid"] * 3 + ["unreadable"] * 2
    assert [line["reason"] for line in lines[3:]] == ["one_of_many", "empty"]


def test_the_result_as_an_excel_file_has_text_in_every_cell(stranger, credential, finish):
    batch = batch_of(send(stranger, ("=1+1.zip", make_zip([("=cmd|' /C calc'!A0.json", b"x"), ("+1.json", b"x")]))))
    finish(batch)
    response = stranger.get(url_of(batch, "result.xlsx"))
    sheet = load_workbook(io.BytesIO(response.content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert sheet["B2"].value.startswith("'=")
    assert "filename*=UTF-8''" in response["Content-Disposition"]


def test_the_page_shows_progress_then_the_verdicts(stranger, credential, finish):
    batch = batch_of(send(stranger, ("a.csv", f"number\n{credential.number}\n".encode())))
    page = stranger.get(url_of(batch))
    assert "hx-get" in page.text
    assert page["X-Robots-Tag"].startswith("noindex")
    assert stranger.get(url_of(batch, "result.csv")).status_code == 404
    finish(batch)
    page = stranger.get(url_of(batch))
    assert "hx-get" not in page.text
    assert "วุฒิบัตรนี้ใช้ได้" in page.text
    assert credential.number in page.text
    assert "น้ำฝน" not in page.text


def test_nothing_that_was_uploaded_is_kept_once_it_is_checked(stranger, credential, finish):
    batch = batch_of(send(stranger, ("a.zip", make_zip([("a.json", credential.document.encode())]))))
    assert BatchPart.objects.get().upload
    finish(batch)
    assert BatchPart.objects.get().upload is None


def test_a_result_goes_an_hour_after_it_was_fetched_and_after_a_day_at_the_latest(stranger, credential, finish):
    batch = finish(batch_of(send(stranger, ("a.csv", f"number\n{credential.number}\n".encode()))))
    assert timedelta(hours=23) < batch.expires_at - timezone.now() <= timedelta(hours=24)
    stranger.get(url_of(batch, "result.csv"))
    batch.refresh_from_db()
    assert batch.expires_at - timezone.now() <= timedelta(hours=1)
    Batch.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert stranger.get(url_of(batch)).status_code == 404
    assert stranger.get(url_of(batch, "result.csv")).status_code == 404
    tasks.sweep()
    assert not Batch.objects.exists()
    assert not BatchPart.objects.exists()


def test_whoever_has_the_address_deletes_the_result(stranger, credential, finish):
    batch = finish(batch_of(send(stranger, ("a.csv", f"number\n{credential.number}\n".encode()))))
    assert stranger.get(url_of(batch, "delete/")).status_code == 405
    assert "ลบผลแล้ว" in stranger.post(url_of(batch, "delete/")).text
    assert not BatchPart.objects.exists()
    assert stranger.post(url_of(batch, "delete/")).status_code == 404


def test_an_address_that_nobody_was_given_leads_nowhere(stranger, db):
    for form in ("", "result.csv", "result.xlsx"):
        assert stranger.get(f"/verify/batches/{uuid.uuid4()}/{form}").status_code == 404
    assert stranger.get("/verify/batches/x/").status_code == 404


# --- Workers die ----------------------------------------------------------------------------------------------------


def numbers(credential, count):
    return [Item(str(n), typed=credential.number) for n in range(count)]


def test_the_next_worker_goes_on_where_the_last_one_was_killed(credential, finish, monkeypatch):
    batch = batching.start(numbers(credential, 120))
    checked = []
    real = batching.result_of

    def killed_after_70(item):
        if len(checked) == 70:
            raise SystemExit  # as abrupt as it gets within one process
        checked.append(item.label)
        return real(item)

    monkeypatch.setattr(batching, "result_of", killed_after_70)
    with pytest.raises(SystemExit):
        tasks.verify_batch(str(batch.pk))
    batch.refresh_from_db()
    assert (batch.done, batch.status) == (50, "working")
    assert Batch.objects.claim(batch.pk) is None  # the dead one's lease still holds
    Batch.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    monkeypatch.setattr(batching, "result_of", real)
    assert [line["label"] for line in finish(batch).results()] == [str(n) for n in range(120)]


def test_a_worker_that_lost_its_lease_writes_nothing(credential):
    batch = batching.start(numbers(credential, 10))
    slow = Batch.objects.claim(batch.pk)
    Batch.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    quick = Batch.objects.claim(batch.pk)
    assert not slow.record(slow.parts.get(), [{}])
    batching.work(quick)
    assert Batch.objects.get().done == 10


def test_a_part_that_kills_every_worker_ends_the_batch_and_keeps_what_was_checked(stranger, credential, monkeypatch):
    batch = batching.start(numbers(credential, 60))
    claimed = Batch.objects.claim(batch.pk)
    part = claimed.parts.first()
    claimed.record(part, [batching.result_of(Item("0", typed=credential.number))] * 50)
    Batch.objects.update(lease=None, leased_until=None, tries=0)
    monkeypatch.setattr(batching, "result_of", lambda item: 1 / 0)
    for _ in range(MOST_TRIES + 1):
        tasks.verify_batch(str(batch.pk))
    batch.refresh_from_db()
    assert batch.status == "failed"
    assert not batch.parts.exclude(upload=None).exists()
    assert len(table(stranger.get(url_of(batch, "result.csv")))) == 50
    assert "50" in stranger.get(url_of(batch)).text


def test_a_fault_of_ours_in_one_item_is_a_line_and_stops_nothing(credential, finish, monkeypatch):
    monkeypatch.setattr(verifying, "_check_number", lambda *args: 1 / 0)
    batch = finish(batching.start(numbers(credential, 3)))
    assert [line["verdict"] for line in batch.results()] == ["could_not_check"] * 3


def test_a_long_batch_lets_others_have_their_turn(credential, announced, monkeypatch):
    monkeypatch.setattr(batching, "TURN_SECONDS", 0)
    batch = batching.start(numbers(credential, 120))
    turns = 0
    while Batch.objects.get().status == "working":
        tasks.verify_batch(str(batch.pk))
        turns += 1
    assert turns == 3 + 1
    assert len(announced) == 3


def test_the_sweep_announces_what_nobody_is_at_work_on(credential, announced):
    batch = batching.start(numbers(credential, 1))
    tasks.sweep()
    assert [args for _, args, _ in announced] == [[str(batch.pk)]]
    Batch.objects.claim(batch.pk)
    tasks.sweep()
    assert len(announced) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_check_everything_once(credential):
    batch = batching.start(numbers(credential, 30))
    barrier = threading.Barrier(4)

    def work():
        barrier.wait()
        tasks.verify_batch(str(batch.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch.refresh_from_db()
    assert (batch.done, batch.status) == (30, "ready")


# --- What cannot be worked on ----------------------------------------------------------------------------------------


def xls():
    return b"\xd0\xcf\x11\xe0" + b"\0" * 600


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.zip", b"PK\3\4 nonsense", "ไฟล์ ZIP นี้เสียหาย"),
        ("a.zip", make_zip([]), "ไม่มีไฟล์อยู่ภายใน"),
        ("a.csv", b"a,b\n1,2\n", "ไม่พบหมายเลขวุฒิบัตร"),
        ("a.csv", b"", "ไม่พบหมายเลขวุฒิบัตร"),
        ("a.csv", b"number\n" + b"1\n" * 10_002, "10,000 แถว"),
        ("a.xls", xls(), "Excel รุ่นเก่า"),
        ("a.xlsx", make_zip([("[Content_Types].xml", b"<x>")]), "อ่านตารางนี้ไม่ได้"),
    ],
)
def test_an_upload_without_use_is_explained_beside_the_field(stranger, db, name, data, words):
    response = send(stranger, (name, data))
    assert response.status_code == 422
    assert words in response.text
    assert 'href="#id_file"' in response.text
    assert not Batch.objects.exists()


def test_more_files_than_a_form_may_hold_are_explained(stranger, db):
    response = send(stranger, *[(f"{n}.json", b"x") for n in range(101)])
    assert response.status_code == 422
    assert "ZIP" in response.text


def test_too_many_batches_are_turned_away(stranger, credential, monkeypatch):
    from dataclasses import replace

    from lms.verification import views

    monkeypatch.setattr(views, "BATCHES", replace(limits.BATCHES, most=1))
    data = f"number\n{credential.number}\n".encode()
    assert [send(stranger, ("a.csv", data)).status_code for _ in range(2)] == [302, 429]


def test_a_json_file_that_is_called_a_table_is_a_credential(stranger, credential):
    response = send(stranger, ("a.csv", credential.document.encode()))
    assert response.status_code == 200
    assert "วุฒิบัตรนี้ใช้ได้" in response.text


def test_as_many_questions_are_asked_for_one_part_as_it_has_items(credential, django_assert_max_num_queries):
    batch = Batch.objects.claim(batching.start(numbers(credential, 30)).pk)
    with django_assert_max_num_queries(30 * 5 + 10):
        batching.work(batch)


def test_a_revoked_one_among_many_says_when_and_why(credential, finish):
    revoking.revoke(Credential.objects.get(), reason="issued_in_error")
    (line,) = finish(batching.start(numbers(credential, 1))).results()
    assert line["verdict"] == "revoked"
    assert "ออกให้โดยผิดพลาด" in line["message_th"] or line["message_th"]
