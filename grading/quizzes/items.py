"""One item of a quiz, as it is declared (docs/quizzes.md), and what is wrong with a declaration. Pure.

An item is kept as the plain data that its author declared; ``read`` turns it into the values below, or says what is
wrong, all of it at once. Texts have two languages; where one text serves both, a plain string does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn, TypeGuard

from grading.quizzes.arithmetic import FUNCTION_NAMES

LANGUAGES = ("th", "en")
KINDS = ("single", "multiple", "match", "order", "numeric", "text", "record")
LONGEST_TEXT = 5000
MOST_PARTS = 20  # choices, pairs, steps, fields of one item
MOST_VALUES = 20  # parameters and computed values of one item

Text = Mapping[str, str]

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a declaration, and where: ``choices[2].text``. For authors."""

    where: str
    th: str
    en: str


class BadItem(ValueError):
    """A declaration that is no item. ``problems`` names everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.where}: {one.en}" for one in problems))


@dataclass(frozen=True, slots=True)
class Choice:
    text: Text
    is_correct: bool
    feedback: Text


@dataclass(frozen=True, slots=True)
class Pair:
    """What belongs together in a match item."""

    left: Text
    right: Text
    feedback: Text


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """A typical wrong answer of a numeric or short text item, and what to tell those who give it."""

    answer: str
    feedback: Text


@dataclass(frozen=True, slots=True)
class RecordField:
    """A field of a record to be put right. ``accepted`` is empty where the field is right as it stands.

    With ``options`` the field is chosen from them, and ``accepted`` and ``value`` are among them.
    """

    label: Text
    value: Text
    accepted: tuple[str, ...]
    options: tuple[Text, ...]
    feedback: Text


@dataclass(frozen=True, slots=True)
class Parameter:
    """A name that differs from learner to learner: from ``low`` to ``high`` by ``step``, or one of ``choices``."""

    low: Fraction = Fraction(0)
    high: Fraction = Fraction(0)
    step: Fraction = Fraction(1)
    choices: tuple[Fraction | Text, ...] = ()

    def __len__(self) -> int:
        return len(self.choices) or int((self.high - self.low) // self.step) + 1

    def __getitem__(self, index: int) -> "Fraction | Text":
        return self.choices[index] if self.choices else self.low + index * self.step


@dataclass(frozen=True, slots=True)
class Item:
    """One question. What of it a kind does not have is empty."""

    id: str
    kind: str
    prompt: Text
    source: Text
    pool: str = ""
    points: float = 1.0
    difficulty: int = 2
    tags: tuple[str, ...] = ()
    explanation: Text = field(default_factory=dict)
    shuffle: bool = True
    choices: tuple[Choice, ...] = ()
    pairs: tuple[Pair, ...] = ()
    extra: tuple[Text, ...] = ()  # right-hand sides that belong to nothing
    steps: tuple[Text, ...] = ()  # in their right order
    answer: str = ""
    tolerance: str = "0"
    unit: Text = field(default_factory=dict)
    accepted: tuple[str, ...] = ()
    exact: bool = False
    wrong: tuple[WrongAnswer, ...] = ()
    fields: tuple[RecordField, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()

    @property
    def is_parametrised(self) -> bool:
        return bool(self.parameters)


def read(data: Any) -> Item:
    """The item that ``data`` (parsed TOML or JSON) declares. Raises BadItem with everything that is wrong."""
    reader = Reader()
    item = reader.item(data)
    if reader.problems or item is None:
        raise BadItem(reader.problems)
    return item


_COMMON = ("id", "kind", "prompt", "source", "pool", "points", "difficulty", "tags", "explanation")
_VARYING = ("parameters", "values", "where")
_OF_KIND = {
    "single": ("choices", "shuffle"),
    "multiple": ("choices", "shuffle"),
    "match": ("pairs", "extra"),
    "order": ("steps",),
    "numeric": ("answer", "tolerance", "unit", "wrong"),
    "text": ("accepted", "exact", "wrong"),
    "record": ("fields",),
}


class Reader:
    """Reads one declaration and notes what is wrong; what cannot be read becomes something harmless meanwhile."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def bad(self, where: str, th: str, en: str) -> None:
        self.problems.append(Problem(where, th, en))

    def item(self, data: Any) -> Item | None:
        if not isinstance(data, Mapping):
            self.bad("", "ข้อสอบต้องเป็นชุดของชื่อและค่า", "an item is a table of names and values")
            return None
        kind = data.get("kind")
        if kind not in KINDS:
            kinds = ", ".join(KINDS)
            self.bad("kind", f"ต้องเป็นหนึ่งใน {kinds}", f"must be one of {kinds}")
            return None
        self.unknown("", data, (*_COMMON, *_VARYING, *_OF_KIND[kind]))
        parameters = self._parameters(data.get("parameters", {}))
        common: dict[str, Any] = {
            "id": self.code("id", data.get("id")),
            "kind": kind,
            "prompt": self.text("prompt", data.get("prompt")),
            "source": self.text("source", data.get("source")),
            "pool": self.code("pool", data.get("pool", ""), required=False),
            "points": float(self.number("points", data.get("points", 1), 0.01, 100)),
            "difficulty": int(self.number("difficulty", data.get("difficulty", 2), 1, 3)),
            "tags": tuple(self.code(f"tags[{i}]", tag) for i, tag in self._list("tags", data.get("tags", []))),
            "explanation": self.text("explanation", data.get("explanation", ""), required=False),
            "parameters": parameters,
            "values": self._values(data.get("values", {}), parameters),
            "where": tuple(self.string(f"where[{i}]", one) for i, one in self._list("where", data.get("where", []))),
        }
        return Item(**common, **getattr(self, f"_{kind}")(data))

    # --- Kinds ---

    def _single(self, data: Mapping[str, Any]) -> dict[str, Any]:
        found = self._multiple(data)
        if sum(choice.is_correct for choice in found["choices"]) > 1:
            self.bad("choices", "ข้อแบบเลือกหนึ่งต้องมีคำตอบถูกเพียงข้อเดียว", "exactly one choice is correct")
        return found

    def _multiple(self, data: Mapping[str, Any]) -> dict[str, Any]:
        choices = [
            Choice(
                self.text(f"{at}.text", one.get("text")),
                self._flag(f"{at}.correct", one.get("correct", False)),
                self.text(f"{at}.feedback", one.get("feedback", ""), required=False),
            )
            for at, one in self.tables("choices", data, ("text", "correct", "feedback"), at_least=2)
        ]
        self._differ("choices", [choice.text for choice in choices])
        if choices and not any(choice.is_correct for choice in choices):
            self.bad("choices", "ต้องมีคำตอบถูกอย่างน้อยหนึ่งข้อ", "at least one choice is correct")
        return {"choices": tuple(choices), "shuffle": self._flag("shuffle", data.get("shuffle", True))}

    def _match(self, data: Mapping[str, Any]) -> dict[str, Any]:
        pairs = [
            Pair(
                self.text(f"{at}.left", one.get("left")),
                self.text(f"{at}.right", one.get("right")),
                self.text(f"{at}.feedback", one.get("feedback", ""), required=False),
            )
            for at, one in self.tables("pairs", data, ("left", "right", "feedback"), at_least=2)
        ]
        extra = [self.text(f"extra[{i}]", one) for i, one in self._list("extra", data.get("extra", []))]
        self._differ("pairs", [pair.left for pair in pairs])
        # Two left sides may share a right side; an extra one must not be a right answer in disguise.
        self._differ("extra", [*_unique([pair.right for pair in pairs]), *extra])
        return {"pairs": tuple(pairs), "extra": tuple(extra)}

    def _order(self, data: Mapping[str, Any]) -> dict[str, Any]:
        steps = [self.text(f"steps[{i}]", one) for i, one in self._list("steps", data.get("steps"), at_least=3)]
        self._differ("steps", steps)
        return {"steps": tuple(steps)}

    def _numeric(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "answer": self._expression("answer", data.get("answer")),
            "tolerance": self._expression("tolerance", data.get("tolerance", 0)),
            "unit": self.text("unit", data.get("unit", ""), required=False),
            "wrong": tuple(self._wrong(data, self._expression)),
        }

    def _text(self, data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "accepted": tuple(
                self.string(f"accepted[{i}]", one)
                for i, one in self._list("accepted", data.get("accepted"), at_least=1)
            ),
            "exact": self._flag("exact", data.get("exact", False)),
            "wrong": tuple(self._wrong(data, self.string)),
        }

    def _wrong(self, data: Mapping[str, Any], answer: Any) -> Iterator[WrongAnswer]:
        for at, one in self.tables("wrong", data, ("answer", "feedback"), required=False):
            yield WrongAnswer(
                answer(f"{at}.answer", one.get("answer")), self.text(f"{at}.feedback", one.get("feedback"))
            )

    def _record(self, data: Mapping[str, Any]) -> dict[str, Any]:
        names = ("label", "value", "accepted", "options", "feedback")
        fields = []
        for at, one in self.tables("fields", data, names, at_least=2):
            options = [
                self.text(f"{at}.options[{i}]", o) for i, o in self._list(f"{at}.options", one.get("options", []))
            ]
            accepted = [
                self.string(f"{at}.accepted[{i}]", a) for i, a in self._list(f"{at}.accepted", one.get("accepted", []))
            ]
            value = self.text(f"{at}.value", one.get("value", ""), required=False)
            known = {option[language] for option in options for language in LANGUAGES if language in option}
            if options and not {*accepted, *value.values()} <= known:
                self.bad(at, "ค่าและคำตอบต้องเป็นหนึ่งในตัวเลือก", "value and accepted must be among the options")
            fields.append(
                RecordField(
                    self.text(f"{at}.label", one.get("label")),
                    value,
                    tuple(accepted),
                    tuple(options),
                    self.text(f"{at}.feedback", one.get("feedback", ""), required=False),
                )
            )
        self._differ("fields", [one.label for one in fields])
        if fields and not any(one.accepted for one in fields):
            self.bad("fields", "ต้องมีอย่างน้อยหนึ่งช่องที่ต้องแก้", "at least one field has something to put right")
        return {"fields": tuple(fields)}

    # --- What varies ---

    def _parameters(self, data: Any) -> dict[str, Parameter]:
        found = {}
        for name, one in self._named("parameters", data):
            at = f"parameters.{name}"
            if not isinstance(one, Mapping):
                self.bad(at, "ต้องมี from, to, step หรือ choices", "needs from, to, step, or choices")
                continue
            self.unknown(at, one, ("from", "to", "step", "choices"))
            found[name] = self._choices(at, one) if "choices" in one else self._range(at, one)
        return found

    def _choices(self, at: str, one: Mapping[str, Any]) -> Parameter:
        listed = self._list(f"{at}.choices", one["choices"], at_least=2)
        return Parameter(
            choices=tuple(
                _fraction(value) if _is_number(value) else self.text(f"{at}.choices[{i}]", value) for i, value in listed
            )
        )

    def _range(self, at: str, one: Mapping[str, Any]) -> Parameter:
        low, high, step = one.get("from"), one.get("to"), one.get("step", 1)
        if not (_is_number(low) and _is_number(high) and _is_number(step)):
            self.bad(at, "from, to และ step ต้องเป็นตัวเลข", "from, to and step are numbers")
            return Parameter()
        found = (_fraction(low), _fraction(high), _fraction(step))
        if found[2] <= 0 or found[0] >= found[1] or (found[1] - found[0]) / found[2] > 10**6:
            self.bad(at, "from ต้องน้อยกว่า to และ step ต้องมากกว่า 0", "from must be below to, step above 0")
            return Parameter()
        return Parameter(*found)

    def _values(self, data: Any, parameters: Mapping[str, Parameter]) -> dict[str, str]:
        found = {name: self._expression(f"values.{name}", one) for name, one in self._named("values", data)}
        for name in found.keys() & parameters.keys():
            self.bad(f"values.{name}", "ชื่อซ้ำกับพารามิเตอร์", "is the name of a parameter already")
        return found

    def _named(self, at: str, data: Any) -> Iterator[tuple[str, Any]]:
        if not isinstance(data, Mapping) or len(data) > MOST_VALUES:
            self.bad(at, f"ต้องเป็นชื่อและค่า ไม่เกิน {MOST_VALUES} ชื่อ", f"names with values, {MOST_VALUES} at most")
            return
        for name, one in data.items():
            if not (isinstance(name, str) and _NAME.fullmatch(name)) or name in FUNCTION_NAMES:
                self.bad(f"{at}.{name}", "ชื่อต้องเป็น a-z, 0-9 และ _", "a name is a-z, 0-9 and _")
            else:
                yield name, one

    # --- Small things ---

    def text(self, at: str, value: Any, *, required: bool = True) -> Text:
        """``{"th", "en"}`` without surrounding space; a string is both. Empty when it is none."""
        if isinstance(value, str):
            value = dict.fromkeys(LANGUAGES, value)
        if not isinstance(value, Mapping) or not set(value) <= set(LANGUAGES):
            self.bad(at, "ต้องเป็นข้อความ หรือ { th, en }", "must be a text, or { th, en }")
            return {}
        texts = {language: self._storable(at, value[language]) for language in LANGUAGES if language in value}
        told = {language: text for language, text in texts.items() if text}
        if required and "th" not in told:
            self.bad(at, "ต้องมีข้อความภาษาไทย", "the Thai text is missing")
        return told

    def string(self, at: str, value: Any) -> str:
        text = self._storable(at, str(value) if _is_number(value) else value)
        if not text:
            self.bad(at, "ต้องไม่ว่าง", "must not be empty")
        return text

    def _storable(self, at: str, value: Any) -> str:
        if not isinstance(value, str):
            self.bad(at, "ต้องเป็นข้อความ", "must be a text")
            return ""
        if len(value) > LONGEST_TEXT:
            self.bad(at, f"ยาวเกิน {LONGEST_TEXT} ตัวอักษร", f"is longer than {LONGEST_TEXT} characters")
            return ""
        return value.replace("\0", "").strip()

    def _expression(self, at: str, value: Any) -> str:
        return self.string(at, value) if isinstance(value, str) or _is_number(value) else self.string(at, "")

    def code(self, at: str, value: Any, *, required: bool = True) -> str:
        if value == "" and not required:
            return ""
        if not isinstance(value, str) or len(value) > 60 or not _CODE.fullmatch(value):
            self.bad(at, "ต้องเป็น a-z, 0-9 และ - ไม่เกิน 60 ตัว", "a-z, 0-9 and -, 60 at most")
            return ""
        return value

    def number(self, at: str, value: Any, low: float, high: float) -> float:
        if not _is_number(value) or not low <= value <= high:
            self.bad(at, f"ต้องเป็นตัวเลข {low:g} ถึง {high:g}", f"a number from {low:g} to {high:g}")
            return low
        return float(value)

    def _flag(self, at: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self.bad(at, "ต้องเป็น true หรือ false", "true or false")
        return value is True

    def _list(self, at: str, value: Any, *, at_least: int = 0) -> Iterator[tuple[int, Any]]:
        if not isinstance(value, (list, tuple)) or not at_least <= len(value) <= MOST_PARTS:
            self.bad(at, f"ต้องมี {at_least} ถึง {MOST_PARTS} รายการ", f"a list of {at_least} to {MOST_PARTS}")
            return iter(())
        return iter(enumerate(value, start=1))

    def _each(self, at: str, value: Any) -> Iterator[tuple[str, Any]]:
        for number, one in self._list(at, value):
            yield f"{at}[{number}]", one

    def tables(
        self, at: str, data: Mapping[str, Any], names: Sequence[str], *, at_least: int = 0, required: bool = True
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        value = data.get(at) if required else data.get(at, [])
        for number, one in self._list(at, value, at_least=at_least):
            place = f"{at}[{number}]"
            if isinstance(one, Mapping):
                self.unknown(place, one, names)
                yield place, one
            else:
                self.bad(place, "ต้องเป็นชุดของชื่อและค่า", "must be a table of names and values")

    def unknown(self, at: str, data: Mapping[str, Any], names: Sequence[str]) -> None:
        for name in data:
            if name not in names:
                place = f"{at}.{name}" if at else str(name)
                self.bad(place, "ไม่รู้จักชื่อนี้", f"is not known here; known: {', '.join(names)}")

    def _differ(self, at: str, texts: Sequence[Text]) -> None:
        for language in LANGUAGES:
            told = [text[language] for text in texts if language in text]
            if len(told) != len(set(told)):
                self.bad(at, "มีข้อความซ้ำกัน", "two of them have the same text")
                return


def _unique(texts: Sequence[Text]) -> list[Text]:
    return list({text.get("th", ""): text for text in texts}.values())


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15


def _fraction(value: float) -> Fraction:
    return Fraction(repr(value))


def fail(where: str, th: str, en: str) -> NoReturn:
    """Raises BadItem for one thing."""
    raise BadItem([Problem(where, th, en)])
