"""Runs a notebook's cells one after the other and says what they show: the run a learner is shown.

This is the learner's process: whatever leaves it may have been written by the learner's code. Cells come in
cells.json. Lines of JSON, each ``[kind, content]``, leave on the descriptor that is named first: ``ready``, then
``begin`` and ``end`` of each cell with Jupyter's ``stream``, ``error``, ``display_data`` and ``execute_result`` between
them, then ``done``.
"""

import asyncio
import codecs
import contextlib
import json
import os
import select
import sys
import threading
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from sandboxes.inside import aside, cells
else:  # a program inside a sandbox, beside these
    import aside
    import cells

PIECE_BYTES, LAST_WORDS = 1 << 16, 500
# What Python says to its auditors when a cell starts a process.
STARTS = frozenset({"os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen"})


class Report:
    """Writes whole lines, from whichever thread; from the process that was started and no child of it."""

    def __init__(self, fd: int) -> None:
        self._fd, self._owner, self._lock = fd, os.getpid(), threading.RLock()
        self.complaints = 0  # how many errors have been reported, and words on the error stream

    def __call__(self, kind: str, content: dict[str, Any]) -> None:
        if os.getpid() != self._owner:
            return
        if isinstance(data := content.get("data"), dict):  # nothing but text is kept; a plot's points are long
            content = content | {"data": {mime: text for mime, text in data.items() if isinstance(text, str)}}
        line = memoryview(json.dumps([kind, content], ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        with self._lock:
            self.complaints += kind == "error" or content.get("name") == "stderr"
            while line:
                line = line[os.write(self._fd, line) :]


class Descriptors:
    """Reports what is written to the descriptors 1 and 2 past Python: by processes that a cell starts, mostly.

    It is taken out of their pipes whenever Python's own output is reported, so that the order is kept; and by a thread,
    because a pipe that is full holds up its writer. The thread also reports what was printed before a long wait.
    """

    def __init__(self, publish: Report) -> None:
        self._publish = publish
        self._streams: tuple[cells.Stream, ...] = ()
        self._pipes: dict[int, tuple[str, codecs.IncrementalDecoder]] = {}
        for fd, name in ((1, "stdout"), (2, "stderr")):
            ours, theirs = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(ours, False)
            os.dup2(theirs, fd)
            os.close(theirs)
            self._pipes[ours] = (name, codecs.getincrementaldecoder("utf-8")("replace"))

    def serve(self, *streams: cells.Stream) -> None:
        """From now on keep order with these streams, and the pipes from filling."""
        self._streams = streams
        sys.addaudithook(self._hear)
        threading.Thread(target=self._keep_draining, daemon=True).start()

    def drain(self) -> None:
        """Report what is there now, after what was printed before."""
        with cells.ORDER:
            for fd, (name, decoder) in self._pipes.items():
                with contextlib.suppress(BlockingIOError):
                    while data := os.read(fd, PIECE_BYTES):
                        self._publish_printed()
                        self._publish("stream", {"name": name, "text": decoder.decode(data)})

    def _publish_printed(self) -> None:
        for stream in self._streams:
            stream.publish()

    def _hear(self, event: str, _arguments: object) -> None:
        if event in STARTS:
            self._publish_printed()

    def _keep_draining(self) -> None:
        with contextlib.suppress(OSError):  # a cell has closed the pipes
            while True:
                if select.select(list(self._pipes), [], [], cells.FLUSH_SECONDS)[0]:
                    self.drain()
                for stream in self._streams:
                    if stream.is_due():
                        stream.publish()


async def _run(told: dict[str, Any], report: Report) -> None:
    descriptors = Descriptors(report)
    shell = cells.begin(report, descriptors.drain)
    streams: list[Any] = [sys.stdout, sys.stderr]
    descriptors.serve(*streams)
    report("ready", {})
    for cell in told["cells"]:
        report("begin", {})
        is_well = await _run_cell(shell, cell["source"], report, streams)
        report("end", {"is_well": is_well})
        if told["stop_on_error"] and not is_well and not cell["may_fail"]:
            break
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)  # what a cell has left to the loop goes on between cells
    report("done", {})
    os._exit(0)  # without waiting for what the cells have left running


async def _run_cell(shell: Any, source: str, report: Report, streams: Iterable[cells.Stream]) -> bool:
    """Run a cell; returns whether it ended well. If not, something has been said of it, however broken it is."""
    before = report.complaints
    try:
        is_well, error = await cells.run_cell(shell, source)
    except BaseException as raised:  # the shell itself is broken, or what it would tell of cannot be told
        is_well, error = False, raised
    for stream in streams:
        stream.flush()
    if not is_well and report.complaints == before:
        text = ""
        with contextlib.suppress(BaseException):
            text = str(error)
        report("error", {"ename": type(error).__name__, "evalue": text, "traceback": []})
    return is_well


def main() -> None:
    """Run all cells, then leave."""
    here = Path(__file__).resolve().parent
    told = json.loads((here / "cells.json").read_text(encoding="utf-8"))
    (here / "cells.json").unlink()  # a cell finds what it would find beside a kernel
    aside.step(here)
    report, sys.argv, last_words = Report(int(sys.argv[1])), [""], os.dup(2)
    loop = asyncio.new_event_loop()
    run = loop.create_task(_run(told, report))
    run.add_done_callback(lambda _: loop.stop())
    try:
        while not run.done():  # a cell may stop the loop: those after it run nevertheless
            with contextlib.suppress(KeyboardInterrupt):
                loop.run_forever()
        run.result()
    except BaseException:
        os.write(last_words, traceback.format_exc()[-LAST_WORDS:].encode("utf-8", "replace"))
    finally:
        os._exit(1)  # whatever is left was made by the cells


if __name__ == "__main__":
    main()
