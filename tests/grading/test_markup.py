"""HTML that would grow without bound while it is parsed is not parsed."""

import resource

import pytest

from courses.packages import bodies
from grading.markup import is_in_proportion
from grading.prompts import markdown_html
from grading.quizzes import moodle
from tests.grading.test_feedback import code, page, shown

FEW, MANY = 1_000, 2_500
# Each paragraph has all of these in it once more: half a gigabyte, were it parsed.
OPEN_TAGS = ("<b a={}>", "<CODE\ta={}>", "<font/a={}>", "<em a='<{}'>", "<tt\na={}>")


def bomb(tag="<b a={}>", beside=""):
    return f"<table><tr><td>1</table>{beside}<p>{''.join(map(tag.format, range(FEW)))}" + "<p>x" * MANY


@pytest.fixture(autouse=True)
def little_memory():
    """A parser that grows ends here, not at the end of the machine's memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + (100 << 10)  # kB


@pytest.mark.parametrize("tag", OPEN_TAGS)
def test_a_learners_table_that_grows_is_shown_as_text(tag):
    html = page(code("x", shown({"text/html": bomb(tag), "text/plain": "what it says"})))
    assert "<table>" not in html
    assert "what it says" in html


def test_a_table_with_thousands_of_blocks_beside_its_cells_is_shown_as_text():
    html = page(code("x", shown({"text/html": f"<table>{'<div>' * 30_000}", "text/plain": "what it says"})))
    assert "<table>" not in html
    assert "what it says" in html


def test_what_authors_write_is_shown_as_typed_when_it_grows():
    assert markdown_html(bomb()).startswith("<pre>&lt;table&gt;")
    assert bodies.clean(bomb()).startswith("&lt;table&gt;")
    assert moodle._stripped(bomb()).startswith("<table>")


@pytest.mark.parametrize(
    "html",
    [
        f'<div><style>.a {{}}</style><table border="1">{"<tr><th>0</th><td>ก</td></tr>" * 2_000}</table><p>2</p>',
        f"<table>{'<tr><td><a href=/x>x</a></td><td><b>1</b><br>2</td></tr>' * 900}</table>",
        "<p><b>x</b> <code class=x>y</code> <em>z</em></p>" * 90,
        "<code>x</code>" * 5_000,
    ],
)
def test_what_people_write_is_parsed(html):
    assert is_in_proportion(html)


def test_a_long_table_with_links_is_shown():
    html = f"<table>{'<tr><td><a href=/x>ก</a></td><td><b>1</b></td></tr>' * 900}</table>"
    assert "<td>ก</td><td>1</td>" in page(code("x", shown({"text/html": html, "text/plain": "as text"})))
