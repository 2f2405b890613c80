"""A quiz as its learner takes it: what it is, the questions, the result."""

import secrets
import uuid
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.decorators import login_required
from django.core import signing
from django.db.models import Q
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import placement, quiz_questions
from courses.exercise_views import in_reader_language
from grading import providers, quizzing, tasks
from grading.models import Quiz, QuizAttempt, QuizItemVersion
from grading.quizzes import drawing, marking
from grading.quizzes.items import MOST_PARTS
from grading.quizzing import NotSaved, QuizRefused

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

PRACTICE_LASTS_SECONDS = 6 * 60 * 60
PRACTICE_SALT = "courses.quiz_views.practice"


@login_required
@require_GET
@never_cache
def quiz(request: HttpRequest, slug: str) -> HttpResponse:
    """What it is, by which rules it is taken, and the learner's own attempts."""
    found = get_object_or_404(Quiz.objects.prefetch_related("draws"), slug=slug)
    if not may_take(request, found):
        return enroll_first(request, found)
    return quiz_page(request, found)


def quiz_page(request: HttpRequest, found: Quiz, refused: QuizRefused | None = None) -> HttpResponse:
    learner = reader(request)
    attempts = list(QuizAttempt.objects.filter(quiz=found, learner=learner).order_by("-number"))
    for attempt in attempts:
        attempt.quiz = found
        quizzing.close_if_over(attempt)
    decision = found.decision_for(learner)
    code = refused.code if refused else decision.code
    context = {
        "quiz": found,
        "attempts": attempts,
        "running": next((one for one in attempts if not one.is_finished), None),
        "decision": decision,
        "why_closed": why_not(code) if code else "",
        "is_enrolled": placement.is_enrolled_for(learner, found),
        "places": places_of(found),
    }
    return render(request, "quizzes/quiz.html", context, status=409 if refused else 200)


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """POST: to the questions. GET, after a login on the way: back to the quiz, to press the button."""
    found = get_object_or_404(Quiz, slug=slug)
    if request.method != "POST":
        return redirect("courses:quiz", slug)
    if not placement.is_enrolled_for(reader(request), found):
        return enroll_first(request, found)
    try:
        return redirect("courses:quiz_attempt", quizzing.start(found, reader(request)).pk)
    except QuizRefused as refused:
        return quiz_page(request, found, refused)


