"""What people decide: points by hand, overrides, extensions, appeals, and the trace that all of it leaves."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from grading import appealing, extending, reviewing
from grading.appealing import AppealRefused
from grading.models import AppendOnly, AuditEntry, Exercise, Grade, HandInRefused, Judgement, Submission
from grading.reviewing import Given, Overtaken, Refused
from grading.scoring import Check, compose
from tests.grading.submissions import at_once, hand_in, make_exercise, make_outcome

pytestmark = pytest.mark.django_db

AUTOMATIC = Check("t1", 2.0, 4.0, passed=False, outcome="failed", hint={"th": "ดูอีกครั้ง"})
ESSAY = Check("essay", 0.0, 6.0, passed=False, outcome="waiting", examined="person")


def graded(learner, checks=(AUTOMATIC, ESSAY), exercise=None, **outcome):
    """A submission as the grader leaves it."""
    exercise = exercise or Exercise.objects.filter(slug="b-n1").first() or make_exercise()
    claimed = Submission.objects.claim(hand_in(exercise, learner).pk)
    fields = {"checks": checks, "score": sum(c.points for c in checks), "max_score": sum(c.max_points for c in checks)}
    assert claimed.record(make_outcome(**fields | outcome))
    return Submission.objects.get(pk=claimed.pk)


def judge(submission, reviewer, seen=0, **given):
    return reviewing.judge(submission, reviewer=reviewer, given=given, seen_round=seen)


# --- Points by hand --------------------------------------------------------------------------------------------------


def test_people_change_the_checks_they_judged_and_no_others():
    (first, second) = compose([AUTOMATIC, ESSAY], {"essay": 5, "unknown": 3})
    assert first == AUTOMATIC
    assert (second.points, second.passed, second.outcome, second.examined) == (5, False, "judged", "person")


@pytest.mark.parametrize(("points", "kept"), [(7, 6), (-1, 0), (float("nan"), 0), (float("inf"), 0), (6, 6), (0, 0)])
def test_nobodys_points_leave_the_range_of_the_check(points, kept):
    assert compose([ESSAY], {"essay": points})[0].points == kept


def test_work_with_a_part_for_a_person_waits_and_carries_no_credential(learner):
    submission = graded(learner)
    assert (submission.grade.score, submission.grade.max_score) == (2, 10)
    assert submission.grade.is_waiting
    assert not submission.grade.is_isolated
    assert [one.pk for one in reviewing.waiting()] == [submission.pk]


def test_points_by_hand_make_a_round_that_counts(learner, instructor):
    submission = graded(learner)
    grade = judge(submission, instructor, essay=Given(5, comment="อธิบายได้ดี"))
    assert (grade.round, grade.origin, grade.author, grade.score) == (1, "reviewed", instructor, 7)
    assert (grade.is_waiting, grade.is_isolated) == (False, True)
    assert not reviewing.waiting()
    assert [check["points"] for check in grade.found] == [2, 0]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.before["points"], entry.after["points"]) == ("judged", instructor, 0, 5)


def test_a_check_that_ran_beside_the_learners_work_counts_when_a_person_confirms_it(learner, instructor):
    beside = Check("k", 4.0, 4.0, passed=True, outcome="passed", examined="in_kernel")
    submission = graded(learner, (beside,), is_isolated=False)
    assert not submission.grade.is_isolated
    assert judge(submission, instructor, k=Given(4, reason="อ่านโค้ดแล้ว")).is_isolated


def test_a_grade_that_is_not_trusted_for_another_reason_is_not_trusted_after_a_review(learner, instructor):
    submission = graded(learner, (AUTOMATIC,), is_isolated=False)
    assert not judge(submission, instructor, t1=Given(4, reason="ตรวจแล้ว")).is_isolated


@pytest.mark.parametrize(
    ("check_id", "given", "code"),
    [
        ("essay", Given(6.5), "points"),
        ("essay", Given(-0.1), "points"),
        ("essay", Given(float("nan")), "points"),
        ("nothing", Given(1), "unknown_check"),
        ("t1", Given(4), "reason"),
        ("t1", Given(4, reason="  "), "reason"),
    ],
)
def test_decisions_that_cannot_be_are_refused_and_leave_nothing(learner, instructor, check_id, given, code):
    submission = graded(learner)
    with pytest.raises(Refused) as refused:
        judge(submission, instructor, **{"essay": Given(1), check_id: given})
    assert refused.value.code == code
    assert not Judgement.objects.exists()
    assert submission.grades.count() == 1


def test_nobody_grades_their_own_work(instructor):
    with pytest.raises(Refused, match="own_work"):
        judge(graded(instructor), instructor, essay=Given(6))


def test_what_is_not_graded_yet_cannot_be_judged(learner, instructor):
    with pytest.raises(Refused, match="not_graded"):
        judge(hand_in(make_exercise(), learner), instructor, essay=Given(6))


def test_the_same_twice_is_once(learner, instructor):
    submission = graded(learner)
    first = judge(submission, instructor, essay=Given(5, comment=" ดี "))
    assert judge(submission, instructor, essay=Given(5, comment="ดี")).pk == first.pk
    assert (Judgement.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_the_second_of_two_graders_is_told(learner, instructor, hr_officer):
    submission = graded(learner)
    judge(submission, instructor, essay=Given(5))
    with pytest.raises(Overtaken) as overtaken:
        judge(submission, hr_officer, essay=Given(1))
    assert overtaken.value.grade.author == instructor
    assert judge(submission, hr_officer, seen=1, essay=Given(1)).score == 3
    assert [one.points for one in submission.judgements.standing()] == [1]


@pytest.mark.django_db(transaction=True)
def test_of_graders_at_the_same_moment_one_is_first_and_the_others_are_told(learner, other_learner):
    submission = graded(learner)
    results = at_once(4, lambda number: judge(submission, other_learner, essay=Given(number)))
    assert sum(isinstance(result, Grade) for result in results) == 1
    assert sum(isinstance(result, Overtaken) for result in results) == 3
    assert submission.grades.count() == 2
    assert submission.judgements.standing().count() == 1


def test_an_override_withdrawn_leaves_what_the_examiner_found(learner, instructor):
    submission = graded(learner, (AUTOMATIC,))
    judge(submission, instructor, t1=Given(4, reason="คำตอบถูกต้อง"))
    after = reviewing.withdraw(submission.judgements.get(), actor=instructor, reason="ดูผิด")
    assert (after.round, after.score, after.checks[0]["outcome"], after.found) == (2, 2, "failed", [])
    with pytest.raises(Refused, match="withdrawn"):
        reviewing.withdraw(submission.judgements.get(), actor=instructor, reason="อีกครั้ง")


def test_what_people_decided_stands_when_the_work_is_examined_again(learner, instructor):
    submission = graded(learner)
    judge(submission, instructor, essay=Given(5), t1=Given(4, reason="ถูกต้อง"))
    outcome = make_outcome(checks=(AUTOMATIC, ESSAY), score=2.0, max_score=10.0)
    kept = submission.add_grade(outcome, origin="regraded")
    dropped = submission.add_grade(outcome, origin="regraded", keep_overrides=False)
    assert (kept.score, dropped.score) == (9, 7)  # what was graded by hand is never dropped


def test_the_feedback_of_a_round_shows_its_own_points(learner, instructor):
    html = '<p class="run-status">ok</p>\n<div class="nb-findings">\n<p class="nb-score">old</p>\n</div>'
    html += '<div class="nb-run">\n<h2>x</h2>\n</div>'
    submission = graded(learner, feedback_html={"th": html, "en": html})
    shown = reviewing.feedback_of(submission, judge(submission, instructor, essay=Given(5)))
    assert "คะแนน 7 จาก 10" in shown
    assert "ผู้สอนเป็นผู้ให้คะแนน" in shown
    assert "old" not in shown
    assert '<div class="nb-run">' in shown


def test_the_learner_is_written_to_once_nothing_waits(learner, instructor, django_capture_on_commit_callbacks):
    submission = graded(learner)
    with django_capture_on_commit_callbacks(execute=True):
        judge(submission, instructor, essay=Given(5))
    (letter,) = mail.outbox
    assert letter.to == [learner.email]
    assert str(submission.pk) in letter.body
    with django_capture_on_commit_callbacks(execute=True):
        judge(submission, instructor, seen=1, essay=Given(6))
    assert len(mail.outbox) == 1


# --- Policies, wired -------------------------------------------------------------------------------------------------


def test_what_failed_through_us_starts_no_pause_and_costs_no_attempt(learner):
    exercise = make_exercise(max_attempts=1, cooldown_minutes=60)
    first = hand_in(exercise, learner)
    Submission.objects.filter(pk=first.pk).update(status="failed")
    assert hand_in(exercise, learner).attempt == 2
    with pytest.raises(HandInRefused, match="no_attempts"):
        hand_in(exercise, learner)


def test_the_pause_is_told_with_its_end(learner):
    exercise = make_exercise(cooldown_minutes=60)
    first = hand_in(exercise, learner)
    with pytest.raises(HandInRefused) as refused:
        hand_in(exercise, learner)
    first.refresh_from_db()
    assert (refused.value.code, refused.value.allowed_at) == ("cool_down", first.submitted_at + timedelta(hours=1))


@pytest.mark.django_db(transaction=True)
def test_of_hand_ins_at_the_same_moment_the_pause_lets_one_in(learner):
    exercise = make_exercise(cooldown_minutes=60)
    results = at_once(4, lambda _: hand_in(exercise, learner))
    assert sorted(type(result).__name__ for result in results) == ["HandInRefused"] * 3 + ["Submission"]


def late_exercise(**fields):
    due_at = timezone.now() - timedelta(hours=30)
    return make_exercise(due_at=due_at, late_rule="penalty", late_percent=10, late_days=5, **fields)


def test_lateness_is_taken_off_openly(learner):
    submission = graded(learner, (Check("t1", 8.0, 10.0, passed=False, outcome="failed"),), late_exercise())
    assert (submission.late_days, submission.late_percent) == (2, 20)
    assert submission.grade.score == pytest.approx(6.4)
    assert submission.grade.points_lost_to_lateness == pytest.approx(1.6)
    assert Submission.objects.best_for(learner).get().score == pytest.approx(6.4)


def test_an_extension_granted_afterwards_gives_the_points_back(learner, instructor):
    exercise = late_exercise()
    submission = graded(learner, (Check("t1", 8.0, 10.0, passed=False, outcome="failed"),), exercise)
    later = exercise.due_at + timedelta(hours=10)
    extending.extend(exercise, learner=learner, due_at=later, extra_attempts=0, reason="ป่วย", granted_by=instructor)
    submission.refresh_from_db()
    assert (submission.late_days, submission.late_percent, submission.grade.score) == (1, 10, pytest.approx(7.2))
    assert submission.grade.reason == "ป่วย"
    extending.withdraw_extension(exercise.extensions.get(), actor=instructor)
    submission.refresh_from_db()
    assert submission.late_percent == 10  # nothing is taken back from what was handed in
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == ["extended", "extended", "unextended"]
    after = AuditEntry.objects.get(submission_id=submission.pk).after
    assert after == {"lateness": 10, "score": pytest.approx(7.2)}


def test_lateness_is_taken_from_the_row_however_old_the_instance_is(learner, instructor):
    exercise = late_exercise()
    old = graded(learner, (Check("t1", 8.0, 10.0, passed=False, outcome="failed"),), exercise)
    later = exercise.due_at + timedelta(days=2)
    extending.extend(exercise, learner=learner, due_at=later, extra_attempts=0, reason="ป่วย", granted_by=instructor)
    grade = judge(old, instructor, seen=1, t1=Given(10, reason="ถูกต้อง"))
    assert (old.late_percent, grade.late_percent, grade.score) == (20, 0, 10)


def test_an_extension_gives_one_person_an_attempt_more(learner, other_learner, instructor):
    exercise = make_exercise(max_attempts=1)
    hand_in(exercise, learner)
    hand_in(exercise, other_learner)
    extending.extend(exercise, learner=learner, due_at=None, extra_attempts=1, reason="ระบบล่ม", granted_by=instructor)
    assert hand_in(exercise, learner).attempt == 2
    with pytest.raises(HandInRefused, match="no_attempts"):
        hand_in(exercise, other_learner)


def test_where_the_last_attempt_counts_a_better_one_before_does_not(learner):
    exercise = make_exercise(counts="last")
    graded(learner, (Check("t1", 9.0, 10.0, passed=False, outcome="failed"),), exercise)
    last = graded(learner, (Check("t1", 3.0, 10.0, passed=False, outcome="failed"),), exercise)
    assert Submission.objects.best_for(learner).get() == last
    assert [grade.submission for grade in Grade.objects.all().current().counting()] == [last]
    Exercise.objects.update(counts="best")
    assert Submission.objects.best_for(learner).get().score == 9
    assert Grade.objects.all().current().counting().count() == 2


def test_rules_for_several_exercises_are_set_and_noted_where_they_change(instructor):
    exercises = [make_exercise("a"), make_exercise("b", max_attempts=3)]
    assert extending.set_rules(exercises, rules={"max_attempts": 3}, actor=instructor) == 1
    entry = AuditEntry.objects.get()
    assert (entry.exercise, entry.before, entry.after) == (exercises[0], {"max_attempts": None}, {"max_attempts": 3})


# --- Appeals ---------------------------------------------------------------------------------------------------------


def ask(submission, learner, check_id="t1", text="คำตอบของฉันถูกแล้ว"):
    return appealing.appeal(submission, learner=learner, check_id=check_id, text=text)


@pytest.mark.parametrize(("check_id", "text", "code"), [("x", "ถาม", "unknown_check"), ("t1", " \n", "empty")])
def test_a_question_is_about_a_check_and_says_something(learner, check_id, text, code):
    with pytest.raises(AppealRefused, match=code):
        ask(graded(learner), learner, check_id, text)


def test_one_asks_about_ones_own_work_once_per_check_while_it_is_open(learner, other_learner):
    submission = graded(learner)
    first = ask(submission, learner)
    for person, code in ((learner, "open"), (other_learner, "not_yours")):
        with pytest.raises(AppealRefused, match=code):
            ask(submission, person)
    ask(submission, learner, "")
    appealing.withdraw(first, learner=learner)
    assert ask(submission, learner).is_open


@pytest.mark.django_db(transaction=True)
def test_a_question_sent_twice_at_once_is_asked_once(learner):
    submission = graded(learner)
    results = at_once(4, lambda _: ask(submission, learner))
    assert sorted(type(result).__name__ for result in results) == ["Appeal"] + ["AppealRefused"] * 3


def test_an_answer_can_change_points_and_is_written_to_the_learner(
    learner, instructor, django_capture_on_commit_callbacks
):
    submission = graded(learner)
    with django_capture_on_commit_callbacks(execute=True):
        appeal = ask(submission, learner)
    assert [letter.to for letter in mail.outbox] == [[instructor.email]]
    assert "คำตอบของฉันถูกแล้ว" not in mail.outbox[0].body  # it may say more than a mailbox should keep
    with django_capture_on_commit_callbacks(execute=True):
        given = {"t1": Given(4, reason="การตรวจเข้มเกินไป")}
        appealing.answer(appeal, reviewer=instructor, text="ถูกต้องแล้ว", given=given, seen_round=0)
    assert mail.outbox[1].to == [learner.email]
    assert submission.grade.score == 4
    assert [entry.action for entry in AuditEntry.objects.order_by("pk")] == ["appealed", "overridden", "answered"]
    assert "คำตอบของฉัน" not in str(list(AuditEntry.objects.values()))
    with pytest.raises(AppealRefused, match="not_open"):
        appealing.answer(appeal, reviewer=instructor, text="อีกครั้ง")


def test_an_answer_whose_points_are_refused_is_not_given(learner, instructor):
    appeal = ask(graded(learner), learner)
    with pytest.raises(Refused):
        appealing.answer(appeal, reviewer=instructor, text="ได้", given={"t1": Given(99, reason="x")}, seen_round=0)
    appeal.refresh_from_db()
    assert appeal.is_open


def test_nobody_answers_their_own_question(instructor):
    appeal = ask(graded(instructor), instructor)
    with pytest.raises(AppealRefused, match="own_work"):
        appealing.answer(appeal, reviewer=instructor, text="ได้")


# --- The trace -------------------------------------------------------------------------------------------------------


def test_an_audit_entry_is_written_once(learner, instructor):
    judge(graded(learner), instructor, essay=Given(5))
    entry = AuditEntry.objects.get()
    entry.reason = "another"
    for change in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(reason="another"),
        lambda: AuditEntry.objects.bulk_update([entry], ["reason"]),
        lambda: AuditEntry.objects.update_or_create(pk=entry.pk, defaults={"reason": "another"}),
    ):
        with pytest.raises(AppendOnly):
            change()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE grading_auditentry SET reason = 'another'")
    assert AuditEntry.objects.get().reason == ""


def test_the_trace_outlives_people_and_their_work(learner, instructor):
    judge(graded(learner), instructor, essay=Given(5))
    learner.delete()
    instructor.delete()
    assert AuditEntry.objects.count() == 1
