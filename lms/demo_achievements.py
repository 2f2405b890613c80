"""What can be earned in the demonstration, and by which rule. Mapped to competencies, certified by nobody."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from courses.demo import cleaning, outline, reading_files
from courses.demo.exercises import PROJECT
from courses.demo.outline import Both
from courses.models import Competency as Known
from grading.models import Exercise, Quiz
from lms.credentials.models import (
    Achievement,
    Competency,
    CredentialRequirement,
    Issuer,
    QuizRequirement,
    Requirement,
)

ISSUER = "demo-institute"
EXERCISES_FROM, QUIZZES_FROM = Decimal("0.8"), Decimal("0.7")
STEWARD = ("a-n1-dataset-descriptions", "a-n2-less-personal-data")
ANALYST = (
    *(reading_files.SLUG, cleaning.SLUG),
    *("b-n3-duplicates", "b-n4-fiscal-year", "b-n5-joining", "b-n6-answers"),
)
TELLER = ("c-n1-readable-chart", "c-n2-tidy-table", "c-n3-honest-chart")
INNOVATOR = "di-301-project"
STACK = "government-data-skills"
ANALYST_QUIZZES = tuple(f"da-201-m{number}" for number in range(1, 4))
STEWARD_QUIZZES = (*(f"dg-101-a{number}" for number in range(1, 7)), "dg-101-final")


@dataclass(frozen=True, slots=True)
class Earned:
    """One achievement: its words, its hours, its rule, and (framework, code) of what it is mapped to."""

    slug: str
    name: Both
    description: Both
    criteria: Both
    hours: int
    exercises: tuple[str, ...]
    quizzes: tuple[str, ...]
    competencies: tuple[tuple[str, str], ...]
    exercises_needed: int | None = None  # all of them
    parts: tuple[str, ...] = ()  # the achievements it is stacked on


ACHIEVEMENTS = [
    Earned(
        outline.COURSE_SLUG,
        Both("วุฒิบัตร นักวิเคราะห์ข้อมูลเปิดภาครัฐ", "Open Government Data Analyst (Python)"),
        Both(
            "ผู้ถือวุฒิบัตรอ่านไฟล์ข้อมูลภาครัฐภาษาไทยได้ทุกรหัสอักขระที่พบบ่อย ทำความสะอาดเลขไทย จำนวนเงิน "
            "และวันที่ พ.ศ. ได้โดยไม่เสียแถวข้อมูล และสรุปผลพร้อมข้อจำกัดของข้อมูลด้วยภาษา Python",
            "The holder reads Thai government data files of every common encoding, cleans Thai digits, "
            "amounts and Buddhist-era dates without losing rows, and reports results with their limits, in Python.",
        ),
        Both(
            "ได้คะแนนร้อยละ 80 ขึ้นไปในแบบฝึกหัดโน้ตบุ๊กอย่างน้อยห้าในหกข้อ B-N1 ถึง B-N6 ซึ่งระบบตรวจด้วยชุดข้อมูลที่ผู้เรียนไม่เห็น "
            "และร้อยละ 70 ขึ้นไปในแบบทดสอบทั้งสามโมดูล",
            "At least 80 percent in five of the six notebook exercises B-N1 to B-N6, examined on data that the learner "
            "does not see, and at least 70 percent in the quiz of each of the three modules.",
        ),
        outline.THEORY_HOURS + outline.PRACTICE_HOURS,
        ANALYST,
        ANALYST_QUIZZES,
        (
            ("ocsc-2566", "data-utilization-and-sharing"),
            ("tpqi-2567", "DG-KMLT-037"),
            ("tpqi-2567", "CEC-HNPQ-032"),
        ),
        exercises_needed=5,
    ),
    Earned(
        outline.GOVERNANCE.slug,
        Both("วุฒิบัตร ผู้ดูแลข้อมูลภาครัฐระดับพื้นฐาน", "Government Data Steward, Foundation"),
        Both(
            "ผู้ถือวุฒิบัตรรู้หน้าที่ตามธรรมาภิบาลข้อมูลและวงจรชีวิตข้อมูล เขียนคำอธิบายชุดข้อมูลได้ครบ "
            "จัดหมวดหมู่และระดับการแบ่งปันพร้อมเหตุผล และลดข้อมูลส่วนบุคคลก่อนเผยแพร่ได้",
            "The holder knows the duties of data governance and the life cycle of data, writes complete dataset "
            "descriptions, chooses category and sharing level with a reason, and reduces personal data before it is "
            "published.",
        ),
        Both(
            "ได้คะแนนร้อยละ 80 ขึ้นไปในแบบฝึกหัดโน้ตบุ๊ก A-N1 และ A-N2 และร้อยละ 70 ขึ้นไปในแบบทดสอบทุกบทและแบบทดสอบท้ายหลักสูตร",
            "At least 80 percent in the notebook exercises A-N1 and A-N2, and at least 70 percent in the quiz of every "
            "lesson and in the final.",
        ),
        outline.GOVERNANCE.theory_hours + outline.GOVERNANCE.practice_hours,
        STEWARD,
        STEWARD_QUIZZES,
        (
            ("ocsc-2566", "digital-governance"),
            ("ocsc-2566", "data-utilization-and-sharing"),
            ("tpqi-2567", "DG-ENFB-035"),
            ("tpqi-2567", "DG-NORS-036"),
            ("tpqi-2567", "CEC-AMHU-031"),
        ),
    ),
    Earned(
        outline.COMMUNICATION.slug,
        Both("วุฒิบัตร ผู้สื่อสารข้อมูลภาครัฐ", "Public Data Communicator"),
        Both(
            "ผู้ถือวุฒิบัตรเลือกกราฟให้ตรงคำถาม วาดกราฟภาษาไทยที่อ่านออกและเข้าถึงได้ จัดตารางให้เป็นระเบียบ และใช้มาตราส่วนอย่างซื่อตรง",
            "The holder chooses a chart for a question, draws legible and accessible Thai charts, tidies tables, and "
            "keeps scales honest.",
        ),
        Both(
            "ได้คะแนนร้อยละ 80 ขึ้นไปในแบบฝึกหัดโน้ตบุ๊ก C-N1 C-N2 และ C-N3",
            "At least 80 percent in the notebook exercises C-N1, C-N2 and C-N3.",
        ),
        # Hours of the capstone are not attested by a rule that does not ask for it.
        5,
        TELLER,
        (),
        (("ocsc-2566", "digital-service"), ("ocsc-2566", "data-utilization-and-sharing")),
    ),
    Earned(
        INNOVATOR,
        Both("วุฒิบัตร นวัตกรข้อมูลภาครัฐ", "Public Data Innovator"),
        Both(
            "ผู้ถือวุฒิบัตรทำโครงงานข้อมูลจนจบ ตั้งแต่คำถาม ผลลัพธ์ที่เผยแพร่ได้ กราฟ จนถึงบันทึกหนึ่งหน้า "
            "ผ่านการทบทวนจากเพื่อนและการตัดสินของผู้สอนตามเกณฑ์ห้าด้าน",
            "The holder carried a data project through, from a question to a result that can be published, a chart and "
            "a brief of one page; peers reviewed it, and an instructor judged it by five criteria.",
        ),
        Both(
            "ได้คะแนนร้อยละ 80 ขึ้นไปในโครงงาน C-P1 ซึ่งรวมด่านตรวจอัตโนมัติและเกณฑ์ที่ผู้สอนให้คะแนน "
            "และในแบบฝึกหัดโน้ตบุ๊ก C-N1 C-N2 และ C-N3",
            "At least 80 percent in the project C-P1, its automatic gates and the instructor's rubric together, and in "
            "the notebook exercises C-N1, C-N2 and C-N3.",
        ),
        # The other five of the course's nine hours are attested by the communicator's.
        4,
        (*TELLER, PROJECT),
        (),
        (
            ("ocsc-2566", "digital-service"),
            ("ocsc-2566", "data-utilization-and-sharing"),
            ("ocsc-2566", "digital-leadership"),
        ),
    ),
    Earned(
        STACK,
        Both("วุฒิบัตรทักษะข้อมูลภาครัฐ (30 ชั่วโมง)", "Government Data Skills Certificate (30 hours)"),
        Both(
            "ผู้ถือวุฒิบัตรผ่านทั้งสามหลักสูตร ดูแลข้อมูลตามธรรมาภิบาล วิเคราะห์ข้อมูลเปิดด้วย Python "
            "สื่อสารผลด้วยกราฟที่ซื่อตรง และทำโครงงานข้อมูลจนจบ",
            "The holder completed all three courses: looks after data by the rules of governance, analyses open data "
            "in Python, communicates results with honest charts, and carried a data project through.",
        ),
        Both(
            "ถือวุฒิบัตรที่ยังใช้ได้ครบทั้งสี่ฉบับ คือ ผู้ดูแลข้อมูลภาครัฐระดับพื้นฐาน นักวิเคราะห์ข้อมูลเปิดภาครัฐ ผู้สื่อสารข้อมูลภาครัฐ และนวัตกรข้อมูลภาครัฐ",
            "Holds four credentials, all in force: Government Data Steward, Open Government Data Analyst, Public Data "
            "Communicator and Public Data Innovator.",
        ),
        30,
        (),
        (),
        (
            ("ocsc-2566", "digital-governance"),
            ("ocsc-2566", "data-utilization-and-sharing"),
            ("ocsc-2566", "digital-service"),
            ("ocsc-2566", "digital-leadership"),
        ),
        parts=(outline.GOVERNANCE.slug, outline.COURSE_SLUG, outline.COMMUNICATION.slug, INNOVATOR),
    ),
]


@transaction.atomic
def load() -> list[Achievement]:
    """The achievements with the body that issues them; those that are there stay as they are."""
    names = {"name_th": outline.PROVIDER.th, "name_en": outline.PROVIDER.en}
    issuer = Issuer.objects.get_or_create(slug=ISSUER, defaults=names)[0]
    return [_load(one, issuer) for one in ACHIEVEMENTS]


def _load(one: Earned, issuer: Issuer) -> Achievement:
    told = {
        f"{name}_{language}": getattr(one, name)[language]
        for name in ("name", "description", "criteria")
        for language in outline.LANGUAGES
    }
    achievement, is_new = Achievement.objects.get_or_create(
        slug=one.slug,
        defaults=told | {"issuer": issuer, "hours": Decimal(one.hours), "exercises_needed": one.exercises_needed},
    )
    if is_new:
        for place, exercise in enumerate(_in_order(Exercise, one.exercises)):
            Requirement.objects.create(
                achievement=achievement, exercise=exercise, minimum_fraction=EXERCISES_FROM, sort_order=place
            )
        for place, quiz in enumerate(_in_order(Quiz, one.quizzes)):
            QuizRequirement.objects.create(
                achievement=achievement, quiz=quiz, minimum_fraction=QUIZZES_FROM, sort_order=place
            )
        for place, part in enumerate(one.parts):
            CredentialRequirement.objects.create(
                achievement=achievement, part=Achievement.objects.get(slug=part), sort_order=place
            )
        for framework, code in one.competencies:
            _name(achievement, Known.objects.select_related("framework").get(framework__slug=framework, code=code))
    return achievement


def _in_order[M: (Exercise, Quiz)](model: type[M], slugs: tuple[str, ...]) -> list[M]:
    """Those of these codes, in their order. Raises KeyError when one is missing: the rule would be an easier one."""
    found = {row.slug: row for row in model.objects.filter(slug__in=slugs)}
    return [found[slug] for slug in slugs]


def _name(achievement: Achievement, known: Known) -> None:
    """Credentials keep words of their own: a framework that changes changes none that was issued."""
    Competency.objects.create(
        achievement=achievement,
        framework=known.framework.slug.split("-")[0].upper(),
        version=known.framework.version,
        code=known.code,
        name=f"{known.name_th} ({known.name_en})",
        url=known.url or known.framework.url,
    )
