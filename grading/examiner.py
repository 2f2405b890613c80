"""Runs the author's checks against a learner's work: the learner's cells in one sandbox, the checks in another.

Between the two sandboxes run two pipes of plain data; a third pipe, which only the examiner's sandbox and this process
hold, carries the verdict. No learner code runs in the examiner's sandbox, and nothing that the learner's sandbox says
is read here. Whatever is malformed, dead or late earns no points.
"""

import json
import os
import re
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grading import messages
from grading.inside.owners import SEED
from grading.notebooks import Assembled, Role, Source, SourceCheck
from grading.scoring import OUTCOMES, CheckOutcome, Finding
from sandboxes.box import Box
from sandboxes.inside import SHELL_TOOLS
from sandboxes.limits import Limits
from sandboxes.results import Ending, RunStatus, Usage

CALL_SHARE = 1 / 3  # of the time for the whole run: what one answer of the learner's side may take
START_SECONDS = 30.0  # for both sandboxes to be ready; not the learner's time
END_SECONDS = 5.0
START_CPU_SECONDS = 15.0
EXAMINER_MEMORY_BYTES = 1 << 30  # at least: the checks hold what they compare with beside what was sent
MAX_TOLD, MAX_TOLD_TEXT = 3, 300  # differences of one check, characters of each word about one
TOLD_KEYS = frozenset(["kind", "row", "column", "expected", "got"])
MAX_VERDICT_BYTES = 1 << 20
MAX_SECONDS = 3600.0

_HERE = Path(__file__).resolve().parent
_EXAMINER_TOOLS = {
    **{path.name: path for path in (_HERE / "inside").glob("*.py") if path.stem != "__init__"},
    "thai_fold.py": _HERE / "thai_fold.py",
}
_INSIDE = _HERE.parent / "sandboxes" / "inside"
_LEARNER_TOOLS = {name: _INSIDE / name for name in ("agent.py", "figures.py", *SHELL_TOOLS)}
_BOTH = {name: _INSIDE / name for name in ("aside.py", "wire.py")}


class GradingError(Exception):
    """Our failure: nothing is known about the learner's work. To be tried again; costs the learner nothing."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What the examiner found, by check id, and what both sandboxes used; ``detail`` is for staff."""

    findings: Mapping[str, Finding]
    usage: Usage
    detail: str = ""


def examine(
    *,
    source: Source,
    assembled: Assembled,
    files: Mapping[str, bytes],
    hidden_files: Mapping[str, bytes],
    limits: Limits,
    python: Path,
    seed: int | None = None,
) -> Examined:
    """Run every check of ``source``, hidden parts included, against the assembled answers.

    ``hidden_files`` lie in the examiner's sandbox only. ``seed`` is what the author's ``ATTEMPT_SEED`` becomes, None
    leaves it as it is written. What differed is told only by an examination that meets nothing hidden: whatever the
    learner's code has met it can put into its answers. Raises ``GradingError`` when the sandboxes did not get as far as
    the learner's first cell, and ``SandboxUnavailable`` when they could not be built.
    """
    if any(check.feedback for check in source.checks) and meets_hidden(source, hidden_files, seed):
        source = replace(source, checks=tuple(replace(check, feedback=frozenset()) for check in source.checks))
    ours = limits.with_(
        wall_seconds=min(MAX_SECONDS, limits.wall_seconds + START_SECONDS + END_SECONDS),
        cpu_seconds=min(MAX_SECONDS, limits.cpu_seconds + START_CPU_SECONDS),
    )
    theirs = ours.with_(memory_bytes=max(limits.memory_bytes, EXAMINER_MEMORY_BYTES))
    with _Pipes() as pipes, ExitStack() as boxes:
        examiner = boxes.enter_context(
            Box(
                ["python", "/tools/examine.py", str(pipes.verdict_in)],
                limits=theirs,
                python=python,
                is_alone=True,
                files={**files, **hidden_files},
                tools=_read(_EXAMINER_TOOLS | _BOTH) | {"job.json": _job(source, limits, seed)},
                stdin=pipes.answers_out,
                stdout=pipes.questions_in,
                pass_fds=[pipes.verdict_in],
            )
        )
        learner = boxes.enter_context(
            Box(
                ["python", "/tools/agent.py"],
                limits=ours,
                python=python,
                is_alone=True,
                files=files,
                tools=_read(_LEARNER_TOOLS | _BOTH) | {"cells.json": _cells(source, assembled)},
                stdin=pipes.questions_out,
                stdout=pipes.answers_in,
            )
        )
        examiner.start()
        learner.start()
        pipes.keep_only_verdict()
        said = _read_verdict(pipes.verdict_out, START_SECONDS, limits.wall_seconds + END_SECONDS)
        endings = learner.kill(), examiner.kill()
        usage = _side_by_side(learner.usage(), examiner.usage())
    return _conclude(source, said, endings, usage)


