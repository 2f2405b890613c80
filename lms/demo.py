"""The people of the demonstration, and what they have done so far. Every name is invented; every address ends in
``.example``, which no mail can reach. Nothing here runs on a site that was not asked for a demo (WITH_DEMO).
"""

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.db import transaction

from courses.capstones import sending
from courses.capstones.models import Capstone, Project
from courses.demo import cleaning, content, event, notebooks, outline, reading_files
from courses.demo.content import key
from courses.demo.exercises import PROJECT, exercise
from courses.demo.notebooks import Exercise as Built
from courses.models import Enrollment, LessonCompletion
from grading import quizzing
from grading.models import Exercise, Provider, ProviderMember, Quiz, Submission
from grading.quizzes import marking
from lms.accounts import roles
from lms.accounts.models import User
from lms.privacy import notice

# Known to everybody who can read this: accounts with it are only ever made for a demonstration.
DEMO_PASSWORD = "open-data-2568"  # noqa: S105
DOMAIN = "demo.example"


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    title: str
    given: str
    family: str
    name_en: str
    group: str = ""

    @property
    def email(self) -> str:
        return f"{self.login}@{DOMAIN}"


STAFF = [
    Person("instructor", "นางสาว", "วรรณวิภา", "สาธิตวิทยา", "Wanwipha Satitwittaya", roles.INSTRUCTORS),
    Person("instructor2", "นาย", "ธนเดช", "แบบเรียนดี", "Thanadet Baebriandee", roles.INSTRUCTORS),
    Person("instructor3", "ดร.", "พิชญา", "ตัวอย่างศิลป์", "Pitchaya Tuayangsin", roles.INSTRUCTORS),
    Person("hr", "นาง", "สุนันทา", "สมมุติวงศ์", "Sunantha Sommutiwong", roles.HR_OFFICERS),
    Person("hr2", "นาย", "กิตติภพ", "จำลองสุข", "Kittiphop Chamlongsuk", roles.HR_OFFICERS),
    Person("reviewer", "ผศ.", "อรุณี", "ตรวจทานกุล", "Arunee Truatthankun", roles.REVIEWERS),
    Person("dataowner", "นาง", "วิไลวรรณ", "รักษ์ข้อมูล", "Wilaiwan Rakkhomun"),
    Person("operator", "นาย", "ปริญญ์", "ดูแลระบบ", "Parin Dulaerabop", roles.OPERATORS),
]
LEARNERS = [
    Person("learner", "นางสาว", "กันยา", "ทดลองเรียน", "Kanya Thotlongrian"),
    Person("learner2", "นาย", "ธนภัทร", "สมมุติชัย", "Thanaphat Sommutichai"),
    Person("learner3", "นางสาว", "พิมพ์ใจ", "ตัวอย่างดี", "Phimchai Tuayangdee"),
    Person("learner4", "นาย", "ณัฐดนัย", "ฝึกหัดไทย", "Natdanai Fuekhatthai"),
    Person("learner5", "นาง", "สุภาวดี", "จำลองศรี", "Suphawadi Chamlongsri"),
    Person("learner6", "ว่าที่ร้อยตรี", "วรเมธ", "ลองทำดี", "Worameth Longthamdee"),
    Person("learner7", "นางสาว", "น้ำฝน", "สาธิตกุล", "Namfon Satitkun"),
    Person("learner8", "นางสาว", "ปิ่น", "", "Pin"),
    Person("learner9", "นางสาว", "อรอนงค์", "ณ สาธิต", "Onanong na Satit"),
    Person("learner10", "นาย", "ภูผา", "แบบฝึกหัด", "Phupha Baebfuekhat"),
    Person("learner11", "นาง", "ชุติกาญจน์", "สมมุติสุข", "Chutikan Sommutisuk"),
    Person("learner12", "นาย", "ก้องภพ", "ตัวอย่างชัย", "Kongphop Tuayangchai"),
    Person("learner13", "นาง", "มาลัย", "จำลองรัตน์", "Malai Chamlongrat"),
    Person("learner14", "นาย", "ศรัณย์", "ทดสอบดี", "Saran Thotsobdee"),
    Person("learner15", "นางสาว", "เกศแก้ว", "สาธิตพงศ์", "Ketkaeo Satitphong"),
    Person("learner16", "ดร.", "ฐิติพงศ์", "ลองวิชา", "Thitiphong Longwicha"),
    Person("learner17", "นางสาว", "จันทร์จิรา", "สมมุติธรรม", "Chanchira Sommutitham"),
    Person("learner18", "นางสาว", "ญาดา", "ฝึกดี", "Yada Fuekdee"),
    Person("learner19", "นาย", "กฤษฎิ์", "ตัวอย่างกุล", "Krit Tuayangkun"),
    Person("learner20", "นาย", "บุญส่ง", "จำลองชาติ", "Bunsong Chamlongchat"),
    Person("learner21", "นางสาว", "รุ่งอรุณ", "แบบอย่าง", "Rungarun Baebyang"),
    Person("learner22", "นาย", "ธีร์", "สาธิตสิน", "Thee Satitsin"),
    Person("learner23", "นาง", "ดวงกมล", "ทดลองสุข", "Duangkamon Thotlongsuk"),
    Person("learner24", "นาย", "อนันตชัย", "สมมุติไพศาล", "Anantachai Sommutiphaisan"),
]
PARTNER = "demo-rim-khong"
# (of the partner, role) by login.
PROVIDER_ROLES = {
    "instructor": (False, ProviderMember.Role.LEAD),
    "instructor2": (False, ProviderMember.Role.AUTHOR),
    "instructor3": (True, ProviderMember.Role.LEAD),
    "dataowner": (False, ProviderMember.Role.DATA_OWNER),
}
# The course and how many of its lessons are done, by login; who is not named here has not enrolled yet.
PROGRESS = {
    "learner": ("da-201", 0),
    "learner2": ("da-201", 3),
    "learner3": ("da-201", 7),
    "learner4": ("da-201", 4),
    "learner5": ("da-201", 1),
    "learner6": ("da-201", 2),
    "learner7": ("da-201", 5),
    "learner8": ("da-201", 0),
    "learner9": ("da-201", 7),
    "learner10": ("da-201", 2),
    "learner11": ("da-201", 3),
    "learner12": ("da-201", 1),
    "learner13": ("dg-101", 6),
    "learner14": ("dg-101", 2),
    "learner15": ("da-201", 5),
    "learner16": ("di-301", 5),
    "learner17": ("di-301", 1),
    "learner18": ("dg-101", 1),
    "learner19": ("di-301", 5),
    "learner20": ("di-301", 5),
}
# What they have handed in, in order: (exercise, the typical mistake in it, or "" for what is right).
WORKS = {
    "learner2": [(reading_files.SLUG, "")],
    # Five of the six: as many as the credential asks for.
    "learner3": [
        (reading_files.SLUG, ""),
        (cleaning.SLUG, ""),
        ("b-n3-duplicates", ""),
        ("b-n4-fiscal-year", ""),
        ("b-n6-answers", ""),
    ],
    "learner4": [(cleaning.SLUG, "forgets_the_era")],
    "learner13": [("a-n1-dataset-descriptions", ""), ("a-n2-less-personal-data", "")],
    "learner14": [("a-n1-dataset-descriptions", "any-text-with-an-at")],
    # Not yet, not yet, and passed.
    "learner15": [
        ("b-n3-duplicates", "compares-all-columns"),
        ("b-n3-duplicates", "keeps-the-last"),
        ("b-n3-duplicates", ""),
    ],
    "learner16": [("c-n1-readable-chart", ""), ("c-n2-tidy-table", ""), ("c-n3-honest-chart", ""), (PROJECT, "")],
    "learner17": [("c-n1-readable-chart", "cuts-the-axis")],
    "learner19": [(PROJECT, "")],
    "learner20": [(PROJECT, "")],
}
# The quizzes they have passed.
QUIZZES = {"learner3": ["da-201-m1", "da-201-m2", "da-201-m3"], "learner9": ["da-201-m1"]}
# (title, summary) of the projects that are sent to reviewers as soon as their notebooks have passed the gates.
PROJECTS = {
    "learner16": (
        "รณรงค์ความปลอดภัยทางถนนจังหวัดใดก่อน",
        "อัตราสินไหมต่อ 100 กรมธรรม์รายจังหวัด สำหรับหัวหน้ากลุ่มงานความปลอดภัยทางถนน นับเฉพาะรถที่ทำประกัน",
    ),
    "learner19": (
        "แผนที่ความเสี่ยงจากกรมธรรม์รถยนต์",
        "ตารางและกราฟที่เผยแพร่ได้ พร้อมคำอธิบาย 14 รายการ สำหรับประชาชน ข้อจำกัดคือไม่มีข้อมูลรถที่ไม่มีประกัน",
    ),
    "learner20": (
        "สินไหมสูงเพราะรถมากหรือเพราะเสี่ยงกว่า",
        "เทียบจำนวนกับอัตรา เพื่อให้ผู้บริหารไม่ตัดสินจากจำนวนอย่างเดียว บอกจังหวัดที่ข้อมูลน้อยเกินไป",
    ),
}

