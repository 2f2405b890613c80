"""The notebook in the exercise page as a learner meets it: working, checking, handing in, and all that breaks."""

import re
import signal
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.test_journey import log_in, prefix
from tests.servers import wait_until

# What a notebook does in a browser is the same on every database; those of `ONE_SITE` keep the other site busy.
EMBEDDED = pytest.mark.parametrize(
    "site", [pytest.param("embedded", marks=pytest.mark.xdist_group("embedded"))], indirect=True
)
pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), EMBEDDED]

SLUG = "b-n1-reading-files"
SOON = 15_000
GRADED = 90_000  # ms, on a busy machine
LEARNER = "learner@demo.example"
KEPT = "() => Object.entries(localStorage).filter(([key]) => key.startsWith('workbench-unsent:')).join()"
NEXT_DONE = """() => { window.done = new Promise((yes) => addEventListener("message", function heard(event) {
  if (event.data.type === "done") { removeEventListener("message", heard); yes(true); }
})); }"""


@pytest.fixture
def opened(walk):
    """``opened(width, language)``: a learner at the exercise, cells visible, saved."""

    def open_exercise(width=1280, language="th", email=LEARNER):
        page = walk(width, language)
        log_in(page, language, email)
        return at_work(page, language)

    return open_exercise


def at_work(page, language="th"):
    page.goto(f"{prefix(language)}/exercises/{SLUG}/")
    expect(cells(page).first).to_be_visible(timeout=60_000)
    ready(page)
    return page


def frame(page):
    return page.frame_locator("#workbench-frame")


def cells(page):
    return frame(page).locator(".jp-Notebook .jp-Cell")


def ready(page):
    expect(page.locator("#workbench-kernel")).to_have_attribute("data-state", "kernel-idle", timeout=60_000)


def is_saved(page):
    expect(page.locator("#workbench-saved")).to_have_attribute("data-state", "saved", timeout=SOON)


def start_over(page):
    """The same beginning for every test, whatever the last one left; and a path of the product itself."""
    expect(page.locator("#workbench-enter")).to_be_enabled(timeout=60_000)  # nobody answers before
    details = page.locator("#go-back")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    page.evaluate(NEXT_DONE)
    page.locator("form[hx-post$='/start-over/'] button").click()
    expect(page.locator("#versions .message")).to_be_visible(timeout=2 * SOON)
    page.evaluate("window.done")  # the notebook shows it
    is_saved(page)


def type_answer(page, text, *, number=0):
    """Into the answer, at its end, key by key: once the cursor is there, wherever the page was scrolled meanwhile."""
    answer = frame(page).locator(".jp-Cell[data-wb-kind=answer]").nth(number)

    def has_cursor():
        answer.locator(".cm-content").click()
        return answer.locator(".cm-focused").count() == 1

    wait_until(has_cursor, "the cursor is in the answer")
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def type_without_network(page, text):
    page.context.set_offline(True)
    type_answer(page, text)
    expect(page.locator("[data-notice=offline]")).to_be_visible(timeout=SOON)


def run_below(page, code):
    """In a cell of one's own at the end of the notebook."""
    cells(page).last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def violations(page):
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found]


@pytest.mark.parametrize(("language", "width"), [("th", 360), ("en", 1280)], ids=["thai-phone", "english-desk"])
def test_open_run_plot_in_thai_check_hand_in_verdict(opened, language, width):
    page = opened(width, language)
    start_over(page)
    type_answer(page, "\n# คำตอบของน้ำฝน")
    run_below(page, 'import matplotlib.pyplot as plt\nplt.title("ที่ปู่กินน้ำ ฐญ")\n_ = plt.plot([1, 3, 2])')
    expect(frame(page).locator(".jp-RenderedImage img").last).to_be_visible(timeout=30_000)
    assert "Glyph" not in frame(page).locator(".jp-Notebook").inner_text(), "letters without a shape"
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"

    page.locator("#check-button").click()
    expect(page.locator("#rehearsal .check-list")).to_be_visible(timeout=GRADED)
    assert bool(re.search("[ก-๙]{5}", page.locator("#rehearsal .check-hint").first.inner_text())) == (language == "th")
    assert not re.search(r"\d+ (of|จาก) \d+ (points|คะแนน)", page.locator("#rehearsal").inner_text())

    # The last keystroke is handed in, whether it was saved by then or not.
    type_answer(page, "!")
    page.locator("#hand-in-button").click()
    page.wait_for_url("**/submissions/*/")
    expect(page.locator("#submission-state .state-graded")).to_be_visible(timeout=GRADED)
    with page.expect_download() as download:
        page.locator(".receipt a[download]").click()
    assert "คำตอบของน้ำฝน!" in download.value.path().read_text("utf-8")


