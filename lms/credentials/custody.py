"""Who holds the issuers' private keys. Only the signing worker's environment leads to any of them.

A private key never leaves its custody: callers get a ``Signer`` that signs bytes. Three kinds: a file that its owner
alone may read; the same file encrypted under a passphrase that lies elsewhere (a secret mount, systemd's credentials);
and the transit engine of HashiCorp Vault or OpenBao, from which a key cannot be got at all.
"""

import base64
import fcntl
import json
import os
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings

from lms.credentials import proofs

# Multicodec ed25519-priv, as in publicKeyMultibase's counterpart secretKeyMultibase.
_ED25519_PRIVATE = b"\x80\x26"


class KeyUnavailable(Exception):
    """There is no key to sign with here; the text says why and what to do."""


class NoKeysYet(KeyUnavailable):
    """The custody is there to be used, and nothing was ever put into it."""


class Custody(Protocol):
    """Whoever keeps the private keys. An HSM behind PKCS#11 would be another class with these three."""

    def signers(self, issuer_slug: str) -> dict[str, proofs.Signer]:
        """The issuer's keys by key id; KeyUnavailable when the custody cannot be reached."""

    def create(self, *, issuer_slug: str, key_id: str) -> proofs.Signer:
        """Makes a key; KeyUnavailable when that is not possible here."""

    def check(self) -> None:
        """Raises KeyUnavailable, with the reason, unless this custody could sign now."""


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
                entries = self._decoded(file.read())
        except FileNotFoundError as error:
            raise NoKeysYet(f"{self.path}: {error.strerror}; make one with manage.py make_issuer_key") from error
        except OSError as error:
            raise KeyUnavailable(f"{self.path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise KeyUnavailable(f"{self.path} is not a key file") from error
        return _checked(entries, self.path)

    def _write(self, entries: list[dict[str, str]]) -> None:
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._encoded(entries))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)

    def _decoded(self, data: bytes) -> Any:
        return json.loads(data)["keys"]

    def _encoded(self, entries: list[dict[str, str]]) -> bytes:
        return json.dumps({"keys": entries}, indent=1).encode()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_name(f".{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


# --- The same file, encrypted ----------------------------------------------------------------------------------------

_SALT, _NONCE = 16, 12
_PURPOSE = b"issuer keys 1"


@dataclass(frozen=True, slots=True)
class EncryptedFileCustody(FileCustody):
    """The key file under AES-256-GCM, its key made by scrypt from a passphrase: a copy of the file, or of a backup that
    holds it, is of no use alone."""

    passphrase_file: Path = field(kw_only=True)

    def _decoded(self, data: bytes) -> Any:
        sealed = json.loads(data)["sealed"]
        salt, nonce, text = (base64.b64decode(sealed[name], validate=True) for name in ("salt", "nonce", "text"))
        try:
            return json.loads(AESGCM(_derived(self._passphrase(), salt)).decrypt(nonce, text, _PURPOSE))
        except InvalidTag:
            raise KeyUnavailable(f"{self.path} was encrypted under another passphrase, or is damaged") from None

    def _encoded(self, entries: list[dict[str, str]]) -> bytes:
        salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
        text = AESGCM(_derived(self._passphrase(), salt)).encrypt(nonce, json.dumps(entries).encode(), _PURPOSE)
        parts = {"salt": salt, "nonce": nonce, "text": text}
        return json.dumps({"sealed": {name: base64.b64encode(part).decode() for name, part in parts.items()}}).encode()

    def _passphrase(self) -> bytes:
        try:
            passphrase = self.passphrase_file.read_bytes().strip()
        except OSError as error:
            raise KeyUnavailable(f"{self.passphrase_file}: {error.strerror}") from error
        if len(passphrase) < 12:
            raise KeyUnavailable(f"{self.passphrase_file} holds a passphrase of fewer than 12 characters")
        return passphrase


@lru_cache(maxsize=4)
def _derived(passphrase: bytes, salt: bytes) -> bytes:
    """Dear on purpose; each worker pays once."""
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase)


# --- Vault, OpenBao ---------------------------------------------------------------------------------------------------

_SECONDS = 10


