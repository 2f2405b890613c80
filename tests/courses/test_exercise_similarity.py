"""The report of notebooks that resemble each other: made in the background, looked at by instructors."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.users.models import UserProfile

from courses.demo import cleaning, notebooks
from grading import similarity_reports, tasks
from grading.models import Exercise, SimilarityReport, SimilarPair, Submission
from tests.conftest import make_person
from tests.grading.test_similarity import ANSWER, OTHER, SECOND, renamed

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(client, instructor):
    client.force_login(instructor)
    return client


@pytest.fixture
def exercise():
    built = cleaning.exercise()
    exercise = Exercise.objects.create(slug=built.slug, title_th="ทำความสะอาด", title_en="Cleaning")
    exercise.versions.create(number=1, source=built.source, sha256="0" * 64, max_score=1)
    return exercise


def answer_ids():
    cells = json.loads(cleaning.exercise().source)["cells"]
    marks = [cell["metadata"].get("nbgrader", {}) for cell in cells if cell["cell_type"] == "code"]
    return [one["grade_id"] for one in marks if one.get("solution")]


def hand_in(exercise, learner, *texts, attempt=1, notebook=None):
    """A graded submission with these texts in its answer cells."""
    if notebook is None:
        made = notebooks.handed_in(
            cleaning.exercise().notebook,
            dict.fromkeys(answer_ids(), "pass") | dict(zip(answer_ids(), texts, strict=False)),
        )
        notebook = notebooks.to_bytes(made)
    return Submission.objects.create(
        exercise=exercise,
        version=exercise.current,
        learner=learner,
        attempt=attempt,
        notebook=notebook,
        filename="a.ipynb",
        sha256="0" * 64,
        status="graded",
    )


@pytest.fixture
def copied(exercise, learner, other_learner):
    """One learner's answer is the other's with other names."""
    return hand_in(exercise, learner, ANSWER + SECOND), hand_in(exercise, other_learner, renamed(ANSWER + SECOND))


def make(exercise):
    report = similarity_reports.start(exercise)
    tasks.compare_notebooks(report.pk)
    report.refresh_from_db()
    return report


def address(exercise):
    return reverse("exercise_similarity", args=[exercise.pk])


def test_a_copied_answer_is_found_and_an_own_one_is_not(exercise, copied):
    third = hand_in(exercise, make_person("x@example.go.th", "ก"), OTHER)
    report = make(exercise)
    assert (report.status, report.done, report.total) == ("ready", 3, 3)
    (pair,) = report.pairs.all()
    assert {pair.first, pair.second} == set(copied)
    assert third not in (pair.first, pair.second)
    assert pair.share > 0.9


def test_untouched_notebooks_have_nothing_in_common(exercise, learner, other_learner):
    release = similarity_reports.source_of(exercise.current.pk).released
    for person in (learner, other_learner):
        hand_in(exercise, person, notebook=json.dumps(release).encode())
    assert not make(exercise).pairs.exists()


def test_only_the_newest_notebook_of_each_counts(exercise, copied, other_learner):
    hand_in(exercise, other_learner, OTHER, attempt=2)
    report = make(exercise)
    assert report.total == 2
    assert not report.pairs.exists()


@pytest.mark.parametrize(
    "notebook", [b"", b"\x00\xff", b"{}", b"[" * 100_000], ids=["empty", "bytes", "object", "deep"]
)
def test_a_file_that_is_no_notebook_resembles_nothing(exercise, copied, notebook):
    hand_in(exercise, make_person("x@example.go.th", "ก"), notebook=notebook)
    assert make(exercise).pairs.count() == 1


def test_a_worker_that_died_is_followed_by_another_from_the_start(exercise, copied):
    report = similarity_reports.start(exercise)
    assert SimilarityReport.objects.claim(report.pk)
    assert SimilarityReport.objects.claim(report.pk) is None
    SimilarityReport.objects.update(leased_until=Now() - timedelta(seconds=1), done=1)
    tasks.compare_notebooks(report.pk)
    report.refresh_from_db()
    assert (report.status, report.pairs.count(), report.tries) == ("ready", 1, 2)
    tasks.compare_notebooks(report.pk)  # a doubled message
    assert report.pairs.count() == 1


def test_a_worker_that_lost_its_report_writes_nothing(exercise, copied, monkeypatch):
    report = similarity_reports.start(exercise)
    slow = SimilarityReport.objects.claim(report.pk)
    SimilarityReport.objects.update(lease=None)
    similarity_reports.make(slow)
    assert not SimilarPair.objects.exists()


def test_failures_of_ours_are_tried_again_and_then_said(author, exercise, copied, monkeypatch):
    def broken(*args):
        raise RuntimeError("no")

    monkeypatch.setattr(similarity_reports.similarity, "compare", broken)
    report = make(exercise)
    assert report.status == "working"
    for _ in range(2):
        tasks.compare_notebooks(report.pk)
    assert "ระบบขัดข้อง" in author.get(address(exercise)).text


def test_asking_twice_at_once_makes_one_report(author, exercise, copied, monkeypatch):
    monkeypatch.setattr(tasks, "send", lambda *args, **options: True)
    for _ in range(2):
        assert author.post(address(exercise)).status_code == 302
    assert SimilarityReport.objects.count() == 1
    assert "hx-get" in author.get(address(exercise)).text
    report = make(exercise)
    assert author.get(reverse("similarity_state", args=[report.pk]))["HX-Refresh"] == "true"


def test_the_page_is_empty_at_first_and_lists_pairs_then(author, instructor, exercise, copied):
    assert "เปรียบเทียบ" in author.get(address(exercise)).text
    report = make(exercise)
    page = author.get(address(exercise)).text
    assert copied[0].learner.get_full_name() in page
    assert reverse("similar_pair", args=[report.pairs.get().pk]) in page
    UserProfile.objects.update_or_create(user=instructor, defaults={"preferred_language": "en"})
    assert "It decides nothing" in author.get(address(exercise)).text


def test_side_by_side_marks_what_is_common_and_shows_the_rest(author, exercise, learner, other_learner):
    hand_in(exercise, learner, ANSWER + OTHER)
    hand_in(exercise, other_learner, renamed(ANSWER))
    page = author.get(reverse("similar_pair", args=[make(exercise).pairs.get().pk])).text
    marked = [part.split("</mark>")[0] for part in page.split("<mark>")[1:]]
    assert any("kept.append" in part for part in marked)
    assert any("ผลลัพธ์.append" in part for part in marked)
    assert "to_numeric" in page
    assert not any("to_numeric" in part for part in marked)


def test_code_that_wants_to_be_html_is_text(author, exercise, learner, other_learner):
    evil = '"""</code></pre><script>alert(1)</script><img src=x onerror=alert(1)>"""\n# \u202eevil\n' + ANSWER
    hand_in(exercise, learner, evil)
    hand_in(exercise, other_learner, evil)
    page = author.get(reverse("similar_pair", args=[make(exercise).pairs.get().pk])).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "U+202E" in page


def test_the_list_costs_the_same_for_1_and_30(author, exercise, copied, django_assert_num_queries):
    report = make(exercise)
    author.get(address(exercise))
    with CaptureQueriesContext(connection) as one:
        author.get(address(exercise))
    for number in range(30):
        other = hand_in(exercise, make_person(f"p{number}@example.go.th", "ก"), "x = 1")
        SimilarPair.objects.create(report=report, first=copied[0], second=other, share=0.5, passages=9)
    with django_assert_num_queries(len(one)):
        assert author.get(address(exercise)).text.count("<tr>") > 30


def test_only_those_who_may_see_submissions_see_it(client, exercise, copied, instructor, hr_officer, learner):
    report = make(exercise)
    addresses = [
        address(exercise),
        reverse("similarity_state", args=[report.pk]),
        reverse("similar_pair", args=[report.pairs.get().pk]),
    ]
    reviewer, operator = make_person("rev@example.go.th", "อรุณี"), make_person("op@example.go.th", "ปริญญ์")
    reviewer.groups.add(Group.objects.get(name="Reviewers"))
    operator.groups.add(Group.objects.get(name="Operators"))
    for person in (instructor, operator):
        client.force_login(person)
        assert {client.get(one).status_code for one in addresses} == {200}
    for person in (learner, copied[1].learner, reviewer, hr_officer, None):
        client.force_login(person) if person else client.logout()
        assert {client.get(one).status_code for one in addresses} <= {302, 403}
        assert client.post(address(exercise)).status_code in (302, 403)
    assert SimilarityReport.objects.count() == 1
