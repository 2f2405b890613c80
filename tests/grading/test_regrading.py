"""Graded again: looked at first, decided by a person, taken back; whoever dies on the way."""

import pytest
from django.db import transaction

from grading import regrading, tasks, verdicts
from grading.grader import Check
from grading.models import AuditEntry, Grade, Judgement, Regrade, RegradeItem, Submission
from tests.conftest import make_person
from tests.grading.submissions import hand_in, make_exercise, make_outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def exercise():
    return make_exercise()


def graded(exercise, learner, score=4.0):
    submission = Submission.objects.claim(hand_in(exercise, learner).pk)
    tasks.record(submission, make_outcome(score=score))
    return submission


def correct(exercise, max_score=6):
    """The author corrects the exercise."""
    number = exercise.current.number + 1
    return exercise.versions.create(number=number, source=b"{}", sha256="1" * 64, max_score=max_score)


@pytest.fixture
def submissions(exercise, learner, other_learner):
    """Two, graded by the first version; a second version is there."""
    made = [graded(exercise, learner, 4.0), graded(exercise, other_learner, 2.0)]
    correct(exercise)
    return made


def examiner(*scores):
    """An examination that finds these scores, in order, the last one for ever; it counts its calls."""
    left = list(scores)

    def examine(submission, version):
        examine.calls += 1
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, Exception):
            raise found
        return found if hasattr(found, "state") else make_outcome(score=found)

    examine.calls = 0
    return examine


def work(regrade, examine=None, seconds=60):
    """One turn of the background."""
    claimed = Regrade.objects.claim(regrade.pk)
    assert claimed is not None
    try:
        return regrading.work(claimed, examine or examiner(0.0), seconds=seconds)
    finally:
        claimed.release()
        regrade.refresh_from_db()


def previewed(exercise, *scores, **options):
    regrade = regrading.start(exercise, **options)
    assert work(regrade, examiner(*scores))
    return regrade


def applied(exercise, *scores, actor=None, **options):
    regrade = previewed(exercise, *scores, **options)
    regrading.apply(regrade, actor=actor)
    assert work(regrade)
    return regrade


def scores(submissions):
    return [submission.grade.score for submission in submissions]


# --- Preview ---------------------------------------------------------------------------------------------------------


def test_a_preview_finds_what_would_change_and_changes_nothing(exercise, submissions):
    regrade = previewed(exercise, 6.0, 2.0, reason="แก้ข้อ 2")
    assert regrade.status == "previewed"
    assert scores(submissions) == [4.0, 2.0]
    assert Grade.objects.count() == 2
    (item,) = RegradeItem.objects.filter(regrade=regrade).changed()
    assert (item.submission, item.before.score, item.score_after) == (submissions[0], 4.0, 6.0)
    assert {k: v for k, v in regrading.counts(regrade).items() if v} == {
        "total": 2, "examined": 2, "raised": 1, "changed": 1,
    }  # fmt: skip


def test_only_what_another_version_graded_is_examined_unless_all_is_asked_for(exercise, submissions, learner):
    graded(exercise, learner, 5.0)
    regrade = regrading.start(exercise)
    assert regrade.items.count() == 2
    regrading.cancel(regrade)
    assert regrading.start(exercise, everything=True).items.count() == 3


def test_there_is_one_open_regrade_of_an_exercise(exercise, submissions):
    regrading.start(exercise)
    with pytest.raises(regrading.RegradeRefused, match="open"), transaction.atomic():
        regrading.start(exercise)


@pytest.mark.parametrize(("versions", "code"), [(0, "no_version"), (1, "nothing")])
def test_nothing_to_do_is_said(learner, versions, code):
    exercise = make_exercise()
    if not versions:
        exercise.versions.all().delete()
    with pytest.raises(regrading.RegradeRefused, match=code):
        regrading.start(exercise)


def test_work_that_the_new_version_cannot_grade_is_listed_and_left_alone(exercise, submissions):
    regrade = applied(exercise, make_outcome("refused"), 5.0)
    assert regrading.counts(regrade)["refused"] == 1
    assert regrade.items.get(status="refused").text
    assert scores(submissions) == [4.0, 5.0]


def test_our_failures_are_tried_again_and_then_listed(exercise, submissions, settings):
    settings.GRADING_MAX_TRIES = 2
    broken = RuntimeError("no room")
    regrade = previewed(exercise, broken, broken, 6.0)
    item = regrade.items.get(status="failed")
    assert (item.submission, item.tries) == (submissions[0], 2)
    assert "no room" in item.detail
    assert regrade.items.get(status="examined").score_after == 6.0


