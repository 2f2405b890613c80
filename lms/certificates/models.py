"""What a certificate looks like, the files made of it, and what a holder shows of a credential to whom."""

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.models import Orderable, PreviewableMixin

from lms.credentials.models import Achievement, Credential

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager
    from django.http import HttpRequest, HttpResponse

# What nobody may have a certificate say: competencies are mapped to a framework, its owner certifies nothing here.
CLAIMS = ("รับรองโดย", "ได้รับการรับรองจาก", "certified by", "accredited by", "endorsed by")


class Design(PreviewableMixin, ClusterableModel):
    """How the certificates of one achievement look. An achievement without one has certificates of the same kind,
    in the words and colors below."""

    class Language(models.TextChoices):
        THAI = "th", _("Thai")
        ENGLISH = "en", _("English")
        BOTH = "both", _("Thai with English below")

    class Color(models.TextChoices):
        TEAL = "#0b4f63", _("teal")
        BLUE = "#1d3f7a", _("blue")
        GREEN = "#1f5130", _("green")
        PURPLE = "#4b2a6b", _("purple")
        MAROON = "#6d1f2c", _("maroon")

    achievement = models.OneToOneField(
        Achievement, models.CASCADE, related_name="design", verbose_name=_("achievement")
    )
    language = models.CharField(_("language"), max_length=4, choices=Language, default=Language.BOTH)
    has_thai_digits = models.BooleanField(_("Thai digits"), default=False)
    color = models.CharField(_("color"), max_length=7, choices=Color, default=Color.TEAL)
    title_th = models.CharField(
        _("title in Thai"), max_length=60, default="วุฒิบัตร", help_text=_("For example วุฒิบัตร, เกียรติบัตร.")
    )
    title_en = models.CharField(_("title in English"), max_length=60, default="Certificate")
    opening_th = models.CharField(_("before the name, in Thai"), max_length=200, default="ให้ไว้เพื่อแสดงว่า")
    opening_en = models.CharField(_("before the name, in English"), max_length=200, default="This is to certify that")
    statement_th = models.CharField(
        _("after the name, in Thai"), max_length=200, default="ได้เรียนรู้และผ่านการประเมินตามเกณฑ์ของ"
    )
    statement_en = models.CharField(_("after the name, in English"), max_length=200, default="has met the criteria of")
    badge_text_th = models.TextField(
        _("name on the badge, in Thai"),
        max_length=200,
        blank=True,
        help_text=_("Up to three lines; empty: the name of the achievement."),
    )
    logo = models.ForeignKey(
        "wagtailimages.Image",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("issuer's logo"),
    )
    is_logo_attested = models.BooleanField(
        _(
            "I confirm that this picture is the issuer's own, that the issuer allows its use here, and that it shows "
            "neither the Garuda, nor a royal emblem, nor the emblem of another body."
        ),
        default=False,
    )
    updated_at = models.DateTimeField(auto_now=True)

    signatories: "RelatedManager[Signatory]"
    attestations: "RelatedManager[LogoAttestation]"

    class Meta:
        verbose_name = _("certificate design")
        verbose_name_plural = _("certificate designs")
        ordering = ["achievement__slug"]

    def __str__(self) -> str:
        return self.achievement.name if self.achievement_id else ""

    def clean(self) -> None:
        if self.logo and not self.is_logo_attested:
            raise ValidationError({"is_logo_attested": _("A logo needs this confirmation, which is stored.")})
        for name in ("title_th", "title_en", "opening_th", "opening_en", "statement_th", "statement_en"):
            refuse_claims(name, getattr(self, name))
        if len(self.badge_text_th.splitlines()) > 3:
            raise ValidationError({"badge_text_th": _("Three lines at most.")})

    @property
    def attested_logo(self) -> Any:
        """The logo, if somebody has attested this very picture."""
        if self.logo is None:
            return None
        return self.logo if self.attestations.filter(picture_hash=hash_of(self.logo)).exists() else None

    @property
    def preview_modes(self) -> list[tuple[str, Any]]:
        return [("certificate", _("Certificate")), ("badge", _("Badge"))]

    def serve_preview(self, request: "HttpRequest", mode_name: str) -> "HttpResponse":
        from lms.certificates import previews  # noqa: PLC0415 - pages are made above models

        return previews.serve(request, self, mode_name)


def refuse_claims(name: str, text: str) -> None:
    """ValidationError when the text claims another body's certification."""
    if any(claim in text.casefold() for claim in CLAIMS):
        raise ValidationError({name: _("A certificate never claims that another body certifies or accredits it.")})


