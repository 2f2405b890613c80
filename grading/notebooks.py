"""Surgery on notebooks: read one, take the solutions out, put a learner's answers back in. Pure.

The author's notebook follows nbgrader's format (cell metadata ``nbgrader``, schemas 0 to 3; ``### BEGIN SOLUTION``,
``### BEGIN HIDDEN TESTS``, ``=== BEGIN MARK SCHEME ===`` behind any comment sign, or delimiters of the author's own)
and, beyond it, hints: ``# hint(th): …`` as the first lines of a check cell. Of a learner's notebook nothing is believed
but the text of the answer cells.
"""

import ast
import json
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Any

import nbformat
import nbformat.reader
from nbformat import NotebookNode

from grading import messages

MAX_BYTES = 5 * 1024 * 1024
MAX_CELLS = 1000
MAX_DEPTH = 60

Text = dict[str, str]  # {"th": …, "en": …}

_GRADE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_HINT = re.compile(r"\s*#\s*hint([1-9]?)\((th|en)\)\s*:\s*(.*)")
_FEEDBACK = re.compile(r"\s*#\s*feedback\s*:\s*(.*)")
FEEDBACK = frozenset(["type", "shape", "difference", "tolerance"])  # what an author may allow to be told
_MAGIC = re.compile(r"^\s*[%!?]|[?]\s*$", re.MULTILINE)
_COMMENT = r"^[\W_]*"  # any sign that opens a comment in any language: whatever is neither letter nor digit
_CELL_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_KEPT_METADATA = ("kernelspec", "language_info", "title", "nbgrader")
_NEWEST_SCHEMA = 3
_LABELS = {  # what can be cut, and the settings of nbgrader that name the author's own delimiters
    "SOLUTION": ("ClearSolutions", "begin_solution_delimeter", "end_solution_delimeter"),
    "HIDDEN TESTS": ("ClearHiddenTests", "begin_test_delimeter", "end_test_delimeter"),
    "MARK SCHEME": ("ClearMarkScheme", "begin_mark_scheme_delimeter", "end_mark_scheme_delimeter"),
}
_KEPT_OF_NOTEBOOKS = frozenset(["nbformat", "nbformat_minor", "metadata", "cells", "worksheets"])
_KEPT_OF_CELLS = frozenset(  # of versions 2 to 4
    ["cell_type", "id", "metadata", "source", "attachments", "execution_count", "outputs", "input", "language", "level"]
)
_MARK = re.compile(rf"{_COMMENT}(?:BEGIN|END) (?:{'|'.join(_LABELS)})\b")
_NEARLY_A_MARK = re.compile(
    r"(?:#|//|--|%|<!--).*?"
    r"\b(?:(?:begin|end)[\W_]*(?:hidden|solution|mark[\W_]*scheme)"
    r"|(?:hidden[\W_]*tests?|solutions?)[\W_]*(?:begin|end)\b)",
    re.IGNORECASE,
)
_A_MARK_ELSEWHERE = re.compile(rf"\b(?:BEGIN|END) (?:{'|'.join(_LABELS)})\b")  # nbgrader cuts there, whatever precedes
_AUTOTEST = re.compile(r"^\s*#+\s*(?:HASHED\s+)?AUTOTEST\b", re.MULTILINE)
_STUB = "# เขียนคำตอบที่นี่\n# YOUR CODE HERE\nraise NotImplementedError()"
_TEXT_STUB = "เขียนคำตอบที่นี่ / YOUR ANSWER HERE"
_ALL_HIDDEN = "# เซลล์นี้ถูกตรวจเมื่อส่งคำตอบ\n# This check runs when you hand in."


class NotebookRefused(Exception):
    """A file that cannot be graded. ``code`` names the reason; ``th`` and ``en`` tell the person what to do."""

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.th, self.en = (messages.REFUSED[code][language].format(**details) for language in ("th", "en"))
        super().__init__(self.en)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in an author's notebook; ``cell`` counts from 1, None for the notebook as a whole."""

    cell: int | None
    th: str
    en: str

    def __str__(self) -> str:
        return f"cell {self.cell}: {self.en}" if self.cell else self.en


