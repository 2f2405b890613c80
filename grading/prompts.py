"""What a learner is given: the release notebook, as a file and as a page to read before downloading it."""

import re
from html import escape
from typing import Any

import nbformat
import nh3
from django.utils.safestring import SafeString, mark_safe
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from grading.markup import is_in_proportion
from grading.notebooks import read_source, release

TAGS = nh3.ALLOWED_TAGS - {"nav", "header", "footer", "aside", "main", "area", "map", "article", "section"}
HEADING = re.compile(r"<(/?)h([1-6])(?=[ >])")
# The page has a title and a section heading above the notebook.
LEVELS_ABOVE = 2


def release_bytes(source: bytes) -> bytes:
    """An author's notebook → the learner's, as a file. Raises AuthorError when the source is none."""
    return nbformat.writes(release(read_source(source))).encode() + b"\n"


def prompt_html(notebook: bytes) -> SafeString:
    """A release notebook → its cells to read: Markdown rendered and sanitised, code as text. Nothing is run."""
    cells = nbformat.reads(notebook.decode(), as_version=4).cells
    return mark_safe("\n".join(cell_html(cell) for cell in cells if cell.source.strip()))  # noqa: S308 - sanitised below


def cell_html(cell: NotebookNode) -> str:
    if cell.cell_type == "markdown":
        return f'<div class="nb-cell nb-markdown">{markdown_html(cell.source)}</div>'
    return f'<div class="nb-cell"><div class="nb-input"><pre><code>{escape(cell.source)}</code></pre></div></div>'


def markdown_html(text: str) -> str:
    """Markdown → HTML of text, tables and embedded pictures only, its headings below those of the page."""
    html = MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True)).render(text)
    if not is_in_proportion(html):
        return f"<pre>{escape(text)}</pre>"
    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes={
            "a": {"href", "title"},
            "img": {"src", "alt", "title"},
            "td": {"colspan"},
            "th": {"colspan", "scope"},
        },
        attribute_filter=embedded_or_link,
        url_schemes={"http", "https", "mailto", "data"},
    )
    return HEADING.sub(lambda found: f"<{found[1]}h{min(int(found[2]) + LEVELS_ABOVE, 6)}", clean)


def embedded_or_link(tag: str, attribute: str, value: str) -> Any:
    """Pictures come with the notebook, links lead elsewhere; neither may be the other."""
    is_data = value.strip().lower().startswith("data:")
    if attribute == "src":
        return value if re.match(r"data:image/(png|jpeg|gif);base64,", value) else None
    return None if attribute == "href" and is_data else value