# Who competes in the event, and what each team has handed in.
TEAMS = {
    "ข้าวหอมมะลิ": (["learner16", "learner17"], ["leaves-the-common-era", "looks-at-the-last-year-only"]),
    "ทุเรียนหมอนทอง": (["learner18"], [""]),
    "ปลานิล": (["learner15"], ["averages-the-ratios-of-rows"]),
}


@transaction.atomic
def load_people() -> int:
    """Creates the demo accounts that are missing; returns how many. Those that exist keep what they changed."""
    groups = roles.ensure_roles()
    password = make_password(DEMO_PASSWORD)  # hashed once: hashing is slow on purpose
    new = {person.login for person in [*STAFF, *LEARNERS] if _person(person, password, groups)}
    _staff_providers(new)
    return len(new)


def _staff_providers(new: set[str]) -> None:
    """Two instructors work for the body whose the courses are, with its data owner; the third leads another, and sees
    nothing of it."""
    names = {"name_th": "มหาวิทยาลัยสาธิตริมโขง", "name_en": "Demo Rim Khong University"}
    partner = Provider.objects.get_or_create(slug=PARTNER, defaults=names)[0]
    for login in new & PROVIDER_ROLES.keys():
        is_partner, role = PROVIDER_ROLES[login]
        (partner if is_partner else content.provider()).admit(User.objects.get(email=f"{login}@{DOMAIN}"), role)


