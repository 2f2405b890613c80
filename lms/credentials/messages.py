"""What a verification says, in Thai and in English, in the words of somebody who reads certificates for a living."""

from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    VALID = "valid"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    TAMPERED = "tampered"
    UNKNOWN_ISSUER = "unknown_issuer"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"
    COULD_NOT_CHECK = "could_not_check"


class Text(NamedTuple):
    th: str
    en: str


HEADLINES = {
    Verdict.VALID: Text("วุฒิบัตรนี้ใช้ได้", "This credential is valid"),
    Verdict.REVOKED: Text("วุฒิบัตรนี้ถูกเพิกถอนแล้ว", "This credential has been revoked"),
    Verdict.SUPERSEDED: Text("วุฒิบัตรนี้มีฉบับใหม่แทนแล้ว", "This credential has been replaced"),
    Verdict.EXPIRED: Text("วุฒิบัตรนี้หมดอายุแล้ว", "This credential has expired"),
    Verdict.NOT_YET_VALID: Text("วุฒิบัตรนี้ยังไม่เริ่มมีผล", "This credential is not valid yet"),
    Verdict.TAMPERED: Text("ไฟล์นี้ไม่ตรงกับที่ผู้ออกลงนามไว้", "This file is not what the issuer signed"),
    Verdict.UNKNOWN_ISSUER: Text("ไม่รู้จักผู้ออกวุฒิบัตรนี้", "The issuer is not known here"),
    Verdict.UNKNOWN: Text("ไม่พบวุฒิบัตรนี้ในทะเบียน", "This credential is not in the register"),
    Verdict.UNREADABLE: Text("อ่านข้อมูลที่ส่งมาไม่ได้", "What was sent cannot be read"),
    Verdict.COULD_NOT_CHECK: Text("ยังตรวจสอบไม่ได้ในขณะนี้", "It could not be checked just now"),
}

MESSAGES = {
    Verdict.VALID: Text(
        "วุฒิบัตรนี้ออกโดยผู้ออกที่ระบุจริง ข้อมูลไม่ถูกแก้ไข ไม่ถูกเพิกถอน และยังไม่หมดอายุ",
        "It was issued by the issuer named, nothing in it was changed, it has not been revoked and has not expired.",
    ),
    Verdict.REVOKED: Text(
        "ผู้ออกเพิกถอนวุฒิบัตรนี้เมื่อ {date} เหตุผล: {reason} จึงไม่ควรใช้เป็นหลักฐาน",
        "The issuer revoked it on {date}. Reason: {reason}. It should not be accepted as evidence.",
    ),
    Verdict.SUPERSEDED: Text(
        "ผู้ออกออกวุฒิบัตรฉบับใหม่แทนฉบับนี้แล้ว โปรดขอฉบับใหม่จากผู้ถือ",
        "The issuer has issued a newer one in its place. Ask the holder for the new one.",
    ),
    Verdict.EXPIRED: Text(
        "วุฒิบัตรนี้เป็นของจริง แต่หมดอายุเมื่อ {date}",
        "It is genuine, but it expired on {date}.",
    ),
    Verdict.NOT_YET_VALID: Text(
        "วุฒิบัตรนี้เป็นของจริง แต่จะเริ่มมีผลในวันที่ {date}",
        "It is genuine, but it becomes valid only on {date}.",
    ),
    Verdict.TAMPERED: Text(
        "อย่ารับไฟล์นี้เป็นหลักฐาน {reason} โปรดขอไฟล์ต้นฉบับหรือหมายเลขวุฒิบัตรจากผู้ถือ",
        "Do not accept this file as evidence: {reason} Ask the holder for the original file or the number.",
    ),
    Verdict.UNKNOWN_ISSUER: Text(
        "ไฟล์นี้ระบุผู้ออกที่ไม่อยู่ในทะเบียนของระบบนี้ จึงยืนยันให้ไม่ได้ โปรดตรวจสอบกับผู้ออกโดยตรง",
        "The file names an issuer that is not in our register, so we cannot vouch for it. Ask that issuer directly.",
    ),
    Verdict.UNKNOWN: Text(
        "{reason} โปรดตรวจหมายเลขอีกครั้ง หรือขอไฟล์วุฒิบัตรจากผู้ถือ",
        "{reason} Check the number again, or ask the holder for the credential file.",
    ),
    Verdict.UNREADABLE: Text("{reason}", "{reason}"),
    Verdict.COULD_NOT_CHECK: Text(
        "ขณะนี้ตรวจสอบไม่ได้ ผลนี้ไม่ได้แปลว่าวุฒิบัตรใช้ได้หรือใช้ไม่ได้ โปรดลองใหม่ภายหลัง",
        "It cannot be checked at present. This says nothing about the credential; please try again later.",
    ),
}

