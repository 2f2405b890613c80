"""Credentials of other bodies: believed because a signed list names their issuer, and for no other reason."""

import http.server
import json
import threading
from datetime import timedelta
from io import StringIO

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import CommandError, call_command
from django.utils import timezone

from lms.credentials import publishing, status_list, verifying
from lms.credentials.custody import FileSigner
from lms.credentials.models import Issuer
from lms.trust import fetching, registry, tasks
from lms.trust.models import StatusCopy, TrustList
from lms.verification import bundles
from tests.trust.conftest import DID, LIST, Elsewhere, as_bytes, draft


def verdict(document, register=verifying.DATABASE):
    answer = verifying.verify_file(as_bytes(document), register)
    return str(answer.verdict), answer.reason


def test_an_issuer_that_nobody_listed_is_unknown(db, elsewhere):
    assert verdict(elsewhere.credential()) == ("unknown_issuer", "")


def test_a_listed_issuers_credential_is_valid_and_named_as_in_the_list(trusted):
    answer = verifying.verify_file(as_bytes(trusted.credential()))
    assert answer.verdict == "valid", answer.message
    assert answer.issuer_name.th == "มหาวิทยาลัยสาธิตริมโขง (ทะเบียน)"
    assert answer.as_dict()["status"]["as_of"] < answer.as_dict()["validity"]["from"] or answer.status_as_of
    assert answer.holder_name == "นางสาวน้ำฝน ใจดี"


def test_its_verdicts_are_those_of_our_own(trusted):
    now = timezone.now()
    known = registry.current().issuers[DID]
    registry.keep_status(as_bytes(trusted.status([9])), LIST, known)
    changed = trusted.credential()
    changed["name"] = "Something else"
    assert verdict(changed) == ("tampered", "signature")
    assert verdict(trusted.credential(index=9)) == ("revoked", "")
    assert "วันที่และเหตุผลโปรดสอบถามผู้ออก" in verifying.verify_file(as_bytes(trusted.credential(index=9))).message.th
    assert verdict(trusted.credential(valid_until=now - timedelta(days=1))) == ("expired", "")
    stranger = Elsewhere()
    assert verdict(stranger.credential()) == ("tampered", "signature")


def test_the_pages_show_it_and_offer_nothing_that_only_our_register_knows(trusted, client):
    response = client.post("/verify/", {"by": "file", "file": _upload(trusted.credential())})
    assert response.status_code == 200
    assert "วุฒิบัตรนี้ใช้ได้" in response.text
    assert "มหาวิทยาลัยสาธิตริมโขง (ทะเบียน)" in response.text
    assert "/qr.svg" not in response.text
    page = client.get("/verify/issuers/")
    assert DID in page.text
    assert "Rim Khong University (registry)" in client.get("/en/verify/issuers/").text
    assert json.loads(client.get("/issuers/trusted.json").content)["signatures"]
    answer = client.post("/api/v1/credentials/verify", as_bytes(trusted.credential()), content_type="application/json")
    assert answer.json()["verdict"] == "valid"


def _upload(document):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("c.json", as_bytes(document))


def test_without_a_list_the_pages_say_so(client, db):
    assert "ยังตรวจสอบวุฒิบัตรของหน่วยงานอื่นไม่ได้" in client.get("/verify/issuers/").text
    assert client.get("/issuers/trusted.json").status_code == 404


# --- The status of others ---------------------------------------------------------------------------------------------


def test_without_a_current_status_nothing_is_valid(trusted):
    StatusCopy.objects.all().delete()
    assert verdict(trusted.credential()) == ("could_not_check", "no_status_of_others")
    StatusCopy.objects.create(url=LIST, document=json.dumps(trusted.status(age=timedelta(days=8))))
    assert verdict(trusted.credential()) == ("could_not_check", "no_status_of_others")
    forged = Elsewhere().status()
    StatusCopy.objects.update(document=json.dumps(forged))
    assert verdict(trusted.credential()) == ("could_not_check", "no_status_of_others")


def test_a_status_list_that_the_registry_does_not_name_counts_for_nothing(db, elsewhere, authority):
    registry.take(registry.sign(draft(elsewhere.entry(statusLists=["https://university.example/status/2"])), authority))
    StatusCopy.objects.create(url=LIST, document=json.dumps(elsewhere.status()))
    assert verdict(elsewhere.credential()) == ("could_not_check", "no_status_of_others")


