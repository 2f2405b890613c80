"""What the learner reads after a grade: one HTML fragment per language, safe to show as it is.

Made from an allow-list: plain text escaped, tables reduced to table tags, pictures only as PNG or JPEG whose first
bytes say so. Every other kind of output (HTML, SVG, JavaScript, LaTeX, widgets) is replaced by its plain text. Nothing
here has ever met a hidden check or a hidden value: the notebook shown is the display run's.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import nh3
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, override
from nbformat import NotebookNode

from grading.prompts import markdown_html
from sandboxes.messages import LANGUAGES, sentence
from sandboxes.results import RunStatus

MAX_TEXT = 20_000  # characters of one output
MAX_TABLE = 200_000  # characters of one table's HTML
MAX_PICTURE_BYTES = 1_000_000
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
TABLE_TAGS = {"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"}
TABLE_ATTRIBUTES = {"th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"}}
# Colours and cursor moves of a terminal; and the control characters that browsers and screen readers stumble over.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class CheckResult(Protocol):
    """The part of a check's result that is shown (see ``grading.grader.Check``)."""

    @property
    def id(self) -> str: ...
    @property
    def points(self) -> float: ...
    @property
    def max_points(self) -> float: ...
    @property
    def passed(self) -> bool: ...
    @property
    def outcome(self) -> str: ...
    @property
    def hint(self) -> Mapping[str, str]: ...


def render(
    *,
    run_status: RunStatus,
    score: float,
    max_score: float,
    checks: Sequence[CheckResult],
    notices: Sequence[Mapping[str, str]],
    notebook: NotebookNode | None,
) -> dict[str, str]:
    """The feedback in every language: how the run ended, score, each check with its hint, notices, the notebook.

    ``notebook`` is the display run's, outputs filled in; None when nothing ran. Raises nothing for what a learner
    can put into a notebook.
    """
    pages = {}
    for language in LANGUAGES:
        with override(language):
            parts = [
                status_html(run_status, language),
                score_html(score, max_score),
                notices_html(notices, language),
                checks_html(checks, language),
                notebook_html(notebook),
            ]
            pages[language] = str(format_html('<div class="feedback">{}</div>', mark_safe("".join(parts))))  # noqa: S308
    return pages


def status_html(status: RunStatus, language: str) -> SafeString:
    return format_html('<p class="run-status run-status-{}">{}</p>', status.lower(), sentence(status, language))


def score_html(score: float, max_score: float) -> SafeString:
    text = gettext("%(score)s of %(max)s points") % {"score": f"{score:g}", "max": f"{max_score:g}"}
    return format_html('<p class="feedback-score">{}</p>', text)


def notices_html(notices: Sequence[Mapping[str, str]], language: str) -> SafeString:
    """What was odd about the upload: cells that are missing, doubled or not ours."""
    if not notices:
        return SafeString("")
    items = format_html_join("", "<li>{}</li>", ((notice.get(language, ""),) for notice in notices))
    return format_html('<div class="notices"><h3>{}</h3><ul>{}</ul></div>', gettext("About your file"), items)


def outcome_text(outcome: str) -> str:
    """A check's outcome in words; a fixed set, so that a hidden check tells nothing more."""
    return {
        "passed": gettext("Passed"),
        "failed": gettext("Not yet"),
        "error": gettext("Stopped with an error"),
        "timeout": gettext("Took too long"),
        "not_examinable": gettext("Gave something that cannot be checked"),
        "not_run": gettext("Not checked"),
    }.get(outcome, gettext("Not checked"))


def checks_html(checks: Sequence[CheckResult], language: str) -> SafeString:
    if not checks:
        return SafeString("")
    items = mark_safe("".join(check_html(number, check, language) for number, check in enumerate(checks, 1)))  # noqa: S308
    return format_html('<h3>{}</h3><ol class="check-list">{}</ol>', gettext("Checks"), items)


