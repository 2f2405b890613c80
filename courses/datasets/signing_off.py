"""A data owner vouches for a data set: who that is, how they are asked, and what they answer.

Where a provider has data owners, they and nobody else sign off its data sets. Where it has none, and for what is
common, that falls to those with the right to sign off for all. Nobody signs off what they asked for themselves.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext as _

from courses import letters
from courses.datasets.models import Dataset, DatasetQuerySet
from grading import providers
from grading.models import ProviderMember

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User

RIGHT = "datasets.sign_off_dataset"
MOST_READERS = 20  # of one letter round
_OWNERS = ProviderMember.objects.filter(role=ProviderMember.Role.DATA_OWNER)


class NotSignedOff(Exception):
    """``code``: ``missing`` (fields), ``own`` (they asked for it themselves), ``settled`` (nothing waits any more)."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def is_data_owner(person: "_User | AnonymousUser") -> bool:
    """Whether there can be anything for this person to sign off."""
    return person.has_perm(RIGHT) or _OWNERS.filter(person=person.pk).exists()


def entrusted_to(person: "_User | AnonymousUser") -> DatasetQuerySet:
    """The data sets for which this person speaks."""
    owned = _OWNERS.filter(provider=OuterRef("provider"))
    own: Any = Q(Exists(owned.filter(person=person.pk)))
    if person.has_perm(RIGHT):
        mine = providers.visible(Dataset.objects.all(), person).values("pk")
        own |= Q(pk__in=mine) & ~Exists(owned)
    return Dataset.objects.filter(own)


def ask(dataset: Dataset, by: "_User") -> bool:
    """Puts a complete data set before its data owners, once; they get a letter. Whether it waits for them now."""
    if dataset.missing() or dataset.signed_off_at:
        return False
    rows = Dataset.objects.filter(pk=dataset.pk, asked_at=None, signed_off_at=None)
    if rows.update(asked_at=Now(), asked_by=by):
        transaction.on_commit(lambda: _tell_owners(dataset, by), robust=True)
    return True


def sign_off(dataset: Dataset, by: "_User") -> None:
    """Their word. Raises NotSignedOff."""
    if dataset.signed_off_at:
        raise NotSignedOff("settled")
    if dataset.asked_by_id == by.pk:
        raise NotSignedOff("own")
    if not dataset.sign_off(by):
        raise NotSignedOff("missing")
    _tell_author(dataset, "datasets/signed_off.txt", by)


def send_back(dataset: Dataset, by: "_User", reason: str) -> None:
    """Not like this: the author reads why. Raises NotSignedOff when it does not wait any more."""
    if not Dataset.objects.filter(pk=dataset.pk, asked_at__isnull=False).update(asked_at=None):
        raise NotSignedOff("settled")
    _tell_author(dataset, "datasets/sent_back.txt", by, reason)


def take_back(dataset: Dataset, by: "_User", reason: str) -> None:
    """A word that was given no longer holds. What is published stays; nothing new is made from it."""
    given = Dataset.objects.filter(pk=dataset.pk, signed_off_at__isnull=False)
    if not given.update(signed_off_at=None, signed_off_by=None):
        raise NotSignedOff("settled")
    _tell_author(dataset, "datasets/sent_back.txt", by, reason)


def owners_of(dataset: Dataset) -> "list[_User]":
    """Those who are asked, at most MOST_READERS."""
    people = get_user_model().objects.filter(is_active=True)
    own = people.filter(provider_roles__in=_OWNERS.filter(provider=dataset.provider_id))
    if not own.exists():
        app, codename = RIGHT.split(".")
        right = Permission.objects.filter(content_type__app_label=app, codename=codename)
        own = people.filter(Q(groups__permissions__in=right) | Q(user_permissions__in=right))
    return list(own.exclude(pk=dataset.asked_by_id or 0).distinct().order_by("pk")[:MOST_READERS])


def _tell_owners(dataset: Dataset, by: "_User") -> None:
    dataset.refresh_from_db()
    for person in owners_of(dataset):
        context = {"dataset": dataset, "by": by}
        letters.write(person, "datasets/asked.txt", lambda: _asked(dataset), context, _path(dataset))


def _tell_author(dataset: Dataset, template: str, by: Any, reason: str = "") -> None:
    author = dataset.asked_by
    if author is not None and author.is_active and author.pk != by.pk:
        context = {"dataset": dataset, "by": by, "reason": reason}
        path = reverse("wagtailsnippets_datasets_dataset:edit", args=[dataset.pk])
        transaction.on_commit(
            lambda: letters.write(author, template, lambda: _decided(dataset), context, path), robust=True
        )


def _asked(dataset: Dataset) -> str:
    return _("A data set waits for your sign-off: %(title)s") % {"title": dataset.title}


def _decided(dataset: Dataset) -> str:
    return _("About your data set: %(title)s") % {"title": dataset.title}


def _path(dataset: Dataset) -> str:
    return reverse("dataset_owner", args=[dataset.pk])
