"""A capstone of a course, the projects that learners send in for it, and what their peers say of them."""

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail.fields import RichTextField, StreamField

from courses.blocks import CAPTION_RICH_TEXT
from courses.capstones import rubrics
from courses.capstones.blocks import Criteria, as_rubric
from grading.models import Exercise, Submission, in_language

if TYPE_CHECKING:
    from django.db.models.fields.related_descriptors import RelatedManager

LONGEST_SUMMARY = 2000
LONGEST_COMMENT = 4000
BRIEF = ["h3", *CAPTION_RICH_TEXT]


class Capstone(models.Model):
    """What turns an exercise with a part for people into a project that peers read before a person decides."""

    wagtail_reference_index_ignore = True
    owner_path = "exercise__provider"

    exercise = models.OneToOneField(
        Exercise,
        models.PROTECT,
        related_name="capstone",
        verbose_name=_("exercise"),
        help_text=_("Its checks are the gates: all must be passed. Its part graded by hand takes the rubric's points."),
    )
    brief_th = RichTextField(_("brief in Thai"), features=BRIEF)
    brief_en = RichTextField(_("brief in English"), features=BRIEF, blank=True)
    criteria = StreamField(Criteria(), verbose_name=_("rubric"))
    reviewers = models.PositiveSmallIntegerField(
        _("peers who review each project"), default=2, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    review_days = models.PositiveSmallIntegerField(
        _("days for a review"), default=7, validators=[MinValueValidator(1), MaxValueValidator(60)]
    )
    has_gallery = models.BooleanField(
        _("has a gallery"), default=True, help_text=_("Only what its maker chooses to show stands there.")
    )

    class Meta:
        verbose_name = _("capstone")
        verbose_name_plural = _("capstones")
        ordering = ["exercise__slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return str(self.exercise.title)

    @property
    def provider_id(self) -> int | None:
        """Whose it is: the exercise's provider's."""
        pk: int | None = self.exercise.provider_id
        return pk

    @property
    def brief(self) -> str:
        """In the reader's language."""
        return (self.brief_en if (get_language() or "").startswith("en") else "") or self.brief_th

    def rubric(self) -> list[dict[str, Any]]:
        return as_rubric(self.criteria)


class ProjectQuerySet(models.QuerySet["Project"]):
    def under_review(self) -> Self:
        return self.filter(decided_at=None, withdrawn_at=None)

    def with_reviews(self) -> Self:
        """Adds ``given`` and ``asked``: reviews sent, and all that stand."""
        return self.annotate(
            given=Count("reviews", filter=Q(reviews__sent_at__isnull=False, reviews__released_at=None)),
            asked=Count("reviews", filter=Q(reviews__released_at=None)),
        )

    def all_in(self) -> Self:
        """As many reviews were sent as the capstone asks for, and nobody has decided yet."""
        return self.under_review().with_reviews().filter(given__gte=F("capstone__reviewers"))

    def to_decide(self) -> Self:
        """All reviews are in, or their time is over."""
        is_ready = Q(given__gte=F("capstone__reviewers")) | Q(review_until__lt=Now())
        return self.under_review().with_reviews().filter(is_ready)

    def with_score(self) -> Self:
        """Adds ``score``, ``max_score`` and ``fraction`` (0..1) of the grade that counts."""
        graded = Submission.objects.filter(pk=OuterRef("submission")).with_score()
        return self.annotate(
            **{
                name: Subquery(graded.values(name)[:1], output_field=models.FloatField())
                for name in ("score", "max_score", "fraction")
            }
        )

    def in_gallery(self) -> Self:
        """What its maker shows, and no instructor has hidden; ``gallery.shown`` asks whether it is passed, too."""
        return self.filter(
            shared_at__isnull=False,
            hidden_at=None,
            decided_at__isnull=False,
            learner__is_active=True,
            capstone__has_gallery=True,
        )


class Project(models.Model):
    """One handed-in notebook, sent to peers. Whoever sends another one later begins another project."""

    wagtail_reference_index_ignore = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    capstone = models.ForeignKey(Capstone, models.PROTECT, related_name="projects")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="projects")
    submission = models.ForeignKey(Submission, models.CASCADE, related_name="projects")
    title = models.CharField(_("title"), max_length=150)
    summary = models.TextField(_("summary"), max_length=LONGEST_SUMMARY)
    # The criteria as they were when it was sent: nobody is judged by others.
    rubric = models.JSONField(default=list)
    sent_at = models.DateTimeField(db_default=Now())
    # When a person may decide even without all reviews: nobody waits for ever for peers who are not there.
    review_until = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    # When those who decide were written to: once.
    told_at = models.DateTimeField(null=True, blank=True)
    # The instructor's levels and words; peers only advise.
    levels = models.JSONField(default=list, blank=True)
    comment = models.TextField(blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    # The gallery: since when it may be shown, and whether with a name. Empty: not shown.
    shared_at = models.DateTimeField(null=True, blank=True)
    shows_name = models.BooleanField(default=False)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    hidden_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = ProjectQuerySet.as_manager()
    reviews: "RelatedManager[Review]"
    # By ``with_reviews``.
    given: int
    asked: int
    # By ``with_score``.
    score: float | None
    max_score: float | None
    fraction: float | None

    class Meta:
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        ordering = ["-sent_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["capstone", "learner"],
                condition=Q(decided_at=None, withdrawn_at=None),
                name="project_one_under_review",
            )
        ]
        indexes = [models.Index(fields=["-shared_at"], name="project_gallery")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_under_review(self) -> bool:
        return self.decided_at is None and self.withdrawn_at is None

    @property
    def is_overdue(self) -> bool:
        return self.is_under_review and timezone.now() > self.review_until

    def judgement(self, levels: list[int]) -> list[dict[str, str]]:
        """The criteria with the words of the level reached in each, in the reader's language."""
        if not rubrics.is_whole(self.rubric, levels):
            return []
        return [
            {
                "name": in_language(one["name"]),
                "level": str(level),
                "most": str(len(one["levels"])),
                "says": in_language(one["levels"][level - 1]),
            }
            for one, level in zip(self.rubric, levels, strict=True)
        ]


class ReviewQuerySet(models.QuerySet["Review"]):
    def standing(self) -> Self:
        """Not passed on to somebody else."""
        return self.filter(released_at=None)

    def open(self) -> Self:
        """Still to be written, for a project that still waits."""
        waits = Q(project__decided_at=None, project__withdrawn_at=None)
        return self.standing().filter(waits, sent_at=None)

    def read(self) -> Self:
        """What its reviewer knows, with ``known_at``: since they opened it."""
        return self.annotate(known_at=Coalesce("opened_at", "sent_at")).filter(known_at__isnull=False)


class Review(models.Model):
    """What one peer is asked to say of one project. Neither learns who the other is."""

    wagtail_reference_index_ignore = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    assigned_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    # When the reviewer first read the project.
    opened_at = models.DateTimeField(null=True, blank=True)
    levels = models.JSONField(default=list, blank=True)
    comment = models.TextField(_("comment"), max_length=LONGEST_COMMENT, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # Passed on: too late, gone, or given back by the reviewer.
    released_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    # An instructor keeps its words from the project's maker.
    hidden_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        # By chance, not by time: the order tells nobody who was asked first.
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["project", "reviewer"], name="review_once")]
        indexes = [models.Index(fields=["due_at"], name="review_due")]

    def __str__(self) -> str:
        return f"{self.project_id} by {self.reviewer_id}"

    @property
    def is_open(self) -> bool:
        return self.sent_at is None and self.released_at is None and self.project.is_under_review

    @property
    def is_late(self) -> bool:
        return self.is_open and timezone.now() > self.due_at
