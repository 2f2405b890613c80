"""Rows of a national site, written in bulk: courses with their translations, learners and what they have done.

Pages are copies of the demonstration's, row by row: its course, one module and one lesson of it, in both languages.
What learners did is what one learner of the demonstration did, in a lighter notebook.
"""

from __future__ import annotations

import copy
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from wagtail.models import Locale, Page

from courses.models import (
    ActiveTime,
    Cohort,
    CohortMember,
    CourseCompetency,
    CourseIndexPage,
    CoursePage,
    Enrollment,
    LessonCompletion,
    LessonPage,
    ModulePage,
    Post,
)
from grading.models import Appeal, Exercise, Grade, Quiz, QuizAttempt, Submission
from lms.accounts.models import User
from lms.credentials import awarding, issuing
from lms.credentials.models import Achievement, Award, Credential

BATCH = 1000
THEMES = ("ธรรมาภิบาลข้อมูล", "การวิเคราะห์ข้อมูล", "การสื่อสารด้วยข้อมูล", "แดชบอร์ด", "ข้อมูลเปิดภาครัฐ", "สถิติเบื้องต้น")
GIVEN = ("กนกวรรณ", "เกศินี", "แก้ว", "ณัฐพล", "ไพลิน", "โสภา", "ใจดี", "อนงค์", "ธีร์", "ญาดา")
COURSE, LEARNER = "dg-101", "learner13@demo.example"


@transaction.atomic
def courses(count: int) -> None:
    """So many courses more, each with a module and a lesson, in Thai and English."""
    keys = [tuple(uuid.uuid4() for _kind in range(3)) for _course in range(count)]
    for language in ("th", "en"):
        index = CourseIndexPage.objects.get(locale=Locale.objects.get(language_code=language))
        model = CoursePage.objects.child_of(index).get(slug=COURSE)
        module = ModulePage.objects.child_of(model).first()
        lesson = LessonPage.objects.child_of(module).first()
        first = index.get_children().count() + 1
        rows: dict[Any, list[Any]] = {model: [], module: [], lesson: []}
        for n, own in enumerate(keys, start=first):
            code, above = f"BX-{n:04}", index.path
            titles = (f"{THEMES[n % len(THEMES)]} {n} ({code})", module.title, lesson.title)
            numbers = (n, 1, 1)
            for page, key, title, number in zip(rows, own, titles, numbers, strict=True):
                above = Page._get_path(above, page.depth, number)
                slug = code.lower() if page is model else page.slug
                url = page.url_path.replace(f"/{COURSE}/", f"/{code.lower()}/")
                rows[page].append({"path": above, "translation_key": key, "title": title, "draft_title": title,
                                   "slug": slug, "url_path": url})  # fmt: skip
        for page, own in rows.items():
            children = {model: 1, module: 1, lesson: 0}[page]
            _copies(page, [one | {"numchild": children} for one in own])
        Page.objects.filter(pk=index.pk).update(numchild=first - 1 + count)
    _competencies([key for key, _module, _lesson in keys])


def _copies(page: Any, changes: Sequence[dict[str, Any]]) -> None:
    """Rows like ``page``'s: those of all pages at once, those of its own kind after them."""
    names = [field.name for field in Page._meta.concrete_fields if not field.primary_key]
    common = {name: getattr(page, name) for name in names} | {"latest_revision": None, "live_revision": None}
    common["content_type"] = ContentType.objects.get_for_model(type(page))
    parents = Page.objects.bulk_create([Page(**common | one) for one in changes], batch_size=BATCH)
    for parent, change in zip(parents, changes, strict=True):
        child = copy.copy(page)
        child._state = copy.copy(page._state)
        child._state.adding = True
        child.pk = child.id = child.page_ptr_id = parent.pk
        for name, value in change.items():
            setattr(child, name, value)
        if isinstance(child, ModulePage):
            child.quiz = None
        if isinstance(child, LessonPage):  # an exercise is placed in a few courses, not in all
            kept = [one for one in page.body.raw_data if one["type"] not in {"exercise", "quiz"}]
            child.body = child.body.stream_block.to_python(kept)
        # Of the child's own table only: the parent's row is there.
        child.save_base(raw=True, force_insert=True)


def _competencies(keys: Sequence[uuid.UUID]) -> None:
    shown = list(CourseCompetency.objects.all()[:6])
    made = []
    for n, key in enumerate(keys):
        one = copy.copy(shown[n % len(shown)])
        one.pk, one.course_key, one._state = None, key, copy.copy(one._state)
        one._state.adding = True
        made.append(one)
    CourseCompetency.objects.bulk_create(made, batch_size=BATCH)


def first_of_each() -> None:
    """What a worker would have made of the demonstration's hand-ins: grades, and a signed credential by an award."""
    known = User.objects.get(email=LEARNER)
    for submission in Submission.objects.filter(learner=known):
        checks = [
            {"id": f"t{n}", "points": 1.0, "max_points": 1.0, "passed": True, "outcome": "passed",
             "examined": "isolated", "hint": {}, "message": {}}
            for n in range(1, 7)
        ]  # fmt: skip
        Grade.objects.create(
            submission=submission, version=submission.version, score=6, max_score=6, run_status="COMPLETED",
            checks=checks, is_isolated=True,
        )  # fmt: skip
        Submission.objects.filter(pk=submission.pk).update(status="graded", finished_at=timezone.now())
    staff, operator = (User.objects.get(email=f"{name}@demo.example") for name in ("instructor", "operator"))
    award = awarding.propose(Achievement.objects.order_by("pk")[0], known, grounds="สอบแล้ว", by=staff)
    awarding.decide(award, by=operator, is_approved=True)
    award.refresh_from_db()
    issuing.issue_award(award)


