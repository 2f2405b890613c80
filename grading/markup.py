"""HTML that others wrote is parsed only where what it makes stays in proportion to what it is.

The HTML standard has every formatting element that was left open opened again, attributes and all, in each block that
follows: a few kilobytes can stand for gigabytes, before anything is sanitised.
"""

import re

# Elements of what a page may become; what is sanitised holds some 230 bytes for each while it is parsed.
MAX_NODES = 1_000_000
TABLE_TAGS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"})
_FORMATTING = re.compile(
    r"""<(a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])((?:[^<>"']|"[^"]*"|'[^']*')*+)(>?)""",
    re.IGNORECASE,
)
_STYLES = re.compile(r"<(style|script)\b[^<>]*>[^<]*</\1\s*>", re.IGNORECASE)
_TAG = re.compile(r"</?([a-z][^\s/<>]*)([^<>]*>)?", re.IGNORECASE)


def is_in_proportion(html: str) -> bool:
    """Can it be parsed without becoming much larger than it is? A tag whose end cannot be told makes it doubtful."""
    bare, link, others = set(), 0, 0
    for name, attributes, end in _FORMATTING.findall(html):
        if not end:
            return False
        weight = 1 + len(attributes) // 2  # the shortest attribute is two characters
        if name.lower() == "a":  # one link ends the one before
            link = max(link, weight)
        elif attributes:
            others += weight
        else:  # no more than three of a name are ever open again
            bare.add(name.lower())
    return (3 * len(bare) + link + others) * html.count("<") <= MAX_NODES


def tables_alone(html: str) -> str:
    """The same without any tag but those of tables; nothing where a tag is no clear one, or becomes one by this."""

    def kept(tag: re.Match[str]) -> str:
        return tag[0] if tag[1].lower() in TABLE_TAGS else ""

    html = _STYLES.sub("", html)
    is_clear = all(tag[2] for tag in _TAG.finditer(html))
    html = _TAG.sub(kept, html)
    return html if is_clear and all(map(kept, _TAG.finditer(html))) else ""
