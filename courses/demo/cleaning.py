"""Exercise B-N2 ทำความสะอาด / Cleaning: Thai digits, Buddhist-era dates, impossible dates, sums of baht."""

from courses.demo import datasets
from courses.demo.datasets import HIDDEN, VISIBLE, Facts
from courses.demo.notebooks import Cell, Exercise, answer, check, notebook, setup, text

SLUG = "b-n2-cleaning"
TITLE_TH, TITLE_EN = "B-N2 ทำความสะอาด", "B-N2 Cleaning"

# The best known wrong answer: 2566 is a year that pandas accepts.
FORGOT_THE_ERA = {
    "n2-date-answer": """
def parse_thai_date(text):
    return pd.to_datetime(to_arabic(text), format="%d/%m/%Y", errors="coerce")
"""
}


def exercise() -> Exercise:
    """The whole exercise: about 100 minutes, 12 points."""
    visible, hidden = datasets.local_requests(VISIBLE), datasets.local_requests(HIDDEN)
    about = datasets.describe("local_requests.csv", "คำร้องถึง อปท. สมมุติ", "Requests to fictional local bodies", VISIBLE)
    return Exercise(
        slug=SLUG,
        title_th=TITLE_TH,
        title_en=TITLE_EN,
        notebook=notebook(_cells(visible.facts, hidden.facts), title=f"{TITLE_TH} / {TITLE_EN}"),
        files={"local_requests.csv": visible.csv("cp874"), "local_requests.metadata.json": about},
        hidden_files={"more_requests.csv": hidden.csv("cp874")},
    )


def _cells(visible: Facts, hidden: Facts) -> list[Cell]:
    return [
        text(INTRODUCTION),
        setup("n2-setup", SETUP),
        *_numbers(),
        *_dates(),
        *_cleaning(visible, hidden),
        *_answering(),
        text(END),
    ]


INTRODUCTION = """
# B-N2 ทำความสะอาด / Cleaning

**เวลาโดยประมาณ 100 นาที · 12 คะแนน · ผ่านเมื่อได้ 80 % ขึ้นไป**

ตารางคำร้องจากแบบฝึกหัดก่อนเป็นข้อความทั้งหมด คำถามของผู้บริหารเช่น "ใช้เงินไปเท่าไร" หรือ "ปีใดมีเรื่องมากที่สุด" จึงยังตอบไม่ได้
ในโน้ตบุ๊กนี้จะเปลี่ยนข้อความเป็นตัวเลขและวันที่ โดยไม่ทำให้แถวใดหายไปเงียบ ๆ

สิ่งที่จะพบในไฟล์จริงและมีอยู่ในไฟล์นี้ด้วย

| ที่เขียนมา | ความหมาย |
|---|---|
| `1,250.50` | 1250.5 บาท |
| `๑,๒๕๐` | 1250 บาท เขียนด้วยเลขไทย |
| `-` หรือช่องว่าง | ไม่ทราบค่า ไม่ใช่ศูนย์ |
| `12/03/2566` | 12 มีนาคม พ.ศ. 2566 = ค.ศ. 2023 |
| `29/02/2567` | วันที่มีจริง เพราะ ค.ศ. 2024 เป็นปีอธิกสุรทิน |
| `31/04/2566` | วันที่ไม่มีจริง |

ข้อมูลทั้งหมดเป็นข้อมูลสังเคราะห์ (SYNTHETIC, CC0)

---

**About 100 minutes · 12 points · passed at 80 % or more**

The table of the previous exercise is text only, so questions such as "how much was spent" cannot be answered
yet. In this
notebook you turn text into numbers and dates without losing a row silently. You will meet thousands commas,
Thai digits, a `-`
that means *unknown* (not zero), dates in the Buddhist era (2566 = 2023 C.E.), 29/02/2567, which exists
because 2024 is a leap
year, and 31/04/2566, which does not exist. All data is synthetic (SYNTHETIC, CC0).
"""

SETUP = """
# เซลล์นี้เตรียมเครื่องมือและอ่านไฟล์ ไม่ต้องแก้ไข
# This cell prepares the tools and reads the file. There is nothing to change.
import pandas as pd

REQUESTS_FILE = "local_requests.csv"
raw = pd.read_csv(REQUESTS_FILE, encoding="cp874", dtype=str, keep_default_na=False)
"""


