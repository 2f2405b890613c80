"""One log line a request, and a request id that every other line of it carries."""

import logging
import re
import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

log = logging.getLogger(__name__)
QUIET = ("/static/", "/healthz")


class RequestLog:
    """Binds ``request_id`` for the request's log lines and answers it in ``X-Request-ID``."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            if not request.path.startswith(QUIET):
                # The path only: a query may carry what somebody typed about a person.
                log.info(
                    "request",
                    extra={
                        "path": request.path,
                        "status_code": response.status_code,
                        "seconds": round(time.monotonic() - started, 3),
                    },
                )
        response["X-Request-ID"] = request_id
        return response


class OwnHostName:
    """Under the workbench's host name the site is not served: its cookies would reach the workbench, at any port."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # As a browser spells it: no get_host(), which refuses what is not allowed before it can be led elsewhere.
        host = re.sub(r":\d*$", "", request.META.get("HTTP_HOST", "")).lower().rstrip(".")
        if host == settings.WORKBENCH_HOST and request.path not in ("/healthz", "/readyz"):
            return HttpResponseRedirect(settings.PUBLIC_URL + request.get_full_path())
        return self.get_response(request)


class BackOfficePolicy:
    """Wagtail's editors set styles on elements: under /cms/, and there alone, inline styles are allowed."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/cms/"):
            response._csp_config = settings.SECURE_CSP_BACK_OFFICE  # type: ignore[attr-defined]
        return response