@transaction.atomic
def learners(count: int) -> None:
    """So many learners more, all in one course: what they read, handed in, asked, and were given for it."""
    known = User.objects.get(email=LEARNER)
    people = User.objects.bulk_create(
        (
            User(
                email=f"bench{n}@demo.example", title="นางสาว", given_name=GIVEN[n % len(GIVEN)],
                family_name=f"ตัวอย่าง{n}", name_en=f"Bench {n}", password="!",  # noqa: S106
            )
            for n in range(count)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    course = CoursePage.objects.get(slug=COURSE, locale__language_code="th")
    key = course.translation_key
    _together(people, key)
    lessons = LessonPage.objects.descendant_of(course).values_list("translation_key", flat=True)[:4]
    _all(LessonCompletion, (LessonCompletion(learner=one, lesson_key=lesson) for one in people for lesson in lessons))
    for exercise in Exercise.objects.filter(submissions__learner=known).distinct():
        _submissions(people, exercise, known)
    _quizzes(people)
    _credentials(people, known)


def _all(model: Any, rows: Iterator[Any]) -> None:
    model.objects.bulk_create(rows, batch_size=BATCH)


def _together(people: Sequence[User], key: uuid.UUID) -> None:
    """Enrolled, in cohorts of forty, and at work for an hour."""
    cohorts = [Cohort(name=f"รุ่นที่ {n + 1}", course_key=key) for n in range(len(people) // 40 + 1)]
    Cohort.objects.bulk_create(cohorts, batch_size=BATCH)
    today = timezone.localdate()
    _all(Enrollment, (Enrollment(learner=one, course_key=key) for one in people))
    _all(CohortMember, (CohortMember(learner=one, cohort=cohorts[n // 40]) for n, one in enumerate(people)))
    _all(ActiveTime, (ActiveTime(learner=one, course_key=key, day=today, seconds=3600) for one in people))


def _submissions(people: Sequence[User], exercise: Exercise, known: User) -> None:
    """One each, graded like the one of the demonstration; one of a hundred is appealed or asked about."""
    model = Submission.objects.filter(learner=known, exercise=exercise).first()
    grade = model.grades.get()
    started = timezone.now() - timedelta(days=30)
    made = []
    for n, one in enumerate(people):
        notebook = f'{{"nbformat": 4, "cells": [], "n": {n}}}'.encode()
        made.append(
            Submission(
                exercise=exercise, version=model.version, learner=one, attempt=1, notebook=notebook,
                filename="คำตอบ.ipynb", sha256=hashlib.sha256(notebook).hexdigest(), status="graded",
                submitted_at=started + timedelta(seconds=n),
            )
        )  # fmt: skip
    Submission.objects.bulk_create(made, batch_size=BATCH)
    grades = []
    for n, submission in enumerate(made):
        passed = n % 5 > 0
        checks = [one | ({} if passed or i else {"passed": False, "points": 0.0, "outcome": "failed"})
                  for i, one in enumerate(grade.checks)]  # fmt: skip
        grades.append(
            Grade(
                submission=submission, version=model.version, score=sum(one["points"] for one in checks),
                max_score=grade.max_score, run_status=grade.run_status, checks=checks, is_isolated=True,
            )
        )  # fmt: skip
    Grade.objects.bulk_create(grades, batch_size=BATCH)
    asked = made[::100]
    _all(Appeal, (Appeal(submission=one, learner=one.learner, text="ขอให้ตรวจอีกครั้ง") for one in asked))
    _all(Post, (Post(exercise=exercise, author=one.learner, title="ถามเรื่องไฟล์", text="อ่านไม่ได้") for one in asked))


def _quizzes(people: Sequence[User]) -> None:
    quiz = Quiz.objects.order_by("pk").first()
    now = timezone.now()
    _all(
        QuizAttempt,
        (
            QuizAttempt(
                quiz=quiz, learner=one, number=1, seed="x", paper=[], finished_at=now, points=[], score=8, max_score=10
            )
            for one in people
        ),
    )


def _credentials(people: Sequence[User], known: User) -> None:
    """For four of ten; of the others one in a hundred is proposed by hand."""
    model = Credential.objects.get(learner=known)
    achievement = Achievement.objects.exclude(pk=model.achievement_id).first()
    staff = User.objects.get(email="instructor@demo.example")
    _all(Award, (Award(achievement=achievement, learner=one, grounds="สอบแล้ว", requested_by=staff)
                 for one in people[5::100]))  # fmt: skip
    holders, made = [one for n, one in enumerate(people) if n % 10 < 4], []
    for one in holders:
        uid = uuid.uuid4()
        credential = copy.copy(model)
        credential._state = copy.copy(model._state)
        credential._state.adding = True
        credential.pk, credential.learner, credential.status_entry = uid, one, None
        credential.holder_name = one.get_full_name()
        credential.document = model.document.replace(str(model.pk), str(uid))
        made.append(credential)
    Credential.objects.bulk_create(made, batch_size=BATCH)
