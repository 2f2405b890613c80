"""Fetches the status lists of trusted issuers. Only addresses that the signed list names are ever opened."""

import logging
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from lms.credentials import profile, status_list
from lms.trust import registry

log = logging.getLogger(__name__)
_SECONDS = 10


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An answer that points elsewhere is no answer: elsewhere was not signed for."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


class NotFetched(Exception):
    """The list could not be had; the text says why, without what was answered."""


def fetch(url: str) -> bytes:
    """The bytes at an https address. Raises NotFetched."""
    if urlsplit(url).scheme != "https" and not url.startswith(tuple(settings.TRUST_FETCH_INSECURE)):
        raise NotFetched("only https addresses are fetched")
    try:
        request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - named by the list
        with _opener.open(request, timeout=_SECONDS) as answer:
            data: bytes = answer.read(profile.MAX_BYTES + 1)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotFetched(f"answered {error.code}") from error
    except (OSError, ValueError) as error:
        raise NotFetched(type(error).__name__) from error
    return data


def refresh() -> tuple[int, int]:
    """Fetches each list that the registry names; how many were taken, how many not."""
    known = registry.current()
    if known is None or not known.is_in_force:
        return 0, 0
    done = failed = 0
    for issuer in known.issuers.values():
        for url in sorted(issuer.status_lists):
            try:
                registry.keep_status(fetch(url), url, issuer)
                done += 1
            except (NotFetched, status_list.Unusable) as error:
                failed += 1
                log.warning("status_list_not_taken: %s", error, extra={"status_list": url})
    return done, failed
