"""A course package that somebody has uploaded: kept while they look at what it would make."""

import hashlib
import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class IncomingPackage(models.Model):
    """Seen by its uploader alone. Once it is taken over its content goes, and it says which course it became."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("file"), max_length=200)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64, editable=False)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(db_default=Now())
    course_key = models.UUIDField(null=True, blank=True)

    class Meta:
        verbose_name = _("course package")
        verbose_name_plural = _("course packages")
        ordering = ["-uploaded_at"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: object, **kwargs: object) -> None:
        self.sha256 = self.sha256 or hashlib.sha256(bytes(self.content)).hexdigest()
        super().save(*args, **kwargs)  # type: ignore[arg-type]
