"""The pages of capstones, for every role: what each may see and do, and that neither side learns who the other is."""

import json
import re
import uuid

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses import readdressing
from courses.capstones import deciding, gallery
from courses.capstones.models import Capstone, Project, Review
from grading.models import Exercise, Provider, ProviderMember
from lms.accounts.roles import ensure_roles
from tests.conftest import make_person
from tests.courses.capstones.conftest import handed_in, make_capstone, reviewed, sent

pytestmark = pytest.mark.django_db
WORDS = "แกนของกราฟที่สองไม่มีหน่วย <script>alert(1)</script>"


def browser(person):
    client = Client()
    client.force_login(person)
    return client


def at(capstone):
    return reverse("capstones:project", args=[capstone.exercise.slug])


def of(review):
    return reverse("capstones:review", args=[review.pk])


def desk_of(project):
    return reverse("project_decide", args=[project.pk])


@pytest.fixture
def three(capstone, peer):
    """Three projects, each with the other two makers as reviewers."""
    return [sent(capstone, peer(number), title=f"โครงงาน <b>{number}</b>") for number in (1, 2, 3)]


@pytest.fixture
def decided(three, teacher):
    reviewed(three[0], [4, 4], WORDS)
    deciding.decide(three[0], by=teacher, levels=[4, 4], comment="ผ่านเกณฑ์ทุกข้อ")
    three[0].refresh_from_db()
    return three[0]


def reviewer_group(name, email):
    ensure_roles()
    person = make_person(email, name)
    person.groups.add(Group.objects.get(name=name))
    return person


# --- The learner's page ----------------------------------------------------------------------------------------------


def test_a_learner_goes_from_the_gates_to_reviewers(capstone, peer):
    client = browser(learner := peer(1))
    page = client.get(at(capstone)).text
    assert "เลือกโจทย์หนึ่งข้อ" in page
    assert "ยังไม่มีผลงานให้ส่ง" in page
    handed_in(capstone, learner, passed=False)
    page = client.get(at(capstone)).text
    assert "sources" in page
    assert "เปิดให้ส่งเมื่อผ่านทุกด่าน" in page
    assert client.post(at(capstone), {"title": "ก", "summary": "ข"}).status_code == 422
    handed_in(capstone, learner)
    assert "ส่งให้ผู้ทบทวน</button>" in client.get(at(capstone)).text
    assert client.post(at(capstone), {"title": "", "summary": "ข"}).status_code == 422
    assert client.post(at(capstone), {"title": "ก" * 151, "summary": "ข"}).status_code == 422
    assert client.post(at(capstone), {"title": "ก", "summary": "ข"}).url == at(capstone)
    page = client.get(at(capstone)).text
    assert "ยังหาผู้ทบทวนไม่ครบ" in page
    assert "/take-back/" in page
    client.post(reverse("capstones:withdraw", args=[Project.objects.get().pk]))
    assert not Project.objects.under_review().exists()


def test_only_those_of_the_course_see_a_project_page(capstone, peer, other_learner, hr_officer, client):
    assert client.get(at(capstone)).url.startswith("/accounts/login/")
    for person in (other_learner, hr_officer):
        assert browser(person).get(at(capstone)).status_code == 403
        assert browser(person).post(at(capstone), {"title": "ก", "summary": "ข"}).status_code == 403
    assert client.get(reverse("capstones:project", args=["nothing"])).status_code in (302, 404)


def test_the_result_stands_beside_what_nameless_reviewers_said_and_is_harmless(decided, capstone, peer):
    page = browser(decided.learner).get(at(capstone)).text
    assert "20" in page
    assert "ผ่านเกณฑ์ทุกข้อ" in page
    assert "ระดับที่ 4" in page
    assert "ผู้ทบทวนคนที่ 2" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page
    for review in decided.reviews.all():
        assert review.reviewer.get_full_name() not in page
        assert review.reviewer.email not in page


