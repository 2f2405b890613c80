"""Cohorts in the back office: who takes a course together, by which dates, and how far they are."""

from datetime import date
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from wagtail.permission_policies.pages import PagePermissionPolicy

from courses import outlines, placement
from courses.back_office import needs, page
from courses.forms import Day
from courses.models import Cohort, CohortMember, CoursePage, DueDate, Enrollment, ModulePage
from grading.thai_collation import BY_NAME

MAY = "courses.change_cohort"
ON_A_PAGE = 30
MOST_ADDRESSES = 500


def courses_of(user: Any) -> list[CoursePage]:
    """The courses that this person may change, once each: in the source language where it is there."""
    pages = PagePermissionPolicy().instances_user_has_permission_for(user, "change")
    found = CoursePage.objects.filter(pk__in=pages.values("pk")).select_related("locale")
    by_key = {course.translation_key: course for course in sorted(found, key=_thai_last)}
    return sorted(by_key.values(), key=lambda course: course.path)


def _thai_last(course: CoursePage) -> bool:
    return bool(course.locale.language_code == "th")


class CohortForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Cohort
        fields = ["name", "is_open", "sends_reminders"]


class NewCohortForm(CohortForm):
    course = forms.ChoiceField(label=gettext_lazy("Course"))

    class Meta(CohortForm.Meta):
        fields = ["name"]

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(course.translation_key), str(course.title)) for course in courses_of(user)]
        cast(forms.ChoiceField, self.fields["course"]).choices = choices


