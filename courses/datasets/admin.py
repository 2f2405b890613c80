"""The library in the back office: descriptions, files, and the sign-off by a data owner."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, Panel
from wagtail.snippets.views.snippets import SnippetViewSet

from courses.datasets.models import Dataset, DatasetFile
from courses.exercise_forms import MAX_FILE_BYTES, FilesField, file_name
from courses.forms import read_upload


class DatasetForm(WagtailAdminModelForm):
    """What is changed here has to be signed off anew."""

    new_files = FilesField(
        label=gettext_lazy("Files"),
        required=False,
        help_text=gettext_lazy("Copies that stay as they are. Exercises are pinned to them by their hash."),
    )

    def clean_new_files(self) -> list[tuple[str, bytes]]:
        return [(file_name(one), read_upload(one, MAX_FILE_BYTES)) for one in self.cleaned_data["new_files"]]

    def save(self, commit: bool = True) -> Any:
        if self.has_changed():
            self.instance.signed_off_at = self.instance.signed_off_by = None
        dataset = super().save(commit)
        for name, content in self.cleaned_data["new_files"]:
            DatasetFile.keep(dataset, name, content)
        return dataset


class FilesPanel(Panel):
    """The files that are there, what is missing, and the button of the data owner."""

    class BoundPanel(Panel.BoundPanel):
        template_name = "datasets/admin_state.html"

        def is_shown(self) -> bool:
            return self.instance.pk is not None

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            return super().get_context_data(parent_context) | {
                "dataset": self.instance,
                "files": self.instance.files.defer("content"),
                "missing": self.instance.missing_labels(),
                "may_sign_off": self.request.user.has_perm("datasets.sign_off_dataset"),
                "sign_off_url": reverse("dataset_sign_off", args=[self.instance.pk]),
            }


class DatasetViewSet(SnippetViewSet):
    model = Dataset
    icon = "table"
    menu_label = gettext_lazy("Data sets")
    menu_order = 260
    add_to_admin_menu = True
    copy_view_enabled = False
    list_display = ["title", "owner_org", "license_id", "signed_off_at"]
    list_filter = ["license_id", "topic", "high_value_dataset"]
    search_fields = ["title", "slug", "owner_org"]
    list_per_page = 50
    edit_handler = ObjectList(
        [
            FilesPanel(),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("slug"), FieldPanel("topic")]), FieldPanel("title"), FieldPanel("title_en")],
                heading=gettext_lazy("Name"),
            ),
            MultiFieldPanel(
                [FieldPanel("owner_org"), FieldRowPanel([FieldPanel("maintainer"), FieldPanel("maintainer_email")])],
                heading=gettext_lazy("Whose it is"),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("notes"), FieldPanel("objective"), FieldPanel("tag_string"),
                    FieldRowPanel([FieldPanel("data_type"), FieldPanel("data_format")]),
                    FieldRowPanel([FieldPanel("update_frequency_unit"), FieldPanel("update_frequency_interval")]),
                    FieldRowPanel([FieldPanel("geo_coverage"), FieldPanel("data_source")]),
                ],
                heading=gettext_lazy("Description of the data"),
            ),
            MultiFieldPanel(
                [
                    FieldPanel("license_id"),
                    FieldRowPanel([FieldPanel("data_category"), FieldPanel("classification")]),
                    FieldRowPanel([FieldPanel("high_value_dataset"), FieldPanel("is_synthetic")]),
                    FieldPanel("source_url"),
                ],
                heading=gettext_lazy("Licence and classification"),
            ),
            FieldPanel("new_files"),
        ],
        base_form_class=DatasetForm,
    )  # fmt: skip


@require_POST
def sign_off(request: HttpRequest, pk: int) -> HttpResponse:
    """A data owner vouches for a data set."""
    if not request.user.has_perm("datasets.sign_off_dataset"):
        raise PermissionDenied
    dataset = get_object_or_404(Dataset, pk=pk)
    if dataset.sign_off(request.user):
        messages.success(request, _("Signed off: it is in the library now, and exercises may be made from it."))
    else:
        missing = ", ".join(dataset.missing_labels())
        messages.error(request, _("Not signed off. Missing: %(fields)s") % {"fields": missing})
    return redirect(f"wagtailsnippets_{Dataset._meta.app_label}_dataset:edit", pk)


urls = [path("datasets/<int:pk>/sign-off/", sign_off, name="dataset_sign_off")]
