"""The seal of a certificate: the last thing done to a PDF, and the first thing looked at when one comes back.

A seal is a PAdES signature (ETSI EN 319 142-1) that allows no further change. Its key is not the one that signs
credentials, and another process holds it: see docs/decisions/0028. A PDF that comes back is a stranger's file until
its seal is known to be right; only then is it parsed: see docs/decisions/0029.
"""

import datetime
import fcntl
import hashlib
import io
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from asn1crypto import cms, pem, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.utils import timezone
from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator.registry import SimpleCertificateStore

from lms.credentials.profile import Unreadable

ATTACHMENT = "credential.json"
FIELD = "Seal"
# A seal outlives the credentials it is set on: readers of PDF look at the day of sealing only if there is a timestamp.
VALID_DAYS = 20 * 365
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_MOST_HEX = 64 * 1024


class SealUnavailable(Exception):
    """There is no key to seal with here, or no list of seals to check by; the text says why and what to do."""


class SealBroken(Exception):
    """The file bears a seal of ours, and was changed after it was sealed."""


# --- Sealing ----------------------------------------------------------------------------------------------------------


def seal(pdf: bytes, *, reason: str) -> bytes:
    """The PDF with this process's seal on it; nothing can be added to it afterwards without breaking the seal.

    Raises:
        SealUnavailable: this process holds no key.
    """
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    signer = _signer()
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        name=signer.subject_name,
        reason=reason,
        location=settings.PUBLIC_URL,
    )
    sealed = signers.PdfSigner(meta, signer=signer).sign_pdf(writer)
    return bytes(sealed.getbuffer())


def _signer() -> signers.SimpleSigner:
    """The seal of this process: a private key and the certificates that lead from it to the authority, in one file."""
    if not settings.SEAL_KEY_FILE:
        raise SealUnavailable("SEAL_KEY_FILE is not set: only the process that makes certificates is given the seal")
    data = _read(Path(settings.SEAL_KEY_FILE), is_private=True)
    try:
        key = load_private_key_from_pemder_data(data, passphrase=None)
        own, *others = load_certs_from_pemder_data(data)
    except (ValueError, TypeError, IndexError) as error:
        # The text of the key itself must never reach a log.
        raise SealUnavailable(f"{settings.SEAL_KEY_FILE} is not a key with its certificate, in PEM") from error
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    store.register_multiple(others)
    return signers.SimpleSigner(signing_cert=own, signing_key=key, cert_registry=store)


def fingerprint() -> str:
    """Which seal this site sets on certificates now: the SHA-256 of the newest one published, empty without one."""
    try:
        return hashlib.sha256(known()[-1].dump()).hexdigest()
    except (SealUnavailable, IndexError):
        return ""


def make_key(*, name: str, is_rotation: bool = False) -> str | None:
    """Makes a seal of our own where there is none, or a further one; returns its fingerprint, None when one is there.

    An agency that has a certificate of the national authority puts that into SEAL_KEY_FILE instead and publishes it
    with ``publish``.
    """
    path = Path(settings.SEAL_KEY_FILE)
    with _locked(path):
        if path.exists() and not is_rotation:
            _publish(_certificates(path))
            return None
        # RSA, and no elliptic curve: those are PDF 2.0, and the archival form of these files ends at PDF 1.7.
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        certificate = _self_signed(key, name)
        own = certificate.public_bytes(serialization.Encoding.PEM)
        # Published first: a seal that nobody can check is of no use.
        _publish([own])
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(path, secret + own, mode=0o600)
    return certificate.fingerprint(hashes.SHA256()).hex()


