"""Who may read and write in the discussion of an exercise, and who is told. It opens with one's first submission."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce, Now
from django.urls import reverse
from django.utils.translation import gettext

from courses import letters, placement, post_text
from courses.events import taking_part
from courses.models import Post, PostReport, UnwantedLetter
from courses.models.discussion import wanting
from courses.progress import is_passed
from grading.models import Exercise, Submission
from grading.providers import is_visible

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, _User

MODERATE = "courses.change_post"
MOST_POSTS, WITHIN = 10, timedelta(minutes=10)
MOST_READERS = 50  # of one letter round


class PostRefused(Exception):
    """``code``: ``empty``, ``too_many`` (one person writes very much at once), ``closed``."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Reader:
    """What somebody may see and do in the discussion of one exercise."""

    user: "_User | AnonymousUser"
    may_enter: bool
    may_moderate: bool
    has_passed: bool

    def sees_code_of(self, post: Post) -> bool:
        return self.has_passed or post.author_id == self.user.pk


def reader_of(user: "_User | AnonymousUser", exercise: Exercise) -> Reader:
    """Moderators of its provider see all; a learner enters with the first submission, and sees code after passing.
    While an event lasts, nobody talks about what is to be solved in it."""
    may_moderate = user.has_perm(MODERATE) and is_visible(exercise.provider_id, user)
    own = Submission.objects.filter(learner=user.pk, exercise=exercise)
    has_begun = own.counted().exists() and placement.is_enrolled_for(user, exercise)
    may_enter = may_moderate or (has_begun and not taking_part.is_secret(exercise))
    return Reader(user, may_enter, may_moderate, may_moderate or (may_enter and _has_passed(user.pk, exercise)))


def _has_passed(learner_pk: int | None, exercise: Exercise) -> bool:
    needed = [course.pass_percent for course in placement.courses_placing(exercise)]
    graded = Submission.objects.filter(learner=learner_pk, exercise=exercise).graded()
    best = max((one.fraction for one in graded.defer("notebook")), default=None)  # type: ignore[attr-defined]
    return is_passed(best, min(needed, default=80))


@dataclass(frozen=True, slots=True)
class Shown:
    """A post as one reader sees it: its parts, those that are not for them yet without text."""

    post: Post
    parts: list[post_text.Part | None]
    is_own: bool
    is_answer: bool


def shown(post: Post, reader: Reader, answer_id: int | None = None) -> Shown:
    sees_code = reader.sees_code_of(post)
    if post.is_solution and not sees_code:
        parts: list[post_text.Part | None] = [None]
    else:
        parts = [part if sees_code or not part.is_code else None for part in post_text.parts(post.text)]
    return Shown(post, parts, post.author_id == reader.user.pk, post.pk == answer_id)


def write(exercise: Exercise, author: "_User", *, text: str, title: str = "", topic: Post | None = None) -> Post:
    """A topic, or a reply to ``topic``; those who wrote there before are told.

    Raises:
        PostRefused: nothing was written.
    """
    text, title = post_text.tidy(text), " ".join(post_text.tidy(title).split())
    if not text or (topic is None and not title):
        raise PostRefused("empty")
    if topic is not None and not topic.is_shown:
        raise PostRefused("closed")
    with transaction.atomic():
        lately = Post.objects.filter(author=author, created_at__gt=Now() - WITHIN)
        if lately.count() >= MOST_POSTS:
            raise PostRefused("too_many")
        post = Post.objects.create(exercise=exercise, author=author, text=text, title=title, topic=topic)
        if topic is not None:
            transaction.on_commit(lambda: _tell(topic, post), robust=True)
    return post


def _tell(topic: Post, reply: Post) -> None:
    """Those who wrote in the topic, the writer left out. No word of the reply is in the letter: it may hold code."""
    from django.contrib.auth import get_user_model  # noqa: PLC0415 - the app registry is loaded by then

    wrote = Post.objects.filter(Q(pk=topic.pk) | Q(topic=topic)).shown().values("author")
    people = get_user_model().objects.filter(pk__in=wrote, is_active=True).exclude(posts=reply)
    context = {"topic": topic, "exercise": topic.exercise}
    path = reverse("courses:topic", args=[topic.exercise.slug, topic.pk])
    for person in wanting(UnwantedLetter.Kind.REPLIES, list(people.order_by("pk")[:MOST_READERS])):
        letters.write(person, "discussion/reply.txt", lambda: _subject(topic), context, path)


def _subject(topic: Post) -> str:
    return gettext("New reply: %(title)s") % {"title": topic.title}


def forget(person: "_User") -> None:
    """Takes a person's name and words out of the topics in which others replied, so that those replies stay when the
    person's posts are deleted."""
    others = Post.objects.exclude(author=person).exclude(topic=None)
    kept = Post.objects.topics().filter(author=person, pk__in=others.values("topic"))
    kept.update(author=None, title="–", text="", taken_back_at=Coalesce("taken_back_at", Now()))


def settle(post: Post) -> None:
    """Whoever looked at a post has answered every report of it."""
    PostReport.objects.filter(post=post, settled_at=None).update(settled_at=Now())
