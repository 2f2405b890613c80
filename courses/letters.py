"""One letter to one person, in their language. A mail server that is down costs nobody anything but the letter."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.utils.translation import override

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

log = logging.getLogger(__name__)


def language_of(reader: "_User") -> str:
    """The language in which a person wants their letters."""
    return getattr(reader, "language", None) or settings.LANGUAGE_CODE


def write(reader: "_User", template: str, subject: Callable[[], str], context: dict[str, Any], path: str) -> bool:
    """Whether the mail server took it. ``subject`` is asked in the reader's language; ``path``: what it is about."""
    with override(language_of(reader)):
        values = context | {"reader": reader, "address": settings.PUBLIC_URL + path, "site": settings.PUBLIC_URL}
        text = render_to_string(template, values)
        try:
            # A line break in a title must not become a header.
            return bool(send_mail(" ".join(subject().split()), text, None, [reader.email]))
        except OSError:
            log.exception("a letter was not sent", extra={"letter": template})
            return False
