"""The pages on which people decide about credentials: who may, what happens, what is refused."""

from io import StringIO

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.users.models import UserProfile

from lms.accounts.roles import INSTRUCTORS, OPERATORS, REVIEWERS, ensure_roles
from lms.credentials import awarding, issuing, tasks, verifying
from lms.credentials.models import AuditEntry, Award, Credential, Issuer, IssuerKey, KeyEvent, Replacement
from tests.conftest import make_person
from tests.credentials.conftest import give_grade, make_achievement

pytestmark = pytest.mark.django_db


def staff(email, group):
    ensure_roles()
    person = make_person(email, "เจ้าหน้าที่")
    person.groups.add(Group.objects.get(name=group))
    UserProfile.objects.create(user=person, preferred_language="th")
    return person


@pytest.fixture
def operator(db):
    return staff("op@example.go.th", OPERATORS)


@pytest.fixture
def second_operator(db):
    return staff("op2@example.go.th", OPERATORS)


@pytest.fixture
def teacher(db):
    return staff("teacher@example.go.th", INSTRUCTORS)


@pytest.fixture
def at_desk(client, operator):
    client.force_login(operator)
    return client


@pytest.fixture
def hints(monkeypatch, django_capture_on_commit_callbacks):
    """What the signing worker is told, instead of telling it."""
    told = []
    monkeypatch.setattr("lms.credentials.desk.current_app.send_task", lambda name, args, **_: told.append(name))
    return told


def desk(credential):
    return reverse("credential_desk", args=[credential.pk])


def withdraw(client, credential, **changes):
    data = {"action": "withdraw", "withdraw-reason": "rule_broken", "withdraw-is_sure": "on"} | changes
    return client.post(desk(credential), data)


def replace(client, credential, reason):
    return client.post(desk(credential), {"action": "replace", "replace-reason": reason})


# --- One credential ---------------------------------------------------------------------------------------------------


def test_an_operator_withdraws_with_a_reason_and_everybody_sees_it(at_desk, operator, credential):
    assert withdraw(at_desk, credential).status_code == 302
    assert verifying.verify_number(credential.number).verdict == "revoked"
    entry = AuditEntry.objects.get(action="revoked")
    assert (entry.actor, entry.reason) == (operator, "rule_broken")
    page = at_desk.get(desk(credential)).content.decode()
    assert "ถูกเพิกถอน" in page or "เพิกถอนเมื่อ" in page
    assert 'name="action"' not in page
    # Twice at once: the second one is told, and the first reason stays.
    assert withdraw(at_desk, credential, **{"withdraw-reason": "on_request"}).status_code == 302
    assert Credential.objects.get(pk=credential.pk).revocation_reason == "rule_broken"


@pytest.mark.parametrize(
    "changes",
    [
        {"withdraw-is_sure": ""},
        {"withdraw-reason": ""},
        {"withdraw-reason": "key_event"},
        {"withdraw-reason": "<script>"},
        {"action": "explode"},
        {"action": ""},
    ],
)
def test_without_a_reason_and_a_confirmation_nothing_is_withdrawn(at_desk, credential, changes):
    assert withdraw(at_desk, credential, **changes).status_code == 422
    assert Credential.objects.filter(revoked_at=None).count() == 1


def test_another_name_leads_to_another_credential(at_desk, operator, credential, learner):
    refused = replace(at_desk, credential, "name_changed")
    assert refused.status_code == 422
    assert "ชื่อในบัญชียังเหมือน" in refused.content.decode()
    learner.family_name = "สุขใหม่"
    learner.save()
    page = at_desk.get(desk(credential)).content.decode()
    assert learner.get_full_name() in page
    assert credential.holder_name in page
    assert replace(at_desk, credential, "name_changed").status_code == 302
    assert "ยังไม่ได้ออก" in at_desk.get(desk(credential)).content.decode()
    assert Replacement.objects.get().ordered_by == operator
    assert tasks.issue_due() == 1
    new = Credential.objects.get(revoked_at=None)
    assert "สุขใหม่" in new.holder_name
    assert verifying.verify_number(credential.number).verdict == "superseded"
    assert new.number in at_desk.get(desk(credential)).content.decode()
    assert credential.number in at_desk.get(desk(new)).content.decode()


def test_what_was_withdrawn_for_good_is_not_replaced(at_desk, credential):
    withdraw(at_desk, credential)
    assert replace(at_desk, credential, "corrected").status_code == 302
    assert not Replacement.objects.exists()


def test_why_an_order_came_to_nothing_is_said(at_desk, credential):
    replace(at_desk, credential, "corrected")
    credential.grades.first().submission.grades.update(score=0)
    tasks.issue_due()
    assert "NotMet" in at_desk.get(desk(credential)).content.decode()


@pytest.mark.parametrize("role", ["learner", "other_learner", "hr_officer", "teacher", "reviewer", "stranger"])
def test_nobody_else_withdraws_or_replaces(client, credential, role, request):
    if role == "reviewer":
        client.force_login(staff("rev@example.go.th", REVIEWERS))
    elif role != "stranger":
        client.force_login(request.getfixturevalue(role))
    for response in (
        client.get(desk(credential)),
        withdraw(client, credential),
        replace(client, credential, "corrected"),
    ):
        assert response.status_code in {302, 403}
    assert Credential.objects.filter(revoked_at=None).count() == 1
    assert not Replacement.objects.exists()


