"""What a learner reads after grading: one self-contained fragment of HTML per language. Pure.

Everything in it that a learner could have written is text, escaped; of outputs only plain text, streams, errors,
PNG and JPEG pictures and the cells of tables are shown. The whole then passes a sanitizer.
Nothing here comes from the run that met hidden checks: the notebook shown is the one run with public checks only.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import nh3
from nbformat import NotebookNode

from grading import messages
from grading.markup import TABLE_TAGS, tables_alone
from grading.notebooks import Role, Text
from grading.prompts import markdown_html
from grading.scoring import Check
from sandboxes.python_errors import explain, place

MAX_TEXT = 20_000  # characters of one output
LOOKED_AT = 5 * MAX_TEXT  # of what has colors in it, which nobody sees
LONG_TEXT, MANY_LINES = 3_000, 30
MAX_OUTPUTS = 400
MAX_PICTURE_BYTES = 2 << 20
MAX_PICTURES = 12
_MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
# Where the findings begin, and where the rest does.
_FINDINGS = '<div class="nb-findings">'
_RUN = '</div><div class="nb-run">'
_CELL = '<div class="nb-cell">'
_TABLE_TAGS = set(TABLE_TAGS)
_TABLE_ATTRIBUTES = {"th": {"colspan", "rowspan", "scope"}, "td": {"colspan", "rowspan"}}
_TAGS = (
    _TABLE_TAGS
    | set(
        "a b blockquote br code del div em h2 h3 h4 h5 h6 hr i img li ol p pre s section span strong sub sup ul".split()  # noqa: SIM905
    )
    | {"mark"}
)
_ATTRIBUTES = {tag: {"class"} for tag in _TAGS} | {
    "a": {"href", "title"},
    "img": {"src", "alt", "class"},
    "pre": {"class", "tabindex"},
    **{tag: names | {"class"} for tag, names in _TABLE_ATTRIBUTES.items()},
}
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Characters that turn text around or hide in it are shown by name: code must read as it runs.
_INVISIBLE = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2060\ufeff]")


def render(
    language: str,
    *,
    status: Text,
    score: float | None,
    max_score: float,
    checks: Sequence[Check],
    notices: Sequence[Text],
    notebook: NotebookNode,
    roles: Sequence[Role],
) -> str:
    """The fragment in ``language`` ("th", else English): how it ran, score, checks with hints, notices, notebook.

    ``status`` is the sentence about the run; without a ``score`` nothing speaks of points; ``roles`` has one entry per
    cell of ``notebook``.
    """
    parts = [
        f'<p class="run-status">{_text(status[language])}</p>',
        _FINDINGS,
        *_findings(language, score=score, max_score=max_score, checks=checks),
        _RUN,
        *_notices(notices, language),
        _heading("notebook", language),
        *_Notebook(language).cells(notebook, roles),
        "</div>",
    ]
    return clean("\n".join(parts))


def with_findings(html: str, language: str, *, score: float, max_score: float, checks: Sequence[Check]) -> str:
    """A fragment that ``render`` made, with other findings in it: those of a later round for which nothing ran anew."""
    before, begins, rest = html.partition(_FINDINGS)
    # The first of each is ours: whatever a learner wrote comes later, and escaped.
    _, ends, after = rest.partition(_RUN)
    if not (begins and ends):
        return html
    parts = [before + begins, *_findings(language, score=score, max_score=max_score, checks=checks), ends + after]
    return clean("\n".join(parts))


def notebook_only(html: str) -> str:
    """Of a fragment that ``render`` made the cells as run, for readers who are not told how it was graded."""
    # The first of these after ours is ours: whatever a learner wrote is escaped.
    _, begins, cells = html.partition(_RUN)[2].partition(_CELL)
    return clean(f"<div>{begins}{cells}") if begins else ""


def _findings(language: str, *, score: float | None, max_score: float, checks: Sequence[Check]) -> Iterable[str]:
    if score is None:
        passed = str(sum(check.passed for check in checks))
        yield _paragraph("tried", "nb-tried", language, passed=passed, count=str(len(checks)))
    else:
        yield _paragraph("score", "nb-score", language, score=f"{score:g}", max_score=f"{max_score:g}")
    yield _heading("checks", language)
    shown = "".join(_check(check, language, with_points=score is not None) for check in checks)
    yield f'<ul class="check-list">{shown}</ul>'


def render_refusal(language: str, message: Text) -> str:
    """The fragment for a file that could not be graded."""
    return clean(f'<p class="run-status">{_text(message[language])}</p>')


def clean(html: str) -> str:
    """The second wall: whatever got this far, only these tags, attributes and addresses leave."""
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_address,
        url_schemes={"http", "https", "mailto", "data"},
    )


def _address(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "tabindex":
        return value if value == "0" else None
    if attribute == "src":
        return value if re.match(r"data:image/(?:png|jpeg|gif);base64,[A-Za-z0-9+/=]*\Z", value) else None
    if attribute == "href" and value.strip().lower().startswith("data:"):
        return None
    del tag
    return value


def _word(key: str, language: str, **details: str) -> str:
    return messages.PAGE[key][language].format(**details)


def _paragraph(key: str, css: str, language: str, **details: str) -> str:
    return f'<p class="{css}">{escape(_word(key, language, **details))}</p>'


def _heading(key: str, language: str) -> str:
    return f"<h2>{escape(_word(key, language))}</h2>"


def plain(text: str) -> str:
    """A learner's text for a page that escapes it: terminal colors gone, invisible characters named."""
    return _INVISIBLE.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", _CONTROL.sub("", _ANSI.sub("", text)))


