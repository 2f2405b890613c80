"""Trying the visible checks before handing in, and going back in a notebook: learner, other learner, stranger."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from courses.demo import reading_files
from courses.models import Enrollment
from grading import tasks, workbench
from grading.models import DataFile, Exercise, Grade, Rehearsal, Submission
from grading.notebooks import read_source, visible_part
from tests.courses.trees import grow, plant
from tests.grading.authored import answer, check, setup, source
from tests.grading.submissions import make_outcome

pytestmark = pytest.mark.django_db
DEMO = reading_files.exercise()


@pytest.fixture
def exercise(db, instructor):
    exercise = Exercise.objects.create(slug="b-n1", title_th="อ่านไฟล์ข้อมูล", title_en="Read a data file")
    files = [DataFile(name=name, content=content) for name, content in DEMO.files.items()]
    files += [DataFile(name="ลับ.csv", content=b"secret", is_hidden=True)]
    exercise.add_version(source=DEMO.source, max_score=6, files=files, limits={}, author=instructor)
    return exercise


@pytest.fixture
def enrolled(client, learner, exercise):
    tree = plant()
    grow(tree, exercises=[exercise])
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    client.force_login(learner)
    return client


def post(client, content=None, slug="b-n1"):
    from grading.workbench import release_of

    content = content or release_of(Exercise.objects.get(slug=slug).current.pk)
    return client.post(reverse("courses:check", args=[slug]), {"notebook": SimpleUploadedFile("งาน.ipynb", content)})


def browser(person):
    client = Client()
    client.force_login(person)
    return client


def test_a_rehearsal_is_the_graders_work_and_never_a_grade(enrolled, learner, monkeypatch):
    given = []
    monkeypatch.setattr(tasks, "grade", lambda **known: given.append(known) or make_outcome())
    assert post(enrolled).status_code == 200
    row = Rehearsal.objects.get(learner=learner)
    tasks.rehearse(str(row.pk))
    assert given[0]["is_rehearsal"] is True
    row.refresh_from_db()
    assert (row.status, bytes(row.notebook)) == ("done", b"")
    assert not Submission.objects.exists()
    assert not Grade.objects.exists()


def test_asking_twice_runs_once_and_asking_afterwards_runs_anew(enrolled):
    post(enrolled)
    first = Rehearsal.objects.get()
    assert Rehearsal.objects.claim(first.pk)
    post(enrolled)
    assert Rehearsal.objects.get().status == "running"
    Rehearsal.objects.update(status="done", lease=None)
    post(enrolled)
    assert Rehearsal.objects.get().status == "queued"


def test_what_is_no_notebook_is_refused_with_a_sentence(enrolled):
    for content in (b"{}", b"not json", b"[" * 1000):
        response = post(enrolled, content)
        assert response.status_code == 200
        assert "error-summary" in response.text
    assert not Rehearsal.objects.exists()


def test_others_neither_ask_nor_see(enrolled, exercise, other_learner, client):
    post(enrolled)
    other = browser(other_learner)
    assert post(other).status_code == 403
    assert other.get(reverse("courses:check_state", args=["b-n1"])).status_code == 404
    assert post(Client()).status_code == 302


def test_hidden_checks_are_cut_and_what_is_all_hidden_is_no_check():
    authored = source(
        setup("import math"),
        answer("a1", "x = 1"),
        check("t1", "assert x", hidden="assert x == 1"),
        check("t2", "", hidden="assert math.pi"),
    )
    seen = visible_part(authored if hasattr(authored, "checks") else read_source(authored))
    assert [one.id for one in seen.checks] == ["t1"]
    assert "x == 1" not in seen.checks[0].code
    assert not any("math.pi" in cell.source or "x == 1" in cell.source for cell in seen.notebook.cells)


def test_versions_reset_and_start_over_are_the_owners_alone(enrolled, exercise, learner, other_learner):
    document = workbench.open_exercise(exercise, learner)
    addresses = ["document_versions", "document_restore", "document_start_over", "document_reset_cell"]
    for name in addresses:
        act = "get" if name == "document_versions" else "post"
        for visitor, code in ((browser(other_learner), 404), (Client(), 302)):
            assert getattr(visitor, act)(reverse(f"courses:{name}", args=[document.pk])).status_code == code


def test_start_over_and_back(enrolled, exercise, learner):
    document = workbench.open_exercise(exercise, learner)
    typed = workbench.notebook_bytes(document).replace(b"YOUR CODE HERE", b"mine")
    workbench.save(document, typed)
    before = workbench.notebook_bytes(document)
    response = enrolled.post(reverse("courses:document_start_over", args=[document.pk]))
    assert response["HX-Trigger"] == "workbench-reload"
    assert b"mine" not in workbench.notebook_bytes(document)
    number = document.versions.order_by("-number")[1].number
    enrolled.post(reverse("courses:document_restore", args=[document.pk]), {"number": number})
    assert workbench.notebook_bytes(document) == before


@pytest.mark.parametrize("number", ["", "0", "-1", "99999", "๑", "1" * 30, "1; drop"])
def test_a_version_that_is_none_is_not_found(enrolled, exercise, learner, number):
    document = workbench.open_exercise(exercise, learner)
    response = enrolled.post(reverse("courses:document_restore", args=[document.pk]), {"number": number})
    assert response.status_code == 404


@pytest.mark.parametrize("versions", [1, 30])
def test_the_list_of_versions_costs_the_same_for_many(
    enrolled, exercise, learner, versions, django_assert_max_num_queries
):
    document = workbench.open_exercise(exercise, learner)
    for _ in range(versions):
        workbench.start_over(document)
    with django_assert_max_num_queries(14):
        assert enrolled.get(reverse("courses:document_versions", args=[document.pk])).status_code == 200
