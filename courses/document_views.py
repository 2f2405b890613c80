"""Going back in a document of the workbench: its versions, one cell anew, all of it anew; each can be undone."""

import uuid
from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from courses import workbench_views
from grading import workbench
from grading.models import Document, DocumentVersion
from grading.notebooks import NotebookRefused

TEMPLATE = "exercises/_versions.html"
VERSIONS_ON_A_PAGE = 20
Change = Callable[[HttpRequest, Document], str]
View = Callable[..., HttpResponse]


@login_required
@require_GET
@never_cache
def versions(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What can be gone back to."""
    return shown(request, workbench_views.own(request, pk))


def change(act: Change) -> View:
    """A view that changes the document by ``act``, says what was done, and offers to undo it."""

    @login_required
    @require_POST
    @wraps(act)
    def view(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        document = workbench_views.own(request, pk)
        before = document.newest.number
        said = act(request, document)
        response = shown(request, document, done=said, before=before)
        response["HX-Trigger"] = "workbench-reload"
        return response

    return view


@change
def restore(request: HttpRequest, document: Document) -> str:
    """An earlier version again."""
    number = request.POST.get("number", "")
    if not (number.isascii() and number.isdigit() and len(number) < 9):
        raise Http404
    try:
        workbench.restore(document, int(number))
    except DocumentVersion.DoesNotExist as error:
        raise Http404 from error
    return _("Version %(number)s is back.") % {"number": number}


@change
def start_over(request: HttpRequest, document: Document) -> str:
    """The exercise as it was given out."""
    workbench.start_over(document)
    return _("The notebook is as it was given out.")


@change
def reset_cell(request: HttpRequest, document: Document) -> str:
    """One answer as it was given out."""
    try:
        workbench.reset_cell(document, request.POST.get("cell", "")[:100])
    except KeyError as error:
        raise Http404 from error
    return _("The cell is as it was given out.")


@change
def take_new_release(request: HttpRequest, document: Document) -> str:
    """The corrected exercise with one's answers in it."""
    try:
        workbench.take_new_release(document)
    except NotebookRefused:
        return _("None of your answers fits the corrected exercise. Start over to work on it; your work stays below.")
    return _("This is the corrected exercise, with your answers in it.")


def shown(request: HttpRequest, document: Document, *, done: str = "", before: int | None = None) -> HttpResponse:
    page = Paginator(workbench.versions(document), VERSIONS_ON_A_PAGE).get_page(request.GET.get("page"))
    newest = document.newest.number
    context = {"document": document, "versions": page, "newest": newest, "done": done, "before": before}
    return render(request, TEMPLATE, context)
