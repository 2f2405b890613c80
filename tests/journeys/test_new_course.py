"""A course from the template to published, by the hands of three people, with what it costs them.

What a person does is counted, click by click and letter by letter, and reckoned at a person's pace: the account is
printed.
"""

import json
import re
import time

import pytest
from nbformat import v4
from playwright.sync_api import expect

from tests.journeys.test_instructor import cell
from tests.journeys.test_journey import GRADED, add_choice, hand_in, log_in
from tests.journeys.test_pages import ONE_SITE

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600), ONE_SITE]

# What a person needs, in seconds: to find and press something, to take in a new page, to type one letter of Thai. What
# is written here was thought out before: the half hour of the promise is for doing, not for knowing one's subject.
A_CLICK, A_PAGE, A_LETTER = 1.5, 4.0, 0.35
PROMISED_MINUTES = 30

CSV = "หน่วยงาน,ปีงบประมาณ,จัดสรร,เบิกจ่าย\nอบต.สาธิต ๐๑,2567,120,90\nอบต.สาธิต ๐๒,2567,80,80\nอบต.สาธิต ๐๑,2568,150,75\n"
DATASET = {
    "slug": "local-budget",
    "title": "งบประมาณท้องถิ่นจำลอง",
    "owner_org": "สถาบันข้อมูลสาธิต",
    "maintainer": "กลุ่มงานข้อมูล",
    "maintainer_email": "data@demo.example",
    "notes": "งบประมาณที่จัดสรรและเบิกจ่ายของหน่วยงานสมมุติ",
    "objective": "เพื่อฝึกอ่านตารางงบประมาณ",
    "tag_string": "งบประมาณ, ท้องถิ่น",
    "data_format": "CSV",
    "update_frequency_unit": "ปี",
    "geo_coverage": "ประเทศไทย",
    "data_source": "สร้างขึ้นเพื่อการสอน",
}
CHOSEN = {"data_type": "ข้อมูลสถิติ", "license_id": "cc-zero", "data_category": "ข้อมูลสาธารณะ"}
TASK = "# อัตราเบิกจ่าย\n\nเขียนฟังก์ชัน `rate(spent, budget)` ที่คืนร้อยละของงบประมาณที่เบิกจ่ายแล้ว"
TASK_EN = "# Spending rate\n\nWrite `rate(spent, budget)`: the percentage of the budget that has been spent."
SOLUTION = "def rate(spent, budget):\n    ### BEGIN SOLUTION\n    return spent * 100 / budget\n    ### END SOLUTION"
CHECK = (
    "# hint(th): ร้อยละคือส่วนที่เบิกจ่ายคูณหนึ่งร้อย แล้วหารด้วยงบประมาณที่จัดสรร\n"
    "# hint(en): A percentage is what was spent times one hundred, divided by the budget.\n"
    "assert rate(90, 120) == 75\nassert rate(80, 80) == 100\n"
    "### BEGIN HIDDEN TESTS\nassert rate(7, 28) == 25\n### END HIDDEN TESTS"
)
ITEMS = [
    ("งบประมาณที่เบิกจ่ายแล้วหารด้วยงบประมาณที่จัดสรร บอกเรื่องใด", ["อัตราเบิกจ่าย", "รายได้", "จำนวนหน่วยงาน", "ปีงบประมาณ"]),
    ("ปีงบประมาณ 2568 เริ่มในเดือนใด", ["ตุลาคม 2567", "มกราคม 2568", "เมษายน 2568", "ธันวาคม 2568"]),
]
OUTCOMES = ["อ่านตารางงบประมาณได้", "คำนวณอัตราเบิกจ่ายได้", "บอกข้อจำกัดของตัวเลขได้"]
LESSONS = [
    [
        "ผู้บริหารถามว่าหน่วยงานใดเบิกจ่ายช้า ตารางหนึ่งหน้าตอบได้ ถ้าอ่านเป็น",
        "งบประมาณมีสองตัวเลขที่ต้องอ่านคู่กัน คือที่จัดสรรและที่เบิกจ่ายแล้ว",
        "หน่วยงานที่ได้รับ 120 บาท และเบิกจ่าย 90 บาท เหลืออีก 30 บาท",
        "ตอบแบบทดสอบด้านล่าง",
        "ตัวเลขเดียวยังไม่บอกอะไร ต้องดูคู่กัน",
    ],
    [
        "หน่วยงานเล็กและใหญ่เทียบกันด้วยจำนวนบาทไม่ได้",
        "อัตราเบิกจ่ายคือเงินที่เบิกจ่ายเทียบกับที่จัดสรร คิดเป็นร้อยละ",
        "90 จาก 120 บาท คือร้อยละ 75",
        "เขียนฟังก์ชันในแบบฝึกหัดด้านล่าง",
        "บอกฐานของร้อยละทุกครั้ง",
    ],
]


