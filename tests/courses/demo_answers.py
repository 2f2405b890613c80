"""Typical wrong answers to the demonstration exercises: what a learner writes, and which checks must not pass.

``failing`` lists every check that has to fail, and no other may; the first one's hint is what should help this learner.
"""

from dataclasses import dataclass

from courses.demo import cleaning, notebooks, reading_files
from courses.demo.notebooks import Exercise


@dataclass(frozen=True)
class WrongAnswer:
    name: str
    exercise: str
    answers: dict[str, str]
    failing: list[str]
    hint_has: str  # words of the Thai hint that this learner should read

    def notebook(self, exercise: Exercise) -> bytes:
        return notebooks.to_bytes(notebooks.handed_in(exercise.notebook, self.answers))


N1, N2 = reading_files.SLUG, cleaning.SLUG
READING = ["n1-columns", "n1-cells", "n1-same"]

READS_UTF8_ONLY = """
def read_requests(path):
    return pd.read_csv(path, encoding="utf-8", dtype=str, keep_default_na=False)
"""
READS_CP874_ONLY = READS_UTF8_ONLY.replace('"utf-8"', '"cp874"')
LOOKS_AT_THE_BOM_ONLY = """
def detect_encoding(path):
    return "utf-8-sig" if Path(path).read_bytes().startswith(b"\\xef\\xbb\\xbf") else "cp874"
"""
KEEPS_THE_BOM = """
import csv

def read_requests(path):
    encoding = "utf-8" if detect_encoding(path) == "utf-8-sig" else "cp874"
    with open(path, encoding=encoding, newline="") as file:
        return pd.DataFrame(list(csv.DictReader(file)))
"""
LETS_PANDAS_GUESS = """
def read_requests(path):
    return pd.read_csv(path, encoding=detect_encoding(path))
"""
TYPES_THE_NUMBERS = """
def describe(frame):
    return {"rows": 4, "bodies": 2, "open": 2}
"""
USES_A_THAI_ATTRIBUTE = """
def describe(frame):
    return {"rows": len(frame.รหัสคำร้อง), "bodies": frame["รหัสอปท"].nunique(), "open": int((frame["วันที่ปิด"] == "").sum())}
"""
FORGETS_THE_ORDER_OF_TIES = """
def count_by(frame, column):
    counts = {}
    for value in frame[column]:
        counts[value] = counts.get(value, 0) + 1
    return counts
"""

TO_ARABIC_MISSES_NINE = """
def to_arabic(text):
    return text.translate(str.maketrans("๐๑๒๓๔๕๖๗๘", "012345678"))
"""
DASH_IS_ZERO = """
def to_number(text):
    plain = to_arabic(text).replace(",", "").strip()
    return 0.0 if plain in {"", "-"} else float(plain)
"""
FORGETS_COMMAS = """
def to_number(text):
    try:
        return float(to_arabic(text))
    except ValueError:
        return float("nan")
"""
LOSES_THAI_DIGITS = """
import re

def parse_thai_date(text):
    if not re.fullmatch(r"[0-9]{2}/[0-9]{2}/[0-9]{4}", text):
        return pd.NaT
    day, month, year = map(int, text.split("/"))
    try:
        return pd.Timestamp(year=year - 543, month=month, day=day)
    except ValueError:
        return pd.NaT
"""
LOSES_THE_LEAP_DAY = """
from datetime import date

def parse_thai_date(text):
    try:
        day, month, year = map(int, to_arabic(text).split("/"))
        value = date(year, month, day)
        return pd.Timestamp(value.replace(year=year - 543))
    except ValueError:
        return pd.NaT
"""
STOPS_AT_IMPOSSIBLE_DATES = """
def parse_thai_date(text):
    day, month, year = map(int, to_arabic(text).split("/"))
    return pd.Timestamp(year=year - 543, month=month, day=day)
"""
SWAPS_DAY_AND_MONTH = """
def parse_thai_date(text):
    try:
        month, day, year = map(int, to_arabic(text).split("/"))
        return pd.Timestamp(year=year - 543, month=month, day=day)
    except ValueError:
        return pd.NaT
"""
DROPS_ROWS = """
def clean(frame):
    result = frame.copy()
    for column in ["วันที่รับ", "วันที่ปิด"]:
        result[column] = pd.to_datetime(result[column].map(parse_thai_date))
    result["ค่าใช้จ่าย"] = result["ค่าใช้จ่าย"].map(to_number)
    return result.dropna().reset_index(drop=True)
"""
TYPES_THE_SUMMARY = """
def summary(frame):
    return {"total_baht": 1350.5, "unknown_cost": 1, "bad_dates": 1, "first_year": 2023, "last_year": 2024}
"""

