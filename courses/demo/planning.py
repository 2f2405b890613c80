"""What the demonstration courses show, what roles need, and the paths there. Proposals that no body has endorsed."""

from typing import Any

from django.db import transaction

from courses import frameworks
from courses.demo.outline import Both
from courses.models import Competency, CourseCompetency, Path, PathStep, Prerequisite, Role, RoleTarget
from grading.models import Exercise, Quiz

SHARING, GOVERNANCE, SERVICE, LEADING = (
    ("ocsc-2566", code)
    for code in ("data-utilization-and-sharing", "digital-governance", "digital-service", "digital-leadership")
)
# Course, competency, level, and the exercise that shows it ("" for the whole course).
SHOWN: list[tuple[str, tuple[str, str], int, str]] = [
    ("dg-101", GOVERNANCE, 1, "a-n1-dataset-descriptions"),
    ("dg-101", GOVERNANCE, 2, ""),
    ("dg-101", ("tpqi-2567", "DG-ENFB-035"), 3, ""),
    ("dg-101", ("tpqi-2567", "DG-NORS-036"), 3, "a-n1-dataset-descriptions"),
    ("dg-101", ("tpqi-2567", "CEC-AMHU-031"), 3, "a-n2-less-personal-data"),
    ("da-201", SHARING, 1, "b-n1-reading-files"),
    ("da-201", SHARING, 2, ""),
    ("da-201", ("tpqi-2567", "DG-KMLT-037"), 4, "b-n2-cleaning"),
    ("da-201", ("tpqi-2567", "CEC-HNPQ-032"), 4, "b-n5-joining"),
    ("di-301", SERVICE, 1, "c-n1-readable-chart"),
    ("di-301", SHARING, 3, ""),
    ("di-301", LEADING, 1, ""),
    ("di-301", ("tpqi-2567", "DG-WPJL-028"), 4, ""),
]
ROLES: dict[str, tuple[Both, dict[tuple[str, str], int]]] = {
    "academic": (Both("ผู้ทำงานด้านนโยบายและงานวิชาการ", "Policy and academic staff"), {SHARING: 2, GOVERNANCE: 2}),
    "service": (Both("ผู้ทำงานด้านบริการ", "Service staff"), {GOVERNANCE: 1, SERVICE: 1, SHARING: 1}),
    "technology": (
        Both("ผู้ปฏิบัติงานเฉพาะด้านเทคโนโลยีดิจิทัล", "Technology staff"),
        {SHARING: 3, GOVERNANCE: 2, SERVICE: 1},
    ),
    "management": (
        Both("ผู้อำนวยการกองและหัวหน้ากลุ่มงาน", "Directors and heads of sections"),
        {GOVERNANCE: 2, LEADING: 1, SHARING: 1},
    ),
    "executive": (Both("ผู้บริหารส่วนราชการ", "Executives"), {LEADING: 1, GOVERNANCE: 1}),
    "other": (Both("ผู้ปฏิบัติงานอื่น", "Other staff"), {GOVERNANCE: 1}),
}
PATHS: list[tuple[str, str, str, Both, Both, list[str]]] = [
    (
        "policy-analyst",
        "up-skill",
        "academic",
        Both("นักวิเคราะห์ที่ใช้ข้อมูลเป็น", "An analyst who works with data"),
        Both(
            "สำหรับผู้ทำงานนโยบายและวิชาการที่อยากตอบคำถามด้วยข้อมูลของหน่วยงานเอง",
            "For policy and academic staff who want to answer questions with their agency's own data.",
        ),
        ["dg-101", "da-201"],
    ),
    (
        "data-officer",
        "re-skill",
        "technology",
        Both("ก้าวสู่เจ้าหน้าที่ข้อมูลของหน่วยงาน", "Become your agency's data officer"),
        Both(
            "สำหรับผู้ที่จะเปลี่ยนมาดูแลข้อมูลของหน่วยงาน ตั้งแต่ธรรมาภิบาล การวิเคราะห์ จนถึงการสื่อสารผล",
            "For those who move to looking after their agency's data: governance, analysis and communication.",
        ),
        ["dg-101", "da-201", "di-301"],
    ),
    (
        "leading-with-data",
        "up-skill",
        "management",
        Both("หัวหน้างานที่ตัดสินใจด้วยข้อมูล", "Leading with data"),
        Both(
            "สำหรับหัวหน้างานที่ต้องกำกับธรรมาภิบาลข้อมูลและอ่านผลวิเคราะห์อย่างเท่าทัน",
            "For heads of sections who answer for data governance and read analyses critically.",
        ),
        ["dg-101", "di-301"],
    ),
]
# Course, what it builds on, and the quiz that shows as much.
NEEDS = [("da-201", "dg-101", "dg-101-final"), ("di-301", "da-201", "")]


@transaction.atomic
def load(key: Any) -> bool:
    """Whether anything was made: only where no role is there yet; afterwards all of it belongs to its authors.

    ``key``: from the name of a course to its translation key.
    """
    for path in frameworks.shipped():
        frameworks.load(path)
    if Role.objects.exists():
        return False
    known = {(one.framework.slug, one.code): one for one in Competency.objects.select_related("framework")}
    exercises = {one.slug: one for one in Exercise.objects.all()}
    for course, competency, level, slug in SHOWN:
        CourseCompetency.objects.create(
            course_key=key(course), competency=known[competency], level=level, exercise=exercises.get(slug)
        )
    for place, (slug, (name, targets)) in enumerate(ROLES.items()):
        role = Role.objects.create(slug=slug, name_th=name.th, name_en=name.en, sort_order=place)
        for order, (competency, level) in enumerate(targets.items()):
            RoleTarget.objects.create(role=role, competency=known[competency], level=level, sort_order=order)
    for slug, kind, role_slug, name, summary, courses in PATHS:
        told = {"name_th": name.th, "name_en": name.en, "summary_th": summary.th, "summary_en": summary.en}
        role = Role.objects.get(slug=role_slug)
        made = Path.objects.create(slug=slug, kind=kind, role=role, **told)
        for order, course in enumerate(courses):
            PathStep.objects.create(path=made, course_key=key(course), sort_order=order)
    for course, requires, quiz in NEEDS:
        placement_quiz = Quiz.objects.filter(slug=quiz).first()
        Prerequisite.objects.create(course_key=key(course), requires_key=key(requires), placement_quiz=placement_quiz)
    return True