@login_required
@require_GET
@never_cache
def attempt(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """The questions while the attempt is open, to its learner alone; then the result, to staff as well."""
    found = seen_by(request, pk)
    if quizzing.close_if_over(found):
        return result_page(request, found)
    if found.learner_id != reader(request).pk:
        raise Http404
    return questions_page(request, found)


@login_required
@require_POST
@never_cache
def save(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keeps the answers so far. A script gets JSON; the form without one comes back to the page."""
    found = own(request, pk)
    wants_json = request.headers.get("Accept") == "application/json"
    try:
        done = quizzing.save(found, answers_in(request.POST), seen=number(request.POST.get("saves")))
    except NotSaved as problem:
        if wants_json:
            return JsonResponse({"code": problem.code}, status=409)
        return questions_page(request, found, problem.code) if problem.code == "stale" else redirect(found_at(found))
    return JsonResponse({"saves": done.number}) if wants_json else redirect(found_at(found))


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def finish(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Hands in. Where something is unanswered, asks first; ``sure`` is the answer, and what the clock sends."""
    found = own(request, pk)
    if request.method != "POST" or found.is_finished:
        return redirect(found_at(found))
    answers = answers_in(request.POST)
    if "sure" not in request.POST:
        try:
            quizzing.save(found, answers, seen=number(request.POST.get("saves")))
        except NotSaved as problem:
            if problem.code == "stale":
                return questions_page(request, found, problem.code)
        found.refresh_from_db()
        questions = questions_of(found)
        if not found.is_finished and not all(one.is_answered for one in questions):
            return questions_page(request, found, "unanswered")
    quizzing.finish(found, answers)
    tasks.tell_who_listens(found.learner_id)
    return redirect(found_at(found))


def questions_page(request: HttpRequest, found: QuizAttempt, notice: str = "") -> HttpResponse:
    """``notice``: ``stale`` (what was just sent was not kept) or ``unanswered``."""
    now: Any = QuizAttempt.objects.annotate(now=Now()).values_list("now", flat=True).get(pk=found.pk)
    remaining = found.remaining(now)
    questions = questions_of(found)
    context = {
        "quiz": found.quiz,
        "attempt": found,
        "questions": questions,
        "unanswered": [one for one in questions if not one.is_answered],
        "notice": notice,
        "seconds": int(remaining.total_seconds()) if remaining is not None else None,
        "course_key": placement.enrolled_course_key(reader(request), places_of(found.quiz)),
    }
    return render(request, "quizzes/attempt.html", context, status=409 if notice == "stale" else 200)


def questions_of(found: QuizAttempt) -> list[quiz_questions.Shown]:
    return [quiz_questions.shown(place, one, found.answer(place)) for place, one in enumerate(found.drawn())]


def result_page(request: HttpRequest, found: QuizAttempt) -> HttpResponse:
    is_own = found.learner_id == reader(request).pk
    decision = found.quiz.decision_for(found.learner)
    shows_more = found.quiz.reveals != Quiz.Reveals.SCORE or not is_own
    with_answers = not is_own or shows_answers(found, decision.attempts_left)
    context = {
        "quiz": found.quiz,
        "attempt": found,
        "is_own": is_own,
        "with_answers": with_answers,
        "results": quiz_questions.results(found, with_answers=with_answers) if shows_more else [],
        "decision": decision,
        "why_closed": why_not(decision.code) if decision.code else "",
        "places": places_of(found.quiz),
    }
    return render(request, "quizzes/result.html", context)


def shows_answers(found: QuizAttempt, attempts_left: int | None) -> bool:
    """Whether its learner may read the right answers: what comes next must not be a matter of copying."""
    if found.quiz.reveals != Quiz.Reveals.FEEDBACK:
        return found.quiz.reveals == Quiz.Reveals.ANSWERS
    return found.is_passed or attempts_left == 0


# --- Trying one, without a record ---


@require_http_methods(["GET", "POST"])
@never_cache
def practice(request: HttpRequest, slug: str) -> HttpResponse:
    """GET draws, POST marks; nothing is kept. For everybody where the quiz says so, and for its authors."""
    found = get_object_or_404(Quiz.objects.prefetch_related("draws"), slug=slug)
    if not (found.is_public_practice and found.is_open) and not is_author(request, found):
        raise Http404
    if request.method == "POST":
        return practice_result(request, found)
    seed = secrets.token_hex(16)
    try:
        paper = quizzing.draw_paper(found, seed)
    except QuizRefused:
        return render(request, "quizzes/practice.html", {"quiz": found, "why_closed": why_not("empty")})
    drawn = drawn_from(paper, seed)
    context = {
        "quiz": found,
        "questions": [quiz_questions.shown(place, one, []) for place, one in enumerate(drawn)],
        "ticket": signing.dumps([found.pk, seed, paper], salt=PRACTICE_SALT),
    }
    return render(request, "quizzes/practice.html", context)


def practice_result(request: HttpRequest, found: Quiz) -> HttpResponse:
    try:
        quiz_pk, seed, paper = signing.loads(
            request.POST.get("ticket", ""), salt=PRACTICE_SALT, max_age=PRACTICE_LASTS_SECONDS
        )
    except signing.BadSignature:
        return redirect("courses:quiz_practice", found.slug)
    if quiz_pk != found.pk:
        raise Http404
    answers = answers_in(request.POST)
    marks = []
    for place, one in enumerate(drawn_from(paper, seed)):
        marks.append((one, marking.mark(one, marking.tidy(answers.get(str(place)), MOST_PARTS))))
    context = {
        "quiz": found,
        "results": [quiz_questions.result(place, one, mark, True) for place, (one, mark) in enumerate(marks)],
        "score": sum(one.item.points * mark.share for one, mark in marks),
        "max_score": sum(one.item.points for one, _mark in marks),
    }
    return render(request, "quizzes/practice.html", context)


def drawn_from(paper: list[int], seed: str) -> list[drawing.Drawn]:
    # The page holds ``seed``: what is drawn by must not follow from it, or the author's own order would.
    seed = salted_hmac(PRACTICE_SALT, seed, algorithm="sha256").hexdigest()
    versions = QuizItemVersion.objects.in_bulk(paper)
    return [drawing.draw(versions[pk].declared, f"{seed}/{place}") for place, pk in enumerate(paper) if pk in versions]


# --- Small things ---


def reader(request: HttpRequest) -> "_User":
    """Whoever reads the page; only behind ``login_required``."""
    return cast("_User", request.user)


def is_author(request: HttpRequest, found: Quiz) -> bool:
    return request.user.has_perm("grading.change_quiz") and providers.is_visible(found.provider_id, request.user)


def may_take(request: HttpRequest, found: Quiz) -> bool:
    """Those enrolled in a course that places it, and authors who want to see what learners see."""
    return is_author(request, found) or placement.is_enrolled_for(request.user, found)


def enroll_first(request: HttpRequest, found: Quiz) -> HttpResponse:
    """The quiz belongs to a course the reader has not joined. One that no course places is nobody's business."""
    courses = in_reader_language(placement.courses_placing(found))
    if not courses:
        raise Http404
    return render(request, "quizzes/enroll_first.html", {"quiz": found, "courses": courses}, status=403)


def places_of(found: Quiz) -> list[Any]:
    """Where it is placed, in the reader's language: the way back."""
    return list(placement.lessons_placing(found, in_reader_language(placement.courses_placing(found))))


def seen_by(request: HttpRequest, pk: uuid.UUID) -> QuizAttempt:
    """The attempt, for the learner whose it is and for staff; for everybody else there is none (Http404)."""
    visible = QuizAttempt.objects.select_related("quiz", "learner")
    own = Q(learner=reader(request))
    if request.user.has_perm("grading.view_quizattempt"):
        own |= Q(pk__in=providers.visible(QuizAttempt.objects.all(), request.user, "quiz__provider").values("pk"))
    return get_object_or_404(visible.filter(own), pk=pk)


def own(request: HttpRequest, pk: uuid.UUID) -> QuizAttempt:
    """The learner's own attempt (Http404)."""
    return get_object_or_404(QuizAttempt.objects.select_related("quiz"), pk=pk, learner=reader(request))


def found_at(found: QuizAttempt) -> str:
    return reverse("courses:quiz_attempt", args=[found.pk])


def answers_in(data: QueryDict) -> dict[str, list[str]]:
    """``q3=2&q3=4`` → ``{"3": ["2", "4"]}``; everything else is left out."""
    return {name[1:]: data.getlist(name) for name in data if name.startswith("q") and name[1:].isdigit()}


def number(text: str | None) -> int:
    """A number from a form; -1 for anything else, which is nobody's."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else -1


def why_not(code: str) -> str:
    return {
        "closed": _("This quiz is closed at the moment."),
        "not_yet": _("This quiz is not open yet."),
        "too_late": _("The time for this quiz is over."),
        "cool_down": _("There is a pause between two attempts."),
        "no_attempts": _("You have used all your attempts."),
        "empty": _("This quiz is being prepared. Please come back later."),
    }[code]
