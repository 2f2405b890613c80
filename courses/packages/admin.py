"""Packages in the back office: a course out, and one in after a look at what it would make."""

import io
import logging
import tempfile
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from wagtail.admin import messages

from courses import course_desk
from courses.back_office import needs
from courses.forms import printable, read_upload
from courses.models import CoursePage, IncomingPackage
from courses.packages import exporting, importing, planning, reading
from courses.packages.reading import BadPackage
from grading.models import Provider

AUTHORS = ("grading.add_exercise", "grading.add_quiz", "grading.add_quizitem", "datasets.add_dataset")
MOST_UPLOAD_BYTES = 50 * 1024 * 1024  # larger ones are for the command line
log = logging.getLogger(__name__)


@require_GET
@never_cache
def course_package(request: HttpRequest, pk: int) -> HttpResponse:
    """What goes into the package of a course, and the package itself to download."""
    course = thai(course_desk.of(request, pk))
    package = exporting.build(course, exporting.rights_of(request.user))
    context = {"manifest": package.manifest, "size": sum(one["size"] for one in package.files.index.values())}
    return course_desk.show(request, "packages/export.html", _("Course package"), course, context)


@require_GET
@never_cache
def course_package_file(request: HttpRequest, pk: int, kind: str) -> FileResponse:
    """The package; ``kind``: complete (as far as the person has rights) or open (what learners have)."""
    course = thai(course_desk.of(request, pk))
    rights = exporting.rights_of(request.user) if kind == "complete" else exporting.no_right
    package = exporting.build(course, rights)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the answer closes it
    package.write(file)
    file.seek(0)
    log.info(
        "course_exported", extra={"course": str(course.translation_key), "complete": package.manifest["is_complete"]}
    )
    return FileResponse(file, as_attachment=True, filename=f"{course.slug}-package.zip", content_type="application/zip")


class UploadForm(forms.Form):
    """One package. ``cleaned_data["file"]`` is its bytes, ``name`` what it was called."""

    file = forms.FileField(
        label=gettext_lazy("Course package (.zip)"),
        allow_empty_file=True,  # refused below, in our own words
        max_length=200,
        widget=forms.ClearableFileInput(attrs={"accept": ".zip,application/zip"}),
    )
    name = ""

    def clean_file(self) -> bytes:
        upload = self.cleaned_data["file"]
        self.name = printable(upload.name or "")
        content = read_upload(upload, MOST_UPLOAD_BYTES)
        try:
            reading.read(io.BytesIO(content))
        except BadPackage as error:
            raise ValidationError(error.problems) from error
        return content


@require_http_methods(["GET", "POST"])
@never_cache
@needs(*AUTHORS)
def import_package(request: HttpRequest) -> HttpResponse:
    """Takes a file in, to be looked at; nothing of it is in the site yet."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"]
        row = IncomingPackage.objects.create(name=form.name, content=content, uploaded_by=request.user)  # type: ignore[misc]
        return redirect("incoming_package", row.pk)
    status = 422 if form.errors else 200
    return course_desk.show(
        request, "packages/upload.html", _("Course from a package"), None, {"form": form}, status=status
    )


class TargetForm(forms.Form):
    """Whose the course becomes, and its code here."""

    provider = forms.ModelChoiceField(Provider.objects.none(), label=gettext_lazy("Provider"), required=False)
    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9-]*$",
        label=gettext_lazy("code"),
        max_length=20,
        error_messages={"invalid": gettext_lazy("Latin letters, digits and hyphens only.")},
    )

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["provider"]
        field.queryset = Provider.objects.written_by(person)
        field.required = field.queryset.exists() and not person.has_perm("grading.see_every_provider")
        field.empty_label = None if field.required else _("None: it belongs to all instructors")


@require_http_methods(["GET", "POST"])
@never_cache
@needs(*AUTHORS)
def incoming_package(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """What the package would make; by POST, makes exactly that. Asked twice, it is made once."""
    row = own(request, pk)
    if row.course_key:
        return to_course(row)
    try:
        return preview(request, row)
    except BadPackage as error:  # what was read when it was uploaded is read otherwise since an update of the site
        problems = error.problems
    except Exception:  # of a stranger's file: whatever it is, its uploader can get rid of it
        log.exception("incoming_package_failed", extra={"package": str(row.pk)})
        problems = [_("The package cannot be worked on. Nothing was made of it.")]
    context = {"incoming": row, "problems": problems}
    return course_desk.show(request, "packages/unusable.html", _("Course package"), None, context, status=422)


def preview(request: HttpRequest, row: IncomingPackage) -> HttpResponse:
    """What would be made; by POST, makes it."""
    package = reading.read(io.BytesIO(bytes(row.content)))
    first: Any = Provider.objects.written_by(request.user).first()
    asked = request.POST if request.method == "POST" else request.GET
    usual = {"provider": first.pk if first else "", "code": package.course["code"]}
    form = TargetForm(request.user, asked if "code" in asked else usual)
    is_sound = form.is_valid()
    if request.method == "POST" and is_sound and made(request, row.pk):
        return to_course(own(request, row.pk))
    chosen = form.cleaned_data if is_sound else {}
    plan = planning.make(package, provider=chosen.get("provider"), by=request.user, code=chosen.get("code", ""))
    context = {
        "form": form,
        "incoming": row,
        "plan": plan,
        "package": package,
        "is_sound": is_sound and not plan.problems,
    }
    status = 422 if request.method == "POST" else 200
    return course_desk.show(
        request, "packages/preview.html", package.course["pages"]["th"]["title"], None, context, status=status
    )


def made(request: HttpRequest, pk: uuid.UUID) -> bool:
    """Whether the course is there now: taken over here, or by the same person a moment ago."""
    with transaction.atomic():
        row = IncomingPackage.objects.select_for_update().get(pk=pk, uploaded_by=request.user)  # type: ignore[misc]
        if row.course_key:
            return True
        form = TargetForm(request.user, request.POST)
        form.full_clean()
        try:
            package = reading.read(io.BytesIO(bytes(row.content)))
            course = importing.take_over(package, **form.cleaned_data, by=request.user)
        except BadPackage as error:
            messages.error(request, " ".join(error.problems))
            return False
        row.course_key, row.content = course.translation_key, b""
        row.save()
    messages.success(request, _("The course is here as a draft: nobody sees it before it is approved."))
    return True


@require_POST
@needs(*AUTHORS)
def discard_package(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Lets go of a package; what it became stays."""
    own(request, pk).delete()
    messages.success(request, _("The package is deleted; nothing was made of it."))
    return redirect("author_courses")


def thai(course: CoursePage) -> CoursePage:
    """The course's Thai page, from which all others come."""
    return course.get_translations(inclusive=True).get(locale__language_code="th")


def own(request: HttpRequest, pk: uuid.UUID) -> IncomingPackage:
    return get_object_or_404(IncomingPackage, pk=pk, uploaded_by=request.user)


def to_course(row: IncomingPackage) -> HttpResponse:
    course = CoursePage.objects.filter(translation_key=row.course_key, locale__language_code="th").first()
    return redirect("course_desk", course.pk) if course else redirect("author_courses")


urls = [
    path("courses/<int:pk>/package/", course_package, name="course_package"),
    path("courses/<int:pk>/package-<str:kind>.zip", course_package_file, name="course_package_file"),
    path("courses/import/", import_package, name="import_package"),
    path("packages/<uuid:pk>/", incoming_package, name="incoming_package"),
    path("packages/<uuid:pk>/discard/", discard_package, name="discard_package"),
]
