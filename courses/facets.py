"""Narrowing a list by what its rows are: which choices there are, and how many rows each would leave. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: Any
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """``values_of`` gives the values of one row, of ``labels``: (value, what people call it) in the order shown."""

    name: str
    title: Any
    labels: Sequence[tuple[str, Any]]
    values_of: Callable[[Any], Collection[str]]

    def fits(self, row: Any, chosen: Mapping[str, set[str]]) -> bool:
        """Whether the row has one of the chosen values; every row does when none is chosen."""
        wanted = chosen.get(self.name)
        return not wanted or not wanted.isdisjoint(self.values_of(row))


@dataclass(frozen=True, slots=True)
class Shown:
    """A facet as readers see it: choices that some row has, or that they have chosen."""

    name: str
    title: Any
    choices: list[Choice]

    @property
    def is_open(self) -> bool:
        return any(choice.is_chosen for choice in self.choices)


def chosen_of(facets: Sequence[Facet], asked: Callable[[str], Sequence[str]]) -> dict[str, set[str]]:
    """What a request asks for, by facet; values that there are not are left out."""
    return {facet.name: set(asked(facet.name)) & {value for value, _label in facet.labels} for facet in facets}


def narrow[Row](
    rows: Sequence[Row], facets: Sequence[Facet], chosen: Mapping[str, set[str]]
) -> tuple[list[Row], list[Shown]]:
    """The rows that fit every facet, and the facets with counts.

    Within a facet one value is enough. A choice's count is of the rows that fit all other facets: what choosing it,
    too, would show.
    """
    left = [row for row in rows if all(facet.fits(row, chosen) for facet in facets)]
    return left, [_shown(facet, rows, facets, chosen) for facet in facets]


def _shown(facet: Facet, rows: Sequence[Any], facets: Sequence[Facet], chosen: Mapping[str, set[str]]) -> Shown:
    others = [row for row in rows if all(one.fits(row, chosen) for one in facets if one is not facet)]
    counts: dict[str, int] = {}
    for row in others:
        for value in facet.values_of(row):
            counts[value] = counts.get(value, 0) + 1
    mine = chosen.get(facet.name, set())
    choices = [
        Choice(value, label, counts.get(value, 0), value in mine)
        for value, label in facet.labels
        if value in counts or value in mine
    ]
    return Shown(facet.name, facet.title, choices)
