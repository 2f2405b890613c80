"""Texts of pages as they travel: what they refer to is named by key, hash or code, never by a site's own numbers.

Links to pages and documents are written ``<a href="page:KEY">`` and ``<a href="document:SHA256">``. On the way in,
everything but the plain markup that authors can make is taken out.
"""

import re
from collections.abc import Callable
from html import escape
from typing import Any

import nh3
from wagtail import blocks
from wagtail.rich_text.rewriters import LinkRewriter

from grading.markup import is_in_proportion

TAGS = {"h2", "h3", "p", "br", "hr", "b", "strong", "i", "em", "ol", "ul", "li", "a", "code"}
_SCHEMES = {"http", "https", "mailto", "tel", "page", "document"}
_REFERENCE = re.compile(r'<a href="(page|document):([0-9a-f-]{1,64})">')

Change = Callable[[blocks.Block, Any], Any]
Name = Callable[[str, str], str | None]


class LeftOut(Exception):
    """A part that cannot travel."""


def walk(block: blocks.Block, raw: Any, change: Change) -> Any:
    """The stored value of a block with ``change`` applied to every part that is not made of others.

    A part of a stream for which it raises LeftOut is missing in the result.
    """
    if isinstance(block, blocks.StreamBlock):
        return [one for part in raw for one in _part(block, part, change)]
    if isinstance(block, blocks.StructBlock):
        return {name: walk(child, _stored(child, name, raw), change) for name, child in block.child_blocks.items()}
    return change(block, raw)


def _stored(child: blocks.Block, name: str, raw: dict[str, Any]) -> Any:
    # What was stored before a field was there has none of it.
    return raw[name] if name in raw else child.get_prep_value(child.get_default())


def _part(stream: blocks.StreamBlock, part: dict[str, Any], change: Change) -> list[dict[str, Any]]:
    try:
        value = walk(stream.child_blocks[part["type"]], part["value"], change)
    except LeftOut:
        return []
    return [{"type": part["type"], "value": value} | ({"id": part["id"]} if part.get("id") else {})]


def clean(html: str) -> str:
    """Only what authors can make in the back office; cleaning twice is cleaning once."""
    if not is_in_proportion(html):
        return escape(html, quote=False)
    return nh3.clean(html, tags=TAGS, attributes={"a": {"href"}}, url_schemes=_SCHEMES, link_rel=None)


def outward(html: str, name: Name) -> str:
    """Stored HTML as it travels; ``name`` gives the key or hash of ("page" or "document", primary key), or None."""

    def rule(kind: str) -> Callable[[dict[str, str]], str]:
        def opening(attributes: dict[str, str]) -> str:
            found = name(kind, attributes.get("id", ""))
            return f'<a href="{kind}:{found}">' if found else "<a>"

        return opening

    rewriter = LinkRewriter({"page": rule("page"), "document": rule("document")})
    return clean(rewriter(html))


def inward(html: str, number: Name) -> str:
    """HTML that came with a package as it is stored; ``number`` gives the primary key of ("page", key), or None."""

    def opening(found: re.Match[str]) -> str:
        pk = number(found[1], found[2])
        return f'<a linktype="{found[1]}" id="{pk}">' if pk else "<a>"

    return re.sub(r'<a href="(?:page|document):[^"]*">', "<a>", _REFERENCE.sub(opening, clean(html)))