def _text(text: str) -> str:
    """Text from anywhere as harmless HTML: escaped, terminal colors gone, invisible characters named."""
    return escape(plain(text))


def _check(check: Check, language: str, *, with_points: bool) -> str:
    points = escape(_word("points", language, points=f"{check.points:g}", max_points=f"{check.max_points:g}"))
    points = f' <span class="check-points">{points}</span>' if with_points else ""
    outcome = messages.OUTCOMES[check.outcome][language]
    hint = ""
    if check.hint and check.outcome in ("failed", "error"):
        hint = f'<p class="check-hint"><strong>{_word("hint", language)}:</strong> {_text(check.message(language))}</p>'
    look = "check-passed" if check.passed else "check-waiting" if check.outcome == "waiting" else "check-failed"
    told = "".join(f'<p class="check-told">{_text(sentence)}</p>' for sentence in check.differences(language))
    return (
        f'<li class="check {look}">'
        f'<strong class="check-id">{_text(check.id)}</strong>{points}'
        f'<p class="check-message">{escape(outcome)}</p>{told}{hint}</li>'
    )


def _notices(notices: Sequence[Text], language: str) -> Iterable[str]:
    if notices:
        yield _heading("notices", language)
        yield f'<ul class="nb-notices">{"".join(f"<li>{_text(notice[language])}</li>" for notice in notices)}</ul>'


