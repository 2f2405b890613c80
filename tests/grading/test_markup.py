"""HTML that would grow without bound while it is parsed is not parsed."""

import re
import resource

import pytest

from courses.packages import bodies
from grading.markup import is_in_proportion, tables_alone
from grading.prompts import markdown_html
from grading.quizzes import moodle
from tests.grading.test_feedback import code, page, shown

FEW, MANY = 1_000, 2_500
# Each paragraph has all of these in it once more: half a gigabyte, were it parsed.
OPEN_TAGS = ("<b a={}>", "<CODE\ta={}>", "<font/a={}>", "<em a='<{}'>", "<tt\na={}>", "<nobr a={}><svg><desc>")


def bomb(tag="<b a={}>"):
    return f"<table><tr><td>1</table><p>{''.join(map(tag.format, range(FEW)))}" + "<p>x" * MANY


def one_tag(name):
    """Each row has its attributes once more."""
    return f"<table><{name} {' '.join(f'a{n}' for n in range(MANY))}>" + "<tr>x" * MANY


BOMBS = [*map(bomb, OPEN_TAGS), one_tag("b"), one_tag("a"), bomb("<b a={}")]
GROWS_IF_CUT = bomb("<<b>b a={}>")


@pytest.fixture(autouse=True)
def little_memory():
    """Nothing here takes much: what does is found by the mark it leaves, unless it was higher before."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + (50 << 10)  # kB


@pytest.mark.parametrize("html", [*BOMBS, GROWS_IF_CUT], ids=range(len(BOMBS) + 1))
def test_a_learners_table_does_not_grow(html):
    assert not re.search(r"<(?!/?(?:table|tr|td)\b)[a-z]", tables_alone(html), re.IGNORECASE)
    shown_as = page(code("x", shown({"text/html": html, "text/plain": "what it says"})))
    assert len(shown_as) < 4 * len(html) + 2_000
    assert "what it says" in shown_as or "<td>1</td>" in shown_as or "x<table>" in shown_as


@pytest.mark.parametrize("html", BOMBS, ids=range(len(BOMBS)))
def test_what_would_grow_is_seen(html):
    assert not is_in_proportion(html)


def test_of_a_learners_table_only_the_table_is_left():
    html = "<style>td > b { x: y }</style><table border=1><tr><td colspan=2><b x>1</b><br>< 2 <a href=x>3</a></table>"
    assert tables_alone(html) == "<table border=1><tr><td colspan=2>1< 2 3</table>"
    for doubtful in ("<table><<b>b x>", '<table><b title="<">', "<table><b", "<table><td a='<b>'>"):
        assert tables_alone(doubtful) == ""


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
