"""The demonstration's item banks: how many items, what they rest on, and that every drawn answer is the right one."""

import re
import unicodedata
from collections import Counter
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from courses.demo import content, markup, outline
from grading.quizzes import banks, drawing, items, marking
from tests.courses.test_demo_texts import MISSPELT

BANKS = {path.stem: banks.read_file(path.read_bytes()) for path in sorted((content.HERE / "quizzes").glob("*.toml"))}
ITEMS = {item.id: item for item, _declared in BANKS["da-201"].items}
EVERY = [(code, item, declared) for code, bank in BANKS.items() for item, declared in bank.items]
TO_THAI = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")
SEEDS = range(150)
# Module by pool, in the order of the course.
MODULES = {f"m{number}": module for number, module in enumerate(outline.ANALYSIS.modules, start=1)}


def words(declared):
    """Every text of a declaration, with what it is called, as (name, text or {th, en})."""
    if isinstance(declared, list):
        for one in declared:
            yield from words(one)
    elif isinstance(declared, dict):
        for name, value in declared.items():
            if isinstance(value, str) or (isinstance(value, dict) and value.keys() & {"th", "en"}):
                yield name, value
            elif name == "options":
                yield from ((name, one) for one in value)
            else:
                yield from words(value)


def drawn(name, seeds=SEEDS):
    return [drawing.draw(ITEMS[name], f"ลองสุ่ม/{seed}") for seed in seeds]


def test_each_bank_has_as_many_items_and_quizzes_as_its_readme_says():
    told = {code: (len(bank.items), len(bank.quizzes)) for code, bank in BANKS.items()}
    assert told == {"da-201": (36, 3), "dg-101": (72, 7)}
    readme = (content.HERE / "README.md").read_text(encoding="utf-8")
    assert "banks of 72 and 36 items, seven and three quizzes" in readme


def test_each_module_of_da_201_has_its_pool_of_twelve_and_a_quiz_that_draws_eight():
    bank = BANKS["da-201"]
    assert Counter(item.pool for item, _ in bank.items) == dict.fromkeys(MODULES, 12)
    for quiz, pool in zip(bank.quizzes, MODULES, strict=True):
        assert quiz.code == f"da-201-{pool}"
        assert [(draw.pool, draw.count) for draw in quiz.draws] == [(pool, 8)]
        assert (quiz.pass_percent, quiz.max_attempts) == (70, 3)


def test_da_201_mixes_its_kinds_and_asks_what_clerks_meet():
    found = ITEMS.values()
    for pool in MODULES:
        assert {item.kind for item in found if item.pool == pool} == set(items.KINDS)
        assert sum("scenario" in item.tags for item in found if item.pool == pool) >= 3
    assert sum("scenario" in item.tags for item in found) >= 10
    assert sum(item.is_parametrised for item in found) >= 6
    # Whoever takes a typical misconception for the answer is told what it is.
    for item in found:
        parts = [*item.choices, *item.pairs, *item.fields, *item.wrong]
        assert item.kind == "order" or any(part.feedback for part in parts)


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS.keys())
def test_an_item_of_da_201_names_lessons_of_its_module_by_their_titles(item):
    for language in outline.LANGUAGES:
        titles = [markup.parse(content.text_of(name, language)).title for name in MODULES[item.pool].lessons]
        if language == "en":
            titles = [title.replace(" ", ", ", 1) for title in titles]
        named = [title[:2] for title in titles if title in item.source[language]]
        assert named
        assert named == re.findall(r"B\d", item.source[language])


@pytest.mark.parametrize(("code", "item", "declared"), EVERY, ids=[f"{code} {item.id}" for code, item, _ in EVERY])
def test_every_text_is_there_in_both_languages_and_spelled_well(code, item, declared):
    assert item.explanation
    for name, text in words(declared):
        both = text if isinstance(text, dict) else {"th": text, "en": text}
        assert set(both) == {"th", "en"}, name
        for told in both.values():
            assert [word for word in MISSPELT if word in told] == []
            assert unicodedata.normalize("NFC", told) == told
            assert "\u0e4d\u0e32" not in told  # นิคหิต + า is ำ


@pytest.mark.parametrize("language", outline.LANGUAGES)
@pytest.mark.parametrize("pool", MODULES)
def test_the_quiz_stands_at_the_end_of_the_last_lesson_of_its_module(pool, language):
    for name in MODULES[pool].lessons:
        parts = markup.parse(content.text_of(name, language)).parts
        placed = [value["quiz"] for kind, value in parts if kind == "quiz"]
        is_last = name == list(MODULES[pool].lessons)[-1]
        assert placed == ([f"da-201-{pool}"] if is_last else [])
        assert not is_last or parts[-1][0] == "quiz"


# --- Numbers that differ, computed here in another way than in the file ---


