"""The back office: what can be earned and by which rule, and a list of what was issued, to read only."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.admin.widgets.button import Button
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.permissions import register_permission_policy
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import InspectView, SnippetViewSet, SnippetViewSetGroup

from courses.wagtail_hooks import ForThose
from lms.certificates.viewsets import DesignViewSet
from lms.credentials import desk, regrade_views
from lms.credentials.models import Achievement, Credential, CredentialRequirement
from lms.credentials.profile import MOST_GROUNDS
from lms.dossiers import views as dossiers


class ReadOnly(ModelPermissionPolicy):
    """Nobody writes a credential by hand, whatever their rights: a worker issues it, by the rule."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        return action == "view" and bool(super().user_has_permission(user, action))

    def user_has_any_permission(self, user: Any, actions: Any) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)


register_permission_policy(Credential, ReadOnly(Credential))


class AchievementForm(WagtailAdminModelForm):
    """Refuses a rule that nobody could ever meet."""

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean()
        exercises, parts = self._chosen("requirements", "exercise"), self._chosen("credential_requirements", "part")
        if (data.get("exercises_needed") or 0) > len(exercises):
            self.add_error("exercises_needed", _("There are not so many exercises in the rule."))
        if len(exercises) + len(parts) > MOST_GROUNDS:
            told = _("A credential can name %(most)s exercises and credentials at most.") % {"most": MOST_GROUNDS}
            self.add_error(None, told)
        # One storey: a verifier should see at a glance what it rests on, and there can be no circle.
        is_part = CredentialRequirement.objects.filter(part=self.instance.pk or 0).exists()
        if parts and (is_part or any(one == self.instance or one.credential_requirements.exists() for one in parts)):
            self.add_error(None, _("A stacked credential rests on credentials that are not stacked themselves."))
        return data

    def _chosen(self, name: str, field: str) -> list[Any]:
        """What the rows of an inline formset name, but for those that are being deleted."""
        rows = [row.cleaned_data for row in self.formsets[name].forms if row.is_valid()]
        return [row[field] for row in rows if row.get(field) and not row.get("DELETE")]


class AchievementViewSet(SnippetViewSet):
    model = Achievement
    icon = "success"
    menu_label = _("Achievements")
    list_display = ["name", "issuer", "hours", "is_active"]
    list_filter = ["is_active", "issuer"]
    search_fields = ["slug", "name_th", "name_en"]
    copy_view_enabled = False
    edit_handler = ObjectList(
        [
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("slug"), FieldPanel("issuer")]),
                    FieldPanel("name_th"),
                    FieldPanel("name_en"),
                ],
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
                heading=_("Rule: these exercises"),
                label=_("requirement"),
                help_text=_("Without an exercise or a credential that it is stacked on, nothing is issued."),
            ),
            MultiFieldPanel([FieldPanel("exercises_needed")], heading=_("Rule: how many of the exercises")),
            InlinePanel("quiz_requirements", heading=_("Rule: and all of these quizzes"), label=_("quiz")),
            InlinePanel(
                "credential_requirements",
                heading=_("Rule: and all of these credentials"),
                label=_("credential"),
                help_text=_("For a stacked credential: those that its holder must hold, in force."),
            ),
            InlinePanel("competencies", heading=_("Competencies it is mapped to"), label=_("competency")),
        ],
        base_form_class=AchievementForm,
    )


class CredentialInspect(InspectView):
    """What is written down about one credential; from here to what can be done to it."""

    def get_field_display_value(self, field_name: str, field: Any) -> Any:
        value = super().get_field_display_value(field_name, field)
        return "–" if value is None else value

    @cached_property
    def header_more_buttons(self) -> list[Button]:
        if not self.request.user.has_perm(desk.MAY_WITHDRAW):
            return []
        address = reverse("credential_desk", args=[self.object.pk])
        return [Button(_("Withdraw or replace"), url=address, icon_name="cross", priority=10)]


class CredentialViewSet(SnippetViewSet):
    model = Credential
    inspect_view_class = CredentialInspect
    icon = "doc-full"
    menu_label = _("Credentials issued")
    list_display = ["number", "achievement", "holder_name", "issued_on", "state_label"]
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
        "issued_on",
        "valid_until",
        "state_label",
        "revoked_at",
        "revocation_reason",
        "grades",
        "parts",
    ]

    def get_queryset(self, request: Any) -> Any:
        return Credential.objects.select_related("achievement", "replacement__new").defer("document")


class CredentialsGroup(SnippetViewSetGroup):
    menu_label = _("Credentials")
    menu_icon = "success"
    menu_order = 300
    submenu_hook = "register_credentials_menu_item"
    items = (AchievementViewSet, DesignViewSet, CredentialViewSet)


register_snippet(CredentialsGroup)


@hooks.register("register_credentials_menu_item")
def awards_menu() -> MenuItem:
    return ForThose(desk.MAY_PROPOSE, _("Awards by two people"), reverse_lazy("awards"), icon_name="group", order=400)


@hooks.register("register_credentials_menu_item")
def keys_menu() -> MenuItem:
    address = reverse_lazy("issuer_keys")
    return ForThose(desk.MAY_WITHDRAW_KEYS, _("Keys of the issuers"), address, icon_name="key", order=410)


@hooks.register("register_snippet_listing_buttons")
def withdraw_button(snippet: Any, user: Any, next_url: str | None = None) -> Iterator[Button]:
    if isinstance(snippet, Credential) and user.has_perm(desk.MAY_WITHDRAW):
        address = reverse("credential_desk", args=[snippet.pk])
        yield Button(_("Withdraw or replace"), url=address, icon_name="cross", priority=10)


@hooks.register("register_admin_urls")
def desk_urls() -> list[Any]:
    return desk.urls


@hooks.register("register_admin_urls")
def dossier_urls() -> list[Any]:
    """Up here: a dossier says which credentials a course leads to."""
    return dossiers.urls


@hooks.register("register_admin_urls")
def regrade_urls() -> list[Any]:
    """Up here and not with the other pages of an exercise: they show whose credentials rest on a score."""
    return regrade_views.urls
