"""Capstones in the back office: brief and rubric, what waits for a decision, and the decision."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, TitleColumn

from courses import back_office
from courses.back_office import needs, page
from courses.capstones import deciding, gallery, rubrics
from courses.capstones.deciding import NotDecided
from courses.capstones.forms import DecisionForm
from courses.capstones.models import Capstone, Project, Review
from courses.capstones.views import notebook_of
from courses.exercise_admin import NeverDeleted, OwnedViewSet
from courses.manual_grading import ON_A_PAGE, person
from grading import providers
from grading.models import Exercise
from grading.notebooks import read_source

MAY = "grading.add_judgement"
OWNER = "capstone__exercise__provider"


class CapstonePolicy(NeverDeleted):
    """Projects and credentials rest on capstones: none is deleted. Whose it is, the exercise says."""


class CapstoneForm(WagtailAdminModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["exercise"]
        field.queryset = providers.visible(Exercise.objects.order_by("slug"), self.for_user)
        field.disabled = self.instance.pk is not None

    def clean_exercise(self) -> Exercise:
        """An exercise that has gates and leaves a part to a person."""
        exercise: Exercise = self.cleaned_data["exercise"]
        version = exercise.current
        if version is None:
            raise forms.ValidationError(_("This exercise is not published yet."))
        source = read_source(bytes(version.source))
        if not source.checks:
            raise forms.ValidationError(_("This exercise has no checks: a capstone needs gates."))
        if not any(part.max_points for part in source.manual):
            raise forms.ValidationError(_("This exercise has no part graded by hand: the rubric's points go there."))
        return exercise


class CapstoneViewSet(OwnedViewSet):
    model = Capstone
    owner_path = "exercise__provider"
    icon = "tasks"
    menu_label = gettext_lazy("Capstones")
    menu_order = 258
    add_to_admin_menu = True
    copy_view_enabled = False
    search_fields = ["exercise__slug", "exercise__title_th", "exercise__title_en"]
    list_display = [
        TitleColumn("title", label=gettext_lazy("title"), url_name="wagtailsnippets_capstones_capstone:edit"),
        Column("reviewers", label=gettext_lazy("peers who review each project")),
        Column("review_days", label=gettext_lazy("days for a review")),
    ]
    edit_handler = ObjectList(
        [
            FieldPanel("exercise", widget=forms.Select()),
            MultiFieldPanel([FieldPanel("brief_th"), FieldPanel("brief_en")], heading=gettext_lazy("Brief")),
            FieldPanel("criteria"),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("reviewers"), FieldPanel("review_days")]), FieldPanel("has_gallery")],
                heading=gettext_lazy("Reviews"),
                help_text=gettext_lazy("A project keeps the rubric with which it was sent."),
            ),
        ],
        base_form_class=CapstoneForm,
    )

    def every(self) -> QuerySet[Capstone]:
        return Capstone.objects.select_related("exercise").order_by("exercise__slug")


@require_GET
@needs(MAY, "grading.view_submission")
@never_cache
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, the oldest first; ``?show=`` reviewing, decided or gallery."""
    show = request.GET.get("show", "")
    lists: dict[str, Any] = {
        "reviewing": Project.objects.under_review().with_reviews(),
        "decided": Project.objects.filter(decided_at__isnull=False).with_reviews().order_by("-decided_at"),
        "gallery": Project.objects.filter(shared_at__isnull=False).with_reviews().order_by("-shared_at"),
        "": Project.objects.to_decide(),
    }
    show = show if show in lists else ""
    rows = lists[show]
    if show not in ("decided", "gallery"):
        rows = rows.order_by("sent_at")
    mine = providers.visible(rows, request.user, OWNER).select_related("capstone__exercise")
    shown = Paginator(mine.prefetch_related("reviews"), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "show": show,
        "page_of": shown,
        "rows": [(one, is_disputed(one)) for one in shown],
        "breadcrumbs_items": [],
        "header_icon": "tasks",
    }
    return page(request, "capstones/desk.html", _("Projects"), None, context)


def is_disputed(project: Project) -> bool:
    return any(one.is_disputed for one in rubrics.seen(project.rubric, levels_of(project)))


