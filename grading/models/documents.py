"""A person's notebook in the workbench, as it is and as it was."""

import hashlib
import uuid
import zlib
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from grading.models.exercises import Exercise, ExerciseVersion

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager


class Document(models.Model):
    """One person's notebook for one purpose. Nobody else ever opens it."""

    wagtail_reference_index_ignore = True

    class Kind(models.TextChoices):
        EXERCISE = "exercise", _("exercise")
        PRACTICE = "practice", _("practice")
        LESSON = "lesson", _("lesson")
        SOURCE = "source", _("source notebook")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    exercise = models.ForeignKey(Exercise, models.CASCADE, null=True, blank=True, related_name="documents")
    # What it was made from; another one is out when the exercise was corrected meanwhile.
    version = models.ForeignKey(ExerciseVersion, models.SET_NULL, null=True, blank=True, related_name="+")
    title = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    # When it is deleted, with everything in it; empty: it is kept.
    expires_at = models.DateTimeField(null=True, blank=True, db_index=True)

    versions: "RelatedManager[DocumentVersion]"
    files: "RelatedManager[DocumentFile]"

    class Meta:
        verbose_name = pgettext_lazy("of a learner", "document")
        verbose_name_plural = pgettext_lazy("of a learner", "documents")
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "exercise", "kind"],
                condition=Q(kind__in=["exercise", "source"]),
                name="document_one_each",
            ),
            models.UniqueConstraint(fields=["owner"], condition=Q(kind="lesson"), name="document_one_for_lessons"),
        ]
        indexes = [models.Index(fields=["owner", "kind"], name="document_of_owner")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def newest(self) -> "DocumentVersion":
        """The document as it is: every document has at least one version."""
        return self.versions.order_by("-number")[:1].get()


class DocumentVersion(models.Model):
    """A document as it was at one time; the newest one is the document. Only the newest keeps its outputs."""

    wagtail_reference_index_ignore = True

    class Reason(models.TextChoices):
        """Why it came to be."""

        STARTED = "started", _("first opened")
        TYPED = "typed", _("typed")
        RESTORED = "restored", _("restored from an earlier version")
        STARTED_OVER = "over", _("started over")
        CELL_RESET = "reset", _("a cell was reset")
        NEW_RELEASE = "release", _("taken over into the corrected exercise")

    document = models.ForeignKey(Document, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    reason = models.CharField(max_length=10, choices=Reason)
    packed = models.BinaryField()
    sha256 = models.CharField(max_length=64)  # of the notebook, not of what is stored of it
    size = models.PositiveIntegerField(_("bytes"))
    created_at = models.DateTimeField(db_default=Now())
    saved_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["document", "number"], name="document_version_number")]

    def __str__(self) -> str:
        return f"{self.document_id} v{self.number}"

    @property
    def notebook(self) -> bytes:
        """The notebook, as JSON."""
        return zlib.decompress(bytes(self.packed))

    @staticmethod
    def fields_of(notebook: bytes) -> dict[str, Any]:
        """What a row keeps of a notebook."""
        return {
            "packed": zlib.compress(notebook, 6),
            "sha256": hashlib.sha256(notebook).hexdigest(),
            "size": len(notebook),
        }


class DocumentFile(models.Model):
    """A learner's own data for practice: the kernel of this document finds it in its folder."""

    wagtail_reference_index_ignore = True

    document = models.ForeignKey(Document, models.CASCADE, related_name="files")
    name = models.CharField(max_length=150)
    content = models.BinaryField()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["document", "name"], name="document_file_name")]

    def __str__(self) -> str:
        return self.name
