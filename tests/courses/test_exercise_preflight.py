"""The pre-flight in the back office: what an author sees, who may see it, and what learners meet when."""

import json

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.users.models import UserProfile

from grading import tasks
from grading.models import AuditEntry, Exercise, HandInRefused, PreflightReport, PublishRefused, Submission
from grading.notebooks import read_source
from grading.preflight import CheckReport, Remark, Report
from sandboxes.results import SandboxUnavailable, Usage
from tests.grading.authored import answer, as_bytes, check, document
from tests.grading.test_commands import OTTER

pytestmark = pytest.mark.django_db
ADD = "/cms/snippets/grading/exercise/add/"
GOOD = as_bytes(document(answer("a", "x = 41 + 1"), check("t", "assert x == 42", points=2, hint="Add one")))
HOSTILE = "<script>alert(1)</script>"
WRONG = Remark(
    "error", "model_fails", {"th": f"ไม่ผ่าน {HOSTILE}", "en": "It fails"}, 2, "t", 2, f"first\nassert {HOSTILE}\nlast"
)


def report(*remarks, **changes):
    checks = (CheckReport("t", 2, 2.0, "passed", "failed", "failed", "isolated"),)
    return Report(
        remarks, max_score=2, model_score=2, runs=3, checks=checks, usage=Usage(0.5, 0.4, 30 << 20, 99), **changes
    )


@pytest.fixture
def author(client, instructor):
    client.force_login(instructor)
    return client


@pytest.fixture
def draft(author):
    """An exercise that was uploaded a moment ago."""
    given = {"slug": "x-1", "title_th": "แบบฝึกหัด", "title_en": "Exercise", "max_attempts": "", "is_open": "on"}
    given |= RULES | {"limits": "", "source": SimpleUploadedFile("x.ipynb", GOOD)}
    response = author.post(ADD, given)
    assert response.status_code == 302, response.text
    version = Exercise.objects.get().newest
    assert response["Location"] == address("exercise_preflight", version)
    return version


RULES = {"cooldown_minutes": "0", "counts": "best", "late_rule": "refused", "late_percent": "10", "late_days": "7"}


def address(name, version):
    return reverse(name, args=[version.pk])


def tried(version, outcome):
    """A worker comes by and finds this."""
    claimed = PreflightReport.objects.claim(version.preflight_report.pk)
    assert claimed.record(outcome)
    version.refresh_from_db()
    return version


def test_an_upload_is_a_draft_that_learners_do_not_meet(author, draft, learner):
    assert draft.is_draft
    assert draft.exercise.current is None
    assert draft.exercise.why_closed(learner) == "empty"
    with pytest.raises(HandInRefused, match="empty"):
        Submission.objects.hand_in(exercise=draft.exercise, learner=learner, notebook=b"{}", filename="a.ipynb")
    assert draft.preflight_report.status == "queued"


def test_the_page_asks_for_more_until_the_pre_flight_is_done(author, draft):
    page = author.get(address("exercise_preflight", draft)).text
    assert "hx-get=" in page
    assert address("exercise_preflight_state", draft) + "?n=1" in page
    assert address("exercise_publish", draft) not in page
    fragment = author.get(address("exercise_preflight_state", draft) + "?n=7").text
    assert "<html" not in fragment
    assert "?n=8" in fragment
    tried(draft, report())
    done = author.get(address("exercise_preflight_state", draft)).text
    assert "hx-get" not in done
    assert address("exercise_publish", draft) in done


def test_an_author_publishes_what_has_no_errors(author, draft, learner, instructor):
    tried(draft, report(Remark("warning", "no_hint", {"th": "ไม่มีคำใบ้", "en": "No hint"}, 2, "t", None, "assert x")))
    assert "ไม่มีคำใบ้" in author.get(address("exercise_preflight", draft)).text
    response = author.post(address("exercise_publish", draft))
    assert response.status_code == 302
    assert draft.exercise.current == draft
    assert draft.exercise.why_closed(learner) == ""
    entry = AuditEntry.objects.get(action="version")
    assert (entry.action, entry.actor, entry.before, entry.after) == (
        "version",
        instructor,
        {"version": None},
        {"version": 1},
    )
    assert address("exercise_publish", draft) not in author.get(address("exercise_preflight", draft)).text


