"""Consent: asked for one purpose at a time, off until given, as easily taken back."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from lms.accounts.models import User
from lms.privacy import notice
from lms.privacy.models import Consent


def has_given(person: User, purpose: str) -> bool:
    """Whether the person agrees to this now."""
    return Consent.objects.filter(person=person, purpose=purpose, withdrawn_at=None).exists()


def given_by(person: User) -> set[str]:
    """All that the person agrees to now."""
    return set(Consent.objects.filter(person=person, withdrawn_at=None).values_list("purpose", flat=True))


def decide(person: User, purposes: set[str]) -> None:
    """From now on the person agrees to these and to nothing else; deciding the same again changes nothing."""
    standing = given_by(person)
    withdrawn = Consent.objects.filter(person=person, withdrawn_at=None, purpose__in=standing - purposes)
    withdrawn.update(withdrawn_at=timezone.now())
    for purpose in purposes - standing:
        try:
            with transaction.atomic():
                Consent.objects.create(person=person, purpose=Consent.Purpose(purpose), notice=notice.VERSION)
        except IntegrityError:
            continue  # another click was quicker: it stands already
