"""Run a notebook in a real Jupyter kernel in a box, whatever the notebook does, and say how it ended.

This is the run a learner is shown. What comes from the kernel may have been written by the learner's code: it is
counted, cut to the limit, and kept only where its shape is that of an ordinary output. No grade rests on it.
"""

from __future__ import annotations

import asyncio
import copy
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import zmq
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from nbformat import NotebookNode, v4

from sandboxes.box import Box
from sandboxes.environments import KERNEL_ARGV
from sandboxes.gate import Gate
from sandboxes.limits import CEILINGS, Limits
from sandboxes.provisioner import SandboxProvisioner
from sandboxes.results import Ending, RunResult, RunStatus, SandboxUnavailable, Usage

new_output: Any = v4.new_output  # nbformat has no types

# A kernel takes a while to start, longer on a busy machine: that is not the learner's time.
START_WALL_SECONDS, START_CPU_SECONDS = 20.0, 5.0
# Beside its outputs a kernel sends headers, states and echoes of the code.
PROTOCOL_BYTES = 8 << 20
IDLE_SECONDS = 2.0
TRACEBACK_LINES, NAME_CHARACTERS = 200, 200
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
    changed. No kernel is left running, however this ends. Raises `SandboxUnavailable` when no kernel could be
    started, which is never the notebook's fault, and `ValueError` for file names outside the working directory.
    """
    run = _Run(notebook, limits, stop_on_error=stop_on_error)
    with _Kernel(files=files, limits=limits, python=python) as kernel:
        detail = run.carry_out(kernel)
        ending = kernel.box.kill()
        usage = kernel.box.usage()
        if run.status is RunStatus.KERNEL_DIED:
            detail = f"{detail or ending.detail} {kernel.error_text()}".strip()
    return RunResult(run.status, usage + Usage(output_bytes=run.output_bytes), run.notebook, detail)


class _Message(NamedTuple):
    """A message of the kernel, as far as it is used; ``size`` is that of its content in bytes."""

    channel: str
    kind: Any
    parent: Any
    content: dict[str, Any]
    size: int


class _Kernel:
    """A kernel in a box with its shell and iopub channels; a context manager that leaves nothing behind."""

    def __init__(self, *, files: Mapping[str, bytes], limits: Limits, python: Path) -> None:
        self.context = zmq.Context()
        # Messages wait in our memory until they are read; the gate bounds their sum, this their number.
        self.context.setsockopt(zmq.RCVHWM, 1000)
        self.manager = KernelManager(context=self.context, transport="ipc")
        self.manager._kernel_spec = KernelSpec(
            argv=list(KERNEL_ARGV), language="python", display_name="Python", interrupt_mode="message"
        )
        self.provisioner = SandboxProvisioner(
            kernel_id=str(uuid.uuid4()), kernel_spec=self.manager.kernel_spec, parent=self.manager
        )
        generous = limits.with_(
            wall_seconds=min(limits.wall_seconds + START_WALL_SECONDS, CEILINGS["wall_seconds"]),
            cpu_seconds=min(limits.cpu_seconds + START_CPU_SECONDS, CEILINGS["cpu_seconds"]),
        )
        self.provisioner.equip(
            files=files, limits=generous, python=python, allowed_bytes=4 * limits.output_bytes + PROTOCOL_BYTES
        )
        self.manager.provisioner = self.provisioner

    def __enter__(self) -> _Kernel:
        try:
            # In a thread with a loop of its own, because the caller's thread may be running one.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, self.manager._async_start_kernel()).result()
            self.iopub = self.manager.connect_iopub()
            self.shell = self.manager.connect_shell()
            self._await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.provisioner.close()
        self.context.destroy(linger=0)

    @property
    def box(self) -> Box:
        return self.provisioner.started_box()

    @property
    def gate(self) -> Gate:
        return self.provisioner.opened_gate()

    def error_text(self) -> str:
        return self.provisioner.error_text()

    def send(self, kind: str, content: Mapping[str, Any]) -> str:
        """Send a request to the kernel; returns its message id."""
        message = self.manager.session.send(self.shell, kind, dict(content))
        identity: str = message["header"]["msg_id"]
        return identity

    def receive(self, seconds: float) -> Iterator[_Message]:
        """Yield what has come, waiting up to ``seconds`` for the first; also returns early when the box has ended.

        A message that is not one is passed over: its size was counted at the gate.
        """
        poller = zmq.Poller()
        for source in (self.shell, self.iopub, self.box.fileno(), self.gate.fileno()):
            poller.register(source, zmq.POLLIN)
        ready = dict(poller.poll(max(0, int(seconds * 1000))))
        # Outputs first: the reply on the shell channel says that they have been sent.
        for channel, source in (("iopub", self.iopub), ("shell", self.shell)):
            if source in ready:
                message = self._read(channel, source.recv_multipart())
                if message is not None:
                    yield message

    def _read(self, channel: str, frames: list[bytes]) -> _Message | None:
        try:
            _, frames = self.manager.session.feed_identities(frames)
            message = self.manager.session.deserialize(frames)
            kind, parent = message["header"]["msg_type"], message["parent_header"].get("msg_id")
        except Exception:
            # A hostile message can be wrong in more ways than can be listed; none is worth more than this.
            return None
        content = message["content"]
        return _Message(channel, kind, parent, content if isinstance(content, dict) else {}, len(frames[4]))

    def _await_ready(self) -> None:
        """Wait for the subscription to outputs and for a first reply. Raises `SandboxUnavailable`."""
        deadline = time.monotonic() + START_WALL_SECONDS
        request = self.send("kernel_info_request", {})
        waiting = {"iopub", "shell"}
        while waiting:
            for message in self.receive(0.5):
                if message.channel == "iopub" or message.parent == request:
                    waiting.discard(message.channel)
            if self.box.poll() is not None or time.monotonic() > deadline:
                raise SandboxUnavailable(f"the kernel did not answer: {self.error_text()[-500:]}")


class _Ended(Exception):
    """The run is over before its last cell."""

    def __init__(self, status: RunStatus, detail: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class _Run:
    """The state of one run: the copy of the notebook that is filled, and what has been counted."""

    def __init__(self, notebook: NotebookNode, limits: Limits, *, stop_on_error: bool) -> None:
        self.notebook = copy.deepcopy(notebook)
        self.limits, self.stop_on_error = limits, stop_on_error
        self.status = RunStatus.COMPLETED
        self.output_bytes = 0
        self.deadline = 0.0

    def carry_out(self, kernel: _Kernel) -> str:
        """Run all cells; sets `status` and returns a detail for staff."""
        cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        for cell in cells:
            cell.outputs, cell.execution_count = [], None
        self.deadline = time.monotonic() + self.limits.wall_seconds
        try:
            for count, cell in enumerate((cell for cell in cells if cell.source.strip()), start=1):
                cell.execution_count = count
                if self._run_cell(kernel, cell) and self.stop_on_error:
                    break
        except _Ended as end:
            self.status = end.status
            return end.detail
        return ""

    def _run_cell(self, kernel: _Kernel, cell: NotebookNode) -> bool:
        """Run one cell; returns whether it ended with an error. Raises `_Ended`."""
        content = {"code": cell.source, "silent": False, "store_history": True, "allow_stdin": False}
        request = kernel.send("execute_request", content | {"user_expressions": {}, "stop_on_error": False})
        replied_at = None
        is_idle = has_failed = False
        while not (replied_at is not None and (is_idle or time.monotonic() > replied_at + IDLE_SECONDS)):
            for message in kernel.receive(min(0.5, self.deadline - time.monotonic())):
                if message.parent != request:
                    continue
                if message.channel == "shell" and message.kind == "execute_reply":
                    replied_at = time.monotonic()
                    has_failed = has_failed or message.content.get("status") == "error"
                elif message.channel == "iopub" and message.kind == "status":
                    is_idle = message.content.get("execution_state") == "idle"
                elif message.channel == "iopub":
                    has_failed = self._take_output(cell, message) or has_failed
            self._require_running(kernel, is_done=replied_at is not None and is_idle)
        is_expected = "raises-exception" in cell.metadata.get("tags", [])
        if has_failed and not is_expected and self.status is RunStatus.COMPLETED:
            self.status = RunStatus.CELL_ERROR
        return has_failed and not is_expected

    def _take_output(self, cell: NotebookNode, message: _Message) -> bool:
        """Keep one output; returns whether it is an error. Raises `_Ended` when it is one too many."""
        output = _output(message.kind, message.content, cell.execution_count)
        if output is None:
            return False
        self.output_bytes += message.size
        left = self.limits.output_bytes - self.output_bytes
        if left < 0:
            if output.output_type == "stream":
                _append(cell, new_output("stream", name=output.name, text=output.text[: max(0, left + message.size)]))
            raise _Ended(RunStatus.TOO_MUCH_OUTPUT, "outputs")
        _append(cell, output)
        if output.output_type == "error" and output.ename == "MemoryError":
            # The limit per process: Python was told "no" instead of being ended, which is the same to the learner.
            self.status = RunStatus.OUT_OF_MEMORY
        return bool(output.output_type == "error")

    def _require_running(self, kernel: _Kernel, *, is_done: bool) -> None:
        """Raise `_Ended` when a limit or the kernel's end is the end of the run."""
        if kernel.gate.has_overflowed:
            raise _Ended(RunStatus.TOO_MUCH_OUTPUT, "more bytes than the gate lets through")
        ending = kernel.box.poll()
        if ending is not None and not is_done:
            raise _Ended(*_status_after(ending))
        if time.monotonic() > self.deadline:
            raise _Ended(RunStatus.OUT_OF_TIME, "wall clock limit")


def _status_after(ending: Ending) -> tuple[RunStatus, str]:
    """A kernel that leaves before its cells are done has died, even with exit code 0."""
    if ending.status is RunStatus.COMPLETED:
        return RunStatus.KERNEL_DIED, "the kernel left by itself"
    return ending.status, ending.detail


def _append(cell: NotebookNode, output: NotebookNode) -> None:
    """Add an output; text of the same stream is joined to the one before, as Jupyter does."""
    last = cell.outputs[-1] if cell.outputs else None
    if last and output.output_type == last.output_type == "stream" and output.name == last.name:
        last.text += output.text
    else:
        cell.outputs.append(output)


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
