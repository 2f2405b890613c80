import pytest
from django.test import Client
from django.urls import reverse

from grading import quiz_statistics, quizzing
from grading.models import QuizAttempt
from tests.conftest import make_person
from tests.courses.quizzes import make_bank, make_quiz
from tests.grading.items import right_answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiz():
    return make_quiz(make_bank())


def take(quiz, number, right):
    """One learner, of whose answers the first ``right`` items, by code, are right."""
    attempt = quizzing.start(quiz, make_person(f"p{number}@example.go.th", f"คน{number}"))
    codes = sorted(range(7), key=lambda place: attempt.drawn()[place].item.id)
    answers = right_answers(attempt)
    return quizzing.finish(attempt, {str(place): answers[str(place)] for place in codes[:right]})


def test_nobody_yet_is_no_figure(quiz):
    found = quiz_statistics.of(quiz)
    assert (found.learners, found.mean, list(found.items)) == (0, None, [])


def test_difficulty_and_discrimination_of_items(quiz):
    for number, right in enumerate((0, 1, 2, 4, 6, 7)):
        take(quiz, number, right)
    found = quiz_statistics.of(quiz)
    by_code = {item.code: item for item in found.items}
    assert found.learners == 6
    assert by_code["a1-01"].share == pytest.approx(5 / 6)
    assert by_code["a1-07"].share == pytest.approx(1 / 6)
    assert by_code["a1-04"].discrimination > 0.5
    assert by_code["a1-07"].remark == "hard"
    assert found.scores[0] == 1
    assert sum(found.scores) == 6


def test_choices_are_counted_by_what_they_say_wherever_they_stood(quiz):
    for number in range(5):
        take(quiz, number, 1)
    single = next(item for item in quiz_statistics.of(quiz).items if item.code == "a1-01")
    counted = [(one.text, one.is_correct, one.count) for one in single.choices]
    assert counted == [("ก", False, 0), ("ข", True, 5), ("ค", False, 0)]


def test_only_first_attempts_are_judged(quiz, learner):
    quizzing.finish(quizzing.start(quiz, learner), {})
    second = quizzing.start(quiz, learner)
    quizzing.finish(second, right_answers(second))
    quizzing.start(quiz, learner)
    assert (quiz_statistics.of(quiz).learners, quiz_statistics.of(quiz).mean) == (1, 0)


def test_hostile_answers_are_counted_as_nothing(quiz, learner):
    attempt = quizzing.start(quiz, learner)
    quizzing.finish(attempt, {str(place): ["99", "๑", "-1", "<b>"] for place in range(7)})
    assert quiz_statistics.of(quiz).learners == 1


def test_as_many_queries_for_thirty_as_for_one(quiz, django_assert_num_queries):
    take(quiz, 0, 3)
    with django_assert_num_queries(2):
        quiz_statistics.of(quiz)
    for number in range(1, 30):
        take(quiz, number, 3)
    with django_assert_num_queries(2):
        quiz_statistics.of(quiz)


def test_the_page_is_for_those_who_teach(quiz, instructor, learner, hr_officer):
    address = reverse("quiz_statistics", args=[quiz.pk])
    client = Client()
    client.force_login(instructor)
    assert "ยังไม่มีผู้ทำแบบทดสอบ" in client.get(address).text
    take(quiz, 1, 7)
    page = client.get(address)
    assert page.status_code == 200
    assert "a1-07" in page.text
    for person in (learner, hr_officer):
        other = Client()
        other.force_login(person)
        assert other.get(address).status_code in (302, 403)
    assert Client().get(address).status_code == 302
    assert QuizAttempt.objects.count() == 1
