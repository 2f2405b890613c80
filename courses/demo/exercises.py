"""The exercises of the demonstration, those of its courses first: what is written in ``texts/exercises``, with its
data."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from courses.demo import catalog_records, datasets, farmer_groups, motor_policies, stat_table, written
from courses.demo.datasets import HIDDEN, VISIBLE
from courses.demo.notebooks import Exercise, notebook

TEXTS = Path(__file__).parent / "texts" / "exercises"
Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Data:
    """What an exercise works on: the learner's files, the examiner's, and what is true of both."""

    files: Files
    hidden_files: Files
    facts: dict[str, Any] = field(default_factory=dict)


def exercises() -> list[Exercise]:
    """Built anew each time: notebooks are values, not files."""
    return [exercise(slug) for slug in DATA]


PROJECT = "c-p1-project"  # peers and a person judge it: it has no full marks to be had from the examiner


def exercise(slug: str) -> Exercise:
    """The exercise of this name, whole. Raises KeyError when there is none."""
    data = _data(slug)
    read = written.read((TEXTS / f"{slug}.md").read_text(encoding="utf-8"), data.facts)
    return Exercise(
        slug=slug,
        title_th=read.title_th,
        title_en=read.title_en,
        notebook=notebook(read.cells, title=f"{read.title_th} / {read.title_en}"),
        files=dict(data.files),
        hidden_files=dict(data.hidden_files),
        wrong=read.wrong,
    )


@cache
def _data(slug: str) -> Data:
    """Drawn once: it is the same every time, and most of what building an exercise takes."""
    return _project() if slug == PROJECT else DATA[slug]()


def _two_encodings() -> Data:
    visible, hidden = datasets.local_requests(VISIBLE), datasets.local_requests(HIDDEN)
    files = {
        "local_requests.csv": visible.csv("cp874"),
        "local_requests_utf8.csv": visible.csv("utf-8-sig"),
        **_about_requests(),
    }
    hidden_files = {
        "more_requests.csv": hidden.csv("cp874"),
        "more_requests_utf8.csv": hidden.csv("utf-8-sig"),
        "more_requests_plain.csv": hidden.csv("utf-8"),
    }
    return Data(files, hidden_files, {"visible": visible.facts, "hidden": hidden.facts})


def _requests() -> Data:
    visible, hidden = datasets.local_requests(VISIBLE), datasets.local_requests(HIDDEN)
    files = {"local_requests.csv": visible.csv("cp874"), **_about_requests()}
    return Data(files, {"more_requests.csv": hidden.csv("cp874")}, {"visible": visible.facts, "hidden": hidden.facts})


def _requests_and_provinces() -> Data:
    data = _requests()
    places = {"provinces.csv": datasets.provinces(VISIBLE).csv()}
    hidden_places = {"more_provinces.csv": datasets.provinces(HIDDEN).csv()}
    return Data(data.files | places, data.hidden_files | hidden_places, data.facts)


def _about_requests() -> Files:
    title = "คำร้องถึง อปท. สมมุติ", "Requests to fictional local bodies"
    return {"local_requests.metadata.json": datasets.describe("local_requests.csv", *title, VISIBLE)}


def _catalog() -> Data:
    visible, hidden = (catalog_records.catalog_records(recipe) for recipe in _both(catalog_records))
    title = "คำอธิบายชุดข้อมูลของ อปท. สมมุติ", "Dataset descriptions of fictional local bodies"
    about = datasets.describe("catalog_records.json", *title, catalog_records.VISIBLE)
    files = {"catalog_records.json": visible.json(), "catalog_records.metadata.json": about}
    facts = {"visible": visible.facts, "hidden": hidden.facts, "rules": catalog_records}
    return Data(files, {"more_records.json": hidden.json()}, facts)


def _farmers() -> Data:
    visible, hidden = (farmer_groups.farmer_groups(recipe) for recipe in _both(farmer_groups))
    title = "ทะเบียนสมาชิกกลุ่มเกษตรกรสมมุติ", "Register of fictional farmer groups"
    about = datasets.describe("farmer_groups.csv", *title, farmer_groups.VISIBLE)
    files = {"farmer_groups.csv": visible.csv(), "farmer_groups.metadata.json": about}
    return Data(files, {"more_farmers.csv": hidden.csv()}, {"visible": visible.facts, "hidden": hidden.facts})


def _policies() -> Data:
    visible, hidden = (motor_policies.motor_policies(recipe) for recipe in _both(motor_policies))
    title = "กรมธรรม์รถยนต์สมมุติ", "Fictional motor policies"
    about = datasets.describe("motor_policies.csv", *title, motor_policies.VISIBLE)
    files = {"motor_policies.csv": visible.csv(), "motor_policies.metadata.json": about}
    return Data(files, {"more_policies.csv": hidden.csv()}, {"visible": visible.facts, "hidden": hidden.facts})


def _table() -> Data:
    visible, hidden = (stat_table.stat_table(recipe) for recipe in _both(stat_table))
    title = "ตารางสถิติอุบัติเหตุสมมุติ", "Fictional table of accidents"
    about = datasets.describe("stat_table_messy.csv", *title, stat_table.VISIBLE)
    files = {"stat_table_messy.csv": visible.csv(), "stat_table_messy.metadata.json": about}
    return Data(files, {"more_table.csv": hidden.csv()}, {"visible": visible.facts, "hidden": hidden.facts})


def _project() -> Data:
    """The data of every prompt; a project of one's own has no right answer to hide."""
    every = (_requests_and_provinces(), _policies(), _farmers())
    files = {name: content for data in every for name, content in data.files.items()}
    return Data(files, {}, {"rules": catalog_records})


def _both(generator: Any) -> tuple[Any, Any]:
    return generator.VISIBLE, generator.HIDDEN


DATA: dict[str, Callable[[], Data]] = {
    "a-n1-dataset-descriptions": _catalog,
    "a-n2-less-personal-data": _farmers,
    "b-n1-reading-files": _two_encodings,
    "b-n2-cleaning": _requests,
    "b-n3-duplicates": _requests,
    "b-n4-fiscal-year": _requests,
    "b-n5-joining": _requests_and_provinces,
    "b-n6-answers": _requests,
    "c-n1-readable-chart": _policies,
    "c-n2-tidy-table": _table,
    "c-n3-honest-chart": _policies,
    "e-n1-loss-ratio": _policies,  # of the event, in no course
}
