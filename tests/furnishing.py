"""A site of the demonstration in which there is something of everything, made by the verbs by which people make it.

Runs inside a site (``manage.py shell``). Again: changes nothing.
"""

from typing import Any

LEARNER, INSTRUCTOR = "learner3", "instructor"
EXERCISE, QUIZ = "b-n3-duplicates", "dg-101-a1"


def person(login: str) -> Any:
    from lms.accounts.models import User

    return User.objects.get(email=f"{login}@demo.example")


def course() -> Any:
    from courses.models import CoursePage

    return CoursePage.objects.get(slug="da-201", locale__language_code="th")


def exercise() -> Any:
    from grading.models import Exercise

    return Exercise.objects.get(slug=EXERCISE)


def credential() -> Any:
    from lms.credentials.models import Credential

    return Credential.objects.filter(learner=person(LEARNER)).first()


def furnish() -> None:
    for make in (_cohort, _discussion, _decisions, _reports, _quizzes, _credentials):
        make()


def _cohort() -> None:
    from courses.models import Cohort, CohortMember, CoursePage, DueDate, Enrollment

    for one in CoursePage.objects.filter(locale__language_code="th"):
        Enrollment.objects.enroll(learner=person(LEARNER), course_key=one.translation_key)
    key = course().translation_key
    cohort = Cohort.objects.filter(course_key=key).first()
    cohort = cohort or Cohort.objects.create(name="รุ่นที่ ๑", course_key=key, created_by=person(INSTRUCTOR))
    CohortMember.objects.get_or_create(cohort=cohort, learner=person(LEARNER))
    DueDate.objects.get_or_create(cohort=cohort, page_key=key, defaults={"due_on": "2099-03-31"})


def _discussion() -> None:
    from courses import discussing
    from courses.models import Post
    from grading.models import Submission

    if not Submission.objects.filter(learner=person(LEARNER), exercise=exercise()).exists():
        notebook = bytes(Submission.objects.filter(exercise=exercise()).first().notebook)
        Submission.objects.hand_in(
            exercise=exercise(), learner=person(LEARNER), notebook=notebook, filename="คำตอบ.ipynb"
        )
    if not Post.objects.filter(exercise=exercise(), topic=None).exists():
        text = "ลองแล้วยังไม่ผ่าน\n```\ndf.drop_duplicates()\n```"
        topic = discussing.write(exercise(), person(LEARNER), title="ตัดแถวซ้ำอย่างไร", text=text)
        discussing.write(exercise(), person(INSTRUCTOR), text="ดูคอลัมน์รหัสก่อน", topic=topic)


def _decisions() -> None:
    from grading import appealing, extending
    from grading.models import Appeal, Extension, Submission

    learner = person(LEARNER)
    if not Appeal.objects.exists():
        submission = Submission.objects.filter(learner=learner, status=Submission.Status.GRADED).first()
        appealing.appeal(submission, learner=learner, check_id="", text="ขอให้ตรวจอีกครั้ง")
    if not Extension.objects.filter(exercise=exercise()).exists():
        extending.extend(
            exercise(), learner=learner, due_at=None, extra_attempts=2, reason="ไปราชการ",
            granted_by=person(INSTRUCTOR),
        )  # fmt: skip


def _reports() -> None:
    from grading import regrading
    from grading.models import Regrade, SimilarityReport, SimilarPair, Submission

    if not Regrade.objects.filter(items__isnull=False).exists():
        regrading.start(exercise(), author=person(INSTRUCTOR), reason="ทดลอง", everything=True)
    if not SimilarPair.objects.exists():
        works = Submission.objects.filter(exercise=exercise()).order_by("-pk")
        first = works.first()
        report = SimilarityReport.objects.create(exercise=exercise(), status=SimilarityReport.Status.READY)
        second = works.exclude(learner=first.learner).first()
        SimilarPair.objects.create(report=report, first=first, second=second, share=0.9, passages=3)


def _quizzes() -> None:
    from grading import quizzing, workbench
    from grading.models import Document, Quiz, QuizAttempt

    learner = person(LEARNER)
    if not QuizAttempt.objects.filter(learner=learner, finished_at=None).exists():
        first, second = Quiz.objects.order_by("pk")[:2]
        quizzing.start(first, learner)
        quizzing.finish(quizzing.start(second, learner), {})
    if not Document.objects.filter(kind=Document.Kind.PRACTICE, owner=learner).exists():
        workbench.open_practice(learner, "ตาราง.csv", "จังหวัด,จำนวน\nน่าน,5\n".encode())


def _credentials() -> None:
    from lms.certificates.models import ShareLink
    from lms.credentials import awarding
    from lms.credentials.models import Achievement, Award
    from lms.records.models import RecordAccess
    from lms.verification import batching
    from lms.verification.items import Item
    from lms.verification.models import Batch

    mine = credential()
    if not Award.objects.exists():
        other = Achievement.objects.exclude(pk=mine.achievement_id).first()
        awarding.propose(other, mine.learner, grounds="สอบต่อหน้ากรรมการ", by=person(INSTRUCTOR))
    if not ShareLink.objects.filter(credential=mine).exists():
        ShareLink.make(mine, days=1, label="หัวหน้ากลุ่มงาน")
        RecordAccess.grant(mine.learner, label="ระบบบุคคล", days=1)
    if not Batch.objects.alive().exists():
        batch = batching.start([Item(label="1", typed=str(mine.number)), Item(label="2", typed="ABCD")])
        batching.work(Batch.objects.claim(batch.pk))
