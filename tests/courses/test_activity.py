import uuid
from datetime import UTC, datetime, timedelta

import pytest

from courses.models import ActiveTime, Enrollment, Presence
from courses.models.activity import active_minutes, hear

pytestmark = pytest.mark.django_db
START = datetime(2026, 2, 10, 3, 0, tzinfo=UTC)
NONE = timedelta(0)


def at(seconds):
    return START + timedelta(seconds=seconds)


def total(learner):
    return sum(ActiveTime.objects.filter(learner=learner).values_list("seconds", flat=True))


@pytest.fixture
def key():
    return uuid.uuid4()


def test_an_hour_of_work_counts_an_hour(learner, key):
    for seconds in range(0, 3601, 30):
        hear(learner, key, idle=NONE, now=at(seconds))
    assert total(learner) == 3600
    assert active_minutes(learner, [key]) == {key: 60}


def test_two_tabs_do_not_count_twice_whatever_courses_they_show(learner, key):
    other = uuid.uuid4()
    for seconds in range(0, 3601, 15):
        hear(learner, key if seconds % 30 else other, idle=NONE, now=at(seconds))
    assert total(learner) == 3600


def test_a_tab_left_open_for_three_hours_counts_five_minutes_at_most(learner, key):
    for seconds in range(0, 3 * 3600, 30):
        hear(learner, key, idle=timedelta(seconds=seconds), now=at(seconds))
    assert total(learner) == 300


def test_an_idle_tab_adds_nothing_to_one_that_is_worked_in(learner, key):
    for seconds in range(0, 3601, 30):
        hear(learner, key, idle=timedelta(seconds=seconds), now=at(seconds + 7))
        hear(learner, key, idle=NONE, now=at(seconds + 15))
    assert total(learner) <= 3615


def test_what_lies_between_two_visits_is_no_work(learner, key):
    hear(learner, key, idle=NONE, now=at(0))
    assert hear(learner, key, idle=NONE, now=at(600)) == 0
    assert hear(learner, key, idle=NONE, now=at(630)) == 30


def test_a_clock_that_goes_backwards_takes_nothing(learner, key):
    hear(learner, key, idle=NONE, now=at(100))
    assert hear(learner, key, idle=NONE, now=at(50)) == 0
    assert Presence.objects.get().last_at == at(100)


def test_midnight_is_bangkoks(learner, key):
    evening = datetime(2026, 2, 10, 16, 59, 50, tzinfo=UTC)  # 23:59:50
    for seconds in (0, 30, 60):
        hear(learner, key, idle=NONE, now=evening + timedelta(seconds=seconds))
    assert [row.day.isoformat() for row in ActiveTime.objects.order_by("day")] == ["2026-02-11"]


def test_the_address_takes_signs_of_life_of_those_enrolled_only(client, learner, other_learner, tree):
    key = tree.course.translation_key
    Enrollment.objects.enroll(learner=learner, course_key=key)
    assert client.post("/activity/", {"course": key, "idle": "0"}).status_code == 204  # nobody
    client.force_login(other_learner)
    assert client.post("/activity/", {"course": key, "idle": "0"}).status_code == 204  # not enrolled
    assert not Presence.objects.exists()
    client.force_login(learner)
    client.post("/activity/", {"course": key, "idle": "0"})
    assert Presence.objects.get().learner == learner
    assert client.get("/activity/").status_code == 405


@pytest.mark.parametrize("sent", [{}, {"course": "x", "idle": "0"}, {"course": str(uuid.uuid4()), "idle": "ก"}])
def test_a_sign_that_is_none_is_refused(client, learner, sent):
    client.force_login(learner)
    assert client.post("/activity/", sent).status_code == 400


def test_a_lesson_speaks_for_those_enrolled_and_for_nobody_else(client, learner, tree):
    client.force_login(learner)
    address = "/courses/da-201/module/lesson/"
    assert 'id="active-time"' not in client.get(address).text
    Enrollment.objects.enroll(learner=learner, course_key=tree.course.translation_key)
    assert 'id="active-time"' in client.get(address).text
