import hashlib
import json

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from courses.demo import reading_files
from courses.models import Enrollment
from grading.models import DataFile, Exercise, Submission
from grading.notebooks import read_source, release
from tests.courses.trees import grow, make_exercise, make_grade, plant
from tests.grading.submissions import make_outcome

pytestmark = pytest.mark.django_db
DEMO = reading_files.exercise()


@pytest.fixture
def exercise(db, instructor):
    exercise = Exercise.objects.create(slug="b-n1", title_th="อ่านไฟล์ข้อมูล", title_en="Read a data file")
    files = [DataFile(name=name, content=content) for name, content in DEMO.files.items()]
    files += [DataFile(name="ลับ.csv", content=b"secret", is_hidden=True), DataFile(name="ข้อมูล น้ำ.csv", content=b"a,b")]
    source = read_source(DEMO.source)
    exercise.add_version(source=DEMO.source, max_score=source.max_score, files=files, limits={}, author=instructor)
    return exercise


@pytest.fixture
def tree(exercise):
    tree = plant()
    grow(tree, exercises=[exercise])
    return tree


@pytest.fixture
def enrolled(client, learner, tree):
    """The learner's browser, logged in and enrolled."""
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    client.force_login(learner)
    return client


def browser(person):
    client = Client()
    client.force_login(person)
    return client


def url(name, *args):
    with override("th"):
        return reverse(f"courses:{name}", args=args)


def answer():
    return json.dumps(release(read_source(DEMO.source))).encode()


def upload(client, content=None, name="คำตอบของน้ำฝน ครั้งที่ ๑.ipynb", slug="b-n1", **extra):
    file = SimpleUploadedFile(name, answer() if content is None else content, content_type="text/html")
    return client.post(url("hand_in", slug), {"notebook": file}, **extra)


# --- The exercise ---


def test_the_exercise_shows_the_task_and_what_to_do(enrolled, exercise):
    page = enrolled.get(url("exercise", "b-n1"))
    assert page.status_code == 200
    assert "อ่านไฟล์ข้อมูล" in page.text
    assert 'type="file"' in page.text
    assert url("release", "b-n1") in page.text
    assert 'class="nb-cell nb-markdown"' in page.text


def test_the_exercise_speaks_english_too(enrolled, exercise):
    page = enrolled.get("/en" + url("exercise", "b-n1"))
    assert "Read a data file" in page.text
    assert "Hand in" in page.text


def test_neither_solutions_nor_hidden_checks_are_on_the_page_or_in_the_download(enrolled, exercise):
    solutions = [cell.source for cell in read_source(DEMO.source).answers]
    for text in (enrolled.get(url("exercise", "b-n1")).text, download(enrolled.get(url("release", "b-n1"))).decode()):
        assert "HIDDEN TESTS" not in text
        assert "BEGIN SOLUTION" not in text
        for solution in solutions:
            line = max((line.strip() for line in solution.splitlines() if "#" not in line), key=len)
            assert line not in text


def test_the_notebook_to_read_is_text_and_not_markup(enrolled, exercise, instructor):
    notebook = json.loads(DEMO.source)
    notebook["cells"][0]["source"] = "# บท\n<script>bad()</script><img src=x onerror=bad()>[x](javascript:bad())"
    source = json.dumps(notebook).encode()
    exercise.add_version(source=source, max_score=1, files=[], limits={}, author=instructor)
    text = enrolled.get(url("exercise", "b-n1")).text
    assert "<h3>บท</h3>" in text
    assert "<script>bad" not in text
    assert "onerror" not in text
    assert 'href="javascript' not in text


def download(response):
    return b"".join(response.streaming_content)


def test_files_are_downloaded_with_their_thai_names(enrolled, exercise):
    response = enrolled.get(url("file", "b-n1", "ข้อมูล น้ำ.csv"))
    assert download(response) == b"a,b"
    assert "filename*=utf-8''%E0%B8%82" in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["ลับ.csv", "nothing.csv", "..%2f..%2fetc%2fpasswd"])
def test_hidden_and_unknown_files_are_not_there(enrolled, exercise, name):
    assert enrolled.get(url("exercise", "b-n1") + "files/" + name).status_code == 404
    assert "ลับ.csv" not in enrolled.get(url("exercise", "b-n1")).text


@pytest.mark.parametrize("name", ["exercise", "release", "hand_in"])
def test_a_stranger_is_sent_to_the_login(client, tree, name):
    response = client.get(url(name, "b-n1"), follow=True)
    assert "/accounts/login/" in response.redirect_chain[-1][0]


def test_a_stranger_who_hands_in_comes_back_to_the_exercise_after_the_login(client, learner, tree):
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    response = upload(client)
    assert response["Location"].startswith("/accounts/login/?next=")
    client.force_login(learner)
    assert client.get(url("hand_in", "b-n1"))["Location"] == url("exercise", "b-n1")


