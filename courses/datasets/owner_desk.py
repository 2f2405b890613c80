"""A data owner's desk: what waits for a word, all that is to be known of it, and the word."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from courses.datasets import signing_off
from courses.datasets.models import Dataset, DatasetFile
from courses.datasets.signing_off import NotSignedOff
from grading.models import Exercise

ON_A_PAGE = 50
LONGEST_REASON = 1000


@require_GET
@never_cache
def desk(request: HttpRequest) -> HttpResponse:
    """Data sets that wait, the oldest first, and what the person has vouched for."""
    if not signing_off.is_data_owner(request.user):
        raise PermissionDenied
    mine = signing_off.entrusted_to(request.user).select_related("provider", "asked_by")
    signed = mine.filter(signed_off_at__isnull=False).order_by("-signed_off_at")
    context = {
        "waiting": mine.waiting().annotate(n=Count("files"))[:ON_A_PAGE],
        "page_of": Paginator(signed, ON_A_PAGE).get_page(request.GET.get("page")),
    }
    return _show(request, "datasets/owner_desk.html", _("Data sets to sign off"), context)


@require_GET
@never_cache
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that the word is about."""
    dataset = _entrusted(request, pk)
    used = Exercise.objects.filter(versions__pk__in=dataset.files.values("uses__version")).distinct().order_by("slug")
    context = {
        "dataset": dataset,
        "fields": dataset.described(),
        "missing": dataset.missing_labels(),
        "files": dataset.files.defer("content"),
        "used": used,
        "is_own": dataset.asked_by_id == request.user.pk,
        "may_change": request.user.has_perm("datasets.change_dataset"),
        "longest": LONGEST_REASON,
    }
    return _show(request, "datasets/owner_one.html", dataset.title, context)


@require_GET
def file(request: HttpRequest, pk: int, file_pk: int) -> FileResponse:
    """One file, to be looked at before anybody else sees it."""
    kept = get_object_or_404(DatasetFile, pk=file_pk, dataset=_entrusted(request, pk))
    response = FileResponse(
        iter([bytes(kept.content)]), as_attachment=True, filename=kept.name, content_type="application/octet-stream"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
def sign_off(request: HttpRequest, pk: int) -> HttpResponse:
    return _decide(
        request, pk, signing_off.sign_off, _("Signed off: it is in the library now, and exercises may be made from it.")
    )


@require_POST
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    return _with_reason(request, pk, signing_off.send_back, _("Sent back; its author gets your words."))


@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    done = _("Your sign-off is taken back. Exercises that are published from it stay; new ones are not.")
    return _with_reason(request, pk, signing_off.take_back, done)


def _with_reason(request: HttpRequest, pk: int, verb: Callable[..., None], done: str) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()[:LONGEST_REASON]
    if not reason:
        _entrusted(request, pk)
        messages.error(request, _("Say why: its author reads it."))
        return redirect("dataset_owner", pk)
    return _decide(request, pk, lambda dataset, by: verb(dataset, by, reason), done)


def _decide(request: HttpRequest, pk: int, verb: Callable[..., None], done: str) -> HttpResponse:
    dataset = _entrusted(request, pk)
    try:
        verb(dataset, request.user)
        messages.success(request, done)
    except NotSignedOff as refused:
        messages.error(request, why_not(refused.code, dataset))
    return redirect("dataset_owner", pk)


def why_not(code: str, dataset: Dataset) -> str:
    missing = ", ".join(dataset.missing_labels())
    return {
        "missing": _("Not signed off. Missing: %(fields)s") % {"fields": missing},
        "own": _("You have asked for this sign-off yourself: somebody else has to give it."),
        "settled": _("Somebody has decided in the meantime: this is how it stands."),
    }[code]


def _entrusted(request: HttpRequest, pk: int) -> Dataset:
    if not signing_off.is_data_owner(request.user):
        raise PermissionDenied
    entrusted = signing_off.entrusted_to(request.user).select_related("asked_by", "provider", "signed_off_by")
    found: Dataset = get_object_or_404(entrusted, pk=pk)
    return found


def _show(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    crumbs = [{"url": reverse("dataset_owner_desk"), "label": _("Data sets to sign off")}]
    if title != _("Data sets to sign off"):
        crumbs.append({"url": "", "label": title})
    shown = {"page_title": title, "header_title": title, "header_icon": "table", "breadcrumbs_items": crumbs}
    return render(request, template, shown | context)


urls = [
    path("datasets/owner/", desk, name="dataset_owner_desk"),
    path("datasets/<int:pk>/owner/", one, name="dataset_owner"),
    path("datasets/<int:pk>/owner/files/<int:file_pk>/", file, name="dataset_owner_file"),
    path("datasets/<int:pk>/sign-off/", sign_off, name="dataset_sign_off"),
    path("datasets/<int:pk>/send-back/", send_back, name="dataset_send_back"),
    path("datasets/<int:pk>/take-back/", take_back, name="dataset_take_back"),
]
