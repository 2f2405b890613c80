import io

import pytest
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from PIL import Image as Picture
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page

from courses.capstones.blocks import Criteria
from courses.capstones.models import Capstone
from courses.datasets import using
from courses.datasets.models import Dataset, DatasetFile
from courses.models import Competency, CourseCompetency, CoursePage, Framework, LessonPage, ModulePage
from courses.packages import exporting
from grading.models import DataFile, Exercise, ExerciseVersion, ItemBank, Quiz, QuizDraw, QuizItem
from lms.accounts.roles import ensure_roles
from tests.courses.courses_in_the_making import author, begin, finish, make_provider
from tests.courses.trees import exercise_block, plant, text_block
from tests.datasets.test_datasets import make_dataset
from tests.grading.authored import answer, as_bytes, check, document

HIDDEN = "ลับสุดยอด"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def tree(db):
    tree = plant()
    ensure_roles()
    framework = Framework.objects.create(slug="demo-1", version="1", name_th="กรอบ", name_en="Framework", levels=3)
    Competency.objects.create(framework=framework, code="D1", name_th="ใช้ข้อมูล", name_en="Use data")
    return tree


@pytest.fixture
def provider(tree):
    return make_provider()


@pytest.fixture
def writer(provider):
    return author("writer@example.go.th", provider)


@pytest.fixture
def mapper(writer):
    """The author, who may also say which competencies a course shows."""
    writer.user_permissions.add(Permission.objects.get(codename="add_coursecompetency"))
    return type(writer).objects.get(pk=writer.pk)


def picture(color="teal"):
    buffer = io.BytesIO()
    Picture.new("RGB", (40, 30), color).save(buffer, "PNG")
    return buffer.getvalue()


def solved():
    """A notebook with a solution and a hidden part, each with a word that nobody else should read."""
    secret = check("c", "assert total > 0", hidden=f"assert total == 5, '{HIDDEN}'")
    return as_bytes(document(answer("a", f"total = 5  # เฉลย{HIDDEN}"), secret))


def make_exercise(provider, by):
    exercise = Exercise.objects.create(
        slug="pk-n1", title_th="นับแถว", title_en="Count rows", provider=provider, max_attempts=5
    )
    exercise.add_version(
        source=solved(),
        max_score=1,
        files=[
            DataFile(name="ข้อมูล.csv", content="จังหวัด,จำนวน\nตรัง,5\n".encode(), is_hidden=False),
            DataFile(name="hidden.csv", content=HIDDEN.encode(), is_hidden=True),
        ],
        limits={"wall_seconds": 20},
        author=by,
    )
    return exercise


def make_capstone(exercise):
    two = {"th": "ชัดเจน", "en": "Clear"}
    criterion = {"name": two, "asks": {"th": "", "en": ""}, "weight": 2, "levels": [two, two, two]}
    criteria = Criteria().to_python([{"type": "criterion", "value": criterion}])
    Capstone.objects.create(exercise=exercise, brief_th="<p>เลือกคำถามของท่าน</p>", criteria=criteria, reviewers=3)


def make_quiz(provider):
    bank = ItemBank.objects.create(slug="pk-bank", title_th="คลังข้อสอบ", title_en="Items", provider=provider)
    for number in (1, 2, 3):
        bank.put(
            {
                "id": f"q{number}",
                "kind": "numeric",
                "prompt": {"th": f"1+{number} เท่ากับเท่าใด", "en": f"1+{number}"},
                "answer": number + 1,
                "explanation": {"th": HIDDEN, "en": "so"},
                "source": {"th": "เลขคณิต", "en": "arithmetic"},
            }
        )
    quiz = Quiz.objects.create(slug="pk-quiz", title_th="แบบทดสอบ", title_en="Quiz", provider=provider, minutes=20)
    QuizDraw.objects.create(quiz=quiz, bank=bank, count=2, sort_order=0)
    return quiz


