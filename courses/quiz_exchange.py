"""Items into and out of the back office: our own format, a spreadsheet, Moodle XML."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from courses import back_office
from courses.back_office import needs
from courses.forms import read_upload
from courses.quiz_forms import said
from grading import providers, quiz_loading
from grading.models import ItemBank
from grading.quizzes import banks, moodle, spreadsheet
from grading.quizzes.banks import LARGEST_FILE, BadBank, Bank

TYPES = {
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
}


class ImportForm(forms.Form):
    """A bank and a file; ``found`` is what the file declares, ``left_out`` what of it cannot be taken over."""

    bank = forms.ModelChoiceField(ItemBank.objects.all(), label=gettext_lazy("Into the bank"))
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("TOML or JSON as docs/quizzes.md says, a spreadsheet as it is exported, or Moodle XML."),
        widget=forms.ClearableFileInput(attrs={"accept": ".toml,.json,.xlsx,.xml"}),
    )
    found: Bank
    left_out: list[str]

    def __init__(self, person: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["bank"]
        field.queryset = providers.visible(ItemBank.objects.all(), person)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if {"bank", "file"} <= cleaned.keys():
            upload, bank = cleaned["file"], cleaned["bank"]
            try:
                self.found, self.left_out = read(read_upload(upload, LARGEST_FILE), upload.name or "", bank)
            except BadBank as error:
                problems = [f"{item} {said(problem)}".strip() for item, problem in error.problems]
                raise ValidationError(problems) from error
        return cleaned


def read(content: bytes, name: str, bank: ItemBank) -> tuple[Bank, list[str]]:
    """What a file of any of our kinds declares, as items of ``bank``. Raises BadBank."""
    head = {"code": bank.slug, "title": {"th": bank.title_th, "en": bank.title_en or bank.title_th}}
    if name.lower().endswith(".xlsx"):
        return banks.read_bank({"bank": head, "item": spreadsheet.read(content)}), []
    if name.lower().endswith(".xml"):
        found = moodle.read(content, prefix=bank.slug)
        return banks.read_bank({"bank": head, "item": found.items}), list(moodle.names(found.left_out))
    own = banks.read_file(content)
    return Bank(bank.slug, head["title"], bank.licence, own.items), []  # type: ignore[arg-type]


@require_http_methods(["GET", "POST"])
@needs("grading.add_quizitem", "grading.change_quizitem")
def bank_import(request: HttpRequest) -> HttpResponse:
    """All items of a file, or none: what is wrong is said with its item."""
    is_sent = request.method == "POST"
    sent: dict[str, Any] = {"data": request.POST, "files": request.FILES} if is_sent else {}
    form = ImportForm(request.user, **sent, initial={"bank": request.GET.get("bank")})
    if is_sent and form.is_valid():
        done = quiz_loading.load(form.found, author=request.user if request.user.is_authenticated else None)
        messages.success(
            request,
            _("%(new)d new items, %(changed)d changed, %(same)d as they were.")
            % {"new": done.new, "changed": done.changed, "same": done.same},
        )
        if form.left_out:
            names = ", ".join(form.left_out[:20])
            messages.warning(request, _("Left out, for want of such a kind: %(names)s") % {"names": names})
        return redirect(f"{reverse('wagtailsnippets_grading_quizitem:list')}?bank={done.bank.pk}")
    title = _("Import items")
    context = {
        "form": form,
        "page_title": title,
        "header_title": title,
        "header_icon": "upload",
        "breadcrumbs_items": [
            {"url": reverse("wagtailsnippets_grading_itembank:list"), "label": _("Item banks")},
            {"url": "", "label": title},
        ],
    }
    status = 422 if form.is_bound else 200
    return render(request, "quizzes/bank_import.html", context, status=status)


@require_GET
@needs("grading.change_quizitem")
def bank_export(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The items in use, answers and all: for authors only."""
    bank = back_office.found(request, ItemBank.objects.all(), pk=pk)
    if kind not in TYPES:
        raise Http404
    found = quiz_loading.declared(bank)
    content = {
        "json": lambda: banks.write(found),
        "xlsx": lambda: spreadsheet.write([declared for _item, declared in found.items]),
        "xml": lambda: moodle.write([item for item, _declared in found.items])[0],
    }[kind]()
    headers = {"Content-Disposition": f'attachment; filename="{bank.slug}.{kind}"'}
    return HttpResponse(content, content_type=TYPES[kind], headers=headers)


urls = [
    path("quiz-items/import/", bank_import, name="bank_import"),
    path("item-banks/<int:pk>/export.<str:kind>", bank_export, name="bank_export"),
]
