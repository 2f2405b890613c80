"""An issuer as it is written down to be taken along: in an offline bundle, in a list of trusted issuers. Pure.

``Issuer`` and ``IssuerKey`` of ``models`` are the same thing in the database; ``verifying`` asks all of them alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lms.credentials import documents

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KnownKey:
    url: str
    public_multikey: str
    retired_at: datetime | None = None
    compromised_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownIssuer:
    """``is_foreign``: another body's, in no register of ours; what it revoked is known by its status lists alone."""

    did: str
    name_th: str
    name_en: str
    keys: Mapping[str, KnownKey] = field(default_factory=dict)
    is_foreign: bool = False
    status_lists: frozenset[str] = frozenset()

    def key_named(self, key_id: str) -> KnownKey | None:
        return self.keys.get(key_id)

    def public_key(self, method: str) -> str | None:
        """The key (``z6Mk…``) of a verification method, unless it was compromised."""
        key = self.key_named(method.partition("#")[2])
        return key.public_multikey if key and not key.compromised_at else None


def read(data: Data) -> KnownIssuer:
    """The issuer written down so; KeyError, TypeError or ValueError for anything else."""
    keys = {
        one["id"]: KnownKey(
            url=f"{data['did']}#{one['id']}",
            public_multikey=one["publicKeyMultibase"],
            retired_at=_moment(one.get("retired")),
            compromised_at=_moment(one.get("compromised")),
        )
        for one in data["keys"]
    }
    lists = frozenset(data.get("statusLists", ()))
    return KnownIssuer(data["did"], data["name_th"], data["name_en"], keys, bool(data.get("foreign")), lists)


def write(issuer: Any) -> Data:
    """An issuer of the database, or a ``KnownIssuer``, to be read by ``read``."""
    if isinstance(issuer, KnownIssuer):
        named = list(issuer.keys.items())
    else:
        named = [(key.key_id, key) for key in issuer.keys.order_by("pk")]
    keys = [
        {
            "id": name,
            "publicKeyMultibase": key.public_multikey,
            "retired": _timestamp(key.retired_at),
            "compromised": _timestamp(key.compromised_at),
        }
        for name, key in named
    ]
    data = {"did": issuer.did, "name_th": issuer.name_th, "name_en": issuer.name_en, "keys": keys}
    if isinstance(issuer, KnownIssuer) and issuer.is_foreign:
        data |= {"foreign": True, "statusLists": sorted(issuer.status_lists)}
    return data


def _moment(text: str | None) -> datetime | None:
    return documents.moment(text) if text else None


def _timestamp(moment: datetime | None) -> str | None:
    return documents.timestamp(moment) if moment else None
