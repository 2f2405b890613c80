"""Joining a course, leaving it, and marking its lessons done."""

import uuid
from typing import TYPE_CHECKING, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from wagtail.models import Page

from courses import competence
from courses.models import CoursePage, Enrollment, LessonCompletion, LessonPage

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


def enroll(request: HttpRequest, course_key: uuid.UUID) -> HttpResponse:
    """POST: joins the course. GET, after a login on the way: back to the course, to press the button."""
    course = _published(CoursePage, course_key)
    if request.method != "POST":
        return redirect(course.get_url(request))
    return _enroll(request, course)


@login_required
def _enroll(request: HttpRequest, course: CoursePage) -> HttpResponse:
    if any(
        need.rule.is_required and not need.is_met
        for need in competence.needs_of(_learner(request), course.translation_key)
    ):
        messages.error(request, _("This course needs another one first. What is missing stands below."))
        return redirect(f"{course.get_url(request)}#needs")
    Enrollment.objects.enroll(learner=_learner(request), course_key=course.translation_key)
    messages.success(request, _("You are enrolled in “%(course)s”.") % {"course": course.title})
    return redirect(course.get_url(request))


@login_required
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, course_key: uuid.UUID) -> HttpResponse:
    """GET asks, POST leaves. Submissions and grades stay; enrolling again brings everything back."""
    course = _published(CoursePage, course_key)
    enrollment = Enrollment.objects.filter(learner=_learner(request), course_key=course_key)
    if not enrollment.exists():
        return redirect(course.get_url(request))
    if request.method != "POST":
        return render(request, "courses/leave.html", {"course": course})
    enrollment.delete()
    messages.success(request, _("You have left “%(course)s”.") % {"course": course.title})
    return redirect("courses:desk")


@login_required
@require_POST
def mark_lesson(request: HttpRequest, lesson_key: uuid.UUID) -> HttpResponse:
    """Marks a lesson done (``done=1``) or open again; only for those enrolled in its course."""
    lesson = _published(LessonPage, lesson_key)
    course = CoursePage.objects.ancestor_of(lesson).get()
    if not Enrollment.objects.filter(learner=_learner(request), course_key=course.translation_key).exists():
        messages.error(request, _("Enroll in the course first."))
        return redirect(course.get_url(request))
    LessonCompletion.objects.mark(
        learner=_learner(request), lesson_key=lesson_key, is_done=request.POST.get("done") == "1"
    )
    return HttpResponseRedirect(f"{lesson.get_url(request)}#done")


def _learner(request: HttpRequest) -> "_User":
    """Who asks; only behind ``login_required``."""
    return cast("_User", request.user)


def _published[P: Page](model: type[P], key: uuid.UUID) -> P:
    """The published page with this translation key, in the reader's language where there is one.

    Raises:
        Http404: there is none.
    """
    pages = list(model.objects.live().filter(translation_key=key).select_related("locale"))
    language = (get_language() or "th")[:2]
    pages.sort(key=lambda page: page.locale.language_code != language)
    if not pages:
        raise Http404
    return pages[0]
