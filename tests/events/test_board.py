"""The order of teams follows from submissions and a moment, and from nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from courses.events.board import Entry, board_at, board_of, standings
from grading.models import Submission
from tests.conftest import make_person

START = datetime(2026, 3, 7, 2, 0, tzinfo=UTC)


def entry(team, exercise, minutes, points):
    return Entry(team, exercise, START + timedelta(minutes=minutes), points)


def order(*entries, teams=(1, 2, 3)):
    return [(line.rank, line.team, line.points) for line in standings(entries, teams, START)]


def test_more_points_come_first_and_a_team_without_any_last():
    assert order(entry(2, 1, 5, 3), entry(1, 1, 9, 7)) == [(1, 1, 7), (2, 2, 3), (3, 3, 0)]


def test_of_equal_points_those_that_were_there_earlier_come_first():
    assert order(entry(1, 1, 30, 5), entry(2, 1, 20, 5), teams=(1, 2)) == [(1, 2, 5), (2, 1, 5)]


def test_who_is_equal_in_points_and_time_shares_a_rank_and_the_next_one_is_left_out():
    found = order(entry(1, 1, 10, 5), entry(2, 1, 10, 5), entry(3, 1, 10, 4))
    assert [(rank, team) for rank, team, _points in found] == [(1, 1), (1, 2), (3, 3)]


def test_the_best_of_a_team_counts_in_each_exercise_and_its_time_is_the_last_gain():
    entries = [entry(1, 1, 5, 2), entry(1, 1, 15, 6), entry(1, 1, 25, 6), entry(1, 2, 10, 1), entry(1, 1, 40, 3)]
    (line,) = standings(entries, [1], START)
    assert (line.points, line.points_of, line.took) == (7, {1: 6, 2: 1}, timedelta(minutes=15))


def test_handing_in_for_nothing_takes_no_time():
    (line,) = standings([entry(1, 1, 15, 0)], [1], START)
    assert (line.points, line.took) == (0, None)


def test_parts_of_points_make_no_order_of_their_own():
    found = standings([entry(1, 1, 9, 0.1), entry(1, 2, 9, 0.2), entry(2, 1, 9, 0.3)], [1, 2], START)
    assert [line.rank for line in found] == [1, 1]


@pytest.mark.django_db
def test_only_work_of_members_in_time_is_on_it(make_event, make_team, hand_in, learner, other_learner):
    event = make_event(-2, -1)
    make_team(event, "ข้าวหอม", learner)
    hand_in(learner, 9, hours=-3)  # before it began
    hand_in(learner, 4, hours=-1.5, attempt=2)
    late = hand_in(learner, 8, hours=-0.5, attempt=3)
    Submission.objects.filter(pk=late.pk).update(late_days=1)
    hand_in(other_learner, 10, hours=-1.5)  # in no team
    assert [(line.points, line.rank) for line in board_at(event, event.ends_at).standings] == [(4, 1)]


@pytest.mark.django_db
def test_what_was_taken_in_the_last_second_counts_though_it_was_stored_after_it(
    make_event, make_team, hand_in, learner
):
    event = make_event(-2, -1)
    make_team(event, "ข้าวหอม", learner)
    taken = hand_in(learner, 4)
    Submission.objects.filter(pk=taken.pk).update(submitted_at=event.ends_at + timedelta(milliseconds=3))
    assert board_at(event, event.ends_at).standings[0].points == 4


@pytest.mark.django_db
def test_a_board_that_stands_still_is_the_same_whenever_it_is_made_again(make_event, make_team, hand_in, learner):
    event = make_event(-3, 1, freezes=-1)
    team = make_team(event, "ข้าวหอม", learner)
    hand_in(learner, 2, hours=-2)
    before = board_at(event, event.freezes_at)
    hand_in(learner, 9, hours=-0.5, attempt=2)
    assert board_at(event, event.freezes_at) == before == board_of(event)
    event.result_at = timezone.now()
    assert [(line.team, line.points) for line in board_of(event).standings] == [(team.pk, 9)]


@pytest.mark.django_db
def test_the_kept_board_is_the_one_that_was_made(make_event, make_team, hand_in, learner):
    event = make_event()
    make_team(event, "ข้าวหอม", learner)
    make_team(event, "ข้าวเหนียว", make_person("b@example.go.th", "บัว"))
    hand_in(learner, 2.5, hours=-0.5)
    assert board_of(event) == board_of(event)
    assert [line.points for line in board_of(event).standings] == [2.5, 0]


@pytest.mark.django_db
def test_a_team_that_has_just_joined_sees_itself(make_event, make_team, learner, other_learner):
    event = make_event()
    make_team(event, "ข้าวหอม", other_learner)
    board_of(event)
    team = make_team(event, "ข้าวเหนียว", learner)
    assert team.pk in [line.team for line in board_of(event, team).standings]