def test_nothing_is_lost_without_a_network(opened):
    page = opened()
    start_over(page)
    type_without_network(page, "\n# พิมพ์ในอุโมงค์")
    expect(page.locator("#workbench-saved")).to_have_attribute("data-state", "unsaved")
    page.context.set_offline(False)
    expect_saved(page, "พิมพ์ในอุโมงค์")
    expect(page.locator("[data-notice=offline]")).to_have_count(0)


def test_a_tab_that_is_killed_before_it_could_save_brings_its_typing_back(opened):
    page = opened()
    start_over(page)
    type_without_network(page, "\n# ก่อนเครื่องดับ")
    page.close(run_before_unload=False)
    again = page.context.new_page()
    again.context.set_offline(False)
    at_work(again)
    expect(again.locator("[data-notice=recovered]")).to_be_visible(timeout=SOON)
    expect_saved(again, "ก่อนเครื่องดับ")


def test_two_tabs_show_the_same_and_a_conflict_is_a_persons_to_decide(opened):
    one = opened()
    start_over(one)
    two = one.context.new_page()
    written = []
    two.on("request", lambda request: written.append(request.url) if request.method == "PUT" else None)
    at_work(two)
    type_answer(one, "\n# จากแท็บแรก")
    expect_saved(one, "จากแท็บแรก")
    expect(frame(two).locator(".jp-Notebook")).to_contain_text("จากแท็บแรก", timeout=SOON)
    assert not written, "a tab in which nothing was typed has nothing to save"

    # Another computer hears nothing of this browser's tabs.
    other = opened()
    type_answer(other, "\n# จากอีกเครื่อง")
    expect_saved(other, "จากอีกเครื่อง")
    type_answer(one, "\n# ชนกัน")
    expect(one.locator("[data-notice=conflict]")).to_be_visible(timeout=SOON)
    one.locator("#workbench-notices [data-act=keep-mine]").click()
    expect_saved(one, "ชนกัน")


def test_what_is_typed_while_another_tabs_work_comes_is_not_replaced_by_it(opened):
    one = opened()
    start_over(one)
    two = at_work(one.context.new_page())
    held = []
    one.route("**/api/contents/*.ipynb?*content=1*", lambda route: held.append(route))
    type_answer(two, "\n# จากแท็บที่สอง")
    expect_saved(two, "จากแท็บที่สอง")
    wait_until(lambda: held or one.wait_for_timeout(50), "the first tab asks for what the second one saved")
    type_answer(one, "\n# พิมพ์อยู่พอดี")
    while held:
        held.pop().continue_()
    one.unroute("**/api/contents/*.ipynb?*content=1*")
    expect(one.locator("[data-notice=conflict]")).to_be_visible(timeout=SOON)
    expect(frame(one).locator(".jp-Notebook")).to_contain_text("พิมพ์อยู่พอดี")
    one.locator("#workbench-notices [data-act=keep-mine]").click()
    expect_saved(one, "พิมพ์อยู่พอดี")