def meets_hidden(source: Source, hidden_files: Mapping[str, bytes], seed: int | None) -> bool:
    """Whether an examination may give the learner's code what its author shows to nobody."""
    draws = seed is not None and any(SEED in cell.source for cell in source.notebook.cells)
    return bool(hidden_files) or draws or any(check.hidden_lines for check in source.checks)


def _side_by_side(one: Usage, other: Usage) -> Usage:
    return replace(one + other, wall_seconds=max(one.wall_seconds, other.wall_seconds))


def _read(paths: Mapping[str, Path]) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in paths.items()}


def _job(source: Source, limits: Limits, seed: int | None) -> bytes:
    """All the examiner needs: the author's cells, solutions and hidden checks in them."""
    job = {
        "cells": [_job_cell(*about) for about in _code_cells(source)],
        "seconds": limits.wall_seconds,
        "start_seconds": START_SECONDS,
        "call_seconds": limits.wall_seconds * CALL_SHARE,
        "seed": seed,
    }
    return json.dumps(job).encode()


def _job_cell(cell: Any, role: Role, check: SourceCheck | None, public: str) -> dict[str, Any]:
    if check is not None:
        about = {"kind": "check", "code": check.code, "id": check.id, "points": check.max_points, "public": public}
        return about | {"told": sorted(check.feedback)}
    return {"kind": "setup" if role is Role.SETUP else "answer", "code": cell.source}


def _cells(source: Source, assembled: Assembled) -> bytes:
    """All the learner's sandbox gets: our set-up cells and the learner's answers. Checks are empty places."""
    rebuilt = (cell for cell in assembled.notebook.cells if cell.cell_type == "code")
    pairs = zip(rebuilt, _code_cells(source), strict=True)
    return json.dumps(["" if check else cell.source for cell, (_, _, check, _) in pairs]).encode()


def _code_cells(source: Source) -> Iterator[tuple[Any, Role, SourceCheck | None, str]]:
    """(cell, its role, the check in it, what learners see of it) for each code cell."""
    by_number = {check.number: check for check in source.checks}
    cells = zip(source.notebook.cells, source.roles, source.released.cells, strict=True)
    for number, (cell, role, released) in enumerate(cells, start=1):
        if cell.cell_type == "code":
            yield cell, role, by_number.get(number), released.source


class _Pipes:
    """The three pipes; a context manager that closes whatever is still open."""

    def __enter__(self) -> "_Pipes":
        self.questions_out, self.questions_in = os.pipe()
        self.answers_out, self.answers_in = os.pipe()
        self.verdict_out, self.verdict_in = os.pipe()
        self._open = [
            *(self.questions_out, self.questions_in, self.answers_out, self.answers_in),
            *(self.verdict_in, self.verdict_out),
        ]
        return self

    def keep_only_verdict(self) -> None:
        """Once both sandboxes run: an end that nobody else holds must be seen as closed."""
        self._open.remove(self.verdict_out)
        self._close()
        self._open = [self.verdict_out]

    def _close(self) -> None:
        for number in self._open:
            os.close(number)

    def __exit__(self, *_: object) -> None:
        self._close()


