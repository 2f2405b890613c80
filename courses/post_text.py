"""What people write in a discussion, taken apart: prose, and code that would give a solution away. Pure.

Code stands between lines of three backticks, or is recognised by its looks: who forgets the fence must not spoil it for
others. Nothing in it is ever markup: the page escapes every part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

FENCE = re.compile(r"^\s*(```|~~~)")
# A line that is a statement of Python rather than a sentence.
STATEMENT = re.compile(
    r"""^\s*(
        (from\s+\w[\w.]*\s+)?import\s+\w | @\w | def\s+\w+\s*\( | class\s+\w+\s*[:(] | return\b.*[\w)\]]$
      | for\s+\w+(\s*,\s*\w+)*\s+in\b.*: | (else|try|finally)\s*:\s*$ | except\b[^:]*:\s*$
      | (if|elif|while|with)\s[^:]*[=<>(\[.!][^:]*:\s*$
      | [^\W\d][\w.]*(\[[^\]]*\])*\s*([+\-*/%|&]|//|\*\*)?=\s*\S
      | [^\W\d]\w*(\.\w+|\[[^\]]*\])*\([^)]*\).*$
    )""",
    re.VERBOSE,
)
THAI_WORDS = re.compile(r"[\u0e01-\u0e3a\u0e40-\u0e4e]{2,}\s+[\u0e01-\u0e3a\u0e40-\u0e4e]{2,}")


@dataclass(frozen=True, slots=True)
class Part:
    text: str
    is_code: bool


def parts(text: str) -> list[Part]:
    """The text as prose and code, in order; blank parts are left out."""
    found = []
    for is_code, lines in groupby(_lines(text), key=lambda line: line[1]):
        joined = "\n".join(line for line, _is_code in lines).strip("\n")
        if joined.strip():
            found.append(Part(joined, is_code))
    return found


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    is_fenced = False
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if FENCE.match(line):
            is_fenced = not is_fenced
        elif line.strip() or is_fenced:
            yield line, is_fenced or looks_like_code(line)
        else:
            yield line, False


def looks_like_code(line: str) -> bool:
    """Whether a line outside a fence is a statement of a program."""
    return bool(STATEMENT.match(line)) and not THAI_WORDS.search(line.split("#")[0].split('"')[0].split("'")[0])


def tidy(text: str) -> str:
    """Without what no reader sees: NUL, zero-width characters, controls; ends trimmed."""
    kept = (c for c in text.replace("\r\n", "\n") if c in "\n\t" or c.isprintable())
    return "".join(kept).strip()
