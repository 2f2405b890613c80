"""HTML that others wrote is parsed only where what it makes stays in proportion to what it is.

The HTML standard has every formatting element that was left open opened again in each block that follows, and a block
that stands in a table but in none of its cells put before the table, past all that was put there already. So a few
kilobytes can cost gigabytes or minutes, before anything is sanitised.
"""

import re

# Elements of what a page may become; what is sanitised holds some 230 bytes for each while it is parsed.
MAX_NODES = 1_000_000
# Links are formatting elements too, but one ends the one before.
_FORMATTING = re.compile(r"<(b|big|code|em|font|i|s|small|strike|strong|tt|u)(>|[\s/])", re.IGNORECASE)
_NAME = re.compile(r"<([a-z][^\s/>]*)", re.IGNORECASE)


def is_in_proportion(html: str) -> bool:
    """Can it be parsed without becoming much larger than it is?"""
    found = _FORMATTING.findall(html)
    # Of those without attributes no more than three of a name are ever open again.
    bare = 3 * len({name.lower() for name, end in found if end == ">"})
    return (bare + sum(end != ">" for _, end in found)) * html.count("<") <= MAX_NODES


def tags_beside(html: str, names: set[str]) -> int:
    """How many tags open that have none of these names."""
    return sum(name.lower() not in names for name in _NAME.findall(html))
