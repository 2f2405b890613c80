"""An import from a catalog that somebody ordered in the back office: done by a worker, followed on a page.

What is known of it stands in the cache for an hour: losing it loses the page that follows, not the data set.
"""

import secrets
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.cache import cache

from courses.datasets import ckan, signing_off
from grading.models import Provider

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

KEPT_SECONDS = 3600
# Longer than any import may take: whoever orders the same again meanwhile gets the one that is under way.
UNDER_WAY_SECONDS = 600


def order(server: str, name: str, by: "_User", provider: Provider | None) -> str:
    """The token of the import, which a worker does; of the one that is under way, when this person ordered the same."""
    from courses import tasks  # noqa: PLC0415 - tasks import this module

    token = secrets.token_urlsafe(16)
    same = f"ckan/{by.pk}/{server}/{name}".encode().hex()
    if not cache.add(same, token, UNDER_WAY_SECONDS):
        return str(cache.get(same) or token)
    told = {"by": by.pk, "server": server, "name": name, "provider": provider.pk if provider else None, "same": same}
    _keep(token, told | {"state": "waiting", "done": 0, "total": 0})
    tasks.import_dataset.delay(token)
    return token


def found(token: str, by: "_User") -> dict[str, Any] | None:
    """How an import of this person's stands: state (waiting, working, done, refused), done and total files, and then
    the data set's primary key with what was left out, or why nothing came."""
    told: dict[str, Any] | None = cache.get(f"ckan-import/{token[:40]}")
    return told if told and told["by"] == by.pk else None


def run(token: str) -> None:
    """Does what was ordered; what is done already, or forgotten, is left alone."""
    told = cache.get(f"ckan-import/{token}")
    if not told or told["state"] in ("done", "refused"):
        return
    by = get_user_model().objects.filter(pk=told["by"], is_active=True).first()
    if by is None or not by.has_perm("datasets.add_dataset"):
        return
    provider = Provider.objects.written_by(by).filter(pk=told["provider"]).first() if told["provider"] else None
    told["state"] = "working"
    try:
        made = ckan.take(
            told["server"],
            told["name"],
            by=by,
            provider=provider,
            tell=lambda done, total: _keep(token, told | {"done": done, "total": total}),
        )
        signing_off.ask(made.dataset, by)
        _keep(token, told | {"state": "done", "pk": made.dataset.pk, "left_out": made.left_out, "is_new": made.is_new})
    except ckan.NotImported as refused:
        _keep(token, told | {"state": "refused", "code": refused.code})
    except Exception:
        _keep(token, told | {"state": "refused", "code": "failed"})
        raise
    finally:
        cache.delete(told["same"])


def _keep(token: str, told: dict[str, Any]) -> None:
    cache.set(f"ckan-import/{token}", told, KEPT_SECONDS)
