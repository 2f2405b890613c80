"""Who issues, for what, to whom, and what came of it.

The signed document is stored as the exact text that was signed. Nothing in it is ever edited: a credential is revoked
and, where that is right, another one issued.
"""

import hashlib
import json
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.contrib.admin import display
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, FloatField, OuterRef, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from courses import thai
from grading.models import Exercise, Grade, Quiz, QuizAttempt
from lms.credentials import documents, jwts
from lms.credentials.numbers import to_number

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from lms.accounts.models import User

# Scores are floats: 0.7 of 6 points must not fail by the last bit.
TOLERANCE = 1e-9


def reaches(score: float, max_score: float, minimum_fraction: float) -> bool:
    """Whether a score is at least this share of its maximum."""
    return score >= max_score * minimum_fraction - TOLERANCE


def _needed(minimum_fraction: Decimal) -> CombinedExpression:
    """The same for a query: what ``score`` has to be at least."""
    return F("max_score") * Value(float(minimum_fraction), FloatField()) - Value(TOLERANCE, FloatField())


def in_language(th: str, en: str) -> str:
    return en if (get_language() or "").startswith("en") else th


def host_did() -> str:
    """``did:web`` of this site's host; a port is part of it (did:web, section 3.2)."""
    return "did:web:" + quote(urlsplit(settings.PUBLIC_URL).netloc, safe="")


def did_for(slug: str) -> str:
    return f"{host_did()}:issuers:{slug}"


class Issuer(models.Model):
    """A body that issues credentials, known to the world by a did:web below this site's address."""

    slug = models.SlugField(_("code"), max_length=60, unique=True)
    name_th = models.CharField(_("name in Thai"), max_length=250)
    name_en = models.CharField(_("name in English"), max_length=250)
    # Derived from PUBLIC_URL once, then kept: it stands in every signed document.
    did = models.CharField(_("identity"), max_length=300, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    keys: "RelatedManager[IssuerKey]"

    class Meta:
        verbose_name = _("issuer")
        verbose_name_plural = _("issuers")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.did = self.did or did_for(self.slug)
        super().save(*args, **kwargs)

    @property
    def name(self) -> str:
        return in_language(self.name_th, self.name_en)

    @property
    def active_keys(self) -> "models.QuerySet[IssuerKey]":
        """Those that may sign at this moment, the newest first."""
        now = timezone.now()
        in_use = self.keys.filter(begins_at__lte=now, compromised_at=None)
        return in_use.filter(Q(retired_at=None) | Q(retired_at__gt=now)).order_by("-begins_at", "-pk")

    def key_named(self, key_id: str) -> "IssuerKey | None":
        return self.keys.select_related("issuer").filter(key_id=key_id).first()

    def did_document(self) -> dict[str, Any]:
        """What the identity resolves to: every key that ever signed, so that old credentials keep verifying, and
        those that are about to, so that nobody meets a signature whose key is not published yet. Not those that were
        compromised: what they signed has been replaced."""
        keys = list(self.keys.filter(compromised_at=None).order_by("pk"))
        return {
            "@context": [
                "https://www.w3.org/ns/did/v1",
                "https://w3id.org/security/multikey/v1",
                "https://w3id.org/security/jwk/v1",
            ],
            "id": self.did,
            # Each key twice: as embedded proofs name it, and as tokens name it (see ``jwts``).
            "verificationMethod": [method for key in keys for method in key.verification_methods()],
            "assertionMethod": [method["id"] for key in keys for method in key.verification_methods()],
        }


class IssuerKey(models.Model):
    """The public half of a signing key. A key id is never used again for other bytes."""

    issuer = models.ForeignKey(Issuer, models.PROTECT, related_name="keys")
    key_id = models.CharField(_("key"), max_length=40)
    public_multikey = models.CharField(_("public key"), max_length=120, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    # Published before it signs, for as long as others may keep an older copy of the identity.
    begins_at = models.DateTimeField(_("signs from"), default=timezone.now)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)
    compromised_at = models.DateTimeField(_("compromised"), null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "key_id"], name="issuer_key_id_once")]

    def __str__(self) -> str:
        return self.url

    @property
    def url(self) -> str:
        return f"{self.issuer.did}#{self.key_id}"

    def verification_methods(self) -> list[dict[str, Any]]:
        controller = {"controller": self.issuer.did}
        return [
            {"id": self.url, "type": "Multikey", **controller, "publicKeyMultibase": self.public_multikey},
            {
                "id": self.url + jwts.SUFFIX,
                "type": "JsonWebKey",
                **controller,
                "publicKeyJwk": jwts.jwk_of(self.public_multikey),
            },
        ]


