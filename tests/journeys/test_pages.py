"""Pages in states that the crawl (``test_crawl``) does not meet, on a phone and on a desk, in both languages."""

import pytest

from tests.journeys.inspecting import inspect
from tests.journeys.test_journey import log_in

# What a page looks like is the same on every database: once is enough.
ONE_SITE = pytest.mark.parametrize(
    "site", [pytest.param("servers", marks=pytest.mark.xdist_group("servers"))], indirect=True
)
pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), ONE_SITE]

PUBLIC = [
    "/courses/?q=ข้อมูล", "/courses/?q=ไม่มีอะไรเลย", "/no-such-page/", "/verify/0000-0000-0000-0000-0000-0000-0000/",
]  # fmt: skip
# With a credential and without one, with an answer that is not right yet.
OWN = {"learner9": ["/my/", "/my/competencies/?role=academic"], "learner4": ["/my/", "/exercises/b-n2-cleaning/"]}


def look(page, path, language, width):
    """Opens a page and returns what is wrong with it."""
    page.complaints.clear()
    page.goto(path)
    # The browser calls every answer of 404 an error; those pages are meant to be.
    wrong = inspect(page, language, width) + [text for text in page.complaints if "404" not in text]
    return [f"{path} at {width}: {text}" for text in wrong]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["th", "en"])
def test_pages_that_find_nothing_and_pages_of_beginners_are_accessible_and_whole(walk, language, width):
    page = walk(width, language)
    prefix = "" if language == "th" else "/en"
    wrong = [line for path in PUBLIC for line in look(page, prefix + path, language, width)]
    for person, paths in OWN.items():
        page.context.clear_cookies()
        log_in(page, language, f"{person}@demo.example")
        works = page.locator("a[href*='/submissions/']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        for path in [*(prefix + p for p in paths), *dict.fromkeys(works)]:
            wrong += look(page, path, language, width)
    assert not wrong, "\n".join(wrong)
