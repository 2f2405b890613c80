"""An issuer with a key, an achievement with a rule of two exercises, and people who meet it."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command

from grading import verdicts
from grading.models import Exercise, ExerciseVersion, Grade, Submission
from lms.credentials import issuing
from lms.credentials.models import Achievement, Competency, Issuer, Requirement

STANDARDS = Path(__file__).resolve().parents[3] / "shared" / "standards"


def standard(name):
    """A published file that lies beside the project; tests that need it are skipped where it is not."""
    path = STANDARDS / name
    if not path.exists():
        pytest.skip(f"the published test data {name} is not beside this project")
    return path


@pytest.fixture(autouse=True)
def _fresh_counters():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def key_file(tmp_path, settings):
    path = tmp_path / "keys" / "issuer.json"
    settings.ISSUER_KEY_FILE = str(path)
    return path


@pytest.fixture
def issuer(db, key_file):
    call_command("make_issuer_key", "--issuer", "demo-institute", verbosity=0, stdout=StringIO())
    return Issuer.objects.get(slug="demo-institute")


def make_exercise(slug, title="สร้างบัญชีข้อมูล"):
    exercise = Exercise.objects.create(slug=slug, title_th=title, title_en="Build a data inventory")
    ExerciseVersion.objects.create(exercise=exercise, number=1, source=b"{}", sha256="0" * 64, max_score=6)
    return exercise


@pytest.fixture
def exercises(db):
    return [make_exercise("b1"), make_exercise("b2", "ทำความสะอาดข้อมูล")]


def make_achievement(issuer, exercises, slug="steward", **fields):
    texts = {
        "name_th": "ผู้ดูแลข้อมูลภาครัฐระดับพื้นฐาน",
        "name_en": "Government Data Steward, Foundation",
        "description_th": "จัดทำบัญชีข้อมูลและดูแลคุณภาพข้อมูลได้",
        "description_en": "Builds a data inventory and looks after data quality.",
        "criteria_th": "ผ่านแบบฝึกหัดทุกข้ออย่างน้อยร้อยละ 80",
        "criteria_en": "At least 80 percent in every exercise.",
    }
    achievement = Achievement.objects.create(slug=slug, issuer=issuer, **({"hours": Decimal("15.0")} | texts | fields))
    for exercise in exercises:
        Requirement.objects.create(achievement=achievement, exercise=exercise, minimum_fraction=Decimal("0.8"))
    Competency.objects.create(
        achievement=achievement,
        framework="TPQI",
        version="2566",
        code="DG-NORS-036",
        name="จัดทำบัญชีข้อมูล",
        url="https://tpqi-net.tpqi.go.th/qualifications/unitinfo/33155",
    )
    return achievement


@pytest.fixture
def achievement(issuer, exercises):
    return make_achievement(issuer, exercises)


def give_grade(learner, exercise, score=6.0, *, is_isolated=True, round=0, submission=None, is_signed=True):
    submission = submission or Submission.objects.create(
        exercise=exercise,
        version=exercise.versions.get(number=1),
        learner=learner,
        attempt=Submission.objects.filter(exercise=exercise, learner=learner).count() + 1,
        notebook=b"{}",
        filename="answer.ipynb",
        sha256="ab" * 32,
        status=Submission.Status.GRADED,
    )
    grade = Grade.objects.create(
        submission=submission,
        version=submission.version,
        round=round,
        score=score,
        max_score=6.0,
        run_status="COMPLETED",
        is_isolated=is_isolated,
    )
    if is_signed:
        assert verdicts.sign(grade)
    return grade


@pytest.fixture
def credential(achievement, exercises, learner):
    for exercise in exercises:
        give_grade(learner, exercise)
    return issuing.issue(achievement, learner)


@pytest.fixture
def document(credential):
    """The signed document, for a test to tamper with."""
    return json.loads(credential.document)
