"""A quiz by the keyboard alone, on a phone, without a network for a while, and without a script."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect, sync_playwright
from wagtail.models import Locale, Page, Site

from courses.models import Enrollment
from grading import quizzing
from grading.models import QuizAttempt
from tests.courses.quizzes import course_with, make_bank, make_quiz
from tests.grading.items import right_answers
from tests.journeys.conftest import ARGUMENTS, CHROMIUM
from tests.servers import wait_until

pytestmark = [
    pytest.mark.journey,
    pytest.mark.embedded_only,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True, scope="module")
def _unsafe():
    """The browser's loop runs in this thread; the database is asked between its steps, and cleaned after them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="module")
def browser(_unsafe):
    """One of this module's own: its loop ends with it."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


def ground():
    """What a new database holds, and a test that commits sweeps away."""
    thai, _ = Locale.objects.get_or_create(language_code="th")
    root = Page.get_first_root_node() or Page.add_root(instance=Page(title="Root", slug="root", locale=thai))
    Site.objects.get_or_create(is_default_site=True, defaults={"hostname": "localhost", "root_page": root})


@pytest.fixture
def attempt(learner):
    ground()
    quiz = make_quiz(make_bank(), minutes=30)
    tree = course_with(quiz)
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    return quizzing.start(quiz, learner)


@pytest.fixture
def open_page(browser, live_server, learner):
    contexts = []

    def opened(path, width=360, **more):
        client = Client()
        client.force_login(learner)
        context = browser.new_context(
            viewport={"width": width, "height": 800}, base_url=live_server.url, locale="th-TH", **more
        )
        contexts.append(context)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


def wrong_with(page, width):
    found = [f"{v['id']}: {v['nodes'][0]['html'][:150]}" for v in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append("wider than the screen")
    return found + page.complaints


@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_of_a_quiz_is_for_everybody(attempt, open_page, width):
    page = open_page(f"/quizzes/{attempt.quiz.slug}/", width)
    assert wrong_with(page, width) == []
    page.goto(f"/quiz-attempts/{attempt.pk}/")
    assert wrong_with(page, width) == []
    page.get_by_role("button", name="ส่งคำตอบ").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert wrong_with(page, width) == []
    quizzing.finish(attempt, right_answers(attempt) | {"0": ["9"], "1": ["0"]})
    for path in (
        f"/quiz-attempts/{attempt.pk}/",
        f"/en/quiz-attempts/{attempt.pk}/",
        f"/en/quizzes/{attempt.quiz.slug}/",
    ):
        page.goto(path)
        assert wrong_with(page, width) == []


def test_a_quiz_is_answered_by_the_keyboard_alone(attempt, open_page):
    page = open_page(f"/quiz-attempts/{attempt.pk}/")
    answers = right_answers(attempt)
    for place, one in enumerate(attempt.drawn()):
        fields = page.locator(f"#q{place} :is(input, select)")
        match one.item.kind:
            case "single":
                fields.first.focus()
                for _ in range(int(answers[str(place)][0])):
                    page.keyboard.press("ArrowDown")
                if answers[str(place)] == ["0"]:
                    page.keyboard.press("Space")
            case "multiple":
                fields.first.focus()
                for choice in range(len(one.item.choices)):
                    if str(choice) in answers[str(place)]:
                        page.keyboard.press("Space")
                    page.keyboard.press("Tab")
            case kind:
                fields.first.focus()
                for i, answer in enumerate(answers[str(place)]):
                    if fields.nth(i).evaluate("field => field.tagName") == "SELECT":
                        down = int(answer) if kind in ("order", "record") else int(answer) + 1
                        for _ in range(down):
                            page.keyboard.press("ArrowDown")
                    else:
                        page.keyboard.press("Control+A")
                        page.keyboard.type(answer)
                    page.keyboard.press("Tab")
    page.get_by_role("button", name="ส่งคำตอบ").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("7 จาก 7 คะแนน")).to_be_visible()
    attempt.refresh_from_db()
    assert attempt.score == 7


def test_a_lost_network_loses_no_answer(attempt, open_page):
    page = open_page(f"/quiz-attempts/{attempt.pk}/")
    place = next(i for i, one in enumerate(attempt.drawn()) if one.item.kind == "text")
    page.context.set_offline(True)
    page.locator(f"#q{place} input").fill("เจ้าของข้อมูล")
    expect(page.locator("#quiz-state")).to_contain_text("ขาดการเชื่อมต่อ")
    page.context.set_offline(False)
    expect(page.locator("#quiz-state")).to_have_text("บันทึกคำตอบแล้ว")
    assert QuizAttempt.objects.get(pk=attempt.pk).answer(place) == ["เจ้าของข้อมูล"]


def test_answers_come_back_after_the_page_was_lost(attempt, open_page):
    page = open_page(f"/quiz-attempts/{attempt.pk}/")
    place = next(i for i, one in enumerate(attempt.drawn()) if one.item.kind == "text")
    page.route("**/save/", lambda route: route.abort())
    page.locator(f"#q{place} input").fill("เจ้าของข้อมูล")
    expect(page.locator("#quiz-state")).to_contain_text("ขาดการเชื่อมต่อ")
    page.once("dialog", lambda dialog: dialog.accept())
    page.unroute("**/save/")
    page.reload()
    wait_until(lambda: QuizAttempt.objects.get(pk=attempt.pk).answer(place) == ["เจ้าของข้อมูล"], "the answer arrived")


def test_a_clock_that_ends_hands_in(attempt, open_page, monkeypatch):
    page = open_page(f"/quiz-attempts/{attempt.pk}/")
    place = next(i for i, one in enumerate(attempt.drawn()) if one.item.kind == "text")
    page.locator(f"#q{place} input").fill("เจ้าของข้อมูล")
    expect(page.locator("#quiz-state")).to_have_text("บันทึกคำตอบแล้ว")
    QuizAttempt.objects.filter(pk=attempt.pk).update(ends_at=quizzing.Now() + quizzing.timedelta(seconds=3))
    page.reload()
    expect(page.locator(".score")).to_have_text("1 จาก 7 คะแนน", timeout=15_000)


def test_without_a_script_a_quiz_works_the_same(attempt, open_page):
    page = open_page(f"/quiz-attempts/{attempt.pk}/", java_script_enabled=False)
    place = next(i for i, one in enumerate(attempt.drawn()) if one.item.kind == "numeric")
    page.locator(f"#q{place} input").fill("๑,๒๕๐.๕ บาท")
    page.get_by_role("button", name="บันทึกไว้ทำต่อภายหลัง").click()
    expect(page.locator(f"#q{place} input")).to_have_value("๑,๒๕๐.๕ บาท")
    page.get_by_role("button", name="ส่งคำตอบ").click()
    page.get_by_role("button", name="ส่งตามที่ตอบไว้").click()
    expect(page.get_by_text("1 จาก 7 คะแนน")).to_be_visible()


def test_what_cannot_be_seen_does_not_come_with_what_is_pasted(attempt, open_page):
    page = open_page(f"/quiz-attempts/{attempt.pk}/")
    place = next(i for i, one in enumerate(attempt.drawn()) if one.item.kind == "text")
    field = page.locator(f"#q{place} input")
    field.focus()
    field.evaluate(
        """field => { const data = new DataTransfer(); data.setData('text', 'เจ้าของ\\u200bข้อมูล');
        field.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})) }"""
    )
    expect(field).to_have_value("เจ้าของข้อมูล")
    field.fill("ที่")
    field.press("End")
    for left in ("ที", "ท", ""):
        field.press("Backspace")
        expect(field).to_have_value(left)
