"""The run a learner is shown, beside a real kernel: what every cell shows is the same, or is named here as different.

The kernel is started by nbclient, in a box, by its specification; the same cells go through `run_notebook`.
"""

import re
from types import SimpleNamespace

import pytest
from nbclient import NotebookClient
from nbformat import v4

from sandboxes import environments, kernelspecs
from sandboxes.limits import Limits
from sandboxes.runner import MIMETYPES, TRACEBACK_LINES, run_notebook

from .pictures import look_alike, opened
from .service_fixture import declare, serving

PRELOAD = ["pandas", "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipykernel.kernelapp"]
CELLS = {
    "what is printed": "print('สวัสดี', 1, sep='-')",
    "without a line's end": "print('a', end=''); print('b', end='')",
    "on both streams": "import sys\nprint('out'); print('err', file=sys.stderr); print('out again')",
    "a value": "6 * 7",
    "nothing, for a semicolon": "6 * 7;",
    "the value before": "_ + _4",
    "what was typed": "In[4], Out[4]",
    "no value": "None",
    "several values": "display(1, 'two', [3])",
    "text between displays": "print('a'); display('b'); print('c'); display('d')\n'e'",
    "a table": "import pandas as pd\ndf = pd.DataFrame({'จังหวัด': ['เชียงใหม่', None], 'คน': [1.5, 2]})\ndf",
    "a column": "df['คน']",
    "a table that is long": "pd.DataFrame({'x': range(1000)})",
    "a table with a style": "df.style.format(precision=1).set_uuid('u')",
    "a description": "df.info()",
    "a figure": "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('กราฟ'); plt.show()",
    "a figure that is left open": "fig, ax = plt.subplots()\nax.set_xlabel('เดือน')",
    "a figure of pandas": "df.plot(y='คน')",
    "no figure any more": "plt.get_fignums()",
    "two figures": "for n in (1, 2):\n    plt.figure(); plt.plot([n]); plt.show()\n    print(n)",
    "a figure as a value": "fig",
    "Markdown and others": (
        "from IPython.display import HTML, JSON, SVG, Image, Latex, Markdown, Math\n"
        "display(Markdown('**ก**'), Latex('$x$'), Math('x'), HTML('<b>ข</b>'), SVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>'))"
    ),
    "what has forms of its own": (
        "class Both:\n    def _repr_html_(self): return '<i>ค</i>'\n    def __repr__(self): return 'ค'\n"
        "    def _repr_mimebundle_(self, **_): return {'text/markdown': '*ค*'}\nBoth()"
    ),
    "files called like programs of ours": (
        "from pathlib import Path\nfor name in 'aside agent cells drawing figures show tracebacks wire'.split():\n"
        "    Path(f'{name}.py').write_text('WHOSE = \"mine\"')\n    print(name, __import__(name).WHOSE)"
    ),
    "what cannot be shown": "class Bad:\n    def __repr__(self): raise ValueError('no')\nBad()",
    "an error": "1 / 0",
    "an error below functions": "def f(x):\n    return g(x)\n\ndef g(x):\n    raise ValueError('ผิด')\n\nf(1)",
    "an error in a library": "df['ไม่มี']",
    "an error from another": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "an error while handling another": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    int('x')",
    "an error in code of a long name": "exec(compile('1 / 0', 'x' * 300, 'exec'))",
    "what refuses to be asked": (
        "import inspect\nclass Shy:\n    def __getattr__(self, name): raise RuntimeError(name)\n"
        "inspect.getmodule(Shy()) is inspect.getmodule(Shy)"
    ),
    "an error with notes": "e = ValueError('v')\ne.add_note('หมายเหตุ')\nraise e",
    "a group of errors": "raise ExceptionGroup('สอง', [ValueError(1), TypeError(2)])",
    "a wrong syntax": "print('a'\nx = ",
    "a wrong syntax within": "x = 1\nif x\n    pass",
    "a wrong indentation": "def f():\nreturn 1",
    "an unknown name": "unknown_name",
    "a wrong import": "import no_such_module",
    "an assertion": "assert 1 == 2, 'ไม่เท่า'",
    "recursion": "def r(): return r()\nr()",
    "an interrupt": "raise KeyboardInterrupt",
    "an end": "raise SystemExit(1)",
    "an end with a word": "import sys; sys.exit('จบ')",
    "a quiet end": "sys.exit(0)",
    "an error after output": "print('before'); display(1)\n1 / 0",
    "a warning": "import warnings\nwarnings.warn('เตือน')",
    "a warning that is filtered": "with warnings.catch_warnings(action='ignore'): warnings.warn('x')",
    "a warning of Python": "'a' is 'a'",
    "a log": "import logging\nlogging.warning('w'); logging.getLogger('x').error('e')",
    "a traceback printed": "import traceback\ntry:\n    1 / 0\nexcept Exception:\n    print(traceback.format_exc())",
    "%time": "%time x = 1",
    "%%time": "%%time\nx = 2\nx",
    "%timeit": "t = %timeit -n 1 -r 1 -o -q pass\ntype(t).__name__",
    "%who": "%who int",
    "%whos str": "text = 'ก'\n%whos str",
    "%%capture": "%%capture caught\nprint('x')",
    "what was caught": "caught.stdout",
    "%pwd": "%pwd",
    "%%writefile": "%%writefile a.txt\nก\n",
    "%cat": "%cat a.txt",
    "%run": "%run -i missing.py",
    "an unknown magic": "%no_such_magic",
    "an unknown cell magic": "%%no_such_magic\nx",
    "%%bash": "%%bash\necho out; echo err >&2",
    "a bash that fails": "%%bash\nexit 3",
    "!ls": "!ls",
    "! with a value": "name = 'a.txt'\nfound = !ls {name}\nfound",
    "os.system": "import os, time\nos.system('echo from below'); time.sleep(0.5)",
    "a process in between": (
        "import subprocess, time\nprint('a', flush=True); time.sleep(0.5)\n"
        "subprocess.run(['echo', 'b']); time.sleep(0.5)\nprint('c')"
    ),
    "a process that is captured": "subprocess.run(['echo', 'x'], capture_output=True, text=True).stdout",
    "a program's descriptor": "os.write(1, 'ตรง\\n'.encode()); time.sleep(0.5)",
    "await": "import asyncio\nawait asyncio.sleep(0)\n'awaited'",
    "an error in await": "async def bad():\n    raise ValueError('async')\nawait bad()",
    "a task": "task = asyncio.create_task(asyncio.sleep(0.01, 'done'))",
    "a task's result": "await task",
    "gathered": "await asyncio.gather(*(asyncio.sleep(0, n) for n in range(3)))",
    "asyncio.run": "sleep = asyncio.sleep(0)\ntry:\n    asyncio.run(sleep)\nfinally:\n    sleep.close()",
    "a thread": "import threading\nt = threading.Thread(target=print, args=('in a thread',)); t.start(); t.join()",
    "an error in a thread": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join(); time.sleep(0.5)",
    "processes": "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as p: print(p.map(abs, [-1]))",
    "a question": "input('ชื่อ: ')",
    "a secret question": "import getpass\ngetpass.getpass()",
    "a bar of progress": (
        "import sys, time\nfor n in range(3):\n    print(f'\\r{n}/3', end='', file=sys.stderr, flush=True)"
    ),
    "help": "help(abs)",
    "a question mark": "len?",
    "a docstring": "def d():\n    'ทำ'\nd.__doc__",
    "an f-string": "f'{3.14159:.2f} {\"ก\":>5}'",
    "a stream written to": "sys.stdout.write('x\\n')",
    "writelines": "sys.stdout.writelines(['a\\n', 'b\\n'])",
    "a stream's nature": "sys.stdout.isatty(), sys.stdout.encoding, sys.stdout.name",
    "redirected": "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as o: print(1)\no.getvalue()",
    "numbers at random": "import numpy as np\nnp.random.seed(1); np.random.rand(2).round(6)",
    "an array": "np.arange(6).reshape(2, 3)",
    "globals": "__name__, sorted(n for n in globals() if n.startswith('__'))",
    "the main module": "import __main__; __main__.text",
    "where modules are looked for": "sys.path",
    "pickled": "import pickle\nclass P: pass\ntype(pickle.loads(pickle.dumps(P()))).__name__",
    "what it runs in": "get_ipython().__class__.__name__",
    "the last cell": "print('end')",
}
# ── What is different, and meant to be (docs/decisions/0008) ──
DIFFERENT = {
    "what was cleared is kept": (
        "from IPython.display import clear_output\nprint('said'); clear_output(); print('more')",
        ["more\n"],
        ["said\nmore\n"],
    ),
    "what was updated stays as it was": (
        "handle = display('first', display_id=True); handle.update('second')",
        ["'second'"],
        ["'first'"],
    ),
    "a kind that no page shows is left out": (
        "display({'application/x-of-its-own': 'x', 'text/plain': 'kept'}, raw=True)",
        ["kept application/x-of-its-own"],
        ["kept"],
    ),
    "and is not in the way of what is kept, however large": (
        "display({'application/vnd.plotly.v1+json': {'x': [1] * 300_000}, 'text/plain': 'a figure'}, raw=True)",
        ["a figure application/vnd.plotly.v1+json"],
        ["a figure"],
    ),
}