def test_what_has_errors_stays_a_draft_and_nothing_is_lost(author, draft):
    tried(draft, report(WRONG))
    page = author.get(address("exercise_preflight", draft)).text
    assert address("exercise_publish", draft) not in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert "<mark>assert &lt;script&gt;" in page
    response = author.post(address("exercise_publish", draft), follow=True)
    draft.refresh_from_db()
    assert draft.is_draft
    assert bytes(draft.source) == GOOD
    assert "แก้" in response.text
    assert not AuditEntry.objects.filter(action="version").exists()


@pytest.mark.parametrize("status", ["queued", "running", "failed"])
def test_nothing_is_published_before_its_pre_flight_is_done(author, draft, instructor, status):
    PreflightReport.objects.update(status=status, report={"is_publishable": True})
    with pytest.raises(PublishRefused, match="unchecked"):
        draft.publish(instructor)
    PreflightReport.objects.all().delete()
    with pytest.raises(PublishRefused, match="unchecked"):
        draft.publish(instructor)


@pytest.mark.parametrize("said", [{}, {"is_publishable": "yes"}, {"is_publishable": 1}, {"errors": 0}])
def test_a_report_that_does_not_say_so_publishes_nothing(draft, instructor, said):
    PreflightReport.objects.update(status="done", report=said)
    with pytest.raises(PublishRefused, match="errors"):
        draft.publish(instructor)


def test_an_older_draft_does_not_come_after_a_newer_version(author, draft, instructor):
    tried(draft, report())
    source = GOOD.replace(b"Add one", b"Add 1")
    newer = draft.exercise.add_version(source=source, max_score=2, files=[], limits={}, author=instructor)
    with pytest.raises(PublishRefused, match="superseded"):
        draft.publish(instructor)
    assert draft.exercise.current == newer
    with pytest.raises(PublishRefused, match="published"):
        newer.publish(instructor)


def test_learners_keep_the_published_version_while_a_draft_is_made(author, draft, instructor):
    tried(draft, report())
    draft.publish(instructor)
    exercise = draft.exercise
    edit = reverse("wagtailsnippets_grading_exercise:edit", args=[exercise.pk])
    given = {"slug": "x-1", "title_th": "ใหม่", "title_en": "New", "max_attempts": "", "is_open": "on"}
    given |= RULES | {"limits": "", "source": SimpleUploadedFile("x.ipynb", GOOD.replace(b"Add one", b"Add 1"))}
    assert author.post(edit, given).status_code == 302
    assert (exercise.current.number, exercise.newest.number, exercise.newest.is_draft) == (1, 2, True)
    page = author.get(edit).text
    assert address("exercise_preflight", exercise.newest) in page
    assert address("exercise_preflight", draft) in page


def test_a_save_that_changes_nothing_asks_for_no_second_pre_flight(author, draft):
    tried(draft, report())
    edit = reverse("wagtailsnippets_grading_exercise:edit", args=[draft.exercise_id])
    given = {"slug": "x-1", "title_th": "ใหม่", "title_en": "New", "max_attempts": "", "is_open": "on", "limits": ""}
    assert author.post(edit, given | RULES).status_code == 302
    assert PreflightReport.objects.get().status == "done"


def test_a_pre_flight_that_failed_through_our_fault_can_be_asked_for_again(author, draft):
    PreflightReport.objects.update(status="failed", tries=5)
    assert address("exercise_preflight_again", draft) in author.get(address("exercise_preflight", draft)).text
    assert author.post(address("exercise_preflight_again", draft)).status_code == 302
    again = PreflightReport.objects.get()
    assert (again.status, again.tries) == ("queued", 0)


def test_asking_again_for_one_that_is_done_changes_nothing(author, draft):
    tried(draft, report())
    author.post(address("exercise_preflight_again", draft))
    assert PreflightReport.objects.get().status == "done"


NAMES = ["exercise_preflight", "exercise_preflight_state", "exercise_preflight_again", "exercise_publish"]


@pytest.mark.parametrize("name", NAMES)
def test_only_authors_get_there(author, draft, learner, other_learner, hr_officer, name):
    tried(draft, report())
    ask = author.post if name in NAMES[2:] else author.get
    other_learner.user_permissions.add(*Permission.objects.filter(codename__in=["access_admin", "view_exercise"]))
    for person in (learner, other_learner, hr_officer):
        author.force_login(person)
        assert ask(address(name, draft)).status_code in (302, 403)
    author.logout()
    assert ask(address(name, draft)).status_code == 302
    draft.refresh_from_db()
    assert draft.is_draft


@pytest.mark.parametrize("name", NAMES[2:])
def test_nothing_changes_by_following_a_link(author, draft, name):
    tried(draft, report())
    assert author.get(address(name, draft)).status_code == 405


