"""Figures of a display run are drawn once and cut to size; stock matplotlib lays them out first. They look the same."""

import json
import re
import subprocess

import pytest

from sandboxes.environments import DEFAULT_FILE
from sandboxes.isolation import SHARE

from .pictures import look_alike, opened

INSIDE = DEFAULT_FILE.parent / "inside"
SET_UP = """
import matplotlib.pyplot as plt, numpy as np, pandas as pd
chosen = np.random.default_rng(1)
hours, n = chosen.integers(3, 40, 60), chosen.integers(9, 99, 60)
frame = pd.DataFrame({"month": np.arange(60) % 12, "hours": hours, "n": n})
def write(x, y, text, **options):
    plt.gca().axis("off")
    plt.text(x, y, text, **options)
"""
FIGURES = {
    "bars": "frame.groupby('month')['hours'].sum().plot(kind='bar'); plt.title('ชั่วโมงอบรม'); plt.xlabel('เดือน')",
    "a pie": "plt.figure(figsize=(5, 5)); plt.pie([1, 2], labels=['ใต้', 'กลาง'], autopct='%.0f%%')",
    "points": "plt.scatter(frame.hours, frame.n, label='ก'); plt.legend(); plt.title(r'$\\alpha > \\frac{1}{2}$')",
    "large letters": "plt.rcParams['font.size'] = 16; plt.plot([1, 2]); plt.ylabel('สอง\\nบรรทัด'); plt.xlabel('ค่า')",
    "an arrow": "plt.plot([1, 2, 3]); plt.annotate('สูง', (2, 3), (.5, 2.5), arrowprops={'arrowstyle': '->'})",
    "turned text": "plt.plot([1e6, 3e6]); plt.text(0, 2e6, 'ก\\nข', rotation=30, rotation_mode='anchor')",
    "a square": "plt.imshow(chosen.random((3, 3))); plt.colorbar(label='ระดับ'); plt.xticks(range(3), list('กขค'))",
    "a circle": "plt.subplot(projection='polar').plot([0, 1], [1, 2])",
    "three dimensions": "plt.figure().add_subplot(projection='3d').scatter(*chosen.random((3, 20)))",
    "boxes": "frame.boxplot(column='hours', by='month', rot=45)",
    "many": "pd.plotting.scatter_matrix(frame, figsize=(5, 5))",
    "an inset": "axes = plt.figure().gca(); axes.plot([1, 2]); axes.inset_axes([.6, .1, .3, .3]).plot([2, 1])",
    "two scales": "plt.plot([1, 2]); plt.twinx().plot([9, 3], 'r'); plt.ylabel('อีก')",
    "another font": "plt.rcParams['font.family'] = 'DejaVu Sans'; plt.plot([1]); plt.title('x'); plt.show()\n"
    "plt.rcParams['font.family'] = 'Sarabun'; plt.plot([1]); plt.title('x')",
    "another resolution": "plt.figure(dpi=50).gca().set_title('x'); plt.show(); plt.figure(dpi=150).gca()",
    "subfigures": "[part.subplots().plot([1, 2]) for part in plt.figure().subfigures(1, 2)]",
    "a divider": "from mpl_toolkits.axes_grid1 import make_axes_locatable as divide\naxes = plt.figure().gca()\n"
    "axes.imshow(chosen.random((4, 3))); divide(axes).append_axes('right', '20%').plot([1, 2])",
    "coloured around": "plt.figure(facecolor='lightblue').gca().plot([1, 2])",
    "coloured as shown": "%config InlineBackend.print_figure_kwargs = {'facecolor': 'pink', 'bbox_inches': 'tight'}\n"
    "plt.plot([1, 2]); plt.show()\n%config InlineBackend.print_figure_kwargs = {'bbox_inches': 'tight'}",
    "coloured by numbers": "%config InlineBackend.print_figure_kwargs = "
    "{'facecolor': np.array([1, .8, .8]), 'bbox_inches': 'tight'}\nplt.plot([1, 2]); plt.show()\n"
    "%config InlineBackend.print_figure_kwargs = {'bbox_inches': 'tight'}",
    "twice as fine": "%config InlineBackend.figure_formats = ['retina']\n"
    "plt.plot([1, 2]); plt.show()\n%config InlineBackend.figure_formats = ['png']",
    "as high as wide": "plt.figure(figsize=(8, 3)); plt.pie([1, 2]); plt.figure(); plt.axes().set_aspect('equal')",
    "placed by what is drawn on": "from matplotlib.transforms import Bbox\n"
    "place = lambda axes, drawn: Bbox.from_bounds(.1, .1, .8, drawn.points_to_pixels(1) / 3)\n"
    "plt.axes().set_axes_locator(place)",
    "told that it is kept": "figure = plt.figure(); figure.gca()\n"
    "told = figure.canvas.mpl_connect('draw_event', lambda event: event.canvas.is_saving() or 1 / 0)",
    # The same words, another way: nothing of the first is taken for the second.
    "another sans serif": "plt.rcParams.update({'font.family': 'sans-serif', 'font.sans-serif': ['DejaVu Sans']})\n"
    "write(1, .5, 'Wim', size=90, ha='right'); plt.show()\n"
    "plt.rcParams['font.sans-serif'] = ['Sarabun']; write(1, .5, 'Wim', size=90, ha='right')",
    "another formula": "plt.rcParams['mathtext.fontset'] = 'stixsans'\n"
    "write(1, .5, '$Wim^2$', size=90, ha='right'); plt.show()\n"
    "plt.rcParams['mathtext.fontset'] = 'cm'; write(1, .5, '$Wim^2$', size=90, ha='right')",
    "other places": "for ha, va in (('left', 'top'), ('right', 'bottom')):\n"
    "    write(.5, .5, 'Wim', size=60, ha=ha, va=va, multialignment='center')",
    "other lines": "[write(x, .2, 'W\\nW', size=40, linespacing=x * 4) for x in (.2, .6)]",
    "no formula": "[write(1, x, '$W_i$', size=60, ha='right', parse_math=x > .5) for x in (.2, .6)]",
}
# Those where the margins make a difference are drawn as stock matplotlib does.
AS_STOCK = {
    "far outside": "plt.plot([1]); plt.text(-.6, 1, 'ไกลออกไปนอกกรอบ', transform=plt.gca().transAxes)",
    "wrapped": "plt.text(.5, .5, 'ยาวมาก ' * 30, wrap=True)",
    "with a layout": "plt.subplots(2, 2, layout='constrained')",
    "saved": "from IPython.display import Image, display\nimport io\nkept = io.BytesIO(); plt.plot([1, 2])\n"
    "plt.savefig(kept, format='png', bbox_inches='tight', transparent=True); plt.close()\n"
    "display(Image(kept.getvalue()))",
    **{
        f"{name} of {value}": "%config InlineBackend.print_figure_kwargs = "
        f"{{'{name}': {value}, 'bbox_inches': 'tight'}}\nplt.plot([1, 2]); plt.show()\n"
        "%config InlineBackend.print_figure_kwargs = {'bbox_inches': 'tight'}"
        for name, value in (("dpi", "'figure'"), ("dpi", "None"), ("facecolor", "'auto'"), ("facecolor", "None"))
    },
    "very wide": "plt.figure(figsize=(655.2, 1)).gca().plot([1, 2])",
    "tight": "plt.subplots(2, 2); plt.suptitle('รวม'); plt.tight_layout()",
}
WARNS = {
    "no such letter": "plt.rcParams['font.family'] = 'DejaVu Sans'; plt.title('ก'); plt.show(); plt.title('ก')",
    "no such font": "plt.rcParams['font.family'] = ['No such', 'Sarabun']; plt.title('x'); plt.show(); plt.title('x')",
    "no such formula": "plt.title(r'$\\nosuch$')",
}
PROGRAM = """
import asyncio, io, json, sys
told = json.load(sys.stdin)
sys.path.insert(0, told["inside"])
import matplotlib.pyplot
import cells, drawing
if not told["once"]:
    drawing.take_shortcuts = lambda: None
said = []
shell = cells.begin(lambda kind, content: said[-1].append([kind, content]))
async def run():
    for cell in told["cells"]:
        said.append([])
        await cells.run_cell(shell, "import matplotlib; matplotlib.rcParams.update(kept)\\n" + cell)
        await cells.run_cell(shell, "plt.close('all')")
shell.user_ns["kept"] = dict(matplotlib.rcParams)
asyncio.run(run())
json.dump(said, sys.__stdout__)
"""


