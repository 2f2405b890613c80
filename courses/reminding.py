"""Letters about dates that come near: 14 and 3 days before, and on the day. Only of what is not done yet, and once."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override

from courses import letters, outlines, pace, placement
from courses.models import Cohort, CohortMember, CoursePage, DueDate, Reminder, UnwantedLetter
from courses.models.discussion import wanting
from courses.outlines import Outline

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


def stage(days_left: int) -> int | None:
    """The reminder whose day has come, so many days before the date: the latest one. None before the first, and when
    the day is over."""
    return min((days for days in settings.REMINDER_DAYS if 0 <= days_left <= days), default=None)


def send_due(today: date | None = None) -> int:
    """Writes to everybody whose date is near; returns how many letters left. Asked again, it writes none twice."""
    today = today or timezone.localdate()
    horizon = today + timedelta(days=max(settings.REMINDER_DAYS))
    near = DueDate.objects.filter(due_on__range=(today, horizon))
    people = CohortMember.objects.select_related("learner").filter(learner__is_active=True)
    cohorts = Cohort.objects.filter(sends_reminders=True, due_dates__in=near).distinct()
    cohorts = cohorts.prefetch_related(Prefetch("due_dates", queryset=near), Prefetch("members", queryset=people))
    return sum(_remind_all(cohort, today) for cohort in cohorts)


def _remind_all(cohort: Cohort, today: date) -> int:
    """The members who stand before a reminder they have not had yet. Each reads it in their own language."""
    dates, people = list(cohort.due_dates.all()), [member.learner for member in cohort.members.all()]
    people = wanting(UnwantedLetter.Kind.REMINDERS, people)
    had = set(Reminder.objects.filter(due_date__in=dates).values_list("learner_id", "due_date_id", "due_on", "days"))
    sent = 0
    for language in {letters.language_of(person) for person in people}:
        readers = [person for person in people if letters.language_of(person) == language]
        with override(language):
            courses = placement.published([cohort.course_key])
            for pk, found in outlines.for_learners(courses, readers).items():
                fresh = [one for one in dates if (pk, one.pk, one.due_on, stage((one.due_on - today).days)) not in had]
                reader = next(person for person in readers if person.pk == pk)
                sent += bool(found) and _remind(reader, cohort, found[0], fresh, today)
    return sent


def _remind(learner: "_User", cohort: Cohort, outline: Outline, fresh: list[DueDate], today: date) -> bool:
    if not outline.is_enrolled:
        return False  # they have left the course
    dates = [pace.Date.of(one, outline, today) for one in fresh]
    noted = [(one, _note(one, learner)) for one in dates if one and not one.is_done]
    told = [one for one, reminder in noted if reminder]
    if told and _write(learner, cohort, outline.course, told):
        return True
    # The next round tries again.
    Reminder.objects.filter(pk__in=[reminder.pk for _one, reminder in noted if reminder]).delete()
    return False


def _write(learner: "_User", cohort: Cohort, course: CoursePage, dates: list[pace.Date]) -> bool:
    def subject() -> str:
        today, soon = gettext("Due today: %(course)s"), gettext("A due date is near: %(course)s")
        return (soon if dates[0].days_left else today) % {"course": course.title}

    context = {"cohort": cohort, "course": course, "dates": dates}
    return letters.write(learner, "cohorts/reminder.txt", subject, context, reverse("courses:desk"))


def _note(one: pace.Date, learner: "_User") -> Reminder | None:
    """The row that says that this reminder was sent; None when another process was first."""
    days = stage(one.days_left)
    if days is None:
        return None
    reminder, is_new = Reminder.objects.get_or_create(due_date_id=one.pk, learner=learner, due_on=one.due_on, days=days)
    return reminder if is_new else None
