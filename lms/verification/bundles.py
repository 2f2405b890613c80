"""The offline bundle: everything a verifier asks the register for, as it was at one moment, signed by the issuers.

A ZIP with ``bundle.json`` (issuers, keys, status lists, digests of what was issued, seals), ``signatures.json`` and
``verify.html``, a page that verifies with no network. It holds nobody's name: of each credential there are digests of
its id and of its proof. See docs/verifying.md and docs/decisions/0030.
"""

import base64
import hashlib
import io
import json
import os
import zipfile
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.utils import timezone

from lms.credentials import documents, known_issuers, proofs, signing, status_list
from lms.credentials.custody import KeyUnavailable
from lms.credentials.known_issuers import KnownIssuer
from lms.credentials.messages import Verdict
from lms.credentials.models import Credential, Issuer, StatusList
from lms.credentials.verifying import Refused, Verification, check_listed_status
from lms.privacy.models import ErasedCredential
from lms.trust import registry as trust
from lms.trust.models import StatusCopy
from lms.verification import offline_page
from lms.verification.models import OfflineBundle

VALID_FOR = timedelta(days=7)
# Signed is this and the digest: no signature of a bundle can be passed off as one of a credential.
_PREFIX = b"credential-verification-bundle-1\n"
_ID_BYTES, _PROOF_BYTES = 10, 6
_ENTRY = _ID_BYTES + _PROOF_BYTES
MOST_BYTES = 300 * 1024 * 1024
_NAMES = {"bundle.json", "signatures.json", "verify.html"}

Data = dict[str, Any]


class Untrusted(Exception):
    """The file is no bundle, was changed, or is signed by nobody who is trusted here."""


# --- Making -----------------------------------------------------------------------------------------------------


def make(now: datetime | None = None) -> bytes:
    """The bundle of this moment. Raises KeyUnavailable when no issuer's key is held here."""
    now = now or timezone.now()
    body = json.dumps(_data(now), ensure_ascii=False, separators=(",", ":")).encode()
    signatures = _signatures(body)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", body)
        archive.writestr("signatures.json", json.dumps(signatures))
        archive.writestr("verify.html", offline_page.render(body, signatures))
    return buffer.getvalue()


def _data(now: datetime) -> Data:
    lists = StatusList.objects.exclude(document="").order_by("pk")
    others = _others()
    named = {url for one in others for url in one["statusLists"]}
    copies = [json.loads(one.document) for one in StatusCopy.objects.filter(url__in=named)]
    return {
        "version": 1,
        "site": settings.PUBLIC_URL,
        "made": documents.timestamp(now),
        "expires": documents.timestamp(now + VALID_FOR),
        "issuers": [known_issuers.write(issuer) for issuer in Issuer.objects.order_by("pk")] + others,
        "statusLists": [json.loads(one.document) for one in lists] + copies,
        "withdrawn": dict(_withdrawn()),
        "known": base64.b64encode(b"".join(sorted(_entries()))).decode(),
        "seals": _seals(),
    }


def _others() -> list[Data]:
    """The issuers of other bodies that are trusted here at this moment; our own word stands before anybody else's."""
    known = trust.current()
    if known is None or not known.is_in_force:
        return []
    own = set(Issuer.objects.values_list("did", flat=True))
    return [known_issuers.write(one) for did, one in known.issuers.items() if did not in own]


def _withdrawn() -> Iterator[tuple[str, Data]]:
    """When and why, of everything withdrawn: by its place in a status list, which says nothing about a person."""
    withdrawn = Credential.objects.exclude(revoked_at=None).exclude(status_entry=None)
    for one in withdrawn.select_related("status_entry__list", "replacement__new").iterator():
        if one.status_entry and one.revoked_at:
            place = f"{one.status_entry.list.url}#{one.status_entry.index}"
            is_replaced = one.replaced_by is not None
            yield (
                place,
                {
                    "at": documents.timestamp(one.revoked_at),
                    "reason": one.revocation_reason,
                    "replaced": is_replaced,
                },
            )


