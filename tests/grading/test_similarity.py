"""Which answers resemble each other: renamed, reordered, starter code and the usual way of doing it."""

import time

import pytest

from grading.similarity import MOST_PAIRS, all_hashes, common_passages, compare, fingerprints, words

ANSWER = """
def clean(rows):
    kept = []
    for row in rows:
        if row["year"] is not None and row["year"] > 2400:
            kept.append({**row, "year": row["year"] - 543})
    return sorted(kept, key=lambda row: (row["province"], row["year"]))
"""
SECOND = """
totals = {}
for row in clean(data):
    totals[row["province"]] = totals.get(row["province"], 0) + row["amount"]
biggest = max(totals.items(), key=lambda pair: pair[1])
print(f"{biggest[0]}: {biggest[1]:,.2f}")
"""
OTHER = """
import pandas as pd

def clean(frame):
    frame = frame.dropna(subset=["year"])
    frame["year"] = pd.to_numeric(frame["year"]).where(lambda y: y < 2400, frame["year"] - 543)
    return frame.sort_values(["province", "year"]).reset_index(drop=True)

def totals(frame):
    by_province = frame.groupby("province")["amount"].sum()
    return by_province.sort_values(ascending=False).head(10)
"""


def renamed(code):
    for old, new in (("rows", "ข้อมูล"), ("row", "แถว"), ("kept", "ผลลัพธ์"), ("totals", "ยอด"), ("biggest", "สูงสุด")):
        code = code.replace(old, new)
    return code


def pairs(**works):
    """Each work is a list of cells, one learner each; names of pairs → share."""
    answers = {name: [fingerprints(cell) for cell in cells] for name, cells in works.items()}
    people = {name: number for number, name in enumerate(works)}
    return {(pair.first, pair.second): pair.share for pair in compare(answers, people)}


def test_the_same_answer_with_other_names_and_cells_in_another_order_is_found():
    assert pairs(a=[ANSWER, SECOND], b=[renamed(SECOND), renamed(ANSWER)], c=[OTHER]) == {("a", "b"): 1.0}


def test_comments_spaces_and_numbers_change_nothing():
    spread = ANSWER.replace("2400", "2300").replace("\n    for", "\n    # ทุกแถว\n\n    for").replace("543", "544")
    assert pairs(a=[ANSWER], b=[spread]) == {("a", "b"): 1.0}


def test_an_answer_of_ones_own_resembles_nothing():
    assert pairs(a=[ANSWER, SECOND], b=[OTHER]) == {}


def test_half_of_an_answer_taken_over_is_found_with_its_share():
    found = pairs(a=[ANSWER], b=[ANSWER + OTHER])
    assert found[("a", "b")] > 0.8


def test_what_most_learners_write_is_nobodys_own():
    works = {f"w{n}": [ANSWER] for n in range(12)}
    assert pairs(**works) == {}


def test_a_copied_answer_stands_out_among_many_that_share_the_usual_lines():
    usual = {f"w{n}": [ANSWER] for n in range(12)}
    assert pairs(**usual, x=[ANSWER, SECOND], y=[ANSWER, renamed(SECOND)]) == {("x", "y"): 1.0}


def test_nobody_is_compared_with_themselves():
    marks = [fingerprints(ANSWER)]
    assert compare({"a1": marks, "a2": marks}, {"a1": 1, "a2": 1}) == []


def test_answers_too_short_to_tell_are_left_alone():
    assert pairs(a=["total = sum(values)"], b=["total = sum(values)"]) == {}


def test_common_passages_are_found_at_their_place_and_starter_code_is_not():
    starter = all_hashes(SECOND)
    text = OTHER + ANSWER + SECOND
    spans = common_passages(text, [renamed(ANSWER), renamed(SECOND)], starter)
    assert spans
    assert all(start >= len(OTHER) - 1 and end <= len(OTHER + ANSWER) + 40 for start, end in spans)
    assert "kept.append" in "".join(text[start:end] for start, end in spans)
    assert common_passages(OTHER, [ANSWER], frozenset()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "'",
        '"""' * 1001,
        "'" * 50_000,
        "(" * 100_000,
        "\\" * 100_000,
        "a" * 1_000_000,
        "é\u200b\x00\ud800" * 1000,
        "rb'" * 30_000,
        "1." * 50_000,
        "# " * 50_000,
        '"\\' * 50_000,
    ],
    ids=range(12),
)
def test_whatever_a_cell_holds_it_is_read_quickly(text):
    began = time.monotonic()
    fingerprints(text)
    common_passages(text, [text])
    assert time.monotonic() - began < 10
    assert all(word.end <= 100_000 for word in words(text))


def test_three_hundred_answers_are_compared_in_seconds_and_the_list_stays_short():
    works = {
        f"w{n:03}": [ANSWER.replace("2400", "2400 + 0" * (n % 3)), *[f"x{n} = {'f(' * (n % 40)}"]] for n in range(300)
    }
    began = time.monotonic()
    assert len(pairs(**works)) <= MOST_PAIRS
    assert time.monotonic() - began < 20
