"""Where a learner stands, what a role needs, and the path there."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from courses import competence, placement
from courses.competence import Standing
from courses.models import ChosenPath, Competency, Path, PathStep, Role, SelfAssessment


class SelfAssessmentForm(forms.Form):
    """One choice of a level for each competency of a role."""

    def __init__(self, standings: list[Standing], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for one in standings:
            self.fields[f"c{one.competency.pk}"] = forms.TypedChoiceField(
                label=one.competency.name,
                coerce=int,
                choices=[(0, pgettext("level", "not yet"))]
                + [(level, _("level %(level)d") % {"level": level}) for level in levels_of(one)],
                initial=one.stated,
            )


def levels_of(one: Standing) -> range:
    return range(1, one.competency.framework.levels + 1)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def competencies(request: HttpRequest) -> HttpResponse:
    """One's competencies with their evidence; beside a role (``?role=``): targets, a form to state one's own level,
    and the paths that lead there."""
    learner = cast(Any, request.user)
    role = Role.objects.filter(slug=request.GET.get("role", "")).first()
    if role is None:
        return render(request, "paths/competencies.html", {"roles": Role.objects.all(), "rows": shown(learner)})
    standings = competence.against(learner, role)
    form = SelfAssessmentForm(standings, request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            for one in standings:
                level = form.cleaned_data[f"c{one.competency.pk}"]
                SelfAssessment.objects.update_or_create(
                    learner=learner, competency=one.competency, defaults={"level": level}
                )
        messages.success(request, _("Kept. The paths below follow what you have stated."))
        return redirect(f"{reverse('courses:competencies')}?role={role.slug}#paths")
    context = {
        "roles": Role.objects.all(),
        "role": role,
        "lines": [(one, form[f"c{one.competency.pk}"]) for one in standings],
        "form": form,
        "paths": [(path, competence.next_stop(competence.stops(learner, path))) for path in paths_of(role)],
    }
    return render(request, "paths/competencies.html", context, status=422 if form.errors else 200)


def shown(learner: Any) -> list[Standing]:
    """Every competency that something passed has shown, or that the learner has stated."""
    every = list(Competency.objects.filter(framework__is_current=True).select_related("framework"))
    return [one for one in competence.standings(learner, every).values() if one.level]


def paths_of(role: Role) -> list[Path]:
    return list(role.paths.filter(is_published=True).select_related("role"))


@require_GET
def paths(request: HttpRequest) -> HttpResponse:
    """Every published path, role by role."""
    found = Path.objects.filter(is_published=True).select_related("role").prefetch_related("steps")
    return render(request, "paths/list.html", {"paths": found})


@require_GET
@never_cache
def path(request: HttpRequest, slug: str) -> HttpResponse:
    """A path: its courses in the order that suits the reader, what each needs, and what comes next."""
    found = get_object_or_404(Path.objects.select_related("role"), slug=slug, is_published=True)
    if not request.user.is_authenticated:
        courses = {one.translation_key: one for one in placement.published(keys_of(found))}
        plain = [courses[key] for key in keys_of(found) if key in courses]
        return render(request, "paths/path.html", {"path": found, "courses": plain})
    learner = request.user
    stops = competence.stops(learner, found)
    context = {
        "path": found,
        "stops": stops,
        "next": competence.next_stop(stops),
        "done": sum(stop.is_done for stop in stops),
        "standings": competence.against(learner, found.role),
        "is_chosen": ChosenPath.objects.filter(learner=learner, path=found).exists(),
    }
    return render(request, "paths/path.html", context)


def keys_of(found: Path) -> list[Any]:
    return list(PathStep.objects.filter(path=found).order_by("sort_order", "pk").values_list("course_key", flat=True))


@login_required
@require_POST
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """``chosen=1`` puts a path on one's desk, ``chosen=0`` takes it off; enrollments are the learner's own matter."""
    found = get_object_or_404(Path, slug=slug, is_published=True)
    learner = cast(Any, request.user)
    if request.POST.get("chosen") == "1":
        ChosenPath.objects.get_or_create(learner=learner, path=found)
        messages.success(request, _("The path is on your desk."))
    else:
        ChosenPath.objects.filter(learner=learner, path=found).delete()
        messages.success(request, _("The path is off your desk. What you have done stays."))
    return redirect("courses:path", slug)