def test_typing_on_a_slow_line_is_no_conflict_with_oneself(opened):
    page = opened()
    start_over(page)
    held = []
    page.route(
        "**/api/contents/*.ipynb*",
        lambda route: route.fallback() if route.request.method == "GET" else held.append(route),
    )
    type_answer(page, "\n# เน็ตช้า")
    wait_until(lambda: held or page.wait_for_timeout(50), "the first save is on its way")
    page.keyboard.type(" กขคงจฉช", delay=700)  # for longer than a change waits at most
    while held:
        held.pop().continue_()
    page.unroute("**/api/contents/*.ipynb*")
    expect_saved(page, "เน็ตช้า กขคงจฉช")
    expect(page.locator("[data-notice=conflict]")).to_have_count(0)


def test_what_was_kept_and_is_older_than_what_the_site_has_stays_a_persons_to_decide(opened):
    page = opened()
    start_over(page)
    type_without_network(page, "\n# ในรถไฟ")
    was_kept = page.evaluate(KEPT)
    page.close(run_before_unload=False)
    other = opened()
    type_answer(other, "\n# ที่โต๊ะทำงาน")
    expect_saved(other, "ที่โต๊ะทำงาน")
    page.context.set_offline(False)
    for _again in range(2):
        back = at_work(page.context.new_page())
        expect(back.locator("[data-notice=conflict]")).to_be_visible(timeout=SOON)
        expect(frame(back).locator(".jp-Notebook")).to_contain_text("ในรถไฟ")
        wait_until(lambda: back.evaluate(KEPT) != was_kept, "it is kept anew")  # noqa: B023 (called at once)
        was_kept = back.evaluate(KEPT)
        back.close(run_before_unload=False)
    back = at_work(page.context.new_page())
    back.locator("#workbench-notices [data-act=take-theirs]").click()
    expect(frame(back).locator(".jp-Notebook")).to_contain_text("ที่โต๊ะทำงาน", timeout=SOON)
    expect(frame(back).locator(".jp-Notebook")).not_to_contain_text("ในรถไฟ")


def test_what_one_tab_keeps_is_not_taken_or_forgotten_by_another(opened):
    page = opened()
    start_over(page)
    other = opened()  # on another computer
    type_answer(other, "\n# จากที่บ้าน")
    expect_saved(other, "จากที่บ้าน")
    type_answer(page, "\n# ยังไม่ได้เลือก")
    expect(page.locator("[data-notice=conflict]")).to_be_visible(timeout=SOON)
    beside = at_work(page.context.new_page())
    expect(frame(beside).locator(".jp-Notebook")).to_contain_text("จากที่บ้าน")
    expect(frame(beside).locator(".jp-Notebook")).not_to_contain_text("ยังไม่ได้เลือก")
    type_answer(beside, "\n# ต่อในแท็บข้าง ๆ")
    expect_saved(beside, "ต่อในแท็บข้าง ๆ")
    beside.close()
    page.close(run_before_unload=False)
    again = at_work(beside.context.new_page())
    expect(again.locator("[data-notice=conflict]")).to_be_visible(timeout=SOON)
    expect(frame(again).locator(".jp-Notebook")).to_contain_text("ยังไม่ได้เลือก")


def test_a_kernel_that_dies_is_explained_and_work_goes_on(opened):
    page = opened()
    start_over(page)
    run_below(page, "import os\nos._exit(3)")
    expect(page.locator("[data-notice^=kernel-]")).to_contain_text(re.compile("[ก-๙]{10}"), timeout=30_000)
    expect(frame(page).locator(".jp-Dialog")).to_have_count(0)
    ready(page)
    run_below(page, "print(6 * 7)")
    expect(frame(page).locator(".jp-OutputArea-output").last).to_contain_text("42", timeout=30_000)


