"""An achievement for somebody who did not earn it by the rule: one person proposes it, another one decides."""

import logging
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override

from lms.accounts.models import User
from lms.credentials.models import Achievement, Award, Credential

log = logging.getLogger(__name__)


class NotAllowed(Exception):
    """This person may not do that, or there is nothing to be done; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def propose(achievement: Achievement, learner: User, *, grounds: str, by: User) -> Award:
    """Writes a proposal down. Raises NotAllowed: no grounds, one's own, one that is held or proposed already."""
    if not grounds.strip():
        raise NotAllowed("no_grounds")
    if by == learner:
        raise NotAllowed("oneself")
    if Credential.objects.filter(achievement=achievement, learner=learner, revoked_at=None).exists():
        raise NotAllowed("held")
    try:
        with transaction.atomic():
            award = Award.objects.create(
                achievement=achievement, learner=learner, grounds=grounds.strip(), requested_by=by
            )
    except IntegrityError:
        raise NotAllowed("proposed") from None
    transaction.on_commit(lambda: _tell(award, "proposed", _deciders(award)), robust=True)
    return award


def decide(award: Award, *, by: User, is_approved: bool) -> None:
    """Approves or refuses; the signing worker issues what was approved. Raises NotAllowed: the proposer, the holder, or
    somebody else was first."""
    if by in (award.requested_by, award.learner):
        raise NotAllowed("second_person")
    decision = Award.Decision.APPROVED if is_approved else Award.Decision.REFUSED
    pending = Award.objects.filter(pk=award.pk, decision="")
    if not pending.update(decision=decision, decided_by=by, decided_at=timezone.now()):
        raise NotAllowed("decided")
    award.refresh_from_db()
    transaction.on_commit(lambda: _tell(award, "decided", [award.requested_by]), robust=True)


def _deciders(award: Award) -> list[User]:
    """Whoever could decide on it."""
    people = User.objects.filter(is_active=True).exclude(pk__in=[award.requested_by_id, award.learner_id])
    group = Q(groups__permissions__codename="change_award", groups__permissions__content_type__app_label="credentials")
    return list(people.filter(group).distinct())


def _tell(award: Award, what: str, people: Iterable[User]) -> None:
    """Writes to each in their language that an award was ``proposed`` or ``decided``. No mail server costs nobody an
    award."""
    for person in people:
        with override(person.language):
            subjects = {"proposed": gettext("An award waits for a second person"), "decided": gettext("Your award")}
            address = settings.PUBLIC_URL + reverse("award", args=[award.uid])
            context = {"award": award, "person": person, "address": address}
            text = render_to_string(f"credentials/award_{what}_email.txt", context)
            try:
                send_mail(subjects[what], text, None, [person.email])
            except OSError:
                log.exception("mail about an award was not sent", extra={"award": str(award.uid)})