class AuthorError(ValueError):
    """An author's notebook that cannot be an exercise; ``problems`` says where and why, all of it at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(map(str, problems)))


class Role(StrEnum):
    """What a cell of the author's notebook is for."""

    TEXT = "text"  # Markdown or raw
    SETUP = "setup"  # code that everybody runs as written
    ANSWER = "answer"  # the learner's
    CHECK = "check"
    MANUAL = "manual"  # the learner's, read by a person


_HOMES = {"SOLUTION": (Role.ANSWER, Role.MANUAL), "HIDDEN TESTS": (Role.CHECK,), "MARK SCHEME": (Role.MANUAL,)}


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """A check as the author wrote it: the code without its hint lines, hidden parts included.

    ``hint`` is shown at the first attempt that fails it, ``more_hints`` one by one at later ones; ``feedback``: what
    the author allows to be told about the visible part, of FEEDBACK.
    """

    id: str
    max_points: float
    code: str
    hint: Text
    number: int  # of the cell, from 1
    more_hints: tuple[Text, ...] = ()
    feedback: frozenset[str] = frozenset()

    @property
    def hints(self) -> tuple[Text, ...]:
        """All levels, the first one first."""
        return (self.hint, *self.more_hints)

    @property
    def hidden_lines(self) -> list[int]:
        """The lines of ``code`` that learners do not see, from 1."""
        _, lines = _regions(self.code, "HIDDEN TESTS")
        return [number for number, (_, is_hidden) in enumerate(lines, start=1) if is_hidden]

    def hint_after(self, failures: int) -> Text:
        """The hint of a learner who failed this check ``failures`` times before."""
        return self.hints[min(failures, len(self.more_hints))]


@dataclass(frozen=True, slots=True)
class ManualPart:
    """An answer or task that a person reads; ``guide`` is what that person goes by: mark scheme, else model answer."""

    id: str
    max_points: float
    guide: str
    number: int  # of the cell, from 1
    is_task: bool = False  # answered in cells of the learner's own, below it
    model_answer: str = ""


@dataclass(frozen=True)
class Source:
    """An author's notebook, understood. ``roles`` has one entry per cell."""

    notebook: NotebookNode
    roles: tuple[Role, ...]
    checks: tuple[SourceCheck, ...]
    title: str = ""
    manual: tuple[ManualPart, ...] = ()

    @property
    def max_score(self) -> float:
        """All points: those that checks can give, and those that are a person's to give."""
        return math.fsum([self.checked_score, *(part.max_points for part in self.manual)])

    @property
    def checked_score(self) -> float:
        """The points that checks can give."""
        return math.fsum(check.max_points for check in self.checks)

    @property
    def answers(self) -> list[NotebookNode]:
        """The cells that are the learner's to fill, model solutions in them."""
        return [cell for cell, role in zip(self.notebook.cells, self.roles, strict=True) if _is_answer(role)]

    @cached_property
    def answer_names(self) -> dict[str, frozenset[str]]:
        """What each answer with code defines at its outermost level, by grade id; read from the model solution."""
        return {_grade_id(cell): _defined(cell.source) for cell in self.answers if cell.cell_type == "code"}

    @cached_property
    def released(self) -> NotebookNode:
        """The learner's notebook; not to be changed, ``release`` gives copies."""
        return _release(self)


@dataclass(frozen=True, slots=True)
class Assembled:
    """Our notebook with a learner's answers in it.

    ``notebook`` is what the learner may see run: public checks only. ``answers`` maps grade ids to text.
    ``notices`` tell the learner what was not found where it was expected, in both languages.
    """

    notebook: NotebookNode
    answers: Mapping[str, str]
    notices: tuple[Text, ...] = field(default=())


# nbformat has no types
_node: Any = nbformat.from_dict
_reads: Any = nbformat.reader.reads
_convert: Any = nbformat.convert


def _is_answer(role: Role) -> bool:
    return role in (Role.ANSWER, Role.MANUAL)


# --- Reading -------------------------------------------------------------------------------------------------------


