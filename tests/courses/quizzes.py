"""A quiz in a course, to test with."""

from courses.models import LessonPage
from grading.models import ItemBank, Quiz, QuizDraw
from grading.quizzes.items import KINDS
from tests.courses.trees import grow, plant
from tests.grading.items import PARAMETRISED, item


def make_bank(slug="dg-101"):
    """One item of each kind in the pool a1, one with numbers that differ in a2."""
    bank = ItemBank.objects.create(slug=slug, title_th="คลังข้อสอบ", title_en="Items")
    for number, kind in enumerate(KINDS, start=1):
        bank.put(item(kind, id=f"a1-{number:02}", pool="a1"))
    bank.put(item("numeric", id="a2-01", pool="a2", **PARAMETRISED))
    return bank


def make_quiz(bank, slug="dg-101-a1", **rules):
    usual = {"title_th": "แบบทดสอบบทที่ 1", "title_en": "Quiz 1", "intro_th": "ทบทวนบทที่ 1", "max_attempts": 3}
    quiz = Quiz.objects.create(slug=slug, **usual | rules)
    QuizDraw.objects.create(quiz=quiz, bank=bank, pool="a1", count=7)
    return quiz


def place_in_lesson(tree, quiz):
    """In the last lesson, in both languages."""
    block = {"type": "quiz", "value": {"quiz": quiz.pk, "note": "ทำหลังอ่านจบ"}}
    for lesson in LessonPage.objects.filter(translation_key=tree.lessons[-1].translation_key):
        lesson.body = lesson.body.stream_block.to_python([*lesson.body.raw_data, block])
        lesson.save()


def course_with(quiz):
    tree = plant()
    grow(tree)
    place_in_lesson(tree, quiz)
    return tree