def test_before_the_decision_its_maker_reads_no_word_of_the_reviews(three, capstone):
    reviewed(three[0], [1, 1], "ความเห็นที่ยังไม่ควรเห็น ยาวพอสมควร")
    page = browser(three[0].learner).get(at(capstone)).text
    assert "2 จาก 2" in page
    assert "ความเห็นที่ยังไม่ควรเห็น" not in page


# --- Reviewing -------------------------------------------------------------------------------------------------------


def test_a_reviewer_sees_the_notebook_and_no_name_no_file_name_no_points(three):
    review = Review.objects.filter(project=three[0]).first()
    page = browser(review.reviewer).get(of(review)).text
    assert "&lt;script&gt;alert(1)" in page  # the notebook, escaped
    assert "<b>1</b>" not in page
    for secret in (three[0].learner.get_full_name(), three[0].learner.email, "ชื่อจริง.ipynb", "คะแนนลับ"):
        assert secret not in page
    assert str(three[0].submission_id) not in page


def test_only_who_was_asked_reads_a_review(three, other_learner, teacher, client):
    review = Review.objects.filter(project=three[0]).first()
    other = Review.objects.filter(project=three[0]).exclude(pk=review.pk).get()
    assert client.get(of(review)).url.startswith("/accounts/login/")
    for person in (three[0].learner, other.reviewer, other_learner, teacher):
        assert browser(person).get(of(review)).status_code == 404
        assert browser(person).post(of(review), {"do": "give-back"}).status_code == 404
    assert browser(review.reviewer).get(reverse("capstones:review", args=[uuid.uuid4()])).status_code == 404


def test_a_reviewers_submission_page_stays_closed(three):
    review = Review.objects.filter(project=three[0]).first()
    client = browser(review.reviewer)
    for name in ("courses:submission", "courses:submission_notebook"):
        assert client.get(reverse(name, args=[three[0].submission_id])).status_code == 404


def test_a_review_is_kept_sent_and_then_only_read(three):
    review = Review.objects.filter(project=three[0]).first()
    client = browser(review.reviewer)
    assert "โครงงานรอการทบทวนจากท่าน" in client.get(reverse("courses:desk")).text
    assert client.post(of(review), {"do": "keep", "level-0": "3"}).url == of(review)
    assert "checked" in client.get(of(review)).text
    refused = client.post(of(review), {"do": "send", "level-0": "3", "comment": "x" * 30})
    assert refused.status_code == 422
    assert "เลือกระดับ" in refused.text
    refused = client.post(of(review), {"do": "send", "level-0": "3", "level-1": "3", "comment": "สั้น"})
    assert "เขียนอย่างน้อย 20 อักขระ" in refused.text
    assert client.post(of(review), {"do": "send", "level-0": "9", "level-1": "3"}).status_code == 422
    done = client.post(of(review), {"do": "send", "level-0": "3", "level-1": "4", "comment": WORDS})
    assert done.url == reverse("capstones:reviews")
    page = client.get(of(review)).text
    assert "ส่งผลการทบทวน</button>" not in page
    client.post(of(review), {"do": "send", "level-0": "1", "level-1": "1", "comment": WORDS})
    assert Review.objects.get(pk=review.pk).levels == [3, 4]


def test_a_review_passed_on_says_so(three, capstone, peer):
    review = Review.objects.filter(project=three[0]).first()
    client = browser(review.reviewer)
    assert client.post(of(review), {"do": "give-back"}).status_code == 302
    page = client.get(of(review))
    assert page.status_code == 410
    assert "ส่งต่อให้ผู้อื่นแล้ว" in page.text


def test_a_review_of_what_was_taken_back_says_so(three):
    review = Review.objects.filter(project=three[0]).first()
    browser(three[0].learner).post(reverse("capstones:withdraw", args=[three[0].pk]))
    page = browser(review.reviewer).get(of(review))
    assert page.status_code == 410
    assert "ผู้ทำถอนโครงงานหรือมีการตัดสินไปแล้ว" in page.text


