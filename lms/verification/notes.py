"""What somebody who verified a credential writes in the file: one paragraph, ready to be copied."""

from django.utils import timezone

from courses import thai
from lms.credentials.messages import Text, Verdict
from lms.credentials.verifying import Verification

_CHECKED = Text(
    "เมื่อ{when} ได้ตรวจสอบวุฒิบัตร{what} ผ่านระบบตรวจสอบวุฒิบัตร ผลการตรวจสอบ: {result}",
    "On {when} the credential {what} was checked with the verification service. Result: {result}",
)
RESULTS = {
    Verdict.VALID: Text(
        "ใช้ได้ ลายเซ็นดิจิทัลถูกต้อง ผู้ออกอยู่ในทะเบียน ไม่ถูกเพิกถอน และอยู่ในระยะเวลาที่ใช้ได้ จึงรับเป็นหลักฐานได้",
        "valid: signature right, issuer in the register, not revoked, within its dates. Accepted as evidence.",
    ),
    Verdict.REVOKED: Text(
        "ถูกเพิกถอนแล้ว จึงไม่รับเป็นหลักฐาน และให้ผู้ยื่นชี้แจง",
        "revoked. Not accepted as evidence; the holder is asked to explain.",
    ),
    Verdict.SUPERSEDED: Text(
        "มีฉบับใหม่แทนแล้ว ให้ผู้ยื่นส่งฉบับใหม่มาตรวจสอบอีกครั้ง",
        "replaced by a newer one. The holder is asked for that one.",
    ),
    Verdict.EXPIRED: Text(
        "เป็นของจริงแต่หมดอายุแล้ว ใช้เป็นหลักฐานได้เฉพาะว่าเคยได้รับ",
        "genuine but expired: evidence only that it was once held.",
    ),
    Verdict.NOT_YET_VALID: Text(
        "เป็นของจริงแต่ยังไม่เริ่มมีผล ให้ตรวจสอบอีกครั้งเมื่อถึงกำหนด",
        "genuine but not valid yet: to be checked again once it is.",
    ),
    Verdict.TAMPERED: Text(
        "เนื้อหาไม่ตรงกับที่ผู้ออกลงนามไว้ จึงไม่รับเป็นหลักฐาน และให้ผู้ยื่นส่งไฟล์ต้นฉบับหรือหมายเลขวุฒิบัตร",
        "not what the issuer signed. Not accepted; the holder is asked for the original file or the number.",
    ),
    Verdict.UNKNOWN_ISSUER: Text(
        "ผู้ออกไม่อยู่ในทะเบียน ระบบจึงยืนยันให้ไม่ได้ ให้สอบถามผู้ออกโดยตรง",
        "the issuer is not in the register, so it could not be confirmed. The issuer is to be asked directly.",
    ),
    Verdict.UNKNOWN: Text(
        "ไม่พบในทะเบียน จึงยังไม่รับเป็นหลักฐาน และให้ผู้ยื่นส่งไฟล์หรือหมายเลขที่ถูกต้อง",
        "not in the register. Not accepted so far; the holder is asked for the file or the right number.",
    ),
    Verdict.UNREADABLE: Text(
        "อ่านไม่ได้ จึงยังไม่มีผล ให้ผู้ยื่นส่งไฟล์หรือหมายเลขที่ถูกต้อง",
        "unreadable, so there is no result. The holder is asked for the right file or number.",
    ),
    Verdict.COULD_NOT_CHECK: Text(
        "ระบบขัดข้อง ยังไม่มีผล ให้ตรวจสอบอีกครั้งภายหลัง",
        "out of order, so there is no result. To be checked again later.",
    ),
}


def note_of(answer: Verification) -> Text:
    """The paragraph for this answer, in Thai and in English."""
    return Text(_note(answer, "th"), _note(answer, "en"))


def _note(answer: Verification, language: str) -> str:
    moment = timezone.localtime(answer.as_of)
    day = thai.long_date(moment.date(), language)
    when = f"วันที่ {day} เวลา {moment:%H.%M} น." if language == "th" else f"{day}, {moment:%H:%M}"
    result: str = getattr(RESULTS[answer.verdict], language)
    text: str = getattr(_CHECKED, language)
    return text.format(when=when, what=_what(answer, language), result=result)


def _what(answer: Verification, language: str) -> str:
    """Which one: only what is proven, so that nobody copies a forger's claims into a file."""
    parts = []
    if answer.document:
        th, en = answer.document["credentialSubject"]["achievement"]["name"], answer.document["name"]
        parts.append(f" “{th}”" if language == "th" else f"“{en}”")
    if answer.number:
        parts.append(f"หมายเลข {answer.number}" if language == "th" else f"number {answer.number}")
    if answer.issuer_ok:
        parts.append(f"ออกโดย{answer.issuer_name.th}" if language == "th" else f"issued by {answer.issuer_name.en}")
    return " ".join(parts) or ("ที่ได้รับมา" if language == "th" else "that was sent in")