def _numbers() -> list[Cell]:
    return [
        text("""
## ขั้นที่ 1 เลขไทย / Step 1: Thai digits

เลขไทย ๐ ๑ ๒ ๓ ๔ ๕ ๖ ๗ ๘ ๙ เป็นอักขระคนละตัวกับเลขอารบิก `str.translate` แทนที่อักขระทีละตัวตามตารางที่สร้างด้วย `str.maketrans`

**โจทย์:** เขียน `to_arabic(text)` ที่คืนข้อความเดิมโดยแทนเลขไทยด้วยเลขอารบิก อักขระอื่นไม่เปลี่ยน

---

Thai digits are other characters than Arabic ones. `str.translate` replaces characters by a table made with
`str.maketrans`.

**Task:** write `to_arabic(text)`, returning the text with Thai digits replaced by Arabic digits and
everything else unchanged.
"""),
        answer(
            "n2-arabic-answer",
            """
def to_arabic(text):
    \"\"\"แทนเลขไทยด้วยเลขอารบิก / Replaces Thai digits by Arabic ones.\"\"\"
    ### BEGIN SOLUTION
    return text.translate(str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789"))
    ### END SOLUTION
""",
        ),
        check(
            "n2-digits",
            points=1,
            hint_th="ตรวจว่าแทนครบทั้งสิบตัว ๐ ถึง ๙ และไม่แตะอักขระอื่น เช่น เครื่องหมาย / และจุลภาค",
            hint_en=(
                "Make sure that all ten digits ๐ to ๙ are replaced, and that other characters such as / "
                "and the comma stay."
            ),
            visible="""
assert to_arabic("๑๒/๐๓/๒๕๖๖") == "12/03/2566"
assert to_arabic("ถนนสาย 7") == "ถนนสาย 7"
""",
            hidden="""
assert to_arabic("๙๘๗๖๕๔๓๒๑๐") == "9876543210"
assert to_arabic("๔,๐๕๐.๒๕ บาท") == "4,050.25 บาท"
assert to_arabic("") == ""
""",
        ),
        text("""
## ขั้นที่ 2 จำนวนเงิน / Step 2: Amounts of money

**โจทย์:** เขียน `to_number(text)` ที่คืน `float`

- รับเลขไทยและเลขอารบิก มีจุลภาคคั่นหลักพันได้
- `-` และข้อความว่าง (รวมถึงที่มีแต่ช่องว่าง) คืน `float("nan")` เพราะ "ไม่ทราบ" ไม่เท่ากับ "ไม่เสียเงิน" ถ้าใส่ 0 ค่าเฉลี่ยจะต่ำกว่าความจริง

---

**Task:** write `to_number(text)`, returning a `float`. It takes Thai and Arabic digits, with or without
thousands commas. A `-` and an
empty text (or only spaces) give `float("nan")`: "unknown" is not "free of charge", and a 0 would pull every
average down.
"""),
        answer(
            "n2-number-answer",
            """
def to_number(text):
    \"\"\"แปลงข้อความจำนวนเงินเป็น float / Turns an amount written as text into a float.\"\"\"
    ### BEGIN SOLUTION
    plain = to_arabic(text).replace(",", "").strip()
    return float("nan") if plain in {"", "-"} else float(plain)
    ### END SOLUTION
""",
        ),
        check(
            "n2-number",
            points=2,
            hint_th="แปลงเลขไทยก่อน เอาจุลภาคออก แล้วจึงใช้ float ส่วน - และช่องว่างต้องเป็น NaN ไม่ใช่ 0",
            hint_en=(
                "Replace Thai digits first, remove the commas, then call float. A - or an empty text must "
                "become NaN, not 0."
            ),
            visible="""
assert to_number("1,250.50") == 1250.5
assert to_number("๑,๒๕๐") == 1250
assert pd.isna(to_number("-"))
""",
            hidden="""
assert to_number("๑๒,๓๔๕,๖๗๘.๙๐") == 12345678.9
assert to_number("0") == 0
assert to_number(" 75 ") == 75
assert pd.isna(to_number("")) and pd.isna(to_number("  ")) and pd.isna(to_number(" - "))
""",
        ),
    ]


