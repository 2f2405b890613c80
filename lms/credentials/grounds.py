"""What a credential rests on, looked at again before anything is signed: grades, quizzes, other credentials.

The database says who is due; here each thing it says is held against what was signed, by keys that are not in it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from grading import verdicts
from grading.models import Grade
from lms.accounts.models import User
from lms.credentials import documents, proofs
from lms.credentials.models import (
    Achievement,
    AuditEntry,
    Award,
    Credential,
    CredentialRequirement,
    Requirement,
    Subject,
)

log = logging.getLogger(__name__)
_WITHDRAWN = (AuditEntry.Action.REVOKED, AuditEntry.Action.REPLACED)


class NotMet(Exception):
    """The rule is not met, or not any more. Nothing is wrong."""


class NoVerdict(Exception):
    """What meets a requirement is not what was signed: altered, forged, or signed by nobody we know."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a credential rests on: grades of exercises and, where it is a stacked one, other credentials."""

    grades: Sequence[Grade] = ()
    parts: Sequence[Credential] = ()


def grounds_of(achievement: Achievement, learner: User, kept: Sequence[Credential] = ()) -> Grounds:
    """For each requirement the learner's best grade that meets it and whose signed record holds, in the rule's order;
    where some of the exercises are enough, of all that were passed. For each part of a stacked credential the one in
    force; where none is, one of ``kept``, which a credential rested on before.

    Raises:
        NotMet: there is none, or there are not enough.
        NoVerdict: the same because of what does not hold; the text says of which grade or credential, and why.
        VerdictKeyUnavailable: this process has not the keys by which records are checked.
    """
    with transaction.atomic():
        # Whoever edits the rule writes this row first: its number and its requirements are read as they belong.
        achievement = Achievement.objects.select_for_update().get(pk=achievement.pk)
        for requirement in achievement.quiz_requirements.all():
            if not any(attempt.is_sound() for attempt in requirement.met_by().filter(learner=learner)):
                raise NoVerdict(f"no attempt at quiz {requirement.quiz_id} is worth what was recorded")
        asked = achievement.credential_requirements.select_related("part")
        return Grounds(_grades_behind(achievement, learner), [_part(one, learner, kept) for one in asked])


# --- Grades -----------------------------------------------------------------------------------------------------------


def _grades_behind(achievement: Achievement, learner: User) -> list[Grade]:
    grades, problems, needed = [], [], achievement.exercises_to_pass()
    for requirement in achievement.requirements.all():
        try:
            grades += _best_verified(requirement, learner)
        except NoVerdict as refusal:
            problems.append(str(refusal))
    if len(grades) < needed:
        raise NoVerdict("; ".join(problems)) if problems else NotMet(f"{len(grades)} of {needed} exercises are passed")
    for problem in problems:  # enough without it; somebody has to know all the same
        log.error("verdict_refused for %s: %s", achievement.slug, problem, extra={"learner": learner.pk})
    return grades


def _best_verified(requirement: Requirement, learner: User) -> list[Grade]:
    """One grade, or none when none meets the requirement."""
    own = requirement.met_by().filter(submission__learner=learner).select_related("submission__exercise")
    problems = []
    for grade in sorted(own, key=lambda grade: grade.fraction, reverse=True):
        problem = verdicts.problem(grade)
        if not problem:
            return [grade]
        problems.append(f"grade {grade.pk}: {problem}")
    if problems:
        raise NoVerdict("; ".join(problems))
    return []


# --- Credentials ------------------------------------------------------------------------------------------------------


def _part(requirement: CredentialRequirement, learner: User, kept: Sequence[Credential]) -> Credential:
    found = requirement.met_by().filter(learner=learner).select_related("key", "achievement").first()
    if found and AuditEntry.objects.filter(credential_id=found.pk, action__in=_WITHDRAWN).exists():
        raise NoVerdict(f"credential {found.number}: it was withdrawn, and the register says that it is in force")
    found = found or next((one for one in kept if one.achievement_id == requirement.part_id), None)
    if found is None:
        raise NotMet(f"no credential for {requirement.part.slug} is in force")
    if problem := why_not_as_issued(found) or _why_not_earned(found):
        raise NoVerdict(f"credential {found.number}: {problem}")
    return found


def why_not_as_issued(credential: Credential) -> str:
    """Why this is not the document that the signing worker wrote into the register, of this achievement and for this
    holder; empty when it is."""
    issued = AuditEntry.objects.filter(credential_id=credential.pk, action=AuditEntry.Action.ISSUED).first()
    if issued is None or issued.document_sha256 != credential.sha256:
        return "the document is not the one that was issued"
    document = credential.parsed()
    if not proofs.has_valid_proof(document, credential.key.public_multikey):
        return "the document's signature does not hold"
    subject = document["credentialSubject"]
    until = documents.moment(document["validUntil"]) if "validUntil" in document else None
    told = (document["id"], subject["achievement"]["id"], until)
    if told != (documents.urn(credential.pk), documents.urn(credential.achievement.uid), credential.valid_until):
        return "the register says otherwise than the document"
    subjects = Subject.objects.filter(learner=credential.learner_id).values_list("uid", flat=True)
    if subject["id"] not in {documents.urn(uid) for uid in subjects}:
        return "the document is somebody else's"
    return ""


def _why_not_earned(credential: Credential) -> str:
    """Why the grades below a credential do not hold: they are signed by another key than the credential is, and name
    the learner. One that two people awarded has none."""
    if award_of(credential):
        return ""
    grades = list(credential.grades.select_related("submission"))
    if not grades:
        return "it rests on nothing"
    for grade in grades:
        if grade.submission.learner_id != credential.learner_id:
            return f"grade {grade.pk} is somebody else's"
        if problem := verdicts.problem(grade):
            return f"grade {grade.pk}: {problem}"
    return ""


def award_of(credential: Credential) -> Award | None:
    """The decision it goes back to, through any replacement before it; None when it was earned by the rule."""
    while not (award := getattr(credential, "award", None)) and hasattr(credential, "replaces"):
        credential = credential.replaces.old
    return award
