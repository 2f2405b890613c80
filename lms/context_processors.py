"""What every template may use without its view having to say so."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    return {"PUBLIC_URL": settings.PUBLIC_URL, "IS_DEMO": settings.WITH_DEMO}
