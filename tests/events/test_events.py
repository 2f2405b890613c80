"""Taking part in an event: teams, the clock, the board, as people see it."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from courses.events import taking_part
from courses.events.models import Event, Team, TeamMember
from courses.events.taking_part import Refused
from courses.models import Enrollment
from grading.models import Submission
from lms.privacy import erasing
from tests.conftest import make_person
from tests.courses.courses_in_the_making import author, make_provider
from tests.courses.test_exercise_pages import answer
from tests.courses.trees import grow, plant

pytestmark = pytest.mark.django_db
PAGE = "/events/odd/"


def test_a_team_is_made_and_joined_by_its_code_however_it_was_typed(client, make_event, learner, other_learner):
    make_event(1, 2)
    client.force_login(learner)
    assert client.post(f"{PAGE}team/", {"name": "  ข้าว   หอม "}).url == PAGE
    team = Team.objects.get(name="ข้าว หอม")
    client.force_login(other_learner)
    assert team.code in client.get(f"{PAGE}join/?code={team.code}").text
    typed = f" {team.code[:4].lower()}-{team.code[4:]} "
    assert client.post(f"{PAGE}join/", {"code": typed}).url == PAGE
    assert set(team.members.values_list("person", flat=True)) == {learner.pk, other_learner.pk}
    page = client.get(PAGE).text
    assert "น้ำฝน" in page
    assert team.code in page


@pytest.mark.parametrize("name", ["", "   ", "\0\u200b", "ก" * 61])
def test_a_name_that_is_none_makes_no_team(client, make_event, learner, name):
    make_event()
    client.force_login(learner)
    assert client.post(f"{PAGE}team/", {"name": name}).status_code == 422
    assert not Team.objects.exists()


def test_a_hostile_name_is_text(client, make_event, make_team, learner):
    event = make_event()
    make_team(event, "<script>alert(1)</script>", learner)
    client.force_login(learner)
    assert "<script>alert" not in client.get(PAGE).text


@pytest.mark.parametrize("code", ["", "ก" * 8, "AAAAAAAA", "\0", "<script>", "x" * 500])
def test_a_code_that_is_none_joins_nothing(client, make_event, make_team, learner, other_learner, code):
    make_team(make_event(), "ข้าวหอม", other_learner)
    client.force_login(learner)
    assert client.post(f"{PAGE}join/", {"code": code}).status_code == 422
    assert TeamMember.objects.count() == 1


def test_why_somebody_cannot_join_is_said(client, make_event, make_team, learner, other_learner):
    event = make_event(team_size=1)
    team = make_team(event, "ข้าวหอม", other_learner)
    client.force_login(learner)
    assert "เต็มแล้ว" in client.post(f"{PAGE}join/", {"code": team.code}).text
    assert "มีทีมอื่นใช้ชื่อนี้แล้ว" in client.post(f"{PAGE}team/", {"name": "ข้าวหอม"}).text
    client.post(f"{PAGE}team/", {"name": "ข้าวเหนียว"})
    assert "อยู่ในทีมของกิจกรรมนี้แล้ว" in client.post(f"{PAGE}team/", {"name": "อีกทีม"}, follow=True).text
    assert Team.objects.count() == 2


def test_two_windows_of_one_person_make_one_team(make_event, learner, monkeypatch):
    event = make_event()
    taking_part.found_team(event, learner, "ก")
    monkeypatch.setattr(taking_part, "_let_in", lambda *_: None)  # both had looked before either was done
    with pytest.raises(Refused, match="member"):
        taking_part.found_team(event, learner, "ข")
    assert Team.objects.count() == 1


def test_a_team_is_left_until_the_event_begins_and_not_afterwards(client, make_event, make_team, learner):
    event = make_event(1, 2)
    make_team(event, "ข้าวหอม", learner)
    client.force_login(learner)
    client.post(f"{PAGE}leave/")
    assert not Team.objects.exists()
    Event.objects.update(starts_at=timezone.now())
    make_team(event, "ข้าวหอม", learner)
    assert "เปลี่ยนทีมไม่ได้" in client.post(f"{PAGE}leave/", follow=True).text
    assert TeamMember.objects.exists()


def test_whoever_sees_what_is_hidden_cannot_compete(client, make_event, instructor):
    make_event()
    client.force_login(instructor)
    assert "เข้าร่วมไม่ได้" in client.get(PAGE).text
    client.post(f"{PAGE}team/", {"name": "เรา"})
    assert not Team.objects.exists()


def test_nor_whoever_sees_what_is_hidden_in_the_exercise_alone(client, make_event, tree):
    """The event is of one provider, its exercise of none: an instructor of another may read its checks."""
    make_event(provider=make_provider("ours", "ของเรา"))
    client.force_login(author("them@example.go.th", make_provider("theirs", "ของเขา")))
    client.post(f"{PAGE}team/", {"name": "เรา"})
    assert not Team.objects.exists()


def test_nobody_talks_about_it_while_one_person_has_more_time(
    client, challenge, make_event, make_team, hand_in, learner, other_learner
):
    event = make_event(-2, -1)
    make_team(event, "ข้าวหอม", learner)
    make_team(event, "ข้าวเหนียว", other_learner)
    hand_in(learner, 5, hours=-1.5)
    challenge.extensions.create(learner=other_learner, due_at=timezone.now() + timedelta(hours=1), reason="ไฟดับ")
    client.force_login(learner)
    assert client.get("/exercises/open-data-day/discussion/").status_code == 403


def test_a_result_is_seen_by_all_though_the_board_was_off(client, make_event, make_team, learner):
    make_team(make_event(-2, -1, shows_board=False, result_at=timezone.now()), "ข้าวหอม", learner)
    client.force_login(learner)
    assert "<table" in client.get(PAGE).text


def test_the_exercise_opens_for_teams_when_the_event_begins(client, make_event, make_team, learner, other_learner):
    event = make_event(1, 2)
    make_team(event, "ข้าวหอม", learner)
    address = "/exercises/open-data-day/"
    client.force_login(learner)
    assert client.get(address).url == PAGE
    assert address not in client.get(PAGE).text
    assert client.get(f"{address}release.ipynb").status_code == 302
    Event.objects.update(starts_at=timezone.now())
    assert address in client.get(PAGE).text
    assert client.get(address).status_code == 200
    client.force_login(other_learner)
    assert client.get(address).url == PAGE
    client.logout()
    assert "/accounts/login/" in client.get(address).url


def test_a_lesson_that_is_published_with_it_meanwhile_opens_it_for_nobody(client, make_event, challenge, learner):
    make_event(1, 2)
    course = grow(plant(), exercises=[challenge])
    Enrollment.objects.enroll(learner=learner, course_key=course.translation_key)
    client.force_login(learner)
    assert client.get("/exercises/open-data-day/").status_code == 302
    assert client.get("/exercises/open-data-day/release.ipynb").status_code == 302
    Event.objects.update(starts_at=timezone.now() - timedelta(hours=3), ends_at=timezone.now() - timedelta(hours=2))
    assert client.get("/exercises/open-data-day/").status_code == 200


def test_whoever_is_erased_leaves_no_team_of_one_behind(make_event, make_team, learner, other_learner):
    event = make_event()
    alone = make_person("alone@example.go.th", "ผู้เดียว")
    make_team(event, "ทีมของผู้เดียว", alone)
    make_team(event, "ข้าวหอม", learner, other_learner)
    for person in (alone, learner):
        erasing.erase(person, keeps_credentials=False)
    assert list(Team.objects.values_list("name", flat=True)) == ["ข้าวหอม"]
    assert list(TeamMember.objects.values_list("person", flat=True)) == [other_learner.pk]


def send(client, more=b""):
    """``more``: the same bytes at once would be a double click."""
    file = SimpleUploadedFile("a.ipynb", answer() + more)
    return client.post("/exercises/open-data-day/hand-in/", {"notebook": file})


def test_what_comes_after_the_end_is_refused_and_what_comes_before_is_taken(
    client, make_event, make_team, learner, challenge
):
    event = make_event()
    make_team(event, "ข้าวหอม", learner)
    client.force_login(learner)
    assert send(client).status_code == 302
    assert Submission.objects.count() == 1
    challenge.due_at = timezone.now()
    challenge.save()
    answered = send(client, b" ")
    assert answered.status_code == 422
    assert "หมดเวลาส่ง" in answered.text
    assert Submission.objects.count() == 1


def test_nobody_talks_about_it_before_the_end(client, make_event, make_team, hand_in, learner):
    event = make_event()
    make_team(event, "ข้าวหอม", learner)
    hand_in(learner, 5)
    client.force_login(learner)
    closed = client.get("/exercises/open-data-day/discussion/")
    Event.objects.update(ends_at=timezone.now())
    opened = client.get("/exercises/open-data-day/discussion/")
    assert (closed.status_code, opened.status_code) == (403, 200)


def test_the_board_stands_still_for_teams_until_the_result_is_published(
    client, make_event, make_team, hand_in, learner, other_learner
):
    event = make_event(-3, 1, freezes=-1)
    make_team(event, "ข้าวหอม", learner)
    make_team(event, "ข้าวเหนียว", other_learner)
    hand_in(learner, 2, hours=-2)
    hand_in(other_learner, 9, hours=-0.5)
    client.force_login(learner)
    board = client.get(f"{PAGE}board/?was=still").text
    assert "หยุดปรับ" in board
    assert board.index("ข้าวหอม") < board.index("ข้าวเหนียว")
    Event.objects.update(result_at=timezone.now(), ends_at=timezone.now())
    result = client.get(f"{PAGE}board/?was=result").text
    assert result.index("ข้าวเหนียว") < result.index("ข้าวหอม")
    assert "hx-get" not in result


def test_a_page_that_shows_an_older_state_or_lost_its_login_is_loaded_anew(client, make_event, learner):
    make_event()
    assert client.get(f"{PAGE}board/?was=on").headers["HX-Refresh"] == "true"
    client.force_login(learner)
    assert client.get(f"{PAGE}board/?was=before").headers["HX-Refresh"] == "true"
    assert "HX-Refresh" not in client.get(f"{PAGE}board/?was=on").headers


def test_a_board_that_is_off_is_seen_by_those_who_run_the_event_only(
    client, make_event, make_team, learner, instructor
):
    make_team(make_event(shows_board=False), "ข้าวหอม", learner)
    client.force_login(learner)
    assert "<table" not in client.get(PAGE).text
    client.force_login(instructor)
    assert "ข้าวหอม" in client.get(PAGE).text


def test_strangers_read_what_it_is_about_and_nothing_of_the_teams(client, make_event, make_team, learner):
    make_team(make_event(), "ข้าวหอม", learner)
    page = client.get(PAGE).text
    assert "ทำนายยอดคำร้องของเดือนหน้า" in page
    assert "ข้าวหอม" not in page
    assert client.post(f"{PAGE}team/", {"name": "เรา"}).url.startswith("/accounts/login/")


def test_a_draft_is_nobodys_business(client, make_event, learner):
    make_event(is_published=False)
    client.force_login(learner)
    assert client.get(PAGE).status_code == 404
    assert "วันข้อมูลเปิด" not in client.get("/events/").text


def test_the_list_tells_what_is_on_what_comes_and_what_was(client, make_event):
    event = make_event(-1, 1)
    assert "กำลังแข่งขัน" in client.get("/events/").text
    Event.objects.filter(pk=event.pk).update(ends_at=timezone.now())
    page = client.get("/events/").text
    assert "กิจกรรมที่ผ่านมา" in page
    assert "ยังไม่มีกิจกรรมที่ประกาศไว้" in page
    assert "Open Data Day" in client.get("/en/events/").text


@pytest.mark.parametrize("teams", [1, 30])
def test_a_page_asks_as_much_for_thirty_teams_as_for_one(
    client, make_event, make_team, hand_in, learner, django_assert_max_num_queries, teams
):
    event = make_event()
    make_team(event, "ข้าวหอม", learner)
    for number in range(teams - 1):
        person = make_person(f"p{number}@example.go.th", f"คนที่ {number}")
        make_team(event, f"ทีม {number}", person)
        hand_in(person, number % 10, hours=-0.5)
    client.force_login(learner)
    client.get(PAGE)
    with django_assert_max_num_queries(22):
        assert client.get(PAGE).status_code == 200
