"""Generator of D1, ``catalog_records``: descriptions of datasets as agencies enter them in a data catalog.

SYNTHETIC, CC0 1.0. Field names are those of the government data catalog: 13 that are required, and the organisation.
Each planted defect sits on a record of its own, so that the counts are exact; a few records hold values that look
wrong to a machine and are right to a reader (spaces, invisible letters), which a check must accept.
"""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

REQUIRED = [
    "data_type",
    "title",
    "owner_org",
    "maintainer",
    "maintainer_email",
    "tag_string",
    "notes",
    "objective",
    "update_frequency_unit",
    "geo_coverage",
    "data_source",
    "data_format",
    "data_category",
    "license_id",
]
PUBLIC, PERSONAL = "ข้อมูลสาธารณะ", "ข้อมูลส่วนบุคคล"
NO_LICENCE = "License not specified"
ALLOWED = {
    "data_type": ["ข้อมูลระเบียน", "ข้อมูลสถิติ", "ข้อมูลภูมิสารสนเทศเชิงพื้นที่", "ข้อมูลหลากหลายประเภท"],
    "update_frequency_unit": ["วัน", "สัปดาห์", "เดือน", "ไตรมาส", "ปี"],
    "data_category": [PUBLIC, PERSONAL, "ข้อมูลความมั่นคง", "ข้อมูลความลับทางราชการ"],
    "license_id": [NO_LICENCE, "Creative Commons Attributions", "Open Data Common", "อื่นๆ"],
}
DAYS = {"วัน": 7, "สัปดาห์": 21, "เดือน": 62, "ไตรมาส": 184, "ปี": 730}  # how old data may be
TODAY = date(2025, 9, 30)
IDENTIFYING = ["ชื่อสกุล", "เลขประจำตัวประชาชน", "โทรศัพท์"]
WRONG_VALUES = {
    "data_type": "ตาราง Excel",
    "update_frequency_unit": "เมื่อมีเวลา",
    "data_category": "เปิดเผยได้",
    "license_id": "ห้ามคัดลอก",
}
# (subject, what it counts, its source, its columns), for the ten areas of the catalog
SUBJECTS = [
    ("จำนวนผู้รับบริการศูนย์สุขภาพ", "สาธารณสุข", "ระบบงานศูนย์สุขภาพ", ["เดือน", "จำนวนครั้ง"]),
    ("จำนวนนักเรียนรายชั้น", "การศึกษา", "ทะเบียนโรงเรียน", ["ปีการศึกษา", "ชั้น", "จำนวน"]),
    ("จุดน้ำท่วมซ้ำซาก", "สาธารณภัย", "การสำรวจภาคสนาม", ["ปี_พศ", "หมู่บ้าน", "ระดับน้ำ"]),
    ("ปริมาณขยะมูลฝอย", "สิ่งแวดล้อม", "เครื่องชั่งน้ำหนัก", ["เดือน", "ตัน"]),
    ("คำร้องของประชาชน", "บริการประชาชน", "ระบบรับเรื่อง", ["หมวด", "ช่องทาง", "วันที่รับ"]),
    ("ราคาสินค้าเกษตร", "เกษตร", "การสำรวจตลาด", ["วัน", "สินค้า", "ราคา"]),
    ("อุบัติเหตุทางถนน", "คมนาคม", "บันทึกประจำวัน", ["เดือน", "ตำบล", "จำนวนครั้ง"]),
    ("แหล่งท่องเที่ยวชุมชน", "ท่องเที่ยว", "การลงทะเบียนของชุมชน", ["ชื่อสถานที่", "พิกัด"]),
    ("งบประมาณตามแผนงาน", "การเงินการคลัง", "ระบบบัญชี", ["ปีงบประมาณ", "แผนงาน", "วงเงิน"]),
    ("จำนวนแรงงานนอกระบบ", "แรงงาน", "การสำรวจครัวเรือน", ["ปี_พศ", "อาชีพ", "จำนวน"]),
]


@dataclass(frozen=True, slots=True)
class Recipe:
    seed: int
    records: int
    missing: int
    wrong_values: int
    emails: int
    personal: int
    licences: int
    stale: int
    years: int
    duplicates: int
    untidy: int  # right, but with spaces or letters that nobody sees


VISIBLE = Recipe(2568, 60, 9, 4, 2, 3, 3, 4, 2, 2, 6)
HIDDEN = Recipe(7742, 72, 12, 6, 3, 5, 4, 7, 4, 3, 8)


@dataclass(frozen=True, slots=True)
class Facts:
    records: int
    codes: dict[str, int]  # what a check of every record finds, by code
    with_problems: int
    duplicates: list[tuple[str, str]]  # ids of each pair, in the order of the file


@dataclass(frozen=True, slots=True)
class Catalog:
    records: list[dict[str, str]]
    facts: Facts

    def json(self) -> bytes:
        return (json.dumps(self.records, ensure_ascii=False, indent=1) + "\n").encode()

    def csv(self) -> bytes:
        """The same records for a spreadsheet: UTF-8 with a BOM."""
        text = io.StringIO()
        rows = csv.DictWriter(text, list(self.records[0]), lineterminator="\r\n")
        rows.writeheader()
        rows.writerows(self.records)
        return text.getvalue().encode("utf-8-sig")


