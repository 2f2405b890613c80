"""Is the process up (``/healthz``); can the site serve and grade (``/readyz``); figures (``/metrics``)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from lms.credentials import publishing
from lms.credentials.models import AuditEntry, Replacement, StatusList
from lms.tasks import left


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Each part as ``"ok"`` or the reason why not; 503 unless all are ok. No reason are kernels that start cold, and a
    workbench that is away: work is then handed in as a file."""
    parts = {"database": database(), **queue(), "status_lists": status_lists()}
    is_ready = all(state == "ok" for state in parts.values())
    told = {name: left(name, "not tried yet") for name in ("kernels", "workbench")}
    return JsonResponse({"ready": is_ready, **parts, **told}, status=200 if is_ready else 503)


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format; nothing in it is about a single person."""
    lines = [line for measure in _measures() for line in measure]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def _measures() -> Iterator[list[str]]:
    now = timezone.now()
    lists = list(StatusList.objects.values_list("pk", "signed_at", "valid_until"))
    ages = {pk: (now - signed).total_seconds() for pk, signed, _ in lists if signed}
    left = {pk: (until - now).total_seconds() for pk, _, until in lists if until}
    yield _gauge("lms_status_list_age_seconds", "since a status list was signed", ages)
    yield _gauge("lms_status_list_expires_seconds", "until others refuse a status list", left)
    yield _gauge(
        "lms_status_lists_overdue", "status lists whose signing has stopped", {"": publishing.overdue().count()}
    )
    issued = dict(AuditEntry.objects.values_list("action").annotate(Count("pk")).order_by())
    yield _gauge("lms_credentials_total", "credentials issued, revoked, replaced", issued, "action", "counter")
    yield _gauge("lms_replacements_open", "ordered and not issued yet", {"": Replacement.objects.open().count()})
    states = {**queue(), "database": database()}
    up = {name: int(state == "ok") for name, state in states.items()}
    yield _gauge("lms_up", "whether a part of the site is well", up, "part")


def _gauge(name: str, text: str, values: Mapping[Any, float], label: str = "list", kind: str = "gauge") -> list[str]:
    samples = [
        f'{name}{{{label}="{key}"}} {value}' if key != "" else f"{name} {value}" for key, value in values.items()
    ]
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *samples]


def status_lists() -> str:
    """Whether others can go on checking our credentials."""
    try:
        late = publishing.overdue().count()
    except DatabaseError:
        return "unknown"
    return f"{late} not signed for too long" if late else "ok"


def database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return "ok"


def queue() -> dict[str, str]:
    """The queue, and what the workers last left in it."""
    # Only the forgiving cache can be down without saying so.
    if not getattr(cache, "is_up", lambda: True)():
        return {"queue": "does not answer", "grader": "unknown", "signer": "unknown", "sandbox": "unknown"}
    return {
        "queue": "ok",
        "grader": left("pulse:grading", "no sign of life"),
        "signer": left("pulse:credentials", "no sign of life"),
        "sandbox": left("sandbox", "not tried yet"),
    }
