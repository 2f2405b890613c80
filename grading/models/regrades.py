"""An exercise graded again after it was changed: what would come of it, what was done, and how to take it back."""

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from grading.models.exercises import Exercise, ExerciseVersion
from grading.models.grades import Grade
from grading.models.submissions import Submission
from grading.models.texts import in_language

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

LEASE = timedelta(seconds=60)
GAP = 1e-9  # scores are floats: two that differ by less are the same


class RegradeQuerySet(models.QuerySet["Regrade"]):
    def working(self) -> Self:
        """Those with something to do in the background."""
        return self.filter(status__in=Regrade.WORKING)

    def claim(self, pk: int) -> "Regrade | None":
        """Makes the caller the only one at work on it; None when somebody is, or an older regrade comes first."""
        lease = uuid.uuid4()
        older = Regrade.objects.working().filter(pk__lt=OuterRef("pk"))
        free = self.working().filter(Q(leased_until=None) | Q(leased_until__lt=Now()), ~Exists(older), pk=pk)
        if not free.update(lease=lease, leased_until=Now() + LEASE):
            return None
        return self.select_related("exercise", "version").filter(pk=pk, lease=lease).first()

    def unattended(self) -> Self:
        """The one whose turn it is, if nobody is at work on it."""
        older = Regrade.objects.working().filter(pk__lt=OuterRef("pk"))
        return self.working().filter(Q(leased_until=None) | Q(leased_until__lt=Now()), ~Exists(older))


class Regrade(models.Model):
    """One regrade of an exercise by one version: a preview first, then, if a person says so, applied; or taken back."""

    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        PREVIEWING = "previewing", _("preview is being made")
        PREVIEWED = "previewed", _("preview is ready")
        APPLYING = "applying", _("being applied")
        APPLIED = "applied", _("applied")
        UNDOING = "undoing", _("being taken back")
        UNDONE = "undone", _("taken back")
        CANCELLED = "cancelled", _("given up")

    WORKING = (Status.PREVIEWING, Status.APPLYING, Status.UNDOING)
    OPEN = (*WORKING, Status.PREVIEWED)

    exercise = models.ForeignKey(Exercise, models.PROTECT, related_name="regrades")
    version = models.ForeignKey(ExerciseVersion, models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=Status, default=Status.PREVIEWING)
    reason = models.TextField(_("reason"), blank=True)
    drops_overrides = models.BooleanField(_("set aside what people had overridden"), default=False)
    # {"gained": [{"learner", "achievement"}], "lost": [{"learner", "achievement", "credential"}]}: of the preview.
    passes = models.JSONField(default=dict, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    lease = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = RegradeQuerySet.as_manager()
    items: "RelatedManager[RegradeItem]"

    class Meta:
        verbose_name = _("regrade")
        verbose_name_plural = _("regrades")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["exercise"],
                condition=Q(status__in=["previewing", "previewed", "applying", "undoing"]),
                name="regrade_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.exercise_id} {self.pk}"

    @property
    def is_working(self) -> bool:
        return self.status in self.WORKING

    def move(self, *, to: "Regrade.Status", **changes: Any) -> bool:
        """One compare-and-set on the status this instance was read with: two people who decide at once decide once."""
        same = Regrade.objects.filter(pk=self.pk, status=self.status)
        if not same.update(status=to, lease=None, leased_until=None, **changes):
            return False
        self.refresh_from_db()
        return True

    def renew_lease(self) -> bool:
        """Still at work on it; False when somebody took it over, or it was given up meanwhile."""
        ours = Regrade.objects.working().filter(pk=self.pk, lease=self.lease)
        return bool(ours.update(leased_until=Now() + LEASE))

    def release(self) -> None:
        Regrade.objects.filter(pk=self.pk, lease=self.lease).update(lease=None, leased_until=None)


class RegradeItemQuerySet(models.QuerySet["RegradeItem"]):
    def changed(self) -> Self:
        """Those whose score, or what it is out of, is another than before."""
        less, more = models.F("before__score") - GAP, models.F("before__score") + GAP
        other = Q(score_after__lt=less) | Q(score_after__gt=more) | ~Q(max_after=models.F("before__max_score"))
        return self.filter(other, score_after__isnull=False)

    def raised(self) -> Self:
        return self.filter(score_after__gt=models.F("before__score") + GAP)

    def lowered(self) -> Self:
        return self.filter(score_after__lt=models.F("before__score") - GAP)


class RegradeItem(models.Model):
    """One submission in a regrade. What the preview found is kept, so that applying it runs nothing again."""

    wagtail_reference_index_ignore = True

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        EXAMINED = "examined", _("examined")
        REFUSED = "refused", _("cannot be graded by this version")
        FAILED = "failed", _("our error")
        APPLIED = "applied", _("applied")
        STALE = "stale", _("changed meanwhile")
        UNDONE = "undone", _("taken back")

    regrade = models.ForeignKey(Regrade, models.CASCADE, related_name="items")
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="+")
    before = models.ForeignKey(Grade, models.CASCADE, related_name="+")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)
    # What the examiner found, and the seal of the process that heard it; emptied once it is applied or given up.
    outcome = models.JSONField(default=dict)
    seal_key_id = models.CharField(max_length=40, blank=True)
    seal = models.CharField(max_length=100, blank=True)
    # With people's points put in, as it would count.
    score_after = models.FloatField(null=True, blank=True)
    max_after = models.FloatField(null=True, blank=True)
    is_isolated_after = models.BooleanField(default=False)
    # Why it was refused, {"th", "en"}; what failed, for staff.
    message = models.JSONField(default=dict, blank=True)
    detail = models.TextField(blank=True)
    after = models.ForeignKey(Grade, models.SET_NULL, null=True, related_name="+")
    withdrawn = models.JSONField(default=list)  # decisions that were set aside with it

    objects = RegradeItemQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["regrade", "submission"], name="regrade_item_once")]
        indexes = [models.Index(fields=["regrade", "status"], name="regrade_item_status")]

    def __str__(self) -> str:
        return f"{self.regrade_id} {self.submission_id}"

    @property
    def text(self) -> str:
        """Why it was refused, in the reader's language."""
        return in_language(self.message)

    @property
    def gained(self) -> float:
        """Points more than before; negative when some were lost."""
        return 0.0 if self.score_after is None else self.score_after - self.before.score
