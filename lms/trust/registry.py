"""Whose credentials are believed here beside our own: the list that an authority signed, and nothing else.

A list is JSON text under Ed25519 signatures, checked whenever it is read: a row written into the database by somebody
else names nobody. Which authorities are believed is configuration (``TRUST_LIST_KEYS``), never part of a list.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from jsonschema import Draft202012Validator

from lms.credentials import documents, known_issuers, profile, proofs, status_list
from lms.credentials.known_issuers import KnownIssuer
from lms.trust.models import StatusCopy, TrustList

# Signed is this and the digest: no signature of a list can be passed off as one of a credential or a bundle.
_PREFIX = b"trusted-issuers-1\n"
MOST_BYTES = 1024 * 1024
_KEY = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": f"^[A-Za-z0-9._-]{{1,40}}{profile.END}"},
        "publicKeyMultibase": {"type": "string", "pattern": f"^z[1-9A-HJ-NP-Za-km-z]{{40,60}}{profile.END}"},
        "retired": {"anyOf": [profile.MOMENT, {"type": "null"}]},
        "compromised": {"anyOf": [profile.MOMENT, {"type": "null"}]},
    },
    "required": ["id", "publicKeyMultibase"],
    "additionalProperties": False,
}
ISSUER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "did": profile.DID,
        "name_th": profile.LINE,
        "name_en": profile.LINE,
        "keys": {"type": "array", "items": _KEY, "minItems": 1, "maxItems": 50},
        "statusLists": {"type": "array", "items": profile.WEB, "maxItems": 200},
    },
    "required": ["did", "name_th", "name_en", "keys", "statusLists"],
    "additionalProperties": False,
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "type": {"const": "TrustedIssuers"},
        "version": {"const": 1},
        "serial": {"type": "integer", "minimum": 1, "maximum": 2_000_000_000},
        "issued": profile.MOMENT,
        "expires": profile.MOMENT,
        "issuers": {"type": "array", "items": ISSUER_SCHEMA, "maxItems": 2000},
    },
    "required": ["type", "version", "serial", "issued", "expires", "issuers"],
    "additionalProperties": False,
}
_VALIDATOR = Draft202012Validator(SCHEMA)


class Refused(Exception):
    """This list is not taken; the text says why, to an operator."""


@dataclass(frozen=True, slots=True)
class Registry:
    """A list that was checked."""

    serial: int
    issued_at: datetime
    expires_at: datetime
    signed_by: str
    issuers: Mapping[str, KnownIssuer]

    @property
    def is_in_force(self) -> bool:
        return self.issued_at <= timezone.now() < self.expires_at


# --- Reading ------------------------------------------------------------------------------------------------------


def current() -> Registry | None:
    """The list in force or gone out of date; None when there is none that holds."""
    newest = TrustList.objects.values_list("envelope", flat=True).first()
    if newest is None:
        return None
    try:
        return read(newest, tuple(settings.TRUST_LIST_KEYS))
    except Refused:
        return None


def issuer(did: str) -> KnownIssuer | None:
    """The trusted issuer of this identity."""
    registry = current()
    return registry.issuers.get(did) if registry else None


@lru_cache(maxsize=4)
def read(envelope: str, trusted: Collection[str]) -> Registry:
    """The list in an envelope, when one of the trusted keys signed it. Raises Refused."""
    text, signatures = _opened(envelope)
    signer = next((one["publicKeyMultibase"] for one in signatures if _is_signed(text, one, trusted)), None)
    if signer is None:
        raise Refused("no key of TRUST_LIST_KEYS has signed this list, or it was changed afterwards")
    data = _parsed(text)
    try:
        found = [known_issuers.read(one | {"foreign": True}) for one in data["issuers"]]
        issued, expires = documents.moment(data["issued"]), documents.moment(data["expires"])
    except ValueError as error:
        raise Refused("the list contains a date that does not exist") from error
    if len({one.did for one in found}) != len(found):
        raise Refused("the list names an issuer twice")
    return Registry(data["serial"], issued, expires, signer, {one.did: one for one in found})


def _opened(envelope: str) -> tuple[str, list[dict[str, str]]]:
    if len(envelope) > MOST_BYTES:
        raise Refused("the list is too large")
    try:
        outer = profile.parse(envelope)
        text, signatures = outer["list"], outer["signatures"]
        if not isinstance(text, str):
            raise TypeError
        return text, [one for one in signatures if isinstance(one, dict)][:20]
    except (profile.Unreadable, KeyError, TypeError) as error:
        raise Refused("this is not a list of trusted issuers") from error


def _parsed(text: str) -> dict[str, Any]:
    try:
        data = profile.parse(text)
    except profile.Unreadable as error:
        raise Refused("this is not a list of trusted issuers") from error
    if problem := next(_VALIDATOR.iter_errors(data), None):
        raise Refused("/" + "/".join(map(str, problem.absolute_path)) + f": {problem.validator}")
    return data


def _is_signed(text: str, signature: Mapping[str, Any], trusted: Collection[str]) -> bool:
    try:
        if signature["publicKeyMultibase"] not in trusted:
            return False
        key = proofs.from_multikey(signature["publicKeyMultibase"])
        key.verify(proofs.from_base58(signature["signature"]), _message(text))
    except (InvalidSignature, ValueError, KeyError, TypeError):
        return False
    return True


def _message(text: str) -> bytes:
    return _PREFIX + hashlib.sha256(text.encode()).digest()


# --- Making and taking --------------------------------------------------------------------------------------------


def sign(text: str, signer: proofs.Signer) -> str:
    """The envelope of a list written as JSON text. Raises Refused unless it is one."""
    _parsed(text)
    signature = proofs.to_base58(signer.sign(_message(text)))
    signed = [{"publicKeyMultibase": signer.public_multikey, "signature": signature}]
    return json.dumps({"list": text, "signatures": signed}, ensure_ascii=False, indent=1)


def take(envelope: str) -> Registry:
    """Puts a list into force. Raises Refused: signed by nobody we trust, out of date, or older than the one we have."""
    registry = read(envelope, tuple(settings.TRUST_LIST_KEYS))
    if not registry.is_in_force:
        raise Refused("the list is out of date, or not in force yet")
    with transaction.atomic():
        newest = TrustList.objects.select_for_update().first()
        if newest and newest.serial >= registry.serial and newest.envelope != envelope:
            raise Refused(f"list {newest.serial} is in force: an older one is not taken in its place")
        TrustList.objects.update_or_create(
            serial=registry.serial,
            defaults={
                "envelope": envelope,
                "issued_at": registry.issued_at,
                "expires_at": registry.expires_at,
            },
        )
    return registry


# --- Status lists of others ---------------------------------------------------------------------------------------


def status_copy(url: str) -> dict[str, Any] | None:
    """Our copy of a status list, unchecked; None when there is none."""
    text = StatusCopy.objects.filter(url=url).values_list("document", flat=True).first()
    return json.loads(text) if text else None


def keep_status(data: bytes, url: str, of: KnownIssuer) -> status_list.Bits:
    """Keeps a status list that was fetched, when it is that issuer's, good, and no older than the copy we have.

    Raises status_list.Unusable.
    """
    now = timezone.now()
    try:
        document = profile.read(data)
    except profile.Unreadable as error:
        raise status_list.Unusable(error.code) from error
    bits = status_list.read(document, url=url, issuer_did=of.did, key_of=of.public_key, now=now)
    kept = status_copy(url)
    # Whoever stands between may not bring back a list from before a revocation.
    if kept and kept["validFrom"] > document["validFrom"]:
        raise status_list.Unusable("older")
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    StatusCopy.objects.update_or_create(url=url, defaults={"document": text, "fetched_at": now})
    return bits
