"""Generator of D5, ``farmer_groups``: made-up members of farmer groups, with columns that would identify them.

SYNTHETIC, CC0 1.0: names are put together from invented parts, numbers begin with ``SYN`` or ``000``.
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from random import Random

COLUMNS = ["รหัสบุคคล", "ชื่อสกุล", "โทรศัพท์", "อายุ", "เพศ", "อำเภอ", "ตำบล", "พืชหลัก", "ขนาดแปลง", "ช่วงวงเงินกู้"]
DIRECT = ["รหัสบุคคล", "ชื่อสกุล", "โทรศัพท์", "อีเมล"]
EXACT = ["อายุ", "เพศ", "ตำบล", "พืชหลัก"]  # what tells people apart before anything is made coarser
COARSE = ["ช่วงอายุ", "เพศ", "อำเภอ", "พืชหลัก"]
DISTRICTS = {
    "เมืองสาธิต": ["หนองสาธิต", "ดอนสาธิต", "บึงสาธิต"],
    "ริมโขงสาธิต": ["ท่าสาธิต", "หาดสาธิต", "เกาะสาธิต"],
    "ภูสาธิต": ["เขาสาธิต", "ห้วยสาธิต", "ผาสาธิต"],
}
CROPS = {"ข้าว": 46, "มันสำปะหลัง": 24, "อ้อย": 18, "ยางพารา": 9, "กาแฟ": 2, "วานิลลา": 1}
LOANS = ["ไม่มี", "ไม่เกิน 50,000", "50,001-200,000", "มากกว่า 200,000"]
FIRST, SECOND = ["ทดลอง", "ตัวอย่าง", "สมมุติ", "จำลอง", "สาธิต"], ["สุข", "ดี", "ชัย", "วงศ์", "ศรี", "พงศ์", "รัตน์"]


@dataclass(frozen=True, slots=True)
class Recipe:
    seed: int
    people: int
    with_email: bool  # another identifying column, which the other table does not have


VISIBLE = Recipe(2568, 1200, False)
HIDDEN = Recipe(7745, 1340, True)


@dataclass(frozen=True, slots=True)
class Facts:
    people: int
    suppressed: int  # rows in groups below five, after making coarser
    kept_share: float
    k_after: int
    groups: int


@dataclass(frozen=True, slots=True)
class Farmers:
    columns: list[str]
    rows: list[list[str]]
    facts: Facts

    def csv(self) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([self.columns, *self.rows])
        return text.getvalue().encode("utf-8-sig")


def farmer_groups(recipe: Recipe) -> Farmers:
    """D5. The same recipe always gives the same bytes."""
    random = Random(recipe.seed + 5)  # noqa: S311 - reproducible, and nothing secret is drawn from it
    rows = [_person(number, random, recipe) for number in range(1, recipe.people + 1)]
    columns = [*COLUMNS, "อีเมล"] if recipe.with_email else COLUMNS
    return Farmers(columns, rows, _facts([dict(zip(columns, row, strict=True)) for row in rows]))


def _person(number: int, random: Random, recipe: Recipe) -> list[str]:
    district = random.choices(list(DISTRICTS), weights=[5, 3, 2])[0]
    row = [
        f"SYN-P-{number:04d}",
        f"{random.choice(FIRST)}{random.choice(SECOND)} {random.choice(FIRST)}{random.choice(SECOND)}",
        f"000-000-{number:04d}",
        str(min(88, max(19, round(random.gauss(52, 13))))),
        random.choice(["หญิง", "ชาย"]),
        district,
        random.choice(DISTRICTS[district]),
        random.choices(list(CROPS), weights=list(CROPS.values()))[0],
        f"{random.lognormvariate(2.3, 0.6):.1f}",
        random.choices(LOANS, weights=[3, 4, 2, 1])[0],
    ]
    return [*row, f"p{number:04d}@farm.example"] if recipe.with_email else row


def age_band(age: int) -> str:
    return "ไม่เกิน 39" if age <= 39 else "40-59" if age <= 59 else "60 ขึ้นไป"


def _facts(people: list[dict[str, str]]) -> Facts:
    for person in people:
        person["ช่วงอายุ"] = age_band(int(person["อายุ"]))
    sizes = Counter(tuple(person[column] for column in COARSE) for person in people)
    kept = sum(size for size in sizes.values() if size >= 5)
    return Facts(
        people=len(people),
        suppressed=len(people) - kept,
        kept_share=round(kept / len(people), 3),
        k_after=min(size for size in sizes.values() if size >= 5),
        groups=sum(size >= 5 for size in sizes.values()),
    )