@pytest.fixture(scope="module")
def both(python, tmp_path_factory):
    """Every cell, run by a kernel and by the display run: two lists of the outputs of each."""
    folder = tmp_path_factory.mktemp("jupyter")
    sources = [*CELLS.values(), *(source for source, _, _ in DIFFERENT.values())]
    with serving(declare("python", python, preload=PRELOAD)) as served, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOXES_SOCKET", str(served.socket))
        patch.setenv("SANDBOXES_ENVIRONMENTS", str(served.socket.with_name("environments.toml")))
        kernelspecs.install(environments.load().values(), folder)
        patch.setenv("JUPYTER_PATH", str(folder))
        notebook = v4.new_notebook(cells=[v4.new_code_cell(source) for source in sources])
        shown = run_notebook(
            notebook, files={}, limits=Limits(wall_seconds=120, cpu_seconds=60, processes=200), python=python
        )
        NotebookClient(notebook, kernel_name="sandbox-python", allow_errors=True, timeout=60).execute()
    names = [*CELLS, *DIFFERENT]
    return SimpleNamespace(
        shown={name: cell.outputs for name, cell in zip(names, shown.notebook.cells, strict=True)},
        kernel={name: cell.outputs for name, cell in zip(names, notebook.cells, strict=True)},
        result=shown,
    )


