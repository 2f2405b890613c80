"""The signed record beside a grade: what it says, and what becomes of a grade that says otherwise."""

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from grading import tasks, verdict_keys, verdicts
from grading.grader import seed_of
from grading.models import DataFile, ExerciseVersion, Grade, Judgement, Submission, Verdict
from tests.grading.submissions import hand_in, make_exercise, make_outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def exercise():
    return make_exercise()


@pytest.fixture
def keys(tmp_path, settings):
    """Keys of this test's own."""
    settings.VERDICT_KEY_FILE = str(tmp_path / "verdicts.json")
    settings.VERDICT_PUBLIC_KEYS_FILE = str(tmp_path / "verdicts.public.json")
    verdict_keys.make_key()
    return tmp_path


def graded(exercise, learner, **changes):
    submission = Submission.objects.claim(hand_in(exercise, learner).pk)
    tasks.record(submission, make_outcome(**changes))
    return submission.grade


@pytest.fixture
def grade(exercise, learner):
    return graded(exercise, learner)


def said(grade):
    return json.loads(Verdict.objects.get(grade=grade).record)


def test_every_grade_of_the_examiner_has_a_record_that_holds(grade, learner):
    assert verdicts.problem(grade) == ""
    record = said(grade)
    submission = grade.submission
    assert record["submission"] == str(submission.pk)
    assert record["submission_sha256"] == submission.sha256
    assert (record["exercise_slug"], record["version_number"]) == ("b-n1", 1)
    assert record["version_sha256"] == verdicts.version_digest(grade.version_id)
    assert record["environment"]["name"] == "python"
    assert len(record["environment"]["lock_sha256"]) == len(record["examiner"]) == 64
    assert (record["attempt"], record["learner"], record["basis"]) == (1, learner.pk, "examined")
    assert record["checks"] == [
        {"id": "t1", "points": 4.0, "max_points": 6.0, "passed": False, "outcome": "failed", "examined": "isolated"}
    ]
    assert record["isolated"] is True
    assert record["seed"] == seed_of(submission.pk)
    assert record["times"]["submitted_at"] <= record["times"]["started_at"] <= record["times"]["signed_at"]


