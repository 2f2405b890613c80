"""From an item and a seed to the question that one learner meets: numbers, texts, and the order of things. Pure.

The same item and seed give the same question on every machine and in every year: attempts are marked again from
what was stored. That is why nothing here asks Python's own generator, whose order of draws may change.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

from grading.quizzes import arithmetic
from grading.quizzes.arithmetic import BadExpression
from grading.quizzes.items import BadItem, Item, Problem, Text, fail

MOST_TRIES = 200
SEEDS_TRIED = 40
_PLACE = re.compile(r"\{([a-z][a-z0-9_]{0,39})(?::(,)?(?:\.(\d))?)?\}")

Values = Mapping[str, Fraction | Text]


class Dice:
    """Draws that depend on a text and nothing else."""

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def number(self, name: str, below: int) -> int:
        """A whole number from 0 to ``below`` - 1."""
        digest = hashlib.sha256(f"{self.seed}/{name}".encode()).digest()
        return int.from_bytes(digest) % below

    def order(self, name: str, length: int) -> list[int]:
        """The numbers from 0 to ``length`` - 1, shuffled."""
        keys = [hashlib.sha256(f"{self.seed}/{name}/{i}".encode()).digest() for i in range(length)]
        return sorted(range(length), key=keys.__getitem__)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An item as one learner meets it: every number in its place. It knows the answers; a ``Question`` does not.

    ``order`` says which choice, step or right-hand side stands in which place.
    """

    item: Item
    values: Values
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a question: a field of a record, or a left-hand side."""

    label: Text
    value: Text
    options: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What a page may show before an answer is handed in: no word of it says what is right."""

    kind: str
    prompt: Text
    points: float
    choices: tuple[Text, ...] = ()
    lines: tuple[Line, ...] = ()
    unit: Text | None = None


def draw(item: Item, seed: str) -> Drawn:
    """Raises BadItem when no numbers can be found that fit the item's conditions."""
    dice = Dice(seed)
    values = _values(item, dice)
    return Drawn(_filled(item, values) if values else item, values, _order(item, dice))


def question(drawn: Drawn) -> Question:
    """What the learner sees of it."""
    item = drawn.item
    common = (item.kind, item.prompt, item.points)
    match item.kind:
        case "single" | "multiple":
            return Question(*common, choices=tuple(item.choices[i].text for i in drawn.order))
        case "match":
            rights = right_sides(item)
            shown = tuple(rights[i] for i in drawn.order)
            return Question(*common, lines=tuple(Line(pair.left, {}, shown) for pair in item.pairs))
        case "order":
            return Question(*common, lines=tuple(Line(item.steps[i], {}) for i in drawn.order))
        case "record":
            return Question(*common, lines=tuple(Line(one.label, one.value, one.options) for one in item.fields))
        case "numeric":
            return Question(*common, unit=item.unit)
    return Question(*common)


def right_sides(item: Item) -> list[Text]:
    """What a match item offers to choose from, each once, in the author's order."""
    told = {pair.right.get("th", ""): pair.right for pair in item.pairs}
    return [*told.values(), *item.extra]


def check(item: Item) -> None:
    """Draws a parametrised item many times. Raises BadItem: a draw fails, or two choices become the same."""
    for seed in range(SEEDS_TRIED if item.is_parametrised else 1):
        drawn = draw(item, f"check/{seed}")
        _check_names(item)
        _check_sums(drawn)
        for language in ("th", "en"):
            told = [choice.text[language] for choice in drawn.item.choices if language in choice.text]
            if len(told) != len(set(told)):
                fail("choices", "ตัวเลือกซ้ำกันเมื่อสุ่มตัวเลข", "two choices become the same for some numbers")


def _values(item: Item, dice: Dice) -> Values:
    computed = _in_order(item.values)
    for turn in range(MOST_TRIES):
        values: dict[str, Fraction | Text] = {}
        for name, parameter in item.parameters.items():
            if not len(parameter):
                fail(f"parameters.{name}", "ไม่มีค่าให้สุ่ม", "there is nothing to draw from")
            values[name] = parameter[dice.number(f"{turn}/{name}", len(parameter))]
        try:
            for name in computed:
                values[name] = arithmetic.number(item.values[name], values)
            if all(arithmetic.holds(condition, values) for condition in item.where):
                return values
        except BadExpression as error:
            fail("values", f"คำนวณไม่ได้: {error}", str(error))
    return fail("where", "ไม่พบตัวเลขที่เข้าเงื่อนไข", "no numbers were found that fit the conditions")


