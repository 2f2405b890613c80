"""Is this credential genuine, and does it still count?

One answer in four lines (signature, issuer, status, validity) and one word for all of them. Nothing that an upload
names is ever fetched: issuers, keys and status come from our own register, contexts from our own files. Whatever goes
wrong on the way, the answer is never ``valid``.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.utils import timezone
from django.utils.translation import override

from courses import thai
from lms.credentials import documents, jwts, profile, proofs, seals, status_list, unpacking
from lms.credentials.known_issuers import KnownIssuer, KnownKey
from lms.credentials.messages import HEADLINES, MESSAGES, REASONS, REVOKED_UNDATED, Text, Verdict
from lms.credentials.models import Credential, Issuer, IssuerKey
from lms.credentials.numbers import NotANumber, from_number, to_number
from lms.privacy.models import ErasedCredential
from lms.trust import registry as trust

log = logging.getLogger(__name__)
Document = dict[str, Any]
NOBODY = Text("", "")


class Refused(Exception):
    """The check ends here, with this verdict; ``reason`` is a key of ``messages.REASONS``."""

    def __init__(self, verdict: Verdict, reason: str = "", detail: str = "") -> None:
        super().__init__(verdict, reason)
        self.verdict, self.reason, self.detail = verdict, reason, detail


@dataclass(slots=True)
class Verification:
    """The answer. In each line ``ok`` is None as long as that was not, or could not be, looked at."""

    verdict: Verdict = Verdict.COULD_NOT_CHECK
    reason: str = ""
    signature_ok: bool | None = None
    signature_detail: str = "not checked"
    issuer_ok: bool | None = None
    issuer_did: str | None = None
    issuer_name: Text = NOBODY
    status_ok: bool | None = None
    as_of: datetime = field(default_factory=timezone.now)
    # Of the status alone, where it is known by a list that is older than this answer.
    status_as_of: datetime | None = None
    validity_ok: bool | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    document: Document | None = None  # set once the signature is known to be right
    key: Any = None  # the issuer's key that signed it, as ``models.IssuerKey``; set once the signature is right
    signed_at: datetime | None = None
    credential: Credential | None = None
    number: str | None = None
    replaced_by: str | None = None  # the number of the one that was issued in its place
    message: Text = MESSAGES[Verdict.COULD_NOT_CHECK]

    @property
    def headline(self) -> Text:
        return HEADLINES[self.verdict]

    @property
    def holder_name(self) -> str:
        """The name in the signed document: for whoever holds the file, never for the public page."""
        return documents.holder_name_of(self.document) if self.document else ""

    def as_dict(self) -> dict[str, Any]:
        """The verdict as other systems get it. No personal data."""
        return {
            "verdict": str(self.verdict),
            "signature": {"ok": self.signature_ok, "detail": self.signature_detail},
            "issuer": {
                "ok": self.issuer_ok,
                "did": self.issuer_did,
                "name_th": self.issuer_name.th,
                "name_en": self.issuer_name.en,
            },
            "status": {"ok": self.status_ok, "as_of": documents.timestamp(self.status_as_of or self.as_of)},
            "validity": {
                "ok": self.validity_ok,
                "from": documents.timestamp(self.valid_from) if self.valid_from else None,
                "until": documents.timestamp(self.valid_until) if self.valid_until else None,
            },
            "achievement": self.achievement,
            "number": self.number,
            "message_th": self.message.th,
            "message_en": self.message.en,
        }

    @property
    def achievement(self) -> dict[str, Any] | None:
        """What the credential attests; None unless its signature is right."""
        if self.document is None:
            return None
        return {
            "name": self.document["credentialSubject"]["achievement"]["name"],
            "hours": documents.hours_of(self.document),
            "competencies": documents.competencies_of(self.document),
        }


class Secured(Protocol):
    """A credential as it was sent, with the means to find out whether it is what its issuer signed."""

    @property
    def document(self) -> Document:
        """The credential itself."""

    @property
    def suite(self) -> str:
        """In which way it is signed."""

    def problem(self) -> str:
        """Where it leaves our profile; empty when it keeps to it. Before that nothing below is asked."""

    @property
    def key_url(self) -> str:
        """The key by which it says it was signed."""

    @property
    def signed_at(self) -> datetime:
        """When it says so. ValueError when there is no such moment."""

    def is_signed_by(self, public_multikey: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """A credential with its proof inside: the form in which it is issued and kept."""

    document: Document

    suite = "eddsa-rdfc-2022"

    def problem(self) -> str:
        return profile.problem(self.document)

    @property
    def key_url(self) -> str:
        return str(self.document["proof"][0]["verificationMethod"])

    @property
    def signed_at(self) -> datetime:
        return documents.moment(self.document["proof"][0]["created"])

    def is_signed_by(self, public_multikey: str) -> bool:
        return proofs.has_valid_proof(self.document, public_multikey)


class Register(Protocol):
    """What is known of issuers and their credentials: the database, or a signed picture of it that was taken along."""

    def issuer(self, did: str) -> Any:
        """The issuer of this identity, as ``models.Issuer``; None when it is not in the register."""

    def check_status(self, answer: Verification, document: Document, issuer: Any) -> None:
        """Notes what became of the credential; raises Refused when it is none of the register. The document of a JWT
        has no proof in it; which key signed, and when, stands in the answer."""


class Database:
    """The register itself, and beside it the issuers of other bodies that are trusted here."""

    def issuer(self, did: str) -> Any:
        return Issuer.objects.filter(did=did).first() or trust.issuer(did)

    def check_status(self, answer: Verification, document: Document, issuer: Any) -> None:
        if not isinstance(issuer, KnownIssuer):
            _check_status(answer, document, issuer)
            return
        known = trust.current()
        if known is None or not known.is_in_force:
            raise Refused(Verdict.COULD_NOT_CHECK, "trust_list_expired")
        check_listed_status(answer, document, issuer, trust.status_copy)


DATABASE = Database()


def verify_file(data: bytes, register: Register = DATABASE) -> Verification:
    """Checks a credential file, whoever it comes from and whatever it is."""
    return _guarded(lambda answer: _check_document(answer, _read(data), register))


def verify_number(typed: str) -> Verification:
    """Checks the credential with this number, as typed by a person."""
    return _guarded(lambda answer: _check_number(answer, typed))


def refused(verdict: Verdict, reason: str) -> Verification:
    """The answer to something that was turned away before it was looked at."""
    answer = Verification()
    _conclude(answer, verdict, reason)
    return answer


def _guarded(check: Any) -> Verification:
    answer = Verification()
    try:
        check(answer)
        _conclude(answer, Verdict.VALID)
    except Refused as refusal:
        _conclude(answer, refusal.verdict, refusal.reason, refusal.detail)
    except Exception:
        # Ours, whatever it was; the upload itself is not logged.
        log.exception("verification failed")
        return Verification()
    return answer


def _read(data: bytes) -> Secured:
    try:
        credential = unpacking.credential_in(data)
        return jwts.read(credential) if jwts.is_jwt(credential) else Embedded(profile.read(credential))
    except profile.Unreadable as error:
        raise Refused(Verdict.UNREADABLE, error.code) from error
    except seals.SealBroken as error:
        raise Refused(Verdict.TAMPERED, "seal") from error


def _check_number(answer: Verification, typed: str) -> None:
    try:
        uid = from_number(typed)
    except NotANumber as error:
        raise Refused(Verdict.UNREADABLE, "not_a_number") from error
    answer.number = to_number(uid)
    credential = Credential.objects.filter(pk=uid).first()
    if credential is None:
        was_erased = ErasedCredential.objects.filter(pk=uid).exists()
        raise Refused(Verdict.UNKNOWN, "erased" if was_erased else "no_such_number")
    # The register itself is believed only as far as the signature goes.
    _check_document(answer, _read(credential.document.encode()))


def _check_document(answer: Verification, sent: Secured, register: Register = DATABASE) -> None:
    """The whole check, in order; raises Refused at the first thing that is wrong."""
    issuer = _check_issuer(answer, sent.document, register)
    _check_signature(answer, sent, issuer)
    _note_facts(answer, sent.document)
    register.check_status(answer, sent.document, issuer)
    _check_validity(answer)
    if not answer.status_ok:
        raise Refused(Verdict.SUPERSEDED if answer.replaced_by else Verdict.REVOKED)
    if answer.key.compromised_at:
        # What is issued under such a key is withdrawn; a copy of something else, signed again with it, is refused here.
        answer.document, answer.signature_ok, answer.signature_detail = None, False, "withdrawn_key"
        raise Refused(Verdict.TAMPERED, "withdrawn_key")
    if not answer.validity_ok:
        raise Refused(Verdict.EXPIRED if _has_begun(answer) else Verdict.NOT_YET_VALID)


# --- Issuer -----------------------------------------------------------------------------------------------------------


def _check_issuer(answer: Verification, document: Document, register: Register) -> Any:
    if not _looks_like_a_credential(document):
        raise Refused(Verdict.UNREADABLE, "not_a_credential")
    claimed = document["issuer"]
    did = claimed.get("id") if isinstance(claimed, dict) else claimed
    issuer = register.issuer(did[:300]) if isinstance(did, str) and "\0" not in did else None
    if issuer is None:
        answer.issuer_ok = False
        raise Refused(Verdict.UNKNOWN_ISSUER)
    answer.issuer_did, answer.issuer_name = issuer.did, Text(issuer.name_th, issuer.name_en)
    return issuer


def _looks_like_a_credential(document: Document) -> bool:
    kinds = document.get("type", document.get("@type"))
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return "VerifiableCredential" in kinds and "issuer" in document


# --- Signature --------------------------------------------------------------------------------------------------------


def _check_signature(answer: Verification, sent: Secured, issuer: Issuer | KnownIssuer) -> None:
    try:
        if problem := sent.problem():
            raise Refused(Verdict.TAMPERED, "profile", problem)
        answer.signed_at = _moment_of(sent)
        key = _key_of(sent, issuer, answer.signed_at)
        if not sent.is_signed_by(key.public_multikey):
            raise Refused(Verdict.TAMPERED, "signature")
    except Refused as refusal:
        answer.signature_ok, answer.signature_detail = False, refusal.reason
        raise
    answer.key = key
    answer.signature_ok, answer.signature_detail = True, f"{sent.suite} by {key.url}"
    # Who the issuer is, is proven only now: until here it was a claim.
    answer.issuer_ok = True


def _key_of(sent: Secured, issuer: Issuer | KnownIssuer, signed_at: datetime) -> IssuerKey | KnownKey:
    """The key that the proof names, if it is the issuer's own and was in use when the proof says it was made."""
    did, _, key_id = sent.key_url.partition("#")
    key = issuer.key_named(key_id) if did == issuer.did else None
    if key is None:
        raise Refused(Verdict.TAMPERED, "foreign_key")
    if key.retired_at and signed_at > key.retired_at:
        raise Refused(Verdict.TAMPERED, "retired_key")
    return key


