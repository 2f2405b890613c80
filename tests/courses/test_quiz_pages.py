import json
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from courses import outlines
from courses.models import Enrollment, ModulePage
from grading import quizzing, tasks
from grading.models import QuizAttempt, QuizDraw
from tests.courses.quizzes import course_with, make_bank, make_quiz
from tests.grading.items import right_answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiz():
    return make_quiz(make_bank())


@pytest.fixture
def tree(quiz):
    return course_with(quiz)


@pytest.fixture
def enrolled(client, learner, tree):
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    client.force_login(learner)
    return client


@pytest.fixture
def attempt(enrolled, quiz, learner):
    return quizzing.start(quiz, learner)


def browser(person=None):
    client = Client()
    if person:
        client.force_login(person)
    return client


def url(name, *args):
    with override("th"):
        return reverse(f"courses:{name}", args=args)


def form(attempt, answers=None, **more):
    return {f"q{place}": answer for place, answer in (answers or {}).items()} | {"saves": attempt.saves} | more


SECRETS = (
    "ยังไม่ใช่ ก",
    "ใช่ ข",
    "1250.5",
    "1,250.5",
    "data owner",
    "2567",
    "ดูบทที่สอง",
    "ดูหน่วย",
    "เป็น ค.ศ.",
    "ง ไม่เกี่ยว",
    "บทเรียน A1",
)


# --- The way there ---


def test_a_lesson_shows_its_quiz_and_its_score(enrolled, tree, quiz, learner):
    lesson = tree.lessons[-1].get_url()
    assert url("quiz", quiz.slug) in enrolled.get(lesson).text
    attempt = quizzing.start(quiz, learner)
    quizzing.finish(attempt, right_answers(attempt))
    page = enrolled.get(lesson).text
    assert "คะแนนของคุณ: 7 จาก 7" in page


def test_the_quiz_says_what_it_is(enrolled, quiz):
    page = enrolled.get(url("quiz", quiz.slug))
    for told in ("แบบทดสอบบทที่ 1", "7 ข้อ", "ไม่จำกัดเวลา", "70%", "3 ครั้ง", "ทบทวนบทที่ 1", "ยังไม่เคยทำ"):
        assert told in page.text
    assert "Quiz 1" in enrolled.get("/en" + url("quiz", quiz.slug)).text


def test_beginning_leads_to_the_questions(enrolled, quiz, learner):
    answer = enrolled.post(url("quiz_start", quiz.slug))
    attempt = QuizAttempt.objects.get(learner=learner)
    assert answer.url == url("quiz_attempt", attempt.pk)
    again = enrolled.post(url("quiz_start", quiz.slug))
    assert again.url == answer.url
    assert "ทำต่อ" in enrolled.get(url("quiz", quiz.slug)).text


# --- The questions ---


def test_whoever_issues_credentials_is_told_of_a_quiz_that_was_handed_in(enrolled, attempt, learner, monkeypatch):
    told = []
    monkeypatch.setattr(tasks, "send", lambda task, args, *, queue: told.append((task, args, queue)) or True)
    enrolled.post(url("quiz_save", attempt.pk), form(attempt, right_answers(attempt)))
    assert told == []
    attempt.refresh_from_db()
    enrolled.post(url("quiz_finish", attempt.pk), form(attempt, right_answers(attempt)))
    assert told == [("lms.credentials.tasks.issue_for_learner", [learner.pk], "credentials")]


def test_questions_show_no_answer(enrolled, attempt):
    page = enrolled.get(url("quiz_attempt", attempt.pk)).text
    assert page.count("<fieldset") == 7
    for secret in (*SECRETS, attempt.seed):
        assert secret not in page


def test_questions_can_be_answered_without_a_script(enrolled, attempt):
    record = str([one.item.kind for one in attempt.drawn()].index("record"))
    answers = right_answers(attempt) | {record: ["ปริมาณฝน", "๒๕๖๗", "1"]}
    assert enrolled.post(url("quiz_save", attempt.pk), form(attempt, answers)).url == url("quiz_attempt", attempt.pk)
    attempt.refresh_from_db()
    assert attempt.answers == answers
    page = enrolled.get(url("quiz_attempt", attempt.pk)).text
    assert page.count(" checked") == 3
    assert 'value="๒๕๖๗"' in page
    enrolled.post(url("quiz_finish", attempt.pk), form(attempt, answers))
    attempt.refresh_from_db()
    assert attempt.score == 7


def test_every_field_has_a_name_of_its_own_for_a_screen_reader(enrolled, attempt):
    page = enrolled.get(url("quiz_attempt", attempt.pk)).text
    assert page.count("<legend>") == 7
    assert page.count('aria-describedby="q') == 7
    for control in ("q0-", "q6-"):
        assert page.count(f'for="{control}') == page.count(f' id="{control}') - page.count(f' id="{control}prompt')


def test_a_script_is_told_the_number_of_the_save(enrolled, attempt):
    save = url("quiz_save", attempt.pk)
    answer = enrolled.post(save, form(attempt, {"0": ["1"]}), headers={"accept": "application/json"})
    assert answer.json() == {"saves": 1}
    old = enrolled.post(save, form(attempt, {"0": ["2"]}), headers={"accept": "application/json"})
    assert (old.status_code, old.json()) == (409, {"code": "stale"})


