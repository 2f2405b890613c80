"""Exercise B-N1 อ่านไฟล์ / Reading files: two encodings, one table."""

from courses.demo import datasets
from courses.demo.datasets import HIDDEN, VISIBLE, Facts
from courses.demo.notebooks import Cell, Exercise, answer, check, notebook, setup, text

SLUG = "b-n1-reading-files"
TITLE_TH, TITLE_EN = "B-N1 อ่านไฟล์", "B-N1 Reading files"


def exercise() -> Exercise:
    """The whole exercise: about 100 minutes, 12 points."""
    visible, hidden = datasets.local_requests(VISIBLE), datasets.local_requests(HIDDEN)
    about = datasets.describe("local_requests.csv", "คำร้องถึง อปท. สมมุติ", "Requests to fictional local bodies", VISIBLE)
    return Exercise(
        slug=SLUG,
        title_th=TITLE_TH,
        title_en=TITLE_EN,
        notebook=notebook(_cells(hidden.facts), title=f"{TITLE_TH} / {TITLE_EN}"),
        files={
            "local_requests.csv": visible.csv("cp874"),
            "local_requests_utf8.csv": visible.csv("utf-8-sig"),
            "local_requests.metadata.json": about,
        },
        hidden_files={
            "more_requests.csv": hidden.csv("cp874"),
            "more_requests_utf8.csv": hidden.csv("utf-8-sig"),
            "more_requests_plain.csv": hidden.csv("utf-8"),
        },
    )


def _cells(hidden: Facts) -> list[Cell]:
    return [text(INTRODUCTION), setup("n1-setup", SETUP), *_encoding(), *_reading(hidden), *_using(hidden), text(END)]


INTRODUCTION = """
# B-N1 อ่านไฟล์ / Reading files

**เวลาโดยประมาณ 100 นาที · 12 คะแนน · ผ่านเมื่อได้ 80 % ขึ้นไป**

ฝ่ายเทคโนโลยีสารสนเทศส่งข้อมูลคำร้องถึงองค์กรปกครองส่วนท้องถิ่น (อปท.) มาให้สองไฟล์ เนื้อหาเหมือนกันทุกแถว
แต่บันทึกด้วยรหัสอักขระคนละแบบ

| ไฟล์ | มาจาก | รหัสอักขระ |
|---|---|---|
| `local_requests.csv` | ระบบงานเดิม | cp874 (ภาษาไทยแบบ Windows) |
| `local_requests_utf8.csv` | บันทึกจากโปรแกรมตารางคำนวณ | UTF-8 มี BOM |

เป้าหมายคือฟังก์ชันเดียวที่อ่านได้ทั้งสองไฟล์ แล้วได้ตารางเดียวกันทุกช่อง ข้อมูลทั้งหมดเป็นข้อมูลสังเคราะห์ (SYNTHETIC, CC0)

วิธีทำ: อ่านคำอธิบาย เติมคำตอบในเซลล์ที่มี `# YOUR CODE HERE` แล้วรันเซลล์ตรวจที่อยู่ถัดไป ตัวตรวจจริงใช้อีกไฟล์หนึ่ง
ที่มองไม่เห็น คำตอบจึงต้องคำนวณจากไฟล์ที่รับเข้ามาเสมอ

---

**About 100 minutes · 12 points · passed at 80 % or more**

The IT section has sent you requests made to local administrations, in two files. Every row is the same, but
the character
encodings differ: `local_requests.csv` comes from an older system (cp874, Thai Windows),
`local_requests_utf8.csv` was saved
by a spreadsheet program (UTF-8 with a BOM). Write one function that reads both and returns the same table,
cell for cell.
All data is synthetic (SYNTHETIC, CC0).

How to work: read the explanation, fill in the cells that say `# YOUR CODE HERE`, and run the check below
each. The real
checks use another file that you cannot see, so always compute the answer from the file you are given.
"""

SETUP = """
# เซลล์นี้เตรียมเครื่องมือและชื่อไฟล์ ไม่ต้องแก้ไข
# This cell prepares the tools and the file names. There is nothing to change.
from pathlib import Path

import pandas as pd

CP874_FILE = "local_requests.csv"
UTF8_FILE = "local_requests_utf8.csv"
"""