def _moment_of(sent: Secured) -> datetime:
    try:
        return sent.signed_at
    except ValueError as error:
        raise Refused(Verdict.TAMPERED, "dates") from error


def _moment(text: str) -> datetime:
    try:
        return documents.moment(text)
    except ValueError as error:
        raise Refused(Verdict.TAMPERED, "dates") from error


# --- What it says, status, validity -----------------------------------------------------------------------------------


def _note_facts(answer: Verification, document: Document) -> None:
    answer.document = document
    answer.number = to_number(UUID(document["id"].removeprefix("urn:uuid:")))
    answer.valid_from = _moment(document["validFrom"])
    answer.valid_until = _moment(document["validUntil"]) if "validUntil" in document else None


def _check_status(answer: Verification, document: Document, issuer: Issuer) -> None:
    uid = UUID(document["id"].removeprefix("urn:uuid:"))
    everything = Credential.objects.select_related("achievement__issuer", "key", "replacement__new")
    credential = everything.filter(pk=uid).first()
    if credential is None:
        _check_erased(answer, document, uid)
        return
    if not _is_as_issued(document, credential) or credential.achievement.issuer_id != issuer.pk:
        answer.document = None
        raise Refused(Verdict.TAMPERED, "not_as_issued")
    answer.credential = credential
    answer.status_ok = credential.revoked_at is None and credential.key.compromised_at is None
    answer.replaced_by = credential.replaced_by.number if credential.replaced_by else None