def read_notebook(data: bytes) -> NotebookNode:
    """Any Jupyter notebook, as version 4, without its outputs. Raises ``NotebookRefused``.

    Refused are files over 5 MB, text that is not JSON, duplicate keys, absurd nesting, and what nbformat's schema
    does not know. Older notebooks are upgraded.
    """
    if len(data) > MAX_BYTES:
        raise NotebookRefused("too_big", megabytes=MAX_BYTES >> 20)
    if not data.strip():
        raise NotebookRefused("empty")
    document = parse_document(data)
    if type(document) is not dict or type(document.get("nbformat")) is not int or not 2 <= document["nbformat"] <= 4:
        raise NotebookRefused("not_a_notebook")
    return _validated(_pruned(document))


def _pruned(document: dict[str, Any]) -> dict[str, Any]:
    """What is read of a notebook of any version. nbformat takes minutes over a million wrong things in the rest."""
    cells = list(_raw_cells(document))
    if len(cells) > MAX_CELLS:
        raise NotebookRefused("too_many_cells", cells=MAX_CELLS)
    for cell in cells:
        for key in cell.keys() - _KEPT_OF_CELLS:
            del cell[key]
        _prune(cell, "metadata", ("nbgrader",))
        cell |= {"outputs": []} if cell.get("cell_type") == "code" else {}
        if not _is_attachments(cell.get("attachments")):
            cell.pop("attachments", None)
    _prune(document, "metadata", _KEPT_METADATA)
    return {key: value for key, value in document.items() if key in _KEPT_OF_NOTEBOOKS}


def _prune(part: dict[str, Any], key: str, kept: tuple[str, ...]) -> None:
    if isinstance(part.get(key), dict):
        part[key] = {name: part[key][name] for name in kept if name in part[key]}


def _is_attachments(value: Any) -> bool:
    bundles = list(value.values()) if isinstance(value, dict) else [None]
    return all(isinstance(one, dict) and all(isinstance(text, str) for text in one.values()) for one in bundles)


def _raw_cells(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = document.get("worksheets")
    for part in [document, *(sheets if isinstance(sheets, list) else [])]:
        cells = part.get("cells") if isinstance(part, dict) else None
        yield from (cell for cell in cells if isinstance(cell, dict)) if isinstance(cells, list) else ()


def parse_document(data: bytes) -> Any:
    """JSON of bounded depth without duplicate keys. Raises ``NotebookRefused``."""
    try:
        document = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique, parse_constant=_no_constant)
        if _depth(document) > MAX_DEPTH:
            raise NotebookRefused("not_a_notebook")
    except (ValueError, RecursionError) as error:
        raise NotebookRefused("not_a_notebook") from error
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate keys")
    return result


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _validated(document: dict[str, Any]) -> NotebookNode:
    try:
        # Half a character (a lone surrogate) is in no text that a kernel or a database would take.
        text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace").decode()
        notebook = _convert(_reads(text), 4)
        _keep_what_is_read(notebook)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat fails in many ways on what is no notebook; they all mean this
        raise NotebookRefused("not_a_notebook") from error
    return notebook


def _keep_what_is_read(notebook: NotebookNode) -> None:
    """Cells, their text and marks. Outputs were made elsewhere, by anybody; other metadata is nobody's business."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = _node({key: notebook.metadata[key] for key in _KEPT_METADATA if key in notebook.metadata})
    seen: set[str] = set()
    for number, cell in enumerate(notebook.cells, start=1):
        cell.metadata = _node({"nbgrader": cell.metadata["nbgrader"]} if "nbgrader" in cell.metadata else {})
        if cell.get("cell_type") == "code":
            cell.outputs, cell.execution_count = [], None
        given = cell.get("id")
        cell.id = given if isinstance(given, str) and _CELL_ID.fullmatch(given) and given not in seen else f"_{number}"
        seen.add(cell.id)


def read_source(data: bytes) -> Source:
    """An author's notebook, understood. Raises ``AuthorError`` listing every problem with its cell."""
    try:
        notebook = read_notebook(data)
    except NotebookRefused as error:
        raise AuthorError([Problem(None, error.th, error.en)]) from error
    return _Reading(notebook).source()


