"""By when: the dates of a learner's cohorts beside what they have done of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from courses.models.cohorts import DueDate, dates_for
from courses.outlines import Outline
from courses.progress import Progress

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

SOON = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Date:
    """One date: what it is about, and how things stand with it today."""

    pk: int
    cohort: str
    title: str
    due_on: date
    progress: Progress
    today: date

    @classmethod
    def of(cls, due: DueDate, outline: Outline, today: date) -> "Date | None":
        """A date beside the learner's outline of its course; None where the part it is about is not published."""
        progress = outline.part(due.page_key)
        if progress is None:
            return None
        return cls(due.pk, due.cohort.name, outline.title_of(due.page_key), due.due_on, progress, today)

    @property
    def is_done(self) -> bool:
        return self.progress.is_complete

    @property
    def days_left(self) -> int:
        return (self.due_on - self.today).days

    @property
    def is_over(self) -> bool:
        return not self.is_done and self.due_on < self.today

    @property
    def is_soon(self) -> bool:
        return not self.is_done and self.today <= self.due_on <= self.today + SOON


def dates_of(learner: "_User", outlines: Sequence[Outline], today: date | None = None) -> list[Date]:
    """The learner's dates in these courses, the nearest first; those of parts that are not published are left out."""
    by_key = {outline.course.translation_key: outline for outline in outlines}
    today = today or timezone.localdate()
    found = [Date.of(due, by_key[due.cohort.course_key], today) for due in dates_for(learner, list(by_key))]
    return [one for one in found if one]
