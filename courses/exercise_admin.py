"""Exercises in the back office: what authors upload, see and download."""

import io
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery
from django.http import FileResponse, Http404, HttpRequest
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin import messages
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, Panel
from wagtail.admin.ui.tables import BooleanColumn, Column, TitleColumn
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permissions import policy_registry
from wagtail.snippets.views.chooser import ChooseResultsView, ChooseView, SnippetChooserViewSet
from wagtail.snippets.views.snippets import CreateView, EditView, HistoryView, SnippetViewSet, UsageView

from courses.back_office import found
from courses.exercise_forms import ExerciseForm
from courses.forms import Moment
from grading import providers
from grading.models import Exercise, ExerciseVersion, QuizItem
from grading.notebooks import read_source


class OwnAlone(ModelPermissionPolicy):
    """What belongs to a provider is for its own people."""

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        return self.user_has_permission(user, action) and providers.is_visible(owner_of(instance), user)

    def user_has_any_permission_for_instance(self, user: Any, actions: Any, instance: Any) -> bool:
        return self.user_has_any_permission(user, actions) and providers.is_visible(owner_of(instance), user)


class NeverDeleted(OwnAlone):
    """Submissions and credentials rest on exercises: one is closed, never deleted."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action != "delete" and super().user_has_permission(user, action)

    def user_has_any_permission(self, user: Any, actions: Any) -> bool:
        return super().user_has_any_permission(user, set(actions) - {"delete"})


def owner_of(instance: Any) -> int | None:
    """The primary key of the provider of an exercise, quiz, bank or item; None when it has none."""
    owned = instance.bank if isinstance(instance, QuizItem) else instance
    pk: int | None = owned.provider_id
    return pk


class OwnOnly:
    """A page about one thing, for those who may see that thing; Wagtail's own ask for its kind only."""

    def get_object(self, *args: Any) -> Any:
        instance = super().get_object(*args)  # type: ignore[misc]
        policy = policy_registry.get_by_type(type(instance))
        user = self.request.user  # type: ignore[attr-defined]
        if not policy.user_has_any_permission_for_instance(user, ["change", "view"], instance):
            raise Http404
        return instance


class OwnEdit(OwnOnly, EditView):
    pass


class OwnHistory(OwnOnly, HistoryView):
    pass


class OwnUsage(OwnOnly, UsageView):
    pass


class ChooseOwn:
    """What can be chosen for a page: what is the person's own, and what is common."""

    def get_object_list(self) -> Any:
        model: Any = self.model_class  # type: ignore[attr-defined]
        owner = "bank__provider" if model is QuizItem else getattr(model, "owner_path", "provider")
        return providers.visible(super().get_object_list(), self.request.user, owner)  # type: ignore[misc,attr-defined]


class OwnChooseView(ChooseOwn, ChooseView):
    pass


class OwnChooseResultsView(ChooseOwn, ChooseResultsView):
    pass


class OwnChooser(SnippetChooserViewSet):
    choose_view_class = OwnChooseView
    choose_results_view_class = OwnChooseResultsView


class VersionPanel(Panel):
    """What learners meet today, and what they met before."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "exercises/admin_version.html"

        def is_shown(self) -> bool:
            return self.instance.pk is not None

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            own = self.instance.versions.select_related("author", "preflight_report").defer("source")
            versions = list(own.prefetch_related("files"))
            newest = versions[0] if versions else None
            source = read_source(bytes(newest.source)) if newest else None
            user = self.request.user
            return super().get_context_data(parent_context) | {
                "versions": versions,
                "newest": newest,
                "current": next((version for version in versions if not version.is_draft), None),
                "checks": source.checks if source else (),
                "by_hand": [part for part in source.manual if part.max_points] if source else [],
                "may_judge": user.has_perm("grading.add_judgement"),
                "may_extend": user.has_perm("grading.change_extension"),
                "may_audit": user.has_perm("grading.view_auditentry"),
            }


def waiting_draft(exercise: Any) -> int | None:
    """The number of a draft that may still be published; not of one that a newer version has overtaken."""
    draft: int | None = exercise.draft_number
    return draft if draft and draft > (exercise.version_number or 0) else None


class ThenPreflight:
    """After saving, a draft's author sees its pre-flight, and what an import left out."""

    def form_valid(self, form: Any) -> Any:
        response = super().form_valid(form)  # type: ignore[misc]
        for note in form.import_notes:
            messages.warning(self.request, note)  # type: ignore[attr-defined]
        return response

    def get_success_url(self) -> str:
        newest = self.object.newest  # type: ignore[attr-defined]
        if newest is None:
            return reverse("courses:source", args=[self.object.slug])  # type: ignore[attr-defined]
        if newest.is_draft:
            return reverse("exercise_preflight", args=[newest.pk])
        return str(super().get_success_url())  # type: ignore[misc]


