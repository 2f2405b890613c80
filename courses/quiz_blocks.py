"""The form in which an item is written in the back office: the declared format (docs/quizzes.md), field by field."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from grading.models import ItemBank
from grading.quizzes.items import MOST_PARTS


def begun(child: blocks.StructBlock, count: int, **more: Any) -> blocks.ListBlock:
    """A list that begins with so many empty ones, for its author to fill in."""
    return blocks.ListBlock(child, default=[child.get_default() for _place in range(count)], **more)


class Two(blocks.StructBlock):
    """A text in both languages."""

    th = blocks.TextBlock(label=_("in Thai"), rows=1)
    en = blocks.TextBlock(label=_("in English"), required=False, rows=1)


class MaybeTwo(blocks.StructBlock):
    """The same, where there need not be one."""

    th = blocks.TextBlock(label=_("in Thai"), required=False, rows=1)
    en = blocks.TextBlock(label=_("in English"), required=False, rows=1)


class Choice(blocks.StructBlock):
    text = Two(label=_("Choice"))
    correct = blocks.BooleanBlock(label=_("is right"), required=False)
    feedback = MaybeTwo(label=_("What to tell those who choose it"), required=False)


class Pair(blocks.StructBlock):
    left = Two(label=_("On the left"))
    right = Two(label=_("What belongs to it"))
    feedback = MaybeTwo(label=_("What to tell those who match it otherwise"), required=False)


class Wrong(blocks.StructBlock):
    answer = blocks.CharBlock(label=_("Typical wrong answer"))
    feedback = Two(label=_("What to tell those who give it"))


class RecordField(blocks.StructBlock):
    label = Two(label=_("Name of the field"))
    value = MaybeTwo(label=_("What stands in it"), required=False)
    accepted = blocks.ListBlock(
        blocks.CharBlock(), label=_("What is right"), default=[], help_text=_("None: it is right as it stands.")
    )
    options = blocks.ListBlock(Two(), label=_("To be chosen from"), default=[], help_text=_("None: it is typed."))
    feedback = MaybeTwo(label=_("What to tell those who leave or spoil it"), required=False)


class Parameter(blocks.StructBlock):
    name = blocks.CharBlock(label=_("Name"), help_text=_("In texts: {name} or {name:,}"))
    low = blocks.FloatBlock(label=_("from"), required=False)
    high = blocks.FloatBlock(label=_("to"), required=False)
    step = blocks.FloatBlock(label=_("in steps of"), required=False)
    choices = blocks.ListBlock(MaybeTwo(), label=_("or one of these"), default=[])


class Value(blocks.StructBlock):
    name = blocks.CharBlock(label=_("Name"))
    expression = blocks.CharBlock(label=_("Expression"), help_text="spent * 100 / budget")


class Kind(blocks.StructBlock):
    """What every kind may have: numbers that differ from learner to learner. Few items do: it is folded away."""

    parameters = blocks.ListBlock(Parameter(), label=_("Numbers that differ from learner to learner"), default=[])
    values = blocks.ListBlock(Value(), label=_("Computed from them"), default=[])
    where = blocks.ListBlock(
        blocks.CharBlock(), label=_("Conditions"), default=[], help_text=_("For example: spent < budget")
    )

    def get_form_layout(self) -> blocks.BlockGroup:
        return blocks.BlockGroup(
            [name for name in self.child_blocks if name not in Kind.base_blocks], settings=[*Kind.base_blocks]
        )


class Choices(Kind):
    choices = begun(Choice(), 4, label=_("Choices"), min_num=2, max_num=MOST_PARTS)
    shuffle = blocks.BooleanBlock(label=_("in another order for everybody"), required=False, default=True)


class Match(Kind):
    pairs = begun(Pair(), 3, label=_("Pairs"), min_num=2, max_num=MOST_PARTS)
    extra = blocks.ListBlock(Two(), label=_("On the right, belonging to nothing"), default=[])


class Order(Kind):
    steps = begun(Two(), 3, label=_("Steps, in their right order"), min_num=3, max_num=MOST_PARTS)


class Numeric(Kind):
    answer = blocks.CharBlock(label=_("Answer"), help_text=_("A number, or an expression."))
    tolerance = blocks.CharBlock(label=_("may differ by"), default="0")
    unit = MaybeTwo(label=_("Unit"), required=False)
    wrong = blocks.ListBlock(Wrong(), label=_("Typical wrong answers"), default=[])


class ShortText(Kind):
    accepted = blocks.ListBlock(
        blocks.CharBlock(), label=_("Accepted"), min_num=1, help_text=_("The result shows the first.")
    )
    exact = blocks.BooleanBlock(label=_("spaces and capitals count"), required=False)
    wrong = blocks.ListBlock(Wrong(), label=_("Typical wrong answers"), default=[])


class Record(Kind):
    fields = begun(RecordField(), 2, label=_("Fields"), min_num=2, max_num=MOST_PARTS)


class Question(blocks.StreamBlock):
    """One of the kinds."""

    single = Choices(label=_("One choice"), icon="radio-empty")
    multiple = Choices(label=_("Several choices"), icon="tasks")
    match = Match(label=_("Match"), icon="resubmit")
    order = Order(label=_("Put in order"), icon="list-ol")
    numeric = Numeric(label=_("A number"), icon="decimal")
    text = ShortText(label=_("Short text"), icon="pilcrow")
    record = Record(label=_("Fix this record"), icon="form")

    class Meta:
        min_num = 1
        max_num = 1
        collapsed = False


class Draw(blocks.StructBlock):
    """So many items of a pool. The site's policy lets no inline script run, which Wagtail's inline panels need."""

    bank = blocks.ChoiceBlock([], label=_("item bank"))
    pool = blocks.CharBlock(label=_("pool"), required=False, max_length=60, help_text=_("Empty: the whole bank."))
    difficulty = blocks.ChoiceBlock(
        [("1", _("easy")), ("2", _("middle")), ("3", _("hard"))], label=_("difficulty"), required=False
    )
    count = blocks.IntegerBlock(label=_("number of items"), min_value=1, max_value=100, default=8)


def draw_from(banks: Iterable[ItemBank]) -> Draw:
    """The block for somebody who may draw from these."""
    choices = [(str(bank.pk), str(bank)) for bank in banks]
    return Draw(local_blocks=[("bank", blocks.ChoiceBlock(choices, label=_("item bank")))])


# Names of ``Two`` and ``MaybeTwo`` fields: where the declared format allows a plain string.
_TEXTS = {"text", "feedback", "left", "right", "label", "value", "unit"}
_LISTS_OF_TEXTS = {"extra", "steps", "options"}


def to_block(declared: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is declared of an item's kind → the raw value of ``Question``."""
    value = {name: _in_form(name, one) for name, one in declared.items() if name in KINDS_FIELDS}
    value["parameters"] = [_parameter(name, one) for name, one in declared.get("parameters", {}).items()]
    value["values"] = [{"name": name, "expression": str(one)} for name, one in declared.get("values", {}).items()]
    return [{"type": declared["kind"], "value": value}]


