"""Source notebooks of Otter Assign (version 7) → ours. Pure.

What Otter says with boundary cells (raw cells, or ``otter`` blocks in Markdown) becomes nbgrader's marks: answers,
checks with points and hints, parts that a person grades. Whatever is not understood is told with its cell and line;
what was lost by it is for the author to mend. Format: Otter's documentation, "Notebook Format".
"""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nbformat import NotebookNode

from grading.messages import OTTER
from grading.notebooks import NotebookRefused, Problem, parse_document, read_notebook

_BOUNDARY = re.compile(
    r"#\s+(?:(assignment)\s+config|(begin|end)\s+(question|prompt|solution|tests))\s*", re.IGNORECASE
)
_FENCE = "```otter"
_HIDDEN = re.compile(r"#.*\bhidden\b", re.IGNORECASE)
_BEGIN_CONFIG = re.compile(r"(?:.\s*=\s*)?\"\"?\"?\s*#\s*BEGIN\s*TEST\s*CONFIG", re.IGNORECASE)
_END_CONFIG = re.compile(r"\"\"?\"?\s*#\s*END\s*TEST\s*CONFIG", re.IGNORECASE)
_IGNORED = re.compile(r"#\s*IGNORE\s*$")
_BEGIN_IGNORE = re.compile(r"\s*#\s*BEGIN\s*IGNORE\s*", re.IGNORECASE)
_BEGIN_SOLUTION = re.compile(r"(\s*)# BEGIN SOLUTION( NO PROMPT)?")
_SOLUTION_LINE = re.compile(r"(.*?)\s*# ?(?:SOLUTION(?: NO PROMPT)?|SEED)\s*$")
_ASSIGNED = re.compile(r"\s*[\w.]+(?:\[[^\]]*\])*(?:\s*,\s*[\w.]+)*\s*=(?!=)")
_BEGIN_PROMPT = re.compile(r"\s*(?:\"\"\"|''')\s*# BEGIN PROMPT\s*$")
_END_PROMPT = re.compile(r"\s*(?:\"\"\"|''');?\s*# END PROMPT\s*$")
_OTTERS_OWN = re.compile(
    r"\s*(?:import otter|from otter\b.*|%load_ext otter.*|grader\s*=\s*otter\.Notebook\(.*\)"
    r"|grader\.(?:check|check_all|export|run_plugin)\(.*\)|# Initialize Otter)\s*$"
)
_PLUGIN = re.compile(r"#\s*BEGIN PLUGIN", re.IGNORECASE)
_THAI = re.compile("[\u0e00-\u0e7f]")
# Settings of an assignment that are about Otter's own machinery: nothing is lost without them.
_OF_NO_MEANING = frozenset(
    "name generate export_cell init_cell check_all_cell solutions_pdf template_pdf requirements environment "  # noqa: SIM905
    "overwrite_requirements save_environment variables ignore_modules python_version show_question_points runs_on "
    "colab run_tests require_no_pdf_ack tests strip_solutions_from_all_cells suppress_no_tests_warning".split()
)
_OF_QUESTIONS = frozenset(["name", "manual", "points", "check_cell", "export", "all_or_nothing"])


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A line of the source that has no counterpart; ``cell`` and ``line`` count from 1. ``is_lost``: something that
    learners or points depend on is missing without it."""

    cell: int
    line: int
    text: str
    th: str
    en: str
    is_lost: bool

    def __str__(self) -> str:
        return f"cell {self.cell}, line {self.line}: {self.text}: {self.en}"

    def as_problem(self) -> Problem:
        """For a list of an author's problems."""
        th, en = (
            f"{word} {self.line} ({self.text}): {said}" for word, said in (("บรรทัดที่", self.th), ("line", self.en))
        )
        return Problem(self.cell, th, en)


@dataclass(frozen=True, slots=True)
class Imported:
    """The notebook in our format, empty when nothing of it could be read; and what of the other one is not in it."""

    notebook: bytes
    not_understood: tuple[NotUnderstood, ...] = ()

    @property
    def lost(self) -> list[NotUnderstood]:
        """What an author has to mend."""
        return [one for one in self.not_understood if one.is_lost]


