"""A credential as a JWT: made on demand by the worker that holds the key, a copy of what is in the register."""

import base64
import json
from datetime import timedelta
from io import StringIO

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from openbadgeslib.ob3 import OB3VerificationError
from openbadgeslib.ob3.verifier import OB3Verifier

from lms.certificates.models import ShareLink
from lms.credentials import baking, exporting, jwts, revoking, tasks, verifying
from lms.credentials.custody import FileSigner
from lms.credentials.models import Issuer, JwtCopy
from lms.credentials.signing import signer_for
from lms.verification import bundles


@pytest.fixture
def issuer(db, key_file, settings):
    """At an address that others accept: https, without a port."""
    settings.PUBLIC_URL = "https://skills.example"
    call_command("make_issuer_key", "--issuer", "demo-institute", verbosity=0, stdout=StringIO())
    return Issuer.objects.get(slug="demo-institute")


@pytest.fixture
def token(credential):
    copy = exporting.ask_for(credential)
    assert exporting.make(copy)
    copy.refresh_from_db()
    return copy.token


def verdict(token):
    answer = verifying.verify_file(token if isinstance(token, bytes) else token.encode())
    return f"{answer.verdict} {answer.reason}".strip()


def fetcher(client):
    """What anybody can fetch from us."""

    def fetch(url, *args, **kwargs):
        response = client.get(url.removeprefix("https://skills.example"))
        assert response.status_code == 200, url
        return response.content

    return fetch


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def signed(header, claims, signer):
    body = ".".join(encode(json.dumps(part, ensure_ascii=False).encode()) for part in (header, claims))
    return f"{body}.{encode(signer.sign(body.encode()))}"


def header_of(issuer, **changes):
    return {"alg": "EdDSA", "typ": "JWT", "kid": issuer.keys.get().url + "-jwk"} | changes


# --- What it is -------------------------------------------------------------------------------------------------------


def test_it_is_the_credential_itself_beside_the_registered_claims(token, credential, issuer):
    claims = claims_of(token)
    document = jwts.without_proof(credential.parsed())
    assert {name: value for name, value in claims.items() if name in document} == document
    assert "vc" not in claims
    assert "proof" not in claims
    assert (claims["iss"], claims["jti"]) == (issuer.did, document["id"])
    assert claims["sub"] == document["credentialSubject"]["id"]


def test_it_verifies_here_and_says_how_it_was_signed(token, credential):
    answer = verifying.verify_file(token.encode())
    assert (answer.verdict, answer.number, answer.holder_name) == ("valid", credential.number, credential.holder_name)
    assert answer.signature_detail.startswith("VC-JWT by did:web:skills.example:issuers:demo-institute#key-")
    assert answer.as_dict()["achievement"]["hours"] == "15"


def test_pyjwt_verifies_it_by_the_published_identity_alone(client, token, issuer):
    identity = client.get(reverse("credentials:issuer_did", args=[issuer.slug])).json()
    kid = pyjwt.get_unverified_header(token)["kid"]
    (method,) = [one for one in identity["verificationMethod"] if one["id"] == kid]
    assert method["type"] == "JsonWebKey"
    assert kid in identity["assertionMethod"]
    claims = pyjwt.decode(token, pyjwt.PyJWK(method["publicKeyJwk"], algorithm="EdDSA"), algorithms=["EdDSA"])
    assert claims["issuer"]["name"] == issuer.name_th


def test_openbadgeslib_verifies_it_with_its_status_and_sees_a_revoked_one_as_revoked(client, token, issuer, credential):
    fetch = fetcher(client)
    verifier = OB3Verifier.for_issuer_did(issuer.did, download=fetch)
    read = verifier.verify(token, check_status=True, verify_status_list=False, download=fetch)
    assert read.issuer.id == issuer.did
    revoking.revoke(credential, reason="rule_broken")
    tasks.publish_status_lists()
    with pytest.raises(OB3VerificationError, match="'revocation' is set"):
        verifier.verify(token, check_status=True, verify_status_list=False, download=fetch)
    assert verdict(token) == "revoked"


def test_a_token_inside_a_picture_is_read_too(token):
    dot = base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    assert verdict(baking.bake_png(dot, token)) == "valid"


