"""The back office of designs: what a certificate says and how it looks, with a preview beside the form."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.snippets.views.snippets import SnippetViewSet

from lms.certificates.models import Design, LogoAttestation, hash_of


class DesignForm(WagtailAdminModelForm):
    """Stores who confirmed that a logo may be used: once for each picture."""

    def save(self, commit: bool = True) -> Design:
        design: Design = super().save(commit=commit)
        if commit and design.logo and design.is_logo_attested:
            LogoAttestation.objects.get_or_create(
                design=design,
                picture_hash=hash_of(design.logo),
                defaults={
                    "statement": str(Design._meta.get_field("is_logo_attested").verbose_name),
                    "attested_by": self.for_user,
                },
            )
        return design


class DesignViewSet(SnippetViewSet):
    model = Design
    icon = "doc-full-inverse"
    menu_label = _("Certificate designs")
    list_display = ["__str__", "language", "color", "updated_at"]
    copy_view_enabled = False
    edit_handler = ObjectList(
        [
            FieldPanel("achievement"),
            FieldRowPanel([FieldPanel("language"), FieldPanel("has_thai_digits"), FieldPanel("color")]),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("title_th"), FieldPanel("title_en")]),
                    FieldRowPanel([FieldPanel("opening_th"), FieldPanel("opening_en")]),
                    FieldRowPanel([FieldPanel("statement_th"), FieldPanel("statement_en")]),
                ],
                heading=_("Words"),
            ),
            InlinePanel("signatories", heading=_("Who stands below it"), label=_("person"), max_num=2),
            MultiFieldPanel([FieldPanel("logo"), FieldPanel("is_logo_attested")], heading=_("Logo")),
            FieldPanel("badge_text_th"),
        ],
        base_form_class=DesignForm,
    )

    def get_queryset(self, request: Any) -> Any:
        return Design.objects.select_related("achievement")
