"""Is the process up (``/healthz``); can the site serve and grade (``/readyz``)."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok", content_type="text/plain")


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Each part as ``"ok"`` or the reason why not; 503 unless all are ok. No reason are kernels that start cold, and a
    workbench that is away: work is then handed in as a file."""
    parts = {"database": database(), **queue()}
    is_ready = all(state == "ok" for state in parts.values())
    told = {name: str(cache.get(name, "not tried yet")) for name in ("kernels", "workbench")}
    return JsonResponse({"ready": is_ready, **parts, **told}, status=200 if is_ready else 503)


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
    left = cache.get_many(["pulse:grading", "pulse:credentials", "sandbox"])
    return {
        "queue": "ok",
        "grader": "ok" if "pulse:grading" in left else "no sign of life",
        "signer": "ok" if "pulse:credentials" in left else "no sign of life",
        "sandbox": str(left.get("sandbox", "not tried yet")),
    }
