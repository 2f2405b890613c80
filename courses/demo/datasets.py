"""Generators of the demonstration data: D2 ``local_requests.csv`` and D3 ``provinces.csv``.

SYNTHETIC. Every row is drawn from a recorded seed; every defect is planted on purpose and counted, so that a check
can know the truth without trusting any way of cleaning. Licence of the output: CC0 1.0.

Each data set exists twice: ``VISIBLE`` is what a learner downloads, ``HIDDEN`` is what the examiner reads. They differ
in every quantity that an exercise asks for (a test holds us to it): an answer that repeats the visible numbers fails.
The hidden seed of a demonstration is public, like everything in it; a course that matters keeps its own to itself.
"""

import csv
import io
import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cache
from random import Random
from typing import Any

from courses.demo.provinces import PROVINCES, Province

COLUMNS = [
    "รหัสคำร้อง",
    "รหัสอปท",
    "ประเภทอปท",
    "จังหวัด",
    "หมวด",
    "ช่องทาง",
    "วันที่รับ",
    "วันที่ปิด",
    "ค่าใช้จ่าย",
    "ความพึงพอใจ",
]
CATEGORIES = ["ถนน", "ไฟฟ้า", "ประปา", "ขยะ", "น้ำท่วม", "เสียง", "กลิ่น", "สัตว์", "ทางเท้า", "อื่น ๆ"]
CHANNELS = ["1111", "แอปทางรัฐ", "เคาน์เตอร์", "LINE"]
BODY_TYPES = ["อบต.", "เทศบาลตำบล", "เทศบาลเมือง", "เทศบาลนคร", "อบจ."]
# How people really write them. Any other province may be written with the prefix "จ.".
SPELLINGS = {
    "กรุงเทพมหานคร": ["กทม.", "กรุงเทพฯ", "กรุงเทพ"],
    "พระนครศรีอยุธยา": ["อยุธยา", "จ.อยุธยา"],
    "นครราชสีมา": ["โคราช", "จ.นครราชสีมา"],
}
IMPOSSIBLE_DAYS = [(29, 2), (30, 2), (31, 4), (31, 6), (31, 9), (31, 11)]
ERA = 543
LEAP_DAY = date(2024, 2, 29)
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to draw and how many of each defect to plant."""

    seed: int
    requests: int
    bodies: int
    first_fiscal_year: int  # Buddhist era; three fiscal years are drawn
    thai_digit_rows: int
    impossible_dates: int
    leap_days: int  # 29/02/2567, a date that exists
    duplicates: int
    dashes: int
    province_spellings: int
    closed_before_received: int
    still_open: int


VISIBLE = Recipe(2568, 3000, 56, 2566, 164, 49, 11, 85, 117, 394, 35, 172)
HIDDEN = Recipe(7741, 2810, 48, 2565, 139, 62, 14, 97, 103, 351, 41, 158)


@dataclass(slots=True)
class _Request:
    body: str
    body_type: str
    province: str
    category: str
    channel: str
    received: date
    closed: date | None
    cost: float | None
    satisfaction: str
    received_text: str = ""  # set only where what is written is no date
    in_thai_digits: bool = False

    def key(self) -> tuple[object, ...]:
        return (self.body, self.category, self.received, self.closed, self.cost)


@dataclass(frozen=True, slots=True)
class Facts:
    """The truth about a data set, known because it was planted. Money in baht, years in the common era."""

    rows: int
    bodies: int
    still_open: int
    thai_digit_rows: int
    impossible_dates: int
    leap_days: int
    dashes: int
    duplicates: int
    province_spellings: int
    closed_before_received: int
    first_year: int
    last_year: int
    total_baht: float
    by_category: dict[str, int]
    by_channel: dict[str, int]


@dataclass(frozen=True, slots=True)
class Requests:
    """D2: the table as text, and the truth about it."""

    rows: list[list[str]]
    facts: Facts

    def csv(self, encoding: str) -> bytes:
        """The file's bytes: ``cp874`` as older Thai systems export it, ``utf-8-sig`` as Excel saves it."""
        return _csv([COLUMNS, *self.rows], encoding)


@cache
def local_requests(recipe: Recipe) -> Requests:
    """D2, the requests that people made to fictional local bodies. The same recipe always gives the same bytes."""
    random = Random(recipe.seed)  # noqa: S311 - reproducible, and nothing secret is drawn from it
    requests = _draw(recipe, random)
    _plant(requests, recipe, random)
    spelled = _respell(requests, recipe, random)
    requests = _repeat(requests, recipe, random)
    rows = [[f"SYN-{number:05d}", *_written(request)] for number, request in enumerate(requests, start=1)]
    return Requests(rows, _facts(requests, recipe, spelled))