def _dates() -> list[Cell]:
    return [
        text("""
## ขั้นที่ 3 วันที่ พ.ศ. / Step 3: Dates in the Buddhist era

พ.ศ. มากกว่า ค.ศ. อยู่ 543 ปี ข้อควรระวังคือ pandas รับ ค.ศ. 2566 ได้โดยไม่เตือน ผลลัพธ์ที่ลืมลบ 543 จึงดูปกติจนกว่าจะมีคนสังเกตปี

ลำดับสำคัญมาก: **ลบ 543 ก่อน แล้วจึงถามว่าวันนั้นมีจริงหรือไม่** เพราะ 29 กุมภาพันธ์ พ.ศ. 2567 มีจริง (ค.ศ. 2024)
แต่ถ้านำเลข 2567 ไปถามปฏิทิน ค.ศ. จะได้คำตอบว่าไม่มี

**โจทย์:** เขียน `parse_thai_date(text)` รับข้อความรูปแบบ `วว/ดด/ปปปป` (เลขไทยหรืออารบิก ปีเป็น พ.ศ.) แล้วคืน `pd.Timestamp`
ถ้าเป็นช่องว่างหรือวันที่ที่ไม่มีจริงให้คืน `pd.NaT`

---

The Buddhist era is 543 years ahead. Careful: pandas accepts the year 2566 C.E. without a warning, so a
result that forgot to subtract
543 looks fine until somebody reads the year. The order matters: **subtract 543 first, then ask whether the
day exists.** 29 February
2567 B.E. exists (2024 C.E.), yet the C.E. year 2567 has no such day.

**Task:** write `parse_thai_date(text)`. It takes `dd/mm/yyyy` (Thai or Arabic digits, Buddhist era) and
returns a `pd.Timestamp`, or
`pd.NaT` for an empty text or a date that does not exist.
"""),
        answer(
            "n2-date-answer",
            """
def parse_thai_date(text):
    \"\"\"แปลงวันที่ พ.ศ. เป็น Timestamp หรือ NaT / Turns a Buddhist-era date into a Timestamp, or NaT.\"\"\"
    ### BEGIN SOLUTION
    parts = to_arabic(text).strip().split("/")
    try:
        day, month, year = (int(part) for part in parts)
        return pd.Timestamp(year=year - 543, month=month, day=day)
    except ValueError:
        return pd.NaT
    ### END SOLUTION
""",
        ),
        check(
            "n2-date",
            points=2,
            hint_th=("ตรวจสามเรื่อง: ปีต้องลบ 543 ลำดับคือวัน/เดือน/ปี และวันที่ที่เขียนด้วยเลขไทยต้องอ่านได้ด้วย"),
            hint_en=(
                "Three things to look at: subtract 543 from the year, the order is day/month/year, and "
                "dates in Thai digits must be read too."
            ),
            visible="""
assert parse_thai_date("12/03/2566") == pd.Timestamp("2023-03-12")
assert parse_thai_date("๐๕/๑๑/๒๕๖๗") == pd.Timestamp("2024-11-05")
""",
            hidden="""
assert parse_thai_date("30/09/2565") == pd.Timestamp("2022-09-30")
assert parse_thai_date("01/10/2565") == pd.Timestamp("2022-10-01")
assert parse_thai_date("๓๑/๑๒/๒๕๖๔") == pd.Timestamp("2021-12-31")
""",
        ),
        check(
            "n2-impossible",
            points=2,
            hint_th=(
                "ลบ 543 ก่อนตรวจว่าวันมีจริงหรือไม่ 29/02/2567 มีจริงแต่ 29/02/2566 ไม่มี "
                "วันที่ไม่มีจริงและช่องว่างให้คืน pd.NaT โดยไม่เกิดข้อผิดพลาด"
            ),
            hint_en=(
                "Subtract 543 before asking whether the day exists: 29/02/2567 does, 29/02/2566 does not. "
                "Impossible dates and empty texts give pd.NaT, never an error."
            ),
            visible="""
assert pd.isna(parse_thai_date("31/04/2566"))
assert pd.isna(parse_thai_date(""))
assert not pd.isna(parse_thai_date("29/02/2567"))
""",
            hidden="""
assert pd.isna(parse_thai_date("29/02/2565")) and pd.isna(parse_thai_date("29/02/2568"))
assert pd.isna(parse_thai_date("๓๐/๐๒/๒๕๖๗")) and pd.isna(parse_thai_date("00/05/2566"))
leap_day = parse_thai_date("๒๙/๐๒/๒๕๖๗")
assert (leap_day.day, leap_day.month) == (29, 2)
""",
        ),
    ]


