"""Runs a learner's cells and answers the examiner's questions about what they left behind.

This is the learner's process: nothing it says is believed, nothing here knows a hidden value, and nothing here is a
wall. Cells run in the shell of a Jupyter kernel (``cells``), so magics, ``await`` at the top level and the working
directory are what they are in Jupyter. Requests come on standard input and replies leave on standard output; see
``wire`` for the frames.

    {"id", "op": "run", "cell": n}              runs the n-th cell of cells.json
    {"id", "op": "get", "name"[, "about"]}      {"data"} | {"opaque": why} | {"missing"}
    {"id", "op": "define", "name", "text"}      as get: a function of the author's that is to run here
    {"id", "op": "names"}                       {"names": [...]}
    {"id", "op": "figures"}                     as get: the figures that were drawn last
    {"id", "op": "close"}                       closes figures, as the end of a cell does in Jupyter
    {"id", "op": "call", "of", "args", "kwargs", "files"[, "typed"]}
                                                as get, or {"raised"}; with {"changed", "printed", …}

In data ``["@", handle, abilities, names of classes]`` is a thing that is no data: "f" can be called, "i" iterated, "a"
awaited, "c" is a class, "e" one of exceptions. "of" is a handle, a name, or ["op", a built-in operation].
"""

import asyncio
import base64
import builtins
import contextlib
import io
import json
import operator
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandboxes.inside import aside, cells, figures, wire
elif __package__:  # outside, where there is no shell
    from sandboxes.inside import figures, wire
else:  # a program inside a sandbox, beside these
    import aside
    import cells
    import figures
    import wire

MAX_HANDLES = 200_000
MAX_PRINTED = 200_000
MAX_NAMES = 5_000
MAX_WARNINGS = 20
MAX_DOC = 100_000


def _next(iterator: Any, _value: Any = None) -> tuple[Any, ...]:
    """The next item, or nothing at the end."""
    for item in iterator:
        return (item,)
    return ()


def _send(iterator: Any, value: Any) -> tuple[Any, ...]:
    try:
        return (iterator.send(value),)
    except StopIteration:
        return ()


def _leave(manager: Any) -> Any:
    return type(manager).__exit__(manager, None, None, None)


def _await(coroutine: Any) -> Any:
    async def run() -> Any:
        return await coroutine

    return asyncio.run(run())


_BUILT_IN = """getattr setattr delattr len bool str repr format int float complex round abs iter reversed
isinstance issubclass vars dir"""
_OPERATORS = """neg pos invert getitem setitem delitem contains add sub mul truediv floordiv mod pow matmul and_ or_
xor lshift rshift iadd isub imul itruediv ifloordiv imod ipow imatmul iand ior ixor ilshift irshift"""
_OPERATIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(builtins, name) for name in _BUILT_IN.split()},
    **{name.rstrip("_"): getattr(operator, name) for name in _OPERATORS.split()},
    "next": _next,
    "send": _send,
    "close": lambda iterator: iterator.close(),
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": _leave,
    "await": _await,
}


