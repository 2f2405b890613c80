"""Regrades in the back office: preview, decide, follow, take back; and whose credentials rest on what changes."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import back_office
from courses.back_office import needs, page
from grading import regrading, tasks
from grading.models import Exercise, Regrade, RegradeItem
from lms.credentials import stakes

MAY_REGRADE = ("grading.change_exercise", "grading.change_submission")
ITEMS_ON_A_PAGE = 50
POLL_SECONDS = 2


class StartForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=500,
        help_text=gettext_lazy("Learners whose score changes can read it."),
    )
    everything = forms.BooleanField(
        label=gettext_lazy("Examine again what the newest version has graded already"), required=False
    )
    drops_overrides = forms.BooleanField(
        label=gettext_lazy("Set aside the scores that people had overridden"),
        required=False,
        help_text=gettext_lazy("Parts that are graded by hand always keep their points."),
    )


@require_http_methods(["GET", "POST"])
@needs(*MAY_REGRADE)
def regrades(request: HttpRequest, pk: int) -> HttpResponse:
    """What was regraded before; POST begins a preview."""
    exercise = back_office.found(request, Exercise.objects.all(), pk=pk)
    form = StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            regrade = regrading.start(exercise, author=request.user, **form.cleaned_data)
        except regrading.RegradeRefused as refused:
            form.add_error(None, why_not(refused.code))
        else:
            transaction.on_commit(tasks.announce_work)
            return redirect("regrade", regrade.pk)
    found = exercise.regrades.select_related("version", "author").defer("version__source", "passes")
    context = {"form": form, "regrades": Paginator(found, ITEMS_ON_A_PAGE).get_page(request.GET.get("p"))}
    status = 422 if form.errors else 200
    return page(request, "regrades/list.html", _("Regrades"), exercise, context, status=status)


@require_GET
@never_cache
@needs(*MAY_REGRADE)
def regrade(request: HttpRequest, pk: int) -> HttpResponse:
    """One regrade: how far it is, what changes, who gains and loses. ``?show=`` names a part of the list."""
    found = regrade_of(request, pk)
    shown = request.GET.get("show", "")
    shown = shown if shown in parts() else "changed"
    items = items_of(found, shown)
    context = state_of(found) | {
        "items": Paginator(items, ITEMS_ON_A_PAGE).get_page(request.GET.get("p")),
        "parts": parts(),
        "shown": shown,
        "passes": stakes.described(found.passes),
    }
    title = _("Regrade %(number)d") % {"number": found.pk}
    parents = ((reverse("regrades", args=[found.exercise_id]), _("Regrades")),)
    return page(request, "regrades/regrade.html", title, found.exercise, context, parents=parents)


@require_GET
@never_cache
@needs(*MAY_REGRADE)
def regrade_state(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that moves; once it moves no more the whole page is asked for."""
    found = regrade_of(request, pk)
    response = render(request, "regrades/_state.html", state_of(found))
    if not found.is_working:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@needs(*MAY_REGRADE)
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Apply, take back or give up."""
    verbs = {"apply": regrading.apply, "undo": regrading.undo, "cancel": regrading.cancel}
    found = regrade_of(request, pk)
    verb = verbs.get(request.POST.get("decision", ""))
    try:
        if verb is None:
            raise regrading.RegradeRefused("not_now")
        verb(found, actor=request.user)
        transaction.on_commit(tasks.announce_work)
    except regrading.RegradeRefused as refused:
        messages.error(request, why_not(refused.code))
    return redirect("regrade", found.pk)


def why_not(code: str) -> str:
    return {
        "nothing": _("There is nothing to grade again: the newest version graded all of it."),
        "open": _("Another regrade of this exercise is not finished yet."),
        "no_version": _("The exercise has no notebook yet."),
        "not_now": _("This regrade has moved on meanwhile. Look again what it says now."),
    }[code]


def parts() -> dict[str, Any]:
    """What the list can be narrowed to, by name."""
    return {
        "changed": _("Changed scores"),
        "lowered": _("Lowered"),
        "raised": _("Raised"),
        "refused": RegradeItem.Status.REFUSED.label,
        "failed": RegradeItem.Status.FAILED.label,
        "stale": RegradeItem.Status.STALE.label,
        "all": _("All"),
    }


def items_of(found: Regrade, shown: str) -> QuerySet[RegradeItem]:
    items = RegradeItem.objects.filter(regrade=found)
    narrowed = {"changed": items.changed, "lowered": items.lowered, "raised": items.raised, "all": items.all}
    wanted = narrowed[shown]() if shown in narrowed else items.filter(status=shown)
    heavy = ("submission__notebook", "outcome", "before__checks", "before__found", "before__feedback_html")
    return wanted.select_related("submission__learner", "before").defer(*heavy)


def state_of(found: Regrade) -> dict[str, Any]:
    numbers = regrading.counts(found)
    waiting = {
        Regrade.Status.PREVIEWING: numbers["pending"],
        Regrade.Status.APPLYING: numbers["examined"],
        Regrade.Status.UNDOING: numbers["applied"],
    }.get(Regrade.Status(found.status), 0)
    return {
        "regrade": found,
        "numbers": numbers,
        "waiting": waiting,
        "done": numbers["total"] - waiting,
        "poll_seconds": POLL_SECONDS,
    }


def regrade_of(request: HttpRequest, pk: int) -> Regrade:
    regrades = Regrade.objects.select_related("exercise", "version").defer("version__source")
    return back_office.found(request, regrades, "exercise__provider", pk=pk)


urls = [
    path("exercises/<int:pk>/regrades/", regrades, name="regrades"),
    path("regrades/<int:pk>/", regrade, name="regrade"),
    path("regrades/<int:pk>/state/", regrade_state, name="regrade_state"),
    path("regrades/<int:pk>/decide/", decide, name="regrade_decide"),
]
