"""The certificate as people get it: how it reads, what is in it, who makes it and when."""

import io
import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from pyhanko.pdf_utils.reader import PdfFileReader

from grading.thai_fold import fold
from lms.certificates import printing, tasks
from lms.certificates.models import Certificate, Design, Signatory
from lms.credentials import issuing
from lms.credentials.messages import Verdict
from lms.credentials.unpacking import credential_in
from lms.credentials.verifying import verify_file
from tests.conftest import make_person
from tests.credentials.conftest import give_grade

HARD_NAMES = [
    ("นาย", "น้ำฝน", "ทำดี"),
    ("นางสาว", "ปิ่น", "ฟื้นฟู"),
    ("ดร.", "กฤษฏิ์", "ณ อยุธยา"),
    ("ว่าที่ร้อยตรี", "ป๊ำ", "ปั๊มน้ำ"),
    ("นาง", "ฐิติมา", "ญาณวุฒิ"),
    ("ม.ร.ว.", "ฏูฎุญฐู", "กตัญญู"),
    ("ผศ.", "เก๋", "ไก่แก้ว"),
    ("พญ.", "สำเริง", "จำนำ"),
    ("พระมหา", "ใหญ่", "ผู้ใหญ่ยิ่ง"),
    ("", "ปิ่น", ""),
    ("นาย", "John A.", "Smith-วันที่"),
    ("นางสาว", "พิมพ์ลภัสรดาณัฐกฤตา", "วงศ์วรรณพิพัฒน์ธนากิจไพศาลเจริญสุข ณ พัทลุง"),
]


def earn(achievement, exercises, learner):
    for exercise in exercises:
        give_grade(learner, exercise)
    return issuing.issue(achievement, learner)


def text_of(data, tmp_path):
    path = tmp_path / "certificate.pdf"
    path.write_bytes(data)
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def pdf(credential):
    return printing.sealed_pdf(credential)


def holder_of(credential):
    return credential.parsed()["credentialSubject"]["identifier"][0]["identityHash"]


def picture_of(path):
    """The page as poppler draws it, when somebody asks for pictures to look at: CERTIFICATE_PICTURES=folder."""
    if folder := os.environ.get("CERTIFICATE_PICTURES"):
        name = Path(folder, f"{len(list(Path(folder).glob('*.png'))) + 1:02}")
        subprocess.run(["pdftoppm", "-png", "-r", "70", "-singlefile", path, name], check=True, timeout=60)


@pytest.mark.parametrize("name", HARD_NAMES, ids=lambda name: name[1])
def test_hard_names_copy_out_as_they_are_written(client, achievement, exercises, tmp_path, name):
    """As it is downloaded: the text, what is attached, the seal, the size."""
    title, given, family = name
    person = make_person("x@example.go.th", given, family, title=title)
    credential = earn(achievement, exercises, person)
    tasks.make(printing.ask_for(credential).pk)
    client.force_login(person)
    data = client.get(reverse("credentials:pdf", args=[credential.number])).content
    text = fold(text_of(data, tmp_path))
    assert fold(person.get_full_name()) in text
    assert fold(holder_of(credential)) in text
    assert fold(achievement.name_th) in text
    assert credential.number in text
    path = tmp_path / "certificate.pdf"
    subprocess.run(["pdfdetach", "-save", "1", "-o", tmp_path / "out.json", path], check=True, timeout=60)
    assert (tmp_path / "out.json").read_bytes() == credential.document.encode()
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert verify_file(data).holder_name == person.get_full_name()
    assert len(data) <= 300_000
    assert len(PdfFileReader(io.BytesIO(data)).root["/Pages"]["/Kids"]) == 1
    picture_of(path)


