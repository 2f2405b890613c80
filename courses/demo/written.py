"""Reads an exercise as its author wrote it: one Markdown file in ``texts/exercises``, the whole of it readable.

The first line is ``# A-N1 Thai title / English title``. Code stands in fences that say what it is:

- ``python setup ID`` - a locked cell; ``python answer ID`` - the learner's, with the solution between its marks;
- ``markdown manual ID POINTS`` - a text of the learner's that people read; what stands in it is a model answer;
- ``python check ID POINTS`` - a check, its hints in its first lines (docs/exercises.md);
- ``python wrong NAME`` - not in the notebook: a typical wrong answer. Its first lines say which answer it replaces
  (``# in: ID``), every check that must then fail (``# fails: ID, ID``) and words of the Thai hint that helps
  (``# hint: …``).

``«hidden.rows»`` stands for a fact about the data, which the generator knows because it planted it. Everything outside
fences is text for the learner; a line ``+++`` begins another cell. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from courses.demo.notebooks import Cell, answer, check_as_written, manual, setup, text

_FENCE = re.compile(r"```(?:python|markdown) (setup|answer|check|wrong|manual) (\S+)(?: (\d+))?")
_FACT = re.compile(r"«([\w.]+)»")
_ABOUT = re.compile(r"# (in|fails|hint): (.+)")


@dataclass(frozen=True, slots=True)
class WrongAnswer:
    """What learners typically write, and what they should then read."""

    name: str
    answers: dict[str, str]  # grade id → code
    fails: list[str]  # exactly these checks, in their order
    hint_has: str  # words of the first one's Thai hint


@dataclass(frozen=True, slots=True)
class Written:
    title_th: str
    title_en: str
    cells: list[Cell]
    wrong: list[WrongAnswer]


def read(markdown: str, facts: Mapping[str, Any]) -> Written:
    """The exercise in ``markdown``, with ``facts`` (by name, each with attributes) put in.

    Raises:
        ValueError: the title or what a wrong answer says of itself is missing.
        AttributeError, KeyError: it names a fact that there is not.
    """
    first = markdown.partition("\n")[0]
    title_th, slash, title_en = first.removeprefix("# ").partition(" / ")
    if not (first.startswith("# ") and slash):
        raise ValueError(f"An exercise begins with '# Thai / English', not with {first!r}")
    cells: list[Cell] = []
    wrong: list[WrongAnswer] = []
    for kind, name, points, source in _pieces(_FACT.sub(lambda found: _fact(found[1], facts), markdown)):
        match kind:
            case "wrong":
                wrong.append(_wrong(name, source))
            case "setup":
                cells.append(setup(name, source))
            case "answer":
                cells.append(answer(name, source))
            case "check":
                cells.append(check_as_written(name, points=points, code=source))
            case "manual":
                cells.append(manual(name, points=points, model_answer=source))
            case _ if source.strip():
                cells.append(text(source))
    code = title_th.partition(" ")[0]  # "A-N1": the same in both languages
    return Written(title_th, f"{code} {title_en}", cells, wrong)


def _pieces(markdown: str) -> list[tuple[str, str, int, str]]:
    """(kind, name, points, source) of every text and every marked fence, in order."""
    pieces: list[tuple[str, str, int, list[str]]] = [("text", "", 0, [])]
    inside = False
    for line in markdown.splitlines():
        if not inside and (fence := _FENCE.fullmatch(line)):
            pieces.append((fence[1], fence[2], int(fence[3] or 0), []))
            inside = True
        elif inside and line == "```":
            pieces.append(("text", "", 0, []))
            inside = False
        elif not inside and line == "+++":
            pieces.append(("text", "", 0, []))
        else:
            pieces[-1][3].append(line)
    return [(kind, name, points, "\n".join(lines)) for kind, name, points, lines in pieces]


def _wrong(name: str, source: str) -> WrongAnswer:
    lines = source.split("\n")
    about = {found[1]: found[2] for line in lines[:3] if (found := _ABOUT.fullmatch(line))}
    if set(about) != {"in", "fails", "hint"}:
        raise ValueError(f"The wrong answer {name} says {sorted(about)} of itself")
    return WrongAnswer(name, {about["in"]: "\n".join(lines[3:])}, about["fails"].split(", "), about["hint"])


def _fact(path: str, facts: Mapping[str, Any]) -> str:
    first, *rest = path.split(".")
    return repr(reduce(getattr, rest, facts[first]))
