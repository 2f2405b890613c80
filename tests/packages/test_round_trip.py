"""What goes out of one site and into another comes out of that one equal."""

import json
import zipfile

import pytest
from django.contrib.auth.models import Group
from wagtail.models import Page

from courses import checklist, reviewing, translating
from courses.capstones.models import Capstone
from courses.datasets.models import Dataset
from courses.models import CourseCompetency, CoursePage, LessonPage
from courses.packages import exporting, importing, planning, reading
from grading import preflight, tasks
from grading.models import Exercise, ItemBank, PreflightReport, Quiz
from tests.conftest import make_person
from tests.packages.conftest import HIDDEN, packed, wipe

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:get_connection"),
    # Wagtail leaves the file open that it writes a smaller picture to.
]


def manifest_of(file):
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("manifest.json"))


def content(file):
    """Everything but where it comes from."""
    manifest = manifest_of(file)
    return {name: value for name, value in manifest.items() if name != "source"}


def take(file, provider, by, code=""):
    return importing.take_over(reading.read(file), provider=provider, code=code, by=by)


def reviewer():
    person = make_person("reviewer@example.go.th", "ผู้ตรวจทาน")
    person.groups.add(Group.objects.get(name="Reviewers"))
    return person


def publish(course, by):
    """As its author, a data owner and a second person would."""
    for exercise in Exercise.objects.all():
        version = exercise.newest
        PreflightReport.objects.filter(version=version).update(status="done", report={"is_publishable": True})
        version.publish(by)
    for dataset in Dataset.objects.all():
        assert dataset.sign_off(by)
    course = CoursePage.objects.get(pk=course.pk)
    assert [line.text for line in checklist.of_course(course).missing] == []
    reviewing.send(course, by=by)
    task = course.current_workflow_task_state
    task.task.specific.on_action(task, reviewer(), "approve")
    return CoursePage.objects.get(pk=course.pk)


def test_exported_imported_published_and_exported_again_it_is_equal(client, course, provider, mapper):
    first = packed(course)
    wipe()
    made = take(first, provider, mapper)
    assert not Page.objects.filter(path__startswith=made.path, live=True).exists()
    assert content(packed(made)) == content(first)
    made = publish(made, mapper)
    again = packed(made)
    assert content(again) == content(first)
    assert client.get("/courses/pk-101/module/lesson/").status_code == 200
    assert client.get("/en/courses/pk-101/module/lesson/").status_code == 200
    # Written anew it is the same to the byte: nothing in it tells when.
    assert packed(made).getvalue() == again.getvalue()


def test_what_lessons_refer_to_is_what_was_made_here(file, provider, mapper):
    made = take(file, provider, mapper)
    first, second = LessonPage.objects.descendant_of(made).order_by("path")
    text = str(first.body.raw_data[0]["value"])
    assert f'<a linktype="page" id="{second.pk}">' in text
    assert [Exercise.objects.get().pk] == [
        p["value"]["exercise"] for p in first.body.raw_data if p["type"] == "exercise"
    ]
    assert first.body[1].value["image"].title == "ภาพประกอบ"
    assert first.body[5].value["document"].file.read() == b"a,b\n1,2\n"
    english = first.get_translations().get()
    assert f'id="{second.get_translations().get().pk}"' in str(english.body.raw_data[0]["value"])
    assert {line.state for line in translating.of_course(made)} == {translating.CURRENT}
    assert made.held_by == Exercise.objects.get().provider == Quiz.objects.get().provider == provider
    shown = CourseCompetency.objects.get()
    assert (shown.course_key, shown.exercise) == (made.translation_key, Exercise.objects.get())
    assert Exercise.objects.get().newest.is_draft
    assert [(one.reviewers, one.rubric()[0]["weight"]) for one in Capstone.objects.all()] == [(3, 2)]
    assert PreflightReport.objects.filter(version__exercise__slug="pk-n1", status="queued").count() == 1
    dataset = Dataset.objects.get()
    assert (dataset.provider, dataset.asked_by, dataset.signed_off_at) == (provider, mapper, None)


def test_without_rights_no_solution_hidden_check_or_item_goes_out(course, provider, writer):
    for rights in (exporting.no_right, exporting.rights_of(reviewer())):
        file = packed(course, rights)
        with zipfile.ZipFile(file) as archive:
            everything = b"".join(archive.read(name) for name in archive.namelist())
        assert HIDDEN.encode() not in everything
        assert b"hidden.csv" not in everything
        assert "ตรัง".encode() in everything
        assert not manifest_of(file)["is_complete"]
    assert HIDDEN.encode() in b"".join(
        exporting.build(course, exporting.rights_of(writer)).files.content[one]()
        for one in exporting.build(course, exporting.rights_of(writer)).files.index
    )


def test_a_package_without_hidden_parts_says_what_is_missing_and_cannot_be_published(course, provider, writer):
    file = packed(course, exporting.no_right)
    wipe()
    plan = planning.make(reading.read(file), provider=provider, by=writer)
    assert plan.problems == []
    notes = " ".join(plan.notes)
    assert "pk-n1" in notes
    assert "pk-bank" in notes
    made = take(file, provider, writer)
    assert ItemBank.objects.get().items.count() == 0
    missing = [line.text for line in checklist.of_course(made).missing]
    assert len(missing) == 2, missing


@pytest.mark.journey
@pytest.mark.usefixtures("kernels")
def test_the_reference_notebook_passes_where_it_was_taken_to(file, provider, writer):
    take(file, provider, writer)
    version = Exercise.objects.get().newest
    report = preflight.preflight(**tasks.given(version))
    assert report.is_publishable, report.as_dict()["remarks"]
    assert version.max_score == 1
