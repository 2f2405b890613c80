"""Exactly one, on grades that count, with a trace."""

import hashlib
import json
import threading
from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from grading import quizzing, reviewing, verdicts
from grading.models import Exercise, Submission
from grading.reviewing import Given
from grading.scoring import Check
from lms.credentials import custody, issuing, revoking, signing, tasks
from lms.credentials.models import AuditEntry, Competency, Credential, QuizRequirement, Subject
from tests.conftest import make_person
from tests.courses.quizzes import make_bank, make_quiz
from tests.credentials.conftest import give_grade, make_achievement
from tests.grading.items import right_answers
from tests.grading.submissions import hand_in, make_outcome


@pytest.fixture
def earned(achievement, exercises, learner):
    return [give_grade(learner, exercise) for exercise in exercises]


def issue(learner):
    return tasks.issue_for_learner(learner.pk)


def test_meeting_the_rule_issues_one_credential(earned, achievement, learner, issuer):
    assert issue(learner) == 1
    credential = Credential.objects.get()
    assert (credential.achievement, credential.learner) == (achievement, learner)
    assert credential.key.issuer == issuer
    assert credential.holder_name == "นางสาวน้ำฝน ใจดี"
    assert credential.holder_initials == "น. จ."
    assert set(credential.grades.all()) == set(earned)


def test_issuing_again_changes_nothing(earned, learner):
    assert issue(learner) == 1
    before = Credential.objects.values().get()
    assert issue(learner) == 0
    assert tasks.issue_due() == 0
    assert Credential.objects.values().get() == before
    assert AuditEntry.objects.count() == 1


def test_it_leaves_a_trace_without_personal_data(earned, learner, issuer):
    issue(learner)
    credential, entry = Credential.objects.get(), AuditEntry.objects.get()
    assert entry.action == "issued"
    assert entry.credential_id == credential.pk
    assert entry.grade_ids == [grade.pk for grade in earned]
    assert entry.document_sha256 == hashlib.sha256(credential.document.encode()).hexdigest()
    assert entry.verification_method == issuer.keys.get().url
    assert entry.actor is None


