"""A capstone as its learners meet it: the brief and the gates, one's own project, reviews to write, the gallery."""

import uuid
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import exercise_views, placement
from courses.capstones import gallery, peers, sending
from courses.capstones.forms import GalleryForm, ReviewForm, SendForm
from courses.capstones.gallery import NotShown
from courses.capstones.models import Capstone, Project, ProjectQuerySet, Review
from courses.capstones.peers import NotReviewed
from courses.capstones.sending import NotSent
from courses.progress import is_passed
from grading import feedback, reviewing

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

ON_A_PAGE = 20


def person(request: HttpRequest) -> "_User":
    return cast("_User", request.user)


def notebook_of(project: Project) -> str:
    """The notebook as it ran, without any word on how it was graded: sanitised HTML."""
    grade = project.submission.grade
    html = reviewing.feedback_of(project.submission, grade) if grade else ""
    return mark_safe(feedback.notebook_only(html))  # noqa: S308 - sanitised there


# --- One's own project -----------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the brief, the gates, and how far one's project is. POST: sends it to peers."""
    capstone = get_object_or_404(Capstone.objects.select_related("exercise"), exercise__slug=slug)
    if not exercise_views.may_work_on(request, capstone.exercise):
        return exercise_views.enroll_first(request, capstone.exercise)
    own = list(_own(capstone, person(request)))
    current = own[0] if own else None
    form = SendForm(request.POST if request.method == "POST" else None, initial=_as_before(current))
    if request.method == "POST" and not placement.is_enrolled_for(request.user, capstone.exercise):
        return exercise_views.enroll_first(request, capstone.exercise)
    if request.method == "POST" and form.is_valid():
        try:
            sending.send(capstone, person(request), **form.cleaned_data)
            messages.success(request, _("Your project is on its way to reviewers."))
            return redirect("capstones:project", slug)
        except NotSent as refused:
            form.add_error(None, why_not_sent(refused.code))
    last = sending.latest(capstone, person(request))
    needed = gallery.needed_percent(capstone) if own else 0
    context = {
        "capstone": capstone,
        "rubric": capstone.rubric(),
        "project": current,
        "may_take_back": current is not None and current.is_under_review and not sending.why_kept(current),
        "earlier": [_outcome(one, needed) for one in own[1:]],
        "form": form,
        "submission": last,
        "gates": sending.gates_of(last) if last else [],
        "may_send": last is not None and sending.has_passed_gates(last) and not (current and current.is_under_review),
        "may_work": placement.is_enrolled_for(request.user, capstone.exercise),
        "to_review": Review.objects.open().filter(reviewer=person(request), project__capstone=capstone).count(),
    }
    return render(
        request,
        "capstones/project.html",
        context | (_outcome(current, needed) if current else {}),
        status=422 if form.errors else 200,
    )


def _as_before(current: Project | None) -> dict[str, str]:
    return {"title": current.title, "summary": current.summary} if current else {}


def _own(capstone: Capstone, learner: "_User") -> ProjectQuerySet:
    """The learner's projects, the newest first, with what their page says of them."""
    rows = Project.objects.filter(capstone=capstone, learner=learner, withdrawn_at=None).with_reviews().with_score()
    # Said here: what is counted with its reviews has lost the model's order.
    return rows.order_by("-sent_at", "-pk").select_related("capstone__exercise").prefetch_related("reviews")


def _outcome(one: Project, needed: int) -> dict[str, Any]:
    """What its maker reads once it is decided: the level in each criterion, the words, what peers said; the gallery.

    ``can_stand``: passed, and there is a gallery. A consent is taken back whether it can or not.
    """
    if one.decided_at is None:
        return {"project": one}
    sent = [review for review in one.reviews.all() if review.sent_at and not review.released_at]
    has_passed = is_passed(one.fraction, needed)
    return {
        "project": one,
        "judgement": one.judgement(one.levels),
        "has_passed": has_passed,
        "can_stand": has_passed and one.capstone.has_gallery,
        "reviews": [(one.judgement(review.levels), "" if review.hidden_at else review.comment) for review in sent],
        "gallery": GalleryForm(initial={"shows_name": one.shows_name}, auto_id=f"{one.pk}-%s"),
    }


