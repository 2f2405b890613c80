import hashlib
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now

from grading.models import Exercise, Grade, HandInRefused, Submission, pause_after, storable
from tests.grading.submissions import NOTEBOOK, abandon, at_once, hand_in, make_exercise, make_outcome

Status = Submission.Status
pytestmark = pytest.mark.django_db


@pytest.fixture
def exercise(db):
    return make_exercise()


@pytest.fixture
def claimed(exercise, learner):
    return Submission.objects.claim(hand_in(exercise, learner).pk)


# --- Handing in ---


def test_a_hand_in_keeps_the_bytes_and_gives_their_hash(exercise, learner):
    notebook = "ข้อมูล\0 \r\n".encode() + b"\xff"
    submission = hand_in(exercise, learner, notebook)
    stored = Submission.objects.get(pk=submission.pk)
    assert bytes(stored.notebook) == notebook
    assert submission.sha256 == stored.sha256 == hashlib.sha256(notebook).hexdigest()
    assert (submission.attempt, submission.status, submission.filename) == (1, "queued", "คำตอบ.ipynb")
    assert submission.submitted_at is not None
    assert submission.version == exercise.current


def test_attempts_are_numbered_per_learner_and_exercise(exercise, learner, other_learner):
    other_exercise = make_exercise("b-n2")
    assert [hand_in(exercise, learner).attempt for _ in range(3)] == [1, 2, 3]
    assert hand_in(exercise, other_learner).attempt == 1
    assert hand_in(other_exercise, learner).attempt == 1


def test_a_submission_meets_the_version_of_its_day(exercise, learner):
    first = hand_in(exercise, learner)
    exercise.versions.create(number=2, source=b"{}", sha256="1" * 64, max_score=8)
    second = hand_in(exercise, learner)
    assert (first.version.number, second.version.number) == (1, 2)


@pytest.mark.parametrize(
    ("fields", "has_version", "code"),
    [({"is_open": False}, True, "closed"), ({}, False, "empty"), ({"max_attempts": 0}, True, "no_attempts")],
)
def test_an_exercise_that_takes_nothing_says_why(learner, fields, has_version, code):
    exercise = make_exercise(**fields)
    if not has_version:
        exercise.versions.all().delete()
    with pytest.raises(HandInRefused) as refused:
        hand_in(exercise, learner)
    assert refused.value.code == code
    assert not Submission.objects.exists()


def test_attempts_run_out(learner):
    exercise = make_exercise(max_attempts=2)
    assert exercise.attempts_left(learner) == 2
    hand_in(exercise, learner)
    hand_in(exercise, learner)
    assert exercise.attempts_left(learner) == 0
    with pytest.raises(HandInRefused, match="no_attempts"):
        hand_in(exercise, learner)


@pytest.mark.parametrize("state", ["refused", "failed"])
def test_what_was_refused_or_failed_through_us_costs_no_attempt(learner, state):
    exercise = make_exercise(max_attempts=1)
    submission = hand_in(exercise, learner)
    Submission.objects.filter(pk=submission.pk).update(status=state)
    assert exercise.attempts_left(learner) == 1
    assert hand_in(exercise, learner).attempt == 2


def test_without_a_limit_attempts_are_never_counted_down(exercise, learner):
    hand_in(exercise, learner)
    assert exercise.attempts_left(learner) is None


def test_a_double_click_is_one_submission(exercise, learner):
    assert hand_in(exercise, learner, NOTEBOOK) == hand_in(exercise, learner, NOTEBOOK)
    assert Submission.objects.count() == 1


def test_a_double_click_on_the_last_attempt_is_no_error(learner):
    exercise = make_exercise(max_attempts=1)
    assert hand_in(exercise, learner, NOTEBOOK) == hand_in(exercise, learner, NOTEBOOK)


def test_the_same_bytes_are_a_new_attempt_once_the_first_is_graded(exercise, learner):
    first = hand_in(exercise, learner, NOTEBOOK)
    Submission.objects.filter(pk=first.pk).update(status="graded")
    assert hand_in(exercise, learner, NOTEBOOK).attempt == 2


def test_the_same_bytes_later_are_a_new_attempt(exercise, learner):
    first = hand_in(exercise, learner, NOTEBOOK)
    Submission.objects.filter(pk=first.pk).update(submitted_at=Now() - timedelta(minutes=1))
    assert hand_in(exercise, learner, NOTEBOOK).attempt == 2


def test_another_learner_with_the_same_bytes_is_another_submission(exercise, learner, other_learner):
    assert hand_in(exercise, learner, NOTEBOOK) != hand_in(exercise, other_learner, NOTEBOOK)


@pytest.mark.django_db(transaction=True)
def test_hand_ins_at_once_get_different_numbers(learner):
    exercise = make_exercise()
    results = at_once(8, lambda number: hand_in(exercise, learner, NOTEBOOK + bytes([number])))
    assert sorted(result.attempt for result in results) == list(range(1, 9))


