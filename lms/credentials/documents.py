"""What a credential says: an Open Badges 3.0 credential on the VC Data Model 2.0. Pure.

Names and texts stand in Thai in the achievement and in English on the credential itself, because Open Badges has no
language maps. Dates are UTC with ``Z``, every quantity is a string (canonical doubles differ between libraries), and
everything that could look alike has an id. Competencies are ones the achievement is *mapped to*: nobody else's
certification is claimed. ``profile`` holds the schema of exactly this shape.
"""

import re
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
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Partner:
    """A body the achievement was made together with. Named as its creator; the issuer alone signs."""

    name_th: str
    name_en: str
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
    partner: Partner | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """``uid`` is one per person and issuer; ``salt`` one per credential: two credentials cannot be linked by either."""

    uid: UUID
    name: str
    email: str
    salt: str
    identity_level: str = "self-asserted"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the credential rests on: its id, a name, and a hash of what it consists of, a notebook that was handed in or
    the grounds two people agreed on. The thing itself stays with the issuer."""

    uid: UUID
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Status:
    """Where in which status list a revocation would show."""

    list_url: str
    index: int


IDENTITY_LEVELS = {
    "self-asserted": "ผู้ถือแจ้งชื่อด้วยตนเอง / Name stated by the holder",
    "agency-confirmed": "หน่วยงานต้นสังกัดยืนยันตัวบุคคล / Identity confirmed by the holder's agency",
    "thaid": "ยืนยันตัวบุคคลผ่าน ThaID / Identity confirmed by ThaID",
}


def urn(uid: UUID) -> str:
    return f"urn:uuid:{uid}"


def timestamp(moment: datetime) -> str:
    """``2026-11-21T03:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    """What ``timestamp`` made; ValueError for anything else."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def build(
    *,
    uid: UUID,
    number: str,
    issuer: Issuer,
    achievement: Achievement,
    holder: Holder,
    status: Status,
    percent: str,
    evidence: Sequence[Evidence],
    awarded_at: datetime,
    valid_from: datetime,
    valid_until: datetime | None = None,
) -> Document:
    """The credential without its proof. ``percent`` is the score over the exercises it rests on, as text; empty when
    there are none."""
    document: Document = {
        "@context": [VC_2, OPEN_BADGES_3],
        "id": urn(uid),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": achievement.name_en,
        "description": achievement.description_en,
        "issuer": _profile(issuer),
        "awardedDate": timestamp(awarded_at),
        "validFrom": timestamp(valid_from),
        "credentialSubject": {
            "id": urn(holder.uid),
            "type": ["AchievementSubject"],
            "licenseNumber": number,
            "identifier": _identifiers(holder),
            "achievement": _achievement(achievement),
            "result": _results(achievement, percent),
        },
        "evidence": [*(_evidence(item) for item in evidence), _identity(uid, holder.identity_level)],
        "credentialStatus": _status(status),
    }
    if valid_until:
        document["validUntil"] = timestamp(valid_until)
    return document


def renew(
    document: Document, *, uid: UUID, number: str, issuer: Issuer, holder: Holder, status: Status, valid_from: datetime
) -> Document:
    """Another credential, without its proof, that says the same as this one of its achievement, result and evidence:
    with a number of its own, for the holder and by the issuer as they are called now."""
    subject, kept = document["credentialSubject"], {name: value for name, value in document.items() if name != "proof"}
    renewed_subject = subject | {
        "id": urn(holder.uid),
        "licenseNumber": number,
        "identifier": _identifiers(holder),
    }
    rests_on = [item for item in document["evidence"] if "genre" not in item]
    return kept | {
        "id": urn(uid),
        "issuer": _profile(issuer),
        "validFrom": timestamp(valid_from),
        "credentialSubject": renewed_subject,
        "evidence": [*rests_on, _identity(uid, holder.identity_level)],
        "credentialStatus": _status(status),
    }


def _status(status: Status) -> Document:
    return {
        "id": f"{status.list_url}#{status.index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(status.index),
        "statusListCredential": status.list_url,
    }


def _identity(uid: UUID, level: str) -> Document:
    return {
        "id": f"{urn(uid)}#identity",
        "type": ["Evidence"],
        "name": "การยืนยันตัวบุคคลของผู้ถือ / Identity of the holder",
        "description": IDENTITY_LEVELS[level],
        "genre": level,
    }


def _profile(issuer: Issuer | Partner) -> Document:
    return {
        "id": issuer.did if isinstance(issuer, Issuer) else issuer.url,
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
    if achievement.partner:
        document["creator"] = _profile(achievement.partner)
    if achievement.competencies:
        document["alignment"] = [_alignment(competency) for competency in achievement.competencies]
    return document


def _result_description(identifier: str, name: str, kind: str) -> Document:
    return {"id": identifier, "type": ["ResultDescription"], "name": name, "resultType": kind}


def _results(achievement: Achievement, percent: str) -> list[Document]:
    identifier = urn(achievement.uid)
    values = {"percent": percent, "hours": achievement.hours}
    return [
        {"type": ["Result"], "resultDescription": f"{identifier}#{kind}", "value": value}
        for kind, value in values.items()
        if value
    ]


def _alignment(competency: Competency) -> Document:
    return {
        "type": ["Alignment"],
        "targetCode": competency.code,
        "targetName": competency.name,
        "targetFramework": f"{competency.framework} {competency.version}",
        "targetDescription": "เทียบเคียงกับ / mapped to"
        if competency.level is None
        else f"เทียบเคียงกับ ระดับ {competency.level} / mapped to, level {competency.level}",
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


def level_of(alignment: Document) -> int | None:
    """The level of a competency that a credential states, if it does."""
    found = re.search(r"level ([0-9]{1,2})$", alignment["targetDescription"])
    return int(found[1]) if found else None


def identity_level_of(document: Document) -> str:
    """How sure the issuer was of the holder's identity: a key of ``IDENTITY_LEVELS``."""
    return next((item["genre"] for item in document["evidence"] if "genre" in item), "")


def partner_of(document: Document) -> tuple[str, str] | None:
    """The partner's Thai and English names, where the achievement was made together with one."""
    creator = document["credentialSubject"]["achievement"].get("creator")
    return (creator["name"], creator["description"]) if creator else None


def holder_name_of(document: Document) -> str:
    """The holder's name as written in the document."""
    identifiers = document["credentialSubject"]["identifier"]
    return next((i["identityHash"] for i in identifiers if i["identityType"] == "name"), "")
