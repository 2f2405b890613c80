"""An exercise and what was handed in for it, as its learner (and, look only, staff) sees them."""

import io
import uuid
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Length
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRefresh

from courses import placement
from courses.events import taking_part
from courses.forms import HandInForm
from grading import appealing, providers, reviewing, tasks, workbench
from grading.appealing import AppealRefused
from grading.models import (
    Appeal,
    AuditEntry,
    DataFile,
    Document,
    Exercise,
    ExerciseVersion,
    Grade,
    HandInRefused,
    Submission,
    record,
)
from grading.prompts import prompt_html
from grading.scoring import Check

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

ATTEMPTS_ON_A_PAGE = 50
# Seconds until the page asks again: eager while grading is likely to be done, then ever more patient.
POLL_SECONDS = (1, 1, 1, 2, 2, 3, 5, 8, 13, 20, 30)
# Above this the body is not even read; below, it is, so that the learner gets an answer and not a broken connection.
BODY_AT_MOST = 10 * settings.GRADING_MAX_UPLOAD_BYTES
IPYNB = "application/x-ipynb+json"


# --- The exercise ----------------------------------------------------------------------------------------------------


@login_required
@require_GET
@never_cache
def exercise(request: HttpRequest, slug: str) -> HttpResponse:
    """The task, what to download, where to hand in, and the learner's own attempts."""
    found = get_object_or_404(Exercise, slug=slug)
    if not may_work_on(request, found):
        return enroll_first(request, found)
    return exercise_page(request, found, HandInForm())


@login_required
@require_GET
def release(request: HttpRequest, slug: str) -> FileResponse | HttpResponse:
    """The learner's notebook: solutions and hidden checks cut."""
    found = get_object_or_404(Exercise, slug=slug)
    if not may_work_on(request, found):
        return redirect("courses:exercise", slug)
    version = found.current
    if version is None:
        raise Http404
    return attachment(workbench.release_of(version.pk), f"{slug}.ipynb", IPYNB)


@login_required
@require_GET
def file(request: HttpRequest, slug: str, name: str) -> FileResponse | HttpResponse:
    """One of the data files that learners may see."""
    found = get_object_or_404(Exercise, slug=slug)
    if not may_work_on(request, found):
        return redirect("courses:exercise", slug)
    data_file = get_object_or_404(DataFile, version=found.current, name=name, is_hidden=False)
    return attachment(bytes(data_file.content), data_file.name, "application/octet-stream")


@csrf_exempt  # only until the size is known: reading the token means reading the body
def hand_in(request: HttpRequest, slug: str) -> HttpResponse:
    """POST: stores the notebook and leads to its receipt. GET, after a login on the way: back to the exercise."""
    if request.method != "POST":
        return redirect("courses:exercise", slug)
    if int(request.META.get("CONTENT_LENGTH") or 0) > BODY_AT_MOST:
        return HttpResponse(_("The file is too large."), status=413, content_type="text/plain; charset=utf-8")
    return receive(request, slug)


@csrf_protect
@login_required
def receive(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Exercise, slug=slug)
    if not placement.is_enrolled_for(request.user, found):
        return enroll_first(request, found)
    form = HandInForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            with transaction.atomic():
                submission = Submission.objects.hand_in(
                    exercise=found,
                    learner=reader(request),
                    notebook=form.cleaned_data["notebook"],
                    filename=form.filename,
                )
                tasks.announce(submission)
            return redirect("courses:submission", submission.pk)
        except HandInRefused as refused:
            form.add_error(None, why_not(refused.code, found))
    return exercise_page(request, found, form, status=422)


def exercise_page(request: HttpRequest, found: Exercise, form: HandInForm, status: int = 200) -> HttpResponse:
    version = found.current
    attempts = Submission.objects.filter(exercise=found, learner=reader(request)).with_score().order_by("-attempt")
    decision = found.decision_for(reader(request))
    code = decision.code or ("" if version else "empty")
    context = {
        "exercise": found,
        "version": version,
        "prompt": prompt_of(version.pk) if version else "",
        "files": files_of(version),
        "form": form,
        "attempts": Paginator(attempts.defer("notebook"), ATTEMPTS_ON_A_PAGE).get_page(request.GET.get("page")),
        "attempts_left": decision.attempts_left,
        "decision": decision,
        "extension": found.extensions.filter(learner=reader(request)).first(),
        "why_closed": why_not(code, found) if code else "",
        "is_enrolled": placement.is_enrolled_for(request.user, found),
        "lessons": (lessons := lessons_of(found)),
        "event": taking_part.event_of(found),
        "course_key": placement.enrolled_course_key(reader(request), lessons),
        "limit": settings.GRADING_MAX_UPLOAD_BYTES,
        "is_capstone": hasattr(found, "capstone"),
    }
    if version:
        context |= notebook_of(workbench.open_exercise(found, reader(request))) | {"hints": hints_of(attempts.first())}
    return render(request, "exercises/exercise.html", context, status=status)


