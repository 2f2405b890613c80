"""Rotation and compromise: what is published, what signs, what keeps verifying, what is issued again."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from openbadgeslib.ob3 import OB3LdpVerifier, OB3VerificationError
from openbadgeslib.ob3.did import resolve_verification_method

from lms.credentials import issuing, keys, proofs, revoking, tasks, verifying
from lms.credentials.custody import FileCustody, KeyUnavailable
from lms.credentials.models import Credential, IssuerKey, KeyEvent, Replacement
from lms.credentials.signing import signer_for
from tests.credentials.conftest import give_grade, make_achievement

YEAR = timezone.now().year


def run(*args):
    out = StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def published(client, issuer):
    return client.get(reverse("credentials:issuer_did", args=[issuer.slug])).json()


def others_say(client, issuer, document):
    """Whether openbadgeslib, which knows our published identity and nothing else, takes the signature."""
    body = json.dumps(published(client, issuer)).encode()

    class Offline(OB3LdpVerifier):
        def _resolve_vm(self, vm, download_=None):
            return resolve_verification_method(vm, download=lambda url, *args, **kwargs: body)

    try:
        Offline.for_issuer_did(issuer.did).verify(document)
    except OB3VerificationError:
        return False
    return True


def test_a_new_key_is_published_before_it_signs_and_the_old_one_signs_until_then(client, credential, issuer):
    old = issuer.keys.get()
    said = run("rotate_issuer_key", issuer.slug)
    new = issuer.keys.get(key_id=f"key-{YEAR}-02")
    assert new.url in said
    identity = published(client, issuer)
    assert identity["assertionMethod"][::2] == [old.url, new.url]
    assert new.begins_at > timezone.now() + timedelta(minutes=14)
    assert signer_for(issuer)[0] == old


def test_after_a_rotation_old_and_new_credentials_verify_here_and_elsewhere(
    client, credential, issuer, exercises, other_learner
):
    run("rotate_issuer_key", issuer.slug, "--wait-minutes", "0")
    for exercise in exercises:
        give_grade(other_learner, exercise)
    assert tasks.issue_due() == 1
    new = Credential.objects.get(learner=other_learner)
    assert new.key.key_id == f"key-{YEAR}-02"
    assert new.key != credential.key
    for one in (credential, new):
        assert verifying.verify_file(one.document.encode()).verdict == "valid"
        assert others_say(client, issuer, one.document)
    assert Credential.objects.count() == 2


def test_a_retired_key_cannot_sign_anything_new(issuer, credential, document, key_file):
    old = issuer.keys.get()
    run("rotate_issuer_key", issuer.slug, "--wait-minutes", "0")
    IssuerKey.objects.filter(pk=old.pk).update(retired_at=timezone.now() - timedelta(minutes=1))
    signer = FileCustody(key_file).signers(issuer.slug)[old.key_id]
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    now = timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    forged = proofs.add_proof(unsigned, signer=signer, verification_method=old.url, created=now)
    answer = verifying.verify_file(json.dumps(forged).encode())
    assert (answer.verdict, answer.reason) == ("tampered", "retired_key")


def test_the_identity_of_any_day_is_kept(issuer):
    before = timezone.now()
    first = issuer.did_document()
    run("rotate_issuer_key", issuer.slug)
    assert json.loads(keys.identity_at(issuer, before)) == first
    assert json.loads(keys.identity_at(issuer, timezone.now())) == issuer.did_document()
    assert keys.identity_at(issuer, before - timedelta(days=1)) == ""
    assert [event.action for event in KeyEvent.objects.all()] == ["published", "published", "retired"]


def test_a_compromise_is_announced_and_done_only_with_yes(issuer, credential):
    said = run("compromise_issuer_key", issuer.slug, f"key-{YEAR}-01")
    assert "1 credentials" in said
    assert "Nothing was done" in said
    assert issuer.keys.get().compromised_at is None


def test_a_compromise_withdraws_the_key_and_issues_all_it_signed_again(
    client, credential, issuer, document, django_capture_on_commit_callbacks, mailoutbox
):
    with django_capture_on_commit_callbacks(execute=True):
        said = run("compromise_issuer_key", issuer.slug, f"key-{YEAR}-01", "--yes")
    assert "1 revoked, 1 issued again, 0 need a person" in said
    assert published(client, issuer)["assertionMethod"][::2] == [f"{issuer.did}#key-{YEAR}-02"]
    old, new = Credential.objects.get(pk=credential.pk), Credential.objects.get(revoked_at=None)
    answer = verifying.verify_file(old.document.encode())
    assert (answer.verdict, answer.replaced_by) == ("superseded", new.number)
    assert verifying.verify_file(new.document.encode()).verdict == "valid"
    assert others_say(client, issuer, new.document)
    assert not others_say(client, issuer, old.document)
    assert new.parsed()["awardedDate"] == document["awardedDate"]
    assert len(mailoutbox) == 1
    # The status list is signed with the new key and shows the old one as revoked.
    listed = json.loads(old.status_entry.list.__class__.objects.get().document)
    assert listed["proof"][0]["verificationMethod"].endswith(f"#key-{YEAR}-02")


def test_what_a_thief_signs_is_tampered_and_not_merely_unknown(issuer, credential, document, key_file):
    signer = FileCustody(key_file).signers(issuer.slug)[f"key-{YEAR}-01"]
    key = issuer.keys.get()
    run("compromise_issuer_key", issuer.slug, key.key_id, "--yes")
    forged = {name: value for name, value in document.items() if name != "proof"}
    forged["id"] = "urn:uuid:00000000-0000-4000-8000-000000000000"
    created = document["proof"][0]["created"]
    signed = proofs.add_proof(forged, signer=signer, verification_method=key.url, created=created)
    answer = verifying.verify_file(json.dumps(signed).encode())
    assert (answer.verdict, answer.reason) == ("tampered", "compromised_key")
    assert answer.as_dict()["achievement"] is None
    assert not answer.issuer_ok


def test_what_was_signed_in_the_moment_of_withdrawal_is_found_by_the_sweep(issuer, credential):
    key = issuer.keys.get()
    run("rotate_issuer_key", issuer.slug, "--wait-minutes", "0")
    IssuerKey.objects.filter(pk=key.pk).update(compromised_at=timezone.now())
    assert verifying.verify_number(credential.number).verdict == "revoked"
    assert tasks.issue_due() == 1
    assert verifying.verify_number(credential.number).verdict == "superseded"


def test_a_compromise_goes_on_where_it_was_interrupted(issuer, credential, monkeypatch):
    def fails(*args, **kwargs):
        raise RuntimeError("interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(revoking, "carry_out_orders", fails)
        with pytest.raises(RuntimeError):
            run("compromise_issuer_key", issuer.slug, f"key-{YEAR}-01", "--yes")
    assert verifying.verify_number(credential.number).verdict == "revoked"
    said = run("compromise_issuer_key", issuer.slug, f"key-{YEAR}-01", "--yes")
    assert "0 revoked, 1 issued again" in said
    assert issuer.keys.count() == 2


def test_one_that_cannot_be_issued_again_is_named_and_stops_no_other(issuer, credential, exercises, other_learner):
    for exercise in exercises:
        give_grade(other_learner, exercise)
    assert tasks.issue_due() == 1
    credential.grades.first().submission.grades.update(score=5.5)
    said = run("compromise_issuer_key", issuer.slug, f"key-{YEAR}-01", "--yes")
    assert "2 revoked, 1 issued again, 1 need a person" in said
    assert credential.number in said
    assert Replacement.objects.open().get().old == credential


def test_without_custody_the_key_is_withdrawn_all_the_same(issuer, credential, settings):
    settings.ISSUER_KEY_FILE = ""
    with pytest.raises(CommandError, match="ISSUER_KEY_FILE"):
        run("compromise_issuer_key", issuer.slug, f"key-{YEAR}-01", "--yes")


def test_another_issuers_credentials_are_left_alone(issuer, credential, exercises, other_learner):
    run("make_issuer_key", "--issuer", "other", "--name-th", "ข", "--name-en", "B")
    other = make_achievement(type(issuer).objects.get(slug="other"), exercises[:1], slug="second")
    give_grade(other_learner, exercises[0])
    theirs = issuing.issue(other, other_learner)
    run("compromise_issuer_key", issuer.slug, f"key-{YEAR}-01", "--yes")
    assert verifying.verify_number(theirs.number).verdict == "valid"


@pytest.mark.parametrize(
    "command",
    [
        ("rotate_issuer_key", "nobody"),
        ("rotate_issuer_key", "demo-institute", "--wait-minutes", "-1"),
        ("compromise_issuer_key", "demo-institute", "key-1999-01"),
        ("compromise_issuer_key", "nobody", "key-1999-01"),
    ],
)
def test_what_does_not_exist_is_said(issuer, command):
    with pytest.raises(CommandError):
        run(*command)


def test_nothing_is_rotated_without_custody(issuer, settings):
    settings.ISSUER_KEY_FILE = ""
    with pytest.raises((CommandError, KeyUnavailable)):
        run("rotate_issuer_key", issuer.slug)
    assert issuer.keys.count() == 1
