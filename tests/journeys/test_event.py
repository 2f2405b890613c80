"""An event from both sides, in a browser: a team takes part with a phone, its organiser looks on and ends it."""

import pytest
from playwright.sync_api import expect

from courses.demo import event
from tests.journeys.test_journey import GRADED, answered, hand_in, log_in, register
from tests.journeys.test_pages import ONE_SITE

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), ONE_SITE]
PAGE = f"/events/{event.SLUG}/"


def test_a_team_joins_by_its_code_hands_in_and_climbs_the_board(walk):
    first, second = walk(360, "th"), walk(360, "th")
    register(first, "th", "chaba@event.example", given_name="ชบา", family_name="ทดสอบ")
    first.goto("/my/")
    first.get_by_role("link", name="กิจกรรมแข่งขัน").click()
    first.get_by_role("link", name="วันข้อมูลเปิดสาธิต").click()
    first.fill("section[aria-labelledby=team] input[name=name]", "น้ำพริกกะปิ")
    first.get_by_role("button", name="ตั้งทีมนี้").click()
    expect(first.locator("#board tr.own")).to_contain_text("น้ำพริกกะปิ")
    address = first.locator("code.address").inner_text()

    register(second, "th", "kaew@event.example", given_name="แก้ว", family_name="ทดสอบ")
    second.goto(address)
    second.get_by_role("button", name="เข้าร่วม").click()
    expect(second.locator("section[aria-labelledby=team]")).to_contain_text("ชบา")

    hand_in(second, "th", event.TASK, lambda release: answered(release, event.TASK))
    # The board comes by itself, the rest of the page when it is loaded.
    expect(first.locator("#board tr.own")).to_contain_text("12", timeout=GRADED)
    first.reload()
    expect(first.locator("section[aria-labelledby=tasks]")).to_contain_text("12")
    assert first.evaluate("document.documentElement.scrollWidth") == 360
    assert first.complaints == second.complaints == []


def test_whoever_runs_it_makes_a_new_one_and_takes_a_team_off_the_board(walk):
    page, learner = walk(1280, "th"), walk(1280, "en")
    log_in(page, "th", "instructor@demo.example")
    page.goto("/cms/")
    page.get_by_role("link", name="กิจกรรมแข่งขัน").click()
    page.get_by_role("link", name="วันข้อมูลเปิดสาธิต").click()
    row = page.locator("tr", has_text="ปลานิล")
    row.locator("summary").click()
    row.get_by_label("เหตุผล").fill("ชื่อทีมซ้ำกับหน่วยงาน")
    row.get_by_role("button").click()
    log_in(learner, "en", "learner15@demo.example")
    learner.goto(f"/en{PAGE}")
    expect(learner.locator("section[aria-labelledby=team]")).to_contain_text("ชื่อทีมซ้ำกับหน่วยงาน", timeout=GRADED)
    page.locator("li", has_text="ปลานิล").get_by_role("button").click()
    expect(page.locator("tr", has_text="ปลานิล")).to_be_visible()

    page.goto("/cms/events/new/")
    page.fill("#id_title_th", "กิจกรรมใหม่")
    page.get_by_role("button", name="บันทึก").click()
    page.wait_for_load_state()
    assert page.url.endswith("/new/")
    assert learner.complaints == []
