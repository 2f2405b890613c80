"""Issue a learner what they have earned: once, on grades that count, with a trace.

The rule is asked of the database each time; what has been issued is what the database says. Two workers who decide at
the same moment both sign, and the constraint ``credential_one_active`` lets one of them in.
"""

import json
import logging
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from grading import verdicts
from grading.models import Grade
from lms.accounts.models import User
from lms.credentials import documents, holder, signing
from lms.credentials.models import Achievement, AuditEntry, Credential, Issuer, Requirement, Subject
from lms.credentials.numbers import to_number

log = logging.getLogger(__name__)


def learners_due(achievement: Achievement) -> QuerySet[User]:
    """Who meets every requirement and never had a credential for it.

    A revoked one counts as had: what was withdrawn does not come back by itself.
    """
    had = Credential.objects.filter(achievement=achievement, learner=OuterRef("pk"))
    people = User.objects.filter(~Exists(had), is_active=True)
    requirements = list(achievement.requirements.all())
    for requirement in requirements:
        people = people.filter(Exists(requirement.met_by().filter(submission__learner=OuterRef("pk"))))
    return people if requirements else people.none()


class NoVerdict(Exception):
    """A grade that meets a requirement is not what was signed: altered, forged, or signed by nobody we know."""


def grades_behind(achievement: Achievement, learner: User) -> list[Grade]:
    """For each requirement the learner's best grade that meets it and whose signed record holds, in the rule's order.

    Raises:
        NoVerdict: there is none; the text says of which grade, and why.
        VerdictKeyUnavailable: this process has not the keys by which records are checked.
    """
    return [_best_verified(requirement, learner) for requirement in achievement.requirements.all()]


def _best_verified(requirement: Requirement, learner: User) -> Grade:
    own = requirement.met_by().filter(submission__learner=learner).select_related("submission__exercise")
    problems = []
    for grade in sorted(own, key=lambda grade: grade.fraction, reverse=True):
        problem = verdicts.problem(grade)
        if not problem:
            return grade
        problems.append(f"grade {grade.pk}: {problem}")
    raise NoVerdict("; ".join(problems) or "no grade meets the requirement any more")


def due_for(learner: User) -> list[Achievement]:
    """What this learner has earned and not been issued."""
    candidates = Achievement.objects.issuable().select_related("issuer")
    return [one for one in candidates if learners_due(one).filter(pk=learner.pk).exists()]


def issue(achievement: Achievement, learner: User) -> Credential | None:
    """Issues a credential that is due; None when another worker was first.

    Raises:
        signing.KeyUnavailable: this process holds no key for the issuer; nothing was written.
        NoVerdict, VerdictKeyUnavailable: see ``grades_behind``; nothing was written.
    """
    grades = grades_behind(achievement, learner)
    credential = _signed(achievement, learner, grades)
    try:
        with transaction.atomic():
            credential.save(force_insert=True)
            credential.grades.set(grades)
            _record(credential, AuditEntry.Action.ISSUED, grade_ids=[grade.pk for grade in grades])
            transaction.on_commit(lambda: _tell(credential), robust=True)
    except IntegrityError:
        if not Credential.objects.filter(achievement=achievement, learner=learner).exists():
            raise
        return None
    log.info("credential issued", extra={"credential": str(credential.pk)})
    return credential


def _signed(achievement: Achievement, learner: User, grades: Sequence[Grade]) -> Credential:
    """A credential that is signed and not yet saved."""
    issuer = achievement.issuer
    key, signer = signing.signer_for(issuer)
    uid, now = uuid.uuid4(), timezone.now().replace(microsecond=0)
    document = _document(uid, achievement, learner, grades, now)
    signed = signing.sign(document, key=key, signer=signer, created=documents.timestamp(now))
    return Credential(
        id=uid,
        achievement=achievement,
        learner=learner,
        key=key,
        document=json.dumps(signed, ensure_ascii=False, separators=(",", ":")),
        holder_name=learner.get_full_name(),
        holder_initials=holder.initials(learner.given_name, learner.family_name),
        issued_at=now,
        valid_until=achievement.valid_until(now),
    )


def _document(
    uid: uuid.UUID, achievement: Achievement, learner: User, grades: Sequence[Grade], now: datetime
) -> documents.Document:
    issuer = achievement.issuer
    subject, _ = Subject.objects.get_or_create(issuer=issuer, learner=learner)
    return documents.build(
        uid=uid,
        number=to_number(uid),
        issuer=_issuer_facts(issuer),
        achievement=achievement.facts(),
        holder=documents.Holder(subject.uid, learner.get_full_name(), learner.email, secrets.token_hex(16)),
        percent=_percent(grades),
        evidence=[_evidence(grade) for grade in grades],
        valid_from=now,
        valid_until=achievement.valid_until(now),
    )


def _issuer_facts(issuer: Issuer) -> documents.Issuer:
    return documents.Issuer(issuer.did, issuer.name_th, issuer.name_en, settings.PUBLIC_URL)


def _evidence(grade: Grade) -> documents.Evidence:
    submission = grade.submission
    return documents.Evidence(submission.pk, submission.exercise.title_th, submission.sha256)


def _percent(grades: Sequence[Grade]) -> str:
    """The mean share of the points over the required exercises, in whole percent, never rounded up."""
    return str(int(100 * sum(grade.fraction for grade in grades) / len(grades) + 1e-6))


def revoke(credential: Credential, *, reason: str, actor: User | None = None) -> bool:
    """Withdraws a credential; False when it already was. The document stays, so that its number keeps answering.

    Raises:
        ValueError: the reason is not one of ``Credential.Reason``.
    """
    reason = Credential.Reason(reason)
    with transaction.atomic():
        active = Credential.objects.filter(pk=credential.pk, revoked_at=None)
        if not active.update(revoked_at=timezone.now(), revocation_reason=reason):
            return False
        _record(credential, AuditEntry.Action.REVOKED, reason=reason, actor=actor)
    return True


def _record(
    credential: Credential,
    action: str,
    *,
    grade_ids: Sequence[int] = (),
    reason: str = "",
    actor: User | None = None,
) -> None:
    AuditEntry.objects.create(
        credential_id=credential.pk,
        action=action,
        actor=actor,
        grade_ids=list(grade_ids),
        document_sha256=credential.sha256,
        verification_method=credential.key.url,
        reason=reason,
    )


def _tell(credential: Credential) -> None:
    """Writes to the holder in their language. A mail server that is down costs nobody a credential."""
    learner = credential.learner
    with override(learner.language):
        subject = gettext("Your credential: %(name)s") % {"name": credential.achievement.name}
        text = render_to_string(
            "credentials/issued_email.txt",
            {"credential": credential, "learner": learner, "PUBLIC_URL": settings.PUBLIC_URL},
        )
        try:
            send_mail(" ".join(subject.split()), text, None, [learner.email])
        except OSError:
            log.exception("mail about a credential was not sent", extra={"credential": str(credential.pk)})