class _Reading:
    """One reading of an author's notebook, collecting problems as it goes."""

    def __init__(self, notebook: NotebookNode) -> None:
        self.notebook = notebook
        self.problems: list[Problem] = []
        self.seen: set[str] = set()

    def source(self) -> Source:
        roles, checks, manual = [], [], []
        self.translate_delimiters()
        for number, cell in enumerate(self.notebook.cells, start=1):
            self.migrate(number, cell)
            role = self.role(number, cell)
            roles.append(role)
            self.inspect_text(number, cell, role)
            if role is Role.CHECK:
                checks.append(self.check(number, cell))
            elif role is Role.MANUAL:
                manual.append(self.manual_part(number, cell))
        if not checks and not manual:
            self.complain(None, "no_checks")
        if Role.ANSWER not in roles and not manual:
            self.complain(None, "no_answers")
        if self.problems:
            raise AuthorError(self.problems)
        title = self.notebook.metadata.get("title", "")
        title = title if isinstance(title, str) else ""
        return Source(self.notebook, tuple(roles), tuple(checks), title, tuple(manual))

    def translate_delimiters(self) -> None:
        """The author's own delimiters, named as nbgrader's settings are in the notebook's metadata ``nbgrader``,
        become the usual ones; a line of text stays a line."""
        own = self.notebook.metadata.pop("nbgrader", {})
        for label, (section, *names) in _LABELS.items():
            settings = own.get(section, {}) if isinstance(own, dict) else {}
            for word, name in zip(("BEGIN", "END"), names, strict=True):
                mark = settings.get(name, f"{word} {label}") if isinstance(settings, dict) else None
                if not isinstance(mark, str) or not mark.strip() or "\n" in mark:
                    self.complain(None, "bad_delimiter", name=f"{section}.{name}")
                elif mark != f"{word} {label}":
                    for cell in self.notebook.cells:
                        lines = cell.source.split("\n")
                        cell.source = "\n".join(
                            f"{_indent(line)}### {word} {label}" if mark in line else line for line in lines
                        )

    def migrate(self, number: int, cell: NotebookNode) -> None:
        """Marks of schemas 0 to 2 become those of schema 3, as nbgrader does it; none is told from an empty one."""
        marks = dict(_marks(cell))
        version = marks.get("schema_version", 0)
        if type(version) is not int or not 0 <= version <= _NEWEST_SCHEMA:
            self.complain(number, "schema", version=str(version)[:20])
        flags = {flag: marks.get(flag) is True for flag in ("grade", "solution", "locked", "task")}
        flags["task"] &= version == _NEWEST_SCHEMA
        marks |= flags
        if version == 0 and not flags["grade"]:
            marks.pop("points", None)
        elif version == 0 and isinstance(marks.get("points", ""), str):
            marks["points"] = _number(marks.get("points", "") or "0")
        cell.metadata = _node({"nbgrader": marks} if any(flags.values()) else {})

    def manual_part(self, number: int, cell: NotebookNode) -> ManualPart:
        marks = _marks(cell)
        text = _cut(cell.source, "MARK SCHEME").strip("\n")
        model_answer = "" if marks["task"] else _inside(text, "SOLUTION") or text
        guide = _inside(cell.source, "MARK SCHEME") or model_answer
        points = self.points(number, marks) if marks["grade"] or marks["task"] else 0.0
        return ManualPart(str(marks.get("grade_id")), points, guide, number, marks["task"], model_answer)

    def complain(self, number: int | None, code: str, **details: object) -> None:
        texts = messages.AUTHOR[code]
        self.problems.append(Problem(number, texts["th"].format(**details), texts["en"].format(**details)))

    def role(self, number: int, cell: NotebookNode) -> Role:
        marks = _marks(cell)
        is_grade, is_solution = marks.get("grade") is True, marks.get("solution") is True
        is_task = marks.get("task") is True
        is_manual = is_task or (is_grade and is_solution)
        # An id on a locked cell is of use to nobody, but another cell's answer must not be taken from there.
        if is_grade or is_solution or is_manual or marks.get("grade_id"):
            self.inspect_id(number, marks)
        if is_task and cell.cell_type != "markdown":
            self.complain(number, "task_not_text")
        if is_manual or (is_solution and cell.cell_type != "code"):
            return Role.MANUAL
        if is_solution:
            return Role.ANSWER
        if is_grade:
            if cell.cell_type != "code":
                self.complain(number, "check_not_code")
            return Role.CHECK
        return Role.SETUP if cell.cell_type == "code" else Role.TEXT

    def inspect_id(self, number: int, marks: Mapping[str, Any]) -> None:
        grade_id = marks.get("grade_id")
        if not isinstance(grade_id, str) or not _GRADE_ID.fullmatch(grade_id):
            self.complain(number, "bad_id")
        elif grade_id in self.seen:
            self.complain(number, "same_id", id=grade_id)
        else:
            self.seen.add(grade_id)

    def inspect_text(self, number: int, cell: NotebookNode, role: Role) -> None:
        homes_of = {
            "SOLUTION": (Role.ANSWER, Role.MANUAL),
            "HIDDEN TESTS": (Role.CHECK,),
            "MARK SCHEME": (Role.MANUAL,),
        }
        for label, homes in homes_of.items():
            begins, _ = _regions(cell.source, label)
            if begins is None:
                self.complain(number, "unbalanced", mark=label)
            elif begins and role not in homes:
                self.complain(number, "misplaced", mark=label)
        if line := _misspelt_mark(cell.source, is_prose=role is Role.TEXT):
            self.complain(number, "misspelt", line=line)
        if role is Role.CHECK and (autotest := _AUTOTEST.search(cell.source)):
            self.complain(number, "autotest", line=autotest[0].strip())
        if cell.cell_type == "code" and (error := _syntax_error(cell.source)):
            self.complain(number, "syntax", error=error)

    def check(self, number: int, cell: NotebookNode) -> SourceCheck:
        marks = _marks(cell)
        hints, allowed, code = _split_hints(cell.source)
        if unknown := allowed - FEEDBACK:
            self.complain(number, "feedback", words=", ".join(sorted(unknown))[:80])
        check_id, points = str(marks.get("grade_id")), self.points(number, marks)
        return SourceCheck(check_id, points, code, hints[0], number, tuple(hints[1:]), allowed & FEEDBACK)

    def points(self, number: int, marks: Mapping[str, Any]) -> float:
        points: Any = marks.get("points")
        if type(points) not in (int, float) or not math.isfinite(points) or points < 0:
            self.complain(number, "points")
            return 0.0
        return float(points)


