"""Which courses place an exercise: found without reading the lessons that do not."""

import pytest

from courses import competence, outlines, placement
from courses.models import Competency, CourseCompetency, Enrollment, Framework, LessonCompletion, LessonPage
from tests.courses.trees import grow, make_exercise, plant

pytestmark = pytest.mark.django_db


@pytest.fixture
def exercise(db):
    return make_exercise()


@pytest.fixture
def tree(exercise):
    """One course that places the exercise, and two that place another one."""
    tree, other = plant(), make_exercise("other")
    grow(tree, exercises=[exercise])
    for code in ("OT-1", "OT-2"):
        grow(tree, code=code, exercises=[other])
    return tree


def test_only_lessons_that_place_an_exercise_are_read(tree, exercise, monkeypatch):
    read, real = [], placement.placed_exercises
    monkeypatch.setattr(placement, "placed_exercises", lambda raw: read.append(raw) or real(raw))
    assert {course.translation_key for course in placement.courses_placing(exercise)} == {tree.course.translation_key}
    assert len(read) == 2  # the Thai lesson and the English one


def test_a_lesson_that_is_a_draft_or_lost_the_exercise_places_it_no_longer(tree, exercise):
    thai, english = placement.pages_placing(exercise)
    LessonPage.objects.filter(pk=thai.pk).update(live=False)
    english.body = english.body.stream_block.to_python([])
    english.save()
    assert placement.courses_placing(exercise) == []


def test_among_no_courses_nothing_places_it(tree, exercise):
    assert placement.courses_placing(exercise, among=[]) == []
    assert placement.lessons_placing(exercise, []) == []


def test_competencies_look_at_the_courses_that_somebody_has_begun_only(tree, learner, monkeypatch):
    framework = Framework.objects.create(slug="f", version="1", name_th="กรอบ", name_en="Frame")
    competency = Competency.objects.create(framework=framework, code="a", name_th="ก", name_en="a")
    for course in tree.courses:
        CourseCompetency.objects.create(course_key=course.translation_key, competency=competency, level=1)
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    left = LessonPage.objects.descendant_of(tree.courses[1]).first()
    LessonCompletion.objects.mark(learner=learner, lesson_key=left.translation_key, is_done=True)
    asked, real = [], outlines.for_learners
    monkeypatch.setattr(
        outlines, "for_learners", lambda courses, people: asked.extend(courses) or real(courses, people)
    )
    competence.standings(learner, [competency])
    assert {course.translation_key for course in asked} == {one.translation_key for one in tree.courses[:2]}