def _encoding() -> list[Cell]:
    return [
        text("""
## ขั้นที่ 1 ไฟล์นี้ใช้รหัสอักขระใด / Step 1: Which encoding is it?

ไฟล์เก็บเพียงไบต์ รหัสอักขระบอกว่าไบต์ใดหมายถึงตัวอักษรใด ตัว ก ใน cp874 คือไบต์เดียว `A1` ส่วนใน UTF-8 คือสามไบต์ `E0 B8 81`
ไฟล์ UTF-8 บางไฟล์ขึ้นต้นด้วย **BOM** สามไบต์ `EF BB BF` ซึ่งไม่ใช่ข้อมูล

ลองดูไบต์ 12 ตัวแรกของทั้งสองไฟล์ในเซลล์ว่างของคุณ: `Path(CP874_FILE).read_bytes()[:12]`

**โจทย์:** เขียน `detect_encoding(path)` ที่คืนค่า

- `"utf-8-sig"` เมื่อไบต์ทั้งไฟล์ถอดรหัสเป็น UTF-8 ได้ (จะมี BOM หรือไม่ก็ตาม)
- `"cp874"` เมื่อถอดเป็น UTF-8 ไม่ได้

---

A file holds bytes; an encoding says which bytes mean which letter. The letter ก is one byte `A1` in cp874
and three bytes
`E0 B8 81` in UTF-8. Some UTF-8 files start with a **BOM**, the bytes `EF BB BF`, which is not data. Look at
the first 12 bytes
of both files: `Path(CP874_FILE).read_bytes()[:12]`

**Task:** write `detect_encoding(path)`. It returns `"utf-8-sig"` when all bytes of the file decode as UTF-8
(with or without
a BOM), and `"cp874"` when they do not.
"""),
        answer(
            "n1-detect",
            """
def detect_encoding(path):
    \"\"\"คืนชื่อรหัสอักขระของไฟล์ / The name of the file's encoding.\"\"\"
    ### BEGIN SOLUTION
    try:
        Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return "cp874"
    return "utf-8-sig"
    ### END SOLUTION
""",
        ),
        check(
            "n1-encoding",
            points=2,
            hint_th=(
                "ลองถอดรหัสไบต์ทั้งไฟล์เป็น UTF-8 ก่อน ถ้าเกิด UnicodeDecodeError จึงสรุปว่าเป็น cp874 อย่าดูจากชื่อไฟล์หรือดูเฉพาะ BOM"
            ),
            hint_en=(
                "Try to decode all bytes as UTF-8 first; only a UnicodeDecodeError means cp874. Do not "
                "look at the file name, nor at the BOM alone."
            ),
            visible="""
assert detect_encoding(CP874_FILE) == "cp874"
assert detect_encoding(UTF8_FILE) == "utf-8-sig"
""",
            hidden="""
assert detect_encoding("more_requests.csv") == "cp874"
assert detect_encoding("more_requests_utf8.csv") == "utf-8-sig"
assert detect_encoding("more_requests_plain.csv") == "utf-8-sig"
""",
        ),
    ]