def to_places(value, places):
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share(part, whole, times, places):
    return to_places(Decimal(int(part)) * times / Decimal(int(whole)), places)


def bytes_of(v):
    return len(("ก" * int(v["letters"])).encode("utf-8-sig"))


def without_marks(v):
    repeated = set(range(int(v["repeated"])))
    early = {row + len(repeated) - int(v["both"]) for row in range(int(v["early"]))}
    assert len(repeated & early) == v["both"]
    return len(set(range(int(v["rows"]))) - repeated - early)


def fiscal_year(v):
    day = date(int(v["year"]) - 543, int(v["month"]), int(v["day"]))
    ends = (year for year in range(day.year, day.year + 2) if day <= date(year, 9, 30))
    return next(ends) + 543


NUMBERS = {
    "m1-01": lambda v: v["told"] - v["rows"],
    "m1-07": bytes_of,
    "m2-01": lambda v: date(int(v["year"]) - 543, 1, 1).year,
    "m2-07": lambda v: share(v["bad"], v["rows"], 100, 1),
    "m2-10": without_marks,
    "m3-01": fiscal_year,
    "m3-05": lambda v: share(v["a"] + v["b"], v["people_a"] + v["people_b"], 1000, 2),
    "m3-09": lambda v: share(v["after"] - v["before"], v["before"], 100, 1),
}


def test_the_numbers_of_every_numeric_item_are_computed_here_too():
    assert set(NUMBERS) == {item.id for item in ITEMS.values() if item.kind == "numeric"}


@pytest.mark.parametrize("name", NUMBERS)
def test_the_right_number_is_right_in_thai_digits_too_and_a_typical_wrong_one_is_explained(name):
    for one in drawn(name):
        right = str(NUMBERS[name](one.values))
        assert marking.mark(one, [right]).is_right, (one.values, right)
        assert marking.mark(one, [right.translate(TO_THAI)]).is_right
        for wrong in one.item.wrong:
            typical = drawing.written(drawing.arithmetic.number(wrong.answer, one.values))
            told = marking.mark(one, [typical])
            assert not told.is_right
            assert told.rows[0].feedback == wrong.feedback, (one.values, typical)
        assert not re.search(r"\{|\}", str(drawing.question(one).prompt["th"]))


@pytest.mark.parametrize("name", [name for name, item in ITEMS.items() if item.is_parametrised])
def test_drawn_numbers_make_sense(name):
    for one in drawn(name):
        numbers = [value for value in one.values.values() if not isinstance(value, dict)]
        assert all(value > 0 for value in numbers)
        if "people" in one.values:
            assert 1 < one.values["rate"] < 10
        if name in ("m2-07", "m3-09"):
            assert 0 < NUMBERS[name](one.values) < 60


def test_the_summary_record_is_put_right_by_the_fiscal_year_and_the_rate():
    for one in drawn("m3-12"):
        requests, year = int(one.values["requests"]), int(one.values["year"])
        rate = share(requests, 20_000, 1000, 1)
        standing = [field.value["th"] for field in one.item.fields]
        assert standing[:3] == [str(requests), str(year), f"{requests / 20_000:g}"]
        fiscal = fiscal_year({"day": 31, "month": 10, "year": year})
        assert marking.mark(one, [str(requests), str(fiscal), str(rate), "1"]).is_right
        assert marking.mark(one, [str(requests), str(fiscal), str(rate), "0"]).share == pytest.approx(2 / 3)
        assert marking.mark(one, [*standing[:3], "0"]).share == 0


def test_the_median_and_the_grown_table_are_told_in_the_choices():
    for one in drawn("m3-03"):
        assert one.values["median"] * 1.5 < one.values["mean"]
        right = next(choice.text for choice in one.item.choices if choice.is_correct)
        assert f"มัธยฐาน {one.values['median']} วัน" in right["th"]
    for one in drawn("m3-07"):
        assert one.values["after"] - one.values["before"] == one.values["more"]
        assert f"{int(one.values['after']):,}" in one.item.prompt["th"]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("m1-05", "Value_Counts ()"),
        ("m1-05", "frame['หมวด'].value_counts()"),
        ("m1-10", "UTF-8-SIG"),
        ("m1-10", "utf-8 sig"),
        ("m2-02", "nan"),
        ("m2-02", "float('nan')"),
        ("m3-08", "how = 'left'"),
    ],
)
def test_a_short_answer_may_be_written_in_several_ways(name, answer):
    assert marking.mark(drawing.draw(ITEMS[name], ""), [answer]).is_right


@pytest.mark.parametrize(
    ("text", "exists"), [(choice.text["th"], choice.is_correct) for choice in ITEMS["m2-03"].choices]
)
def test_the_calendar_says_which_dates_exist(text, exists):
    day, month, year = map(int, text.split("/"))
    try:
        date(year - 543, month, day)
    except ValueError:
        assert not exists
    else:
        assert exists
