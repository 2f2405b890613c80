"""An HR officer who has never seen the site, with a printed certificate in hand, and with a list of them."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.test_journey import assert_clean, prefix
from tests.journeys.test_pages import ONE_SITE

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), ONE_SITE]

NUMBERS = """
from lms.credentials.models import Credential
one = Credential.objects.filter(revoked_at=None).first()
print('found', one.number, one.holder_name, sep='|')
"""


@pytest.fixture(scope="module")
def printed(site):
    """What stands on a certificate of the demonstration: its number and the holder's name."""
    line = next(line for line in site.manage("shell", "-c", NUMBERS).splitlines() if line.startswith("found|"))
    return line.split("|")[1:]


def assert_accessible(page, width):
    assert not [violation["id"] for violation in Axe().run(page).response["violations"]]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("language", "width"), [("th", 360), ("en", 1280)])
def test_from_a_printed_certificate_to_a_verdict(walk, printed, language, width):
    number, name = printed
    page = walk(width, language)
    page.goto(prefix(language) + "/")
    page.locator("nav a[href$='/verify/']").first.click()
    page.fill("#id_number", number.lower().replace("-", " "))
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_have_text("วุฒิบัตรนี้ใช้ได้" if language == "th" else "This credential is valid")
    assert name not in page.locator("main").inner_text()
    page.fill("#id_name", "สมชาย สมมุติ")
    page.keyboard.press("Enter")
    expect(page.locator(".name-answer-no")).to_be_visible()
    page.fill("#id_name", name)
    page.keyboard.press("Enter")
    expect(page.locator(".name-answer-yes")).to_be_visible()
    expect(page.locator("#file-note")).to_contain_text(number)
    assert_accessible(page, width)
    assert_clean(page)


@pytest.mark.parametrize(("language", "width"), [("th", 1280), ("en", 360)])
def test_a_list_from_excel_to_a_result_file(walk, printed, language, width):
    number, name = printed
    page = walk(width, language)
    page.goto(f"{prefix(language)}/verify/")
    table = f"ชื่อ,หมายเลข\r\n{name},{number}\r\nสมชาย,{number}\r\nx,ABCD\r\n".encode("cp874")
    page.set_input_files("#id_file", {"name": "รายชื่อ.csv", "mimeType": "text/csv", "buffer": table})
    page.locator("#file-form button[type=submit]").click()
    expect(page.locator(".batch-counts")).to_be_visible(timeout=60_000)
    assert_accessible(page, width)
    with page.expect_download() as download:
        page.locator("a[href$='result.csv']").click()
    lines = download.value.path().read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 4
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == ["valid", "valid", "unreadable"]
    page.locator("form[action$='/delete/'] button").click()
    expect(page.locator("h1")).to_have_text("ลบผลแล้ว" if language == "th" else "The result is deleted")
    assert_clean(page)