def test_a_failure_of_ours_that_passes_is_forgotten(exercise, submissions):
    regrade = previewed(exercise, RuntimeError("once"), 6.0)
    assert set(regrade.items.values_list("status", "detail")) == {("examined", "")}


# --- Apply -----------------------------------------------------------------------------------------------------------


def test_applying_adds_a_round_and_runs_nothing_again(exercise, submissions, instructor):
    regrade = previewed(exercise, 6.0, 1.0, reason="แก้ข้อ 2")
    regrading.apply(regrade, actor=instructor)
    assert scores(submissions) == [4.0, 2.0]  # decided, not done
    examine = examiner(0.0)
    assert work(regrade, examine)
    assert (regrade.status, examine.calls) == ("applied", 0)
    assert scores(submissions) == [6.0, 1.0]
    grade = submissions[0].grade
    assert (grade.round, grade.origin, grade.version, grade.author) == (1, "regraded", regrade.version, instructor)
    assert grade.reason == "แก้ข้อ 2"
    assert grade.feedback_html == {"th": "<p>ผลการตรวจ</p>", "en": "<p>What we found</p>"}
    assert not any(regrade.items.values_list("outcome", flat=True))


def test_applied_rounds_are_signed_and_audited(exercise, submissions, instructor):
    applied(exercise, 6.0, 2.0, actor=instructor)
    assert [verdicts.problem(submission.grade) for submission in submissions] == ["", ""]
    entries = AuditEntry.objects.filter(action="regraded")
    assert set(entries.values_list("submission_id", "actor")) == {
        (submissions[0].pk, instructor.pk),
        (None, instructor.pk),
    }
    one = entries.get(submission_id=submissions[0].pk)
    assert (one.before["score"], one.after["score"]) == (4.0, 6.0)


def test_a_round_of_the_same_score_is_added_too_so_that_all_is_of_one_version(exercise, submissions):
    regrade = applied(exercise, 4.0, 2.0)
    assert {submission.grade.version for submission in submissions} == {regrade.version}
    with pytest.raises(regrading.RegradeRefused, match="nothing"):
        regrading.start(exercise)


def test_what_a_person_decided_meanwhile_is_not_written_over(exercise, submissions, instructor):
    regrade = previewed(exercise, 6.0, 5.0)
    judge(submissions[0], 3.0, instructor)
    regrading.apply(regrade)
    work(regrade)
    assert scores(submissions) == [3.0, 5.0]
    assert regrading.counts(regrade)["stale"] == 1


def test_what_the_preview_kept_and_somebody_altered_is_examined_again(exercise, submissions, caplog):
    regrade = previewed(exercise, 2.0, 2.0)
    item = regrade.items.first()
    better = dict(item.outcome, score=6.0, checks=[dict(item.outcome["checks"][0], points=6.0)])
    RegradeItem.objects.filter(pk=item.pk).update(outcome=better, score_after=6.0)
    regrading.apply(regrade)
    examine = examiner(2.0)
    work(regrade, examine)
    assert examine.calls == 1
    assert scores(submissions) == [4.0, 2.0]  # the score that was agreed to is not what it is: left alone
    assert "regrade_altered" in caplog.text


@pytest.mark.parametrize("verb", [regrading.apply, regrading.undo])
def test_a_regrade_is_decided_once_and_in_its_order(exercise, submissions, verb):
    regrade = regrading.start(exercise)
    with pytest.raises(regrading.RegradeRefused, match="not_now"):
        verb(regrade)
    work(regrade, examiner(5.0))
    twin = Regrade.objects.get(pk=regrade.pk)
    regrading.apply(regrade)
    for decide in (regrading.apply, regrading.cancel):
        with pytest.raises(regrading.RegradeRefused, match="not_now"):
            decide(twin)


def test_a_preview_that_was_given_up_leaves_nothing(exercise, submissions):
    regrade = previewed(exercise, 6.0)
    regrading.cancel(regrade)
    assert regrade.status == "cancelled"
    assert not any(regrade.items.values_list("outcome", flat=True))
    assert Regrade.objects.claim(regrade.pk) is None
    assert regrading.start(exercise)


# --- Undo ------------------------------------------------------------------------------------------------------------


