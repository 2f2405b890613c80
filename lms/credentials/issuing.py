"""Issue a learner what they have earned: once, on grades that count or on the word of two people, with a trace.

The rule is asked of the database each time; what has been issued is what the database says. Two workers who decide at
the same moment both sign, and the constraint ``credential_one_active`` lets one of them in.
"""

import functools
import hashlib
import json
import logging
import operator
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from grading.models import Grade
from lms.accounts.models import User
from lms.credentials import documents, holder, publishing, signing
from lms.credentials.grounds import Grounds, NotMet, grounds_of
from lms.credentials.models import Achievement, AuditEntry, Award, Credential, Issuer, Requirement, StatusEntry, Subject
from lms.credentials.numbers import to_number

log = logging.getLogger(__name__)


def learners_due(achievement: Achievement, learner: User | None = None) -> QuerySet[User]:
    """Who meets the rule and never had a credential for it: of everybody, or whether this ``learner`` is.

    A revoked one counts as had: what was withdrawn does not come back by itself.
    """
    had = Credential.objects.filter(achievement=achievement, learner=OuterRef("pk"))
    people = User.objects.filter(~Exists(had), is_active=True)
    if learner:
        people = people.filter(pk=learner.pk)
    exercises, parts = list(achievement.requirements.all()), list(achievement.credential_requirements.all())
    if not exercises and not parts:
        return people.none()
    for part in parts:
        people = people.filter(Exists(part.met_by().filter(learner=OuterRef("pk"))))
    for quiz in achievement.quiz_requirements.all():
        people = people.filter(Exists(quiz.met_by().filter(learner=OuterRef("pk"))))
    if achievement.exercises_needed is None:
        return people.filter(*(Exists(one.met_by().filter(submission__learner=OuterRef("pk"))) for one in exercises))
    return people.filter(pk__in=_with_enough_passed(exercises, achievement.exercises_needed, learner))


def _with_enough_passed(exercises: Sequence[Requirement], needed: int, learner: User | None) -> QuerySet[Any]:
    """Who has passed ``needed`` of the exercises, as numbers. Counted over the grades: asking each person about
    each exercise would take as long as there are people."""
    wanted = functools.reduce(operator.or_, (one.wanted() for one in exercises), Q(pk__in=[]))
    grades = Requirement.acceptable().filter(wanted, **({"submission__learner": learner} if learner else {}))
    passed = grades.order_by().values("submission__learner").annotate(n=Count("submission__exercise", distinct=True))
    return passed.filter(n__gte=needed).values("submission__learner")


def due_for(learner: User) -> list[Achievement]:
    """What this learner has earned and not been issued."""
    candidates = Achievement.objects.issuable().select_related("issuer")
    return [one for one in candidates if learners_due(one, learner).exists()]


def issue(achievement: Achievement, learner: User) -> Credential | None:
    """Issues a credential that is due; None when another worker was first.

    Raises:
        signing.KeyUnavailable: this process holds no key for the issuer; nothing was written.
        NoVerdict, NotMet, VerdictKeyUnavailable: see ``grounds_of``; nothing was written.
    """
    grounds = grounds_of(achievement, learner)
    credential = make(achievement, learner, by_rule(achievement, grounds))
    return credential if _enter(credential, grounds) else None


def issue_award(award: Award) -> Credential | None:
    """Issues what two people have agreed on; None when the holder has it already, or another worker was first.

    Raises signing.KeyUnavailable; nothing was written then.
    """
    credential = make(award.achievement, award.learner, by_award(award))
    with transaction.atomic():
        is_new = _enter(credential, Grounds(), actor=award.decided_by)
        held = Credential.objects.get(achievement=award.achievement_id, learner=award.learner_id, revoked_at=None)
        # The one that is there for another award is not this one's.
        link = held if is_new or not hasattr(held, "award") else None
        Award.objects.filter(pk=award.pk, issued_at=None).update(credential=link, issued_at=timezone.now())
    return credential if is_new else None


def _enter(credential: Credential, grounds: Grounds, *, actor: User | None = None) -> bool:
    """Whether it is now in the register: not when the holder has an active one already.

    Raises NotMet: a credential it rests on was withdrawn while it was being signed.
    """
    try:
        with transaction.atomic():
            wanted = [part.pk for part in grounds.parts]
            if len(Credential.objects.in_force().select_for_update(of=("self",)).filter(pk__in=wanted)) < len(wanted):
                raise NotMet("a credential it rests on has just been withdrawn")
            enter(credential, grounds, actor=actor)
            transaction.on_commit(lambda: tell(credential, "issued"), robust=True)
    except (IntegrityError, NotMet) as error:
        StatusEntry.objects.filter(credential=None, pk=credential.status_entry_id or 0).delete()
        if isinstance(error, NotMet):
            raise
        if not Credential.objects.filter(achievement=credential.achievement_id, learner=credential.learner_id).exists():
            raise
        return False
    log.info("credential issued", extra={"credential": str(credential.pk)})
    return True


def enter(credential: Credential, grounds: Grounds, *, actor: User | None = None, reason: str = "") -> None:
    """Writes a signed credential into the register, with its trace, inside the caller's transaction."""
    credential.save(force_insert=True)
    credential.grades.set(grounds.grades)
    credential.parts.set(grounds.parts)
    ids = [grade.pk for grade in grounds.grades]
    record(credential, AuditEntry.Action.ISSUED, grade_ids=ids, reason=reason, actor=actor)