def _draw(recipe: Recipe, random: Random) -> list[_Request]:
    """Clean requests in the order received, no two with the same body, category, dates and cost."""
    places = random.sample(PROVINCES, min(len(PROVINCES), recipe.bodies // 2))
    # The places whose names people shorten are always in the data.
    places += [province for province in PROVINCES if province.name_th in SPELLINGS and province not in places]
    bodies = [_body(number, places, random) for number in range(1, recipe.bodies + 1)]
    weights = [random.uniform(0.5, 3.0) for _ in CATEGORIES]
    start = date(recipe.first_fiscal_year - ERA - 1, 10, 1)
    days = (date(recipe.first_fiscal_year - ERA + 2, 9, 30) - start).days + 1
    drawn: dict[tuple[object, ...], _Request] = {}
    while len(drawn) < recipe.requests:
        received = start + timedelta(days=random.randrange(days))
        if received != LEAP_DAY:  # planted later, and counted
            request = _request(random.choice(bodies), received, weights, random)
            drawn.setdefault(request.key(), request)
    return sorted(drawn.values(), key=lambda request: (request.received, request.body))


def _body(number: int, places: list[Province], random: Random) -> tuple[str, str, str]:
    province = random.choice(places).name_th
    body_type = random.choices(BODY_TYPES, weights=[30, 16, 6, 3, 1])[0]
    # Bangkok is one local administration of its own kind.
    body_type = "กทม." if province == "กรุงเทพมหานคร" else body_type
    # Five digits with a leading zero, as registry codes are: a reader that makes numbers of them loses it.
    return f"0{number:02d}{random.randrange(10, 100)}", body_type, province


def _request(body: tuple[str, str, str], received: date, weights: list[float], random: Random) -> _Request:
    baht = round(min(85_000.0, random.lognormvariate(7.2, 1.1)))
    return _Request(
        *body,
        category=random.choices(CATEGORIES, weights=weights)[0],
        channel=random.choice(CHANNELS),
        received=received,
        closed=received + timedelta(days=int(random.gammavariate(1.6, 9))),
        cost=baht + random.choice([0, 0, 0, 0.5, 0.25]),
        satisfaction=random.choice(["", "1", "2", "3", "3", "4", "4", "4", "5", "5"]),
    )


def _plant(requests: list[_Request], recipe: Recipe, random: Random) -> None:
    """Puts each defect on rows of its own, so that the counts stay exact."""
    untouched = random.sample(requests, len(requests))

    def take(count: int) -> list[_Request]:
        taken = untouched[:count]
        del untouched[:count]
        return taken

    for request in take(recipe.thai_digit_rows):
        request.in_thai_digits = True
    for request in take(recipe.impossible_dates):
        request.received_text = _impossible(request.received, random)
    for request in take(recipe.leap_days):
        request.received = LEAP_DAY
        request.closed = LEAP_DAY + timedelta(days=random.randrange(1, 30))
    for request in take(recipe.dashes):
        request.cost = None
    for request in take(recipe.closed_before_received):
        request.closed = request.received - timedelta(days=random.randrange(1, 20))
    for request in take(recipe.still_open):
        request.closed, request.satisfaction = None, ""
    requests.sort(key=lambda request: (request.received, request.body))


def _impossible(near: date, random: Random) -> str:
    """A day that the calendar does not have, in the year of ``near``; 29 February only where it is no leap year."""
    leap = near.year % 4 == 0
    day, month = random.choice(IMPOSSIBLE_DAYS[1:] if leap else IMPOSSIBLE_DAYS)
    return f"{day:02d}/{month:02d}/{near.year + ERA}"


def _respell(requests: list[_Request], recipe: Recipe, random: Random) -> int:
    for request in random.sample(requests, recipe.province_spellings):
        request.province = random.choice(SPELLINGS.get(request.province, [f"จ.{request.province}"]))
    return recipe.province_spellings


def _is_plain(request: _Request) -> bool:
    return bool(
        request.closed
        and request.cost is not None
        and not request.received_text
        and not request.in_thai_digits
        and request.closed >= request.received
        and request.received != LEAP_DAY
        and request.province in {province.name_th for province in PROVINCES}
    )


def _repeat(requests: list[_Request], recipe: Recipe, random: Random) -> list[_Request]:
    """Enters some requests a second time through another channel, a few rows further down."""
    chosen = {id(request) for request in random.sample([r for r in requests if _is_plain(r)], recipe.duplicates)}
    result: list[_Request] = []
    waiting: list[tuple[int, _Request]] = []
    for position, request in enumerate(requests):
        result.append(request)
        if id(request) in chosen:
            fields = {name: getattr(request, name) for name in _Request.__slots__}
            others = [channel for channel in CHANNELS if channel != request.channel]
            fields |= {"channel": random.choice(others), "satisfaction": ""}
            waiting.append((position + random.randrange(1, 6), _Request(**fields)))
        result += [copy for due, copy in waiting if due == position]
        waiting = [(due, copy) for due, copy in waiting if due > position]
    return result + [copy for _due, copy in waiting]


def _written(request: _Request) -> list[str]:
    """The cells as the clerk typed them: Buddhist era, commas, sometimes Thai digits."""
    received = request.received_text or _thai_date(request.received)
    closed = _thai_date(request.closed) if request.closed else ""
    cost = "-" if request.cost is None else _baht(request.cost)
    if request.in_thai_digits:
        received, closed, cost = (text.translate(THAI_DIGITS) for text in (received, closed, cost))
    middle = [request.body, request.body_type, request.province, request.category, request.channel]
    return [*middle, received, closed, cost, request.satisfaction]


def _thai_date(value: date) -> str:
    return f"{value.day:02d}/{value.month:02d}/{value.year + ERA}"


def _baht(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _facts(requests: list[_Request], recipe: Recipe, spelled: int) -> Facts:
    years = [request.received.year for request in requests if not request.received_text]
    return Facts(
        rows=len(requests),
        bodies=len({request.body for request in requests}),
        still_open=sum(request.closed is None for request in requests),
        thai_digit_rows=recipe.thai_digit_rows,
        impossible_dates=recipe.impossible_dates,
        leap_days=recipe.leap_days,
        dashes=recipe.dashes,
        duplicates=len(requests) - recipe.requests,
        province_spellings=spelled,
        closed_before_received=recipe.closed_before_received,
        first_year=min(years),
        last_year=max(years),
        total_baht=round(sum(request.cost or 0 for request in requests), 2),
        by_category=_counts([request.category for request in requests]),
        by_channel=_counts([request.channel for request in requests]),
    )


def _counts(values: list[str]) -> dict[str, int]:
    """Most frequent first; equal counts in the order of the text."""
    return dict(sorted(((v, values.count(v)) for v in set(values)), key=lambda pair: (-pair[1], pair[0])))


PROVINCE_COLUMNS = ["name_th", "name_en", "region", "population", "budget_million_baht"]


@dataclass(frozen=True, slots=True)
class ProvinceTable:
    """D3: reference data with two planted defects."""

    rows: list[list[str]]
    trailing_space: str  # the name that is followed by a space
    without_region: str
    total_population: int

    def csv(self, encoding: str = "utf-8-sig") -> bytes:
        return _csv([PROVINCE_COLUMNS, *self.rows], encoding)


def provinces(recipe: Recipe) -> ProvinceTable:
    """D3, the 77 provinces with made-up populations and budgets."""
    random = Random(recipe.seed + 3)  # noqa: S311 - reproducible, and nothing secret is drawn from it
    spaced, nameless = random.sample([province.name_th for province in PROVINCES], 2)
    rows, total = [], 0
    for province in PROVINCES:
        population = round(random.lognormvariate(13.3, 0.6), -2)
        total += int(population)
        name = province.name_th + " " * (province.name_th == spaced)
        region = "" if province.name_th == nameless else province.region
        budget = population * random.uniform(0.0018, 0.0042)
        rows.append([name, province.name_en, region, f"{population:.0f}", f"{budget:.1f}"])
    return ProvinceTable(rows, spaced, nameless, total)


def _csv(rows: list[list[str]], encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode(encoding)


def describe(name: str, title_th: str, title_en: str, recipe: Any) -> bytes:
    """The metadata that travels with a file: the catalog's 14 fields, that it is synthetic, from which seed (of the
    dataclass ``recipe``), under which licence."""
    notice = "ข้อมูลสังเคราะห์เพื่อการเรียนรู้ ไม่ใช่ข้อมูลจริงของหน่วยงานหรือบุคคลใด"
    metadata = {
        "file": name,
        "title": {"th": title_th, "en": title_en},
        "SYNTHETIC": True,
        "notice": {
            "th": notice,
            "en": "Synthetic data made for learning. It describes no real agency and no real person.",
        },
        "license": "CC0-1.0",
        "generator": "courses.demo",
        "seed": recipe.seed,
        "recipe": asdict(recipe),
        "catalog": {
            "data_type": "ข้อมูลระเบียน",
            "title": f"{title_th} (SYNTHETIC)",
            "owner_org": "สถาบันข้อมูลสาธิต",
            "maintainer": "ฝ่ายหลักสูตร",
            "maintainer_email": "data@demo.example",
            "tag_string": "สังเคราะห์, การเรียนรู้, SYNTHETIC",
            "notes": notice,
            "objective": "ใช้ฝึกในแบบฝึกหัดของหลักสูตร",
            "update_frequency_unit": "ไม่มีการปรับปรุงหลังจากการจัดเก็บข้อมูล",
            "geo_coverage": "ประเทศ",
            "data_source": "สร้างด้วยโปรแกรมจากเลขตั้งต้นที่บันทึกไว้",
            "data_format": name.rpartition(".")[2].upper(),
            "data_category": "ข้อมูลสาธารณะ",
            "license_id": "Open Data Common",
        },
    }
    return json.dumps(metadata, ensure_ascii=False, indent=1).encode()