def test_a_record_holds_no_hint_and_no_name_of_a_person(grade, learner):
    text = Verdict.objects.get(grade=grade).record
    assert "hint" not in text
    assert learner.given_name not in text
    assert learner.email not in text


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 6.0},
        {"max_score": 4.0},
        {"is_isolated": False},
        {"is_waiting": True},
        {"run_status": "CELL_ERROR"},
        {"round": 7},
        {"origin": "reviewed"},
        {"late_percent": 10},
        {"checks": []},
        {"found": [{"id": "t1", "points": 6.0, "max_points": 6.0}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_altered_row_no_longer_fits_its_record(grade, changes):
    Grade.objects.filter(pk=grade.pk).update(**changes)
    assert next(iter(changes)).replace("is_", "") in verdicts.problem(Grade.objects.get(pk=grade.pk))


def test_points_moved_within_a_check_are_seen(grade):
    checks = [dict(grade.checks[0], passed=True)]
    Grade.objects.filter(pk=grade.pk).update(checks=checks)
    assert "checks" in verdicts.problem(Grade.objects.get(pk=grade.pk))


def test_another_notebook_learner_or_exercise_under_the_grade_is_seen(grade, other_learner):
    submission = Submission.objects.filter(pk=grade.submission_id)
    before = submission.values("notebook", "learner_id", "exercise_id", "attempt").get()
    for changes in (
        {"notebook": b"other", "sha256": grade.submission.sha256},
        {"learner_id": other_learner.pk},
        {"exercise_id": make_exercise("b-n9").pk},
        {"attempt": 2},
    ):
        submission.update(**changes)
        assert verdicts.problem(Grade.objects.get(pk=grade.pk)), changes
        submission.update(**before)
        assert verdicts.problem(Grade.objects.get(pk=grade.pk)) == ""


def test_an_exercise_changed_under_its_version_is_seen(grade):
    version = ExerciseVersion.objects.filter(pk=grade.version_id)
    version.update(source=b"easier")  # its hash beside it stays as it was
    assert "version_sha256" in verdicts.problem(grade)
    version.update(source=b"{}")
    assert verdicts.problem(grade) == ""
    for is_hidden in (True, False):
        added = DataFile.objects.create(version=version.get(), name="a.csv", content=b"1", is_hidden=is_hidden)
        assert "version_sha256" in verdicts.problem(grade)
        added.delete()


def test_a_record_without_a_signature_with_a_foreign_one_or_of_another_grade_does_not_hold(
    grade, exercise, other_learner
):
    row = Verdict.objects.filter(grade=grade)
    other = graded(exercise, other_learner, score=6.0)
    theirs = Verdict.objects.get(grade=other)
    before = row.values("record", "signature", "key_id").get()
    for changes, sentence in (
        ({"signature": ""}, "signature"),
        ({"signature": "ก" * 20}, "signature"),
        ({"signature": theirs.signature}, "signature"),
        ({"record": before["record"].replace("4.0", "6.0")}, "signature"),
        ({"key_id": "verdicts-1999-01"}, "unknown key"),
        ({"record": theirs.record, "signature": theirs.signature}, "otherwise about"),
    ):
        row.update(**changes)
        assert sentence in verdicts.problem(grade)
        row.update(**before)
    row.delete()
    assert "no signed record" in verdicts.problem(Grade.objects.get(pk=grade.pk))


def test_a_key_put_into_the_database_or_made_elsewhere_signs_nothing_that_holds(grade, keys, tmp_path, settings):
    # The grade was signed by the key of all tests; this test's own programs know another one only.
    assert "unknown key" in verdicts.problem(grade)
    assert Verdict.objects.filter(grade=grade).delete()
    assert verdicts.sign(grade)
    assert verdicts.problem(Grade.objects.get(pk=grade.pk)) == ""


def test_records_signed_before_a_rotation_keep_holding(exercise, learner, keys):
    first = graded(exercise, learner)
    assert verdict_keys.make_key() is None
    new = verdict_keys.make_key(is_rotation=True)
    second = graded(exercise, learner)
    assert Verdict.objects.get(grade=second).key_id == new != Verdict.objects.get(grade=first).key_id
    assert verdicts.problem(first) == verdicts.problem(second) == ""


def test_without_a_key_a_grade_is_recorded_and_carries_nothing(exercise, learner, settings, caplog):
    settings.VERDICT_KEY_FILE = ""
    grade = graded(exercise, learner)
    assert grade.score == 4.0
    assert "no signed record" in verdicts.problem(grade)
    assert "verdict_not_signed" in caplog.text


def test_key_files_are_private_and_say_so_when_they_are_not(keys, settings):
    private, public = Path(settings.VERDICT_KEY_FILE), Path(settings.VERDICT_PUBLIC_KEYS_FILE)
    assert private.stat().st_mode & 0o777 == 0o600
    assert public.stat().st_mode & 0o777 == 0o644
    assert "secret" not in public.read_text()
    private.chmod(0o644)
    with pytest.raises(verdict_keys.VerdictKeyUnavailable, match="chmod 600"):
        verdict_keys.signer()
    public.chmod(0o666)
    with pytest.raises(verdict_keys.VerdictKeyUnavailable, match="chmod 644"):
        verdict_keys.public_keys()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": 1}', '{"keys": [{"key_id": "a"}]}', '{"keys": [1]}'])
def test_a_file_that_is_no_key_file_is_refused_with_its_name(keys, settings, content):
    for setting, ask in (
        ("VERDICT_KEY_FILE", verdict_keys.signer),
        ("VERDICT_PUBLIC_KEYS_FILE", verdict_keys.public_keys),
    ):
        path = Path(getattr(settings, setting))
        path.write_text(content)
        with pytest.raises(verdict_keys.VerdictKeyUnavailable, match="verdicts"):
            ask()


def test_the_command_makes_a_key_once_and_rotates_when_asked(tmp_path, settings):
    settings.VERDICT_KEY_FILE = str(tmp_path / "keys" / "v.json")
    settings.VERDICT_PUBLIC_KEYS_FILE = str(tmp_path / "keys" / "v.public.json")
    said = StringIO()
    for arguments in ([], [], ["--rotate"]):
        call_command("make_verdict_key", *arguments, stdout=said)
    first, second, third = said.getvalue().splitlines()
    assert "made" in first
    assert second == "there is a key already"
    assert "made" in third
    assert list(verdict_keys.public_keys()) == [first.split()[0], third.split()[0]]
    settings.VERDICT_KEY_FILE = ""
    with pytest.raises(CommandError, match="VERDICT_KEY_FILE"):
        call_command("make_verdict_key")


def verify(*arguments):
    out = StringIO()
    try:
        call_command("verify_grades", *arguments, stdout=out, stderr=StringIO())
    except SystemExit as ended:
        return ended.code, [json.loads(line) for line in out.getvalue().splitlines()]
    return 0, out.getvalue()


def test_the_command_lists_the_rows_whose_record_does_not_hold(grade, exercise, other_learner):
    other = graded(exercise, other_learner)
    assert verify() == (0, "")
    Grade.objects.filter(pk=other.pk).update(score=6.0)
    status, lines = verify("b-n1")
    assert status == 1
    assert [(line["submission"], line["score"]) for line in lines] == [(str(other.submission_id), 6.0)]
    assert "score" in lines[0]["problem"]
    with pytest.raises(CommandError, match="no exercise"):
        verify("b-n2")


def test_the_command_refuses_to_guess_without_public_keys(grade, keys, settings):
    shutil.move(settings.VERDICT_PUBLIC_KEYS_FILE, keys / "away")
    with pytest.raises(CommandError, match=r"verdicts\.public\.json"):
        verify()


# --- Rounds that people make -----------------------------------------------------------------------------------------


def judge(grade, points, reviewer):
    Judgement.objects.create(
        submission=grade.submission, check_id="t1", kind="override", points=points, reviewer=reviewer, reason="fair"
    )
    return grade.submission.add_reviewed(author=reviewer)


def test_a_reviewed_round_is_signed_by_the_worker_from_what_was_signed_before(grade, instructor):
    reviewed = judge(grade, 6.0, instructor)
    assert verdicts.problem(reviewed)
    assert verdicts.sign_reviewed() == 1
    assert verdicts.problem(Grade.objects.get(pk=reviewed.pk)) == ""
    record = said(reviewed)
    assert record["basis"] == "judgement"
    assert [(one["check"], one["points"], one["reviewer"]) for one in record["judgements"]] == [
        ("t1", 6.0, instructor.pk)
    ]
    assert verdicts.sign_reviewed() == 0


def test_a_reviewed_round_that_says_more_than_the_decisions_stays_unsigned(grade, instructor):
    reviewed = judge(grade, 5.0, instructor)
    Grade.objects.filter(pk=reviewed.pk).update(score=6.0)
    assert verdicts.sign_reviewed() == 0
    assert not Verdict.objects.filter(grade=reviewed).exists()


def test_a_reviewed_round_on_an_altered_one_stays_unsigned(grade, instructor):
    Grade.objects.filter(pk=grade.pk).update(max_score=1.0)
    judge(Grade.objects.get(pk=grade.pk), 5.0, instructor)
    assert verdicts.sign_reviewed() == 0


def test_the_sweep_signs_what_people_decided(grade, instructor):
    reviewed = judge(grade, 6.0, instructor)
    tasks.sweep()
    assert verdicts.problem(Grade.objects.get(pk=reviewed.pk)) == ""


def test_numbers_that_the_database_writes_otherwise_fit_all_the_same(grade):
    if connection.vendor == "sqlite":
        Grade.objects.filter(pk=grade.pk).update(checks=json.loads(json.dumps(grade.checks).replace("4.0", "4")))
    assert verdicts.problem(Grade.objects.get(pk=grade.pk)) == ""
