"""Authors write an exercise's source notebook in the workbench: solutions, checks, a pre-flight of what they save."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from courses import exercise_views
from courses.back_office import needs
from courses.exercise_forms import said
from courses.exercise_preflight import AUTHORS
from grading import tasks, workbench
from grading.models import Exercise
from grading.notebooks import AuthorError
from grading.providers import visible
from grading.workbench import Stale


@login_required
@require_GET
@never_cache
@needs(AUTHORS)
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """The author's own draft of the notebook, solutions and hidden checks in it."""
    found = get_object_or_404(visible(Exercise.objects.all(), request.user), slug=slug)
    document = workbench.open_source(found, exercise_views.reader(request))
    newest = found.newest
    context = {
        "exercise": found,
        "newest": newest,
        "files": workbench.files_of(document),
        "is_overtaken": newest is not None and newest.pk != document.version_id,
    }
    return render(request, "exercises/source.html", context | exercise_views.notebook_of(document))


@login_required
@require_POST
@needs(AUTHORS)
def save(request: HttpRequest, slug: str) -> HttpResponse:
    """Makes the next version, a draft, of what is saved, and leads to its pre-flight; or says what is in the way."""
    found = get_object_or_404(visible(Exercise.objects.all(), request.user), slug=slug)
    author = exercise_views.reader(request)
    document = workbench.open_source(found, author)
    problems: dict[str, Any] = {}
    try:
        with transaction.atomic():
            is_forced = request.POST.get("forced") == "1"
            version = workbench.save_source(document, author, is_forced=is_forced)
            if version.is_draft:
                tasks.request_preflight(version)
        return HttpResponseClientRedirect(reverse("exercise_preflight", args=[version.pk]))
    except AuthorError as error:
        problems = {"problems": [said(problem) for problem in error.problems]}
    except Stale:
        problems = {"is_overtaken": True}
    return render(request, "exercises/_source_saved.html", problems | {"exercise": found})
