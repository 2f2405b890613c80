"""Items as Moodle XML (docs.moodle.org, "Moodle XML format"): multichoice, matching, shortanswer, numerical.

Two languages travel as Moodle's multilang spans. What Moodle's core has no kind for (order, record, numbers that differ
from learner to learner) is named in ``left_out``, and left out. From Moodle, texts come without their HTML.
"""

import html
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import nh3
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from grading.markup import is_in_proportion
from grading.quizzes.banks import LARGEST_FILE, MOST_ITEMS, BadBank
from grading.quizzes.items import Item, Problem, Text

_SPAN = re.compile(r'<span(?=[^>]*class="multilang")(?=[^>]*lang="(th|en)")[^>]*>(.*?)</span>', re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Read:
    """Declared items, and (name, kind) of the questions that were left out."""

    items: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


def write(items: Sequence[Item]) -> tuple[bytes, list[str]]:
    """The items as Moodle XML, and the ids of those that have no kind there."""
    quiz, left_out = ET.Element("quiz"), []
    for item in items:
        if item.is_parametrised or item.kind not in _WRITING:
            left_out.append(item.id)
        else:
            _WRITING[item.kind](_question(quiz, item), item)
    ET.indent(quiz)
    return ET.tostring(quiz, encoding="utf-8", xml_declaration=True), left_out


_TYPES = {
    "single": "multichoice",
    "multiple": "multichoice",
    "match": "matching",
    "text": "shortanswer",
    "numeric": "numerical",
}


def _question(quiz: ET.Element, item: Item) -> ET.Element:
    question = ET.SubElement(quiz, "question", type=_TYPES[item.kind])
    _put(question, "name", {"th": item.id})
    _put(question, "questiontext", item.prompt, format="markdown")
    told = {
        language: f"{item.explanation.get(language, '')}\n\n[{source}]".strip()
        for language, source in item.source.items()
    }
    _put(question, "generalfeedback", told, format="markdown")
    ET.SubElement(question, "defaultgrade").text = f"{item.points:g}"
    ET.SubElement(question, "idnumber").text = item.id
    return question


def _put(parent: ET.Element, name: str, text: Text, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, name, attributes)
    ET.SubElement(element, "text").text = _together(text)
    return element


def _together(text: Text) -> str:
    if len(set(text.values())) <= 1:
        return next(iter(text.values()), "")
    return "".join(f'<span lang="{language}" class="multilang">{told}</span>' for language, told in text.items())


def _answer(question: ET.Element, text: Text, fraction: float, feedback: Text) -> ET.Element:
    answer = _put(question, "answer", text, fraction=f"{fraction:.5f}".rstrip("0").rstrip("."))
    _put(answer, "feedback", feedback)
    return answer


def _write_choices(question: ET.Element, item: Item) -> None:
    ET.SubElement(question, "single").text = str(item.kind == "single").lower()
    ET.SubElement(question, "shuffleanswers").text = "1" if item.shuffle else "0"
    right = sum(choice.is_correct for choice in item.choices)
    wrong = len(item.choices) - right
    for choice in item.choices:
        minus = -100 / wrong if item.kind == "multiple" and wrong else 0
        _answer(question, choice.text, 100 / right if choice.is_correct else minus, choice.feedback)


def _write_pairs(question: ET.Element, item: Item) -> None:
    for left, right in [*((pair.left, pair.right) for pair in item.pairs), *(({}, extra) for extra in item.extra)]:
        _put(_put(question, "subquestion", left), "answer", right)


def _write_text(question: ET.Element, item: Item) -> None:
    ET.SubElement(question, "usecase").text = "1" if item.exact else "0"
    for told in item.accepted:
        _answer(question, {"th": told}, 100, {})
    for wrong in item.wrong:
        _answer(question, {"th": wrong.answer}, 0, wrong.feedback)


def _write_number(question: ET.Element, item: Item) -> None:
    ET.SubElement(_answer(question, {"th": item.answer}, 100, {}), "tolerance").text = item.tolerance
    for wrong in item.wrong:
        ET.SubElement(_answer(question, {"th": wrong.answer}, 0, wrong.feedback), "tolerance").text = item.tolerance


_WRITING: Mapping[str, Callable[[ET.Element, Item], None]] = {
    "single": _write_choices,
    "multiple": _write_choices,
    "match": _write_pairs,
    "text": _write_text,
    "numeric": _write_number,
}


def read(content: bytes, *, prefix: str = "moodle") -> Read:
    """Declared items from Moodle XML; those without an id number of our shape are called ``prefix-1``, ``prefix-2`` …

    Raises:
        BadBank: it is no such file, is too large, or refers to anything outside itself.
    """
    if len(content) > LARGEST_FILE:
        raise _bad("แฟ้มใหญ่เกินไป", "the file is too large")
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, RecursionError, LookupError) as error:
        raise _bad("อ่าน XML ไม่ได้", "the XML cannot be read") from error
    questions = [one for one in root.iter("question") if one.get("type") != "category"]
    if root.tag != "quiz" or len(questions) > MOST_ITEMS:
        raise _bad("ไม่ใช่แฟ้ม Moodle XML", "this is no Moodle XML")
    found = Read()
    for number, question in enumerate(questions, start=1):
        kind = _kind(question)
        if kind is None:
            found.left_out.append((_plain(question, "name"), question.get("type") or ""))
            continue
        found.items.append(_declared(question, kind, f"{prefix}-{number}"))
    return found


