"""The library for everybody: cards to look through, one page a data set, its files."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from courses.datasets.models import REQUIRED, Dataset, DatasetFile
from courses.models.facets import Area
from grading.thai_collation import in_thai_order

PER_PAGE = 20


@require_GET
def library(request: HttpRequest) -> HttpResponse:
    """Data sets by words, focus area and high-value flag."""
    chosen = {name: request.GET.get(name, "")[:200] for name in ("q", "topic", "high")}
    found = Dataset.objects.public().found(chosen["q"]).annotate(file_count=Count("files"))
    # How many there are of each area among what the words find, whichever is chosen.
    counts = dict(found.order_by().values_list("topic").annotate(Count("pk", distinct=True)))
    shown = _filtered(found, chosen).order_by(in_thai_order("title"), "pk")
    context = {
        "page": Paginator(shown, PER_PAGE).get_page(request.GET.get("page")),
        "chosen": chosen,
        "topics": [(value, label, counts.get(value, 0)) for value, label in Area.choices],
    }
    return render(request, "datasets/library.html", context)


def _filtered(found: "QuerySet[Any]", chosen: dict[str, str]) -> "QuerySet[Any]":
    if chosen["topic"] in Area.values:
        found = found.filter(topic=chosen["topic"])
    return found.filter(high_value_dataset=True) if chosen["high"] else found


def _dataset(slug: str) -> Dataset:
    return get_object_or_404(Dataset.objects.public(), slug=slug)


@require_GET
def dataset(request: HttpRequest, slug: str) -> HttpResponse:
    found = _dataset(slug)
    facts = [(found._meta.get_field(name).verbose_name, _value(found, name)) for name in REQUIRED]  # type: ignore[union-attr]
    return render(request, "datasets/dataset.html", {"dataset": found, "facts": facts, "files": _files(found)})


def _value(found: Dataset, name: str) -> Any:
    display = getattr(found, f"get_{name}_display", None)
    text = display() if display else getattr(found, name)
    if name == "update_frequency_unit" and found.update_frequency_interval:
        return f"{found.update_frequency_interval} {text}"
    return text


def _files(found: Dataset) -> "QuerySet[DatasetFile]":
    return found.files.defer("content")


@require_GET
def description(request: HttpRequest, slug: str) -> HttpResponse:
    """The description as catalogs exchange it, as ``package_show`` answers."""
    found = _dataset(slug)
    package: dict[str, Any] = {name: getattr(found, name) for name in REQUIRED} | {
        "name": found.slug,
        "license_title": found.licence[0],
        "license_url": found.licence[1],
        "update_frequency_interval": found.update_frequency_interval,
        "high_value_dataset": found.high_value_dataset,
        "is_synthetic": found.is_synthetic,
        "resources": [
            {"name": one.name, "hash": f"sha256:{one.sha256}", "size": one.size, "url": _url(request, found, one)}
            for one in _files(found)
        ],
    }
    return JsonResponse({"success": True, "result": package}, json_dumps_params={"ensure_ascii": False})


def _url(request: HttpRequest, found: Dataset, one: DatasetFile) -> str:
    return request.build_absolute_uri(f"{found.get_absolute_url()}files/{one.pk}/")


@require_GET
def file(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One file, to be kept and never shown: it is somebody's data, not a page of ours."""
    one = _dataset(slug).files.filter(pk=pk).first()
    if one is None:
        raise Http404
    response = HttpResponse(bytes(one.content), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, one.name)
    response["X-Content-Type-Options"] = "nosniff"
    return response