@pytest.mark.django_db(transaction=True)
def test_hand_ins_at_once_keep_the_limit(learner):
    exercise = make_exercise(max_attempts=3)
    results = at_once(8, lambda number: hand_in(exercise, learner, NOTEBOOK + bytes([number])))
    assert sum(isinstance(result, Submission) for result in results) == 3
    assert {str(result) for result in results if not isinstance(result, Submission)} == {"no_attempts"}


@pytest.mark.django_db(transaction=True)
def test_eight_clicks_at_once_are_one_submission(learner):
    exercise = make_exercise()
    results = at_once(8, lambda number: hand_in(exercise, learner, NOTEBOOK).pk)
    assert len(set(results)) == 1
    assert Submission.objects.count() == 1


# --- Claiming ---


def test_a_claim_makes_one_worker_the_owner(exercise, learner):
    pk = hand_in(exercise, learner).pk
    claimed = Submission.objects.claim(pk)
    assert (claimed.status, claimed.tries, bytes(claimed.version.source)) == ("running", 1, b"{}")
    assert claimed.lease
    assert Submission.objects.claim(pk) is None


@pytest.mark.django_db(transaction=True)
def test_of_workers_claiming_at_once_one_gets_it(learner):
    pk = hand_in(make_exercise(), learner).pk
    results = at_once(8, lambda number: Submission.objects.claim(pk))
    assert sum(result is not None for result in results) == 1
    assert all(result is None or isinstance(result, Submission) for result in results)
    assert Submission.objects.get().tries == 1


@pytest.mark.parametrize("status", ["graded", "refused", "failed"])
def test_what_is_finished_cannot_be_claimed(exercise, learner, status):
    submission = hand_in(exercise, learner)
    Submission.objects.filter(pk=submission.pk).update(status=status)
    assert Submission.objects.claim(submission.pk) is None


def test_what_a_dead_worker_held_can_be_claimed_again(claimed):
    abandon(claimed)
    again = Submission.objects.claim(claimed.pk)
    assert again.lease != claimed.lease
    assert again.tries == 2


def test_a_renewed_lease_is_not_stale(claimed):
    abandon(claimed)
    assert Submission.objects.stale().count() == 1
    assert claimed.renew_lease()
    assert not Submission.objects.stale().exists()


def test_a_lease_that_was_taken_over_cannot_be_renewed(claimed):
    abandon(claimed)
    Submission.objects.claim(claimed.pk)
    assert not claimed.renew_lease()


# --- Recording ---


def test_a_grade_is_recorded_with_all_that_was_found(claimed):
    assert claimed.record(make_outcome())
    grade = Grade.objects.get()
    assert (grade.score, grade.max_score, grade.run_status, grade.is_isolated) == (4, 6, "COMPLETED", True)
    assert grade.checks[0]["hint"]["th"] == "ดูจำนวนแถว"
    assert grade.usage["wall_seconds"] == 0.5
    assert grade.version == claimed.version
    stored = Submission.objects.get()
    assert (stored.status, stored.lease, stored.leased_until) == ("graded", None, None)
    assert stored.finished_at
    assert stored.grade == grade


def test_a_grade_is_recorded_once(claimed):
    assert claimed.record(make_outcome(score=1.0))
    assert not claimed.record(make_outcome(score=6.0))
    assert Grade.objects.get().score == 1


def test_a_worker_whose_lease_was_taken_over_writes_nothing(claimed):
    abandon(claimed)
    heir = Submission.objects.claim(claimed.pk)
    assert not claimed.record(make_outcome(score=6.0))
    assert not claimed.record(make_outcome("refused"))
    assert not claimed.give_back("late")
    assert not Grade.objects.exists()
    assert Submission.objects.get().status == "running"
    assert heir.record(make_outcome(score=2.0))
    assert Grade.objects.get().score == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_records_at_once_one_counts(learner):
    claimed = Submission.objects.claim(hand_in(make_exercise(), learner).pk)
    results = at_once(6, lambda number: Submission.objects.get(pk=claimed.pk).record(make_outcome(score=float(number))))
    assert sorted(results) == [False] * 5 + [True]
    assert Grade.objects.count() == 1


def test_a_submission_that_was_never_claimed_cannot_be_graded(exercise, learner):
    assert not hand_in(exercise, learner).record(make_outcome())
    assert not Grade.objects.exists()


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -1.0, 6.5])
def test_an_impossible_score_is_never_recorded(claimed, score):
    with pytest.raises(ValueError, match="score"), transaction.atomic():
        claimed.record(make_outcome(score=score))
    assert not Grade.objects.exists()
    assert Submission.objects.get().status == "running"


