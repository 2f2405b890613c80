"""Data Integrity proofs of suite ``eddsa-rdfc-2022`` (W3C vc-di-eddsa), on PyLD and cryptography.

PyLD fetches nothing here (the loader knows two contexts) and its canonicalisation cannot be driven into exponential
time: that takes blank nodes linked to one another, and a document with any such link is refused first.
"""

import hashlib
import threading
from typing import Any, Protocol

from cachetools import LRUCache
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pyld import ContextResolver, jsonld
from pyld.canon import URDNA2015

from lms.credentials.contexts import CONTEXTS

MAX_STATEMENTS = 2000
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519_PUBLIC = b"\xed\x01"

Document = dict[str, Any]


class Signer(Protocol):
    """Somebody who holds a private key and signs with it; the key itself is never handed out."""

    @property
    def public_multikey(self) -> str:
        """The public half, as ``z6Mk…``."""

    def sign(self, data: bytes) -> bytes:
        """64 bytes: the Ed25519 signature of ``data``."""


class CannotCanonicalize(Exception):
    """The document cannot be brought into canonical form at a bearable cost."""


# --- Multibase and Multikey -------------------------------------------------------------------------------------------


def to_base58(data: bytes) -> str:
    """Multibase base58btc: ``z`` and the digits."""
    value, digits = int.from_bytes(data), ""
    while value:
        value, rest = divmod(value, 58)
        digits = _BASE58[rest] + digits
    return "z" + "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


def from_base58(text: str) -> bytes:
    """The bytes of a multibase base58btc text; ValueError when it is none, or not in its one shortest spelling."""
    value = 0
    for character in text[1:200]:
        value = value * 58 + _BASE58.index(character)
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    data = b"\0" * zeros + value.to_bytes((value.bit_length() + 7) // 8)
    if to_base58(data) != text:
        raise ValueError("not base58btc")
    return data


def to_multikey(public_key: bytes) -> str:
    """A 32-byte Ed25519 public key as ``z6Mk…``."""
    return to_base58(_ED25519_PUBLIC + public_key)


def from_multikey(multikey: str) -> Ed25519PublicKey:
    data = from_base58(multikey)
    if data[:2] != _ED25519_PUBLIC:
        raise ValueError("not an Ed25519 public key")
    return Ed25519PublicKey.from_public_bytes(data[2:])


# --- Canonical form ---------------------------------------------------------------------------------------------------


def _load_context(url: str, options: Any = None) -> dict[str, Any]:
    if url not in CONTEXTS:
        raise CannotCanonicalize("a context that is not one of ours")
    return {"contextUrl": None, "documentUrl": url, "document": CONTEXTS[url], "contentType": "application/ld+json"}


# PyLD keeps resolved contexts in one cache that is not made for threads: each thread gets its own.
_local = threading.local()


def _resolver() -> Any:
    if not hasattr(_local, "resolver"):
        _local.resolver = ContextResolver(LRUCache(maxsize=20), _load_context)
    return _local.resolver


def canonicalize(document: Document) -> bytes:
    """The document as sorted N-Quads (RDFC-1.0); CannotCanonicalize when that could cost too much."""
    options = {"documentLoader": _load_context, "contextResolver": _resolver(), "base": ""}
    dataset = jsonld.to_rdf(document, options)
    _check_cost(dataset)
    text: str = URDNA2015().main(dataset, {"format": "application/n-quads"})
    return text.encode()


def _check_cost(dataset: dict[str, Any]) -> None:
    statements = [triple for graph in dataset.values() for triple in graph]
    if len(statements) > MAX_STATEMENTS:
        raise CannotCanonicalize("too many statements")
    for triple in statements:
        if triple["subject"]["type"] == triple["object"]["type"] == "blank node":
            raise CannotCanonicalize("unnamed nodes linked to one another")


def hash_data(document: Document, options: Document) -> bytes:
    """What is signed: SHA-256 of the canonical proof options, then of the canonical document without proof."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    configuration = {name: value for name, value in options.items() if name != "proofValue"}
    configuration["@context"] = document["@context"]
    return b"".join(hashlib.sha256(canonicalize(part)).digest() for part in (configuration, unsecured))


# --- Proofs -----------------------------------------------------------------------------------------------------------


def add_proof(document: Document, *, signer: Signer, verification_method: str, created: str) -> Document:
    """A copy of the document with one proof, in an array of one."""
    options: Document = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": created,
        "verificationMethod": verification_method,
        "proofPurpose": "assertionMethod",
    }
    signature = signer.sign(hash_data(document, options))
    return document | {"proof": [options | {"proofValue": to_base58(signature)}]}


def has_valid_proof(document: Document, public_multikey: str) -> bool:
    """Whether the document's one proof was made with this key over exactly this document."""
    (proof,) = document["proof"]
    try:
        signature = from_base58(proof["proofValue"])
        from_multikey(public_multikey).verify(signature, hash_data(document, proof))
    except (InvalidSignature, ValueError):
        return False
    return True
