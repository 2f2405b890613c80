"""What stands on a certificate, in which language and which digits. Pure but for the design it is given.

Everything about the person and the achievement is read from the signed document, never from the database: the paper
says what the signature covers.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from courses import thai
from lms.certificates.models import Design
from lms.credentials import documents

BANGKOK = ZoneInfo("Asia/Bangkok")


@dataclass(frozen=True, slots=True)
class Line:
    """A text in the certificate's language, and the same in English below it where both are wanted."""

    main: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Face:
    language: str  # of the main texts
    issuer: Line
    title: Line
    opening: Line
    holder: str
    statement: Line
    achievement: Line
    facts: Line
    competencies: list[str]
    partner: Line | None
    given: Line
    expiry: Line | None
    signatories: list[tuple[Line, Line]]
    number: str
    verify: Line
    address: str
    is_sample: bool


def face_of(document: dict[str, Any], design: Design, *, address: str, is_sample: bool = False) -> Face:
    """``address`` is where anybody verifies it, as printed and as in the QR code."""
    is_english = design.language == Design.Language.ENGLISH
    has_both = design.language == Design.Language.BOTH

    def digits(text: str) -> str:
        return thai.thai_digits(text) if design.has_thai_digits and not is_english else text

    def line(th: str, en: str) -> Line:
        if is_english:
            return Line(en or th)
        return Line(digits(th), en if has_both else "")

    achievement = document["credentialSubject"]["achievement"]
    percent = _percent_of(document)
    hours = documents.hours_of(document)
    awarded = _day(document.get("awardedDate", document["validFrom"]))
    until = _day(document["validUntil"]) if "validUntil" in document else None
    partner = documents.partner_of(document)
    facts_th = [f"ระยะเวลาเรียนรู้ {hours} ชั่วโมง" if hours else "", f"ผลการประเมินร้อยละ {percent}" if percent else ""]
    facts_en = [f"{hours} learning hours" if hours else "", f"result {percent} percent" if percent else ""]
    return Face(
        language="en" if is_english else "th",
        issuer=line(document["issuer"]["name"], document["issuer"].get("description", "")),
        title=line(design.title_th, design.title_en),
        opening=line(design.opening_th, design.opening_en),
        holder=documents.holder_name_of(document),
        statement=line(design.statement_th, design.statement_en),
        achievement=line(achievement["name"], document["name"]),
        facts=line(" · ".join(filter(None, facts_th)), " · ".join(filter(None, facts_en))),
        competencies=documents.competencies_of(document),
        partner=line(f"ร่วมกับ {partner[0]}", f"together with {partner[1]}") if partner else None,
        given=line(f"ให้ไว้ ณ วันที่ {_thai_day(awarded)}", f"Given on {thai.long_date(awarded, 'en')}"),
        expiry=line(f"ใช้ได้ถึงวันที่ {_thai_day(until)}", f"Valid until {thai.long_date(until, 'en')}") if until else None,
        signatories=[
            (line(one.name_th, one.name_en), line(one.office_th, one.office_en)) for one in design.signatories.all()[:2]
        ],
        number=digits(document["credentialSubject"]["licenseNumber"]),
        verify=line("ตรวจสอบได้ที่", "Verify at"),
        address=address,
        is_sample=is_sample,
    )


def _day(timestamp: str) -> date:
    return datetime.fromisoformat(timestamp).astimezone(BANGKOK).date()


def _thai_day(day: date) -> str:
    return f"{day.day} {thai.MONTHS_TH[day.month - 1]} พ.ศ. {thai.buddhist_year(day)}"


def _percent_of(document: dict[str, Any]) -> str:
    results = document["credentialSubject"].get("result", [])
    return next((r["value"] for r in results if r["resultDescription"].endswith("#percent")), "")
