"""Forgeries, each by name. Whatever is sent, the answer is the expected verdict, in both languages, and quickly."""

import copy
import json
import time
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.utils import timezone
from django.utils.translation import override

from lms.credentials import issuing, proofs, revoking, verifying
from lms.credentials.contexts import OPEN_BADGES_3, VC_2
from lms.credentials.custody import FileSigner
from lms.credentials.messages import HEADLINES, Verdict
from lms.credentials.models import Credential, Issuer
from tests.conftest import make_person
from tests.credentials.conftest import give_grade, make_achievement

OB = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#"
CRED = "https://www.w3.org/2018/credentials#"
EXAMPLE_PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\0" * 40

FORGERIES = {}


def forgery(expected):
    """Registers a function document → forged document (or bytes) under its name."""

    def register(function):
        FORGERIES[function.__name__] = (function, expected)
        return function

    return register


def edit(name, expected, /, **changes):
    """A forgery that sets members by path: ``credentialSubject__achievement__name=…``; ``...`` removes one."""

    def forge(document):
        for path, value in changes.items():
            *steps, last = path.split("__")
            place = document
            for step in steps:
                place = place[int(step)] if step.isdigit() else place[step]
            if value is ...:
                del place[last]
            else:
                place[last] = value
        return document

    forge.__name__ = name
    forgery(expected)(forge)


# --- Plain changes ----------------------------------------------------------------------------------------------------

edit("another_name", "tampered", credentialSubject__identifier__0__identityHash="นายสมชาย ไม่ใช่")
edit("another_person", "tampered", credentialSubject__id="urn:uuid:00000000-0000-4000-8000-000000000000")
edit("another_email_hash", "tampered", credentialSubject__identifier__1__identityHash="sha256$" + "0" * 64)
edit("better_score", "tampered", credentialSubject__result__0__value="99")
edit("more_hours", "tampered", credentialSubject__result__1__value="300")
edit("grander_achievement", "tampered", credentialSubject__achievement__name="ปริญญาเอก")
edit("grander_english_name", "tampered", name="Doctor of Philosophy")
edit("another_issuer_name", "tampered", issuer__name="สำนักนายกรัฐมนตรีสาธิต")
edit("earlier_start", "tampered", validFrom="2001-01-01T00:00:00Z")
edit("expiry_added", "tampered", validUntil="2999-01-01T00:00:00Z")
edit("impossible_date", "tampered", validFrom="2026-02-30T00:00:00Z")
edit("other_number", "tampered", credentialSubject__licenseNumber="0000-0000-0000-0000-0000-0000-0000")
edit("other_id", "tampered", id="urn:uuid:00000000-0000-4000-8000-000000000000")
edit("evidence_removed", "tampered", evidence=[])
edit("english_text_removed", "tampered", description=...)
edit("created_at_another_time", "tampered", proof__0__created="2020-01-01T00:00:00Z")
edit("line_break_after_date", "tampered", validFrom="2026-01-01T00:00:00Z\n")
edit("thai_digits_in_a_date", "tampered", validFrom="๒๐๒๖-01-01T00:00:00Z")

# --- JSON-LD: the signature still fits, or would without a profile ----------------------------------------------------

