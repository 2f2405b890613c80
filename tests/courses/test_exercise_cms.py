import json

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from courses.datasets.models import DatasetFile
from courses.demo import cleaning, reading_files
from grading.models import AuditEntry, Exercise, ExerciseVersion
from tests.datasets.test_datasets import make_dataset

pytestmark = pytest.mark.django_db
SOURCE = reading_files.exercise().source
OTHER_SOURCE = cleaning.exercise().source
ADD = "/cms/snippets/grading/exercise/add/"
LIST = "/cms/snippets/grading/exercise/"


@pytest.fixture
def author(client, instructor):
    client.force_login(instructor)
    return client


def file(name, content):
    return SimpleUploadedFile(name, content)


def fields(**changes):
    given = {"slug": "b-n1", "title_th": "อ่านไฟล์", "title_en": "Read files", "max_attempts": "", "is_open": "on"}
    rules = {"cooldown_minutes": "0", "counts": "best", "late_rule": "refused", "late_percent": "10", "late_days": "7"}
    return given | rules | {"limits": ""} | changes


def create(client, **changes):
    changes.setdefault("source", file("แบบฝึกหัด.ipynb", SOURCE))
    return client.post(ADD, fields(**changes))


def edit_url(exercise):
    return f"/cms/snippets/grading/exercise/edit/{exercise.pk}/"


@pytest.fixture
def exercise(author):
    response = create(
        author,
        visible_files=[file("ข้อมูล.csv", b"a"), file("b.csv", b"b")],
        hidden_files=[file("hidden.csv", b"h")],
    )
    assert response.status_code == 302, response.text
    return Exercise.objects.get()


def files_of(exercise):
    return {file.name: (bytes(file.content), file.is_hidden) for file in exercise.newest.files.all()}


def test_an_author_uploads_an_exercise_and_sees_what_is_in_it(author, exercise, instructor):
    version = exercise.newest
    assert (version.number, bytes(version.source), version.author) == (1, SOURCE, instructor)
    assert version.max_score == sum(
        cell["metadata"]["nbgrader"].get("points", 0)
        for cell in json.loads(SOURCE)["cells"]
        if "nbgrader" in cell["metadata"]
    )
    assert files_of(exercise) == {"ข้อมูล.csv": (b"a", False), "b.csv": (b"b", False), "hidden.csv": (b"h", True)}
    page = author.get(edit_url(exercise)).text
    assert "ข้อมูล.csv" in page
    assert reverse("exercise_source", args=[version.pk]) in page
    assert 'enctype="multipart/form-data"' in page


def test_saving_without_a_change_makes_no_version(author, exercise):
    assert author.post(edit_url(exercise), fields(title_th="ชื่อใหม่")).status_code == 302
    exercise.refresh_from_db()
    assert exercise.title_th == "ชื่อใหม่"
    assert exercise.versions.count() == 1


def test_uploading_the_same_notebook_makes_no_version(author, exercise):
    author.post(edit_url(exercise), fields(source=file("again.ipynb", SOURCE)))
    assert exercise.versions.count() == 1


def test_a_new_notebook_keeps_the_files_and_the_old_version(author, exercise):
    before = files_of(exercise)
    author.post(edit_url(exercise), fields(source=file("new.ipynb", OTHER_SOURCE)))
    assert [version.number for version in exercise.versions.all()] == [2, 1]
    assert files_of(exercise) == before
    assert bytes(exercise.versions.get(number=1).source) == SOURCE


def test_files_are_replaced_added_and_removed_in_a_new_version(author, exercise):
    author.post(
        edit_url(exercise),
        fields(visible_files=[file("b.csv", b"B"), file("c.csv", b"c")], remove_files=["hidden.csv"]),
    )
    assert files_of(exercise) == {"ข้อมูล.csv": (b"a", False), "b.csv": (b"B", False), "c.csv": (b"c", False)}
    assert exercise.versions.get(number=1).files.count() == 3


def test_limits_belong_to_the_version(author, exercise):
    author.post(edit_url(exercise), fields(limits="wall_seconds=20"))
    assert exercise.newest.limits == {"wall_seconds": 20.0}
    assert "wall_seconds=20.0" in author.get(edit_url(exercise)).text


