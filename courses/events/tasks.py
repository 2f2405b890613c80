"""Letters about a result. The row says who has had theirs: a task that runs twice writes none twice."""

from datetime import timedelta

from celery import shared_task
from django.db.models.functions import Now
from django.utils.translation import gettext

from courses import letters
from courses.events.board import board_at
from courses.events.models import Event, TeamMember

KEEPS_TRYING = timedelta(days=2)  # a mail server that is down longer has lost the letters


def tell_result(event: Event) -> int:
    """Writes to everybody who took part and was not written to; returns how many letters left."""
    waiting = TeamMember.objects.filter(event=event, told_at=None, team__out_at=None, person__is_active=True)
    if not waiting.exists():
        return 0
    places = {line.team: line for line in board_at(event, event.ends_at).standings}
    sent = 0
    for member in waiting.select_related("person", "team"):
        mine = TeamMember.objects.filter(pk=member.pk, told_at=None)
        if not mine.update(told_at=Now()):
            continue  # another process was first
        context = {"event": event, "team": member.team, "line": places[member.team_id], "teams": len(places)}
        path = event.get_absolute_url()
        if letters.write(member.person, "events/result.txt", lambda: _subject(event), context, path):
            sent += 1
        else:
            TeamMember.objects.filter(pk=member.pk).update(told_at=None)  # the next round tries again
    return sent


@shared_task(name="courses.events.tasks.tell_results")
def tell_results() -> int:
    """The letters about every result that was published lately; returns how many left."""
    lately = Event.objects.filter(result_at__gt=Now() - KEEPS_TRYING)
    return sum(tell_result(event) for event in lately)


def _subject(event: Event) -> str:
    return gettext("The result: %(event)s") % {"event": event.title}