class KeyEvent(models.Model):
    """What happened to a key, and the identity as it was published from then on: did:web itself keeps no history."""

    class Action(models.TextChoices):
        PUBLISHED = "published", _("published")
        RETIRED = "retired", _("retired")
        COMPROMISED = "compromised", _("compromised")

    key = models.ForeignKey(IssuerKey, models.PROTECT, related_name="events")
    action = models.CharField(max_length=12, choices=Action)
    did_document = models.TextField()
    # Empty: an operator's command did it.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.key_id}"


class StatusList(models.Model):
    """A signed list of bits, one a credential: who was revoked, for verifiers that never ask about a single one."""

    issuer = models.ForeignKey(Issuer, models.PROTECT, related_name="status_lists")
    # Exactly what was signed last; empty until the signing worker has been by.
    document = models.TextField(blank=True)
    signed_at = models.DateTimeField(null=True, blank=True, db_index=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    entries: "RelatedManager[StatusEntry]"

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.url

    @property
    def url(self) -> str:
        return settings.PUBLIC_URL + reverse("credentials:status_list", args=[self.pk])


class StatusEntry(models.Model):
    """One place in a list. It outlives its credential: erasing a revoked one must not make a copy of it valid."""

    list = models.ForeignKey(StatusList, models.PROTECT, related_name="entries")
    index = models.PositiveIntegerField()
    revoked_at = models.DateTimeField(null=True, blank=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "index"], name="status_index_once")]

    def __str__(self) -> str:
        return f"{self.list_id}#{self.index}"


class Partner(models.Model):
    """A body that an achievement was made or is held together with. It is named in the credential and signs nothing."""

    name_th = models.CharField(_("name in Thai"), max_length=250)
    name_en = models.CharField(_("name in English"), max_length=250)
    url = models.URLField(_("address"), max_length=400)

    class Meta:
        verbose_name = _("partner")
        verbose_name_plural = _("partners")
        ordering = ["name_th"]

    def __str__(self) -> str:
        return in_language(self.name_th, self.name_en)

    def facts(self) -> documents.Partner:
        return documents.Partner(self.name_th, self.name_en, self.url)


class AchievementQuerySet(models.QuerySet["Achievement"]):
    def issuable(self) -> Self:
        """In use and with a rule. One that asks for no exercise and no credential is met by nobody, rather than by
        everybody."""
        own = {"achievement": OuterRef("pk")}
        has_rule = Exists(Requirement.objects.filter(**own)) | Exists(CredentialRequirement.objects.filter(**own))
        return self.filter(has_rule, is_active=True)


class Achievement(ClusterableModel):
    """What a credential attests, and the rule by which it is earned."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    slug = models.SlugField(_("code"), max_length=80, unique=True)
    issuer = models.ForeignKey(Issuer, models.PROTECT, related_name="+", verbose_name=_("issuer"))
    name_th = models.CharField(_("name in Thai"), max_length=250)
    name_en = models.CharField(_("name in English"), max_length=250)
    description_th = models.TextField(_("description in Thai"), max_length=4000)
    description_en = models.TextField(_("description in English"), max_length=4000)
    criteria_th = models.TextField(_("criteria in Thai"), max_length=4000)
    criteria_en = models.TextField(_("criteria in English"), max_length=4000)
    hours = models.DecimalField(
        _("training hours"), max_digits=5, decimal_places=1, validators=[MinValueValidator(Decimal("0.5"))]
    )
    valid_days = models.PositiveIntegerField(
        _("valid for (days)"), null=True, blank=True, help_text=_("Empty: it does not expire.")
    )
    partner = models.ForeignKey(
        Partner,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("partner"),
        help_text=_("The body it was made together with, if any. The issuer alone signs."),
    )
    exercises_needed = models.PositiveSmallIntegerField(
        _("how many of the exercises"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: all of them."),
    )
    is_active = models.BooleanField(_("is issued"), default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = AchievementQuerySet.as_manager()
    requirements: "RelatedManager[Requirement]"
    quiz_requirements: "RelatedManager[QuizRequirement]"
    credential_requirements: "RelatedManager[CredentialRequirement]"
    competencies: "RelatedManager[Competency]"

    class Meta:
        verbose_name = _("achievement")
        verbose_name_plural = _("achievements")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(exercises_needed=None) | Q(exercises_needed__gte=1), name="achievement_needs_something"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    @display(description=_("Name"))
    def name(self) -> str:
        return in_language(self.name_th, self.name_en)

    @property
    def hours_text(self) -> str:
        """``15``, ``1.5``: text, because numbers do not survive canonicalisation everywhere."""
        return f"{Decimal(self.hours).normalize():f}"

    def exercises_to_pass(self) -> int:
        """How many of the rule's exercises have to be passed. More than there are is a rule that nobody meets."""
        return len(self.requirements.all()) if self.exercises_needed is None else self.exercises_needed

    def valid_until(self, start: datetime) -> datetime | None:
        return start + timedelta(days=self.valid_days) if self.valid_days else None

    def facts(self) -> documents.Achievement:
        """As the document builder takes it."""
        fields = ("uid", "name_th", "name_en", "description_th", "description_en", "criteria_th", "criteria_en")
        return documents.Achievement(
            **{name: getattr(self, name) for name in fields},
            hours=self.hours_text,
            competencies=[competency.facts() for competency in self.competencies.all()],
            partner=self.partner.facts() if self.partner else None,
        )


