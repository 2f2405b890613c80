"""What the back office gets from us."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin import messages
from wagtail.admin.menu import MenuItem
from wagtail.admin.widgets.button import Button
from wagtail.permissions import register_permission_policy
from wagtail.snippets.models import register_snippet

from courses import (
    appeal_desk,
    audit,
    checklist,
    cohort_admin,
    competence_admin,
    course_desk,
    discussing,
    discussion_desk,
    exercise_admin,
    exercise_preflight,
    exercise_rules,
    exercise_similarity,
    exercise_statistics,
    manual_grading,
    provider_admin,
    quiz_admin,
    quiz_exchange,
    quiz_statistics,
    strict_scripts,  # noqa: F401 registers itself
)
from courses.capstones import admin as capstone_admin
from courses.capstones.models import Capstone
from courses.datasets import admin as dataset_admin
from courses.datasets import import_desk as dataset_import_desk
from courses.datasets import owner_desk as dataset_owner_desk
from courses.datasets import signing_off
from courses.datasets.models import Dataset
from courses.events import admin as event_admin
from courses.models import CoursePage
from courses.packages import admin as package_admin
from grading.models import Exercise, ItemBank, Provider, Quiz, QuizItem

register_permission_policy(Exercise, exercise_admin.NeverDeleted(Exercise))
register_snippet(exercise_admin.ExerciseViewSet)
for model in (ItemBank, QuizItem, Quiz):  # attempts rest on them: they are taken out of use, never deleted
    register_permission_policy(model, exercise_admin.NeverDeleted(model))
register_snippet(quiz_admin.QuizGroup)
register_permission_policy(Capstone, capstone_admin.CapstonePolicy(Capstone))
register_snippet(capstone_admin.CapstoneViewSet)
register_permission_policy(Dataset, exercise_admin.OwnAlone(Dataset))
register_snippet(dataset_admin.DatasetViewSet)
register_permission_policy(Provider, provider_admin.ProviderPolicy(Provider))
register_snippet(provider_admin.ProviderViewSet)
register_snippet(competence_admin.CompetenceGroup)


@hooks.register("register_admin_urls")
def exercise_urls() -> list[Any]:
    rooms = (
        course_desk,
        exercise_admin,
        exercise_preflight,
        exercise_similarity,
        exercise_statistics,
        manual_grading,
        appeal_desk,
        audit,
        exercise_rules,
        quiz_statistics,
        quiz_exchange,
        cohort_admin,
        discussion_desk,
        dataset_owner_desk,
        dataset_import_desk,
        capstone_admin,
        package_admin,
        event_admin,
    )
    return [address for room in rooms for address in room.urls]


class ForThose(MenuItem):
    """A menu entry for those who may use it."""

    def __init__(self, permission: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.permission = permission

    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.permission)


class ForDataOwners(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return signing_off.is_data_owner(request.user)


@hooks.register("register_admin_menu_item")
def data_owners_menu() -> MenuItem:
    address = reverse_lazy("dataset_owner_desk")
    return ForDataOwners(_("Data sets to sign off"), address, name="data-owner", icon_name="check", order=259)


class ForWritersOfCourses(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return course_desk.may_write_pages(request.user)


@hooks.register("register_admin_menu_item")
def courses_menu() -> MenuItem:
    address = reverse_lazy("author_courses")
    return ForWritersOfCourses(_("Courses"), address, name="courses", icon_name="folder-open-inverse", order=90)


@hooks.register("before_publish_page")
def whole_courses_only(request: HttpRequest, page: Any) -> HttpResponse | None:
    """Even whoever may publish alone publishes no course that lacks something."""
    is_course = isinstance(page, CoursePage) and page.locale.language_code == "th"
    if not is_course or checklist.of_course(page).is_complete:
        return None
    messages.error(request, course_desk.why_not_sent("missing"))
    return redirect("course_desk", page.pk)


@hooks.register("register_admin_menu_item")
def grading_menu() -> MenuItem:
    address = reverse_lazy("grading_queue")
    return ForThose(manual_grading.MAY, _("Grading by hand"), address, name="grading", icon_name="edit", order=260)


@hooks.register("register_admin_menu_item")
def appeals_menu() -> MenuItem:
    address = reverse_lazy("appeal_queue")
    return ForThose(appeal_desk.MAY, _("Appeals"), address, name="appeals", icon_name="comment", order=261)


@hooks.register("register_admin_menu_item")
def cohorts_menu() -> MenuItem:
    address = reverse_lazy("cohorts")
    return ForThose(cohort_admin.MAY, _("Cohorts"), address, name="cohorts", icon_name="group", order=262)


@hooks.register("register_admin_menu_item")
def events_menu() -> MenuItem:
    address = reverse_lazy("events")
    return ForThose(event_admin.MAY, _("Events"), address, name="events", icon_name="date", order=264)


@hooks.register("register_admin_menu_item")
def discussions_menu() -> MenuItem:
    address = reverse_lazy("discussion_desk")
    return ForThose(discussing.MODERATE, _("Discussions"), address, name="discussions", icon_name="comment", order=263)


@hooks.register("register_admin_menu_item")
def projects_menu() -> MenuItem:
    address = reverse_lazy("projects")
    return ForThose(capstone_admin.MAY, _("Projects"), address, name="projects", icon_name="tasks", order=264)


@hooks.register("register_page_header_buttons")
def course_desk_button(page: Any, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    if not page.permissions_for_user(user).can_edit():
        return
    course = CoursePage.objects.ancestor_of(page, inclusive=True).first()
    if course is not None:
        # The desk is that of the Thai course; both are of one translation key.
        thai = CoursePage.objects.filter(translation_key=course.translation_key, locale__language_code="th").first()
        address = reverse("course_desk", args=[(thai or course).pk])
        yield Button(_("Checklist and review"), address, icon_name="check", priority=80)


@hooks.register("register_page_header_buttons")
def course_rules_button(page: Any, user: Any, view_name: str, next_url: str | None = None) -> Iterator[Button]:
    if isinstance(page, CoursePage) and user.has_perm("grading.change_exercise"):
        address = reverse("course_rules", args=[page.pk])
        yield Button(_("Rules of all exercises"), address, icon_name="clipboard-list", priority=90)