def test_who_is_not_enrolled_is_shown_the_course(client, learner, tree):
    client.force_login(learner)
    page = client.get(url("exercise", "b-n1"))
    assert page.status_code == 403
    assert tree.course.title in page.text
    assert 'type="file"' not in page.text
    assert client.get(url("release", "b-n1")).status_code == 302
    assert client.get(url("file", "b-n1", "ข้อมูล น้ำ.csv")).status_code == 302
    assert upload(client).status_code == 403
    assert not Submission.objects.exists()


def test_an_exercise_that_no_course_places_is_not_there(client, learner):
    make_exercise("unplaced")
    client.force_login(learner)
    assert client.get(url("exercise", "unplaced")).status_code == 404
    assert client.get(url("exercise", "unknown")).status_code == 404


def test_an_author_sees_it_as_learners_do_and_cannot_hand_in_unenrolled(instructor, tree):
    client = browser(instructor)
    page = client.get(url("exercise", "b-n1"))
    assert page.status_code == 200
    assert 'type="file"' not in page.text
    assert upload(client).status_code == 403


# --- Handing in ---


def test_a_hand_in_leads_to_its_receipt(enrolled, exercise, learner):
    response = upload(enrolled)
    submission = Submission.objects.get()
    assert response["Location"] == url("submission", submission.pk)
    assert submission.learner == learner
    assert submission.filename == "คำตอบของน้ำฝน ครั้งที่ ๑.ipynb"
    page = enrolled.get(response["Location"]).text
    assert hashlib.sha256(answer()).hexdigest() in page
    assert str(submission.pk) in page
    assert submission.filename in page
    assert "hx-get" in page


def test_what_was_handed_in_can_be_had_back_byte_for_byte(enrolled, exercise):
    upload(enrolled)
    response = enrolled.get(url("submission_notebook", Submission.objects.get().pk))
    assert download(response) == answer()
    assert "filename*=utf-8''" in response["Content-Disposition"]


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "a.ipynb", "ว่างเปล่า"),
        (b"hello", "a.ipynb", ""),
        (b"\x89PNG\r\n", "a.ipynb", ""),
        (b'{"cells": [', "a.ipynb", ""),
        (b'{"a": 1}', "a.ipynb", ""),
        (b"[" * 100_000, "a.ipynb", ""),
        (None, "คำตอบ.py", ".ipynb"),
        (None, "คำตอบ.ipynb.exe", ".ipynb"),
        (b" " * (5 * 1024 * 1024 + 1), "a.ipynb", "ใหญ่เกินไป"),
    ],
    ids=["empty", "text", "picture", "cut off", "other JSON", "deep", "script", "two endings", "too large"],
)
def test_what_is_no_notebook_is_refused_with_a_reason(enrolled, exercise, content, name, says):
    response = upload(enrolled, content, name)
    assert response.status_code == 422
    assert "error-summary" in response.text
    assert says in response.text
    assert 'aria-invalid="true"' in response.text
    assert not Submission.objects.exists()


def test_nothing_chosen_is_said_so(enrolled, exercise):
    response = enrolled.post(url("hand_in", "b-n1"))
    assert response.status_code == 422
    assert "เลือกไฟล์" in response.text


def test_a_huge_body_is_not_even_read(enrolled, exercise):
    response = enrolled.generic(
        "POST", url("hand_in", "b-n1"), b"x", content_type="multipart/form-data; boundary=b", CONTENT_LENGTH=10**9
    )
    assert response.status_code == 413


def test_handing_in_needs_the_page_it_comes_from(learner, tree):
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    client = Client(enforce_csrf_checks=True)
    client.force_login(learner)
    assert upload(client).status_code == 403
    assert not Submission.objects.exists()


def test_a_closed_exercise_and_used_attempts_are_said_so(enrolled, exercise):
    Exercise.objects.update(is_open=False)
    assert "ปิด" in enrolled.get(url("exercise", "b-n1")).text
    response = upload(enrolled)
    assert response.status_code == 422
    assert not Submission.objects.exists()
    Exercise.objects.update(is_open=True, max_attempts=1)
    assert upload(enrolled).status_code == 302
    response = upload(enrolled, answer() + b" ")
    assert response.status_code == 422
    assert "ครบ" in response.text
    assert 'type="file"' not in response.text


def test_an_exercise_without_a_notebook_is_an_empty_page_and_no_error(enrolled, exercise):
    exercise.versions.all().delete()
    page = enrolled.get(url("exercise", "b-n1"))
    assert page.status_code == 200
    assert 'type="file"' not in page.text
    assert enrolled.get(url("release", "b-n1")).status_code == 404
    assert upload(enrolled).status_code == 422


