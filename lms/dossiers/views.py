"""The dossier of a course in the back office: what is in it, what is missing, and the files."""

import json
import logging

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from wagtail.admin import messages

from courses import course_desk
from courses.packages.admin import thai
from lms.dossiers import contents, paper

log = logging.getLogger(__name__)


@require_GET
@never_cache
def dossier(request: HttpRequest, pk: int) -> HttpResponse:
    """What the dossier says, as on paper."""
    course = thai(course_desk.of(request, pk))
    found = contents.of_course(course)
    context = {"dossier": told(found, request.LANGUAGE_CODE), "missing": contents.missing(found)}
    return course_desk.show(request, "dossiers/dossier.html", _("Course dossier"), course, context)


@require_GET
@never_cache
def dossier_file(request: HttpRequest, pk: int, language: str, kind: str) -> HttpResponse:
    """The dossier as PDF in one language, or as JSON in both. One with an empty section is not given out."""
    course = thai(course_desk.of(request, pk))
    found = contents.of_course(course)
    if (language, kind) not in (("th", "pdf"), ("en", "pdf"), ("all", "json")):
        raise Http404
    if missing := contents.missing(found):
        messages.error(request, _("There is no dossier yet. Missing: %(what)s") % {"what": ", ".join(missing)})
        return redirect("course_dossier", pk)
    data = json.dumps({"$schema": schema_address()} | found, ensure_ascii=False, indent=1)
    name = f"{course.slug}-dossier"
    if kind == "json":
        return file(data.encode(), "application/json", f"{name}.json")
    try:
        content = paper.print_out(html_of(found, language), data=data, made_at=timezone.now())
    except paper.NotPrinted:
        log.exception("dossier_not_printed", extra={"course": str(course.translation_key)})
        messages.error(request, _("The dossier could not be printed. Try again in a moment."))
        return redirect("course_dossier", pk)
    return file(content, "application/pdf", f"{name}-{language}.pdf")


def file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def html_of(found: contents.Document, language: str) -> str:
    with override(language):
        context = {"dossier": told(found, language), "language": language, "now": timezone.now()}
        return render_to_string("dossiers/paper.html", context)


def told(found: object, language: str) -> object:
    """The dossier with each text in one language; what is not translated stands in Thai."""
    if isinstance(found, dict):
        if set(found) == {"th", "en"}:
            return found.get(language) or found["th"]
        return {name: told(value, language) for name, value in found.items()}
    return [told(value, language) for value in found] if isinstance(found, list) else found


def schema_address() -> str:
    with override(settings.LANGUAGE_CODE):
        return settings.PUBLIC_URL + reverse("credentials:dossier_schema")


@require_GET
def schema(request: HttpRequest) -> JsonResponse:
    """What a dossier looks like as data."""
    response = JsonResponse({"$id": schema_address()} | contents.SCHEMA, content_type="application/schema+json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


urls = [
    path("courses/<int:pk>/dossier/", dossier, name="course_dossier"),
    path("courses/<int:pk>/dossier-<str:language>.<str:kind>", dossier_file, name="course_dossier_file"),
]