class DatesForm(forms.Form):
    """One date for the course and one for each module; empty: none."""

    def __init__(self, cohort: Cohort, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cohort = cohort
        now = dict(cohort.due_dates.values_list("page_key", "due_on"))
        for key, title in parts_of(cohort):
            self.fields[str(key)] = Day(label=title, required=False, initial=now.get(key))

    def save(self) -> None:
        with transaction.atomic():
            for key, due_on in self.cleaned_data.items():
                self._set(key, due_on)

    def _set(self, key: str, due_on: date | None) -> None:
        if due_on:
            DueDate.objects.update_or_create(cohort=self.cohort, page_key=key, defaults={"due_on": due_on})
        else:
            DueDate.objects.filter(cohort=self.cohort, page_key=key).delete()


class MembersForm(forms.Form):
    """Addresses, however they are separated."""

    emails = forms.CharField(
        label=gettext_lazy("E-mail addresses of learners"),
        help_text=gettext_lazy("One a line, or separated by commas. They must have an account."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=50_000,
    )

    def clean_emails(self) -> list[str]:
        words = self.cleaned_data["emails"].replace(",", " ").replace(";", " ").lower().split()
        if len(words) > MOST_ADDRESSES:
            raise forms.ValidationError(_("At most %(most)d addresses at once.") % {"most": MOST_ADDRESSES})
        return list(dict.fromkeys(words))


def parts_of(cohort: Cohort) -> list[tuple[Any, str]]:
    """The course and its modules as (translation key, title), in the order of the tree."""
    courses = placement.published([cohort.course_key])
    if not courses:
        return []
    modules = ModulePage.objects.live().child_of(courses[0]).order_by("path")
    whole = (cohort.course_key, _("The whole course: %(title)s") % {"title": courses[0].title})
    return [*((module.translation_key, module.title) for module in modules), whole]


@require_http_methods(["GET", "POST"])
@needs(MAY)
@never_cache
def cohorts(request: HttpRequest) -> HttpResponse:
    """The cohorts of the courses that one may change, and a form for a new one."""
    form = NewCohortForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        form.instance.course_key = form.cleaned_data["course"]
        form.instance.created_by = cast(Any, request.user)
        cohort = form.save()
        messages.success(request, _("The cohort is made. Give its members the code, or add them here."))
        return redirect("cohort", cohort.pk)
    titles = {course.translation_key: course.title for course in courses_of(request.user)}
    found = Cohort.objects.filter(course_key__in=titles).annotate(size=Count("members")).order_by("-created_at", "-pk")
    shown = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page_of": shown, "rows": [(one, titles[one.course_key]) for one in shown]}
    return page(
        request, "cohorts/list.html", _("Cohorts"), None, context | crumbs(), status=422 if form.errors else 200
    )


def crumbs(found: Cohort | None = None) -> dict[str, Any]:
    items = [{"url": reverse("cohorts"), "label": _("Cohorts")}]
    return {"breadcrumbs_items": [*items, {"url": "", "label": found.name}] if found else items, "header_icon": "group"}


@require_http_methods(["GET", "POST"])
@needs(MAY)
@never_cache
def cohort(request: HttpRequest, pk: int) -> HttpResponse:
    """Its facts, dates and members. POST: ``do`` says which of the three forms was sent."""
    found = own(request, pk)
    does = request.POST.get("do")
    forms_ = {
        "facts": CohortForm(request.POST if does == "facts" else None, instance=found),
        "dates": DatesForm(found, request.POST if does == "dates" else None),
        "members": MembersForm(request.POST if does == "members" else None),
    }
    sent: Any = forms_.get(does or "")
    if request.method == "POST" and sent is not None and sent.is_valid():
        if does == "members":
            add_members(request, found, sent.cleaned_data["emails"])
        else:
            sent.save()
            messages.success(request, _("Saved."))
        return redirect("cohort", pk)
    context = forms_ | {"cohort": found, "join_url": request.build_absolute_uri(join_path(found))}
    context |= members_of(found, request.GET.get("page"))
    return page(
        request,
        "cohorts/cohort.html",
        found.name,
        None,
        context | crumbs(found),
        status=422 if sent is not None else 200,
    )


def join_path(found: Cohort) -> str:
    return f"{reverse('courses:join_cohort')}?code={found.code}"


def members_of(found: Cohort, number: str | None) -> dict[str, Any]:
    """A page of members with how far each is."""
    members = Paginator(found.members.select_related("learner").order_by(*BY_NAME), ON_A_PAGE).get_page(number)
    courses = placement.published([found.course_key])
    by_learner = outlines.for_learners(courses, [member.learner for member in members])
    rows = [(one, next((of.progress for of in by_learner[one.learner_id]), None)) for one in members]
    return {"page_of": members, "rows": rows}


def add_members(request: HttpRequest, found: Cohort, emails: list[str]) -> None:
    """Enrolls those who have an account, and says of whom it knows none."""
    people = {person.email: person for person in get_user_model().objects.filter(email__in=emails, is_active=True)}
    with transaction.atomic():
        for person in people.values():
            Enrollment.objects.enroll(learner=person, course_key=found.course_key)
        new = sum(CohortMember.objects.get_or_create(cohort=found, learner=one)[1] for one in people.values())
    messages.success(request, _("Members added: %(count)d") % {"count": new})
    if unknown := [email for email in emails if email not in people]:
        told = ", ".join(unknown[:20])
        messages.warning(request, _("Nobody has an account with these addresses: %(emails)s") % {"emails": told})


@require_POST
@needs(MAY)
def remove_member(request: HttpRequest, pk: int) -> HttpResponse:
    member = get_object_or_404(CohortMember.objects.select_related("cohort"), pk=pk)
    own(request, member.cohort_id)
    member.delete()
    messages.success(request, _("Taken out of the cohort. The enrollment and all work stay."))
    return redirect("cohort", member.cohort_id)


@require_http_methods(["GET", "POST"])
@needs(MAY)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST deletes: dates and membership go, enrollments and work stay."""
    found = own(request, pk)
    if request.method == "POST":
        found.delete()
        messages.success(request, _("The cohort is deleted."))
        return redirect("cohorts")
    return page(request, "cohorts/delete.html", found.name, None, {"cohort": found} | crumbs(found))


def own(request: HttpRequest, pk: int) -> Cohort:
    """A cohort of a course that this person may change.

    Raises:
        Http404: there is none.
        PermissionDenied: it is one of somebody else's course.
    """
    found = get_object_or_404(Cohort, pk=pk)
    if found.course_key not in {course.translation_key for course in courses_of(request.user)}:
        raise PermissionDenied
    return found


urls = [
    path("cohorts/", cohorts, name="cohorts"),
    path("cohorts/<int:pk>/", cohort, name="cohort"),
    path("cohorts/<int:pk>/delete/", delete, name="delete_cohort"),
    path("cohort-members/<int:pk>/remove/", remove_member, name="remove_cohort_member"),
]
