"""What the workbench asks the site: who holds this token, and the document that it opens. For nobody else's ears.

Each request carries one token and reaches one document. There is no session here and no cookie is read.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from grading import documents, workbench
from grading.models import Document
from grading.notebooks import NotebookRefused

View = Callable[..., HttpResponse]


def with_token(view: View) -> View:
    """The view gets the token's document and the seconds that are left; without a good one the answer is 401."""

    @csrf_exempt
    @never_cache
    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        opened = workbench.document_of(token) if scheme == "Bearer" and 0 < len(token) <= 500 else None
        if opened is None:
            return JsonResponse({"error": "token"}, status=401)
        return view(request, *opened, *args, **kwargs)

    return asked


@with_token
@require_GET
def identity(request: HttpRequest, opened: Document, seconds: int) -> HttpResponse:
    """Whose token it is, without a name, for what, and for how long."""
    return JsonResponse(
        {
            "person": workbench.opaque(opened.owner),
            "document": str(opened.pk),
            "kind": opened.kind,
            "title": opened.title,
            "seconds": seconds,
        }
    )


@with_token
@require_http_methods(["GET", "PUT"])
def document(request: HttpRequest, opened: Document, seconds: int) -> HttpResponse:
    """GET: the notebook. PUT: keeps another; ``If-Match`` names what it is to replace."""
    if request.method == "PUT":
        return keep(request, opened)
    newest = opened.newest
    answer = HttpResponse(newest.notebook, content_type="application/json")
    answer["ETag"] = f'"{newest.sha256}"'
    answer["X-Saved-At"] = newest.saved_at.isoformat()
    return answer


def keep(request: HttpRequest, opened: Document) -> HttpResponse:
    if int(request.META.get("CONTENT_LENGTH") or 0) > 4 * documents.MAX_BYTES:
        return JsonResponse({"error": "too_big"}, status=413)
    try:
        saved = workbench.save(opened, request.read(), sha256=request.headers.get("If-Match", "").strip('"') or None)
    except workbench.Stale as stale:
        return JsonResponse({"error": "stale", "sha256": stale.sha256}, status=409)
    except NotebookRefused as refused:
        told = {"error": refused.code, "th": refused.th, "en": refused.en}
        return JsonResponse(told, status=413 if refused.code == "too_big" else 422)
    return JsonResponse(
        {
            "number": saved.number,
            "sha256": saved.sha256,
            "saved_at": saved.saved_at.isoformat(),
            "is_whole": saved.is_whole,
        }
    )


@with_token
@require_GET
def files(request: HttpRequest, opened: Document, seconds: int) -> HttpResponse:
    """What the document's kernel finds in its folder."""
    return JsonResponse({"files": [{"name": name, "size": size} for name, size in workbench.files_of(opened)]})


@with_token
@require_GET
def file(request: HttpRequest, opened: Document, seconds: int, name: str) -> HttpResponse:
    """One of these."""
    try:
        content = workbench.file_content(opened, name)
    except ObjectDoesNotExist:
        return JsonResponse({"error": "file"}, status=404)
    return HttpResponse(content, content_type="application/octet-stream")


app_name = "workbench_api"
urlpatterns = [
    path("identity", identity, name="identity"),
    path("document", document, name="document"),
    path("files", files, name="files"),
    path("files/<str:name>", file, name="file"),
]
