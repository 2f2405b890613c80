"""An item as its author writes it: saved as the next version of what is declared."""

from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail import blocks
from wagtail.admin.forms import WagtailAdminModelForm
from wagtail.blocks import BlockField

from courses import quiz_blocks
from courses.owning import OwnedForm
from grading import providers
from grading.models import ItemBank, Quiz, QuizDraw, QuizItem, in_language
from grading.quizzes import drawing, items
from grading.quizzes.items import BadItem, Problem

_TWO = ("prompt", "source", "explanation")


def _text(label: Any, rows: int, **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=items.LONGEST_TEXT, widget=widget, **more)


class QuizItemForm(WagtailAdminModelForm):
    """Saving makes the next version, unless nothing has changed. Attempts under way keep the version they met."""

    prompt_th = _text(
        gettext_lazy("Question in Thai"), 4, help_text=gettext_lazy("Markdown: **bold**, `code`, tables.")
    )
    prompt_en = _text(gettext_lazy("Question in English"), 4, required=False)
    content = BlockField(block=quiz_blocks.Question(), label=gettext_lazy("Kind and answers"))
    explanation_th = _text(gettext_lazy("Explanation in Thai"), 3, required=False)
    explanation_en = _text(gettext_lazy("Explanation in English"), 3, required=False)
    source_th = _text(
        gettext_lazy("Source in Thai"), 2, help_text=gettext_lazy("Where it says so; shown with the result.")
    )
    source_en = _text(gettext_lazy("Source in English"), 2, required=False)
    points = forms.FloatField(label=gettext_lazy("points"), initial=1, min_value=0.01, max_value=100)
    level = forms.TypedChoiceField(
        label=gettext_lazy("difficulty"),
        coerce=int,
        initial=2,
        choices=[(1, gettext_lazy("easy")), (2, gettext_lazy("middle")), (3, gettext_lazy("hard"))],
    )
    topic = forms.CharField(
        label=gettext_lazy("pool"), max_length=60, required=False, help_text=gettext_lazy("What quizzes draw by: a3")
    )
    tags = forms.CharField(label=gettext_lazy("tags"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = self.instance.current if self.instance.pk else None
        self.before: dict[str, Any] = dict(version.content) if version else {}
        if version is None:
            kind = self.initial.get("kind") or "single"
            self.initial["content"] = quiz_blocks.Question().to_python([{"type": kind, "value": {}}])
        for name, value in self._initial().items():
            self.initial.setdefault(name, value)
        bank: Any = self.fields["bank"]
        bank.queryset = providers.visible(ItemBank.objects.all(), self.for_user)
        if self.instance.pk:
            # For ever the same: statistics and loaded files know the item by them.
            for name in ("bank", "code"):
                self.fields[name].disabled = True

    def _initial(self) -> dict[str, Any]:
        declared = self.before
        if not declared:
            return {}
        found: dict[str, Any] = {
            "points": declared.get("points", 1),
            "level": declared.get("difficulty", 2),
            "topic": declared.get("pool", ""),
            "tags": ", ".join(declared.get("tags", [])),
            "content": quiz_blocks.Question().to_python(quiz_blocks.to_block(declared)),
        }
        for name in _TWO:
            text = declared.get(name, "")
            for language in items.LANGUAGES:
                found[f"{name}_{language}"] = text if isinstance(text, str) else text.get(language, "")
        return found

    def declared(self) -> dict[str, Any]:
        """What the form says, in the declared format."""
        told = self.cleaned_data
        found: dict[str, Any] = {"id": told["code"], "points": told["points"], "difficulty": told["level"]}
        if told["topic"]:
            found["pool"] = told["topic"]
        if told["tags"].strip():
            found["tags"] = [tag.strip() for tag in told["tags"].split(",") if tag.strip()]
        for name in _TWO:
            texts = {language: told[f"{name}_{language}"].strip() for language in items.LANGUAGES}
            if any(texts.values()):
                found[name] = {language: text for language, text in texts.items() if text}
        return found | quiz_blocks.from_block(told["content"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if self.errors:
            return cleaned
        try:
            item = items.read(self.declared())
            drawing.check(item)
        except BadItem as error:
            for problem in error.problems:
                self.add_error(None, said(problem))
            return cleaned
        if not self.instance.pk and QuizItem.objects.filter(bank=cleaned["bank"], code=cleaned["code"]).exists():
            self.add_error("code", _("The bank has an item with this code already."))
        self.instance.kind, self.instance.pool, self.instance.difficulty = item.kind, item.pool, item.difficulty
        return cleaned

    def save(self, commit: bool = True) -> QuizItem:
        item: QuizItem = super().save(commit)
        if commit:
            item.bank.put(self.declared(), author=self.for_user)
        return item


class QuizForm(OwnedForm):
    """A quiz and what it draws."""

    drawn = BlockField(
        block=blocks.ListBlock(quiz_blocks.Draw(), min_num=1, max_num=20), label=gettext_lazy("What is drawn")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        draws = QuizDraw.objects.filter(quiz=self.instance) if self.instance.pk else QuizDraw.objects.none()
        banks = providers.visible(ItemBank.objects.all(), self.for_user)
        banks |= ItemBank.objects.filter(pk__in=draws.values("bank"))
        self.fields["drawn"] = BlockField(
            block=blocks.ListBlock(quiz_blocks.draw_from(banks.distinct()), min_num=1, max_num=20),
            label=gettext_lazy("What is drawn"),
        )
        if self.instance.pk:
            names = ("pool", "difficulty", "count")
            found = [{"bank": str(draw.bank_id)} | {name: getattr(draw, name) for name in names} for draw in draws]
            for draw in found:
                draw["difficulty"] = str(draw["difficulty"] or "")
            self.initial["drawn"] = self.fields["drawn"].block.to_python(found)
        else:
            bank: ItemBank | None = self.initial.get("bank")
            all_of_it = {"bank": str(bank.pk), "count": min(bank.items.count(), 8) or 8} if bank else {}
            self.initial["drawn"] = self.fields["drawn"].block.to_python([all_of_it])

    def save(self, commit: bool = True) -> Quiz:
        quiz: Quiz = super().save(commit)
        if commit:
            with transaction.atomic():
                QuizDraw.objects.filter(quiz=quiz).delete()
                QuizDraw.objects.bulk_create(
                    QuizDraw(
                        quiz_id=quiz.pk,
                        bank_id=int(draw["bank"]),
                        pool=draw["pool"] or "",
                        difficulty=int(draw["difficulty"]) if draw["difficulty"] else None,
                        count=draw["count"],
                        sort_order=order,
                    )
                    for order, draw in enumerate(self.cleaned_data["drawn"])
                )
        return quiz


def said(problem: Problem) -> str:
    """A problem in the reader's language, with its place."""
    text = in_language({"th": problem.th, "en": problem.en})
    return f"{problem.where}: {text}" if problem.where else text