@pytest.fixture(scope="module")
def both(python, tmp_path_factory):
    """What each cell says, drawn once and drawn by stock matplotlib, by its name."""
    folder = tmp_path_factory.mktemp("matplotlib")
    return drawn(python, folder, once=True), drawn(python, folder, once=False)


def drawn(python, folder, *, once):
    cells = FIGURES | AS_STOCK | WARNS
    told = {"inside": str(INSIDE), "once": once, "cells": [SET_UP + cell for cell in cells.values()]}
    env = {"MATPLOTLIBRC": str(SHARE / "matplotlibrc"), "XDG_DATA_HOME": str(SHARE), "MPLCONFIGDIR": str(folder)}
    env |= {"HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [python, "-c", PROGRAM], input=json.dumps(told).encode(), env=env, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return dict(zip(cells, json.loads(done.stdout), strict=True))


def pictures(said):
    return [opened(content["data"]["image/png"]) for kind, content in said if kind == "display_data"]


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_that_is_drawn_once_looks_as_it_did(both, name):
    once, stock = (pictures(said[name]) for said in both)
    assert len(once) == len(stock) > 0
    assert all(map(look_alike, once, stock))


@pytest.mark.parametrize("name", AS_STOCK)
def test_where_margins_make_a_difference_it_is_drawn_as_ever(both, name):
    once, stock = (pictures(said[name]) for said in both)
    assert [each.tobytes() for each in once] == [each.tobytes() for each in stock]
    assert once


@pytest.mark.parametrize("name", WARNS)
def test_what_matplotlib_has_to_say_is_said_of_the_same_line(both, name):
    once, stock = (words(said[name]) for said in both)
    assert once == stock
    assert any(map(any, once))


def words(said):
    """Of each figure the lines of warnings and what errors say, each once: more is laid out where it is drawn twice."""
    found = [set()]
    for kind, content in said:
        if kind == "display_data":
            found.append(set())
        lines = content["text"].splitlines() if kind == "stream" else [content.get("evalue", "")]
        found[-1] |= {re.sub("0x[0-9a-f]+", "", line) for line in lines}
    return found


def test_errors_of_drawing_show_matplotlib_and_nothing_of_ours(both):
    once, stock = (said["no such formula"] for said in both)
    traces = ["\n".join(content["traceback"]) for said in (once, stock) for kind, content in said if kind == "error"]
    assert traces
    for trace in traces:
        assert "mathtext" in trace
        assert "drawing.py" not in trace
