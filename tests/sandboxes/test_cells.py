"""The shell that is made before the fork: every run finds it as if it had made it itself."""

import ast
import contextlib
import re
from dataclasses import dataclass

import pytest
from nbformat import v4

from sandboxes import runner
from sandboxes.environments import DEFAULT_FILE
from sandboxes.limits import Limits
from sandboxes.results import RunStatus

from .service_fixture import declare_default, run, serving

INSIDE = DEFAULT_FILE.parent / "inside"
EXAMINER = DEFAULT_FILE.parents[1] / "grading" / "inside"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
IS_PREPARED = "import gc; not any(thing is get_ipython() for thing in gc.get_objects())"
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1])"


@dataclass
class Ways:
    """Run cells from a zygote with a prepared shell, or cold; returns the outputs of each cell."""

    python: object
    socket: str
    patch: pytest.MonkeyPatch

    def warm(self, *cells):
        return self._run(self.socket, cells)

    def cold(self, *cells):
        return self._run("/nowhere", cells)

    def _run(self, socket, cells):
        self.patch.setenv("SANDBOXES_SOCKET", socket)
        notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
        result = runner.run_notebook(notebook, files={}, limits=Limits(), python=self.python)
        assert result.status in (RunStatus.COMPLETED, RunStatus.CELL_ERROR), result.detail
        return [cell.outputs for cell in result.notebook.cells]


@pytest.fixture(scope="module")
def zygote(python):
    with serving(declare_default("python", python, prepare=["cells", "effects"])) as served:
        yield str(served.socket)


@pytest.fixture
def ways(python, zygote, monkeypatch):
    return Ways(python, zygote, monkeypatch)


def value(outputs):
    """What a cell's last line came to."""
    assert [output.output_type for output in outputs] == ["execute_result"], outputs
    text = outputs[0].data["text/plain"]
    try:
        return ast.literal_eval(text)
    except ValueError:  # what has no literal
        return text


def test_the_shell_is_made_once_for_all_and_cold_for_each(ways):
    assert value(*ways.warm(IS_PREPARED)) is True
    assert value(*ways.cold(IS_PREPARED)) is False


def test_cells_are_counted_from_the_first_of_the_notebook(ways):
    outputs = ways.warm("len(In), dict(Out)", "len(In), list(Out), _1 is _")
    assert value(outputs[0]) == (2, {})
    assert value(outputs[1]) == (3, [1], True)
    assert outputs[1][0].execution_count == 2


@pytest.mark.parametrize(
    "look",
    [
        "sorted(globals())",
        "sorted(name for name in vars(__import__('sys')) if name.startswith('last_'))",
        "(_, __, ___, _i, _ii)",
        "[file for file in __import__('pathlib').Path().rglob('*') if file.is_file()]",
        "[str(file) for file in __import__('pathlib').Path('/tmp').glob('*') if file.is_file()]",
        "import matplotlib.pyplot as plt; plt.get_fignums()",
        "import warnings; [entry for entry in warnings.filters if entry[3]]",
        "globals() is vars(__import__('__main__'))",
        "sorted(vars(__import__('builtins')))",
        "repr(get_ipython().last_execution_result), get_ipython().last_execution_succeeded",
        "sorted(get_ipython().user_ns_hidden), get_ipython().execution_count",
        "import logging, threading; logging.root.handlers, threading.active_count()",
        "[source for source in get_ipython().history_manager.input_hist_raw]",
        "import sys; sys.path, sys.argv",
    ],
)
def test_nothing_of_the_warm_up_is_found(ways, look):
    assert value(*ways.warm(look)) == value(*ways.cold(look))


def test_two_runs_draw_other_numbers_and_share_only_the_seed_of_hashes(ways):
    draw = (
        "import random, uuid, secrets, tempfile, numpy as np\n"
        "[random.random(), float(np.random.rand()), float(np.random.default_rng().random()), str(uuid.uuid4()),"
        " secrets.token_hex(), next(tempfile._get_candidate_names())]"
    )
    one, other = (value(*ways.warm(draw)) for _ in range(2))
    assert not set(one) & set(other)
    one, other = (value(*ways.warm("hash('a')")) for _ in range(2))
    assert one == other  # as docs/decisions/0007 says


def test_a_worker_with_newer_tools_than_the_zygote_is_served_by_its_own(ways, monkeypatch):
    newer = dict(runner._tools())
    newer["cells.py"] += b"\nsys.newer = True\n"
    monkeypatch.setattr(runner, "_tools", lambda: newer)
    own, counted, is_prepared, plot = ways.warm("__import__('sys').newer", "len(In), sorted(Out)", IS_PREPARED, PLOT)
    assert value(own) is True
    assert value(counted) == (3, [1])
    assert value(is_prepared) is False
    assert "image/png" in plot[-1].data


LOOK = b"""
import sys
there = sorted({"cells", "drawing", "effects", "wire"} & sys.modules.keys())
import wire
print(*there, wire.MAX_FRAME, getattr(wire, "NEWER", ""))
"""


