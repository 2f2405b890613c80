"""The discussion of an exercise: topics, replies, answers, reports; and which letters one wants."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from courses import discussing, placement, post_text
from courses.discussing import PostRefused, Reader
from courses.models import Post, PostReport, UnwantedLetter
from courses.models.discussion import LONGEST_TEXT
from grading.models import Exercise

ON_A_PAGE = 20
HELP = gettext_lazy(
    "Put code between lines of three backticks (```). Code is shown only to those who have passed the exercise."
)


class ReplyForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Your reply"),
        help_text=HELP,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class TopicForm(ReplyForm):
    title = forms.CharField(label=gettext_lazy("What it is about"), max_length=150)
    field_order = ["title", "text"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = _("Your question")


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def topics(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: topics, the newest first; ``?show=`` open, answered or mine. POST: a new topic."""
    exercise, reader = entered(request, slug)
    if not reader.may_enter:
        return not_yet(request, exercise)
    form = TopicForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            post = discussing.write(exercise, cast(Any, request.user), **form.cleaned_data)
            return redirect("courses:topic", slug, post.pk)
        except PostRefused as refused:
            form.add_error(None, why_not(refused.code))
    show = request.GET.get("show", "")
    found = Post.objects.filter(exercise=exercise).topics().shown().with_replies().select_related("author")
    kinds: dict[str, Any] = {
        "open": {"answer": None},
        "answered": {"answer__isnull": False},
        "mine": {"author": request.user.pk},
    }
    found = found.filter(**kinds.get(show, {})).order_by("-created_at", "-pk")
    context = {
        "exercise": exercise,
        "form": form,
        "show": show if show in kinds else "",
        "topics": Paginator(found, ON_A_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "discussion/topics.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def topic(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """GET: the topic and its replies. POST: a reply."""
    exercise, reader = entered(request, slug)
    if not reader.may_enter:
        return not_yet(request, exercise)
    found = get_object_or_404(Post.objects.topics().select_related("author", "exercise"), pk=pk, exercise=exercise)
    if found.hidden_at and not reader.may_moderate:
        raise Http404
    form = ReplyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            post = discussing.write(exercise, cast(Any, request.user), topic=found, **form.cleaned_data)
            return redirect(f"{reverse('courses:topic', args=[slug, pk])}#post-{post.pk}")
        except PostRefused as refused:
            form.add_error(None, why_not(refused.code))
    replies = Post.objects.filter(topic=found).select_related("author")
    if not reader.may_moderate:
        replies = replies.shown()
    page = Paginator(replies, 2 * ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "exercise": exercise,
        "reader": reader,
        "topic": discussing.shown(found, reader),
        "replies": [discussing.shown(one, reader, found.answer_id) for one in page],
        "page_of": page,
        "form": form,
        "may_mark": reader.may_moderate or found.author_id == request.user.pk,
    }
    return render(request, "discussion/topic.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    """One thing with one post: ``do`` names it. Each is for its own people and leads back to the topic."""
    post = get_object_or_404(Post.objects.select_related("exercise", "topic"), pk=pk)
    reader = discussing.reader_of(request.user, post.exercise)
    if not reader.may_enter:
        raise Http404
    does = ACTS.get(request.POST.get("do", ""))
    if does is None:
        return HttpResponse(status=400)
    does(request, post, reader)
    of = post.topic or post
    if of.hidden_at and not reader.may_moderate:
        return redirect("courses:topics", post.exercise.slug)
    return redirect(f"{reverse('courses:topic', args=[post.exercise.slug, of.pk])}#post-{post.pk}")


def mark_answer(request: HttpRequest, post: Post, reader: Reader) -> None:
    """By whoever asked, or a moderator; the same reply again takes the mark away."""
    of = post.topic
    if of is None or not (reader.may_moderate or of.author_id == request.user.pk):
        raise PermissionDenied
    is_marked = of.answer_id == post.pk
    Post.objects.filter(pk=of.pk).update(answer=None if is_marked else post)
    messages.success(request, _("The topic is open again.") if is_marked else _("Marked as the answer."))


def report(request: HttpRequest, post: Post, reader: Reader) -> None:
    reason = " ".join(post_text.tidy(request.POST.get("reason", "")).split())[:300]
    if not reason:
        messages.error(request, _("Say in a few words what is wrong with it."))
        return
    PostReport.objects.update_or_create(
        post=post, reporter=cast(Any, request.user), defaults={"reason": reason, "settled_at": None}
    )
    messages.success(request, _("Thank you. An instructor will look at it."))


def take_back(request: HttpRequest, post: Post, reader: Reader) -> None:
    """By its author: the text goes, for good; what others replied stays."""
    if post.author_id != request.user.pk:
        raise PermissionDenied
    post.text, post.taken_back_at = "", Now()
    post.save(update_fields=["text", "taken_back_at"])
    post.refresh_from_db()
    Post.objects.filter(answer=post).update(answer=None)
    messages.success(request, _("Your post is deleted."))


def moderate(**changes: Any) -> Any:
    def change(request: HttpRequest, post: Post, reader: Reader) -> None:
        if not reader.may_moderate:
            raise PermissionDenied
        with transaction.atomic():
            if changes:
                Post.objects.filter(pk=post.pk).update(**changes)
            if changes.get("hidden_at") is not None:
                reason = " ".join(post_text.tidy(request.POST.get("reason", "")).split())[:300]
                Post.objects.filter(pk=post.pk).update(hidden_by=cast(Any, request.user), hidden_reason=reason)
            discussing.settle(post)
        messages.success(request, _("Done."))

    return change


ACTS: dict[str, Any] = {
    "answer": mark_answer,
    "report": report,
    "take-back": take_back,
    "hide": moderate(hidden_at=Now()),
    "show": moderate(hidden_at=None, hidden_by=None, hidden_reason=""),
    "solution": moderate(is_solution=True),
    "no-solution": moderate(is_solution=False),
    "settle": moderate(),
}


def entered(request: HttpRequest, slug: str) -> tuple[Exercise, Reader]:
    exercise = get_object_or_404(Exercise, slug=slug)
    return exercise, discussing.reader_of(request.user, exercise)


def not_yet(request: HttpRequest, exercise: Exercise) -> HttpResponse:
    """An exercise of a course that one has not joined is nobody's business; else it says what opens the door."""
    if not placement.is_enrolled_for(request.user, exercise):
        raise Http404
    return render(request, "discussion/not_yet.html", {"exercise": exercise}, status=403)


def why_not(code: str) -> str:
    return {
        "empty": _("Write something first."),
        "closed": _("Nothing can be added here any more."),
        "too_many": _("You have written a lot in a short time. Please wait a few minutes."),
    }[code]


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def wanted_letters(request: HttpRequest) -> HttpResponse:
    """Which kinds of letters one wants; what concerns one's grades and credentials always comes."""
    reader = cast(Any, request.user)
    kinds = UnwantedLetter.Kind
    if request.method == "POST":
        unwanted = [kind for kind in kinds if kind.value not in request.POST.getlist("wanted")]
        with transaction.atomic():
            UnwantedLetter.objects.filter(reader=reader).exclude(kind__in=unwanted).delete()
            for kind in unwanted:
                UnwantedLetter.objects.get_or_create(reader=reader, kind=kind)
        messages.success(request, _("Kept."))
        return redirect("courses:wanted_letters")
    without = set(UnwantedLetter.objects.filter(reader=reader).values_list("kind", flat=True))
    lines = [(kind.value, kind.label, kind.value not in without) for kind in kinds]
    return render(request, "discussion/letters.html", {"lines": lines})
