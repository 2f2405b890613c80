"""What is kept here of other issuers: lists of them as they were signed, and copies of their status lists."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class TrustList(models.Model):
    """One signed list, kept exactly as it came. The one with the highest serial is in force."""

    wagtail_reference_index_ignore = True

    serial = models.PositiveIntegerField(unique=True)
    envelope = models.TextField()
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    loaded_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["TrustList"]] = models.Manager()

    class Meta:
        ordering = ["-serial"]

    def __str__(self) -> str:
        return str(self.serial)


class StatusCopy(models.Model):
    """Another issuer's status list as it was fetched last: a signed document, checked again by whoever reads it."""

    wagtail_reference_index_ignore = True

    url = models.CharField(max_length=400, unique=True)
    document = models.TextField()
    fetched_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["StatusCopy"]] = models.Manager()

    class Meta:
        ordering = ["url"]

    def __str__(self) -> str:
        return self.url
