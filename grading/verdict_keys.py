"""The key that signs verdicts, and the keys by which they are checked.

The private half is in a file that only the grading worker is told of; no sandbox and no other program of the site is.
The public halves are in a file too, and not in the database: who can write to the database must not be able to add
a key of their own. Ed25519 (RFC 8032), raw keys in unpadded base64url (RFC 4648, section 5).
"""

import base64
import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils import timezone


class VerdictKeyUnavailable(Exception):
    """There is no key to sign with, or none to check with; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Signer:
    key_id: str
    _key: Ed25519PrivateKey

    def sign(self, data: bytes) -> str:
        return to_text(self._key.sign(data))


def to_text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))


def signer() -> Signer:
    """This process's key: the newest of its file. Raises ``VerdictKeyUnavailable``."""
    if not settings.VERDICT_KEY_FILE:
        raise VerdictKeyUnavailable("VERDICT_KEY_FILE is not set: only the grading worker is given the key")
    path = Path(settings.VERDICT_KEY_FILE)
    entries = _read(path, is_private=True)
    if not entries:
        raise VerdictKeyUnavailable(f"{path} holds no key; make one with manage.py make_verdict_key")
    try:
        key_id, key = entries[-1]["key_id"], from_text(entries[-1]["secret"])
        return Signer(key_id, Ed25519PrivateKey.from_private_bytes(key))
    except (ValueError, KeyError, TypeError) as error:
        raise VerdictKeyUnavailable(f"{path} holds something that is not an Ed25519 key") from error


def is_signed(data: bytes, *, key_id: str, signature: str) -> bool:
    """Whether ``signature`` over ``data`` is that of the published key ``key_id``; False for an unknown key.

    Raises ``VerdictKeyUnavailable`` when the file of public keys cannot be read: nothing is known then.
    """
    key = public_keys().get(key_id)
    try:
        if key is not None:
            key.verify(from_text(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return key is not None


def public_keys() -> Mapping[str, Ed25519PublicKey]:
    """Every key that ever signed, by its id. Raises ``VerdictKeyUnavailable``."""
    path = Path(settings.VERDICT_PUBLIC_KEYS_FILE)
    try:
        return {
            entry["key_id"]: Ed25519PublicKey.from_public_bytes(from_text(entry["public"]))
            for entry in _read(path, is_private=False)
        }
    except (ValueError, KeyError, TypeError) as error:
        raise VerdictKeyUnavailable(f"{path} holds something that is not an Ed25519 key") from error


def make_key(*, is_rotation: bool = False) -> str | None:
    """Makes the key files where there are none, or a further key that signs from now on; returns its id.

    None when there is a key already and no rotation was asked for. The public half is published first: a signature
    that nobody can check is of no use.
    """
    private, public = Path(settings.VERDICT_KEY_FILE), Path(settings.VERDICT_PUBLIC_KEYS_FILE)
    with _locked(private):
        secrets = _read(private, is_private=True) if private.exists() else []
        if secrets and not is_rotation:
            return None
        published = _read(public, is_private=False) if public.exists() else []
        key = Ed25519PrivateKey.generate()
        public_key = key.public_key().public_bytes_raw()
        public_text = to_text(public_key)
        # Named by its year and by itself: two installations never call different keys alike.
        key_id = f"verdicts-{timezone.now().year}-{hashlib.sha256(public_key).hexdigest()[:8]}"
        _write(public, [*published, {"key_id": key_id, "public": public_text}], mode=0o644)
        _write(private, [*secrets, {"key_id": key_id, "secret": to_text(key.private_bytes_raw())}], mode=0o600)
    return key_id


def _read(path: Path, *, is_private: bool) -> list[dict[str, str]]:
    try:
        with path.open("rb") as file:
            # The mode is asked of the file that is read, not of whatever bears its name a moment later. A key that
            # others can read signs for them, a list that others can write vouches for theirs.
            forbidden = 0o077 if is_private else 0o022
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & forbidden:
                raise VerdictKeyUnavailable(f"{path} is open to others: chmod {'600' if is_private else '644'} it")
            entries = json.load(file)["keys"]
    except OSError as error:
        hint = "make one with manage.py make_verdict_key"
        raise VerdictKeyUnavailable(f"{path}: {error.strerror}; {hint}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise VerdictKeyUnavailable(f"{path} is not a key file") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and "key_id" in entry for entry in entries):
        raise VerdictKeyUnavailable(f"{path} is not a key file")
    return entries


def _write(path: Path, entries: list[dict[str, Any]], *, mode: int) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), mode)
        json.dump({"keys": entries}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