def test_an_old_tab_without_a_script_sees_what_was_kept(enrolled, attempt):
    quizzing.save(attempt, {"0": ["1"]}, seen=0)
    old = enrolled.post(url("quiz_save", attempt.pk), form(attempt, {}) | {"saves": 0})
    assert old.status_code == 409
    assert "ในแท็บอื่น" in old.text


def test_what_is_unanswered_is_said_before_handing_in(enrolled, attempt):
    answers = dict(list(right_answers(attempt).items())[:5])
    page = enrolled.post(url("quiz_finish", attempt.pk), form(attempt, answers)).text
    assert "ยังไม่ได้ตอบ 2 ข้อ" in page
    attempt.refresh_from_db()
    assert not attempt.is_finished
    assert attempt.answers == answers
    enrolled.post(url("quiz_finish", attempt.pk), form(attempt, answers, sure="1"))
    attempt.refresh_from_db()
    assert attempt.score == 5


@pytest.mark.parametrize("saves", ["", "x", "-1", "๑", "9" * 40])
def test_a_number_of_a_save_that_is_none_keeps_nothing(enrolled, attempt, saves):
    answer = enrolled.post(
        url("quiz_save", attempt.pk), {"q0": "1", "saves": saves}, headers={"accept": "application/json"}
    )
    assert answer.status_code == 409