def test_a_grade_that_was_not_isolated_issues_nothing(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    give_grade(learner, exercises[1], is_isolated=False)
    assert issue(learner) == 0
    assert tasks.issue_due() == 0
    assert not Credential.objects.exists()


def test_one_exercise_of_two_is_not_enough(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    assert issue(learner) == 0


@pytest.mark.parametrize(("score", "issued"), [(4.79, 0), (4.8, 1), (6.0, 1), (0.0, 0)])
def test_the_minimum_counts_as_met(achievement, exercises, learner, score, issued):
    give_grade(learner, exercises[0])
    give_grade(learner, exercises[1], score)
    assert issue(learner) == issued


def test_the_best_submission_of_an_exercise_counts(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    grades = [give_grade(learner, exercises[1], score) for score in (1.0, 5.4, 6.0, 2.0)]
    assert issue(learner) == 1
    assert grades[2] in Credential.objects.get().grades.all()
    assert '"value":"100"' in Credential.objects.get().document


def test_a_regrade_that_takes_points_away_counts_instead(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    first = give_grade(learner, exercises[1])
    give_grade(learner, exercises[1], 1.0, round=1, submission=first.submission)
    assert issue(learner) == 0


def test_a_regrade_that_was_not_isolated_takes_the_submission_out(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    first = give_grade(learner, exercises[1])
    give_grade(learner, exercises[1], 6.0, round=1, submission=first.submission, is_isolated=False)
    assert issue(learner) == 0


def test_where_the_last_submission_counts_a_better_one_before_issues_nothing(achievement, exercises, learner):
    give_grade(learner, exercises[1])
    for score in (6.0, 1.0):
        give_grade(learner, exercises[0], score)
    Exercise.objects.update(counts="last")
    assert issue(learner) == 0
    Exercise.objects.update(counts="best")
    assert issue(learner) == 1


def test_a_part_that_waits_for_a_person_issues_nothing_until_it_is_graded(
    achievement, exercises, learner, other_learner
):
    for exercise in exercises:
        submission = hand_in(exercise, learner)
        claimed = Submission.objects.claim(submission.pk)
        part = Check("essay", 0.0, 1.0, passed=False, outcome="waiting", examined="person")
        rest = Check("t1", 5.0, 5.0, passed=True, outcome="passed")
        assert claimed.record(make_outcome(checks=(rest, part), score=5.0, max_score=6.0))
        assert verdicts.sign(claimed.grade)
    assert issue(learner) == 0  # though 5 of 6 would be enough
    for submission in Submission.objects.filter(learner=learner):
        reviewing.judge(submission, reviewer=other_learner, given={"essay": Given(0)}, seen_round=0)
    assert issue(learner) == 0  # nobody has signed the new round yet
    assert verdicts.sign_reviewed() == 2
    assert issue(learner) == 1


def test_the_grades_of_somebody_else_count_for_nothing(achievement, exercises, learner, other_learner):
    give_grade(learner, exercises[0])
    give_grade(other_learner, exercises[1])
    assert issue(learner) == issue(other_learner) == tasks.issue_due() == 0


def test_an_exercise_without_points_meets_no_rule(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    grade = give_grade(learner, exercises[1], 0.0)
    type(grade).objects.filter(pk=grade.pk).update(max_score=0.0)
    assert issue(learner) == 0


def test_an_achievement_without_a_rule_is_earned_by_nobody(issuer, learner):
    make_achievement(issuer, [])
    assert issue(learner) == 0
    assert tasks.issue_due() == 0


def test_an_achievement_that_is_switched_off_is_not_issued(earned, achievement, learner):
    achievement.is_active = False
    achievement.save()
    assert issue(learner) == 0


def test_a_person_who_left_is_issued_nothing(earned, learner):
    learner.is_active = False
    learner.save()
    assert issue(learner) == 0


def test_a_person_who_does_not_exist_is_no_error(db):
    assert tasks.issue_for_learner(999_999) == 0


def test_what_was_revoked_does_not_come_back_by_itself(earned, learner):
    issue(learner)
    assert revoking.revoke(Credential.objects.get(), reason="rule_broken")
    assert issue(learner) == 0
    assert tasks.issue_due() == 0
    assert [entry.action for entry in AuditEntry.objects.all()] == ["issued", "revoked"]


def test_a_reason_that_is_none_of_ours_revokes_nothing(credential):
    with pytest.raises(ValueError, match="because"):
        revoking.revoke(credential, reason="because")
    credential.refresh_from_db()
    assert credential.revoked_at is None


def test_the_sweep_finds_what_a_lost_message_left(earned, achievement, exercises, other_learner):
    for exercise in exercises:
        give_grade(other_learner, exercise)
    assert tasks.issue_due() == 2


def test_the_sweep_asks_as_often_for_thirty_people_as_for_three(achievement, exercises, django_assert_num_queries):
    def count(people):
        for number in range(people):
            person = make_person(f"p{people}-{number}@example.go.th", "ทดสอบ")
            give_grade(person, exercises[0])
        with connection.cursor():
            from django.test.utils import CaptureQueriesContext

            with CaptureQueriesContext(connection) as queries:
                tasks.issue_due()
        return len(queries)

    assert count(3) == count(30)


def test_the_database_itself_allows_one_active_credential(credential):
    twin = Credential.objects.get()
    twin.pk = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)


def test_one_person_has_one_name_with_an_issuer_and_none_in_common_with_others(issuer, exercises, learner):
    first, second = (make_achievement(issuer, exercises[:1], slug=slug) for slug in ("one", "two"))
    give_grade(learner, exercises[0])
    assert issue(learner) == 2
    documents = [c.parsed() for c in Credential.objects.all()]
    subjects = [document["credentialSubject"] for document in documents]
    assert {subject["id"] for subject in subjects} == {f"urn:uuid:{Subject.objects.get().uid}"}
    assert len({subject["identifier"][1]["salt"] for subject in subjects}) == 2
    assert first.credentials.count() == second.credentials.count() == 1


def test_hours_are_written_without_a_trailing_zero(issuer, exercises):
    achievement = make_achievement(issuer, exercises)
    for hours, text in (("15.0", "15"), ("1.5", "1.5"), ("100", "100"), ("30", "30")):
        achievement.hours = Decimal(hours)
        assert achievement.hours_text == text


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_without_a_key_it_stays_due_and_is_logged(earned, learner, settings, caplog, key_file):
    settings.ISSUER_KEY_FILE = ""
    assert issue(learner) == 0
    assert tasks.issue_due() == 0
    assert "ISSUER_KEY_FILE is not set" in caplog.text
    settings.ISSUER_KEY_FILE = str(key_file)
    assert tasks.issue_due() == 1


def test_a_document_that_breaks_our_profile_is_not_signed(earned, achievement, learner, caplog):
    Competency.objects.update(url="javascript:alert(1)")
    assert issue(learner) == 0
    assert not Credential.objects.exists()
    assert "NotOurProfile" in caplog.text


def test_the_trouble_of_one_does_not_keep_others_waiting(earned, exercises, other_learner, monkeypatch, learner):
    for exercise in exercises:
        give_grade(other_learner, exercise)
    real = issuing.grounds_of

    def broken_for_one(achievement, person):
        if person == learner:
            raise RuntimeError("broken")
        return real(achievement, person)

    monkeypatch.setattr(issuing, "grounds_of", broken_for_one)
    assert tasks.issue_due() == 1


# --- Mail -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "subject", "path"),
    [("th", "วุฒิบัตรของคุณ: ผู้ดูแลข้อมูลภาครัฐระดับพื้นฐาน", "/verify/"), ("en", "Your credential: ", "/en/verify/")],
)
def test_the_holder_is_told_in_their_language(
    earned, learner, language, subject, path, django_capture_on_commit_callbacks, settings
):
    type(learner).objects.update(language=language)
    with django_capture_on_commit_callbacks(execute=True):
        issue(learner)
    (message,) = mail.outbox
    credential = Credential.objects.get()
    assert message.to == [learner.email]
    assert message.subject.startswith(subject)
    assert f"{settings.PUBLIC_URL}{path}{credential.number}/" in message.body
    assert learner.get_full_name() in message.body
    assert "&" not in message.body


def test_nobody_is_told_of_what_was_not_committed(earned, learner, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks() as callbacks:
        with transaction.atomic():
            issue(learner)
            transaction.set_rollback(True)
        assert not Credential.objects.exists()
    for callback in callbacks:
        callback()
    assert not mail.outbox


def test_a_mail_server_that_is_down_costs_nobody_a_credential(
    earned, learner, monkeypatch, django_capture_on_commit_callbacks, caplog
):
    def refuse(*args, **kwargs):
        raise ConnectionRefusedError("no mail")

    monkeypatch.setattr(issuing, "send_mail", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        assert issue(learner) == 1
    assert "was not sent" in caplog.text


# --- Races ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_twenty_workers_at_once_issue_one_credential(earned, learner, achievement):
    start, results, errors = threading.Barrier(20), [], []

    def work():
        try:
            due = issuing.due_for(learner)
            start.wait(30)  # everybody has seen that it is due
            results.extend(issuing.issue(one, learner) for one in due)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(results) == 20
    assert sum(result is not None for result in results) == 1
    assert Credential.objects.count() == AuditEntry.objects.count() == 1
    assert len(mail.outbox) == 1
    assert json.loads(Credential.objects.get().document)["proof"]


def test_the_signer_is_the_published_key_and_no_other(issuer, key_file):
    key = issuer.keys.get()
    assert signing.signer_for(issuer)[0] == key
    other = make_other_key()
    issuer.keys.update(public_multikey=other)
    with pytest.raises(signing.KeyUnavailable):
        signing.signer_for(issuer)


def make_other_key():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return custody.FileSigner(Ed25519PrivateKey.generate()).public_multikey


# --- Only on what was signed -----------------------------------------------------------------------------------------


def test_a_score_altered_in_the_database_issues_nothing(achievement, exercises, learner, caplog):
    give_grade(learner, exercises[0])
    altered = give_grade(learner, exercises[1], 1.0)
    type(altered).objects.filter(pk=altered.pk).update(score=6.0)
    assert issue(learner) == 0
    assert tasks.issue_due() == 0
    assert not Credential.objects.exists()
    assert "credential_withheld" in caplog.text
    assert "score" in caplog.text


def test_a_grade_without_a_record_issues_nothing(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    give_grade(learner, exercises[1], is_signed=False)
    assert issue(learner) == tasks.issue_due() == 0
    assert not Credential.objects.exists()


def test_a_grade_that_was_made_isolated_by_hand_issues_nothing(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    in_kernel = give_grade(learner, exercises[1], is_isolated=False)
    type(in_kernel).objects.filter(pk=in_kernel.pk).update(is_isolated=True)
    assert issue(learner) == tasks.issue_due() == 0


def test_a_record_taken_from_somebody_else_issues_nothing(achievement, exercises, learner, other_learner):
    theirs = give_grade(other_learner, exercises[1])
    give_grade(learner, exercises[0])
    forged = give_grade(learner, exercises[1], is_signed=False)
    theirs.verdict.__class__.objects.filter(grade=theirs).update(grade=forged)
    assert issue(learner) == 0


def test_an_altered_grade_does_not_keep_an_honest_one_from_counting(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    altered = give_grade(learner, exercises[1], 1.0)
    type(altered).objects.filter(pk=altered.pk).update(score=6.0)
    honest = give_grade(learner, exercises[1], 5.0)
    assert issue(learner) == 1
    assert honest in Credential.objects.get().grades.all()


def test_without_the_keys_by_which_verdicts_are_checked_nothing_is_issued(earned, learner, settings, caplog):
    settings.VERDICT_PUBLIC_KEYS_FILE = "/nowhere/verdicts.public.json"
    assert issue(learner) == 0
    assert "make_verdict_key" in caplog.text


# --- Quizzes ---


@pytest.fixture
def quiz_too(achievement):
    """The achievement asks for a quiz as well."""
    quiz = make_quiz(make_bank())
    QuizRequirement.objects.create(achievement=achievement, quiz=quiz, minimum_fraction=Decimal("0.7"))
    return quiz


def test_a_quiz_that_is_asked_for_has_to_be_passed(earned, quiz_too, achievement, learner):
    assert tasks.issue_for_learner(learner.pk) == 0
    quizzing.finish(quizzing.start(quiz_too, learner), {})
    assert tasks.issue_for_learner(learner.pk) == 0
    attempt = quizzing.start(quiz_too, learner)
    quizzing.finish(attempt, right_answers(attempt))
    assert tasks.issue_for_learner(learner.pk) == 1


def test_where_the_last_attempt_counts_a_better_one_before_is_not_enough(earned, quiz_too, learner):
    quiz_too.counts = "last"
    quiz_too.save()
    attempt = quizzing.start(quiz_too, learner)
    quizzing.finish(attempt, right_answers(attempt))
    quizzing.finish(quizzing.start(quiz_too, learner), {})
    assert tasks.issue_for_learner(learner.pk) == 0


def test_points_that_nobody_earned_issue_nothing(earned, quiz_too, learner, caplog):
    attempt = quizzing.finish(quizzing.start(quiz_too, learner), {})
    type(attempt).objects.filter(pk=attempt.pk).update(score=7)
    assert tasks.issue_for_learner(learner.pk) == 0
    assert "credential_withheld" in caplog.text


def test_a_quiz_alone_is_no_rule(issuer, quiz_too, achievement, learner):
    achievement.requirements.all().delete()
    attempt = quizzing.start(quiz_too, learner)
    quizzing.finish(attempt, right_answers(attempt))
    assert tasks.issue_due() == 0