def _self_signed(key: rsa.RSAPrivateKey, name: str) -> certificates.Certificate:
    subject = certificates.Name(
        [
            certificates.NameAttribute(NameOID.ORGANIZATION_NAME, name[:64]),
            certificates.NameAttribute(NameOID.COMMON_NAME, f"{name[:50]} (seal)"),
        ]
    )
    now = timezone.now()
    usage = certificates.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        certificates.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(certificates.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(certificates.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(certificates.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


# --- The list of seals ------------------------------------------------------------------------------------------------


def known() -> list[x509.Certificate]:
    """Every certificate that ever sealed for this site, oldest first.

    Raises:
        SealUnavailable: the list is missing, damaged, or others may write to it.
    """
    path = Path(settings.SEAL_CERTIFICATES_FILE)
    try:
        return list(load_certs_from_pemder_data(_read(path, is_private=False)))
    except ValueError as error:
        raise SealUnavailable(f"{path} is not a list of certificates in PEM") from error


def _publish(new: Sequence[bytes]) -> None:
    """Adds certificates (PEM) to the public list."""
    path = Path(settings.SEAL_CERTIFICATES_FILE)
    with _locked(path):
        listed = path.read_bytes() if path.exists() else b""
        missing = [one for one in new if one.strip() not in listed]
        if missing:
            _write(path, listed + b"".join(missing), mode=0o644)


def _certificates(path: Path) -> list[bytes]:
    """The first certificate of a key file, which is the one that seals."""
    blocks = pem.unarmor(_read(path, is_private=True), multiple=True)
    return [pem.armor("CERTIFICATE", der) for kind, _, der in blocks if kind == "CERTIFICATE"][:1]


def _read(path: Path, *, is_private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            # The mode is asked of the file that is read, not of whatever bears its name a moment later.
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & (0o077 if is_private else 0o022):
                raise SealUnavailable(f"{path} is open to others: chmod {'600' if is_private else '644'} it")
            return file.read()
    except OSError as error:
        raise SealUnavailable(f"{path}: {error.strerror}; make one with manage.py make_seal_key") from error


def _write(path: Path, data: bytes, *, mode: int) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- Checking and reading ---------------------------------------------------------------------------------------------


def read_pdf(data: bytes, seals: Callable[[], Sequence[x509.Certificate]] = known) -> bytes:
    """The credential attached to a sealed certificate. A PDF without one of these seals is not parsed at all.

    Raises:
        Unreadable: ``no_seal`` when no seal of ours is on it, ``nothing_inside`` when nothing is attached.
        SealBroken: it bears one of the seals, which does not fit what it says.
    """
    _check_seal(data, seals)
    reader = PdfFileReader(io.BytesIO(data))
    try:
        names = reader.root["/Names"]["/EmbeddedFiles"]["/Names"]
    except KeyError as error:
        raise Unreadable("nothing_inside") from error
    places = range(0, len(names), 2)
    found = [names[place + 1]["/EF"]["/F"].data for place in places if names[place] == ATTACHMENT]
    if len(found) != 1:
        raise Unreadable("nothing_inside")
    return bytes(found[0])


def _check_seal(data: bytes, seals: Callable[[], Sequence[x509.Certificate]]) -> None:
    """Finds the seal by the one thing that has to be legible in any signed PDF, its byte range, and checks it."""
    ranges = [(int(a), int(b), int(c), int(d)) for a, b, c, d in _BYTE_RANGE.findall(data)]
    listed = seals() if ranges else []
    bearers = [(at, found) for at in ranges if (found := _signature_at(data, *at, listed))]
    if not bearers:
        raise Unreadable("no_seal")
    (start, length, second, rest), (info, certificate) = bearers[0]
    # All of the file is sealed but the seal itself, and there is no second signature with something in between.
    covers_all = start == 0 and second + rest == len(data) and len(ranges) == 1
    digest = hashlib.sha256(data[:length] + data[second : second + rest]).digest()
    try:
        is_intact, is_valid = validate_sig_integrity(info, certificate, "data", digest)
    except Exception as error:
        # Whatever pyHanko finds wrong with the form of a signature, a seal of ours has not that form.
        raise SealBroken from error
    if not (covers_all and is_intact and is_valid and info["digest_algorithm"]["algorithm"].native == "sha256"):
        raise SealBroken


def _signature_at(
    data: bytes, start: int, length: int, second: int, _rest: int, seals: Sequence[x509.Certificate]
) -> tuple[cms.SignerInfo, x509.Certificate] | None:
    """The signature between two ranges and whose it claims to be; None when it is nobody's we know."""
    gap = data[start + length : second]
    if not 2 < len(gap) <= _MOST_HEX or (gap[:1], gap[-1:]) != (b"<", b">"):
        return None
    try:
        content = cms.ContentInfo.load(bytes.fromhex(gap[1:-1].decode("ascii")))
        signed = content["content"]
        (info,) = signed["signer_infos"]
        own = {one.chosen.dump() for one in signed["certificates"]}
        named = info["sid"].chosen
        for seal in seals:
            is_named = (named["serial_number"].native, named["issuer"]) == (seal.serial_number, seal.issuer)
            if is_named and seal.dump() in own:
                return info, seal
    except Exception:
        # A stranger's bytes in a format of a thousand corners: whatever it is, it is no seal of ours.
        return None
    return None
