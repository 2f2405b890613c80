"""How an author writes the criteria of a capstone."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

from courses.quiz_blocks import MaybeTwo, Two


class CriterionBlock(blocks.StructBlock):
    name = Two(label=_("Criterion"))
    asks = MaybeTwo(label=_("What to look at"), required=False)
    weight = blocks.IntegerBlock(label=_("Weight"), min_value=1, max_value=10, default=1)
    levels = blocks.ListBlock(
        Two(),
        label=_("Levels, from the lowest to the highest"),
        min_num=2,
        max_num=6,
        help_text=_("The lowest brings no points, the highest all."),
    )

    class Meta:
        icon = "list-ol"
        label = _("Criterion")


class Criteria(blocks.StreamBlock):
    criterion = CriterionBlock()

    class Meta:
        min_num = 1
        max_num = 10


def as_rubric(criteria: Any) -> list[dict[str, Any]]:
    """The stream as ``capstones.rubrics`` reads it: plain data, which a project keeps as it was when it was sent."""
    return [
        {
            "name": _texts(block.value["name"]),
            "asks": _texts(block.value["asks"]),
            "weight": int(block.value["weight"]),
            "levels": [_texts(level) for level in block.value["levels"]],
        }
        for block in criteria
    ]


def _texts(value: Any) -> dict[str, str]:
    """``{"th", "en"}``; what is not translated stands in Thai."""
    thai = str(value.get("th") or "")
    return {"th": thai, "en": str(value.get("en") or "") or thai}
