"""A cohort as its members see it: joining by a code, leaving; and signs of life of the pages they learn on."""

import uuid
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import outlines, pace, placement
from courses.models import Cohort, CohortMember, Enrollment
from courses.models.activity import active_minutes, hear


class JoinForm(forms.Form):
    """The code as it was read out or copied: capitals, spaces and dashes do not matter."""

    code = forms.CharField(
        label=gettext_lazy("Code of the cohort"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    cohort: Cohort

    def clean_code(self) -> str:
        code = "".join(c for c in self.cleaned_data["code"].upper() if c.isalnum())
        found = Cohort.objects.filter(code=code).first()
        if found is None or not placement.published([found.course_key]):
            raise forms.ValidationError(_("No cohort has this code. Ask whoever gave it to you."))
        if not found.is_open:
            raise forms.ValidationError(_("This cohort takes no new members by its code. Ask your instructor."))
        self.cohort = found
        return code


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """GET: a form, filled from ``?code=``, so that a link can be handed out. POST: joins, and enrolls in the course."""
    form = JoinForm(request.POST) if request.method == "POST" else JoinForm(initial={"code": request.GET.get("code")})
    if request.method == "POST" and form.is_valid():
        learner = cast(Any, request.user)
        with transaction.atomic():
            Enrollment.objects.enroll(learner=learner, course_key=form.cohort.course_key)
            CohortMember.objects.get_or_create(cohort=form.cohort, learner=learner)
        messages.success(request, _("You have joined “%(cohort)s”.") % {"cohort": form.cohort.name})
        return redirect(placement.published([form.cohort.course_key])[0].get_url(request))
    return render(request, "cohorts/join.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of the cohort, its dates and its letters; the course and everything done in it stay."""
    member = get_object_or_404(
        CohortMember.objects.select_related("cohort"), cohort=pk, learner=cast(Any, request.user)
    )
    member.delete()
    messages.success(request, _("You have left “%(cohort)s”. You are still enrolled.") % {"cohort": member.cohort.name})
    return redirect("courses:desk")


@login_required
@require_GET
@never_cache
def checklist(request: HttpRequest, course_key: uuid.UUID) -> HttpResponse:
    """What is still missing in a course, as a part of a page that asks for it anew."""
    courses = placement.published([course_key])
    learner = cast(Any, request.user)
    if not courses or not Enrollment.objects.of(learner).filter(course_key=course_key).exists():
        return HttpResponse(status=404)
    outline = outlines.of_course(courses[0], request)
    return render(request, "courses/checklist.html", of_course(outline, learner))


def of_course(outline: outlines.Outline, learner: Any) -> dict[str, Any]:
    """What the checklist of one course shows."""
    key = outline.course.translation_key
    return {
        "outline": outline,
        "checklist": outline.checklist,
        "dates": pace.dates_of(learner, [outline]),
        "active_minutes": active_minutes(learner, [key]).get(key, 0),
        "cohorts": Cohort.objects.of(learner).filter(course_key=key),
    }


@require_POST
def active(request: HttpRequest) -> HttpResponse:
    """A sign of life of one page. What a browser says of itself is believed for a statistic and for nothing else."""
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    try:
        key = uuid.UUID(request.POST.get("course", ""))
        idle = timedelta(seconds=max(0, int(request.POST.get("idle", "")[:6])))
    except ValueError:
        return HttpResponse(status=400)
    if Enrollment.objects.of(request.user).filter(course_key=key).exists():
        hear(request.user, key, idle=idle)
    return HttpResponse(status=204)