class Requirement(Orderable):
    """One part of an achievement's rule: this exercise, at this share of its points or more."""

    achievement = ParentalKey(Achievement, on_delete=models.CASCADE, related_name="requirements")
    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="+", verbose_name=_("exercise"))
    minimum_fraction = models.DecimalField(
        _("at least this share of the points"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.8"),
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(Decimal(1))],
        help_text=_("0.8 means 80 percent."),
    )

    class Meta(Orderable.Meta):
        constraints = [models.UniqueConstraint(fields=["achievement", "exercise"], name="requirement_once")]

    def __str__(self) -> str:
        return f"{self.exercise} ≥ {self.minimum_fraction:.0%}"

    def met_by(self) -> "models.QuerySet[Grade]":
        """The grades that meet this: examined from outside or by a person, the round that counts of a submission that
        counts, enough points, with a signed record (``issuing`` looks at what it says)."""
        return self.acceptable().filter(self.wanted())

    def wanted(self) -> Q:
        """Of the acceptable grades those with points enough in this exercise."""
        return Q(submission__exercise=self.exercise_id, score__gte=_needed(self.minimum_fraction))

    @staticmethod
    def acceptable() -> "models.QuerySet[Grade]":
        """The grades on which a credential can rest at all, whatever their score."""
        return Grade.objects.current().counting().filter(is_isolated=True, verdict__isnull=False, max_score__gt=0)


class QuizRequirement(Orderable):
    """Another part of the rule, beside an exercise or a credential: this quiz, at this share of its points or more."""

    achievement = ParentalKey(Achievement, on_delete=models.CASCADE, related_name="quiz_requirements")
    quiz = models.ForeignKey(Quiz, models.PROTECT, related_name="+", verbose_name=_("quiz"))
    minimum_fraction = models.DecimalField(
        _("at least this share of the points"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.7"),
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(Decimal(1))],
        help_text=_("0.8 means 80 percent."),
    )

    class Meta(Orderable.Meta):
        constraints = [models.UniqueConstraint(fields=["achievement", "quiz"], name="quiz_requirement_once")]

    def __str__(self) -> str:
        return f"{self.quiz} ≥ {self.minimum_fraction:.0%}"

    def met_by(self) -> "models.QuerySet[QuizAttempt]":
        """The attempts that count and have points enough; ``issuing`` marks one again before it believes it."""
        return self.acceptable().filter(quiz=self.quiz_id, score__gte=_needed(self.minimum_fraction))

    @staticmethod
    def acceptable() -> "models.QuerySet[QuizAttempt]":
        return QuizAttempt.objects.finished().counting().filter(max_score__gt=0)


class CredentialRequirement(Orderable):
    """Part of the rule of a stacked achievement: the credential of this one, in force."""

    achievement = ParentalKey(Achievement, on_delete=models.CASCADE, related_name="credential_requirements")
    part = models.ForeignKey(Achievement, models.PROTECT, related_name="+", verbose_name=_("achievement"))

    class Meta(Orderable.Meta):
        constraints = [
            models.UniqueConstraint(fields=["achievement", "part"], name="credential_requirement_once"),
            models.CheckConstraint(condition=~Q(part=F("achievement")), name="credential_requirement_of_another"),
        ]

    def __str__(self) -> str:
        return str(self.part)

    def met_by(self) -> "models.QuerySet[Credential]":
        """The credentials that meet this; ``issuing`` looks at signature and register before it believes one."""
        return Credential.objects.in_force().filter(achievement=self.part_id)


