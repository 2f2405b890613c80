"""What learners ask and answer about an exercise, and which letters people want."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from grading.models import Exercise

if TYPE_CHECKING:
    from django.contrib.auth.models import _User
    from django.db.models.fields.related_descriptors import RelatedManager

LONGEST_TEXT = 8000


class PostQuerySet(models.QuerySet["Post"]):
    def topics(self) -> Self:
        return self.filter(topic=None)

    def shown(self) -> Self:
        """Not hidden by a moderator, not taken back by whoever wrote it."""
        return self.filter(hidden_at=None, taken_back_at=None)

    def with_replies(self) -> Self:
        """Adds ``reply_count``: of those that are shown."""
        seen = Q(replies__hidden_at=None, replies__taken_back_at=None)
        return self.annotate(reply_count=Count("replies", filter=seen))


class Post(models.Model):
    """A topic, or a reply to one (``topic`` is set)."""

    wagtail_reference_index_ignore = True

    exercise = models.ForeignKey(Exercise, models.CASCADE, related_name="posts")
    topic = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="replies")
    # None: a topic whose author was erased, kept without a word of theirs for what others replied.
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="posts")
    title = models.CharField(_("what it is about"), max_length=150, blank=True)
    text = models.TextField(_("text"), max_length=LONGEST_TEXT)
    # All of it gives the solution away: shown to those who have passed.
    is_solution = models.BooleanField(_("gives a solution away"), default=False)
    # Of a topic: the reply that answered it.
    answer = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True, blank=True)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    hidden_at = models.DateTimeField(null=True, blank=True)
    hidden_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    hidden_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = PostQuerySet.as_manager()
    replies: "RelatedManager[Post]"
    reports: "RelatedManager[PostReport]"

    class Meta:
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["exercise", "topic", "created_at"], name="post_topics")]

    def __str__(self) -> str:
        return self.title or f"{self.pk}"

    @property
    def is_shown(self) -> bool:
        return self.hidden_at is None and self.taken_back_at is None


class PostReport(models.Model):
    """A reader says that a post should be looked at."""

    wagtail_reference_index_ignore = True

    post = models.ForeignKey(Post, models.CASCADE, related_name="reports")
    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    reason = models.CharField(_("reason"), max_length=300)
    created_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("report of a post")
        verbose_name_plural = _("reports of posts")
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["post", "reporter"], name="post_reported_once")]

    def __str__(self) -> str:
        return f"{self.post_id}: {self.reason}"


class UnwantedLetter(models.Model):
    """A kind of letter that somebody does not want. None: they get it."""

    class Kind(models.TextChoices):
        REPLIES = "replies", _("Somebody replies where I have written")
        REMINDERS = "reminders", _("A date of my cohort is near")

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "kind"], name="unwanted_once")]

    def __str__(self) -> str:
        return f"{self.reader_id} {self.kind}"


def wanting(kind: UnwantedLetter.Kind, people: list["_User"]) -> list["_User"]:
    """Of these people those who want letters of this kind."""
    rows = UnwantedLetter.objects.filter(kind=kind, reader__in=people)
    without = set(rows.values_list("reader_id", flat=True))
    return [person for person in people if person.pk not in without]
