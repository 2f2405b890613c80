"""An instructor's whole day, in one go: an exercise is written, refused, mended, published, watched, graded by hand,
argued about, changed and regraded.

``SCREENSHOTS=folder`` keeps a picture of every page on the way, in both languages, on a phone and on a desk.
"""

import json
import os
import re
from pathlib import Path

import pytest
from nbformat import v4
from playwright.sync_api import expect

from tests.journeys.test_journey import GRADED, add_choice, hand_in, lesson_to_edit, log_in, publish
from tests.servers import wait_until

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(600),
    pytest.mark.parametrize("site", [pytest.param("servers", marks=pytest.mark.xdist_group("servers"))], indirect=True),
]

TASK = "# ยอดรวม\n\nเขียนฟังก์ชัน `total(numbers)` ที่คืนผลรวม แล้วอธิบายว่าเมื่อรายการว่างได้อะไร และเพราะเหตุใด"
ANSWER = """def total(numbers):
    ### BEGIN SOLUTION
    return sum(numbers)
    ### END SOLUTION"""
# Two of the checks are the author's mistakes: the first before it is published, the second for weeks afterwards.
WRONG_FOR_ALL = "# hint(th): ลองบวกทีละตัว\n# hint(en): Add one by one.\nassert total([1, 2]) == 4"
RIGHT = "# hint(th): ลองบวกทีละตัว\n# hint(en): Add one by one.\nassert total([1, 2]) == 3"
TOO_STRICT = (
    "# hint(th): รายการว่างให้ผลรวมเท่าใด\n# hint(en): What is the sum of nothing?\n"
    "assert total([]) == 0\nassert isinstance(total([1.5]), float)\nassert total([2.0]) is not None\n"
    "assert repr(total([1, 2])) == '3'"
)
FAIR = (
    "# hint(th): รายการว่างให้ผลรวมเท่าใด\n# hint(en): What is the sum of nothing?\n"
    "assert total([]) == 0\nassert total([1.5]) == 1.5"
)
AS_FLOATS = (
    "def total(numbers):\n    result = 0.0\n    for number in numbers:\n        result += number\n    return result"
)


def cell(kind, source, grade_id, points=None, **fields):
    made = v4.new_code_cell(source) if kind == "code" else v4.new_markdown_cell(source)
    said = {"grade": False, "solution": False, "task": False, "locked": False, "schema_version": 3} | fields
    made.metadata["nbgrader"] = {"grade_id": grade_id, **({} if points is None else {"points": points}), **said}
    return made


def source_notebook(first, second):
    cells = [
        cell("markdown", TASK, "task", locked=True),
        cell("code", ANSWER, "answer", solution=True),
        cell("code", first, "sum", points=2, grade=True, locked=True),
        cell("code", second, "empty", points=2, grade=True, locked=True),
        cell("markdown", "ได้ 0 เพราะยังไม่มีสิ่งใดให้บวก", "why", points=2, grade=True, solution=True),
    ]
    return json.dumps(v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})).encode()


def write(page, notebook):
    kind = "application/octet-stream"
    page.set_input_files("input[name=source]", [{"name": "ยอดรวม.ipynb", "mimeType": kind, "buffer": notebook}])
    page.locator("footer button.action-save").click()
    page.wait_for_url("**/preflight/")
    expect(page.locator("#preflight h2").first).to_be_visible(timeout=60_000)


def answering(code, words):
    def make(release):
        notebook = json.loads(release)
        for one in notebook["cells"]:
            name = one["metadata"].get("nbgrader", {}).get("grade_id")
            if name in {"answer", "why"}:
                one["source"] = code if name == "answer" else words
        return json.dumps(notebook).encode()

    return make


class Album:
    """Pictures of pages that an author sees, where somebody wants them."""

    def __init__(self, site, page):
        self.site, self.page, self.folder = site, page, os.environ.get("SCREENSHOTS")

    def take(self, name):
        width = "document.documentElement?.scrollWidth ?? 0"  # nothing yet, on the way from one page to the next
        wait_until(lambda: self.page.evaluate(width), f"{name} is there")
        assert self.page.evaluate(width) <= self.page.viewport_size["width"], name
        if not self.folder:
            return
        for language in ("en", "th"):
            self.speak(language)
            for width in (360, 1280):
                self.page.set_viewport_size({"width": width, "height": 900})
                self.page.reload()
                self.page.wait_for_load_state("networkidle")
                self.page.screenshot(path=Path(self.folder, f"{name}-{language}-{width}.png"), full_page=True)

    def speak(self, language):
        self.site.manage(
            "shell", "-v0", "-c",
            "from wagtail.users.models import UserProfile as P; from lms.accounts.models import User as U\n"
            "P.objects.update_or_create(user=U.objects.get(email='instructor@demo.example'), "
            f"defaults={{'preferred_language': '{language}'}})",
        )  # fmt: skip


