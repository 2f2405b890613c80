"""Where instructors read what learners ask about their grades, and answer."""

import statistics
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from courses import back_office, points
from courses.back_office import needs, page
from courses.manual_grading import ON_A_PAGE, person, seen
from grading import appealing, feedback, providers, reviewing
from grading.appealing import AppealRefused
from grading.models import Appeal
from grading.reviewing import Overtaken, Refused

MAY = "grading.change_appeal"
ANSWERS_LOOKED_AT = 200


@require_GET
@needs(MAY, "grading.view_submission")
@never_cache
def queue(request: HttpRequest) -> HttpResponse:
    """Open appeals, oldest first; ``?all=1``: all of them, newest first."""
    every = "all" in request.GET
    appeals = Appeal.objects.all() if every else Appeal.objects.open().order_by("created_at", "pk")
    mine = providers.visible(appeals, request.user, "submission__exercise__provider")
    mine = mine.select_related("submission__exercise").defer("submission__notebook")
    found = Paginator(mine, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "every": every,
        "appeals": found,
        "rows": [(one, feedback.plain(one.text)) for one in found],
        "median_days": median_days(),
    }
    return page(request, "exercises/appeal_queue.html", _("Appeals"), None, context)


@require_http_methods(["GET", "POST"])
@needs(MAY, "grading.add_judgement", "grading.view_submission")
@never_cache
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the question beside the work. POST: the answer, with other points where points are typed."""
    found = back_office.found(
        request, Appeal.objects.select_related("submission__exercise"), "submission__exercise__provider", pk=pk
    )
    submission, grade = found.submission, found.submission.grade
    if grade is None:
        messages.warning(request, _("This work is not graded yet: there is nothing to decide."))
        return redirect("appeal_queue")
    lines = [one for one in points.lines_of(submission, grade) if found.check_id in ("", one.check.id)]
    context: dict[str, Any] = {"problem": "", "overtaken": None, "seen": grade.round, "text": found.answer}
    if request.method == "POST":
        given = points.read(lines, request.POST)
        context["text"] = request.POST.get("text", "")
        try:
            if not any(line.error for line in lines):
                appealing.answer(
                    found, reviewer=person(request), text=context["text"], given=given, seen_round=seen(request)
                )
                messages.success(request, _("The answer is sent."))
                return redirect("appeal_queue")
        except AppealRefused as refused:
            context["problem"] = why_not_answered(refused.code)
        except Refused as refused:
            context["problem"] = points.mark_refused(lines, refused)
        except Overtaken as overtaken:
            context |= {"overtaken": overtaken.grade, "seen": overtaken.grade.round}
    shown = {
        "appeal": found,
        "question": feedback.plain(found.text),
        "submission": submission,
        "grade": grade,
        "lines": lines,
        "is_overriding": any(line.error for line in lines),
        "feedback": reviewing.feedback_of(submission, grade),
        "is_own": found.learner_id == request.user.pk,
    }
    return page(
        request,
        "exercises/appeal_answer.html",
        _("Appeal"),
        submission.exercise,
        shown | context,
        parents=((reverse("appeal_queue"), _("Appeals")),),
        status=409 if context["overtaken"] else 422 if request.method == "POST" else 200,
    )


def median_days() -> float | None:
    """How long learners waited for the latest answers, in days; None when nothing was answered yet."""
    answered = Appeal.objects.filter(status=Appeal.Status.ANSWERED).order_by("-answered_at")
    times = answered.values_list("created_at", "answered_at")[:ANSWERS_LOOKED_AT]
    waits = [(until - since).total_seconds() / 86400 for since, until in times if until]
    return statistics.median(waits) if waits else None


def why_not_answered(code: str) -> str:
    return {
        "empty": _("Write an answer."),
        "not_open": _("This appeal is answered or withdrawn already."),
        "own_work": _("This is your own work: somebody else decides."),
    }[code]


urls = [
    path("appeals/", queue, name="appeal_queue"),
    path("appeals/<int:pk>/", answer, name="answer_appeal"),
]