def _marks(cell: NotebookNode) -> Mapping[str, Any]:
    marks = cell.metadata.get("nbgrader", {})
    return marks if isinstance(marks, dict) else {}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _inside(text: str, label: str) -> str:
    """What stands between the marks of that label, without them; "" where there are none."""
    _, lines = _regions(text, label)
    return "\n".join(line for line, is_inside in lines if is_inside and not _MARK.match(line)).strip("\n")


def _regions(text: str, label: str) -> tuple[int | None, list[tuple[str, bool]]]:
    """(number of regions, [(line, whether it lies in one)]); None regions when the marks do not match up."""
    begin, end = (re.compile(f"{_COMMENT}{word} {label}\\b") for word in ("BEGIN", "END"))
    lines, count, inside = [], 0, False
    for line in text.split("\n"):
        if begin.match(line):
            if inside:
                return None, []
            inside, count = True, count + 1
            lines.append((line, True))
        elif end.match(line):
            if not inside:
                return None, []
            lines.append((line, True))
            inside = False
        else:
            lines.append((line, inside))
    return (None, []) if inside else (count, lines)


def _misspelt_mark(text: str, *, is_prose: bool) -> str:
    """The first line that is nearly a mark: taken for a comment, it would show learners what it meant to hide."""
    lines = [line.strip() for line in text.split("\n") if not _MARK.match(line)]
    kinds = [_NEARLY_A_MARK] if is_prose else [_NEARLY_A_MARK, _A_MARK_ELSEWHERE]
    return next((line[:80] for line in lines if any(kind.search(line) for kind in kinds)), "")


def _syntax_error(code: str) -> str:
    """Python's complaint about an author's cell; cells with magics are left to the kernel."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(code, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return "" if _MAGIC.search(code) else str(error)
    return ""


def _defined(code: str) -> frozenset[str]:
    """The names that code gives a value at its outermost level; none when it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    names: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
            names |= {node.id for node in stored if isinstance(node.ctx, ast.Store)}
    return frozenset(names)


