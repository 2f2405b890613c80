"""What the page around the workbench asks for: tokens, the state of what is saved, the file."""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.csp import CSP
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from courses import exercise_views
from grading import workbench
from grading.models import Document
from grading.providers import visible

View = Callable[..., HttpResponse]


def framed(view: View) -> View:
    """A page that shows the workbench in a frame: its policy allows that, and no other frame."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        policy = settings.SECURE_CSP_WITH_WORKBENCH | {"frame-ancestors": [CSP.NONE]}
        response._csp_config = policy  # type: ignore[attr-defined]
        return response

    return asked


@require_POST
@never_cache
def token(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The next token, as long as one is logged in and may still work on it."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "login"}, status=401)
    return JsonResponse(workbench.token_for(own(request, pk), exercise_views.reader(request)))


@require_GET
@never_cache
def state(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What is saved."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "login"}, status=401)
    newest = workbench.versions(own(request, pk))[0]
    return JsonResponse({"sha256": newest.sha256, "saved_at": newest.saved_at.isoformat(), "version": newest.number})


@require_GET
@never_cache
def notebook(request: HttpRequest, pk: uuid.UUID) -> FileResponse | HttpResponse:
    """The document as a file."""
    if not request.user.is_authenticated:
        return JsonResponse({"error": "login"}, status=401)
    document = own(request, pk)
    name = document.exercise.slug if document.exercise else "notebook"
    return exercise_views.attachment(workbench.notebook_bytes(document), f"{name}.ipynb", exercise_views.IPYNB)


def own(request: HttpRequest, pk: uuid.UUID) -> Document:
    """One's own document, of an exercise that one may still work on; for everybody else there is none (Http404)."""
    mine = Document.objects.select_related("exercise").filter(owner=exercise_views.reader(request))
    document = get_object_or_404(mine, pk=pk)
    if document.kind == Document.Kind.SOURCE and not may_write(request, document):
        return get_object_or_404(mine.none())
    if document.exercise and not exercise_views.may_work_on(request, document.exercise):
        return get_object_or_404(mine.none())
    return document


def may_write(request: HttpRequest, document: Document) -> bool:
    """Is the reader an author of the exercise whose source it is?"""
    this = visible(Document.objects.filter(pk=document.pk), request.user, "exercise__provider")
    return (
        request.user.has_perm("grading.change_exercise") and visible(this, request.user, "exercise__provider").exists()
    )