class Hand:
    """A person at a page: counts what they do, and what it would take them."""

    def __init__(self, page):
        self.page, self.clicks, self.letters, self.pages = page, 0, 0, 0
        self.began = time.monotonic()
        page.on("load", lambda _page: self.count_page())

    def count_page(self):
        self.pages += 1

    def click(self, what, **more):
        (self.page.locator(what, **more) if isinstance(what, str) else what).click()
        self.clicks += 1

    def write(self, what, text):
        self.page.locator(what).fill(text)
        self.clicks += 1
        self.letters += len(text)

    def choose(self, what, value):
        self.page.locator(what).select_option(value)
        self.clicks += 2

    def give(self, what, *files):
        kind = "application/octet-stream"
        given = [{"name": name, "mimeType": kind, "buffer": content} for name, content in files]
        self.page.set_input_files(what, given)
        self.clicks += 3

    def type_over(self, paragraph, text):
        """What stands in one paragraph of an editor, written anew."""
        self.click(paragraph)
        self.page.keyboard.press("Home")
        self.page.keyboard.press("Shift+End")
        self.page.keyboard.insert_text(text)
        self.letters += len(text)

    @property
    def minutes(self):
        return (self.clicks * A_CLICK + self.pages * A_PAGE + self.letters * A_LETTER) / 60

    def __str__(self):
        machine = time.monotonic() - self.began
        done = f"{self.clicks} clicks, {self.pages} pages, {self.letters} letters"
        return f"{done}: {self.minutes:.1f} min ({machine:.0f} s here)"


def source():
    cells = [
        cell("markdown", TASK, "task", locked=True),
        cell("markdown", TASK_EN, "task-en", locked=True),
        cell("code", SOLUTION, "answer", solution=True),
        cell("code", CHECK, "rate", points=2, grade=True, locked=True),
    ]
    return json.dumps(v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})).encode()


def begin(hand):
    page = hand.page
    page.goto("/cms/")
    hand.click(".sidebar a[href$='/cms/courses/']")
    hand.click("main a[href$='/courses/new/']")
    hand.write("[name=title]", "อ่านงบประมาณท้องถิ่นให้เป็น")
    hand.write("[name=code]", "LB-110")
    hand.write("[name=modules]", "1")
    hand.click("form.plain-form button[type=submit]")
    page.wait_for_url("**/courses/*/")
    return page.url


def describe_data(hand):
    page = hand.page
    hand.click(".sidebar a[href$='/datasets/dataset/']")
    hand.click("main a[href$='/dataset/add/']")
    for name, text in DATASET.items():
        hand.write(f"#id_{name}", text)
    for name, value in CHOSEN.items():
        hand.choose(f"#id_{name}", value)
    hand.click("#id_is_synthetic")
    hand.give("#id_new_files", ("budget.csv", CSV.encode()))
    hand.click("footer button.action-save")
    page.wait_for_url(lambda url: not url.endswith("/add/"))


def sign_off_data(hand):
    """The data owner, from the desk to the word."""
    page = hand.page
    page.goto("/cms/")
    hand.click(".sidebar a[href$='/datasets/owner/']")
    hand.click("main a", has_text=DATASET["title"])
    hand.click("form[action$='/sign-off/'] button")
    expect(page.locator(".messages .success")).to_be_visible()


def make_exercise(hand):
    page = hand.page
    hand.click(".sidebar a[href$='/grading/exercise/']")
    hand.click("main a[href$='/exercise/add/']")
    hand.write("#id_slug", "lb-n1-rate")
    hand.write("#id_title_th", "อัตราเบิกจ่าย")
    hand.write("#id_title_en", "Spending rate")
    hand.give("input[name=source]", ("rate.ipynb", source()))
    hand.click(page.locator("label", has_text="budget.csv"))
    hand.click("footer button.action-save")
    page.wait_for_url("**/preflight/")
    expect(page.locator("form[action$='/publish/'] button")).to_be_visible(timeout=GRADED)
    expect(page.locator(".remark-error")).to_have_count(0)
    hand.click("form[action$='/publish/'] button")
    page.wait_for_url("**/edit/**")
    expect(page.locator(".messages .success")).to_be_visible()


