"""Levels as little bars; the words stand beside them."""

from django import template

from courses.competence import Standing

register = template.Library()


@register.filter
def level_bar(standing: Standing) -> list[str]:
    """The class of each box, from level 1 up to the framework's last."""
    boxes = []
    for level in range(1, standing.competency.framework.levels + 1):
        state = "is-shown" if level <= standing.shown else "is-stated" if level <= standing.stated else ""
        boxes.append(f"{state} is-target".strip() if level == standing.target else state)
    return boxes