def _cleaning(visible: Facts, hidden: Facts) -> list[Cell]:
    return [
        text("""
## ขั้นที่ 4 ทำความสะอาดทั้งตาราง / Step 4: Clean the whole table

**โจทย์:** เขียน `clean(frame)` ที่คืนตารางใหม่

- `วันที่รับ` และ `วันที่ปิด` เป็นวันที่ (`datetime64`) วันที่ไม่มีจริงเป็น `NaT`
- `ค่าใช้จ่าย` เป็นตัวเลข ค่าที่ไม่ทราบเป็น `NaN`
- คอลัมน์อื่นและ**จำนวนแถวคงเดิม** แถวที่วันที่ผิดยังเป็นคำร้องจริง ห้ามทิ้งเงียบ ๆ
- ไม่แก้ `frame` ที่รับเข้ามา (เริ่มจาก `frame.copy()`)

เซลล์ตรวจดูปีต่ำสุดและสูงสุด จำนวน `NaT` และยอดรวมเป็นบาท

---

**Task:** write `clean(frame)`, returning a new table in which `วันที่รับ` and `วันที่ปิด` are dates
(`datetime64`, impossible ones `NaT`),
`ค่าใช้จ่าย` is a number (unknown ones `NaN`), and the other columns and **the number of rows are
unchanged**: a request with a wrong
date is still a request. Leave the given frame as it is (start from `frame.copy()`). The checks look at the
first and last year, at
the number of `NaT` and at the sum of baht.
"""),
        answer(
            "n2-clean-answer",
            """
def clean(frame):
    \"\"\"ตารางใหม่ที่มีวันที่และตัวเลข / A new table with dates and numbers.\"\"\"
    ### BEGIN SOLUTION
    result = frame.copy()
    for column in ["วันที่รับ", "วันที่ปิด"]:
        result[column] = pd.to_datetime(result[column].map(parse_thai_date))
    result["ค่าใช้จ่าย"] = result["ค่าใช้จ่าย"].map(to_number).astype(float)
    return result
    ### END SOLUTION
""",
        ),
        check(
            "n2-clean-dates",
            points=2,
            hint_th=(
                "นับ NaT ในวันที่รับ: ถ้ามากเกินไป อาจอ่านวันที่เลขไทยไม่ได้หรือทิ้ง 29/02/2567 "
                "ถ้าปีมากกว่า 2500 แปลว่ายังไม่ได้ลบ 543 และจำนวนแถวต้องเท่าเดิม"
            ),
            hint_en=(
                "Count the NaT in วันที่รับ: too many, and dates in Thai digits or 29/02/2567 were lost; "
                "a year above 2500 means 543 was not subtracted. No row may go missing."
            ),
            visible=f"""
received = clean(raw)["วันที่รับ"]
assert len(received) == {visible.rows}
assert int(received.isna().sum()) == {visible.impossible_dates}
assert (int(received.dt.year.min()), int(received.dt.year.max())) == ({visible.first_year}, {visible.last_year})
""",
            hidden=f"""
more = pd.read_csv("more_requests.csv", encoding="cp874", dtype=str, keep_default_na=False)
cleaned = clean(more)
received, closed = cleaned["วันที่รับ"], cleaned["วันที่ปิด"]
assert len(received) == {hidden.rows}
assert int(received.isna().sum()) == {hidden.impossible_dates}
assert int(closed.isna().sum()) == {hidden.still_open}
assert (int(received.dt.year.min()), int(received.dt.year.max())) == ({hidden.first_year}, {hidden.last_year})
assert int(((received.dt.month == 2) & (received.dt.day == 29)).sum()) == {hidden.leap_days}
""",
        ),
        check(
            "n2-clean-cost",
            points=2,
            hint_th=("เทียบยอดรวมกับจำนวนค่าที่ไม่ทราบ: - ต้องเป็น NaN ไม่ใช่ 0 จุลภาคและเลขไทยต้องถูกแปลง และจำนวนแถวต้องเท่าเดิม"),
            hint_en=(
                "Compare the sum and the number of unknown amounts: - must be NaN, not 0; commas and Thai "
                "digits must be read; no row may go missing."
            ),
            visible=f"""
cost = clean(raw)["ค่าใช้จ่าย"]
assert len(cost) == {visible.rows}
assert int(cost.isna().sum()) == {visible.dashes}
assert abs(cost.sum() - {visible.total_baht!r}) < 0.01
""",
            hidden=f"""
more = pd.read_csv("more_requests.csv", encoding="cp874", dtype=str, keep_default_na=False)
cost = clean(more)["ค่าใช้จ่าย"]
assert len(cost) == {hidden.rows}
assert int(cost.isna().sum()) == {hidden.dashes}
assert abs(cost.sum() - {hidden.total_baht!r}) < 0.01
""",
        ),
    ]