class Competency(Orderable):
    """A competency of a published framework that the achievement is mapped to. Nobody's certification is claimed."""

    achievement = ParentalKey(Achievement, on_delete=models.CASCADE, related_name="competencies")
    framework = models.CharField(_("framework"), max_length=100, help_text=_("For example TPQI, OCSC."))
    version = models.CharField(_("version"), max_length=40)
    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=250)
    url = models.URLField(_("page that describes it"), max_length=400)
    level = models.PositiveSmallIntegerField(
        _("level"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text=_("On the framework's own scale, where it has one."),
    )

    class Meta(Orderable.Meta):
        constraints = [
            models.UniqueConstraint(fields=["achievement", "framework", "version", "code"], name="competency_once")
        ]

    def __str__(self) -> str:
        return f"{self.framework} {self.version} {self.code}"

    def facts(self) -> documents.Competency:
        return documents.Competency(self.framework, self.version, self.code, self.name, self.url, self.level)


class Subject(models.Model):
    """How one issuer names one person in its documents: a random id that says nothing elsewhere."""

    uid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    issuer = models.ForeignKey(Issuer, models.PROTECT, related_name="subjects")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "learner"], name="subject_once")]

    def __str__(self) -> str:
        return str(self.uid)


class CredentialQuerySet(models.QuerySet["Credential"]):
    def held_by(self, learner: "User") -> Self:
        """A learner's credentials, newest first, ready to be listed."""
        own = self.filter(learner=learner).select_related("achievement__issuer", "replacement__new")
        return own.order_by("-issued_at", "pk")

    def in_force(self) -> Self:
        """Neither revoked nor expired, nor signed by a key that was withdrawn."""
        return self.filter(
            Q(valid_until=None) | Q(valid_until__gt=Now()), revoked_at=None, key__compromised_at__isnull=True
        )


class Credential(models.Model):
    """One signed credential. Its number is its id in another spelling."""

    class Reason(models.TextChoices):
        ISSUED_IN_ERROR = "issued_in_error", _("issued in error")
        RULE_BROKEN = "rule_broken", _("the rules of the assessment were broken")
        KEY_EVENT = "key_event", _("the issuer's key had to be replaced")
        ON_REQUEST = "on_request", _("withdrawn at the holder's request")
        NAME_CHANGED = "name_changed", _("the holder's name has changed")
        CORRECTED = "corrected", _("something in it was not right and has been corrected")

    # Those for which another one is issued in its place.
    REPLACING = (Reason.KEY_EVENT, Reason.NAME_CHANGED, Reason.CORRECTED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    achievement = models.ForeignKey(
        Achievement, models.PROTECT, related_name="credentials", verbose_name=_("achievement")
    )
    learner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="credentials", verbose_name=_("holder")
    )
    key = models.ForeignKey(IssuerKey, models.PROTECT, related_name="+")
    document = models.TextField(_("signed document"))
    # As they were on the day of issue; the public page shows the initials only.
    holder_name = models.CharField(_("holder's name"), max_length=400)
    holder_initials = models.CharField(max_length=20, blank=True)
    issued_at = models.DateTimeField(_("issued"), db_index=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revocation_reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True)
    grades = models.ManyToManyField(Grade, related_name="+", verbose_name=_("grades it rests on"))
    # Of a stacked one: those it rests on, as they were in force on the day it was made.
    parts = models.ManyToManyField(
        "self", symmetrical=False, related_name="stacked", verbose_name=_("credentials it rests on")
    )
    status_entry = models.OneToOneField(StatusEntry, models.PROTECT, null=True, related_name="credential")
    # The day it was earned: a replacement bears the same one.
    awarded_at = models.DateTimeField(_("awarded"), null=True)

    replacement: "Replacement"

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        ordering = ["-issued_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["achievement", "learner"], condition=Q(revoked_at=None), name="credential_one_active"
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revocation_reason="") | Q(revoked_at__isnull=False),
                name="credential_reason_only_when_revoked",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("verify:credential", args=[self.number])

    @property
    @display(description=_("Number"))
    def number(self) -> str:
        return to_number(self.pk)

    @property
    @display(description=_("Issued"))
    def issued_on(self) -> str:
        return thai.long_date(timezone.localtime(self.issued_at).date(), get_language() or settings.LANGUAGE_CODE)

    @property
    @display(description=_("State"))
    def state_label(self) -> str:
        labels = {"valid": _("Valid"), "expired": _("Expired"), "superseded": _("Replaced"), "revoked": _("Revoked")}
        return str(labels[self.state])

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def state(self) -> str:
        """``valid``, ``expired``, ``revoked`` or ``superseded`` as far as the database knows; the proof is not looked
        at."""
        if self.revoked_at:
            return "superseded" if self.replaced_by else "revoked"
        return "expired" if self.valid_until and self.valid_until <= timezone.now() else "valid"

    @property
    def replaced_by(self) -> "Credential | None":
        """The one that was issued in its place, once it has been."""
        replacement = getattr(self, "replacement", None)
        return replacement.new if replacement else None

    def parsed(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.document)
        return document


