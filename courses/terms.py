"""Key terms that a browser must not break in two: dictionaries cut ``ธรรมาภิบาล`` as ``ธร|รมาภิบาล``."""

import re

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

TERMS = [
    "ธรรมาภิบาล",
    "ภาครัฐ",
    "ข้อมูลเปิด",
    "ข้าราชการ",
    "วุฒิบัตร",
    "โน้ตบุ๊ก",
    "แบบฝึกหัด",
    "หลักสูตร",
    "สมรรถนะ",
    "ชุดข้อมูล",
    "เมทาดาตา",
    "บัญชีข้อมูล",
    "พจนานุกรม",
    "ปีงบประมาณ",
    "ต้นสังกัด",
    "วิทยากร",
    "ผู้สอน",
    "เพิกถอน",
    "ประชาชน",
    "นักวิเคราะห์",
]

_TERM = re.compile(
    "(" + "|".join(sorted(map(re.escape, TERMS), key=len, reverse=True)) + r")(?![\u0e30-\u0e3a\u0e45-\u0e4e])"
)
_TAG = re.compile(r"(<[^>]*>)")


def keep_whole(value: str) -> SafeString:
    """Wraps each key term so that it moves to the next line as a whole. Plain text is escaped; safe HTML stays HTML."""
    parts = _TAG.split(conditional_escape(value))
    # Every second part is a tag: terms inside attributes are left alone.
    parts[::2] = [_TERM.sub(r'<wbr><span class="term">\1</span><wbr>', text) for text in parts[::2]]
    return mark_safe("".join(parts))  # noqa: S308 - escaped above, only our own tags are added
