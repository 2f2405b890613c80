"""Events in the back office: who may run them, what they must be made of, and their result."""

import csv
import io
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import cache
from django.utils import timezone
from django.utils.timezone import localtime

from courses.events import tasks
from courses.events.models import Event, Team, TeamMember
from grading.models import DataFile, Exercise, Submission
from tests.courses.courses_in_the_making import author, make_provider
from tests.courses.test_exercise_pages import DEMO

pytestmark = pytest.mark.django_db
LIST = "/cms/events/"


def filled(challenge, **more):
    """What a browser sends for an event of tomorrow."""
    tomorrow = timezone.now() + timedelta(days=1)
    moments = {
        "starts_at": tomorrow,
        "ends_at": tomorrow + timedelta(hours=6),
        "freezes_at": tomorrow + timedelta(hours=5),
    }
    return {
        "title_th": "วันข้อมูลเปิด",
        "title_en": "Open Data Day",
        "slug": "odd",
        "brief_th": "ทำนายยอดคำร้อง",
        "team_size": "4",
        "shows_board": "on",
        "is_published": "on",
        "exercises": [challenge.pk],
        **{name: localtime(value).strftime("%Y-%m-%dT%H:%M") for name, value in moments.items()},
        **more,
    }


def moment(hours):
    return localtime(timezone.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def test_an_event_gives_its_moments_to_its_exercises(client, instructor, challenge):
    client.force_login(instructor)
    assert client.post(f"{LIST}new/", filled(challenge)).status_code == 302
    event = Event.objects.get()
    challenge.refresh_from_db()
    assert (challenge.opens_at, challenge.due_at, challenge.late_rule) == (event.starts_at, event.ends_at, "refused")
    assert localtime(event.starts_at).strftime("%Y-%m-%dT%H:%M") == filled(challenge)["starts_at"]  # Bangkok's
    longer = localtime(event.ends_at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    client.post(f"{LIST}{event.pk}/", filled(challenge, ends_at=longer))
    challenge.refresh_from_db()
    assert challenge.due_at == Event.objects.get().ends_at > event.ends_at


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"ends_at": moment(1)}, "เวลาสิ้นสุดต้องอยู่หลังเวลาเริ่ม"),
        ({"freezes_at": moment(1)}, "ต้องอยู่ในช่วงเวลาของกิจกรรม"),
        ({"exercises": []}, "ยังไม่มีโจทย์ให้แก้"),
        ({"exercises": ["999999"]}, "999999"),
        ({"starts_at": "เมื่อวาน"}, "id_starts_at_error"),
        ({"team_size": "0"}, "1"),
        ({"slug": "กิจกรรม"}, "slug"),
        ({"title_th": ""}, "title_th"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(client, instructor, challenge, wrong, told):
    client.force_login(instructor)
    answered = client.post(f"{LIST}new/", filled(challenge, **wrong))
    assert answered.status_code == 422
    assert "error-message" in answered.text
    assert told in answered.text
    assert not Event.objects.exists()


def test_an_exercise_of_a_course_or_with_nothing_hidden_is_none_of_an_event(client, instructor, tree, exercise):
    client.force_login(instructor)
    assert "อยู่ในหลักสูตรแล้ว" in client.post(f"{LIST}new/", filled(exercise)).text
    plain = Exercise.objects.create(slug="plain", title_th="ไม่มีอะไรซ่อน", title_en="Plain")
    assert "ไม่มีส่วนที่ซ่อน" in client.post(f"{LIST}new/", filled(plain)).text
    plain.add_version(source=b"{}", max_score=1, files=[DataFile(name="a", content=b"1")], limits={}, author=instructor)
    assert "ไม่มีส่วนที่ซ่อน" in client.post(f"{LIST}new/", filled(plain)).text
    plain.add_version(source=DEMO.source, max_score=1, files=[], limits={}, author=instructor)
    assert client.post(f"{LIST}new/", filled(plain)).status_code == 302


def test_once_begun_the_exercises_stay(client, instructor, challenge, make_event):
    event = make_event()
    client.force_login(instructor)
    assert client.post(f"{LIST}{event.pk}/", filled(challenge, exercises=[], freezes_at="")).status_code == 302
    assert event.challenges.count() == 1
    assert Event.objects.get().starts_at == event.starts_at.replace(microsecond=0)


def test_an_exercise_is_in_one_event_only(client, instructor, challenge, make_event):
    make_event()
    client.force_login(instructor)
    answered = client.post(f"{LIST}new/", filled(challenge, slug="other"))
    assert answered.status_code == 422
    assert Event.objects.count() == 1


@pytest.mark.parametrize("who", ["learner", "hr_officer", "reviewer", "stranger"])
def test_nobody_else_runs_events(client, request, make_event, make_team, who, learner):
    event = make_event(-2, -1)
    team = make_team(event, "ข้าวหอม", learner)
    if who == "reviewer":
        from django.contrib.auth.models import Group

        from tests.conftest import make_person

        person = make_person("reviewer@example.go.th", "ผู้ตรวจ")
        person.groups.add(Group.objects.get(name="Reviewers"))
        client.force_login(person)
    elif who != "stranger":
        client.force_login(request.getfixturevalue(who))
    for address in (LIST, f"{LIST}new/", f"{LIST}{event.pk}/", f"{LIST}{event.pk}/results.csv"):
        assert client.get(address).status_code in (302, 403)
    for address in (f"{LIST}{event.pk}/result/", f"{LIST}{event.pk}/delete/", f"/cms/event-teams/{team.pk}/"):
        assert client.post(address, {"do": "out", "reason": "x"}).status_code in (302, 403)
    event.refresh_from_db()
    team.refresh_from_db()
    assert (event.result_at, team.out_at) == (None, None)


def test_an_event_of_one_provider_is_not_there_for_another(client, make_event, make_team, learner, tree):
    event = make_event(-2, -1, provider=make_provider("ours", "ของเรา"))
    team = make_team(event, "ข้าวหอม", learner)
    client.force_login(author("them@example.go.th", make_provider("theirs", "ของเขา")))
    assert "วันข้อมูลเปิด" not in client.get(LIST).text
    assert client.get(f"{LIST}{event.pk}/").status_code == 404
    assert client.get(f"{LIST}{event.pk}/results.csv").status_code == 404
    assert client.post(f"/cms/event-teams/{team.pk}/", {"do": "out", "reason": "x"}).status_code == 404


def test_the_result_waits_for_the_end_and_for_every_grade_and_is_published_once(
    client, instructor, learner, make_event, make_team, hand_in
):
    event = make_event()
    make_team(event, "ข้าวหอม", learner)
    waiting = hand_in(learner, 7, hours=-0.5)
    Submission.objects.filter(pk=waiting.pk).update(status="queued")
    client.force_login(instructor)
    publish = f"{LIST}{event.pk}/result/"
    assert "ยังไม่สิ้นสุด" in client.post(publish, follow=True).text
    Event.objects.update(ends_at=timezone.now())
    assert "กำลังตรวจอยู่" in client.post(publish, follow=True).text
    assert Event.objects.get().result_at is None
    Submission.objects.update(status="graded")
    assert "ประกาศผลแล้ว" in client.post(publish, follow=True).text
    first = Event.objects.get().result_at
    client.post(publish)
    assert Event.objects.get().result_at == first


def test_everybody_is_written_to_once_with_their_place(learner, other_learner, make_event, make_team, hand_in):
    event = make_event(-2, -1)
    make_team(event, "ข้าวหอม", learner)
    make_team(event, "ข้าวเหนียว", other_learner)
    hand_in(learner, 7.5, hours=-1.5)
    assert tasks.tell_results() == 0
    Event.objects.update(result_at=timezone.now())
    assert tasks.tell_results() == 2
    assert tasks.tell_results() == 0
    letter = next(one for one in mail.outbox if one.to == [learner.email])
    assert "วันข้อมูลเปิด" in letter.subject
    assert "อันดับ 1 จาก 2 ทีม" in letter.body
    assert "7.5 คะแนน" in letter.body
    assert "/events/odd/" in letter.body


def test_a_letter_that_did_not_leave_is_tried_again(learner, make_event, make_team, settings, monkeypatch):
    event = make_event(-2, -1, result_at=timezone.now())
    make_team(event, "ข้าวหอม", learner)
    monkeypatch.setattr("courses.letters.send_mail", lambda *_, **__: 0)
    assert tasks.tell_results() == 0
    monkeypatch.undo()
    assert tasks.tell_results() == 1
    assert TeamMember.objects.get().told_at


def test_a_team_is_taken_off_the_board_with_a_reason_and_put_back(client, instructor, learner, make_event, make_team):
    event = make_event()
    team = make_team(event, "ข้าวหอม", learner)
    client.force_login(instructor)
    act = f"/cms/event-teams/{team.pk}/"
    client.post(act, {"do": "out", "reason": "  "})
    assert Team.objects.get().out_at is None
    client.post(act, {"do": "out", "reason": "ชื่อทีมไม่สุภาพ"})
    client.force_login(learner)
    page = client.get("/events/odd/").text
    assert "ชื่อทีมไม่สุภาพ" in page
    assert "<table" not in page
    client.force_login(instructor)
    client.post(act, {"do": "in"})
    cache.clear()  # a board is kept for some seconds
    client.force_login(learner)
    assert "<table" in client.get("/events/odd/board/?was=on").text


def test_an_event_with_teams_is_not_deleted(client, instructor, learner, make_event, make_team):
    event = make_event()
    team = make_team(event, "ข้าวหอม", learner)
    client.force_login(instructor)
    client.post(f"{LIST}{event.pk}/delete/")
    assert Event.objects.exists()
    team.delete()
    client.post(f"{LIST}{event.pk}/delete/")
    assert not Event.objects.exists()
    assert Exercise.objects.filter(slug="open-data-day").exists()


def test_the_table_of_results_has_no_formula_in_it(client, instructor, learner, make_event, make_team, hand_in):
    event = make_event(-2, -1)
    make_team(event, '=HYPERLINK("http://x")', learner)
    hand_in(learner, 7.5, hours=-1.5)
    client.force_login(instructor)
    answered = client.get(f"{LIST}{event.pk}/results.csv")
    rows = list(csv.reader(io.StringIO(answered.content.decode("utf-8-sig"))))
    assert rows[0][3] == "open-data-day"
    assert rows[1][:5] == ["1", '\'=HYPERLINK("http://x")', "7.5", "7.5", "1800"]
    assert "น้ำฝน ใจดี" in rows[1][5]


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_asks_as_much_for_thirty_as_for_one(
    client, instructor, make_event, django_assert_max_num_queries, count
):
    event = make_event()
    Event.objects.bulk_create(
        Event(
            slug=f"e{number}",
            title_th="ก",
            title_en="a",
            brief_th="ก",
            starts_at=event.starts_at,
            ends_at=event.ends_at,
        )
        for number in range(count - 1)
    )
    client.force_login(instructor)
    client.get(LIST)
    with django_assert_max_num_queries(30):
        assert client.get(LIST).status_code == 200


def test_the_exercises_are_of_the_events_own_provider(client, instructor, challenge, make_event):
    client.force_login(instructor)
    challenge.provider = make_provider("ours", "ของเรา")
    challenge.provider.admit(instructor, "author")
    challenge.save()
    instructor = type(instructor).objects.get(pk=instructor.pk)
    answered = client.post(f"{LIST}new/", filled(challenge, provider=""))
    assert answered.status_code == 422
    assert not Event.objects.exists()
    assert client.post(f"{LIST}new/", filled(challenge, provider=challenge.provider_id)).status_code == 302


def test_what_is_taken_out_of_an_event_keeps_none_of_its_moments(client, instructor, challenge, make_event):
    event = make_event(1, 2)
    client.force_login(instructor)
    assert client.post(f"{LIST}{event.pk}/", filled(challenge, exercises=[], is_published="")).status_code == 302
    challenge.refresh_from_db()
    assert (challenge.opens_at, challenge.due_at) == (None, None)


def test_a_deleted_event_lets_its_exercises_go(client, instructor, challenge, make_event):
    event = make_event(1, 2)
    client.force_login(instructor)
    client.post(f"{LIST}{event.pk}/delete/")
    challenge.refresh_from_db()
    assert (challenge.opens_at, challenge.due_at) == (None, None)


def test_the_result_waits_for_whoever_was_granted_more_time(
    client, instructor, learner, challenge, make_event, make_team
):
    event = make_event(-2, -1)
    make_team(event, "ข้าวหอม", learner)
    more = challenge.extensions.create(learner=learner, due_at=timezone.now() + timedelta(hours=1), reason="ไฟดับ")
    client.force_login(instructor)
    publish = f"{LIST}{event.pk}/result/"
    assert "ได้รับเวลาเพิ่ม" in client.post(publish, follow=True).text
    assert Event.objects.get().result_at is None
    more.due_at = timezone.now()
    more.save()
    client.post(publish)
    assert Event.objects.get().result_at


def test_an_event_is_edited_though_its_exercise_is_in_a_course_by_now(client, instructor, tree, exercise, make_event):
    event = make_event(-2, -1)
    event.challenges.create(exercise=exercise)
    client.force_login(instructor)
    assert client.post(f"{LIST}{event.pk}/", filled(exercise, title_th="ชื่อใหม่", freezes_at="")).status_code == 302
    assert Event.objects.get().title_th == "ชื่อใหม่"


def test_a_lesson_places_no_exercise_of_an_event_that_is_not_over(tree, instructor, challenge, make_event):
    from wagtail.test.utils.form_data import nested_form_data, rich_text, streamfield

    from tests.courses.trees import exercise_block

    make_event()
    lesson = tree.lessons[0]
    form_class = lesson.get_edit_handler().get_form_class()
    placed = streamfield([("exercise", exercise_block(challenge)["value"])])
    sent = nested_form_data({"title": "บท", "slug": "b", "minutes": "5", "body": placed, "summary": rich_text("")})
    form = form_class(sent, instance=lesson, for_user=instructor)
    form.is_valid()
    assert "กิจกรรมที่ยังไม่สิ้นสุด" in str(form.errors["body"])
    Event.objects.update(ends_at=timezone.now())
    form = form_class(sent, instance=lesson, for_user=instructor)
    form.is_valid()
    assert "body" not in form.errors