def _entries() -> Iterator[bytes]:
    for document in Credential.objects.values_list("document", flat=True).iterator(chunk_size=500):
        yield entry_of(json.loads(document))
    for uid, proof in ErasedCredential.objects.exclude(proof_sha256="").values_list("pk", "proof_sha256"):
        yield hashlib.sha256(documents.urn(uid).encode()).digest()[:_ID_BYTES] + bytes.fromhex(proof)[:_PROOF_BYTES]


def entry_of(document: Data) -> bytes:
    """A credential as 16 bytes: one part tells that it was issued, the other that this is the issued one."""
    return _identity_of(document) + _proof_of(document)


def _identity_of(document: Data) -> bytes:
    return hashlib.sha256(document["id"].encode()).digest()[:_ID_BYTES]


def _proof_of(document: Data) -> bytes:
    return hashlib.sha256(document["proof"][0]["proofValue"].encode()).digest()[:_PROOF_BYTES]


def _seals() -> str:
    path = Path(settings.SEAL_CERTIFICATES_FILE)
    return path.read_text(encoding="ascii") if path.exists() else ""


def _signatures(body: bytes) -> list[Data]:
    signed = []
    problem: KeyUnavailable | None = None
    for issuer in Issuer.objects.order_by("pk"):
        try:
            key, signer = signing.signer_for(issuer)
        except KeyUnavailable as error:
            problem = error
            continue
        signature = proofs.to_base58(signer.sign(_message(body)))
        signed.append({"key": key.url, "publicKeyMultibase": signer.public_multikey, "signature": signature})
    if not signed:
        raise problem or KeyUnavailable("there is no issuer yet")
    return signed


def _message(body: bytes) -> bytes:
    return _PREFIX + hashlib.sha256(body).digest()


def keep(content: bytes, now: datetime) -> None:
    """Stores a bundle to be fetched, forgets those that are out of date, and notes whose bundles are ours."""
    OfflineBundle.objects.create(made_at=now, expires_at=now + VALID_FOR, content=content)
    OfflineBundle.objects.filter(expires_at__lte=now).delete()
    _, signatures = _read(content)
    keys = sorted({*keys_on_file(), *(one["publicKeyMultibase"] for one in signatures)})
    path = Path(settings.BUNDLE_KEYS_FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(keys), encoding="ascii")
    draft.replace(path)


