"""Events as those see them who take part."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from courses.events import taking_part
from courses.events.board import Standing, board_of
from courses.events.models import Event, Team, team_of
from courses.events.taking_part import Refused
from grading.models import Submission

ON_A_PAGE = 20
TEAMS_ON_A_BOARD = 100
POLL_SECONDS = 15


class TeamForm(forms.Form):
    """A new team."""

    name = forms.CharField(label=gettext_lazy("Name of the team"), max_length=60)

    def clean_name(self) -> str:
        name = " ".join("".join(c for c in self.cleaned_data["name"] if c.isprintable()).split())
        if not name:
            raise forms.ValidationError(_("Give the team a name."))
        return name


class JoinForm(forms.Form):
    """The code of a team as it was read out or copied: capitals, spaces and dashes do not matter."""

    code = forms.CharField(
        label=gettext_lazy("Code of the team"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def clean_code(self) -> str:
        return "".join(c for c in self.cleaned_data["code"].upper() if c.isalnum())


@require_GET
def events(request: HttpRequest) -> HttpResponse:
    """What is on, what comes, what was."""
    found = Event.objects.published().annotate(size=Count("teams"))
    now = timezone.now()
    context = {
        "under_way": found.filter(starts_at__lte=now, ends_at__gt=now).order_by("ends_at"),
        "to_come": found.filter(starts_at__gt=now).order_by("starts_at"),
        "page": Paginator(found.filter(ends_at__lte=now).order_by("-ends_at", "-pk"), ON_A_PAGE).get_page(
            request.GET.get("page")
        ),
    }
    return render(request, "events/events.html", context)


@require_GET
@never_cache
def event(request: HttpRequest, slug: str) -> HttpResponse:
    """The event, one's team, what is to be solved, and the board."""
    return event_page(request, published(slug))


@require_GET
@never_cache
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """The part of the page that changes. ``was``: the state the page shows; another one changes all of it."""
    if not request.user.is_authenticated or request.GET.get("was") != published(slug).state:
        return HttpResponseClientRefresh()
    return render(request, "events/_board.html", board_context(request, published(slug)))


@login_required
@require_http_methods(["GET", "POST"])
def found(request: HttpRequest, slug: str) -> HttpResponse:
    """POST: makes a team. GET, after a login on the way: back to the event."""
    if request.method != "POST":
        return redirect("courses:events:event", slug)
    shown, form = published(slug), TeamForm(request.POST)
    if form.is_valid():
        try:
            team = taking_part.found_team(shown, person(request), form.cleaned_data["name"])
        except Refused as refused:
            if refused.code != "taken":
                return refuse(request, shown, refused)
            form.add_error("name", why_not(refused.code))
        else:
            text = _("Your team is “%(team)s”. Give its code to those who are to join you.")
            messages.success(request, text % {"team": team.name})
            return redirect(shown)
    return event_page(request, shown, team_form=form, status=422)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def join(request: HttpRequest, slug: str) -> HttpResponse:
    """GET: the event, with the code filled in from ``?code=``, so that a link can be handed out. POST: joins."""
    shown = published(slug)
    if request.method != "POST":
        return event_page(request, shown, join_form=JoinForm(initial={"code": request.GET.get("code", "")[:40]}))
    form = JoinForm(request.POST)
    if form.is_valid():
        try:
            team = taking_part.join(shown, person(request), form.cleaned_data["code"])
        except Refused as refused:
            if refused.code not in ("unknown", "full"):
                return refuse(request, shown, refused)
            form.add_error("code", why_not(refused.code))
        else:
            messages.success(request, _("You are in “%(team)s”.") % {"team": team.name})
            return redirect(shown)
    return event_page(request, shown, join_form=form, status=422)


@login_required
@require_POST
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    """Out of the team; as long as the event has not begun."""
    shown = published(slug)
    try:
        taking_part.leave(shown, person(request))
    except Refused as refused:
        return refuse(request, shown, refused)
    messages.success(request, _("You have left the team."))
    return redirect(shown)