def test_the_api_takes_it_as_a_body_and_as_a_file(client, token):
    address = "/api/v1/credentials/verify"
    for content_type in ("application/jwt", "application/vc+jwt"):
        assert client.post(address, token, content_type=content_type).json()["verdict"] == "valid"


def test_a_bundle_gives_the_same_verdict(token, credential, issuer):
    key = issuer.keys.get().public_multikey

    def offline():
        answer = verifying.verify_file(token.encode(), bundles.load(bundles.make(), {key}))
        return f"{answer.verdict} {answer.reason}".strip()

    assert offline() == verdict(token) == "valid"
    revoking.revoke(credential, reason="rule_broken")
    tasks.publish_status_lists()
    assert offline() == verdict(token) == "revoked"


# --- Forgeries --------------------------------------------------------------------------------------------------------


def test_a_changed_claim_a_strangers_key_and_a_foreign_key_are_refused(token, issuer):
    head, _, signature = token.split(".")
    claims = claims_of(token)
    grander = encode(json.dumps(claims | {"name": "Professor"}).encode())
    assert verdict(f"{head}.{grander}.{signature}") == "tampered signature"
    stranger = FileSigner(Ed25519PrivateKey.generate())
    assert verdict(signed(header_of(issuer), claims, stranger)) == "tampered signature"
    foreign = header_of(issuer, kid="did:web:attacker.example:issuers:x#key-2026-01-jwk")
    assert verdict(signed(foreign, claims, stranger)) == "tampered foreign_key"


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"typ": "vc+jwt"},
        {"jwk": {"kty": "OKP"}},
        {"jku": "http://127.0.0.1/keys"},
        {"crit": ["b64"], "b64": False},
        {"kid": 5},
        {"kid": None},
    ],
)
def test_a_header_that_is_not_ours_is_refused_even_when_well_signed(token, issuer, change):
    _, signer = signer_for(issuer)
    assert verdict(signed(header_of(issuer, **change), claims_of(token), signer)) == "tampered profile"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "did:web:else.example"},
        {"sub": "urn:uuid:00000000-0000-0000-0000-000000000000"},
        {"jti": "urn:uuid:00000000-0000-0000-0000-000000000000"},
        {"nbf": 0},
        {"nbf": 1.5},
        {"exp": 4102444800},
        {"iat": "now"},
        {"iat": True},
        {"aud": "somebody"},
        {"vc": {}},
        {"proof": [{}]},
    ],
)
def test_claims_that_say_something_else_than_the_credential_are_refused(token, issuer, change):
    _, signer = signer_for(issuer)
    assert verdict(signed(header_of(issuer), claims_of(token) | change, signer)) == "tampered profile"


def test_one_that_was_signed_with_our_key_and_never_issued_so_is_not_believed(token, issuer):
    """A thief of the key can sign; the register says otherwise."""
    _, signer = signer_for(issuer)
    claims = claims_of(token)
    assert verdict(signed(header_of(issuer), claims | {"name": "Professor"}, signer)) == "tampered not_as_issued"
    unknown = "urn:uuid:00000000-0000-4000-8000-000000000000"
    unheard = claims | {"id": unknown, "jti": unknown}
    assert verdict(signed(header_of(issuer), unheard, signer)) == "unknown not_registered"
    assert verdict(signed(header_of(issuer), claims | {"iat": 10**30}, signer)) == "tampered dates"


def test_a_strangers_issuer_is_unknown(token):
    stranger = FileSigner(Ed25519PrivateKey.generate())
    claims = claims_of(token)
    claims["issuer"] = claims["issuer"] | {"id": "did:web:else.example"}
    claims["iss"] = "did:web:else.example"
    assert verdict(signed({"alg": "ES256", "kid": "did:web:else.example#1"}, claims, stranger)) == "unknown_issuer"


@pytest.mark.parametrize(
    "damage",
    [
        lambda token: token[:-4],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: token + ".x",
        lambda token: "eyJ",
        lambda token: "eyJ.eyJ.eyJ",
        lambda token: "eyJ" + "A" * 70_000,
        lambda token: encode(b'{"alg":1}') + "." + encode(b"[" * 5000) + ".AA",
        lambda token: encode(b'{"alg":1,"alg":2}') + "." + token.partition(".")[2],
        lambda token: token.replace(".", "=.", 1),
        # The last sign holds four bits that are not used: another spelling of the same signature.
        lambda token: token[:-1] + chr(ord(token[-1]) + 1),
    ],
)
def test_a_damaged_one_is_unreadable_or_tampered_and_never_an_error(token, damage):
    assert verdict(damage(token)).split()[0] in {"unreadable", "tampered"}


