"""The pages on which people decide: grading by hand, appeals, extensions, rules of a course, the audit trail."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from wagtail.users.models import UserProfile

from courses.models import Enrollment
from grading import appealing, extending, reviewing, verdicts
from grading.models import Appeal, AuditEntry, Exercise, Extension, Judgement, Submission
from grading.notebooks import read_source, release
from grading.reviewing import Given
from grading.scoring import checks_of
from lms.accounts.roles import ensure_roles
from tests.conftest import make_person
from tests.courses.trees import grow, plant
from tests.grading.authored import answer, as_bytes, cell, check, source
from tests.grading.submissions import make_outcome

pytestmark = pytest.mark.django_db

ESSAY = """### BEGIN MARK SCHEME
# 2: บอกแหล่งข้อมูล
# 3: อธิบายข้อจำกัด
### END MARK SCHEME
คำตอบตัวอย่างของผู้เขียน"""
AUTHORED = source(
    answer("a", "x = 1"),
    check("c", "assert x == 1", points=5),
    cell(ESSAY, "essay", kind="markdown", grade=True, solution=True, points=5),
)
HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(1)> \u202eตอบ\x1b[31m"


def make_exercise(slug="e", **fields):
    exercise = Exercise.objects.create(slug=slug, title_th="เขียนสรุป", title_en="Write it up", **fields)
    content = as_bytes(AUTHORED.notebook)
    exercise.versions.create(number=1, source=content, sha256="0" * 64, max_score=AUTHORED.max_score)
    return exercise


def graded(exercise, learner, essay=HOSTILE):
    notebook = release(AUTHORED)
    for one in notebook.cells:
        if one.metadata.get("nbgrader", {}).get("grade_id") == "essay":
            one.source = essay
    submission = Submission.objects.hand_in(
        exercise=exercise, learner=learner, notebook=as_bytes(notebook), filename="a.ipynb"
    )
    claimed = Submission.objects.claim(submission.pk)
    assert claimed.record(make_outcome(checks=checks_of(AUTHORED, {}), score=0.0, max_score=10.0))
    return Submission.objects.get(pk=submission.pk)


@pytest.fixture
def exercise():
    return make_exercise()


@pytest.fixture
def submission(exercise, learner):
    return graded(exercise, learner)


@pytest.fixture
def grader(client, instructor):
    client.force_login(instructor)
    return client


def role(name, email):
    ensure_roles()
    person = make_person(email, name)
    person.groups.add(Group.objects.get(name=name))
    return person


def browser(person):
    browser = Client()
    browser.force_login(person)
    return browser


def post(client, submission, seen=0, **data):
    typed = {"seen": seen, "points-essay": "4", "comment-essay": "ดีมาก", "rubric-essay": ["0"], **data}
    return client.post(reverse("grade_submission", args=[submission.pk]), typed)


# --- Grading by hand -------------------------------------------------------------------------------------------------


def test_the_answer_stands_beside_model_answer_and_rubric_and_is_harmless(grader, submission, learner):
    text = grader.get(reverse("grade_submission", args=[submission.pk])).text
    assert "คำตอบตัวอย่างของผู้เขียน" in text
    assert "อธิบายข้อจำกัด" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert "<img src=x" not in text
    assert "⟦U+202E⟧" in text
    assert "\x1b" not in text
    assert learner.get_full_name() not in text  # whose work it is, the grader is not told
    assert learner.email not in text


def test_points_are_saved_and_lead_to_the_next_in_the_queue(grader, exercise, submission, other_learner):
    other = graded(exercise, other_learner)
    response = post(grader, submission)
    assert response.headers["Location"] == reverse("grade_submission", args=[other.pk])
    judgement = Judgement.objects.get()
    assert (judgement.points, judgement.comment, judgement.rubric) == (4, "ดีมาก", [0])
    assert post(grader, other).headers["Location"] == reverse("grading_queue")
    assert "ไม่มีงานที่รอผู้สอนตรวจ" in grader.get(reverse("grading_queue")).text


def test_sending_the_form_twice_saves_once(grader, submission):
    for _ in range(2):
        assert post(grader, submission).status_code == 302
    assert submission.grades.count() == 2


def test_the_second_of_two_graders_is_told_and_loses_nothing(grader, submission):
    second = role("Operators", "op@example.go.th")
    post(grader, submission)
    response = post(browser(second), submission, **{"points-essay": "1", "comment-essay": "ความเห็นของฉัน"})
    assert response.status_code == 409
    assert "กฤษฏิ์" in response.text
    assert "ความเห็นของฉัน" in response.text
    assert 'name="seen" value="1"' in response.text
    assert post(browser(second), submission, seen=1, **{"points-essay": "1"}).status_code == 302
    assert submission.grade.score == 1


@pytest.mark.parametrize(
    "typed", ["5.1", "-1", "nan", "inf", "1e400", "ห้า", "<b>", "9" * 5000, "1;2"], ids=lambda typed: typed[:8]
)
def test_points_that_cannot_be_are_refused_and_the_words_stay(grader, submission, typed):
    response = post(grader, submission, **{"points-essay": typed})
    assert response.status_code == 422
    assert "ดีมาก" in response.text
    assert not Judgement.objects.exists()


@pytest.mark.parametrize(("typed", "points"), [("๒.๕", 2.5), ("2,5", 2.5), ("0", 0), ("5", 5)])
def test_points_are_understood_as_people_write_them(grader, submission, typed, points):
    post(grader, submission, **{"points-essay": typed})
    assert Judgement.objects.get().points == points


def test_an_override_needs_a_reason_and_can_be_withdrawn(grader, submission):
    assert post(grader, submission, **{"points-c": "5"}).status_code == 422
    assert not Judgement.objects.exists()
    post(grader, submission, **{"points-c": "5", "reason-c": "คำตอบถูกอีกแบบ"})
    assert submission.grade.score == 9
    override = Judgement.objects.get(check_id="c")
    address = reverse("withdraw_judgement", args=[override.pk])
    assert grader.post(address, {"reason": ""}).status_code == 302
    assert submission.grade.score == 9
    grader.post(address, {"reason": "เข้าใจผิด"})
    assert submission.grade.score == 4
    assert grader.get(address).status_code == 405


def test_the_learner_reads_what_a_person_decided_and_that_parts_wait(client, submission, learner, instructor):
    client.force_login(learner)
    page = reverse("courses:submission", args=[submission.pk])
    assert "ตรวจบางส่วนแล้ว รอผู้สอนตรวจ" in client.get(page).text
    given = {"essay": Given(4, comment="<b>ดี</b>"), "c": Given(5, reason="ถูกอีกแบบ")}
    reviewing.judge(submission, reviewer=instructor, given=given, seen_round=0)
    text = client.get(page).text
    assert "ผู้สอนตัดสิน" in text
    assert "&lt;b&gt;ดี&lt;/b&gt;" in text
    assert "ถูกอีกแบบ" in text
    assert "9 จาก 10" in text
    assert "ตรวจบางส่วนแล้ว" not in text
    assert "อธิบายข้อจำกัด" not in text  # the rubric is the grader's


def test_what_is_not_graded_yet_shows_no_form(grader, exercise, learner):
    waiting = Submission.objects.hand_in(exercise=exercise, learner=learner, notebook=b"{}", filename="a.ipynb")
    assert grader.get(reverse("grade_submission", args=[waiting.pk])).status_code == 302


@pytest.mark.parametrize("name", ["grading_queue", "appeal_queue"])
def test_queues_cost_the_same_for_1_and_30(grader, exercise, name):
    counts = []
    for number in (1, 30):
        for index in range(number):
            person = make_person(f"l{number}-{index}@example.go.th", "ผู้เรียน")
            one = graded(exercise, person, "ตอบ")
            appealing.appeal(one, learner=person, check_id="c", text="ขอให้ดูอีกครั้ง")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert grader.get(reverse(name)).status_code == 200
        counts.append(len(queries))
    assert counts[1] <= counts[0]


def test_the_trail_and_the_extensions_cost_the_same_for_1_and_30(grader, exercise, instructor):
    for name in ("exercise_audit", "exercise_extensions"):
        counts = []
        for number in (1, 30):
            for index in range(number):
                person = make_person(f"{name}{number}-{index}@example.go.th", "ผู้เรียน")
                extending.extend(
                    exercise, learner=person, due_at=None, extra_attempts=1, reason="ป่วย", granted_by=instructor
                )
            with CaptureQueriesContext(connection) as queries:
                assert grader.get(reverse(name, args=[exercise.pk])).status_code == 200
            counts.append(len(queries))
        assert counts[1] <= counts[0]


@pytest.mark.parametrize(
    "query", ["?exercise=x", "?exercise=99999999999999999999", "?page=x", "?exercise=๑", "?page=-1"]
)
def test_odd_addresses_show_the_queue(grader, submission, query):
    assert grader.get(reverse("grading_queue") + query).status_code == 200


def test_a_person_grades_what_the_platform_failed_to(grader, exercise, learner):
    failed = Submission.objects.hand_in(
        exercise=exercise, learner=learner, notebook=as_bytes(release(AUTHORED)), filename="a.ipynb"
    )
    Submission.objects.update(status="failed")
    assert "ตรวจโดยผู้สอน" in grader.get(reverse("courses:submission", args=[failed.pk])).text
    address = reverse("take_over_submission", args=[failed.pk])
    assert browser(learner).post(address).status_code in (302, 403)
    assert not failed.grades.exists()
    assert grader.post(address).headers["Location"] == reverse("grade_submission", args=[failed.pk])
    grader.post(address)  # twice changes nothing
    assert [grade.score for grade in failed.grades.all()] == [0]
    post(grader, failed, **{"points-c": "5", "reason-c": "อ่านโค้ดแล้ว"})
    failed.refresh_from_db()
    assert (failed.status, failed.grade.score, failed.grade.is_waiting) == ("graded", 9, False)
    assert not verdicts.sign_reviewed()  # nobody examined it: there is nothing to sign, and no credential
    assert AuditEntry.objects.order_by("pk").first().action == "taken_over"


# --- Appeals ---------------------------------------------------------------------------------------------------------


def test_a_learner_asks_and_an_instructor_answers_with_other_points(client, grader, submission, learner):
    own = browser(learner)
    ask = reverse("courses:appeal", args=[submission.pk])
    assert own.post(ask, {"check": "c", "text": "คำตอบ <i>ถูก</i> แล้ว\u202e"}).status_code == 302
    page = own.get(reverse("courses:submission", args=[submission.pk])).text
    assert "คำตอบ &lt;i&gt;ถูก&lt;/i&gt; แล้ว" in page
    assert '<option value="c">' not in page
    assert own.post(ask, {"check": "c", "text": "อีกครั้ง"}).status_code == 422
    appeal = Appeal.objects.get()
    address = reverse("answer_appeal", args=[appeal.pk])
    assert "คำตอบ &lt;i&gt;ถูก&lt;/i&gt; แล้ว⟦U+202E⟧" in grader.get(address).text
    assert "แล้ว⟦U+202E⟧" in grader.get(reverse("appeal_queue")).text
    bad = grader.post(address, {"seen": 0, "text": "ได้", "points-c": "9", "reason-c": "x"})
    assert bad.status_code == 422
    given = {"seen": 0, "text": "คุณถูกต้อง", "points-c": "5", "reason-c": "คำตอบถูกอีกแบบ"}
    assert grader.post(address, given).status_code == 302
    assert grader.post(address, given).status_code == 422  # answered already
    text = own.get(reverse("courses:submission", args=[submission.pk])).text
    assert "คุณถูกต้อง" in text
    assert submission.grade.score == 5


def test_an_empty_question_is_refused_and_a_huge_one_is_cut(learner, submission):
    own, ask = browser(learner), reverse("courses:appeal", args=[submission.pk])
    assert own.post(ask, {"check": "", "text": "  "}).status_code == 422
    own.post(ask, {"check": "", "text": "ก" * 200_000})
    assert len(Appeal.objects.get().text) == reviewing.MAX_COMMENT


def test_a_question_is_withdrawn_by_its_learner_only(learner, other_learner, submission):
    appeal = appealing.appeal(submission, learner=learner, check_id="", text="ถาม")
    address = reverse("courses:withdraw_appeal", args=[appeal.pk])
    assert browser(other_learner).post(address).status_code == 404
    assert browser(learner).post(address).status_code == 302
    appeal.refresh_from_db()
    assert appeal.status == "withdrawn"


def test_nobody_asks_about_anothers_work(other_learner, instructor, submission):
    for person in (other_learner, instructor):
        response = browser(person).post(reverse("courses:appeal", args=[submission.pk]), {"check": "", "text": "ถาม"})
        assert response.status_code == 404


# --- Extensions and rules --------------------------------------------------------------------------------------------


def test_an_extension_is_granted_shown_to_its_learner_and_withdrawn(grader, learner):
    due_at = timezone.now() - timedelta(days=1)
    exercise = make_exercise(due_at=due_at)
    tree = plant()
    grow(tree, exercises=[exercise])
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    own, page = browser(learner), reverse("courses:exercise", args=["e"])
    assert "หมดเวลาส่งงานแล้ว" in own.get(page).text
    address = reverse("exercise_extensions", args=[exercise.pk])
    later = timezone.localtime(due_at + timedelta(days=3))
    data = {"email": learner.email.upper(), "due_at": f"{later:%Y-%m-%dT%H:%M}", "extra_attempts": "0", "reason": "ป่วย"}
    assert grader.post(address, data).status_code == 302
    text = own.get(page).text
    assert "คุณได้รับสิทธิ์เพิ่ม" in text
    assert str(later.year + 543) in text
    assert "ป่วย" in grader.get(address).text
    grader.post(reverse("withdraw_extension", args=[Extension.objects.get().pk]))
    assert "หมดเวลาส่งงานแล้ว" in own.get(page).text


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "nobody@example.go.th"},
        {"email": "x"},
        {"reason": ""},
        {"extra_attempts": "0"},
        {"extra_attempts": "-1"},
        {"extra_attempts": "9999999999999"},
        {"due_at": "2100-01-01T00:00"},  # the exercise has no due date
        {"email": "kru@example.go.th"},  # their own
    ],
    ids=str,
)
def test_an_extension_that_makes_no_sense_is_refused(grader, exercise, learner, changes):
    data = {"email": learner.email, "due_at": "", "extra_attempts": "1", "reason": "ป่วย"} | changes
    assert grader.post(reverse("exercise_extensions", args=[exercise.pk]), data).status_code == 422
    assert not Extension.objects.exists()


def test_a_course_gives_all_its_exercises_the_same_rules(instructor):
    tree = plant()
    exercises = [make_exercise("a"), make_exercise("b")]
    make_exercise("elsewhere")
    grow(tree, exercises=exercises)
    ensure_roles()
    address = reverse("course_rules", args=[tree.course.pk])
    data = {
        "max_attempts": "3", "cooldown_minutes": "5", "counts": "last", "opens_at": "", "due_at": "2027-01-31T23:59",
        "late_rule": "penalty", "late_percent": "20", "late_days": "2",
    }  # fmt: skip
    assert browser(instructor).post(address, data).status_code == 302
    changed = Exercise.objects.filter(max_attempts=3, counts="last", late_percent=20)
    assert sorted(changed.values_list("slug", flat=True)) == ["a", "b"]
    assert Exercise.objects.get(slug="a").due_at.isoformat() == "2027-01-31T16:59:00+00:00"  # Bangkok's midnight
    assert AuditEntry.objects.filter(action="policy").count() == 2
    assert browser(instructor).post(address, data | {"late_percent": "101"}).status_code == 422


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"opens_at": timezone.now() + timedelta(days=2)}, "ยังไม่เปิดรับงาน"),
        ({"cooldown_minutes": 90}, "ส่งได้ตั้งแต่"),
        ({"counts": "last", "max_attempts": 1}, "ระบบนับคะแนนครั้งสุดท้าย"),
        ({"due_at": timezone.now() - timedelta(hours=25), "late_rule": "penalty"}, "เลยกำหนดส่งมา 2 วัน"),
    ],
)
def test_the_exercise_says_its_rules_before_anything_is_handed_in(learner, fields, says):
    exercise = make_exercise(**fields)
    tree = plant()
    grow(tree, exercises=[exercise])
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    if "opens_at" not in fields:
        Submission.objects.hand_in(exercise=exercise, learner=learner, notebook=b"{}", filename="a.ipynb")
    own = browser(learner)
    assert says in own.get(reverse("courses:exercise", args=["e"])).text


# --- The trace, and who may ------------------------------------------------------------------------------------------


def test_the_trail_shows_every_change_of_an_exercise_or_of_one_submission(grader, submission, learner, other_learner):
    post(grader, submission)
    other = graded(submission.exercise, other_learner)
    post(grader, other)
    address = reverse("exercise_audit", args=[submission.exercise_id])
    assert grader.get(address).text.count("ผู้สอนให้คะแนน") == 2
    assert grader.get(f"{address}?submission={submission.pk}").text.count("ผู้สอนให้คะแนน") == 1
    assert grader.get(f"{address}?submission=x").status_code == 200
    assert learner.email not in grader.get(address).text
    assert "0 → 4" in grader.get(address).text
    assert grader.post(address).status_code == 405


def test_who_may_decide(client, submission, instructor, learner, other_learner, hr_officer):
    appeal = appealing.appeal(submission, learner=learner, check_id="", text="ถาม")
    judgement = Judgement.objects.create(submission=submission, check_id="c", kind="override", points=1)
    exercise = submission.exercise_id
    readable = [
        reverse("grading_queue"),
        reverse("grade_submission", args=[submission.pk]),
        reverse("appeal_queue"),
        reverse("answer_appeal", args=[appeal.pk]),
        reverse("exercise_extensions", args=[exercise]),
        reverse("exercise_audit", args=[exercise]),
    ]
    written = [*readable[1::2][:1], readable[3], readable[4], reverse("withdraw_judgement", args=[judgement.pk])]
    typed = {"seen": 0, "points-c": "5", "reason-c": "x", "reason": "x", "text": "x"}
    reviewer, operator = role("Reviewers", "review@example.go.th"), role("Operators", "op@example.go.th")
    for person in (learner, other_learner, hr_officer, reviewer):
        own = browser(person)
        for address in readable:
            assert own.get(address).status_code in (302, 403), address
        for address in written:
            assert own.post(address, typed).status_code in (302, 403), address
    for address in [*readable, *written]:
        assert client.get(address).status_code in (302, 405)
    judgement.refresh_from_db()
    appeal.refresh_from_db()
    assert (judgement.withdrawn_at, appeal.status, submission.grades.count()) == (None, "open", 1)
    for person in (instructor, operator):
        for address in readable:
            assert browser(person).get(address).status_code == 200, address


def test_nobody_grades_their_own_work_on_any_page(grader, exercise, instructor):
    own = graded(exercise, instructor)
    assert post(grader, own).status_code == 422
    appeal = appealing.appeal(own, learner=instructor, check_id="", text="ถาม")
    given = {"seen": 0, "text": "ได้", "points-c": "5", "reason-c": "x"}
    assert grader.post(reverse("answer_appeal", args=[appeal.pk]), given).status_code == 422
    assert not Judgement.objects.exists()


@pytest.mark.parametrize("name", ["grading_queue", "appeal_queue"])
def test_the_pages_speak_english_too(grader, instructor, submission, name):
    UserProfile.objects.update_or_create(user=instructor, defaults={"preferred_language": "en"})
    assert "Grading by hand" in grader.get(reverse(name)).text


def test_rubrics_are_lines_that_add_up():
    from grading.rubrics import criteria

    assert [one.points for one in criteria("# 2: ก\n- 3 = ข", 5)] == [2, 3]
    assert criteria("2: ก\n3: ข", 6) == ()
    assert criteria("ให้คะแนนตามความเหมาะสม", 5) == ()
    assert json.dumps(read_source(as_bytes(AUTHORED.notebook)).manual[0].guide)
