"""What a regrade means for credentials, its pages in the back office, and its command."""

from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.users.models import UserProfile

from grading import regrading, tasks
from grading.models import Regrade, RegradeItem
from lms.credentials import issuing
from lms.credentials.models import Credential
from lms.credentials.tasks import issue_due
from tests.conftest import make_person
from tests.credentials.conftest import give_grade
from tests.grading.submissions import make_outcome

pytestmark = pytest.mark.django_db


@pytest.fixture
def holder(achievement, exercises, learner):
    """Has the credential, by full marks in both exercises."""
    for exercise in exercises:
        give_grade(learner, exercise)
    issuing.issue(achievement, learner)
    return learner


@pytest.fixture
def candidate(achievement, exercises, other_learner):
    """Lacks a point in the second exercise."""
    give_grade(other_learner, exercises[0])
    give_grade(other_learner, exercises[1], 4.0)
    return other_learner


@pytest.fixture
def exercise(exercises):
    exercise = exercises[1]
    exercise.versions.create(number=2, source=b"{}", sha256="1" * 64, max_score=6)
    return exercise


@pytest.fixture
def examined(monkeypatch):
    """Scores by learner, instead of a real examination."""
    scores = {}
    monkeypatch.setattr(
        tasks, "run_grader", lambda submission, version=None: make_outcome(score=scores[submission.learner_id])
    )
    monkeypatch.setattr(tasks, "send", lambda *args, **options: True)
    return scores


@pytest.fixture
def swapped(examined, holder, candidate):
    """By the new version the holder has too little and the candidate enough."""
    examined |= {holder.pk: 1.0, candidate.pk: 5.0}
    return examined


def previewed(exercise, **options):
    regrade = regrading.start(exercise, **options)
    tasks.regrade(regrade.pk)
    regrade.refresh_from_db()
    assert regrade.status == "previewed"
    return regrade


# --- Credentials -----------------------------------------------------------------------------------------------------


def test_a_preview_names_who_gains_and_who_loses_and_the_credential(exercise, holder, candidate, swapped, achievement):
    regrade = previewed(exercise)
    assert regrade.passes == {
        "gained": [{"learner": candidate.pk, "achievement": achievement.pk}],
        "lost": [
            {
                "learner": holder.pk,
                "achievement": achievement.pk,
                "credential": str(Credential.objects.get().pk),
            }
        ],
    }


def test_gains_are_issued_after_it_is_applied_and_losses_revoke_nothing(exercise, holder, candidate, swapped):
    regrade = previewed(exercise)
    assert issue_due() == 0
    regrading.apply(regrade)
    tasks.regrade(regrade.pk)
    assert issue_due() == 1
    assert {one.learner: one.state for one in Credential.objects.all()} == {holder: "valid", candidate: "valid"}


def test_taking_it_back_revokes_nothing_either(exercise, holder, candidate, swapped):
    regrade = previewed(exercise)
    regrading.apply(regrade)
    tasks.regrade(regrade.pk)
    issue_due()
    regrade.refresh_from_db()
    regrading.undo(regrade)
    tasks.regrade(regrade.pk)
    assert issue_due() == 0
    assert set(Credential.objects.values_list("revoked_at", flat=True)) == {None}


def test_a_better_attempt_that_stays_keeps_the_pass(exercise, holder, candidate, examined):
    give_grade(holder, exercise, 6.0)
    examined |= {holder.pk: 1.0, candidate.pk: 1.0}
    first = holder.submissions.filter(exercise=exercise).order_by("attempt").first()
    regrade = regrading.start(exercise)
    regrade.items.exclude(submission=first).exclude(submission__learner=candidate).delete()
    tasks.regrade(regrade.pk)
    regrade.refresh_from_db()
    assert regrade.passes == {"gained": [], "lost": []}


def test_an_exercise_that_the_rule_can_do_without_decides_nothing(exercise, holder, candidate, swapped, achievement):
    achievement.exercises_needed = 1
    achievement.save()
    assert previewed(exercise).passes == {"gained": [], "lost": []}


