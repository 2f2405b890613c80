"""Before an exercise meets anybody: does it work, does it give anything away, can everything be examined? Pure verb.

The model solution and the untouched release are examined as any hand-in is, several times, in the same sandboxes; what
a kernel makes of the whole source, hidden parts included, tells an author's mistake from what cannot be examined from
outside. What comes out is data: a report of remarks, each with its cell and a sentence in both languages.
"""

import ast
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from nbformat import NotebookNode

from grading.examiner import EXAMINER_MEMORY_BYTES, Examined, GradingError, examine, meets_hidden
from grading.grader import PLACE_SECONDS
from grading.inside.differences import compares
from grading.messages import PREFLIGHT
from grading.notebooks import (
    Assembled,
    AuthorError,
    NotebookRefused,
    Role,
    Source,
    SourceCheck,
    Text,
    all_told,
    assemble,
    hidden_part,
    read_notebook,
    read_source,
    release,
    solutions_of,
    visible_part,
)
from grading.scoring import Check, Finding, checks_of, total
from sandboxes.limits import Limits
from sandboxes.messages import sentence
from sandboxes.python_errors import explain
from sandboxes.results import RunResult, RunStatus, Usage
from sandboxes.runner import run_notebook
from sandboxes.service import place

RUNS = 3
NEAR = 0.5  # the share of a limit from which on slower machines and slower answers are likely to meet it
MAX_SOURCE = 4000  # characters of a cell that a remark shows
MAX_STATEMENTS = 40  # of one check that are looked at one by one
MAX_SAID = 300
_LIMITED = {  # limit: (what is measured, in what unit it is told, divided by)
    "wall_seconds": ("wall_seconds", "s", 1),
    "cpu_seconds": ("cpu_seconds", "s", 1),
    "memory_bytes": ("max_memory_bytes", "MB", 1 << 20),
    "output_bytes": ("output_bytes", "kB", 1000),
}