def _kind(question: ET.Element) -> str | None:
    match question.get("type"):
        case "multichoice":
            return "multiple" if question.findtext("single", "true").strip() in ("false", "0") else "single"
        case "truefalse":
            return "single"
        case "matching":
            return "match"
        case "shortanswer":
            return "text"
        case "numerical":
            return "numeric"
    return None


def _declared(question: ET.Element, kind: str, usual_id: str) -> dict[str, Any]:
    number = question.findtext("idnumber", "").strip()
    source = _plain(question, "name") or "Moodle"
    found: dict[str, Any] = {
        "id": number if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", number) else usual_id,
        "kind": kind,
        "prompt": _text(question, "questiontext"),
        "source": {"th": source, "en": source},
        "points": _number(question.findtext("defaultgrade", "1"), 1.0),
    }
    if explanation := _text(question, "generalfeedback"):
        found["explanation"] = explanation
    answers = list(question.iter("answer"))
    if kind in ("single", "multiple"):
        found["choices"] = [_choice(one) for one in answers]
    elif kind == "match":
        pairs = [(_text(one), _text(one, "answer")) for one in question.iter("subquestion")]
        found["pairs"] = [{"left": left, "right": right} for left, right in pairs if left]
        found["extra"] = [right for left, right in pairs if not left and right]
    else:
        found |= _written(answers, kind)
    return found


def _choice(answer: ET.Element) -> dict[str, Any]:
    choice: dict[str, Any] = {"text": _text(answer)}
    if _number(answer.get("fraction"), 0) > 0:
        choice["correct"] = True
    if feedback := _text(answer, "feedback"):
        choice["feedback"] = feedback
    return choice


def _written(answers: Sequence[ET.Element], kind: str) -> dict[str, Any]:
    right = [one for one in answers if _number(one.get("fraction"), 0) >= 100]
    wrong = [
        {"answer": _plain(one), "feedback": feedback}
        for one in answers
        if _number(one.get("fraction"), 0) <= 0 and (feedback := _text(one, "feedback"))
    ]
    found: dict[str, Any] = {"wrong": wrong} if wrong else {}
    if kind == "text":
        return found | {"accepted": [_plain(one) for one in right]}
    answer = right[0] if right else ET.Element("answer")
    return found | {"answer": _plain(answer), "tolerance": answer.findtext("tolerance", "0").strip() or "0"}


def _text(element: ET.Element, name: str = "") -> dict[str, str]:
    """The text of an element, by language, without its HTML; both languages where it does not say."""
    raw = element.findtext(f"{name}/text" if name else "text", "") or ""
    spans = dict(_SPAN.findall(raw))
    told = spans or dict.fromkeys(("th", "en"), raw)
    found = {language: _stripped(text) for language, text in told.items()}
    return {language: text for language, text in found.items() if text}


def _plain(element: ET.Element, name: str = "") -> str:
    return next(iter(_text(element, name).values()), "")


def _stripped(text: str) -> str:
    broken = _BREAK.sub("\n", text)
    if not is_in_proportion(broken):
        return text.strip()
    return html.unescape(nh3.clean(broken, tags=set(), attributes={})).replace("\xa0", " ").strip()


def _number(text: str | None, usual: float) -> float:
    try:
        return float(text or "")
    except ValueError:
        return usual


def names(left_out: Sequence[tuple[str, str]]) -> Iterator[str]:
    """``name (kind)`` of each."""
    return (f"{name} ({kind})" for name, kind in left_out)


def _bad(th: str, en: str) -> BadBank:
    return BadBank([("", Problem("", th, en))])
