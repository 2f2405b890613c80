"""Points that a person gives, as a form: one line per check, what is beside it, and what was typed."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courses.thai import arabic_digits
from grading import feedback, reviewing
from grading.models import Grade, Judgement, Submission
from grading.notebooks import AuthorError, ManualPart, NotebookRefused, assemble, read_notebook, read_source
from grading.reviewing import Given
from grading.rubrics import Criterion, criteria
from grading.scoring import Check


@dataclass
class Line:
    """One check on the form. ``answer`` is the learner's text made harmless; the strings are what was typed."""

    check: Check
    part: ManualPart | None = None
    answer: str = ""
    standing: Judgement | None = None
    points: str = ""
    comment: str = ""
    reason: str = ""
    met: list[int] = field(default_factory=list)
    error: str = ""

    @property
    def is_manual(self) -> bool:
        return self.check.outcome == "waiting"

    @property
    def rubric(self) -> list[tuple[int, Criterion, bool]]:
        """(number, criterion, whether it is ticked)."""
        found = criteria(self.part.guide, self.part.max_points) if self.part else ()
        return [(number, one, number in self.met) for number, one in enumerate(found)]

    @property
    def guide(self) -> str:
        """The author's prose, where it is not the model answer again."""
        if self.part is None or self.rubric or self.part.guide == self.part.model_answer:
            return ""
        return self.part.guide

    def name(self, what: str) -> str:
        return f"{what}-{self.check.id}"

    @property
    def outcome(self) -> str:
        """What the examiner said of it, in the reader's language."""
        return self.check.message("en" if (get_language() or "").startswith("en") else "th")


def lines_of(submission: Submission, grade: Grade) -> list[Line]:
    """What a person may give points for, in the order of the notebook, with what stands now."""
    parts, answers = _parts_and_answers(submission, grade)
    standing = {one.check_id: one for one in submission.judgements.standing().select_related("reviewer")}
    lines = []
    for check in reviewing.found_in(grade):
        part = parts.get(check.id)
        line = Line(check, part, feedback.plain(answers.get(check.id, "")) if part else "", standing.get(check.id))
        if line.standing:
            line.points, line.comment = f"{line.standing.points:g}", line.standing.comment
            line.reason, line.met = line.standing.reason, list(line.standing.rubric)
        lines.append(line)
    return lines


def _parts_and_answers(submission: Submission, grade: Grade) -> tuple[dict[str, ManualPart], Mapping[str, str]]:
    """From the version that was graded, and the bytes that were handed in: nothing is run."""
    try:
        source = read_source(bytes(grade.version.source))
        answers = assemble(source, read_notebook(bytes(submission.notebook))).answers
    except (AuthorError, NotebookRefused):
        return {}, {}
    return {part.id: part for part in source.manual}, answers


def read(lines: Iterable[Line], data: QueryDict) -> dict[str, Given]:
    """What was typed, kept in ``lines``; an empty ``points`` says nothing about a check. Errors stand in the lines."""
    given = {}
    for line in lines:
        if line.name("points") not in data:
            continue
        line.points = data.get(line.name("points"), "").strip()[:20]
        line.comment = data.get(line.name("comment"), "")[: reviewing.MAX_COMMENT]
        line.reason = data.get(line.name("reason"), "")[: reviewing.MAX_COMMENT]
        line.met = [n for n, _criterion, _met in line.rubric if str(n) in data.getlist(line.name("rubric"))]
        if line.points:
            points = number(line.points)
            if points is None:
                line.error = _("Write a number.")
            else:
                given[line.check.id] = Given(points, line.comment, tuple(line.met), line.reason)
        elif line.standing and not line.is_manual:
            line.error = _("To take an override back, withdraw it below.")
        elif line.comment.strip() or line.reason.strip():
            line.error = _("Give points as well: without them nothing is kept.")
    return given


def number(text: str) -> float | None:
    """``2.5``, ``2,5``, ``๒.๕``; None when it is no number."""
    try:
        found = float(arabic_digits(text).replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def why_refused(code: str, check: Check | None) -> str:
    """A ``reviewing.Refused`` in the reader's words."""
    return {
        "points": _("Give 0 to %(max)s points.") % {"max": f"{check.max_points:g}" if check else "?"},
        "reason": _("Say why: the learner reads it."),
        "own_work": _("This is your own work: somebody else decides."),
        "not_graded": _("This work is being graded at the moment. Try again later."),
        "unknown_check": _("The exercise has no such check any more. Load the page again."),
        "not_failed": _("This work did not fail, or somebody took it over already."),
        "withdrawn": _("Somebody has withdrawn this already."),
    }[code]


def mark_refused(lines: Iterable[Line], refused: reviewing.Refused) -> str:
    """Puts the reason where it belongs; returns it when it belongs to no line."""
    line = next((one for one in lines if one.check.id == refused.check_id), None)
    reason = why_refused(refused.code, line.check if line else None)
    if line is None:
        return reason
    line.error = reason
    return ""
