"""What a credential and its public page say about the person who holds it. Pure."""

import hashlib


def _initial(name: str) -> str:
    """The first consonant of a Thai name (a leading vowel is skipped), or the first letter of any other."""
    for character in name:
        if "\u0e01" <= character <= "\u0e2e":
            return character
        if character.isalpha() and not "\u0e00" <= character <= "\u0e7f":
            return character.upper()
    return ""


def initials(given_name: str, family_name: str) -> str:
    """``น้ำฝน``, ``ใจดี`` → ``น. จ.``; somebody with one name gets one letter."""
    letters = [_initial(name) for name in (given_name, family_name)]
    return " ".join(f"{letter}." for letter in letters if letter)


def hash_identity(value: str, salt: str) -> str:
    """An identity as Open Badges 3.0 ``IdentityHash``: ``sha256$`` and the hex digest of value and salt."""
    return "sha256$" + hashlib.sha256((value + salt).encode()).hexdigest()


def hash_email(email: str, salt: str) -> str:
    return hash_identity(email.strip().lower(), salt)
