"""Competencies, roles, paths and prerequisites in the back office."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, ObjectList
from wagtail.admin.ui.tables import Column
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from courses.models import Competency, CourseCompetency, CoursePage, Framework, Path, Prerequisite, Role


def known_courses() -> list[tuple[str, str]]:
    """The courses of the source language, by translation key."""
    pages = CoursePage.objects.filter(locale__language_code="th").order_by("path")
    return [("", "–"), *((str(page.translation_key), str(page.title)) for page in pages)]


def course_panel(name: str) -> FieldPanel:
    return FieldPanel(name, widget=forms.Select(choices=cast(Any, known_courses)))


class CourseColumn(Column):
    """The title of the course that a key stands for."""

    def get_value(self, instance: Any) -> str:
        key = super().get_value(instance)
        return dict(known_courses()).get(str(key), str(key))


class Plain(SnippetViewSet):
    copy_view_enabled = False
    list_per_page = 50


class FrameworkViewSet(Plain):
    model = Framework
    icon = "list-ul"
    menu_label = _("Frameworks")
    list_display = ["slug", "name", "version", "is_current"]
    # What a version says stays as it is; whether it is still in use may change.
    edit_handler = ObjectList(
        [
            *(FieldPanel(name, read_only=True) for name in ("slug", "name_th", "name_en", "version", "levels", "url")),
            FieldPanel("is_current"),
        ]
    )


class MappingViewSet(Plain):
    model = CourseCompetency
    icon = "link"
    menu_label = _("What shows competencies")
    list_display = [
        Column("competency", label=_("competency"), accessor="competency"),
        Column("level", label=_("level it shows")),
        CourseColumn("course_key", label=_("course")),
    ]
    list_filter = ["competency__framework"]
    edit_handler = ObjectList(
        [
            course_panel("course_key"),
            FieldRowPanel([FieldPanel("competency", widget=forms.Select()), FieldPanel("level")]),
            FieldPanel("exercise", widget=forms.Select()),
            FieldPanel("quiz", widget=forms.Select()),
        ]
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[CourseCompetency]:
        return CourseCompetency.objects.select_related("competency__framework").order_by("course_key", "pk")


class RoleViewSet(Plain):
    model = Role
    icon = "user"
    menu_label = _("Roles")
    list_display = ["name", "slug"]
    edit_handler = ObjectList(
        [
            FieldRowPanel([FieldPanel("slug"), FieldPanel("sort_order")]),
            FieldRowPanel([FieldPanel("name_th"), FieldPanel("name_en")]),
            InlinePanel(
                "targets",
                [FieldRowPanel([FieldPanel("competency", widget=forms.Select()), FieldPanel("level")])],
                heading=_("What it needs"),
                label=_("target"),
            ),
        ]
    )


class PathViewSet(Plain):
    model = Path
    icon = "order"
    menu_label = _("Paths")
    list_display = ["name", "kind", "role", "is_published"]
    list_filter = ["kind", "is_published"]
    edit_handler = ObjectList(
        [
            FieldRowPanel([FieldPanel("slug"), FieldPanel("kind"), FieldPanel("is_published")]),
            FieldPanel("role", widget=forms.Select()),
            FieldRowPanel([FieldPanel("name_th"), FieldPanel("name_en")]),
            FieldPanel("summary_th"),
            FieldPanel("summary_en"),
            InlinePanel("steps", [course_panel("course_key")], heading=_("Courses"), label=_("course")),
        ]
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Path]:
        return Path.objects.select_related("role")


class PrerequisiteViewSet(Plain):
    model = Prerequisite
    icon = "lock"
    menu_label = _("Prerequisites")
    list_display = [
        CourseColumn("course_key", label=_("course")),
        CourseColumn("requires_key", label=_("course to have done before")),
        Column("is_required", label=_("nobody enrolls without it")),
    ]
    edit_handler = ObjectList(
        [
            course_panel("course_key"),
            course_panel("requires_key"),
            FieldPanel("placement_quiz", widget=forms.Select()),
            FieldPanel("is_required"),
        ]
    )


class CompetenceGroup(SnippetViewSetGroup):
    menu_label = _("Competencies and paths")
    menu_icon = "order"
    menu_order = 265
    items = (PathViewSet, RoleViewSet, MappingViewSet, PrerequisiteViewSet, FrameworkViewSet)


MANAGED = (Path, Role, CourseCompetency, Prerequisite)
READ = (Framework, Competency)
