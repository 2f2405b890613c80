"""Signing, as the queue sees it. Every task may run any number of times: what is due is asked of the database."""

import logging
from collections.abc import Callable
from datetime import timedelta

from celery import shared_task

from grading.verdict_keys import VerdictKeyUnavailable
from lms.accounts.models import User
from lms.credentials import exporting, issuing, keys, publishing, revoking
from lms.credentials.custody import KeyUnavailable, custody
from lms.credentials.grounds import NotMet, NoVerdict
from lms.credentials.models import Achievement, Award, Credential, IssuerKey, JwtCopy

log = logging.getLogger(__name__)
# What one round takes on; the next one is a minute away.
MOST_PER_ROUND = 2000


@shared_task(name="lms.credentials.tasks.issue_for_learner")
def issue_for_learner(learner_id: int) -> int:
    """Issues one learner what they have earned, and what is stacked on it; what cannot be issued now is left for
    ``issue_due``."""
    learner = User.objects.filter(pk=learner_id).first()
    issued = 0
    while learner and (more := sum(_issue(achievement, learner) for achievement in issuing.due_for(learner))):
        issued += more
    return issued


@shared_task(name="lms.credentials.tasks.issue_due")
def issue_due() -> int:
    """Finds everything that is due and was not issued: lost messages, new achievements, days without a key."""
    by_rule = sum(_issue_all(achievement) for achievement in Achievement.objects.issuable().select_related("issuer"))
    awarded = sum(_award(award) for award in Award.objects.due()[:MOST_PER_ROUND])
    _recover()
    done = by_rule + awarded + revoking.carry_out_orders(MOST_PER_ROUND)
    exporting.make_waiting()
    return done


@shared_task(name="lms.credentials.tasks.after_key_event")
def after_key_event(key_id: int) -> int:
    """Revokes what a withdrawn key signed and issues it again; interrupted, ``issue_due`` goes on with it."""
    key = IssuerKey.objects.select_related("issuer").get(pk=key_id, compromised_at__isnull=False)
    try:
        return keys.compromise(key, custody(), say=log.info).reissued
    except KeyUnavailable as error:
        log.error("nothing can be issued again for %s: %s", key.issuer.slug, error)
    return 0


@shared_task(name="lms.credentials.tasks.make_jwt")
def make_jwt(copy_id: int) -> bool:
    """Makes the JWT that a page asked for; what cannot be made now is left for ``issue_due``."""
    copy = JwtCopy.objects.select_related("credential__achievement__issuer").filter(pk=copy_id).first()
    try:
        return copy is not None and exporting.make(copy)
    except KeyUnavailable as error:
        log.error("no token can be made: %s", error)
    return False


@shared_task(name="lms.credentials.tasks.publish_status_lists")
def publish_status_lists() -> int:
    """Signs the status lists that are a day old, or silent about a revocation."""
    return publishing.sign_due()


@shared_task(name="lms.credentials.tasks.watch_status_lists")
def watch_status_lists() -> int:
    """Raises the alarm when lists are not being signed. It runs on the queue of the other worker: the one that signs
    could not say that it is dead."""
    return publishing.raise_alarm()


def _recover() -> None:
    """What a worker signed in the very moment its key was withdrawn is found here, and an issuer left without a key
    gets another one: an order to withdraw may have been lost on the way."""
    revoking.order_after_compromise()
    for issuer in keys.without_key():
        try:
            keys.rotate(issuer, custody(), wait=timedelta(0))
        except KeyUnavailable as error:
            log.error("no key can be made for %s: %s", issuer.slug, error)


def _issue_all(achievement: Achievement) -> int:
    return sum(_issue(achievement, learner) for learner in issuing.learners_due(achievement)[:MOST_PER_ROUND])


def _issue(achievement: Achievement, learner: User) -> bool:
    return _guarded(lambda: issuing.issue(achievement, learner), achievement, learner)


def _award(award: Award) -> bool:
    return _guarded(lambda: issuing.issue_award(award), award.achievement, award.learner)


def _guarded(act: Callable[[], Credential | None], achievement: Achievement, learner: User) -> bool:
    """Whether a credential was issued. A failure is logged and leaves it due; it keeps nobody else waiting."""
    try:
        return act() is not None
    except KeyUnavailable as error:
        log.error("nothing can be issued for %s: %s", achievement.issuer.slug, error)
    except NotMet as error:  # between the question and the signature something was withdrawn, or the rule changed
        log.info("not issued for %s: %s", achievement.slug, error, extra={"learner": learner.pk})
    except (NoVerdict, VerdictKeyUnavailable) as error:
        # Never for want of trying again: a record that does not hold needs a person.
        log.error("credential_withheld for %s: %s", achievement.slug, error, extra={"learner": learner.pk})
    except Exception:
        log.exception("a credential for %s could not be issued", achievement.slug)
    return False
