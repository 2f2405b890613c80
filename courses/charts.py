"""Bar charts as plain numbers, for a template to draw as SVG. Pure: no library, no script, no inline style."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 640, 200  # of the drawing of a column chart, in its own units
ABOVE, BELOW = 26, 30  # room for the numbers over the columns and the labels under them
ROW = 30  # height of one line of a row chart
LABELS, NUMBERS = 160, 140  # width kept for the labels of a row chart, and for the numbers behind its bars


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it stands, its label below, the number above."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)

    @property
    def number_y(self) -> float:
        return round(self.y - 6, 1)


@dataclass(frozen=True, slots=True)
class ColumnChart:
    """Counts side by side. ``name`` tells charts of one page apart, for the references within the drawing."""

    name: str
    title: str
    description: str
    label_heading: str
    value_heading: str
    columns: Sequence[Column]
    width: int = WIDTH
    height: int = ABOVE + HEIGHT + BELOW
    floor: int = ABOVE + HEIGHT
    label_y: int = ABOVE + HEIGHT + BELOW - 10

    @property
    def is_empty(self) -> bool:
        return not any(column.value for column in self.columns)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a row chart: a label and two shares, the second containing the first."""

    label: str
    y: int
    inner: float
    outer: float
    inner_width: float
    outer_width: float

    @property
    def text_y(self) -> int:
        return self.y + 20

    @property
    def bar_y(self) -> int:
        return self.y + 4

    @property
    def numbers(self) -> str:
        return f"{self.inner:.0%} → {self.outer:.0%}"


@dataclass(frozen=True, slots=True)
class RowChart:
    name: str
    title: str
    description: str
    rows: Sequence[Row]
    labels: int = LABELS
    numbers_x: int = WIDTH - NUMBERS + 8
    width: int = WIDTH

    @property
    def height(self) -> int:
        return ROW * len(self.rows)


def columns(pairs: Sequence[tuple[str, int]]) -> list[Column]:
    """(label, count) pairs → columns over the whole width, the tallest as high as there is room."""
    most = max((value for _, value in pairs), default=0) or 1
    step = WIDTH / max(len(pairs), 1)
    return [
        Column(
            label,
            value,
            x=round(place * step + step * 0.12, 1),
            y=round(ABOVE + HEIGHT - HEIGHT * value / most, 1),
            width=round(step * 0.76, 1),
            height=round(HEIGHT * value / most, 1),
        )
        for place, (label, value) in enumerate(pairs)
    ]


def rows(triples: Sequence[tuple[str, float, float]]) -> list[Row]:
    """(label, inner share, outer share) → lines of bars; shares are 0 to 1."""
    room = WIDTH - LABELS - NUMBERS
    return [
        Row(
            label if len(label) <= 16 else f"{label[:15]}…",
            place * ROW,
            inner,
            outer,
            round(room * inner, 1),
            round(room * outer, 1),
        )
        for place, (label, inner, outer) in enumerate(triples)
    ]
