"""How learners fare with one exercise, for those who write and teach it: pictures first, the numbers behind them."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from courses import back_office, charts
from courses.back_office import needs, page
from grading import item_statistics
from grading.item_statistics import CheckStatistics, ItemStatistics
from grading.models import Exercise


@require_GET
@needs("grading.view_submission", "grading.view_exercise")
def exercise_statistics(request: HttpRequest, pk: int) -> HttpResponse:
    """All graded attempts, or those of one version (``?version=2``)."""
    exercise = back_office.found(request, Exercise.objects.all(), pk=pk)
    versions = list(exercise.versions.order_by("-number").defer("source"))
    asked = request.GET.get("version", "")
    version = next((one for one in versions if str(one.number) == asked), None)
    found = item_statistics.of(exercise, version)
    context = {
        "statistics": found,
        "versions": versions,
        "version": version,
        "checks": [(check, outcomes_said(check), remark_said(check)) for check in found.checks],
        "check_chart": check_chart(found),
        "charts": column_charts(found),
    }
    return page(request, "exercises/statistics.html", _("Statistics"), exercise, context)


def check_chart(found: ItemStatistics) -> charts.RowChart:
    rows = charts.rows([(check.id, check.passed_at_first, check.passed_in_the_end) for check in found.checks])
    return charts.RowChart(
        "checks",
        _("How many learners pass each check"),
        _("One bar per check: dark, the share of learners who passed at their first attempt; light, in the end."),
        rows,
    )


def column_charts(found: ItemStatistics) -> list[charts.ColumnChart]:
    learners, scores = _("Learners"), [f"{low * 10}–" for low in range(item_statistics.SCORE_BINS)]
    last = item_statistics.MOST_ATTEMPTS
    numbers = [str(number) for number in range(1, last)] + [f"{last}+"]
    return [
        charts.ColumnChart(
            "scores",
            _("Best score of each learner"),
            _("Learners by their best score, in percent of the points."),
            _("Score in percent, from"),
            learners,
            charts.columns(list(zip(scores, found.scores, strict=True))),
        ),
        charts.ColumnChart(
            "attempts",
            _("Attempts of each learner"),
            _("Learners by the number of attempts they handed in."),
            _("Attempts"),
            learners,
            charts.columns(list(zip(numbers, found.attempts_each, strict=True))),
        ),
        charts.ColumnChart(
            "gaps",
            _("Time between two attempts"),
            _("How long learners worked, or waited, between two attempts."),
            _("Time"),
            _("Pauses"),
            charts.columns(list(zip(gap_labels(), found.gaps, strict=True))),
        ),
        charts.ColumnChart(
            "given-up",
            _("Where learners give up"),
            _("Learners who never passed every check, by the first check that failed in their last attempt."),
            _("Check"),
            learners,
            charts.columns([(short(check.id, len(found.checks)), check.given_up) for check in found.checks]),
        ),
    ]


def gap_labels() -> list[str]:
    return [_("under 1 min"), _("1–5 min"), _("5–30 min"), _("30 min–2 h"), _("2–24 h"), _("over a day")]


def short(text: str, columns: int) -> str:
    """A label that does not run into its neighbour's."""
    room = max(4, 54 // columns)
    return text if len(text) <= room else f"{text[: room - 1]}…"


OUTCOME_LIMIT = 3


def outcomes_said(check: CheckStatistics) -> list[tuple[str, int]]:
    """The commonest ways of not passing, in words."""
    words = {
        "failed": _("wrong result"),
        "error": _("error"),
        "timeout": _("too slow"),
        "not_examinable": _("cannot be checked"),
        "not_run": _("not reached"),
        "waiting": _("waits for a person"),
        "judged": _("decided by a person"),
    }
    return [(words.get(outcome, outcome), count) for outcome, count in check.wrong_outcomes[:OUTCOME_LIMIT]]


def remark_said(check: CheckStatistics) -> str:
    """What an author may want to look at, or ''."""
    return {
        "": "",
        "reversed": _("Learners who do well elsewhere fail it more often: look at the check itself."),
        "weak": _("Hardly tells those who can from those who cannot."),
        "easy": _("Nearly everybody passes at once."),
        "hard": ngettext(
            "Of %(count)d learner hardly anybody passes.",
            "Of %(count)d learners hardly anybody passes.",
            check.learners,
        )
        % {"count": check.learners},
    }[check.remark]


urls = [path("exercises/<int:pk>/statistics/", exercise_statistics, name="exercise_statistics")]