def test_own_attempts_are_listed_and_nobody_elses(enrolled, exercise, learner, other_learner):
    make_grade(learner, exercise, 7.5)
    make_grade(other_learner, exercise, 3.25)
    text = enrolled.get(url("exercise", "b-n1")).text
    assert "7.5 / 10" in text
    assert "3.3" not in text


def test_the_attempts_list_costs_the_same_for_1_and_30(enrolled, exercise, learner, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    make_grade(learner, exercise, 5)
    enrolled.get(url("exercise", "b-n1"))
    with CaptureQueriesContext(connection) as one:
        enrolled.get(url("exercise", "b-n1"))
    for attempt in range(2, 31):
        make_grade(learner, exercise, 5, attempt=attempt)
    with django_assert_num_queries(len(one)):
        page = enrolled.get(url("exercise", "b-n1"))
    assert page.text.count('<th scope="row">') == 30


def test_many_attempts_come_in_pages(enrolled, exercise, learner):
    for attempt in range(1, 53):
        make_grade(learner, exercise, 5, attempt=attempt)
    assert enrolled.get(url("exercise", "b-n1")).text.count('<th scope="row">') == 50
    assert enrolled.get(url("exercise", "b-n1") + "?page=2").text.count('<th scope="row">') == 2
    assert enrolled.get(url("exercise", "b-n1") + "?page=ๆ").status_code == 200


# --- The submission ---


@pytest.fixture
def submission(enrolled, exercise):
    upload(enrolled)
    return Submission.objects.get()


def record(submission, outcome):
    Submission.objects.claim(submission.pk).record(outcome)


def state(client, submission, query="was=queued&n=1"):
    return client.get(url("submission_state", submission.pk) + "?" + query)


def test_while_nothing_changed_the_page_only_asks_again_later(enrolled, submission):
    text = state(enrolled, submission).text
    assert "hx-swap-oob" not in text
    assert "n=2" in text
    assert 'hx-trigger="load delay:1s' in text
    assert "delay:30s" in state(enrolled, submission, "was=queued&n=99999999999").text
    assert state(enrolled, submission, "was=ๆ&n=-1").status_code == 200


def test_a_result_replaces_the_state_without_reloading(enrolled, submission):
    record(submission, make_outcome(score=4.0))
    text = state(enrolled, submission).text
    assert "hx-get" not in text
    assert 'id="submission-state" hx-swap-oob="innerHTML"' in text
    assert "<p>ผลการตรวจ</p>" in text
    assert "4" in text
    with override("en"):
        english = enrolled.get("/en" + url("submission", submission.pk)).text
    assert "<p>What we found</p>" in english
    assert "<p>ผลการตรวจ</p>" not in english


def test_a_refusal_says_why_and_offers_another_attempt(enrolled, submission):
    record(submission, make_outcome("refused"))
    text = enrolled.get(url("submission", submission.pk)).text
    assert "ไม่ใช่โน้ตบุ๊กของแบบฝึกหัดนี้" in text
    assert "#hand-in" in text


def test_our_failure_is_owned_up_to(enrolled, submission, settings):
    settings.GRADING_MAX_TRIES = 1
    Submission.objects.claim(submission.pk).give_back("Traceback: secret path")
    text = enrolled.get(url("submission", submission.pk)).text
    assert "ไม่นับเป็นการส่ง" in text
    assert "secret path" not in text


def test_who_logged_out_meanwhile_gets_the_login_and_not_a_page_in_a_page(client, submission):
    client.logout()
    response = state(client, submission)
    assert response["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", ["submission", "submission_state", "submission_notebook"])
def test_a_submission_is_nobody_elses_business(submission, other_learner, hr_officer, name):
    for person in (other_learner, hr_officer):
        assert browser(person).get(url(name, submission.pk)).status_code == 404
    assert Client().get(url(name, submission.pk)).status_code in (200, 302)
    assert b"sha" not in Client().get(url(name, submission.pk)).content


def staff(person, *codenames):
    person.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return browser(person)


def test_an_instructor_may_look(submission, instructor):
    record(submission, make_outcome())
    text = browser(instructor).get(url("submission", submission.pk)).text
    assert "น้ำฝน" in text
    assert "<p>ผลการตรวจ</p>" in text
    assert "#hand-in" not in text


def test_only_staff_may_have_it_graded_again_and_only_after_our_failure(
    submission, enrolled, other_learner, instructor, settings
):
    settings.GRADING_MAX_TRIES = 1
    Submission.objects.claim(submission.pk).give_back("broken")
    again = url("requeue", submission.pk)
    assert enrolled.post(again).status_code == 403
    assert staff(other_learner, "view_submission").post(again).status_code == 403
    assert Submission.objects.get().status == "failed"
    client = browser(instructor)
    assert again in client.get(url("submission", submission.pk)).text
    assert client.get(again).status_code == 405
    assert client.post(again).status_code == 302
    assert Submission.objects.get().status == "queued"
