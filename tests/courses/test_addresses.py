"""What was linked to stays found: pages and exercises under another address, files under the name they came with."""

from urllib.parse import unquote

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile
from django.urls import reverse
from wagtail.documents.models import Document

from courses import readdressing
from grading.models import Exercise, Quiz
from lms.accounts.roles import ensure_roles
from lms.storage import ReadableNames, shortened
from tests.courses.courses_in_the_making import author

pytestmark = pytest.mark.django_db


@pytest.fixture
def rename(django_capture_on_commit_callbacks):
    def renamed(page, slug):
        with django_capture_on_commit_callbacks(execute=True):
            page = type(page).objects.get(pk=page.pk)
            page.slug = slug
            page.save_revision().publish()

    return renamed


def test_the_old_address_of_a_course_and_of_all_below_it_leads_to_the_new_one(client, tree, rename):
    below = ("", "module/", "module/lesson/")
    assert all(client.get(f"{start}/courses/da-201/{end}").status_code == 200 for start in ("", "/en") for end in below)
    for slug in ("da-202", "open-data"):
        for page in (tree.course, *tree.course.get_translations()):
            rename(page, slug)
    for start in ("", "/en"):
        for end in below:
            for old in ("da-201", "da-202"):
                answer = client.get(f"{start}/courses/{old}/{end}")
                assert (answer.status_code, answer.headers["Location"]) == (301, f"{start}/courses/open-data/{end}")
    # Back again, the address is a page and no circle.
    rename(tree.course, "da-201")
    assert client.get("/courses/da-201/").status_code == 200
    assert client.get("/courses/open-data/").headers["Location"] == "/courses/da-201/"


def edit(client, kind, row, slug):
    """Saves the form of the back office as it is, with another code."""
    address = reverse(f"wagtailsnippets_grading_{kind}:edit", args=[row.pk])
    form = client.get(address).context["form"]
    values = {name: form[name].value() for name in form.fields}
    data = {name: value for name, value in values.items() if value is not None and value is not False}
    drawn = {"drawn-count": "1", "drawn-0-deleted": "", "drawn-0-order": "0", "drawn-0-type": "item", "drawn-0-id": ""}
    answer = client.post(address, data | drawn | {"slug": slug})
    assert answer.status_code == 302, answer.context["form"].errors


def test_an_exercise_under_another_code_is_found_under_the_old_one(client, tree, exercise, learner):
    ensure_roles()
    client.force_login(author("writer@example.go.th"))
    exercise.versions.all().delete()
    for old, new in (("b-n1", "b-n2"), ("b-n2", "b-n3")):
        edit(client, "exercise", Exercise.objects.get(slug=old), new)
    client.force_login(learner)
    for start in ("", "/en"):
        for old in ("b-n1", "b-n2"):
            answer = client.get(f"{start}/exercises/{old}/")
            assert (answer.status_code, answer.headers["Location"]) == (301, f"{start}/exercises/b-n3/")
    readdressing.moved(Exercise(slug="b-n1"), "b-n3")
    Exercise.objects.filter(slug="b-n3").update(slug="b-n1")
    assert client.get("/exercises/b-n1/").status_code in (200, 302, 403)
    assert client.get("/exercises/b-n3/").headers["Location"] == "/exercises/b-n1/"
    readdressing.moved(Quiz(slug="new"), "old")
    assert client.get("/quizzes/old/").headers["Location"] == "/quizzes/new/"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("วุฒิบัตร ปี่ ผู้ น้ำ.csv", "วุฒิบัตร_ปี่_ผู้_น้ำ.csv"),
        ("ข้อมูล (ฉบับที่ ๒).CSV", "ข้อมูล_ฉบับที่_๒.CSV"),
        ("plain-name_1.csv", "plain-name_1.csv"),
        ("a\u0000b/../c.csv", "ab..c.csv"),
        ("แบบ\u200b ฟอร์ม.csv", "แบบ_ฟอร์ม.csv"),
    ],
)
def test_a_file_keeps_every_mark_of_its_name(given, kept):
    assert ReadableNames().get_valid_name(given) == kept


def test_a_name_that_is_too_long_is_cut_between_letters_and_one_that_is_none_is_refused():
    name = ReadableNames().get_valid_name("ปี่" * 60 + ".csv")
    assert len(name.encode()) <= 200
    assert name.endswith("ปี่.csv")
    assert shortened("กี่", 7) == ""
    for none in ("", "..", "/", "???"):
        with pytest.raises(SuspiciousFileOperation):
            ReadableNames().get_valid_name(none)


def test_a_document_is_downloaded_under_the_name_that_it_came_with(client, tree, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "lms.storage.ReadableNames"}}
    document = Document.objects.create(title="x", file=ContentFile(b"a,b", name="ตาราง ปี่ ผู้ น้ำ.csv"))
    assert document.filename == "ตาราง_ปี่_ผู้_น้ำ.csv"
    answer = client.get(document.url)
    assert b"".join(answer.streaming_content) == b"a,b"
    said = answer.headers["Content-Disposition"]
    assert unquote(said.partition("filename*=UTF-8''")[2]) == document.filename
    # The same name twice: both are there.
    again = Document.objects.create(title="y", file=ContentFile(b"c", name="ตาราง ปี่ ผู้ น้ำ.csv"))
    assert again.filename != document.filename
    assert again.filename.startswith("ตาราง_ปี่_ผู้_น้ำ_")
