"""Rules that some of the exercises meet, and credentials that are stacked on others: who is due, and on what."""

import json
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from grading.models import Exercise
from lms.credentials import awarding, custody, grounds, issuing, keys, proofs, revoking, tasks
from lms.credentials.goals import goals_of
from lms.credentials.models import (
    Achievement,
    AuditEntry,
    Credential,
    CredentialRequirement,
    IssuerKey,
    StatusEntry,
    Subject,
)
from tests.credentials.conftest import give_grade, make_achievement, make_exercise


@pytest.fixture
def three(issuer):
    return [make_exercise(f"n{number}") for number in (1, 2, 3)]


@pytest.fixture
def two_of_three(issuer, three):
    return make_achievement(issuer, three, slug="analyst", exercises_needed=2)


def evidence_of(credential):
    return [item for item in credential.parsed()["evidence"] if "genre" not in item]


# --- Some of the exercises --------------------------------------------------------------------------------------------


def test_as_many_as_the_rule_asks_for_are_enough(two_of_three, three, learner):
    give_grade(learner, three[0])
    assert tasks.issue_for_learner(learner.pk) == 0
    give_grade(learner, three[0])  # the same one twice is one
    give_grade(learner, three[1], 4.0)  # and one that is not passed is none
    assert tasks.issue_for_learner(learner.pk) == 0
    give_grade(learner, three[2], 4.8)
    assert tasks.issue_due() == 1
    credential = Credential.objects.get()
    assert [one.submission.exercise for one in credential.grades.order_by("pk")] == [three[0], three[2]]
    assert len(evidence_of(credential)) == 2
    assert credential.parsed()["credentialSubject"]["result"][0]["value"] == "90"


def test_it_rests_on_all_that_were_passed(two_of_three, three, learner):
    for exercise in three:
        give_grade(learner, exercise)
    assert tasks.issue_for_learner(learner.pk) == 1
    assert len(evidence_of(Credential.objects.get())) == 3


@pytest.mark.parametrize("needed", [4, 32767])
def test_a_rule_that_asks_for_more_than_there_is_is_met_by_nobody(two_of_three, three, learner, needed):
    Achievement.objects.update(exercises_needed=needed)
    for exercise in three:
        give_grade(learner, exercise)
    assert tasks.issue_for_learner(learner.pk) == tasks.issue_due() == 0
    with pytest.raises(grounds.NotMet):
        issuing.issue(Achievement.objects.get(), learner)


def test_a_forged_grade_counts_for_nothing_and_is_reported(two_of_three, three, learner, caplog):
    give_grade(learner, three[0])
    forged = give_grade(learner, three[1], 1.0)
    type(forged).objects.filter(pk=forged.pk).update(score=6.0)
    assert tasks.issue_for_learner(learner.pk) == 0
    assert "credential_withheld" in caplog.text
    caplog.clear()
    give_grade(learner, three[2])
    assert tasks.issue_for_learner(learner.pk) == 1
    assert forged not in Credential.objects.get().grades.all()
    assert f"grade {forged.pk}" in caplog.text


def test_the_checklist_counts_no_more_than_is_needed(two_of_three, three, learner):
    def goal():
        (found,) = goals_of(learner, [three[0].pk])
        return found

    give_grade(learner, three[0])
    assert (goal().met, goal().total, goal().state, goal().leaves_a_choice) == (1, 2, "open", True)
    give_grade(learner, three[1])
    give_grade(learner, three[2])
    assert (goal().met, goal().total, goal().state) == (2, 2, "due")
    Achievement.objects.update(exercises_needed=4)
    assert goal().state == "open"


# --- Stacked ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def second(issuer):
    """Another achievement, with the exercise it asks for."""
    exercise = make_exercise("n4")
    return make_achievement(issuer, [exercise], slug="second"), exercise


@pytest.fixture
def stack(issuer, achievement, second):
    made = make_achievement(issuer, [], slug="a-stack", name_th="วุฒิบัตรรวม", hours="30")
    for part in (achievement, second[0]):
        CredentialRequirement.objects.create(achievement=made, part=part)
    return made


@pytest.fixture
def both(stack, second, credential, learner):
    """The learner holds both parts; the second was issued by itself."""
    give_grade(learner, second[1])
    (last,) = [one for one in issuing.due_for(learner) if one == second[0]]
    return credential, issuing.issue(last, learner)