KINDS_FIELDS = {
    *("choices", "shuffle", "pairs", "extra", "steps", "answer", "tolerance", "unit", "wrong", "accepted", "exact"),
    *("fields", "where"),
}


def _in_form(name: str, value: Any) -> Any:
    if isinstance(value, list):
        if name in _LISTS_OF_TEXTS:
            return [_two(one) for one in value]
        return [
            {inner: _in_form(inner, told) for inner, told in one.items()} if isinstance(one, Mapping) else str(one)
            for one in value
        ]
    if name in _TEXTS:
        return _two(value)
    return str(value) if name in ("answer", "tolerance") else value


def _two(value: Any) -> dict[str, str]:
    return dict(value) if isinstance(value, Mapping) else {"th": str(value), "en": str(value)}


def _parameter(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    choices = [_two(choice) for choice in one.get("choices", [])]
    return {"name": name, "low": one.get("from"), "high": one.get("to"), "step": one.get("step"), "choices": choices}


def from_block(value: Any) -> dict[str, Any]:
    """What the form holds → the declared format; empty things are left out."""
    raw = value.get_prep_value()
    if not raw:
        return {}
    kind = raw[0]["type"]
    found = _plain(raw[0]["value"])
    parameters, values = found.pop("parameters", []), found.pop("values", [])
    if parameters:
        found["parameters"] = {one["name"]: _declared(one) for one in parameters}
    if values:
        found["values"] = {one["name"]: one["expression"] for one in values}
    if kind in ("single", "multiple"):
        found.setdefault("shuffle", False)
    return {"kind": kind} | found


def _declared(one: Mapping[str, Any]) -> dict[str, Any]:
    if one.get("choices"):
        return {"choices": [_number_or_text(choice) for choice in one["choices"]]}
    names = (("low", "from"), ("high", "to"), ("step", "step"))
    return {told: one[name] for name, told in names if name in one}


def _number_or_text(choice: Mapping[str, str]) -> Any:
    try:
        return float(choice.get("th", ""))
    except ValueError:
        return choice


def _plain(value: Any) -> Any:
    """A raw block value without list wrappers, and without what is empty."""
    if isinstance(value, Mapping):
        plain = {name: _plain(one) for name, one in value.items()}
        return {name: one for name, one in plain.items() if one not in (None, "", [], {}, False)}
    if isinstance(value, list):
        return [
            _plain(one["value"] if isinstance(one, Mapping) and "value" in one and "type" in one else one)
            for one in value
        ]
    return value
