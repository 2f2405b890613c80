"""Run a notebook's cells in a box as a Jupyter kernel would, whatever they do, and say how it ended.

This is the run a learner is shown: `inside/show.py` runs the cells in the shell of a Jupyter kernel, without its
sockets and threads (docs/decisions/0008). What comes out of the box may have been written by the learner's code: it is
counted, cut to the limit, and kept only where its shape is that of an ordinary output. No grade rests on it.
"""

from __future__ import annotations

import copy
import itertools
import json
import os
import re
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from nbformat import NotebookNode, v4

from sandboxes.box import Box
from sandboxes.inside import SHELL_TOOLS
from sandboxes.limits import CEILINGS, Limits
from sandboxes.results import Ending, RunResult, RunStatus, SandboxUnavailable, Usage

new_output: Any = v4.new_output  # nbformat has no types

# The shell takes a while to start, longer on a busy machine: that is not the learner's time.
START_WALL_SECONDS, START_CPU_SECONDS = 20.0, 5.0
# Beside its outputs a run says where its cells begin and end, and JSON has its own signs.
PROTOCOL_BYTES = 8 << 20
PIECE_BYTES, LAST_WORDS_BYTES = 1 << 16, 2000
# What a line costs at least beside its bytes to be read, and an output to be kept: many tiny ones are no way around.
LINE_BYTES, OUTPUT_BYTES = 100, 100
TRACEBACK_LINES, NAME_CHARACTERS = 200, 200
PARTS = 200_000  # of a message: a list takes fifty times the byte that begins it
MIMETYPES = frozenset(
    {
        "text/plain",
        "text/html",
        "text/markdown",
        "text/latex",
        "image/png",
        "image/jpeg",
        "image/svg+xml",
        "application/json",
    }
)
# A string, or what begins as one, as a whole; what begins or parts something outside strings.
_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,]', re.DOTALL)
_INSIDE = Path(__file__).resolve().parent / "inside"


def run_notebook(
    notebook: NotebookNode,
    *,
    files: Mapping[str, bytes],
    limits: Limits,
    python: Path,
    stop_on_error: bool = False,
) -> RunResult:
    """Run every code cell in order and return the notebook with its outputs, how it ended and what it used.

    ``files`` (name to content) lie in the working directory; ``python`` is the kernel environment's interpreter.
    After an error in a cell the following ones still run, unless ``stop_on_error``. The notebook passed in is not
    changed. Nothing is left running, however this ends. Raises `SandboxUnavailable` when the cells could not be
    begun with, which is never the notebook's fault, and `ValueError` for file names outside the working directory.
    """
    run = _Run(notebook, limits)
    generous = limits.with_(
        wall_seconds=min(limits.wall_seconds + START_WALL_SECONDS, CEILINGS["wall_seconds"]),
        cpu_seconds=min(limits.cpu_seconds + START_CPU_SECONDS, CEILINGS["cpu_seconds"]),
    )
    with ExitStack() as opened:
        said = opened.enter_context(_Pipe(4 * limits.output_bytes + PROTOCOL_BYTES))
        errors = opened.enter_context(_Pipe(LAST_WORDS_BYTES))
        box = opened.enter_context(
            Box(
                ["python", "/tools/show.py", str(said.theirs)],
                limits=generous,
                python=python,
                is_alone=True,
                files=files,
                tools={**_tools(), "cells.json": run.job(stop_on_error=stop_on_error)},
                stderr=errors.theirs,
                pass_fds=[said.theirs],
            )
        )
        box.start()
        said.keep_ours()
        errors.keep_ours()
        try:
            detail = run.carry_out(said, box)
            ending = box.kill()
        finally:
            last_words = _text(errors.rest().decode(errors="replace")).strip()
        usage = box.usage()
    if run.status is RunStatus.KERNEL_DIED:
        detail = f"{detail or ending.detail} {last_words}".strip()
    return RunResult(run.status, usage + Usage(output_bytes=run.output_bytes), run.notebook, detail)


@cache
def _tools() -> dict[str, bytes]:
    return {name: (_INSIDE / name).read_bytes() for name in ("show.py", *SHELL_TOOLS)}