def hash_of(picture: Any) -> str:
    """The hash of an uploaded picture's file."""
    return str(picture.get_file_hash())


class Signatory(Orderable):
    """Whose name and office stand below a certificate. Nobody's signature is drawn: the seal is the signature."""

    design = ParentalKey(Design, on_delete=models.CASCADE, related_name="signatories")
    name_th = models.CharField(_("name in Thai"), max_length=150)
    name_en = models.CharField(_("name in English"), max_length=150, blank=True)
    office_th = models.CharField(_("office in Thai"), max_length=200)
    office_en = models.CharField(_("office in English"), max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name_th


class LogoAttestation(models.Model):
    """Who confirmed that a logo may be used, of which picture, in which words. It outlives the design."""

    design = models.ForeignKey(Design, models.SET_NULL, null=True, related_name="attestations")
    picture_hash = models.CharField(max_length=64)
    statement = models.TextField()
    attested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    attested_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["LogoAttestation"]] = models.Manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.picture_hash


class Certificate(models.Model):
    """A PDF of a credential: asked for by a page, made by a worker. It is a copy, and may be made again at any time."""

    credential = models.ForeignKey(Credential, models.CASCADE, related_name="certificates")
    # Of everything that stands on it: another design, another seal, another file.
    fingerprint = models.CharField(max_length=64)
    pdf = models.BinaryField(null=True)
    asked_at = models.DateTimeField(default=timezone.now)
    made_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveIntegerField(default=0)

    MOST_TRIES = 8

    objects: ClassVar[models.Manager["Certificate"]] = models.Manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["credential", "fingerprint"], name="certificate_once")]
        indexes = [models.Index(fields=["asked_at"], condition=models.Q(made_at=None), name="certificate_waiting")]

    def __str__(self) -> str:
        return self.fingerprint[:8]

    @property
    def has_failed(self) -> bool:
        return self.made_at is None and self.tries >= self.MOST_TRIES


class Disclosure(models.Model):
    """What a holder has decided about the public page of one credential. Without one, the least is shown."""

    class Shows(models.TextChoices):
        NOTHING = "nothing", _("nothing about me")
        INITIALS = "initials", _("my initials")
        NAME = "name", _("my full name")

    credential = models.OneToOneField(Credential, models.CASCADE, related_name="disclosure")
    shows = models.CharField(_("The public page shows"), max_length=10, choices=Shows, default=Shows.INITIALS)
    has_picture = models.BooleanField(
        _("Show a picture of the badge when the address is posted on social media"), default=False
    )

    objects: ClassVar[models.Manager["Disclosure"]] = models.Manager()

    def __str__(self) -> str:
        return self.shows

    @classmethod
    def of(cls, credential: Credential) -> "Disclosure":
        """What its holder decided, or the least."""
        return cls.objects.filter(credential=credential).first() or cls(credential=credential)

    @property
    def holder(self) -> str:
        """How the public page calls the holder; empty: not at all."""
        names = {self.Shows.INITIALS: self.credential.holder_initials, self.Shows.NAME: self.credential.holder_name}
        return names.get(self.Shows(self.shows), "")


class ShareLinkQuerySet(models.QuerySet["ShareLink"]):
    def open(self) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class ShareLink(models.Model):
    """An address that shows one credential in full, with its files, until a day. The address itself is not stored."""

    MOST_OPEN = 20
    DAYS = ((1, _("1 day")), (7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("1 year")))

    credential = models.ForeignKey(Credential, models.CASCADE, related_name="share_links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    label = models.CharField(pgettext_lazy("reader of a link", "For whom"), max_length=100, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ShareLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.label or str(self.pk)

    @classmethod
    def make(cls, credential: Credential, *, days: int, label: str = "") -> tuple["ShareLink", str]:
        """A new link and its token, which is told once and kept nowhere."""
        token = secrets.token_urlsafe(32)
        expires_at = timezone.now() + timedelta(days=days)
        link = cls.objects.create(
            credential=credential, token_sha256=hash_token(token), label=label, expires_at=expires_at
        )
        return link, token

    @property
    def state(self) -> str:
        """``open``, ``expired`` or ``revoked``."""
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > timezone.now() else "expired"


def hash_token(token: str) -> str:
    # The token is 256 random bits: one round of a plain hash is enough to keep it.
    return hashlib.sha256(token.encode()).hexdigest()
