"""An achievement for somebody who did not earn it by the rule: one person proposes it, another one decides."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from lms.accounts.models import User
from lms.credentials.models import Achievement, Award, Credential


class NotAllowed(Exception):
    """This person may not do that, or there is nothing to be done; the text says why."""


def propose(achievement: Achievement, learner: User, *, grounds: str, by: User) -> Award:
    """Writes a proposal down. Raises NotAllowed: no grounds, one's own, one that is held or proposed already."""
    if not grounds.strip():
        raise NotAllowed("an award needs grounds")
    if by == learner:
        raise NotAllowed("nobody proposes an award for themselves")
    if Credential.objects.filter(achievement=achievement, learner=learner, revoked_at=None).exists():
        raise NotAllowed("they hold it already")
    try:
        with transaction.atomic():
            return Award.objects.create(
                achievement=achievement, learner=learner, grounds=grounds.strip(), requested_by=by
            )
    except IntegrityError:
        raise NotAllowed("it is proposed already") from None


def decide(award: Award, *, by: User, is_approved: bool) -> None:
    """Approves or refuses; the signing worker issues what was approved. Raises NotAllowed: the proposer, the holder, or
    somebody else was first."""
    if by in (award.requested_by, award.learner):
        raise NotAllowed("a second person decides")
    decision = Award.Decision.APPROVED if is_approved else Award.Decision.REFUSED
    pending = Award.objects.filter(pk=award.pk, decision="")
    if not pending.update(decision=decision, decided_by=by, decided_at=timezone.now()):
        raise NotAllowed("it was decided already")