def catalog_records(recipe: Recipe) -> Catalog:
    """D1. The same recipe always gives the same bytes."""
    random = Random(recipe.seed + 1)  # noqa: S311 - reproducible, and nothing secret is drawn from it
    records = [_record(number, random) for number in range(1, recipe.records - recipe.duplicates + 1)]
    found = _plant(records, recipe, random)
    pairs = _repeat(records, recipe, random)
    with_problems = sum(count for code, count in found.items())
    return Catalog(records, Facts(len(records), dict(sorted(found.items())), with_problems, pairs))


def _record(number: int, random: Random) -> dict[str, str]:
    """A complete record without a fault."""
    subject, area, source, columns = SUBJECTS[number % len(SUBJECTS)]
    place = f"อบต.สาธิต {number:02d}".translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙"))
    unit = random.choice(ALLOWED["update_frequency_unit"])
    is_personal = random.random() < 0.15
    updated = TODAY - timedelta(days=random.randrange(0, DAYS[unit]))
    return {
        "id": f"SYN-DS-{number:03d}",
        "data_type": random.choice(ALLOWED["data_type"]),
        "title": f"{subject} ตำบลสาธิตที่ {number}",
        "owner_org": place,
        "maintainer": random.choice(["ศูนย์บริการประชาชน", "กลุ่มงานแผน", "กองช่าง", "กองสวัสดิการสังคม"]),
        "maintainer_email": f"data{number:02d}@satit.example",
        "tag_string": f"{area}, ท้องถิ่น, สังเคราะห์",
        "notes": f"หนึ่งแถวคือหนึ่งรายการของ{subject} ข้อมูลสังเคราะห์ (SYNTHETIC)",
        "objective": f"ใช้วางแผนงานด้าน{area}",
        "update_frequency_unit": unit,
        "geo_coverage": random.choice(["ตำบล", "อำเภอ", "จังหวัด"]),
        "data_source": source,
        "data_format": random.choice(["CSV", "XLSX", "JSON"]),
        "data_category": PERSONAL if is_personal else PUBLIC,
        "license_id": "อื่นๆ" if is_personal else random.choice(ALLOWED["license_id"][1:3]),
        "last_updated_date": updated.isoformat(),
        "data_year_start": str(random.randrange(2555, 2569)),
        "columns": ", ".join([*columns, *(IDENTIFYING[:2] if is_personal else [])]),
    }


def _plant(records: list[dict[str, str]], recipe: Recipe, random: Random) -> dict[str, int]:
    """Puts each defect on a record of its own; returns how many of each code there are."""
    public = [record for record in records if record["data_category"] == PUBLIC]
    random.shuffle(public)
    found: dict[str, int] = {}

    def take(count: int, code: str = "") -> list[dict[str, str]]:
        taken = [public.pop() for _ in range(count)]
        if code:
            found[code] = count
        return taken

    for number, record in enumerate(take(recipe.missing)):
        field = REQUIRED[(number * 5 + recipe.seed) % len(REQUIRED)]
        record[field] = random.choice(["", "  ", "\u00a0"])
        found[f"missing:{field}"] = found.get(f"missing:{field}", 0) + 1
    for number, record in enumerate(take(recipe.wrong_values)):
        field = list(ALLOWED)[(number + recipe.seed) % len(ALLOWED)]
        record[field] = WRONG_VALUES[field]
        found[f"value:{field}"] = found.get(f"value:{field}", 0) + 1
    for record in take(recipe.emails, "email"):
        record["maintainer_email"] = random.choice(
            ["somchai@", "data@satit", "data satit@satit.example", "satit.example"]
        )
    for record in take(recipe.personal, "personal"):
        record["columns"] += f", {random.choice(IDENTIFYING)}"
    for record in take(recipe.licences, "licence"):
        record["license_id"] = NO_LICENCE
    for record in take(recipe.stale, "stale"):
        late = DAYS[record["update_frequency_unit"]] + random.randrange(10, 400)
        record["last_updated_date"] = (TODAY - timedelta(days=late)).isoformat()
    for record in take(recipe.years, "year"):
        record["data_year_start"] = str(int(record["data_year_start"]) - 543)
    for number, record in enumerate(take(recipe.untidy)):
        field = list(ALLOWED)[number % len(ALLOWED)]
        value = record[field]
        record[field] = random.choice([f"{value} ", f" {value}", f"{value}\u200b", f"\u00a0{value}"])
    return found


def _repeat(records: list[dict[str, str]], recipe: Recipe, random: Random) -> list[tuple[str, str]]:
    """Describes some datasets a second time, under a title that looks the same and is written otherwise."""
    pairs = []
    likely = [record for record in records if "ำ" in record["title"] and record["title"].strip()]
    for original in random.sample(likely, recipe.duplicates):
        number = len(records) + 1
        written = random.choice([original["title"].replace("ำ", "\u0e4d\u0e32"), original["title"].replace(" ", "  ")])
        clean = _record(number, random)
        records.append(clean | {"title": written})
        pairs.append((original["id"], clean["id"]))
    return sorted(pairs)
