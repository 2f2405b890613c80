"""A course that its author has finished, ready to be reviewed."""

from django.contrib.auth.models import Group

from courses import course_template
from courses.models import LessonPage, ModulePage
from grading.models import Provider, ProviderMember
from tests.conftest import make_person
from tests.courses.trees import exercise_block, text_block


def make_provider(slug="demo", name_th="สถาบันสาธิต", name_en="Demo Institute"):
    return Provider.objects.create(slug=slug, name_th=name_th, name_en=name_en)


def author(email, provider=None, role=ProviderMember.Role.AUTHOR):
    person = make_person(email, "ผู้เขียน")
    person.groups.add(Group.objects.get(name="Instructors"))
    if provider:
        provider.admit(person, role)
    return person


def begin(tree, by, provider=None, code="NEW-1", **fields):
    facts = {"title": "หลักสูตรใหม่", "modules": 1, "lessons": 2} | fields
    return course_template.begin(tree.index, code=code, provider=provider, by=by, **facts)


def finish(course, exercise, by):
    """Writes over every text of the template, as drafts."""
    course.summary, course.audience, course.provider = "สรุปหลักสูตร", "ข้าราชการ", "สถาบันสาธิต"
    course.outcomes = [("outcome", f"ทำได้ข้อที่ {n}") for n in (1, 2, 3)]
    course.roles, course.theory_hours = ["service"], 1
    course.save_revision(user=by)
    for module in ModulePage.objects.child_of(course):
        module.summary = "เรื่องของส่วนนี้"
        module.save_revision(user=by)
    for number, lesson in enumerate(LessonPage.objects.descendant_of(course), start=1):
        blocks = [text_block(f"<h2>ตอนที่ {number}</h2><p>เนื้อหา</p>"), exercise_block(exercise)]
        lesson.body = lesson.body.stream_block.to_python(blocks)
        lesson.save_revision(user=by)
    course.refresh_from_db()
    return course
