"""What waits for a person, and the page on which a person decides. Whose work it is, the grader is not told."""

import uuid
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import points
from courses.back_office import found, needs, page
from grading import providers, reviewing
from grading.models import Appeal, Exercise, Grade, Judgement, Submission
from grading.reviewing import Overtaken, Refused

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

ON_A_PAGE = 50
MAY = "grading.add_judgement"


def waiting_here() -> QuerySet[Submission]:
    """What waits for a person and is no capstone's: those are decided where peers' reviews are."""
    return reviewing.waiting().filter(exercise__capstone=None)


@require_GET
@needs(MAY, "grading.view_submission")
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """Submissions with parts for a person, oldest first; ``?exercise=7`` shows one exercise's."""
    chosen = chosen_exercise(request)
    waiting = waiting_here().select_related("exercise").defer("notebook")
    waiting = providers.visible(waiting, request.user, "exercise__provider")
    mine = waiting.filter(exercise=chosen) if chosen else waiting
    exercises = Exercise.objects.filter(pk__in=waiting.order_by().values("exercise"))
    context = {
        "chosen": chosen,
        "exercises": exercises,
        "waiting": Paginator(mine, ON_A_PAGE).get_page(request.GET.get("page")),
        "open_appeals": providers.visible(
            Appeal.objects.open(), request.user, "submission__exercise__provider"
        ).count(),
    }
    return page(request, "exercises/grading_queue.html", _("Grading by hand"), None, context)


@require_http_methods(["GET", "POST"])
@needs(MAY, "grading.view_submission")
@never_cache
def grade(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """GET: the answers beside model answer and rubric. POST: takes the points, and leads to the next."""
    submission = found(request, Submission.objects.select_related("exercise"), "exercise__provider", pk=pk)
    current = submission.grade
    if current is None:
        return nothing_to_grade(request, submission)
    lines = points.lines_of(submission, current)
    context: dict[str, Any] = {"problem": "", "overtaken": None, "seen": current.round}
    if request.method == "POST":
        given = points.read(lines, request.POST)
        try:
            if not any(line.error for line in lines):
                reviewing.judge(submission, reviewer=person(request), given=given, seen_round=seen(request))
                messages.success(request, _("Saved."))
                return redirect(address_after(request, submission))
        except Refused as refused:
            context["problem"] = points.mark_refused(lines, refused)
        except Overtaken as overtaken:
            context |= {"overtaken": overtaken.grade, "seen": overtaken.grade.round}
    status = 409 if context["overtaken"] else 422 if request.method == "POST" else 200
    return form(request, submission, current, lines, context, status)


def form(
    request: HttpRequest,
    submission: Submission,
    current: Grade,
    lines: list[points.Line],
    context: dict[str, Any],
    status: int,
) -> HttpResponse:
    chosen = chosen_exercise(request)
    previous, following = around(request, submission, chosen)
    shown = {
        "submission": submission,
        "grade": current,
        "manual": [line for line in lines if line.is_manual],
        "automatic": [line for line in lines if not line.is_manual],
        "is_overriding": any(line.error or line.points for line in lines if not line.is_manual),
        "standing_decisions": [line.standing for line in lines if line.standing],
        "feedback": reviewing.feedback_of(submission, current),
        "chosen": chosen,
        "previous": previous,
        "following": following,
        "is_own": submission.learner_id == request.user.pk,
    }
    return page(
        request,
        "exercises/grading_form.html",
        _("%(title)s, attempt %(number)s") % {"title": submission.exercise.title, "number": submission.attempt},
        submission.exercise,
        shown | context,
        parents=((queue_address(chosen), _("Grading by hand")),),
        status=status,
    )


@require_POST
@needs(MAY, "grading.view_submission")
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a decision back, with a reason."""
    judgement = found(
        request, Judgement.objects.select_related("submission__exercise"), "submission__exercise__provider", pk=pk
    )
    try:
        reviewing.withdraw(judgement, actor=person(request), reason=request.POST.get("reason", ""))
        messages.success(request, _("Withdrawn: the check is again as it was examined."))
    except Refused as refused:
        messages.error(request, points.why_refused(refused.code, None))
    return redirect("grade_submission", judgement.submission_id)


@require_POST
@needs(MAY, "grading.view_submission")
def take_over(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """A person grades what the platform failed to."""
    submission = found(request, Submission.objects.select_related("exercise", "version"), "exercise__provider", pk=pk)
    try:
        reviewing.take_over(submission, reviewer=person(request))
    except Refused as refused:
        messages.error(request, points.why_refused(refused.code, None))
        return redirect("courses:submission", pk)
    return redirect("grade_submission", pk)


def nothing_to_grade(request: HttpRequest, submission: Submission) -> HttpResponse:
    messages.warning(request, _("This work is not graded yet: there is nothing to decide."))
    return redirect("courses:submission", submission.pk)


def person(request: HttpRequest) -> "_User":
    return cast("_User", request.user)


def seen(request: HttpRequest) -> int:
    """The round that the form rests on; one that never was when it does not say."""
    text = request.POST.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1


def chosen_exercise(request: HttpRequest) -> Exercise | None:
    asked = request.GET.get("exercise", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 10
    return providers.visible(Exercise.objects.filter(pk=asked), request.user).first() if is_number else None


def around(request: HttpRequest, submission: Submission, chosen: Exercise | None) -> Any:
    """What waits for this person before and after it."""
    pk = chosen.pk if chosen else None
    return reviewing.neighbours(submission, reviewer=person(request), exercise_id=pk, among=waiting_here())


def queue_address(chosen: Exercise | None) -> str:
    return reverse("grading_queue") + (f"?exercise={chosen.pk}" if chosen else "")


def address_after(request: HttpRequest, submission: Submission) -> str:
    """The next of the queue when that was asked for; the queue itself when it is empty."""
    chosen = chosen_exercise(request)
    query = f"?exercise={chosen.pk}" if chosen else ""
    if "stay" in request.POST:
        return reverse("grade_submission", args=[submission.pk]) + query
    previous, following = around(request, submission, chosen)
    other = following or previous
    return reverse("grade_submission", args=[other]) + query if other else queue_address(chosen)


urls = [
    path("grading/", queue, name="grading_queue"),
    path("grading/<uuid:pk>/", grade, name="grade_submission"),
    path("grading/<uuid:pk>/take-over/", take_over, name="take_over_submission"),
    path("judgements/<int:pk>/withdraw/", withdraw, name="withdraw_judgement"),
]
