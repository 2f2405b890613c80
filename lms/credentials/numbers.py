"""The number of a credential, as people copy it. Pure.

A credential is named by a random UUID (122 random bits: nobody can guess one). People get the same value in
Crockford's base 32, with two check characters, in seven groups of four: ``7ZZZ-…``. What they type back may have
lower case, spaces, Thai digits, and the letters O, I and L for the digits they look like.
"""

import hashlib
import unicodedata
import uuid

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_BODY, _CHECK = 26, 2
MAX_TYPED = 200


class NotANumber(ValueError):
    """What was typed cannot be a number of ours: mistyped, incomplete, or something else."""


def _encode(value: int, length: int) -> str:
    return "".join(ALPHABET[(value >> 5 * place) & 31] for place in reversed(range(length)))


def _check(identifier: uuid.UUID) -> str:
    digest = hashlib.sha256(identifier.bytes).digest()
    return _encode(int.from_bytes(digest[:2]) & 0x3FF, _CHECK)


def to_number(identifier: uuid.UUID) -> str:
    """The UUID as people read it: 28 characters in groups of four."""
    text = _encode(identifier.int, _BODY) + _check(identifier)
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _plain(character: str) -> str:
    """Thai, full-width and any other decimal digits become 0-9; letters become capitals."""
    digit = unicodedata.digit(character, None)
    return str(digit) if digit is not None else character.upper()


def from_number(typed: str) -> uuid.UUID:
    """The UUID that a typed number means; NotANumber when it is none, or when one character was mistyped."""
    if len(typed) > MAX_TYPED:
        raise NotANumber("too long")
    # Separators, and the invisible characters that copying from a PDF or a chat leaves behind.
    kept = [_plain(c) for c in typed if not c.isspace() and unicodedata.category(c) not in {"Pd", "Cf"}]
    if len(kept) != _BODY + _CHECK or any(character not in _VALUES for character in kept):
        raise NotANumber("not 28 letters and digits")
    body = 0
    for character in kept[:_BODY]:
        body = body << 5 | _VALUES[character]
    if body >> 128:
        raise NotANumber("out of range")
    identifier = uuid.UUID(int=body)
    if _check(identifier) != "".join(ALPHABET[_VALUES[character]] for character in kept[_BODY:]):
        raise NotANumber("the check characters do not fit")
    return identifier
