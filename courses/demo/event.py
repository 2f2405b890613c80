"""The demonstration's event: open for a week from the moment it is loaded, with a task that is in no course."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from courses.demo import content
from courses.events.models import Challenge, Event, Team, TeamMember
from grading.models import Exercise

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

SLUG, TASK = "open-data-day", "e-n1-loss-ratio"
LASTS, STILL = timedelta(days=7), timedelta(hours=6)


def load() -> Event:
    """Makes the event where it is missing; its exercise must be there. One that exists is left as it is."""
    begins = timezone.now() - timedelta(hours=1)
    event, is_new = Event.objects.get_or_create(
        slug=SLUG,
        defaults={
            "provider": content.provider(),
            "title_th": "วันข้อมูลเปิดสาธิต: อัตราค่าสินไหมรถยนต์",
            "title_en": "Demo Open Data Day: motor loss ratios",
            "brief_th": "ทุกทีมได้ข้อมูลสังเคราะห์ชุดเดียวกัน เขียนฟังก์ชันสามข้อ แล้วส่งได้หลายครั้ง "
            "คะแนนมาจากไฟล์อีกชุดหนึ่งที่ไม่มีผู้แข่งขันคนใดเห็น\n\n"
            "กระดานคะแนนหยุดปรับหกชั่วโมงก่อนสิ้นสุด ทีมที่คะแนนเท่ากันตัดสินด้วยเวลาที่ได้คะแนนนั้น",
            "brief_en": "Every team gets the same synthetic data, writes three functions and hands in as often as "
            "it likes. Points come from another file that nobody who competes has seen.\n\n"
            "The board stands still for the last six hours. Of equal points, those that were there earlier win.",
            "starts_at": begins,
            "ends_at": begins + LASTS,
            "freezes_at": begins + LASTS - STILL,
            "team_size": 4,
            "is_published": True,
        },
    )
    exercise = Exercise.objects.get(slug=TASK)
    if is_new and Challenge.objects.get_or_create(exercise=exercise, defaults={"event": event})[1]:
        exercise.opens_at, exercise.due_at = event.starts_at, event.ends_at
        exercise.late_rule = Exercise.Late.REFUSED
        exercise.save(update_fields=["opens_at", "due_at", "late_rule"])
    return event


def team(event: Event, name: str, people: Sequence["_User"]) -> bool:
    """Makes a team of these people, unless there is one; whether it did."""
    made, is_new = Team.objects.get_or_create(event=event, name=name)
    if is_new:
        TeamMember.objects.bulk_create(TeamMember(event=event, team=made, person=one) for one in people)
    return is_new
