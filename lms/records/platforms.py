"""Workforce platforms to which a person may send their record. An adapter is a class with three names and a verb.

No real platform is connected: the payload of the national one is not public. What is here sends the published record
through an exchange, and says of itself that it is not connected until an operator configures one.
"""

from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from lms.records.gdx import Client, GdxProblem

PROBLEMS = {
    "not_connected": _("This platform is not connected yet."),
    "no_right": _("The platform does not accept this site at present."),
    "no_data": _("The platform does not know where to put the record."),
    "refused": _("The platform refused the record."),
    "unreachable": _("The platform does not answer. Nothing was sent; try again later."),
}


class NotDelivered(Exception):
    """The record was not taken; ``code`` is a key of ``PROBLEMS``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Platform(Protocol):
    """Somewhere a record can be sent."""

    slug: str
    name: Any

    @property
    def is_connected(self) -> bool:
        """Whether an operator has configured it."""

    def deliver(self, record: dict[str, Any]) -> str:
        """Hands the record over; the receipt. Raises NotDelivered."""


class ThroughExchange:
    """The national workforce platform, by a service of the data exchange."""

    slug = "workforce"
    name = _("Workforce platform (E-Workforce Ecosystem)")

    @property
    def is_connected(self) -> bool:
        return bool(settings.GDX_URL)

    def deliver(self, record: dict[str, Any]) -> str:
        if not self.is_connected:
            raise NotDelivered("not_connected")
        try:
            answer = client().post(settings.GDX_RECORD_SERVICE, record)
        except GdxProblem as problem:
            raise NotDelivered(problem.code) from problem
        receipt = answer.get("receipt") if isinstance(answer, dict) else None
        return receipt[:200] if isinstance(receipt, str) else ""


PLATFORMS: dict[str, Platform] = {one.slug: one for one in (ThroughExchange(),)}


def client() -> Client:
    """The site's consumer of the exchange, one a process: its token is worth keeping."""
    return _client(settings.GDX_URL, settings.GDX_CONSUMER_KEY, settings.GDX_CONSUMER_SECRET, settings.GDX_AGENT_ID)


@lru_cache(maxsize=2)
def _client(address: str, key: str, secret: str, agent: str) -> Client:
    return Client(address, key, secret, agent)