class _Pipe:
    """A pipe out of a box, read up to ``allowed_bytes``; a context manager that closes what is open."""

    def __init__(self, allowed_bytes: int) -> None:
        self.left = allowed_bytes
        self._part = bytearray()  # of a line that has not ended

    def __enter__(self) -> _Pipe:
        self.ours, self.theirs = os.pipe()
        os.set_blocking(self.ours, False)
        self._open = [self.ours, self.theirs]
        return self

    def __exit__(self, *_: object) -> None:
        while self._open:
            os.close(self._open.pop())

    def keep_ours(self) -> None:
        """Close the end that the box has by now."""
        self._open.remove(self.theirs)
        os.close(self.theirs)

    def lines(self) -> list[bytes] | None:
        """Return the lines that have come, without waiting; None when none will any more.

        Raises `_Ended` when more has come than is allowed.
        """
        try:
            data = os.read(self.ours, PIECE_BYTES)
        except BlockingIOError:
            return []
        self.left -= len(data)
        if self.left < 0:
            raise _Ended(RunStatus.TOO_MUCH_OUTPUT, "more bytes than may be said")
        if not data:
            return None
        self._part += data
        if b"\n" not in data:
            return []
        *lines, rest = self._part.split(b"\n")
        self._part = rest
        self.left -= LINE_BYTES * len(lines)
        return [bytes(line) for line in lines]

    def rest(self) -> bytes:
        """Return what is there, as far as it is allowed."""
        try:
            return os.read(self.ours, self.left)
        except BlockingIOError:
            return b""


