"""How learners fare with the items of a quiz, for those who write and teach it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from courses import back_office, charts
from courses.back_office import needs
from grading import quiz_statistics
from grading.models import Quiz
from grading.quiz_statistics import ItemFigures, QuizFigures


@require_GET
@needs("grading.view_quiz", "grading.view_quizattempt")
def statistics(request: HttpRequest, pk: int) -> HttpResponse:
    """Each learner's first finished attempt: later ones have seen what was right."""
    quiz = back_office.found(request, Quiz.objects.all(), pk=pk)
    found = quiz_statistics.of(quiz)
    title = _("Statistics")
    context = {
        "quiz": quiz,
        "figures": found,
        "rows": [(item, remark_said(item)) for item in found.items],
        "chart": score_chart(found),
        "page_title": title,
        "header_title": f"{title}: {quiz.title}",
        "header_icon": "tasks",
        "breadcrumbs_items": [
            {"url": reverse("wagtailsnippets_grading_quiz:list"), "label": _("Quizzes")},
            {"url": reverse("wagtailsnippets_grading_quiz:edit", args=[quiz.pk]), "label": quiz.title},
            {"url": "", "label": title},
        ],
    }
    return render(request, "quizzes/statistics.html", context)


def score_chart(found: QuizFigures) -> charts.ColumnChart:
    labels = [f"{low * 10}–" for low in range(quiz_statistics.SCORE_BINS)]
    return charts.ColumnChart(
        "scores",
        _("Score of each learner's first attempt"),
        _("Learners by the score of their first attempt, in percent of the points."),
        _("Score in percent, from"),
        _("Learners"),
        charts.columns(list(zip(labels, found.scores, strict=True))),
    )


def remark_said(item: ItemFigures) -> str:
    """What an author may want to look at, or ''."""
    return {
        "": "",
        "reversed": _("Learners who do well elsewhere miss it more often: look at the key."),
        "weak": _("Hardly tells those who can from those who cannot."),
        "easy": _("Nearly everybody is right."),
        "hard": _("Hardly anybody is right."),
    }[item.remark]


urls = [path("quizzes/<int:pk>/statistics/", statistics, name="quiz_statistics")]
