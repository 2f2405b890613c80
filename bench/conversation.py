"""How the bench speaks with the processes that it measures: one JSON line asks, one JSON line answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).resolve().parent.parent
END_SECONDS = 60


class ChildFailed(Exception):
    """A measured process ended or answered with an error; the text says which and what it wrote."""


class Child:
    """A process that answers; a context manager. Leaving it closes the process's input, or with ``is_service`` sends
    it SIGTERM, and waits for its end. Its error stream goes to the file ``log``."""

    def __init__(
        self, command: Sequence[str | Path], *, env: Mapping[str, str], log: Path, is_service: bool = False
    ) -> None:
        self.command, self.log, self.is_service = list(map(str, command)), log, is_service
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=dict(env), cwd=HERE
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise ChildFailed("no pipes")
        self._to, self._from = self._process.stdin, self._process.stdout

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._to.close()
        if self.is_service:
            self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._from.close()

    def ask(self, what: str, **details: Any) -> dict[str, Any]:
        """Send a request and return the answer. Raises `ChildFailed`."""
        self.send(what, **details)
        return self.answer()

    def send(self, what: str, **details: Any) -> None:
        """Send a request; its answer is fetched later."""
        self._to.write(json.dumps({"do": what} | details).encode() + b"\n")
        self._to.flush()

    def answer(self) -> dict[str, Any]:
        """Return the next answer. Raises `ChildFailed`."""
        line = self._from.readline()
        found: dict[str, Any] = json.loads(line) if line else {"error": "it ended"}
        if "error" in found:
            raise ChildFailed(f"{self.command[-3:]}: {found['error']} ({end_of(self.log)})")
        return found

    def await_line(self, expected: str) -> None:
        """Wait until the process prints this line. Raises `ChildFailed` when it ends first."""
        for line in self._from:
            if line.decode().strip() == expected:
                return
        raise ChildFailed(f"{self.command[-3:]} ended before it was {expected} ({end_of(self.log)})")


def end_of(log: Path) -> str:
    """Return the last lines that processes wrote to this log."""
    return log.read_text(errors="replace")[-1000:].strip()


def answer_until_closed(answers: Mapping[str, Callable[..., dict[str, Any]]]) -> None:
    """The other side: answer requests by name until the input is closed. An error is an answer too."""
    # Nothing that is imported or started here may write among the answers.
    said = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = answers[request.pop("do")](**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        said.write(json.dumps(answer) + "\n")
