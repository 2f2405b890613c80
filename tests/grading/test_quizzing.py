import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from grading import quiz_loading, quizzing, tasks
from grading.models import ItemBank, Quiz, QuizAttempt, QuizDraw, QuizItem
from grading.quizzes import banks
from grading.quizzes.items import BadItem
from grading.quizzing import GRACE, NotSaved, QuizRefused
from tests.courses.quizzes import make_bank
from tests.grading.items import item, right_answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank():
    return make_bank()


@pytest.fixture
def quiz(bank):
    return make_quiz(bank)


def make_quiz(bank, *, count=7, pool="a1", **rules):
    quiz = Quiz.objects.create(slug="dg-101-a1", title_th="แบบทดสอบ", title_en="Quiz", **{"max_attempts": 3} | rules)
    QuizDraw.objects.create(quiz=quiz, bank=bank, pool=pool, count=count)
    return quiz


def over(attempt, by=GRACE + timedelta(seconds=1)):
    """The attempt's time ended a while ago."""
    QuizAttempt.objects.filter(pk=attempt.pk).update(ends_at=timezone.now() - by)
    attempt.refresh_from_db()
    return attempt


# --- Items in the database ---


def test_an_item_that_changes_becomes_a_new_version(bank):
    first = bank.put(item("text", id="x"))
    assert bank.put(item("text", id="x")) == first
    second = bank.put(item("text", id="x", accepted=["อื่น"]))
    assert (second.number, second.item.current) == (2, second)
    assert first.declared.accepted[0] == "เจ้าของข้อมูล"


def test_a_bad_item_is_not_stored(bank):
    with pytest.raises(BadItem):
        bank.put(item("single", id="y", choices=[]))
    assert not QuizItem.objects.filter(code="y").exists()


def test_a_file_is_loaded_twice_without_a_trace(bank, tmp_path):
    path = tmp_path / "ข้อสอบ.json"
    path.write_bytes(banks.write(quiz_loading.declared(bank)).replace(b'"dg-101"', b'"dg-102"'))
    call_command("load_quizzes", str(path), "--check")
    assert not ItemBank.objects.filter(slug="dg-102").exists()
    call_command("load_quizzes", str(path))
    loaded = quiz_loading.load(banks.read_file(path.read_bytes()))
    assert (loaded.new, loaded.changed, loaded.same) == (0, 0, 8)


def test_loading_says_what_is_wrong(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("[bank]\ncode = 'x'\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"bank\.title"):
        call_command("load_quizzes", str(path))
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_quizzes", str(tmp_path / "none.toml"))


# --- Taking one ---


def test_an_attempt_is_marked_from_what_was_answered(quiz, learner):
    attempt = quizzing.start(quiz, learner)
    done = quizzing.finish(attempt, right_answers(attempt))
    assert (done.score, done.max_score, done.is_passed) == (7, 7, True)
    assert sum(mark.share for _, mark in done.marks()) == 7


def test_nothing_answered_is_no_point(quiz, learner):
    done = quizzing.finish(quizzing.start(quiz, learner), {})
    assert (done.score, done.is_passed) == (0, False)


def test_beginning_twice_is_one_attempt(quiz, learner):
    assert quizzing.start(quiz, learner) == quizzing.start(quiz, learner)
    with pytest.raises(IntegrityError), transaction.atomic():
        QuizAttempt.objects.create(quiz=quiz, learner=learner, number=2, seed="s", paper=[])


def test_two_learners_get_different_papers(bank, learner, other_learner):
    quiz = make_quiz(bank)
    papers = [quizzing.start(quiz, one) for one in (learner, other_learner)]
    assert papers[0].seed != papers[1].seed
    assert sorted(papers[0].paper) == sorted(papers[1].paper)


def test_no_item_is_drawn_twice_and_pools_get_theirs(bank, learner):
    quiz = make_quiz(bank, pool="", count=7)
    QuizDraw.objects.create(quiz=quiz, bank=bank, pool="a2", count=1)
    for _ in range(3):
        attempt = quizzing.start(quiz, learner)
        assert len(set(attempt.paper)) == 8
        quizzing.finish(attempt, {})


def test_the_next_attempt_draws_what_was_not_seen(bank, learner):
    quiz = make_quiz(bank, count=3)
    first = quizzing.finish(quizzing.start(quiz, learner), {})
    second = quizzing.start(quiz, learner)
    assert not set(first.paper) & set(second.paper)


def test_a_quiz_without_items_enough_cannot_be_begun(bank, learner):
    with pytest.raises(QuizRefused, match="empty"):
        quizzing.start(make_quiz(bank, count=8), learner)
    QuizItem.objects.update(is_active=False)
    assert not QuizAttempt.objects.exists()


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"is_open": False}, "closed"),
        ({"opens_at": timezone.now() + timedelta(days=1)}, "not_yet"),
        ({"due_at": timezone.now() - timedelta(days=1)}, "too_late"),
        ({"max_attempts": 0}, "no_attempts"),
    ],
)
def test_rules_are_kept(bank, learner, rules, code):
    with pytest.raises(QuizRefused, match=code):
        quizzing.start(make_quiz(bank, **rules), learner)