def _person(person: Person, password: str, groups: dict[str, Group]) -> bool:
    names = {"title": person.title, "given_name": person.given, "family_name": person.family, "name_en": person.name_en}
    user, is_new = User.objects.get_or_create(email=person.email, defaults=names | {"password": password})
    if is_new:
        EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
        notice.acknowledge(user)
        if person.group:
            user.groups.add(groups[person.group])
    return is_new


@transaction.atomic
def load_progress() -> int:
    """Enrolls the learners of PROGRESS and hands in their notebooks, unless they began already; returns hand-ins.

    What they hand in is graded by the worker like anybody's: nothing here writes a grade.
    """
    lessons = {course.slug: list(course.lessons) for course in outline.COURSES}
    handed_in = 0
    for login, (course, lessons_done) in PROGRESS.items():
        learner = User.objects.get(email=f"{login}@{DOMAIN}")
        _enrollment, is_new = Enrollment.objects.get_or_create(learner=learner, course_key=key(course))
        if is_new:
            for name in lessons[course][:lessons_done]:
                LessonCompletion.objects.mark(learner=learner, lesson_key=key(name), is_done=True)
            for slug, mistake in WORKS.get(login, []):
                _hand_in(learner, exercise(slug), mistake)
                handed_in += 1
            for slug in QUIZZES.get(login, []):
                _take(learner, Quiz.objects.get(slug=slug))
    return handed_in + _load_teams()


def _load_teams() -> int:
    found, handed_in = event.load(), 0
    for name, (logins, works) in TEAMS.items():
        people = [User.objects.get(email=f"{login}@{DOMAIN}") for login in logins]
        if event.team(found, name, people):
            for mistake in works:
                _hand_in(people[0], exercise(event.TASK), mistake)
            handed_in += len(works)
    return handed_in


def load_projects() -> int:
    """Sends the projects of PROJECTS that have passed their gates since, as their makers would; returns how many."""
    capstone = Capstone.objects.select_related("exercise").get(exercise__slug=PROJECT)
    sent = 0
    for login, (title, summary) in PROJECTS.items():
        learner = User.objects.get(email=f"{login}@{DOMAIN}")
        last = sending.latest(capstone, learner)
        is_new = not Project.objects.filter(capstone=capstone, learner=learner).exists()
        if is_new and last and sending.has_passed_gates(last):
            sending.send(capstone, learner, title=title, summary=summary)
            sent += 1
    return sent


def _take(learner: User, quiz: Quiz) -> None:
    attempt = quizzing.start(quiz, learner)
    quizzing.finish(attempt, {str(place): marking.answer_key(one) for place, one in enumerate(attempt.drawn())})


def _hand_in(learner: User, built: Built, mistake: str) -> None:
    answers = next((wrong.answers for wrong in built.wrong if wrong.name == mistake), {})
    Submission.objects.hand_in(
        exercise=Exercise.objects.get(slug=built.slug),
        learner=learner,
        notebook=notebooks.to_bytes(notebooks.handed_in(built.notebook, answers)),
        filename=f"{built.slug}.ipynb",
    )
