"""Another credential in place of one: exactly one at any moment, for the right reason, on grounds that still hold."""

import threading

import pytest
from django.core import mail
from django.db import connection

from lms.credentials import documents, issuing, revoking, tasks, verifying
from lms.credentials.models import AuditEntry, Credential, Replacement, StatusEntry
from lms.credentials.proofs import has_valid_proof


def renamed(learner):
    learner.given_name, learner.family_name = "ณัฐชา", "ใหม่สกุล"
    learner.save()


def test_a_new_name_gives_a_new_credential_and_the_old_number_leads_to_it(credential, learner):
    before = credential.parsed()
    renamed(learner)
    revoking.order(credential, reason="name_changed")
    assert tasks.issue_due() == 1
    old, new = Credential.objects.get(pk=credential.pk), Credential.objects.get(revoked_at=None)
    after = new.parsed()
    assert documents.holder_name_of(after) == "นางสาวณัฐชา ใหม่สกุล"
    assert after["awardedDate"] == before["awardedDate"]
    for name in ("achievement", "result"):
        assert after["credentialSubject"][name] == before["credentialSubject"][name]
    assert after["id"] != before["id"]
    assert set(new.grades.all()) == set(old.grades.all())
    answer = verifying.verify_number(old.number)
    assert (answer.verdict, answer.replaced_by) == ("superseded", new.number)
    assert verifying.verify_file(old.document.encode()).verdict == "superseded"
    assert verifying.verify_number(new.number).verdict == "valid"
    assert old.state == "superseded"
    assert old.status_entry.revoked_at
    assert new.status_entry != old.status_entry


def test_a_new_name_alone_changes_nothing(credential, learner):
    renamed(learner)
    assert tasks.issue_due() == 0
    assert verifying.verify_number(credential.number).verdict == "valid"


def test_carried_out_again_nothing_happens(credential):
    replacement = revoking.order(credential, reason="name_changed")
    assert revoking.order(credential, reason="key_event") == replacement
    assert tasks.issue_due() == 1
    assert tasks.issue_due() == 0
    assert Credential.objects.count() == StatusEntry.objects.count() == 2


def test_it_leaves_its_trace_and_tells_the_holder(credential, learner, django_capture_on_commit_callbacks, instructor):
    revoking.order(credential, reason="name_changed", actor=instructor)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.issue_due()
    trace = [(entry.action, entry.reason, entry.actor) for entry in AuditEntry.objects.all()]
    assert trace[1:] == [("replaced", "name_changed", instructor), ("issued", "name_changed", instructor)]
    (message,) = mail.outbox
    assert message.subject.startswith("วุฒิบัตรของคุณมีฉบับใหม่แทนแล้ว")
    assert "ผู้ถือเปลี่ยนชื่อ" in message.body
    assert Credential.objects.get(revoked_at=None).number in message.body


def test_a_correction_is_made_from_the_achievement_and_the_grades_as_they_are_now(credential, achievement):
    achievement.name_th = "ผู้ดูแลข้อมูลภาครัฐ (แก้ไข)"
    achievement.save()
    revoking.order(credential, reason="corrected")
    assert tasks.issue_due() == 1
    new = Credential.objects.get(revoked_at=None)
    assert new.parsed()["credentialSubject"]["achievement"]["name"] == achievement.name_th
    assert new.parsed()["awardedDate"] == credential.parsed()["awardedDate"]


def test_a_replacement_can_be_replaced(credential):
    for count in (2, 3):
        revoking.order(Credential.objects.get(revoked_at=None), reason="name_changed")
        assert tasks.issue_due() == 1
        assert Credential.objects.count() == count
    answer = verifying.verify_number(credential.number)
    assert answer.verdict == "superseded"


@pytest.mark.parametrize("reason", ["issued_in_error", "rule_broken", "on_request", "because"])
def test_for_other_reasons_nothing_is_replaced(credential, reason):
    with pytest.raises(ValueError, match="no reason"):
        revoking.order(credential, reason=reason)


def test_what_was_withdrawn_for_good_is_not_replaced(credential):
    revoking.revoke(credential, reason="rule_broken")
    with pytest.raises(revoking.NotReplaceable):
        revoking.order(credential, reason="name_changed")


def test_a_document_that_was_altered_in_the_database_is_not_renewed(credential, caplog):
    changed = credential.document.replace('"100"', '"101"')
    Credential.objects.filter(pk=credential.pk).update(document=changed)
    revoking.order(credential, reason="name_changed")
    assert tasks.issue_due() == 0
    assert "not the one that was issued" in Replacement.objects.get().problem
    assert Credential.objects.get().revoked_at is None


def test_grades_that_were_altered_renew_nothing(credential):
    credential.grades.first().submission.grades.update(score=5.5)
    revoking.order(credential, reason="name_changed")
    assert tasks.issue_due() == 0
    assert "the record says otherwise" in Replacement.objects.get().problem


def test_without_a_key_the_old_one_stays_in_force(credential, settings):
    revoking.order(credential, reason="name_changed")
    settings.ISSUER_KEY_FILE = ""
    assert tasks.issue_due() == 0
    assert verifying.verify_number(credential.number).verdict == "valid"


def test_after_a_key_event_all_are_revoked_at_once_and_issued_again_under_the_same_name(credential, learner):
    renamed(learner)
    assert revoking.order_all(Credential.objects.all(), reason="key_event") == 1
    assert verifying.verify_number(credential.number).verdict == "revoked"
    assert tasks.issue_due() == 1
    assert verifying.verify_number(credential.number).verdict == "superseded"
    new = Credential.objects.get(revoked_at=None)
    assert new.holder_name == credential.holder_name
    assert has_valid_proof(new.parsed(), new.key.public_multikey)


@pytest.mark.django_db(transaction=True)
def test_workers_that_carry_out_one_order_at_once_make_one_credential(credential):
    replacement = revoking.order(credential, reason="name_changed")
    barrier, made, errors = threading.Barrier(4), [], []

    def work():
        try:
            mine = Replacement.objects.get(pk=replacement.pk)
            barrier.wait(20)
            made.append(revoking.carry_out(mine))
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors
    assert sum(one is not None for one in made) == 1
    assert Credential.objects.filter(revoked_at=None).count() == 1
    assert Credential.objects.count() == StatusEntry.objects.count() == 2
    assert issuing.due_for(credential.learner) == []
