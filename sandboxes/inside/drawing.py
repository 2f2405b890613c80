"""Figures that are drawn without doing again what is known: most of a display run's time went there, where it draws.

matplotlib lays a figure out to see how much room it takes, then lays it out once more and draws it; of each of its
texts it asks some four times which fonts it has and how it lies. Here a figure is drawn once and its margins are cut
off. Done before a process is forked, it holds for its children.
"""

import functools
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import _text_helpers, _tight_bbox, cbook, image, rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontManager, FontProperties
from matplotlib.text import Text
from matplotlib.transforms import Bbox

MAX_TEXTS = 4096  # whose layout is kept
MARGIN = 64  # pixels around the figure that may be drawn on as well
MAX_SIDE = 1 << 14  # pixels of a figure that is given margins: those of a long one take more memory than it does
# What a figure that is shown inline is printed with, when nothing else is asked for.
INLINE = {"format": "png", "bbox_inches": "tight"}
COLOURS = ("facecolor", "edgecolor")

_wrapped: list[None] = []  # grows where a text is wrapped: at the edge of what is drawn on


def take_shortcuts() -> None:
    """Take them all, in this process and those that are forked from it."""
    _find_fonts_once()
    _lay_text_out_once()
    _draw_once()


def _is_matplotlibs[F: Callable[..., Any]](function: F) -> F:
    """Warnings of matplotlib's name the first line that is not its own: the learner's, and not one of these."""
    own = str(Path(matplotlib.__file__).with_name(Path(__file__).name))
    function.__code__ = function.__code__.replace(co_filename=own)
    return function


def _find_fonts_once() -> None:
    find = FontManager._find_fonts_by_props
    known: dict[Any, tuple[Any, ...]] = {}
    names = [name for name in rcParams if name.startswith("font.")]

    @_is_matplotlibs
    def _find_fonts_by_props(self: Any, prop: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        if not isinstance(prop, FontProperties) or arguments or options:
            return find(self, prop, *arguments, **options)
        key = (id(self), hash(prop), _settings(names))
        if key not in known:
            found = find(self, prop)
            if len(found) < len(prop.get_family()):
                return found  # with a warning, each time
            known[key] = tuple(found)
        return list(known[key])

    FontManager._find_fonts_by_props = _find_fonts_by_props


def _lay_text_out_once() -> None:
    lay_out, warn = Text._get_layout, _text_helpers.warn_on_missing_glyph
    known: dict[Any, tuple[Any, ...]] = {}
    warned: list[None] = []
    loud: set[Any] = set()  # whose letters are missing: that is to be said of every figure
    names = [name for name in rcParams if name.startswith(("font.", "mathtext.", "text."))]

    @_is_matplotlibs
    def warn_on_missing_glyph(*about: Any) -> None:
        warned.append(None)
        warn(*about)

    @_is_matplotlibs
    def _get_layout(self: Any, renderer: Any) -> Any:
        __tracebackhide__ = True
        if self._wrap:
            _wrapped.append(None)
        if type(renderer) is not RendererAgg or self._wrap:
            return lay_out(self, renderer)
        said = (self._text, hash(self._fontproperties), self._usetex, self._parse_math)
        lies = (self._linespacing, self._get_multialignment(), self._horizontalalignment, self._verticalalignment)
        turned = (self.get_rotation(), self.get_rotation_mode(), self.get_figure(root=True).dpi, renderer.dpi)
        key = (said, lies, turned, _settings(names))
        laid_out, before = known.get(key), len(warned)
        if laid_out is None:
            laid_out = lay_out(self, renderer)
            if len(warned) > before:
                loud.add(key)
            if len(known) == MAX_TEXTS:
                known.clear()
            if key not in loud:
                known[key] = laid_out
        return laid_out

    Text._get_layout, _text_helpers.warn_on_missing_glyph = _get_layout, warn_on_missing_glyph


def _settings(names: Sequence[str]) -> tuple[Any, ...]:
    values = [rcParams._get(name) for name in names]
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def _draw_once() -> None:
    print_figure = FigureCanvasAgg.print_figure

    @functools.wraps(print_figure)
    def _print_figure(self: Any, filename: Any, *arguments: Any, **options: Any) -> Any:
        __tracebackhide__ = True
        is_inline = not arguments and options.keys() == {*INLINE, *COLOURS, "dpi"} and type(filename) is io.BytesIO
        if is_inline and INLINE.items() <= options.items():
            dpi, colours = options["dpi"], [options[name] for name in COLOURS]
            is_said = isinstance(dpi, (int, float)) and not any(
                colour is None or cbook._str_equal(colour, "auto") for colour in colours
            )
            picture = _picture(self, dpi, *colours) if is_said else None
            if picture is not None:
                return image.imsave(filename, picture, format="png", origin="upper", dpi=dpi)
        return print_figure(self, filename, *arguments, **options)

    FigureCanvasAgg.print_figure = _is_matplotlibs(_print_figure)


@_is_matplotlibs
def _picture(canvas: Any, dpi: float, facecolor: Any, edgecolor: Any) -> memoryview | None:
    """The pixels of a figure as far as it is drawn on; None where its margins make a difference."""
    __tracebackhide__ = True
    figure, before = canvas.figure, len(_wrapped)
    if figure.get_layout_engine() is not None or max(figure.get_size_inches()) * dpi > MAX_SIDE:
        return None
    with (
        cbook._setattr_cm(figure, dpi=dpi),
        cbook._setattr_cm(canvas, manager=None, _device_pixel_ratio=1, _is_saving=True),
        figure._cm_set(facecolor=facecolor, edgecolor=edgecolor),
    ):
        renderer = canvas.get_renderer() if any(axes.get_axes_locator() for axes in figure.axes) else None
        beyond = Bbox(figure.bbox_inches.get_points()).padded(MARGIN / dpi)
        restore = _tight_bbox.adjust_bbox(figure, beyond, renderer, canvas.fixed_dpi)
        try:
            FigureCanvasAgg.draw(canvas)
            renderer = canvas.get_renderer()
        finally:
            restore()
        room = figure.get_tightbbox(renderer).padded(rcParams["savefig.pad_inches"]).get_points() * dpi + MARGIN
    (left, bottom), (right, top) = room
    width, height = int(renderer.width), int(renderer.height)
    if len(_wrapped) > before or not (0 <= left < right <= width and 0 <= bottom < top <= height):
        return None
    pixels = np.asarray(renderer.buffer_rgba())
    rows = slice(height - math.ceil(top), height - math.floor(bottom))
    return memoryview(np.ascontiguousarray(pixels[rows, math.floor(left) : math.ceil(right)]))
