"""What an author may place in a page: what is their own, and what is common. The choosers offer no more; a form that
was made by hand is refused here."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from wagtail.admin.forms import WagtailAdminPageForm
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.permissions import policy_registry

from courses.events import taking_part
from grading import providers
from grading.models import Exercise, Quiz

Reference = tuple[Any, str]


class LessonForm(WagtailAdminPageForm):
    """A lesson. What somebody else has placed in it stays, whoever saves."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if "body" in cleaned:
            there = _references(self.instance.body) if self.instance.pk else set()
            new = _references(cleaned["body"]) - there
            if busy := taking_part.still_secret([pk for model, pk in new if model is Exercise]):
                names = ", ".join(exercise.title for exercise in busy)
                text = _("These belong to an event that is not over: a course would show them early. %(names)s")
                self.add_error("body", text % {"names": names})
            if foreign := list(_foreign(new, self.for_user)):
                names = ", ".join(sorted(foreign))
                self.add_error(
                    "body", _("You cannot place these here: they belong to others. %(names)s") % {"names": names}
                )
        return cleaned


class ModuleForm(WagtailAdminPageForm):
    """A module, with a quiz at its end that may be chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields.get("quiz")
        if field is not None:
            mine = providers.visible(Quiz.objects.all(), self.for_user)
            field.queryset = mine | Quiz.objects.filter(pk=self.instance.quiz_id)


def _references(body: Any) -> set[Reference]:
    found = body.stream_block.extract_references(body)
    return {(model, str(pk)) for model, pk, _model_path, _content_path in found}


def _foreign(references: Iterable[Reference], person: Any) -> Iterable[str]:
    """What of it the person could not have chosen."""
    wanted: dict[Any, set[str]] = {}
    for model, pk in references:
        wanted.setdefault(model, set()).add(pk)
    for model in (Exercise, Quiz, get_image_model(), get_document_model()):
        keys = wanted.get(model, set())
        mine = (
            {str(pk) for pk in _choosable(model, person).filter(pk__in=keys).values_list("pk", flat=True)}
            if keys
            else set()
        )
        yield from (f"{model._meta.verbose_name} {pk}" for pk in keys - mine)


def _choosable(model: Any, person: Any) -> Any:
    if model in (Exercise, Quiz):
        return providers.visible(model.objects.all(), person)
    return policy_registry.get_by_type(model).instances_user_has_permission_for(person, "choose")
