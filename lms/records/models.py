"""What is kept of credentials from elsewhere, who may ask for a record, and where it was sent."""

import hashlib
import json
import secrets
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ImportedCredential(models.Model):
    """A credential that somebody else issued to this person, brought along with a learning record."""

    wagtail_reference_index_ignore = True

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="imported_credentials")
    uid = models.UUIDField()
    document = models.TextField()
    imported_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["ImportedCredential"]] = models.Manager()

    class Meta:
        ordering = ["-imported_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["learner", "uid"], name="imported_once")]

    def __str__(self) -> str:
        return str(self.uid)

    def parsed(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.document)
        return document


class AccessQuerySet(models.QuerySet["RecordAccess"]):
    def open(self) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class RecordAccess(models.Model):
    """Leave for one other system to ask for one person's record, until a day. The token itself is not stored."""

    wagtail_reference_index_ignore = True
    MOST_OPEN = 20
    DAYS = ((1, _("1 day")), (7, _("7 days")), (30, _("30 days")), (90, _("90 days")), (365, _("1 year")))

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="record_accesses")
    label = models.CharField(pgettext_lazy("reader of a link", "For whom"), max_length=100)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = AccessQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.label

    @classmethod
    def grant(cls, learner: Any, *, label: str, days: int) -> str:
        """The new token, told once."""
        token = secrets.token_urlsafe(32)
        expires_at = timezone.now() + timedelta(days=days)
        cls.objects.create(learner=learner, label=label, token_sha256=hash_token(token), expires_at=expires_at)
        return token

    @property
    def state(self) -> str:
        """``open``, ``expired`` or ``revoked``."""
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > timezone.now() else "expired"


class Delivery(models.Model):
    """A record that was sent to a workforce platform: which one, when, and how it answered. Not what was in it."""

    wagtail_reference_index_ignore = True

    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="record_deliveries")
    platform = models.CharField(max_length=40)
    sent_at = models.DateTimeField(default=timezone.now)
    receipt = models.CharField(max_length=200, blank=True)
    # A key of ``platforms.PROBLEMS``; empty: it was taken.
    problem = models.CharField(max_length=40, blank=True)

    objects: ClassVar[models.Manager["Delivery"]] = models.Manager()

    class Meta:
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.platform} {self.sent_at:%Y-%m-%d}"


def hash_token(token: str) -> str:
    # The token is 256 random bits: one round of a plain hash is enough to keep it.
    return hashlib.sha256(token.encode()).hexdigest()
