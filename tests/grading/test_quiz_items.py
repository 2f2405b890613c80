import json

import pytest

from grading.quizzes import arithmetic, banks, drawing, items, marking
from tests.grading.items import PARAMETRISED, USUAL, item, text


def drawn(kind, seed="น้ำฝน", **fields):
    return drawing.draw(items.read(item(kind, **fields)), seed)


def share(one, *answer):
    return round(marking.mark(one, answer).share, 3)


def place(one, th):
    """Where a choice, or a right-hand side, stands on the page."""
    shown = drawing.question(one)
    texts = shown.choices or shown.lines[0].options
    return str([told["th"] for told in texts].index(th))


def wrong_with(data):
    with pytest.raises(items.BadItem) as refused:
        drawing.check(items.read(data))
    return [problem.where for problem in refused.value.problems]


# --- Declarations ---


@pytest.mark.parametrize("kind", items.KINDS)
def test_every_kind_can_be_declared(kind):
    assert items.read(item(kind)).kind == kind


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (None, ""),
        ([], ""),
        ({"kind": "essay"}, "kind"),
        (item("single", source=None), "source"),
        (item("single", prompt={"en": "only English"}), "prompt"),
        (item("single", prompt=text("ก" * 6000)), "prompt"),
        (item("single", id="ข้อ 1"), "id"),
        (item("single", id=7), "id"),
        (item("single", points=float("nan")), "points"),
        (item("single", points=True), "points"),
        (item("single", answr=1), "answr"),
        (item("single", choices=[]), "choices"),
        (item("single", choices="ก"), "choices"),
        (item("single", choices=[{"text": "ก", "correct": True}, {"text": "ข", "correct": True}]), "choices"),
        (
            item("single", choices=[{"text": "ก", "correct": "yes"}, {"text": "ข", "correct": True}]),
            "choices[1].correct",
        ),
        (item("multiple", choices=[{"text": "ก"}, {"text": "ข"}]), "choices"),
        (item("multiple", choices=[{"text": "ก", "correct": True}, {"text": "ก"}]), "choices"),
        (item("match", extra=[text("ตัดสินใจ")]), "extra"),
        (item("order", steps=["ก", "ข"]), "steps"),
        (item("numeric", answer=None), "answer"),
        (item("numeric", answer="__import__('os')"), "answer"),
        (item("numeric", answer="1/3"), "answer"),
        (item("numeric", wrong=[{"answer": 1250.5, "feedback": "x"}]), "wrong[1].answer"),
        (item("text", accepted=[]), "accepted"),
        (item("record", fields=[{"label": "ก", "value": "1"}, {"label": "ข", "value": "1"}]), "fields"),
        (
            item("record", fields=[*USUAL["record"]["fields"], {"label": "x", "value": "z", "options": ["a"]}]),
            "fields[4]",
        ),
        (item("numeric", parameters={"round": {"from": 1, "to": 2}}), "parameters.round"),
        (item("numeric", parameters={"a": {"from": 2, "to": 1}}), "parameters.a"),
        (item("numeric", prompt="{b}", parameters={"a": {"from": 1, "to": 2}}), "prompt"),
        (item("numeric", parameters={"a": {"from": 1, "to": 9}}, where=["a > 9"]), "where"),
        (item("numeric", parameters={"a": {"from": 0, "to": 1}}, values={"b": "1 / a"}), "values"),
    ],
)
def test_what_is_wrong_with_a_declaration_is_said_with_its_place(data, where):
    assert where in wrong_with(data)


def test_everything_that_is_wrong_is_said_at_once():
    assert {"id", "source", "choices"} <= set(wrong_with(item("single", id="?", source=None, choices=[])))


def test_choices_that_become_the_same_for_some_numbers_are_refused():
    choices = [{"text": "{a}", "correct": True}, {"text": "{b}"}]
    parameters = {"a": {"from": 1, "to": 3}, "b": {"from": 1, "to": 3}}
    assert wrong_with(item("single", choices=choices, parameters=parameters)) == ["choices"]
    drawing.check(items.read(item("single", choices=choices, parameters=parameters, where=["a != b"])))


# --- Sums ---


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("0.1 + 0.2", "0.3"),
        ("round(2.5)", "3"),
        ("round(0-2.5)", "-3"),
        ("max(1, 7 // 2)", "3"),
        ("7 % 4", "3"),
        ("-2", "-2"),
    ],
)
def test_sums_are_exact(expression, value):
    assert drawing.written(arithmetic.number(expression, {})) == value


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "1 +",
        "x",
        "9 ** 9 ** 9",
        "1/0",
        "'a' * 9",
        "(1).real",
        "round(1, 99)",
        "[1]",
        "lambda: 1",
        "1 if 1 else 2",
        "max()",
        "1e29 * 1e29",
        "round(1, x=2)",
        "True",
        "1 < 2",
        "(" * 500,
        "1" * 201,
        "max(1, 'ก')",
        "1 // 0",
        "1 < 'ก'",
    ],
)
def test_nothing_but_sums_can_be_written(expression):
    with pytest.raises(arithmetic.BadExpression):
        arithmetic.number(expression, {})