@pytest.fixture
def course(tree, provider, writer):
    """A course with everything that a lesson can hold, in two languages, as its author has finished it."""
    exercise, quiz = make_exercise(provider, writer), make_quiz(provider)
    dataset = make_dataset("pk-data")
    DatasetFile.keep(dataset, "ข้อมูล.csv", "จังหวัด,จำนวน\nตรัง,5\n".encode())
    using.note(exercise.current)
    image = get_image_model().objects.create(title="ภาพประกอบ", file=ContentFile(picture(), name="figure.png"))
    file = get_document_model().objects.create(title="ตาราง", file=ContentFile(b"a,b\n1,2\n", name="table.csv"))
    make_capstone(exercise)
    course = begin(tree, writer, provider, code="PK-101", title="ข้อมูลเดินทางได้", lessons=2)
    finish(course, exercise, writer)
    first, second = LessonPage.objects.descendant_of(course).order_by("path")
    body = [
        text_block(
            f'<h2>เริ่ม</h2><p>อ่าน <a linktype="page" id="{second.pk}">บทถัดไป</a> และ '
            f'<a linktype="document" id="{file.pk}">ตาราง</a> <b>ก่อน</b></p>'
        ),
        {"type": "image", "value": {"image": image.pk, "alt": "แผนภูมิ", "caption": ""}},
        {"type": "code", "value": {"language": "python", "code": "print('ก')", "can_be_tried": True}},
        {"type": "callout", "value": {"kind": "tip", "text": "<p>จำไว้</p>"}},
        {"type": "table", "value": {"caption": "ตัวอย่าง", "rows": "ก|ข\n1|2"}},
        {"type": "download", "value": {"document": file.pk, "description": "ตาราง"}},
        exercise_block(exercise),
        {"type": "quiz", "value": {"quiz": quiz.pk, "note": "ลองทำ"}},
    ]
    draft = first.get_latest_revision_as_object()
    draft.body = draft.body.stream_block.to_python(body)
    draft.save_revision(user=writer)
    module = ModulePage.objects.child_of(course).get().get_latest_revision_as_object()
    module.quiz = quiz
    module.save_revision(user=writer)
    CourseCompetency.objects.create(
        course_key=course.translation_key, competency=Competency.objects.get(), level=2, exercise=exercise
    )
    in_english(course, writer)
    return course


def in_english(course, by):
    from wagtail.models import Locale

    english = Locale.objects.get(language_code="en")
    for page in Page.objects.filter(path__startswith=course.path).order_by("path").specific():
        draft = page.get_latest_revision_as_object()
        other = draft.copy_for_translation(english)
        other.title = f"English of {page.slug}"
        if hasattr(draft, "body"):
            other.body = draft.body
        other.save_revision(user=by)


def packed(course, rights=exporting.every_right):
    buffer = io.BytesIO()
    package = exporting.build(CoursePage.objects.get(pk=course.pk), rights)
    package.write(buffer)
    buffer.seek(0)
    return buffer


_made = []


@pytest.fixture
def file(request, tree, provider, writer):
    """The package of the course, on a site that has never seen it; packed once for all tests of this process."""
    if not _made:
        _made.append(packed(request.getfixturevalue("course")).getvalue())
        wipe()
    return io.BytesIO(_made[0])


def wipe():
    """As if the site had never seen the course."""
    for page in CoursePage.objects.all().order_by("-path"):
        page.refresh_from_db()
        page.delete()
    CourseCompetency.objects.all().delete()
    Dataset.objects.model._meta.apps.get_model("datasets", "DatasetUse").objects.all().delete()
    for model in (Capstone, ExerciseVersion, Exercise, Quiz, QuizItem, ItemBank, Dataset):
        model._base_manager.all().delete()
    for row in [*get_image_model().objects.all(), *get_document_model().objects.all()]:
        row.file.delete(save=False)
        row.delete()