class _Notebook:
    """Renders cells; counts outputs and pictures, so that no notebook makes a page that no browser can show."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.outputs = 0
        self.pictures = 0
        self.wrong_lines: set[tuple[int | None, int | None]] = set()  # (number of the cell, line)

    def cells(self, notebook: NotebookNode, roles: Sequence[Role]) -> Iterable[str]:
        # An error may arise in an earlier cell than the one it stopped.
        self.wrong_lines = {
            place(output, cell.get("execution_count"))
            for cell in notebook.cells
            for output in cell.get("outputs", [])[:MAX_OUTPUTS]
            if output.get("output_type") == "error"
        }
        for cell, role in zip(notebook.cells, roles, strict=True):
            if cell.source.strip() or cell.get("outputs"):
                yield f"{_CELL}{self.cell(cell, role)}</div>"

    def cell(self, cell: NotebookNode, role: Role) -> str:
        if cell.cell_type == "markdown" and role is Role.TEXT:  # ours; a learner's Markdown is shown as typed
            return f'<div class="nb-markdown">{markdown_html(cell.source)}</div>'
        number = cell.get("execution_count")
        label = _paragraph("cell", "nb-number", self.language, number=str(number)) if number else ""
        shown = f'{label}<pre class="nb-input"><code>{self.source(cell.source, number)}</code></pre>'
        return shown + "".join(self.output(output, number) for output in cell.get("outputs", []))

    def source(self, text: str, number: int | None) -> str:
        """The cell's code, the lines in which an error arose marked, and said to be so."""
        lines = {line for cell, line in self.wrong_lines if cell == number and number is not None}
        if not lines:
            return _text(text)
        here = escape(_word("error_here", self.language))
        marked = (
            f'<mark class="nb-wrong-line">{_text(line)}</mark> <span class="nb-here">◀ {here}</span>'
            if number in lines
            else _text(line)
            for number, line in enumerate(text.split("\n"), start=1)
        )
        return "\n".join(marked)

    def output(self, output: Any, number: int | None) -> str:
        """One output of the cell that ran as In[``number``]."""
        self.outputs += 1
        if self.outputs > MAX_OUTPUTS:
            return _paragraph("omitted", "nb-omitted", self.language) if self.outputs == MAX_OUTPUTS + 1 else ""
        kind = output.get("output_type")
        if kind == "stream":
            return self.pre("nb-stream", _joined(output.get("text")))
        if kind == "error":
            return self.error(output, number)
        if kind in ("execute_result", "display_data"):
            return self.display(output.get("data", {}))
        return ""

    def pre(self, css: str, text: str, *, keeps_end: bool = False) -> str:
        """Text as it is, cut where it is too long: its beginning is shown, or its end."""
        if not text.strip():
            return ""
        seen = plain(text[-LOOKED_AT:] if keeps_end else text[:LOOKED_AT])
        lines = [seen[-MAX_TEXT:] if keeps_end else seen[:MAX_TEXT]]
        if len(seen) > MAX_TEXT or len(text) > LOOKED_AT:
            lines.insert(0 if keeps_end else 1, _word("omitted_before" if keeps_end else "omitted", self.language))
        # What is long scrolls in a box of its own, by keyboard too.
        is_long = len(seen) > LONG_TEXT or seen.count("\n") > MANY_LINES
        long = ' nb-long" tabindex="0' if is_long else ""
        return f'<pre class="{css}{long}">{escape("\n".join(lines))}</pre>'

    def error(self, output: Any, number: int | None) -> str:
        trace = _joined(output.get("traceback"), "\n") or f"{output.get('ename')}: {output.get('evalue')}"
        explained = f'<p class="nb-explained">{_text(explain(output, self.language, number))}</p>'
        return self.pre("nb-error", trace, keeps_end=True) + explained

    def display(self, data: Any) -> str:
        for kind in _MAGIC:
            if kind in data and (shown := self.picture(kind, _joined(data[kind]))):
                return shown
        html = _joined(data.get("text/html"))
        if "<table" in html and len(html) <= 10 * MAX_TEXT:
            table = nh3.clean(tables_alone(html), tags=_TABLE_TAGS, attributes=_TABLE_ATTRIBUTES)
            if "<table" in table:
                return f'<div class="nb-output nb-table">{_CONTROL.sub("", table)}</div>'
        return self.pre("nb-output", _joined(data.get("text/plain")))

    def picture(self, kind: str, text: str) -> str:
        """A picture as a data: address, once its bytes are seen to be of that kind and not too many."""
        try:
            content = base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            return ""
        if not content.startswith(_MAGIC[kind]) or len(content) > MAX_PICTURE_BYTES or self.pictures >= MAX_PICTURES:
            return ""
        self.pictures += 1
        address = f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
        label = _word("figure", self.language)
        return f'<div class="nb-output"><img class="nb-picture" src="{address}" alt="{escape(label)}"></div>'


def _joined(value: Any, between: str = "") -> str:
    """Text that Jupyter may have cut into lines."""
    if isinstance(value, str):
        return value
    return between.join(part for part in value if isinstance(part, str)) if isinstance(value, list) else ""