def make_quiz(hand):
    page = hand.page
    hand.click(".sidebar button", has_text="แบบทดสอบ")
    hand.click(".sidebar a[href$='/itembank/']")
    hand.click("main a[href$='/itembank/add/']")
    hand.write("#id_slug", "lb-110")
    hand.write("#id_title_th", "คลังข้อสอบงบประมาณท้องถิ่น")
    hand.click("footer button.action-save")
    page.wait_for_url("**/itembank/edit/**")
    bank = page.url
    hand.click("main a", has_text="สร้างข้อสอบ")
    for number, (question, choices) in enumerate(ITEMS):
        if number:
            hand.click(".messages a", has_text="เขียนข้อถัดไป")
        page.wait_for_load_state("networkidle")
        hand.write("#id_prompt_th", question)
        for place, choice in enumerate(choices):
            hand.write(f"#content-0-value-choices-{place}-value-text-th", choice)
        hand.click("#content-0-value-choices-0-value-correct")
        hand.write("#id_source_th", "บทเรียน LB-110")
        hand.click("footer button.action-save")
        page.wait_for_url("**/quizitem/?bank=**")
    page.goto(bank)
    hand.click("main a", has_text="สร้างแบบทดสอบจากคลังนี้")
    hand.write("#id_slug", "lb-110-1")
    hand.write("#id_title_th", "แบบทดสอบอ่านงบประมาณ")
    hand.write("#id_title_en", "Reading budgets")
    hand.click("footer button.action-save")
    page.wait_for_url(lambda url: "/add/" not in url)
    expect(page.locator(".messages .success")).to_be_visible()
    expect(page.locator(".messages .warning")).to_have_count(0)


def to_desk(hand):
    """Where a course stands, from any page of it."""
    hand.click(hand.page.locator("main header [data-w-dropdown-target=toggle]").first)
    hand.click(hand.page.locator("[data-w-dropdown-target=content] a[href*='/cms/courses/']").first)
    hand.page.wait_for_url("**/cms/courses/*/")


def write_course(hand, desk):
    """The facts of the course, from the checklist to the checklist."""
    page = hand.page
    page.goto(desk)
    hand.click("main .actions a", has_text="เขียน")
    page.wait_for_load_state("networkidle")
    hand.write("#id_theory_hours", "1")
    hand.write("#id_summary", "อ่านตารางงบประมาณของหน่วยงานท้องถิ่น และคำนวณอัตราเบิกจ่ายได้ด้วยตนเอง")
    hand.write("#id_audience", "เจ้าหน้าที่ที่ใช้ตารางงบประมาณ ไม่ต้องเคยเขียนโปรแกรม")
    hand.click(page.locator("input[name=roles]").first)
    for number, text in enumerate(OUTCOMES):
        hand.write(f"#outcomes-{number}-value", text)
    save_draft(hand)
    to_desk(hand)


def save_draft(hand):
    hand.click("footer button.action-save")
    expect(hand.page.locator(".messages .success")).to_be_visible()


def write_pages(hand):
    """From the checklist: each page that waits is named there."""
    page = hand.page
    hand.click(".checklist small a", has_text="ส่วนที่ 1")
    page.wait_for_load_state("networkidle")
    hand.write("#id_summary", "สองบทเรียน หนึ่งแบบทดสอบ หนึ่งแบบฝึกหัด")
    save_draft(hand)
    to_desk(hand)
    for number, texts in enumerate(LESSONS, start=1):
        hand.click(".checklist small a", has_text=f"บทที่ 1.{number}")
        page.wait_for_load_state("networkidle")
        for place, text in enumerate(texts):
            hand.type_over(page.locator(".public-DraftEditor-content").nth(place).locator("[data-block]").last, text)
        kind, title = (("แบบทดสอบ", "แบบทดสอบอ่านงบประมาณ"), ("แบบฝึกหัด", "อัตราเบิกจ่าย"))[number - 1]
        add_choice(page, kind, title, click=hand.click)
        save_draft(hand)
        to_desk(hand)