def levels_of(project: Project) -> list[list[int]]:
    """What peers who have sent their reviews chose."""
    return [one.levels for one in project.reviews.all() if one.sent_at and not one.released_at]


@require_http_methods(["GET", "POST"])
@needs(MAY, "grading.view_submission")
@never_cache
def decide(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """GET: the project beside what peers said, whose it is left out. POST: the decision, or its correction."""
    rows = Project.objects.select_related("capstone__exercise", "submission").prefetch_related("reviews")
    found = back_office.found(request, rows.with_reviews(), OWNER, pk=pk)
    seen = rubrics.seen(found.rubric, levels_of(found))
    form = DecisionForm(
        found, request.POST if request.method == "POST" else None, seen=seen, initial={"comment": found.comment}
    )
    problem = ""
    if request.method == "POST" and form.is_valid():
        try:
            deciding.decide(
                found,
                by=person(request),
                levels=form.levels,  # type: ignore[arg-type]  # looked at there
                comment=form.cleaned_data["comment"],
                seen=found.decided_at if request.POST.get("seen") == str(found.decided_at or "") else None,
                without_all=form.cleaned_data["without_all"],
            )
            messages.success(request, _("Decided. The learner is written to."))
            return redirect("projects")
        except NotDecided as refused:
            problem = why_not_decided(refused.code)
            if refused.code == "unfinished":
                form.mark_unfinished()
    context = {
        "project": found,
        "capstone": found.capstone,
        "form": form,
        "seen": str(found.decided_at or ""),
        "problem": problem,
        "notebook": notebook_of(found),
        "reviews": [one for one in found.reviews.all() if one.sent_at and not one.released_at],
        "is_own": found.learner_id == request.user.pk,
        "has_open_reviews": found.given < found.capstone.reviewers,
    }
    crumbs = [{"url": reverse("projects"), "label": _("Projects")}, {"url": "", "label": found.title}]
    return page(
        request,
        "capstones/decide.html",
        found.title,
        None,
        context | {"breadcrumbs_items": crumbs, "header_icon": "tasks"},
        status=422 if form.errors or problem else 200,
    )


def why_not_decided(code: str) -> str:
    return {
        "own_work": _("This is your own work: somebody else decides."),
        "reviewer": _("You reviewed this project as a peer: somebody else decides."),
        "unfinished": _("Choose a level for every criterion."),
        "too_early": _("Reviews are missing. Tick the box below to decide without them."),
        "overtaken": _("Somebody else has decided meanwhile. Load the page again."),
        "withdrawn": _("The learner has taken this project back."),
        "not_graded": _("This work is being graded at the moment. Try again later."),
    }[code]


@require_POST
@needs(MAY, "grading.view_submission")
def hide_review(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Keeps a peer's words from the project's maker, or shows them again: the levels stay."""
    review = back_office.found(request, Review.objects.select_related("project"), f"project__{OWNER}", pk=pk)
    review.hidden_at = None if review.hidden_at else review.sent_at
    review.save(update_fields=["hidden_at"])
    messages.success(request, _("The learner does not see it.") if review.hidden_at else _("The learner sees it."))
    return redirect("project_decide", review.project_id)


@require_POST
@needs(MAY, "grading.view_submission")
def hide_project(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Takes a project out of the gallery with a reason, or lets it in again."""
    project = back_office.found(request, Project.objects.select_related("capstone__exercise", "learner"), OWNER, pk=pk)
    reason = " ".join(request.POST.get("reason", "").split())
    if project.hidden_at:
        gallery.show_again(project)
        messages.success(request, _("It may stand in the gallery again."))
    elif reason:
        gallery.hide(project, by=person(request), reason=reason)
        messages.success(request, _("Taken out of the gallery. The learner reads why."))
    else:
        messages.error(request, _("Say why: the learner reads it."))
    return redirect("project_decide", pk)


urls = [
    path("projects/", desk, name="projects"),
    path("projects/<uuid:pk>/", decide, name="project_decide"),
    path("projects/<uuid:pk>/gallery/", hide_project, name="project_hide"),
    path("project-reviews/<uuid:pk>/hide/", hide_review, name="project_review_hide"),
]