def test_one_that_the_rule_cannot_do_without_decides(exercise, exercises, holder, candidate, swapped, achievement):
    achievement.exercises_needed = 1
    achievement.save()
    candidate.submissions.filter(exercise=exercises[0]).delete()
    passes = previewed(exercise).passes
    assert passes["gained"] == [{"learner": candidate.pk, "achievement": achievement.pk}]
    assert passes["lost"] == []


# --- Pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def author(client, instructor):
    client.force_login(instructor)
    return client


def start(client, exercise, **fields):
    return client.post(reverse("regrades", args=[exercise.pk]), {"reason": "แก้ข้อ 2"} | fields)


def decide(client, regrade, decision):
    return client.post(reverse("regrade_decide", args=[regrade.pk]), {"decision": decision}, follow=True)


def run(regrade):
    tasks.regrade(regrade.pk)
    regrade.refresh_from_db()


def test_an_instructor_previews_applies_and_takes_back_in_the_browser(
    author, exercise, holder, candidate, swapped, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        response = start(author, exercise)
    regrade = Regrade.objects.get()
    assert response.url == reverse("regrade", args=[regrade.pk])
    assert "กำลังเตรียมตัวอย่างผล" in author.get(response.url).text
    run(regrade)
    page = author.get(response.url).text
    assert "6 / 6" in page
    assert "+1" in page
    assert Credential.objects.get().number in page
    assert "ผู้ที่ไม่ผ่านอีกต่อไป: 1" in page
    assert "ผู้ที่ผ่านเพิ่มขึ้น: 1" in page
    decide(author, regrade, "apply")
    run(regrade)
    assert regrade.status == "applied"
    decide(author, regrade, "undo")
    run(regrade)
    assert regrade.status == "undone"
    assert "ย้อนกลับแล้ว" in author.get(reverse("regrades", args=[exercise.pk])).text


def test_the_part_that_moves_asks_for_the_page_when_it_is_done(author, exercise, holder, candidate, swapped):
    start(author, exercise)
    regrade = Regrade.objects.get()
    address = reverse("regrade_state", args=[regrade.pk])
    assert "hx-get" in author.get(address).text
    run(regrade)
    response = author.get(address)
    assert response["HX-Refresh"] == "true"
    assert "hx-get" not in response.text


@pytest.mark.parametrize(
    "fields", [{"reason": ""}, {"reason": " "}, {"reason": "ก" * 501}], ids=["none", "blank", "huge"]
)
def test_a_regrade_needs_a_reason(author, exercise, holder, fields):
    assert start(author, exercise, **fields).status_code == 422
    assert not Regrade.objects.exists()


def test_nothing_to_do_and_a_second_one_are_refused_in_words(author, exercise, holder, candidate, swapped):
    start(author, exercise)
    assert "ยังไม่เสร็จ" in start(author, exercise).text
    regrading.cancel(Regrade.objects.get())
    regrade = previewed(exercise)
    regrading.apply(regrade)
    run(regrade)
    response = start(author, exercise)
    assert response.status_code == 422
    assert "ไม่มีงานที่ต้องตรวจใหม่" in response.text


@pytest.mark.parametrize("decision", ["undo", "nonsense", "", "apply\0"])
def test_a_decision_that_does_not_fit_changes_nothing(author, exercise, holder, candidate, swapped, decision):
    regrade = previewed(exercise)
    assert "เปลี่ยนไปแล้ว" in decide(author, regrade, decision).text
    assert Regrade.objects.get().status == "previewed"


def test_what_learners_wrote_cannot_break_the_list(author, exercise, holder, candidate, swapped):
    regrade = previewed(exercise, reason="<script>alert(1)</script>")
    RegradeItem.objects.update(status="refused", message={"th": "<b>x</b>", "en": "<b>x</b>"})
    page = author.get(reverse("regrade", args=[regrade.pk]), {"show": "refused"}).text
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    for odd in ("", "x" * 5000, "changed'--"):
        assert author.get(reverse("regrade", args=[regrade.pk]), {"show": odd, "p": odd}).status_code == 200


def test_the_list_costs_the_same_for_1_and_30(author, exercise, holder, candidate, swapped, django_assert_num_queries):
    regrade = previewed(exercise)
    address = reverse("regrade", args=[regrade.pk])
    author.get(address)
    with CaptureQueriesContext(connection) as one:
        author.get(address)
    before = regrade.items.first().before
    for number in range(30):
        other = give_grade(make_person(f"p{number}@example.go.th", "ก"), exercise, 1.0)
        RegradeItem.objects.create(
            regrade=regrade,
            submission=other.submission,
            before=before,
            status="examined",
            score_after=3.0,
            max_after=6.0,
        )
    with django_assert_num_queries(len(one)):
        assert author.get(address).text.count("<tr>") > 30


def test_only_those_who_may_change_exercises_and_submissions_come_near(
    client, exercise, holder, candidate, swapped, instructor, hr_officer
):
    regrade = previewed(exercise)
    addresses = [
        reverse("regrades", args=[exercise.pk]),
        reverse("regrade", args=[regrade.pk]),
        reverse("regrade_state", args=[regrade.pk]),
    ]
    reviewer, operator = make_person("rev@example.go.th", "อรุณี"), make_person("op@example.go.th", "ปริญญ์")
    reviewer.groups.add(Group.objects.get(name="Reviewers"))
    operator.groups.add(Group.objects.get(name="Operators"))
    for person in (instructor, operator):
        client.force_login(person)
        assert {client.get(address).status_code for address in addresses} == {200}
    for person in (holder, candidate, reviewer, hr_officer, None):
        client.force_login(person) if person else client.logout()
        assert {client.get(address).status_code for address in addresses} <= {302, 403}
        answer = client.post(reverse("regrade_decide", args=[regrade.pk]), {"decision": "apply"})
        assert answer.status_code in (302, 403)
        assert start(client, exercise).status_code in (302, 403)
    assert Regrade.objects.get().status == "previewed"


def test_the_pages_are_in_english_too(author, instructor, exercise, holder, candidate, swapped):
    UserProfile.objects.update_or_create(user=instructor, defaults={"preferred_language": "en"})
    regrade = previewed(exercise)
    assert "Passes lost: 1" in author.get(reverse("regrade", args=[regrade.pk])).text
    assert "Begin a preview" in author.get(reverse("regrades", args=[exercise.pk])).text


# --- The command -----------------------------------------------------------------------------------------------------


def command(*arguments):
    out = StringIO()
    call_command("regrade", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_command_previews_applies_and_takes_back(exercise, holder, candidate, swapped, achievement):
    said = command("b2", "--reason", "corrected")
    assert f"\t{holder}\t1\t6/6\t1/6" in said
    assert f"pass lost\t{holder}\t{achievement.slug}\t{Credential.objects.get().number}" in said
    assert f"pass gained\t{candidate}\t{achievement.slug}" in said
    assert "Nothing counts yet" in said
    assert Regrade.objects.get().status == "previewed"
    assert "applied" in command("b2", "--apply")
    assert [s.grade.score for s in holder.submissions.filter(exercise=exercise)] == [1.0]
    with pytest.raises(CommandError, match="nothing to grade again"):
        command("b2", "--apply")
    assert "undone" in command("b2", "--undo")
    assert [s.grade.score for s in holder.submissions.filter(exercise=exercise)] == [6.0]


def test_the_command_gives_a_preview_up(exercise, holder, candidate, swapped):
    command("b2")
    assert "given up" in command("b2", "--cancel")
    with pytest.raises(CommandError, match="no regrade"):
        command("b2", "--cancel")
    with pytest.raises(CommandError, match="no regrade"):
        command("b2", "--undo")


def test_the_command_says_when_there_is_no_such_exercise(db):
    with pytest.raises(CommandError, match="no exercise"):
        command("b77")


def test_a_learner_reads_why_the_work_was_graded_again(client, exercise, holder, candidate, swapped):
    regrade = previewed(exercise, reason="แก้ข้อ 2 <b>")
    regrading.apply(regrade)
    run(regrade)
    client.force_login(holder)
    page = client.get(reverse("courses:submission", args=[holder.submissions.get(exercise=exercise).pk])).text
    assert "ได้รับการตรวจใหม่แล้ว" in page
    assert "แก้ข้อ 2 &lt;b&gt;" in page
