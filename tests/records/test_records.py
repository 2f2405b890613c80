"""A person's learning record: out by a published schema, in by what its credentials prove, to others by a token."""

import csv
import io
import json
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from jsonschema import Draft202012Validator

from lms.credentials import revoking, tasks
from lms.credentials.models import Credential, CredentialRequirement
from lms.records import documents, keeping
from lms.records.models import ImportedCredential, RecordAccess
from lms.trust import registry
from tests.conftest import make_person
from tests.credentials.conftest import make_achievement
from tests.trust.conftest import DID, LIST, as_bytes

PAGE = "/my/record/"


def take_over(client, data, name="record.json"):
    return client.post(f"{PAGE}take-over/", {"file": SimpleUploadedFile(name, data)})


def entries_of(person):
    return keeping.record_of(person)["entries"]


def file_of(*entries, person):
    record = keeping.record_of(person) | {"entries": list(entries)}
    return as_bytes(record)


def test_the_record_fits_its_published_schema_and_says_what_the_credential_says(credential, learner, client):
    client.force_login(learner)
    schema = client.get("/schemas/learning-record.json").json()
    record = json.loads(client.get(f"{PAGE}record.json").content)
    Draft202012Validator(schema).validate(record)
    assert record["schema"].endswith("/schemas/learning-record.json")
    (entry,) = record["entries"]
    assert entry["credential"]["number"] == credential.number
    assert entry["hours"] == "15"
    assert entry["competencies"][0]["unit"] == "DG-NORS-036"
    assert [one["sha256"] for one in entry["evidence"]] == ["ab" * 32] * 2
    assert entry["credential"]["document"] == credential.parsed()
    assert "example.go.th" not in json.dumps(record)


def test_the_hours_of_a_stacked_credential_are_counted_once(credential, achievement, issuer, learner):
    stack = make_achievement(issuer, [], slug="stack", hours="20")
    CredentialRequirement.objects.create(achievement=stack, part=achievement)
    assert tasks.issue_due() == 1

    def hours():
        return keeping.totals(learner, keeping.record_of(learner))["hours"]

    assert len(entries_of(learner)) == 2
    assert hours() == "20"
    # A part that was replaced since attests the same; one that was withdrawn is not there to be counted.
    revoking.order(credential, reason="corrected")
    tasks.issue_due()
    assert len(entries_of(learner)) == 2
    assert hours() == "20"
    revoking.revoke(Credential.objects.get(achievement=achievement, revoked_at=None), reason="on_request")
    assert hours() == "20"


def test_the_level_of_a_unit_is_signed(achievement, exercises, learner):
    from lms.credentials import issuing
    from tests.credentials.conftest import give_grade

    achievement.competencies.update(level=3)
    for exercise in exercises:
        give_grade(learner, exercise)
    issuing.issue(achievement, learner)
    assert entries_of(learner)[0]["competencies"][0]["level"] == 3


def test_the_table_has_a_line_for_each_unit_and_no_formula(credential, learner, client):
    client.force_login(learner)
    lines = list(csv.DictReader(io.StringIO(client.get(f"{PAGE}record.csv").content.decode("utf-8-sig"))))
    assert [(one["unit"], one["hours"]) for one in lines] == [("DG-NORS-036", "15")]


def test_what_no_longer_counts_is_not_in_it(credential, learner):
    revoking.revoke(Credential.objects.get(), reason="issued_in_error")
    assert entries_of(learner) == []


# --- Taking over ------------------------------------------------------------------------------------------------------


def test_a_record_taken_out_there_and_over_here_is_the_same_record(trusted, learner, client):
    """Another site of this kind, whose issuer is believed here: its file, taken over, comes out again as it went in."""
    there = [documents.entry_of(trusted.credential(index=n), "valid") for n in (1, 2)]
    client.force_login(learner)
    response = take_over(client, file_of(*there, person=learner))
    assert response.text.count("รับไว้ในบันทึกแล้ว") == 2
    assert sorted(entries_of(learner), key=str) == sorted(there, key=str)
    assert there[0]["competencies"][0]["level"] == 3
    again = take_over(client, file_of(*there, person=learner))
    assert again.text.count("มีอยู่ในบันทึกแล้ว") == 2
    assert ImportedCredential.objects.count() == 2
    assert "นำมาจากที่อื่น" in client.get(PAGE).text


def outcomes(person, *entries):
    return [one.code for one in keeping.take_over(person, file_of(*entries, person=person))]


def test_only_what_is_mine_and_proven_is_taken_over(trusted, learner, other_learner, elsewhere):
    mine = documents.entry_of(trusted.credential(), "valid")
    registry.keep_status(as_bytes(trusted.status([9], age=timedelta(minutes=1))), LIST, registry.current().issuers[DID])
    assert outcomes(other_learner, mine) == ["another_person"]
    boast = json.loads(json.dumps(mine))
    boast["hours"] = "600"
    changed = json.loads(json.dumps(mine))
    changed["credential"]["document"]["name"] = "Doctor of Data"
    stranger = trusted.__class__("did:web:stranger.example:x").credential()
    withdrawn = documents.entry_of(trusted.credential(index=9), "valid")
    assert outcomes(learner, boast, changed, documents.entry_of(stranger, "valid"), withdrawn) == [
        "altered",
        "not_valid",
        "unknown_issuer",
        "not_valid",
    ]
    assert not ImportedCredential.objects.exists()
    assert outcomes(learner, mine) == ["taken"]
    registry.keep_status(as_bytes(trusted.status([7, 9], age=timedelta())), LIST, registry.current().issuers[DID])
    assert entries_of(learner) == []  # withdrawn since