def test_taking_it_back_restores_what_stood_before(exercise, submissions, instructor):
    before = [submission.grade for submission in submissions]
    regrade = applied(exercise, 6.0, 1.0)
    regrading.undo(regrade, actor=instructor)
    assert work(regrade)
    assert regrade.status == "undone"
    for submission, was in zip(submissions, before, strict=True):
        now = submission.grade
        assert (now.round, now.origin) == (2, "regraded")
        for name in ("score", "max_score", "version_id", "checks", "feedback_html", "is_isolated", "run_status"):
            assert getattr(now, name) == getattr(was, name)
        assert verdicts.problem(now) == ""
    assert AuditEntry.objects.filter(action="unregraded", actor=instructor).count() == 3


def test_what_was_decided_after_it_is_not_taken_back(exercise, submissions, instructor):
    regrade = applied(exercise, 5.0, 5.0)
    judge(submissions[0], 6.0, instructor)
    regrading.undo(regrade)
    work(regrade)
    assert scores(submissions) == [6.0, 2.0]
    assert regrading.counts(regrade)["stale"] == 1


def test_a_round_restored_from_an_altered_one_stays_unsigned(exercise, submissions):
    regrade = applied(exercise, 5.0, 5.0)
    Grade.objects.filter(submission=submissions[0], round=0).update(score=6.0)
    regrading.undo(regrade)
    work(regrade)
    assert "no signed record" in verdicts.problem(submissions[0].grade)


# --- People's decisions ----------------------------------------------------------------------------------------------


def judge(submission, points, reviewer, kind="override", check_id="t1"):
    Judgement.objects.create(
        submission=submission, check_id=check_id, kind=kind, points=points, reviewer=reviewer, reason="fair"
    )
    return submission.add_reviewed(author=reviewer)


def test_overrides_survive_a_regrade(exercise, submissions, instructor):
    judge(submissions[0], 5.5, instructor)
    verdicts.sign_reviewed()
    regrade = applied(exercise, 1.0, 1.0)
    assert scores(submissions) == [5.5, 1.0]
    assert regrading.counts(regrade)["changed"] == 1
    assert verdicts.problem(submissions[0].grade) == ""


def test_overrides_are_set_aside_where_that_was_ticked_and_stand_again_when_it_is_taken_back(
    exercise, submissions, instructor
):
    judge(submissions[0], 5.5, instructor)
    verdicts.sign_reviewed()
    regrade = applied(exercise, 1.0, 1.0, drops_overrides=True)
    assert scores(submissions) == [1.0, 1.0]
    assert not Judgement.objects.standing().exists()
    assert AuditEntry.objects.filter(action="withdrawn", submission_id=submissions[0].pk).exists()
    regrading.undo(regrade)
    work(regrade)
    assert scores(submissions) == [5.5, 2.0]
    assert Judgement.objects.standing().count() == 1


def test_parts_graded_by_hand_keep_their_points_whatever_was_ticked(exercise, submissions, instructor):
    judge(submissions[0], 3.5, instructor, kind="manual")
    part = Check("t1", 0.0, 6.0, passed=False, outcome="waiting", examined="person")
    waiting = make_outcome(score=0.0, checks=(part,))
    applied(exercise, waiting, 1.0, drops_overrides=True)
    assert scores(submissions) == [3.5, 1.0]


# --- In the background -----------------------------------------------------------------------------------------------


def test_live_submissions_go_first(exercise, submissions, learner):
    regrade = regrading.start(exercise)
    live = hand_in(exercise, learner)
    examine = examiner(6.0)
    assert work(regrade, examine, seconds=5) is False
    assert examine.calls == 0
    Submission.objects.filter(pk=live.pk).update(status="graded")
    assert work(regrade, examine)
    assert examine.calls == 2


def test_a_live_submission_that_comes_meanwhile_gets_the_next_turn(exercise, submissions, learner):
    regrade = regrading.start(exercise)

    def examine(submission, version):
        hand_in(exercise, learner)
        return make_outcome(score=6.0)

    assert work(regrade, examine) is False
    assert regrading.counts(regrade)["examined"] == 1


def test_what_is_put_off_holds_nobody_up(exercise, submissions, learner):
    """A submission that failed through us and waits for its next try is no reason to wait."""
    from datetime import timedelta

    from django.db.models.functions import Now

    put_off = hand_in(exercise, learner)
    Submission.objects.filter(pk=put_off.pk).update(due_at=Now() + timedelta(minutes=5))
    regrade = regrading.start(exercise)
    assert work(regrade, examiner(6.0))