# --- Making the document ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """What is each credential's own: its names, its holder as the issuer calls them, its place, its day."""

    uid: uuid.UUID
    number: str
    issuer: documents.Issuer
    holder: documents.Holder
    status: documents.Status
    now: datetime


Compose = Callable[[Frame], documents.Document]


def by_rule(achievement: Achievement, grounds: Grounds, awarded_at: datetime | None = None) -> Compose:
    """A document on these grades and credentials."""
    evidence = [*map(_evidence, grounds.grades), *map(_stacked, grounds.parts)]
    return _compose(achievement, evidence, _percent(grounds.grades), awarded_at)


def by_award(award: Award, awarded_at: datetime | None = None) -> Compose:
    """A document on the word of two people; their grounds stay here, their hash is in it."""
    digest = hashlib.sha256(award.grounds.encode()).hexdigest()
    name = "มอบโดยความเห็นชอบของเจ้าหน้าที่สองคน / Awarded on the decision of two officers"
    return _compose(award.achievement, [documents.Evidence(award.uid, name, digest)], "", awarded_at)


def _compose(
    achievement: Achievement, evidence: Sequence[documents.Evidence], percent: str, awarded_at: datetime | None
) -> Compose:
    def compose(frame: Frame) -> documents.Document:
        awarded = awarded_at or frame.now
        return documents.build(
            uid=frame.uid,
            number=frame.number,
            issuer=frame.issuer,
            achievement=achievement.facts(),
            holder=frame.holder,
            status=frame.status,
            percent=percent,
            evidence=evidence,
            awarded_at=awarded,
            valid_from=frame.now,
            valid_until=achievement.valid_until(awarded),
        )

    return compose


def make(achievement: Achievement, learner: User, compose: Compose, *, holder_name: str = "") -> Credential:
    """A credential that is signed and not yet in the register. Raises signing.KeyUnavailable."""
    issuer = achievement.issuer
    key, signer = signing.signer_for(issuer)
    entry = publishing.allot(issuer)
    if not entry.list.signed_at:
        # A credential whose list cannot be had is one that nobody else can check.
        entry.list = publishing.sign_list(entry.list)
    frame = _frame(issuer, learner, entry, holder_name or learner.get_full_name())
    document = compose(frame)
    try:
        signed = signing.sign(document, key=key, signer=signer, created=documents.timestamp(frame.now))
    except signing.NotOurProfile:
        entry.delete()
        raise
    return Credential(
        id=frame.uid,
        achievement=achievement,
        learner=learner,
        key=key,
        document=json.dumps(signed, ensure_ascii=False, separators=(",", ":")),
        holder_name=frame.holder.name,
        holder_initials=holder.initials(learner.given_name, learner.family_name),
        issued_at=frame.now,
        awarded_at=documents.moment(signed["awardedDate"]),
        valid_until=documents.moment(signed["validUntil"]) if "validUntil" in signed else None,
        status_entry=entry,
    )


def _frame(issuer: Issuer, learner: User, entry: StatusEntry, holder_name: str) -> Frame:
    uid = uuid.uuid4()
    subject, _ = Subject.objects.get_or_create(issuer=issuer, learner=learner)
    return Frame(
        uid=uid,
        number=to_number(uid),
        issuer=documents.Issuer(issuer.did, issuer.name_th, issuer.name_en, settings.PUBLIC_URL),
        holder=documents.Holder(subject.uid, holder_name, learner.email, secrets.token_hex(16), learner.identity_level),
        status=publishing.facts(entry),
        now=timezone.now().replace(microsecond=0),
    )


def _evidence(grade: Grade) -> documents.Evidence:
    submission = grade.submission
    return documents.Evidence(submission.pk, submission.exercise.title_th, submission.sha256)


def _stacked(part: Credential) -> documents.Evidence:
    return documents.Evidence(part.pk, f"{part.achievement.name_th} ({part.number})", part.sha256)


def _percent(grades: Sequence[Grade]) -> str:
    """The mean share of the points over the exercises it rests on, in whole percent, never rounded up; empty when it
    rests on other credentials alone."""
    if not grades:
        return ""
    return str(int(100 * sum(grade.fraction for grade in grades) / len(grades) + 1e-6))


# --- Trace and mail ---------------------------------------------------------------------------------------------------


def record(
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


def tell(credential: Credential, what: str) -> None:
    """Writes to the holder in their language: it was ``issued``, ``replaced`` by another one, or ``revoked``.

    A mail server that is down costs nobody a credential.
    """
    learner = credential.learner
    with override(learner.language):
        subjects = {
            "issued": gettext("Your credential: %(name)s"),
            "replaced": gettext("Your credential was replaced by a new one: %(name)s"),
            "revoked": gettext("Your credential was revoked: %(name)s"),
        }
        subject = subjects[what] % {"name": credential.achievement.name}
        text = render_to_string(
            f"credentials/{what}_email.txt",
            {"credential": credential, "learner": learner, "PUBLIC_URL": settings.PUBLIC_URL},
        )
        try:
            send_mail(" ".join(subject.split()), text, None, [learner.email])
        except OSError:
            log.exception("mail about a credential was not sent", extra={"credential": str(credential.pk)})
