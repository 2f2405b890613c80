"""Packages in the back office and at the command line: who gets what, and what is seen before anything is written."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from courses.models import CoursePage, IncomingPackage
from courses.packages import planning
from lms.privacy import retention
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, make_provider
from tests.packages.conftest import HIDDEN, packed, wipe

pytestmark = pytest.mark.django_db


def person(role, email="person@example.go.th"):
    someone = make_person(email, "ใครคนหนึ่ง")
    someone.groups.add(Group.objects.get(name=role))
    return someone


def upload(client, data, name="course.zip"):
    return client.post(reverse("import_package"), {"file": SimpleUploadedFile(name, data)})


def members(answer):
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        return json.loads(archive.read("manifest.json")), b"".join(archive.read(one) for one in archive.namelist())


def test_hidden_parts_go_to_those_who_write_them_and_to_nobody_else(client, course, writer):
    page = reverse("course_package", args=[course.pk])
    addresses = [reverse("course_package_file", args=[course.pk, kind]) for kind in ("complete", "open")]
    strangers = [
        author("other@example.go.th", make_provider("other")),
        make_person("somebody@example.go.th", "ผู้เรียน"),
        person("HR officers", "hr@example.go.th"),
    ]
    for who in strangers:
        client.force_login(who)
        assert all(client.get(one).status_code in (302, 403) for one in (page, *addresses)), who.email
    readers = {person("Operators", "operator@example.go.th"): True, person("Reviewers"): False, writer: True}
    for who, is_author in readers.items():
        client.force_login(who)
        shown = client.get(page)
        assert shown.status_code == 200, who.email
        assert (addresses[0] in shown.text) is is_author, who.email
        whole, open_one = (members(client.get(one)) for one in addresses)
        assert whole[0]["is_complete"] is is_author, who.email
        assert (HIDDEN.encode() in whole[1]) is is_author, who.email
        assert HIDDEN.encode() not in open_one[1], who.email


def test_an_author_looks_first_and_then_takes_it_over_once(client, file, provider, writer):
    data = file.getvalue()
    client.force_login(writer)
    sent = upload(client, data)
    preview = sent.headers["Location"]
    shown = client.get(preview).text
    assert "ข้อมูลเดินทางได้" in shown
    assert "pk-n1" in shown
    assert CoursePage.objects.filter(code="PK-101").count() == 0
    form = {"code": "PK-101", "provider": provider.pk}
    answers = [client.post(preview, form) for _ in range(2)]
    made = CoursePage.objects.get(code="PK-101", locale__language_code="th")
    assert {one.headers["Location"] for one in answers} == {reverse("course_desk", args=[made.pk])}
    assert (made.live, made.held_by, made.owner) == (False, provider, writer)
    assert bytes(IncomingPackage.objects.get().content) == b""
    assert client.get(preview).status_code == 302


def test_a_conflict_is_shown_and_another_code_resolves_it(client, course, provider, writer):
    client.force_login(writer)
    preview = upload(client, packed(course).getvalue()).headers["Location"]
    assert "รหัส PK-101" in client.get(preview).text
    assert client.post(preview, {"code": "PK-101", "provider": provider.pk}).status_code == 422
    again = client.get(preview, {"code": "pk-102", "provider": provider.pk}).text
    assert "มีสิ่งเดียวกันอยู่ที่นี่แล้ว" in again
    for wrong in ({"code": "ก"}, {"code": ""}, {"provider": make_provider("other").pk}, {"provider": ""}):
        form = {"code": "PK-102", "provider": provider.pk} | wrong
        assert client.post(preview, form).status_code == 422, wrong
    assert client.post(preview, {"code": "PK-102", "provider": provider.pk}).status_code == 302
    assert CoursePage.objects.get(code="PK-102", locale__language_code="th").held_by == provider


def test_what_was_uploaded_is_its_uploaders_alone_and_goes(client, file, writer, provider):
    client.force_login(writer)
    preview = upload(client, file.getvalue()).headers["Location"]
    row = IncomingPackage.objects.get()
    discard = reverse("discard_package", args=[row.pk])
    client.force_login(author("second@example.go.th", provider))
    assert client.get(preview).status_code == 404
    assert client.post(discard).status_code == 404
    client.force_login(writer)
    assert client.post(discard).status_code == 302
    assert not IncomingPackage.objects.exists()
    upload(client, file.getvalue())
    assert retention.delete_what_is_past_its_time(timezone.now() + timedelta(days=6))["packages"] == 0
    assert retention.delete_what_is_past_its_time(timezone.now() + timedelta(days=8))["packages"] == 1


def test_a_bad_file_is_answered_with_what_is_wrong(client, writer):
    client.force_login(writer)
    for data in (b"", b"PK", b"x" * 1000):
        answer = upload(client, data)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
    assert client.post(reverse("import_package")).status_code == 422
    assert not IncomingPackage.objects.exists()


def test_a_package_that_cannot_be_shown_any_more_can_be_deleted(client, file, provider, writer, monkeypatch):
    client.force_login(writer)
    preview = upload(client, file.getvalue()).headers["Location"]
    discard = reverse("discard_package", args=[IncomingPackage.objects.get().pk])

    def fail(*args, **kwargs):
        raise KeyError("title")

    monkeypatch.setattr(planning, "make", fail)
    for answer in (client.get(preview), client.post(preview, {"code": "PK-101", "provider": provider.pk})):
        assert answer.status_code == 422
        assert f'action="{discard}"' in answer.text
    IncomingPackage.objects.update(content=b"PK")  # no package, by the rules of a later version of the site
    assert f'action="{discard}"' in client.get(preview).text
    assert client.post(discard).status_code == 302
    assert not IncomingPackage.objects.exists()


def test_only_authors_take_packages_over(client, tree):
    others = [person(role, f"{number}@example.go.th") for number, role in enumerate(("Reviewers", "HR officers"))]
    for who in (*others, make_person("somebody@example.go.th", "ผู้เรียน")):
        client.force_login(who)
        assert client.get(reverse("import_package")).status_code in (302, 403), who.email
        assert upload(client, b"PK").status_code in (302, 403), who.email


def test_the_commands_show_first_and_write_when_told(course, provider, writer, tmp_path, capsys):
    out = tmp_path / "course.zip"
    call_command("export_course", "pk-101", out)
    wipe()
    call_command("import_course", out, provider="demo")
    assert "exercises pk-n1: new pk-n1" in capsys.readouterr().out
    assert not CoursePage.objects.filter(code="PK-101").exists()
    call_command("import_course", out, provider="demo", by=writer.email, apply=True)
    assert CoursePage.objects.filter(code="PK-101").count() == 2
    for wrong in (
        {"provider": "none"},
        {"by": "nobody@example.go.th"},
        {"apply": True},
        {"apply": True, "by": writer.email},
    ):
        with pytest.raises(CommandError):
            call_command("import_course", out, **wrong)
    for wrong in (["NONE", out], ["PK-101", tmp_path / "no" / "folder.zip"]):
        with pytest.raises(CommandError):
            call_command("export_course", *wrong)
    with pytest.raises(CommandError):
        call_command("import_course", tmp_path / "none.zip")