def test_the_list_and_the_page_of_one_lead_to_it(at_desk, credential):
    for view, args in (("list", []), ("inspect", [credential.pk])):
        page = at_desk.get(reverse(f"wagtailsnippets_credentials_credential:{view}", args=args)).content.decode()
        assert desk(credential) in page


# --- Awards -----------------------------------------------------------------------------------------------------------


def propose(client, achievement, email, grounds="นำเสนอผลงานต่อคณะกรรมการ"):
    data = {"achievement": achievement.pk, "email": email, "grounds": grounds}
    return client.post(reverse("awards"), data)


def test_one_proposes_another_approves_and_the_credential_is_issued(
    client, achievement, learner, teacher, operator, django_capture_on_commit_callbacks, hints
):
    client.force_login(teacher)
    with django_capture_on_commit_callbacks(execute=True):
        assert propose(client, achievement, learner.email.upper()).status_code == 302
    award = Award.objects.get()
    assert [message.to for message in mail.outbox] == [[operator.email]]
    address = reverse("award", args=[award.uid])
    assert address in mail.outbox[0].body
    assert award.grounds not in mail.outbox[0].body
    assert 'name="decision"' not in client.get(address).content.decode()
    client.post(address, {"decision": "approve"})
    assert Award.objects.get().decision == ""
    client.force_login(operator)
    assert award.grounds in client.get(address).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(address, {"decision": "approve"}).status_code == 302
    assert mail.outbox[1].to == [teacher.email]
    assert hints == ["lms.credentials.tasks.issue_due"]
    assert tasks.issue_due() == 1
    assert Credential.objects.get().number in client.get(address).content.decode()


def test_an_operator_does_not_decide_on_their_own_proposal(at_desk, achievement, learner, second_operator):
    propose(at_desk, achievement, learner.email)
    address = reverse("award", args=[Award.objects.get().uid])
    assert 'name="decision"' not in at_desk.get(address).content.decode()
    at_desk.post(address, {"decision": "approve"})
    assert Award.objects.get().decision == ""
    at_desk.force_login(second_operator)
    at_desk.post(address, {"decision": "refuse"})
    assert Award.objects.get().decision == "refused"
    # Too late.
    page = at_desk.post(address, {"decision": "approve"}, follow=True)
    assert "ไปก่อนแล้ว" in page.content.decode()
    assert tasks.issue_due() == 0


@pytest.mark.parametrize(
    ("email", "grounds"),
    [
        ("nobody@example.go.th", "ก"),
        ("not an address", "ก"),
        ("", "ก"),
        ("op@example.go.th", "ก"),
        ("learner", "  "),
        ("learner", "ก" * 2001),
    ],
)
def test_a_proposal_that_makes_no_sense_is_refused_with_the_reason(at_desk, achievement, learner, email, grounds):
    response = propose(at_desk, achievement, learner.email if email == "learner" else email, grounds)
    assert response.status_code == 422
    assert "field-error" in response.content.decode() or "help-critical" in response.content.decode()
    assert not Award.objects.exists()


def test_what_is_held_or_proposed_already_is_said(at_desk, credential, learner, other_learner):
    assert "มีวุฒิบัตรนี้อยู่แล้ว" in propose(at_desk, credential.achievement, learner.email).content.decode()
    assert propose(at_desk, credential.achievement, other_learner.email).status_code == 302
    assert "รอพิจารณาอยู่แล้ว" in propose(at_desk, credential.achievement, other_learner.email).content.decode()


def test_an_instructor_sees_their_own_proposals_only(client, achievement, learner, teacher, operator):
    award = awarding.propose(achievement, learner, grounds="ลับ", by=operator)
    client.force_login(teacher)
    assert learner.get_full_name() not in client.get(reverse("awards")).content.decode()
    assert client.get(reverse("award", args=[award.uid])).status_code == 404


@pytest.mark.parametrize("role", ["learner", "hr_officer", "reviewer", "stranger"])
def test_awards_are_closed_to_other_roles(client, achievement, learner, operator, role, request):
    award = awarding.propose(achievement, learner, grounds="ก", by=operator)
    if role == "reviewer":
        client.force_login(staff("rev@example.go.th", REVIEWERS))
    elif role != "stranger":
        client.force_login(request.getfixturevalue(role))
    assert propose(client, achievement, learner.email).status_code in {302, 403}
    address = reverse("award", args=[award.uid])
    for response in (client.get(reverse("awards")), client.get(address), client.post(address, {"decision": "approve"})):
        assert response.status_code in {302, 403, 404}
    assert Award.objects.get().decision == ""


def test_the_list_of_awards_asks_as_often_for_thirty_as_for_one(at_desk, achievement, second_operator):
    def count():
        at_desk.get(reverse("awards"))
        with CaptureQueriesContext(connection) as queries:
            at_desk.get(reverse("awards"))
        return len(queries)

    def award(number):
        person = make_person(f"p{number}@example.go.th", "ทดสอบ")
        awarding.propose(achievement, person, grounds="ก", by=second_operator)

    award(0)
    few = count()
    for number in range(1, 30):
        award(number)
    assert count() == few


