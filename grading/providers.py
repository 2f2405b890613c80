"""What a person of the back office may see: what belongs to their own providers, and what belongs to none."""

from typing import TYPE_CHECKING

from django.db.models import Model, Q, QuerySet

from grading.models import Provider

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User


def visible[M: Model](rows: QuerySet[M], person: "_User | AnonymousUser", owner: str = "provider") -> QuerySet[M]:
    """Those of ``rows`` that the person may see; ``owner`` is the path from a row to its provider."""
    if person.has_perm("grading.see_every_provider"):
        return rows
    mine = Provider.objects.of(person).values("pk")
    return rows.filter(Q(**{f"{owner}__isnull": True}) | Q(**{f"{owner}__in": mine}))


def is_visible(owner_id: int | None, person: "_User | AnonymousUser") -> bool:
    """The same for one thing that is at hand, by its provider's primary key."""
    return owner_id is None or Provider.objects.of(person).filter(pk=owner_id).exists()
