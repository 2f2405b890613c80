"""A learning record as JSON: one entry for each credential, with competency units, level, hours and evidence. Pure.

Each entry carries the signed credential it was read from. A reader need not believe the record: everything an entry
says follows from the credential inside (``entry_of``), and whoever takes a record over checks exactly that.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator

from lms.credentials import documents, profile
from lms.credentials.numbers import to_number

Document = dict[str, Any]
MOST_ENTRIES = 300
MOST_BYTES = 4 * 1024 * 1024
STATUSES = ("valid", "expired")

_NAMES = {"name_th": profile.LINE, "name_en": profile.LINE}


def _closed(required: Document, optional: Document | None = None) -> Document:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }


COMPETENCY = _closed(
    {
        "framework": profile.LINE,
        "unit": profile.LINE,
        "name": profile.LINE,
        "level": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 20}, {"type": "null"}]},
        "url": profile.WEB,
    }
)
EVIDENCE = _closed(
    {"id": profile.URN, "name": profile.LINE, "sha256": {"type": "string", "pattern": f"^[0-9a-f]{{64}}{profile.END}"}}
)
ENTRY = _closed(
    {
        "credential": _closed(
            {
                "id": profile.URN,
                "number": profile.LINE,
                "status": {"enum": list(STATUSES)},
                "document": {key: value for key, value in profile.SCHEMA.items() if key != "$schema"},
            }
        ),
        "achievement": _closed(_NAMES),
        "issuer": _closed({"id": profile.DID, **_NAMES}),
        "awarded": profile.MOMENT,
        "validUntil": {"anyOf": [profile.MOMENT, {"type": "null"}]},
        "hours": {"type": "string", "pattern": f"^([0-9]{{1,5}}(\\.[0-9]{{1,2}})?)?{profile.END}"},
        "competencies": {"type": "array", "items": COMPETENCY, "maxItems": 20},
        "evidence": {"type": "array", "items": EVIDENCE, "maxItems": 50},
    }
)
SCHEMA: Document = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Learning record",
    **_closed(
        {
            "type": {"const": "LearningRecord"},
            "version": {"const": 1},
            "schema": profile.WEB,
            "site": profile.WEB,
            "made": profile.MOMENT,
            "person": _closed({"name": profile.LINE, "name_en": {"type": "string", "maxLength": 250}}),
            "entries": {"type": "array", "items": ENTRY, "maxItems": MOST_ENTRIES},
        }
    ),
}
_VALIDATOR = Draft202012Validator(SCHEMA)


def build(*, site: str, schema: str, made: datetime, name: str, name_en: str, entries: Iterable[Document]) -> Document:
    """A record of these entries, newest first."""
    return {
        "type": "LearningRecord",
        "version": 1,
        "schema": schema,
        "site": site,
        "made": documents.timestamp(made),
        "person": {"name": name, "name_en": name_en},
        "entries": sorted(entries, key=lambda one: (one["awarded"], one["credential"]["id"]), reverse=True),
    }


def entry_of(document: Document, status: str) -> Document:
    """What a record says of one credential of our profile."""
    subject, number = document["credentialSubject"], to_number(UUID(document["id"].removeprefix("urn:uuid:")))
    return {
        "credential": {"id": document["id"], "number": number, "status": status, "document": document},
        "achievement": {"name_th": subject["achievement"]["name"], "name_en": document["name"]},
        "issuer": {
            "id": document["issuer"]["id"],
            "name_th": document["issuer"]["name"],
            "name_en": document["issuer"]["description"],
        },
        "awarded": document["awardedDate"],
        "validUntil": document.get("validUntil"),
        "hours": documents.hours_of(document),
        "competencies": [_competency(one) for one in subject["achievement"].get("alignment", [])],
        "evidence": [
            {"id": one["id"], "name": one["name"], "sha256": one["description"].removeprefix("SHA-256 ")}
            for one in document["evidence"]
            if "genre" not in one
        ],
    }


def _competency(alignment: Document) -> Document:
    return {
        "framework": alignment["targetFramework"],
        "unit": alignment["targetCode"],
        "name": alignment["targetName"],
        "level": documents.level_of(alignment),
        "url": alignment["targetUrl"],
    }


def problem(record: Document) -> str:
    """Where a record leaves its schema, as a short path and rule; empty when it keeps to it."""
    error = next(_VALIDATOR.iter_errors(record), None)
    if error is None:
        return ""
    return "/" + "/".join(str(step)[:40] for step in error.absolute_path) + f": {error.validator}"