def test_a_project_that_a_peer_has_opened_is_not_taken_back(three, capstone):
    maker = browser(three[0].learner)
    assert "/take-back/" in maker.get(at(capstone)).text
    review = Review.objects.filter(project=three[0]).first()
    browser(review.reviewer).get(of(review))
    assert "/take-back/" not in maker.get(at(capstone)).text
    page = maker.post(reverse("capstones:withdraw", args=[three[0].pk]), follow=True).text
    assert "ผู้ทบทวนเปิดอ่านแล้ว" in page
    # Who opened it does not take back their own either.
    page = (
        browser(review.reviewer)
        .post(reverse("capstones:withdraw", args=[Project.objects.get(learner=review.reviewer).pk]), follow=True)
        .text
    )
    assert "ท่านเปิดอ่านโครงงานของผู้อื่นแล้ว" in page
    assert Project.objects.under_review().count() == 3


# --- The back office -------------------------------------------------------------------------------------------------


def test_the_desk_is_for_those_who_give_points_in_that_provider(three, teacher, other_learner, hr_officer):
    reviewed(three[0], [2, 4], WORDS)
    reviewed(three[1], [3, 3], WORDS)
    stranger_provider = Provider.objects.create(slug="other", name_th="อื่น")
    elsewhere = reviewer_group("Instructors", "kru2@example.go.th")
    stranger_provider.admit(elsewhere, ProviderMember.Role.LEAD)
    page = browser(teacher).get(reverse("projects")).text
    assert "&lt;b&gt;1&lt;/b&gt;" in page
    assert page.count("เพื่อนเห็นต่างกัน") == 0  # 2 and 2: the same review twice
    assert "&lt;b&gt;1&lt;/b&gt;" not in browser(elsewhere).get(reverse("projects")).text
    assert browser(elsewhere).get(desk_of(three[0])).status_code == 404
    assert browser(elsewhere).post(desk_of(three[0]), {"level-0": "1", "level-1": "1"}).status_code == 404
    reviewer = reviewer_group("Reviewers", "reviewer@example.go.th")
    for person in (other_learner, hr_officer, reviewer, three[1].learner):
        for address in (reverse("projects"), desk_of(three[0])):
            assert browser(person).get(address).status_code in (302, 403)


def test_an_instructor_decides_without_a_name_and_with_open_eyes_where_peers_disagree(three, teacher):
    first, second = Review.objects.filter(project=three[0])
    for review, levels in ((first, [1, 3]), (second, [4, 4])):
        Review.objects.filter(pk=review.pk).update(levels=levels, comment=WORDS, sent_at=review.assigned_at)
    client = browser(teacher)
    assert "เพื่อนเห็นต่างกัน" in client.get(reverse("projects")).text
    page = client.get(desk_of(three[0])).text
    assert three[0].learner.get_full_name() not in page
    assert first.reviewer.get_full_name() not in page
    assert "เพื่อนเห็นต่างกัน: " in page
    assert "<script>alert(1)" not in page
    assert page.count("checked") == 1  # the criterion in which they agree
    assert client.post(desk_of(three[0]), {"level-1": "3"}).status_code == 422
    answer = client.post(desk_of(three[0]), {"level-0": "3", "level-1": "3", "comment": "ดี", "seen": ""})
    assert answer.url == reverse("projects")
    three[0].refresh_from_db()
    assert three[0].submission.grade.score == 16
    assert client.post(desk_of(three[0]), {"level-0": "1", "level-1": "1", "seen": ""}).status_code == 422
    again = {"level-0": "4", "level-1": "4", "seen": str(three[0].decided_at)}
    assert client.post(desk_of(three[0]), again).status_code == 302


