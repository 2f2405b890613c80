"""The back office: what can be earned and by which rule, and a list of what was issued, to read only."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from lms.certificates.viewsets import DesignViewSet
from lms.credentials import regrade_views
from lms.credentials.models import Achievement, Credential


class ReadOnly(ModelPermissionPolicy):
    """Nobody writes a credential by hand, whatever their rights: a worker issues it, by the rule."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action == "view" and bool(super().user_has_permission(user, action))

    def user_has_any_permission(self, user: Any, actions: Any) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)


register_permission_policy(Credential, ReadOnly(Credential))


class AchievementViewSet(SnippetViewSet):
    model = Achievement
    icon = "success"
    menu_label = _("Achievements")
    list_display = ["name", "issuer", "hours", "is_active"]
    list_filter = ["is_active", "issuer"]
    search_fields = ["slug", "name_th", "name_en"]
    copy_view_enabled = False
    panels = [
        MultiFieldPanel(
            [FieldRowPanel([FieldPanel("slug"), FieldPanel("issuer")]), FieldPanel("name_th"), FieldPanel("name_en")],
            heading=_("Name"),
        ),
        MultiFieldPanel(
            [
                FieldPanel("description_th"),
                FieldPanel("description_en"),
                FieldPanel("criteria_th"),
                FieldPanel("criteria_en"),
                FieldRowPanel([FieldPanel("hours"), FieldPanel("valid_days"), FieldPanel("is_active")]),
            ],
            heading=_("What it attests"),
        ),
        InlinePanel(
            "requirements",
            heading=_("Rule: all of these exercises"),
            label=_("requirement"),
            help_text=_("Without a requirement nothing is issued."),
        ),
        InlinePanel("quiz_requirements", heading=_("Rule: and all of these quizzes"), label=_("quiz")),
        InlinePanel("competencies", heading=_("Competencies it is mapped to"), label=_("competency")),
    ]


class CredentialViewSet(SnippetViewSet):
    model = Credential
    icon = "doc-full"
    menu_label = _("Credentials issued")
    list_display = ["number", "achievement", "holder_name", "issued_at", "state"]
    list_filter = ["achievement"]
    search_fields = ["holder_name"]
    ordering = ["-issued_at"]
    list_per_page = 50
    copy_view_enabled = False
    inspect_view_enabled = True
    inspect_view_fields = [
        "number",
        "achievement",
        "holder_name",
        "issued_at",
        "valid_until",
        "state",
        "revoked_at",
        "revocation_reason",
        "grades",
    ]

    def get_queryset(self, request: Any) -> Any:
        return Credential.objects.select_related("achievement").defer("document")


class CredentialsGroup(SnippetViewSetGroup):
    menu_label = _("Credentials")
    menu_icon = "success"
    menu_order = 300
    items = (AchievementViewSet, DesignViewSet, CredentialViewSet)


register_snippet(CredentialsGroup)


@hooks.register("register_admin_urls")
def regrade_urls() -> list[Any]:
    """Up here and not with the other pages of an exercise: they show whose credentials rest on a score."""
    return regrade_views.urls
