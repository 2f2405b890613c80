"""Who changed what about an exercise or one submission: to read only."""

import uuid
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from courses import back_office, thai
from courses.back_office import needs, page
from grading.models import Appeal, AuditEntry, Exercise, Submission

ON_A_PAGE = 50


@require_GET
@needs("grading.view_auditentry", "grading.view_exercise")
@never_cache
def trail(request: HttpRequest, pk: int) -> HttpResponse:
    """An exercise's entries, newest first; ``?submission=…``: those of one submission."""
    exercise = back_office.found(request, Exercise.objects.all(), pk=pk)
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
    """(what, before, after), for people; ``before`` is empty where it was the same, or nothing."""
    found = []
    for name in dict.fromkeys([*entry.before, *entry.after]):
        before, after = entry.before.get(name), entry.after.get(name)
        is_change = name in entry.before and before != after
        words = choices(name)
        found.append((label(name), shown(before, words) if is_change else "", shown(after, words)))
    return found


def label(name: str) -> str:
    """What a value in an entry is called; one that nobody named goes by its own name."""
    known = {
        "check": _("Check"),
        "points": _("points"),
        "max_points": _("of"),
        "score": _("score"),
        "lateness": _("percent off for lateness"),
        "version": _("version"),
        "learner": _("learner, account number"),
        "extra_attempts": _("additional attempts"),
        "status": _("state"),
        "judgement": _("decision, number"),
        "appeal": _("appeal, number"),
    }
    if name in Exercise.RULES:
        return str(Exercise._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return known.get(name, name)


def choices(name: str) -> dict[Any, Any]:
    """The words for values of which there are only a few."""
    if name == "status":
        return dict(Appeal.Status.choices) | dict(Submission.Status.choices)
    return dict(Exercise._meta.get_field(name).flatchoices) if name in Exercise.RULES else {}  # type: ignore[union-attr]


def shown(value: Any, words: dict[Any, Any]) -> str:
    if isinstance(value, str) and value in words:
        return str(words[value])
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str) and (moment := parse_datetime_or_none(value)):
        return thai.moment(timezone.localtime(moment), get_language() or "th")
    return str(value)


def parse_datetime_or_none(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and timezone.is_aware(found) else None


urls = [path("exercise-audit/<int:pk>/", trail, name="exercise_audit")]
