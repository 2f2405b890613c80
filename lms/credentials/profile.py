"""The one shape a credential of ours has, and the strict reading of a file that claims to have it. Pure.

Everything uploaded passes through here before anything else looks at it. A signature covers what JSON-LD makes of a
document, not its text: a member re-keyed to its full address, a term no context defines, or an extra context all
leave a signature intact while changing what a reader sees. A schema that allows no member but ours, in our spelling,
closes all of these at once (W3C Data Integrity 1.0, section 2.4.1 "Validating Contexts").
"""

import json
import re
from typing import Any, Never

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from lms.credentials.contexts import OPEN_BADGES_3, VC_2

MAX_BYTES = 64 * 1024
MAX_DEPTH = 32

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# Python's $ would let a line break pass at the end; (?!\n) does not, and means nothing to other engines.
END = "$(?!\\n)"


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


def _pattern(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}{END}", "maxLength": 500}


def _array(items: dict[str, Any], most: int, least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most, "uniqueItems": True}


MOST_GROUNDS = 49  # of grades and credentials that one rests on; beside them stands how sure the identity is
LINE = {"type": "string", "minLength": 1, "maxLength": 500}
TEXT = {"type": "string", "minLength": 1, "maxLength": 8000}
URN = _pattern(f"urn:uuid:{UUID_PATTERN}")
PART = _pattern(f"urn:uuid:{UUID_PATTERN}#[a-z]+")
WEB = _pattern(r"https?://[!-~]+")
MOMENT = _pattern("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
DID_WEB = r"did:web:[A-Za-z0-9.-]+(%3A[0-9]{1,5})?(:[a-z0-9][a-z0-9_-]*)+"
DID = _pattern(DID_WEB)

NAME_IDENTITY = _object(
    {
        "type": {"const": "IdentityObject"},
        "hashed": {"type": "boolean", "const": False},
        "identityHash": LINE,
        "identityType": {"const": "name"},
    }
)
EMAIL_IDENTITY = _object(
    {
        "type": {"const": "IdentityObject"},
        "hashed": {"type": "boolean", "const": True},
        "identityHash": _pattern(r"sha256\$[0-9a-f]{64}"),
        "identityType": {"const": "emailAddress"},
        "salt": _pattern("[0-9a-f]{16,64}"),
    }
)
ALIGNMENT = _object(
    {
        "type": {"const": ["Alignment"]},
        "targetCode": LINE,
        "targetName": LINE,
        "targetFramework": LINE,
        "targetDescription": LINE,
        "targetType": {"const": "ceasn:Competency"},
        "targetUrl": WEB,
    }
)
RESULT_DESCRIPTION = _object(
    {
        "id": PART,
        "type": {"const": ["ResultDescription"]},
        "name": LINE,
        "resultType": {"enum": ["Percent", "ext:LearningHours"]},
    }
)
PARTNER = _object({"id": WEB, "type": {"const": ["Profile"]}, "name": LINE, "description": LINE, "url": WEB})
ACHIEVEMENT = _object(
    {
        "id": URN,
        "type": {"const": ["Achievement"]},
        "achievementType": {"const": "CertificateOfCompletion"},
        "inLanguage": {"const": "th"},
        "name": LINE,
        "description": TEXT,
        "criteria": _object({"narrative": {"type": "string", "minLength": 1, "maxLength": 16100}}),
        "resultDescription": _array(RESULT_DESCRIPTION, most=2, least=2),
    },
    {"alignment": _array(ALIGNMENT, most=20), "creator": PARTNER},
)
RESULT = _object(
    {
        "type": {"const": ["Result"]},
        "resultDescription": PART,
        "value": _pattern(r"[0-9]{1,5}(\.[0-9]{1,2})?"),
    }
)
SUBJECT = _object(
    {
        "id": URN,
        "type": {"const": ["AchievementSubject"]},
        "licenseNumber": _pattern("([0-9A-Z]{4}-){6}[0-9A-Z]{4}"),
        "identifier": {
            "type": "array",
            "prefixItems": [NAME_IDENTITY, EMAIL_IDENTITY],
            "items": False,
            "minItems": 2,
        },
        "achievement": ACHIEVEMENT,
        "result": _array(RESULT, most=2),
    }
)
ISSUER = _object({"id": DID, "type": {"const": ["Profile"]}, "name": LINE, "description": LINE, "url": WEB})
EVIDENCE = _object({"id": URN, "type": {"const": ["Evidence"]}, "name": LINE, "description": LINE})
IDENTITY_EVIDENCE = _object(
    {
        "id": PART,
        "type": {"const": ["Evidence"]},
        "name": LINE,
        "description": LINE,
        "genre": {"enum": ["self-asserted", "agency-confirmed", "thaid"]},
    }
)
STATUS = _object(
    {
        "id": _pattern(r"https?://[!-\"$-~]+#[0-9]{1,6}"),
        "type": {"const": "BitstringStatusListEntry"},
        "statusPurpose": {"const": "revocation"},
        "statusListIndex": _pattern("[0-9]{1,6}"),
        "statusListCredential": _pattern(r"https?://[!-\"$-~]+"),
    }
)
PROOF = _object(
    {
        "type": {"const": "DataIntegrityProof"},
        "cryptosuite": {"const": "eddsa-rdfc-2022"},
        "created": MOMENT,
        "verificationMethod": _pattern(DID_WEB + "#[A-Za-z0-9._-]+"),
        "proofPurpose": {"const": "assertionMethod"},
        "proofValue": _pattern("z[1-9A-HJ-NP-Za-km-z]{64,100}"),
    }
)
UNSIGNED_REQUIRED = {
    "@context": {"const": [VC_2, OPEN_BADGES_3]},
    "id": URN,
    "type": {"const": ["VerifiableCredential", "OpenBadgeCredential"]},
    "name": LINE,
    "description": TEXT,
    "issuer": ISSUER,
    "awardedDate": MOMENT,
    "validFrom": MOMENT,
    "credentialSubject": SUBJECT,
    # What it rests on, and how sure the holder's identity is.
    "evidence": _array({"anyOf": [EVIDENCE, IDENTITY_EVIDENCE]}, most=MOST_GROUNDS + 1, least=2)
    | {"contains": IDENTITY_EVIDENCE, "maxContains": 1},
    "credentialStatus": STATUS,
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(UNSIGNED_REQUIRED | {"proof": _array(PROOF, most=1)}, {"validUntil": MOMENT}),
}
_VALIDATOR = Draft202012Validator(SCHEMA)
_UNSIGNED_VALIDATOR = Draft202012Validator(_object(UNSIGNED_REQUIRED, {"validUntil": MOMENT}))


class Unreadable(ValueError):
    """The bytes are no JSON object of a bearable size. ``code`` names which rule they break."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read(data: bytes) -> dict[str, Any]:
    """The JSON object in these bytes; Unreadable for anything else, without ever spending more than it is worth."""
    if len(data) > MAX_BYTES:
        raise Unreadable("too_large")
    if not data.strip():
        raise Unreadable("empty")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("not_text") from None
    _check_depth(text)
    return parse(text)


def parse(text: str) -> dict[str, Any]:
    """The JSON object in this text, of whatever size; Unreadable for anything else."""
    try:
        document = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
        # A lone surrogate is legal JSON and no text: it would break hashing later on.
        json.dumps(document, ensure_ascii=False).encode()
    except Unreadable:
        raise
    except (ValueError, RecursionError):
        raise Unreadable("not_json") from None
    if not isinstance(document, dict):
        raise Unreadable("not_an_object")
    return document


_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def _check_depth(text: str) -> None:
    depth = 0
    for match in _STRUCTURE.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable("too_deep")
        elif match[0] in "]}":
            depth -= 1


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Which of two equal members counts differs between readers: somebody would see another document.
        raise Unreadable("duplicate_member")
    return members


def _no_constant(name: str) -> Never:
    raise Unreadable("not_json")


def problem(document: dict[str, Any]) -> str:
    """Where a signed document leaves the profile, as a short path and rule; empty when it keeps to it."""
    return _first_problem(_VALIDATOR, document)


def unsigned_problem(document: dict[str, Any]) -> str:
    """As ``problem``, for a document that is about to be signed."""
    return _first_problem(_UNSIGNED_VALIDATOR, document)


def _first_problem(validator: Draft202012Validator, document: dict[str, Any]) -> str:
    error = next(validator.iter_errors(document), None)
    return _describe(error) if error else ""


def _describe(error: ValidationError) -> str:
    """Path and broken rule only: what the file contains is not repeated to anyone."""
    path = "/".join(str(step)[:40] for step in error.absolute_path)
    return f"/{path}: {error.validator}"