class JwtCopy(models.Model):
    """A credential as a JWT: asked for by a page, made by the signing worker, forgotten a day later. A copy only."""

    credential = models.OneToOneField(Credential, models.CASCADE, related_name="jwt_copy")
    key = models.ForeignKey(IssuerKey, models.PROTECT, null=True, related_name="+")
    token = models.TextField(blank=True)
    asked_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects: ClassVar[models.Manager["JwtCopy"]] = models.Manager()

    def __str__(self) -> str:
        return str(self.credential.number)


class ReplacementQuerySet(models.QuerySet["Replacement"]):
    def open(self) -> Self:
        """Ordered, and not carried out yet."""
        return self.filter(new=None)

    def of(self, issuer: Issuer) -> Self:
        return self.filter(old__achievement__issuer=issuer)


class Replacement(models.Model):
    """An order to issue another credential in place of one: the web server writes it, the signing worker carries it
    out. Afterwards it is what links the two."""

    old = models.OneToOneField(Credential, models.CASCADE, related_name="replacement")
    new = models.OneToOneField(Credential, models.CASCADE, null=True, blank=True, related_name="replaces")
    reason = models.CharField(max_length=20, choices=Credential.Reason)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    ordered_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    # Why the last try came to nothing, for an operator; empty when there was none.
    problem = models.CharField(max_length=300, blank=True)

    objects = ReplacementQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reason__in=["key_event", "name_changed", "corrected"]), name="replacement_reason"
            )
        ]

    def __str__(self) -> str:
        return f"{self.old_id} → {self.new_id or '…'}"


class AwardQuerySet(models.QuerySet["Award"]):
    def pending(self) -> Self:
        return self.filter(decision="").select_related("achievement", "learner", "requested_by")

    def due(self) -> Self:
        """Approved by a second person and not issued yet."""
        approved = self.filter(decision=Award.Decision.APPROVED, issued_at=None, achievement__is_active=True)
        return approved.select_related("achievement__issuer", "learner")


class Award(models.Model):
    """An achievement for somebody who did not earn it by the rule: proposed by one person, approved by another."""

    class Decision(models.TextChoices):
        APPROVED = "approved", _("approved")
        REFUSED = "refused", _("refused")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    achievement = models.ForeignKey(Achievement, models.CASCADE, related_name="+", verbose_name=_("achievement"))
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("holder"))
    grounds = models.TextField(
        _("grounds"), max_length=2000, help_text=_("What was shown, when, and to whom. It stays with the record.")
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    decision = models.CharField(max_length=10, choices=Decision, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    credential = models.OneToOneField(Credential, models.SET_NULL, null=True, blank=True, related_name="award")
    issued_at = models.DateTimeField(null=True, blank=True)

    objects = AwardQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["achievement", "learner"], condition=Q(decision=""), name="award_one_pending"
            ),
            models.CheckConstraint(
                condition=Q(decision="", decided_by=None) | Q(decided_by__isnull=False),
                name="award_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")), name="award_second_person"
            ),
            models.CheckConstraint(
                condition=~Q(learner=F("requested_by")) & (Q(decided_by=None) | ~Q(learner=F("decided_by"))),
                name="award_not_to_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.achievement} · {self.learner}"


class AuditEntry(models.Model):
    """What was done to a credential, on what grounds. No personal data: it outlives the credential."""

    class Action(models.TextChoices):
        ISSUED = "issued", pgettext_lazy("what was done", "issued")
        REVOKED = "revoked", _("revoked")
        REPLACED = "replaced", _("replaced")

    credential_id = models.UUIDField(db_index=True)
    action = models.CharField(max_length=10, choices=Action)
    # Empty: the rule did it, not a person.
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    grade_ids = models.JSONField(default=list)
    document_sha256 = models.CharField(max_length=64)
    verification_method = models.CharField(max_length=400)
    reason = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.credential_id}"
