"""What people were told, what they agreed to, and what is left of those who left."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Acknowledgement(models.Model):
    """A person was shown this version of the privacy notice. It asks for no agreement: a notice informs."""

    wagtail_reference_index_ignore = True

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices_seen")
    version = models.CharField(max_length=20)
    seen_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Acknowledgement"]] = models.Manager()

    class Meta:
        ordering = ["-seen_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["person", "version"], name="notice_seen_once")]

    def __str__(self) -> str:
        return self.version


class Consent(models.Model):
    """What a person agreed to, from when until when. Without a row that stands there is no consent."""

    wagtail_reference_index_ignore = True

    class Purpose(models.TextChoices):
        NEWS = "news", _("E-mails about new courses")
        WORKFORCE = "workforce", _("Sending my learning record to a workforce platform when I ask for it")
        RESEARCH = "research", _("My learning data, without my name, for research on how courses can be better")

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="consents")
    purpose = models.CharField(max_length=20, choices=Purpose)
    # The notice the person had before them.
    notice = models.CharField(max_length=20)
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[models.Manager["Consent"]] = models.Manager()

    class Meta:
        ordering = ["-given_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "purpose"], condition=Q(withdrawn_at=None), name="consent_one_stands"
            )
        ]

    def __str__(self) -> str:
        return self.purpose


class Erasure(models.Model):
    """A person asked to be erased; until ``due_at`` they may change their mind."""

    wagtail_reference_index_ignore = True

    person = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="erasure")
    requested_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(db_index=True)
    keeps_credentials = models.BooleanField(default=False)

    objects: ClassVar[models.Manager["Erasure"]] = models.Manager()

    def __str__(self) -> str:
        return str(self.due_at)


class ErasedCredential(models.Model):
    """What is left of a credential whose holder was erased. Its number is random and named in no other row.

    Where the holder wanted that, its digest stays too: a file of it that they kept goes on verifying.
    """

    wagtail_reference_index_ignore = True

    id = models.UUIDField(primary_key=True)
    proof_sha256 = models.CharField(max_length=64, blank=True)
    issuer = models.ForeignKey("credentials.Issuer", models.PROTECT, related_name="+")
    key = models.ForeignKey("credentials.IssuerKey", models.PROTECT, related_name="+")
    is_revoked = models.BooleanField()
    issued_at = models.DateTimeField()
    erased_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["ErasedCredential"]] = models.Manager()

    def __str__(self) -> str:
        return str(self.pk)


class ErasureRecord(models.Model):
    """That somebody was erased, when, and how many rows of which kind: proof of the deed, without the person."""

    wagtail_reference_index_ignore = True

    erased_at = models.DateTimeField(default=timezone.now)
    requested_at = models.DateTimeField(null=True)
    rows = models.JSONField(default=dict)
    # Somebody whose decisions others rest on: the row stays, nameless.
    is_nameless = models.BooleanField(default=False)

    objects: ClassVar[models.Manager["ErasureRecord"]] = models.Manager()

    class Meta:
        ordering = ["-erased_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.erased_at:%Y-%m-%d}"