def test_the_server_may_be_killed_while_one_types(opened, site):
    page = opened()
    start_over(page)
    server = next(int(folder.name) for folder in Path("/proc").glob("[0-9]*") if is_workbench_of(folder, site.var))
    subprocess.run(["kill", f"-{signal.SIGKILL.value}", str(server)], check=True)
    type_answer(page, "\n# ระหว่างเซิร์ฟเวอร์ล้ม")
    expect(page.locator("#workbench-saved")).to_have_attribute("data-state", re.compile("changed|unsaved|saved"))
    expect(page.locator("#workbench-saved")).to_have_attribute("data-state", "saved", timeout=90_000)
    expect_saved(page, "ระหว่างเซิร์ฟเวอร์ล้ม")


def is_workbench_of(folder, var):
    try:
        words = (folder / "cmdline").read_bytes().split(b"\0")
        return b"workbench" in words and f"VAR_DIR={var}".encode() in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def test_logged_out_meanwhile_one_logs_in_elsewhere_and_saving_goes_on(opened):
    page = opened()
    start_over(page)
    # Logged out in another tab: the next token is refused.
    cookies = [c for c in page.context.cookies() if c["name"] == "sessionid"]
    page.context.clear_cookies(name="sessionid")
    frame(page).locator("body").evaluate("() => window.workbench.say('token-wanted', {reason: 'soon'})")
    expect(page.locator("[data-notice=login]")).to_be_visible(timeout=SOON)
    page.context.add_cookies(cookies)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(page.locator("[data-notice=login]")).to_have_count(0, timeout=SOON)
    type_answer(page, "\n# กลับมาแล้ว")
    expect_saved(page, "กลับมาแล้ว")


def test_versions_reset_and_start_over_can_each_be_undone(opened):
    page = opened()
    start_over(page)
    type_answer(page, "\n# เก็บไว้")
    expect_saved(page, "เก็บไว้")
    page.locator("#reset-cell").click()
    expect(frame(page).locator(".jp-Notebook")).not_to_contain_text("เก็บไว้", timeout=SOON)
    page.locator("#versions .message button").click()
    expect(frame(page).locator(".jp-Notebook")).to_contain_text("เก็บไว้", timeout=SOON)
    start_over(page)
    expect(frame(page).locator(".jp-Notebook")).not_to_contain_text("เก็บไว้", timeout=SOON)
    page.locator("#versions .message button").click()
    expect(frame(page).locator(".jp-Notebook")).to_contain_text("เก็บไว้", timeout=SOON)


