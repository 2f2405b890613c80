"""From handing in to a decision: gates, peers, a person; and what each refuses."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courses import placement
from courses.capstones import deciding, gallery, peers, sending
from courses.capstones.deciding import NotDecided
from courses.capstones.gallery import NotShown
from courses.capstones.models import Capstone, Project, Review
from courses.capstones.peers import NotReviewed
from courses.capstones.sending import NotSent
from courses.models import CoursePage, Enrollment
from grading import appealing, reviewing
from grading.models import AuditEntry, Submission
from grading.reviewing import Given
from tests.conftest import make_person
from tests.courses.capstones.conftest import handed_in, make_capstone, reviewed, sent
from tests.grading.submissions import at_once

pytestmark = pytest.mark.django_db
GOOD = "แกนของกราฟที่สองไม่มีหน่วย ควรเพิ่ม"


def refused(exception, act, *args, **kwargs):
    with pytest.raises(exception) as caught:
        act(*args, **kwargs)
    return caught.value.code


def late(project):
    Review.objects.filter(project=project).update(due_at=timezone.now() - timedelta(days=1))


# --- Gates -----------------------------------------------------------------------------------------------------------


def test_nobody_reviews_what_has_not_passed_every_gate(capstone, peer):
    learner = peer(1)
    told = {"title": "ก", "summary": "ข"}
    assert refused(NotSent, sending.send, capstone, learner, **told) == "not_ready"
    handed_in(capstone, learner, passed=False)
    assert refused(NotSent, sending.send, capstone, learner, **told) == "not_ready"
    handed_in(capstone, learner)
    assert refused(NotSent, sending.send, capstone, learner, title=" \u200b", summary="ข") == "empty"
    assert sending.send(capstone, learner, **told).is_under_review
    assert refused(NotSent, sending.send, capstone, learner, **told) == "under_review"


def test_a_later_notebook_that_fails_a_gate_cannot_be_sent_on_the_strength_of_an_earlier_one(capstone, peer):
    learner = peer(1)
    handed_in(capstone, learner)
    handed_in(capstone, learner, passed=False)
    assert refused(NotSent, sending.send, capstone, learner, title="ก", summary="ข") == "not_ready"


def test_with_no_attempt_left_the_newest_notebook_that_passed_every_gate_is_sent(capstone, peer):
    learner = peer(1)
    capstone.exercise.max_attempts = 3
    capstone.exercise.save()
    handed_in(capstone, learner)
    passed = handed_in(capstone, learner)
    assert sending.latest(capstone, learner) == passed
    last = handed_in(capstone, learner, passed=False)
    assert sending.latest(capstone, learner) == passed
    capstone.exercise.extensions.create(learner=learner, extra_attempts=1, granted_by=learner, reason="ป่วย")
    assert sending.latest(capstone, learner) == last  # there is a way to mend it
    capstone.exercise.extensions.all().delete()
    assert sending.send(capstone, learner, title="ก", summary="ข").submission == passed


def test_a_last_notebook_that_is_still_being_graded_is_waited_for(capstone, peer):
    learner = peer(1)
    capstone.exercise.max_attempts = 2
    capstone.exercise.save()
    handed_in(capstone, learner)
    last = handed_in(capstone, learner, passed=False)
    Submission.objects.filter(pk=last.pk).update(status=Submission.Status.RUNNING)
    assert sending.latest(capstone, learner).pk == last.pk


def test_a_gate_that_a_person_gave_counts_as_passed(capstone, peer, teacher):
    submission = handed_in(capstone, peer(1), passed=False)
    appeal = appealing.appeal(submission, learner=submission.learner, check_id="sources", text="แหล่งข้อมูลระบุไว้แล้ว")
    given = {"sources": Given(points=4.0, comment="เห็นด้วย", reason="ด่านอ่านชื่อไฟล์ผิด")}
    appealing.answer(appeal, reviewer=teacher, text="ปรับแล้ว", given=given, seen_round=0)
    assert [(gate.id, gate.passed) for gate in sending.gates_of(submission)] == [("runs", True), ("sources", True)]
    assert sending.send(capstone, submission.learner, title="ก", summary="ข").is_under_review


def test_a_gate_that_a_person_gave_half_of_is_not_passed(capstone, peer, teacher):
    submission = handed_in(capstone, peer(1), passed=False)
    given = {"sources": Given(points=2.0, reason="ระบุแหล่งข้อมูลเพียงครึ่งเดียว")}
    reviewing.judge(submission, reviewer=teacher, given=given, seen_round=0)
    assert not sending.has_passed_gates(submission)


# --- Taking back -----------------------------------------------------------------------------------------------------


def test_a_project_can_be_taken_back_until_a_peer_has_opened_it_and_is_sent_anew(capstone, peer):
    first, second = sent(capstone, peer(1)), sent(capstone, peer(2))
    asked = Review.objects.get(project=first)
    sending.withdraw(first)
    assert refused(NotSent, sending.withdraw, first) == "decided"
    assert Review.objects.filter(pk=asked.pk).exists()
    assert refused(NotReviewed, peers.begin, Review.objects.get(pk=asked.pk)) == "closed"
    again = sending.send(capstone, first.learner, title="ใหม่", summary="ข")
    review = Review.objects.open().get(project=again, reviewer=second.learner)
    peers.begin(review)
    assert refused(NotSent, sending.withdraw, again) == "begun"
    reviewed(again, [3, 3])
    assert refused(NotSent, sending.withdraw, again) == "begun"


def test_who_has_opened_anothers_project_does_not_take_back_their_own(capstone, peer):
    first, second = sent(capstone, peer(1)), sent(capstone, peer(2))
    peers.begin(Review.objects.get(project=second, reviewer=first.learner))
    assert refused(NotSent, sending.withdraw, first) == "has_read"
    peers.give_back(Review.objects.get(project=second, reviewer=first.learner))
    assert refused(NotSent, sending.withdraw, first) == "has_read"
    assert Project.objects.under_review().filter(pk=first.pk).exists()


def test_who_takes_a_project_back_reads_no_others_meanwhile(capstone, peer):
    first, second = sent(capstone, peer(1)), sent(capstone, peer(2))
    asked = Review.objects.get(project=second, reviewer=first.learner)
    sending.withdraw(first)
    assert refused(NotReviewed, peers.begin, asked) == "closed"


def test_what_was_read_for_an_earlier_project_binds_no_later_one(ready, teacher, capstone):
    mine = Review.objects.filter(reviewer=ready.learner).first()
    long_ago = timezone.now() - timedelta(days=9)
    Review.objects.filter(pk=mine.pk).update(opened_at=long_ago, sent_at=long_ago, levels=[3, 3])
    decide(ready, teacher, (1, 1))
    later = sent(capstone, ready.learner)
    sending.withdraw(later)
    assert not Project.objects.under_review().filter(pk=later.pk).exists()


def test_it_is_not_taken_back_for_ever(capstone, peer):
    learner = peer(1)
    handed_in(capstone, learner)
    for _round in range(sending.MOST_TAKEN_BACK):
        sending.withdraw(sending.send(capstone, learner, title="ก", summary="ข"))
    last = sending.send(capstone, learner, title="ก", summary="ข")
    assert refused(NotSent, sending.withdraw, last) == "too_often"


def test_who_passed_a_makers_project_on_is_not_asked_for_it_again_when_it_is_sent_anew(capstone, peer):
    first, second = sent(capstone, peer(1)), sent(capstone, peer(2))
    peers.give_back(Review.objects.get(project=first, reviewer=second.learner))
    sending.withdraw(first)
    again = sending.send(capstone, first.learner, title="ใหม่", summary="ข")
    assert not again.reviews.exists()


# --- Peers -----------------------------------------------------------------------------------------------------------


def test_each_project_gets_its_peers_nobody_their_own_and_everybody_a_fair_share(capstone, peer):
    people = [peer(number) for number in range(1, 7)]
    projects = [sent(capstone, one) for one in people]
    for project in projects:
        reviewers = list(project.reviews.values_list("reviewer", flat=True))
        assert len(set(reviewers)) == 2
        assert project.learner_id not in reviewers
    loads = [Review.objects.filter(reviewer=one).count() for one in people]
    assert sum(loads) == 12
    assert max(loads) <= 4  # whoever came first was asked when few were there
    assert peers.fill(capstone) == 0


def test_a_project_without_peers_waits_and_gets_them_when_others_come(capstone, peer):
    first = sent(capstone, peer(1))
    assert first.reviews.count() == 0
    sent(capstone, peer(2))
    assert first.reviews.count() == 1
    sent(capstone, peer(3))
    assert first.reviews.count() == 2


def test_who_has_left_the_course_or_lost_the_account_is_replaced_at_once(capstone, peer):
    first, second, third = (sent(capstone, peer(number)) for number in (1, 2, 3))
    Enrollment.objects.filter(learner=second.learner).delete()
    third.learner.is_active = False
    third.learner.save()
    fourth = sent(capstone, peer(4))
    standing = set(Review.objects.standing().filter(project=first).values_list("reviewer", flat=True))
    assert standing == {fourth.learner_id}


def test_who_is_late_is_replaced_as_soon_as_there_is_somebody_else(capstone, peer, django_capture_on_commit_callbacks):
    first = sent(capstone, peer(1))
    sent(capstone, peer(2))
    sent(capstone, peer(3))
    late(first)
    assert peers.fill(capstone) == 0  # nobody else is there: late is better than never
    assert Review.objects.open().filter(project=first).count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        fourth = sent(capstone, peer(4))
    assert Review.objects.open().filter(project=first, reviewer=fourth.learner).exists()
    passed_on = Review.objects.get(project=first, released_at__isnull=False)
    assert refused(NotReviewed, peers.send, passed_on, levels=[4, 4], comment=GOOD) == "closed"
    assert any("ส่งต่อ" in letter.subject and letter.to == [passed_on.reviewer.email] for letter in mail.outbox)


def test_who_is_done_and_owes_no_review_is_asked_last(capstone, peer, teacher):
    done, second, third = (sent(capstone, peer(number)) for number in (1, 2, 3))
    for project in (done, second, third):
        reviewed(project, [3, 3])
    decide(done, teacher)
    fourth = sent(capstone, peer(4))
    assert set(fourth.reviews.values_list("reviewer", flat=True)) == {second.learner_id, third.learner_id}
    sent(capstone, peer(5))
    sixth = sent(capstone, peer(6))
    assert done.learner_id not in sixth.reviews.values_list("reviewer", flat=True)


def test_finding_peers_asks_the_database_as_often_for_many_projects_as_for_few(
    capstone, peer, django_assert_num_queries
):
    for number in range(1, 4):
        sent(capstone, peer(number))
    with CaptureQueriesContext(connection) as caught:
        peers.fill(capstone)
    for number in range(4, 14):
        sent(capstone, peer(number))
    with django_assert_num_queries(len(caught)):
        peers.fill(capstone)


def test_a_review_that_was_given_back_goes_to_somebody_else_and_never_returns(capstone, peer):
    first = sent(capstone, peer(1))
    sent(capstone, peer(2))
    sent(capstone, peer(3))
    sent(capstone, peer(4))
    one = Review.objects.open().filter(project=first).first()
    peers.give_back(one)
    standing = set(Review.objects.standing().filter(project=first).values_list("reviewer", flat=True))
    assert len(standing) == 2
    assert one.reviewer_id not in standing
    assert refused(NotReviewed, peers.give_back, one) == "closed"


def test_half_a_review_is_kept_and_not_sent(capstone, peer):
    first = sent(capstone, peer(1))
    sent(capstone, peer(2))
    review = Review.objects.get(project=first)
    for levels, comment, code in (
        ([4], GOOD, "unfinished"),
        ([4, None], GOOD, "unfinished"),
        ([4, 9], GOOD, "unfinished"),
        ([4, 4], "ดี", "short"),
        ([4, 4], "\u200b" * 50, "short"),
    ):
        peers.save(review, levels=levels, comment=comment)
        assert refused(NotReviewed, peers.send, review, levels=levels, comment=comment) == code
        assert Review.objects.open().filter(pk=review.pk).exists()


def test_a_sent_review_is_final(capstone, peer):
    first = sent(capstone, peer(1))
    sent(capstone, peer(2))
    review = Review.objects.get(project=first)
    peers.send(review, levels=[4, 4], comment=GOOD)
    for act in (peers.send, peers.save):
        assert refused(NotReviewed, act, review, levels=[1, 1], comment=GOOD) == "closed"
    assert Review.objects.get(pk=review.pk).levels == [4, 4]


def test_a_reviewer_is_written_to_in_thai_when_asked_and_once_before_it_is_due(
    capstone, peer, django_capture_on_commit_callbacks
):
    first = sent(capstone, peer(1))
    with django_capture_on_commit_callbacks(execute=True):
        second = sent(capstone, peer(2), title="โครงงานลับของปิ่น")
    asked = next(letter for letter in mail.outbox if letter.to == [second.learner.email])
    assert "โครงงานรอการทบทวนจากท่าน" in asked.subject
    assert f"/my/reviews/{Review.objects.get(project=first).pk}/" in asked.body
    assert first.learner.get_full_name() not in asked.body
    mail.outbox.clear()
    Review.objects.filter(project=first).update(due_at=timezone.now() + timedelta(hours=20))
    assert (peers.remind(), peers.remind()) == (1, 0)
    assert "ครบกำหนด" in mail.outbox[0].subject


@pytest.fixture
def without_course(transactional_db, monkeypatch):
    """A capstone that no course places: these tests need rows that other threads see, and no page tree."""
    monkeypatch.setattr(peers, "eligible", lambda of: set(Project.objects.values_list("learner_id", flat=True)))
    return make_capstone()


def test_sent_by_many_at_once_each_still_has_two_reviewers_at_most(without_course):
    people = [make_person(f"peer{number}@example.go.th", f"ผู้เรียน{number}") for number in range(1, 6)]
    for one in people:
        handed_in(without_course, one)
    at_once(5, lambda number: sending.send(without_course, people[number], title="ก", summary="ข"))
    peers.fill(without_course)
    assert [project.reviews.count() for project in Project.objects.all()] == [2] * 5


def test_sent_twice_at_once_by_one_learner_is_one_project(without_course, learner):
    handed_in(without_course, learner)
    at_once(2, lambda number: sending.send(without_course, learner, title="ก", summary="ข"))
    assert Project.objects.filter(learner=learner).count() == 1


# --- The decision ----------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(capstone, peer):
    """A project with two reviews."""
    project = sent(capstone, peer(1))
    sent(capstone, peer(2))
    sent(capstone, peer(3))
    reviewed(project, [3, 4])
    return Project.objects.select_related("capstone__exercise", "submission").get(pk=project.pk)


def decide(project, by, levels=(3, 4), **more):
    deciding.decide(project, by=by, levels=list(levels), comment="ชัดเจนดี", **more)


def test_peers_never_decide_alone_points_come_with_an_instructors_word(
    ready, teacher, django_capture_on_commit_callbacks
):
    assert ready.submission.grade.is_waiting
    assert not gallery.has_passed(ready)
    with django_capture_on_commit_callbacks(execute=True):
        decide(ready, teacher)
    ready.refresh_from_db()
    grade = ready.submission.grade
    assert (grade.score, grade.is_waiting, grade.round) == (18.0, False, 1)
    assert ready.decided_by == teacher
    assert gallery.has_passed(ready)
    assert AuditEntry.objects.filter(submission_id=ready.submission_id, action="judged", actor=teacher).exists()
    assert [letter.to for letter in mail.outbox if "ตรวจเสร็จแล้ว" in letter.subject] == [[ready.learner.email]]


def test_all_reviews_in_those_who_decide_are_written_to(
    capstone, peer, teacher, instructor, django_capture_on_commit_callbacks
):
    project = sent(capstone, peer(1))
    sent(capstone, peer(2))
    sent(capstone, peer(3))
    with django_capture_on_commit_callbacks(execute=True):
        reviewed(project, [3, 3])
    letters = [letter for letter in mail.outbox if letter.to == [teacher.email]]
    assert len(letters) == 1
    assert "รอการตัดสิน" in letters[0].subject
    with django_capture_on_commit_callbacks(execute=True):
        assert peers.tell_who_decides() == 0


def test_they_are_written_to_when_fewer_reviews_are_wanted_than_before(
    capstone, peer, teacher, django_capture_on_commit_callbacks
):
    projects = [sent(capstone, peer(number)) for number in (1, 2, 3)]
    for project in projects[:2]:
        one = Review.objects.open().filter(project=project).first()
        peers.send(one, levels=[3, 3], comment=GOOD)
    Capstone.objects.update(reviewers=1)
    with django_capture_on_commit_callbacks(execute=True):
        reviewed(projects[0], [3, 3])  # the second of one
    assert [letter.to for letter in mail.outbox] == [[teacher.email]]
    with django_capture_on_commit_callbacks(execute=True):
        assert peers.tell_who_decides() == 1  # by the clock: nobody sends anything any more
    assert [letter.to for letter in mail.outbox] == [[teacher.email]] * 2


def test_two_reviews_sent_at_once_are_told_of_once(without_course):
    people = [make_person(f"peer{number}@example.go.th", f"ผู้เรียน{number}") for number in range(1, 4)]
    first, *_others = [sent(without_course, one) for one in people]
    one, two = Review.objects.open().filter(project=first).select_related("project__capstone")
    person = make_person("decides@example.go.th", "ผู้ตัดสิน")
    person.user_permissions.add(Permission.objects.get(codename="add_judgement"))
    without_course.exercise.provider.admit(person, "lead")
    at_once(2, lambda number: peers.send((one, two)[number], levels=[3, 3], comment=GOOD))
    assert [letter.to for letter in mail.outbox].count([person.email]) == 1


def test_who_made_it_or_reviewed_it_does_not_decide(ready, capstone):
    assert refused(NotDecided, decide, ready, ready.learner) == "own_work"
    assert refused(NotDecided, decide, ready, ready.reviews.first().reviewer) == "reviewer"


def test_nor_does_who_gave_it_back_because_they_know_whose_it_is(ready):
    knows = ready.reviews.first()
    type(knows).objects.filter(pk=knows.pk).update(sent_at=None, released_at=timezone.now())
    assert refused(NotDecided, decide, ready, knows.reviewer, without_all=True) == "reviewer"


def test_half_a_decision_is_none(ready, teacher):
    for levels in ((), (3,), (3, None), (0, 3), (3, 5)):
        assert refused(NotDecided, decide, ready, teacher, levels) == "unfinished"
    assert ready.submission.grade.is_waiting


def test_reviews_that_are_missing_are_waited_for_unless_an_instructor_says_so(capstone, peer, teacher):
    project = sent(capstone, peer(1))
    assert refused(NotDecided, decide, project, teacher) == "too_early"
    decide(project, teacher, without_all=True)
    assert Project.objects.get(pk=project.pk).decided_at


def test_two_who_decide_at_once_decide_once_and_a_correction_says_what_it_corrects(ready, teacher):
    decide(ready, teacher)
    assert refused(NotDecided, decide, ready, teacher, (1, 1)) == "overtaken"
    ready.refresh_from_db()
    decide(ready, teacher, (4, 4), seen=ready.decided_at)
    assert ready.submission.grade.score == 20
    assert ready.submission.grades.count() == 3


def test_a_project_that_did_not_pass_is_improved_handed_in_and_sent_again(ready, teacher, capstone):
    decide(ready, teacher, (1, 1))
    ready.refresh_from_db()
    assert not gallery.has_passed(ready)
    told = {"title": "ก", "summary": "ข"}
    assert refused(NotSent, sending.send, capstone, ready.learner, **told) == "not_ready"  # the same notebook
    handed_in(capstone, ready.learner)
    assert sending.send(capstone, ready.learner, **told).pk != ready.pk


def test_an_appeal_goes_the_way_of_all_appeals(ready, teacher):
    decide(ready, teacher, (1, 1))
    appeal = appealing.appeal(ready.submission, learner=ready.learner, check_id="statement", text="ขอทบทวนเกณฑ์แรก")
    given = {"statement": Given(points=12.0, comment="เห็นด้วย", reason="")}
    appealing.answer(appeal, reviewer=teacher, text="ปรับแล้ว", given=given, seen_round=1)
    assert ready.submission.grade.score == 20


def test_what_waits_for_a_decision_is_not_among_what_waits_to_be_graded_by_hand(ready):
    from courses import manual_grading

    assert ready.submission in reviewing.waiting()
    assert ready.submission not in manual_grading.waiting_here()
    assert list(Project.objects.to_decide()) == [ready]


def test_when_the_time_for_reviews_is_over_it_waits_for_a_decision_with_what_there_is(capstone, peer):
    project = sent(capstone, peer(1))
    assert not Project.objects.to_decide().exists()
    Project.objects.update(review_until=F("review_until") - timedelta(days=30))
    assert list(Project.objects.to_decide()) == [project]


# --- The gallery -----------------------------------------------------------------------------------------------------


def test_only_what_passed_is_shown_by_its_makers_choice_and_for_as_long_as_they_like(
    ready, teacher, django_capture_on_commit_callbacks
):
    assert refused(NotShown, gallery.share, ready, shows_name=True) == "not_passed"
    decide(ready, teacher)
    ready.refresh_from_db()
    assert not Project.objects.in_gallery().exists()
    gallery.share(ready, shows_name=False)
    assert list(Project.objects.in_gallery()) == [ready]
    gallery.withdraw(ready)
    assert not Project.objects.in_gallery().exists()
    ready.refresh_from_db()
    gallery.share(ready, shows_name=True)
    ready.refresh_from_db()
    with django_capture_on_commit_callbacks(execute=True):
        gallery.hide(ready, by=teacher, reason="มีชื่อบุคคลในตาราง")
    assert mail.outbox[-1].to == [ready.learner.email]
    assert "มีชื่อบุคคลในตาราง" in mail.outbox[-1].body
    assert not Project.objects.in_gallery().exists()
    ready.refresh_from_db()
    assert refused(NotShown, gallery.share, ready, shows_name=True) == "hidden"


@pytest.fixture
def shown(ready, teacher):
    decide(ready, teacher)
    ready.refresh_from_db()
    gallery.share(ready, shows_name=False)
    return ready


def test_what_is_no_longer_passed_does_not_stand_in_the_gallery(shown, teacher):
    assert list(gallery.shown()) == [shown]
    shown.refresh_from_db()
    decide(shown, teacher, (1, 1), seen=shown.decided_at)
    assert not gallery.shown().exists()
    shown.refresh_from_db()
    decide(shown, teacher, (4, 4), seen=shown.decided_at)
    assert list(gallery.shown()) == [shown]


def test_a_course_that_asks_for_more_shows_less_and_one_of_several_is_enough(shown):
    assert shown.submission.grade.fraction == 0.9
    course, *others = placement.courses_placing(shown.capstone.exercise)
    for asked, is_shown in ((90, True), (91, False)):
        CoursePage.objects.filter(pk__in=[course.pk, *(one.pk for one in others)]).update(pass_percent=asked)
        assert gallery.shown().exists() == gallery.has_passed(shown) == is_shown
    if others:
        CoursePage.objects.filter(pk=others[0].pk).update(pass_percent=50)
        assert gallery.shown().exists()


def test_the_gallery_asks_as_often_for_many_capstones_as_for_one(shown, django_assert_num_queries):
    with CaptureQueriesContext(connection) as caught:
        list(gallery.shown())
    for number in range(3):
        other = make_capstone(f"other-{number}")
        copy = Project.objects.get(pk=shown.pk)
        copy.pk, copy.capstone = uuid.uuid4(), other
        copy.save(force_insert=True)
    with django_assert_num_queries(len(caught)):
        assert len(gallery.shown()) == 4


def test_with_the_account_everything_of_a_project_and_of_reviews_goes(ready, teacher):
    reviewer = ready.reviews.first().reviewer
    reviewer.delete()
    assert ready.reviews.count() == 1
    ready.learner.delete()
    assert not Project.objects.filter(pk=ready.pk).exists()