def test_an_older_or_foreign_status_list_is_not_taken(trusted):
    known = registry.current().issuers[DID]
    registry.keep_status(as_bytes(trusted.status([7], age=timedelta(minutes=1))), LIST, known)
    with pytest.raises(status_list.Unusable, match="older"):
        registry.keep_status(as_bytes(trusted.status(age=timedelta(hours=2))), LIST, known)
    for data in (as_bytes(Elsewhere().status()), b"{}", b"x" * 100_000, b""):
        with pytest.raises(status_list.Unusable):
            registry.keep_status(data, LIST, known)
    assert verdict(trusted.credential()) == ("revoked", "")


def test_a_compromised_key_of_theirs_signs_nothing_here(trusted, authority):
    entry = trusted.entry()
    entry["keys"][0]["compromised"] = "2026-01-01T00:00:00Z"
    registry.take(registry.sign(draft(entry, serial=2), authority))
    assert verdict(trusted.credential()) == ("tampered", "compromised_key")


# --- The list itself --------------------------------------------------------------------------------------------------


def test_a_list_of_somebody_else_is_refused(db, elsewhere, authority, settings):
    other = FileSigner(Ed25519PrivateKey.generate())
    with pytest.raises(registry.Refused, match="no key of TRUST_LIST_KEYS"):
        registry.take(registry.sign(draft(elsewhere.entry()), other))
    envelope = registry.sign(draft(elsewhere.entry()), authority)
    with pytest.raises(registry.Refused):
        registry.take(envelope.replace("rim-khong", "rim-khonG"))
    settings.TRUST_LIST_KEYS = []
    with pytest.raises(registry.Refused):
        registry.take(envelope)


def test_a_row_that_somebody_wrote_into_the_database_names_nobody(trusted):
    forged = registry.sign(draft(Elsewhere().entry(), serial=9), FileSigner(Ed25519PrivateKey.generate()))
    now = timezone.now()
    TrustList.objects.create(serial=9, envelope=forged, issued_at=now, expires_at=now + timedelta(days=9))
    assert verdict(trusted.credential()) == ("unknown_issuer", "")


def test_an_older_list_does_not_come_back_and_one_out_of_date_says_so(trusted, authority, monkeypatch):
    registry.take(registry.sign(draft(trusted.entry(), serial=5), authority))
    with pytest.raises(registry.Refused, match="list 5 is in force"):
        registry.take(registry.sign(draft(serial=4), authority))
    with pytest.raises(registry.Refused, match="out of date"):
        registry.take(registry.sign(draft(serial=6, expires=timezone.now() - timedelta(days=1)), authority))
    old = registry.sign(draft(trusted.entry(), serial=7, expires=timezone.now() - timedelta(days=1)), authority)
    now = timezone.now()
    TrustList.objects.create(serial=7, envelope=old, issued_at=now, expires_at=now)
    assert verdict(trusted.credential()) == ("could_not_check", "trust_list_expired")


def test_our_own_issuers_cannot_be_listed_over(credential, elsewhere, authority):
    ours = Issuer.objects.get()
    registry.take(registry.sign(draft(elsewhere.entry(did=ours.did)), authority))
    assert verdict(credential.parsed()) == ("valid", "")