def test_what_is_attached_is_the_signed_document_to_the_byte_and_verifies(credential, pdf, tmp_path):
    path = tmp_path / "certificate.pdf"
    path.write_bytes(pdf)
    subprocess.run(["pdfdetach", "-save", "1", "-o", tmp_path / "out.json", path], check=True)
    assert (tmp_path / "out.json").read_bytes() == credential_in(pdf) == credential.document.encode()
    answer = verify_file(pdf)
    assert (answer.verdict, answer.number) == (Verdict.VALID, credential.number)


def test_two_programs_call_the_seal_right(pdf, tmp_path, seal):
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    path = tmp_path / "certificate.pdf"
    path.write_bytes(pdf)
    said = subprocess.run(["pdfsig", "-nocert", path], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    assert validate_pdf_signature(signature, ValidationContext(trust_roots=[seal])).bottom_line


def test_another_name_on_the_same_paper_is_tampering(pdf):
    middle = len(pdf) // 2
    assert verify_file(pdf[:middle] + bytes([pdf[middle] ^ 1]) + pdf[middle + 1 :]).verdict == Verdict.TAMPERED


def test_the_file_is_made_as_pdf_a_3_demands(pdf, tmp_path):
    """What of ISO 19005-3 can be looked at without a validator; see docs/certificates.md."""
    reader = PdfFileReader(io.BytesIO(pdf))
    root = reader.root
    metadata = root["/Metadata"].data.decode()
    assert re.search(r'pdfaid:part(="|>)3', metadata)
    assert re.search(r'pdfaid:conformance(="|>)B', metadata)
    assert root["/Metadata"].get("/Filter") is None or "/Crypt" not in str(root["/Metadata"]["/Filter"])
    (intent,) = root["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    assert intent["/DestOutputProfile"]["/N"] == 3
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 - a boolean of PDF
    assert len(root["/AF"]) == 1
    attached = root["/AF"][0]
    assert attached["/AFRelationship"] == "/Alternative"
    assert attached["/EF"]["/F"]["/Subtype"] == "/application/json"
    assert "/ModDate" in attached["/EF"]["/F"]["/Params"]
    assert {"/JavaScript", "/OpenAction", "/AA"}.isdisjoint(root)
    assert "/Version" not in root
    assert pdf.startswith(b"%PDF-1.7")
    assert "/ID" in reader.trailer_view
    assert "/Encrypt" not in reader.trailer_view
    fonts = (
        subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode().splitlines()[2:]
    )
    assert fonts
    # Columns: embedded, subset, has a map to Unicode.
    assert all(re.search(r"yes yes yes", line) for line in fonts), fonts
    annotations = root["/Pages"]["/Kids"][0]["/Annots"]
    for place in range(len(annotations)):
        # To be printed, and not hidden (ISO 19005-3, 6.3.2).
        assert annotations[place]["/F"] & 6 == 4


def test_thai_digits_are_on_the_paper_and_not_in_the_qr_code(credential, tmp_path, monkeypatch):
    Design.objects.create(achievement=credential.achievement, language="th", has_thai_digits=True)
    addresses = []
    plain = printing.pictures.qr
    monkeypatch.setattr(printing.pictures, "qr", lambda address: addresses.append(address) or plain(address))
    text = text_of(printing.sealed_pdf(credential), tmp_path)
    assert "๑๕ ชั่วโมง" in text
    assert re.search("พ.ศ. ๒๕[๐-๙]{2}", text)
    from lms.credentials.numbers import from_number

    shown = next(line for line in text.splitlines() if line.count("-") == 6 and "/" not in line)
    assert from_number(shown) == credential.pk
    assert addresses == [printing.address_of(credential)]


def test_languages(credential, tmp_path):
    design = Design.objects.create(achievement=credential.achievement, language="en")
    Signatory.objects.create(design=design, name_th="นายสม", name_en="Mr. Som", office_th="ผอ.", office_en="Director")
    english = text_of(printing.sealed_pdf(credential), tmp_path)
    assert "Government Data Steward, Foundation" in english
    assert "(Mr. Som)" in english
    assert "วุฒิบัตร" not in english
    Design.objects.update(language="both")
    both = text_of(printing.sealed_pdf(credential), tmp_path)
    assert "วุฒิบัตร" in both
    assert "Certificate" in both


def test_what_stands_on_it_is_what_was_signed_not_what_the_database_says_today(credential, achievement, tmp_path):
    type(achievement).objects.update(name_th="ชื่ออื่น")
    credential.holder_name = "ผู้อื่น"
    text = text_of(printing.sealed_pdf(credential), tmp_path)
    assert "น้ำฝน" in text
    assert "ชื่ออื่น" not in text


# --- Who makes it, and when -------------------------------------------------------------------------------------------


def test_a_page_asks_and_a_worker_makes_it_once(client, learner, credential, django_capture_on_commit_callbacks):
    client.force_login(learner)
    address = reverse("credentials:pdf", args=[credential.number])
    with django_capture_on_commit_callbacks(execute=False) as told:
        waiting = client.get(address)
    assert (waiting.status_code, waiting["Refresh"], len(told)) == (202, "2", 1)
    with django_capture_on_commit_callbacks(execute=False) as told:
        assert client.get(address).status_code == 202
    assert told == []  # asked already
    certificate = Certificate.objects.get()
    assert tasks.make(certificate.pk)
    assert not tasks.make(certificate.pk)
    first, second = client.get(address), client.get(address)
    assert first["Content-Type"] == "application/pdf"
    assert first.content == second.content
    assert verify_file(first.content).verdict == Verdict.VALID
    assert "filename*=utf-8''%E0%B8%9C%E0%B8%B9%E0%B9%89" in first["Content-Disposition"]


def test_a_web_server_needs_no_seal_and_draws_nothing(client, learner, credential, settings, monkeypatch):
    settings.SEAL_KEY_FILE = ""
    monkeypatch.setattr(printing.pdf, "write", None)
    client.force_login(learner)
    assert client.get(reverse("credentials:pdf", args=[credential.number])).status_code == 202
    assert tasks.make(Certificate.objects.get().pk) is False
    assert tasks.make_waiting() == 0


def test_what_was_lost_is_made_on_the_clock_and_what_is_old_is_let_go(credential):
    printing.ask_for(credential)
    assert tasks.make_waiting() == 1
    Certificate.objects.update(made_at=timezone.now() - printing.KEPT - timedelta(days=1))
    assert tasks.make_waiting() == 0
    assert not Certificate.objects.exists()


def test_another_design_or_seal_is_another_file_and_the_same_is_not(credential):
    first = printing.fingerprint(credential)
    assert printing.fingerprint(credential) == first
    design = Design.objects.create(achievement=credential.achievement)
    second = printing.fingerprint(credential)
    Signatory.objects.create(design=design, name_th="ก", office_th="ข")
    assert len({first, second, printing.fingerprint(credential)}) == 3


def test_a_certificate_that_cannot_be_made_says_so_and_is_not_tried_for_ever(client, learner, credential, monkeypatch):
    certificate = printing.ask_for(credential)

    def broken(_credential):
        raise ValueError("out of order")

    monkeypatch.setattr(printing, "sealed_pdf", broken)
    for _ in range(Certificate.MOST_TRIES + 2):
        assert tasks.make(certificate.pk) is False
    certificate.refresh_from_db()
    assert certificate.tries == Certificate.MOST_TRIES
    client.force_login(learner)
    page = client.get(reverse("credentials:pdf", args=[credential.number]))
    assert page.status_code == 503
    assert "Refresh" not in page


def test_nothing_is_fetched_for_a_page():
    from lms.certificates import pdf as writer

    file = writer.File("a.json", "{}", timezone.now(), "")
    with pytest.raises(writer.NothingElse):
        writer.write('<html><img src="http://127.0.0.1:1/x.png">', style="", pictures={}, file=file)
    with pytest.raises(writer.NothingElse):
        writer.write('<html><img src="file:///etc/passwd">', style="", pictures={}, file=file)