# --- Keys -------------------------------------------------------------------------------------------------------------


def test_after_a_rotation_old_tokens_hold_and_new_ones_are_by_the_new_key(token, credential, issuer):
    call_command("rotate_issuer_key", issuer.slug, "--wait-minutes", "0", stdout=StringIO())
    JwtCopy.objects.all().delete()
    copy = exporting.ask_for(credential)
    assert tasks.issue_due() == 0
    copy.refresh_from_db()
    assert copy.key.key_id.endswith("-02")
    assert verdict(token) == verdict(copy.token) == "valid"


def test_a_token_by_a_withdrawn_key_is_refused_although_its_credential_is_good(token, credential, issuer, tmp_path):
    call_command("rotate_issuer_key", issuer.slug, "--wait-minutes", "0", stdout=StringIO())
    JwtCopy.objects.all().delete()
    copy = exporting.ask_for(credential)
    tasks.issue_due()
    copy.refresh_from_db()
    second = copy.key
    call_command("compromise_issuer_key", issuer.slug, second.key_id, "--yes", stdout=StringIO())
    assert verdict(copy.token) == "tampered withdrawn_key"
    assert verifying.verify_number(credential.number).verdict == "valid"
    # Asked for again, it is signed anew.
    again = exporting.ask_for(credential)
    assert again.token == ""
    tasks.issue_due()
    again.refresh_from_db()
    assert verdict(again.token) == "valid"


# --- Getting it -------------------------------------------------------------------------------------------------------


def address(credential):
    return reverse("credentials:jwt", args=[credential.number])


def test_a_page_asks_and_the_worker_signs_it_once(client, learner, credential, settings, monkeypatch):
    client.force_login(learner)
    # The web server has no key.
    with monkeypatch.context():
        settings.ISSUER_KEY_FILE, kept = "", settings.ISSUER_KEY_FILE
        waiting = client.get(address(credential))
        assert (waiting.status_code, waiting["Refresh"]) == (202, "2")
        assert tasks.make_jwt(JwtCopy.objects.get().pk) is False
        settings.ISSUER_KEY_FILE = kept
    assert tasks.make_jwt(JwtCopy.objects.get().pk) is True
    assert tasks.make_jwt(JwtCopy.objects.get().pk) is False
    first, second = client.get(address(credential)), client.get(address(credential))
    assert first["Content-Type"] == "application/jwt"
    assert first.content == second.content
    assert verdict(first.content) == "valid"


def test_only_the_holder_gets_it_or_whoever_has_an_open_link(client, credential, other_learner, instructor, hr_officer):
    for person in (None, other_learner, instructor, hr_officer):
        if person:
            client.force_login(person)
        assert client.get(address(credential)).status_code == 404
    assert not JwtCopy.objects.exists()
    client.logout()
    _, token = ShareLink.make(credential, days=1)
    assert client.get(address(credential), {"share": token}).status_code == 202
    ShareLink.objects.update(revoked_at=timezone.now())
    assert client.get(address(credential), {"share": token}).status_code == 404


def test_for_one_that_was_withdrawn_nothing_is_signed_any_more(client, learner, credential):
    client.force_login(learner)
    client.get(address(credential))
    revoking.revoke(credential, reason="rule_broken")
    assert client.get(address(credential)).status_code == 410
    assert exporting.make_waiting() == 0
    assert not JwtCopy.objects.exists()


def test_what_was_made_is_forgotten_a_day_later(token):
    JwtCopy.objects.update(asked_at=timezone.now() - exporting.KEPT - timedelta(minutes=1))
    exporting.make_waiting()
    assert not JwtCopy.objects.exists()


def test_two_requests_at_once_are_one_order(credential):
    assert exporting.ask_for(credential) == exporting.ask_for(credential)
    assert JwtCopy.objects.count() == 1