def test_hostile_answers_are_shown_as_text(enrolled, attempt):
    answers = {str(place): ["<script>alert(1)</script>"] * 30 for place in range(7)}
    enrolled.post(url("quiz_finish", attempt.pk), form(attempt, answers, sure="1"))
    page = enrolled.get(url("quiz_attempt", attempt.pk)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_the_clock_of_the_page_is_what_is_left_on_the_server(enrolled, quiz, learner):
    quiz.minutes = 10
    quiz.save()
    page = enrolled.get(url("quiz_attempt", quizzing.start(quiz, learner).pk)).text
    seconds = int(page.split('data-seconds="')[1].split('"')[0])
    assert 590 <= seconds <= 600


def test_time_that_is_over_shows_the_result(enrolled, attempt):
    QuizAttempt.objects.update(ends_at=timezone.now() - timedelta(minutes=5))
    assert "หมดเวลาแล้ว" in enrolled.get(url("quiz_attempt", attempt.pk)).text
    attempt.refresh_from_db()
    assert attempt.is_closed_by_clock


# --- The result ---


def finish(attempt, answers):
    return quizzing.finish(attempt, answers)


def test_the_result_says_what_was_right_and_why_but_not_yet_the_answers(enrolled, attempt):
    wrong = {str(place): ["0", "0", "0", "0"] for place in range(7)}
    finish(attempt, wrong)
    page = enrolled.get(url("quiz_attempt", attempt.pk)).text
    assert "ยังไม่ผ่าน" in page
    assert "บทเรียน A1" in page
    for secret in ("1,250.5", "data owner", "2567", "คำตอบที่ถูก:"):
        assert secret not in page


def test_right_answers_are_shown_once_no_attempt_is_left(enrolled, quiz, learner):
    for _ in range(3):
        last = finish(quizzing.start(quiz, learner), {"0": ["9"]})
    page = enrolled.get(url("quiz_attempt", last.pk)).text
    assert "1,250.5 บาท" in page
    assert "เจ้าของข้อมูล" in page
    assert enrolled.post(url("quiz_start", quiz.slug)).status_code == 409


def test_only_the_score_where_the_quiz_says_so(enrolled, attempt, quiz):
    quiz.reveals = "score"
    quiz.save()
    finish(attempt, {})
    page = enrolled.get(url("quiz_attempt", attempt.pk)).text
    assert "บทเรียน A1" not in page
    assert "แสดงเฉพาะคะแนน" in page


# --- Who may ---


def test_nobody_else_sees_an_attempt(attempt, other_learner, hr_officer):
    for person in (other_learner, hr_officer):
        for name in ("quiz_attempt", "quiz_save", "quiz_finish"):
            client = browser(person)
            ask = client.get if name == "quiz_attempt" else client.post
            assert ask(url(name, attempt.pk)).status_code == 404
    attempt.refresh_from_db()
    assert not attempt.is_finished


def test_strangers_log_in_first(attempt, quiz):
    for name, arg in (
        ("quiz", quiz.slug),
        ("quiz_start", quiz.slug),
        ("quiz_attempt", attempt.pk),
        ("quiz_save", attempt.pk),
    ):
        answer = browser().post(url(name, arg)) if name != "quiz_attempt" else browser().get(url(name, arg))
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/login/")


def test_staff_see_results_but_never_an_open_attempt(attempt, instructor):
    client = browser(instructor)
    assert client.get(url("quiz_attempt", attempt.pk)).status_code == 404
    finish(attempt, {"0": ["1"]})
    assert "น้ำฝน" in client.get(url("quiz_attempt", attempt.pk)).text
    assert client.post(url("quiz_finish", attempt.pk)).status_code == 404


def test_without_enrolling_nothing_begins(client, tree, quiz, other_learner):
    client.force_login(other_learner)
    for answer in (client.get(url("quiz", quiz.slug)), client.post(url("quiz_start", quiz.slug))):
        assert answer.status_code == 403
        assert tree.course.title in answer.text
    assert not QuizAttempt.objects.exists()


def test_a_quiz_that_no_course_places_is_nobodys_business(client, learner):
    client.force_login(learner)
    assert client.get(url("quiz", make_quiz(make_bank()).slug)).status_code == 404
    assert client.get(url("quiz", "none")).status_code == 404
    assert client.get(url("quiz_attempt", uuid.uuid4())).status_code == 404


# --- Trying one ---


def practise(client, quiz):
    page = client.get(url("quiz_practice", quiz.slug))
    ticket = page.text.split('name="ticket" value="')[1].split('"')[0]
    return page, client.post(url("quiz_practice", quiz.slug), {"ticket": ticket, "q0": "1", "q3": ["1", "2", "3", "4"]})


def test_everybody_may_try_a_quiz_that_says_so(quiz, tree):
    assert browser().get(url("quiz_practice", quiz.slug)).status_code == 404
    quiz.is_public_practice = True
    quiz.save()
    page, result = practise(browser(), quiz)
    for secret in SECRETS:
        assert secret not in page.text
    assert "บทเรียน A1" in result.text
    assert not QuizAttempt.objects.exists()


@pytest.mark.parametrize("ticket", ["", "x", "a:b:c", "ก" * 5000])
def test_a_ticket_that_is_not_ours_begins_anew(quiz, instructor, ticket):
    client = browser(instructor)
    assert client.post(url("quiz_practice", quiz.slug), {"ticket": ticket}).url == url("quiz_practice", quiz.slug)


def test_a_ticket_is_for_its_own_quiz(quiz, instructor):
    other = make_quiz(make_bank("other"), slug="other")
    client = browser(instructor)
    page = client.get(url("quiz_practice", other.slug)).text
    ticket = page.split('name="ticket" value="')[1].split('"')[0]
    assert client.post(url("quiz_practice", quiz.slug), {"ticket": ticket}).status_code == 404


def test_authors_try_a_quiz_that_has_too_few_items(quiz, instructor):
    QuizDraw.objects.update(count=99)
    assert "อยู่ระหว่างจัดเตรียม" in browser(instructor).get(url("quiz_practice", quiz.slug)).text


# --- Progress ---


def test_a_quiz_is_a_step_and_done_when_passed(enrolled, tree, quiz, learner, rf):
    request = rf.get("/")
    request.user = learner
    before = outlines.of_course(tree.course, request).progress
    attempt = quizzing.start(quiz, learner)
    finish(attempt, {})
    assert outlines.of_course(tree.course, request).progress.done == before.done
    attempt = quizzing.start(quiz, learner)
    finish(attempt, right_answers(attempt))
    after = outlines.of_course(tree.course, request).progress
    assert (after.total, after.done) == (3, before.done + 1)


def test_a_quiz_at_the_end_of_a_module_is_a_step_too(enrolled, tree, learner, rf):
    final = make_quiz(make_bank("final"), slug="final", title_en="Final")
    ModulePage.objects.update(quiz=final)
    request = rf.get("/")
    request.user = learner
    outline = outlines.of_course(tree.course, request)
    assert outline.progress.total == 4
    module = outline.modules[0]
    assert url("quiz", "final") in enrolled.get(module.url).text
    assert url("quiz", "final") in enrolled.get(tree.course.get_url()).text
    assert enrolled.get(url("quiz", "final")).status_code == 200


def queries_of(client, address):
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_the_questions_take_as_many_queries_for_one_item_as_for_thirty(enrolled, quiz, learner):
    attempt = quizzing.start(quiz, learner)
    counts = []
    enrolled.get(url("quiz", quiz.slug))  # what is kept after the first page is not counted
    for paper in (attempt.paper[:1], (attempt.paper * 5)[:30]):
        QuizAttempt.objects.update(paper=paper)
        counts.append(queries_of(enrolled, url("quiz_attempt", attempt.pk)))
    assert counts[0] == counts[1] <= 18


def test_a_quiz_with_thirty_attempts_takes_as_many_queries_as_with_one(enrolled, quiz, learner):
    quiz.max_attempts = None
    quiz.save()
    finish(quizzing.start(quiz, learner), {})
    queries_of(enrolled, url("quiz", quiz.slug))
    first = queries_of(enrolled, url("quiz", quiz.slug))
    for _ in range(29):
        finish(quizzing.start(quiz, learner), {})
    assert queries_of(enrolled, url("quiz", quiz.slug)) == first


def test_saving_is_a_few_queries(enrolled, attempt, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):
        answer = enrolled.post(
            url("quiz_save", attempt.pk), form(attempt, {"0": ["1"]}), headers={"accept": "application/json"}
        )
    assert json.loads(answer.content)["saves"] == 1