def check_html(number: int, check: CheckResult, language: str) -> SafeString:
    points = ngettext("%(points)s of %(max)s point", "%(points)s of %(max)s points", int(check.max_points)) % {
        "points": f"{check.points:g}",
        "max": f"{check.max_points:g}",
    }
    hint = "" if check.passed else check.hint.get(language) or next(iter(check.hint.values()), "")
    return format_html(
        '<li class="check {}"><p class="check-line"><strong>{}</strong> <span class="check-id">{}</span> '
        '<span class="check-outcome">{}</span> <span class="check-points">{}</span></p>{}</li>',
        "check-passed" if check.passed else "check-failed",
        gettext("Check %(number)d") % {"number": number},
        check.id,
        outcome_text(check.outcome),
        points,
        format_html('<p class="check-hint"><strong>{}</strong> {}</p>', gettext("Hint:"), hint) if hint else "",
    )


def notebook_html(notebook: NotebookNode | None) -> SafeString:
    """The notebook as it ran."""
    if notebook is None:
        return SafeString("")
    cells = mark_safe("".join(cell_html(cell) for cell in notebook.cells))  # noqa: S308 - each is made safe below
    return format_html('<h3>{}</h3><div class="nb">{}</div>', gettext("Your notebook as it ran"), cells)


def cell_html(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        return f'<div class="nb-cell nb-markdown">{markdown_html(cell.source)}</div>'
    if cell.cell_type != "code":
        return ""
    shown = "".join(output_html(output) for output in cell.get("outputs", []))
    outputs = f'<div class="nb-output">{shown}</div>' if shown else ""
    return (
        f'<div class="nb-cell nb-code"><div class="nb-input"><pre><code>{escape(plain(cell.source))}</code></pre></div>'
        f"{outputs}</div>"
    )


def output_html(output: Mapping[str, Any]) -> str:
    kind = output.get("output_type")
    if kind == "stream":
        name = "nb-stream nb-stderr" if output.get("name") == "stderr" else "nb-stream"
        return text_html(output.get("text", ""), name)
    if kind == "error":
        trace = output.get("traceback") or [f"{output.get('ename', '')}: {output.get('evalue', '')}"]
        return text_html("\n".join(map(str, trace)), "nb-error")
    if kind in {"display_data", "execute_result"}:
        return data_html(output.get("data") or {})
    return ""


def data_html(data: Mapping[str, Any]) -> str:
    """The richest form of an output that is on the allow-list."""
    for kind, first_bytes in PICTURES.items():
        if kind in data and (picture := picture_html(kind, joined(data[kind]), first_bytes)):
            return picture
    html = joined(data.get("text/html", ""))
    if "<table" in html and len(html) <= MAX_TABLE:
        return table_html(html)
    return text_html(data.get("text/plain", ""), "nb-text")


def picture_html(kind: str, text: str, first_bytes: bytes) -> str:
    """A picture whose bytes are of the kind it says; else nothing."""
    try:
        content = base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error):
        return ""
    if not content.startswith(first_bytes) or len(content) > MAX_PICTURE_BYTES:
        return ""
    source = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return str(format_html('<img class="nb-image" src="{}" alt="{}">', source, gettext("Figure drawn by the notebook")))


def table_html(html: str) -> str:
    """A frame's table: its rows and cells, and nothing else of the markup."""
    clean = nh3.clean(html, tags=TABLE_TAGS, attributes=TABLE_ATTRIBUTES, clean_content_tags={"script", "style"})
    label = gettext("Table shown by the notebook")
    return (
        f'<div class="nb-table table-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f"{CONTROLS.sub('', clean)}</div>"
    )


def text_html(text: str | Iterable[str], names: str) -> str:
    shown = plain(joined(text))
    if not shown.strip():
        return ""
    if len(shown) > MAX_TEXT:
        shown = shown[:MAX_TEXT] + "\n… " + gettext("(the rest is not shown)")
    return f'<pre class="{names}" tabindex="0">{escape(shown)}</pre>'


def plain(text: str) -> str:
    """Text without terminal colours, control characters and direction overrides."""
    return CONTROLS.sub("", ANSI.sub("", text).replace("\r\n", "\n").replace("\r", "\n"))


def joined(text: Any) -> str:
    """A notebook's multi-line string: one string, or a list of lines."""
    return text if isinstance(text, str) else "".join(map(str, text)) if isinstance(text, list) else str(text)