def _split_hints(code: str) -> tuple[list[Text], frozenset[str], str]:
    """From the first lines of a check: the hints by level, at least one (perhaps empty), each with one text per
    language; what may be told; and the code below them.
    """
    lines = code.split("\n")
    parts: dict[int, dict[str, list[str]]] = {}
    allowed: set[str] = set()
    while lines:
        if hint := _HINT.match(lines[0]):
            level = parts.setdefault(int(hint[1] or 1), {})
            level.setdefault(hint[2], []).append(hint[3].strip())
        elif told := _FEEDBACK.match(lines[0]):
            allowed |= {word.strip() for word in told[1].split(",")} - {""}
        else:
            break
        lines.pop(0)
    hints = [{language: " ".join(texts) for language, texts in parts[level].items()} for level in sorted(parts)]
    return hints or [{}], frozenset(allowed), "\n".join(lines)


# --- Release -------------------------------------------------------------------------------------------------------


def release(source: Source) -> NotebookNode:
    """The learner's notebook: solutions replaced, hidden checks and hints cut, our cells locked, no outputs."""
    return deepcopy(source.released)


def _release(source: Source) -> NotebookNode:
    notebook = deepcopy(source.notebook)
    texts = {check.number: _public_code(check) for check in source.checks}
    for number, (cell, role) in enumerate(zip(notebook.cells, source.roles, strict=True), start=1):
        if _is_answer(role):
            cell.source = _without_solution(cell)
        if role is Role.MANUAL:
            cell.source = _cut(cell.source, "MARK SCHEME").strip("\n")
        cell.source = texts.get(number, cell.source)
        cell.metadata = _released_metadata(cell, role)
    return notebook


def _public_code(check: SourceCheck) -> str:
    code = _cut(check.code, "HIDDEN TESTS").strip("\n")
    return code if code.strip() else _ALL_HIDDEN


def visible_part(source: Source) -> Source:
    """The exercise as a learner may try it: hidden checks cut, and those of which nothing is left no checks at all."""
    notebook = deepcopy(source.notebook)
    roles, checks = list(source.roles), []
    for check in source.checks:
        code = _cut(check.code, "HIDDEN TESTS")
        cell = notebook.cells[check.number - 1]
        if _says_something(code):
            cell.source = _cut(cell.source, "HIDDEN TESTS")
            checks.append(replace(check, code=code))
        else:
            cell.source = _ALL_HIDDEN
            roles[check.number - 1] = Role.SETUP
    return replace(source, notebook=notebook, roles=tuple(roles), checks=tuple(checks))


def _says_something(code: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in code.split("\n"))


def hidden_part(check: SourceCheck) -> str:
    """The code of a check that learners do not get, without its marks."""
    return _inside(check.code, "HIDDEN TESTS")


def all_told(code: str) -> str:
    """A check in which nothing is hidden, its lines where they were."""
    return "\n".join("" if _MARK.match(line) else line for line in code.split("\n"))


def solutions_of(source: Source) -> list[tuple[int, str]]:
    """(number of the cell, what is cut from it) for every answer with code."""
    pairs = enumerate(zip(source.notebook.cells, source.roles, strict=True), start=1)
    return [(n, _inside(cell.source, "SOLUTION") or cell.source) for n, (cell, role) in pairs if role is Role.ANSWER]


def _cut(text: str, label: str) -> str:
    _, lines = _regions(text, label)
    return "\n".join(line for line, is_inside in lines if not is_inside)


def _without_solution(cell: NotebookNode) -> str:
    """The text with a stub, indented alike, in place of each solution; without marks the whole cell is one."""
    stub = _STUB if cell.cell_type == "code" else _TEXT_STUB
    count, lines = _regions(cell.source, "SOLUTION")
    if not count:
        # A task's text is the author's question; anything else without marks is the answer itself.
        return cell.source if _marks(cell).get("task") is True else stub
    kept: list[str] = []
    was_inside = False
    for line, is_inside in lines:
        if is_inside and not was_inside:
            kept += [_indent(line) + part for part in stub.split("\n")]
        elif not is_inside:
            kept.append(line)
        was_inside = is_inside and not re.match(f"{_COMMENT}END SOLUTION\\b", line)
    return "\n".join(kept)


