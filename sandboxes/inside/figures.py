"""A figure as plain data: what it says and shows, for checks that ask its title, its lines or the heights of its bars.

What cannot be told as data is left out. Nothing of matplotlib is loaded for it.
"""

import contextlib
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from sandboxes.inside import wire
else:
    import wire

Description = dict[str, Any]  # {"kind", "get": what get_…() returns, "has": parts, by attribute}

MAX_PARTS = 2_000  # of one list

_COMMON = "label alpha visible zorder"
_TEXT = f"{_COMMON} text fontsize size fontfamily family fontname name fontweight weight fontstyle style color position"
_TEXT += " rotation horizontalalignment ha verticalalignment va"
_LINE = f"{_COMMON} xdata ydata xydata color c linestyle ls linewidth lw marker markersize ms markerfacecolor mfc"
_LINE += " markeredgecolor mec drawstyle"
_PATCH = f"{_COMMON} x y xy width height center radius facecolor fc edgecolor ec linewidth lw linestyle ls hatch fill"
_PATCH += " angle"
_COLLECTION = f"{_COMMON} offsets sizes facecolor facecolors edgecolor edgecolors linewidth linewidths array clim"
_COLLECTION += " segments hatch"
_IMAGE = f"{_COMMON} array clim extent size"
_AXES = "xlabel ylabel xlim ylim xbound ybound xscale yscale xticks yticks aspect facecolor fc label alpha visible"
_AXES += " autoscale_on navigate zlabel zlim zticks theta_direction rmax"
_FIGURE = "size_inches dpi facecolor edgecolor label figwidth figheight visible suptitle supxlabel supylabel"
_ATTRIBUTES = ("theta1", "theta2", "r", "width", "datavalues", "orientation", "name", "norm_name", "number")


def is_figure(value: Any) -> bool:
    """Whether a value is a figure or axes, without loading anything for that."""
    kinds = [("matplotlib.figure", "Figure"), ("matplotlib.axes", "Axes")]
    modules = [(sys.modules.get(module), name) for module, name in kinds]
    return any(module is not None and isinstance(value, getattr(module, name, ())) for module, name in modules)


def describe(value: Any) -> tuple[Description, int | None]:
    """The description of the whole figure, and which of its axes the value is (None: the figure itself)."""
    if hasattr(value, "axes") and isinstance(value.axes, list):
        return _figure(value), None
    axes = list(value.figure.axes)
    return _figure(value.figure), next(n for n, one in enumerate(axes) if one is value)


def _figure(figure: Any) -> Description:
    axes = list(figure.axes)
    current = next((n for n, one in enumerate(axes) if axes and one is figure.gca()), None)
    has = {"axes": [_axes(one) for one in axes[:MAX_PARTS]], "texts": _all(figure.texts, _TEXT)}
    has["legends"] = [_legend(one) for one in figure.legends]
    return _described(figure, _FIGURE, {"current": current}, **has) | {"kind": "Figure"}


def _axes(axes: Any) -> Description:
    titles = {where: axes.get_title(loc=where) for where in ("center", "left", "right")}
    legend = axes.get_legend()
    handles, labels = axes.get_legend_handles_labels()
    more = {
        "title": titles,
        "legend_handles_labels": ([getattr(one, "get_label", str)() for one in handles], labels),
        "position": tuple(axes.get_position().bounds),
        "has_data": axes.has_data(),
    }
    return _described(
        axes,
        _AXES,
        more,
        title=_described(axes.title, _TEXT),
        lines=_all(axes.lines, _LINE),
        patches=_all(axes.patches, _PATCH),
        collections=_all(axes.collections, _COLLECTION),
        images=_all(axes.images, _IMAGE),
        texts=_all(axes.texts, _TEXT),
        containers=[_container(axes, one) for one in axes.containers[:MAX_PARTS]],
        legend=None if legend is None else _legend(legend),
        xaxis=_axis(axes.xaxis),
        yaxis=_axis(axes.yaxis),
        spines={name: _described(one, _PATCH) for name, one in axes.spines.items()},
    ) | {"kind": "Axes"}


def _axis(axis: Any) -> Description:
    labels = _all(axis.get_ticklabels(), _TEXT)
    grid = _all(axis.get_gridlines(), "visible color linestyle linewidth alpha")
    more = {"label_text": axis.get_label_text(), "scale": axis.get_scale(), "ticklocs": axis.get_ticklocs()}
    return _described(axis, _COMMON, more, label=_described(axis.label, _TEXT), ticklabels=labels, gridlines=grid)


def _legend(legend: Any) -> Description:
    title = _described(legend.get_title(), _TEXT)
    more = {"frame_on": legend.get_frame_on(), "loc": getattr(legend, "_loc", None)}
    return _described(legend, _COMMON, more, title=title, texts=_all(legend.get_texts(), _TEXT))


def _container(axes: Any, container: Any) -> Description:
    """Which of the axes' patches it holds; a container of anything else is told by its label."""
    own = {id(one): n for n, one in enumerate(axes.patches)}
    held = [own[id(one)] for one in container if id(one) in own]
    return _described(container, "label", {"members": held})


def _all(artists: Iterable[Any], names: str) -> list[Description]:
    return [_described(one, names) for one in list(artists)[:MAX_PARTS]]


def _described(artist: Any, names: str, more: dict[str, Any] | None = None, **has: Any) -> Description:
    """{"kind", "get", "has", "is"}: what is plain of an artist; ``names`` are those of its get_… methods."""
    got = dict(more or {})
    for name in names.split():
        ask = getattr(artist, f"get_{name}", None)
        if ask is not None and name not in got:
            with contextlib.suppress(Exception):
                got[name] = _unmasked(ask())
    own = {name: getattr(artist, name, None) for name in _ATTRIBUTES}
    values = {name: value for name, value in own.items() if value is not None and not callable(value)}
    return {"kind": type(artist).__name__, "get": _plain(got), "is": _plain(values), "has": has}


def _unmasked(value: Any) -> Any:
    """What is drawn is often a masked array, mostly with nothing masked."""
    if type(value).__name__ == "MaskedArray":
        return value.filled(float("nan")) if value.mask.any() else value.data
    return value


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    try:
        wire.encode(value)
    except wire.NotPlainError:
        return False
    return True
