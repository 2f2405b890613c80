"""What an error under a cell means, in a sentence for a beginner that names the cell, the line and the name concerned.

Pure. All of an error output was written by the learner's code: the class is recognised only by its exact name, what is
taken out of the text is short, and whoever shows the sentence escapes it like any other text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandboxes.messages import ERRORS, INVALID_CHARACTER, OTHER_ERROR, PLACES

NAME_CHARACTERS = 60
_LOOKED_AT = 1000  # characters of a message or of a frame; what is looked for stands at their beginning
_FRAMES = 500

_QUOTED = "'([^']{1,500})'"
_NOT_DEFINED = re.compile(rf"name {_QUOTED} is not defined")
# The name concerned, as Python and pandas write it at the beginning of the message.
_NAMES = {
    "NameError": _NOT_DEFINED,
    "UndefinedVariableError": _NOT_DEFINED,
    "UnboundLocalError": re.compile(rf"cannot access local variable {_QUOTED}"),
    # 'x', 'Column not found: x', 5, "['x'] not in index", "None of [Index(['x', ...; but not '[5] not found in axis'.
    "KeyError": re.compile(
        rf"'(?:Column not found: )?([^'\[][^']{{0,500}})'\Z|(-?[0-9]{{1,20}})\Z|\"(?:None of \[Index\()?\[{_QUOTED}"
    ),
    "AttributeError": re.compile(rf"[^\n]{{1,200}}? has no attribute {_QUOTED}"),
    "FileNotFoundError": re.compile(rf"\[Errno 2\] No such file or directory: {_QUOTED}"),
    "ModuleNotFoundError": re.compile(rf"No module named {_QUOTED}"),
    "ImportError": re.compile(rf"cannot import name {_QUOTED}"),
    "SyntaxError": re.compile(r"invalid character '(.)'|invalid non-printable character (U\+[0-9A-F]{4,6})"),
}
_COLORS = re.compile(r"\x1b\[[0-9;]{0,20}m")
_CELL_LINE = re.compile(r" {0,4}Cell In\[([0-9]{1,6})\], line ([0-9]{1,6})\b")
# How IPython calls a cell that it could not even cut into words.
_UNREAD_LINE = re.compile(r" {0,4}File <string>:([0-9]{1,6})\b")


def explain(output: Mapping[str, Any], language: str, cell: int | None = None) -> str:
    """Return what the error ``output`` of a cell means and what to look at first; any language but Thai gets English.

    ``cell`` is the number (as in ``In[3]``) of the cell it stands under: named unless the traceback names the cell
    where the error arose, which may be an earlier one. Whatever the output holds, nothing is raised.
    """
    language = "th" if language == "th" else "en"
    kind, message = _string(output.get("ename")), _string(output.get("evalue"))[:_LOOKED_AT]
    found = _NAMES[kind].match(message) if kind in _NAMES else None
    sentence = INVALID_CHARACTER if found and kind == "SyntaxError" else ERRORS.get(kind, OTHER_ERROR)
    return _place(output, language, cell) + sentence[language].format(name=_name(found, language))


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _name(found: re.Match[str] | None, language: str) -> str:
    """Return the name found, ready for its slot in the sentence."""
    # Python takes ำ in identifiers apart (NFKC); people read it in one piece.
    name = found[found.lastindex or 0].replace("\u0e4d\u0e32", "\u0e33") if found else ""
    if not name or not name.isprintable():  # names of an honest message are: Python escapes the others in it
        return "นี้" if language == "th" else ""
    return f' "{name[:NAME_CHARACTERS]}{"…" if len(name) > NAME_CHARACTERS else ""}"'


def place(output: Mapping[str, Any], cell: int | None = None) -> tuple[int | None, int | None]:
    """Return (cell, line) of the innermost line of a cell that the error ``output`` names; else ``cell``, and no line.

    The learner's kernel wrote it: a number in it need not be that of any line there is.
    """
    frames = _innermost_first(output.get("traceback"))
    if in_cell := next(filter(None, map(_CELL_LINE.match, frames)), None):
        return int(in_cell[1]), int(in_cell[2])
    unread = next(filter(None, map(_UNREAD_LINE.match, frames)), None)
    return cell, int(unread[1]) if unread else None


def _place(output: Mapping[str, Any], language: str, cell: int | None) -> str:
    """Return the beginning of the sentence: where the error arose."""
    numbers = dict(zip(("cell", "line"), place(output, cell), strict=True))
    known = " and ".join(key for key, number in numbers.items() if number is not None)
    return PLACES[known][language].format(**numbers) if known else ""


def _innermost_first(traceback: Any) -> list[str]:
    """Return the beginnings of the frames of a traceback. Only there stands a place that IPython wrote: further on are
    lines of code and the message, which may say anything.
    """
    frames = traceback[-_FRAMES:] if isinstance(traceback, list) else []
    return [_COLORS.sub("", _string(frame)[:_LOOKED_AT]) for frame in reversed(frames)]