def test_a_version_that_is_not_there_is_not_found(author, draft):
    assert author.get(reverse("exercise_preflight", args=[draft.pk + 1])).status_code == 404


def test_the_page_costs_the_same_for_1_and_30_remarks(author, draft):
    tried(draft, report(WRONG))
    author.get(address("exercise_preflight", draft))
    with CaptureQueriesContext(connection) as one:
        author.get(address("exercise_preflight", draft))
    PreflightReport.objects.update(report=json.loads(json.dumps(report(*[WRONG] * 30).as_dict())))
    with CaptureQueriesContext(connection) as thirty:
        author.get(address("exercise_preflight", draft))
    assert len(thirty) == len(one)


def test_the_page_speaks_english(author, draft, instructor):
    tried(draft, report(WRONG))
    UserProfile.objects.update_or_create(user=instructor, defaults={"preferred_language": "en"})
    page = author.get(address("exercise_preflight", draft)).text
    assert "It fails" in page
    assert "learners cannot get this version" in page


# --- the worker ---


def test_a_worker_carries_a_pre_flight_out(draft, monkeypatch):
    given = {}
    monkeypatch.setattr(tasks, "preflight", lambda **values: given.update(values) or report())
    tasks.try_version(str(draft.preflight_report.pk))
    assert given["source"] == GOOD
    found = PreflightReport.objects.get()
    assert (found.status, found.is_publishable, found.tries) == ("done", True, 1)
    tasks.try_version(str(found.pk))
    assert PreflightReport.objects.get().tries == 1


def test_our_failures_are_tried_again_and_say_nothing_of_the_exercise(draft, monkeypatch, settings):
    def fails(**_values):
        raise SandboxUnavailable("no room")

    monkeypatch.setattr(tasks, "preflight", fails)
    for _ in range(settings.GRADING_MAX_TRIES):
        PreflightReport.objects.update(due_at=draft.created_at)
        tasks.try_version(str(draft.preflight_report.pk))
    found = PreflightReport.objects.get()
    assert (found.status, found.is_publishable) == ("failed", False)
    assert "no room" in found.detail


def test_a_worker_that_dies_holds_nothing_up(draft, monkeypatch):
    dead = PreflightReport.objects.claim(draft.preflight_report.pk)
    assert PreflightReport.objects.claim(draft.preflight_report.pk) is None
    PreflightReport.objects.update(leased_until=draft.created_at)
    sent = []
    monkeypatch.setattr(tasks, "send", lambda task, args, *, queue: sent.append((task, args, queue)) or True)
    tasks.sweep()
    assert sent == [(tasks.PREFLIGHT, [str(dead.pk)], "grading")]
    assert dead.record(report()) is False
    assert PreflightReport.objects.claim(dead.pk).record(report()) is True


def test_one_that_kills_every_worker_is_given_up(draft, settings):
    PreflightReport.objects.update(
        status="running",
        tries=settings.GRADING_MAX_TRIES,
        leased_until=draft.created_at,
        lease=draft.preflight_report.pk,
    )
    assert PreflightReport.objects.release_stale() == 1
    assert PreflightReport.objects.get().status == "failed"


# --- Otter's notebooks ---


def upload(author, notebook):
    given = {"slug": "x-2", "title_th": "แบบฝึกหัด", "title_en": "Exercise", "max_attempts": "", "is_open": "on"}
    given |= RULES | {"limits": "", "source": SimpleUploadedFile("otter.ipynb", as_bytes(notebook))}
    return author.post(ADD, given, follow=True)


def test_an_otter_notebook_is_recognised_and_becomes_an_exercise(author):
    understood = OTTER | {"cells": [cell for cell in OTTER["cells"] if cell["source"] != "x == 2"]}
    understood["cells"].insert(
        0, {"cell_type": "raw", "metadata": {}, "source": "# ASSIGNMENT CONFIG\nfiles:\n  - a.csv"}
    )
    page = upload(author, understood).text
    exercise = Exercise.objects.get()
    assert [check.id for check in read_source(bytes(exercise.newest.source)).checks] == ["q1-2"]
    assert "a.csv" in page
    assert "เซลล์ที่ 1" in page


def test_an_otter_notebook_that_is_not_understood_is_refused_line_by_line(author):
    page = upload(author, OTTER).text
    assert "x == 2" in page
    assert "เซลล์ที่ 7" in page
    assert not Exercise.objects.exists()