def _released_metadata(cell: NotebookNode, role: Role) -> NotebookNode:
    known = ("grade", "grade_id", "locked", "points", "schema_version", "solution", "task")
    marks = {key: value for key, value in _marks(cell).items() if key in known}
    metadata = _node({"nbgrader": marks} if marks else {})
    metadata.deletable = False
    if not _is_answer(role):
        metadata.editable = False
    return metadata


# --- Assembly ------------------------------------------------------------------------------------------------------


def assemble(source: Source, submitted: NotebookNode) -> Assembled:
    """Rebuild the exercise from our own cells and the learner's answers.

    An answer is found by its grade id, else by its cell id, else by its place among our cells that the learner left
    as they were, else by the names it is to define: in another cell, when cells were merged or made anew. Raises
    ``NotebookRefused`` when no answer is found at all: that is another notebook.
    """
    search = _Search(source, submitted)
    answers = search.answers()
    if not answers:
        raise NotebookRefused("foreign", cells=", ".join(_grade_id(cell) for cell in source.answers))
    notebook = release(source)
    for cell, role in zip(notebook.cells, source.roles, strict=True):
        if _is_answer(role):
            cell.source = answers.get(_grade_id(cell), cell.source)
    return Assembled(notebook, answers, tuple(search.notices))


def _grade_id(cell: NotebookNode) -> str:
    value = _marks(cell).get("grade_id")
    return value if isinstance(value, str) else ""


