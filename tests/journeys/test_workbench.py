"""The notebook in the exercise page as a learner meets it: working, checking, handing in, and all that breaks."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.test_journey import log_in, prefix
from tests.servers import wait_until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

SLUG = "b-n1-reading-files"
SOON = 15_000
LEARNER = "learner@demo.example"


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
    details = page.locator("#go-back")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    page.locator("form[hx-post$='/start-over/'] button").click()
    expect(page.locator("#versions .message")).to_be_visible(timeout=2 * SOON)
    is_saved(page)


def type_answer(page, text, *, number=0):
    """Into the answer, at its end, key by key."""
    frame(page).locator(".jp-Cell[data-wb-kind=answer] .cm-content").nth(number).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(text)


def run_below(page, code):
    """In a cell of one's own at the end of the notebook."""
    cells(page).last.click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Shift+Enter")


def test_a_kernel_that_dies_is_explained_and_work_goes_on(opened):
    page = opened()
    start_over(page)
    run_below(page, "import os\nos._exit(3)")
    expect(page.locator("[data-notice^=kernel-]")).to_contain_text(re.compile("[ก-๙]{10}"), timeout=30_000)
    expect(frame(page).locator(".jp-Dialog")).to_have_count(0)
    ready(page)
    run_below(page, "print(6 * 7)")
    expect(frame(page).locator(".jp-OutputArea-output").last).to_contain_text("42", timeout=30_000)


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
