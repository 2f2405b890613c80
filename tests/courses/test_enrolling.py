import threading
import uuid

import pytest
from django.db import connection, connections
from django.urls import reverse

from courses.models import Enrollment, LessonCompletion
from courses.placement import courses_placing, is_enrolled_for
from tests.courses.trees import grow, make_exercise

pytestmark = pytest.mark.django_db


def enroll_url(tree):
    return reverse("courses:enroll", args=[tree.course.translation_key])


def test_enrolling_shows_on_the_course_page_in_both_languages(client, tree, learner):
    client.force_login(learner)
    page = client.post(enroll_url(tree), follow=True)
    assert "ลงทะเบียนเรียน “วิเคราะห์ข้อมูลเปิดภาครัฐด้วย Python” แล้ว" in page.text
    assert "You are enrolled" in client.get("/en/courses/da-201/").text


def test_a_stranger_logs_in_first_and_comes_back_in_the_same_language(client, tree, learner):
    from tests.conftest import PASSWORD

    answer = client.post(f"/en{enroll_url(tree)}")
    assert answer.url.startswith("/en/accounts/login/?next=/en/enroll/")
    answer = client.post(answer.url, {"login": learner.email, "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/en/courses/da-201/"
    assert not Enrollment.objects.exists()  # the button was pressed before the login: it is pressed again


def test_enrolling_twice_makes_one_enrollment(client, tree, learner):
    client.force_login(learner)
    client.post(enroll_url(tree))
    client.post(f"/en{enroll_url(tree)}")
    assert Enrollment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_enrolling_from_many_windows_at_once_makes_one_enrollment(learner):
    key, errors = uuid.uuid4(), []
    barrier = threading.Barrier(4)

    def enroll():
        try:
            barrier.wait(10)
            Enrollment.objects.enroll(learner=learner, course_key=key)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.skip("an in-memory SQLite database has one connection")
    threads = [threading.Thread(target=enroll) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    assert Enrollment.objects.filter(course_key=key).count() == 1


def test_a_course_that_is_not_there_cannot_be_joined(client, tree, learner):
    client.force_login(learner)
    assert client.post(reverse("courses:enroll", args=[uuid.uuid4()])).status_code == 404
    tree.course.unpublish()
    assert client.post(enroll_url(tree)).status_code in (302, 404)  # the English page is still published
    assert client.post("/enroll/not-a-key/").status_code == 404


def test_a_link_alone_does_not_enroll(client, tree, learner):
    client.force_login(learner)
    assert client.get(enroll_url(tree)).url == "/courses/da-201/"
    assert not Enrollment.objects.exists()


def test_leaving_asks_first_and_keeps_what_was_done(client, tree, learner):
    client.force_login(learner)
    client.post(enroll_url(tree))
    lesson = tree.lessons[0]
    client.post(reverse("courses:mark_lesson", args=[lesson.translation_key]), {"done": "1"})
    leave = reverse("courses:leave", args=[tree.course.translation_key])
    assert "ต้องการออกจากหลักสูตร" in client.get(leave).text
    assert Enrollment.objects.exists()
    assert client.post(leave).url == "/my/"
    assert not Enrollment.objects.exists()
    assert LessonCompletion.objects.count() == 1
    assert client.get(leave).url == "/courses/da-201/"


def test_a_lesson_is_done_in_both_languages_and_can_be_opened_again(client, tree, learner):
    client.force_login(learner)
    client.post(enroll_url(tree))
    url = reverse("courses:mark_lesson", args=[tree.lessons[0].translation_key])
    for _twice in range(2):
        assert client.post(url, {"done": "1"}).url == "/courses/da-201/module/lesson/#done"
    assert "You have done this lesson" in client.get("/en/courses/da-201/module/lesson/").text
    client.post(f"/en{url}", {"done": "0"})
    assert not LessonCompletion.objects.exists()


def test_only_those_enrolled_mark_lessons(client, tree, learner):
    url = reverse("courses:mark_lesson", args=[tree.lessons[0].translation_key])
    assert client.post(url, {"done": "1"}).url.startswith("/accounts/login/")
    client.force_login(learner)
    assert client.post(url, {"done": "1"}).url == "/courses/da-201/"
    assert client.get(url).status_code == 405
    assert not LessonCompletion.objects.exists()


def test_an_exercise_belongs_to_the_courses_that_place_it(tree, exercise, learner):
    other = make_exercise("b-n9")
    grow(tree, code="DG-101", exercises=[exercise], english=False)
    assert {course.code for course in courses_placing(exercise)} == {"DA-201", "DG-101"}
    assert courses_placing(other) == []
    assert not is_enrolled_for(learner, exercise)
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    assert is_enrolled_for(learner, exercise)
    assert not is_enrolled_for(learner, other)


def test_a_withdrawn_lesson_no_longer_places_its_exercise(tree, exercise, learner):
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    for lesson in [tree.lessons[1], *tree.lessons[1].get_translations()]:
        lesson.unpublish()
    assert not is_enrolled_for(learner, exercise)
