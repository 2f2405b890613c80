"""Withdraw a credential, or issue another one in its place.

Nothing is ever edited. Revoking sets a bit and a date; a replacement is an order that the signing worker carries out:
the new one is written and the old one revoked in one step, so that the holder is never without, and never has two.
"""

import logging

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from grading import verdicts
from lms.accounts.models import User
from lms.credentials import documents, issuing
from lms.credentials.grounds import Grounds, award_of, grounds_of, why_not_as_issued
from lms.credentials.models import AuditEntry, Credential, Issuer, IssuerKey, Replacement, StatusEntry

log = logging.getLogger(__name__)
Reason = Credential.Reason


class NotReplaceable(Exception):
    """No other credential can be issued in place of this one; the text says why, to an operator."""


def revoke(credential: Credential, *, reason: str, actor: User | None = None) -> bool:
    """Withdraws a credential; False when it already was. The document stays, so that its number keeps answering.

    Raises:
        ValueError: the reason is not one of ``Credential.Reason``.
    """
    reason = Reason(reason)
    with transaction.atomic():
        if not _mark(credential, reason):
            return False
        issuing.record(credential, AuditEntry.Action.REVOKED, reason=reason, actor=actor)
        transaction.on_commit(lambda: issuing.tell(credential, "revoked"), robust=True)
    return True


def _mark(credential: Credential, reason: str) -> bool:
    """Row and bit, together; whether it was active until now."""
    now = timezone.now()
    active = Credential.objects.filter(pk=credential.pk, revoked_at=None)
    if not active.update(revoked_at=now, revocation_reason=reason):
        return False
    credential.revoked_at, credential.revocation_reason = now, reason
    StatusEntry.objects.filter(credential=credential.pk, revoked_at=None).update(revoked_at=now)
    transaction.on_commit(_ask_to_publish, robust=True)
    return True


def _ask_to_publish() -> None:
    """Only a hint: the beat finds what is due within minutes."""
    try:
        current_app.send_task("lms.credentials.tasks.publish_status_lists", queue="credentials", retry=False)
    except (OSError, OperationalError):
        log.warning("the queue does not answer: the status list will be signed at the next round")


def resting_on(credential: Credential) -> QuerySet[Credential]:
    """The stacked credentials, not revoked, that rest on this one or on one whose place it took."""
    uids, one = [credential.pk], credential
    while hasattr(one, "replaces"):
        one = one.replaces.old
        uids.append(one.pk)
    return Credential.objects.filter(parts__in=uids, revoked_at=None).distinct()


# --- Replacing --------------------------------------------------------------------------------------------------------


def order(credential: Credential, *, reason: str, actor: User | None = None) -> Replacement:
    """Orders another credential in place of this one; ordering it twice is one order.

    Raises:
        ValueError: the reason is none for which credentials are replaced.
        NotReplaceable: it was withdrawn for good.
    """
    if reason not in Credential.REPLACING:
        raise ValueError(f"{reason} is no reason to replace a credential")
    if credential.revoked_at and credential.revocation_reason not in Credential.REPLACING:
        raise NotReplaceable("it was revoked and is not to come back")
    made, _ = Replacement.objects.get_or_create(old=credential, defaults={"reason": reason, "ordered_by": actor})
    return made


def order_all(credentials: QuerySet[Credential], *, reason: str, actor: User | None = None) -> int:
    """Revokes each of them now and orders another one in its place: after a key event no signature is to be relied on
    while the new ones are being made."""
    count = 0
    for pk in list(credentials.values_list("pk", flat=True)):
        credential = Credential.objects.select_related("key__issuer").get(pk=pk)
        with transaction.atomic():
            if _mark(credential, Reason(reason)):
                issuing.record(credential, AuditEntry.Action.REVOKED, reason=reason, actor=actor)
                order(credential, reason=reason, actor=actor)
                count += 1
    return count


