"""Questions as a page shows them: while they are answered, and afterwards with what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from grading.models import QuizAttempt, in_language
from grading.prompts import markdown_html
from grading.quizzes import drawing, marking
from grading.quizzes.drawing import Drawn, Question
from grading.quizzes.items import Text
from grading.quizzes.marking import Mark


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    text: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Control:
    """One line of a question: a label with something to choose from, or to type into."""

    id: str
    label: str
    value: str
    options: Sequence[Option] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """One question of the page; ``name`` is what its fields are called in the form."""

    number: int
    name: str
    kind: str
    prompt: SafeString
    points: float
    options: Sequence[Option] = ()
    controls: Sequence[Control] = ()
    unit: str = ""
    is_answered: bool = False


def shown(place: int, one: Drawn, answer: Sequence[str]) -> Shown:
    """A question with what was answered so far. What is right is not in it."""
    question = drawing.question(one)
    name = f"q{place}"
    return Shown(
        number=place + 1,
        name=name,
        kind=question.kind,
        prompt=prompt_html(question.prompt),
        points=question.points,
        options=[Option(str(i), in_language(text), str(i) in answer) for i, text in enumerate(question.choices)],
        controls=controls(name, question, answer),
        unit=in_language(question.unit or {}),
        is_answered=marking.is_answered(one, answer),
    )


def controls(name: str, question: Question, answer: Sequence[str]) -> list[Control]:
    if question.kind in ("single", "multiple"):
        return []
    if not question.lines:
        return [Control(f"{name}-0", "", answer[0] if answer else "")]
    found = []
    for i, line in enumerate(question.lines):
        given = answer[i] if i < len(answer) else _standing(line) if question.kind == "record" else ""
        if question.kind == "order":
            texts = [(str(n), str(n)) for n in range(1, len(question.lines) + 1)]
            given = given if given in dict(texts) else ""
        else:
            texts = [(str(n), in_language(option)) for n, option in enumerate(line.options)]
        options = [Option(value, text, value == given) for value, text in texts]
        found.append(Control(f"{name}-{i}", in_language(line.label), given, options))
    return found


def _standing(line: drawing.Line) -> str:
    """What a record's field holds before anything was put right, in the reader's language."""
    if not line.options:
        return in_language(line.value)
    return next(
        (str(n) for n, option in enumerate(line.options) if option == line.value or _meet(option, line.value)), ""
    )


def _meet(option: Text, value: Text) -> bool:
    return not set(option.values()).isdisjoint(value.values())


def prompt_html(text: Text) -> SafeString:
    return mark_safe(markdown_html(in_language(text)))  # noqa: S308 - sanitised there


@dataclass(frozen=True, slots=True)
class ResultRow:
    label: str
    given: str
    expected: str
    verdict: str  # "right", "wrong", "missed" or ""
    feedback: str


@dataclass(frozen=True, slots=True)
class Result:
    """One question with its mark. What may not be shown yet is empty."""

    number: int
    kind: str
    prompt: SafeString
    points: float
    max_points: float
    state: str  # "right", "partly", "wrong" or "unanswered"
    rows: Sequence[ResultRow]
    explanation: SafeString | str
    source: str


def results(attempt: QuizAttempt, *, with_answers: bool) -> list[Result]:
    """Every question of a finished attempt; right answers and explanations of what went wrong only ``with_answers``."""
    return [result(place, one, mark, with_answers) for place, (one, mark) in enumerate(attempt.marks())]


def result(place: int, one: Drawn, mark: Mark, with_answers: bool) -> Result:
    state = "right" if mark.is_right else "partly" if mark.share else "wrong" if mark.is_answered else "unanswered"
    explains = with_answers or mark.is_right
    return Result(
        number=place + 1,
        kind=one.item.kind,
        prompt=prompt_html(one.item.prompt),
        points=one.item.points * mark.share,
        max_points=one.item.points,
        state=state,
        rows=[row for row in (result_row(one, row, with_answers) for row in mark.rows) if row],
        explanation=prompt_html(one.item.explanation) if explains and one.item.explanation else "",
        source=in_language(one.item.source),
    )


def result_row(one: Drawn, row: marking.Row, with_answers: bool) -> ResultRow | None:
    """None for what would tell the answer too early, or tells nothing."""
    given, expected = in_language(row.given), in_language(row.expected)
    if one.item.kind == "multiple":
        if not given and not (with_answers and expected):
            return None
        verdict = "missed" if not given else "right" if row.is_right else "wrong"
        return ResultRow(in_language(row.label), "", "", verdict, in_language(row.feedback))
    verdict = "" if row.is_right is None else "right" if row.is_right else "wrong"
    return ResultRow(
        in_language(row.label),
        given,
        expected if with_answers and verdict == "wrong" else "",
        verdict,
        in_language(row.feedback),
    )