COLOURS = re.compile(r"\x1b\[[0-9;]*m")
VOLATILE = [
    (re.compile(r"0x[0-9a-f]{6,}"), "0x"),
    (re.compile(r"(/tmp/ipykernel_\d+/)?\b\d{6,}\.py"), "cell.py"),
    (re.compile(r"[\d.]+(e\+\d+)? [nµμm]?s\b"), "a time"),
    (re.compile(r"CPU times: .*"), "CPU times"),
    (re.compile(r"Thread-\d+"), "Thread"),
]


def essences(outputs):
    """What is the same in every run; text of the same stream is joined, as Jupyter's pages do."""
    found = []
    for one in map(essence, outputs):
        if found and one[0] == found[-1][0] == "stream" and one[1] == found[-1][1]:
            one = (*one[:2], found.pop()[2] + one[2])
        found.append(one)
    return found


def essence(output):
    """An output without what is another in every run, without colours, and of tracebacks what is of the learner."""
    kind = output.output_type
    if kind == "stream":
        return kind, output.name, steady(output.text)
    if kind == "error":
        text = "\n".join(output.traceback[-TRACEBACK_LINES:])
        # In a library the kernel marks what failed, also with colours.
        return kind, output.ename, steady(output.evalue), steady(text) if "File" in text else text
    data = {mime: steady(text) if isinstance(text, str) else text for mime, text in output.data.items()}
    if "image/png" in data:
        data["image/png"] = Drawn(data["image/png"])
    return kind, output.get("execution_count"), data


class Drawn:
    """A picture; equal to one of a kernel's where it shows what that shows."""

    def __init__(self, text):
        self.picture = opened(text)

    def __eq__(self, kernels):
        return look_alike(self.picture, kernels.picture)


def steady(text):
    text = COLOURS.sub("", text)
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    text = re.sub(r"\nFile .*/(kernelbase|cells)\.py.*(\n.+)*\n", "", text)  # who refuses to ask
    # Of a library, the lines around the one that failed: the kernel shows whole statements.
    return re.sub(r"(\nFile .*, in .*)((\n.+)*)", library, text)


def library(found):
    return "\n".join([found[1], *(line.lstrip("-> ") for line in found[2].splitlines() if "-> " in line)])


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_shows_what_it_shows_in_a_kernel(both, name):
    assert essences(both.shown[name]) == essences(both.kernel[name])


@pytest.mark.parametrize(("name", "in_kernel", "here"), [(name, *said[1:]) for name, said in DIFFERENT.items()])
def test_a_difference_is_what_is_said_of_it(both, name, in_kernel, here):
    assert [told(output) for output in both.kernel[name]] == in_kernel
    assert [told(output) for output in both.shown[name]] == here


def told(output):
    if output.output_type == "stream":
        return output.text
    return " ".join([output.data["text/plain"], *(mime for mime in output.data if mime not in MIMETYPES)])