Severity = Literal["error", "warning", "note"]
_SEVERITIES: dict[str, Severity] = {
    **dict.fromkeys(
        [
            "author",
            "model_fails",
            "model_partial",
            "cannot_cross",
            "differs_outside",
            "passes_untouched",
            "unstable",
            "cell_error",
        ],
        "error",
    ),
    **dict.fromkeys(["breaks_limit", "hidden_file_visible", "solution_left", "worth_nothing"], "error"),
    **dict.fromkeys(
        ["near_limit", "passes_blank", "no_hint", "no_points", "hint_gives_away", "solution_line_left"], "warning"
    ),
    **dict.fromkeys(["feedback_needs_hidden", "feedback_compares_nothing"], "warning"),
    **dict.fromkeys(["hidden_repeats_visible", "hidden_name_shown", "shown_error"], "warning"),
    **dict.fromkeys(["hint_one_language", "nothing_hidden", "manual"], "note"),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to mend or to know. ``cell`` and ``line`` count from 1; ``id`` is the cell's grade id; ``source`` is
    its text. Without a cell it concerns the exercise as a whole."""

    severity: Severity
    code: str
    text: Text
    cell: int | None = None
    id: str = ""
    line: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What became of one check: its outcome with the model solution, with the untouched release and without answers.

    ``examined``: "isolated" when it can be examined from outside, "in_kernel" when it passes only inside a kernel,
    "no" when it passes nowhere.
    """

    id: str
    cell: int
    max_points: float
    model: str
    untouched: str
    blank: str
    examined: Literal["isolated", "in_kernel", "no"]


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found. ``max_score`` is what the checks can give, ``manual_score`` what a person can; ``usage`` is
    the most that one run of the model solution took; ``runs`` how many there were, 0 when nothing could be run."""

    remarks: tuple[Remark, ...]
    max_score: float = 0.0
    manual_score: float = 0.0
    model_score: float = 0.0
    untouched_score: float = 0.0
    runs: int = 0
    checks: tuple[CheckReport, ...] = ()
    usage: Usage = field(default_factory=Usage)
    limits: Limits = field(default_factory=Limits)

    @property
    def is_publishable(self) -> bool:
        """Whether learners may meet the exercise."""
        return not self.count("error")

    def count(self, severity: Severity) -> int:
        return sum(remark.severity == severity for remark in self.remarks)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "is_publishable": self.is_publishable,
            "errors": self.count("error"),
            "warnings": self.count("warning"),
            "notes": self.count("note"),
            "max_score": self.max_score,
            "manual_score": self.manual_score,
            "model_score": self.model_score,
            "untouched_score": self.untouched_score,
            "runs": self.runs,
            "usage": self.usage.as_dict(),
            "limits": self.limits.as_dict(),
            "checks": [asdict(check) for check in self.checks],
            "remarks": [asdict(remark) for remark in self.remarks],
        }


def preflight(
    *,
    source: bytes,
    files: Mapping[str, bytes],
    hidden_files: Mapping[str, bytes],
    limits: Limits,
    python: Path,
    runs: int = RUNS,
) -> Report:
    """Try an author's notebook out; takes seconds. Arguments as for ``grader.grade``; the model solution is examined
    ``runs`` times. Whatever is wrong with the notebook is a remark; raises ``GradingError`` or ``SandboxUnavailable``
    for failures that are ours: nothing is known then.
    """
    try:
        exercise = read_source(source)
    except AuthorError as error:
        return Report(tuple(_problems(source, error)), limits=limits)
    still = [*_inspect_files(exercise, files, hidden_files), *_inspect(exercise, hidden_files)]
    trial = _Trial(exercise, files, hidden_files, limits, python)
    with place(limits.memory_bytes + EXAMINER_MEMORY_BYTES, timeout=PLACE_SECONDS):
        moving = trial.carry_out(runs)
    order = {"error": 0, "warning": 1, "note": 2}
    remarks = sorted([*moving, *still], key=lambda remark: (order[remark.severity], remark.cell or 0))
    return Report(
        remarks=tuple(remarks),
        max_score=exercise.checked_score,
        manual_score=math.fsum(part.max_points for part in exercise.manual),
        model_score=total(trial.model),
        untouched_score=total(trial.untouched),
        runs=runs,
        checks=tuple(trial.check_reports()),
        usage=trial.usage,
        limits=limits,
    )


def _remark(
    code: str, exercise: Source | None = None, number: int | None = None, at_line: int | None = None, **details: object
) -> Remark:
    text = {language: sentence.format(**details) for language, sentence in PREFLIGHT[code].items()}
    if exercise is None or number is None:
        return Remark(_SEVERITIES[code], code, text)
    cell = exercise.notebook.cells[number - 1]
    return Remark(_SEVERITIES[code], code, text, number, _id(cell), at_line, cell.source[:MAX_SOURCE])


def _id(cell: NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def _problems(source: bytes, error: AuthorError) -> Iterator[Remark]:
    """What makes a notebook no exercise at all, with the cells as far as they can be read."""
    try:
        cells = read_notebook(source).cells
    except NotebookRefused:
        cells = []
    for problem in error.problems:
        remark = Remark(_SEVERITIES["author"], "author", {"th": problem.th, "en": problem.en}, problem.cell)
        if problem.cell is not None and problem.cell <= len(cells):
            cell = cells[problem.cell - 1]
            marks = cell.metadata.get("nbgrader")
            grade_id = marks.get("grade_id") if isinstance(marks, dict) else ""
            remark = replace(remark, id=grade_id if isinstance(grade_id, str) else "", source=cell.source[:MAX_SOURCE])
        yield remark


# --- What can be seen without running anything -----------------------------------------------------------------------


def _inspect_files(exercise: Source, files: Mapping[str, bytes], hidden_files: Mapping[str, bytes]) -> Iterator[Remark]:
    same = {content: name for name, content in files.items()}
    for name, content in hidden_files.items():
        if content in same:
            yield _remark("hidden_file_visible", name=name, other=same[content])
    for number, cell in enumerate(exercise.released.cells, start=1):
        for name in hidden_files:
            if name in cell.source:
                yield _remark("hidden_name_shown", exercise, number, name=name)


def _inspect(exercise: Source, hidden_files: Mapping[str, bytes]) -> Iterator[Remark]:
    if exercise.checks and not exercise.checked_score:
        yield _remark("worth_nothing")
    for check in exercise.checks:
        yield from _inspect_check(exercise, check)
    if exercise.checks and not hidden_files and not any(hidden_part(check) for check in exercise.checks):
        yield _remark("nothing_hidden")
    for part in exercise.manual:
        yield _remark("manual", exercise, part.number, points=f"{part.max_points:g}")
    yield from _inspect_release(exercise)


def _inspect_check(exercise: Source, check: SourceCheck) -> Iterator[Remark]:
    if check.max_points == 0 and exercise.checked_score:
        yield _remark("no_points", exercise, check.number)
    if not any(check.hints):
        yield _remark("no_hint", exercise, check.number)
    elif any(len(hint) == 1 for hint in check.hints):
        yield _remark("hint_one_language", exercise, check.number)
    hidden, visible = hidden_part(check), exercise.released.cells[check.number - 1].source
    told = _literals(hidden) - _literals(visible)
    shown = sorted(value for value in told if any(_says(text, value) for hint in check.hints for text in hint.values()))
    if shown:
        yield _remark("hint_gives_away", exercise, check.number, values=", ".join(shown)[:MAX_SAID])
    statements = _statements(hidden)
    if statements and {ast.dump(one) for one in statements} <= {ast.dump(one) for one in _statements(visible)}:
        yield _remark("hidden_repeats_visible", exercise, check.number)
    if check.feedback and not compares(_tree(visible)):
        yield _remark("feedback_compares_nothing", exercise, check.number)


def _statements(code: str) -> list[ast.stmt]:
    tree = _tree(code)
    return tree.body if tree else []


def _tree(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _literals(code: str) -> set[str]:
    """Values that somebody could only know by reading this code: not small whole numbers, not single letters."""
    tree = _tree(code)
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)] if tree else []
    return {text for value in values if (text := _telling(value))}


def _telling(value: object) -> str:
    if isinstance(value, str):
        return value.strip() if len(value.strip()) >= 3 else ""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e15:
        return ""
    if value != int(value):
        return str(value)
    return str(int(value)) if abs(value) >= 10 else ""


def _says(text: str, value: str) -> bool:
    """Whether a text names a value as such, not as a part of another number, a date or a word."""
    return re.search(rf"(?<![\w./:-]){re.escape(value)}(?!\w|[./:-]\w)", text) is not None


def _inspect_release(exercise: Source) -> Iterator[Remark]:
    """Solutions that can be read in the learner's notebook: the author repeated them outside their marks."""
    shown = [cell.source for cell in exercise.released.cells]
    for number, solution in solutions_of(exercise):
        lines = {line.strip() for line in solution.split("\n")}
        telling = {
            line for line in lines if len(line) >= 12 and not re.match(r"#|import |from |def |class |raise ", line)
        }
        for other, there in enumerate(shown, start=1):
            found = {line for line in telling if line in there}
            if found and found == telling:
                yield _remark("solution_left", exercise, number, other=other)
            elif longest := max((line for line in found if len(line) >= 30), key=len, default=""):
                yield _remark("solution_line_left", exercise, number, other=other, line=longest[:80])


# --- What has to be tried --------------------------------------------------------------------------------------------


class _Trial:
    """The runs, and what they say. After ``carry_out``: ``model`` and ``untouched`` (results of checks), ``usage``."""

    def __init__(
        self,
        exercise: Source,
        files: Mapping[str, bytes],
        hidden_files: Mapping[str, bytes],
        limits: Limits,
        python: Path,
    ) -> None:
        self.exercise = exercise
        self.files, self.hidden_files = files, hidden_files
        self.limits, self.python = limits, python

    def carry_out(self, runs: int) -> list[Remark]:
        solved = assemble(self.exercise, self.exercise.notebook)
        self.shown = self.run(solved.notebook, self.files)
        self.usage = self.shown.usage
        if self.shown.status not in (RunStatus.COMPLETED, RunStatus.CELL_ERROR):
            # Nothing would be examined of a learner's work either.
            self.model = self.untouched = self.blank = self.results({})
            self.kernel = self.shown
            th, en = (sentence(self.shown.status, language) for language in ("th", "en"))
            return [_remark("breaks_limit", th=th, en=en)]
        self.kernel = self.run(_whole(self.exercise), {**self.files, **self.hidden_files})
        # Hidden inputs may be drawn from a seed: the model solution must stand more than one draw.
        examined = [self.examine(self.exercise, solved, seed=number) for number in range(1, runs + 1)]
        self.rounds = [self.results(one.findings) for one in examined]
        self.model = min(self.rounds, key=total)
        self.untouched = self.examine_answers(lambda text: text)
        self.blank = self.examine_answers(lambda _text: "")
        self.silent = set(self.silent_checks(solved))
        self.usage = _most([self.shown.usage, *(one.usage for one in examined)])
        return list(self.remarks())

    def run(self, notebook: NotebookNode, files: Mapping[str, bytes]) -> RunResult:
        result = run_notebook(notebook, files=files, limits=self.limits, python=self.python)
        if result.status is RunStatus.SANDBOX_FAILED:
            raise GradingError(f"a run failed: {result.detail}")
        return result

    def examine(self, exercise: Source, assembled: Assembled, seed: int | None = None) -> Examined:
        return examine(
            source=exercise,
            assembled=assembled,
            files=self.files,
            hidden_files=self.hidden_files,
            limits=self.limits,
            python=self.python,
            seed=seed,
        )

    def examine_answers(self, change: Any) -> tuple[Check, ...]:
        notebook = release(self.exercise)
        for cell, role in zip(notebook.cells, self.exercise.roles, strict=True):
            if role is Role.ANSWER:
                cell.source = change(cell.source)
        return self.results(self.examine(self.exercise, Assembled(notebook, {})).findings)

    def silent_checks(self, solved: Assembled) -> Iterator[str]:
        """Those that are to tell what differed and do not work without what is hidden, though the solution is right."""
        shown = visible_part(self.exercise)
        telling = [check.id for check in shown.checks if check.feedback]
        if telling and meets_hidden(self.exercise, self.hidden_files, None):
            about: dict[str, Any] = {"files": self.files, "limits": self.limits, "python": self.python}
            findings = examine(source=shown, assembled=solved, hidden_files={}, **about).findings
            yield from (name for name in telling if findings[name].outcome != "passed")

    def results(self, findings: Mapping[str, Finding]) -> tuple[Check, ...]:
        """One per check; parts that a person reads are not tried here."""
        return tuple(check for check in checks_of(self.exercise, findings) if check.examined != "person")

    # --- what to make of it ---

    def remarks(self) -> Iterator[Remark]:
        yield from self.on_limits()
        yield from self.on_cells()
        by_id = {check.id: check for check in self.exercise.checks}
        unstable = self.unstable()
        for result in self.model:
            if result.id in unstable:
                outcomes = ", ".join(sorted(unstable[result.id]))
                yield _remark("unstable", self.exercise, by_id[result.id].number, outcomes=outcomes)
            elif not result.passed:
                yield self.why_not(by_id[result.id], result)
            elif result.id in self.silent:
                yield _remark("feedback_needs_hidden", self.exercise, by_id[result.id].number)
        for untouched, blank in zip(self.untouched, self.blank, strict=True):
            number = by_id[untouched.id].number
            if untouched.points > 0 or untouched.passed:
                yield _remark("passes_untouched", self.exercise, number, points=f"{untouched.points:g}")
            elif blank.points > 0 or blank.passed:
                yield _remark("passes_blank", self.exercise, number)

    def unstable(self) -> dict[str, set[str]]:
        outcomes: dict[str, set[str]] = {}
        for results in self.rounds:
            for result in results:
                outcomes.setdefault(result.id, set()).add(f"{result.outcome} ({result.points:g})")
        return {check: seen for check, seen in outcomes.items() if len(seen) > 1}

    def on_limits(self) -> Iterator[Remark]:
        limits, used = self.limits.as_dict(), self.usage.as_dict()
        for name, (measured, unit, divisor) in _LIMITED.items():
            if used[measured] > NEAR * limits[name]:
                share = used[measured] / limits[name]
                amount, limit = (f"{value / divisor:.3g}" for value in (used[measured], limits[name]))
                yield _remark("near_limit", name=name, unit=unit, share=f"{share:.0%}", used=amount, limit=limit)

    def on_cells(self) -> Iterator[Remark]:
        """Errors that learners would see below cells that are not theirs, or with answers that are right."""
        is_right = {check.number for check, result in self.check_pairs() if result.passed}
        for number, (cell, role) in enumerate(
            zip(self.shown.notebook.cells, self.exercise.roles, strict=True), start=1
        ):
            output = _error_of(cell)
            if output is None or (role is Role.CHECK and number not in is_right):
                continue  # a check that fails is told of as a check
            # Of a check the release holds only a part: its lines have other numbers.
            code, line = ("shown_error", None) if role is Role.CHECK else ("cell_error", _line_of(output))
            yield self.with_error(_remark(code, self.exercise, number, line, said=_said(output)), output)

    def with_error(self, remark: Remark, output: Mapping[str, Any]) -> Remark:
        """What the error means; where it arose the remark says itself, counting all cells."""
        told = {language: explain({**output, "traceback": []}, language) for language in remark.text}
        return replace(remark, text={language: f"{remark.text[language]} {told[language]}" for language in told})

    def check_pairs(self) -> Iterable[tuple[SourceCheck, Check]]:
        return zip(self.exercise.checks, self.model, strict=True)

    def why_not(self, check: SourceCheck, result: Check) -> Remark:
        """Why the model solution does not get all the points: the author's mistake, or what cannot be examined."""
        output = _error_of(self.kernel.notebook.cells[check.number - 1])
        if output is not None:
            remark = _remark("model_fails", self.exercise, check.number, _line_of(output), said=_said(output))
            return self.with_error(remark, output)
        if result.points > 0 or (result.outcome == "failed" and self.shows_a_value(check)):
            points, of = f"{result.points:g}", f"{check.max_points:g}"
            return _remark("model_partial", self.exercise, check.number, points=points, max_points=of)
        line, outcome, reason = self.first_bad_line(check, result)
        text = self.exercise.notebook.cells[check.number - 1].source.split("\n")[line - 1].strip() if line else ""
        code = "cannot_cross" if outcome == "not_examinable" else "differs_outside"
        taken = ", ".join(sorted(_names_taken(check.code, self.exercise)))
        why = PREFLIGHT.get(f"reason_{reason}") or PREFLIGHT["takes_names" if taken else f"outcome_{outcome}"]
        remark = _remark(code, self.exercise, check.number, line, line=line or "?", statement=text[:MAX_SAID])
        reasons = {language: sentence.format(names=taken) for language, sentence in why.items()}
        return replace(remark, text={key: f"{remark.text[key]} {reasons[key]}" for key in remark.text})

    def shows_a_value(self, check: SourceCheck) -> bool:
        """Whether the check ends with a value, in a kernel: that is what it grants."""
        outputs = self.kernel.notebook.cells[check.number - 1].get("outputs", [])
        return any(output.get("output_type") == "execute_result" for output in outputs)

    def first_bad_line(self, check: SourceCheck, result: Check) -> tuple[int | None, str, str]:
        """(line in the cell, outcome, reason) of the first statement from which on the check does not pass: each
        beginning of the check is examined as a check of its own."""
        statements = _statements(check.code)[:MAX_STATEMENTS]
        if len(statements) < 1:
            return None, result.outcome, result.reason
        lines = all_told(check.code).split("\n")
        beginnings = ["\n".join(lines[: one.end_lineno]) for one in statements]
        probe, answers = _probe(self.exercise, check, beginnings)
        findings = self.examine(probe, answers).findings
        above = len(self.exercise.notebook.cells[check.number - 1].source.split("\n")) - len(lines)
        for position, statement in enumerate(statements):
            finding = findings.get(f"probe-{position}", Finding("not_run"))
            if finding.outcome != "passed" and not _is_partial(finding, statement, statements):
                return above + statement.lineno, finding.outcome, finding.reason
        return None, result.outcome, result.reason

    def check_reports(self) -> Iterator[CheckReport]:
        for (check, model), untouched, blank in zip(self.check_pairs(), self.untouched, self.blank, strict=True):
            passes_inside = _error_of(self.kernel.notebook.cells[check.number - 1]) is None
            examined: Any = "isolated" if model.points > 0 or model.passed else "no"
            if examined == "no" and passes_inside and model.outcome != "not_run":
                examined = "in_kernel"
            outcomes = (model.outcome, untouched.outcome, blank.outcome)
            yield CheckReport(check.id, check.number, check.max_points, *outcomes, examined)


def _is_partial(finding: Finding, statement: ast.stmt, statements: Sequence[ast.stmt]) -> bool:
    """A number in the middle of a check is no credit: only at its end."""
    return finding.outcome == "failed" and isinstance(statement, ast.Expr) and statement is not statements[-1]


def _whole(exercise: Source) -> NotebookNode:
    """The whole source, as its author would run it."""
    notebook = deepcopy(exercise.notebook)
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def _probe(exercise: Source, check: SourceCheck, beginnings: Sequence[str]) -> tuple[Source, Assembled]:
    """The exercise up to ``check``, with these checks in its place; and the model solution to it."""
    at = check.number - 1
    place_holder = exercise.notebook.cells[at]
    notebook, answers = deepcopy(exercise.notebook), assemble(exercise, exercise.notebook).notebook
    notebook.cells[at:] = [deepcopy(place_holder) for _ in beginnings]
    answers.cells[at:] = [deepcopy(place_holder) for _ in beginnings]
    probes = [
        SourceCheck(f"probe-{position}", check.max_points, code, {}, check.number + position)
        for position, code in enumerate(beginnings)
    ]
    earlier = [one for one in exercise.checks if one.number < check.number]
    roles = (*exercise.roles[:at], *(Role.CHECK for _ in beginnings))
    return Source(notebook, roles, (*earlier, *probes)), Assembled(answers, {})


def _names_taken(code: str, exercise: Source) -> set[str]:
    """Names of the model solution that a check binds or deletes: over there they stay as they are."""
    tree = _tree(code)
    theirs = frozenset().union(*exercise.answer_names.values())
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Name)) if tree else ()
    return {node.id for node in nodes if isinstance(node.ctx, ast.Store | ast.Del)} & theirs


def _error_of(cell: NotebookNode) -> Mapping[str, Any] | None:
    outputs: list[Mapping[str, Any]] = cell.get("outputs", [])
    return next((output for output in outputs if output.get("output_type") == "error"), None)


def _said(output: Mapping[str, Any]) -> str:
    return f"{output.get('ename')}: {output.get('evalue')}".strip(": ")[:MAX_SAID]


def _line_of(output: Mapping[str, Any]) -> int | None:
    """The line of the cell itself that IPython names: the outermost frame is that cell's, hint lines counted."""
    trace = "\n".join(line for line in output.get("traceback", []) if isinstance(line, str))
    found = re.search(r"Cell In\[\d+\], line (\d+)", re.sub(r"\x1b\[[0-9;]*m", "", trace))
    return int(found[1]) if found else None


def _most(usages: Sequence[Usage]) -> Usage:
    return Usage(
        max(usage.wall_seconds for usage in usages),
        max(usage.cpu_seconds for usage in usages),
        max(usage.max_memory_bytes for usage in usages),
        max(usage.output_bytes for usage in usages),
    )