edit("undefined_term", "tampered", rank="1st of 4000")
edit("undefined_term_in_the_achievement", "tampered", credentialSubject__achievement__rank="best")
edit("undefined_term_in_the_proof", "tampered", proof__0__note="hello")
edit("extra_context", "tampered", **{"@context": [VC_2, OPEN_BADGES_3, "https://attacker.example/context"]})
edit("inline_context", "tampered", **{"@context": [VC_2, OPEN_BADGES_3, {"rank": "https://attacker.example/rank"}]})
edit("null_mapped_context", "tampered", **{"@context": [VC_2, OPEN_BADGES_3, {"validUntil": None}]})
edit("contexts_in_another_order", "tampered", **{"@context": [OPEN_BADGES_3, VC_2]})
edit("one_context_only", "tampered", **{"@context": [VC_2]})
edit("context_as_text", "tampered", **{"@context": VC_2})
edit("nested_context", "tampered", **{"credentialSubject__@context": {"name": None}})
edit("included_nodes", "tampered", **{"@included": [{"id": "urn:x:y", "type": ["Evidence"]}]})
edit("reverse_member", "tampered", **{"@reverse": {}})
edit("blank_node_as_id", "tampered", credentialSubject__id="_:b0")
edit("relative_id", "tampered", credentialSubject__id="somebody")
edit("boolean_as_text", "tampered", credentialSubject__identifier__1__hashed="true")
edit("score_as_a_number", "tampered", credentialSubject__result__0__value=100)
edit("score_with_language", "tampered", credentialSubject__result__0__value={"@value": "100"})
edit("status_of_a_friend", "tampered", credentialStatus={"id": "https://attacker.example/s#1", "type": "None"})
edit("schema_of_a_friend", "tampered", credentialSchema={"id": "https://attacker.example/s", "type": "JsonSchema"})
edit("refresh_service", "tampered", refreshService={"id": "https://attacker.example/", "type": "x"})


@forgery("tampered")
def name_under_its_full_iri(document):
    document["https://schema.org/name"] = document.pop("name")
    return document


@forgery("tampered")
def start_under_its_full_iri(document):
    value = {"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": document.pop("validFrom")}
    document[CRED + "validFrom"] = value
    return document


@forgery("tampered")
def results_under_their_full_iri(document):
    subject = document["credentialSubject"]
    subject[OB + "result"] = subject.pop("result")
    return document


@forgery("tampered")
def type_under_a_keyword(document):
    document["@type"] = document.pop("type")
    return document


@forgery("tampered")
def id_under_a_keyword(document):
    document["@id"] = document.pop("id")
    return document


@forgery("tampered")
def blank_node_poison(document):
    clique = [{"id": f"_:n{i}", OB + "x": [{"id": f"_:n{j}"} for j in range(9)]} for i in range(9)]
    document["credentialSubject"]["achievement"]["related"] = clique
    return document


@forgery("tampered")
def many_equal_nodes(document):
    achievement = document["credentialSubject"]["achievement"]
    achievement["alignment"] = achievement["alignment"] * 150
    return document


# --- Proofs -----------------------------------------------------------------------------------------------------------

edit("no_proof", "tampered", proof=...)
edit("empty_proof_list", "tampered", proof=[])
edit("proof_of_null", "tampered", proof=None)
edit("another_suite", "tampered", proof__0__cryptosuite="eddsa-jcs-2022")
edit("another_proof_type", "tampered", proof__0__type="Ed25519Signature2020")
edit("another_purpose", "tampered", proof__0__proofPurpose="authentication")
edit("proof_for_a_domain", "tampered", proof__0__domain="attacker.example")
edit("empty_signature", "tampered", proof__0__proofValue="z")
edit("signature_of_zeros", "tampered", proof__0__proofValue=proofs.to_base58(b"\0" * 64))
edit("key_by_web_address", "tampered", proof__0__verificationMethod="https://attacker.example/key#1")
edit("key_of_somebody_else", "tampered", proof__0__verificationMethod="did:web:attacker.example:issuers:x#key-1")
edit(
    "key_id_that_never_was",
    "tampered",
    proof__0__verificationMethod="did:web:127.0.0.1%3A8000:issuers:demo-institute#k",
)


@forgery("tampered")
def two_proofs(document):
    document["proof"] = document["proof"] * 2
    return document


@forgery("tampered")
def a_proof_that_is_no_list(document):
    (document["proof"],) = document["proof"]
    return document


# --- Issuers ----------------------------------------------------------------------------------------------------------

