"""The page that verifies with no network, opened from a file by a browser without one."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from lms.credentials import verifying
from lms.verification import bundles
from lms.verification.models import OfflineBundle
from tests.journeys.conftest import ARGUMENTS, CHROMIUM
from tests.verification.conftest import bundle_of, files_of

pytestmark = [pytest.mark.journey, pytest.mark.timeout(200)]


@pytest.fixture
def page_and_files(people, trusted, tmp_path):
    page = tmp_path / "verify.html"
    page.write_bytes(bundles.page_in(bytes(OfflineBundle.objects.first().content)))
    bundle = bundle_of(trusted)
    expected = []
    paths = []
    for number, (name, data) in enumerate(files_of(people).items()):
        ending = "svg" if "picture" in name else "json"
        paths.append(tmp_path / f"{number}.{ending}")
        paths[-1].write_bytes(data)
        answer = verifying.verify_file(data, bundle)
        detail_is_ours = answer.reason == "profile"  # which member it is, the page does not say
        expected.append((str(answer.verdict), None if detail_is_ours else answer.message.th))
    return page, paths, expected


def test_it_gives_the_same_verdicts_and_asks_nobody(page_and_files):
    page_path, paths, expected = page_and_files
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width in (360, 1280):
            context = chromium.new_context(viewport={"width": width, "height": 900})
            context.set_offline(True)
            page = context.new_page()
            asked, complaints = [], []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on(
                "console", lambda message, c=complaints: c.append(message.text) if message.type == "error" else None
            )
            page.on("pageerror", lambda error, c=complaints: c.append(str(error)))
            page.goto(page_path.as_uri())
            page.wait_for_selector("body[data-ready=yes]")
            page.set_input_files("#files", paths)
            page.wait_for_selector(f"body[data-done='{len(paths)}']")
            cards = page.locator(".result").evaluate_all(
                "all => all.map(card => [card.dataset.verdict, card.querySelector('h2 + p').textContent])"
            )
            for (verdict, message), (expected_verdict, expected_message), path in zip(
                cards, expected, paths, strict=True
            ):
                assert verdict == expected_verdict, (path.read_text()[:200], message)
                if expected_message:
                    assert message == expected_message
            assert "สถานะ ณ วันที่" in page.locator("#as-of").inner_text()
            violations = [v["id"] for v in Axe().run(page).response["violations"]]
            assert not violations
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.click("#language")
            assert "Status as of" in page.locator("#as-of").inner_text()
            assert page.locator(".is-valid h2").first.inner_text() == "This credential is valid"
            assert asked == [page_path.as_uri()]
            assert not complaints
            context.close()
        chromium.close()


def test_a_page_whose_bundle_was_changed_says_so_and_finds_nothing_valid(page_and_files):
    page_path, paths, _ = page_and_files
    text = page_path.read_text(encoding="utf-8")
    before, rest = text.split('<script type="text/plain" id="bundle">')
    body, after = rest.split("</script>", 1)
    import base64

    data = json.loads(base64.b64decode(body))
    data["withdrawn"] = {}
    body = base64.b64encode(json.dumps(data).encode()).decode()
    page_path.write_text(f'{before}<script type="text/plain" id="bundle">{body}</script>{after}', encoding="utf-8")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = chromium.new_page()
        page.goto(page_path.as_uri())
        page.wait_for_selector("body[data-ready=yes]")
        page.set_input_files("#files", paths[:1])
        page.wait_for_selector("body[data-done='1']")
        assert page.locator(".as-of.bad").count() == 1
        assert page.locator(".result").get_attribute("data-verdict") == "could_not_check"
        chromium.close()