class Agent:
    """Answers requests about ``shell.user_ns``."""

    def __init__(self, shell: Any, sources: list[str]) -> None:
        self._shell = shell
        self._cells = sources
        self._handles: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._drawn: list[Any] = []
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "run": self._run,
            "get": self._get,
            "define": self._define,
            "names": self._names,
            "figures": self._figures,
            "close": self._close,
            "call": self._call,
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request, its id included."""
        return {"id": request["id"], **self._operations[request["op"]](request)}

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        self._shell.run_cell(self._cells[request["cell"]])
        self.note_figures()
        return self._close(request)

    def note_figures(self) -> None:
        """Remembers what a cell has drawn: it is asked for after figures were closed."""
        self._drawn = _open_figures() or self._drawn

    def _close(self, _request: dict[str, Any]) -> dict[str, Any]:
        if _open_figures():
            sys.modules["matplotlib.pyplot"].close("all")
        return {"done": True}

    def _figures(self, _request: dict[str, Any]) -> dict[str, Any]:
        return self._describe(list(_open_figures() or self._drawn))

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        names = self._shell.user_ns
        if request["name"] not in names:
            return {"missing": True}
        value = names[request["name"]]
        return self._describe(value) | ({"about": _about(value)} if "about" in request else {})

    def _define(self, request: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        exec(request["text"], self._shell.user_ns, made)
        return self._describe(made[request["name"]])

    def _names(self, _request: dict[str, Any]) -> dict[str, Any]:
        names = [name for name in self._shell.user_ns if type(name) is str and len(name) < 200]
        return {"names": names[:MAX_NAMES]}

    def _describe(self, value: Any) -> dict[str, Any]:
        """Data, references to what is none in it included; else only that it is opaque."""
        try:
            return {"data": wire.encode(value, self._refer)}
        except wire.NotPlainError as error:
            return {"opaque": "too_big" if "big" in str(error) else "kind"}

    def _refer(self, value: Any) -> list[Any]:
        if figures.is_figure(value):
            about, number = figures.describe(value)
            return ["figure", wire.encode(about), number]
        kind = type(value)
        is_class = isinstance(value, type)
        abilities = "".join(
            letter
            for letter, has in (
                ("c", is_class),
                ("e", is_class and issubclass(value, BaseException)),
                ("f", callable(value)),
                ("i", hasattr(kind, "__next__") and hasattr(kind, "__iter__")),
                ("a", hasattr(kind, "__await__")),
            )
            if has
        )
        is_own = is_class or kind.__module__ == self._shell.user_ns.get("__name__")
        names = [one.__name__ for one in (value if is_class else kind).__mro__[:30]] if is_own else []
        if not abilities and not names:
            raise wire.NotPlainError("type")
        return [self._handle(value), abilities, names]

    def _handle(self, value: Any) -> int:
        if id(value) not in self._numbers:
            if len(self._handles) >= MAX_HANDLES:
                raise wire.NotPlainError("too big")
            self._handles.append(value)
            self._numbers[id(value)] = len(self._handles) - 1
        return self._numbers[id(value)]

    def _target(self, of: Any) -> Any:
        if type(of) is list:
            return _OPERATIONS[of[1]] if of[0] == "op" else getattr(builtins, of[1])
        return self._shell.user_ns[of] if type(of) is str else self._handles[of]

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        for name, content in request["files"]:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(base64.b64decode(content))
        known: list[Any] = []

        def refer(rest: list[Any], _in_array: bool) -> Any:
            known.append(self._target(rest[0]))
            return known[-1]

        sent = [*request["args"], *(data for _, data in request["kwargs"])]
        given = [wire.decode(data, refer) for data in sent]
        args, kwargs = given[: len(request["args"])], {}
        for (name, _), value in zip(request["kwargs"], given[len(args) :], strict=True):
            kwargs[name] = value
        before = [wire.encode(value, self._refer) for value in given] if known else sent
        reply: dict[str, Any] = {}
        with _heard(reply, request.get("typed")):
            try:
                reply |= self._describe(self._target(request["of"])(*args, **kwargs))
            except BaseException as error:
                reply["raised"] = _describe_error(error)
        reply["changed"] = self._changes(before, given)
        return reply

    def _changes(self, before: list[Any], now: list[Any]) -> list[list[Any]]:
        """[position, data] of every argument that the call changed in place."""
        changes: list[list[Any]] = []
        for position, (data, value) in enumerate(zip(before, now, strict=True)):
            if type(data) is list and data[0] != "@":
                with contextlib.suppress(wire.NotPlainError):
                    after = wire.encode(value, self._refer)
                    if after != data:
                        changes.append([position, after])
        return changes


@contextlib.contextmanager
def _heard(reply: dict[str, Any], typed: str | None) -> Iterator[None]:
    """Notes in the reply what the block writes, what it warns of and how much it reads of what was typed."""
    printed, complained, before = io.StringIO(), io.StringIO(), sys.stdin
    if typed is not None:
        sys.stdin = io.StringIO(typed)
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(complained),
            warnings.catch_warnings(record=True) as warned,
        ):
            yield
    finally:
        if typed is not None:
            reply["read"] = _position(sys.stdin)
            sys.stdin = before
    parts = (("printed", printed), ("complained", complained))
    reply |= {name: text.getvalue()[:MAX_PRINTED] for name, text in parts if text.tell()}
    if warned:
        about = [[_nearest(one.category), str(one.message)[:2000]] for one in warned[:MAX_WARNINGS]]
        reply["warned"] = about


def _position(stream: Any) -> int:
    return int(stream.tell()) if type(stream) is io.StringIO else 0


def _open_figures() -> list[Any]:
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    managers = helpers.Gcf.get_all_fig_managers() if helpers else []
    return [manager.canvas.figure for manager in sorted(managers, key=_is_active)]


def _is_active(manager: Any) -> tuple[bool, int]:
    return manager is sys.modules["matplotlib._pylab_helpers"].Gcf.get_active(), manager.num


def _about(value: Any) -> dict[str, Any] | None:
    """The name, text and parameters of a function written in Python."""
    code = getattr(value, "__code__", None)
    doc = getattr(value, "__doc__", None)
    about: dict[str, Any] = {"name": getattr(value, "__name__", None), "doc": doc}
    about = {key: one[:MAX_DOC] for key, one in about.items() if type(one) is str}
    with contextlib.suppress(Exception):
        import inspect

        parameters = inspect.signature(value).parameters.values() if code is not None else []
        about["parameters"] = [[one.name, int(one.kind), _default(one)] for one in parameters]
    return about


def _default(parameter: Any) -> list[Any]:
    try:
        return [] if parameter.default is parameter.empty else [wire.encode(parameter.default)]
    except wire.NotPlainError:
        return [None]


def _nearest(kind: type) -> str:
    """The nearest built-in kind: how ``except ValueError`` works across the wire."""
    return next(one.__name__ for one in kind.__mro__ if getattr(builtins, one.__name__, None) is one)


def _describe_error(error: BaseException) -> dict[str, Any]:
    """The nearest built-in kind of an exception, its text, and what a class of the notebook adds to that."""
    text = str(error.args[0]) if len(error.args) == 1 else str(error)
    about: dict[str, Any] = {"type": _nearest(type(error)), "text": text[:2000]}
    if about["type"] != type(error).__name__:
        about["kinds"] = [kind.__name__ for kind in type(error).__mro__[:30]]
        with contextlib.suppress(wire.NotPlainError):
            about["values"] = wire.encode(dict(vars(error)))
    return about


def _take_over_standard_streams() -> wire.Channel:
    """The pipes move to other descriptors; what the cells print goes nowhere: it may hold hidden inputs."""
    channel = wire.Channel(read_fd=os.dup(0), write_fd=os.dup(1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    return channel


def main() -> None:
    """Serves until the examiner hangs up."""
    channel = _take_over_standard_streams()
    here = Path(__file__).resolve().parent
    sources = json.loads((here / "cells.json").read_text(encoding="utf-8"))
    aside.step(here)
    sys.argv = [""]
    shell, loop = cells.begin(cells.nobody), asyncio.new_event_loop()

    def run_cell(source: str) -> None:
        loop.run_until_complete(cells.run_cell(shell, source))

    agent = Agent(SimpleNamespace(user_ns=shell.user_ns, run_cell=run_cell), sources)
    # First of all: where matplotlib is loaded by a cell, its inline backend closes what that has drawn.
    shell.events.register("post_execute", agent.note_figures)
    while True:
        try:
            request = channel.receive()
        except wire.WireError:
            os._exit(0)
        reply = agent.answer(request)
        try:
            channel.send(reply)
        except wire.NotPlainError:
            channel.send({"id": request["id"], "opaque": "too_big"})


if __name__ == "__main__":
    main()