def test_the_last_part_brings_the_stacked_one_with_it(stack, second, credential, learner, other_learner):
    assert tasks.issue_due() == 0
    give_grade(learner, second[1])
    assert tasks.issue_for_learner(learner.pk) == 2
    made = Credential.objects.get(achievement=stack)
    parts = Credential.objects.exclude(achievement=stack)
    assert set(made.parts.all()) == set(parts)
    told = {(item["id"], item["description"]) for item in evidence_of(made)}
    assert told == {(f"urn:uuid:{part.pk}", f"SHA-256 {part.sha256}") for part in parts}
    assert all(part.number in str(evidence_of(made)) for part in parts)
    assert [one["value"] for one in made.parsed()["credentialSubject"]["result"]] == ["30"]
    assert proofs.has_valid_proof(made.parsed(), made.key.public_multikey)
    assert tasks.issue_due() == 0


@pytest.mark.parametrize("change", [{"revoked_at": timezone.now}, {"valid_until": timezone.now}])
def test_a_part_that_is_not_in_force_is_none(stack, both, learner, change):
    Credential.objects.filter(pk=both[1].pk).update(**{name: now() for name, now in change.items()})
    assert stack not in issuing.due_for(learner)
    with pytest.raises(grounds.NotMet):
        issuing.issue(stack, learner)


def test_a_part_that_expires_later_is_one(stack, both, learner):
    Credential.objects.filter(pk=both[1].pk).update(valid_until=timezone.now() + timedelta(days=1))
    assert issuing.due_for(learner) == [stack]


def test_a_part_signed_by_a_key_that_was_withdrawn_is_none(stack, both, learner):
    assert issuing.due_for(learner) == [stack]
    IssuerKey.objects.update(compromised_at=timezone.now())
    assert issuing.due_for(learner) == []


def test_a_part_that_is_withdrawn_while_it_is_being_signed_stops_it(stack, both, learner, monkeypatch):
    real = issuing.make

    def slowly(*arguments, **more):
        made = real(*arguments, **more)
        revoking.revoke(both[0], reason="rule_broken")
        return made

    monkeypatch.setattr(issuing, "make", slowly)
    with pytest.raises(grounds.NotMet):
        issuing.issue(stack, learner)
    assert not Credential.objects.filter(achievement=stack).exists()
    assert not StatusEntry.objects.filter(credential=None).exists()


def test_a_rule_that_was_changed_meanwhile_is_read_as_it_is_now(two_of_three, three, learner):
    stale = Achievement.objects.get(pk=two_of_three.pk)
    Achievement.objects.filter(pk=two_of_three.pk).update(exercises_needed=3)
    for exercise in three[:2]:
        give_grade(learner, exercise)
    with pytest.raises(grounds.NotMet):
        issuing.issue(stale, learner)


def audited(credential):
    """As somebody would leave it who can write the database, and holds no key."""
    AuditEntry.objects.filter(credential_id=credential.pk).update(document_sha256=credential.sha256)


def forge_signature(part, other_learner):
    document = part.parsed()
    document["proof"][0]["proofValue"] = "z" + "2" * (len(document["proof"][0]["proofValue"]) - 1)
    part.document = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    part.save()
    audited(part)


def forge_words(part, other_learner):
    part.document = part.document.replace('"15"', '"99"')
    part.save()
    audited(part)


def forge_achievement(part, other_learner):
    """The credential of one achievement in the place of another's."""
    given = part.parsed()["credentialSubject"]["achievement"]["id"].removeprefix("urn:uuid:")
    Achievement.objects.filter(uid=given).update(uid=uuid.uuid4())


def forge_validity(part, other_learner):
    Credential.objects.filter(pk=part.pk).update(valid_until=timezone.now() + timedelta(days=9))


def forge_grades(part, other_learner):
    type(part.grades.get()).objects.filter(pk__in=part.grades.all()).update(score=5.5)


def forge_nothing_below(part, other_learner):
    part.grades.clear()


def forge_trail(part, other_learner):
    """Withdrawn, and put back by hand."""
    revoking.revoke(part, reason="rule_broken")
    Credential.objects.filter(pk=part.pk).update(revoked_at=None, revocation_reason="")


def forge_no_trail(part, other_learner):
    AuditEntry.objects.filter(credential_id=part.pk).delete()


FORGERIES = [one for name, one in list(globals().items()) if name.startswith("forge_")]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_part_that_is_not_what_was_issued_withholds_it(stack, both, learner, other_learner, caplog, forge):
    forge(both[1], other_learner)
    assert issuing.due_for(learner) == [stack]
    assert tasks.issue_for_learner(learner.pk) == 0
    assert "credential_withheld" in caplog.text


def test_somebody_elses_parts_are_nobodys(stack, both, learner, other_learner, caplog):
    Credential.objects.update(learner=other_learner)
    assert issuing.due_for(other_learner) == [stack]
    assert tasks.issue_for_learner(other_learner.pk) == 0
    assert "the document is somebody else's" in caplog.text
    # Not even with the name by which the issuer knows the other one: the grades are signed for the learner.
    Subject.objects.update(learner=other_learner)
    assert tasks.issue_for_learner(other_learner.pk) == 0
    assert "is somebody else's" in caplog.text.replace("the document is", "")