class _Search:
    """Finds the learner's answers and notes what was odd."""

    def __init__(self, source: Source, submitted: NotebookNode) -> None:
        self.source = source
        self.ours = source.released.cells
        self.roles = source.roles
        self.names = source.answer_names
        self.tasks = {part.id for part in source.manual if part.is_task}
        self.cells: list[NotebookNode] = list(submitted.cells)
        self.taken: set[int] = set()
        self.found: dict[str, str] = {}
        self.notices: list[Text] = []

    def answers(self) -> dict[str, str]:
        wanted = [cell for cell, role in zip(self.ours, self.roles, strict=True) if _is_answer(role)]
        # Marks first, for all of them: a cell that names its question is never taken for the answer to another.
        for cell in wanted:
            self.by_grade_id(cell)
        for cell in wanted:
            self.by_cell_id(cell)
        self.by_place()
        missing = [cell for cell in wanted if _grade_id(cell) not in self.found]
        if len(missing) < len(wanted):  # names alone make no notebook of this exercise
            for cell in missing:
                self.by_names(cell)
        for cell in wanted:
            if _grade_id(cell) not in self.found:
                self.note("missing_answer", cell)
        self.gather_tasks()
        self.count_extra_cells()
        return self.found

    def note(self, code: str, cell: NotebookNode | None = None, **details: object) -> None:
        details |= {"id": _grade_id(cell)} if cell is not None else {}
        self.notices.append({language: text.format(**details) for language, text in messages.NOTICES[code].items()})

    def take(self, cell: NotebookNode, position: int) -> None:
        given = self.cells[position]
        self.taken.add(position)
        self.found[_grade_id(cell)] = given.source
        if given.cell_type != cell.cell_type:
            self.note("retyped", cell)

    def by_grade_id(self, cell: NotebookNode) -> None:
        places = [i for i, given in enumerate(self.cells) if _grade_id(given) == _grade_id(cell)]
        if not places:
            return
        # Copying a cell copies its marks: the last one that was worked on is meant. So does splitting it: then it is
        # all of them, in their order.
        worked_on = [i for i in places if self.cells[i].source.strip() not in ("", cell.source.strip())]
        self.take(cell, (worked_on or places)[-1])
        self.taken.update(places)
        texts = [self.cells[i].source for i in worked_on]
        names = self.names.get(_grade_id(cell), frozenset())
        if len(texts) > 1 and not names <= _defined(texts[-1]) and names <= frozenset().union(*map(_defined, texts)):
            self.found[_grade_id(cell)] = "\n\n".join(texts)
            self.note("split", cell)
        elif len(places) > 1:
            self.note("duplicated", cell)

    def by_cell_id(self, cell: NotebookNode) -> None:
        if _grade_id(cell) in self.found:
            return
        places = [i for i, given in enumerate(self.cells) if given.get("id") == cell.id and i not in self.taken]
        if places and not _grade_id(self.cells[places[0]]):
            self.take(cell, places[0])

    def by_place(self) -> None:
        """Between two of our own cells that are still there, as many unknown code cells as answers are missing."""
        anchors = self.anchors()
        if len(anchors) == 2:  # nothing but both ends: any notebook has those
            return
        for (our_start, their_start), (our_end, their_end) in pairwise(anchors):
            missing = [
                cell
                for cell, role in list(zip(self.ours, self.roles, strict=True))[our_start + 1 : our_end]
                if _is_answer(role) and _grade_id(cell) not in self.found
            ]
            free = [i for i in range(their_start + 1, their_end) if i not in self.taken and not self.is_ours(i)]
            free = [i for i in free if self.cells[i].cell_type == "code" and not _grade_id(self.cells[i])]
            if len(missing) == len(free):
                for cell, position in zip(missing, free, strict=True):
                    self.take(cell, position)

    def by_names(self, cell: NotebookNode) -> None:
        """The names that the answer is to define, in a cell of another mark or none: merged, moved or made anew."""
        names = self.names.get(_grade_id(cell))
        if not names:
            return
        for position, given in enumerate(self.cells):
            if given.cell_type != "code" or self.is_ours(position) or not names <= _defined(given.source):
                continue
            if position in self.taken:
                # It runs where that other answer stands; here nothing is left, above all no stub that undoes it.
                self.found[_grade_id(cell)] = ""
            else:
                self.taken.add(position)
                self.found[_grade_id(cell)] = self.without_ours(given.source)
            self.note("merged", cell)
            return

    def without_ours(self, text: str) -> str:
        """A merged cell's text without the locked cells that were merged into it."""
        for cell, role in zip(self.ours, self.roles, strict=True):
            if cell.cell_type == "code" and not _is_answer(role) and cell.source.strip():
                text = text.replace(cell.source.strip(), "")
        return text.strip("\n")

    def gather_tasks(self) -> None:
        """A task is answered below it: the learner's own cells, up to the next of ours, are read with it."""
        ids = {_grade_id(cell) for cell in self.ours} - {""}
        for position, given in enumerate(self.cells):
            task = _grade_id(given)
            if task not in self.tasks or position not in self.taken:
                continue
            for below in range(position + 1, len(self.cells)):
                if below in self.taken or self.is_ours(below) or _grade_id(self.cells[below]) in ids:
                    break
                self.taken.add(below)
                if self.cells[below].source.strip():
                    self.found[task] = f"{self.found[task]}\n\n{self.cells[below].source}".strip("\n")

    def anchors(self) -> list[tuple[int, int]]:
        """Pairs (our position, theirs) of cells that stand in both notebooks, in rising order, with both ends."""
        pairs, after = [(-1, -1)], 0
        for ours, (cell, role) in enumerate(zip(self.ours, self.roles, strict=True)):
            if role is Role.TEXT or not cell.source.strip():
                continue
            texts = [_grade_id(cell)] if _is_answer(role) else []
            for theirs in range(after, len(self.cells)):
                given = self.cells[theirs]
                is_same = _grade_id(given) in texts if texts else given.source.strip() == cell.source.strip()
                if is_same:
                    pairs.append((ours, theirs))
                    after = theirs + 1
                    break
        return [*pairs, (len(self.ours), len(self.cells))]

    def is_ours(self, position: int) -> bool:
        text = self.cells[position].source.strip()
        return any(
            text == cell.source.strip()
            for cell, role in zip(self.ours, self.roles, strict=True)
            if not _is_answer(role)
        )

    def count_extra_cells(self) -> None:
        ids = {_grade_id(cell) for cell in self.ours} - {""}
        extra = [
            i
            for i, cell in enumerate(self.cells)
            if cell.cell_type == "code"
            and i not in self.taken
            and cell.source.strip()
            and not self.is_ours(i)
            and _grade_id(cell) not in ids
        ]
        if extra:
            self.note("extra_cells", count=len(extra))
