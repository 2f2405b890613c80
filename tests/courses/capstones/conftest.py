import pytest

from courses.capstones import sending
from courses.capstones.models import Capstone, Review
from courses.models import Enrollment
from grading.models import Exercise, Provider, Submission
from grading.notebooks import release
from grading.scoring import Check, checks_of
from tests.conftest import make_person
from tests.courses.trees import grow, plant
from tests.grading.authored import answer, as_bytes, cell, check, source
from tests.grading.submissions import make_outcome

AUTHORED = source(
    answer("a", "x = 1"),
    check("runs", "assert x == 1", points=4),
    check("sources", "assert x == 1", points=4),
    cell("### BEGIN MARK SCHEME\nเกณฑ์\n### END MARK SCHEME\nคำชี้แจง", "statement", kind="markdown", grade=True,
         solution=True, points=12),
)  # fmt: skip
LEVELS = [{"th": f"ระดับที่ {n}", "en": f"level no. {n}"} for n in range(1, 5)]
CRITERIA = [
    {
        "type": "criterion",
        "value": {"name": {"th": name, "en": english}, "asks": {"th": "", "en": ""}, "weight": 1, "levels": LEVELS},
    }
    for name, english in (("คุณค่าต่อหน่วยงาน", "Value"), ("ความถูกต้อง", "Correctness"))
]
RAN = (
    '<p class="run-status">ok</p><div class="nb-findings"><p>คะแนนลับ</p></div><div class="nb-run">'
    '<h2>โน้ตบุ๊กของคุณเมื่อรัน</h2><div class="nb-cell">'
)
SEEN = f"{RAN}<pre><code>&lt;script&gt;alert(1)&lt;/script&gt;</code></pre></div></div>"


def make_capstone(slug="di-project", **fields):
    provider, _made = Provider.objects.get_or_create(slug="school", defaults={"name_th": "สถาบันสาธิต"})
    exercise = Exercise.objects.create(slug=slug, title_th="โครงงานข้อมูล", title_en="Data project", provider=provider)
    exercise.versions.create(number=1, source=as_bytes(AUTHORED.notebook), sha256="0" * 64, max_score=20)
    found = Capstone(exercise=exercise, brief_th="<p>เลือกโจทย์หนึ่งข้อ</p>", **fields)
    found.criteria = found._meta.get_field("criteria").stream_block.to_python(CRITERIA)
    found.save()
    return found


@pytest.fixture
def capstone(db):
    found = make_capstone()
    grow(plant(), exercises=[found.exercise])
    return found


@pytest.fixture
def enroll(capstone):
    from courses import placement

    key = placement.courses_placing(capstone.exercise)[0].translation_key

    def enrolled(person):
        Enrollment.objects.enroll(learner=person, course_key=key)
        return person

    return enrolled


@pytest.fixture
def peer(enroll):
    """Makes another learner of the course: ``peer(3)``."""
    return lambda number: enroll(make_person(f"peer{number}@example.go.th", f"ผู้เรียน{number}"))


def handed_in(capstone, learner, *, passed=True):
    """Graded by the examiner: every gate passed, or the second one not."""
    notebook = release(AUTHORED)
    notebook.cells[-1].source = f"คำชี้แจงของโครงงานที่ {learner.pk}"
    submission = Submission.objects.hand_in(
        exercise=capstone.exercise, learner=learner, notebook=as_bytes(notebook), filename="ชื่อจริง.ipynb"
    )
    checks = [
        Check.from_dict(
            {
                "id": one.id, "points": 0 if one.id == "sources" and not passed else one.max_points,
                "max_points": one.max_points, "passed": passed or one.id != "sources",
                "outcome": "failed" if one.id == "sources" and not passed else "passed",
                "examined": "isolated", "hint": {},
            }
        )
        if one.outcome != "waiting"
        else one
        for one in checks_of(AUTHORED, {})
    ]  # fmt: skip
    score = sum(one.points for one in checks)
    claimed = Submission.objects.claim(submission.pk)
    outcome = make_outcome(checks=tuple(checks), score=score, max_score=20.0, feedback_html={"th": SEEN, "en": SEEN})
    assert claimed.record(outcome)
    return Submission.objects.get(pk=submission.pk)


def sent(capstone, learner, title="สายด่วนที่ขาดคน"):
    handed_in(capstone, learner)
    return sending.send(capstone, learner, title=title, summary="เพิ่มเจ้าหน้าที่หนึ่งคนที่ใดจึงช่วยได้มากที่สุด")


def reviewed(project, levels, comment="แกนของกราฟที่สองไม่มีหน่วย ควรเพิ่ม"):
    """Every open review of the project is sent with these levels."""
    from courses.capstones import peers

    for review in Review.objects.open().filter(project=project):
        peers.send(review, levels=levels, comment=comment)


@pytest.fixture
def teacher(instructor, capstone):
    from grading.models import ProviderMember

    capstone.exercise.provider.admit(instructor, ProviderMember.Role.LEAD)
    return instructor
