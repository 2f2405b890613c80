from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from courses.events.models import Challenge, Event, Team, TeamMember
from grading.models import DataFile, Exercise
from tests.courses.conftest import exercise, thai, tree  # noqa: F401
from tests.courses.test_exercise_pages import DEMO
from tests.courses.trees import make_grade

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def nothing_kept():
    """Boards of another test's events."""
    cache.clear()


@pytest.fixture
def challenge(instructor):
    """An exercise with something hidden, in no course."""
    made = Exercise.objects.create(slug="open-data-day", title_th="ทำนายยอดคำร้อง", title_en="Predict requests")
    hidden = [DataFile(name="more.csv", content=b"1", is_hidden=True)]
    made.add_version(source=DEMO.source, max_score=10, files=hidden, limits={}, author=instructor)
    return made


@pytest.fixture
def make_event(challenge):
    def make(starts=-1, ends=1, *, freezes=None, **fields):
        """Moments in hours from now."""
        now = timezone.now()
        event = Event.objects.create(
            **{
                "slug": "odd",
                "title_th": "วันข้อมูลเปิด",
                "title_en": "Open Data Day",
                "brief_th": "ทำนายยอดคำร้องของเดือนหน้า",
                "starts_at": now + starts * HOUR,
                "ends_at": now + ends * HOUR,
                "freezes_at": None if freezes is None else now + freezes * HOUR,
                "is_published": True,
                **fields,
            }
        )
        Challenge.objects.create(event=event, exercise=challenge)
        challenge.opens_at, challenge.due_at = event.starts_at, event.ends_at
        challenge.save()
        return event

    return make


@pytest.fixture
def make_team():
    def make(event, name, *people):
        team = Team.objects.create(event=event, name=name)
        for person in people:
            TeamMember.objects.create(event=event, team=team, person=person)
        return team

    return make


@pytest.fixture
def hand_in(challenge):
    def hand_in(person, score, *, hours=0.0, attempt=1):
        """A graded submission, so many hours from now."""
        made = make_grade(person, challenge, score, attempt=attempt)
        type(made).objects.filter(pk=made.pk).update(submitted_at=timezone.now() + hours * HOUR)
        return made

    return hand_in