# Of another body's credential it is known that it was revoked, not when or why.
REVOKED_UNDATED = Text(
    "ผู้ออกเพิกถอนวุฒิบัตรนี้แล้ว จึงไม่ควรใช้เป็นหลักฐาน วันที่และเหตุผลโปรดสอบถามผู้ออก",
    "Its issuer has revoked it. It should not be accepted as evidence. Ask the issuer when and why.",
)

REASONS = {
    # Unreadable
    "too_large": Text(
        "ไฟล์ใหญ่เกินไป ไฟล์วุฒิบัตรมีขนาดไม่เกิน 64 กิโลไบต์",
        "The file is too large: a credential file has no more than 64 kilobytes.",
    ),
    "empty": Text("ไฟล์ว่างเปล่า", "The file is empty."),
    "not_text": Text(
        "ไฟล์นี้ไม่ใช่ไฟล์วุฒิบัตร (JSON, PNG, SVG, PDF หรือ JWT ที่ได้รับจากระบบ)",
        "This is not a credential file (JSON, PNG, SVG, PDF or JWT as it was given out).",
    ),
    "not_json": Text(
        "ไฟล์นี้ไม่ใช่ไฟล์วุฒิบัตร (JSON) หรือไฟล์เสียหาย",
        "This is not a credential file (JSON), or it is damaged.",
    ),
    "not_an_object": Text("ไฟล์ JSON นี้ไม่ใช่วุฒิบัตร", "This JSON file is not a credential."),
    "not_a_credential": Text("ไฟล์ JSON นี้ไม่ใช่วุฒิบัตร", "This JSON file is not a credential."),
    "too_deep": Text(
        "โครงสร้างของไฟล์ซับซ้อนผิดปกติ จึงไม่อ่านต่อ", "The file is nested unusually deep and was not read further."
    ),
    "duplicate_member": Text(
        "ไฟล์มีข้อมูลชื่อเดียวกันซ้ำกัน จึงอ่านได้มากกว่าหนึ่งความหมาย",
        "The file states the same item twice, so it could be read in two ways.",
    ),
    "damaged": Text("ไฟล์นี้เสียหาย หรือไม่ครบถ้วน", "The file is damaged or incomplete."),
    "nothing_inside": Text(
        "ไม่มีข้อมูลวุฒิบัตรอยู่ในไฟล์นี้ อาจเป็นภาพหน้าจอหรือไฟล์ที่บันทึกใหม่ โปรดขอไฟล์ต้นฉบับ หรือตรวจสอบด้วยหมายเลข",
        "There is no credential inside this file; it may be a screenshot or was saved again. Ask for the original, "
        "or verify by number.",
    ),
    "two_inside": Text("มีข้อมูลวุฒิบัตรอยู่ในไฟล์นี้มากกว่าหนึ่งชุด จึงไม่อ่าน", "There is more than one credential inside this file."),
    "no_seal": Text(
        "ไฟล์ PDF นี้ไม่มีตราอิเล็กทรอนิกส์ของระบบ อาจเป็นเอกสารสแกนหรือไฟล์ที่บันทึกใหม่ โปรดขอไฟล์ต้นฉบับ หรือตรวจสอบด้วยหมายเลข",
        "This PDF bears no electronic seal of ours; it may be a scan or was saved again. Ask for the original, "
        "or verify by number.",
    ),
    "encrypted": Text("ไฟล์ถูกเข้ารหัสด้วยรหัสผ่าน จึงอ่านไม่ได้", "The file is locked with a password and cannot be read."),
    "no_number_in_row": Text("แถวนี้ไม่มีหมายเลขวุฒิบัตร", "There is no credential number in this row."),
    "one_of_many": Text(
        "ไฟล์ ZIP และตารางต้องส่งแยกครั้งละหนึ่งไฟล์", "A ZIP archive or a table has to be sent by itself, one at a time."
    ),
    # Whole uploads
    "upload_too_large": Text(
        "ไฟล์ที่ส่งรวมกันมีขนาดเกิน 300 เมกะไบต์ โปรดแบ่งส่งหลายครั้ง",
        "What was sent has more than 300 megabytes. Please send it in several parts.",
    ),
    "too_many_at_once": Text(
        "เลือกไฟล์พร้อมกันได้ไม่เกิน 100 ไฟล์ ถ้ามีมากกว่านั้น โปรดรวมเป็นไฟล์ ZIP",
        "No more than 100 files can be chosen at once. Put more than that into a ZIP archive.",
    ),
    "not_a_zip": Text("ไฟล์ ZIP นี้เสียหาย หรือไม่ใช่ไฟล์ ZIP", "This is not a ZIP archive, or it is damaged."),
    "nothing_in_it": Text("ไฟล์ ZIP นี้ไม่มีไฟล์อยู่ภายใน", "There is no file in this ZIP archive."),
    "too_many_files": Text(
        "ไฟล์ ZIP นี้มีไฟล์เกิน 2,000 ไฟล์ โปรดแบ่งส่งหลายครั้ง",
        "There are more than 2,000 files in this ZIP archive. Please send it in several parts.",
    ),
    "table_too_large": Text(
        "ตารางใหญ่เกินไป ให้เหลือเพียงคอลัมน์หมายเลขวุฒิบัตร แล้วส่งอีกครั้ง",
        "The table is too large. Keep only the column of credential numbers and send it again.",
    ),
    "too_many_rows": Text(
        "ตารางมีเกิน 10,000 แถว โปรดแบ่งส่งหลายครั้ง",
        "The table has more than 10,000 rows. Please send it in several parts.",
    ),
    "not_a_table": Text(
        "อ่านตารางนี้ไม่ได้ โปรดบันทึกเป็น CSV หรือ Excel (.xlsx) แล้วส่งอีกครั้ง",
        "This table cannot be read. Save it as CSV or Excel (.xlsx) and send it again.",
    ),
    "no_numbers": Text(
        "ไม่พบหมายเลขวุฒิบัตรหรือลิงก์ในตารางนี้ ตั้งหัวคอลัมน์ว่า “หมายเลขวุฒิบัตร” แล้วส่งอีกครั้ง",
        "There is no credential number or link in this table. Title the column “credential number” and send it again.",
    ),
    "old_excel": Text(
        "ไฟล์นี้เป็น Excel รุ่นเก่า (.xls) โปรดบันทึกเป็น .xlsx แล้วส่งอีกครั้ง",
        "This is an old Excel file (.xls). Save it as .xlsx and send it again.",
    ),
    "one_file": Text("โปรดส่งไฟล์วุฒิบัตรครั้งละหนึ่งไฟล์", "Send one credential file at a time."),
    "not_a_number": Text(
        "หมายเลขไม่ถูกต้อง หมายเลขวุฒิบัตรมี 28 ตัวอักษร แบ่งเป็น 7 กลุ่ม กลุ่มละ 4 ตัว โปรดตรวจว่าพิมพ์ครบและถูกต้อง",
        "This is not a number of ours: it has 28 characters in 7 groups of 4. Check that none is missing or mistyped.",
    ),
    # Tampered
    "profile": Text(
        "ไฟล์มีข้อมูลเพิ่ม ขาด หรือผิดรูปแบบจากที่ผู้ออกใช้ ({detail})",
        "it contains, lacks or misspells something compared with what this issuer signs ({detail}).",
    ),
    "signature": Text(
        "ข้อมูลในไฟล์ถูกแก้ไขหลังจากลงนาม หรือลายเซ็นไม่ใช่ของผู้ออก",
        "something in it was changed after it was signed, or the signature is not the issuer's.",
    ),
    "foreign_key": Text(
        "ลายเซ็นไม่ได้ทำด้วยกุญแจของผู้ออกที่ระบุในไฟล์", "the signature was not made with a key of the issuer it names."
    ),
    "retired_key": Text("ลงนามด้วยกุญแจที่เลิกใช้ไปก่อนแล้ว", "it was signed with a key that had been retired before."),
    "compromised_key": Text(
        "ลงนามด้วยกุญแจที่รั่วไหลและถูกยกเลิกแล้ว และไม่มีวุฒิบัตรนี้ในทะเบียน",
        "it was signed with a key that had been stolen and withdrawn, and is not in the register.",
    ),
    "withdrawn_key": Text(
        "ไฟล์นี้ลงนามด้วยกุญแจที่ถูกยกเลิกแล้ว ผู้ถือดาวน์โหลดไฟล์ใหม่ได้จากระบบ",
        "it was signed with a key that has been withdrawn; its holder can download it anew.",
    ),
    "dates": Text("วันที่ในไฟล์ไม่มีอยู่จริง", "it contains a date that does not exist."),
    "not_as_issued": Text("เนื้อหาในไฟล์ไม่ตรงกับฉบับที่อยู่ในทะเบียน", "it differs from the document in the issuer's register."),
    "seal": Text(
        "ไฟล์ PDF นี้ถูกแก้ไขหลังจากประทับตราอิเล็กทรอนิกส์แล้ว", "the PDF was changed after its electronic seal was set."
    ),
    # Unknown
    "no_such_number": Text("ไม่มีวุฒิบัตรหมายเลขนี้ในทะเบียน", "There is no credential with this number."),
    # Could not check: by a bundle
    "bundle_expired": Text(
        "ชุดข้อมูลออฟไลน์หมดอายุแล้ว โปรดดาวน์โหลดชุดใหม่", "The offline bundle is out of date: fetch a new one."
    ),
    "newer_than_bundle": Text(
        "วุฒิบัตรนี้ออกหลังจากจัดทำชุดข้อมูลออฟไลน์ โปรดดาวน์โหลดชุดใหม่",
        "It was issued after the offline bundle was made: fetch a new one.",
    ),
    "no_status_list": Text(
        "ชุดข้อมูลออฟไลน์ไม่มีสถานะที่ยังใช้ได้ของวุฒิบัตรนี้ โปรดดาวน์โหลดชุดใหม่",
        "The offline bundle has no current status for it: fetch a new one.",
    ),
    # Could not check: another body's
    "no_status_of_others": Text(
        "ระบบนี้ยังไม่มีสถานะล่าสุดของวุฒิบัตรจากผู้ออกรายนี้",
        "There is no current status of this issuer's credentials here at present.",
    ),
    "trust_list_expired": Text(
        "บัญชีผู้ออกที่เชื่อถือของระบบนี้หมดอายุ โปรดแจ้งผู้ดูแลระบบ",
        "The list of trusted issuers is out of date here; please tell the operator.",
    ),
    "no_such_file": Text("เปิดไฟล์นี้ไม่ได้", "This file cannot be opened."),
    "erased": Text(
        "ข้อมูลของวุฒิบัตรนี้ถูกลบตามคำขอของผู้ถือ",
        "The data of this credential were erased at its holder's request.",
    ),
    "not_registered": Text(
        "ลายเซ็นถูกต้อง แต่ไม่พบวุฒิบัตรนี้ในทะเบียน อาจถูกลบตามคำขอของผู้ถือ",
        "The signature is right, but the credential is not in the register; its holder may have had it erased.",
    ),
}
