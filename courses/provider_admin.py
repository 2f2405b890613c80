"""Providers and their people in the back office: kept by operators, and by those who lead one."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.permission_policies import ModelPermissionPolicy
from wagtail.snippets.views.snippets import SnippetViewSet

from courses import providing
from courses.exercise_admin import OwnEdit, OwnHistory, OwnUsage
from grading.models import Provider, ProviderMember

Role = ProviderMember.Role
FIELDS = {Role.LEAD: "leads", Role.AUTHOR: "authors", Role.DATA_OWNER: "data_owners"}


def led_by(person: Any) -> QuerySet[Provider]:
    return Provider.objects.filter(members__person=person.pk, members__role=Role.LEAD)


class ProviderPolicy(ModelPermissionPolicy):
    """Operators make and change providers; whoever leads one changes its people. None is ever deleted."""

    def user_has_permission(self, user: Any, action: str) -> bool:
        if action == "delete":
            return False
        may = super().user_has_permission(user, action)
        return bool(may or (action in ("change", "view") and led_by(user).exists()))

    def user_has_any_permission(self, user: Any, actions: Any) -> bool:
        return any(self.user_has_permission(user, action) for action in actions)

    def user_has_permission_for_instance(self, user: Any, action: str, instance: Any) -> bool:
        if action == "delete":
            return False
        mine = action in ("change", "view") and led_by(user).filter(pk=instance.pk).exists()
        return bool(mine or super().user_has_permission(user, action))

    def user_has_any_permission_for_instance(self, user: Any, actions: Any, instance: Any) -> bool:
        return any(self.user_has_permission_for_instance(user, action, instance) for action in actions)


def _people(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=10_000, widget=forms.Textarea(attrs={"rows": 3})
    )


class ProviderForm(WagtailAdminModelForm):
    """A provider, and its people by their e-mail addresses, one a line."""

    leads = _people(
        gettext_lazy("Lead instructors"), gettext_lazy("E-mail addresses, one a line. They may change these lists.")
    )
    authors = _people(gettext_lazy("Co-instructors"), gettext_lazy("They write courses, exercises and quizzes."))
    data_owners = _people(gettext_lazy("Data owners"), gettext_lazy("They sign off data sets and write nothing."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = self.instance.members.select_related("person") if self.instance.pk else []
        for role, field in FIELDS.items():
            self.initial[field] = "\n".join(one.person.email for one in members if one.role == role)
        if not self.for_user.has_perm("grading.change_provider"):
            self.fields["slug"].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        self.people: dict[Any, str] = {}
        for role, field in FIELDS.items():
            for email in cleaned.get(field, "").split():
                person = get_user_model()._default_manager.filter(email__iexact=email).first()
                if person is None:
                    self.add_error(field, _("Nobody has an account with the address %(email)s.") % {"email": email})
                elif not person.has_perm("wagtailadmin.access_admin") and role != Role.DATA_OWNER:
                    self.add_error(field, _("%(email)s is no instructor yet.") % {"email": email})
                elif person in self.people:
                    self.add_error(field, ValidationError(_("%(email)s has two roles."), params={"email": email}))
                else:
                    self.people[person] = role
        return cleaned

    def save(self, commit: bool = True) -> Provider:
        with transaction.atomic():
            provider: Provider = super().save(commit)
            if commit:
                providing.files_of(provider)
                for member in provider.members.exclude(person__in=self.people):
                    member.delete()
                for person, role in self.people.items():
                    provider.admit(person, role)
        return provider


class ProviderViewSet(SnippetViewSet):
    model = Provider
    icon = "group"
    menu_label = gettext_lazy("Providers")
    menu_order = 95
    add_to_admin_menu = True
    edit_view_class = OwnEdit
    history_view_class = OwnHistory
    usage_view_class = OwnUsage
    copy_view_enabled = False
    inspect_view_enabled = False
    search_fields = ["slug", "name_th", "name_en"]
    list_display = [
        TitleColumn("name", label=gettext_lazy("name"), url_name="wagtailsnippets_grading_provider:edit"),
        Column("slug", label=gettext_lazy("code"), sort_key="slug"),
    ]
    edit_handler = ObjectList(
        [
            FieldPanel("slug"),
            FieldRowPanel([FieldPanel("name_th"), FieldPanel("name_en")]),
            MultiFieldPanel(
                [FieldPanel("leads"), FieldPanel("authors"), FieldPanel("data_owners")], heading=gettext_lazy("People")
            ),
        ],
        base_form_class=ProviderForm,
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        if request.user.has_perm("grading.change_provider"):
            return Provider.objects.all()
        return led_by(request.user)