def own_project(request: HttpRequest, pk: uuid.UUID) -> Project:
    rows = Project.objects.select_related("capstone__exercise", "submission")
    return get_object_or_404(rows, pk=pk, learner=person(request))


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Takes a project back, to send it anew."""
    found = own_project(request, pk)
    try:
        sending.withdraw(found)
        messages.success(request, _("Your project is taken back. You can send it again."))
    except NotSent as refused:
        messages.error(request, why_not_sent(refused.code))
    return redirect("capstones:project", found.capstone.exercise.slug)


@login_required
@require_POST
def share(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """``do=share``: consent to the gallery; ``do=withdraw``: no consent any more."""
    found = own_project(request, pk)
    form = GalleryForm(request.POST)
    if request.POST.get("do") == "withdraw":
        gallery.withdraw(found)
        messages.success(request, _("Your project is no longer in the gallery."))
    elif form.is_valid():
        try:
            gallery.share(found, shows_name=form.cleaned_data["shows_name"])
            messages.success(request, _("Your project is in the gallery. You can take it back at any time."))
        except NotShown as refused:
            messages.error(request, why_not_shown(refused.code))
    else:
        messages.error(request, _("Without your consent nothing is shown."))
    return redirect(f"{reverse('capstones:project', args=[found.capstone.exercise.slug])}#gallery-{found.pk}")


def why_not_sent(code: str) -> str:
    return {
        "empty": _("A title and a summary are needed."),
        "not_ready": _("The notebook that you handed in last has not passed every gate yet."),
        "under_review": _("Your project is with the reviewers already."),
        "begun": _("A reviewer has read it already: it cannot be taken back any more."),
        "has_read": _("You have opened another's project: yours cannot be taken back any more."),
        "too_often": _("You have taken back three projects already: this one stays with the reviewers."),
        "decided": _("This project is decided already."),
    }[code]


def why_not_shown(code: str) -> str:
    return {
        "not_passed": _("Only a project that has passed can be shown."),
        "hidden": _("An instructor took this project out of the gallery."),
        "no_gallery": _("This capstone has no gallery."),
    }[code]


# --- Reviewing others ------------------------------------------------------------------------------------------------


@login_required
@require_GET
@never_cache
def reviews(request: HttpRequest) -> HttpResponse:
    """What one is asked to review, the most urgent first, and what one has sent."""
    mine = Review.objects.filter(reviewer=person(request)).select_related("project__capstone__exercise")
    context = {
        "open": list(mine.open().order_by("due_at", "pk")),
        "sent": Paginator(mine.filter(sent_at__isnull=False).order_by("-sent_at", "pk"), ON_A_PAGE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "capstones/reviews.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def review(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """GET: somebody's project, nameless, beside the rubric. POST: ``do`` keeps, sends or gives it back."""
    rows = Review.objects.select_related("project__capstone__exercise", "project__submission")
    found = get_object_or_404(rows, pk=pk, reviewer=person(request))
    if found.released_at or (found.sent_at is None and not found.is_open):
        return _closed(request, found)
    if found.opened_at is None and found.is_open:
        try:
            peers.begin(found)
        except NotReviewed:
            found.refresh_from_db()
            return _closed(request, found)
    form = ReviewForm(
        found.project,
        request.POST if request.method == "POST" else None,
        begins_with=found.levels,
        initial={"comment": found.comment},
    )
    if request.method == "POST" and found.is_open:
        answer = _take(request, found, form)
        if answer:
            return answer
    context = {
        "review": found,
        "project": found.project,
        "capstone": found.project.capstone,
        "notebook": notebook_of(found.project),
        "judgement": found.project.judgement(found.levels) if found.sent_at else [],
        "form": form,
    }
    return render(request, "capstones/review.html", context, status=422 if form.errors else 200)


def _closed(request: HttpRequest, found: Review) -> HttpResponse:
    return render(request, "capstones/review_closed.html", {"review": found}, status=410)


def _take(request: HttpRequest, found: Review, form: ReviewForm) -> HttpResponse | None:
    """Does what was asked for; None when the form says what is missing."""
    does = request.POST.get("do")
    try:
        if does == "give-back":
            peers.give_back(found)
            messages.success(request, _("Thank you. Somebody else will review it."))
            return redirect("capstones:reviews")
        if not form.is_valid():
            return None
        if does == "send":
            peers.send(found, levels=form.levels, comment=form.cleaned_data["comment"])
            messages.success(request, _("Your review is sent. Thank you."))
            return redirect("capstones:reviews")
        peers.save(found, levels=form.levels, comment=form.cleaned_data["comment"])
        messages.success(request, _("Kept. Only you see it until you send it."))
        return redirect("capstones:review", found.pk)
    except NotReviewed as refused:
        if refused.code == "closed":
            messages.error(request, _("This project does not wait for your review any more."))
            return redirect("capstones:reviews")
        if refused.code == "unfinished":
            form.mark_unfinished()
        else:
            form.add_error("comment", _("Write at least %(count)d characters.") % {"count": peers.SHORTEST_COMMENT})
        return None


# --- The gallery -----------------------------------------------------------------------------------------------------


@require_GET
@never_cache
def gallery_list(request: HttpRequest) -> HttpResponse:
    """For everybody: what makers chose to show, the newest first."""
    shown = gallery.shown().select_related("capstone__exercise", "learner").order_by("-shared_at", "pk")
    page = Paginator(shown, ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "capstones/gallery.html", {"page": page})


@require_GET
@never_cache
def gallery_project(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    shown = gallery.shown().select_related("capstone__exercise", "learner", "submission")
    found = get_object_or_404(shown, pk=pk)
    return render(request, "capstones/gallery_project.html", {"project": found, "notebook": notebook_of(found)})