# --- Keys -------------------------------------------------------------------------------------------------------------


def key_page(key):
    return reverse("issuer_key", args=[key.pk])


def test_a_key_is_withdrawn_and_everything_it_signed_issued_again_with_progress(
    at_desk, operator, credential, issuer, exercises, other_learner, hints, django_capture_on_commit_callbacks
):
    for exercise in exercises:
        give_grade(other_learner, exercise)
    issuing.issue(credential.achievement, other_learner)
    key = issuer.keys.get()
    page = at_desk.get(key_page(key)).content.decode()
    assert "<strong>2</strong>" in page
    with django_capture_on_commit_callbacks(execute=True):
        assert at_desk.post(key_page(key), {"key_id": key.key_id}).status_code == 302
    assert hints == ["lms.credentials.tasks.after_key_event"]
    key.refresh_from_db()
    assert key.compromised_at
    assert KeyEvent.objects.get(action="compromised").actor == operator
    page = at_desk.get(key_page(key)).content.decode()
    assert "hx-get" in page
    assert "0 จาก 2" in page
    assert "HX-Refresh" not in at_desk.get(reverse("issuer_key_state", args=[key.pk]))
    # Until it is done nobody is told that anything signed by it is valid.
    assert verifying.verify_number(credential.number).verdict == "revoked"
    assert tasks.after_key_event(key.pk) == 2
    state = at_desk.get(reverse("issuer_key_state", args=[key.pk]))
    assert state["HX-Refresh"] == "true"
    assert "2 จาก 2" in state.content.decode()
    assert verifying.verify_number(credential.number).verdict == "superseded"
    assert Credential.objects.filter(revoked_at=None).exclude(key=key).count() == 2


def test_a_lost_message_is_made_good_by_the_next_round(at_desk, credential, issuer):
    key = issuer.keys.get()
    at_desk.post(key_page(key), {"key_id": key.key_id})
    assert tasks.issue_due() == 1
    assert issuer.active_keys.get() != key
    assert Credential.objects.get(revoked_at=None).key == issuer.active_keys.get()


def test_what_cannot_be_issued_again_is_listed_with_its_reason(at_desk, credential, issuer):
    key = issuer.keys.get()
    Credential.objects.filter(pk=credential.pk).update(document=credential.document.replace("15", "16"))
    at_desk.post(key_page(key), {"key_id": key.key_id})
    tasks.after_key_event(key.pk)
    page = at_desk.get(key_page(key)).content.decode()
    assert credential.number in page
    assert "not the one that was issued" in page


@pytest.mark.parametrize("typed", ["", "key", "KEY-2026-01", "x" * 100])
def test_a_key_is_not_withdrawn_by_a_slip(at_desk, credential, issuer, typed):
    assert at_desk.post(key_page(issuer.keys.get()), {"key_id": typed}).status_code == 422
    assert not IssuerKey.objects.exclude(compromised_at=None).exists()


@pytest.mark.parametrize("role", ["learner", "hr_officer", "teacher", "reviewer", "stranger"])
def test_keys_are_closed_to_other_roles(client, credential, issuer, role, request):
    key = issuer.keys.get()
    if role == "reviewer":
        client.force_login(staff("rev@example.go.th", REVIEWERS))
    elif role != "stranger":
        client.force_login(request.getfixturevalue(role))
    state = reverse("issuer_key_state", args=[key.pk])
    for response in (
        client.get(reverse("issuer_keys")),
        client.get(key_page(key)),
        client.get(state),
        client.post(key_page(key), {"key_id": key.key_id}),
    ):
        assert response.status_code in {302, 403}
    assert not IssuerKey.objects.exclude(compromised_at=None).exists()


def test_the_list_of_keys_says_what_each_has_signed_and_asks_no_more_for_more(at_desk, credential, issuer, exercises):
    def count():
        with CaptureQueriesContext(connection) as queries:
            page = at_desk.get(reverse("issuer_keys"))
        return len(queries), page.content.decode()

    count()
    few, page = count()
    assert issuer.keys.get().key_id in page
    assert "<td>1</td>" in page
    for number in range(20):
        issuer.keys.create(key_id=f"key-2030-{number:02}", public_multikey=f"z6Mk{number}")
    many, _ = count()
    assert many == few


def test_an_achievement_of_another_issuer_is_not_touched(
    at_desk, credential, issuer, exercises, other_learner, key_file
):

    call_command("make_issuer_key", "--issuer", "second", "--name-th", "ข", "--name-en", "B", stdout=StringIO())
    second = make_achievement(Issuer.objects.get(slug="second"), exercises[:1], slug="second")
    give_grade(other_learner, exercises[0])
    other = issuing.issue(second, other_learner)
    key = issuer.keys.get()
    at_desk.post(key_page(key), {"key_id": key.key_id})
    tasks.after_key_event(key.pk)
    assert verifying.verify_number(other.number).verdict == "valid"