@pytest.mark.parametrize(
    "change",
    [
        {"serial": 0},
        {"serial": "1"},
        {"issuers": [{}]},
        {"more": 1},
        {"expires": "tomorrow"},
        {"expires": "2026-02-30T00:00:00Z"},
        {"type": "Other"},
    ],
)
def test_what_is_no_list_is_refused_with_a_reason(db, authority, change):
    text = json.dumps(json.loads(draft()) | change)
    with pytest.raises(registry.Refused):
        registry.take(registry.sign(text, authority))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"list": 1, "signatures": []}', "x" * 2_000_000, '{"list":'])
def test_what_is_no_envelope_is_refused(text):
    with pytest.raises(registry.Refused):
        registry.read(text, ())


# --- Commands and fetching --------------------------------------------------------------------------------------------


def command(*arguments):
    out = StringIO()
    call_command("trusted_issuers", *arguments, stdout=out)
    return out.getvalue()


def test_an_operator_lists_signs_and_loads(issuer, credential, settings, tmp_path, elsewhere):
    entry = json.loads(command("describe", issuer.slug))
    assert entry["did"] == issuer.did
    assert len(entry["statusLists"]) == 1
    (tmp_path / "draft.json").write_text(draft(entry, elsewhere.entry()), encoding="utf-8")
    said = command("sign", issuer.slug, str(tmp_path / "draft.json"), str(tmp_path / "list.json"))
    with pytest.raises(CommandError, match="TRUST_LIST_KEYS"):
        command("load", str(tmp_path / "list.json"))
    settings.TRUST_LIST_KEYS = [said.split("Signed by ")[1].split(":")[0]]
    assert "2 issuers" in command("load", str(tmp_path / "list.json"))
    assert DID in command("show")
    (tmp_path / "status.json").write_bytes(as_bytes(elsewhere.status()))
    assert "taken" in command("status", str(tmp_path / "status.json"))
    assert verdict(elsewhere.credential()) == ("valid", "")
    with pytest.raises(CommandError, match="no issuer"):
        command("describe", "nobody")
    with pytest.raises(CommandError):
        command("load", str(tmp_path / "missing"))


@pytest.fixture
def server(settings):
    """An answer at an address, and what was asked of it."""

    class Handler(http.server.BaseHTTPRequestHandler):
        body, status, asked, location = b"", 200, [], ""

        def do_GET(self):
            self.asked.append(self.path)
            self.send_response(self.status)
            if self.location:
                self.send_header("Location", self.location)
            self.end_headers()
            self.wfile.write(self.body)

        def log_message(self, *args):
            pass

    Handler.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        Handler.url = f"http://127.0.0.1:{running.server_port}/"
        settings.TRUST_FETCH_INSECURE = [Handler.url]
        yield Handler
        running.shutdown()
        thread.join()


def test_only_what_the_list_names_is_fetched_and_never_by_a_verification(db, elsewhere, authority, server, monkeypatch):
    monkeypatch.setattr("tests.trust.conftest.LIST", server.url + "status/1")
    assert tasks.refresh_status_lists() == 0
    registry.take(registry.sign(draft(elsewhere.entry(statusLists=[server.url + "status/1"])), authority))
    credential = elsewhere.credential()
    assert verdict(credential) == ("could_not_check", "no_status_of_others")
    assert server.asked == []
    server.body = as_bytes(elsewhere.status())
    assert tasks.refresh_status_lists() == 1
    assert server.asked == ["/status/1"]
    assert verdict(credential) == ("valid", "")
    assert server.asked == ["/status/1"]


@pytest.mark.parametrize("status", [302, 404, 500])
def test_an_answer_that_is_none_is_not_taken(db, elsewhere, authority, server, status):
    server.status, server.location = status, server.url + "elsewhere" if status == 302 else ""
    registry.take(registry.sign(draft(elsewhere.entry(statusLists=[server.url + "s"])), authority))
    assert fetching.refresh() == (0, 1)
    assert server.asked == ["/s"]


@pytest.mark.parametrize("url", ["http://university.example/s", "file:///etc/passwd", "ftp://x/"])
def test_only_https_is_fetched(url):
    with pytest.raises(fetching.NotFetched, match="https"):
        fetching.fetch(url)


# --- Offline ----------------------------------------------------------------------------------------------------------


def test_the_offline_bundle_gives_the_same_verdicts(trusted, credential, settings, tmp_path):
    settings.BUNDLE_KEYS_FILE = tmp_path / "bundles.public.json"
    publishing.sign_due()
    known = registry.current().issuers[DID]
    registry.keep_status(as_bytes(trusted.status([9])), LIST, known)
    content = bundles.make()
    bundle = bundles.load(content, [credential.key.public_multikey])
    changed = trusted.credential()
    changed["name"] = "x"
    stranger = Elsewhere("did:web:stranger.example:x")
    for one in (trusted.credential(), trusted.credential(index=9), changed, stranger.credential(), credential.parsed()):
        online, offline = verifying.verify_file(as_bytes(one)), verifying.verify_file(as_bytes(one), bundle)
        assert (offline.verdict, offline.reason, offline.message) == (online.verdict, online.reason, online.message)
        assert offline.issuer_name == online.issuer_name
    assert {verdict(one, bundle)[0] for one in (trusted.credential(), trusted.credential(index=9))} == {
        "valid",
        "revoked",
    }
