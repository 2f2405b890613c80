import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from lms.certificates import pdf
from lms.credentials import seals
from lms.credentials.messages import Verdict
from lms.credentials.profile import Unreadable
from lms.credentials.seals import SealBroken, SealUnavailable
from lms.credentials.unpacking import credential_in
from lms.credentials.verifying import verify_file

TEXT = '{"name": "น้ำฝน"}'


def make_pdf(text=TEXT, name="credential.json"):
    file = pdf.File(name, text, datetime(2026, 11, 21, tzinfo=UTC), "the credential")
    return pdf.write("<html lang=th><title>t</title><p>วุฒิบัตร", style="", pictures={}, file=file)


@pytest.fixture(scope="module")
def sealed(seal):
    return seals.seal(make_pdf(), reason="test")


@pytest.fixture
def files(tmp_path, settings):
    """Files of keys of a test's own."""
    settings.SEAL_KEY_FILE = str(tmp_path / "seal.pem")
    settings.SEAL_CERTIFICATES_FILE = str(tmp_path / "seals.pem")
    return tmp_path


def test_what_was_attached_comes_out_byte_for_byte(sealed):
    assert credential_in(sealed) == TEXT.encode()


def test_the_seal_is_a_pades_signature_over_the_whole_file_that_allows_no_change(sealed, seal):
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    (signature,) = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    status = validate_pdf_signature(signature, ValidationContext(trust_roots=[seal]))
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert status.docmdp_ok
    assert signature.docmdp_level == MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: b"\n".join([data, data[data.rindex(b"xref") :]]),
        lambda data: data.replace(b"%PDF-1.7", b"%PDF-1.6"),
        lambda data: data[:2000] + bytes([data[2000] ^ 1]) + data[2001:],
        lambda data: data + data[data.index(b"/ByteRange") :][:60],
    ],
)
def test_a_file_that_was_changed_after_sealing_is_said_to_be(sealed, change):
    with pytest.raises(SealBroken):
        credential_in(change(sealed))


def test_another_attachment_under_the_same_seal_breaks_it(sealed, seal):
    """Body of one file, seal of another."""
    other = seals.seal(make_pdf('{"name": "another"}'), reason="test")
    start, end = other.index(b"/Contents <") + 10, other.index(b">", other.index(b"/Contents <"))
    begin = sealed.index(b"/Contents <") + 10
    forged = sealed[:begin] + other[start:end] + sealed[begin + end - start :]
    with pytest.raises(SealBroken):
        credential_in(forged)


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7 /ByteRange [0 1 2 3] <zz>", b"%PDF-1.7" + b"\0" * 9999])
def test_a_pdf_without_a_seal_is_not_parsed(data, seal, monkeypatch):
    monkeypatch.setattr(seals, "PdfFileReader", None)
    with pytest.raises(Unreadable, match="no_seal"):
        credential_in(data)


def test_an_unsealed_certificate_is_not_parsed_either(seal, monkeypatch):
    monkeypatch.setattr(seals, "PdfFileReader", None)
    with pytest.raises(Unreadable, match="no_seal"):
        credential_in(make_pdf())


def test_a_strangers_perfect_seal_is_nobodys(sealed, files):
    seals.make_key(name="Demo Data Institute")
    with pytest.raises(Unreadable, match="no_seal"):
        credential_in(sealed)
    # And ours under a stranger's certificate list that names ours: still only the list counts.
    forged = seals.seal(make_pdf(), reason="test")
    assert credential_in(forged) == TEXT.encode()


def test_a_sealed_file_with_nothing_attached_has_nothing_inside(seal):
    with pytest.raises(Unreadable, match="nothing_inside"):
        credential_in(seals.seal(make_pdf(name="other.json"), reason="test"))


def test_old_seals_stay_readable_after_a_rotation(files):
    first = seals.make_key(name="Demo")
    old = seals.seal(make_pdf(), reason="test")
    assert seals.make_key(name="Demo") is None
    assert seals.make_key(name="Demo", is_rotation=True) == seals.fingerprint() != first
    assert credential_in(old) == credential_in(seals.seal(make_pdf(), reason="test")) == TEXT.encode()
    assert len(seals.known()) == 2


def test_a_key_that_others_can_read_and_a_list_that_others_can_write_are_refused(files):
    seals.make_key(name="Demo")
    key, listed = files / "seal.pem", files / "seals.pem"
    assert (key.stat().st_mode & 0o777, listed.stat().st_mode & 0o777) == (0o600, 0o644)
    key.chmod(0o640)
    with pytest.raises(SealUnavailable, match="chmod 600"):
        seals.seal(make_pdf(), reason="test")
    listed.chmod(0o666)
    with pytest.raises(SealUnavailable, match="chmod 644"):
        seals.known()


@pytest.mark.parametrize(
    "content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_says_so_without_its_text(files, content):
    Path(files / "seal.pem").write_bytes(content)
    Path(files / "seal.pem").chmod(0o600)
    with pytest.raises(SealUnavailable, match="is not a key with its certificate"):
        seals.seal(make_pdf(), reason="test")


def test_a_process_without_the_seal_says_what_to_do(settings):
    settings.SEAL_KEY_FILE = ""
    with pytest.raises(SealUnavailable, match="SEAL_KEY_FILE"):
        seals.seal(make_pdf(), reason="test")
    with pytest.raises(CommandError, match="SEAL_KEY_FILE"):
        call_command("make_seal_key")


def test_an_agencys_own_key_file_is_published_and_not_overwritten(files, capsys):
    call_command("make_seal_key", "--name", "Demo")
    own = (files / "seal.pem").read_bytes()
    (files / "seals.pem").unlink()
    call_command("make_seal_key")
    assert (files / "seal.pem").read_bytes() == own
    assert len(seals.known()) == 1
    assert "there is a seal" in capsys.readouterr().out


def test_a_broken_seal_is_tampering_and_a_missing_list_is_not(db, sealed, settings):
    answer = verify_file(sealed + b" ")
    assert (answer.verdict, answer.reason) == (Verdict.TAMPERED, "seal")
    settings.SEAL_CERTIFICATES_FILE = "/nowhere"
    assert verify_file(sealed).verdict == Verdict.COULD_NOT_CHECK