def notebook_of(document: Document) -> dict[str, Any]:
    """What a page needs to show a document of the workbench."""
    return {
        "document": document,
        "frame_url": workbench.frame_url(document, get_language() or "th"),
        "workbench_origin": settings.WORKBENCH_URL,
        "is_outdated": workbench.is_outdated(document),
    }


def hints_of(last: Submission | None) -> list[dict[str, str]]:
    """What the last attempt said of the checks that it did not pass, as text."""
    grade = last.grade if last and last.status == Submission.Status.GRADED else None
    language = (get_language() or "th")[:2]
    failed = [Check.from_dict(check) for check in grade.checks if not check["passed"]] if grade else []
    return [{"id": check.id, "text": check.message(language)} for check in failed]


def enroll_first(request: HttpRequest, found: Exercise) -> HttpResponse:
    """The exercise belongs to a course the reader has not joined, or to an event. One that no course places is nobody's
    business."""
    if event := taking_part.event_of(found):
        return redirect(event)
    courses = in_reader_language(placement.courses_placing(found))
    if not courses:
        raise Http404
    return render(request, "exercises/enroll_first.html", {"exercise": found, "courses": courses}, status=403)


def reader(request: HttpRequest) -> "_User":
    """Whoever reads the page; every view here lets only those in who are logged in."""
    return cast("_User", request.user)


def may_work_on(request: HttpRequest, found: Exercise) -> bool:
    """Those enrolled in a course that places it, and authors who want to see what learners see."""
    is_author = request.user.has_perm("grading.change_exercise") and providers.is_visible(
        found.provider_id, request.user
    )
    return is_author or placement.is_enrolled_for(request.user, found)


def why_not(code: str, found: Exercise) -> str:
    """Why nothing can be handed in; when it can be again stands below it, in the template."""
    counts = {
        Exercise.Counting.BEST: _("You have used all your attempts. Your best score counts."),
        Exercise.Counting.LAST: _("You have used all your attempts. Your last score counts."),
    }
    return {
        "closed": _("This exercise is closed: it takes no more submissions."),
        "not_yet": _("This exercise is not open yet."),
        "too_late": _("The time for handing in is over."),
        "cool_down": _("There is a pause between two attempts."),
        "empty": _("This exercise is being prepared. Please come back later."),
        "no_attempts": counts[Exercise.Counting(found.counts)],
    }[code]


def files_of(version: ExerciseVersion | None) -> QuerySet[DataFile]:
    """The visible data files with their ``size`` in bytes, without their contents."""
    visible = DataFile.objects.filter(version=version, is_hidden=False)
    return visible.annotate(size=Length("content")).defer("content")


def lessons_of(found: Exercise) -> list[Any]:
    """Where the exercise is placed, in the reader's language: the way back."""
    courses = in_reader_language(placement.courses_placing(found))
    return placement.lessons_placing(found, courses)


def in_reader_language(pages: list[Any]) -> list[Any]:
    """Of pages in several languages those in the reader's; all of them when there is none."""
    language = (get_language() or "th")[:2]
    return [page for page in pages if page.locale.language_code == language] or pages


@lru_cache(maxsize=64)
def prompt_of(version_pk: int) -> str:
    return prompt_html(workbench.release_of(version_pk))


def attachment(content: bytes, filename: str, content_type: str) -> FileResponse:
    """A download; Thai names travel as RFC 5987 says."""
    return FileResponse(io.BytesIO(content), as_attachment=True, filename=filename, content_type=content_type)


# --- The submission --------------------------------------------------------------------------------------------------


