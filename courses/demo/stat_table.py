"""Generator of D6, ``stat_table_messy.csv``: a table as statistical reports print it, headings of two rows and all.

SYNTHETIC, CC0 1.0. Planted: a province with more deaths than accidents, a printed total that is wrong, one year whose
damage is in thousands of baht, dashes for unknown values, notes below the table.
"""

import csv
import io
from dataclasses import dataclass
from random import Random

from courses.demo.provinces import PROVINCES

MEASURES = ["อุบัติเหตุ (ครั้ง)", "เสียชีวิต (คน)", "ความเสียหาย (บาท)"]
THOUSANDS = "ความเสียหาย (พันบาท)"


@dataclass(frozen=True, slots=True)
class Recipe:
    seed: int
    provinces: int
    first_year: int
    year_in_thousands: int


VISIBLE = Recipe(2568, 12, 2565, 2567)
HIDDEN = Recipe(7747, 15, 2564, 2565)


@dataclass(frozen=True, slots=True)
class Facts:
    impossible: list[tuple[str, int]]  # (province, year) with more deaths than accidents
    wrong_totals: list[tuple[int, str]]  # (year, measure) as printed
    unknown: int
    values: int
    total_damage: int  # baht


@dataclass(frozen=True, slots=True)
class Table:
    rows: list[list[str]]
    facts: Facts

    def csv(self) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(self.rows)
        return text.getvalue().encode("utf-8-sig")


def stat_table(recipe: Recipe) -> Table:
    """D6. The same recipe always gives the same bytes."""
    random = Random(recipe.seed + 6)  # noqa: S311 - reproducible, and nothing secret is drawn from it
    places = [province.name_th for province in random.sample(PROVINCES, recipe.provinces)]
    years = [recipe.first_year, recipe.first_year + 1, recipe.first_year + 2]
    units = [THOUSANDS if year == recipe.year_in_thousands else MEASURES[2] for year in years]
    columns = [(year, name) for year, unit in zip(years, units, strict=True) for name in (*MEASURES[:2], unit)]
    values: dict[tuple[str, int], list[int | None]] = {}
    for place in places:
        for year in years:
            accidents = random.randrange(120, 900)
            values[place, year] = [accidents, random.randrange(5, 60), random.randrange(900, 9000) * 1000]
    odd = (random.choice(places), random.choice(years))
    values[odd][1] = (values[odd][0] or 0) + random.randrange(100, 900)
    unknown = random.sample([key for key in values if key != odd], 4)
    for key in unknown:
        values[key][2] = None
    rows = [["จังหวัด / Province", *(str(year) if n % 3 == 0 else "" for n, (year, _name) in enumerate(columns))]]
    rows.append(["", *(name for _year, name in columns)])
    totals = [
        sum(values[place, year][number % 3] or 0 for place in places) for number, (year, _n) in enumerate(columns)
    ]
    wrong = random.randrange(0, 9, 3)
    printed = [total + 90 * (number == wrong) for number, total in enumerate(totals)]
    rows += [[place, *_cells([v for year in years for v in values[place, year]], columns)] for place in places]
    rows.append(["รวม / Total", *_cells(printed, columns)])
    rows += [["หมายเหตุ: - หมายถึง ไม่ทราบค่า"], ["ที่มา: ข้อมูลสังเคราะห์ SYNTHETIC, CC0"]]
    damage = sum(value[2] or 0 for value in values.values())
    return Table(rows, Facts([odd], [columns[wrong]], len(unknown), len(places) * 9, damage))


def _cells(values: list[int | None] | list[int], columns: list[tuple[int, str]]) -> list[str]:
    pairs = zip(values, columns, strict=True)
    scaled = [value if value is None or name != THOUSANDS else value // 1000 for value, (_year, name) in pairs]
    return ["-" if value is None else f"{value:,}" for value in scaled]
