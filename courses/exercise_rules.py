"""More time for one learner, and the same rules for every exercise of a course."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from courses import back_office
from courses.back_office import needs, page
from courses.blocks import placed_exercises
from courses.forms import Moment
from courses.manual_grading import person
from courses.models import CoursePage, LessonPage
from grading import extending
from grading.models import Exercise, Extension
from grading.thai_collation import BY_NAME

MAY = "grading.change_extension"


class ExtensionForm(forms.Form):
    """One person's extension of one exercise."""

    email = forms.EmailField(label=gettext_lazy("The learner's e-mail address"), max_length=254)
    due_at = forms.DateTimeField(label=gettext_lazy("New due date (Bangkok time)"), required=False, widget=Moment)
    extra_attempts = forms.IntegerField(
        label=gettext_lazy("Additional attempts"), min_value=0, max_value=1000, initial=0, required=False
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, exercise: Exercise, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exercise = exercise

    def clean_email(self) -> str:
        found = get_user_model()._default_manager.filter(email__iexact=self.cleaned_data["email"]).first()
        if found is None:
            raise ValidationError(_("Nobody has an account with this address."))
        self.learner = found
        return str(self.cleaned_data["email"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        due_at = cleaned.get("due_at")
        if not self.errors and not due_at and not cleaned.get("extra_attempts"):
            raise ValidationError(_("Give a new due date or additional attempts."))
        if due_at and self.exercise.due_at is None:
            self.add_error("due_at", _("The exercise has no due date that could be moved."))
        elif due_at and self.exercise.due_at and due_at <= self.exercise.due_at:
            self.add_error("due_at", _("The new date is not after the due date of the exercise."))
        return cleaned


@require_http_methods(["GET", "POST"])
@needs(MAY, "grading.view_exercise")
@never_cache
def extensions(request: HttpRequest, pk: int) -> HttpResponse:
    """Who has been granted what in this exercise, and a form to grant more."""
    exercise = back_office.found(request, Exercise.objects.all(), pk=pk)
    form = ExtensionForm(exercise, request.POST or None)
    if request.method == "POST" and form.is_valid():
        if form.learner == request.user:
            form.add_error("email", _("This is your own work: somebody else decides."))
        else:
            extending.extend(
                exercise,
                learner=form.learner,
                due_at=form.cleaned_data["due_at"],
                extra_attempts=form.cleaned_data["extra_attempts"] or 0,
                reason=form.cleaned_data["reason"],
                granted_by=person(request),
            )
            messages.success(request, _("The extension is granted."))
            return redirect("exercise_extensions", pk)
    granted = exercise.extensions.select_related("learner", "granted_by").order_by(*BY_NAME)
    return page(
        request,
        "exercises/extensions.html",
        _("Extensions"),
        exercise,
        {"form": form, "granted": granted},
        status=422 if form.errors else 200,
    )


@require_POST
@needs(MAY, "grading.view_exercise")
def withdraw_extension(request: HttpRequest, pk: int) -> HttpResponse:
    extension = back_office.found(request, Extension.objects.select_related("exercise"), "exercise__provider", pk=pk)
    extending.withdraw_extension(extension, actor=person(request))
    messages.success(request, _("The extension is withdrawn; what was handed in meanwhile keeps its points."))
    return redirect("exercise_extensions", extension.exercise_id)


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]
    """The rules that every exercise of a course is given."""

    class Meta:
        model = Exercise
        fields = [name for name in Exercise.RULES if name != "is_open"]
        widgets = {"opens_at": Moment(), "due_at": Moment()}


@require_http_methods(["GET", "POST"])
@needs("grading.change_exercise")
@never_cache
def course_rules(request: HttpRequest, pk: int) -> HttpResponse:
    """One set of rules for all exercises that the course's lessons place, drafts included."""
    course = get_object_or_404(CoursePage, pk=pk)
    if not course.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    exercises = placed_in(course)
    model = exercises[0] if exercises else Exercise()
    form = RulesForm(request.POST or None, instance=Exercise(**{name: getattr(model, name) for name in Exercise.RULES}))
    if request.method == "POST" and form.is_valid():
        changed = extending.set_rules(exercises, rules=form.cleaned_data, actor=person(request))
        messages.success(request, _("Exercises changed: %(number)d") % {"number": changed})
        return redirect("course_rules", pk)
    context = {"form": form, "course": course, "exercises": exercises}
    title = _("Rules of all exercises: %(course)s") % {"course": course.title}
    return page(request, "exercises/course_rules.html", title, None, context, status=422 if form.errors else 200)


def placed_in(course: CoursePage) -> list[Exercise]:
    """The exercises of the course's lessons, each once."""
    lessons = LessonPage.objects.descendant_of(course)
    keys = {pk for lesson in lessons for pk in placed_exercises(lesson.body.raw_data)}
    return list(Exercise.objects.filter(pk__in=keys))


urls = [
    path("exercise-extensions/<int:pk>/", extensions, name="exercise_extensions"),
    path("extensions/<int:pk>/withdraw/", withdraw_extension, name="withdraw_extension"),
    path("course-rules/<int:pk>/", course_rules, name="course_rules"),
]
