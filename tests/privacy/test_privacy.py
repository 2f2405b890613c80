"""Personal data: told before it is asked for, agreed to one by one, taken out whole, erased so that nothing is left."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from grading.models import Appeal, Document, DocumentFile, Rehearsal, Submission
from lms.accounts.models import User
from lms.certificates.models import Certificate, ShareLink
from lms.credentials import publishing, verifying
from lms.credentials.models import Award, StatusEntry
from lms.privacy import consenting, erasing, inventory, notice, retention, tasks
from lms.privacy.models import Acknowledgement, Consent, ErasedCredential, Erasure, ErasureRecord
from lms.verification import bundles
from tests.conftest import PASSWORD
from tests.credentials.conftest import give_grade

SECRET = "คำตอบของน้ำฝน-ไม่ซ้ำใคร"


def test_the_inventory_is_what_the_models_are(db):
    assert list(inventory.gaps()) == []


def test_a_model_or_field_that_is_not_listed_is_a_gap(monkeypatch):
    most = tuple(one for one in inventory.HOLDINGS if one.model != "grading.Appeal")
    monkeypatch.setattr(inventory, "HOLDINGS", most)
    assert list(inventory.gaps()) == ["grading.Appeal: is not in the inventory"]
    monkeypatch.setattr(
        inventory,
        "HOLDINGS",
        (*most, inventory.Holding("grading.Appeal", "learner", inventory.Kind.LEARNING, "id text")),
    )
    (gap,) = inventory.gaps()
    assert "not listed ['answer'" in gap


def test_the_command_prints_it_and_fails_on_a_gap(db, capsys, monkeypatch):
    call_command("data_inventory", "--json")
    rows = json.loads(capsys.readouterr().out)
    assert {"accounts.User", "grading.Submission"} <= {row["model"] for row in rows}
    assert all(row["purpose"] and row["retention"] and row["ground"] for row in rows)
    monkeypatch.setattr(inventory, "ACTORS", {})
    with pytest.raises(CommandError, match=r"grading\.AuditEntry"):
        call_command("data_inventory")


# --- Notice and consent -----------------------------------------------------------------------------------------------


def test_the_notice_stands_where_data_are_asked_for_and_its_version_is_kept(client, db):
    assert 'href="/privacy/"' in client.get("/accounts/signup/").text
    fields = {"given_name": "ปิ่น", "email": "new@example.go.th", "password1": PASSWORD, "password2": PASSWORD}
    client.post("/accounts/signup/", fields)
    assert Acknowledgement.objects.get().version == notice.VERSION


def test_whoever_has_not_seen_the_current_notice_is_pointed_at_it_until_they_have(client, learner):
    client.force_login(learner)
    assert "ฉบับปรับปรุง" in client.get("/my/").text
    client.get("/privacy/")
    assert "ฉบับปรับปรุง" not in client.get("/my/").text
    assert Acknowledgement.objects.get().person == learner
    client.get("/privacy/")
    assert Acknowledgement.objects.count() == 1


def test_the_notice_is_there_for_everybody_in_both_languages_and_every_version(client, db):
    assert "ประกาศความเป็นส่วนตัว" in client.get("/privacy/").text
    assert "Personal Data Protection Act" in client.get("/en/privacy/").text
    assert client.get(f"/privacy/versions/{notice.VERSION}/").status_code == 200
    assert client.get("/privacy/versions/..%2f..%2fx/").status_code == 404
    assert client.get("/privacy/versions/1/").status_code == 404
    page = client.get("/privacy/data/").text
    assert "grading.Submission" in page
    assert "หลัง 30 วัน" in page


def test_nothing_is_agreed_to_until_it_is_and_each_for_itself(client, learner):
    client.force_login(learner)
    assert "checked" not in client.get("/my/privacy/").text.split('id="export"')[0]
    assert consenting.given_by(learner) == set()
    client.post("/my/privacy/consent/", {"purposes": ["news", "research"]})
    client.post("/my/privacy/consent/", {"purposes": ["news", "research"]})
    assert consenting.given_by(learner) == {"news", "research"}
    assert Consent.objects.count() == 2
    client.post("/my/privacy/consent/", {})
    assert consenting.given_by(learner) == set()
    kept = Consent.objects.first()
    assert (kept.notice, kept.withdrawn_at is not None) == (notice.VERSION, True)
    assert client.post("/my/privacy/consent/", {"purposes": ["everything"]}).status_code == 422


def test_only_ones_own_pages_are_there(client, db):
    for path in ("", "consent/", "export/", "erase/", "stay/"):
        assert client.post(f"/my/privacy/{path}").status_code in {302, 405}
    assert not Erasure.objects.exists()


# --- Export -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def life(credential, exercises, learner, other_learner, instructor):
    """A person who left something everywhere."""
    Submission.objects.update(notebook=json.dumps({"x": SECRET}, ensure_ascii=False).encode(), filename="น้ำฝน.ipynb")
    submission = Submission.objects.first()
    Appeal.objects.create(submission=submission, learner=learner, text=f"ขอทบทวน {SECRET}")
    document = Document.objects.create(
        owner=learner, exercise=exercises[0], version=submission.version, title=SECRET, kind=Document.Kind.choices[0][0]
    )
    DocumentFile.objects.create(document=document, name="a.csv", content=SECRET.encode())
    Rehearsal.objects.create(
        exercise=exercises[0], version=submission.version, learner=learner, notebook=SECRET.encode()
    )
    Certificate.objects.create(credential=credential, fingerprint="x", pdf=b"%PDF " + SECRET.encode())
    ShareLink.make(credential, days=1, label=f"ถึง {SECRET}")
    consenting.decide(learner, {"news"})
    notice.acknowledge(learner)
    give_grade(other_learner, exercises[0])
    return learner


def fetch(client, person):
    client.force_login(person)
    response = client.post("/my/privacy/export/")
    assert response.status_code == 200
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def test_the_export_has_every_row_about_the_person(client, life):
    archive = fetch(client, life)
    names = set(archive.namelist())
    for holding in inventory.HOLDINGS:
        count = holding.of(life).count()
        told = json.loads(archive.read(f"data/{holding.model}.json")) if count else []
        assert len(told) == count, holding.model
        assert (f"data/{holding.model}.csv" in names) == bool(count)
    (person,) = json.loads(archive.read("data/accounts.User.json"))
    assert person["email"] == life.email
    assert "password" not in person
    files = [archive.read(name).decode() for name in names if name.startswith("files/")]
    assert sum(SECRET in text for text in files) >= 5  # two notebooks, a file, a rehearsal, a certificate
    assert json.loads(archive.read("learning-record.json"))["entries"]
    rows = list(csv.DictReader(io.StringIO(archive.read("data/grading.Appeal.csv").decode("utf-8-sig"))))
    assert SECRET in rows[0]["text"]


def test_the_export_has_nothing_of_anybody_else_and_no_secret(client, life, other_learner):
    archive = fetch(client, life)
    everything = "".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    assert other_learner.email not in everything
    assert ShareLink.objects.get().token_sha256 not in everything
    assert life.password not in everything
    assert {one.rsplit("/", 1)[-1].isascii() for one in archive.namelist()} == {True}


def test_somebody_new_has_an_export_too(client, other_learner):
    archive = fetch(client, other_learner)
    assert json.loads(archive.read("data/accounts.User.json"))[0]["given_name"] == "ปิ่น"


def test_exports_are_not_made_without_end(client, other_learner):
    for _ in range(5):
        fetch(client, other_learner)
    assert client.post("/my/privacy/export/").status_code == 429


# --- Erasure ----------------------------------------------------------------------------------------------------------


def dump():
    """Every value of every row of every table, as one text."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                parts += [
                    bytes(one).decode(errors="replace") if isinstance(one, bytes | memoryview) else str(one)
                    for one in row
                ]
    return "\n".join(parts)