def _reading(hidden: Facts) -> list[Cell]:
    return [
        text("""
## ขั้นที่ 2 อ่านเป็นตาราง / Step 2: Read it into a table

`pd.read_csv` เดาหลายอย่างให้โดยไม่ถาม สองอย่างที่ทำให้ข้อมูลราชการเสียหายคือ

1. **เดาชนิดข้อมูล** รหัส `00231` กลายเป็นเลข `231` ศูนย์นำหน้าหายไป
2. **เดาค่าว่าง** ช่องว่างกลายเป็น `NaN` จึงแยกไม่ออกว่าเดิมเขียนว่าอะไร

ในขั้นอ่านไฟล์ ให้เก็บทุกช่องเป็นข้อความตามที่เขียนมาก่อน การทำความสะอาดเป็นงานของแบบฝึกหัดถัดไป

**โจทย์:** เขียน `read_requests(path)` ที่ใช้ `detect_encoding` แล้วคืน DataFrame โดย

- ชื่อคอลัมน์ตรงกับหัวตารางทุกตัวอักษร ไม่มี BOM (`\\ufeff`) ติดมา
- ทุกช่องเป็นข้อความ ศูนย์นำหน้ายังอยู่ ช่องว่างเป็นข้อความว่าง `""` และ `-` ยังเป็น `-`
- ไฟล์ทั้งสองแบบให้ตารางเดียวกัน

คำใบ้ชุดเครื่องมือ: พารามิเตอร์ `encoding`, `dtype` และ `keep_default_na` ของ `pd.read_csv`

---

`pd.read_csv` guesses without asking. Two guesses damage official data: it **guesses types** (the code
`00231` becomes the
number `231`) and it **guesses missing values** (an empty cell becomes `NaN`). When reading, keep every cell
as the text that was
written; cleaning is the next exercise.

**Task:** write `read_requests(path)`, which uses `detect_encoding` and returns a DataFrame whose column
names equal the header
letter for letter without a BOM (`\\ufeff`), whose cells are all text (leading zeros kept, an empty cell is
`""`, `-` stays `-`), and
which is the same for both files. Useful: the parameters `encoding`, `dtype` and `keep_default_na`.
"""),
        answer(
            "n1-read",
            """
def read_requests(path):
    \"\"\"อ่านไฟล์คำร้องเป็นตารางข้อความ / Reads a file of requests into a table of text.\"\"\"
    ### BEGIN SOLUTION
    return pd.read_csv(path, encoding=detect_encoding(path), dtype=str, keep_default_na=False)
    ### END SOLUTION
""",
        ),
        check(
            "n1-columns",
            points=2,
            hint_th=(
                "ชื่อคอลัมน์ยังไม่ตรง ตรวจว่าใช้รหัสอักขระที่ถูกต้องกับแต่ละไฟล์ และไม่มี \\ufeff ติดอยู่หน้าคอลัมน์แรก (utf-8-sig ตัด BOM ให้)"
            ),
            hint_en=(
                "The column names differ. Use the right encoding for each file, and make sure no \\ufeff "
                "sticks to the first column (utf-8-sig removes the BOM)."
            ),
            visible=f"""
expected_columns = {datasets.COLUMNS!r}
assert list(read_requests(CP874_FILE).columns) == expected_columns
assert list(read_requests(UTF8_FILE).columns) == expected_columns
""",
            hidden="""
assert list(read_requests("more_requests.csv").columns) == expected_columns
assert list(read_requests("more_requests_utf8.csv").columns) == expected_columns
""",
        ),
        check(
            "n1-cells",
            points=2,
            hint_th=(
                "ค่าบางช่องเปลี่ยนไปจากที่เขียนในไฟล์ ตรวจศูนย์นำหน้าของรหัส (dtype=str) ช่องว่าง "
                "และเครื่องหมาย - (keep_default_na=False)"
            ),
            hint_en=(
                "Some cells no longer hold what the file says. Look at leading zeros of codes "
                "(dtype=str), at empty cells and at the sign - (keep_default_na=False)."
            ),
            visible="""
frame = read_requests(CP874_FILE)
assert frame.shape == (3085, 10)
assert frame["รหัสอปท"][0][0] == "0"
assert set(frame["ความพึงพอใจ"]) == {"", "1", "2", "3", "4", "5"}
""",
            hidden=f"""
frame = read_requests("more_requests.csv")
assert frame.shape == ({hidden.rows}, 10)
assert all(type(code) is str and len(code) == 5 for code in frame["รหัสอปท"])
assert sum(text == "" for text in frame["วันที่ปิด"]) == {hidden.still_open}
assert sum(text == "-" for text in frame["ค่าใช้จ่าย"]) == {hidden.dashes}
""",
        ),
        check(
            "n1-same",
            points=2,
            hint_th=("สองไฟล์มีเนื้อหาเดียวกัน ผลลัพธ์จึงต้องเท่ากันทุกช่อง ลองเทียบด้วย first.equals(second) แล้วดูว่าคอลัมน์ใดต่าง"),
            hint_en=(
                "Both files hold the same content, so the results must be equal in every cell. Compare "
                "with first.equals(second) and see which column differs."
            ),
            visible="""
first, second = read_requests(CP874_FILE), read_requests(UTF8_FILE)
assert first.shape == second.shape
assert list(first.columns) == list(second.columns)
assert all(list(first[name]) == list(second[name]) for name in first.columns)
""",
            hidden="""
first, second = read_requests("more_requests.csv"), read_requests("more_requests_utf8.csv")
assert first.shape == second.shape and list(first.columns) == list(second.columns)
assert all(list(first[name]) == list(second[name]) for name in first.columns)
assert "ประปา" in set(first["หมวด"])
""",
        ),
    ]


