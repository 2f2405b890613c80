"""Stand-ins for the learner's figures: read-only, made of a description that is data (``sandboxes.inside.figures``).

They answer like matplotlib's own what was described, ``get_…()`` methods and lists of lines or bars; what was not
described cannot be examined. matplotlib is not loaded for them.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING or __package__:
    from grading.inside.faults import CannotExamineError
    from sandboxes.inside import wire
else:  # a program inside a sandbox, beside its companions
    import wire
    from faults import CannotExamineError

_MODULES = {
    "Figure": "figure",
    "Axes": "axes",
    "Line2D": "lines",
    "Text": "text",
    "Legend": "legend",
    "AxesImage": "image",
    **dict.fromkeys(["Rectangle", "Wedge", "Polygon", "Circle", "FancyArrow", "Ellipse"], "patches"),
    **dict.fromkeys(["PathCollection", "PolyCollection", "LineCollection", "QuadMesh"], "collections"),
    **dict.fromkeys(["XAxis", "YAxis"], "axis"),
}
_OTHER_NAMES = {"legend_": "legend", "title": "title", "_suptitle": "suptitle"}


class Artist:
    """One part of a figure."""

    __slots__ = ("_got", "_kind", "_parts")
    _got: dict[str, Any]
    _kind: str
    _parts: dict[str, Any]

    def __init__(self, kind: str, got: dict[str, Any], parts: dict[str, Any]) -> None:
        for name, value in (("_kind", kind), ("_got", got), ("_parts", parts)):
            object.__setattr__(self, name, value)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What ``isinstance`` asks: the class of matplotlib's that this stands for."""
        module = sys.modules.get(f"matplotlib.{_MODULES.get(self._kind, '')}")
        return getattr(module, self._kind, Artist)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        parts, got = self._parts, self._got
        if name in parts or _OTHER_NAMES.get(name) in parts:
            return parts[name if name in parts else _OTHER_NAMES[name]]
        key = name.removeprefix("get_")
        if key != name and key in got:
            return self._titled if key == "title" and type(got[key]) is dict else lambda *_, **__: got[key]
        if key != name and key in parts:
            return lambda *_, **__: parts[key]
        if name in ("gca", "has_data") and name in got:
            return lambda *_, **__: got[name]
        raise CannotExamineError("picture")

    def _titled(self, loc: str = "center") -> Any:
        return self._got["title"].get(loc)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise CannotExamineError("picture")

    def __eq__(self, other: object) -> bool:
        if other is None:
            return False
        raise CannotExamineError("compared")

    def __hash__(self) -> int:
        raise CannotExamineError("compared")

    def __repr__(self) -> str:
        return f"<{self._kind}>"


class Container(tuple[Any, ...]):
    """Bars that belong together, as ``ax.containers`` has them."""

    def __new__(cls, members: list[Any], about: Artist) -> "Container":
        made = super().__new__(cls, members)
        made.patches, made._about = list(members), about  # type: ignore[attr-defined]
        return made

    def __getattr__(self, name: str) -> Any:
        if name == "_about":
            raise AttributeError(name)
        return getattr(self._about, name)


def picture(data: Any, number: Any) -> Any:
    """The figure of this description, or its axes of that number. Raises ``CannotExamineError``."""
    try:
        figure = _artist(wire.decode(data))
        axes = figure._parts["axes"]
        current = figure._got.get("current")
        if current is not None:
            figure._got["gca"] = axes[current]
        for one in axes:
            one._parts["figure"] = figure
        return figure if number is None else axes[number]
    except (wire.WireError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise CannotExamineError("garbled") from error


def _artist(about: Any) -> Artist:
    if type(about) is not dict or type(about["kind"]) is not str:
        raise ValueError("not a part of a figure")
    got, parts = dict(about["get"]), dict(about["is"])
    for name, part in about["has"].items():
        if type(part) is list:
            parts[name] = [_artist(one) for one in part]
        elif type(part) is dict and "kind" not in part:
            parts[name] = {key: _artist(one) for key, one in part.items()}
        else:
            parts[name] = None if part is None else _artist(part)
    artist = Artist(about["kind"], got, parts)
    if about["kind"] == "Axes":
        _complete(artist)
    return artist


def _complete(axes: Artist) -> None:
    """What matplotlib offers twice is made here from what was told once."""
    parts, got = axes._parts, axes._got
    patches = parts["patches"]
    parts["containers"] = [
        Container([patches[n] for n in one._got.get("members", ())], one) for one in parts["containers"]
    ]
    for axis in ("xaxis", "yaxis"):
        parts[axis]._parts["label"] = label = parts[axis]._parts["label"]
        parts[f"{axis[0]}ticklabels"] = parts[axis]._parts["ticklabels"]
        parts[axis]._parts["axes"] = axes
        label._got.setdefault("text", "")
    got.pop("lines", None)
    labels = got.get("legend_handles_labels")
    if type(labels) is tuple:
        handles = [Artist("handle", {"label": one}, {}) for one in labels[0]]
        got["legend_handles_labels"] = (handles, labels[1])


def stand_for_pyplot(figures: Callable[[], list[Any]]) -> None:
    """From now on pyplot's current figure is the learner's, unless a check has drawn one of its own."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - where the author asks it

    own_figure, own_axes, own_numbers = plt.gcf, plt.gca, plt.get_fignums

    def gcf() -> Any:
        found = [] if own_numbers() else figures()
        return found[-1] if found else own_figure()

    def gca() -> Any:
        found = [] if own_numbers() else figures()
        return found[-1].gca() if found and found[-1]._parts["axes"] else own_axes()

    def get_fignums() -> list[int]:
        return own_numbers() or list(range(1, len(figures()) + 1))

    plt.gcf, plt.gca, plt.get_fignums = gcf, gca, get_fignums