def _read_verdict(fd: int, to_begin: float, to_end: float) -> list[bytes]:
    """The lines the examiner wrote before it ended, fell silent or said too much; the seconds count one by one."""
    data = b""
    deadline = time.monotonic() + to_begin
    while len(data) <= MAX_VERDICT_BYTES:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            break
        part = os.read(fd, 65536)
        if not part:
            break
        deadline = deadline if data else time.monotonic() + to_end
        data += part
    return data.split(b"\n")[:-1] if len(data) <= MAX_VERDICT_BYTES else []


def _conclude(source: Source, said: list[bytes], endings: tuple[Ending, Ending], usage: Usage) -> Examined:
    learner, examiner = endings
    detail = f"learner: {learner.status} {learner.detail}; examiner: {examiner.status} {examiner.detail}"
    if not said or said[0] != b'{"ready": true}':
        raise GradingError(f"the examination did not begin ({detail})")
    if any(ending.status is RunStatus.SANDBOX_FAILED for ending in endings):
        # Whatever was found by then, it may be less than there is.
        raise GradingError(f"a sandbox broke ({detail})")
    try:
        return Examined(_findings(source, said[1:]), usage, detail)
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        # The examiner died or said nonsense after it had met the learner's work: no points.
        outcome: CheckOutcome = "timeout" if examiner.status is RunStatus.OUT_OF_TIME else "error"
        nothing = {check.id: Finding(outcome) for check in source.checks}
        return Examined(nothing, usage, f"no verdict: {error} ({detail})")


def _findings(source: Source, lines: list[bytes]) -> dict[str, Finding]:
    """The verdict, checked to be exactly one finding per check, in order. Raises ``ValueError``."""
    if len(lines) != 1:
        raise ValueError(f"{len(lines)} lines")
    verdict = json.loads(lines[0])
    if type(verdict) is not dict or list(verdict) != ["findings"] or type(verdict["findings"]) is not list:
        raise ValueError("not a verdict")
    if len(verdict["findings"]) != len(source.checks):
        raise ValueError("not one finding per check")
    pairs = zip(source.checks, verdict["findings"], strict=True)
    return {check.id: _finding(check, data) for check, data in pairs}


def _finding(check: SourceCheck, data: Any) -> Finding:
    if (
        type(data) is not dict
        or data.keys() - {"reason", "told"} != {"id", "outcome", "share"}
        or data["id"] != check.id
    ):
        raise ValueError("not a finding")
    outcome, share, reason = data["outcome"], data["share"], data.get("reason", "")
    if type(outcome) is not str or outcome not in OUTCOMES or type(share) not in (int, float):
        raise ValueError("not a finding")
    if not 0 <= share <= 1:  # nor is not-a-number; a whole number of any length can be compared
        raise ValueError("not a share")
    if type(reason) is not str or (reason and reason not in messages.NOT_EXAMINABLE):
        raise ValueError("not a reason")
    return Finding(outcome, float(share), reason, _told(check, data.get("told", [])))  # type: ignore[arg-type]


def _told(check: SourceCheck, told: Any) -> tuple[dict[str, str], ...]:
    """What the examiner tells of a visible part, where its author allows it. Raises ``ValueError``."""
    if type(told) is not list or len(told) > MAX_TOLD or (told and not check.feedback):
        raise ValueError("not what may be told")
    for one in told:
        if type(one) is not dict or not {"kind"} <= one.keys() <= TOLD_KEYS:
            raise ValueError("not what may be told")
        if not all(map(_may_be_told, one.values())) or one["kind"] not in messages.TOLD:
            raise ValueError("not what may be told")
    return tuple(told)


def _may_be_told(text: Any) -> bool:
    """Whether this is a short text that a database takes."""
    return type(text) is str and len(text) <= MAX_TOLD_TEXT and not re.search("[\0\ud800-\udfff]", text)