def _in_order(expressions: Mapping[str, str]) -> list[str]:
    """The names, each after those its expression uses: as they were declared does not last in a database."""
    try:
        needs = {name: arithmetic.names_in(expression) & expressions.keys() for name, expression in expressions.items()}
        return list(TopologicalSorter(needs).static_order())
    except BadExpression as error:
        return fail("values", f"คำนวณไม่ได้: {error}", str(error))
    except CycleError:
        return fail("values", "ค่าที่คำนวณอ้างถึงกันเป็นวง", "values are computed from one another in a circle")


def _order(item: Item, dice: Dice) -> tuple[int, ...]:
    match item.kind:
        case "single" | "multiple":
            count = len(item.choices)
            return tuple(dice.order("choices", count) if item.shuffle else range(count))
        case "match":
            return tuple(dice.order("right", len(right_sides(item))))
        case "order":
            found = dice.order("steps", len(item.steps))
            turn = 0
            while found == sorted(found):  # the right order is no question
                turn += 1
                found = dice.order(f"steps/{turn}", len(item.steps))
            return tuple(found)
    return ()


def _filled(item: Item, values: Values) -> Item:
    """``item`` with the numbers in its texts. What counts as the answer stays an expression."""

    def put(text: Text) -> Text:
        return {language: fill(told, values, language) for language, told in text.items()}

    return replace(
        item,
        prompt=put(item.prompt),
        explanation=put(item.explanation),
        choices=tuple(replace(one, text=put(one.text), feedback=put(one.feedback)) for one in item.choices),
        pairs=tuple(
            replace(one, left=put(one.left), right=put(one.right), feedback=put(one.feedback)) for one in item.pairs
        ),
        extra=tuple(map(put, item.extra)),
        steps=tuple(map(put, item.steps)),
        accepted=tuple(fill(one, values, "th") for one in item.accepted),
        wrong=tuple(
            replace(
                one,
                answer=one.answer if item.kind == "numeric" else fill(one.answer, values, "th"),
                feedback=put(one.feedback),
            )
            for one in item.wrong
        ),
        fields=tuple(
            replace(
                one,
                label=put(one.label),
                value=put(one.value),
                accepted=tuple(fill(text, values, "th") for text in one.accepted),
                options=tuple(map(put, one.options)),
                feedback=put(one.feedback),
            )
            for one in item.fields
        ),
    )


def fill(text: str, values: Values, language: str) -> str:
    """``{spent:,}`` → ``1,250,000``; ``{rate:.1}`` → ``62.5``; braces around anything else stay as they are."""

    def value_of(found: re.Match[str]) -> str:
        value = values.get(found[1])
        if isinstance(value, Fraction):
            return written(value, grouped=bool(found[2]), places=int(found[3]) if found[3] else None)
        return found[0] if value is None else value.get(language) or value.get("th", "")

    return _PLACE.sub(value_of, text)


def written(value: Fraction, *, grouped: bool = False, places: int | None = None) -> str:
    """A number in Arabic digits: with commas where ``grouped``, with as many ``places`` as it needs or as are asked."""
    shown = arithmetic.rounded(value, Fraction(10 if places is None else places))
    text = f"{abs(shown):{',' if grouped else ''}.{10 if places is None else places}f}"
    if places is None:
        text = text.rstrip("0").rstrip(".")
    return f"-{text}" if shown < 0 else text


def _check_names(item: Item) -> None:
    """A name in braces that stands for nothing is a misspelling, in an item that has names."""
    if not item.is_parametrised:
        return
    known = item.parameters.keys() | item.values.keys()
    for where, text in (("prompt", item.prompt), ("explanation", item.explanation)):
        for told in text.values():
            for found in _PLACE.finditer(told):
                if found[1] not in known:
                    fail(where, f"ไม่รู้จักชื่อ {found[0]}", f"{found[0]} stands for nothing")


def _check_sums(drawn: Drawn) -> None:
    item = drawn.item
    if item.kind != "numeric":
        return
    sums: Sequence[tuple[str, str]] = [
        ("answer", item.answer),
        ("tolerance", item.tolerance),
        *((f"wrong[{i}].answer", one.answer) for i, one in enumerate(item.wrong, start=1)),
    ]
    found = {}
    for where, expression in sums:
        try:
            found[where] = arithmetic.number(expression, drawn.values)
        except BadExpression as error:
            raise BadItem([Problem(where, f"คำนวณไม่ได้: {error}", str(error))]) from error
    if found["tolerance"] < 0:
        fail("tolerance", "ต้องไม่ติดลบ", "must not be below zero")
    if found["tolerance"] == 0 and arithmetic.rounded(found["answer"], Fraction(6)) != found["answer"]:
        fail("answer", "คำตอบมีทศนิยมยาว ให้ปัดด้วย round หรือกำหนด tolerance", "round the answer or give a tolerance")
    for where, value in found.items():
        if where.startswith("wrong") and abs(value - found["answer"]) <= found["tolerance"]:
            fail(where, "เท่ากับคำตอบที่ถูก", "is the right answer for some numbers")