def test_the_keyboard_alone_leads_from_the_page_to_a_cell_to_handing_in_and_back(opened):
    page = opened()
    start_over(page)
    page.locator("#workbench-enter").focus()
    page.keyboard.press("Enter")  # "Go to the first answer"
    active = frame(page).locator(".jp-Cell.jp-mod-active")
    expect(active).to_have_attribute("data-wb-kind", "answer")
    page.keyboard.press("Enter")
    page.keyboard.type("# ")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("F6")
    expect(page.locator("#hand-in-button")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#check-button")).to_be_focused()
    page.locator("#workbench-enter").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+F6")
    expect(page.locator("#workbench-enter")).to_be_focused()


def test_a_notebook_that_opens_leaves_the_reader_where_they_are(walk):
    """It once took the focus and the page with it: a click meant for the page's end went into the notebook."""
    page = walk()
    log_in(page, "th", LEARNER)
    page.goto(f"/exercises/{SLUG}/")
    end = page.locator("#by-file > summary")
    end.focus()
    expect(end).to_be_in_viewport()
    ready(page)
    expect(end).to_be_focused()
    expect(end).to_be_in_viewport()
    type_answer(page, "#")  # whoever turns to it is let in
    expect(end).not_to_be_focused()


def test_everything_that_is_seen_or_read_aloud_in_the_notebook_is_thai(opened):
    page = opened()
    seen = []
    for menu in frame(page).locator(".lm-MenuBar-item:visible").all():
        menu.click()
        seen += frame(page).locator(".lm-Menu-itemLabel").all_inner_texts()
        page.keyboard.press("Escape")
    seen += (
        frame(page)
        .locator("body")
        .evaluate(
            "() => [...document.querySelectorAll('[aria-label], [title]')].filter((one) => one.checkVisibility())"
            ".flatMap((one) => [one.getAttribute('aria-label'), one.getAttribute('title')])"
        )
    )
    assert not [text for text in seen if text and not re.search("[ก-๙]", text)]


def expect_saved(page, text):
    """The site has it: fetched as the learner would download it."""
    address = page.locator("#go-back a[download]").get_attribute("href")
    wait_until(lambda: text in page.request.get(address).text(), f"{text} is saved", seconds=60)
    is_saved(page)


# --- Without an exercise ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "width"), [("th", 360), ("en", 1280)], ids=["thai-phone", "english-desk"])
def test_code_in_a_lesson_is_tried_where_it_stands(walk, language, width):
    page = walk(width, language)
    log_in(page, language, LEARNER)
    page.goto(f"{prefix(language)}/courses/da-201/m1-reading/b1/")
    second = page.locator(".code-block[data-try]").nth(1)
    second.locator("[data-code-act=open]").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("\nroads")
    page.keyboard.press("Control+Enter")
    # What stands above it has run before, unseen.
    expect(second.frame_locator("iframe").locator("table")).to_contain_text("ถนน", timeout=60_000)
    expect(second.locator(".code-state")).to_have_attribute("data-state", "idle", timeout=SOON)
    assert second.locator("iframe").bounding_box()["height"] > 100
    second.locator("textarea").fill("print(nothing)")
    second.locator("[data-code-act=run]").click()
    expect(second.frame_locator("iframe").locator(".error")).to_contain_text("NameError", timeout=30_000)
    second.locator("textarea").fill("while True: pass")
    second.locator("[data-code-act=run]").click()
    expect(second.locator(".code-state")).to_have_attribute("data-state", "busy", timeout=SOON)
    second.locator("[data-code-act=stop]").click()
    expect(second.frame_locator("iframe").locator(".error")).to_contain_text("KeyboardInterrupt", timeout=30_000)
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls sideways"
    assert not page.complaints


def test_a_table_of_ones_own_is_practised_with_and_deleted(walk):
    page = walk(360, "th")
    log_in(page, "th", LEARNER)
    page.goto("/practice/")
    assert not violations(page)
    table = "จังหวัด;งบ\nน่าน;12\n".encode("cp874")
    page.set_input_files("input[type=file]", {"name": "งบ.csv", "mimeType": "text/csv", "buffer": table})
    page.locator("main form[enctype] button").click()
    page.wait_for_url("**/practice/*/")
    expect(cells(page).first).to_be_visible(timeout=60_000)
    ready(page)
    frame(page).locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    expect(frame(page).locator(".jp-OutputArea-output table")).to_contain_text("น่าน", timeout=30_000)
    is_saved(page)
    assert not violations(page)
    page.locator("form[action$='/delete/'] button").click()
    page.wait_for_url("**/practice/")
    expect(page.locator("main .message, main .messages").first).to_contain_text("งบ.csv")


def test_an_author_writes_marks_a_cell_and_sees_what_the_pre_flight_found(walk):
    page = walk(1280, "th")
    log_in(page, "th", "instructor@demo.example")
    page.goto("/exercises/a-n2-less-personal-data/source/")
    expect(cells(page).first).to_be_visible(timeout=60_000)
    ready(page)
    assert not violations(page)
    count = cells(page).count()
    cells(page).last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text("assert True  # always")
    # As a person does: what is chosen is said of the cell that the page names.
    expect(page.locator("#marks-number")).to_have_text(f"({count + 1})")
    page.select_option("#marks-kind", "check")
    expect(cells(page).last).to_have_attribute("data-wb-kind", "check", timeout=SOON)
    page.locator("form[hx-post$='/source/save/'] button").click()
    page.wait_for_url("**/preflight/")
    expect(page.locator("#preflight .remark-error").first).to_contain_text("ยังไม่ได้แก้ไข", timeout=GRADED)
    page.go_back()
    expect(cells(page).first).to_be_visible(timeout=60_000)
    start_over(page)
