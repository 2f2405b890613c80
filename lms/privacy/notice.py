"""The privacy notice: one text a version and language, and who has been shown which.

A changed notice is a new version with texts of its own (``templates/privacy/notices/<version>.<language>.html``); older
ones stay readable. Whether somebody has yet to see the current one is asked once, at login, and kept in the session.
"""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from lms.accounts.models import User
from lms.privacy.models import Acknowledgement

VERSION = "2026-11-01"
VERSIONS = (VERSION,)
_DUE = "notice_is_due"


def acknowledge(person: User) -> None:
    """Notes that the person was shown the current notice."""
    Acknowledgement.objects.get_or_create(person=person, version=VERSION)


def is_due(request: HttpRequest) -> bool:
    """Whether the visitor, logged in, has yet to be shown the current notice."""
    return request.user.is_authenticated and bool(request.session.get(_DUE))


def context(request: HttpRequest) -> dict[str, Any]:
    """For every page: whether to point at a notice that has changed."""
    return {"notice_is_due": hasattr(request, "user") and is_due(request)}


def is_seen(request: HttpRequest) -> None:
    request.session.pop(_DUE, None)


def listen() -> None:
    user_logged_in.connect(_at_login, dispatch_uid="lms.privacy.notice")


def _at_login(sender: Any, request: HttpRequest | None = None, user: Any = None, **kwargs: Any) -> None:
    if request is None or not hasattr(request, "session"):
        return
    if not Acknowledgement.objects.filter(person=user, version=VERSION).exists():
        request.session[_DUE] = True
