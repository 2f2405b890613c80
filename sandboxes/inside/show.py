"""Runs a notebook's cells one after the other and says what they show: the run a learner is shown.

This is the learner's process: whatever leaves it may have been written by the learner's code. Cells come in
cells.json. Lines of JSON, each ``[kind, content]``, leave on the descriptor that is named first: ``ready``, then
``begin`` and ``end`` of each cell with Jupyter's ``stream``, ``error``, ``display_data`` and ``execute_result`` between
them, then ``done``.
"""

import asyncio
import contextlib
import json
import os
import select
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from sandboxes.inside import cells
else:  # a program inside a sandbox, beside cells.py
    import cells

PIECE_BYTES = 1 << 16
# What Python says to its auditors when a cell starts a process, or loads a library of C that may print.
STARTS = frozenset({"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"})


class Report:
    """Writes whole lines, from whichever thread; from the process that was started and no child of it."""

    def __init__(self, fd: int) -> None:
        self._fd, self._owner, self._lock = fd, os.getpid(), threading.RLock()

    def __call__(self, kind: str, content: dict[str, Any]) -> None:
        if os.getpid() != self._owner:
            return
        line = memoryview(json.dumps([kind, content], ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        with self._lock:
            while line:
                line = line[os.write(self._fd, line) :]


class Descriptors:
    """Reports what is written to the descriptors 1 and 2 past Python: by processes that a cell starts, mostly.

    It waits in their pipes until the cell ends, or until a thread takes it out, which there is from the moment that a
    cell starts a process: a pipe that is full holds up its writer.
    """

    def __init__(self, publish: Report) -> None:
        self._publish, self._lock = publish, threading.Lock()
        self._thread: threading.Thread | None = None
        self._pipes: dict[int, str] = {}
        for fd, name in ((1, "stdout"), (2, "stderr")):
            ours, theirs = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(ours, False)
            os.dup2(theirs, fd)
            os.close(theirs)
            self._pipes[ours] = name
        sys.addaudithook(self._hear)

    def drain(self) -> None:
        """Report what is there now."""
        with self._lock:
            for fd, name in self._pipes.items():
                with contextlib.suppress(BlockingIOError):
                    while data := os.read(fd, PIECE_BYTES):
                        self._publish("stream", {"name": name, "text": data.decode("utf-8", "replace")})

    def _hear(self, event: str, _arguments: object) -> None:
        if self._thread is None and event in STARTS:
            self._thread = threading.Thread(target=self._keep_draining, daemon=True)
            self._thread.start()

    def _keep_draining(self) -> None:
        while True:
            select.select(list(self._pipes), [], [])
            self.drain()


async def _run(told: dict[str, Any], report: Report) -> None:
    descriptors = Descriptors(report)
    shell = cells.begin(report)
    report("ready", {})
    for cell in told["cells"]:
        report("begin", {})
        is_well = await cells.run_cell(shell, cell["source"])
        descriptors.drain()
        if shell.exit_now:
            os._exit(0)  # as a kernel does that is asked to: the cells after it do not run
        report("end", {"is_well": is_well})
        if told["stop_on_error"] and not is_well and not cell["may_fail"]:
            break
        await asyncio.sleep(0)  # what a cell has left to the loop goes on between cells
    report("done", {})
    os._exit(0)  # without waiting for what the cells have left running


def main() -> None:
    """Run all cells, then leave."""
    here = Path(__file__).resolve().parent
    told = json.loads((here / "cells.json").read_text(encoding="utf-8"))
    (here / "cells.json").unlink()  # a cell finds what it would find beside a kernel
    sys.path[:] = ["", *(path for path in sys.path if path != str(here))]
    report, sys.argv = Report(int(sys.argv[1])), [""]
    asyncio.new_event_loop().run_until_complete(_run(told, report))  # `run` would take signals to itself


if __name__ == "__main__":
    main()
