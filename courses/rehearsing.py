"""Trying the visible checks before handing in: free, as often as wanted, never a grade."""

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET
from django_htmx.http import HttpResponseClientRefresh

from courses import exercise_views, placement
from courses.forms import HandInForm
from grading import feedback, tasks
from grading.models import Exercise, Rehearsal

TEMPLATE = "exercises/_rehearsal.html"


@csrf_exempt  # only until the size is known: reading the token means reading the body
def check(request: HttpRequest, slug: str) -> HttpResponse:
    """POST: tries the notebook. GET, after a login on the way: back to the exercise."""
    if request.method != "POST":
        return redirect("courses:exercise", slug)
    if int(request.META.get("CONTENT_LENGTH") or 0) > exercise_views.BODY_AT_MOST:
        return HttpResponse(_("The file is too large."), status=413, content_type="text/plain; charset=utf-8")
    return receive(request, slug)


@csrf_protect
@login_required
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Exercise, slug=slug)
    if not placement.is_enrolled_for(request.user, found):
        return exercise_views.enroll_first(request, found)
    version = found.current
    form = HandInForm(request.POST, request.FILES)
    if version is None or not form.is_valid():
        reasons = form.errors.get("notebook") or [exercise_views.why_not("empty", found)]
        return render(request, TEMPLATE, {"exercise": found, "problem": reasons[0]})
    with transaction.atomic():
        asked = Rehearsal.objects.ask(
            exercise=found,
            version=version,
            learner=exercise_views.reader(request),
            notebook=form.cleaned_data["notebook"],
        )
        transaction.on_commit(lambda: tasks.announce_rehearsals([asked.pk]))
    return shown(request, found, asked)


@require_GET
@never_cache
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """How far the rehearsal is; ``n``: how often the page has asked."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()  # logged out meanwhile: the whole page leads to the login
    found = get_object_or_404(Exercise, slug=slug)
    asked = get_object_or_404(Rehearsal, exercise=found, learner=exercise_views.reader(request))
    return shown(request, found, asked)


def shown(request: HttpRequest, found: Exercise, asked: Rehearsal) -> HttpResponse:
    pause, turn = exercise_views.patience(request)
    context = {
        "exercise": found,
        "rehearsal": asked,
        "feedback": mark_safe(feedback.clean(asked.text)),  # noqa: S308 - sanitised a second time
        "poll_seconds": pause,
        "next_turn": turn + 1,
    }
    return render(request, TEMPLATE, context)
