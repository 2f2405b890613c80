"""Reads a lesson's text, written in a small dialect of Markdown, into the parts of a lesson body. Pure.

Paragraphs, ``##``/``###`` headings, ``-`` lists, ``**bold**``, ``*italic*``, `` `code` ``; fenced code (what readers
may try there begins with the words ``python try``); pipe tables; ``![what it shows](file "caption")``; callouts between
``::: note`` (or tip, warning) and ``:::``; and on a line of their own ``{{ exercise SLUG | note }}``,
``{{ quiz CODE | note }}``, ``{{ download FILE | description }}`` and ``{{ code }}``: the next code of the Thai lesson,
so that a translation cannot drift from it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

_FIGURE = re.compile(r'!\[(?P<alt>[^]]+)\]\((?P<file>\S+) "(?P<caption>[^"]+)"\)')
_DIRECTIVE = re.compile(r"\{\{ (?P<name>\w+)(?: (?P<target>[^|]+?))?(?: \| (?P<words>.+?))? \}\}")
_HEADING = re.compile(r"(#{2,3}) (.+)")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson's title and its parts: (kind, value) with the kinds and values of ``courses.blocks.LessonBody``.

    Figures, downloads and exercises are still named by file or slug; ``same_code`` stands for the original's code.
    """

    title: str
    parts: list[tuple[str, Any]]


def parse(markdown: str) -> Lesson:
    """The lesson in ``markdown``. Raises ValueError, naming the line, for a directive it does not know."""
    title, _, rest = markdown.strip().partition("\n")
    if not title.startswith("# "):
        raise ValueError(f"A lesson begins with '# title', not with {title!r}")
    return Lesson(title.removeprefix("# ").strip(), _join_texts(_part(group) for group in _groups(rest)))


def with_code_of(original: Lesson, translation: Lesson) -> Lesson:
    """``translation`` with each ``same_code`` replaced by the original's code, in order.

    Raises:
        ValueError: they do not have the same number of code parts.
    """
    codes = [value for kind, value in original.parts if kind == "code"]
    places = sum(kind == "same_code" for kind, _value in translation.parts)
    if len(codes) != places:
        raise ValueError(f"{translation.title}: {places} places for {len(codes)} pieces of code")
    rest = iter(codes)
    parts = [("code", next(rest)) if kind == "same_code" else (kind, value) for kind, value in translation.parts]
    return Lesson(translation.title, parts)


def _groups(markdown: str) -> Iterator[list[str]]:
    """The lines that belong together: fenced code and callouts whole, everything else up to an empty line."""
    group: list[str] = []
    closing = ""
    for line in markdown.splitlines():
        group.append(line)
        if closing:
            if line == closing:
                yield group
                group, closing = [], ""
        elif line.startswith(("```", ":::")):
            closing = line[:3]
        elif not line.strip():
            yield group[:-1]
            group = []
    yield group


def _part(lines: list[str]) -> tuple[str, Any]:
    if not lines:
        return "text", ""
    first = lines[0]
    if first.startswith("```"):
        language, _, may = first[3:].strip().partition(" ")
        return "code", {"language": language, "code": "\n".join(lines[1:-1]), "can_be_tried": may == "try"}
    if first.startswith(":::"):
        return "callout", {"kind": first[3:].strip(), "text": _html(lines[1:-1])}
    if first.startswith("|"):
        return "table", {"caption": "", "rows": _rows(lines)}
    if figure := _FIGURE.fullmatch(first):
        return "image", figure.groupdict()
    if directive := _DIRECTIVE.fullmatch(first):
        return _directive(**directive.groupdict())
    return "text", _html(lines)


def _directive(name: str, target: str | None, words: str | None) -> tuple[str, Any]:
    match name:
        case "code":
            return "same_code", None
        case "exercise":
            return "exercise", {"exercise": target, "note": words or ""}
        case "quiz":
            return "quiz", {"quiz": target, "note": words or ""}
        case "download":
            return "download", {"document": target, "description": words or ""}
    raise ValueError(f"Unknown directive {{{{ {name} … }}}}")


def _rows(lines: list[str]) -> str:
    """Pipe-table lines as one row a line, without the outer pipes and the rule under the heading."""
    rows = [line.strip().strip("|").strip() for line in lines if not set(line) <= set("|-: ")]
    return "\n".join(row.replace("`", "") for row in rows)


def _html(lines: list[str]) -> str:
    if heading := _HEADING.fullmatch(lines[0]):
        level = len(heading[1])
        return f"<h{level}>{inline(heading[2])}</h{level}>" + (_html(lines[1:]) if lines[1:] else "")
    if lines[0].startswith("- "):
        return "<ul>" + "".join(f"<li>{inline(line.removeprefix('- '))}</li>" for line in lines) + "</ul>"
    return f"<p>{inline(' '.join(lines))}</p>"


def inline(text: str) -> str:
    """Bold, italic and code as the HTML that Wagtail's rich text stores; everything else escaped."""
    pieces = text.split("`")
    for number, piece in enumerate(pieces):
        safe = escape(piece, quote=False)
        if number % 2:
            pieces[number] = f"<code>{safe}</code>"
        else:
            safe = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", safe)
            pieces[number] = re.sub(r"\*(.+?)\*", r"<i>\1</i>", safe)
    return "".join(pieces)


def _join_texts(parts: Iterator[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Neighboring texts become one block, as an author would write them."""
    joined: list[tuple[str, Any]] = []
    for kind, value in parts:
        if kind == "text" and joined and joined[-1][0] == "text":
            joined[-1] = ("text", joined[-1][1] + value)
        elif value != "":
            joined.append((kind, value))
    return joined
