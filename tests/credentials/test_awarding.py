"""Two people award what the rule did not; one alone awards nothing. And what an operator types to withdraw."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from lms.credentials import awarding, documents, profile, tasks, verifying
from lms.credentials.models import Award, Credential


@pytest.fixture
def award(achievement, learner, instructor):
    return awarding.propose(achievement, learner, grounds="นำเสนอผลงานต่อคณะกรรมการ", by=instructor)


def test_a_proposal_alone_issues_nothing(award):
    assert tasks.issue_due() == 0


def test_what_a_second_person_approves_is_issued_once_and_says_so(award, hr_officer, learner):
    awarding.decide(award, by=hr_officer, is_approved=True)
    assert tasks.issue_due() == 1
    assert tasks.issue_due() == 0
    credential = Credential.objects.get()
    document = credential.parsed()
    assert profile.problem(document) == ""
    assert documents.hours_of(document) == "15"
    assert len(document["credentialSubject"]["result"]) == 1
    assert "สองคน" in document["evidence"][0]["name"]
    assert award.grounds not in credential.document
    assert verifying.verify_number(credential.number).verdict == "valid"


def test_what_is_refused_is_not_issued(award, hr_officer):
    awarding.decide(award, by=hr_officer, is_approved=False)
    assert tasks.issue_due() == 0
    with pytest.raises(awarding.NotAllowed):
        awarding.decide(award, by=hr_officer, is_approved=True)


def test_nobody_decides_on_their_own_proposal_or_award(award, instructor, learner):
    for person in (instructor, learner):
        with pytest.raises(awarding.NotAllowed):
            awarding.decide(award, by=person, is_approved=True)
    with pytest.raises(awarding.NotAllowed):
        awarding.propose(award.achievement, learner, grounds="x", by=learner)
    # The database refuses too, whoever writes to it.
    with pytest.raises(IntegrityError), transaction.atomic():
        Award.objects.update(decision="approved", decided_by=instructor)


def test_a_proposal_needs_grounds_and_is_made_once(award, instructor, hr_officer, learner):
    for grounds in ("again", "  "):
        with pytest.raises(awarding.NotAllowed):
            awarding.propose(award.achievement, learner, grounds=grounds, by=hr_officer)


def revoke(*args):
    out = StringIO()
    call_command("revoke_credential", *args, stdout=out)
    return out.getvalue()


def test_an_operator_withdraws_by_number(credential):
    assert "is revoked" in revoke(credential.number, "--reason", "rule_broken")
    assert "revoked before" in revoke(credential.number, "--reason", "rule_broken")
    assert verifying.verify_number(credential.number).verdict == "revoked"
    with pytest.raises(CommandError, match="not to come back"):
        revoke(credential.number, "--reason", "corrected", "--replace")


def test_an_operator_orders_a_replacement(credential):
    assert "will be replaced" in revoke(credential.number, "--reason", "name_changed", "--replace")
    assert tasks.issue_due() == 1
    assert verifying.verify_number(credential.number).verdict == "superseded"


def test_a_number_that_is_none_is_said(db):
    with pytest.raises(CommandError, match="no credential"):
        revoke("1234", "--reason", "rule_broken")
