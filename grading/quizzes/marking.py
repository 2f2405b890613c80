"""What an answer is worth, and what to tell whoever gave it. Pure.

An answer is a list of strings as a form sends them, in the order of the question's parts: the places of the chosen
choices; for each left-hand side the place of the right-hand side; for each step its number; the text of each field.
A learner writes it: whatever it holds is an answer, a poor one at worst.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from grading.quizzes import arithmetic
from grading.quizzes.drawing import Drawn, right_sides, written
from grading.quizzes.items import RecordField, Text
from grading.thai_fold import fold

LONGEST_ANSWER = 500

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_DASHES = str.maketrans({"−": "-", "–": "-"})


@dataclass(frozen=True, slots=True)
class Row:
    """One part of an answer: what it is about, what was given, what was right, and the author's word on it.

    ``is_right`` is None where the part neither gains nor loses: a choice that was rightly left alone.
    """

    label: Text
    given: Text
    expected: Text
    is_right: bool | None
    feedback: Text


@dataclass(frozen=True, slots=True)
class Mark:
    """``share`` 0 to 1 of the item's points."""

    share: float
    is_answered: bool
    rows: tuple[Row, ...] = ()

    @property
    def is_right(self) -> bool:
        return self.share > 1 - 1e-9


def tidy(answer: object, parts: int) -> list[str]:
    """What may be stored of an answer that came from outside: at most ``parts`` short strings."""
    given = answer if isinstance(answer, (list, tuple)) else []
    return [str(one).replace("\0", "")[:LONGEST_ANSWER] for one in given[:parts] if isinstance(one, (str, int))]


def parts_of(drawn: Drawn) -> int:
    """How many strings an answer has at most."""
    item = drawn.item
    return len(item.choices) or len(item.pairs) or len(item.steps) or len(item.fields) or 1


def is_answered(drawn: Drawn, answer: Sequence[str]) -> bool:
    """Whether anything was answered. A record that was left as it stands is not."""
    if drawn.item.kind == "record":
        return any(not _is_same(one, given) for one, given in zip(drawn.item.fields, answer, strict=False))
    return any(one.strip() for one in answer)


def mark(drawn: Drawn, answer: Sequence[str]) -> Mark:
    """What ``answer`` is worth."""
    share, rows = _MARKING[drawn.item.kind](drawn, answer)
    return Mark(share, is_answered(drawn, answer), tuple(rows))


def answer_key(drawn: Drawn) -> list[str]:
    """An answer that is worth full marks, as a form would send it. It belongs in no page before the attempt is over."""
    item, at = drawn.item, list(drawn.order)
    match item.kind:
        case "single" | "multiple":
            return [str(at.index(i)) for i, choice in enumerate(item.choices) if choice.is_correct]
        case "match":
            rights = right_sides(item)
            return [str(at.index(rights.index(pair.right))) for pair in item.pairs]
        case "order":
            return [str(step + 1) for step in at]
        case "numeric":
            return [written(arithmetic.number(item.answer, drawn.values))]
        case "text":
            return [item.accepted[0]]
        case _:
            return [_put_right(one) for one in item.fields]


def _put_right(one: RecordField) -> str:
    if not one.accepted:
        return _standing(one)
    return str(_option(one, one.accepted[0])) if one.options else one.accepted[0]


# --- Choosing ---


def _single(drawn: Drawn, answer: Sequence[str]) -> tuple[float, Iterable[Row]]:
    choices = drawn.item.choices
    expected = next(choice for choice in choices if choice.is_correct)
    place = _place(answer[0] if answer else "", len(drawn.order))
    if place is None:
        return 0.0, [Row({}, {}, expected.text, False, {})]
    chosen = choices[drawn.order[place]]
    return float(chosen.is_correct), [Row({}, chosen.text, expected.text, chosen.is_correct, chosen.feedback)]


