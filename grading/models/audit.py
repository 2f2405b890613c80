"""Who changed what: rows that are written once and never again."""

import uuid
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from grading.models.texts import storable

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

    from grading.models.exercises import Exercise
    from grading.models.submissions import Submission


class AppendOnly(TypeError):
    """An audit entry was to be changed or deleted."""


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def update(self, **changes: Any) -> int:
        raise AppendOnly("audit entries are never changed")

    def delete(self) -> Any:
        raise AppendOnly("audit entries are never deleted")

    def bulk_update(self, *args: Any, **options: Any) -> int:
        raise AppendOnly("audit entries are never changed")


class AuditEntry(models.Model):
    """One change and who made it. It outlives people and submissions: it names them by number only."""

    wagtail_reference_index_ignore = True

    class Action(models.TextChoices):
        JUDGED = "judged", _("graded by hand")
        OVERRIDDEN = "overridden", _("overridden")
        WITHDRAWN = "withdrawn", _("decision withdrawn")
        POLICY = "policy", _("rules changed")
        EXTENDED = "extended", _("extension granted")
        EXTENSION_WITHDRAWN = "unextended", _("extension withdrawn")
        APPEALED = "appealed", _("appeal made")
        ANSWERED = "answered", _("appeal answered")
        APPEAL_WITHDRAWN = "unappealed", _("appeal withdrawn")
        REGRADED = "regraded", _("graded again")
        REGRADE_UNDONE = "unregraded", _("regrade undone")
        REQUEUED = "requeued", _("sent back to be graded")
        TAKEN_OVER = "taken_over", _("taken over by a person")
        VERSION = "version", _("new version")

    at = models.DateTimeField(_("when"), db_default=Now(), db_index=True)
    # Without a constraint in the database: a person who is erased leaves no row here to be changed.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )
    action = models.CharField(_("what"), max_length=20, choices=Action)
    exercise = models.ForeignKey("grading.Exercise", models.PROTECT, related_name="+")
    submission_id = models.UUIDField(null=True, blank=True, db_index=True)
    # Plain data without personal data: points, dates, rules, states.
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    reason = models.TextField(blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["exercise", "-at"], name="audit_of_exercise")]

    def __str__(self) -> str:
        return f"{self.action} {self.exercise_id} {self.submission_id or ''}".strip()

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("audit entries are never changed")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> Any:
        raise AppendOnly("audit entries are never deleted")


def record(
    action: str,
    *,
    exercise: "Exercise",
    actor: "_User | None" = None,
    submission: "Submission | uuid.UUID | None" = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Writes down one change; ``actor`` None: no person did it. Call it within the change's own transaction."""
    return AuditEntry.objects.create(
        action=AuditEntry.Action(action),
        actor=actor,
        exercise=exercise,
        submission_id=submission if isinstance(submission, uuid.UUID) or submission is None else submission.pk,
        before=storable(before or {}),
        after=storable(after or {}),
        reason=storable(reason),
    )
