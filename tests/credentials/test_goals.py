"""What is still missing for a credential, as a course's page says it: the rule that issues, and nothing else."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from courses.models import Enrollment
from grading.models import Exercise
from lms.credentials import awarding, issuing, revoking, tasks
from lms.credentials.goals import goals_of
from lms.credentials.models import Achievement
from tests.conftest import make_person
from tests.courses.trees import grow, plant
from tests.credentials.conftest import give_grade, make_achievement, make_exercise


def goal_of(learner, exercises):
    (goal,) = goals_of(learner, [one.pk for one in exercises])
    return goal


def lines(goal):
    return [(one.needed_percent, one.best_percent, one.is_met) for one in [*goal.exercises, *goal.others]]


def test_nothing_is_met_by_somebody_new_or_by_nobody(achievement, exercises, learner):
    for person in (learner, None):
        goal = goal_of(person, exercises)
        assert (goal.state, goal.met) == ("open", 0)
        assert lines(goal) == [(80, None, False), (80, None, False)]


def test_each_part_shows_the_best_that_counts_until_all_are_met(achievement, exercises, learner):
    give_grade(learner, exercises[0])
    give_grade(learner, exercises[1], 4.0)
    give_grade(learner, exercises[1], 3.0)
    goal = goal_of(learner, exercises)
    assert lines(goal) == [(80, 100, True), (80, 66, False)]
    assert not issuing.due_for(learner)
    give_grade(learner, exercises[1], 4.8)
    goal = goal_of(learner, exercises)
    assert (goal.state, goal.met) == ("due", 2)
    assert issuing.due_for(learner) == [achievement]
    tasks.issue_due()
    assert goal_of(learner, exercises).state == "held"


@pytest.mark.parametrize("changes", [{"is_isolated": False}, {"is_signed": False}])
def test_what_a_credential_cannot_rest_on_is_not_called_met(achievement, exercises, learner, changes):
    give_grade(learner, exercises[0], **changes)
    assert lines(goal_of(learner, exercises))[0] == (80, None, False)


def test_somebody_elses_points_do_not_count(achievement, exercises, learner, other_learner):
    give_grade(other_learner, exercises[0])
    assert goal_of(learner, exercises).met == 0


def test_a_revoked_one_is_not_promised_again_and_a_replaced_one_is_held(credential, exercises, learner):
    revoking.order(credential, reason="corrected")
    tasks.issue_due()
    goal = goal_of(learner, exercises)
    assert (goal.state, goal.credential.revoked_at) == ("held", None)
    revoking.revoke(goal.credential, reason="rule_broken")
    assert goal_of(learner, exercises).state == "withdrawn"


def test_one_that_two_people_awarded_is_held(achievement, exercises, learner, instructor, hr_officer):
    award = awarding.propose(achievement, learner, grounds="ก", by=instructor)
    awarding.decide(award, by=hr_officer, is_approved=True)
    tasks.issue_due()
    goal = goal_of(learner, exercises)
    assert (goal.state, goal.met) == ("held", 0)


def test_only_what_is_issued_and_rests_on_this_course_is_listed(achievement, issuer, exercises, learner):
    other = make_exercise("elsewhere")
    assert goals_of(learner, [other.pk]) == []
    assert goals_of(learner, []) == []
    Achievement.objects.update(is_active=False)
    assert goals_of(learner, [exercises[0].pk]) == []


def test_a_part_of_another_course_is_listed_too(achievement, exercises, learner):
    assert len(goal_of(learner, exercises[:1]).exercises) == 2


def test_it_asks_as_often_for_thirty_as_for_one(achievement, issuer, exercises, learner):
    def count():
        with CaptureQueriesContext(connection) as queries:
            found = goals_of(learner, [one.pk for one in Exercise.objects.all()])
        return len(queries) - 1, len(found)

    few, _ = count()
    for number in range(29):
        make_achievement(issuer, [make_exercise(f"x{number}")], slug=f"s{number}")
    assert count() == (few, 30)


@pytest.fixture
def course(achievement, exercises):
    tree = plant()
    grow(tree, exercises=exercises)
    return tree.course


def test_the_courses_page_says_what_is_missing(client, course, exercises, learner):
    page = client.get(course.url).content.decode()
    assert "ต้องผ่านส่วนต่อไปนี้ทั้งหมด" in page
    assert "อย่างน้อยร้อยละ 80" in page
    assert "ผลที่ดีที่สุด" not in page
    client.force_login(learner)
    Enrollment.objects.create(learner=learner, course_key=course.translation_key)
    give_grade(learner, exercises[0])
    give_grade(learner, exercises[1], 4.0)
    page = client.get(course.url).content.decode()
    assert "ผ่านแล้ว 1 จาก 2 ส่วน" in page
    assert "ผลที่ดีที่สุดของคุณร้อยละ 66" in page
    give_grade(learner, exercises[1])
    assert "ครบเกณฑ์แล้ว" in client.get(course.url).content.decode()
    tasks.issue_due()
    assert "คุณมีวุฒิบัตรนี้แล้ว" in client.get(course.url).content.decode()
    client.force_login(make_person("new@example.go.th", "ใหม่"))
    assert "คุณมีวุฒิบัตรนี้แล้ว" not in client.get(course.url).content.decode()
