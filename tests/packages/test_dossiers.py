"""The dossier of a course: whole or not given out, on paper as in data, and silent about people and hidden parts."""

import json
import subprocess

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from jsonschema import Draft202012Validator

from courses.models import CourseCompetency, CoursePage, Enrollment
from grading.thai_fold import fold
from lms.dossiers import contents, paper, views
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, make_provider
from tests.packages.conftest import HIDDEN

pytestmark = pytest.mark.django_db


def download(client, course, what):
    return client.get(reverse("course_dossier_file", args=[course.pk, *what.split(".")]))


def tool(*command):
    return subprocess.run([*map(str, command)], capture_output=True, check=True).stdout.decode()


def test_as_data_it_keeps_to_its_published_schema_and_names_everything(client, course, writer, learner):
    Enrollment.objects.create(learner=learner, course_key=course.translation_key)
    client.force_login(writer)
    answer = download(client, course, "all.json")
    found = json.loads(answer.content)
    schema = client.get("/schemas/course-dossier.json").json()
    assert found.pop("$schema") == schema["$id"]
    Draft202012Validator(schema).validate(found)
    assert found["hours"] == {"theory": 1.0, "practice": 0.0, "total": 1.0}
    assert [one["kind"] for one in found["assessment"]] == ["capstone", "quiz"]
    assert found["structure"][0]["lessons"][0]["tasks"] == ["pk-n1", "pk-quiz"]
    assert found["competencies"][0]["code"] == "D1"
    assert found["results"] == {"enrolled": 1, "credentials": 0}
    assert HIDDEN not in answer.text
    assert learner.given_name not in answer.text


def test_on_paper_it_reads_as_it_was_written_and_carries_the_data(client, course, writer, tmp_path):
    client.force_login(writer)
    answer = download(client, course, "th.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    written = tmp_path / "dossier.pdf"
    written.write_bytes(answer.content)
    tool("pdfdetach", "-save", "1", "-o", tmp_path / "dossier.json", written)
    assert json.loads((tmp_path / "dossier.json").read_text())["code"] == "PK-101"
    assert "pdfaid:part" in tool("pdfinfo", "-meta", written)
    text = tool("pdftotext", written, "-")
    for said in ("ข้อมูลเดินทางได้", "ทำได้ข้อที่ 1", "ผลลัพธ์การเรียนรู้", "นับแถว", "ชัดเจน", "กรอกด้วยมือ"):
        assert fold(said) in fold(text), said


def test_one_with_an_empty_section_is_not_given_out(client, course, writer):
    CourseCompetency.objects.all().delete()
    client.force_login(writer)
    page = client.get(reverse("course_dossier", args=[course.pk]))
    assert "การเทียบเคียงกับกรอบสมรรถนะ" in page.text
    for what in ("th.pdf", "all.json"):
        assert download(client, course, what).status_code == 302
    whole = contents.of_course(CoursePage.objects.get(pk=course.pk))
    assert contents.missing(whole) == ["การเทียบเคียงกับกรอบสมรรถนะ"]
    for name in ("objective", "target_group"):
        whole[name] = {"th": "  ", "en": ""}
    for name in ("outcomes", "structure", "assessment", "roles"):
        whole[name] = []
    whole["hours"]["total"] = 0
    assert len(contents.missing(whole)) == 7


def test_a_course_that_has_just_been_begun_has_a_page_that_says_what_is_missing(client, tree, provider, writer):
    from tests.courses.courses_in_the_making import begin

    made = begin(tree, writer, provider)
    client.force_login(writer)
    assert client.get(reverse("course_dossier", args=[made.pk])).status_code == 200


def test_those_who_may_change_the_course_see_it_and_nobody_else(client, course, writer):
    address = reverse("course_dossier", args=[course.pk])
    reviewer = make_person("reviewer@example.go.th", "ผู้ตรวจทาน")
    reviewer.groups.add(Group.objects.get(name="Reviewers"))
    for person in (writer, reviewer):
        client.force_login(person)
        assert client.get(address).status_code == 200
        assert client.get(reverse("course_dossier_file", args=[course.pk, "fr", "pdf"])).status_code == 404
    other = author("other@example.go.th", make_provider("other"))
    for person in (other, make_person("somebody@example.go.th", "ผู้เรียน")):
        client.force_login(person)
        assert client.get(address).status_code in (302, 403)
        assert download(client, course, "all.json").status_code in (302, 403)
    client.logout()
    assert client.get(address).status_code == 302


def test_a_printer_that_fails_is_said_so(client, course, writer, monkeypatch):
    client.force_login(writer)
    monkeypatch.setattr(paper, "SECONDS", 0.001)
    answer = download(client, course, "en.pdf")
    assert answer.headers["Location"] == reverse("course_dossier", args=[course.pk])


def test_what_is_not_translated_stands_in_thai():
    assert views.told({"a": {"th": "ก", "en": ""}, "b": [{"th": "ข", "en": "b"}]}, "en") == {"a": "ก", "b": ["b"]}
