"""Every page of the site, opened by whoever it is for: on a phone in Thai, on a desk in English.

The list is derived from the URLconf and the page tree (``tests.addresses``): a new page is in it. What is looked for:
``inspecting``. Prints what was looked at, a line of figures for docs/accessibility.md.
"""

import json
import re
import time
from collections import Counter
from urllib.parse import unquote, urlsplit

import pytest

from tests.journeys.inspecting import inspect
from tests.journeys.test_journey import log_in
from tests.journeys.test_pages import ONE_SITE

pytestmark = [pytest.mark.journey, pytest.mark.timeout(900), ONE_SITE]

SEEN = [("th", 360), ("en", 1280)]
# The notebook's own "unsaved work", which a crawl does not answer; an error of Wagtail 8.0 with lists in forms
# (its widget has no element to give an id to), which changes nothing.
KNOWN = re.compile("beforeunload|Error connecting controller")
# The back office speaks what each of its people chose.
SPEAKS = """
from lms.accounts.models import User
from wagtail.users.models import UserProfile
for person in User.objects.filter(groups__isnull=False).distinct():
    UserProfile.objects.update_or_create(user=person, defaults={{"preferred_language": "{language}"}})
"""
FURNISH = "from tests import addresses; addresses.print_walks()"


@pytest.fixture(scope="module")
def walks(site):
    told = site.manage("shell", "-c", FURNISH)
    return json.loads(next(line for line in told.splitlines() if line.startswith("walks|")).removeprefix("walks|"))


@pytest.fixture(params=SEEN, ids=["thai-phone", "english-desk"])
def seen(request, site):
    """Language and width of the walk; afterwards the back office speaks the site's language again."""
    language, width = request.param
    site.manage("shell", "-c", SPEAKS.format(language=language))
    yield language, width
    site.manage("shell", "-c", SPEAKS.format(language=""))


def test_every_page_is_accessible_whole_and_in_its_language(walk, walks, seen):
    began, wrong, pages = time.monotonic(), [], {}
    language, width = seen
    walked = [one for one in walks if one[language]]
    for one in walked:
        if one["who"] not in pages:
            pages[one["who"]] = walk(width, language)
            if one["who"]:
                log_in(pages[one["who"]], language, f"{one['who']}@demo.example")
        page, address = pages[one["who"]], one[language]
        page.complaints.clear()
        answer = page.goto(address)
        arrived = urlsplit(page.url).path
        found = [] if answer.status == 200 else [f"answers {answer.status}"]
        found += [] if arrived == unquote(address).split("?")[0] else [f"leads to {arrived}"]
        found += inspect(page, language, width, ours=not address.startswith("/cms/"))
        found += [text for text in page.complaints if not KNOWN.search(text)]
        wrong += [f"{one['name']} {address} ({one['who'] or 'visitor'}): {text}" for text in found]
    of = Counter("back office" if one[language].startswith("/cms/") else "site" for one in walked)
    print(f"{language} at {width}: {dict(of)}, {len(wrong)} findings, {time.monotonic() - began:.0f} s")
    assert not wrong, f"{len(wrong)} findings\n" + "\n".join(wrong)
