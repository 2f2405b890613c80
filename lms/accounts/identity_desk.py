"""Where an operator writes down who has shown who they are: found by e-mail address, nobody is listed."""

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from courses.back_office import needs
from lms.accounts import identity
from lms.accounts.models import User

MAY = "accounts.add_identitycheck"
Level = User.IdentityLevel


class FindForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("E-mail address of the person"))

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"]).strip().lower()
        if not User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("There is no account with this address."))
        return email


class CheckForm(forms.Form):
    level = forms.ChoiceField(
        label=gettext_lazy("Identity"),
        choices=[(one.value, one.label) for one in (Level.AGENCY_CONFIRMED, Level.SELF_ASSERTED)],
        widget=forms.RadioSelect,
    )
    grounds = forms.CharField(
        label=gettext_lazy("What was seen, when, and by whom at the agency"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Never the number of an identity card."),
    )


@require_http_methods(["GET", "POST"])
@never_cache
@needs(MAY)
def find(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("identity_check", User.objects.get(email=form.cleaned_data["email"]).pk)
    return _page(request, {"find_form": form}, _("Identity of people"), status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
@needs(MAY)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    form = CheckForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _record(request, person, form):
        messages.success(request, _("Written down. Credentials issued from now on say so."))
        return redirect("identity_check", person.pk)
    context = {
        "person": person,
        "form": form,
        "checks": person.identity_checks.select_related("checked_by")[:50],
    }
    return _page(request, context, person.get_full_name(), status=422 if form.errors else 200)


def _record(request: HttpRequest, person: User, form: CheckForm) -> bool:
    try:
        identity.record(person, by=cast(User, request.user), **form.cleaned_data)
    except identity.NotAllowed as refused:
        form.add_error(None if refused.code == "oneself" else "grounds", why_not(refused.code))
        return False
    return True


def why_not(code: str) -> str:
    return {
        "no_grounds": _("Say what was seen."),
        "national_id": _("Leave out the number of the identity card: it is kept nowhere here."),
        "oneself": _("Nobody confirms who they are themselves."),
        "thaid": _("Only the login by ThaID says so."),
    }[code]


def _page(request: HttpRequest, context: dict[str, object], title: str, *, status: int) -> HttpResponse:
    crumbs = [{"url": reverse("identity_find"), "label": _("Identity of people")}, {"url": "", "label": title}]
    shown = {"page_title": title, "header_title": title, "header_icon": "user", "breadcrumbs_items": crumbs}
    return render(request, "accounts/identity.html", shown | context, status=status)


urls = [
    path("identity/", find, name="identity_find"),
    path("identity/<int:pk>/", check, name="identity_check"),
]
