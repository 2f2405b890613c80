"""Authors write source notebooks in the workbench: opened, saved as drafts that are tried, and by nobody else."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from grading import documents, workbench
from grading.models import Document, Exercise, PreflightReport, Provider
from grading.notebooks import AuthorError, read_source
from grading.workbench import Stale
from tests.grading import authored
from tests.grading.authored import answer, check

pytestmark = pytest.mark.django_db
SOURCE = authored.as_bytes(
    authored.document(answer("q1", "def total(x):\n    return sum(x)"), check("t1", "assert total([1]) == 1", points=2))
)
PAGE, SAVE = "/exercises/new/source/", "/exercises/new/source/save/"


@pytest.fixture
def exercise():
    return Exercise.objects.create(slug="new", title_th="ใหม่", title_en="New")


@pytest.fixture
def author(client, instructor):
    client.force_login(instructor)
    return client


def write(document, old, new):
    text = workbench.notebook_bytes(document).decode()
    assert old in text
    workbench.save(document, text.replace(old, new).encode())


def test_who_has_nothing_yet_begins_with_a_notebook_that_works(author, exercise, settings):
    page = author.get(PAGE)
    document = Document.objects.get()
    assert f"/notebooks/{document.pk}.ipynb" in page.text
    assert f"frame-src {settings.WORKBENCH_URL}" in page["Content-Security-Policy"]
    source = read_source(workbench.notebook_bytes(document))
    assert [(one.id, one.max_points) for one in source.checks] == [("check-q1", 1)]


def test_what_is_saved_is_a_draft_that_is_tried_and_learners_get_nothing_of_it(author, exercise, instructor):
    author.get(PAGE)
    answer = author.post(SAVE)
    version = exercise.versions.get()
    assert answer["HX-Redirect"] == reverse("exercise_preflight", args=[version.pk])
    assert (version.is_draft, version.author, version.max_score) == (True, instructor, 1)
    assert PreflightReport.objects.get().version == version
    assert exercise.current is None
    assert author.get(answer["HX-Redirect"]).status_code == 200


def test_saving_what_has_not_changed_makes_no_other_version(exercise, instructor):
    exercise.add_version(source=SOURCE, max_score=2, files=[], limits={}, author=instructor)
    document = workbench.open_source(exercise, instructor)
    assert workbench.save_source(document, instructor).number == 1
    write(document, "sum(x)", "sum(x) + 0")
    assert workbench.save_source(document, instructor).number == 2
    document.refresh_from_db()
    assert workbench.save_source(document, instructor).number == 2
    assert document.version.number == 2


def test_files_and_limits_go_on_from_version_to_version(exercise, instructor):
    from grading.models import DataFile

    files = [DataFile(name="a.csv", content=b"1"), DataFile(name="h.csv", content=b"2", is_hidden=True)]
    exercise.add_version(source=SOURCE, max_score=2, files=files, limits={"processes": 9}, author=instructor)
    document = workbench.open_source(exercise, instructor)
    write(document, "sum(x)", "sum(list(x))")
    version = workbench.save_source(document, instructor)
    assert version.limits == {"processes": 9}
    assert {(file.name, file.is_hidden) for file in version.files.all()} == {("a.csv", False), ("h.csv", True)}


def test_what_cannot_be_an_exercise_is_said_with_its_cells_and_nothing_is_made(author, exercise):
    author.get(PAGE)
    document = Document.objects.get()
    write(document, "return sum(numbers)", "return sum(numbers")
    answer = author.post(SAVE)
    assert answer.status_code == 200
    assert "เซลล์ที่ 2" in answer.text
    assert not exercise.versions.exists()
    with pytest.raises(AuthorError):
        workbench.save_source(document, document.owner)


def test_who_did_not_write_from_the_newest_version_is_told_and_may_go_on_all_the_same(author, exercise, instructor):
    author.get(PAGE)
    document = Document.objects.get()
    exercise.add_version(source=SOURCE, max_score=2, files=[], limits={}, author=instructor)
    with pytest.raises(Stale):
        workbench.save_source(document, instructor)
    assert "มีรุ่นใหม่กว่า" in author.get(PAGE).text
    assert "มีรุ่นใหม่กว่า" in author.post(SAVE).text
    assert exercise.versions.count() == 1
    assert "HX-Redirect" in author.post(SAVE, {"forced": "1"})
    assert exercise.versions.count() == 2


def test_starting_over_takes_the_newest_version_and_can_be_undone(author, exercise, instructor):
    author.get(PAGE)
    document = Document.objects.get()
    write(document, "sum(numbers)", "mine(numbers)")
    exercise.add_version(source=SOURCE, max_score=2, files=[], limits={}, author=instructor)
    workbench.start_over(document)
    assert "def total(x)" in workbench.notebook_bytes(document).decode()
    document.refresh_from_db()
    assert document.version == exercise.newest
    workbench.restore(document, 2)
    assert "mine(numbers)" in workbench.notebook_bytes(document).decode()


def test_outputs_of_the_authors_own_runs_are_no_part_of_a_version(exercise, instructor):
    document = workbench.open_source(exercise, instructor)
    notebook = json.loads(workbench.notebook_bytes(document))
    notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "seen"}]
    workbench.save(document, json.dumps(notebook).encode())
    assert b"seen" not in bytes(workbench.save_source(document, instructor).source)


def test_nobody_else_sees_or_saves_it(author, exercise, learner, hr_officer, instructor):
    author.get(PAGE)
    document = Document.objects.get()
    for person in (learner, hr_officer):
        client = Client()
        client.force_login(person)
        assert client.get(PAGE).status_code == 403
        assert client.post(SAVE).status_code == 403
        assert client.post(reverse("courses:workbench_token", args=[document.pk])).status_code == 404
        with pytest.raises(PermissionDenied):
            workbench.save_source(document, person)
    stranger = Client()
    assert "/accounts/login/" in stranger.get(PAGE)["Location"]
    assert "/accounts/login/" in stranger.post(SAVE)["Location"]
    assert author.get(SAVE).status_code == 405
    assert not exercise.versions.exists()


def test_who_is_an_author_no_more_has_it_no_more(author, exercise, instructor):
    author.get(PAGE)
    document = Document.objects.get()
    instructor.groups.clear()
    assert author.post(reverse("courses:workbench_token", args=[document.pk])).status_code == 404
    assert author.get(PAGE).status_code == 403


def test_authors_of_another_provider_neither_see_nor_save_it(author, exercise):
    author.get(PAGE)
    document = Document.objects.get()
    exercise.provider = Provider.objects.create(name_th="สถาบันอื่น", name_en="Another institute")
    exercise.save()
    assert author.get(PAGE).status_code == 404
    assert author.post(SAVE).status_code == 404
    assert author.post(reverse("courses:workbench_token", args=[document.pk])).status_code == 404
    assert not exercise.versions.exists()


def test_an_exercise_may_be_made_without_a_file_and_its_author_is_led_to_write(author):
    from tests.courses.test_exercise_cms import ADD, fields

    answer = author.post(ADD, fields(source=""))
    assert answer["Location"] == "/exercises/b-n1/source/"
    exercise = Exercise.objects.get()
    assert not exercise.versions.exists()
    assert "/exercises/b-n1/source/" in author.get(f"/cms/snippets/grading/exercise/edit/{exercise.pk}/").text


def test_the_starter_is_a_notebook_as_any_other():
    assert documents.read(documents.write(documents.starter()))["cells"]