def test_an_instructors_whole_day(walk, site):
    page = walk()
    log_in(page, "th", "instructor@demo.example")
    album = Album(site, page)

    # Written with a mistake in it: tried at once, refused, and the cell is shown.
    page.goto("/cms/snippets/grading/exercise/add/")
    page.fill("#id_slug", "a-day")
    page.fill("#id_title_th", "ยอดรวมของวัน")
    page.fill("#id_title_en", "The sum of a day")
    write(page, source_notebook(WRONG_FOR_ALL, TOO_STRICT.replace("assert isinstance(total([1.5]), float)\n", "")))
    album.take("1-preflight-refuses")
    expect(page.locator(".remark-error").first).to_contain_text("sum")
    expect(page.locator("form[action$='/publish/']")).to_have_count(0)

    # Mended and published.
    page.locator(".actions a[href*='/exercise/edit/']").click()
    edit_address = page.url
    write(page, source_notebook(RIGHT, TOO_STRICT))
    expect(page.locator(".remark-error")).to_have_count(0)
    album.take("2-preflight-passes")
    page.locator("form[action$='/publish/'] button").click()
    page.wait_for_url("**/edit/**")
    expect(page.locator(".messages .success")).to_be_visible()
    number = re.search(r"/edit/([^/]+)/", edit_address)[1]

    # Placed where learners find it.
    lesson_to_edit(page, "B5 จัดกลุ่ม")
    add_choice(page, "แบบฝึกหัด", "ยอดรวมของวัน")
    publish(page, walk)

    # Wagtail's own page editor carries inline scripts, which the policy of this site blocks; ours carry none.
    page.complaints.clear()

    # Three learners hand in: right, right in another way, and nothing at all.
    learners = {}
    for name, code, words in (
        ("learner21", "def total(numbers):\n    return sum(numbers)", "ได้ 0 เพราะไม่มีสิ่งใดให้บวก"),
        ("learner22", AS_FLOATS, "ได้ศูนย์ เริ่มจากศูนย์แล้วไม่ได้บวกเพิ่ม"),
        ("learner23", "pass", "ไม่ทราบ"),
    ):
        learner = learners[name] = walk(360)
        log_in(learner, "th", f"{name}@demo.example")
        learner.goto("/courses/da-201/")
        enroll = learner.locator("form[action*='/enroll/'] button")
        if enroll.count():
            enroll.first.click()
            expect(learner.locator("aside .state-is-ok")).to_be_visible()
        # Examined, and partly so: the words are for a person.
        hand_in(learner, "th", "a-day", answering(code, words), graded=".check-passed, .check-failed")

    # Graded by hand, from the queue, with the keyboard.
    page.goto("/cms/grading/")
    page.locator(".switch a", has_text="ยอดรวมของวัน").click()
    album.take("3-queue")
    rows = page.locator(".wide tbody tr")
    expect(rows).to_have_count(3)
    rows.first.locator("a").click()
    album.take("4-grading-form")
    for points in ("2", "2", "0"):
        page.fill("#points-why", points)
        page.fill("#comment-why", "อ่านแล้ว")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/cms/grading/?exercise={number}")
    expect(page.locator(".help-info", has_text="ไม่มีงาน")).to_be_visible()
    expect(rows).to_have_count(0)

    page.goto(f"/cms/exercises/{number}/statistics/")
    expect(page.locator("table").first).to_contain_text("empty")
    album.take("5-statistics")

    # One who answered in another way asks why; the instructor sees the point, and gives it.
    appellant = learners["learner22"]
    appellant.reload()
    appellant.locator("#appeals summary").click()
    appellant.select_option("#appeal-check", "empty")
    appellant.fill("#appeal-text", "ผลรวมเป็นทศนิยมก็ยังเป็นผลรวม ขอให้พิจารณาอีกครั้ง")
    appellant.locator("#appeals form button[type=submit]").last.click()
    expect(appellant.locator(".appeal")).to_contain_text("ผลรวมเป็นทศนิยม")
    page.goto("/cms/appeals/")
    page.locator(".wide tbody tr", has_text="ยอดรวมของวัน").locator("a").first.click()
    album.take("6-appeal")
    page.fill("#answer-text", "ท่านถูก ข้อตรวจเข้มเกินไป จะแก้ไขและให้คะแนนใหม่ทุกคน")
    page.locator("#save-next").click()
    page.wait_for_url(lambda url: "/appeals/" in url)
    appellant.reload()
    expect(appellant.locator(".appeal")).to_contain_text("ท่านถูก")

    # The check is made fair, and everybody regraded: looked at first, then applied, then taken back.
    page.goto(edit_address)
    write(page, source_notebook(RIGHT, FAIR))
    page.locator("form[action$='/publish/'] button").click()
    page.wait_for_url("**/edit/**")
    page.goto(f"/cms/exercises/{number}/regrades/")
    page.fill("[name=reason]", "ข้อตรวจเข้มเกินไป")
    page.locator("main form.stack button.button").click()
    expect(page.locator("button[value=apply]")).to_be_visible(timeout=GRADED)
    expect(page.locator("#regrade-state")).to_contain_text("3")
    album.take("7-regrade-preview")
    before = score_of(appellant)
    page.locator("button[value=apply]").click()
    expect(page.locator("button[value=undo]")).to_be_visible(timeout=GRADED)
    assert score_of(appellant) == before + 2
    page.locator("button[value=undo]").click()
    expect(page.locator("#regrade-state [role=status]")).to_have_text("ย้อนกลับแล้ว", timeout=GRADED)
    assert score_of(appellant) == before
    page.goto(f"/cms/exercise-audit/{number}/")
    album.take("8-audit")
    assert not page.complaints, page.complaints


def score_of(learner):
    learner.reload()
    return float(re.search(r"([\d.]+)\s*(?:/|จาก)\s*[\d.]+", learner.locator("#submission-state").inner_text())[1])
