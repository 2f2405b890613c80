"""Which notebooks of an exercise resemble each other: for instructors to look at. Nothing follows from it by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from courses.back_office import found, needs, page
from grading import similarity, similarity_reports, tasks
from grading.feedback import plain
from grading.models import Exercise, SimilarityReport, SimilarPair, Submission

MAY_LOOK = ("grading.view_submission", "grading.view_exercise")
PAIRS_ON_A_PAGE = 50
POLL_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a learner's code: text still to be escaped, and whether the other one has it too."""

    text: str
    is_common: bool


@require_http_methods(["GET", "POST"])
@never_cache
@needs(*MAY_LOOK)
def exercise_similarity(request: HttpRequest, pk: int) -> HttpResponse:
    """The newest report and its pairs; POST asks for a new one."""
    exercise = found(request, Exercise.objects.all(), pk=pk)
    if request.method == "POST":
        similarity_reports.start(exercise, author=request.user)
        transaction.on_commit(tasks.announce_work)
        return redirect("exercise_similarity", pk)
    report = exercise.similarity_reports.first()
    pairs = (report.pairs.all() if report else SimilarPair.objects.none()).select_related(
        "first__learner", "second__learner"
    )
    heavy = ("first__notebook", "second__notebook")
    context = {
        "report": report,
        "pairs": Paginator(pairs.defer(*heavy), PAIRS_ON_A_PAGE).get_page(request.GET.get("p")),
        "least": round(100 * similarity.LEAST_SHARE),
        "poll_seconds": POLL_SECONDS,
    }
    return page(request, "exercises/similarity.html", _("Similarity"), exercise, context)


@require_GET
@never_cache
@needs(*MAY_LOOK)
def similarity_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that moves; once the report is there the whole page is asked for."""
    report = found(request, SimilarityReport.objects.all(), "exercise__provider", pk=pk)
    response = render(request, "exercises/_similarity_state.html", {"report": report, "poll_seconds": POLL_SECONDS})
    if report.status != SimilarityReport.Status.WORKING:
        response["HX-Refresh"] = "true"
    return response


@require_GET
@never_cache
@needs(*MAY_LOOK)
def similar_pair(request: HttpRequest, pk: int) -> HttpResponse:
    """Two learners' answers side by side, what they have in common marked."""
    pairs = SimilarPair.objects.select_related("report__exercise", "first__learner", "second__learner")
    pair = found(request, pairs, "report__exercise__provider", pk=pk)
    first, second = similarity_reports.texts_of(pair.first), similarity_reports.texts_of(pair.second)
    context = {
        "pair": pair,
        "sides": [
            side(pair.first, first, second),
            side(pair.second, second, first),
        ],
    }
    exercise = pair.report.exercise
    parents = ((reverse("exercise_similarity", args=[exercise.pk]), _("Similarity")),)
    return page(request, "exercises/similar_pair.html", _("Two answers"), exercise, context, parents=parents)


def side(submission: Submission, own: Iterable[str], other: list[str]) -> dict[str, Any]:
    starter = similarity_reports.starter_of(submission.version_id)
    return {"submission": submission, "cells": [pieces(text, other, starter) for text in own]}


def pieces(text: str, other: list[str], starter: frozenset[int]) -> list[Piece]:
    """The text cut where what is common begins and ends."""
    text = text[: similarity.MAX_CHARACTERS]
    passages, at = [], 0
    for start, end in similarity.common_passages(text, other, starter):
        passages += [Piece(plain(text[at:start]), False), Piece(plain(text[start:end]), True)]
        at = end
    return [piece for piece in [*passages, Piece(plain(text[at:]), False)] if piece.text]


urls = [
    path("exercises/<int:pk>/similarity/", exercise_similarity, name="exercise_similarity"),
    path("similarity-reports/<int:pk>/state/", similarity_state, name="similarity_state"),
    path("similar-pairs/<int:pk>/", similar_pair, name="similar_pair"),
]