@dataclass(frozen=True, slots=True)
class VaultSigner:
    _custody: "VaultCustody"
    _name: str
    public_multikey: str

    def sign(self, data: bytes) -> bytes:
        body = {"input": base64.b64encode(data).decode(), "key_version": 1}
        answer = self._custody.ask("POST", f"sign/{self._name}", body)
        try:
            signature = base64.b64decode(answer["signature"].removeprefix("vault:v1:"), validate=True)
            # What comes over a wire is looked at: a wrong signature must not reach anybody's document.
            proofs.from_multikey(self.public_multikey).verify(signature, data)
        except (KeyError, AttributeError, ValueError, InvalidSignature) as error:
            raise KeyUnavailable(f"Vault's signature by {self._name} does not fit") from error
        return signature


@dataclass(frozen=True, slots=True)
class VaultCustody:
    """Keys in a transit engine: ``address`` is the engine's, for instance ``https://vault.example/v1/transit``.

    A key is called ``<issuer>.<key id>`` there and is never rotated in place: another key has another id. The token
    needs ``read`` on keys, ``update`` on sign, and for making keys ``update`` on keys.
    """

    address: str
    token_file: Path

    def signers(self, issuer_slug: str) -> dict[str, proofs.Signer]:
        names = self.ask("GET", "keys?list=true").get("keys", [])
        mine = [name for name in names if name.startswith(f"{issuer_slug}.")]
        return {name.removeprefix(f"{issuer_slug}."): self._signer(name) for name in mine}

    def create(self, *, issuer_slug: str, key_id: str) -> proofs.Signer:
        name = f"{issuer_slug}.{key_id}"
        self.ask("POST", f"keys/{name}", {"type": "ed25519", "exportable": False})
        return self._signer(name)

    def check(self) -> None:
        self.ask("GET", "keys?list=true")

    def _signer(self, name: str) -> VaultSigner:
        try:
            public = base64.b64decode(self.ask("GET", f"keys/{name}")["keys"]["1"]["public_key"], validate=True)
            Ed25519PublicKey.from_public_bytes(public)
        except (KeyError, TypeError, ValueError) as error:
            raise KeyUnavailable(f"{name} is no Ed25519 key of Vault's") from error
        return VaultSigner(self, name, proofs.to_multikey(public))

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """The ``data`` of Vault's answer; KeyUnavailable when there is none. An empty list is a 404 there."""
        try:
            token = self.token_file.read_text(encoding="ascii").strip()
            # The operator's own address; settings let only https (or this machine) pass.
            request = urllib.request.Request(  # noqa: S310
                f"{self.address.rstrip('/')}/{path}",
                data=json.dumps(body).encode() if body is not None else None,
                headers={"X-Vault-Token": token, "Content-Type": "application/json"},
                method=method,
            )
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                data = json.loads(answer.read(1_000_000) or b"{}").get("data")
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404 and path == "keys?list=true":
                return {}
            raise KeyUnavailable(f"Vault answers {error.code} to {path.partition('?')[0]}") from error
        except (OSError, ValueError, AttributeError) as error:
            raise KeyUnavailable(f"Vault cannot be asked: {type(error).__name__}") from error
        return data if isinstance(data, dict) else {}


# --- Which of them ----------------------------------------------------------------------------------------------------


def custody() -> Custody:
    """The custody this process has been given; KeyUnavailable in every process but the signing worker."""
    if settings.ISSUER_KEY_VAULT:
        return VaultCustody(settings.ISSUER_KEY_VAULT, Path(settings.ISSUER_KEY_VAULT_TOKEN_FILE))
    if not settings.ISSUER_KEY_FILE:
        raise KeyUnavailable("ISSUER_KEY_FILE is not set: only the signing worker is given the issuer's key")
    return file_custody(Path(settings.ISSUER_KEY_FILE))


def file_custody(path: Path) -> FileCustody:
    """The file, encrypted where a passphrase was given."""
    if settings.ISSUER_KEY_PASSPHRASE_FILE:
        return EncryptedFileCustody(path, passphrase_file=Path(settings.ISSUER_KEY_PASSPHRASE_FILE))
    return FileCustody(path)


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