def _check_erased(answer: Verification, document: Document, uid: UUID) -> None:
    """One that is not in the register: its holder may have been erased and wanted the files they keep to count."""
    answer.status_ok = False
    _refuse_forger(answer)
    erased = ErasedCredential.objects.filter(pk=uid).first()
    if erased is None:
        raise Refused(Verdict.UNKNOWN, "not_registered")
    if not erased.proof_sha256 or "proof" not in document:
        raise Refused(Verdict.UNKNOWN, "erased")
    if hashlib.sha256(document["proof"][0]["proofValue"].encode()).hexdigest() != erased.proof_sha256:
        answer.document = None
        raise Refused(Verdict.TAMPERED, "not_as_issued")
    answer.status_ok = not erased.is_revoked and erased.key.compromised_at is None


def _is_as_issued(document: Document, credential: Credential) -> bool:
    """Whether it bears the very proof that was issued; of a JWT, whether it says word for word the same."""
    issued = credential.parsed()
    return issued["proof"] == document["proof"] if "proof" in document else jwts.without_proof(issued) == document


def _refuse_forger(answer: Verification) -> None:
    """Whoever got hold of a key can sign anything with it, but cannot put it into our register."""
    if answer.key.compromised_at:
        answer.document, answer.signature_ok, answer.issuer_ok = None, False, None
        answer.signature_detail = "compromised_key"
        raise Refused(Verdict.TAMPERED, "compromised_key")


