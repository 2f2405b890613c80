"""Status lists: one bit a credential, signed anew before they grow old, and trusted by nobody without a look."""

import gzip
import json
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from openbadgeslib.ob3 import decode_encoded_list

from lms.credentials import issuing, proofs, publishing, revoking, status_list, tasks
from lms.credentials.models import Credential, StatusEntry, StatusList
from lms.credentials.signing import signer_for
from tests.conftest import make_person
from tests.credentials.conftest import give_grade


@pytest.fixture
def listed(credential):
    """The list that the credential is in, as it is served."""
    return json.loads(credential.status_entry.list.document)


def read(document, issuer, **changes):
    keys = {key.url: key.public_multikey for key in issuer.keys.all()}
    arguments = {
        "url": document["id"],
        "issuer_did": issuer.did,
        "key_of": keys.get,
        "now": timezone.now(),
    }
    return status_list.read(document, **(arguments | changes))


def resigned(document, issuer):
    key, signer = signer_for(issuer)
    unsigned = {name: value for name, value in document.items() if name != "proof"}
    created = document["proof"][0]["created"]
    return proofs.add_proof(unsigned, signer=signer, verification_method=key.url, created=created)


def test_a_credential_names_its_place_in_a_list_of_its_issuer(credential, document, listed, issuer):
    entry = credential.status_entry
    assert document["credentialStatus"] == {
        "id": f"{entry.list.url}#{entry.index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(entry.index),
        "statusListCredential": entry.list.url,
    }
    assert listed["id"] == entry.list.url
    assert listed["issuer"] == issuer.did


def test_it_is_served_to_anybody_and_may_be_kept_for_minutes(client, credential, listed):
    response = client.get(reverse("credentials:status_list", args=[credential.status_entry.list_id]))
    assert response.json() == listed
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "max-age=300" in response["Cache-Control"]
    assert client.get(reverse("credentials:status_list", args=[99])).status_code == 404


def test_a_new_credential_is_not_revoked_and_a_revoked_one_is(credential, issuer):
    entry = credential.status_entry
    assert not read(json.loads(entry.list.document), issuer).is_set(entry.index)
    revoking.revoke(credential, reason="rule_broken")
    assert tasks.publish_status_lists() == 1
    entry.list.refresh_from_db()
    bits = read(json.loads(entry.list.document), issuer)
    assert bits.is_set(entry.index)
    assert sum(byte.bit_count() for byte in bits.data) == 1


def test_the_first_bit_is_the_highest_as_others_read_it():
    encoded = status_list.encode([0, 9, 131_071])
    theirs = decode_encoded_list(encoded)
    assert theirs == status_list.decode(encoded)
    assert (theirs[0], theirs[1], theirs[-1]) == (0x80, 0x40, 0x01)


def test_places_are_random_and_never_given_twice(issuer):
    indexes = [publishing.allot(issuer).index for _ in range(50)]
    assert len(set(indexes)) == 50
    assert indexes != sorted(indexes)
    assert max(indexes) > 1000


def test_a_list_that_is_half_full_is_followed_by_another(issuer, monkeypatch):
    monkeypatch.setattr(publishing, "MOST_ENTRIES", 3)
    assert [publishing.allot(issuer).list_id for _ in range(4)].count(StatusList.objects.first().pk) == 3


def test_a_place_that_is_taken_is_not_given_again(issuer, monkeypatch):
    numbers = iter([7, 7, 7, 8])
    monkeypatch.setattr(publishing.secrets, "randbelow", lambda size: next(numbers))
    assert [publishing.allot(issuer).index for _ in range(2)] == [7, 8]


def test_two_issuers_share_no_list(issuer, key_file):
    from django.core.management import call_command

    from lms.credentials.models import Issuer

    call_command("make_issuer_key", "--issuer", "other", "--name-th", "ข", "--name-en", "B", verbosity=0)
    other = Issuer.objects.get(slug="other")
    assert publishing.allot(issuer).list_id != publishing.allot(other).list_id


def test_lists_are_signed_anew_daily_and_stay_good_for_a_week(credential, issuer):
    one = credential.status_entry.list
    assert tasks.publish_status_lists() == 0
    assert one.valid_until - one.signed_at > timedelta(days=6, hours=23)
    StatusList.objects.update(signed_at=timezone.now() - timedelta(hours=23, minutes=1))
    before = one.document
    assert tasks.publish_status_lists() == 1
    one.refresh_from_db()
    assert one.document != before or one.signed_at
    assert read(json.loads(one.document), issuer)


def test_what_cannot_be_signed_is_kept_as_it_was(credential, settings, caplog):
    before = credential.status_entry.list.document
    StatusList.objects.update(signed_at=timezone.now() - timedelta(days=2))
    settings.ISSUER_KEY_FILE = ""
    assert tasks.publish_status_lists() == 0
    assert StatusList.objects.get().document == before
    assert "status_list_not_signed" in caplog.text


def test_an_erased_credential_keeps_its_bit(credential, issuer):
    revoking.revoke(credential, reason="rule_broken")
    index = credential.status_entry.index
    credential.learner.delete()
    assert not Credential.objects.exists()
    publishing.sign_due()
    assert read(json.loads(StatusList.objects.get().document), issuer).is_set(index)


def test_a_lost_race_leaves_no_place_behind(credential, achievement, learner):
    assert issuing.issue(achievement, learner) is None
    assert StatusEntry.objects.count() == 1


# --- The alarm --------------------------------------------------------------------------------------------------------


