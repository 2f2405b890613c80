"""What a stranger may send: how often, how much. Before anything is parsed."""

import logging
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from lms.credentials.profile import MAX_BYTES

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# Of one address: an office behind one is many people.
VERIFICATIONS_PER_WINDOW = 60
# The file, and the frame that a form puts around it.
MAX_BODY_BYTES = MAX_BYTES + 16 * 1024
_DRAINED_BYTES = 20 * 1024 * 1024


def is_too_often(request: HttpRequest) -> bool:
    """Counts this request; whether its sender has used up the window. Without a cache nobody is turned away."""
    window = int(time.time() // WINDOW_SECONDS)
    # Who verifies whom is personal data too: the address is kept as a keyed hash, for two minutes.
    sender = salted_hmac("lms.credentials.intake", address_of(request), algorithm="sha256").hexdigest()[:32]
    key = f"verify:{sender}:{window}"
    try:
        cache.add(key, 0, 2 * WINDOW_SECONDS)
        return cache.incr(key) > VERIFICATIONS_PER_WINDOW
    except Exception:
        log.exception("verifications are not being counted")
        return False


def address_of(request: HttpRequest) -> str:
    """The sender's address; behind our own proxy, the one that proxy saw."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.SECURE_PROXY_SSL_HEADER and forwarded:
        return str(forwarded).rpartition(",")[2].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def is_too_large(request: HttpRequest) -> bool:
    """Whether the body is larger than a credential can be."""
    return is_larger(request, MAX_BODY_BYTES)


def is_larger(request: HttpRequest, most: int) -> bool:
    """Whether the body is larger than ``most``. Such a body is read to its end and thrown away.

    Left unread, many clients would see a broken connection instead of our answer. Nothing below the limit is ever
    written to disk by Django's upload handlers.
    """
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return True
    if length <= most:
        return False
    if length <= most + _DRAINED_BYTES:
        while request.read(64 * 1024):
            pass
    return True
