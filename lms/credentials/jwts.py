"""A credential as a JSON Web Token, for wallets that take nothing else. Pure.

Open Badges 3.0, section 8.2.4: a compact JWS whose payload is the credential itself, without its embedded proof and
without a ``vc`` claim, beside the registered claims that repeat its issuer, subject, id and dates. It is a copy of the
credential in the register under another signature, never a second truth: whoever verifies compares it with that.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from lms.credentials import profile, proofs
from lms.credentials.documents import Document, moment
from lms.credentials.profile import MAX_BYTES, Unreadable

# A verification method of its own, because what a JWT names has to be a JsonWebKey (VC-JOSE-COSE) and what an embedded
# proof names a Multikey; the key is the same one.
SUFFIX = "-jwk"
# Open Badges asks for this type, wherever there is one.
_HEADER = {"alg": "EdDSA", "typ": "JWT"}
_REGISTERED = {"iss", "sub", "jti", "nbf", "iat", "exp"}
_COMPACT = re.compile(rb"\s*([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\s*")


def is_jwt(data: bytes) -> bool:
    """Whether these bytes are written like a JWT: three parts, the first of them an encoded ``{"``."""
    return data[:64].lstrip().startswith(b"eyJ")


def make(document: Document, *, signer: proofs.Signer, key_url: str, now: datetime) -> str:
    """The signed document as a JWT by this key. ``document`` may bear its embedded proof; the token does not."""
    unsigned = without_proof(document)
    header = {**_HEADER, "kid": key_url + SUFFIX}
    claims = unsigned | _claims_of(unsigned) | {"iat": int(now.timestamp())}
    signing_input = ".".join(_encoded(json.dumps(part, ensure_ascii=False).encode()) for part in (header, claims))
    return f"{signing_input}.{_encoded(signer.sign(signing_input.encode('ascii')))}"


def without_proof(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "proof"}


def _claims_of(document: Document) -> dict[str, Any]:
    """The registered claims that such a credential has to have, each saying what the credential says."""
    claims: dict[str, Any] = {
        "iss": document["issuer"]["id"],
        "sub": document["credentialSubject"]["id"],
        "jti": document["id"],
        "nbf": int(moment(document["validFrom"]).timestamp()),
    }
    if "validUntil" in document:
        claims["exp"] = int(moment(document["validUntil"]).timestamp())
    return claims


def jwk_of(public_multikey: str) -> dict[str, str]:
    """An Ed25519 public key (``z6Mk…``) as a JSON Web Key (RFC 8037)."""
    raw = proofs.from_multikey(public_multikey).public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": _encoded(raw)}


@dataclass(frozen=True, slots=True)
class Token:
    """A JWT that was read and not yet believed; ``document`` is the credential in it (``verifying.Secured``)."""

    document: Document
    header: dict[str, Any]
    claims: dict[str, Any]
    signing_input: bytes
    signature: bytes

    suite = "VC-JWT"

    def problem(self) -> str:
        """Where it leaves the form in which we make them; empty when it keeps to it."""
        if {**self.header, "kid": ""} != {**_HEADER, "kid": ""} or not isinstance(self.header["kid"], str):
            return "/header: const"
        if problem := profile.unsigned_problem(self.document):
            return problem
        given = {name: value for name, value in self.claims.items() if name != "iat"}
        try:
            is_whole = type(self.claims.get("iat")) is int and given == _claims_of(self.document)
        except ValueError:
            is_whole = False
        return "" if is_whole else "/claims: const"

    @property
    def key_url(self) -> str:
        """The key it names; empty when that is no key for tokens."""
        kid: str = self.header["kid"]
        return kid.removesuffix(SUFFIX) if kid.endswith(SUFFIX) else ""

    @property
    def signed_at(self) -> datetime:
        """When it says it was signed. ValueError when there is no such moment."""
        try:
            return datetime.fromtimestamp(self.claims["iat"], UTC)
        except (OverflowError, OSError) as error:
            raise ValueError("no such moment") from error

    def is_signed_by(self, public_multikey: str) -> bool:
        try:
            proofs.from_multikey(public_multikey).verify(self.signature, self.signing_input)
        except (InvalidSignature, ValueError):
            return False
        return True


def read(data: bytes) -> Token:
    """The token in these bytes.

    Raises:
        Unreadable: it is none, or more than a credential can be.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable("too_large")
    parts = _COMPACT.fullmatch(data)
    if parts is None:
        raise Unreadable("damaged")
    header, claims = (profile.read(_decoded(part)) for part in parts.groups()[:2])
    document = {name: value for name, value in claims.items() if name not in _REGISTERED}
    registered = {name: value for name, value in claims.items() if name in _REGISTERED}
    signing_input = b".".join(parts.groups()[:2])
    return Token(document, header, registered, signing_input, _decoded(parts[3]))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: bytes) -> bytes:
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Unreadable("damaged") from None
    # One spelling only: bits left over at the end would let the same token be written in several ways.
    if _encoded(data).encode() != text:
        raise Unreadable("damaged")
    return data
