"""The shell that runs a notebook's cells: the one of a Jupyter kernel, without the kernel's sockets and threads.

Both runs of a submission use it, the one the learner is shown and the graded one, so that both do with a cell what the
workbench's kernel does: magics, ``await`` at the top level, rich display, figures.
"""

import asyncio
import builtins
import contextlib
import getpass
import importlib
import inspect
import io
import os
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ipykernel.compiler import XCachingCompiler
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.error import StdinNotImplementedError
from jupyter_client.session import Session
from traitlets.config import Config

if TYPE_CHECKING or __package__:
    from sandboxes.inside import tracebacks
else:  # a program inside a sandbox, beside tracebacks.py
    import tracebacks

drawing: Any = None
if "matplotlib" in sys.modules:  # else there is nothing to draw better, and it may not be installed
    drawing = importlib.import_module(f"{__package__}.drawing" if __package__ else "drawing")

FLUSH_SECONDS, FLUSH_CHARACTERS = 0.2, 16_384
# So often is the warm-up run: Python adapts its code to what it sees, and would do that in pages of every run's own.
WARM_UPS = 12
FIGURES = "module://matplotlib_inline.backend_inline"

# Held while output is taken from where it waits and published, so that it stays in its order.
ORDER = threading.RLock()

# What is published: the kind of a Jupyter message ("stream", "error", "display_data" …) and its content.
Publish = Callable[[str, dict[str, Any]], None]


def nobody(_kind: str, _content: dict[str, Any]) -> None:
    """Where outputs go that are not to be seen."""


class Compiler(XCachingCompiler):
    """A kernel's; says which files are those of cells."""

    def cache(self, *arguments: Any, **options: Any) -> str:
        name: str = super().cache(*arguments, **options)
        tracebacks.know_cell(name)
        return name


class Publisher(Session):
    """Stands where a kernel's shell expects the session that signs and sends; hands on kind and content."""

    to: Publish = staticmethod(nobody)

    def msg(self, msg_type: str, content: Any = None, *_: Any, **__: Any) -> dict[str, Any]:
        return {"msg_type": msg_type, "content": content or {}}

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *_: Any, **__: Any) -> None:
        said = msg_or_type if isinstance(msg_or_type, dict) else self.msg(msg_or_type, content)
        self.to(said["msg_type"], said["content"])


class Stream(io.TextIOBase):
    """What cells print, published in pieces. A child process of a cell writes to the descriptor instead.

    ``drain`` publishes what was written to the descriptor meanwhile.
    """

    encoding, errors = "UTF-8", None

    def __init__(self, name: str, fd: int, publish: Publish, drain: Callable[[], None]) -> None:
        self.name, self._fd, self._publish, self._drain = name, fd, publish, drain
        self._owner = os.getpid()
        self._parts: list[str] = []
        self._size, self._since = 0, 0.0

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self._owner:
            os.write(self._fd, text.encode("utf-8", "replace"))
            return len(text)
        with ORDER:
            if not self._parts:
                self._drain()
                self._since = time.monotonic()
            self._parts.append(text)
            self._size += len(text)
            if self._size > FLUSH_CHARACTERS or self.is_due():
                self.publish()
        return len(text)

    def flush(self) -> None:
        with ORDER:
            self.publish()
            self._drain()

    def publish(self) -> None:
        """Publish what has been printed by now."""
        if os.getpid() != self._owner:
            return
        with ORDER:
            text, self._parts, self._size = "".join(self._parts), [], 0
            if text:
                self._publish("stream", {"name": self.name, "text": text})

    def is_due(self) -> bool:
        """Has something waited long enough to be published?"""
        return bool(self._parts) and time.monotonic() > self._since + FLUSH_SECONDS

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False


def make_shell() -> ZMQInteractiveShell:
    """Make the one shell of this process, or return the one that was made before this process was forked."""
    if ZMQInteractiveShell.initialized():
        return ZMQInteractiveShell.instance()
    config = Config()
    config.HistoryManager.enabled = False  # nobody reads the history of a shell that lives for one run
    kernel = SimpleNamespace(eventloop=None)
    shell: Any = ZMQInteractiveShell.instance(config=config, kernel=kernel, compiler_class=Compiler)
    publisher = Publisher(key=b"")
    shell.displayhook.session = shell.display_pub.session = publisher
    # It would make every traceback a second time, for `%notebook`.
    shell._format_exception_for_storage = _named
    shell.enable_gui = lambda gui=None: None  # there is no window
    tracebacks.take_shortcuts()
    if "matplotlib" in sys.modules:
        _draw_inline()
    return shell