edit("an_issuer_we_do_not_know", "unknown_issuer", issuer__id="did:web:attacker.example:issuers:demo-institute")
edit("an_issuer_by_its_key", "unknown_issuer", issuer__id="did:key:z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi")
edit("an_issuer_by_web_address", "unknown_issuer", issuer="https://attacker.example/")
edit("an_issuer_in_capitals", "unknown_issuer", issuer__id="DID:WEB:127.0.0.1%3A8000:issuers:demo-institute")
edit("an_issuer_of_null", "unknown_issuer", issuer=None)
edit("an_issuer_with_a_null_character", "unknown_issuer", issuer__id="did:web:\0")
edit("an_issuer_that_is_a_list", "unknown_issuer", issuer=[1, 2, 3])


@forgery("tampered")
def our_did_as_text(document):
    return document | {"issuer": document["issuer"]["id"]}


edit("no_issuer", "unreadable", issuer=...)
edit("not_a_credential", "unreadable", type=["Person"])
edit("a_type_that_is_a_number", "unreadable", type=7)


@forgery("unknown_issuer")
def a_strangers_perfect_signature_with_our_issuers_name(document):
    signer = FileSigner(Ed25519PrivateKey.generate())
    document["issuer"]["id"] = "did:web:attacker.example:issuers:demo-institute"
    return sign(document, signer, document["issuer"]["id"] + "#key-2026-01")


@forgery("tampered")
def a_strangers_perfect_signature_with_our_issuers_did(document):
    return sign(document, FileSigner(Ed25519PrivateKey.generate()), document["proof"][0]["verificationMethod"])


# --- Files that are something else ------------------------------------------------------------------------------------

FILES = {
    "nothing": b"",
    "white_space": b" \n\t ",
    "a_thai_text_file": "ใบรับรองของนางสาวน้ำฝน ใจดี".encode(),
    "a_thai_text_file_in_cp874": "ใบรับรอง".encode("cp874"),
    "a_picture": EXAMPLE_PNG,
    "a_pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "a_zip": b"PK\x03\x04" + b"\0" * 60,
    "half_a_file": b'{"@context": ["https://www.w3.org/ns/credentials/v2"',
    "a_list": b"[1, 2]",
    "a_text": b'"hello"',
    "a_number": b"12",
    "null": b"null",
    "not_a_number": b'{"type": NaN}',
    "infinity": b'{"type": -Infinity}',
    "an_empty_object": b"{}",
    "deep_lists": b"[" * 20_000,
    "deep_objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "deep_but_below_the_depth_of_python": b'{"a":' * 40 + b"1" + b"}" * 40,
    "a_number_of_many_digits": b'{"a": ' + b"9" * 50_000 + b"}",
    "a_lone_surrogate": b'{"type": "VerifiableCredential", "issuer": "\\ud800"}',
    "duplicate_members": b'{"issuer": "a", "issuer": "b", "type": "VerifiableCredential"}',
    "utf_16": '{"type": "VerifiableCredential"}'.encode("utf-16"),
    "javascript": b"<script>alert(1)</script>",
    "quotes_without_end": b'"' * 60_001,
    "backslashes": b'"' + b"\\" * 60_001,
}


def sign(document, signer, verification_method):
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    created = document["proof"][0]["created"]
    return proofs.add_proof(unsigned, signer=signer, verification_method=verification_method, created=created)


def verify(document):
    data = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
    started = time.monotonic()
    answer = verifying.verify_file(data)
    assert time.monotonic() - started < 2
    return answer


def assert_refused(answer, expected):
    assert answer.verdict == expected
    said = answer.as_dict()
    assert said["verdict"] != "valid"
    assert said["message_th"].strip()
    assert said["message_en"].strip()
    assert "{" not in said["message_th"] + said["message_en"]
    if expected in {"tampered", "unknown_issuer", "unreadable"}:
        assert said["achievement"] is None
        assert not answer.issuer_ok


def test_the_original_is_valid(document):
    answer = verify(document)
    assert answer.verdict == "valid"
    assert [answer.signature_ok, answer.issuer_ok, answer.status_ok, answer.validity_ok] == [True] * 4
    assert answer.holder_name == "นางสาวน้ำฝน ใจดี"


