"""Events in the back office: what they are made of, their teams, the result."""

import csv
import io
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import back_office, placement
from courses.back_office import needs, page
from courses.csv_cells import harmless
from courses.events import taking_part
from courses.events.board import board_at
from courses.events.models import Challenge, Event, Team
from courses.forms import Moment
from courses.owning import OwnedForm
from grading import extending, providers
from grading.models import Exercise, Submission
from grading.notebooks import AuthorError, read_source

MAY = "events.change_event"
ON_A_PAGE = 30


class EventForm(OwnedForm):
    """An event with its exercises, whose rules it sets."""

    exercises = forms.ModelMultipleChoiceField(
        Exercise.objects.none(),
        label=gettext_lazy("Exercises"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Exercises with hidden checks that are in no course. The event sets when they open and close."
        ),
    )

    class Meta:
        model = Event
        fields = [
            *("title_th", "title_en", "slug", "provider", "brief_th", "brief_en", "starts_at", "ends_at"),
            *("freezes_at", "team_size", "shows_board", "is_published"),
        ]
        widgets = {
            **dict.fromkeys(("starts_at", "ends_at", "freezes_at"), Moment()),
            **dict.fromkeys(("brief_th", "brief_en"), forms.Textarea(attrs={"rows": 5})),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = Challenge.objects.filter(event=self.instance.pk).values("exercise")
        free = Q(challenge=None) | Q(pk__in=own)
        chosen: Any = self.fields["exercises"]
        mine = providers.visible(Exercise.objects.filter(free), self.for_user)
        chosen.queryset = (mine | Exercise.objects.filter(pk__in=own)).order_by("slug")
        chosen.initial = list(own.values_list("exercise", flat=True))
        for name in ("starts_at", "ends_at", "freezes_at"):
            self.fields[name].help_text = f"{self.fields[name].help_text} {_('Bangkok time.')}".strip()
        if self.instance.pk and self.instance.has_begun:
            for name in ("exercises", "starts_at", "slug"):
                self.fields[name].disabled = True

    def clean_exercises(self) -> QuerySet[Exercise]:
        chosen: QuerySet[Exercise] = self.cleaned_data["exercises"]
        if self.fields["exercises"].disabled:
            return chosen
        for exercise in chosen:
            if placement.courses_placing(exercise):
                text = _("“%(exercise)s” is in a course: its rules cannot be those of an event as well.")
                raise ValidationError(text % {"exercise": exercise.title})
            if not has_hidden_part(exercise):
                text = _("“%(exercise)s” hides nothing from those who compete, or is not published.")
                raise ValidationError(text % {"exercise": exercise.title})
        return chosen

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        starts, ends, freezes = (cleaned.get(name) for name in ("starts_at", "ends_at", "freezes_at"))
        if starts and ends and ends <= starts:
            self.add_error("ends_at", _("It must end after it starts."))
        elif starts and ends and freezes and not starts < freezes < ends:
            self.add_error("freezes_at", _("This must be while the event lasts."))
        owner = cleaned.get("provider")
        if any(exercise.provider_id != (owner.pk if owner else None) for exercise in cleaned.get("exercises") or ()):
            # Whoever sees the exercise sees what is hidden in it: they must be the same people.
            self.add_error("exercises", _("The exercises must belong to the provider of the event, or to none as it."))
        if cleaned.get("is_published") and not self.errors and not cleaned.get("exercises"):
            self.add_error("is_published", _("There is nothing to solve yet."))
        return cleaned

    def keep(self, actor: Any) -> Event:
        """Stores the event, and gives its exercises its moments as their rules."""
        with transaction.atomic():
            event = cast(Event, self.save())
            chosen = list(self.cleaned_data["exercises"])
            release(event, [one.exercise for one in event.challenges.all() if one.exercise not in chosen], actor)
            for exercise in chosen:
                Challenge.objects.get_or_create(event=event, exercise=exercise)
            rules = {"opens_at": event.starts_at, "due_at": event.ends_at, "late_rule": Exercise.Late.REFUSED}
            extending.set_rules(chosen, rules=rules, actor=actor)
        return event


def release(event: Event, exercises: list[Exercise], actor: Any) -> None:
    """Takes exercises out of the event, whose moments are no longer their rules."""
    event.challenges.filter(exercise__in=exercises).delete()
    extending.set_rules(exercises, rules={"opens_at": None, "due_at": None}, actor=actor)


def has_hidden_part(exercise: Exercise) -> bool:
    """Whether the published version has checks or files that learners never see."""
    version = exercise.current
    if version is None:
        return False
    if version.files.filter(is_hidden=True).exists():
        return True
    try:
        return any(check.hidden_lines for check in read_source(bytes(version.source)).checks)
    except AuthorError:
        return False


@require_GET
@needs(MAY)
@never_cache
def events(request: HttpRequest) -> HttpResponse:
    """The events of one's own provider and those of none."""
    found = providers.visible(Event.objects.all(), request.user).annotate(size=Count("teams"))
    shown = Paginator(found.order_by("-starts_at", "-pk"), ON_A_PAGE).get_page(request.GET.get("page"))
    return page(request, "events/admin_list.html", _("Events"), None, {"page_of": shown, **crumbs()})


@require_http_methods(["GET", "POST"])
@needs(MAY)
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    form = EventForm(request.POST or None, for_user=request.user)
    if request.method == "POST" and form.is_valid():
        form.instance.created_by = cast(Any, request.user)
        event = form.keep(request.user)
        messages.success(request, _("Saved."))
        return redirect("event", event.pk)
    context = {"form": form, **crumbs(_("A new event"))}
    return page(request, "events/admin_new.html", _("A new event"), None, context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs(MAY)
@never_cache
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """Its facts, its board as it would be without standing still, its teams."""
    found = own(request, pk)
    form = EventForm(request.POST or None, instance=found, for_user=request.user)
    if request.method == "POST" and form.is_valid():
        form.keep(request.user)
        messages.success(request, _("Saved."))
        return redirect("event", pk)
    found = own(request, pk)  # as it is stored, whatever was typed
    teams = {team.pk: team for team in found.teams.prefetch_related("members__person")}
    seen = board_at(found, found.ends_at)
    context = {
        "event": found,
        "form": form,
        "waiting": seen.waiting,
        "rows": [(one, teams[one.team]) for one in seen.standings],
        "out": [team for team in teams.values() if team.out_at],
        **crumbs(found.title),
    }
    return page(request, "events/admin_event.html", found.title, None, context, status=422 if form.errors else 200)


@require_POST
@needs(MAY)
def publish_result(request: HttpRequest, pk: int) -> HttpResponse:
    """The board moves for the last time. Everybody who took part is written to (``tasks.tell_results``)."""
    found = own(request, pk)
    waiting = Submission.objects.pending().filter(exercise__challenge__event=found).exists()
    if not found.is_over:
        messages.error(request, _("The event is not over."))
    elif timezone.now() < taking_part.closes_at(found):
        messages.error(request, _("Somebody has been granted more time, and can still hand in."))
    elif waiting:
        messages.error(request, _("Some submissions are still being graded. Try again in a moment."))
    elif Event.objects.filter(pk=pk, result_at=None).update(result_at=timezone.now()):
        messages.success(request, _("The result is published; everybody who took part is written to."))
    return redirect("event", pk)


@require_POST
@needs(MAY)
def team(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a team off the board with a reason (``do=out``), or puts it back (``do=in``)."""
    found = get_object_or_404(Team.objects.select_related("event"), pk=pk)
    own(request, found.event_id)
    reason = " ".join(request.POST.get("reason", "").split())[:300]
    if request.POST.get("do") == "in":
        found.out_at, found.out_reason = None, ""
    elif reason:
        found.out_at, found.out_reason = timezone.now(), reason
    else:
        messages.error(request, _("Say why: the team reads it."))
        return redirect("event", found.event_id)
    found.save(update_fields=["out_at", "out_reason"])
    messages.success(request, _("Saved."))
    return redirect("event", found.event_id)


@require_http_methods(["GET", "POST"])
@needs(MAY)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST deletes. One that teams have joined stays: it can be taken out of sight."""
    found = own(request, pk)
    has_teams = found.teams.exists()
    if request.method == "POST" and not has_teams:
        with transaction.atomic():
            release(found, [one.exercise for one in found.challenges.all()], request.user)
            found.delete()
        messages.success(request, _("The event is deleted."))
        return redirect("events")
    context = {"event": found, "has_teams": has_teams, **crumbs(found.title)}
    return page(request, "events/admin_delete.html", found.title, None, context)


@require_GET
@needs(MAY)
def results(request: HttpRequest, pk: int) -> HttpResponse:
    """The final board as CSV: place, team, points in all and by exercise, time, people."""
    found = own(request, pk)
    teams = {team.pk: team for team in found.teams.prefetch_related("members__person")}
    exercises = [one.exercise for one in found.challenges.select_related("exercise")]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    titles = [_("Place"), _("Team"), _("Points"), *(one.slug for one in exercises), _("Seconds until then")]
    writer.writerow([*titles, _("Members")])
    for line in board_at(found, found.ends_at).standings:
        points = [line.points_of.get(one.pk, 0) for one in exercises]
        people = [str(member.person.get_full_name()) for member in teams[line.team].members.all()]
        took = "" if line.took is None else int(line.took.total_seconds())
        cells = [line.rank, teams[line.team].name, line.points, *points, took, ", ".join(people)]
        writer.writerow([harmless(cell) for cell in cells])
    answer = HttpResponse(b"\xef\xbb\xbf" + buffer.getvalue().encode(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.slug}.csv"'
    return answer


def own(request: HttpRequest, pk: int) -> Event:
    """An event of one's own provider or of none. Raises Http404."""
    return back_office.found(request, Event.objects.all(), pk=pk)


def crumbs(label: str = "") -> dict[str, Any]:
    items = [{"url": reverse("events"), "label": _("Events")}, *([{"url": "", "label": label}] if label else [])]
    return {"breadcrumbs_items": items, "header_icon": "date"}


urls = [
    path("events/", events, name="events"),
    path("events/new/", new, name="new_event"),
    path("events/<int:pk>/", event, name="event"),
    path("events/<int:pk>/delete/", delete, name="delete_event"),
    path("events/<int:pk>/result/", publish_result, name="publish_event_result"),
    path("events/<int:pk>/results.csv", results, name="event_results"),
    path("event-teams/<int:pk>/", team, name="event_team"),
]
