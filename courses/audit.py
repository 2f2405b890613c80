"""Who changed what about an exercise or one submission: to read only."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from courses.back_office import needs, page
from grading.models import AuditEntry, Exercise

ON_A_PAGE = 50


@require_GET
@needs("grading.view_auditentry", "grading.view_exercise")
@never_cache
def trail(request: HttpRequest, pk: int) -> HttpResponse:
    """An exercise's entries, newest first; ``?submission=…``: those of one submission."""
    exercise = get_object_or_404(Exercise, pk=pk)
    submission = chosen_submission(request)
    entries = AuditEntry.objects.filter(exercise=exercise).select_related("actor")
    if submission:
        entries = entries.filter(submission_id=submission)
    found = Paginator(entries, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"entries": found, "rows": [(one, changes(one)) for one in found], "submission": submission}
    return page(request, "exercises/audit.html", _("Audit trail"), exercise, context)


def chosen_submission(request: HttpRequest) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.GET.get("submission", ""))
    except ValueError:
        return None


def changes(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """(what, before, after), for people."""
    names: Iterable[str] = dict.fromkeys([*entry.before, *entry.after])
    return [(name, shown(entry.before.get(name)), shown(entry.after.get(name))) for name in names]


def shown(value: Any) -> str:
    if value is None or value == "":
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


urls = [path("exercise-audit/<int:pk>/", trail, name="exercise_audit")]
