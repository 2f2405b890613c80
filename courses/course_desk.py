"""An author's desk for a course: begun from a template, what is missing, the English, the way to a second person."""

from typing import Any

from django import forms
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from wagtail.admin import messages
from wagtail.models import Page, WorkflowState
from wagtail.permission_policies.pages import PagePermissionPolicy

from courses import checklist, course_template, reviewing, translating
from courses.back_office import needs
from courses.models import CourseIndexPage, CoursePage
from grading.models import Provider
from grading.thai_order import sort_key

AUTHORS = "grading.add_exercise"
ON_A_PAGE = 50


@require_GET
@never_cache
@needs("wagtailadmin.access_admin")
def courses(request: HttpRequest) -> HttpResponse:
    """The courses that the person may change, in the order of the Thai alphabet."""
    mine = sorted(changeable(request.user), key=lambda course: sort_key(course.draft_title or course.title))
    found = Paginator(mine, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {"found": found, "in_review": in_review(list(found)), "may_begin": request.user.has_perm(AUTHORS)}
    return show(request, "authoring/courses.html", _("Courses"), None, context)


def in_review(pages: list[CoursePage]) -> set[int]:
    """The primary keys of those that wait for a second person."""
    states = WorkflowState.objects.filter(
        status=WorkflowState.STATUS_IN_PROGRESS,
        base_content_type=ContentType.objects.get_for_model(Page),
        object_id__in=[str(page.pk) for page in pages],
    )
    return {int(pk) for pk in states.values_list("object_id", flat=True)}


class BeginForm(forms.Form):
    """What a course needs to be begun; all of it can be changed later, but for its provider."""

    title = forms.CharField(label=gettext_lazy("Title in Thai"), max_length=200)
    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9-]*$",
        label=gettext_lazy("Course code"),
        max_length=20,
        help_text=gettext_lazy("For example DA-201. It becomes the address of the course."),
        error_messages={"invalid": gettext_lazy("Latin letters, digits and hyphens only.")},
    )
    provider = forms.ModelChoiceField(Provider.objects.none(), label=gettext_lazy("Provider"), required=False)
    modules = forms.IntegerField(label=gettext_lazy("Modules"), min_value=1, max_value=course_template.MOST, initial=2)
    lessons = forms.IntegerField(
        label=gettext_lazy("Lessons in each"), min_value=1, max_value=course_template.MOST, initial=2
    )

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["provider"]
        field.queryset = Provider.objects.written_by(person)
        field.required = field.queryset.exists() and not person.has_perm("grading.see_every_provider")
        field.empty_label = None if field.required else _("None: it belongs to all instructors")

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"]).upper()
        if CoursePage.objects.filter(code__iexact=code).exists():
            raise forms.ValidationError(_("There is a course with this code."))
        return code


@require_http_methods(["GET", "POST"])
@never_cache
@needs(AUTHORS)
def begin(request: HttpRequest) -> HttpResponse:
    """A new course from the template."""
    catalog = CourseIndexPage.objects.filter(locale__language_code="th").order_by("path").first()
    form = BeginForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid() and catalog:
        course = course_template.begin(catalog, by=request.user, **form.cleaned_data)
        messages.success(request, _("The course is begun: nobody sees it before it is published."))
        return redirect("course_desk", course.pk)
    context = {"form": form, "catalog": catalog}
    status = 422 if form.errors else 200
    return show(request, "authoring/begin.html", _("New course"), None, context, status=status)


@require_GET
@never_cache
def desk(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a course stands, and what can be done about it."""
    course = of(request, pk)
    pages = translating.of_course(course)
    state = course.current_workflow_state
    context = {
        "checklist": checklist.of_course(course),
        "pages": [(line, (line.page.depth - course.depth)) for line in pages],
        "untranslated": sum(line.state in (translating.MISSING, translating.BEHIND) for line in pages),
        "waiting": reviewing.waiting_below(course),
        "review": state,
        "review_comment": state.current_task_state.comment if state and state.current_task_state else "",
    }
    return show(request, "authoring/desk.html", course.draft_title or course.title, course, context)


@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks a second person for approval."""
    course = of(request, pk)
    try:
        reviewing.send(course, by=request.user)
        messages.success(request, _("The course is in review. You get an e-mail when it is decided."))
    except reviewing.ReviewRefused as refused:
        messages.error(request, why_not_sent(refused.code))
    return redirect("course_desk", pk)


@require_POST
def prepare_english(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes the English pages that are missing, as drafts to fill in, and tells the others what has changed."""
    course = of(request, pk)
    count = translating.prepare(course, by=request.user)
    text = ngettext("%(n)d English page is ready to translate.", "%(n)d English pages are ready to translate.", count)
    messages.success(request, text % {"n": count})
    return redirect("course_desk", pk)


def why_not_sent(code: str) -> str:
    return {
        "missing": _("Something is missing: see the list below."),
        "waiting": _("The course is in review already."),
        "nothing": _("Everything is published as it is: there is nothing to review."),
    }[code]


def may_write_pages(person: Any) -> bool:
    """Whether there is, or may come to be, a course that the person may change."""
    return person.has_perm(AUTHORS) or bool(PagePermissionPolicy().user_has_permission(person, "change"))


def changeable(person: Any) -> QuerySet[CoursePage]:
    """The Thai courses that the person may change."""
    allowed = PagePermissionPolicy().instances_user_has_permission_for(person, "change")
    thai = CoursePage.objects.filter(locale__language_code="th", pk__in=allowed.values("pk"))
    return thai.select_related("held_by", "latest_revision").order_by("path")


def of(request: HttpRequest, pk: int) -> CoursePage:
    """The course, for somebody who may change it. Whoever may not is told that there is none."""
    course = get_object_or_404(CoursePage.objects.select_related("locale"), pk=pk)
    if not course.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    return course


def show(
    request: HttpRequest,
    template: str,
    title: str,
    course: CoursePage | None,
    context: dict[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    crumbs = [{"url": reverse("author_courses"), "label": _("Courses")}]
    if title != _("Courses"):
        crumbs.append({"url": "", "label": title})
    shown = {
        "course": course,
        "page_title": title,
        "header_title": title,
        "header_icon": "folder-open-inverse",
        "breadcrumbs_items": crumbs,
    }
    return render(request, template, shown | context, status=status)


urls = [
    path("courses/", courses, name="author_courses"),
    path("courses/new/", begin, name="begin_course"),
    path("courses/<int:pk>/", desk, name="course_desk"),
    path("courses/<int:pk>/review/", send, name="send_course"),
    path("courses/<int:pk>/english/", prepare_english, name="prepare_english"),
]