def test_layout_and_order_do_not_matter(document):
    shuffled = json.dumps(dict(reversed(document.items())), indent=3).encode()
    assert verifying.verify_file(b"\xef\xbb\xbf" + shuffled).verdict == "valid"


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused(name, document):
    forge, expected = FORGERIES[name]
    forged = forge(copy.deepcopy(document))
    assert forged != document
    assert_refused(verify(forged), expected)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_something_else_is_called_unreadable(name, issuer):
    assert_refused(verify(FILES[name]), "unreadable")


def test_a_file_that_is_too_large_is_not_parsed(document):
    document["padding"] = "x" * 70_000
    answer = verify(document)
    assert_refused(answer, "unreadable")
    assert answer.reason == "too_large"


def test_the_proof_of_another_credential_does_not_fit(document, issuer, exercises, other_learner):
    second = make_achievement(issuer, exercises[:1], slug="second")
    give_grade(other_learner, exercises[0])
    other = issuing.issue(second, other_learner).parsed()
    assert verify(other).verdict == "valid"
    document["proof"] = other["proof"]
    assert_refused(verify(document), "tampered")


def test_a_member_repeated_with_another_value_is_refused(credential):
    text = credential.document
    assert_refused(verify(text[:-1].encode() + b',"name":"Doctor"}'), "unreadable")


@pytest.fixture
def second_issuer(issuer):
    call_command("make_issuer_key", "--issuer", "other-institute", "--name-th", "ข", "--name-en", "B", verbosity=0)
    return Issuer.objects.get(slug="other-institute")


def signer_of(issuer, key_file):
    from lms.credentials.custody import FileCustody

    return FileCustody(key_file).signers(issuer.slug)[f"key-{timezone.now().year}-01"]


def test_a_key_of_our_other_issuer_signs_nothing_here(document, issuer, second_issuer, key_file):
    signer = signer_of(second_issuer, key_file)
    for method in (second_issuer.keys.get().url, issuer.keys.get().url):
        assert_refused(verify(sign(copy.deepcopy(document), signer, method)), "tampered")


def test_our_other_issuer_cannot_take_over_a_credential(document, second_issuer, key_file):
    """Rightly signed by the other body of ours, for a number that this one issued."""
    document["issuer"]["id"] = second_issuer.did
    stolen = sign(document, signer_of(second_issuer, key_file), second_issuer.keys.get().url)
    answer = verify(stolen)
    assert answer.verdict == "tampered"
    assert answer.reason == "not_as_issued"
    assert answer.as_dict()["achievement"] is None


def test_what_we_signed_and_did_not_register_is_unknown(document, issuer, key_file):
    document["id"] = "urn:uuid:00000000-0000-4000-8000-000000000000"
    signed = sign(document, signer_of(issuer, key_file), issuer.keys.get().url)
    answer = verify(signed)
    assert answer.verdict == "unknown"
    assert answer.status_ok is False


def test_an_erased_credential_is_unknown_and_not_tampered(document, credential):
    Credential.objects.all().delete()
    assert verify(document).verdict == "unknown"


@pytest.fixture
def expired(issuer, exercises, other_learner):
    achievement = make_achievement(issuer, exercises[:1], slug="short", valid_days=1)
    give_grade(other_learner, exercises[0])
    return issuing.issue(achievement, other_learner)


def test_it_expires_on_its_day(expired, monkeypatch):
    document = expired.parsed()
    assert document["validUntil"].endswith("Z")
    assert verify(document).verdict == "valid"
    monkeypatch.setattr(timezone, "now", lambda: expired.valid_until)
    assert expired.state == "expired"


def at(monkeypatch, moment):
    """Lets every verification take place at this moment."""
    original = verifying.Verification
    monkeypatch.setattr(verifying, "Verification", lambda: original(as_of=moment))