def refuse(request: HttpRequest, shown: Event, refused: Refused) -> HttpResponse:
    """Back to the event, which shows neither form any more; why stands on top."""
    messages.error(request, why_not(refused.code))
    return redirect(shown)


def event_page(request: HttpRequest, shown: Event, status: int = 200, **forms_: forms.Form) -> HttpResponse:
    context = board_context(request, shown) | {"team_form": TeamForm(), "join_form": JoinForm()} | forms_
    team = context["team"]
    if team:
        context["members"] = list(team.members.select_related("person"))
        address = f"{shown.get_absolute_url()}join/?code={team.code}"
        context["join_url"] = request.build_absolute_uri(address)
    context["runs"] = taking_part.runs(request.user, shown)
    if team and shown.has_begun:
        context["tasks"] = tasks_of(shown, team)
    return render(request, "events/event.html", context, status=status)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the board as a page shows it."""

    standing: Standing
    team: Team
    is_own: bool

    @property
    def took(self) -> str:
        """``1:05:09``: hours, minutes and seconds since the beginning."""
        return "–" if self.standing.took is None else str(timedelta(seconds=int(self.standing.took.total_seconds())))


def board_context(request: HttpRequest, shown: Event) -> dict[str, Any]:
    """What the changing part of the page needs; the board only for those who are logged in, and where it is on."""
    context: dict[str, Any] = {"event": shown, "team": None, "poll_seconds": POLL_SECONDS}
    if not request.user.is_authenticated:
        return context
    context["team"] = own = team_of(person(request), shown)
    is_open = shown.shows_board or shown.result_at is not None
    may_see = shown.has_begun and (is_open or taking_part.runs(request.user, shown))
    if not may_see:
        return context
    seen = board_of(shown, own)
    teams = {team.pk: team for team in shown.teams.filter(out_at=None)}
    there = [line for line in seen.standings if line.team in teams]
    lines = [Line(one, teams[one.team], own is not None and one.team == own.pk) for one in there]
    first = lines[:TEAMS_ON_A_BOARD]
    return context | {
        "board": seen,
        "lines": first + [line for line in lines[TEAMS_ON_A_BOARD:] if line.is_own],
        "hidden_lines": max(0, len(lines) - TEAMS_ON_A_BOARD),
    }


def tasks_of(shown: Event, team: Team) -> list[tuple[Any, float | None, int]]:
    """The exercises in their order: each with the team's best points, and how often the team handed in."""
    people = team.members.values("person")
    own = Submission.objects.filter(learner__in=people, exercise__challenge__event=shown)
    best: dict[int, float] = {}
    for exercise, score in own.graded().values_list("exercise_id", "score"):  # type: ignore[misc]
        best[exercise] = max(best.get(exercise, 0.0), score)
    counts = dict(own.counted().order_by().values_list("exercise_id").annotate(Count("pk")))
    exercises = [one.exercise for one in shown.challenges.select_related("exercise")]
    return [(one, best.get(one.pk), counts.get(one.pk, 0)) for one in exercises]


def published(slug: str) -> Event:
    """The published event. Raises Http404."""
    found = get_object_or_404(Event, slug=slug)
    if not found.is_published:
        raise Http404
    return found


def person(request: HttpRequest) -> Any:
    """Who asks; only behind a login."""
    return cast(Any, request.user)


def why_not(code: str) -> str:
    return {
        "over": _("This event is over."),
        "begun": _("The event has begun: teams stay as they are."),
        "member": _("You are in a team of this event already."),
        "full": _("This team is full."),
        "unknown": _("No team of this event has this code. Ask whoever gave it to you."),
        "taken": _("Another team has this name."),
        "runs": _("You can see what is hidden from those who compete, so you cannot take part."),
    }[code]