def test_attempts_are_counted_and_paused_between(bank, learner):
    quiz = make_quiz(bank, max_attempts=2, cooldown_minutes=60)
    quizzing.finish(quizzing.start(quiz, learner), {})
    with pytest.raises(QuizRefused, match="cool_down") as refused:
        quizzing.start(quiz, learner)
    assert refused.value.allowed_at > timezone.now() + timedelta(minutes=55)


def test_what_happens_to_an_item_meanwhile_does_not_reach_an_attempt(quiz, bank, learner):
    attempt = quizzing.start(quiz, learner)
    answers = right_answers(attempt)
    bank.put(item("numeric", id="a1-05", pool="a1", answer=1, wrong=[]))
    QuizItem.objects.update(is_active=False)
    assert quizzing.finish(attempt, answers).score == 7


def test_the_attempt_that_counts(bank, learner):
    for rule, expected in (("best", 1), ("last", 2)):
        quiz = make_quiz(bank, counts=rule)
        first = quizzing.start(quiz, learner)
        quizzing.finish(first, right_answers(first))
        quizzing.finish(quizzing.start(quiz, learner), {})
        assert QuizAttempt.objects.counting_for(learner, [quiz.pk])[quiz.pk].number == expected
        QuizAttempt.objects.all().delete()
        quiz.delete()


# --- Saving and the clock ---


def test_answers_are_kept_and_an_old_tab_is_told(quiz, learner):
    attempt = quizzing.start(quiz, learner)
    assert quizzing.save(attempt, {"0": ["1"]}, seen=0).number == 1
    with pytest.raises(NotSaved, match="stale"):
        quizzing.save(attempt, {"0": ["2"]}, seen=0)
    attempt.refresh_from_db()
    assert attempt.answers == {"0": ["1"]}


@pytest.mark.parametrize(
    "sent", [{"99": ["1"]}, {"-1": ["1"]}, {"x": ["1"]}, {"0": {"a": 1}}, {"0": 7}, {"seed": ["1"], "paper": ["2"]}]
)
def test_only_answers_are_kept(quiz, learner, sent):
    attempt = quizzing.start(quiz, learner)
    quizzing.save(attempt, sent, seen=0)
    attempt.refresh_from_db()
    assert attempt.answers == {}


def test_answers_are_kept_short(quiz, learner):
    attempt = quizzing.start(quiz, learner)
    quizzing.save(attempt, {"0": ["ก\0" * 5000] * 5000}, seen=0)
    attempt.refresh_from_db()
    assert len(json.dumps(attempt.answers, ensure_ascii=False)) < 20 * 510


def test_the_clock_is_the_servers(bank, learner):
    attempt = quizzing.start(make_quiz(bank, minutes=10), learner)
    assert timedelta(minutes=9) < attempt.ends_at - timezone.now() <= timedelta(minutes=10, seconds=1)


def test_a_quiz_that_closes_ends_attempts_under_way(bank, learner):
    closes = timezone.now() + timedelta(minutes=5)
    attempt = quizzing.start(make_quiz(bank, minutes=10, due_at=closes), learner)
    assert abs(attempt.ends_at - closes) < timedelta(seconds=1)


def test_what_comes_too_late_is_not_taken_but_what_was_kept_counts(bank, learner):
    attempt = quizzing.start(make_quiz(bank, minutes=10), learner)
    answers = right_answers(attempt)
    quizzing.save(attempt, {"0": answers["0"]}, seen=0)
    over(attempt)
    with pytest.raises(NotSaved, match="too_late"):
        quizzing.save(attempt, answers, seen=1)
    done = quizzing.finish(attempt, answers)
    assert (done.score, done.is_closed_by_clock) == (1, True)
    assert done.finished_at == done.ends_at


def test_what_was_sent_in_time_may_arrive_a_little_later(bank, learner):
    attempt = quizzing.start(make_quiz(bank, minutes=10), learner)
    answers = right_answers(attempt)
    assert quizzing.finish(over(attempt, timedelta(seconds=2)), answers).score == 7


def test_the_clock_hands_in_for_those_who_are_gone(bank, learner, other_learner):
    quiz = make_quiz(bank, minutes=10)
    gone, here = quizzing.start(quiz, learner), quizzing.start(quiz, other_learner)
    quizzing.save(gone, {"0": right_answers(gone)["0"]}, seen=0)
    over(gone)
    assert tasks.close_quizzes() == 1
    assert tasks.close_quizzes() == 0
    gone.refresh_from_db()
    here.refresh_from_db()
    assert (gone.score, gone.is_closed_by_clock, here.is_finished) == (1, True, False)


def test_one_attempt_that_cannot_be_marked_keeps_nobody_waiting(bank, learner, other_learner, caplog):
    quiz = make_quiz(bank, minutes=10)
    broken, sound = over(quizzing.start(quiz, learner)), over(quizzing.start(quiz, other_learner))
    QuizAttempt.objects.filter(pk=broken.pk).update(paper=[987654])
    quizzing.close_overdue()
    sound.refresh_from_db()
    assert sound.is_finished
    assert "could not be closed" in caplog.text


def test_handing_in_twice_is_once(quiz, learner):
    attempt = quizzing.start(quiz, learner)
    first = quizzing.finish(attempt, right_answers(attempt))
    assert quizzing.finish(attempt, {}).score == first.score
    with pytest.raises(NotSaved, match="finished"):
        quizzing.save(attempt, {}, seen=1)
