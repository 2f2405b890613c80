"""A discussion and a quiz, from the first key to the last, without a mouse."""

import pytest

from tests.journeys.test_journey import log_in
from tests.journeys.test_pages import ONE_SITE

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), ONE_SITE]
FOCUSED = """() => { const one = document.activeElement; return {
    id: one.id, tag: one.tagName, type: one.type || "", href: one.getAttribute("href") || "",
    words: one.innerText || "", sends: one.type === "submit" && !one.hasAttribute("formaction")} }"""


def tab_to(page, is_there, at_most=120):
    """Presses Tab until the focus is where it should be."""
    for _press in range(at_most):
        page.keyboard.press("Tab")
        if is_there(focused := page.evaluate(FOCUSED)):
            return focused
    raise AssertionError(f"the keyboard does not lead there: {page.url}")


def send(page):
    """Enter, and the page that answers."""
    before = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.split("#")[0] != before.split("#")[0])


def test_somebody_asks_and_somebody_answers_without_a_mouse(walk):
    page = walk(360)
    log_in(page, "th", "learner3@demo.example")
    page.goto("/exercises/b-n2-cleaning/discussion/")
    tab_to(page, lambda on: on["id"] == "id_title")
    page.keyboard.type("วันที่ 29/02/2567 ควรเป็น NaT หรือไม่")
    tab_to(page, lambda on: on["id"] == "id_text")
    page.keyboard.type("ปี 2567 คือ ค.ศ. 2024\n```\nd = date(2567 - 543, 2, 29)\n```\nเข้าใจถูกไหม")
    tab_to(page, lambda on: on["sends"])
    send(page)
    topic = page.url
    assert page.locator(".post-code").inner_text() == "d = date(2567 - 543, 2, 29)"

    other = walk(1280)
    log_in(other, "th", "learner4@demo.example")
    other.goto("/exercises/b-n2-cleaning/discussion/?show=open")
    tab_to(other, lambda on: on["href"] in topic and "/discussion/" in on["href"] and on["href"][-2].isdigit())
    send(other)
    assert "date(2567" not in other.locator("main").inner_text()  # learner4 has not passed yet
    tab_to(other, lambda on: on["id"] == "id_text")
    other.keyboard.type("ถูกแล้ว")
    tab_to(other, lambda on: on["sends"])
    other.keyboard.press("Enter")
    other.wait_for_selector("text=ถูกแล้ว")

    page.reload()
    tab_to(page, lambda on: on["words"].startswith("ข้อนี้คือคำตอบ"))
    page.keyboard.press("Enter")
    page.wait_for_selector("text=ทำเครื่องหมายว่าเป็นคำตอบแล้ว")
    assert not page.complaints
    assert not other.complaints


def test_a_quiz_is_taken_without_a_mouse(walk):
    page = walk(360)
    log_in(page, "th", "learner18@demo.example")
    page.goto("/quizzes/dg-101-a1/")
    tab_to(page, lambda on: on["sends"] and "ออกจากระบบ" not in on["words"])
    send(page)
    for _control in range(150):
        page.keyboard.press("Tab")
        on = page.evaluate(FOCUSED)
        if on["type"] in ("radio", "checkbox"):
            page.keyboard.press("Space")
        elif on["tag"] == "SELECT":
            page.keyboard.press("ArrowDown")
        elif on["tag"] == "INPUT":
            page.keyboard.type("๑")
        elif on["sends"] and "ส่ง" in on["words"]:
            break
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    if page.locator("#unanswered").count():
        tab_to(page, lambda on: on["sends"] and "ส่ง" in on["words"])
        page.keyboard.press("Enter")
    page.wait_for_selector("#questions-title")
    assert not page.complaints