def keys_on_file() -> list[str]:
    """The public keys by which this site signed its bundles, from a file: it needs no database."""
    try:
        keys = json.loads(Path(settings.BUNDLE_KEYS_FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return []
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


# --- Reading ----------------------------------------------------------------------------------------------------


def load(content: bytes, trusted: Collection[str]) -> "Bundle":
    """A bundle signed by one of the trusted keys (``z6Mk…``). Raises Untrusted."""
    body, signatures = _read(content)
    for one in signatures:
        if one.get("publicKeyMultibase") in trusted and _is_signed(body, one):
            return Bundle.of(json.loads(body), one["publicKeyMultibase"])
    raise Untrusted("no signature of this bundle is by a key that is trusted here, or it was changed afterwards")


def _read(content: bytes) -> tuple[bytes, list[dict[str, str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if not {one.filename for one in members} <= _NAMES or sum(one.file_size for one in members) > MOST_BYTES:
                raise Untrusted("this is not a bundle for verifying")
            signatures = json.loads(archive.read("signatures.json"))
            return archive.read("bundle.json"), [one for one in signatures if isinstance(one, dict)]
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError) as error:
        raise Untrusted("this is not a bundle for verifying, or it is damaged") from error


def page_in(content: bytes) -> bytes:
    """The page that verifies with no network, out of a bundle of our own."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read("verify.html")


def _is_signed(body: bytes, signature: dict[str, str]) -> bool:
    try:
        key = proofs.from_multikey(signature["publicKeyMultibase"])
        key.verify(proofs.from_base58(signature["signature"]), _message(body))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """What a bundle knows of one credential, under the names by which ``verifying`` speaks of it."""

    revoked_at: datetime | None
    reason: str
    holder_initials: str = ""

    def get_revocation_reason_display(self) -> str:
        return str(dict(Credential.Reason.choices).get(self.reason, ""))


@dataclass(frozen=True, slots=True)
class Bundle:
    """A register that was taken along (``verifying.Register``)."""

    made: datetime
    expires: datetime
    signed_by: str
    issuers: dict[str, KnownIssuer]
    lists: dict[str, Data]
    withdrawn: dict[str, Data]
    known: bytes
    seals: str

    @classmethod
    def of(cls, data: Data, signed_by: str) -> "Bundle":
        return cls(
            made=documents.moment(data["made"]),
            expires=documents.moment(data["expires"]),
            signed_by=signed_by,
            issuers={one["did"]: known_issuers.read(one) for one in data["issuers"]},
            lists={one["id"]: one for one in data["statusLists"]},
            withdrawn=data["withdrawn"],
            known=base64.b64decode(data["known"]),
            seals=data["seals"],
        )

    def issuer(self, did: str) -> KnownIssuer | None:
        return self.issuers.get(did)

    def check_status(self, answer: Verification, document: Data, issuer: KnownIssuer) -> None:
        if timezone.now() >= self.expires:
            raise Refused(Verdict.COULD_NOT_CHECK, "bundle_expired")
        if issuer.is_foreign:
            check_listed_status(answer, document, issuer, self.lists.get)
            return
        self._check_known(answer, document)
        status = document["credentialStatus"]
        withdrawn = self.withdrawn.get(status["id"])
        is_revoked = self._is_set(status, issuer) or withdrawn is not None
        moment = documents.moment(withdrawn["at"]) if withdrawn else None
        entry: Any = Entry(moment, withdrawn["reason"] if withdrawn else "")
        answer.credential, answer.status_ok = entry, not is_revoked
        if withdrawn and withdrawn["replaced"]:
            raise Refused(Verdict.SUPERSEDED)

    def _check_known(self, answer: Verification, document: Data) -> None:
        identity = _identity_of(document)
        place = bisect_left(range(len(self.known) // _ENTRY), identity, key=self._identity)
        if self._identity(place) != identity:
            if answer.key.compromised_at:
                answer.document, answer.signature_ok, answer.issuer_ok = None, False, None
                raise Refused(Verdict.TAMPERED, "foreign_key")
            if answer.signed_at and answer.signed_at >= self.made:
                raise Refused(Verdict.COULD_NOT_CHECK, "newer_than_bundle")
            answer.status_ok = False
            raise Refused(Verdict.UNKNOWN, "not_registered")
        known = self.known[place * _ENTRY + _ID_BYTES : (place + 1) * _ENTRY]
        # A JWT bears no such proof: what it says is vouched for by its own signature alone.
        if "proof" in document and known != _proof_of(document):
            answer.document = None
            raise Refused(Verdict.TAMPERED, "not_as_issued")

    def _identity(self, place: int) -> bytes:
        return self.known[place * _ENTRY : place * _ENTRY + _ID_BYTES]

    def _is_set(self, status: Data, issuer: KnownIssuer) -> bool:
        url = status["statusListCredential"]
        if url not in self.lists:
            raise Refused(Verdict.COULD_NOT_CHECK, "no_status_list")

        try:
            bits = status_list.read(
                self.lists[url], url=url, issuer_did=issuer.did, key_of=issuer.public_key, now=timezone.now()
            )
            return bits.is_set(int(status["statusListIndex"]))
        except status_list.Unusable as error:
            raise Refused(Verdict.COULD_NOT_CHECK, "no_status_list") from error