def _multiple(drawn: Drawn, answer: Sequence[str]) -> tuple[float, Iterable[Row]]:
    """Each right choice adds its part, each wrong one takes one away: ticking everything is worth nothing."""
    choices = drawn.item.choices
    places = {_place(one, len(drawn.order)) for one in answer}
    chosen = {drawn.order[place] for place in places if place is not None}
    right = [i for i, choice in enumerate(choices) if choice.is_correct]
    wrong = len(choices) - len(right)
    found = len(chosen & set(right)) / len(right) - (len(chosen - set(right)) / wrong if wrong else 0)
    rows = []
    for i in drawn.order:
        choice, is_chosen = choices[i], i in chosen
        verdict = choice.is_correct if is_chosen else (False if choice.is_correct else None)
        rows.append(
            Row(
                choice.text,
                choice.text if is_chosen else {},
                choice.text if choice.is_correct else {},
                verdict,
                choice.feedback if is_chosen or choice.is_correct else {},
            )
        )
    return max(found, 0.0), rows


def _place(text: str, count: int) -> int | None:
    """A place in a list, as a form sends it."""
    return int(text) if re.fullmatch(r"[0-9]{1,2}", text) and int(text) < count else None


# --- Matching and ordering ---


def _match(drawn: Drawn, answer: Sequence[str]) -> tuple[float, Iterable[Row]]:
    rights = right_sides(drawn.item)
    rows = []
    for pair, given in _by_part(drawn.item.pairs, answer):
        place = _place(given, len(drawn.order))
        told = rights[drawn.order[place]] if place is not None else {}
        is_right = told.get("th") == pair.right.get("th") and bool(told)
        rows.append(Row(pair.left, told, pair.right, is_right, {} if is_right else pair.feedback))
    return sum(row.is_right is True for row in rows) / len(rows), rows


def _order(drawn: Drawn, answer: Sequence[str]) -> tuple[float, Iterable[Row]]:
    """By how many pairs of steps stand in the right order; as many wrong as right, as by chance, is worth nothing."""
    steps = drawn.item.steps
    rank = {step: _rank(given) for step, given in _by_part(drawn.order, answer)}
    pairs = [(a, b) for b in range(len(steps)) for a in range(b)]
    right = sum(rank[a] is not None and rank[b] is not None and rank[a] < rank[b] for a, b in pairs)  # type: ignore[operator]
    rows = []
    for i, step in enumerate(steps):
        given = rank[i]
        rows.append(Row(step, _same(str(given or "")), _same(str(i + 1)), given == i + 1, {}))
    return max(2 * right / len(pairs) - 1, 0.0), rows


def _rank(text: str) -> int | None:
    folded = fold(text)
    return int(folded) if re.fullmatch(r"[1-9][0-9]?", folded) else None


# --- Writing ---


def _numeric(drawn: Drawn, answer: Sequence[str]) -> tuple[float, Iterable[Row]]:
    item = drawn.item
    right = arithmetic.number(item.answer, drawn.values)
    tolerance = arithmetic.number(item.tolerance, drawn.values)
    told = answer[0] if answer else ""
    given = read_number(told, item.unit)
    is_right = given is not None and abs(given - right) <= tolerance
    feedback: Text = {}
    if given is not None and not is_right:
        typical = ((one, arithmetic.number(one.answer, drawn.values)) for one in item.wrong)
        feedback = next((one.feedback for one, value in typical if abs(given - value) <= tolerance), {})
    elif given is None and told.strip():
        feedback = {"th": "คำตอบนี้อ่านเป็นตัวเลขไม่ได้", "en": "This cannot be read as a number."}
    expected = {
        language: f"{written(right, grouped=True)} {item.unit.get(language, '')}".strip() for language in ("th", "en")
    }
    return float(is_right), [Row({}, _same(told), expected, is_right, feedback)]


