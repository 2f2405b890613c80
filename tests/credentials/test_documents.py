"""What a credential of ours says, and that verifiers that are not ours agree."""

import json

import jsonschema
import pytest
from django.urls import reverse
from openbadgeslib.ob3 import OB3LdpVerifier, OB3VerificationError
from openbadgeslib.ob3.did import resolve_verification_method

from lms.credentials import documents, profile
from lms.credentials.contexts import OPEN_BADGES_3, VC_2
from tests.credentials.conftest import standard


def test_it_names_two_contexts_and_nothing_else(document):
    assert document["@context"] == [VC_2, OPEN_BADGES_3]


def test_it_keeps_to_our_own_profile(document):
    assert profile.problem(document) == ""


def test_it_satisfies_the_strict_open_badges_schema(document):
    schema = json.loads(standard("ob-v3p0/ob_v3p0_achievementcredential_schema.json").read_bytes())
    jsonschema.Draft201909Validator(schema).validate(document)


def test_it_has_no_floats_and_no_numbers():
    """Checked on the profile: no part of it allows a number."""
    assert '"number"' not in json.dumps(profile.SCHEMA)
    assert '"integer"' not in json.dumps(profile.SCHEMA)


def test_nothing_in_the_profile_is_open():
    def objects(schema):
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                yield schema
            for value in schema.values():
                yield from objects(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from objects(value)

    found = list(objects(profile.SCHEMA))
    assert len(found) > 9
    assert all(schema["additionalProperties"] is False for schema in found)


def test_dates_are_utc(document, credential):
    assert document["validFrom"] == documents.timestamp(credential.issued_at)
    assert document["validFrom"].endswith("Z")
    assert "validUntil" not in document


def test_it_holds_the_name_and_a_salted_hash_and_nothing_else_about_the_person(document, learner, credential):
    text = credential.document
    assert learner.get_full_name() in text
    assert learner.email not in text
    assert document["credentialSubject"]["id"].startswith("urn:uuid:")
    named, hashed = document["credentialSubject"]["identifier"]
    assert named["identityHash"] == "นางสาวน้ำฝน ใจดี"
    from lms.credentials.holder import hash_email

    assert hashed["identityHash"] == hash_email(learner.email, hashed["salt"])
    assert len(hashed["salt"]) == 32


def test_competencies_are_mapped_to_and_never_certified(document):
    (alignment,) = document["credentialSubject"]["achievement"]["alignment"]
    assert alignment["targetFramework"] == "TPQI 2566"
    assert "mapped to" in alignment["targetDescription"]
    assert "certified" not in json.dumps(document)
    assert "รับรองโดย" not in json.dumps(document, ensure_ascii=False)


def test_hours_and_score_are_text(document):
    assert documents.hours_of(document) == "15"
    values = {result["value"] for result in document["credentialSubject"]["result"]}
    assert values == {"100", "15"}


@pytest.fixture
def others(client, issuer):
    """openbadgeslib, which sees our identity through our own did.json and nothing else."""
    body = client.get(reverse("credentials:issuer_did", args=[issuer.slug])).content
    asked = []

    def download(url, *args, **kwargs):
        asked.append(url)
        return body

    class Offline(OB3LdpVerifier):
        def _resolve_vm(self, vm, download_=None):
            return resolve_verification_method(vm, download=download)

    verifier = Offline.for_issuer_did(issuer.did)
    verifier.asked = asked
    return verifier


def test_openbadgeslib_verifies_it_offline(others, credential, settings):
    read = others.verify(credential.document)
    assert read.issuer.id == credential.achievement.issuer.did
    assert others.asked == ["https://127.0.0.1:8000/issuers/demo-institute/did.json"]


@pytest.mark.parametrize("place", [0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9])
def test_one_changed_letter_makes_both_refuse(others, credential, place):
    from lms.credentials import verifying

    text = credential.document
    start = int(len(text) * place)
    at = next(i for i in range(start, len(text)) if text[i].isalpha())
    forged = text[:at] + ("x" if text[at] != "x" else "y") + text[at + 1 :]
    json.loads(forged)
    with pytest.raises(OB3VerificationError):
        others.verify(forged)
    assert verifying.verify_file(forged.encode()).verdict in {"tampered", "unknown_issuer", "unreadable"}