def translate(hand):
    """Every text that the template has not brought its English for."""
    page, desk = hand.page, hand.page.url
    hand.click("form[action$='/english/'] button")
    rows = page.locator("section[aria-labelledby=english-heading] tbody tr")
    expect(rows.first).to_be_visible()
    for number in range(rows.count()):
        done, wanted = map(int, re.findall(r"\d+", rows.nth(number).inner_text())[-2:])
        hand.click(rows.nth(number).locator("td a"))
        buttons = page.locator("main").get_by_role("button", name="แปล", exact=True)
        expect(buttons).to_have_count(wanted - done)
        while buttons.count():
            left = buttons.count()
            hand.click(buttons.first)
            field = page.locator("main textarea, main [contenteditable=true]").first
            field.fill(f"English text {left} of page {number}")
            hand.clicks, hand.letters = hand.clicks + 1, hand.letters + 25
            hand.click(page.locator("main").get_by_role("button", name="บันทึก", exact=True).first)
            expect(buttons).to_have_count(left - 1)
        page.goto(desk)
    expect(page.locator("section[aria-labelledby=english-heading]")).not_to_contain_text("ยังแปลไม่ครบ")


def send(hand):
    hand.click("form[action$='/review/'] button")
    expect(hand.page.locator(".messages .success")).to_be_visible()


def approve(hand):
    """A second person reads the course as a learner would, and lets it out."""
    page = hand.page
    page.goto("/cms/")
    hand.click("main a", has_text="อ่านงบประมาณท้องถิ่นให้เป็น")
    page.wait_for_load_state("networkidle")
    hand.click(page.locator("footer [data-w-dropdown-target=toggle]").first)
    hand.click(page.locator("footer button[data-workflow-action-name=approve]").first)
    page.wait_for_url(lambda url: not url.endswith("/edit/"))


class Account:
    """What each step took whom."""

    def __init__(self):
        self.lines, self.minutes = [], 0.0

    def of(self, who, step, *told):
        before = (who.clicks, who.pages, who.letters, who.minutes, time.monotonic())
        made = step(who, *told)
        clicks, pages, letters, minutes, began = before
        self.minutes += who.minutes - minutes
        done = f"{who.clicks - clicks:4} clicks {who.pages - pages:3} pages {who.letters - letters:5} letters"
        here = time.monotonic() - began
        self.lines.append(f"{step.__name__:<14} {done}  {who.minutes - minutes:5.1f} min  ({here:.0f} s here)")
        return made

    def __str__(self):
        return "\n".join([*self.lines, f"altogether {self.minutes:.1f} min at a person's pace"])


def test_a_course_from_the_template_to_published_within_half_an_hour(walk, capsys):
    author, owner, second, learner, visitor = (Hand(walk(width)) for width in (1280, 1280, 1280, 360, 1280))
    people = ((author, "instructor"), (owner, "dataowner"), (second, "reviewer"), (learner, "learner20"))
    for hand, name in people:
        log_in(hand.page, "th", f"{name}@demo.example")
    author.page.goto("/cms/")
    account = Account()
    account.of(author, describe_data)
    account.of(owner, sign_off_data)
    account.of(author, make_exercise)
    account.of(author, make_quiz)
    desk = account.of(author, begin)
    account.of(author, write_course, desk)
    account.of(author, write_pages)
    account.of(author, translate)
    account.of(author, send)
    assert visitor.page.goto("/courses/lb-110/").status == 404
    account.of(second, approve)
    with capsys.disabled():
        print(f"\n{account}")
    assert account.minutes < PROMISED_MINUTES

    for prefix, text in (("", "อัตราเบิกจ่ายคือเงินที่เบิกจ่าย"), ("/en", "English text")):
        page = visitor.page
        assert page.goto(f"{prefix}/courses/lb-110/").status == 200
        hrefs = page.locator("main a[href*='/lb-110/']").evaluate_all("links => links.map(a => a.getAttribute('href'))")
        page.goto(max(hrefs, key=len))
        expect(page.locator("main")).to_contain_text(text)
    learner.page.goto("/courses/lb-110/")
    learner.click(learner.page.locator("form[action*='/enroll/'] button").first)
    hand_in(learner.page, "th", "lb-n1-rate", solved)
    expect(learner.page.locator(".check-passed")).to_have_count(1)


def solved(release):
    assert b"HIDDEN" not in release
    notebook = json.loads(release)
    for one in notebook["cells"]:
        if one["metadata"].get("nbgrader", {}).get("grade_id") == "answer":
            one["source"] = "def rate(spent, budget):\n    return spent * 100 / budget"
    return json.dumps(notebook).encode()
