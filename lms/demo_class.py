"""A class of the demonstration: people who take DA-201 together by dates, and what they ask one another about its
exercises: answered, open, reported, and hidden by a moderator. Nothing of it is made twice.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from courses.demo import cleaning, outline, reading_files
from courses.demo.content import key
from courses.models import Cohort, CohortMember, DueDate, Post, PostReport
from grading.models import Exercise
from lms.accounts.models import User
from lms.demo import DOMAIN, PROGRESS

COURSE = "da-201"
CODE = "DEMA2568"
NAME = "รุ่นสาธิต: วิเคราะห์ข้อมูลเปิดภาครัฐ"
# Days from the day of loading, for each module in order: one is over, one is near, one is far.
DUE_IN = (-7, 5, 26)
COURSE_DUE_IN = 33


@dataclass(frozen=True, slots=True)
class Said:
    """A post: by whom, how many hours ago; ``answers`` says that it answered its topic."""

    by: str
    hours_ago: int
    text: str
    title: str = ""
    answers: bool = False
    is_solution: bool = False
    hidden_because: str = ""
    reported: str = ""


# (exercise, topic, replies); everybody here has handed something in to that exercise, or teaches it.
TALKS: list[tuple[str, Said, list[Said]]] = [
    (
        reading_files.SLUG,
        Said(
            "learner2",
            190,
            "อ่านไฟล์ด้วย UTF-8 แล้วได้ข้อความผิดพลาดว่า UnicodeDecodeError แต่เปิดใน Excel อ่านได้ปกติ\nควรดูอะไรก่อนเป็นอย่างแรก",
            title="เปิดใน Excel ได้ แต่อ่านใน pandas ไม่ได้",
        ),
        [
            Said(
                "learner3",
                171,
                "Excel เดารหัสอักขระให้โดยไม่บอก ส่วน pandas ให้เราบอกเอง ลองดูไบต์แรก ๆ ของไฟล์ก่อน\n"
                "```\nopen(path, 'rb').read(20)\n```\nถ้าขึ้นต้นด้วย \\xef\\xbb\\xbf คือมี BOM ถ้าไม่มี ให้นึกถึง cp874",
                answers=True,
            ),
            Said("learner2", 168, "ได้แล้ว ขอบคุณมาก ไฟล์ของหน่วยงานเราเป็น cp874 จริง ๆ"),
        ],
    ),
    (
        cleaning.SLUG,
        Said(
            "learner4",
            96,
            "ข้อตรวจบอกว่าปีมากที่สุดยังไม่ถูก ผมได้ 2568 ซึ่งตรงกับในไฟล์ทุกตัวอักษร ไม่เข้าใจว่าผิดตรงไหน",
            title="ปีที่ได้คือ 2568 เหตุใดจึงยังไม่ผ่าน",
        ),
        [
            Said(
                "instructor",
                94,
                "pandas รับปี 2568 โดยไม่ทักท้วง เพราะถือเป็นปีคริสต์ศักราชในอนาคต ลองถามตัวเองว่าปีในไฟล์เป็นศักราชใด "
                "แล้วกลับไปดูตัวอย่างในบทเรียน B3",
                answers=True,
            )
        ],
    ),
    (
        cleaning.SLUG,
        Said(
            "learner3",
            52,
            "ในไฟล์มีวันที่ 29/02/2566 ทั้งที่ปีนั้นไม่มีวันที่ 29 กุมภาพันธ์ ถ้าเป็นงานจริง ควรแจ้งเจ้าของข้อมูลให้แก้ หรือเก็บเป็นค่าว่างไว้ก่อน",
            title="วันที่ที่ไม่มีอยู่จริง ควรแจ้งใคร",
        ),
        [],
    ),
    (
        cleaning.SLUG,
        Said("learner4", 40, "ใครผ่านแล้วช่วยบอกขั้นตอนหน่อย", title="ขอแนวทางข้อเลขไทย"),
        [
            Said(
                "learner3",
                38,
                "แปลงเลขไทยเป็นเลขอารบิกก่อน แล้วจึงตัดจุลภาคออก\n"
                "```\ntext.translate(str.maketrans('๐๑๒๓๔๕๖๗๘๙', '0123456789'))\n```",
                is_solution=True,
                reported="บอกคำตอบทั้งข้อ คนที่ยังไม่ส่งไม่ควรเห็น",
            ),
        ],
    ),
    (
        cleaning.SLUG,
        Said(
            "learner4",
            20,
            "รับทำแบบฝึกหัดให้ ติดต่อหลังไมค์",
            title="รับทำแบบฝึกหัด",
            hidden_because="ชักชวนให้ทำแบบฝึกหัดแทนกัน ขัดต่อข้อตกลงของผู้เรียน",
        ),
        [],
    ),
]


@transaction.atomic
def load() -> bool:
    """Whether anything was made. People and exercises have to be there."""
    if Cohort.objects.filter(code=CODE).exists():
        return False
    people = {user.email.removesuffix(f"@{DOMAIN}"): user for user in User.objects.filter(email__endswith=f"@{DOMAIN}")}
    _cohort(people)
    for slug, topic, replies in TALKS:
        _talk(Exercise.objects.get(slug=slug), topic, replies, people)
    return True


def _cohort(people: dict[str, User]) -> None:
    course = next(one for one in outline.COURSES if one.slug == COURSE)
    cohort = Cohort.objects.create(
        name=NAME, course_key=key(COURSE), code=CODE, created_by=people["instructor"], sends_reminders=False
    )
    members = [people[login] for login, (slug, _lessons) in PROGRESS.items() if slug == COURSE]
    CohortMember.objects.bulk_create(CohortMember(cohort=cohort, learner=one) for one in members)
    today = timezone.localdate()
    dates = [*zip((module.slug for module in course.modules), DUE_IN, strict=True), (COURSE, COURSE_DUE_IN)]
    DueDate.objects.bulk_create(
        DueDate(cohort=cohort, page_key=key(slug), due_on=today + timedelta(days=days)) for slug, days in dates
    )


def _talk(exercise: Exercise, topic: Said, replies: list[Said], people: dict[str, User]) -> None:
    begun = _post(exercise, topic, people)
    for said in replies:
        reply = _post(exercise, said, people, begun)
        if said.answers:
            begun.answer = reply
            begun.save(update_fields=["answer"])


def _post(exercise: Exercise, said: Said, people: dict[str, User], topic: Post | None = None) -> Post:
    at = timezone.now() - timedelta(hours=said.hours_ago)
    post = Post.objects.create(
        exercise=exercise, topic=topic, author=people[said.by], title=said.title, text=said.text,
        is_solution=said.is_solution, created_at=at,
    )  # fmt: skip
    if said.hidden_because:
        post.hidden_at, post.hidden_by = at + timedelta(hours=1), people["instructor"]
        post.hidden_reason = said.hidden_because
        post.save(update_fields=["hidden_at", "hidden_by", "hidden_reason"])
    if said.reported:
        PostReport.objects.create(post=post, reporter=people["learner4"], reason=said.reported)
    return post
