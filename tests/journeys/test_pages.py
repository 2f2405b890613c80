"""Every page, as each kind of person, on a phone and on a desk, in both languages.

axe finds nothing, nothing sticks out of the screen, the browser complains of nothing, and no Thai page shows an English
sentence of ours.
"""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.journeys.test_journey import log_in

# What a page looks like is the same on every database: once is enough.
ONE_SITE = pytest.mark.parametrize(
    "site", [pytest.param("servers", marks=pytest.mark.xdist_group("servers"))], indirect=True
)
pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), ONE_SITE]

PUBLIC = [
    "/", "/courses/", "/courses/?q=ข้อมูล", "/courses/?q=ไม่มีอะไรเลย", "/courses/da-201/", "/courses/da-201/m1-reading/",
    "/courses/da-201/m1-reading/b1/", "/courses/da-201/m1-reading/b2/", "/courses/da-201/m2-cleaning/b3/",
    "/paths/", "/paths/policy-analyst/",
    "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/no-such-page/", "/verify/",
    "/verify/offline/", "/verify/0000-0000-0000-0000-0000-0000-0000/",
]  # fmt: skip
OWN = [
    "/my/",
    "/my/competencies/",
    "/my/competencies/?role=academic",
    "/my/letters/",
    "/cohorts/join/",
    "/accounts/profile/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
]
EXERCISES = ["/exercises/b-n1-reading-files/", "/exercises/b-n2-cleaning/", "/exercises/b-n2-cleaning/discussion/"]


def look(page, path, width):
    """Opens a page and returns what is wrong with it."""
    page.complaints.clear()
    page.goto(path)
    wrong = [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in Axe().run(page).response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        wrong.append("wider than the screen")
    # The browser calls every answer of 404 an error; those pages are meant to be.
    wrong += [text for text in page.complaints if "404" not in text]
    if not path.startswith("/en/"):
        wrong += english_sentences(page)
    return [f"{path} at {width}: {text}" for text in wrong]


def english_sentences(page):
    """Lines of the page's frame and forms that hold three English words and no Thai letter; files' names are none."""
    lines = page.evaluate(
        """() => [...document.querySelectorAll('main, header, footer')].flatMap(part => {
            const copy = part.cloneNode(true)
            for (const known of copy.querySelectorAll('pre, code, [lang=en], .prose, .feedback, .nb, .hash, style'))
                known.remove()
            return copy.innerText.split('\\n')
        })"""
    )
    return [
        f"English: {line.strip()}"
        for line in (re.sub(r"\S+\.[a-z]+ \([\d.,]+\s[KM]?B\)", "", line) for line in lines)
        if len(re.findall(r"\b[a-z]{2,}\b", line, re.IGNORECASE)) >= 3 and not re.search("[ก-๙]", line)
    ]


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["th", "en"])
def test_every_public_page_is_accessible_and_whole(walk, language, width):
    page = walk(width, language)
    prefix = "" if language == "th" else "/en"
    wrong = [line for path in PUBLIC for line in look(page, prefix + path, width)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["th", "en"])
def test_every_page_of_a_learner_is_accessible_and_whole(walk, language, width):
    page = walk(width, language)
    prefix = "" if language == "th" else "/en"
    wrong = []
    for person, paths in {
        "learner9": OWN,
        "learner3": [*OWN[:1], *EXERCISES],
        "learner4": [*OWN[:1], *EXERCISES],
    }.items():
        if page.context.cookies():
            page.context.clear_cookies()
        log_in(page, language, f"{person}@demo.example")
        links = page.locator("a[href*='/submissions/'], a[href*='/verify/']").evaluate_all(
            "links => links.map(a => a.getAttribute('href'))"
        )
        for path in [*(prefix + p for p in paths), *dict.fromkeys(links)]:
            wrong += look(page, path, width)
    assert not wrong, "\n".join(wrong)
