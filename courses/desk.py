"""The learner's desk: courses under way, what to do next, what was handed in, credentials."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from courses import outlines
from courses.models import CoursePage, Enrollment
from grading.models import Submission

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

RECENT_SUBMISSIONS = 10


@login_required
def desk(request: HttpRequest) -> HttpResponse:
    """Courses with progress and the next step, the latest submissions, credentials."""
    learner = cast("_User", request.user)
    keys = list(Enrollment.objects.of(learner).values_list("course_key", flat=True))
    by_key = {course.translation_key: course for course in _in_reader_language(keys)}
    # Newest enrollment first; a course that is no longer published is not shown, its record stays.
    courses = [by_key[key] for key in keys if key in by_key]
    submissions = Submission.objects.filter(learner=learner).with_score()
    return render(
        request,
        "courses/desk.html",
        {
            "outlines": outlines.of_courses(courses, request),
            "submissions": submissions.select_related("exercise").defer("notebook")[:RECENT_SUBMISSIONS],
        },
    )


def _in_reader_language(keys: Sequence[UUID]) -> list[CoursePage]:
    """The published pages of these courses: in the reader's language where there is one, else in the other."""
    pages = CoursePage.objects.live().filter(translation_key__in=keys).select_related("locale")
    language = (get_language() or "th")[:2]
    best = {page.translation_key: page for page in pages if page.locale.language_code != language}
    best |= {page.translation_key: page for page in pages if page.locale.language_code == language}
    return list(best.values())