def traces(person, number=""):
    found = {person.email, person.given_name, person.family_name, person.name_en, SECRET, person.password}
    text = dump()
    escaped = json.dumps(SECRET)[1:-1]
    return sorted(one for one in {*found, escaped} if one and one in text)


def order(client, keeps="no", password=PASSWORD):
    return client.post("/my/privacy/erase/", {"keeps_credentials": keeps, "password": password})


def test_erasure_is_ordered_with_the_password_and_can_be_taken_back(client, life):
    client.force_login(life)
    assert order(client, password="wrong").status_code == 422
    assert not Erasure.objects.exists()
    order(client)
    erasure = Erasure.objects.get()
    assert timedelta(days=6) < erasure.due_at - timezone.now() <= timedelta(days=7)
    assert tasks.erase_due() == 0
    assert "จะถูกลบในวันที่" in client.get("/my/privacy/").text
    order(client, keeps="yes")
    assert Erasure.objects.get().due_at == erasure.due_at
    client.post("/my/privacy/stay/")
    Erasure.objects.update(due_at=timezone.now())
    assert tasks.erase_due() == 0
    assert User.objects.filter(pk=life.pk).exists()


def test_after_erasure_a_dump_has_no_trace_of_the_person(client, life, credential, other_learner):
    client.force_login(life)
    assert len(traces(life)) >= 4  # the search finds what is there
    order(client)
    Erasure.objects.update(due_at=timezone.now())
    assert tasks.erase_due() == 1
    assert traces(life) == []
    assert client.get("/my/").status_code == 302  # no session is left either
    assert User.objects.filter(pk=other_learner.pk).exists()
    assert Submission.objects.count() == 1
    record = ErasureRecord.objects.get()
    assert record.rows["grading.Submission"] == 2
    assert "ลบบัญชีและข้อมูลของท่านแล้ว" in mail.outbox[-1].subject


def test_an_erased_credential_is_revoked_and_its_number_says_why(client, life, credential):
    erasing.erase(life, keeps_credentials=False)
    page = client.get(f"/verify/{credential.number}/").text
    assert "ข้อมูลของวุฒิบัตรนี้ถูกลบตามคำขอของผู้ถือ" in page
    answer = verifying.verify_file(credential.document.encode())
    assert (answer.verdict, answer.reason) == ("unknown", "erased")
    assert StatusEntry.objects.get().revoked_at
    assert ErasedCredential.objects.get().proof_sha256 == ""