def is_otter(data: bytes) -> bool:
    """Whether a notebook is written in Otter's format; what cannot be read is not."""
    try:
        cells = _cells(read_notebook(data), [])
    except NotebookRefused:
        return False
    return any(_boundary(cell) in ("assignment", "begin question") for cell in cells)


def import_otter(data: bytes) -> Imported:
    """An Otter source notebook as one of ours. Raises ``NotebookRefused`` for what is no notebook."""
    notebook = read_notebook(data)
    return _Import(notebook, _cells(notebook, _outputs(data))).carried_out()


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of the source, or the ``otter`` block of one; ``line`` is where its text begins in cell ``number``."""

    kind: str
    lines: list[str]
    number: int
    line: int = 1
    output: list[tuple[str, str]] = field(default_factory=list)  # (stream or result, text)


def _outputs(data: bytes) -> list[list[tuple[str, str]]]:
    """What each cell showed when its author ran it: in Otter's tests, what is expected."""
    document = parse_document(data)
    cells = document.get("cells") if isinstance(document, dict) else None
    return [list(_texts(cell)) for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []


def _texts(cell: dict[str, Any]) -> Iterator[tuple[str, str]]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        data = output.get("data")
        stream, result = output.get("text"), data.get("text/plain") if isinstance(data, dict) else None
        for kind, text in (("stream", stream), ("result", result)):
            whole = "".join(part for part in text if isinstance(part, str)) if isinstance(text, list) else text
            if isinstance(whole, str) and whole:
                yield kind, whole


def _cells(notebook: NotebookNode, outputs: Sequence[list[tuple[str, str]]]) -> list[_Cell]:
    cells: list[_Cell] = []
    for number, cell in enumerate(notebook.cells, start=1):
        lines = cell.source.split("\n")
        if cell.cell_type == "markdown" and any(line.strip() == _FENCE for line in lines):
            cells += _unfenced(lines, number)
        else:
            output = outputs[number - 1] if number <= len(outputs) else []
            cells.append(_Cell(cell.cell_type, lines, number, 1, output))
    return cells


def _unfenced(lines: list[str], number: int) -> Iterator[_Cell]:
    """The parts of a Markdown cell: text, and ``otter`` blocks as the raw cells that they stand for."""
    start, kind = 0, "markdown"
    for position, line in enumerate([*lines, None]):
        is_end = line is None or (kind == "markdown" and line.strip() == _FENCE)
        if is_end or (kind == "raw" and line is not None and line.strip() == "```"):
            if any(text.strip() for text in lines[start:position]):
                yield _Cell(kind, lines[start:position], number, start + 1)
            start, kind = position + 1, "raw" if kind == "markdown" else "markdown"


def _boundary(cell: _Cell) -> str:
    """ "assignment", "begin question" … "end tests", or "" for any other cell."""
    found = _BOUNDARY.match(cell.lines[0]) if cell.kind == "raw" else None
    return "" if found is None else (found[1] or f"{found[2]} {found[3]}").lower()


@dataclass(slots=True)
class _Question:
    begin: _Cell
    id: str
    settings: dict[str, tuple[int, Any]]
    parts: dict[str, list[_Cell]] = field(default_factory=lambda: {"prompt": [], "solution": [], "tests": []})

    def setting(self, name: str) -> Any:
        return self.settings[name][1] if name in self.settings else None


@dataclass(slots=True)
class _Test:
    cell: _Cell
    code: str
    is_hidden: bool
    points: float | None
    hint: str


class _Import:
    """One import, collecting what is not understood as it goes."""

    def __init__(self, notebook: NotebookNode, cells: list[_Cell]) -> None:
        self.notebook, self.cells = notebook, cells
        self.made: list[dict[str, Any]] = []
        self.not_understood: list[NotUnderstood] = []
        self.ids: set[str] = set()
        self.is_ok_format = True

    def carried_out(self) -> Imported:
        if str(self.notebook.metadata.get("kernelspec", {}).get("language", "python")).lower() == "r":
            self.complain(self.cells[0], 0, "other_language")
            return Imported(b"", tuple(self.not_understood))
        question: _Question | None = None
        part = ""
        for cell in self.cells:
            what = _boundary(cell)
            if what:
                question, part = self.step(what, cell, question, part)
            elif question is not None and part:
                question.parts[part].append(cell)
            else:
                self.keep(cell)
        if question is not None:
            self.complain(question.begin, 0, "not_closed")
            self.finish(question)
        for number, made in enumerate(self.made, start=1):
            made["id"] = made["metadata"].get("nbgrader", {}).get("grade_id", f"cell-{number}")
        kept = {key: value for key, value in self.notebook.metadata.items() if key in ("kernelspec", "language_info")}
        document = {"cells": self.made, "metadata": kept, "nbformat": 4, "nbformat_minor": 5}
        told = tuple(sorted(self.not_understood, key=lambda one: (one.cell, one.line)))
        return Imported(json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n", told)

    def step(self, what: str, cell: _Cell, question: _Question | None, part: str) -> tuple[_Question | None, str]:
        """What a boundary cell does: (the question that is open afterwards, the part of it that is)."""
        if what == "assignment":
            self.read_assignment(cell)
            return question, part
        word, _, name = what.partition(" ")
        if name == "question":
            if (word == "begin") == (question is not None) or part:
                self.complain(cell, 0, "out_of_place")
            if question is not None:
                self.finish(question)
            return (self.begin(cell) if word == "begin" else None), ""
        if question is None or (word == "begin" and part) or (word == "end" and part != name):
            self.complain(cell, 0, "out_of_place")
            return question, part if question is not None and word == "begin" else ""
        return question, name if word == "begin" else ""

    def complain(self, cell: _Cell, at: int, code: str, *, is_lost: bool = True, **details: object) -> None:
        """``at`` counts the lines of ``cell.lines`` from 0."""
        texts = {language: text.format(**details) for language, text in OTTER[code].items()}
        line = cell.lines[at].strip()[:100] if at < len(cell.lines) else ""
        self.not_understood.append(NotUnderstood(cell.number, cell.line + at, line, **texts, is_lost=is_lost))

    # --- settings ---

    def settings(self, cell: _Cell, first: int, last: int) -> dict[str, tuple[int, Any]]:
        """{path: (line, value)} of the YAML in these lines: ``key: value`` and lists, nested by indentation.

        A nested key is ``outer.inner``. Anything fancier is not understood.
        """
        found: dict[str, tuple[int, Any]] = {}
        above: list[tuple[int, str]] = []
        for at in range(first, last):
            line = re.sub(r"(?:^|\s)#.*$", "", cell.lines[at]) if "'" not in cell.lines[at] else cell.lines[at]
            text, indent = line.strip(), len(line) - len(line.lstrip())
            if not text:
                continue
            while above and above[-1][0] >= indent and not (text.startswith("- ") and above[-1][0] == indent):
                above.pop()
            path = ".".join(key for _, key in above)
            pair = re.match(r"([\w -]+?)\s*:(?:\s+(.*)|$)", text)
            if text.startswith("- ") and above:
                values = found.get(path, (at, []))[1]
                found[path] = (
                    found.get(path, (at, []))[0],
                    [*(values if isinstance(values, list) else []), _value(text[2:])],
                )
            elif pair:
                key = f"{path}.{pair[1]}" if path else pair[1]
                found[key] = (at, _value(pair[2] or ""))
                above.append((indent, pair[1]))
            else:
                self.complain(cell, at, "setting")
        return found

    def read_assignment(self, cell: _Cell) -> None:
        for path, (at, value) in self.settings(cell, 1, len(cell.lines)).items():
            outer = path.partition(".")[0]
            if path == "tests.ok_format":
                self.is_ok_format = value is not False
            elif outer in ("files", "student_files"):
                names = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                self.complain(cell, at, "files", is_lost=False, names=names)
            elif outer == "seed":
                if path == "seed.variable":
                    self.complain(cell, at, "seed", is_lost=False)
            elif outer == "config_file":
                self.complain(cell, at, "config_file")
            elif path == "generate.seed":
                self.complain(cell, at, "generate_seed")
            elif path in ("plugins", "generate.plugins"):
                self.complain(cell, at, "plugin")
            elif outer not in _OF_NO_MEANING:
                self.complain(cell, at, "setting", is_lost=False)

    def begin(self, cell: _Cell) -> _Question:
        settings = self.settings(cell, 1, len(cell.lines))
        for path, (at, _) in settings.items():
            if path.partition(".")[0] not in _OF_QUESTIONS:
                self.complain(cell, at, "setting")
        name = str(settings["name"][1]) if "name" in settings else ""
        if not name:
            self.complain(cell, 0, "no_name")
        return _Question(
            cell, self.new_id(re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "question"), settings
        )

    def new_id(self, wanted: str) -> str:
        given, number = wanted, 1
        while given in self.ids:
            number += 1
            given = f"{wanted}-{number}"
        self.ids.add(given)
        return given

    # --- cells ---

    def keep(self, cell: _Cell) -> None:
        """A cell that is no answer and no test: everybody gets it as it is."""
        lines = self.without_ignored(cell)
        if cell.kind == "code":
            for at, line in enumerate(cell.lines):
                if line in lines and (_SOLUTION_LINE.match(line) or _BEGIN_SOLUTION.match(line)):
                    self.complain(cell, at, "solution_outside")
            lines = [line for line in lines if not _OTTERS_OWN.match(line)]
        if any(line.strip() for line in lines):
            self.made.append(_made(cell.kind, "\n".join(lines).strip("\n")))

    def without_ignored(self, cell: _Cell) -> list[str]:
        if re.match(r"\s*(?:#|<!--)\s*IGNORE\b", cell.lines[0], re.IGNORECASE):
            return []
        kept, is_inside = [], False
        for at, line in enumerate(cell.lines):
            if _PLUGIN.search(line):
                self.complain(cell, at, "plugin")
            if _BEGIN_IGNORE.match(line):
                is_inside = True
            elif line.rstrip().endswith("# END IGNORE"):
                is_inside = False
            elif not is_inside and not _IGNORED.search(line.rstrip()):
                kept.append(line)
        return kept

    def finish(self, question: _Question) -> None:
        """The cells of a question, once all of it is there."""
        if question.setting("manual") is True:
            self.manual(question)
        else:
            for cell in question.parts["prompt"]:
                self.keep(cell)
            answers = [cell for cell in question.parts["solution"] if cell.kind == "code"]
            for cell in answers:
                self.answer(question, cell)
            for cell in question.parts["solution"]:
                if cell.kind != "code":
                    self.complain(cell, 0, "solution_text", is_lost=False)
            self.tests(question)

    def answer(self, question: _Question, cell: _Cell) -> None:
        code = self.solution(cell)
        if not code.strip():
            return
        if "### BEGIN SOLUTION" not in code:
            self.complain(cell, 0, "whole_solution", is_lost=False)
        self.made.append(_made("code", code, grade_id=self.new_id(f"{question.id}-answer"), solution=True))

    def solution(self, cell: _Cell) -> str:
        """Otter's ways to mark a solution, as regions between our marks; lines that touch are one region."""
        made: list[tuple[str, bool]] = []  # (line, whether learners do without it)
        is_inside = is_prompt = False
        for line in self.without_ignored(cell):
            begins = _BEGIN_SOLUTION.match(line)
            if _BEGIN_PROMPT.match(line) or _END_PROMPT.match(line):
                is_prompt = bool(_BEGIN_PROMPT.match(line))
            elif is_prompt:
                text = line.strip()
                indent = line[: len(line) - len(line.lstrip())]
                made += [(f"{indent}{text if text.startswith('#') else f'# {text}'}", False)] if text else []
            elif begins:
                is_inside = True
            elif line.rstrip().endswith("# END SOLUTION"):
                is_inside = False
            elif is_inside:
                made.append((line, True))
            elif one := _SOLUTION_LINE.match(line):
                if (assigned := _ASSIGNED.match(one[1])) and not line.rstrip().endswith(("NO PROMPT", "SEED")):
                    start = assigned[0]
                    made.append((f"{start[: len(start) - len(start.lstrip())]}# {start.strip()} ...", False))
                made.append((one[1], True))
            else:
                made.append((line, False))
        return "\n".join(_marked(made)).strip("\n")

    def manual(self, question: _Question) -> None:
        """One cell that a person grades for each kind of cell in the solution; the first has the points."""
        solution, prompt = question.parts["solution"], question.parts["prompt"]
        if question.parts["tests"]:
            self.complain(question.parts["tests"][0], 0, "tests_of_manual")
        points = self.points_of(question)
        if points is None:
            self.complain(question.begin, 0, "manual_points", is_lost=False)
        left = 1.0 if points is None else points
        kinds = [kind for kind in ("markdown", "code") if any(cell.kind == kind for cell in [*solution, *prompt])]
        for kind in kinds or ["markdown"]:
            begin, end = ("### BEGIN SOLUTION", "### END SOLUTION") if kind == "code" else (
                "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->"
            )  # fmt: skip
            shown = ["\n".join(self.without_ignored(cell)) for cell in prompt if cell.kind == kind]
            cut = [
                self.solution(cell) if kind == "code" else "\n".join(cell.lines)
                for cell in solution
                if cell.kind == kind
            ]
            if kind == "markdown" or not any(begin in text for text in cut):
                cut = [f"{begin}\n{text}\n{end}" for text in ["\n\n".join(cut)]]
            text = "\n\n".join(part for part in [*shown, *cut] if part.strip())
            marks = {"grade": True, "solution": True, "points": left}
            self.made.append(_made(kind, text, grade_id=self.new_id(f"{question.id}-answer"), **marks))
            left = 0.0

    def points_of(self, question: _Question) -> float | None:
        if "points" not in question.settings:
            return None
        at, value = question.settings["points"]
        if type(value) in (int, float) and value >= 0:
            return float(value)
        if not isinstance(value, list) and value != "":
            self.complain(question.begin, at, "points")
        return None

    # --- tests ---

    def tests(self, question: _Question) -> None:
        tests = [test for cell in question.parts["tests"] if cell.kind == "code" and (test := self.test(cell))]
        if not tests:
            self.complain(question.begin, 0, "no_tests", is_lost=False)
            return
        points = self.shares(question, tests)
        if question.setting("all_or_nothing") is True:
            whole = "\n".join(_in_region(test.code) if test.is_hidden else test.code for test in tests)
            hint = next((test.hint for test in tests if test.hint), "")
            self.check(question, replace(tests[0], code=whole, is_hidden=False, hint=hint), sum(points))
            return
        for test, share in zip(tests, points, strict=True):
            self.check(question, test, share)

    def check(self, question: _Question, test: _Test, points: float) -> None:
        code = _in_region(test.code) if test.is_hidden else test.code
        if test.hint:
            code = f"# hint({'th' if _THAI.search(test.hint) else 'en'}): {' '.join(test.hint.split())}\n{code}"
        marks = {"grade": True, "locked": True, "points": points}
        self.made.append(_made("code", code, grade_id=self.new_id(question.id), **marks))

    def shares(self, question: _Question, tests: list[_Test]) -> list[float]:
        """The points of each test, as Otter shares out those of a question."""
        at, given = question.settings.get("points", (0, None))
        listed = given if isinstance(given, list) else None
        each = question.setting("points.each")
        if listed is not None and len(listed) == len(tests) and all(type(one) in (int, float) for one in listed):
            return [float(one) for one in listed]
        if listed is not None:
            self.complain(question.begin, at, "points")
        if type(each) in (int, float):
            return [float(each)] * len(tests)
        total = self.points_of(question) if listed is None else None
        own = [test.points for test in tests if test.points is not None]
        others = len(tests) - len(own)
        if total is not None:
            rest = max(total - sum(own), 0.0) / others if others else 0.0
        else:
            rest = 1 / others if others and not any(own) else 0.0
        return [rest if test.points is None else test.points for test in tests]

    def test(self, cell: _Cell) -> _Test | None:
        lines, settings, start = cell.lines, {}, 0
        if _BEGIN_CONFIG.match(lines[0]):
            start = next((at for at, line in enumerate(lines) if at and _END_CONFIG.match(line)), len(lines) - 1)
            settings = self.settings(cell, 1, start)
            start += 1
            for path, (at, _) in settings.items():
                if path not in ("hidden", "points", "name", "success_message", "failure_message"):
                    self.complain(cell, at, "setting")
        is_hidden = bool(lines[0].lstrip().startswith("#") and _HIDDEN.match(lines[0].lstrip()))
        is_hidden |= settings.get("hidden", (0, False))[1] is True
        start += bool(is_hidden and start == 0)
        inside = self.without_ignored(replace(cell, lines=lines[start:], line=cell.line + start))
        code = self.assertion(cell, start, "\n".join(inside).strip("\n"))
        points = settings.get("points", (0, None))[1]
        hint = settings.get("failure_message", (0, ""))[1]
        if code is None:
            return None
        return _Test(cell, code, is_hidden, float(points) if type(points) in (int, float) else None, str(hint))

    def assertion(self, cell: _Cell, at: int, code: str) -> str | None:
        """A test's code as a check: it passes by running to its end."""
        try:
            body = ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError):
            self.complain(cell, at, "test_code")
            return None
        if not self.is_ok_format or _is_test_function(body, code):
            return self.function_test(cell, at, body)
        shown = [text for _, text in cell.output]
        kinds = {kind for kind, _ in cell.output}
        last = body[-1] if body else None
        if kinds == {"stream"}:
            return _printing(code, "".join(shown))
        if not kinds:
            if isinstance(last, ast.Expr) and not _is_silent(last.value):
                self.complain(cell, at + last.lineno - 1, "no_output")
                return None
            return code
        if len(cell.output) > 1 or not isinstance(last, ast.Expr):
            self.complain(cell, at, "output")
            return None
        before = code.split("\n")[: last.lineno - 1]
        return "\n".join([*before, _expecting(ast.unparse(last.value), shown[0])])

    def function_test(self, cell: _Cell, at: int, body: list[ast.stmt]) -> str | None:
        """A test that is a function of the learner's names, and the call that Otter makes of it."""
        function = body[0] if body else None
        if not isinstance(function, ast.FunctionDef):
            self.complain(cell, at, "test_code")
            return None
        names = [one.arg for one in [*function.args.posonlyargs, *function.args.args]]
        by_name = [one.arg for one in function.args.kwonlyargs]
        if "env" in [*names, *by_name] or function.args.vararg or function.args.kwarg:
            self.complain(cell, at + function.lineno - 1, "env")
            return None
        given = ", ".join([*names, *(f"{name}={name}" for name in by_name)])
        return f"{ast.unparse(function)}\n\n{function.name}({given})"


def _value(text: str) -> Any:
    text = text.strip()
    if text[:1] in "\"'" and text[-1:] == text[:1] and len(text) > 1:
        return text[1:-1]
    if text.startswith("[") and text.endswith("]"):
        return [_value(part) for part in text[1:-1].split(",") if part.strip()]
    words = {"true": True, "false": False, "null": None, "~": None}
    if text.lower() in words:
        return words[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _made(kind: str, text: str, **marks: Any) -> dict[str, Any]:
    known = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    made = {"cell_type": kind, "metadata": {"nbgrader": known | marks} if marks else {}, "source": text}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def _marked(lines: list[tuple[str, bool]]) -> Iterator[str]:
    was_inside, indent = False, ""
    for line, is_inside in lines:
        if was_inside and not is_inside:
            yield f"{indent}### END SOLUTION"
        if is_inside and not was_inside:
            indent = line[: len(line) - len(line.lstrip())]
            yield f"{indent}### BEGIN SOLUTION"
        was_inside = is_inside
        yield line
    if was_inside:
        yield f"{indent}### END SOLUTION"


def _in_region(code: str) -> str:
    return f"### BEGIN HIDDEN TESTS\n{code}\n### END HIDDEN TESTS"


def _is_test_function(body: list[ast.stmt], code: str) -> bool:
    return bool(body) and isinstance(body[0], ast.FunctionDef) and body[0].name.startswith("test") and "assert" in code


def _is_silent(value: ast.expr) -> bool:
    """Whether an expression is known to show nothing: a call that asserts, or None itself."""
    if isinstance(value, ast.Constant):
        return value.value is None
    name = value.func if isinstance(value, ast.Call) else None
    called = name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
    return "assert" in called.lower()


def _expecting(expression: str, shown: str) -> str:
    """An assertion that the expression shows what it showed to the author."""
    if shown in ("True", "False"):
        return f"assert {'' if shown == 'True' else 'not '}({expression})"
    try:
        value = ast.literal_eval(shown)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return f"assert repr({expression}) == {shown!r}"
    return f"assert ({expression}) == {value!r}"


def _printing(code: str, shown: str) -> str:
    inside = "\n".join(f"    {line}" for line in code.split("\n"))
    return (
        "import contextlib\nimport io\n\nprinted = io.StringIO()\n"
        f"with contextlib.redirect_stdout(printed):\n{inside}\nassert printed.getvalue() == {shown!r}"
    )
