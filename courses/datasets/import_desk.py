"""Data sets out of a government catalog, in the back office: look first, then import, and see how far it is."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from courses.back_office import needs
from courses.datasets import ckan, importing
from courses.datasets.ckan import NotImported, Preview
from courses.datasets.models import Dataset
from grading import providers
from grading.models import Provider

MAY = ("datasets.add_dataset", "datasets.change_dataset")
POLL_SECONDS = 2


class LookForm(forms.Form):
    """Which data set of which catalog, and whose it becomes here."""

    server = forms.ChoiceField(label=gettext_lazy("Catalog"))
    name = forms.CharField(
        label=gettext_lazy("Name of the data set"),
        max_length=200,
        help_text=gettext_lazy("The last part of its address in the catalog, or the whole address."),
    )
    provider = forms.ModelChoiceField(Provider.objects.none(), label=gettext_lazy("Provider"), required=False)

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        server: Any = self.fields["server"]
        server.choices = [(one, one) for one in settings.CKAN_SERVERS]
        field: Any = self.fields["provider"]
        field.queryset = Provider.objects.written_by(person)
        field.required = field.queryset.exists() and not person.has_perm("grading.see_every_provider")
        field.empty_label = None if field.required else _("None: it belongs to all instructors")

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).strip().rstrip("/").rsplit("/", 1)[-1]


@require_http_methods(["GET", "POST"])
@never_cache
@needs(*MAY)
def begin(request: HttpRequest) -> HttpResponse:
    """Looks at a data set in its catalog; ordered from there, it is imported."""
    form = LookForm(request.user, request.POST or None)
    context: dict[str, Any] = {"form": form, "servers": settings.CKAN_SERVERS}
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        if request.POST.get("step") == "import":
            token = importing.order(told["server"], told["name"], _person(request), told["provider"])
            return redirect("dataset_import", token)
        try:
            seen = ckan.look(told["server"], told["name"])
            context |= {"seen": seen, "fields": seen.dataset.described(), "is_foreign": _is_foreign(seen, request.user)}
        except NotImported as refused:
            form.add_error(None, why_not(refused.code))
    return _show(request, "datasets/import.html", context, status=422 if form.errors else 200)


@require_GET
@never_cache
@needs(*MAY)
def state(request: HttpRequest, token: str) -> HttpResponse:
    """How far it is; the part that changes alone, for a page that asks again."""
    told = importing.found(token, _person(request))
    if told is None:
        raise Http404
    made = Dataset.objects.filter(pk=told.get("pk") or 0).first()
    context = {
        "told": told,
        "token": token,
        "made": made,
        "missing": made.missing_labels() if made else [],
        "left_out": [(name, why_not(code)) for name, code in told.get("left_out", ())],
        "why": why_not(told["code"]) if told["state"] == "refused" else "",
        "poll_seconds": POLL_SECONDS,
    }
    if request.headers.get("HX-Request"):
        return render(request, "datasets/_import_state.html", context)
    return _show(request, "datasets/import_state.html", context)


def why_not(code: str) -> str:
    return {
        "server": _("This catalog is not one of those that an operator has allowed."),
        "silent": _("The catalog does not answer, or takes too long. Please try again later."),
        "status": _("The catalog refuses to give it out, or does not have it."),
        "large": _("It is larger than what is taken over."),
        "unreadable": _("What the catalog answers cannot be read. It may not be a CKAN catalog."),
        "unknown": _("The catalog has no data set of this name."),
        "elsewhere": _("It is not on the catalog's own host, and is not fetched from elsewhere."),
        "taught": _("A published exercise is made from it: it has to keep a licence."),
        "failed": _("Something went wrong on this site. Please try again, or tell an operator."),
        "foreign": _("It is here already and belongs to another provider."),
    }[code]


def _is_foreign(seen: Preview, person: Any) -> bool:
    return seen.there is not None and not providers.is_visible(seen.there.provider_id, person)


def _person(request: HttpRequest) -> Any:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def _show(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    title = _("Import from a catalog")
    crumbs = [
        {"url": reverse("wagtailsnippets_datasets_dataset:list"), "label": _("Data sets")},
        {"url": "", "label": title},
    ]
    shown = {"page_title": title, "header_title": title, "header_icon": "download", "breadcrumbs_items": crumbs}
    return render(request, template, shown | context, status=status)


urls = [
    path("datasets/import/", begin, name="import_dataset"),
    path("datasets/import/<str:token>/", state, name="dataset_import"),
]