def test_a_part_that_two_people_awarded_counts(stack, second, credential, learner, instructor, hr_officer):
    award = awarding.propose(second[0], learner, grounds="ก", by=instructor)
    awarding.decide(award, by=hr_officer, is_approved=True)
    assert tasks.issue_due() == 1
    assert tasks.issue_due() == 1
    assert Credential.objects.filter(achievement=stack).exists()


def test_another_one_in_its_place_rests_on_the_same(stack, both, learner):
    tasks.issue_for_learner(learner.pk)
    learner.family_name = "สุขใจ"
    learner.save()
    old = Credential.objects.get(achievement=stack)
    revoking.order(old, reason="name_changed")
    assert tasks.issue_due() == 1
    new = Credential.objects.get(achievement=stack, revoked_at=None)
    assert new.holder_name.endswith("สุขใจ")
    assert set(new.parts.all()) == set(both)
    assert evidence_of(new) == evidence_of(old)


def test_a_corrected_one_rests_on_what_is_in_force_now(stack, both, learner):
    tasks.issue_for_learner(learner.pk)
    revoking.order(both[0], reason="corrected")
    tasks.issue_due()
    old = Credential.objects.get(achievement=stack)
    revoking.order(old, reason="corrected")
    tasks.issue_due()
    new = Credential.objects.get(achievement=stack, revoked_at=None)
    assert set(new.parts.all()) == set(Credential.objects.filter(revoked_at=None).exclude(pk=new.pk))
    assert both[0] not in new.parts.all()


def test_a_correction_keeps_a_part_that_has_lapsed_since(stack, both, learner):
    tasks.issue_for_learner(learner.pk)
    revoking.revoke(both[0], reason="on_request")
    old = Credential.objects.get(achievement=stack)
    revoking.order(old, reason="corrected")
    assert tasks.issue_due() == 1
    assert set(Credential.objects.get(achievement=stack, revoked_at=None).parts.all()) == set(both)


def test_after_a_key_event_it_comes_back_with_its_parts(stack, both, learner, issuer):
    tasks.issue_for_learner(learner.pk)
    key = IssuerKey.objects.get()
    keys.compromise(key, custody.custody(), say=print)
    again = Credential.objects.filter(revoked_at=None)
    assert {one.achievement for one in again} == {stack, *(part.achievement for part in both)}
    assert not again.filter(key=key).exists()


def test_the_checklist_lists_it_last_with_its_parts(stack, second, credential, exercises, learner):
    own, stacked = goals_of(learner, [exercises[0].pk])
    assert (own.achievement.slug, stacked.achievement) == ("steward", stack)
    assert [(bool(one.url), one.is_met, one.needed_percent) for one in stacked.others] == [
        (True, True, None),
        (False, False, None),
    ]
    assert (stacked.met, stacked.total, stacked.state) == (1, 2, "open")
    revoking.revoke(credential, reason="rule_broken")
    assert goals_of(learner, [exercises[0].pk])[1].met == 0


def test_who_withdraws_a_part_is_told_what_rests_on_it(client, stack, both, learner, admin_user):
    tasks.issue_for_learner(learner.pk)
    made = Credential.objects.get(achievement=stack)
    client.force_login(admin_user)
    page = client.get(f"/cms/credentials/{both[0].pk}/").text
    assert made.number in page
    assert both[0].number in client.get(f"/cms/credentials/{made.pk}/").text
    # The one in its place has the same resting on it.
    revoking.order(both[0], reason="corrected")
    tasks.issue_due()
    new = Credential.objects.get(achievement=both[0].achievement, revoked_at=None)
    assert made.number in client.get(f"/cms/credentials/{new.pk}/").text
    output = StringIO()
    call_command("revoke_credential", new.number, reason="rule_broken", stdout=output)
    assert f"{made.number} rests on it" in output.getvalue()


def test_an_expired_one_is_said_to_be_expired(client, credential, exercises, learner):
    Credential.objects.update(valid_until=timezone.now())
    (goal,) = goals_of(learner, [exercises[0].pk])
    assert goal.state == "expired"


def test_the_checklist_asks_as_often_for_many_stacks_as_for_one(stack, both, learner, issuer):
    def count():
        with CaptureQueriesContext(connection) as queries:
            found = goals_of(learner, [one.pk for one in Exercise.objects.all()])
        return len(queries), len(found)

    revoking.revoke(both[0], reason="rule_broken")
    few, _found = count()
    for number in range(9):
        made = make_achievement(issuer, [], slug=f"s{number}")
        for part in (both[0].achievement, both[1].achievement):
            CredentialRequirement.objects.create(achievement=made, part=part)
    assert count() == (few, 12)
