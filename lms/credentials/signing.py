"""Which key signs, and who holds it. Only the signing worker's environment names a key file.

The private key never leaves its custody: callers get a ``Signer`` that signs bytes. Another custody (an HSM, Vault's
transit engine) is another class with ``signers``.
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from lms.credentials import profile, proofs
from lms.credentials.documents import Document
from lms.credentials.models import Issuer, IssuerKey

# Multicodec ed25519-priv, as in publicKeyMultibase's counterpart secretKeyMultibase.
_ED25519_PRIVATE = b"\x80\x26"


class KeyUnavailable(Exception):
    """There is no key to sign with here; the text says why and what to do."""


class NotOurProfile(Exception):
    """The document about to be signed breaks our own profile: a fault of ours, and nothing is signed."""


class Custody(Protocol):
    def signers(self, issuer_slug: str) -> dict[str, proofs.Signer]:
        """The issuer's keys by key id; KeyUnavailable when the custody cannot be reached."""


@dataclass(frozen=True, slots=True)
class FileSigner:
    _key: Ed25519PrivateKey

    @property
    def public_multikey(self) -> str:
        return proofs.to_multikey(self._key.public_key().public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


@dataclass(frozen=True, slots=True)
class FileCustody:
    """Keys in a JSON file that its owner alone may read: ``{"keys": [{"issuer", "key_id", "secretKeyMultibase"}]}``."""

    path: Path

    def signers(self, issuer_slug: str) -> dict[str, proofs.Signer]:
        return {
            entry["key_id"]: FileSigner(_private_key(entry["secretKeyMultibase"]))
            for entry in self._read()
            if entry["issuer"] == issuer_slug
        }

    def create(self, *, issuer_slug: str, key_id: str) -> proofs.Signer:
        """A new key, added to the file; the file is made when it is missing."""
        key = Ed25519PrivateKey.generate()
        secret = proofs.to_base58(_ED25519_PRIVATE + key.private_bytes_raw())
        with self._locked():
            entries = self._read() if self.path.exists() else []
            entry = {"issuer": issuer_slug, "key_id": key_id, "secretKeyMultibase": secret}
            self._write([*entries, entry])
        return FileSigner(key)

    def check(self) -> None:
        """Raises KeyUnavailable unless the file is there, private and readable."""
        self._read()

    def _read(self) -> list[dict[str, str]]:
        try:
            # The mode is asked of the file that is read, not of whatever bears its name a moment later.
            with self.path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise KeyUnavailable(f"{self.path} can be read by others: chmod 600 it")
                entries = json.load(file)["keys"]
        except OSError as error:
            raise KeyUnavailable(f"{self.path}: {error.strerror}; make one with manage.py make_issuer_key") from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyUnavailable(f"{self.path} is not a key file") from error
        return _checked(entries, self.path)

    def _write(self, entries: list[dict[str, str]]) -> None:
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            json.dump({"keys": entries}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _checked(entries: Any, path: Path) -> list[dict[str, str]]:
    names = {"issuer", "key_id", "secretKeyMultibase"}
    if not isinstance(entries, list) or not all(isinstance(e, dict) and names <= e.keys() for e in entries):
        raise KeyUnavailable(f"{path} is not a key file")
    return entries


def _private_key(multibase: str) -> Ed25519PrivateKey:
    try:
        data = proofs.from_base58(multibase)
        if data[:2] != _ED25519_PRIVATE:
            raise ValueError("another kind of key")
        return Ed25519PrivateKey.from_private_bytes(data[2:])
    except ValueError as error:
        # The text of the key itself must never reach a log.
        raise KeyUnavailable("the key file holds something that is not an Ed25519 key") from error


def custody() -> Custody:
    """The custody this process has been given; KeyUnavailable in every process but the signing worker."""
    if not settings.ISSUER_KEY_FILE:
        raise KeyUnavailable("ISSUER_KEY_FILE is not set: only the signing worker is given the issuer's key")
    return FileCustody(Path(settings.ISSUER_KEY_FILE))


def signer_for(issuer: Issuer) -> tuple[IssuerKey, proofs.Signer]:
    """The issuer's newest key in use that this process holds, checked against the one that is published."""
    held = custody().signers(issuer.slug)
    for key in issuer.active_keys.select_related("issuer"):
        signer = held.get(key.key_id)
        if signer and signer.public_multikey == key.public_multikey:
            return key, signer
    raise KeyUnavailable(f"no published key of issuer {issuer.slug} is held here; run manage.py make_issuer_key")


def sign(document: Document, *, key: IssuerKey, signer: proofs.Signer, created: str) -> Document:
    """The signed document. NotOurProfile when it is not exactly what our verifier would accept."""
    if problem := profile.unsigned_problem(document):
        raise NotOurProfile(problem)
    signed = proofs.add_proof(document, signer=signer, verification_method=key.url, created=created)
    if problem := profile.problem(signed):
        raise NotOurProfile(problem)
    return signed
