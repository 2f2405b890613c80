"""Generator of D4, ``motor_policies``: made-up motor insurance by year, province and kind of vehicle.

SYNTHETIC, CC0 1.0. Planted: an outlier province, one year written in the common era, rows without any premium.
"""

import csv
import io
from dataclasses import dataclass
from random import Random

from courses.demo.provinces import PROVINCES

COLUMNS = ["ปีกรมธรรม์", "จังหวัด", "ประเภทรถ", "จำนวนกรมธรรม์", "ทุนประกัน", "เบี้ย", "จำนวนสินไหม", "ค่าสินไหม"]
VEHICLES = ["รถยนต์นั่ง", "กระบะ", "จักรยานยนต์", "รถบรรทุก", "รถโดยสาร", "รถรับจ้าง"]
ERA = 543


@dataclass(frozen=True, slots=True)
class Recipe:
    seed: int
    rows: int
    first_year: int
    common_era_year: int  # this Buddhist year is written in the common era throughout
    without_premium: int


VISIBLE = Recipe(2568, 4000, 2560, 2563, 30)
HIDDEN = Recipe(7746, 3900, 2559, 2564, 44)


@dataclass(frozen=True, slots=True)
class Facts:
    rows: int
    outlier: str
    without_premium: int
    by_year: dict[int, int]  # claims by Buddhist year


@dataclass(frozen=True, slots=True)
class Policies:
    rows: list[list[str]]
    facts: Facts

    def csv(self) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([COLUMNS, *self.rows])
        return text.getvalue().encode("utf-8-sig")


def motor_policies(recipe: Recipe) -> Policies:
    """D4. The same recipe always gives the same bytes."""
    random = Random(recipe.seed + 4)  # noqa: S311 - reproducible, and nothing secret is drawn from it
    outlier = random.choice([province.name_th for province in PROVINCES])
    years = range(recipe.first_year, recipe.first_year + 9)
    cells = [(year, province.name_th, vehicle) for year in years for province in PROVINCES for vehicle in VEHICLES]
    chosen = sorted(random.sample(range(len(cells)), recipe.rows))
    empty = set(random.sample(chosen, recipe.without_premium))
    rows, by_year = [], dict.fromkeys(years, 0)
    for place in chosen:
        year, province, vehicle = cells[place]
        policies = 0 if place in empty else round(random.lognormvariate(5.2, 0.8)) + 1
        claims = round(policies * random.uniform(0.04, 0.12) * (3 if province == outlier else 1))
        premium = policies * round(random.uniform(2_500, 9_000))
        paid = claims * round(random.uniform(14_000, 48_000))
        written = year - ERA if year == recipe.common_era_year else year
        numbers = [policies, policies * random.randrange(90_000, 700_000, 1000), premium, claims, paid]
        rows.append([str(written), province, vehicle, *map(str, numbers)])
        by_year[year] += claims
    return Policies(rows, Facts(len(rows), outlier, recipe.without_premium, by_year))
