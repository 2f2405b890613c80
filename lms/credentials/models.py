"""Who issues, for what, to whom, and what came of it.

The signed document is stored as the exact text that was signed. Nothing in it is ever edited: a credential is revoked
and, where that is right, another one issued.
"""

import hashlib
import json
import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, FloatField, OuterRef, Q, Value
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable

from grading.models import Exercise, Grade
from lms.credentials import documents
from lms.credentials.numbers import to_number

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

    from lms.accounts.models import User

# Scores are floats: 0.7 of 6 points must not fail by the last bit.
TOLERANCE = 1e-9


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
        return self.keys.filter(retired_at=None).order_by("-created_at", "-pk")

    def did_document(self) -> dict[str, Any]:
        """What the identity resolves to: every key that ever signed, so that old credentials keep verifying."""
        keys = list(self.keys.order_by("pk"))
        return {
            "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
            "id": self.did,
            "verificationMethod": [key.verification_method() for key in keys],
            "assertionMethod": [key.url for key in keys],
        }


class IssuerKey(models.Model):
    """The public half of a signing key. A key id is never used again for other bytes."""

    issuer = models.ForeignKey(Issuer, models.PROTECT, related_name="keys")
    key_id = models.CharField(_("key"), max_length=40)
    public_multikey = models.CharField(_("public key"), max_length=120, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "key_id"], name="issuer_key_id_once")]

    def __str__(self) -> str:
        return self.url

    @property
    def url(self) -> str:
        return f"{self.issuer.did}#{self.key_id}"

    def verification_method(self) -> dict[str, str]:
        return {
            "id": self.url,
            "type": "Multikey",
            "controller": self.issuer.did,
            "publicKeyMultibase": self.public_multikey,
        }


class AchievementQuerySet(models.QuerySet["Achievement"]):
    def issuable(self) -> Self:
        """In use and with a rule. One without requirements is met by nobody, rather than by everybody."""
        return self.filter(Exists(Requirement.objects.filter(achievement=OuterRef("pk"))), is_active=True)


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
    is_active = models.BooleanField(_("is issued"), default=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = AchievementQuerySet.as_manager()
    requirements: "RelatedManager[Requirement]"
    competencies: "RelatedManager[Competency]"

    class Meta:
        verbose_name = _("achievement")
        verbose_name_plural = _("achievements")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return in_language(self.name_th, self.name_en)

    @property
    def hours_text(self) -> str:
        """``15``, ``1.5``: text, because numbers do not survive canonicalisation everywhere."""
        return f"{Decimal(self.hours).normalize():f}"

    def valid_until(self, start: datetime) -> datetime | None:
        return start + timedelta(days=self.valid_days) if self.valid_days else None

    def facts(self) -> documents.Achievement:
        """As the document builder takes it."""
        fields = ("uid", "name_th", "name_en", "description_th", "description_en", "criteria_th", "criteria_en")
        return documents.Achievement(
            **{name: getattr(self, name) for name in fields},
            hours=self.hours_text,
            competencies=[competency.facts() for competency in self.competencies.all()],
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
        needed = F("max_score") * Value(float(self.minimum_fraction), FloatField()) - Value(TOLERANCE, FloatField())
        return (
            Grade.objects.current()
            .counting()
            .filter(is_isolated=True, verdict__isnull=False, submission__exercise=self.exercise_id)
            .filter(max_score__gt=0, score__gte=needed)
        )


class Competency(Orderable):
    """A competency of a published framework that the achievement is mapped to. Nobody's certification is claimed."""

    achievement = ParentalKey(Achievement, on_delete=models.CASCADE, related_name="competencies")
    framework = models.CharField(_("framework"), max_length=100, help_text=_("For example TPQI, OCSC."))
    version = models.CharField(_("version"), max_length=40)
    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=250)
    url = models.URLField(_("page that describes it"), max_length=400)

    class Meta(Orderable.Meta):
        constraints = [
            models.UniqueConstraint(fields=["achievement", "framework", "version", "code"], name="competency_once")
        ]

    def __str__(self) -> str:
        return f"{self.framework} {self.version} {self.code}"

    def facts(self) -> documents.Competency:
        return documents.Competency(self.framework, self.version, self.code, self.name, self.url)


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
        return self.filter(learner=learner).select_related("achievement__issuer").order_by("-issued_at", "pk")


class Credential(models.Model):
    """One signed credential. Its number is its id in another spelling."""

    class Reason(models.TextChoices):
        ISSUED_IN_ERROR = "issued_in_error", _("issued in error")
        RULE_BROKEN = "rule_broken", _("the rules of the assessment were broken")
        KEY_EVENT = "key_event", _("the issuer's key had to be replaced")
        ON_REQUEST = "on_request", _("withdrawn at the holder's request")

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
    def number(self) -> str:
        return to_number(self.pk)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def state(self) -> str:
        """``valid``, ``expired`` or ``revoked`` as far as the database knows; the proof is not looked at."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.valid_until and self.valid_until <= timezone.now() else "valid"

    def parsed(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.document)
        return document


class AuditEntry(models.Model):
    """What was done to a credential, on what grounds. No personal data: it outlives the credential."""

    class Action(models.TextChoices):
        ISSUED = "issued", _("issued")
        REVOKED = "revoked", _("revoked")

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