def test_an_address_counts_once_it_is_confirmed(trusted, learner, other_learner):
    entry = documents.entry_of(trusted.credential(email="Old@university.example"), "valid")
    address = EmailAddress.objects.create(user=learner, email="old@university.example", verified=False, primary=False)
    assert outcomes(learner, entry) == ["another_person"]
    address.verified = True
    address.save()
    assert outcomes(learner, entry) == ["taken"]


def test_ones_own_credential_is_known_and_somebody_elses_is_not_taken(credential, learner, other_learner):
    entry = documents.entry_of(credential.parsed(), "valid")
    assert outcomes(learner, entry) == ["known"]
    assert outcomes(other_learner, entry) == ["another_person"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff\xfe",
        b'{"type": "LearningRecord"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
        "ไทย".encode("cp874"),
    ],
)
def test_a_file_that_is_no_record_is_explained(learner, client, data):
    client.force_login(learner)
    response = take_over(client, data)
    assert response.status_code == 422
    assert 'href="#id_file"' in response.text


def test_a_record_too_large_is_refused(learner, client):
    client.force_login(learner)
    assert take_over(client, b"x" * (documents.MOST_BYTES + 1)).status_code == 422


def test_what_was_brought_along_can_be_taken_out_again_by_its_owner_alone(trusted, learner, other_learner, client):
    outcomes(learner, documents.entry_of(trusted.credential(), "valid"))
    uid = ImportedCredential.objects.get().uid
    client.force_login(other_learner)
    assert client.post(f"{PAGE}brought/{uid}/drop/").status_code == 404
    client.force_login(learner)
    assert client.post(f"{PAGE}brought/{uid}/drop/").status_code == 302
    assert entries_of(learner) == []


def test_the_page_asks_as_often_for_thirty_as_for_one(trusted, learner, client, django_assert_max_num_queries):
    client.force_login(learner)
    for index in range(3):
        outcomes(learner, documents.entry_of(trusted.credential(index=index), "valid"))
    with django_assert_max_num_queries(12 + 3 * 6):
        assert client.get(PAGE).status_code == 200


def test_a_stranger_has_no_record(client, db):
    for path in ("", "record.json", "record.csv"):
        assert client.get(PAGE + path).status_code == 302
    assert client.post(f"{PAGE}tokens/", {"label": "x", "days": 1}).status_code == 302
    assert not RecordAccess.objects.exists()


# --- By token ---------------------------------------------------------------------------------------------------------

API = "/api/v1/learning-records/mine"


def ask(client, token):
    return client.get(API, headers={"Authorization": f"Bearer {token}"})


def test_a_token_opens_one_record_until_it_ends(credential, learner, other_learner, client):
    client.force_login(learner)
    page = client.post(f"{PAGE}tokens/", {"label": "ระบบบุคลากร", "days": 7}).text
    token = page.split('id="new-token" type="text" readonly value="')[1].split('"')[0]
    client.logout()
    assert ask(client, token).json()["entries"][0]["credential"]["number"] == credential.number
    access = RecordAccess.objects.get()
    assert access.used_at
    assert token not in json.dumps(list(RecordAccess.objects.values()), default=str)
    client.force_login(other_learner)
    assert client.post(f"{PAGE}tokens/{access.pk}/end/").status_code == 404
    client.force_login(learner)
    client.post(f"{PAGE}tokens/{access.pk}/end/")
    assert ask(client, token).status_code == 401


def test_no_token_an_old_one_or_that_of_somebody_who_left_opens_nothing(learner, client):
    assert client.get(API).status_code == 401
    assert ask(client, "x" * 500).status_code == 401
    token = RecordAccess.grant(learner, label="x", days=1)
    learner.is_active = False
    learner.save()
    assert ask(client, token).status_code == 401
    RecordAccess.objects.update(expires_at=timezone.now())
    learner.is_active = True
    learner.save()
    assert ask(client, token).status_code == 401


def test_there_are_only_so_many_open_tokens(learner, client):
    client.force_login(learner)
    for _ in range(RecordAccess.MOST_OPEN):
        RecordAccess.grant(learner, label="x", days=1)
    assert client.post(f"{PAGE}tokens/", {"label": "x", "days": 1}).status_code == 422
    assert client.post(f"{PAGE}tokens/", {"label": "", "days": 9999}).status_code == 422


def test_each_role_has_a_record_of_their_own_and_no_other(credential, learner, instructor, hr_officer, client):
    for person in (instructor, hr_officer, make_person("boss@example.go.th", "นาย", is_staff=True, is_superuser=True)):
        client.force_login(person)
        assert json.loads(client.get(f"{PAGE}record.json").content)["entries"] == []