def test_one_regrade_runs_at_a_time_and_the_older_one_first(exercise, submissions, learner):
    other = make_exercise("b-n2")
    graded(other, learner)
    correct(other)
    first, second = regrading.start(exercise), regrading.start(other)
    assert Regrade.objects.claim(second.pk) is None
    assert list(Regrade.objects.unattended()) == [first]
    work(first, examiner(5.0))
    assert list(Regrade.objects.unattended()) == [second]  # the first one waits for a person now
    assert work(second, examiner(5.0))


def test_two_workers_never_have_the_same_regrade(exercise, submissions):
    regrade = regrading.start(exercise)
    mine = Regrade.objects.claim(regrade.pk)
    assert Regrade.objects.claim(regrade.pk) is None
    mine.release()
    assert Regrade.objects.claim(regrade.pk) is not None


def abandon(regrade):
    from datetime import timedelta

    from django.db.models.functions import Now

    Regrade.objects.filter(pk=regrade.pk).update(leased_until=Now() - timedelta(seconds=1))


def test_after_a_worker_was_killed_another_goes_on_where_it_stopped(exercise, submissions):
    regrade = regrading.start(exercise)
    dead = Regrade.objects.claim(regrade.pk)
    assert regrading.work(dead, examiner(6.0), seconds=0) is False
    regrading._preview_step(dead, examiner(6.0))
    abandon(regrade)
    examine = examiner(1.0)
    assert work(regrade, examine)
    assert examine.calls == 1
    assert sorted(regrade.items.values_list("score_after", flat=True)) == [1.0, 6.0]


def test_a_worker_that_lost_its_lease_writes_nothing_more(exercise, submissions):
    regrade = regrading.start(exercise)
    slow = Regrade.objects.claim(regrade.pk)

    def examine(submission, version):
        abandon(regrade)
        assert Regrade.objects.claim(regrade.pk)
        return make_outcome(score=6.0)

    assert regrading.work(slow, examine, seconds=60) is False
    assert regrading.counts(regrade)["examined"] == 0


def test_a_worker_that_lost_its_lease_while_applying_leaves_no_half_round(exercise, submissions):
    regrade = previewed(exercise, 6.0)
    regrading.apply(regrade)
    slow = Regrade.objects.claim(regrade.pk)
    abandon(regrade)
    other = Regrade.objects.claim(regrade.pk)
    with pytest.raises(regrading.LeaseLost):
        regrading._apply_step(slow, examiner(0.0))
    assert scores(submissions) == [4.0, 2.0]
    assert regrading.work(other, examiner(0.0), seconds=60)
    assert scores(submissions) == [6.0, 6.0]
    assert Grade.objects.count() == 4


def test_applying_in_two_halves_adds_each_round_once(exercise, submissions, monkeypatch):
    monkeypatch.setattr(regrading, "BATCH", 1)
    regrade = previewed(exercise, 6.0)
    regrading.apply(regrade)
    claimed = Regrade.objects.claim(regrade.pk)
    regrading._apply_step(claimed, examiner(0.0))
    abandon(regrade)
    work(regrade)
    assert scores(submissions) == [6.0, 6.0]
    assert Grade.objects.count() == 4


def test_the_task_goes_on_until_it_is_done(exercise, submissions, monkeypatch):
    sent = []
    monkeypatch.setattr(tasks, "send", lambda *args, **options: sent.append((args, options)) or True)
    monkeypatch.setattr(tasks, "run_grader", examiner(6.0))
    regrade = regrading.start(exercise)
    tasks.sweep()
    assert [args[:2] for args, _ in sent] == [(tasks.REGRADE, [regrade.pk])]
    tasks.regrade(regrade.pk)
    regrade.refresh_from_db()
    assert regrade.status == "previewed"
    regrading.apply(regrade)
    tasks.regrade(regrade.pk)
    told = {tuple(args[1]) for args, _ in sent if args[0].endswith("issue_for_learner")}
    assert told == {(submission.learner_id,) for submission in submissions}
    tasks.regrade(regrade.pk)  # a doubled message
    assert Grade.objects.count() == 4


def test_it_stays_cheap_with_many_submissions(exercise, django_assert_max_num_queries):
    for number in range(30):
        graded(exercise, make_person(f"p{number}@example.go.th", "ก"))
    correct(exercise)
    with django_assert_max_num_queries(12):
        regrading.start(exercise)
