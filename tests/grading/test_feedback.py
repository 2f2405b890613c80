import base64
import re

import nbformat
import pytest

from grading import feedback, messages
from grading.feedback import render
from grading.notebooks import Role
from grading.scoring import Check
from sandboxes.messages import ERRORS, OTHER_ERROR

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 40).decode()
JPEG = base64.b64encode(b"\xff\xd8\xff" + b"\0" * 40).decode()
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)><style>*{display:none}</style>"


def code(text="x = 1", *outputs):
    return nbformat.from_dict({"cell_type": "code", "source": text, "outputs": list(outputs), "metadata": {}})


def markdown(text):
    return nbformat.from_dict({"cell_type": "markdown", "source": text, "metadata": {}})


def shown(data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def page(*cells, language="en", roles=None, checks=(), notices=()):
    return render(
        language,
        status={"th": "ครบทุกเซลล์", "en": "It ran."},
        score=1.5,
        max_score=4.0,
        checks=checks,
        notices=notices,
        notebook=nbformat.from_dict({"cells": list(cells)}),
        roles=roles or [Role.TEXT if cell.cell_type == "markdown" else Role.ANSWER for cell in cells],
    )


def is_harmless(html):
    """No tag or attribute that runs, styles, embeds or leads out; whatever else is in there is text."""
    tags = re.findall(r"<[^>]*>", html)
    inside = " ".join(tags).lower()
    for word in ("script", "style", "iframe", "object", "embed", "svg", "form", "link", "meta", "base", "onerror"):
        assert not re.search(rf"</?{word}\b|\s{word}\s*=", inside), word
    assert not re.search(r"\son\w+\s*=", inside)
    assert "javascript:" not in inside
    assert all(src.startswith("data:image/") for src in re.findall(r'src="([^"]*)"', inside))
    return True


@pytest.mark.parametrize(
    "cell",
    [
        code(EVIL),
        markdown(EVIL),
        markdown("[click](javascript:alert(1)) ![x](javascript:alert(1)) <a href='vbscript:x'>y</a>"),
        markdown("<a href='data:text/html,<script>alert(1)</script>'>x</a>"),
        markdown("<iframe src=//evil></iframe><form action=//evil><input></form><base href=//evil>"),
        markdown("$$\\href{javascript:alert(1)}{x}$$ $\\unicode{<img src=x onerror=alert(1)>}$"),
        markdown("```html\n<script>alert(1)</script>\n```\n<svg onload=alert(1)>"),
        code("x", {"output_type": "stream", "name": EVIL, "text": EVIL}),
        code("x", {"output_type": "stream", "name": "stdout", "text": [EVIL, 5, EVIL]}),
        code("x", {"output_type": "error", "ename": EVIL, "evalue": EVIL, "traceback": [EVIL]}),
        code("x", {"output_type": "error", "ename": EVIL, "evalue": EVIL, "traceback": []}),
        code("x", shown({"text/plain": EVIL})),
        code("x", shown({"text/html": EVIL, "text/plain": "plain"})),
        code("x", shown({"text/html": f"<table><tr><td onclick=alert(1) style='x'>{EVIL}</td></tr></table>"})),
        code("x", shown({"text/html": "<table><tr><td><a href=javascript:alert(1)>x</a></td></tr></table>"})),
        code("x", shown({"image/svg+xml": "<svg onload=alert(1)>", "text/plain": "figure"})),
        code("x", shown({"text/latex": EVIL, "application/javascript": "alert(1)", "text/markdown": EVIL})),
        code("x", shown({"image/png": '"><script>alert(1)</script>'})),
        code("x", shown({"image/png": base64.b64encode(EVIL.encode()).decode()})),
        code("x", shown({"image/jpeg": PNG})),
        code("x", {"output_type": "update_display_data", "data": {"text/html": EVIL}}),
    ],
)
def test_nothing_a_notebook_holds_reaches_the_browser_alive(cell):
    for roles in (None, [Role.ANSWER], [Role.MANUAL]):
        assert is_harmless(page(cell, roles=roles))


def test_hints_check_ids_and_notices_are_text():
    check = Check(EVIL, 0, 1, False, "failed", "isolated", {"th": EVIL, "en": EVIL})
    html = page(checks=[check], notices=[{"th": EVIL, "en": EVIL}])
    assert is_harmless(html)
    assert "&lt;script&gt;" in html


def test_terminal_colors_controls_and_text_that_turns_around_are_made_visible_or_dropped():
    trace = "\x1b[31mNameError\x1b[0m\x00\x08: \u202ex\u2066 \x1b]8;;http://evil\x07link\x1b]8;;\x07"
    html = page(code("a\u200bb", {"output_type": "error", "ename": "NameError", "evalue": "", "traceback": [trace]}))
    assert "NameError: ⟦U+202E⟧x⟦U+2066⟧ link" in html
    assert "a⟦U+200B⟧b" in html
    assert not re.search(r"[\x00-\x08\x1b\u202e]", html)


def test_pictures_tables_and_text_are_shown():
    html = page(
        code(
            "plot()",
            shown({"image/png": PNG, "text/plain": "<Figure>"}),
            shown({"image/jpeg": [JPEG[:10], JPEG[10:]]}),
            shown({"text/html": "<div><table border=1><tr><th>จำนวน</th><td>5</td></tr></table></div>"}),
            shown({"text/plain": "[1, 2]"}),
            {"output_type": "stream", "name": "stdout", "text": "สวัสดี\n"},
        )
    )
    assert f'src="data:image/png;base64,{PNG}"' in html
    assert f'src="data:image/jpeg;base64,{JPEG}"' in html
    assert "<th>จำนวน</th><td>5</td>" in html
    assert "[1, 2]" in html
    assert "สวัสดี" in html
    assert "&lt;Figure&gt;" not in html
    assert html.count('alt="Figure shown by this cell"') == 2


def test_too_much_output_is_cut():
    long = code("x", *[shown({"text/plain": "y" * 100_000})] * 3, *[shown({"image/png": PNG})] * 50)
    html = page(long)
    assert html.count("y") < 3 * feedback.MAX_TEXT + 5_000
    assert html.count("data:image") == feedback.MAX_PICTURES
    many = page(code("x", *[shown({"text/plain": "z"})] * 5_000))
    assert many.count("nb-output") == feedback.MAX_OUTPUTS
    assert "the rest of the output is left out" in many


def test_of_a_traceback_that_is_too_long_the_end_is_shown():
    frame = "\x1b[31mFile\x1b[39m \x1b[32mx.py\x1b[39m:1, in g()\n"
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": [*[frame] * 3_000, "E: the reason"]}
    html = page(code("1", error))
    assert "E: the reason</pre>" in html
    assert "[what came before is left out]\n" in html
    assert "[39m" not in html
    assert len(html) < 25_000


def test_colors_cost_no_text():
    text = "\x1b[31m1\x1b[39m" * 8_000
    html = page(code("1", {"output_type": "stream", "name": "stdout", "text": text}))
    assert "1" * 8_000 in html
    assert "left out" not in html


def test_what_is_long_scrolls_in_a_box_that_keys_reach():
    error = {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["line"] * 40}
    stream = {"output_type": "stream", "name": "stdout", "text": "line\n" * 40}
    short = {"output_type": "stream", "name": "stdout", "text": "line\n" * 20}
    wide = {"output_type": "stream", "name": "stdout", "text": "word " * 1_000}
    html = page(code("1", error, stream, short, wide))
    assert re.findall(r'<pre class="(nb-(?:error|stream).*?)">', html) == [
        'nb-error nb-long" tabindex="0',
        'nb-stream nb-long" tabindex="0',
        "nb-stream",
        'nb-stream nb-long" tabindex="0',
    ]


def test_the_score_and_every_check_are_told_in_the_readers_language():
    checks = [
        Check("t1", 1.5, 2, False, "failed", "isolated", {"th": "ลองใหม่", "en": "Try again"}),
        Check("t2", 2, 2, True, "passed"),
        Check("t3", 0, 2, False, "timeout", "isolated", {"th": "ลองใหม่", "en": "Faster"}),
    ]
    english, thai = (page(code(), language=language, checks=checks) for language in ("en", "th"))
    assert "Score: 1.5 of 4" in english
    assert "คะแนน 1.5 จาก 4" in thai
    assert english.count("check-failed") == 2
    assert english.count("check-passed") == 1
    assert "Try again" in english
    assert "ลองใหม่" in thai
    assert "Faster" not in english
    assert "took too long" in english


@pytest.mark.parametrize("language", ["th", "en"])
def test_an_error_is_explained_below_its_traceback_in_the_readers_language(language):
    trace = ["NameError", "Cell In[3], line 2\n----> 2 total", "NameError: name 'total' is not defined"]
    error = {"output_type": "error", "ename": "NameError", "evalue": trace[-1][11:], "traceback": trace}
    html = page(code("x = 1\ntotal", error), language=language)
    place = {"th": "เซลล์ที่ 3 บรรทัดที่ 2: ", "en": "Cell 3, line 2: "}[language]
    meaning = ERRORS["NameError"][language].format(name=' "total"')
    assert html.index(trace[-1]) < html.index(f'<p class="nb-explained">{place}{meaning}</p>')


def failing(line, number=3, cell=None, text="x = 1\ntotal\ny = 2"):
    """A cell that ran as In[number] and stopped at a line of it, or of another ``cell``."""
    trace = ["NameError", f"Cell In[{cell or number}], line {line}\n----> 2 total", "NameError: total"]
    made = code(text, {"output_type": "error", "ename": "NameError", "evalue": "total", "traceback": trace})
    made.execution_count = number
    return made


@pytest.mark.parametrize(("language", "words"), [("th", "เกิดข้อผิดพลาดที่บรรทัดนี้"), ("en", "the error arose here")])
def test_cells_have_their_numbers_and_the_line_of_an_error_is_marked_in_words_too(language, words):
    html = page(failing(2), language=language)
    assert '<mark class="nb-wrong-line">total</mark>' in html
    assert html.count("<mark") == 1
    assert words in html
    assert {"th": "เซลล์ที่ 3</p>", "en": "Cell 3</p>"}[language] in html


def test_the_line_is_marked_in_the_earlier_cell_where_the_error_arose():
    earlier = code("def f():\n    return total")
    earlier.execution_count = 1
    html = page(earlier, failing(2, number=4, cell=1, text="f()"))
    assert '<mark class="nb-wrong-line">    return total</mark>' in html
    assert html.count("<mark") == 1


@pytest.mark.parametrize("line", [0, 99, 999999])
def test_a_line_that_is_not_there_marks_nothing(line):
    assert "<mark" not in page(failing(line))


def test_a_marked_line_is_text():
    html = page(failing(1, text=EVIL))
    assert is_harmless(html)
    assert "<mark" in html


def test_what_differed_is_told_once_the_check_failed_and_as_text():
    told = [{"kind": "type", "expected": "list", "got": EVIL}, {"kind": "shape", "expected": "3", "got": "{0.x}"}]
    failed = Check("t1", 0, 1, False, "failed", told=told)
    html = page(code(), checks=[failed])
    assert "The expected type is list, but yours is &lt;script&gt;" in html
    assert "yours is {0.x}." in html
    assert is_harmless(html)
    assert "expected type" not in page(code(), checks=[Check("t1", 1, 1, True, "passed", told=told)])
    assert "expected type" not in page(code(), checks=[Check("t1", 1, 1, True, "judged", told=told)])


def test_an_error_without_a_place_is_explained_with_the_number_of_its_cell():
    cell = code("x", {"output_type": "error", "ename": "Odd", "evalue": "", "traceback": []})
    cell.execution_count = 4
    assert f'<p class="nb-explained">Cell 4: {OTHER_ERROR["en"].replace(">", "&gt;")}</p>' in page(cell)


def test_a_name_in_an_explanation_is_text():
    evalue = f"name '{EVIL[:50]}' is not defined"
    html = page(code("x", {"output_type": "error", "ename": "NameError", "evalue": evalue, "traceback": []}))
    assert is_harmless(html)
    assert 'The name "&lt;script&gt;alert(1)&lt;/script&gt;' in html


def test_a_learners_markdown_is_shown_as_typed_and_the_authors_is_rendered():
    assert "<strong>bold</strong>" in page(markdown("**bold**"), roles=[Role.TEXT])
    assert "**bold**" in page(markdown("**bold**"), roles=[Role.MANUAL])


@pytest.mark.parametrize(
    "table", [messages.REFUSED, messages.AUTHOR, messages.NOTICES, messages.OUTCOMES, messages.TOLD]
)
def test_every_sentence_exists_in_both_languages(table):
    for texts in table.values():
        assert set(texts) == {"th", "en"}
        assert re.search("[ก-๙]", texts["th"])
        assert not re.search("[ก-๙]", texts["en"])
        assert set(re.findall(r"{\w+}", texts["th"])) == set(re.findall(r"{\w+}", texts["en"]))