@pytest.mark.parametrize(
    ("sent", "there", "newer"),
    [
        ({"wire": b""}, "wire", ""),
        ({"wire": b"", "effects": b""}, "effects wire", ""),
        # What imports another one would otherwise go on with the old one.
        ({"wire": b"\nNEWER = 'newer'\n", "effects": b""}, "", "newer"),
    ],
    ids=["what it was sent", "with what imports it", "newer"],
)
def test_a_program_finds_imported_what_it_was_sent_and_nothing_else(ways, monkeypatch, sent, there, newer):
    monkeypatch.setenv("SANDBOXES_SOCKET", ways.socket)
    files = {name: (INSIDE if name == "wire" else EXAMINER) / f"{name}.py" for name in sent}
    tools = {f"{name}.py": file.read_bytes() + sent[name] for name, file in files.items()}
    done = run(["/tools/look.py"], python=ways.python, is_alone=True, tools=tools | {"look.py": LOOK})
    assert done.is_warm
    assert done.out.split() == f"{there} {16 << 20} {newer}".split(), done.err


def test_figures_are_drawn_by_a_prepared_shell(ways):
    assert "image/png" in ways.warm(PLOT)[0][-1].data


def test_what_compiled_code_computes_with_is_never_counted(ways):
    counts = (
        "import sys, pandas as pd\n"
        "constants = [c for f in vars(pd.DataFrame).values() if hasattr(f, '__code__') for c in f.__code__.co_consts]\n"
        "len(constants) > 500, min(map(sys.getrefcount, constants)) > 1 << 31"
    )
    assert value(*ways.warm(counts)) == (True, True)
    assert value(*ways.cold(counts)) == (True, False)


def test_a_traceback_is_made_once_and_nothing_is_kept_of_it(ways):
    count = (
        "shell, made = get_ipython(), []\n"
        "make = shell.InteractiveTB.structured_traceback\n"
        "shell.InteractiveTB.structured_traceback = lambda *a, **k: made.append(1) or make(*a, **k)"
    )
    outputs = ways.warm(count, "1 / 0", "len(made), get_ipython().history_manager.exceptions[2]['traceback']")
    assert outputs[1][0].ename == "ZeroDivisionError"
    assert value(outputs[2]) == (1, [])


@pytest.mark.parametrize("way", ["warm", "cold"])
def test_an_error_in_a_library_is_shown_without_reading_the_library(ways, way):
    failing = (
        "import pandas as pd\ndef total(frame):\n    return frame['none'].sum()\n\ntotal(pd.DataFrame({'a': [1]}))"
    )
    parsed = (
        "from stack_data.core import Source\n"
        "sources = Source._class_local('__source_cache_with_lines', {}).values()\n"
        "[s.filename for s in sources if s.tree and s.lines and 'ipykernel_' not in s.filename], len(sources) > 2"
    )
    (error,), looked = getattr(ways, way)(failing, parsed)
    frames = "\n".join(error.traceback).split("\n\n")
    own = [frame for frame in frames if "Cell" in frame and "In[1]" in COLOURS.sub("", frame)]
    assert [re.search("-> +([0-9]+)", COLOURS.sub("", frame))[1] for frame in own] == ["5", "3"]
    text = COLOURS.sub("", "\n".join(error.traceback))
    assert re.search(
        r"indexes/base\.py:\d+, in Index\.get_loc\(self, key\)\n( +\d+ .*\n)*-> \d+     raise KeyError", text
    )
    assert value(looked) == ([], True)


def test_a_stream_that_is_printed_to_by_many_threads_loses_nothing(ways):
    (outputs,) = ways.warm(
        "import threading\n"
        "def say(name):\n    for n in range(500): print(f'{name}{n};', end='', flush=n % 7 == 0)\n"
        "threads = [threading.Thread(target=say, args=(name,)) for name in 'abcd']\n"
        "for t in threads: t.start()\nfor t in threads: t.join()"
    )
    (output,) = outputs
    assert sorted(output.text.split(";")[:-1]) == sorted(f"{name}{n}" for name in "abcd" for n in range(500))


def test_what_a_process_says_is_in_its_order_and_whole(ways):
    with contextlib.suppress(AssertionError):
        ways.warm("pass")
    said, thai = ways.warm(
        "import os, subprocess\nprint('a'); os.system('echo b'); print('c'); subprocess.run(['echo', 'd']); print('e')",
        "os.system('yes ก | head -c 200000')\nNone",
    )
    assert said[0].text == "a\nb\nc\nd\ne\n"
    assert thai[0].text == "ก\n" * 50_000


def test_what_was_printed_before_a_long_wait_is_shown_though_the_run_ends_in_it(python):
    notebook = v4.new_notebook(cells=[v4.new_code_cell("print('before')\nimport time; time.sleep(60)")])
    result = runner.run_notebook(notebook, files={}, limits=Limits(wall_seconds=1), python=python)
    assert result.status is RunStatus.OUT_OF_TIME
    assert result.notebook.cells[0].outputs[0].text == "before\n"