def test_where_the_holder_wants_it_a_file_they_keep_goes_on_verifying(client, life, credential, settings, tmp_path):
    settings.BUNDLE_KEYS_FILE = tmp_path / "bundles.public.json"
    erasing.erase(life, keeps_credentials=True)
    assert traces(life) == []
    assert verifying.verify_file(credential.document.encode()).verdict == "valid"
    forged = credential.document.replace('"15"', '"150"').encode()
    assert verifying.verify_file(forged).verdict == "tampered"
    assert "ถูกลบตามคำขอ" in client.get(f"/verify/{credential.number}/").text
    publishing.sign_due()
    bundle = bundles.load(bundles.make(), [credential.key.public_multikey])
    assert verifying.verify_file(credential.document.encode(), bundle).verdict == "valid"


def test_somebody_whose_decisions_others_rest_on_stays_nameless(achievement, instructor, other_learner, client):
    Award.objects.create(achievement=achievement, learner=other_learner, grounds="x", requested_by=instructor)
    client.force_login(instructor)
    before = User.objects.get(pk=instructor.pk)
    erasing.erase(instructor, keeps_credentials=False)
    assert traces(before) == []
    instructor.refresh_from_db()
    assert (instructor.is_active, instructor.groups.count()) == (False, 0)
    assert instructor.email.endswith("@erased.invalid")
    assert Award.objects.exists()
    assert ErasureRecord.objects.get().is_nameless


def test_one_that_fails_keeps_no_other_waiting_and_loses_nothing(learner, other_learner, monkeypatch):
    for person in (learner, other_learner):
        erasing.request(person, keeps_credentials=False)
    Erasure.objects.update(due_at=timezone.now())
    real = erasing._forget_sessions
    monkeypatch.setattr(erasing, "_forget_sessions", lambda person: 1 / 0 if person.pk == learner.pk else real(person))
    assert erasing.erase_due() == 1
    assert User.objects.filter(pk=learner.pk).exists()


def test_mails_in_a_folder_go_too_those_to_others_that_name_the_person_among_them(
    learner, other_learner, settings, tmp_path
):
    settings.MAILERS = {"default": {"BACKEND": "x", "OPTIONS": {"file_path": str(tmp_path)}}}
    name = learner.get_full_name()
    for number, (to, text) in enumerate([(learner, "x"), (other_learner, f"เสนอวุฒิบัตรให้ {name}"), (other_learner, "x")]):
        letter = mail.EmailMessage("เรื่อง", text, "from@example.go.th", [to.email])
        (tmp_path / f"{number}.log").write_bytes(letter.message().as_bytes() + b"\n" + b"-" * 79 + b"\n")
    (tmp_path / "broken.log").write_bytes(b"Content-Type: text/plain; charset=nonsense\n\n\xff")
    erasing._forget_mail(learner.email, name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.log", "broken.log"]
    erasing._forget_mail("nobody@example.go.th", "x")
    assert (tmp_path / "2.log").exists()


# --- Retention --------------------------------------------------------------------------------------------------------


def test_what_is_past_its_time_goes_and_the_rest_stays(life, credential, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").write_text("x")
    User.objects.create_user(
        "never@example.go.th", "x", given_name="x", date_joined=timezone.now() - timedelta(days=40)
    )
    assert sum(retention.delete_what_is_past_its_time().values()) == 0
    later = timezone.now() + timedelta(days=6 * 365)
    deleted = retention.delete_what_is_past_its_time(later)
    assert deleted["rehearsals"] == deleted["links"] == deleted["files"] == 1
    assert Submission.objects.exists()
    assert User.objects.filter(pk=life.pk).exists()


def test_an_account_whose_address_nobody_confirmed_goes_after_a_month(db, settings):
    from allauth.account.models import EmailAddress

    old = timezone.now() - timedelta(days=31)
    for name, is_verified in (("never", False), ("confirmed", True)):
        person = User.objects.create_user(f"{name}@example.go.th", "x", given_name="x", date_joined=old)
        EmailAddress.objects.create(user=person, email=person.email, verified=is_verified, primary=True)
    assert retention.delete_what_is_past_its_time()["accounts"] >= 1
    assert [one.email for one in User.objects.all()] == ["confirmed@example.go.th"]


def test_days_are_set_by_environment(life, settings):
    settings.RETENTION_DAYS = {"rehearsals": 0}
    assert retention.delete_what_is_past_its_time()["rehearsals"] == 1


def test_a_rule_that_fails_keeps_no_other_waiting(db, monkeypatch):
    broken = retention.Rule("broken", 1, "", lambda moment: 1 / 0)
    monkeypatch.setattr(retention, "RULES", (broken, *retention.RULES))
    assert "rehearsals" in tasks.delete_what_is_past_its_time()


def test_every_model_of_a_holding_can_be_asked_for_one_person(learner):
    for holding in inventory.HOLDINGS:
        assert holding.of(learner).count() == (1 if holding.model == "accounts.User" else 0), holding.model
    assert Group.objects.exists() in {True, False}
    assert apps.get_models()