@login_required
@require_GET
@never_cache
def submission(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The receipt, how far grading is, and in the end the result."""
    return render(request, "exercises/submission.html", state_of(request, seen_by(request, pk)))


@require_GET
@never_cache
def submission_state(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The part of the page that changes. ``was``: the status the page shows; ``n``: how often it has asked."""
    if not request.user.is_authenticated:
        return HttpResponseClientRefresh()  # logged out meanwhile: the whole page leads to the login
    context = state_of(request, seen_by(request, pk))
    context["is_changed"] = request.GET.get("was") != context["submission"].status
    return render(request, "exercises/_state_changes.html", context)


@login_required
@require_GET
def submission_notebook(request: HttpRequest, pk: uuid.UUID) -> FileResponse:
    """What was handed in, byte for byte."""
    found = seen_by(request, pk)
    return attachment(bytes(found.notebook), found.filename, IPYNB)


@login_required
@require_POST
def requeue(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Staff let a submission that failed through our fault be graded again."""
    if not request.user.has_perm("grading.change_submission"):
        raise PermissionDenied
    submissions = Submission.objects.select_related("exercise").defer("notebook")
    found = get_object_or_404(providers.visible(submissions, request.user, "exercise__provider"), pk=pk)
    with transaction.atomic():
        if Submission.objects.filter(pk=pk).requeue():
            record(AuditEntry.Action.REQUEUED, exercise=found.exercise, actor=reader(request), submission=found)
            tasks.announce(found)
    return redirect("courses:submission", pk)


def seen_by(request: HttpRequest, pk: uuid.UUID) -> Submission:
    """The submission, for the learner whose it is and for staff; for everybody else there is none (Http404)."""
    visible = Submission.objects.select_related("exercise", "learner").defer("notebook")
    own = Q(learner=reader(request))
    if request.user.has_perm("grading.view_submission"):
        own |= Q(pk__in=providers.visible(Submission.objects.all(), request.user, "exercise__provider").values("pk"))
    return get_object_or_404(visible.filter(own), pk=pk)


def patience(request: HttpRequest) -> tuple[int, int]:
    """(seconds until the page asks again, how often it has asked) by the parameter ``n``."""
    asked = request.GET.get("n", "0")
    turn = min(int(asked[:4]), len(POLL_SECONDS) - 1) if asked.isascii() and asked.isdigit() else 0
    return POLL_SECONDS[turn], turn


def state_of(request: HttpRequest, found: Submission) -> dict[str, Any]:
    pause, turn = patience(request)
    is_own = found.learner_id == request.user.pk
    grade = found.grade if found.status == Submission.Status.GRADED else None
    appeals = list(found.appeals.order_by("created_at")) if grade else []
    return {
        "submission": found,
        "exercise": found.exercise,
        "grade": grade,
        "feedback": reviewing.feedback_of(found, grade) if grade else "",
        "judgements": list(found.judgements.standing()) if grade else [],
        "appeals": appeals,
        "can_appeal_about": may_be_appealed(grade, appeals) if grade and is_own else [],
        "is_own": is_own,
        "attempts_left": found.exercise.attempts_left(reader(request)) if is_own and found.is_final else None,
        "poll_seconds": pause,
        "next_turn": turn + 1,
    }


def may_be_appealed(grade: Grade, appeals: list[Appeal]) -> list[str]:
    """The checks, and "" for the whole grade, about which no appeal is open."""
    is_open = {appeal.check_id for appeal in appeals if appeal.is_open}
    return [check_id for check_id in ["", *(check["id"] for check in grade.checks)] if check_id not in is_open]


# --- An appeal -------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def appeal(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The learner asks about a grade."""
    found = get_object_or_404(own_submissions(request), pk=pk)
    text = request.POST.get("text", "")
    try:
        appealing.appeal(found, learner=reader(request), check_id=request.POST.get("check", "")[:100], text=text)
    except AppealRefused as refused:
        context = state_of(request, found) | {"appeal_error": why_no_appeal(refused.code), "appeal_text": text}
        return render(request, "exercises/submission.html", context, status=422)
    return redirect(reverse("courses:submission", args=[pk]) + "#appeals")


@login_required
@require_POST
def withdraw_appeal(request: HttpRequest, pk: int) -> HttpResponse:
    """The learner takes it back; one that is answered meanwhile stays answered."""
    found = get_object_or_404(Appeal.objects.select_related("submission__exercise"), pk=pk, learner=reader(request))
    with suppress(AppealRefused):
        appealing.withdraw(found, learner=reader(request))
    return redirect(reverse("courses:submission", args=[found.submission_id]) + "#appeals")


def own_submissions(request: HttpRequest) -> QuerySet[Submission]:
    own = Submission.objects.filter(learner=reader(request))
    return own.select_related("exercise", "learner").defer("notebook")


def why_no_appeal(code: str) -> str:
    return {
        "empty": _("Write what you ask."),
        "open": _("You have already asked about this; the answer comes here."),
        "not_graded": _("This work is not graded yet."),
    }.get(code, _("Choose what you ask about."))
