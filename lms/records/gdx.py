"""A client for services behind a government data exchange (GDX): two headers, and a token that ends when left alone.

Followed is the exchange's public convention: ``GET …/auth/validate?ConsumerSecret=…&AgentID=…`` with the header
``Consumer-Key`` answers ``{"Result": token}``; a service is asked with ``Consumer-Key`` and ``Token``; 401 means no
right, 404 no data. Not connected to the real exchange: a fake one is in ``fake_gdx``.

The secret travels in the address of the first request, as the convention has it. So no address of ours is ever logged
or told in an error; only what happened.
"""

import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

log = logging.getLogger(__name__)
IDLE_SECONDS = 60 * 60
MOST_BYTES = 4 * 1024 * 1024


class GdxProblem(Exception):
    """The exchange did not do what was asked. ``code``: ``no_right``, ``no_data``, ``refused`` or ``unreachable``."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code = code


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The secret goes to the address that was configured, and nowhere it points to."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@dataclass
class Client:
    """One consumer of the exchange at ``address`` (https, or this machine)."""

    address: str
    consumer_key: str
    consumer_secret: str = field(repr=False)
    agent_id: str
    timeout: float = 10
    clock: Callable[[], float] = time.monotonic
    _token: str = field(default="", init=False, repr=False)
    _used_at: float = field(default=0, init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme != "https" and parts.hostname != "127.0.0.1":
            raise ValueError("the exchange's address must be https")

    def get(self, service: str, **query: str) -> Any:
        """What a service answers. Raises GdxProblem."""
        path = f"{service}?{urlencode(query)}" if query else service
        return self._ask_with_token("GET", path, None)

    def post(self, service: str, body: Any) -> Any:
        """As ``get``, with something to hand over."""
        return self._ask_with_token("POST", service, json.dumps(body, ensure_ascii=False).encode())

    def _ask_with_token(self, method: str, path: str, body: bytes | None) -> Any:
        is_fresh = self._renew_if_idle()
        try:
            answer = self._ask(method, path, body, {"Token": self._token})
        except GdxProblem as problem:
            # The exchange may have forgotten a token before its time; renewed once, silently.
            if problem.code != "no_right" or is_fresh:
                raise
            self._token = ""
            self._renew_if_idle()
            answer = self._ask(method, path, body, {"Token": self._token})
        self._used_at = self.clock()
        return answer

    def _renew_if_idle(self) -> bool:
        """Whether the token is new."""
        if self._token and self.clock() - self._used_at < IDLE_SECONDS:
            return False
        query = urlencode({"ConsumerSecret": self.consumer_secret, "AgentID": self.agent_id})
        answer = self._ask("GET", f"ws/auth/validate?{query}", None, {})
        token = answer.get("Result") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise GdxProblem("refused", "no token")
        self._token, self._used_at = token, self.clock()
        return True

    def _ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        kind = "application/json" if body else "application/x-www-form-urlencoded"
        everything = headers | {"Consumer-Key": self.consumer_key, "Content-Type": f"{kind}; charset=utf-8"}
        service = path.partition("?")[0]
        try:
            # Configured by an operator; only https, or this machine, passes __post_init__.
            url = f"{self.address.rstrip('/')}/{path.lstrip('/')}"
            request = urllib.request.Request(url, data=body, headers=everything, method=method)  # noqa: S310
            with urllib.request.build_opener(_NoRedirects).open(request, timeout=self.timeout) as answer:
                return json.loads(answer.read(MOST_BYTES) or b"null")
        except urllib.error.HTTPError as error:
            error.close()
            log.warning("gdx_refused: %s answered %d", service, error.code)
            raise GdxProblem({401: "no_right", 404: "no_data"}.get(error.code, "refused"), str(error.code)) from None
        except (OSError, ValueError) as error:
            log.warning("gdx_unreachable: %s, %s", service, type(error).__name__)
            # Without its cause, whose text may hold the address and with it the secret.
            raise GdxProblem("unreachable", type(error).__name__) from None


def birth_date(text: str) -> tuple[int, int | None, int | None]:
    """A date of birth as the exchange writes it, ``YYYYMMDD`` of the Buddhist era with 00 for what is not known:
    ``25380000`` → ``(1995, None, None)``. ValueError for anything else."""
    if len(text) != 8 or not text.isascii() or not text.isdigit():
        raise ValueError("a date has eight digits")
    year, month, day = int(text[:4]) - 543, int(text[4:6]), int(text[6:])
    if not 1850 <= year <= 2200 or month > 12 or day > 31 or (day and not month):
        raise ValueError("there is no such date")
    return year, month or None, day or None