def _answering() -> list[Cell]:
    return [
        text("""
## ขั้นที่ 5 ตอบคำถาม / Step 5: Answer the question

**โจทย์:** เขียน `summary(frame)` รับตารางที่ทำความสะอาดแล้ว คืน dict

| คีย์ | ความหมาย |
|---|---|
| `"total_baht"` | ผลรวมของค่าใช้จ่าย (float) |
| `"unknown_cost"` | จำนวนแถวที่ไม่ทราบค่าใช้จ่าย |
| `"bad_dates"` | จำนวนแถวที่วันที่รับเป็น NaT |
| `"first_year"`, `"last_year"` | ปี ค.ศ. ต่ำสุดและสูงสุดของวันที่รับ |

รายงานยอดรวมคู่กับจำนวนที่ไม่ทราบเสมอ ผู้อ่านจะได้รู้ว่าตัวเลขนี้มีข้อจำกัดเพียงใด

---

**Task:** write `summary(frame)`. It takes a cleaned table and returns a dict with `"total_baht"` (sum of the
cost, a float), `"unknown_cost"`
(rows whose cost is unknown), `"bad_dates"` (rows whose `วันที่รับ` is NaT), `"first_year"` and `"last_year"`
(C.E. years of `วันที่รับ`).
Always report a total together with what is unknown: the reader sees how far the number can be trusted.
"""),
        answer(
            "n2-summary-answer",
            """
def summary(frame):
    \"\"\"คำตอบสำหรับผู้บริหาร / The answer, with its limits, as a dict.\"\"\"
    ### BEGIN SOLUTION
    years = frame["วันที่รับ"].dt.year
    return {
        "total_baht": float(frame["ค่าใช้จ่าย"].sum()),
        "unknown_cost": int(frame["ค่าใช้จ่าย"].isna().sum()),
        "bad_dates": int(frame["วันที่รับ"].isna().sum()),
        "first_year": int(years.min()),
        "last_year": int(years.max()),
    }
    ### END SOLUTION
""",
        ),
        check(
            "n2-summary",
            points=1,
            hint_th=("คำนวณทุกค่าจาก frame ที่รับเข้ามา ไม่ใช่พิมพ์ตัวเลขไว้ นับ NaT และ NaN ด้วย isna().sum() และหาปีด้วย .dt.year"),
            hint_en=(
                "Compute every value from the frame you are given instead of typing numbers. Count NaT "
                "and NaN with isna().sum() and take years with .dt.year."
            ),
            visible="""
small = pd.DataFrame({
    "วันที่รับ": pd.to_datetime(["2023-03-12", None, "2024-02-29"]),
    "ค่าใช้จ่าย": [1250.5, 100.0, float("nan")],
})
assert summary(small) == {
    "total_baht": 1350.5, "unknown_cost": 1, "bad_dates": 1, "first_year": 2023, "last_year": 2024
}
""",
            hidden="""
other = pd.DataFrame({
    "วันที่รับ": pd.to_datetime([None, "2021-10-01", None, "2022-09-30", "2021-12-31"]),
    "ค่าใช้จ่าย": [10.25, float("nan"), float("nan"), 300.0, float("nan")],
})
assert summary(other) == {
    "total_baht": 310.25, "unknown_cost": 3, "bad_dates": 2, "first_year": 2021, "last_year": 2022
}
""",
        ),
    ]


END = """
## ก่อนส่งคำตอบ / Before you submit

เลือก Restart Kernel and Run All Cells แล้วดูว่าไม่มีเซลล์ใดแจ้งข้อผิดพลาด จากนั้นบันทึกและส่งไฟล์นี้ ส่งใหม่ได้เมื่อยังไม่ผ่าน

Choose Restart Kernel and Run All Cells, see that no cell reports an error, save, and submit this file. You
can submit again.

*เนื้อหา CC BY 4.0 · ข้อมูล CC0 (SYNTHETIC) / Text CC BY 4.0 · data CC0 (SYNTHETIC)*
"""
