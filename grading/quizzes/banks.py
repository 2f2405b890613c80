"""A file of items: TOML as people write it, JSON as programs do; the same shape in both. Pure.

``bank`` says what it is, each ``item`` is one question, each ``quiz`` draws some of them (docs/quizzes.md).
"""

import json
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from grading.quizzes import drawing
from grading.quizzes.items import BadItem, Item, Problem, Reader, Text, read

LARGEST_FILE = 5 * 1024 * 1024
MOST_ITEMS = 2000


@dataclass(frozen=True, slots=True)
class Draw:
    """So many items of a pool (empty: of the whole bank), of one difficulty where one is named."""

    count: int
    pool: str = ""
    difficulty: int | None = None


@dataclass(frozen=True, slots=True)
class Quiz:
    """A set of items and the rules by which it is taken. ``minutes`` and ``max_attempts``: None is no limit."""

    code: str
    title: Text
    draws: Sequence[Draw]
    intro: Text
    pass_percent: int = 70
    max_attempts: int | None = 3
    minutes: int | None = None
    cooldown_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Bank:
    """What a file declares. ``items`` are pairs of the item and the plain data that declared it."""

    code: str
    title: Text
    licence: str
    items: Sequence[tuple[Item, Mapping[str, Any]]]
    quizzes: Sequence[Quiz] = ()


class BadBank(ValueError):
    """A file that is no bank, or holds items that are none. ``problems`` are (item's id or number, problem)."""

    def __init__(self, problems: Sequence[tuple[str, Problem]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{item} {one.where}: {one.en}".strip() for item, one in problems))


def read_file(content: bytes) -> Bank:
    """A bank from TOML or JSON. Raises BadBank with everything that is wrong with it."""
    if len(content) > LARGEST_FILE:
        raise _bad("แฟ้มใหญ่เกินไป", "the file is too large")
    try:
        text = content.decode("utf-8-sig")
        data = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _bad(f"อ่านแฟ้มไม่ได้: {error}", f"cannot be read: {error}") from error
    return read_bank(data)


def read_bank(data: Any) -> Bank:
    """A bank from parsed data. Raises BadBank."""
    if not isinstance(data, Mapping) or not isinstance(data.get("bank"), Mapping):
        raise _bad("ไม่มีส่วน bank", "the part “bank” is missing")
    declared = data.get("item", [])
    if not isinstance(declared, list) or len(declared) > MOST_ITEMS:
        raise _bad(f"ต้องมีไม่เกิน {MOST_ITEMS} ข้อ", f"at most {MOST_ITEMS} items")
    head, reader = data["bank"], Reader()
    reader.unknown("bank", head, ("code", "title", "licence"))
    code = reader.code("bank.code", head.get("code"))
    title = reader.text("bank.title", head.get("title"))
    licence = reader.string("bank.licence", head.get("licence", "CC BY 4.0"))
    problems = [("", one) for one in reader.problems]
    items = []
    for number, one in enumerate(declared, start=1):
        try:
            item = read(one)
            drawing.check(item)
            items.append((item, one))
        except BadItem as error:
            name = one.get("id") if isinstance(one, Mapping) else None
            problems += [(str(name or f"#{number}"), problem) for problem in error.problems]
    quizzes = [_quiz(one, number, items, problems) for number, one in enumerate(_list(data.get("quiz", [])), start=1)]
    for twice, count in Counter(item.id for item, _ in items).items():
        if count > 1:
            problems.append((twice, Problem("id", "รหัสซ้ำกัน", "two items have this id")))
    if problems:
        raise BadBank(problems)
    return Bank(code, title, licence, items, quizzes)


_OF_QUIZ = ("code", "title", "intro", "draws", "pass_percent", "max_attempts", "minutes", "cooldown_minutes")


def _quiz(data: Any, number: int, items: Sequence[tuple[Item, Any]], problems: list[tuple[str, Problem]]) -> Quiz:
    """A declared quiz; what is wrong with it is added to ``problems``."""
    data = data if isinstance(data, Mapping) else {}
    reader = Reader()
    reader.unknown("quiz", data, _OF_QUIZ)
    draws = [_draw(reader, at, one, items) for at, one in reader.tables("draws", data, _OF_DRAW, at_least=1)]
    limits = {
        name: int(reader.number(name, data[name], low, high)) or None
        for name, low, high in (("max_attempts", 0, 100), ("minutes", 0, 600))
        if name in data
    }
    quiz = Quiz(
        code=reader.code("code", data.get("code")),
        title=reader.text("title", data.get("title")),
        intro=reader.text("intro", data.get("intro", ""), required=False),
        draws=draws,
        pass_percent=int(reader.number("pass_percent", data.get("pass_percent", 70), 1, 100)),
        cooldown_minutes=int(reader.number("cooldown_minutes", data.get("cooldown_minutes", 0), 0, 100_000)),
        **limits,
    )
    problems += [(quiz.code or f"quiz #{number}", problem) for problem in reader.problems]
    return quiz


_OF_DRAW = ("pool", "count", "difficulty")


def _draw(reader: Reader, at: str, data: Mapping[str, Any], items: Sequence[tuple[Item, Any]]) -> Draw:
    difficulty = data.get("difficulty")
    draw = Draw(
        count=int(reader.number(f"{at}.count", data.get("count"), 1, 100)),
        pool=reader.code(f"{at}.pool", data.get("pool", ""), required=False),
        difficulty=None if difficulty is None else int(reader.number(f"{at}.difficulty", difficulty, 1, 3)),
    )
    there = sum(
        (not draw.pool or item.pool == draw.pool) and draw.difficulty in (None, item.difficulty) for item, _ in items
    )
    if there < draw.count:
        reader.bad(at, f"มีข้อสอบเพียง {there} ข้อ", f"there are only {there} such items")
    return draw


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def write(bank: Bank) -> bytes:
    """The bank as JSON, to be read by ``read_file`` again."""
    head = {"code": bank.code, "title": dict(bank.title), "licence": bank.licence}
    data = {
        "bank": head,
        "item": [dict(declared) for _, declared in bank.items],
        "quiz": [_declared(quiz) for quiz in bank.quizzes],
    }
    return json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n"


def _declared(quiz: Quiz) -> dict[str, Any]:
    draws = [{name: value for name, value in asdict(draw).items() if value} for draw in quiz.draws]
    # 0 stands for "no limit": leaving it out would bring the usual one back.
    rest = {name: getattr(quiz, name) or 0 for name in _OF_QUIZ if name not in ("title", "intro", "draws", "code")}
    return {"code": quiz.code, "title": dict(quiz.title), "intro": dict(quiz.intro), "draws": draws, **rest}


def _bad(th: str, en: str) -> BadBank:
    return BadBank([("", Problem("", th, en))])
