"""Item banks, items and quizzes in the back office."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django_filters import ModelChoiceFilter
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel, ObjectList, Panel
from wagtail.admin.ui.tables import BooleanColumn, Column, TitleColumn
from wagtail.snippets.views.snippets import CreateView, SnippetViewSetGroup

from courses.exercise_admin import OwnEdit, OwnedViewSet
from courses.forms import Moment
from courses.owning import OwnedForm
from courses.quiz_forms import QuizForm, QuizItemForm
from grading import providers, quizzing
from grading.models import ItemBank, Quiz, QuizItem
from grading.quizzes.items import KINDS


class LinksPanel(Panel):
    """Where to go from here: statistics, files, a try."""

    def __init__(self, template: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.template = template

    def clone_kwargs(self) -> dict[str, Any]:
        return super().clone_kwargs() | {"template": self.template}

    class BoundPanel(Panel.BoundPanel):
        @property
        def template_name(self) -> str:
            return str(self.panel.template)

        def is_shown(self) -> bool:
            return self.instance.pk is not None

        def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
            user = self.request.user
            return super().get_context_data(parent_context) | {
                "object": self.instance,
                "may_see_attempts": user.has_perm("grading.view_quizattempt"),
                "may_change": user.has_perm("grading.change_quizitem"),
            }


def asked_bank(request: HttpRequest) -> ItemBank | None:
    """The bank that a link to an empty form names, where the person sees it."""
    asked = request.GET.get("bank", "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 10
    return providers.visible(ItemBank.objects.filter(pk=int(asked) if is_number else 0), request.user).first()


class BankCreateView(CreateView):
    """An empty bank is for writing items: its page leads there."""

    def get_success_url(self) -> str:
        return reverse(self.edit_url_name, args=[self.object.pk])


class BankViewSet(OwnedViewSet):
    model = ItemBank
    add_view_class = BankCreateView
    icon = "folder-open-inverse"
    menu_label = _("Item banks")
    copy_view_enabled = False
    search_fields = ["slug", "title_th", "title_en"]
    list_display = [
        TitleColumn("title", label=_("title"), url_name="wagtailsnippets_grading_itembank:edit"),
        Column("slug", label=_("code"), sort_key="slug"),
        Column("item_count", label=_("items in use"), accessor="item_count"),
        Column("licence", label=_("licence")),
    ]
    edit_handler = ObjectList(
        [
            LinksPanel("quizzes/admin_bank.html"),
            FieldRowPanel([FieldPanel("slug"), FieldPanel("provider", widget=forms.Select())]),
            FieldRowPanel([FieldPanel("title_th"), FieldPanel("title_en")]),
            FieldPanel("licence"),
        ],
        base_form_class=OwnedForm,
    )

    def every(self) -> QuerySet[ItemBank]:
        return ItemBank.objects.annotate(item_count=Count("items", filter=Q(items__is_active=True))).order_by("slug")


class ItemFilters(WagtailFilterSet):
    """Items by bank, of the banks that the person may see, and by what quizzes draw by."""

    bank = ModelChoiceFilter(
        queryset=lambda request: providers.visible(ItemBank.objects.all(), request.user), label=_("item bank")
    )

    class Meta:
        model = QuizItem
        fields = ["bank", "kind", "pool", "difficulty", "is_active"]


class ItemCreateView(CreateView):
    """Items are written one after the other: the next begins with the bank, pool and kind of the last."""

    def get_initial(self) -> dict[str, Any]:
        bank = asked_bank(self.request)
        if bank is None:
            return {}
        kind, pool = self.request.GET.get("kind"), self.request.GET.get("topic", "")
        return {
            "bank": bank.pk,
            "topic": pool,
            "kind": kind if kind in KINDS else "",
            "code": bank.next_code(pool),
        }

    def get_success_url(self) -> str:
        return f"{super().get_success_url()}?bank={self.object.bank_id}"

    def get_success_buttons(self) -> list[Any]:
        told = {"bank": self.object.bank_id, "topic": self.object.pool, "kind": self.object.kind}
        after = messages.button(f"{self.get_add_url()}?{urlencode(told)}", gettext("Write the next one"))
        return [after, *super().get_success_buttons()]


class QuizSaved:
    """Tells an author who asks for more items than there are; the items may still be written."""

    def form_valid(self, form: Any) -> Any:
        response = super().form_valid(form)  # type: ignore[misc]
        if not quizzing.is_drawable(self.object):  # type: ignore[attr-defined]
            text = gettext("The item banks have fewer items than this quiz draws: nobody can begin it yet.")
            messages.warning(self.request, text)  # type: ignore[attr-defined]
        return response


class QuizCreateView(QuizSaved, CreateView):
    def get_initial(self) -> dict[str, Any]:
        return {"bank": asked_bank(self.request)}


class QuizEditView(QuizSaved, OwnEdit):
    pass


class ItemViewSet(OwnedViewSet):
    model = QuizItem
    add_view_class = ItemCreateView
    owner_path = "bank__provider"
    icon = "help"
    menu_label = _("Items")
    copy_view_enabled = False
    list_per_page = 50
    search_fields = ["code", "pool"]
    filterset_class = ItemFilters
    list_display = [
        TitleColumn("code", label=_("code"), url_name="wagtailsnippets_grading_quizitem:edit", sort_key="code"),
        Column("bank", label=_("item bank")),
        Column("get_kind_display", label=_("kind"), sort_key="kind"),
        Column("pool", label=_("pool"), sort_key="pool"),
        Column("difficulty", label=_("difficulty"), sort_key="difficulty"),
        BooleanColumn("is_active", label=_("in use")),
    ]
    edit_handler = ObjectList(
        [
            FieldRowPanel([FieldPanel("bank", widget=forms.Select()), FieldPanel("code"), FieldPanel("is_active")]),
            MultiFieldPanel(
                [FieldPanel("prompt_th"), FieldPanel("prompt_en")], heading=pgettext_lazy("quiz", "Question")
            ),
            FieldPanel("content"),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("explanation_th"), FieldPanel("explanation_en")]),
                    FieldRowPanel([FieldPanel("source_th"), FieldPanel("source_en")]),
                ],
                heading=_("With the result"),
            ),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("topic"), FieldPanel("level")]),
                    FieldRowPanel([FieldPanel("points"), FieldPanel("tags")]),
                ],
                heading=_("For drawing and marking"),
            ),
        ],
        base_form_class=QuizItemForm,
    )

    def every(self) -> QuerySet[QuizItem]:
        return QuizItem.objects.select_related("bank").order_by(F("bank__slug"), F("code"))


class QuizViewSet(OwnedViewSet):
    model = Quiz
    add_view_class = QuizCreateView
    edit_view_class = QuizEditView
    icon = "tasks"
    menu_label = _("Quizzes")
    copy_view_enabled = False
    search_fields = ["slug", "title_th", "title_en"]
    list_display = [
        TitleColumn("title", label=_("title"), url_name="wagtailsnippets_grading_quiz:edit"),
        Column("slug", label=_("code"), sort_key="slug"),
        Column("attempt_count", label=_("attempts"), accessor="attempt_count"),
        BooleanColumn("is_open", label=_("open")),
    ]
    edit_handler = ObjectList(
        [
            LinksPanel("quizzes/admin_quiz.html"),
            FieldRowPanel([FieldPanel("slug"), FieldPanel("provider", widget=forms.Select())]),
            FieldRowPanel([FieldPanel("title_th"), FieldPanel("title_en")]),
            FieldRowPanel([FieldPanel("intro_th"), FieldPanel("intro_en")]),
            FieldPanel("drawn"),
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("pass_percent"), FieldPanel("minutes")]),
                    FieldRowPanel([FieldPanel("max_attempts"), FieldPanel("cooldown_minutes"), FieldPanel("counts")]),
                    FieldRowPanel([FieldPanel("opens_at", widget=Moment()), FieldPanel("due_at", widget=Moment())]),
                    FieldPanel("reveals"),
                    FieldRowPanel([FieldPanel("shuffles"), FieldPanel("is_open"), FieldPanel("is_public_practice")]),
                ],
                heading=_("Rules"),
                help_text=_("They hold for attempts begun from now on."),
            ),
        ],
        base_form_class=QuizForm,
    )

    def every(self) -> QuerySet[Quiz]:
        return Quiz.objects.annotate(attempt_count=Count("attempts")).order_by(F("slug"))


class QuizGroup(SnippetViewSetGroup):
    items = (QuizViewSet, ItemViewSet, BankViewSet)
    menu_label = _("Quizzes")
    menu_icon = "tasks"
    menu_order = 255
