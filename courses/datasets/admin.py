"""The library in the back office: descriptions and files."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, Panel
from wagtail.admin.widgets.button import HeaderButton
from wagtail.snippets.views.snippets import CreateView, IndexView

from courses.datasets import signing_off
from courses.datasets.models import Dataset, DatasetFile
from courses.exercise_admin import OwnEdit, OwnedViewSet
from courses.exercise_forms import MAX_FILE_BYTES, FilesField, file_name
from courses.forms import read_upload
from courses.owning import OwnedForm


class DatasetForm(OwnedForm):
    """What is changed here has to be signed off anew; once nothing is missing, saving asks for that."""

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
        signing_off.ask(dataset, self.for_user)
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
                "may_sign_off": signing_off.entrusted_to(self.request.user).filter(pk=self.instance.pk).exists(),
            }


class ThenItself:
    """After saving one sees the data set again: what is missing, and whether it waits for its owner."""

    def get_success_url(self) -> str:
        return reverse("wagtailsnippets_datasets_dataset:edit", args=[self.object.pk])  # type: ignore[attr-defined]


class DatasetIndexView(IndexView):
    """The list, and the way in from a catalog."""

    @cached_property
    def header_buttons(self) -> list[Any]:
        found: list[Any] = super().header_buttons
        if self.add_url:
            button = HeaderButton(gettext("Import from a catalog"), reverse("import_dataset"), icon_name="download")
            found = [*found, button]
        return found


class DatasetCreateView(ThenItself, CreateView):
    pass


class DatasetEditView(ThenItself, OwnEdit):
    pass


class DatasetViewSet(OwnedViewSet):
    model = Dataset
    index_view_class = DatasetIndexView
    add_view_class = DatasetCreateView
    edit_view_class = DatasetEditView
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
                [
                    FieldPanel("provider", widget=forms.Select()),
                    FieldPanel("owner_org"),
                    FieldRowPanel([FieldPanel("maintainer"), FieldPanel("maintainer_email")]),
                ],
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

    def every(self) -> QuerySet[Dataset]:
        return Dataset.objects.order_by("title", "pk")
