"""Item banks, quizzes, and what learners answered in them.

An item's versions never change: an attempt names the versions it was drawn from and the seed it was drawn by, and
from these and the answers its result follows, today and in ten years.
"""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel

from grading.models.providers import Provider
from grading.models.texts import in_language
from grading.policies import Counts, Decision, Policy, counting, decide
from grading.quizzes import drawing, items, marking

if TYPE_CHECKING:
    from django.contrib.auth.models import _User
    from django.db.models.fields.related_descriptors import RelatedManager


def _is_english() -> bool:
    return (get_language() or "").startswith("en")


class ItemBank(models.Model):
    """Items that belong together: of one course, say."""

    slug = models.SlugField(_("code"), max_length=60, unique=True)
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    title_th = models.CharField(_("title in Thai"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True)
    licence = models.CharField(_("licence"), max_length=60, default="CC BY 4.0")

    items: "RelatedManager[QuizItem]"

    class Meta:
        verbose_name = _("item bank")
        verbose_name_plural = _("item banks")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return (self.title_en if _is_english() else "") or self.title_th

    def next_code(self, pool: str = "") -> str:
        """A code that no item of the bank has, after the pool or the bank: ``a3-09``."""
        start = (pool or self.slug)[:50]
        taken = set(self.items.values_list("code", flat=True))
        return next(code for n in count(1) if (code := f"{start}-{n:02d}") not in taken)

    def put(self, declared: Mapping[str, Any], *, author: "_User | None" = None) -> "QuizItemVersion":
        """Stores a declared item (see docs/quizzes.md): as the next version where it differs from the newest one.

        Raises:
            grading.quizzes.items.BadItem: it is none; nothing was stored.
        """
        item = items.read(declared)
        drawing.check(item)
        facts = {"kind": item.kind, "pool": item.pool, "difficulty": item.difficulty}
        with transaction.atomic():
            row, _made = QuizItem.objects.select_for_update().get_or_create(bank=self, code=item.id, defaults=facts)
            for name, value in facts.items():
                setattr(row, name, value)
            row.save(update_fields=list(facts))
            return row.add_version(declared, author)


class QuizItemQuerySet(models.QuerySet["QuizItem"]):
    def drawable(self) -> Self:
        """In use, with ``version``: the newest one's primary key."""
        newest = QuizItemVersion.objects.filter(item=OuterRef("pk")).order_by("-number").values("pk")[:1]
        return self.filter(is_active=True).annotate(version=Subquery(newest)).exclude(version=None)


class QuizItem(models.Model):
    """One question. What it says is in its versions; what quizzes draw by stands here as well."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("one choice")
        MULTIPLE = "multiple", _("several choices")
        MATCH = "match", _("match")
        ORDER = "order", _("put in order")
        NUMERIC = "numeric", _("a number")
        TEXT = "text", _("short text")
        RECORD = "record", _("fix this record")

    bank = models.ForeignKey(ItemBank, models.CASCADE, related_name="items", verbose_name=_("item bank"))
    code = models.CharField(_("code"), max_length=60)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    pool = models.CharField(_("pool"), max_length=60, blank=True)
    difficulty = models.PositiveSmallIntegerField(_("difficulty"), default=2)
    is_active = models.BooleanField(_("in use"), default=True)

    objects = QuizItemQuerySet.as_manager()
    versions: "RelatedManager[QuizItemVersion]"

    class Meta:
        verbose_name = pgettext_lazy("of a quiz", "item")
        verbose_name_plural = pgettext_lazy("of a quiz", "items")
        ordering = ["bank", "code"]
        constraints = [models.UniqueConstraint(fields=["bank", "code"], name="quiz_item_once")]

    def __str__(self) -> str:
        return self.code

    @property
    def current(self) -> "QuizItemVersion | None":
        return self.versions.order_by("-number").first()

    def add_version(self, declared: Mapping[str, Any], author: "_User | None") -> "QuizItemVersion":
        """The next version; the newest one instead when it declares the same. The caller holds the row."""
        content = json.dumps(declared, ensure_ascii=False, sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()
        newest = self.current
        if newest and newest.sha256 == digest:
            return newest
        number = newest.number + 1 if newest else 1
        return self.versions.create(number=number, content=json.loads(content), sha256=digest, author=author)


class QuizItemVersion(models.Model):
    """An item as its author declared it. Never changed."""

    wagtail_reference_index_ignore = True

    item = models.ForeignKey(QuizItem, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(_("version"))
    content = models.JSONField()
    sha256 = models.CharField(max_length=64)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="quiz_item_version_number")]

    def __str__(self) -> str:
        return f"{self.item_id} v{self.number}"

    @cached_property
    def declared(self) -> items.Item:
        return items.read(self.content)


class Quiz(ClusterableModel):
    """One set of items, and the rules by which it is taken."""

    class Counting(models.TextChoices):
        BEST = Counts.BEST.value, _("the best")
        LAST = Counts.LAST.value, _("the last")

    class Reveals(models.TextChoices):
        SCORE = "score", _("the score only")
        FEEDBACK = "feedback", _("what was right and why; right answers once no attempt is left or the quiz is passed")
        ANSWERS = "answers", _("everything, right answers too")

    slug = models.SlugField(_("code"), max_length=80, unique=True)
    provider = models.ForeignKey(
        Provider, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("provider")
    )
    title_th = models.CharField(_("title in Thai"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200)
    intro_th = models.TextField(_("introduction in Thai"), blank=True)
    intro_en = models.TextField(_("introduction in English"), blank=True)
    pass_percent = models.PositiveSmallIntegerField(
        _("passed from (%)"), default=70, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    max_attempts = models.PositiveSmallIntegerField(
        _("attempts allowed"), null=True, blank=True, help_text=_("Empty: as many as one likes.")
    )
    minutes = models.PositiveSmallIntegerField(
        _("minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(600)],
        help_text=_("Empty: no time limit."),
    )
    cooldown_minutes = models.PositiveIntegerField(_("minutes between two attempts"), default=0)
    counts = models.CharField(_("which attempt counts"), max_length=5, choices=Counting, default=Counting.BEST)
    reveals = models.CharField(_("the result shows"), max_length=10, choices=Reveals, default=Reveals.FEEDBACK)
    shuffles = models.BooleanField(_("items in another order for everybody"), default=True)
    is_open = models.BooleanField(_("can be taken"), default=True)
    is_public_practice = models.BooleanField(
        _("everybody may try it"),
        default=False,
        help_text=_("Without an account, without a record; drawn anew each time."),
    )
    opens_at = models.DateTimeField(_("opens"), null=True, blank=True)
    due_at = models.DateTimeField(_("closes"), null=True, blank=True)

    draws: "RelatedManager[QuizDraw]"
    attempts: "RelatedManager[QuizAttempt]"

    class Meta:
        verbose_name = _("quiz")
        verbose_name_plural = _("quizzes")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        return self.title_en if _is_english() else self.title_th

    @property
    def intro(self) -> str:
        return (self.intro_en if _is_english() else "") or self.intro_th

    @property
    def count(self) -> int:
        """How many items an attempt has."""
        return sum(draw.count for draw in self.draws.all())

    @property
    def policy(self) -> Policy:
        return Policy(
            is_open=self.is_open,
            max_attempts=self.max_attempts,
            cooldown=timedelta(minutes=self.cooldown_minutes),
            counts=Counts(self.counts),
            opens_at=self.opens_at,
            due_at=self.due_at,
        )

    def decision_for(self, learner: "_User") -> Decision:
        """Whether the learner may begin an attempt, by the database's clock. A begun attempt counts."""
        fresh: Any = Quiz.objects.annotate(now=Now()).get(pk=self.pk)
        own = QuizAttempt.objects.filter(quiz=self, learner=learner)
        used = own.aggregate(used=models.Count("pk"), last_at=Max("finished_at"))
        return decide(fresh.policy, now=fresh.now, **used)


class QuizDraw(models.Model):
    """So many items of a pool (empty: of the whole bank), of one difficulty where one is named."""

    quiz = ParentalKey(Quiz, on_delete=models.CASCADE, related_name="draws")
    sort_order = models.IntegerField(null=True, blank=True, editable=False)
    bank = models.ForeignKey(ItemBank, models.PROTECT, related_name="+", verbose_name=_("item bank"))
    pool = models.CharField(_("pool"), max_length=60, blank=True, help_text=_("Empty: the whole bank."))
    difficulty = models.PositiveSmallIntegerField(
        _("difficulty"), null=True, blank=True, choices=[(1, _("easy")), (2, _("middle")), (3, _("hard"))]
    )
    count = models.PositiveSmallIntegerField(
        _("number of items"), default=8, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    sort_order_field = "sort_order"

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        ordering = ["sort_order", "pk"]

    def __str__(self) -> str:
        return f"{self.count} × {self.bank_id}/{self.pool}"

    def candidates(self) -> QuizItemQuerySet:
        found = QuizItem.objects.drawable().filter(bank=self.bank_id)
        found = found.filter(pool=self.pool) if self.pool else found
        return found.filter(difficulty=self.difficulty) if self.difficulty else found


class QuizAttemptQuerySet(models.QuerySet["QuizAttempt"]):
    def of(self, learner: "_User") -> Self:
        return self.filter(learner=learner)

    def running(self) -> Self:
        return self.filter(finished_at=None)

    def finished(self) -> Self:
        return self.filter(finished_at__isnull=False)

    def counting(self) -> Self:
        """Of quizzes where the last attempt counts only that; elsewhere all: the best of them counts."""
        later = QuizAttempt.objects.finished().filter(
            quiz=OuterRef("quiz"), learner=OuterRef("learner"), number__gt=OuterRef("number")
        )
        return self.filter(~Q(quiz__counts=Counts.LAST.value) | ~Exists(later))

    def overdue(self, grace: timedelta) -> Self:
        """Still open although the time is over, and the time for what was on its way as well."""
        return self.running().filter(ends_at__lt=Now() - grace)

    def counting_for(self, learner: "_User", quizzes: Sequence[int]) -> dict[int, "QuizAttempt"]:
        """Of each quiz the learner's attempt that counts: the best or the last, as its quiz says."""
        return {attempt.quiz_id: attempt for attempt in self.counting_among([learner.pk], quizzes)}

    def counting_among(self, learners: Sequence[int], quizzes: Sequence[int]) -> list["QuizAttempt"]:
        """The same for many learners at once: of each and each quiz the attempt that counts."""
        found = self.finished().filter(learner__in=learners, quiz__in=quizzes).select_related("quiz").order_by("number")
        by_pair: dict[tuple[int, int], list[QuizAttempt]] = {}
        for attempt in found.defer("paper", "answers", "points"):
            by_pair.setdefault((attempt.learner_id, attempt.quiz_id), []).append(attempt)
        chosen = []
        for attempts in by_pair.values():
            number = counting(Counts(attempts[0].quiz.counts), [(one.number, one.fraction) for one in attempts])
            chosen += [one for one in attempts if one.number == number]
        return chosen


class QuizAttempt(models.Model):
    """One sitting: what was drawn, what was answered, and, once it is over, what that was worth."""

    wagtail_reference_index_ignore = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    quiz = models.ForeignKey(Quiz, models.PROTECT, related_name="attempts")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="quiz_attempts")
    number = models.PositiveIntegerField(_("attempt"))
    seed = models.CharField(max_length=32)
    paper = models.JSONField()  # primary keys of item versions, in the order of the page
    answers = models.JSONField(default=dict)  # {"0": ["2"], …}: by place on the page, as the form sent them
    saves = models.PositiveIntegerField(default=0)  # tells an old tab from a new one
    saved_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(_("begun"), db_default=Now())
    ends_at = models.DateTimeField(_("time is over"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    is_closed_by_clock = models.BooleanField(default=False)
    points = models.JSONField(default=list, blank=True)  # of each item, once it is over
    score = models.FloatField(_("points"), null=True, blank=True)
    max_score = models.FloatField(null=True, blank=True)

    objects = QuizAttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt at a quiz")
        verbose_name_plural = _("attempts at quizzes")
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(fields=["quiz", "learner", "number"], name="quiz_attempt_number"),
            models.UniqueConstraint(
                fields=["quiz", "learner"], condition=Q(finished_at=None), name="quiz_attempt_one_open"
            ),
            models.CheckConstraint(
                condition=Q(score=None) | Q(score__gte=0, score__lte=F("max_score") + 1e-9), name="quiz_score_possible"
            ),
        ]
        indexes = [models.Index(fields=["quiz", "finished_at"], name="quiz_attempt_finished")]

    def __str__(self) -> str:
        return f"{self.quiz_id} {self.number}"

    @property
    def fraction(self) -> float:
        return self.score / self.max_score if self.score is not None and self.max_score else 0.0

    @property
    def is_finished(self) -> bool:
        return self.finished_at is not None

    @property
    def is_passed(self) -> bool:
        # Scores are sums of floats: 0.7 reached by thirds must not fail by the last bit.
        return self.is_finished and self.fraction * 100 + 1e-9 >= self.quiz.pass_percent

    def drawn(self) -> list[drawing.Drawn]:
        """The questions with their answers, in the order of the page."""
        versions = QuizItemVersion.objects.in_bulk(self.paper)
        return [drawing.draw(versions[pk].declared, f"{self.seed}/{place}") for place, pk in enumerate(self.paper)]

    def answer(self, place: int) -> list[str]:
        return marking.tidy(self.answers.get(str(place)), items.MOST_PARTS)

    def marks(self) -> list[tuple[drawing.Drawn, marking.Mark]]:
        """Each question with what its answer is worth, from what was stored."""
        return [(one, marking.mark(one, self.answer(place))) for place, one in enumerate(self.drawn())]

    def is_sound(self) -> bool:
        """Whether the recorded points are what the stored answers are worth."""
        marks = self.marks()
        score = sum(one.item.points * mark.share for one, mark in marks)
        most = sum(one.item.points for one, _mark in marks)
        return self.score is not None and abs(score - self.score) < 1e-6 and abs(most - (self.max_score or 0)) < 1e-6

    def remaining(self, now: datetime) -> timedelta | None:
        """How much time is left at ``now``; None without a limit."""
        return max(self.ends_at - now, timedelta(0)) if self.ends_at else None


def told(text: items.Text) -> str:
    """A text of an item in the reader's language."""
    return in_language(text)
