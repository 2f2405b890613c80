"""Bitstring Status Lists (W3C vc-bitstring-status-list 1.0): made, and read from others without trusting them. Pure.

A list holds one bit a credential, the first one the highest of its byte. It is a credential itself, signed by the body
whose credentials it speaks of, and good for a week: whoever keeps a copy sees how old it is.
"""

import base64
import binascii
import gzip
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator

from lms.credentials import profile, proofs
from lms.credentials.contexts import VC_2
from lms.credentials.documents import Document, moment, timestamp

# The least the standard allows, so that one bit says nothing about one person.
SIZE = 131_072
_BYTES = SIZE // 8

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["@context", "id", "type", "issuer", "validFrom", "validUntil", "credentialSubject", "proof"],
    "additionalProperties": False,
    "properties": {
        "@context": {"const": [VC_2]},
        "id": profile.WEB,
        "type": {"const": ["VerifiableCredential", "BitstringStatusListCredential"]},
        "issuer": profile.DID,
        "validFrom": profile.MOMENT,
        "validUntil": profile.MOMENT,
        "credentialSubject": {
            "type": "object",
            "required": ["id", "type", "statusPurpose", "encodedList"],
            "additionalProperties": False,
            "properties": {
                "id": profile.WEB,
                "type": {"const": "BitstringStatusList"},
                "statusPurpose": {"const": "revocation"},
                "encodedList": {"type": "string", "pattern": f"^u[A-Za-z0-9_-]+{profile.END}", "maxLength": 40_000},
            },
        },
        "proof": {"type": "array", "items": profile.PROOF, "minItems": 1, "maxItems": 1},
    },
}
_VALIDATOR = Draft202012Validator(SCHEMA)


class Unusable(Exception):
    """This list says nothing about the credential in question; ``code`` names the rule it breaks."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Bits:
    """A list that was checked: what it says, and since when it says so."""

    data: bytes
    as_of: datetime
    valid_until: datetime

    def is_set(self, index: int) -> bool:
        if not 0 <= index < SIZE:
            raise Unusable("index")
        return bool(self.data[index // 8] & (0x80 >> index % 8))


def build(
    *, url: str, issuer_did: str, revoked: Iterable[int], valid_from: datetime, valid_until: datetime
) -> Document:
    """The list without its proof."""
    return {
        "@context": [VC_2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer_did,
        "validFrom": timestamp(valid_from),
        "validUntil": timestamp(valid_until),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encode(revoked),
        },
    }


def encode(revoked: Iterable[int]) -> str:
    bits = bytearray(_BYTES)
    for index in revoked:
        bits[index // 8] |= 0x80 >> index % 8
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).decode().rstrip("=")


def decode(encoded: str) -> bytes:
    """The bits; Unusable when it is no list of our size, never unpacking more than one such list."""
    try:
        packed = base64.urlsafe_b64decode(encoded[1:] + "=" * (-len(encoded[1:]) % 4))
        unpacking = zlib.decompressobj(wbits=31)
        data = unpacking.decompress(packed, _BYTES + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise Unusable("encoding") from error
    if len(data) != _BYTES or not unpacking.eof or unpacking.unused_data:
        raise Unusable("size")
    return data


def read(document: Document, *, url: str, issuer_did: str, key_of: Callable[[str], str | None], now: datetime) -> Bits:
    """What the list at ``url`` says, when it is that list, signed by that issuer, and still good.

    ``key_of`` gives the issuer's public key (``z6Mk…``) for a verification method, or None. Raises Unusable.
    """
    if next(_VALIDATOR.iter_errors(document), None):
        raise Unusable("profile")
    if document["id"] != url:
        raise Unusable("another_list")
    if document["issuer"] != issuer_did:
        raise Unusable("another_issuer")
    (proof,) = document["proof"]
    method = proof["verificationMethod"]
    key = key_of(method) if method.partition("#")[0] == issuer_did else None
    if key is None:
        raise Unusable("foreign_key")
    if not proofs.has_valid_proof(document, key):
        raise Unusable("signature")
    bits = Bits(
        decode(document["credentialSubject"]["encodedList"]),
        _moment(document["validFrom"]),
        _moment(document["validUntil"]),
    )
    if not bits.as_of <= now < bits.valid_until:
        raise Unusable("expired" if now >= bits.valid_until else "not_yet_valid")
    return bits


def _moment(text: str) -> datetime:
    try:
        return moment(text)
    except ValueError as error:
        raise Unusable("profile") from error