# --- Drawing ---


@pytest.mark.parametrize("kind", items.KINDS)
def test_the_same_seed_draws_the_same_question(kind):
    assert drawing.question(drawn(kind)) == drawing.question(drawn(kind))


def test_what_a_seed_draws_never_changes():
    """Attempts are marked again from what was stored: another order would change old marks."""
    assert drawn("single", seed="a").order == (0, 1, 2)
    assert drawn("order", seed="a").order == (3, 2, 1, 0)
    assert drawn("numeric", seed="a", **PARAMETRISED).item.prompt["en"] == "500,000 of 3,500,000 baht"


STEPS = {
    "parameters": {"rows": {"from": 10, "to": 90}},
    "values": {"marked": "rows / 2", "left": "rows - marked", "a": "left * 2"},
    "answer": "a",
    "prompt": text("{rows} {marked} {left}"),
}


def test_values_may_rest_on_one_another_in_whatever_order_they_are_kept():
    kept = STEPS | {"values": dict(sorted(STEPS["values"].items()))}
    first, second = (drawn("numeric", **one) for one in (STEPS, kept))
    assert first.values == second.values
    assert first.values["a"] == first.values["rows"]


@pytest.mark.parametrize("values", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b +", "b": "1"}, {"a": "nobody"}])
def test_values_that_cannot_be_computed_are_refused(values):
    (where,) = wrong_with(item("numeric", **STEPS | {"values": values, "prompt": text("x")}))
    assert where.startswith("values")


def test_two_learners_get_different_numbers_and_orders():
    assert len({drawing.question(drawn("numeric", seed=str(n), **PARAMETRISED)).prompt["th"] for n in range(20)}) > 15
    assert len({drawn("order", seed=str(n)).order for n in range(40)}) > 10
    assert {drawn("single", seed=str(n), shuffle=False).order for n in range(9)} == {(0, 1, 2)}


def test_steps_never_come_in_their_right_order():
    three = [text("ก"), text("ข"), text("ค")]
    assert all(drawn("order", seed=str(n), steps=three).order != (0, 1, 2) for n in range(200))


@pytest.mark.parametrize("kind", items.KINDS)
def test_a_question_says_nothing_of_the_answer(kind):
    declared = item(kind, explanation=text("เฉลยลับ"))
    told = repr(drawing.question(drawing.draw(items.read(declared), "x")))
    for secret in ("เฉลยลับ", "ยังไม่ใช่ ก", "1250.5", "data owner", "2567", "ดูบทที่สอง", "correct"):
        assert secret not in told


SPENT = {"spent": {"from": 1e6, "to": 2e6, "step": 1e6}}


def test_braces_that_are_no_name_stay():
    one = drawn(
        "numeric",
        prompt='{"a": 1} {spent:,} {x y}',
        answer="spent",
        wrong=[],
        parameters={"spent": {"from": 1e6, "to": 2e6, "step": 1e6}},
    )
    assert one.item.prompt["th"] in ('{"a": 1} 1,000,000 {x y}', '{"a": 1} 2,000,000 {x y}')


# --- Marking ---


def test_one_choice_is_right_and_each_has_its_word():
    one = drawn("single")
    right, wrong = marking.mark(one, [place(one, "ข")]), marking.mark(one, [place(one, "ก")])
    assert (right.share, right.rows[0].feedback["th"]) == (1.0, "ใช่ ข")
    assert (wrong.share, wrong.rows[0].feedback["th"]) == (0.0, "ยังไม่ใช่ ก")


def test_ticking_everything_is_worth_nothing():
    one = drawn("multiple")
    right = [place(one, "ก"), place(one, "ข")]
    assert share(one, *right) == 1
    assert share(one, right[0]) == 0.5
    assert share(one, *right, place(one, "ค")) == 0.5
    assert share(one, "0", "1", "2", "3") == 0
    assert share(one, right[0], right[0]) == 0.5


def test_pairs_are_marked_one_by_one():
    one = drawn("match")
    assert share(one, place(one, "ตัดสินใจ"), place(one, "ดูแลคุณภาพ")) == 1
    half = marking.mark(one, [place(one, "ตัดสินใจ"), place(one, "ซื้อของ")])
    assert half.share == 0.5
    assert half.rows[1].feedback["th"] == "ดูบทที่สอง"


def test_steps_are_marked_by_their_pairs():
    one = drawn("order")
    right = [str(step + 1) for step in one.order]
    assert share(one, *right) == 1
    assert share(one, *(chr(0xE50 + int(n)) for n in right)) == 1  # Thai digits
    assert share(one, *(str(5 - int(n)) for n in right)) == 0
    swapped = [{"1": "2", "2": "1"}.get(n, n) for n in right]
    assert share(one, *swapped) == 0.667
    assert share(one, "1", "1", "1", "1") == 0


@pytest.mark.parametrize(
    "given", ["1250.5", "๑๒๕๐.๕", "1,250.5", "๑,๒๕๐.๕ บาท", " 1 250.5 ", "1250.50", "+1250.5", "1250.5 baht"]
)
def test_a_number_may_be_written_in_many_ways(given):
    assert share(drawn("numeric"), given) == 1


@pytest.mark.parametrize(
    "given", ["", "1250,5", "1250.5.1", "พันสอง", "1e3", "nan", "inf", "9" * 500, "1250.4", "½", "²"]
)
def test_what_is_no_such_number_is_worth_nothing(given):
    assert share(drawn("numeric"), given) == 0


def test_a_typical_wrong_number_has_its_word():
    assert marking.mark(drawn("numeric"), ["12.505"]).rows[0].feedback["th"] == "ดูหน่วย"


def test_negative_numbers_are_read_with_any_dash():
    assert [share(drawn("numeric", answer=-5, wrong=[]), given) for given in ("-5", "−5", "–๕", "- 5")] == [1, 1, 1, 1]


def test_the_answer_follows_the_numbers():
    for seed in range(10):
        one = drawn("numeric", seed=str(seed), **PARAMETRISED)
        right = drawing.written(arithmetic.number("round(spent * 100 / budget, 1)", one.values))
        assert share(one, right) == 1
        assert marking.mark(one, [right]).rows[0].expected["th"] == f"{right} %"


@pytest.mark.parametrize(
    "given",
    ["เจ้าของข้อมูล", " เจ้าของ ข้อมูล ", "Data Owner", "เจา\u0e49ของข้อมูล".replace("า\u0e49", "\u0e49า"), "“data owner”."],
)
def test_short_text_is_folded(given):
    assert share(drawn("text"), given) == 1


def test_exact_text_counts_spaces_and_capitals_but_not_how_marks_were_typed():
    one = drawn("text", accepted=["น้ำ Data"], exact=True)
    assert [share(one, given) for given in ("น้ำ Data", "น\u0e4d\u0e49า Data", "น้ำData", "น้ำ data")] == [1, 1, 0, 0]


def test_a_record_is_marked_by_what_was_put_right_and_what_was_spoilt():
    one = drawn("record")
    assert share(one, "ปริมาณฝน", "๒๕๖๗", "1") == 1
    assert share(one, "Rainfall", "2567", "0") == 0.5
    assert share(one, "อื่น", "2567", "1") == 0.5
    assert share(one) == 0
    assert not marking.mark(one, ["ปริมาณฝน", "2024", "0"]).is_answered


@pytest.mark.parametrize("kind", items.KINDS)
@pytest.mark.parametrize(
    "answer", [[], [""], ["-1"], ["99"], ["๑"], ["\0"], ["<script>"], ["1"] * 99, ["9" * 500], ["ก" * 500], ["1.5"]]
)
def test_whatever_is_answered_has_a_mark(kind, answer):
    one = drawn(kind)
    found = marking.mark(one, marking.tidy(answer, marking.parts_of(one)))
    assert 0 <= found.share < 1
    json.dumps([row.given for row in found.rows])


@pytest.mark.parametrize("answer", [None, 7, "abc", {"a": 1}, [None, {}, []]])
def test_what_is_no_answer_is_none(answer):
    assert marking.tidy(answer, 5) == []


# --- Files ---


FILE = """
[bank]
code = "dg-101"
title = { th = "คลังข้อสอบ", en = "Bank" }

[[item]]
id = "a1-01"
kind = "text"
pool = "a1"
prompt = "ใคร"
source = "A1"
accepted = ["เจ้าของข้อมูล"]

[[quiz]]
code = "dg-101-a1"
title = "แบบทดสอบ"
draws = [{ pool = "a1", count = 1 }]
max_attempts = 0
"""


def test_a_file_is_read_and_written_again():
    bank = banks.read_file(FILE.encode())
    again = banks.read_file(banks.write(bank))
    assert bank == again
    assert (bank.code, bank.quizzes[0].max_attempts, bank.quizzes[0].pass_percent) == ("dg-101", None, 70)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"{",
        b"[]",
        b"[bank]\ncode = 1",
        b"{" * 100_000,
        FILE.replace("count = 1", "count = 2").encode(),
        FILE.replace("count = 1", "cuont = 1").encode(),
        FILE.replace('"text"', '"essay"').encode(),
        (FILE + FILE[FILE.index("[[item]]") : FILE.index("[[quiz]]")]).encode(),
        b"x" * (banks.LARGEST_FILE + 1),
    ],
)
def test_a_file_that_is_no_bank_says_why(content):
    with pytest.raises(banks.BadBank) as refused:
        banks.read_file(content)
    assert refused.value.problems
    assert all(problem.th and problem.en for _, problem in refused.value.problems)
