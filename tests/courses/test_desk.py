import pytest
from django.urls import reverse

from courses.models import Enrollment, LessonCompletion
from tests.courses.trees import grow, make_exercise, make_grade

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, learner):
    client.force_login(learner)
    return lambda prefix="": client.get(f"{prefix}/my/")


@pytest.fixture
def enrolled(tree, learner):
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    return tree


def test_a_stranger_is_sent_to_log_in_in_their_language(client, tree):
    assert client.get("/my/").url == "/accounts/login/?next=/my/"
    assert client.get("/en/my/").url == "/en/accounts/login/?next=/en/my/"


def test_an_empty_desk_says_what_to_do(desk, tree):
    page = desk().text
    assert "ยังไม่ได้ลงทะเบียนเรียนหลักสูตรใด" in page
    assert "ยังไม่ได้ส่งคำตอบ" in page


def test_the_desk_leads_to_the_next_thing_to_do(desk, enrolled, learner, exercise):
    first, second = enrolled.lessons
    assert "0%" in desk().text
    LessonCompletion.objects.mark(learner=learner, lesson_key=first.translation_key, is_done=True)
    outline = desk().context["outlines"][0]
    assert outline.progress.percent == 33
    assert outline.progress.next.url == "/courses/da-201/module/lesson-2/"
    LessonCompletion.objects.mark(learner=learner, lesson_key=second.translation_key, is_done=True)
    make_grade(learner, exercise, score=7.9)
    outline = desk().context["outlines"][0]
    assert outline.progress.next.url == reverse("courses:exercise", args=[exercise.slug])
    make_grade(learner, exercise, score=8.0, attempt=2)
    assert desk().context["outlines"][0].progress.percent == 100
    assert "ยินดีด้วย" in desk().text


def test_a_worse_attempt_takes_nothing_away(desk, enrolled, learner, exercise):
    make_grade(learner, exercise, score=10)
    make_grade(learner, exercise, score=0, attempt=2)
    assert desk().context["outlines"][0].progress.done == 1


def test_somebody_elses_work_is_not_mine(desk, enrolled, other_learner, exercise):
    make_grade(other_learner, exercise, score=10)
    page = desk()
    assert page.context["outlines"][0].progress.done == 0
    assert list(page.context["submissions"]) == []


def test_the_desk_speaks_the_language_of_its_address(desk, enrolled):
    page = desk("/en").text
    assert "Open Government Data Analysis (DA-201)" in page
    assert "/en/courses/da-201/module/lesson/" in page


def test_a_course_without_translation_is_shown_in_thai_and_marked_so(desk, enrolled, learner):
    other = grow(enrolled, code="DG-101", title="ธรรมาภิบาลข้อมูล", english=False)
    Enrollment.objects.enroll(learner=learner, course_key=other.translation_key)
    assert '<a href="/courses/dg-101/" lang="th">' in desk("/en").text


def test_a_withdrawn_course_leaves_the_desk_and_its_record_stays(desk, enrolled, learner):
    for page in [enrolled.course, *enrolled.course.get_translations()]:
        page.specific.unpublish()
    assert desk().context["outlines"] == []
    assert Enrollment.objects.count() == 1


def test_the_desk_asks_as_much_for_thirty_as_for_one(
    client, tree, learner, other_learner, exercise, django_assert_max_num_queries
):
    def queries(person):
        client.force_login(person)
        client.get("/my/")
        with django_assert_max_num_queries(100) as captured:
            assert client.get("/my/").status_code == 200
        return len(captured)

    Enrollment.objects.enroll(learner=other_learner, course_key=tree.course.translation_key)
    make_grade(other_learner, exercise, score=5)
    for number in range(30):
        own = make_exercise(f"x-{number}")
        course = grow(tree, code=f"X-{number:03}", exercises=[own], english=False)
        Enrollment.objects.enroll(learner=learner, course_key=course.translation_key)
        make_grade(learner, own, score=5)
    assert queries(learner) == queries(other_learner)