def test_an_expired_one_says_so_with_the_date_of_both_calendars(expired, monkeypatch):
    at(monkeypatch, expired.valid_until)
    answer = verify(expired.parsed())
    assert answer.verdict == "expired"
    assert answer.validity_ok is False
    assert answer.status_ok is True
    year = timezone.localtime(expired.valid_until).year
    assert str(year + 543) in answer.message.th
    assert str(year) in answer.message.en


def test_a_revoked_one_that_has_also_expired_is_called_revoked(expired, monkeypatch):
    revoking.revoke(expired, reason="key_event")
    at(monkeypatch, expired.valid_until)
    answer = verify(expired.parsed())
    assert answer.verdict == "revoked"
    assert answer.status_ok is answer.validity_ok is False


def test_an_expired_one_whose_expiry_is_removed_is_tampered(expired, monkeypatch):
    at(monkeypatch, expired.valid_until)
    document = expired.parsed()
    del document["validUntil"]
    assert_refused(verify(document), "tampered")
    rekeyed = expired.parsed()
    rekeyed[CRED + "validUntil"] = {
        "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
        "@value": rekeyed.pop("validUntil"),
    }
    # The trap: the signature itself still fits, only the reader is fooled.
    assert proofs.has_valid_proof(rekeyed, expired.key.public_multikey)
    assert_refused(verify(rekeyed), "tampered")


def test_one_that_starts_later_is_not_valid_yet(document, credential, monkeypatch):
    at(monkeypatch, credential.issued_at - timedelta(seconds=1))
    answer = verify(document)
    assert answer.verdict == "not_yet_valid"


@pytest.mark.parametrize("reason", Credential.Reason.values)
def test_a_revoked_one_says_when_and_why_in_both_languages(document, credential, reason):
    assert revoking.revoke(credential, reason=reason)
    assert not revoking.revoke(credential, reason=reason)
    answer = verify(document)
    assert answer.verdict == "revoked"
    assert answer.status_ok is False
    assert answer.signature_ok
    assert answer.validity_ok
    assert str(timezone.localtime().year + 543) in answer.message.th
    for language, message in (("th", answer.message.th), ("en", answer.message.en)):
        with override(language):
            assert str(Credential.Reason(reason).label) in message


def test_a_retired_key_still_vouches_for_what_it_signed_before(document, issuer):
    key = issuer.keys.get()
    key.retired_at = timezone.now() + timedelta(seconds=5)
    key.save()
    assert verify(document).verdict == "valid"
    key.retired_at = timezone.now() - timedelta(days=1)
    key.save()
    answer = verify(document)
    assert answer.verdict == "tampered"
    assert answer.reason == "retired_key"


def test_a_fault_of_ours_is_never_valid_and_never_tampered(document, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of order")

    for place, name in ((proofs, "has_valid_proof"), (Issuer, "objects"), (verifying, "_check_status")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, broken)
            answer = verify(document)
        assert answer.verdict == "could_not_check"
        assert answer.as_dict()["achievement"] is None
    with monkeypatch.context() as patch:
        patch.setattr(verifying, "_message", broken)
        assert verify(document).verdict == "could_not_check"


def test_a_register_that_was_tampered_with_is_noticed(credential):
    changed = credential.document.replace('"100"', '"101"').replace("15", "99")
    Credential.objects.filter(pk=credential.pk).update(document=changed)
    assert verifying.verify_number(credential.number).verdict == "tampered"


def test_no_request_leaves_the_machine(document, monkeypatch):
    import socket

    def no_network(*args, **kwargs):
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    for name, (forge, expected) in FORGERIES.items():
        assert verify(forge(copy.deepcopy(document))).verdict == expected, name


def test_every_verdict_has_words():
    assert set(HEADLINES) == set(Verdict)


def test_somebody_with_one_name_gets_a_credential_too(achievement, exercises):
    person = make_person("one@example.go.th", "ปิ่น")
    for exercise in exercises:
        give_grade(person, exercise)
    issued = issuing.issue(achievement, person)
    assert verify(issued.parsed()).holder_name == "ปิ่น"
    assert issued.holder_initials == "ป."