class ExerciseCreateView(ThenPreflight, CreateView):
    pass


class ExerciseEditView(ThenPreflight, OwnEdit):
    pass


class OwnedViewSet(SnippetViewSet):
    """Lists and offers what belongs to the person's own providers, and what is common."""

    owner_path = "provider"
    chooser_viewset_class = OwnChooser
    chooser_per_page = 50
    edit_view_class = OwnEdit
    history_view_class = OwnHistory
    usage_view_class = OwnUsage

    def every(self) -> QuerySet[Any]:
        """All rows of the list, whosever they are."""
        raise NotImplementedError

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return providers.visible(self.every(), request.user, self.owner_path)


class ExerciseViewSet(OwnedViewSet):
    model = Exercise
    icon = "clipboard-list"
    menu_label = _("Exercises")
    menu_order = 250
    add_to_admin_menu = True
    copy_view_enabled = False
    inspect_view_enabled = False
    add_view_class = ExerciseCreateView
    edit_view_class = ExerciseEditView
    search_fields = ["slug", "title_th", "title_en"]
    list_display = [
        TitleColumn("title", label=_("title"), url_name="wagtailsnippets_grading_exercise:edit"),
        Column("slug", label=_("code"), sort_key="slug"),
        Column("version_number", label=_("version"), accessor="version_number"),
        Column("draft_number", label=_("draft"), accessor=lambda exercise: waiting_draft(exercise)),
        Column("points", label=_("points"), accessor="points"),
        Column("submission_count", label=_("submissions"), accessor="submission_count"),
        BooleanColumn("is_open", label=_("open")),
    ]
    edit_handler = ObjectList(
        [
            VersionPanel(),
            FieldRowPanel([FieldPanel("slug"), FieldPanel("provider", widget=forms.Select())]),
            FieldRowPanel([FieldPanel("title_th"), FieldPanel("title_en")]),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("is_open"), FieldPanel("counts")]),
                    FieldRowPanel([FieldPanel("max_attempts"), FieldPanel("cooldown_minutes")]),
                    FieldRowPanel([FieldPanel("opens_at", widget=Moment()), FieldPanel("due_at", widget=Moment())]),
                    FieldRowPanel([FieldPanel("late_rule"), FieldPanel("late_percent"), FieldPanel("late_days")]),
                ],
                heading=_("Rules for handing in"),
                help_text=_("They hold for work handed in from now on. Give one learner more time by an extension."),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("source"),
                    FieldPanel("visible_files"),
                    FieldPanel("library_files"),
                    FieldPanel("hidden_files"),
                    FieldPanel("remove_files"),
                    FieldPanel("limits"),
                ],
                heading=_("Notebook and data files"),
            ),
        ],
        base_form_class=ExerciseForm,
    )

    def every(self) -> QuerySet[Exercise]:
        published = ExerciseVersion.objects.filter(exercise=OuterRef("pk"), is_draft=False).order_by("-number")
        submissions = Exercise.objects.filter(pk=OuterRef("pk")).annotate(n=Count("submissions")).values("n")
        return Exercise.objects.annotate(
            version_number=Max("versions__number", filter=Q(versions__is_draft=False)),
            draft_number=Max("versions__number", filter=Q(versions__is_draft=True)),
            points=Subquery(published.values("max_score")[:1]),
            submission_count=Subquery(submissions),
        ).order_by(F("slug"))


def source_notebook(request: HttpRequest, pk: int) -> FileResponse:
    """The source of one version, solutions and hidden checks included: for authors only."""
    if not request.user.has_perm("grading.change_exercise"):
        raise PermissionDenied
    version = found(request, ExerciseVersion.objects.select_related("exercise"), "exercise__provider", pk=pk)
    name = f"{version.exercise.slug}-v{version.number}-source.ipynb"
    content = io.BytesIO(bytes(version.source))
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/x-ipynb+json")


urls = [path("exercise-versions/<int:pk>/source.ipynb", source_notebook, name="exercise_source")]
