"""Verification as an HR officer meets it, and the documents and identities behind it."""

import re
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.credentials import intake, issuing, revoking, verifying
from lms.credentials.models import Credential
from lms.credentials.numbers import to_number
from tests.credentials.conftest import give_grade, make_achievement

FORM = "/verify/"
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def page_of(credential, prefix=""):
    return f"{prefix}/verify/{credential.number}/"


def upload(client, data, name="credential.json", path=FORM):
    return client.post(path, {"by": "file", "file": SimpleUploadedFile(name, data)})


def text_of(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(text.split())


# --- The page of a number --------------------------------------------------------------------------------------------


def test_the_page_says_valid_in_four_lines(stranger, credential):
    response = stranger.get(page_of(credential))
    assert response.status_code == 200
    text = text_of(response)
    assert "วุฒิบัตรนี้ใช้ได้" in text
    for line in ("ลายเซ็นดิจิทัล", "ผู้ออก", "สถานะ", "ระยะเวลาที่ใช้ได้"):
        assert line in text
    assert response.content.decode().count("verification-line is-ok") == 4
    assert "สถาบันข้อมูลสาธิต" in text
    assert "ผู้ดูแลข้อมูลภาครัฐระดับพื้นฐาน" in text
    assert "TPQI 2566 DG-NORS-036" in text
    assert str(timezone.localtime().year + 543) in text


def test_the_page_in_english(stranger, credential):
    text = text_of(stranger.get(page_of(credential, "/en")))
    assert "This credential is valid" in text
    assert "Government Data Steward, Foundation" in text
    assert "Demo Data Institute" in text
    assert str(timezone.localtime().year) in text


def test_the_public_page_shows_initials_and_not_the_name(stranger, credential, learner):
    page = stranger.get(page_of(credential)).content.decode()
    assert "น. จ." in page
    for secret in (learner.given_name, learner.family_name, learner.email, learner.name_en):
        assert secret not in page


def test_search_engines_and_caches_are_kept_out(stranger, credential):
    response = stranger.get(page_of(credential))
    assert response["X-Robots-Tag"].startswith("noindex")
    assert response["Cache-Control"] == "no-store"
    assert b'name="robots" content="noindex' in response.content


def test_no_page_of_ours_needs_a_script_or_a_style_in_place(stranger, credential):
    for path in (FORM, page_of(credential)):
        page = stranger.get(path).content.decode()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", page)


@pytest.mark.parametrize(
    "change",
    [str.lower, lambda n: n.replace("-", ""), lambda n: n.translate(THAI_DIGITS), lambda n: n.replace("-", " ")],
)
def test_any_spelling_of_a_number_leads_to_its_page(stranger, credential, change):
    response = stranger.get(f"/verify/{change(credential.number)}/")
    assert response.status_code == 302
    assert response["Location"] == page_of(credential)


def test_an_unknown_number_is_not_found_and_says_so(stranger, db):
    number = to_number(Credential().pk)
    response = stranger.get(f"/verify/{number}/")
    assert response.status_code == 404
    assert "ไม่พบวุฒิบัตรนี้ในทะเบียน" in text_of(response)
    assert number in text_of(response)


@pytest.mark.parametrize("typed", ["x", "0" * 28, "%F0%9F%98%80", "..", "a" * 99, "%00", "<script>alert(1)<%2Fscript>"])
def test_what_is_no_number_is_not_found(stranger, db, typed):
    response = stranger.get(f"/verify/{typed}/")
    assert response.status_code in {404, 301}
    assert b"<script>alert" not in response.content


def test_a_revoked_one_says_when_and_why(stranger, credential):
    revoking.revoke(credential, reason="issued_in_error")
    response = stranger.get(page_of(credential))
    text = text_of(response)
    assert response.status_code == 200
    assert "วุฒิบัตรนี้ถูกเพิกถอนแล้ว" in text
    assert "ออกโดยผิดพลาด" in text
    assert "verification-revoked" in response.content.decode()
    assert response.content.decode().count("is-bad") == 1


def test_what_cannot_be_checked_is_a_503_and_neither_good_nor_bad(stranger, credential, monkeypatch):
    monkeypatch.setattr(verifying, "_check_status", lambda *args: 1 / 0)
    response = stranger.get(page_of(credential))
    assert response.status_code == 503
    assert "ยังตรวจสอบไม่ได้ในขณะนี้" in text_of(response)


def test_the_page_asks_the_database_a_fixed_number_of_times(stranger, credential, django_assert_max_num_queries):
    stranger.get(page_of(credential))
    with django_assert_max_num_queries(12):
        stranger.get(page_of(credential))


# --- QR --------------------------------------------------------------------------------------------------------------


def test_the_qr_code_is_an_svg_of_the_thai_page(stranger, credential):
    response = stranger.get(f"/verify/{credential.number}/qr.svg")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml"
    assert response.content.startswith(b"<svg ")
    assert b"style" not in response.content
    page = stranger.get(page_of(credential)).content.decode()
    assert f'src="/verify/{credential.number}/qr.svg"' in page


def test_the_qr_code_holds_the_public_address(stranger, credential, settings, monkeypatch):
    import segno

    made = []
    real = segno.make
    monkeypatch.setattr("lms.credentials.views.segno.make", lambda text, **kw: made.append(text) or real(text, **kw))
    stranger.get(f"/en/verify/{credential.number}/qr.svg")
    assert made == [f"{settings.PUBLIC_URL}/verify/{credential.number}/"]


def test_there_is_no_qr_code_of_nonsense(stranger, db):
    assert stranger.get("/verify/nonsense/qr.svg").status_code == 404


# --- The form --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("prefix", "title"), [("", "ตรวจสอบวุฒิบัตร"), ("/en", "Verify a credential")])
def test_the_form_is_there_for_everybody(stranger, db, prefix, title):
    response = stranger.get(f"{prefix}/verify/")
    assert response.status_code == 200
    assert title in text_of(response)
    page = response.content.decode()
    for name in ("number", "file"):
        assert f'<label for="id_{name}"' in page
    assert "sessionid" not in response.cookies
    assert "csrftoken" not in response.cookies


@pytest.mark.parametrize("change", [str, str.lower, lambda n: n.translate(THAI_DIGITS), lambda n: f"  {n} "])
def test_a_number_leads_to_its_page(stranger, credential, change):
    response = stranger.post(FORM, {"by": "number", "number": change(credential.number)})
    assert response.status_code == 302
    assert response["Location"] == page_of(credential)


@pytest.mark.parametrize(
    "typed", ["", "   ", "1234", "ก" * 28, "x" * 5000, "<script>alert(1)</script>", "\x00", "'; DROP TABLE x; --"]
)
def test_a_number_that_is_none_is_explained_beside_the_field(stranger, db, typed):
    response = stranger.post(FORM, {"by": "number", "number": typed})
    assert response.status_code == 422
    page = response.content.decode()
    assert "error-summary" in page
    assert 'href="#id_number"' in page
    assert "<script>alert" not in page


def test_a_file_is_answered_with_the_full_name_that_is_in_it(stranger, credential, learner):
    response = upload(stranger, credential.document.encode())
    text = text_of(response)
    assert response.status_code == 200
    assert "วุฒิบัตรนี้ใช้ได้" in text
    assert learner.get_full_name() in text
    assert response["Cache-Control"] == "no-store"


def test_a_file_needs_no_token(credential):
    strict = Client(enforce_csrf_checks=True)
    assert upload(strict, credential.document.encode()).status_code == 200


def test_a_changed_file_shows_nothing_it_claims(stranger, credential, learner):
    forged = credential.document.replace("นางสาวน้ำฝน", "พลเอกน้ำฝน")
    assert forged != credential.document
    response = upload(stranger, forged.encode())
    text = text_of(response)
    assert response.status_code == 200
    assert "ไฟล์นี้ไม่ตรงกับที่ผู้ออกลงนามไว้" in text
    for claim in ("พลเอก", learner.family_name, "TPQI"):
        assert claim not in text


@pytest.mark.parametrize(
    "data",
    [b" ", "ใบรับรอง".encode(), b"\x89PNG\r\n\x1a\n" + b"\0" * 99, b"[" * 60_000, b"{}", b"null", b'{"a":1,"a":2}'],
)
def test_a_file_that_is_something_else_is_refused_with_a_reason(stranger, db, data):
    response = upload(stranger, data)
    assert response.status_code == 400
    assert "อ่านข้อมูลที่ส่งมาไม่ได้" in text_of(response)


def test_an_empty_file_is_called_empty(stranger, db):
    response = upload(stranger, b"")
    assert response.status_code == 400
    assert "ไฟล์ว่างเปล่า" in text_of(response)


def test_no_file_at_all_is_explained_beside_the_field(stranger, db):
    response = stranger.post(FORM, {"by": "file"})
    assert response.status_code == 422
    assert 'href="#id_file"' in response.content.decode()


@pytest.mark.parametrize("size", [66_000, 90_000, 3_000_000])
def test_a_file_that_is_too_large_is_refused_before_it_is_read(stranger, db, size, monkeypatch):
    response = upload(stranger, b"{" + b" " * size)
    assert response.status_code == 413
    assert "64 กิโลไบต์" in text_of(response)


@pytest.mark.parametrize("name", ["../../etc/passwd", "ใบรับรอง" * 100 + ".json", "a\0b.json", "<img src=x>.json"])
def test_the_name_of_a_file_does_not_matter(stranger, credential, name):
    assert upload(stranger, credential.document.encode(), name).status_code == 200


def test_nothing_uploaded_is_kept(stranger, credential, tmp_path, settings):
    tmp_path = tmp_path / "uploads"
    tmp_path.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = settings.MEDIA_ROOT = str(tmp_path)
    before = Credential.objects.count()
    opened = []
    import tempfile

    original = tempfile.NamedTemporaryFile
    tempfile.NamedTemporaryFile = lambda *a, **k: opened.append(a) or original(*a, **k)
    try:
        upload(stranger, credential.document.encode())
        upload(stranger, b"x" * 3_000_000)
    finally:
        tempfile.NamedTemporaryFile = original
    assert opened == []
    assert list(tmp_path.iterdir()) == []
    assert Credential.objects.count() == before


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_not_allowed(stranger, db, method):
    assert getattr(stranger, method)(FORM).status_code == 405


# --- Rate ------------------------------------------------------------------------------------------------------------


def test_too_many_verifications_are_turned_away_kindly(stranger, credential, monkeypatch):
    monkeypatch.setattr(intake, "VERIFICATIONS_PER_WINDOW", 3)
    codes = [stranger.get(page_of(credential)).status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    response = stranger.post(FORM, {"by": "number", "number": "x"})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    other_office = {"REMOTE_ADDR": "192.0.2.7"}
    assert stranger.get(page_of(credential), **other_office).status_code == 200


def test_a_forwarded_address_counts_only_behind_our_own_proxy(rf, settings):
    request = rf.get("/", HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.4", REMOTE_ADDR="192.0.2.1")
    assert intake.address_of(request) == "192.0.2.1"
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert intake.address_of(request) == "198.51.100.4"


def test_without_a_cache_verification_goes_on(stranger, credential, monkeypatch):
    def broken(*args, **kwargs):
        raise ConnectionError("no cache")

    monkeypatch.setattr(intake.cache, "add", broken)
    assert stranger.get(page_of(credential)).status_code == 200


def test_the_counter_counts_across_threads(rf, monkeypatch):
    monkeypatch.setattr(intake, "VERIFICATIONS_PER_WINDOW", 50)
    monkeypatch.setattr(intake.time, "time", lambda: 1_000_000.0)
    answers = []

    def ask():
        answers.extend(intake.is_too_often(rf.get("/")) for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(False) == 50


# --- The holder's document -------------------------------------------------------------------------------------------


def json_of(credential):
    return f"/credentials/{credential.number}.json"


def test_the_holder_downloads_the_exact_document(client, credential, learner):
    client.force_login(learner)
    response = client.get(json_of(credential))
    assert response.status_code == 200
    assert response.content.decode() == credential.document
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"] == f'attachment; filename="credential-{credential.number}.json"'
    assert "no-store" in response["Cache-Control"]
    assert verifying.verify_file(response.content).verdict == "valid"


@pytest.mark.parametrize("role", ["other_learner", "instructor", "hr_officer", "operator"])
def test_to_every_other_role_there_is_no_such_document(client, credential, role, request):
    client.force_login(request.getfixturevalue(role))
    assert client.get(json_of(credential)).status_code == 404


@pytest.fixture
def operator(db):
    from lms.accounts.models import User

    return User.objects.create_superuser("op@example.go.th", "x", given_name="โอ")


def test_to_a_stranger_there_is_no_such_document(stranger, credential):
    assert stranger.get(json_of(credential)).status_code == 404
    assert stranger.get("/credentials/nonsense.json").status_code == 404
    assert stranger.get(f"/credentials/{to_number(Credential().pk)}.json").status_code == 404


# --- Identities ------------------------------------------------------------------------------------------------------


def test_an_issuers_identity_lists_every_key_it_ever_had(stranger, issuer):
    old = issuer.keys.get()
    old.retired_at = timezone.now()
    old.save()
    issuer.keys.create(key_id="key-2030-01", public_multikey="z6MkjZRZv3aez3r18pB1RBFJR1kwUVJ5jHt92JmQwXbd5hwi")
    response = stranger.get(f"/issuers/{issuer.slug}/did.json")
    body = response.json()
    assert response["Access-Control-Allow-Origin"] == "*"
    assert body["id"] == issuer.did == "did:web:127.0.0.1%3A8000:issuers:demo-institute"
    ids = [method["id"] for method in body["verificationMethod"]]
    assert ids[::2] == [old.url, f"{issuer.did}#key-2030-01"]
    assert ids[1::2] == [f"{url}-jwk" for url in ids[::2]]
    assert body["assertionMethod"] == [method["id"] for method in body["verificationMethod"]]
    for method in body["verificationMethod"]:
        assert method["controller"] == issuer.did
        if method["type"] == "Multikey":
            assert method["publicKeyMultibase"].startswith("z6Mk")
        else:
            assert (method["type"], set(method["publicKeyJwk"])) == ("JsonWebKey", {"kty", "crv", "x"})
    assert "secret" not in response.content.decode().lower()


def test_the_sites_identity_points_at_its_issuers(stranger, issuer):
    body = stranger.get("/.well-known/did.json").json()
    assert body["id"] == "did:web:127.0.0.1%3A8000"
    (service,) = body["service"]
    assert service["serviceEndpoint"].endswith(f"/issuers/{issuer.slug}/did.json")


def test_an_issuer_that_does_not_exist_has_no_identity(stranger, db):
    assert stranger.get("/issuers/nobody/did.json").status_code == 404
    assert stranger.get("/.well-known/did.json").json()["id"].startswith("did:web:")


# --- The desk --------------------------------------------------------------------------------------------------------


def test_the_desk_shows_what_somebody_holds(client, credential, learner, other_learner):
    client.force_login(learner)
    page = client.get(reverse("courses:desk")).content.decode()
    assert credential.number in page
    assert json_of(credential) in page
    client.force_login(other_learner)
    assert credential.number not in client.get(reverse("courses:desk")).content.decode()


def test_the_desk_asks_as_often_for_many_credentials_as_for_one(client, issuer, exercises, learner):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    give_grade(learner, exercises[0])
    client.force_login(learner)

    def count(slugs):
        for slug in slugs:
            issuing.issue(make_achievement(issuer, exercises[:1], slug=slug), learner)
        client.get(reverse("courses:desk"))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("courses:desk"))
        return len(queries)

    assert count(["a0"]) == count([f"a{n}" for n in range(1, 8)])


def test_addresses_are_the_published_ones():
    assert reverse("credentials:json", args=["X"]) == "/credentials/X.json"
    assert reverse("credentials:did") == "/.well-known/did.json"
    assert reverse("credentials:issuer_did", args=["x"]) == "/issuers/x/did.json"
    assert reverse("verify:form") == "/verify/"


def test_without_a_database_the_answer_is_that_it_could_not_be_checked(stranger, credential):
    from django.db import OperationalError, connection

    def gone(execute, *args):
        raise OperationalError("no database")

    with connection.execute_wrapper(gone):
        page = stranger.get(credential.get_absolute_url())
        sent = stranger.post(
            "/api/v1/credentials/verify", {"number": credential.number}, content_type="application/json"
        )
    assert page.status_code == 503
    assert "ขณะนี้ตรวจสอบไม่ได้" in page.content.decode()
    assert "noindex" in page["X-Robots-Tag"]
    assert (sent.status_code, sent.json()["verdict"]) == (503, "could_not_check")