def _named(error: BaseException, *_: Any, **__: Any) -> dict[str, Any]:
    return {"ename": type(error).__name__, "evalue": "", "traceback": []}


def prepare(warm_up: str) -> None:
    """Make the shell before this process is forked, and have it do once what every run would do first."""
    shell = make_shell()
    names = dict(shell.user_ns)
    for _ in range(WARM_UPS):
        shell.run_cell(warm_up, silent=True)
    shell.reset(new_session=True)
    shell.user_ns.update({name: value for name, value in names.items() if name not in shell.user_ns})
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)
    # Tracebacks ask it for the module of a file; it remembers where the modules are that there are now.
    inspect.getmodule(compile("", "<nowhere>", "exec"))


def forget() -> None:
    """Undo `prepare`, in a process that runs another program."""
    ZMQInteractiveShell.clear_instance()
    for name in ("__IPYTHON__", "display"):
        vars(builtins).pop(name, None)


def _draw_inline() -> None:
    import matplotlib

    matplotlib.rcParams["backend"] = FIGURES
    # At its import it looks for the shell it is to work for.
    sys.modules.pop("matplotlib_inline.backend_inline", None)
    import matplotlib_inline.backend_inline  # noqa: F401

    if drawing is not None:
        drawing.take_shortcuts()


def begin(publish: Publish, drain: Callable[[], None] = lambda: None) -> ZMQInteractiveShell:
    """Make this process one that runs cells: shell, streams and names as a kernel has them."""
    os.environ.setdefault("MPLBACKEND", FIGURES)
    shell = make_shell()
    shell.displayhook.session.to = publish
    if publish is nobody:
        _show_nothing(shell)
    sys.stdout, sys.stderr = Stream("stdout", 1, publish, drain), Stream("stderr", 2, publish, drain)
    sys.modules["__main__"] = shell.user_module
    shell.init_environment()
    _import_from_here()
    if publish is not nobody:  # what nobody sees is fed by whoever calls a function
        builtins.input, getpass.getpass = _refuse("raw_input"), _refuse("getpass")
    return shell


def _show_nothing(shell: Any) -> None:
    """Spare this run what nobody will see: tracebacks, pictures, tables in HTML. Figures stay open, to be asked for."""
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    shell.display_formatter.active_types = ["text/plain"]
    inline = sys.modules.get("matplotlib_inline.backend_inline")
    if inline is not None:
        inline.InlineBackend.instance(parent=shell).close_figures = False
    for callback in list(shell.events.callbacks["post_execute"]):
        if getattr(callback, "__module__", "").startswith("matplotlib"):  # draws
            shell.events.unregister("post_execute", callback)


def _import_from_here() -> None:
    """Look for modules in the working directory where a kernel does: a file there hides a package, not the library."""
    places = [place for place in sys.path if place]
    packages = (number for number, place in enumerate(places) if place.endswith("-packages"))
    places.insert(next(packages, len(places)), "")
    sys.path[:] = places


def _refuse(name: str) -> Callable[..., str]:
    def ask(*_: object, **__: object) -> str:
        raise StdinNotImplementedError(f"{name} was called, but this frontend does not support input requests.")

    return ask


async def run_cell(shell: ZMQInteractiveShell, source: str) -> tuple[bool, BaseException | None]:
    """Run one cell as a kernel does, inside a running loop; returns whether it ended well, and what it raised."""
    try:
        transformed, problem = shell.transform_cell(source), None
    except Exception:
        transformed, problem = source, sys.exc_info()
    shell._last_traceback_during_displayhook = False
    if shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=problem):
        task = asyncio.ensure_future(
            shell.run_cell_async(
                source, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=problem
            )
        )
        result = None
        try:
            result = await task
        finally:
            shell.events.trigger("post_execute")
            shell.events.trigger("post_run_cell", result)
    else:
        result = shell.run_cell(source, store_history=True)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    is_well = bool(result and result.success and not shell._last_traceback_during_displayhook)
    return is_well, result and (result.error_before_exec or result.error_in_exec)