def broken(**changes):
    notebook = json.loads(SOURCE)
    notebook["cells"] = [cell for cell in notebook["cells"] if "nbgrader" not in cell["metadata"]]
    return json.dumps(notebook | changes).encode()


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "", "visible_files": [file("a.csv", b"1")]},
        {"source": file("a.ipynb", b"")},
        {"source": file("a.ipynb", b"no JSON")},
        {"source": file("a.py", SOURCE)},
        {"source": file("a.ipynb", broken())},
        {"source": file("a.ipynb", b" " * (5 * 1024 * 1024 + 1))},
        {"visible_files": [file("a.csv", b"")]},
        {"visible_files": [file("a.csv", b"1"), file("A.csv", b"2")]},
        {"visible_files": [file("a.csv", b"1")], "hidden_files": [file("a.csv", b"2")]},
        {"visible_files": [file(".bashrc", b"1")]},
        {"hidden_files": [file("a.csv", b"1" * (10 * 1024 * 1024 + 1))]},
        {"visible_files": [file(f"{n}.csv", b"1") for n in range(31)]},
        {"limits": "wall_seconds=forever"},
        {"limits": "unknown=1"},
        {"slug": "ไม่ใช่ รหัส"},
        {"title_th": ""},
        {"max_attempts": "-1"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_bad_upload_is_refused_and_stores_nothing(author, changes):
    for value in changes.values():
        for upload in value if isinstance(value, list) else [value]:
            if not isinstance(upload, str):
                upload.seek(0)
    response = create(author, **changes)
    assert response.status_code == 200
    assert "error" in response.text
    assert not Exercise.objects.exists()
    assert not ExerciseVersion.objects.exists()


def test_what_is_wrong_in_a_notebook_is_said_with_its_cell(author):
    notebook = json.loads(SOURCE)
    number = next(i for i, cell in enumerate(notebook["cells"], 1) if cell["metadata"].get("nbgrader", {}).get("grade"))
    notebook["cells"][number - 1]["source"] = "def broken(:\n"
    response = create(author, source=file("a.ipynb", json.dumps(notebook).encode()))
    assert f"เซลล์ที่ {number}" in response.text


def test_the_list_shows_exercises_and_costs_the_same_for_1_and_30(author, exercise, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    author.get(LIST)
    with CaptureQueriesContext(connection) as one:
        assert "b-n1" in author.get(LIST).text
    for number in range(2, 20):
        other = Exercise.objects.create(slug=f"x-{number}", title_th="ก", title_en="a")
        other.versions.create(number=1, source=SOURCE, sha256="0", max_score=1)
    with django_assert_num_queries(len(one)):
        assert "x-19" in author.get(LIST).text


def test_the_source_is_for_authors_only(author, exercise, learner, hr_officer):
    address = reverse("exercise_source", args=[exercise.newest.pk])
    response = author.get(address)
    assert b"".join(response.streaming_content) == SOURCE
    assert response["Content-Disposition"].startswith("attachment")
    for person in (learner, hr_officer):
        author.force_login(person)
        assert author.get(address).status_code in (302, 403)
    author.logout()
    assert author.get(address).status_code == 302


def test_who_only_reviews_gets_no_source(author, exercise, other_learner):
    other_learner.user_permissions.add(*Permission.objects.filter(codename__in=["access_admin", "view_exercise"]))
    author.force_login(other_learner)
    address = reverse("exercise_source", args=[exercise.newest.pk])
    assert author.get(address).status_code in (302, 403)
    assert SOURCE.decode()[:40] not in author.get(address).text


@pytest.mark.parametrize("path", [ADD, LIST])
def test_learners_and_strangers_never_reach_it(client, learner, path):
    assert client.get(path).status_code == 302
    client.force_login(learner)
    assert client.get(path).status_code in (302, 403)
    assert create(client).status_code in (302, 403)
    assert not Exercise.objects.exists()


def test_exercises_are_closed_and_never_deleted(author, exercise, django_user_model):
    operator = django_user_model.objects.create_superuser("op@example.go.th", "x", given_name="ผู้ดูแล")
    for person in (exercise.newest.author, operator):
        author.force_login(person)
        response = author.post(f"/cms/snippets/grading/exercise/delete/{exercise.pk}/")
        assert response.status_code in (302, 403, 404)
        author.post(f"/cms/bulk/grading/exercise/delete/?id={exercise.pk}")
        assert Exercise.objects.filter(pk=exercise.pk).exists()


def test_rules_are_set_with_the_exercise_in_bangkoks_time_and_leave_a_trace(author, exercise, instructor):
    text = author.get(edit_url(exercise)).text
    assert text.count('type="datetime-local"') == 2
    author.post(edit_url(exercise), fields(due_at="2027-01-31T23:59", late_rule="penalty", max_attempts="3"))
    exercise.refresh_from_db()
    assert exercise.due_at.isoformat() == "2027-01-31T16:59:00+00:00"
    assert 'value="2027-01-31T23:59"' in author.get(edit_url(exercise)).text
    entry = AuditEntry.objects.filter(action="policy").first()
    assert (entry.actor, entry.after["max_attempts"], entry.before["late_rule"]) == (instructor, 3, "refused")
    trail = author.get(f"/cms/exercise-audit/{exercise.pk}/").text
    assert "ไม่รับงาน → รับงานแต่หักคะแนน" in trail
    assert "31 ม.ค. 70 23:59 น." in trail


def test_a_file_of_the_library_whose_name_no_data_file_can_have_is_not_copied(author, exercise):
    dataset = make_dataset("stored-otherwise")
    for name in ("../../a.csv", "a\nb.csv"):
        kept = DatasetFile.keep(dataset, name, b"x")
        refused = author.post(edit_url(exercise), fields(library_files=[kept.pk]))
        assert refused.status_code == 200
        assert name not in files_of(exercise)
    kept = DatasetFile.keep(dataset, "ไฟล์.csv", b"x")
    assert author.post(edit_url(exercise), fields(library_files=[kept.pk])).status_code == 302
    assert "ไฟล์.csv" in files_of(exercise)