def read_number(text: str, unit: Text | None = None) -> Fraction | None:
    """``๑,๒๕๐.๕ บาท`` → 1250.5. A comma parts thousands only; None when it is no number."""
    folded = fold(text).translate(_DASHES)
    for ending in sorted((*(unit or {}).values(), "%"), key=len, reverse=True):
        folded = folded.removesuffix(fold(ending)).strip()
    folded = folded.replace(" ", "")
    if _GROUPED.fullmatch(folded):
        folded = folded.replace(",", "")
    return Fraction(folded) if len(folded) <= 40 and _PLAIN.fullmatch(folded) else None


def _text(drawn: Drawn, answer: Sequence[str]) -> tuple[float, Iterable[Row]]:
    item = drawn.item
    told = answer[0] if answer else ""
    key = spelling(told, exact=item.exact)
    is_right = bool(key) and key in {spelling(one, exact=item.exact) for one in item.accepted}
    typical = (one.feedback for one in item.wrong if spelling(one.answer, exact=item.exact) == key)
    feedback = {} if is_right or not key else next(typical, {})
    return float(is_right), [Row({}, _same(told), _same(item.accepted[0]), is_right, feedback)]


def spelling(text: str, *, exact: bool = False) -> str:
    """What is compared: Thai in one spelling, and unless ``exact`` without case, spaces, quotes or a last full stop."""
    folded = fold(text)
    if exact:
        return folded
    return re.sub(r"[\s\"'“”‘’]", "", folded).casefold().rstrip(".ฯ")


def _record(drawn: Drawn, answer: Sequence[str]) -> tuple[float, Iterable[Row]]:
    """Each fault that is put right adds its part, each right field that was changed takes as much away."""
    fields = drawn.item.fields
    needed = sum(bool(one.accepted) for one in fields)
    found, rows = 0, []
    for i, one in enumerate(fields):
        # A field that was not sent is as it stood.
        given = answer[i] if i < len(answer) else _standing(one)
        told = _told(one, given)
        if one.accepted:
            is_right: bool | None = spelling_of(one, given) in _accepted(one)
            found += bool(is_right)
            expected = _option_or_text(one, one.accepted[0])
        else:
            is_right = None if _is_same(one, given) else False
            found -= is_right is False
            expected = one.value
        rows.append(Row(one.label, told, expected, is_right, one.feedback if is_right is False else {}))
    return max(found / needed, 0.0), rows


def _standing(one: RecordField) -> str:
    """What the form holds before anything was changed."""
    return str(_option(one, one.value.get("th", ""))) if one.options else one.value.get("th", "")


def _option(one: RecordField, text: str) -> int | None:
    return next((i for i, option in enumerate(one.options) if text in option.values()), None)


def spelling_of(one: RecordField, given: str) -> str:
    if one.options:
        place = _place(given, len(one.options))
        return "" if place is None else str(place)
    return spelling(given)


def _accepted(one: RecordField) -> set[str]:
    if one.options:
        return {str(_option(one, text)) for text in one.accepted}
    return {spelling(text) for text in one.accepted}


def _is_same(one: RecordField, given: str) -> bool:
    if one.options:
        return given == _standing(one)
    return spelling(given) in {spelling(text) for text in one.value.values()} or (not one.value and not given.strip())


def _told(one: RecordField, given: str) -> Text:
    if one.options:
        place = _place(given, len(one.options))
        return one.options[place] if place is not None else {}
    # What was left alone reads in the reader's language.
    return one.value if _is_same(one, given) else _same(given)


def _option_or_text(one: RecordField, text: str) -> Text:
    place = _option(one, text) if one.options else None
    return one.options[place] if place is not None else _same(text)


def _by_part[T](parts: Sequence[T], answer: Sequence[str]) -> list[tuple[T, str]]:
    return [(part, answer[i] if i < len(answer) else "") for i, part in enumerate(parts)]


def _same(text: str) -> Text:
    return {"th": text, "en": text} if text else {}


_MARKING = {
    "single": _single,
    "multiple": _multiple,
    "match": _match,
    "order": _order,
    "numeric": _numeric,
    "text": _text,
    "record": _record,
}
