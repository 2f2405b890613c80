"""The pre-flight of a version in the back office: how far it is, what it found, and publishing when that is nothing."""

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from wagtail.admin import messages

from courses.back_office import found, needs, page
from courses.datasets import using
from courses.exercise_views import POLL_SECONDS
from grading import tasks
from grading.models import ExerciseVersion, PreflightReport, PublishRefused, in_language

if TYPE_CHECKING:
    from django.contrib.auth.models import _User

AUTHORS = "grading.change_exercise"


@require_GET
@never_cache
@needs(AUTHORS)
def preflight(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole page."""
    version = version_of(request, pk)
    title = _("Pre-flight of version %(number)d") % {"number": version.number}
    return page(request, "exercises/preflight.html", title, version.exercise, state_of(request, version))


@require_GET
@never_cache
@needs(AUTHORS)
def state(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes while it waits; ``n``: how often it has asked."""
    return render(request, "exercises/_preflight.html", state_of(request, version_of(request, pk)))


@require_POST
@needs(AUTHORS)
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks for a pre-flight that there is none of, or that failed through our fault."""
    tasks.request_preflight(version_of(request, pk))
    return redirect("exercise_preflight", pk)


@require_POST
@needs(AUTHORS)
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """Learners meet the version from now on, unless its pre-flight says otherwise."""
    version = version_of(request, pk)
    if unlicensed := using.why_not_published(version):
        names = ", ".join(one.title for one in unlicensed)
        why = _("Not published: these data sets have no licence, or no data owner has signed them off: %(names)s")
        messages.error(request, why % {"names": names})
        return redirect("exercise_preflight", pk)
    try:
        version.publish(cast("_User", request.user))
    except PublishRefused as refused:
        messages.error(request, why_not(refused.code))
        return redirect("exercise_preflight", pk)
    messages.success(request, _("Version %(number)d is published: learners get it now.") % {"number": version.number})
    return redirect(reverse("wagtailsnippets_grading_exercise:edit", args=[version.exercise_id]))


def why_not(code: str) -> str:
    return {
        "published": _("This version is published already."),
        "superseded": _("A newer version is published; this one stays a draft."),
        "unchecked": _("The pre-flight is not done yet."),
        "errors": _("The pre-flight found errors: mend them in the notebook and upload it again."),
    }[code]


def version_of(request: HttpRequest, pk: int) -> ExerciseVersion:
    versions = ExerciseVersion.objects.select_related("exercise", "preflight_report").defer("source")
    return found(request, versions, "exercise__provider", pk=pk)


def state_of(request: HttpRequest, version: ExerciseVersion) -> dict[str, Any]:
    asked = request.GET.get("n", "0")
    turn = min(int(asked[:4]), len(POLL_SECONDS) - 1) if asked.isascii() and asked.isdigit() else 0
    report: PreflightReport | None = getattr(version, "preflight_report", None)
    shown = {
        "version": version,
        "exercise": version.exercise,
        "found": report,
        "poll_seconds": POLL_SECONDS[turn],
        "next_turn": turn + 1,
    }
    if report and report.status == PreflightReport.Status.DONE:
        shown |= report_context(report.report)
    return shown


def report_context(report: dict[str, Any]) -> dict[str, Any]:
    """The report ready to show: sentences in the reader's language, lines with their numbers, figures with limits."""
    counts = [
        ngettext("%(n)d error", "%(n)d errors", report["errors"]) % {"n": report["errors"]},
        ngettext("%(n)d warning", "%(n)d warnings", report["warnings"]) % {"n": report["warnings"]},
        ngettext("%(n)d note", "%(n)d notes", report["notes"]) % {"n": report["notes"]},
    ]
    return {
        "report": report,
        "counts": counts,
        "figures": figures(report["usage"], report["limits"]) if report["runs"] else [],
        "checks": [check | {"examined_text": examined(check["examined"])} for check in report["checks"]],
        "remarks": [
            remark | {"text": in_language(remark["text"]), "lines": lines(remark), "word": word(remark["severity"])}
            for remark in report["remarks"]
        ],
    }


def lines(remark: dict[str, Any]) -> list[tuple[int, str, bool]]:
    """(number, text, whether the remark is about it) of the cell's lines."""
    texts = remark["source"].split("\n") if remark["source"] else []
    return [(number, text, number == remark["line"]) for number, text in enumerate(texts, start=1)]


def word(severity: str) -> str:
    return {"error": _("Error"), "warning": _("Warning"), "note": _("Note")}[severity]


def examined(how: str) -> str:
    return {
        "isolated": _("from outside"),
        "in_kernel": _("only in the learner's kernel"),
        "no": _("does not pass"),
    }[how]


def figures(usage: dict[str, float], limits: dict[str, float]) -> list[tuple[str, str, str]]:
    """(what, used, of how much) for the run of the model solution that took most."""
    return [
        (_("Run time"), _("%(n).2f s") % {"n": usage["wall_seconds"]}, _("%(n).0f s") % {"n": limits["wall_seconds"]}),
        (_("CPU time"), _("%(n).2f s") % {"n": usage["cpu_seconds"]}, _("%(n).0f s") % {"n": limits["cpu_seconds"]}),
        (
            _("Memory"),
            _("%(n).0f MB") % {"n": usage["max_memory_bytes"] / (1 << 20)},
            _("%(n).0f MB") % {"n": limits["memory_bytes"] / (1 << 20)},
        ),
        (
            _("Output"),
            _("%(n).1f kB") % {"n": usage["output_bytes"] / 1000},
            _("%(n).0f kB") % {"n": limits["output_bytes"] / 1000},
        ),
    ]


urls = [
    path("exercise-versions/<int:pk>/preflight/", preflight, name="exercise_preflight"),
    path("exercise-versions/<int:pk>/preflight/state/", state, name="exercise_preflight_state"),
    path("exercise-versions/<int:pk>/preflight/again/", again, name="exercise_preflight_again"),
    path("exercise-versions/<int:pk>/publish/", publish, name="exercise_publish"),
]