@pytest.fixture
def operator(db):
    return make_person("op@example.go.th", "ปริญญ์", is_staff=True)


def test_when_signing_stops_operators_hear_of_it_once_a_day(credential, operator, caplog):
    assert tasks.watch_status_lists() == 0
    StatusList.objects.update(signed_at=timezone.now() - timedelta(hours=37))
    assert tasks.watch_status_lists() == tasks.watch_status_lists() == 1
    assert "status_lists_overdue" in caplog.text
    (message,) = mail.outbox
    assert message.to == [operator.email]
    assert "1 รายการ" in message.body
    cache.clear()


def test_a_revocation_nobody_was_told_of_is_an_alarm_too(credential, operator):
    revoking.revoke(credential, reason="rule_broken")
    assert tasks.watch_status_lists() == 0
    earlier = timezone.now() - timedelta(hours=2)
    StatusEntry.objects.update(revoked_at=earlier)
    StatusList.objects.update(signed_at=earlier - timedelta(hours=1))
    assert tasks.watch_status_lists() == 1


def test_the_alarm_is_raised_by_another_worker_than_the_one_that_signs(settings):
    from lms.celery import app

    route = app.amqp.router.route
    assert route({}, "lms.credentials.tasks.watch_status_lists")["queue"].name == "grading"
    assert route({}, "lms.credentials.tasks.publish_status_lists")["queue"].name == "credentials"


# --- Lists that others might hand us ----------------------------------------------------------------------------------


def refused(code, document, issuer, **changes):
    with pytest.raises(status_list.Unusable) as error:
        read(document, issuer, **changes)
    assert error.value.code == code


def test_an_expired_list_says_nothing(listed, issuer):
    refused("expired", listed, issuer, now=timezone.now() + timedelta(days=8))
    refused("not_yet_valid", listed, issuer, now=timezone.now() - timedelta(hours=1))


def test_a_changed_list_is_refused(listed, issuer):
    listed["credentialSubject"]["encodedList"] = status_list.encode([1])
    refused("signature", listed, issuer)


def test_a_list_of_another_issuer_is_refused(listed, issuer):
    refused("another_issuer", listed, issuer, issuer_did="did:web:other.example:issuers:x")
    refused("another_list", listed, issuer, url=listed["id"] + "1")


def test_a_strangers_signature_is_refused(listed, issuer):
    refused("foreign_key", listed, issuer, key_of=lambda method: None)
    listed["proof"][0]["verificationMethod"] = "did:web:attacker.example:issuers:x#key"
    refused("foreign_key", listed, issuer, key_of=lambda method: issuer.keys.get().public_multikey)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("credentialSubject", "statusPurpose"), "suspension"),
        (("credentialSubject", "extra"), "x"),
        (("@context",), ["https://attacker.example/"]),
        (("proof",), []),
        (("type",), ["VerifiableCredential"]),
    ],
)
def test_a_list_that_is_not_of_our_shape_is_refused(listed, issuer, path, value):
    place = listed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    refused("profile", listed, issuer)


def packed(data):
    return status_list.base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(b"\0" * 20_000_000), "size"),
        (gzip.compress(b"\0" * 100), "size"),
        (gzip.compress(b"\0" * 16_384) + b"more", "size"),
        (gzip.compress(b"\0" * 16_384)[:-9], "size"),
        (b"no gzip", "encoding"),
    ],
    ids=["bomb", "short", "trailing", "torn", "nonsense"],
)
def test_a_list_of_another_size_or_a_bomb_is_refused_without_being_unpacked(listed, issuer, data, code):
    encoded = "u" + packed(data)
    if len(encoded) > 40_000:
        pytest.skip("refused by its length already")
    listed["credentialSubject"]["encodedList"] = encoded
    refused(code, resigned(listed, issuer), issuer)


def test_an_index_outside_the_list_is_refused(listed, issuer):
    bits = read(listed, issuer)
    for index in (-1, 131_072):
        with pytest.raises(status_list.Unusable):
            bits.is_set(index)


def test_thirty_credentials_share_one_list(achievement, exercises):
    for number in range(5):
        person = make_person(f"p{number}@example.go.th", "ทดสอบ")
        for exercise in exercises:
            give_grade(person, exercise)
    assert tasks.issue_due() == 5
    assert StatusList.objects.count() == 1


# --- What whoever watches sees ----------------------------------------------------------------------------------------


def test_readyz_and_metrics_tell_of_lists_that_are_not_being_signed(credential, client):
    assert client.get("/readyz").json()["status_lists"] == "ok"
    assert "lms_status_lists_overdue 0" in client.get("/metrics").content.decode()
    StatusList.objects.update(signed_at=timezone.now() - timedelta(hours=37))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["status_lists"] == "1 not signed for too long"
    text = client.get("/metrics").content.decode()
    assert "lms_status_lists_overdue 1" in text
    assert f'lms_status_list_age_seconds{{list="{credential.status_entry.list_id}"}} 1332' in text
    assert 'lms_credentials_total{action="issued"} 1' in text


def test_metrics_say_nothing_about_a_person(credential, client, learner):
    text = client.get("/metrics").content.decode()
    for secret in (learner.email, learner.given_name, str(credential.pk), credential.number):
        assert secret not in text


def test_the_profile_is_published_and_our_credentials_keep_to_it(document, client):
    import jsonschema

    schema = client.get("/schemas/credential.json").json()
    assert schema["$id"].endswith("/schemas/credential.json")
    jsonschema.Draft202012Validator(schema).validate(document)
