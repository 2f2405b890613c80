"""How much two learners' answers resemble each other, whatever their variables are called and however cells stand.

Code is cut into words; a name becomes "a name", a number "a number". Runs of ``LENGTH`` words are hashed, and of every
``WINDOW`` neighbouring hashes the smallest is kept as a fingerprint: winnowing (Schleimer, Wilkerson and Aiken, 2003),
which finds every common passage of ``LENGTH + WINDOW - 1`` words and hardly anything shorter than ``LENGTH``. What the
release notebook holds, and what most learners write, is nobody's own and is left out. Pure; it never runs or parses
code, so that no notebook can do more than be read.
"""

import builtins
import hashlib
import keyword
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LENGTH = 10  # words in a passage
WINDOW = 4
MAX_CHARACTERS = 100_000  # of one learner's answers
FEWEST = 6  # fingerprints of its own without which an answer is too short to compare
COMMON_SHARE = 0.25  # a passage that so many learners have is the way it is done
COMMON_LEARNERS = 8  # … once that many have it
LEAST_SHARE = 0.35  # of a pair that is worth looking at
MOST_PAIRS = 500

_WORDS = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<string>(?:[rbuf]{0,2})(?:'''.*?(?:'''|\Z)|\"\"\".*?(?:\"\"\"|\Z)|'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?))
    |(?P<number>\d[\w.]*)
    |(?P<name>[\w\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0300-\u036f]+)  # Thai vowels and tone marks are no \\w
    |(?P<sign>[^\s\w])""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_KNOWN = frozenset(keyword.kwlist) | frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Word:
    """One word of code as it is compared, and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers by their keys; ``share`` of the smaller one's own fingerprints that the other has too."""

    first: str
    second: str
    share: float
    passages: int


def words(code: str) -> list[Word]:
    """The words of ``code``, at most MAX_CHARACTERS of it, in order."""
    found = []
    after_dot = False
    for match in _WORDS.finditer(code[:MAX_CHARACTERS]):
        kind, text = match.lastgroup, match[0]
        if kind == "comment":
            continue
        if kind == "name" and not after_dot and text not in _KNOWN:
            text = "V"
        elif kind == "string":
            text = "S"
        elif kind == "number":
            text = "N"
        found.append(Word(text, match.start(), match.end()))
        after_dot = text == "."
    return found


def _hashes(found: Sequence[Word]) -> list[int]:
    """One per run of LENGTH words; the same on every machine and at every start."""
    texts = [word.text for word in found]
    return [
        int.from_bytes(
            hashlib.blake2b("\0".join(texts[at : at + LENGTH]).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        )
        for at in range(len(texts) - LENGTH + 1)
    ]


def fingerprints(code: str) -> frozenset[int]:
    """The winnowed hashes of ``code``."""
    hashes = _hashes(words(code))
    if len(hashes) <= WINDOW:
        return frozenset(hashes)
    return frozenset(min(hashes[at : at + WINDOW]) for at in range(len(hashes) - WINDOW + 1))


def all_hashes(code: str) -> frozenset[int]:
    """Every hash, not only the kept ones: what is to be left out is left out wherever it stands."""
    return frozenset(_hashes(words(code)))


def compare(answers: Mapping[str, Sequence[frozenset[int]]], people: Mapping[str, int]) -> list[Pair]:
    """Pairs of different people's answers worth looking at, most alike first.

    ``answers`` maps a key to the fingerprints of each of its cells, starter code already left out; ``people`` maps it
    to whose it is.
    """
    own = _without_common({key: frozenset().union(*cells) for key, cells in answers.items()}, people)
    holders: dict[int, list[str]] = defaultdict(list)
    for key, marks in own.items():
        if len(marks) >= FEWEST:
            for mark in marks:
                holders[mark].append(key)
    shared: Counter[tuple[str, str]] = Counter()
    for keys in holders.values():
        keys.sort()
        shared.update(
            (one, other) for at, one in enumerate(keys) for other in keys[at + 1 :] if people[one] != people[other]
        )
    pairs = [
        Pair(one, other, count / min(len(own[one]), len(own[other])), count)
        for (one, other), count in shared.items()
        if count >= FEWEST // 2
    ]
    pairs = [pair for pair in pairs if pair.share >= LEAST_SHARE]
    return sorted(pairs, key=lambda pair: (-pair.share, -pair.passages, pair.first, pair.second))[:MOST_PAIRS]


def _without_common(own: Mapping[str, frozenset[int]], people: Mapping[str, int]) -> dict[str, frozenset[int]]:
    having: dict[int, set[int]] = defaultdict(set)
    for key, marks in own.items():
        for mark in marks:
            having[mark].add(people[key])
    least = max(COMMON_LEARNERS, COMMON_SHARE * len(set(people.values())))
    common = {mark for mark, who in having.items() if len(who) >= least}
    return {key: marks - common for key, marks in own.items()}


def common_passages(code: str, other: Iterable[str], starter: frozenset[int] = frozenset()) -> list[tuple[int, int]]:
    """Where ``code`` has runs of words that stand in ``other`` too: (start, end) in characters, in order, joined."""
    theirs = frozenset().union(*(all_hashes(text) for text in other)) - starter
    found = words(code)
    spans: list[tuple[int, int]] = []
    for at, mark in enumerate(_hashes(found)):
        if mark not in theirs:
            continue
        start, end = found[at].start, found[at + LENGTH - 1].end
        if spans and start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(end, spans[-1][1])
        else:
            spans.append((start, end))
    return spans