def _using(hidden: Facts) -> list[Cell]:
    top_category = next(iter(hidden.by_category.items()))
    return [
        text("""
## ขั้นที่ 3 รู้จักตาราง / Step 3: Get to know the table

ก่อนวิเคราะห์ ให้ตอบให้ได้ว่าตารางมีกี่แถว มาจาก อปท. กี่แห่ง และยังมีเรื่องที่ไม่ปิดกี่เรื่อง

**ข้อควรระวังเรื่องชื่อคอลัมน์ภาษาไทย** ใช้ `frame["รหัสคำร้อง"]` เสมอ อย่าใช้ `frame.รหัสคำร้อง` เพราะ
Python ปรับรูปสระอำในชื่อ (NFKC)
ชื่อที่ได้จึงไม่ตรงกับหัวตาราง แม้มองด้วยตาแล้วเหมือนกัน

**โจทย์:** เขียน `describe(frame)` ที่คืน dict ซึ่งมีสามคีย์

| คีย์ | ความหมาย |
|---|---|
| `"rows"` | จำนวนแถว |
| `"bodies"` | จำนวน อปท. ที่ไม่ซ้ำกัน (คอลัมน์ `รหัสอปท`) |
| `"open"` | จำนวนแถวที่ `วันที่ปิด` ว่าง |

---

Before analysing, know how many rows there are, from how many local bodies, and how many requests are still open.

**Thai column names:** always write `frame["รหัสคำร้อง"]`, never `frame.รหัสคำร้อง`: Python changes the vowel
สระอำ inside names (NFKC),
and the name no longer equals the header although it looks the same.

**Task:** write `describe(frame)`, returning a dict with the keys `"rows"` (number of rows), `"bodies"`
(number of distinct values
in `รหัสอปท`) and `"open"` (rows whose `วันที่ปิด` is empty).
"""),
        answer(
            "n1-describe-answer",
            """
def describe(frame):
    \"\"\"สรุปขนาดของตาราง / The size of the table, as a dict.\"\"\"
    ### BEGIN SOLUTION
    return {
        "rows": len(frame),
        "bodies": int(frame["รหัสอปท"].nunique()),
        "open": int((frame["วันที่ปิด"] == "").sum()),
    }
    ### END SOLUTION
""",
        ),
        check(
            "n1-describe",
            points=2,
            hint_th=("คำนวณจาก frame ที่รับเข้ามา ไม่ใช่พิมพ์ตัวเลขไว้ นับ อปท. ด้วย nunique() และนับเรื่องที่ยังไม่ปิดจากช่องวันที่ปิดที่ว่าง"),
            hint_en=(
                "Compute from the frame you are given instead of typing numbers. Count bodies with "
                "nunique() and open requests by empty cells in วันที่ปิด."
            ),
            visible="""
sample = pd.DataFrame({
    "รหัสคำร้อง": ["SYN-1", "SYN-2", "SYN-3", "SYN-4"],
    "รหัสอปท": ["00231", "01054", "00231", "00231"],
    "วันที่ปิด": ["01/10/2567", "", "02/10/2567", ""],
})
assert describe(sample) == {"rows": 4, "bodies": 2, "open": 2}
""",
            hidden=f"""
table = pd.read_csv("more_requests.csv", encoding="cp874", dtype=str, keep_default_na=False)
assert describe(table) == {{"rows": {hidden.rows}, "bodies": {hidden.bodies}, "open": {hidden.still_open}}}
""",
        ),
        text("""
## ขั้นที่ 4 นับตามกลุ่ม / Step 4: Count by group

**โจทย์:** เขียน `count_by(frame, column)` ที่คืน dict จากค่าในคอลัมน์ไปยังจำนวนแถว เรียงจากมากไปน้อย
ถ้าจำนวนเท่ากันให้เรียงตามข้อความ
เช่น `{"ขยะ": 2, "ถนน": 1, "ประปา": 1}`

---

**Task:** write `count_by(frame, column)`, returning a dict from each value in the column to its number of
rows, the largest first;
equal counts in the order of the text, e.g. `{"ขยะ": 2, "ถนน": 1, "ประปา": 1}`.
"""),
        answer(
            "n1-count-answer",
            """
def count_by(frame, column):
    \"\"\"จำนวนแถวของแต่ละค่า มากก่อน / Rows per value, the largest first.\"\"\"
    ### BEGIN SOLUTION
    counts = frame[column].value_counts()
    pairs = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return {value: int(count) for value, count in pairs}
    ### END SOLUTION
""",
        ),
        check(
            "n1-count",
            points=2,
            hint_th=("ตรวจทั้งจำนวนและลำดับ: มากไปน้อย ถ้าเท่ากันเรียงตามข้อความ และใช้คอลัมน์ที่ส่งเข้ามาในพารามิเตอร์ column"),
            hint_en=(
                "Look at both the counts and their order: largest first, equal counts by text; and use "
                "the column that the parameter names."
            ),
            visible="""
sample = pd.DataFrame({"หมวด": ["ขยะ", "ถนน", "ประปา", "ขยะ"], "ช่องทาง": ["LINE", "1111", "LINE", "LINE"]})
assert list(count_by(sample, "หมวด").items()) == [("ขยะ", 2), ("ถนน", 1), ("ประปา", 1)]
assert list(count_by(sample, "ช่องทาง").items()) == [("LINE", 3), ("1111", 1)]
""",
            hidden=f"""
table = pd.read_csv("more_requests.csv", encoding="cp874", dtype=str, keep_default_na=False)
by_category = count_by(table, "หมวด")
assert list(by_category.items())[0] == {top_category!r}
assert list(by_category.values()) == {list(hidden.by_category.values())!r}
assert list(count_by(table, "ช่องทาง").items()) == {list(hidden.by_channel.items())!r}
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