def test_a_refused_submission_has_a_reason_and_no_grade(claimed, settings):
    assert claimed.record(make_outcome("refused"))
    stored = Submission.objects.get()
    assert (stored.status, stored.text) == ("refused", "ไม่ใช่โน้ตบุ๊กของแบบฝึกหัดนี้")
    assert not Grade.objects.exists()


def test_what_a_database_cannot_keep_is_replaced(claimed):
    assert claimed.record(make_outcome(feedback_html={"th": "ก\0\ud800ข", "en": "a\0b"}))
    assert Grade.objects.get().feedback_html == {"th": "ก\ufffd?ข", "en": "a\ufffdb"}
    assert storable([("x\0", 1, None)]) == [["x\ufffd", 1, None]]


# --- Our failures ---


def test_our_failure_puts_it_back_for_later(claimed):
    assert claimed.give_back("SandboxUnavailable: no user namespaces")
    stored = Submission.objects.get()
    assert (stored.status, stored.lease, stored.detail) == ("queued", None, "SandboxUnavailable: no user namespaces")
    assert Submission.objects.claim(stored.pk) is None  # not yet
    Submission.objects.update(due_at=Now())
    assert Submission.objects.claim(stored.pk).tries == 2


def test_pauses_grow_and_end():
    seconds = [pause_after(tries).total_seconds() for tries in range(1, 12)]
    assert seconds[:4] == [5, 10, 20, 40]
    assert seconds == sorted(seconds)
    assert seconds[-1] == 600


def test_after_enough_tries_it_fails_and_the_learner_is_told_so(claimed, settings):
    settings.GRADING_MAX_TRIES = 1
    claimed.give_back("broken")
    stored = Submission.objects.get()
    assert stored.status == "failed"
    assert "ไม่นับเป็นการส่ง" in stored.text
    assert stored.detail == "broken"
    assert not Grade.objects.exists()


def test_staff_can_have_a_failed_one_graded_again(claimed, settings):
    settings.GRADING_MAX_TRIES = 1
    claimed.give_back("broken")
    assert Submission.objects.all().requeue() == 1
    again = Submission.objects.claim(claimed.pk)
    assert (again.tries, again.message) == (1, {})


def test_only_what_failed_is_requeued(claimed):
    assert Submission.objects.all().requeue() == 0
    assert Submission.objects.get().status == "running"


def test_stale_ones_go_back_to_the_queue_and_fresh_ones_stay(exercise, learner):
    fresh, stale = (Submission.objects.claim(hand_in(exercise, learner).pk) for _ in range(2))
    abandon(stale)
    assert Submission.objects.all().release_stale() == 1
    assert Submission.objects.all().release_stale() == 0
    assert {row.pk: row.status for row in Submission.objects.all()} == {fresh.pk: "running", stale.pk: "queued"}


def test_one_that_keeps_killing_its_worker_fails_in_the_end(claimed, settings):
    settings.GRADING_MAX_TRIES = 1
    abandon(claimed)
    assert Submission.objects.claim(claimed.pk) is None
    Submission.objects.all().release_stale()
    assert Submission.objects.get().status == "failed"


# --- Questions ---


def grade_as(submission, score, max_score=6.0):
    Submission.objects.claim(submission.pk).record(make_outcome(score=score, max_score=max_score))
    return submission


def test_the_best_submission_of_each_exercise_is_found(exercise, learner, other_learner):
    other = make_exercise("b-n2")
    grade_as(hand_in(exercise, learner), 2.0)
    best = grade_as(hand_in(exercise, learner), 5.0)
    grade_as(hand_in(exercise, learner), 5.0)
    hand_in(exercise, learner)
    only = grade_as(hand_in(other, learner), 0.0)
    grade_as(hand_in(exercise, other_learner), 6.0)
    found = {row.exercise_id: (row.pk, row.score) for row in Submission.objects.best_for(learner)}
    assert found == {exercise.pk: (best.pk, 5.0), other.pk: (only.pk, 0.0)}


def test_the_last_round_of_a_submission_counts(exercise, learner):
    submission = grade_as(hand_in(exercise, learner), 6.0)
    submission.grades.create(version=submission.version, round=1, score=3, max_score=6, run_status="COMPLETED")
    row = Submission.objects.graded().get()
    assert (row.score, row.fraction, row.grade.round) == (3, 0.5, 1)
    assert [grade.round for grade in Grade.objects.all().current()] == [1]


def test_an_exercise_worth_nothing_has_a_fraction_too(exercise, learner):
    grade_as(hand_in(exercise, learner), 0.0, max_score=0.0)
    assert Submission.objects.graded().get().fraction == 0


def test_the_current_version_does_not_load_its_notebook(exercise, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert Exercise.objects.get(pk=exercise.pk).slug
    with django_assert_num_queries(1):
        assert exercise.current.number == 1