@pytest.mark.parametrize("show", ["", "reviewing", "decided", "gallery", "hostile"])
def test_each_list_of_the_desk_holds_its_own_and_nothing_else_when_empty(three, teacher, show):
    reviewed(three[0], [3, 3])
    page = browser(teacher).get(reverse("projects"), {"show": show})
    found = {project.pk for project, _is_disputed in page.context["rows"]}
    waiting = {three[0].pk}
    expected = {"reviewing": {one.pk for one in three}, "decided": set(), "gallery": set()}
    assert found == expected.get(show, waiting)


def test_reviews_that_are_missing_need_a_tick(three, teacher):
    client = browser(teacher)
    levels = {"level-0": "3", "level-1": "3", "seen": ""}
    assert "ผลการทบทวนยังไม่ครบ" in client.post(desk_of(three[0]), levels).text
    assert client.post(desk_of(three[0]), levels | {"without_all": "on"}).status_code == 302


def test_an_instructor_keeps_a_rude_review_from_the_learner(decided, teacher, capstone):
    one = decided.reviews.first()
    client = browser(teacher)
    client.post(reverse("project_review_hide", args=[one.pk]))
    assert browser(decided.learner).get(at(capstone)).text.count("alert(1)") == 1
    client.post(reverse("project_review_hide", args=[one.pk]))
    assert browser(decided.learner).get(at(capstone)).text.count("alert(1)") == 2


