"""The demonstration data says what it is, holds what was planted, and differs where an answer could be copied."""

import csv
import io
import json
from dataclasses import asdict
from datetime import date

import pytest

from courses.demo import catalog_records, cleaning, datasets, farmer_groups, motor_policies, reading_files, stat_table
from courses.demo.datasets import COLUMNS, HIDDEN, VISIBLE, Recipe
from courses.demo.exercises import exercises
from courses.demo.provinces import PROVINCES

RECIPES = pytest.mark.parametrize("recipe", [VISIBLE, HIDDEN], ids=["visible", "hidden"])
ARABIC = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")


def table(recipe: Recipe) -> list[dict[str, str]]:
    text = datasets.local_requests(recipe).csv("cp874").decode("cp874")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def is_thai(text: str) -> bool:
    return any("๐" <= c <= "๙" for c in text)


def day(text: str) -> date | None:
    """Written without the generator's or the lessons' code, on purpose."""
    d, m, y = text.translate(ARABIC).split("/")
    try:
        return date(int(y) - 543, int(m), int(d))
    except ValueError:
        return None


def test_every_quantity_that_an_exercise_asks_for_differs_between_visible_and_hidden_data() -> None:
    visible, hidden = (asdict(datasets.local_requests(recipe).facts) for recipe in (VISIBLE, HIDDEN))
    assert [name for name in visible if visible[name] == hidden[name]] == []
    for name in ("by_category", "by_channel"):
        assert next(iter(visible[name].items())) != next(iter(hidden[name].items()))
        assert set(visible[name].values()).isdisjoint(hidden[name].values()) or name == "by_channel"


@RECIPES
def test_the_planted_defects_are_in_the_file_and_counted_right(recipe: Recipe) -> None:
    rows, facts = table(recipe), datasets.local_requests(recipe).facts
    received = [day(row["วันที่รับ"]) for row in rows]
    closed = [day(row["วันที่ปิด"]) if row["วันที่ปิด"] else None for row in rows]
    names = {province.name_th for province in PROVINCES}
    assert len(rows) == facts.rows
    assert list(rows[0]) == COLUMNS
    assert sum(is_thai(row["วันที่รับ"]) for row in rows) == facts.thai_digit_rows
    assert received.count(None) == facts.impossible_dates
    assert received.count(date(2024, 2, 29)) == facts.leap_days
    assert sum(row["ค่าใช้จ่าย"] == "-" for row in rows) == facts.dashes
    assert closed.count(None) == facts.still_open
    assert sum(row["จังหวัด"] not in names for row in rows) == facts.province_spellings
    assert sum(bool(r and c and c < r) for r, c in zip(received, closed, strict=True)) == facts.closed_before_received
    assert {min(r.year for r in received if r), max(r.year for r in received if r)} == {
        facts.first_year,
        facts.last_year,
    }


@RECIPES
def test_a_request_entered_twice_came_through_another_channel(recipe: Recipe) -> None:
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    doubles = 0
    for row in table(recipe):
        matter = tuple(row[name] for name in ("รหัสอปท", "หมวด", "วันที่รับ", "วันที่ปิด", "ค่าใช้จ่าย"))
        if matter in seen:
            doubles += 1
            assert row["ช่องทาง"] != seen[matter]["ช่องทาง"]
        seen.setdefault(matter, row)
    assert doubles == recipe.duplicates


@RECIPES
def test_the_sum_of_baht_is_the_sum_of_the_cells(recipe: Recipe) -> None:
    cells = (row["ค่าใช้จ่าย"].translate(ARABIC).replace(",", "") for row in table(recipe))
    assert sum(float(cell) for cell in cells if cell != "-") == datasets.local_requests(recipe).facts.total_baht


@RECIPES
def test_the_same_seed_gives_the_same_bytes(recipe: Recipe) -> None:
    first, second = datasets.local_requests(recipe), datasets.local_requests(recipe)
    assert first.csv("cp874") == second.csv("cp874")
    assert datasets.provinces(recipe).csv() == datasets.provinces(recipe).csv()


def test_another_seed_gives_other_data() -> None:
    assert datasets.provinces(VISIBLE).total_population != datasets.provinces(HIDDEN).total_population
    assert datasets.provinces(VISIBLE).trailing_space != datasets.provinces(HIDDEN).trailing_space
    assert datasets.provinces(VISIBLE).without_region != datasets.provinces(HIDDEN).without_region


@RECIPES
def test_the_provinces_have_one_trailing_space_and_one_region_missing(recipe: Recipe) -> None:
    text = datasets.provinces(recipe).csv().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len({row["name_th"].strip() for row in rows}) == 77
    assert sum(row["name_th"] != row["name_th"].strip() for row in rows) == 1
    assert sum(row["region"] == "" for row in rows) == 1


@pytest.mark.parametrize("built", [reading_files.exercise(), cleaning.exercise()], ids=lambda built: built.slug)
def test_every_file_is_small_and_every_row_says_that_it_is_synthetic(built) -> None:
    for name, content in (built.files | built.hidden_files).items():
        assert len(content) < 400_000
        if name.endswith(".csv"):
            lines = content.decode("utf-8-sig" if "utf8" in name or "plain" in name else "cp874").splitlines()[1:]
            assert all(line.startswith("SYN-") for line in lines)
    about = json.loads(built.files["local_requests.metadata.json"])
    assert about["SYNTHETIC"] is True
    assert about["license"] == "CC0-1.0"
    assert about["seed"] == VISIBLE.seed


@pytest.mark.parametrize("built", [reading_files.exercise(), cleaning.exercise()], ids=lambda built: built.slug)
def test_what_learners_get_does_not_speak_of_the_hidden_data(built) -> None:
    given = b"".join(built.files.values())
    assert str(HIDDEN.seed).encode() not in built.files["local_requests.metadata.json"]
    assert not any(content in given for content in built.hidden_files.values())


@pytest.mark.parametrize(
    ("generate", "module"),
    [
        (catalog_records.catalog_records, catalog_records),
        (farmer_groups.farmer_groups, farmer_groups),
        (motor_policies.motor_policies, motor_policies),
        (stat_table.stat_table, stat_table),
    ],
    ids=["D1", "D5", "D4", "D6"],
)
def test_other_data_sets_differ_between_visible_and_hidden_too_and_come_out_alike_each_time(generate, module) -> None:
    visible, hidden = generate(module.VISIBLE), generate(module.HIDDEN)
    # Groups of five are what is asked for: the smallest that is left is five in both.
    same = {name for name, value in asdict(visible.facts).items() if value == asdict(hidden.facts)[name]} - {"k_after"}
    assert same <= {"unknown"}
    assert generate(module.VISIBLE).csv() == visible.csv()
    assert len(visible.csv()) < 400_000


def test_every_exercise_carries_metadata_that_says_synthetic_in_the_fourteen_fields_of_the_catalog() -> None:
    for built in exercises():
        (about,) = (json.loads(content) for name, content in built.files.items() if name.endswith(".metadata.json"))
        assert about["SYNTHETIC"] is True
        assert set(about["catalog"]) == set(catalog_records.REQUIRED)
        assert all(about["catalog"].values())
