"""Practising with a table of one's own: never graded, shown to nobody else, deleted after some days."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST

from courses import exercise_views
from courses.forms import PracticeForm
from grading import workbench
from grading.models import Document
from grading.workbench import DocumentRefused


@csrf_exempt  # only until the size is known: reading the token means reading the body
def practices(request: HttpRequest) -> HttpResponse:
    """GET: one's notebooks and the form for another. POST: makes one and leads to it."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > 2 * settings.WORKBENCH_PRACTICE_MAX_BYTES:
        return HttpResponse(_("The file is too large."), status=413, content_type="text/plain; charset=utf-8")
    return begin(request) if request.method == "POST" else shown(request, PracticeForm())


@csrf_protect
@login_required
def begin(request: HttpRequest) -> HttpResponse:
    form = PracticeForm(request.POST, request.FILES)
    if not form.is_valid():
        return shown(request, form, status=422)
    try:
        document = workbench.open_practice(exercise_views.reader(request), form.filename, form.cleaned_data["table"])
    except DocumentRefused as refused:
        form.add_error("table", why_not(refused.code))
        return shown(request, form, status=422)
    return redirect("courses:practice", document.pk)


@login_required
@never_cache
def shown(request: HttpRequest, form: PracticeForm, status: int = 200) -> HttpResponse:
    documents = list(workbench.practice_of(exercise_views.reader(request)))
    context = {
        "form": form,
        "documents": documents,
        "why_full": why_not("too_many") if len(documents) >= workbench.MAX_PRACTICE_DOCUMENTS else "",
        "days": settings.WORKBENCH_PRACTICE_DAYS,
        "limit": settings.WORKBENCH_PRACTICE_MAX_BYTES,
    }
    return render(request, "practice/list.html", context, status=status)


@login_required
@require_GET
@never_cache
def practice(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """One of one's notebooks, to work in."""
    document = own(request, pk)
    context = {"files": workbench.files_of(document)} | exercise_views.notebook_of(document)
    return render(request, "practice/practice.html", context)


@login_required
@require_POST
def delete(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Away at once, the table too."""
    document = own(request, pk)
    document.delete()
    messages.success(request, _("“%(name)s” and its notebook are deleted.") % {"name": document.title})
    return redirect("courses:practices")


def own(request: HttpRequest, pk: uuid.UUID) -> Document:
    """One of one's own (Http404 for everybody else's)."""
    return get_object_or_404(workbench.practice_of(exercise_views.reader(request)), pk=pk)


def why_not(code: str) -> str:
    return {
        "too_many": _("You have %(number)d such notebooks, as many as there may be. Delete one of them first.")
        % {"number": workbench.MAX_PRACTICE_DOCUMENTS},
        "file_name": _("The file needs another name: without “/”, and not too long."),
        "file_too_big": _("The file is too large."),
    }[code]