def test_a_capstone_is_written_in_the_back_office_on_an_exercise_that_can_be_one(teacher, capstone, exercise):
    client = browser(teacher)
    edit = reverse("wagtailsnippets_capstones_capstone:edit", args=[capstone.pk])
    assert json.dumps("คุณค่าต่อหน่วยงาน")[1:-1] in client.get(edit).text
    add = client.get(reverse("wagtailsnippets_capstones_capstone:add"))
    assert add.status_code == 200
    stream = {
        "criteria-count": "1", "criteria-0-type": "criterion", "criteria-0-order": "0", "criteria-0-deleted": "",
        "criteria-0-value-name-th": "ชัดเจน", "criteria-0-value-name-en": "Clear", "criteria-0-value-asks-th": "",
        "criteria-0-value-asks-en": "", "criteria-0-value-weight": "1", "criteria-0-value-levels-count": "2",
        "criteria-0-value-levels-0-order": "0", "criteria-0-value-levels-0-deleted": "",
        "criteria-0-value-levels-0-value-th": "ไม่", "criteria-0-value-levels-0-value-en": "",
        "criteria-0-value-levels-1-order": "1", "criteria-0-value-levels-1-deleted": "",
        "criteria-0-value-levels-1-value-th": "ใช่", "criteria-0-value-levels-1-value-en": "",
    }  # fmt: skip
    brief = '{"blocks": [{"text": "โจทย์", "type": "unstyled", "key": "a"}], "entityMap": {}}'
    form = stream | {"brief_th": brief, "brief_en": "null", "reviewers": "2", "review_days": "7"}
    url = reverse("wagtailsnippets_capstones_capstone:add")
    exercise.versions.update(source=b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    other = make_capstone("second")
    Capstone.objects.filter(pk=other.pk).delete()
    answer = client.post(url, form | {"exercise": other.exercise.pk})
    assert answer.status_code == 302, answer.text
    assert Capstone.objects.get(exercise=other.exercise).rubric()[0]["name"] == {"th": "ชัดเจน", "en": "Clear"}
    assert client.post(reverse("wagtailsnippets_capstones_capstone:delete", args=[capstone.pk])).status_code == 302
    assert Capstone.objects.filter(pk=capstone.pk).exists()


def test_whose_capstone_it_is_decides_who_changes_it(capstone):
    Provider.objects.create(slug="other", name_th="อื่น").admit(
        elsewhere := reviewer_group("Instructors", "kru2@example.go.th"), ProviderMember.Role.LEAD
    )
    client = browser(elsewhere)
    edit = reverse("wagtailsnippets_capstones_capstone:edit", args=[capstone.pk])
    assert client.get(edit).status_code in (302, 404)
    assert "di-project" not in client.get(reverse("wagtailsnippets_capstones_capstone:list")).text


# --- The gallery -----------------------------------------------------------------------------------------------------


def share(project, **data):
    return browser(project.learner).post(reverse("capstones:share", args=[project.pk]), data)


def test_the_gallery_shows_by_consent_only_and_forgets_at_once(decided, client):
    listed = reverse("capstones:gallery")
    alone = reverse("capstones:gallery_project", args=[decided.pk])
    assert client.get(alone).status_code == 404
    share(decided, do="share", shows_name="on")  # not agreed
    assert client.get(alone).status_code == 404
    share(decided, do="share", agrees="on")
    page = client.get(alone).text
    assert decided.learner.get_full_name() not in client.get(listed).text + page
    assert "<script>alert(1)" not in page
    assert "คะแนนลับ" not in page
    assert "<b>1</b>" not in page + client.get(listed).text
    share(decided, do="withdraw")
    assert client.get(alone).status_code == 404
    assert "&lt;b&gt;1" not in client.get(listed).text
    share(decided, do="share", agrees="on", shows_name="on")
    assert decided.learner.get_full_name() in client.get(alone).text


def test_nobody_shows_anothers_project_and_none_that_is_not_decided(decided, three, other_learner, client):
    address = reverse("capstones:share", args=[decided.pk])
    assert client.post(address, {"do": "share", "agrees": "on"}).url.startswith("/accounts/login/")
    assert browser(other_learner).post(address, {"do": "share", "agrees": "on"}).status_code == 404
    share(three[1], do="share", agrees="on")
    assert not Project.objects.in_gallery().exists()


def test_an_instructor_takes_it_out_and_its_maker_reads_why(decided, teacher, capstone, client):
    gallery.share(decided, shows_name=False)
    desk = browser(teacher)
    hide = reverse("project_hide", args=[decided.pk])
    desk.post(hide, {"reason": " "})
    assert Project.objects.in_gallery().exists()
    desk.post(hide, {"reason": "มีชื่อบุคคลในตาราง"})
    assert client.get(reverse("capstones:gallery_project", args=[decided.pk])).status_code == 404
    assert "มีชื่อบุคคลในตาราง" in browser(decided.learner).get(at(capstone)).text
    desk.post(hide)
    assert Project.objects.in_gallery().exists()


def again(decided, capstone):
    """Its maker sends another project."""
    return sent(capstone, decided.learner, title="โครงงานที่สอง")


def test_an_earlier_project_stays_on_the_page_with_its_decision_and_can_be_taken_out(decided, capstone, client):
    share(decided, do="share", agrees="on", shows_name="on")
    again(decided, capstone)
    page = browser(decided.learner).get(at(capstone)).text
    assert "โครงงานที่สอง" in page
    assert "โครงงาน &lt;b&gt;1&lt;/b&gt;" in page
    assert "ผ่านเกณฑ์ทุกข้อ" in page
    assert "ผู้ทบทวนคนที่ 2" in page
    assert page.count('value="withdraw"') == 1
    assert reverse("capstones:share", args=[decided.pk]) in page
    share(decided, do="withdraw")
    assert client.get(reverse("capstones:gallery_project", args=[decided.pk])).status_code == 404
    page = browser(decided.learner).get(at(capstone)).text
    assert 'value="withdraw"' not in page
    assert page.count('value="share"') == 1  # taken out by mistake: in again
    assert len(re.findall(r'id="([^"]+)"', page)) == len(set(re.findall(r'id="([^"]+)"', page)))


@pytest.mark.parametrize("last", [0, 2**128 - 1])
def test_the_newest_project_is_the_one_on_top(decided, capstone, last):
    newest = again(decided, capstone)
    Project.objects.filter(pk=newest.pk).delete()
    newest.pk = uuid.UUID(int=last)
    newest.save(force_insert=True)
    page = browser(decided.learner).get(at(capstone))
    assert page.context["project"] == newest
    assert [one["project"] for one in page.context["earlier"]] == [decided]


def test_a_consent_can_be_taken_back_from_what_does_not_stand_there_any_more(decided, teacher, capstone, client):
    share(decided, do="share", agrees="on")
    alone = reverse("capstones:gallery_project", args=[decided.pk])
    deciding.decide(decided, by=teacher, levels=[1, 1], comment="", seen=decided.decided_at)
    assert client.get(alone).status_code == 404
    assert "&lt;b&gt;1" not in client.get(reverse("capstones:gallery")).text
    page = browser(decided.learner).get(at(capstone)).text
    assert 'value="withdraw"' in page
    assert 'value="share"' not in page
    assert alone not in page
    assert "ขณะนี้โครงงานไม่อยู่ในแกลเลอรี" in page
    share(decided, do="withdraw")
    decided.refresh_from_db()
    assert decided.shared_at is None
    Capstone.objects.update(has_gallery=False)
    assert 'value="share"' not in browser(decided.learner).get(at(capstone)).text


def test_a_projects_page_asks_as_often_with_many_earlier_projects_as_with_few(decided, capstone):
    again(decided, capstone)
    client = browser(decided.learner)
    before = queries(client, at(capstone))
    for _number in range(29):
        copy = Project.objects.get(pk=decided.pk)
        copy.pk = uuid.uuid4()
        copy.save(force_insert=True)
    assert queries(client, at(capstone)) == before


def test_the_old_address_of_a_project_leads_to_the_new_one(capstone, peer):
    client = browser(peer(1))
    old = at(capstone)
    Exercise.objects.filter(pk=capstone.exercise_id).update(slug="renamed")
    capstone.exercise.refresh_from_db()
    readdressing.moved(capstone.exercise, "di-project")
    answer = client.get(old)
    assert (answer.status_code, answer.headers["Location"]) == (301, at(capstone))
    assert client.get(at(capstone)).status_code == 200


# --- Lists -----------------------------------------------------------------------------------------------------------


def copies(project, count):
    """The same project of other people."""
    for number in range(count):
        person = make_person(f"copy{number}@example.go.th", f"สำเนา{number}")
        copy = Project.objects.get(pk=project.pk)
        copy.pk, copy.learner = uuid.uuid4(), person
        copy.save(force_insert=True)
        for reviewer in (project.learner_id, project.reviews.first().reviewer_id):
            Review.objects.create(
                project=copy, reviewer_id=reviewer, due_at=copy.review_until, levels=[3, 3], sent_at=copy.sent_at
            )


def queries(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


def test_lists_ask_the_database_as_often_for_thirty_rows_as_for_one(decided, teacher, client):
    gallery.share(decided, shows_name=True)
    decided.refresh_from_db()
    reviewer = decided.reviews.first().reviewer
    pages = [
        (client, reverse("capstones:gallery")),
        (browser(reviewer), reverse("capstones:reviews")),
        (browser(teacher), reverse("projects") + "?show=decided"),
        (browser(teacher), reverse("projects") + "?show=gallery"),
    ]
    before = [queries(*page) for page in pages]
    copies(decided, 29)
    assert [queries(*page) for page in pages] == before


def test_the_way_to_the_project_stands_on_the_exercise(capstone, peer, settings):
    page = browser(peer(1)).get(reverse("courses:exercise", args=[capstone.exercise.slug])).text
    assert at(capstone) in page


def test_the_result_of_the_examiner_leads_to_the_project(capstone, peer):
    submission = handed_in(capstone, learner := peer(1))
    assert at(capstone) in browser(learner).get(reverse("courses:submission", args=[submission.pk])).text
