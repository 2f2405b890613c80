"""Thai dates, fiscal years and digits. Pure functions, no Django.

People read the Buddhist era in Thai and the Common era in English; machines always get ISO 8601 in the Common era
(``date.isoformat()``), never anything from here.
"""

from datetime import date, datetime

BUDDHIST_OFFSET = 543
FISCAL_YEAR_STARTS = 10  # October

MONTHS_TH = [
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
]
SHORT_MONTHS_TH = ["ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."]
MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

_TO_THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
_TO_ARABIC = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")


def buddhist_year(day: date) -> int:
    """The year of the Buddhist era: 2568 for any day of 2025."""
    return day.year + BUDDHIST_OFFSET


def fiscal_year(day: date) -> int:
    """The Thai government's fiscal year (1 October to 30 September), named by the Buddhist year in which it ends."""
    return buddhist_year(day) + (day.month >= FISCAL_YEAR_STARTS)


def thai_digits(text: object) -> str:
    """``25`` → ``๒๕``; everything else stays."""
    return str(text).translate(_TO_THAI)


def arabic_digits(text: object) -> str:
    """``๒๕`` → ``25``; everything else stays."""
    return str(text).translate(_TO_ARABIC)


def long_date(day: date, language: str = "th") -> str:
    """``21 พฤศจิกายน 2568``; ``21 November 2025`` when ``language`` is English."""
    if language.startswith("th"):
        return f"{day.day} {MONTHS_TH[day.month - 1]} {buddhist_year(day)}"
    return f"{day.day} {MONTHS_EN[day.month - 1]} {day.year}"


def short_date(day: date, language: str = "th") -> str:
    """``21 พ.ย. 68``; ``21 Nov 2025`` when ``language`` is English."""
    if language.startswith("th"):
        return f"{day.day} {SHORT_MONTHS_TH[day.month - 1]} {buddhist_year(day) % 100:02}"
    return f"{day.day} {MONTHS_EN[day.month - 1][:3]} {day.year}"


def moment(when: datetime, language: str = "th") -> str:
    """``21 พ.ย. 68 14:05 น.``; ``21 Nov 2025, 14:05`` when ``language`` is English. The clock is ``when``'s own."""
    day = short_date(when, language)
    return f"{day} {when:%H:%M} น." if language.startswith("th") else f"{day}, {when:%H:%M}"


def official_date(day: date) -> str:
    """As official letters write it: ``วันที่ ๒๑ พฤศจิกายน พ.ศ. ๒๕๖๘``."""
    return thai_digits(f"วันที่ {day.day} {MONTHS_TH[day.month - 1]} พ.ศ. {buddhist_year(day)}")
