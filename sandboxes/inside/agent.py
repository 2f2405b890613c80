"""Runs a learner's cells and answers the examiner's questions about what they left behind.

This is the learner's process: nothing it says is believed, nothing here knows a hidden value, and nothing here is a
wall. Cells run in the shell of a Jupyter kernel (``cells``), so magics, ``await`` at the top level and the working
directory are what they are in Jupyter. Requests come on standard input and replies leave on standard output; see ``wire`` for the frames.

    {"id", "op": "run", "cell": n}              runs the n-th cell of cells.json
    {"id", "op": "get", "name"}                 {"data"} | {"callable": handle} | {"opaque"} | {"missing"}
    {"id", "op": "names"}                       {"names": [...]}
    {"id", "op": "call", "of", "args", "kwargs", "files"}   as get, or {"raised"}; with {"changed", "printed"}
"""

import asyncio
import base64
import builtins
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from sandboxes.inside import cells, wire
else:  # a program inside a sandbox, beside these
    import cells
    import wire

MAX_HANDLES = 10_000
MAX_PRINTED = 200_000
MAX_NAMES = 5_000


class Agent:
    """Answers requests about ``shell.user_ns``."""

    def __init__(self, shell: Any, sources: list[str]) -> None:
        self._shell = shell
        self._cells = sources
        self._loop = asyncio.new_event_loop()
        self._handles: list[Any] = []
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "run": self._run,
            "get": self._get,
            "names": self._names,
            "call": self._call,
        }

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The reply to one request, its id included."""
        return {"id": request["id"], **self._operations[request["op"]](request)}

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        self._loop.run_until_complete(cells.run_cell(self._shell, self._cells[request["cell"]]))
        return {"done": True}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        names = self._shell.user_ns
        return self._describe(names[request["name"]]) if request["name"] in names else {"missing": True}

    def _names(self, _request: dict[str, Any]) -> dict[str, Any]:
        names = [name for name in self._shell.user_ns if type(name) is str and len(name) < 200]
        return {"names": names[:MAX_NAMES]}

    def _describe(self, value: Any) -> dict[str, Any]:
        """Data where the value is plain, else a handle to call it by, else only that it is opaque."""
        try:
            return {"data": wire.encode(value)}
        except wire.NotPlainError:
            if not callable(value) or len(self._handles) >= MAX_HANDLES:
                return {"opaque": True}
        self._handles.append(value)
        return {"callable": len(self._handles) - 1}

    def _target(self, handle: Any) -> Any:
        return self._shell.user_ns[handle] if type(handle) is str else self._handles[handle]

    def _argument(self, data: dict[str, Any]) -> Any:
        return self._target(data["of"]) if "of" in data else wire.decode(data["data"])

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        for name, content in request["files"]:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_bytes(base64.b64decode(content))
        args = [self._argument(data) for data in request["args"]]
        kwargs = {name: self._argument(data) for name, data in request["kwargs"]}
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                reply = self._describe(self._target(request["of"])(*args, **kwargs))
        except BaseException as error:
            reply = {"raised": _describe_error(error)}
        sent = [*request["args"], *(data for _, data in request["kwargs"])]
        reply["changed"] = _changes(sent, [*args, *kwargs.values()])
        reply["printed"] = printed.getvalue()[:MAX_PRINTED]
        return reply


def _describe_error(error: BaseException) -> dict[str, Any]:
    """The nearest built-in kind of an exception and its text: how ``except ValueError`` works across the wire."""
    kinds = (kind for kind in type(error).__mro__ if getattr(builtins, kind.__name__, None) is kind)
    text = str(error.args[0]) if len(error.args) == 1 else str(error)
    return {"type": next(kinds).__name__, "text": text[:2000]}


def _changes(sent: list[dict[str, Any]], now: list[Any]) -> list[list[Any]]:
    """[position, data] of every argument that the call changed in place."""
    changes: list[list[Any]] = []
    for position, (before, value) in enumerate(zip(sent, now, strict=True)):
        if "data" in before and type(before["data"]) is list:
            with contextlib.suppress(wire.NotPlainError):
                after = wire.encode(value)
                if after != before["data"]:
                    changes.append([position, after])
    return changes


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
    sys.path[:] = ["", *(path for path in sys.path if path != str(here))]
    sys.argv = [""]
    agent = Agent(cells.begin(cells.nobody), sources)
    while True:
        try:
            request = channel.receive()
        except wire.WireError:
            os._exit(0)
        reply = agent.answer(request)
        try:
            channel.send(reply)
        except wire.NotPlainError:
            channel.send({"id": request["id"], "opaque": True, "changed": [], "printed": ""})


if __name__ == "__main__":
    main()