class _Ended(Exception):
    """The run is over before its last cell."""

    def __init__(self, status: RunStatus, detail: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class _Run:
    """The state of one run: the copy of the notebook that is filled, and what has been counted."""

    def __init__(self, notebook: NotebookNode, limits: Limits) -> None:
        self.notebook = copy.deepcopy(notebook)
        self.limits = limits
        self.status = RunStatus.COMPLETED
        self.output_bytes = 0
        cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        for cell in cells:
            cell.outputs, cell.execution_count = [], None
        self.cells = [cell for cell in cells if cell.source.strip()]
        self.begun, self.is_inside, self.has_failed = 0, False, False
        self.deadline = 0.0
        self.stream: NotebookNode | None = None
        self.texts: list[str] = []

    def job(self, *, stop_on_error: bool) -> bytes:
        """Return what the program in the box is told: the cells, and after which of them an error is expected."""
        cells = [{"source": cell.source, "may_fail": _is_expected_to_fail(cell)} for cell in self.cells]
        return json.dumps({"cells": cells, "stop_on_error": stop_on_error}).encode()

    def carry_out(self, said: _Pipe, box: Box) -> str:
        """Take in all that is said; sets `status` and returns a detail for staff. Raises `SandboxUnavailable`."""
        self.deadline = time.monotonic() + START_WALL_SECONDS
        is_ready = False
        try:
            for kind, content, size in self._messages(said, box):
                if not is_ready:
                    is_ready = kind == "ready"
                    self.deadline = time.monotonic() + self.limits.wall_seconds
                elif kind == "done" and not self.is_inside:
                    return ""
                else:
                    self._take(kind, content, size)
            raise _Ended(*_status_after(self._end_of(box)))
        except _Ended as end:
            if not is_ready:
                raise SandboxUnavailable(f"the shell did not start: {end}") from None
            self.status = end.status
            return str(end)
        finally:
            self._join_texts()

    def _end_of(self, box: Box) -> Ending:
        """Wait for the end of a box that says no more. Raises `_Ended` at the deadline."""
        try:
            return box.wait(max(0, self.deadline - time.monotonic()))
        except TimeoutError:
            raise _Ended(RunStatus.OUT_OF_TIME, "wall clock limit") from None

    def _messages(self, said: _Pipe, box: Box) -> Iterator[tuple[Any, dict[str, Any], int]]:
        """Yield kind, content and size of each line until there will be no more. Raises `_Ended` at the deadline.

        A line that is no message is passed over: its size was counted.
        """
        poll = select.poll()
        poll.register(said.ours, select.POLLIN)
        poll.register(box.fileno(), select.POLLIN)
        while (lines := said.lines()) is not None:
            for line in lines:
                message = _message(line)
                if message is not None:
                    yield *message, len(line)
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise _Ended(RunStatus.OUT_OF_TIME, "wall clock limit")
            if lines:
                continue
            ready = {fd for fd, _ in poll.poll(left * 1000)}
            if ready == {box.fileno()} and box.poll() is not None:
                return  # what it said before it ended has been read by now

    def _take(self, kind: Any, content: dict[str, Any], size: int) -> None:
        """Take in one message of a cell. Raises `_Ended` when it is one too many."""
        if kind == "begin" and not self.is_inside and self.begun < len(self.cells):
            self.begun, self.is_inside, self.has_failed = self.begun + 1, True, False
            self.cells[self.begun - 1].execution_count = self.begun
        elif kind == "end" and self.is_inside:
            self.is_inside = False
            has_failed = self.has_failed or content.get("is_well") is not True
            is_expected = _is_expected_to_fail(self.cells[self.begun - 1])
            if has_failed and not is_expected and self.status is RunStatus.COMPLETED:
                self.status = RunStatus.CELL_ERROR
        elif self.begun:
            self._take_output(self.cells[self.begun - 1], kind, content, size)

    def _take_output(self, cell: NotebookNode, kind: Any, content: dict[str, Any], size: int) -> None:
        output = _output(kind, content, cell.execution_count)
        if output is None:
            return
        if output.output_type != "stream":
            size = max(size, OUTPUT_BYTES)
        self.output_bytes += size
        left = self.limits.output_bytes - self.output_bytes
        if left < 0:
            if output.output_type == "stream":
                self._append(cell, new_output("stream", name=output.name, text=output.text[: max(0, left + size)]))
            raise _Ended(RunStatus.TOO_MUCH_OUTPUT, "outputs")
        self._append(cell, output)
        if output.output_type == "error":
            self.has_failed = True
            if output.ename == "MemoryError":
                # The limit per process: Python was told "no" instead of being ended, which is the same to the learner.
                self.status = RunStatus.OUT_OF_MEMORY

    def _append(self, cell: NotebookNode, output: NotebookNode) -> None:
        """Add an output; text of the same stream is joined to the one before, as Jupyter does."""
        last = cell.outputs[-1] if cell.outputs else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            self.texts.append(output.text)
            return
        self._join_texts()
        cell.outputs.append(output)
        if output.output_type == "stream":
            self.stream, self.texts = output, [output.text]

    def _join_texts(self) -> None:
        """Give the last stream output its whole text. Adding every piece to it would copy the text as often."""
        if self.stream is not None:
            self.stream.text = "".join(self.texts)
        self.stream, self.texts = None, []


def _message(line: bytes) -> tuple[Any, dict[str, Any]] | None:
    """Return kind and content of a line; None for one that is no message."""
    if _has_too_many_parts(line):
        return None
    try:
        kind, content = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    return (kind, content) if isinstance(content, dict) else None


def _has_too_many_parts(line: bytes) -> bool:
    """Would JSON make much more of this than it is? Looked at more closely only where it has the signs for it."""
    if sum(map(line.count, (b"[", b"{", b",", b'"'))) <= PARTS:
        return False
    return next(itertools.islice(_PART.finditer(line), PARTS, None), None) is not None


def _is_expected_to_fail(cell: NotebookNode) -> bool:
    return "raises-exception" in cell.metadata.get("tags", [])


def _status_after(ending: Ending) -> tuple[RunStatus, str]:
    """A kernel that leaves before its cells are done has died, even with exit code 0."""
    if ending.status is RunStatus.COMPLETED:
        return RunStatus.KERNEL_DIED, "the kernel left by itself"
    return ending.status, ending.detail


def _output(kind: str, said: Mapping[str, Any], count: int) -> NotebookNode | None:
    """Return an ordinary output made of a message's content, or None: widgets, updates and clearings are not kept."""
    if kind == "stream":
        name = "stderr" if said.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(said.get("text")))
    if kind == "error":
        lines = said.get("traceback")
        return new_output(
            "error",
            ename=_text(said.get("ename"))[:NAME_CHARACTERS],
            evalue=_text(said.get("evalue")),
            traceback=[_text(line) for line in lines[-TRACEBACK_LINES:]] if isinstance(lines, list) else [],
        )
    if kind in ("display_data", "execute_result") and isinstance(said.get("data"), dict):
        data = {mime: _text(value) for mime, value in said["data"].items() if mime in MIMETYPES}
        if data:
            extra = {"execution_count": count} if kind == "execute_result" else {}
            return new_output(kind, data=data, metadata={}, **extra)
    return None


def _text(value: Any) -> str:
    """Return text that every database and encoding can hold, whatever was sent."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
