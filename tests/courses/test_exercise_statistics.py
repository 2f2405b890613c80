"""The page that shows instructors how learners fare."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.users.models import UserProfile

from grading.models import Grade, Submission
from tests.conftest import make_person
from tests.courses.trees import make_exercise

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(client, instructor):
    client.force_login(instructor)
    return client


@pytest.fixture
def exercise():
    return make_exercise()


def address(exercise):
    return reverse("exercise_statistics", args=[exercise.pk])


def checks(*passed):
    return [
        {
            "id": f"t{n}",
            "points": float(ok),
            "max_points": 1.0,
            "passed": bool(ok),
            "outcome": "passed" if ok else "timeout",
            "examined": "isolated",
            "hint": {},
        }
        for n, ok in enumerate(passed, start=1)
    ]


def graded(exercise, learner, *passed, attempt=1):
    submission = Submission.objects.create(
        exercise=exercise,
        version=exercise.current,
        learner=learner,
        attempt=attempt,
        notebook=b"",
        filename="a.ipynb",
        sha256="0" * 64,
        status="graded",
    )
    Grade.objects.create(
        submission=submission,
        version=submission.version,
        score=sum(passed),
        max_score=len(passed),
        run_status="COMPLETED",
        checks=checks(*passed),
    )


def test_an_exercise_that_nobody_worked_on_says_so(author, exercise):
    page = author.get(address(exercise))
    assert page.status_code == 200
    assert "ยังไม่มีงานที่ตรวจแล้ว" in page.text
    assert "<svg viewBox" not in page.text


def test_the_page_shows_pictures_with_names_and_the_numbers_as_tables(
    author, instructor, exercise, learner, other_learner
):
    graded(exercise, learner, 1, 0)
    graded(exercise, learner, 1, 1, attempt=2)
    graded(exercise, other_learner, 0, 0)
    page = author.get(address(exercise)).text
    assert page.count('role="img"') == 5
    assert page.count("<desc ") == 5
    assert page.count("<details>") == 4
    assert "50 %" in page
    assert "ช้าเกินไป (2)" in page
    UserProfile.objects.update_or_create(user=instructor, defaults={"preferred_language": "en"})
    assert "Passed every check" in author.get(address(exercise)).text


def test_the_names_of_checks_cannot_break_the_page(author, exercise, learner):
    graded(exercise, learner, 0)
    Grade.objects.update(checks=[dict(checks(0)[0], id="<script>alert(1)</script>")])
    assert "<script>alert" not in author.get(address(exercise)).text


def test_one_version_can_be_looked_at_alone(author, exercise, learner):
    graded(exercise, learner, 1)
    exercise.versions.create(number=2, source=b"{}", sha256="1" * 64, max_score=6)
    assert "ยังไม่มีงานที่ตรวจแล้ว" in author.get(address(exercise), {"version": "2"}).text
    assert "<svg viewBox" in author.get(address(exercise), {"version": "1"}).text
    assert author.get(address(exercise), {"version": "x" * 9999}).status_code == 200


def test_it_costs_the_same_for_1_and_many_submissions(author, exercise, learner, django_assert_num_queries):
    graded(exercise, learner, 1, 0)
    author.get(address(exercise))
    with CaptureQueriesContext(connection) as one:
        author.get(address(exercise))
    for attempt in range(2, 32):
        graded(exercise, learner, 1, attempt % 2, attempt=attempt)
    with django_assert_num_queries(len(one)):
        assert author.get(address(exercise)).status_code == 200


def test_instructors_and_operators_see_it_and_nobody_else(client, exercise, instructor, learner, hr_officer):
    reviewer, operator = make_person("rev@example.go.th", "อรุณี"), make_person("op@example.go.th", "ปริญญ์")
    reviewer.groups.add(Group.objects.get(name="Reviewers"))
    operator.groups.add(Group.objects.get(name="Operators"))
    for person in (instructor, operator):
        client.force_login(person)
        assert client.get(address(exercise)).status_code == 200
    for person in (learner, hr_officer, reviewer):
        client.force_login(person)
        assert client.get(address(exercise)).status_code in (302, 403)
    client.logout()
    assert client.get(address(exercise)).status_code == 302


def test_an_exercise_that_is_not_there_is_not_found(author):
    assert author.get("/cms/exercises/4711/statistics/").status_code == 404
