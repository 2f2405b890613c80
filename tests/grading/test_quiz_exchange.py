import io
import json
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from grading.models import QuizItem
from grading.quizzes import banks, items, moodle, spreadsheet
from grading.quizzes.banks import BadBank
from grading.quizzes.items import KINDS
from tests.courses.quizzes import make_bank
from tests.grading.items import PARAMETRISED, item, text

ALL = [item(kind, id=f"a1-{number:02}", pool="a1", tags=["x", "y"]) for number, kind in enumerate(KINDS)]
ALL.append(item("numeric", id="a2-01", explanation=text("เพราะ", "since"), **PARAMETRISED))


# --- Spreadsheet ---


def test_a_spreadsheet_carries_every_item_there_and_back():
    assert [items.read(one) for one in spreadsheet.read(spreadsheet.write(ALL))] == [items.read(one) for one in ALL]


def test_a_text_that_looks_like_a_formula_is_a_text():
    content = spreadsheet.write([item("text", accepted=["=1+1"], prompt=text("=HYPERLINK(1)"))])
    cells = openpyxl.load_workbook(io.BytesIO(content)).active[2]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}


def sheet(*rows):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_people_may_leave_out_columns_and_rows():
    first = ["a-1", "single", "ก?", "A1", "*ใช่\nไม่ใช่", None]
    second = ["a-2", "numeric", "?", "A1", None, 25.0]
    head = ["id", "kind", "prompt_th", "source_th", "choices_th", "answer", "x"]
    rows = spreadsheet.read(sheet(head, first, [], second))
    assert [items.read(one).kind for one in rows] == ["single", "numeric"]
    assert rows[1]["answer"] == "25"


def bomb():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"0" * (spreadsheet.LARGEST_UNPACKED + 1))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"x" * (banks.LARGEST_FILE + 1),
        bomb(),
        sheet([]),
        sheet(["id"]),
        sheet(["id", "kind", "prompt_th", "source_th", "details"], ["a", "text", "?", "A1", "{"]),
        sheet(["id", "kind", "prompt_th", "source_th", "details"], ["a", "text", "?", "A1", "[1]"]),
    ],
)
def test_a_spreadsheet_that_is_none_is_one_sentence(content):
    with pytest.raises(BadBank):
        spreadsheet.read(content)


# --- Moodle ---


def test_moodle_carries_what_it_has_kinds_for_and_names_the_rest():
    content, left_out = moodle.write([items.read(one) for one in ALL])
    assert left_out == ["a1-03", "a1-06", "a2-01"]
    found = moodle.read(content)
    assert found.left_out == []
    by_id = {one["id"]: items.read(one) for one in found.items}
    for declared in ALL:
        if declared["id"] in left_out:
            continue
        before, after = items.read(declared), by_id[declared["id"]]
        assert (after.kind, after.prompt, after.points) == (before.kind, before.prompt, before.points)
        for name in ("choices", "extra", "accepted", "answer", "wrong"):
            assert getattr(after, name) == getattr(before, name)
        assert [(pair.left, pair.right) for pair in after.pairs] == [(pair.left, pair.right) for pair in before.pairs]


MOODLE = """<?xml version="1.0"?><quiz>
<question type="category"><category><text>top</text></category></question>
<question type="truefalse"><name><text>ข้อ 1</text></name><questiontext format="html">
<text><![CDATA[<p>A &amp; B<br>ข้อมูล&nbsp;เปิด</p><script>x</script>]]></text>
</questiontext>
<answer fraction="100"><text>true</text></answer><answer fraction="0"><text>false</text></answer></question>
<question type="essay"><name><text>เรียงความ</text></name></question></quiz>"""


def test_a_file_of_moodles_own_is_read_without_its_html():
    found = moodle.read(MOODLE.encode(), prefix="m")
    assert found.left_out == [("เรียงความ", "essay")]
    one = items.read(found.items[0])
    assert (one.id, one.kind, one.prompt["th"]) == ("m-1", "single", "A & B\nข้อมูล เปิด")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<quiz>",
        b"<x/>",
        b"x" * (banks.LARGEST_FILE + 1),
        b"<?xml version='1.0' encoding='nonsense'?><quiz/>",
        b'<!DOCTYPE q [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><quiz>&b;</quiz>',
        b'<!DOCTYPE q [<!ENTITY x SYSTEM "file:///etc/passwd">]><quiz><name><text>&x;</text></name></quiz>',
    ],
)
def test_xml_that_is_hostile_or_none_is_refused(content):
    with pytest.raises(BadBank):
        moodle.read(content)


# --- Pages ---


@pytest.fixture
def author(instructor):
    client = Client()
    client.force_login(instructor)
    return client


def send(client, bank, name, content):
    return client.post(reverse("bank_import"), {"bank": bank.pk, "file": SimpleUploadedFile(name, content)})


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["json", "xlsx", "xml"])
def test_what_is_exported_can_be_imported_elsewhere(author, kind):
    bank, other = make_bank(), make_bank("other")
    QuizItem.objects.filter(bank=other).delete()
    exported = author.get(reverse("bank_export", args=[bank.pk, kind]))
    assert exported.status_code == 200
    assert send(author, other, f"ข้อสอบ.{kind}", exported.content).status_code == 302
    assert QuizItem.objects.filter(bank=other).count() == (5 if kind == "xml" else 8)


@pytest.mark.django_db
def test_a_file_with_one_error_changes_nothing(author):
    bank = make_bank()
    data = {
        "bank": {"code": "x", "title": "x"},
        "item": [item("text", id="new-1"), item("text", id="new-2", accepted=[])],
    }
    page = send(author, bank, "x.json", json.dumps(data).encode())
    assert page.status_code == 422
    assert "new-2" in page.text
    assert not QuizItem.objects.filter(code="new-1").exists()
    assert send(author, bank, "x.json", b"").status_code == 422
    assert author.post(reverse("bank_import"), {}).status_code == 422


@pytest.mark.django_db
def test_answers_leave_the_house_for_authors_only(learner, hr_officer):
    bank = make_bank()
    for person in (learner, hr_officer, None):
        client = Client()
        if person:
            client.force_login(person)
        for address in (reverse("bank_export", args=[bank.pk, "json"]), reverse("bank_import")):
            assert client.get(address).status_code in (302, 403)