def check_listed_status(
    answer: Verification, document: Document, issuer: KnownIssuer, list_at: Callable[[str], Document | None]
) -> None:
    """The status of another body's credential, of which nothing is known here but that body's signed status lists."""
    _refuse_forger(answer)
    status = document["credentialStatus"]
    url = status["statusListCredential"]
    found = list_at(url) if url in issuer.status_lists else None
    if found is None:
        raise Refused(Verdict.COULD_NOT_CHECK, "no_status_of_others")
    try:
        bits = status_list.read(found, url=url, issuer_did=issuer.did, key_of=issuer.public_key, now=timezone.now())
        answer.status_ok = not bits.is_set(int(status["statusListIndex"]))
    except status_list.Unusable as error:
        raise Refused(Verdict.COULD_NOT_CHECK, "no_status_of_others") from error
    answer.status_as_of = bits.as_of


def _check_validity(answer: Verification) -> None:
    has_ended = answer.valid_until is not None and answer.valid_until <= answer.as_of
    answer.validity_ok = _has_begun(answer) and not has_ended


def _has_begun(answer: Verification) -> bool:
    return answer.valid_from is not None and answer.valid_from <= answer.as_of


# --- Words ------------------------------------------------------------------------------------------------------------


def _conclude(answer: Verification, verdict: Verdict, reason: str = "", detail: str = "") -> None:
    # Words first: were they to fail, the answer stays "could not check".
    message = Text(*(_message(answer, verdict, reason, detail, language) for language in ("th", "en")))
    answer.message, answer.reason, answer.verdict = message, reason, verdict


def _message(answer: Verification, verdict: Verdict, reason: str, detail: str, language: str) -> str:
    moment = {
        Verdict.REVOKED: answer.credential.revoked_at if answer.credential else None,
        Verdict.EXPIRED: answer.valid_until,
        Verdict.NOT_YET_VALID: answer.valid_from,
    }.get(verdict)
    date = thai.long_date(timezone.localtime(moment).date(), language) if moment else ""
    because = getattr(REASONS[reason], language).format(detail=detail) if reason else ""
    if verdict is Verdict.REVOKED and answer.credential:
        because = _revocation_reason(answer.credential, language)
    words = REVOKED_UNDATED if verdict is Verdict.REVOKED and not moment else MESSAGES[verdict]
    text: str = getattr(words, language).format(date=date, reason=because)
    return f"{text} {because}".strip() if verdict is Verdict.COULD_NOT_CHECK else text


def _revocation_reason(credential: Credential, language: str) -> str:
    with override(language):
        return str(credential.get_revocation_reason_display()) or REASONS_NOT_GIVEN[language]


REASONS_NOT_GIVEN = {"th": "ไม่ได้ระบุ", "en": "not given"}