WRONG_ANSWERS = [
    WrongAnswer("utf8_only", N1, {"n1-read": READS_UTF8_ONLY}, READING, "ใช้รหัสอักขระที่ถูกต้องกับแต่ละไฟล์"),
    WrongAnswer("cp874_only", N1, {"n1-read": READS_CP874_ONLY}, ["n1-columns", "n1-same"], "ใช้รหัสอักขระที่ถูกต้อง"),
    WrongAnswer("looks_at_the_bom_only", N1, {"n1-detect": LOOKS_AT_THE_BOM_ONLY}, ["n1-encoding"], "ดูเฉพาะ BOM"),
    WrongAnswer("keeps_the_bom", N1, {"n1-read": KEEPS_THE_BOM}, ["n1-columns", "n1-same"], "\\ufeff"),
    WrongAnswer("lets_pandas_guess", N1, {"n1-read": LETS_PANDAS_GUESS}, ["n1-cells", "n1-same"], "ศูนย์นำหน้า"),
    WrongAnswer("types_the_numbers", N1, {"n1-describe-answer": TYPES_THE_NUMBERS}, ["n1-describe"], "ไม่ใช่พิมพ์ตัวเลข"),
    WrongAnswer("thai_attribute", N1, {"n1-describe-answer": USES_A_THAI_ATTRIBUTE}, ["n1-describe"], "nunique"),
    WrongAnswer("order_of_ties", N1, {"n1-count-answer": FORGETS_THE_ORDER_OF_TIES}, ["n1-count"], "มากไปน้อย"),
    WrongAnswer("misses_nine", N2, {"n2-arabic-answer": TO_ARABIC_MISSES_NINE}, ["n2-digits"], "ครบทั้งสิบตัว"),
    WrongAnswer("dash_is_zero", N2, {"n2-number-answer": DASH_IS_ZERO}, ["n2-number", "n2-clean-cost"], "ไม่ใช่ 0"),
    WrongAnswer("forgets_commas", N2, {"n2-number-answer": FORGETS_COMMAS}, ["n2-number", "n2-clean-cost"], "จุลภาค"),
    WrongAnswer(
        "forgets_the_era", N2, cleaning.FORGOT_THE_ERA, ["n2-date", "n2-impossible", "n2-clean-dates"], "ลบ 543"
    ),
    WrongAnswer(
        "loses_thai_digits",
        N2,
        {"n2-date-answer": LOSES_THAI_DIGITS},
        ["n2-date", "n2-impossible", "n2-clean-dates"],
        "เลขไทย",
    ),
    WrongAnswer(
        "loses_the_leap_day",
        N2,
        {"n2-date-answer": LOSES_THE_LEAP_DAY},
        ["n2-impossible", "n2-clean-dates"],
        "29/02/2567 มีจริง",
    ),
    WrongAnswer(
        "stops_at_impossible_dates",
        N2,
        {"n2-date-answer": STOPS_AT_IMPOSSIBLE_DATES},
        ["n2-impossible", "n2-clean-dates", "n2-clean-cost"],
        "โดยไม่เกิดข้อผิดพลาด",
    ),
    WrongAnswer(
        "swaps_day_and_month",
        N2,
        {"n2-date-answer": SWAPS_DAY_AND_MONTH},
        ["n2-date", "n2-impossible", "n2-clean-dates"],
        "วัน/เดือน/ปี",
    ),
    WrongAnswer(
        "drops_rows", N2, {"n2-clean-answer": DROPS_ROWS}, ["n2-clean-dates", "n2-clean-cost"], "จำนวนแถวต้องเท่าเดิม"
    ),
    WrongAnswer("types_the_summary", N2, {"n2-summary-answer": TYPES_THE_SUMMARY}, ["n2-summary"], "ไม่ใช่พิมพ์ตัวเลข"),
]
