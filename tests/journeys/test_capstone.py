"""A project from the gates to the gallery: three learners, two reviews each, an instructor, a stranger."""

import time

import pytest

from tests.journeys.test_journey import log_in
from tests.journeys.test_pages import ONE_SITE, look

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), ONE_SITE]
PROJECT = "/projects/c-p1-project/"
TITLES = {"learner16": "ถนนสายใดก่อน", "learner19": "แผนที่ความเสี่ยง", "learner20": "จำนวนหรืออัตรา"}
COMMENT = "แกนของกราฟมีหน่วยครบ ควรบอกจำนวนกรมธรรม์ของแต่ละจังหวัดด้วย"


def send(page, title):
    """As soon as the examiner has let the notebook through its gates."""
    until = time.monotonic() + 240
    while True:
        page.goto(PROJECT)
        if page.locator("#id_title").count():
            break
        assert time.monotonic() < until, page.locator("main").inner_text()
        page.wait_for_timeout(1000)
    page.fill("#id_title", title)
    page.fill("#id_summary", "เพื่อหัวหน้ากลุ่มงาน ข้อจำกัดคือนับเฉพาะรถที่ทำประกัน")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_selector("text=ส่งโครงงานให้ผู้ทบทวนแล้ว")


def hrefs(page, selector):
    return page.locator(selector).evaluate_all("links => links.map(a => a.getAttribute('href'))")


def review_with_the_keyboard(page):
    """The first level of each criterion has the focus by Tab; the arrows choose."""
    for criterion in range(5):
        page.locator(f"#id_level-{criterion}_0").focus()
        for _step in range(3):
            page.keyboard.press("ArrowDown")
        assert page.locator(f"#id_level-{criterion}_3").is_checked()
    page.keyboard.press("Tab")
    page.keyboard.type(COMMENT)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=ส่งผลการทบทวนแล้ว")


def test_a_project_goes_from_the_gates_to_the_gallery(walk):
    learners = {}
    for login, title in TITLES.items():
        page = learners[login] = walk(360)
        log_in(page, "th", f"{login}@demo.example")
        send(page, title)
    wrong = []
    for login, page in learners.items():
        page.goto("/my/reviews/")
        asked = hrefs(page, "main .cards a")
        assert len(asked) == 2
        if login == "learner16":
            wrong += [line for path in (PROJECT, "/my/reviews/", asked[0]) for line in look(page, path, "th", 360)]
        for path in asked:
            page.goto(path)
            text = page.locator("main").inner_text()
            assert not any(name in text for name in ("ลองวิชา", "ตัวอย่างกุล", "จำลองชาติ"))
            review_with_the_keyboard(page)

    desk = walk(1280)
    log_in(desk, "th", "instructor@demo.example")
    desk.goto("/cms/projects/")
    waiting = hrefs(desk, "table.listing th a")
    assert len(waiting) == 3
    for path in waiting:
        desk.goto(path)
        assert all(desk.locator(f"#id_level-{criterion}_3").is_checked() for criterion in range(5))
        desk.get_by_role("button", name="ยืนยันคำตัดสิน").click()
        desk.wait_for_selector("text=ตัดสินแล้ว ระบบส่งอีเมลแจ้งผู้เรียน")

    page = learners["learner16"]
    page.goto(PROJECT)
    assert "50 จาก 50" in page.locator("main").inner_text()
    wrong += look(page, PROJECT, "th", 360)
    page.check("[name=agrees]")
    page.locator("button[value=share]").click()
    stranger = walk(360)
    wrong += look(stranger, "/gallery/", "th", 360) + look(stranger, "/en/gallery/", "en", 360)
    shown = hrefs(stranger, "main .cards a")
    assert len(shown) == 1
    wrong += look(stranger, shown[0], "en", 360)
    assert "ลองวิชา" not in stranger.locator("main").inner_text()
    with page.expect_navigation():
        page.locator("button[value=withdraw]").click()
    assert stranger.goto(shown[0]).status == 404
    assert not wrong, "\n".join(wrong)
