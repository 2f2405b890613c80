"""A small site to test with: Thai pages and their English translations."""

import hashlib
from dataclasses import dataclass, field

from wagtail.models import Locale, Page, Site

from courses.models import CourseIndexPage, CoursePage, HomePage, LessonPage, ModulePage
from grading.models import Exercise, Grade, Submission


@dataclass
class Tree:
    home: HomePage
    index: CourseIndexPage
    courses: list[CoursePage] = field(default_factory=list)

    @property
    def course(self):
        return self.courses[0]

    @property
    def lessons(self):
        return list(LessonPage.objects.descendant_of(self.course).order_by("path"))


def make_exercise(slug="b-n1", title_th="อ่านไฟล์ข้อมูล", title_en="Read a data file", **fields):
    exercise = Exercise.objects.create(slug=slug, title_th=title_th, title_en=title_en, **fields)
    exercise.versions.create(number=1, source=b"{}", sha256="0" * 64, max_score=6)
    return exercise


def make_grade(learner, exercise, score, max_score=10.0, attempt=1):
    notebook = f"{learner.pk}/{exercise.pk}/{attempt}".encode()
    submission = Submission.objects.create(
        exercise=exercise,
        version=exercise.current,
        learner=learner,
        attempt=attempt,
        notebook=notebook,
        filename="answer.ipynb",
        sha256=hashlib.sha256(notebook).hexdigest(),
        status=Submission.Status.GRADED,
    )
    Grade.objects.create(
        submission=submission, version=submission.version, score=score, max_score=max_score, run_status="COMPLETED"
    )
    return submission


def exercise_block(exercise):
    return {"type": "exercise", "value": {"exercise": exercise.pk, "note": ""}}


def text_block(html):
    return {"type": "text", "value": html}


def plant():
    """The front page and the catalog, in both languages."""
    english, _ = Locale.objects.get_or_create(language_code="en")
    root = Page.get_first_root_node()
    home = HomePage(title="ทักษะข้อมูลสำหรับข้าราชการ", slug="front", lead="เรียน ลงมือทำ และรับวุฒิบัตรที่ตรวจสอบได้")
    root.add_child(instance=home)
    site = Site.objects.get(is_default_site=True)
    site.root_page = home
    site.save()
    index = CourseIndexPage(title="หลักสูตร", slug="courses", intro="หลักสูตรทั้งหมดเปิดให้เรียนโดยไม่มีค่าใช้จ่าย")
    home.add_child(instance=index)
    translate(home, english, title="Data skills for civil servants", lead="Learn, do, and prove it.")
    translate(index, english, title="Courses", intro="Every course is free of charge.")
    return Tree(home, index)


def translate(page, locale, **fields):
    """The page's translation, published."""
    translation = page.copy_for_translation(locale)
    for name, value in fields.items():
        setattr(translation, name, value)
    translation.draft_title = translation.title
    translation.live = True
    translation.save()
    return translation


def grow(tree, *, code="DA-201", title="วิเคราะห์ข้อมูลเปิดภาครัฐด้วย Python", lessons=2, exercises=(), english=True):
    """One more course: one module, so many lessons, the exercises in the last of them."""
    locale = Locale.objects.get(language_code="en")
    course = CoursePage(
        title=title,
        code=code,
        summary="โหลด ทำความสะอาด และสรุปข้อมูลเปิดภาครัฐอย่างปลอดภัย",
        theory_hours=5,
        practice_hours=10,
        audience="นักวิเคราะห์นโยบายและแผน",
        provider="สถาบันข้อมูลสาธิต",
        outcomes=[("outcome", "โหลดไฟล์ภาษาไทยได้ถูกต้อง"), ("outcome", "สรุปข้อมูลตามปีงบประมาณ")],
    )
    tree.index.add_child(instance=course)
    module = ModulePage(title="เริ่มต้นกับข้อมูล", summary="ไฟล์ ตาราง และการอ่านข้อมูล")
    course.add_child(instance=module)
    for number in range(1, lessons + 1):
        blocks = [text_block(f"<h2>หัวข้อที่ {number}</h2><p>ข้อมูลภาครัฐและธรรมาภิบาลข้อมูล</p>")]
        if number == lessons:
            blocks += [exercise_block(exercise) for exercise in exercises]
        lesson = LessonPage(title=f"บทที่ {number}", minutes=40, body=blocks)
        lesson.body = lesson.body.stream_block.to_python(blocks)
        module.add_child(instance=lesson)
    if english:
        outcomes = [("outcome", "Load Thai files safely"), ("outcome", "Summarise by fiscal year")]
        translate(
            course,
            locale,
            title=f"Open Government Data Analysis ({code})",
            summary="Load, clean and summarise open government data.",
            audience="Policy analysts",
            provider="Demo Data Institute",
            outcomes=outcomes,
        )
        translate(module, locale, title="Starting with data", summary="Files, tables and reading them")
        for number, lesson in enumerate(LessonPage.objects.child_of(module).order_by("path"), start=1):
            text = [text_block(f"<h2>Topic {number}</h2><p>Data of the government</p>"), *lesson.body.raw_data[1:]]
            translate(lesson, locale, title=f"Lesson {number}", body=lesson.body.stream_block.to_python(list(text)))
    tree.courses.append(course)
    return course
