"""The learner's desk: courses under way, what to do next, what was handed in, credentials."""

from typing import TYPE_CHECKING, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from courses import outlines, pace, placement
from courses.capstones.models import Review
from courses.models import ChosenPath, Enrollment
from courses.models.activity import active_minutes
from grading.models import Submission

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

RECENT_SUBMISSIONS = 10


@login_required
def desk(request: HttpRequest) -> HttpResponse:
    """Courses with progress and the next step, the latest submissions, credentials."""
    learner = cast("_User", request.user)
    keys = list(Enrollment.objects.of(learner).values_list("course_key", flat=True))
    by_key = {course.translation_key: course for course in placement.published(keys)}
    # Newest enrollment first; a course that is no longer published is not shown, its record stays.
    courses = [by_key[key] for key in keys if key in by_key]
    submissions = Submission.objects.filter(learner=learner).with_score()
    shown = outlines.of_courses(courses, request)
    minutes = active_minutes(learner, keys)
    return render(
        request,
        "courses/desk.html",
        {
            "outlines": shown,
            "minutes": minutes,
            "paths": ChosenPath.objects.filter(learner=learner, path__is_published=True).select_related("path"),
            "due": [date for date in pace.dates_of(learner, shown) if not date.is_done],
            "to_review": Review.objects.open().filter(reviewer=learner).count(),
            "submissions": submissions.select_related("exercise").defer("notebook")[:RECENT_SUBMISSIONS],
        },
    )
