"""Grade a submission: the one verb, from the bytes that were handed in to what is recorded and shown.

Read it top to bottom: is it a notebook of this exercise; the run a learner is shown, with public checks only; the
examination, hidden checks included, in sandboxes of its own; where a failed check may tell what differed, another one
without anything hidden; the score; the feedback. A learner's fault is a value.
Ours is an exception, and never a score.
"""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from grading import feedback, messages
from grading.examiner import EXAMINER_MEMORY_BYTES, Examined, GradingError, examine, meets_hidden
from grading.notebooks import (
    Assembled,
    AuthorError,
    NotebookRefused,
    Role,
    Source,
    Text,
    assemble,
    read_notebook,
    read_source,
    visible_part,
)
from grading.scoring import Check, checks_of, total
from sandboxes.limits import Limits
from sandboxes.messages import sentence
from sandboxes.results import RunResult, RunStatus, SandboxUnavailable, Usage
from sandboxes.runner import run_notebook
from sandboxes.service import place

__all__ = ["Check", "GradingError", "Outcome", "grade"]

LANGUAGES = ("th", "en")
TELLING_SECONDS = 60.0  # at most, of another examination for what differed
PLACE_SECONDS = 60.0  # for the machine to have room; after that the submission is tried again later
# After these there is nothing worth examining: the same cells would do the same again.
_BROKE_OFF = {RunStatus.OUT_OF_TIME, RunStatus.OUT_OF_MEMORY, RunStatus.TOO_MUCH_OUTPUT, RunStatus.KERNEL_DIED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one submission. ``message`` and ``feedback_html`` are by language; ``detail`` is for staff only.

    ``is_isolated``: every point came from the examiner's sandbox; only such a grade may carry a credential.
    ``run_status`` is that of the run the learner is shown, None when nothing was run.
    """

    state: Literal["graded", "refused", "failed"]
    sha256: str
    score: float
    max_score: float
    message: Text
    run_status: RunStatus | None = None
    checks: tuple[Check, ...] = ()
    usage: Usage = field(default_factory=Usage)
    notices: tuple[Text, ...] = ()
    is_isolated: bool = False
    feedback_html: Text = field(default_factory=dict)
    detail: str = ""


def grade(
    *,
    source: bytes,
    submission: bytes,
    files: Mapping[str, bytes],
    hidden_files: Mapping[str, bytes],
    limits: Limits,
    python: Path,
    seed: int | None = None,
    failed_before: Mapping[str, int] | None = None,
    is_rehearsal: bool = False,
) -> Outcome:
    """Grade ``submission`` against the author's notebook ``source``.

    ``files`` (name to content) lie beside the learner's notebook, ``hidden_files`` beside the checks only; ``python``
    is the kernel environment's interpreter, ``seed`` what hidden inputs are drawn from (see ``seed_of``),
    ``failed_before`` in how many earlier attempts a check was failed: hints go by it.
    ``is_rehearsal``: visible checks only, and what a learner reads speaks of no points. A file that is no notebook of
    this exercise gives state "refused" and runs nothing. Raises ``GradingError`` or ``SandboxUnavailable`` for failures
    that are ours: try again.
    """
    sha256 = hashlib.sha256(submission).hexdigest()
    exercise = _read_exercise(source)
    if is_rehearsal:
        exercise, hidden_files = visible_part(exercise), {}
    try:
        assembled = assemble(exercise, read_notebook(submission))
    except NotebookRefused as refusal:
        return _refused(refusal, exercise, sha256)
    with place(limits.memory_bytes + EXAMINER_MEMORY_BYTES, timeout=PLACE_SECONDS):
        shown = run_notebook(assembled.notebook, files=files, limits=limits, python=python)
        if shown.status is RunStatus.SANDBOX_FAILED:
            raise GradingError(f"the run for the learner failed: {shown.detail}")
        if shown.status in _BROKE_OFF:
            checks = checks_of(exercise, {}, failed_before)
            return _graded(
                exercise, assembled, shown, checks, shown.usage, sha256, shown.detail, is_rehearsal=is_rehearsal
            )
        examined = examine(
            source=exercise,
            assembled=assembled,
            files=files,
            hidden_files=hidden_files,
            limits=limits,
            python=python,
            seed=seed,
        )
        if meets_hidden(exercise, hidden_files, seed):  # and may therefore tell nothing by itself
            examined = _with_differences(exercise, assembled, examined, files=files, limits=limits, python=python)
    checks = checks_of(exercise, examined.findings, failed_before)
    usage = shown.usage + examined.usage
    return _graded(exercise, assembled, shown, checks, usage, sha256, examined.detail, is_rehearsal=is_rehearsal)


def _with_differences(
    exercise: Source,
    assembled: Assembled,
    examined: Examined,
    *,
    files: Mapping[str, bytes],
    limits: Limits,
    python: Path,
) -> Examined:
    """What failed checks may tell of their visible parts, from sandboxes that no hidden input has entered.

    The verdict is ``examined``'s, whatever comes of this.
    """
    failed = {name for name, one in examined.findings.items() if one.outcome == "failed"}
    if not any(check.feedback for check in exercise.checks if check.id in failed):
        return examined
    shown = visible_part(exercise)
    # The verdict stands already: a learner's code that takes its time now must not cost the task the rest of its own.
    limits = limits.with_(wall_seconds=min(limits.wall_seconds, TELLING_SECONDS))
    try:
        again = examine(source=shown, assembled=assembled, files=files, hidden_files={}, limits=limits, python=python)
    except (GradingError, SandboxUnavailable) as error:
        return replace(examined, detail=f"{examined.detail}; nothing is told: {error}")
    told = {name: one.told for name, one in again.findings.items() if name in failed}
    findings = {name: replace(one, told=told.get(name, one.told)) for name, one in examined.findings.items()}
    return replace(examined, findings=findings, usage=examined.usage + again.usage)


def seed_of(submission_id: uuid.UUID) -> int:
    """The seed of one attempt: nobody knows it before it is handed in, and it is the same on every regrade."""
    return int.from_bytes(hashlib.sha256(submission_id.bytes).digest()[:4])


def _read_exercise(source: bytes) -> Source:
    try:
        return read_source(source)
    except AuthorError as error:
        raise GradingError(f"the exercise itself cannot be read: {error}") from error


def _refused(refusal: NotebookRefused, exercise: Source, sha256: str) -> Outcome:
    message = {"th": refusal.th, "en": refusal.en}
    return Outcome(
        state="refused",
        sha256=sha256,
        score=0.0,
        max_score=exercise.max_score,
        message=message,
        feedback_html={language: feedback.render_refusal(language, message) for language in LANGUAGES},
    )


def _graded(
    exercise: Source,
    assembled: Assembled,
    shown: RunResult,
    checks: tuple[Check, ...],
    usage: Usage,
    sha256: str,
    detail: str,
    *,
    is_rehearsal: bool,
) -> Outcome:
    notices = assembled.notices + ((messages.NOTICES["manual"],) if Role.MANUAL in exercise.roles else ())
    score = total(checks)
    message = {language: sentence(shown.status, language) for language in LANGUAGES}
    html = {
        language: feedback.render(
            language,
            status=message,
            score=None if is_rehearsal else score,
            max_score=exercise.max_score,
            checks=checks,
            notices=notices,
            notebook=shown.notebook,
            roles=exercise.roles,
        )
        for language in LANGUAGES
    }
    return Outcome(
        state="graded",
        sha256=sha256,
        score=score,
        max_score=exercise.max_score,
        message=message,
        run_status=shown.status,
        checks=checks,
        usage=usage,
        notices=notices,
        is_isolated=not is_rehearsal and bool(checks) and all(check.examined == "isolated" for check in checks),
        feedback_html=html,
        detail=detail,
    )