def order_after_compromise(key: IssuerKey | None = None) -> int:
    """What this key, or any compromised one, has signed and is still in force is revoked and ordered anew; how many."""
    signed = Credential.objects.filter(revoked_at=None, key__compromised_at__isnull=False)
    return order_all(signed.filter(key=key) if key else signed, reason=Reason.KEY_EVENT)


def carry_out(replacement: Replacement) -> Credential | None:
    """Issues what was ordered; None when another worker was first.

    Raises:
        NotReplaceable: what it rests on does not hold.
        signing.KeyUnavailable, NotMet, NoVerdict, VerdictKeyUnavailable: as for ``issuing.issue``.
    """
    old = replacement.old
    grounds = Grounds(list(old.grades.select_related("submission__exercise")), list(old.parts.all()))
    if replacement.reason == Reason.CORRECTED:
        grounds = Grounds() if award_of(old) else grounds_of(old.achievement, old.learner, grounds.parts)
        compose = _anew(old, grounds)
    else:
        _check_grounds(old, grounds)
        compose = _again(old)
    # Only who changed their name, or had it corrected, gets another one: a key event is not about people.
    name = old.holder_name if replacement.reason == Reason.KEY_EVENT else ""
    new = issuing.make(old.achievement, old.learner, compose, holder_name=name)
    try:
        with transaction.atomic():
            if _mark(old, replacement.reason):
                issuing.record(old, AuditEntry.Action.REPLACED, reason=replacement.reason, actor=replacement.ordered_by)
            issuing.enter(new, grounds, actor=replacement.ordered_by, reason=replacement.reason)
            done = Replacement.objects.open().filter(pk=replacement.pk)
            if not done.update(new=new, done_at=timezone.now(), problem=""):
                raise IntegrityError("another worker was first")
            transaction.on_commit(lambda: issuing.tell(new, "replaced"), robust=True)
    except IntegrityError:
        StatusEntry.objects.filter(credential=None, pk=new.status_entry_id or 0).delete()
        if Replacement.objects.open().filter(pk=replacement.pk).exists():
            raise
        return None
    log.info("credential replaced", extra={"credential": str(old.pk), "by": str(new.pk)})
    return new


def carry_out_orders(limit: int = 2000, issuer: Issuer | None = None) -> int:
    """Carries out what was ordered, of all issuers or of one; how many. What fails says why in its row and keeps no
    other one waiting."""
    done = 0
    orders = Replacement.objects.open() if issuer is None else Replacement.objects.open().of(issuer)
    # Those that failed before come last: they must not keep the others out of a round.
    orders = orders.select_related("old__achievement__issuer", "old__learner", "old__key__issuer")
    for replacement in orders.order_by("problem", "pk")[:limit]:
        try:
            done += carry_out(replacement) is not None
        except Exception as error:
            Replacement.objects.filter(pk=replacement.pk).update(problem=f"{type(error).__name__}: {error}"[:300])
            log.error("credential_not_replaced: %s", error, extra={"credential": str(replacement.old_id)})
    return done


def _anew(old: Credential, grounds: Grounds) -> issuing.Compose:
    award, awarded_at = award_of(old), old.awarded_at or old.issued_at
    if award:
        return issuing.by_award(award, awarded_at)
    return issuing.by_rule(old.achievement, grounds, awarded_at)


def _again(old: Credential) -> issuing.Compose:
    def compose(frame: issuing.Frame) -> documents.Document:
        return documents.renew(
            old.parsed(),
            uid=frame.uid,
            number=frame.number,
            issuer=frame.issuer,
            holder=frame.holder,
            status=frame.status,
            valid_from=frame.now,
        )

    return compose


def _check_grounds(old: Credential, grounds: Grounds) -> None:
    """The document is the one that was issued, and its grades are the ones that were signed. The credentials a stacked
    one rests on were in force when it was made: what became of them since is told on their own pages."""
    if problem := why_not_as_issued(old):
        raise NotReplaceable(problem)
    for grade in grounds.grades:
        if problem := verdicts.problem(grade):
            raise NotReplaceable(f"grade {grade.pk}: {problem}")
