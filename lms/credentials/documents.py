"""What a credential says: an Open Badges 3.0 credential on the VC Data Model 2.0. Pure.

Names and texts stand in Thai in the achievement and in English on the credential itself, because Open Badges has no
language maps. Dates are UTC with ``Z``, every quantity is a string (canonical doubles differ between libraries), and
everything that could look alike has an id. Competencies are ones the achievement is *mapped to*: nobody else's
certification is claimed. ``profile`` holds the schema of exactly this shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lms.credentials.contexts import OPEN_BADGES_3, VC_2
from lms.credentials.holder import hash_email

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Issuer:
    did: str
    name_th: str
    name_en: str
    url: str


@dataclass(frozen=True, slots=True)
class Competency:
    framework: str
    version: str
    code: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Achievement:
    uid: UUID
    name_th: str
    name_en: str
    description_th: str
    description_en: str
    criteria_th: str
    criteria_en: str
    hours: str
    competencies: Sequence[Competency] = ()


@dataclass(frozen=True, slots=True)
class Holder:
    """``uid`` is one per person and issuer; ``salt`` one per credential: two credentials cannot be linked by either."""

    uid: UUID
    name: str
    email: str
    salt: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A graded submission: its id, the exercise, and the hash of the notebook that was handed in."""

    uid: UUID
    name: str
    sha256: str


def urn(uid: UUID) -> str:
    return f"urn:uuid:{uid}"


def timestamp(moment: datetime) -> str:
    """``2026-11-21T03:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def build(
    *,
    uid: UUID,
    number: str,
    issuer: Issuer,
    achievement: Achievement,
    holder: Holder,
    percent: str,
    evidence: Sequence[Evidence],
    valid_from: datetime,
    valid_until: datetime | None = None,
) -> Document:
    """The credential without its proof. ``percent`` is the score over all required exercises, as text."""
    document: Document = {
        "@context": [VC_2, OPEN_BADGES_3],
        "id": urn(uid),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": achievement.name_en,
        "description": achievement.description_en,
        "issuer": _profile(issuer),
        "validFrom": timestamp(valid_from),
        "credentialSubject": {
            "id": urn(holder.uid),
            "type": ["AchievementSubject"],
            "licenseNumber": number,
            "identifier": _identifiers(holder),
            "achievement": _achievement(achievement),
            "result": _results(achievement, percent),
        },
        "evidence": [_evidence(item) for item in evidence],
    }
    if valid_until:
        document["validUntil"] = timestamp(valid_until)
    return document


def _profile(issuer: Issuer) -> Document:
    return {
        "id": issuer.did,
        "type": ["Profile"],
        "name": issuer.name_th,
        "description": issuer.name_en,
        "url": issuer.url,
    }


def _identifiers(holder: Holder) -> list[Document]:
    return [
        {"type": "IdentityObject", "hashed": False, "identityHash": holder.name, "identityType": "name"},
        {
            "type": "IdentityObject",
            "hashed": True,
            "identityHash": hash_email(holder.email, holder.salt),
            "identityType": "emailAddress",
            "salt": holder.salt,
        },
    ]


def _achievement(achievement: Achievement) -> Document:
    identifier = urn(achievement.uid)
    document: Document = {
        "id": identifier,
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "inLanguage": "th",
        "name": achievement.name_th,
        "description": achievement.description_th,
        "criteria": {"narrative": f"{achievement.criteria_th}\n\n{achievement.criteria_en}"},
        "resultDescription": [
            _result_description(f"{identifier}#percent", "คะแนน (ร้อยละ) / Score (percent)", "Percent"),
            _result_description(f"{identifier}#hours", "ชั่วโมงการเรียนรู้ / Learning hours", "ext:LearningHours"),
        ],
    }
    if achievement.competencies:
        document["alignment"] = [_alignment(competency) for competency in achievement.competencies]
    return document


def _result_description(identifier: str, name: str, kind: str) -> Document:
    return {"id": identifier, "type": ["ResultDescription"], "name": name, "resultType": kind}


def _results(achievement: Achievement, percent: str) -> list[Document]:
    identifier = urn(achievement.uid)
    return [
        {"type": ["Result"], "resultDescription": f"{identifier}#percent", "value": percent},
        {"type": ["Result"], "resultDescription": f"{identifier}#hours", "value": achievement.hours},
    ]


def _alignment(competency: Competency) -> Document:
    return {
        "type": ["Alignment"],
        "targetCode": competency.code,
        "targetName": competency.name,
        "targetFramework": f"{competency.framework} {competency.version}",
        "targetDescription": "เทียบเคียงกับ / mapped to",
        "targetType": "ceasn:Competency",
        "targetUrl": competency.url,
    }


def _evidence(item: Evidence) -> Document:
    return {"id": urn(item.uid), "type": ["Evidence"], "name": item.name, "description": f"SHA-256 {item.sha256}"}


def hours_of(document: Document) -> str:
    """The learning hours a credential states; empty when it states none."""
    results = document["credentialSubject"].get("result", [])
    return next((r["value"] for r in results if r["resultDescription"].endswith("#hours")), "")


def competencies_of(document: Document) -> list[str]:
    """Framework, code and name of each competency the achievement is mapped to, as one line each."""
    alignments = document["credentialSubject"]["achievement"].get("alignment", [])
    return [f"{a['targetFramework']} {a['targetCode']}: {a['targetName']}" for a in alignments]


def holder_name_of(document: Document) -> str:
    """The holder's name as written in the document."""
    identifiers = document["credentialSubject"]["identifier"]
    return next((i["identityHash"] for i in identifiers if i["identityType"] == "name"), "")
