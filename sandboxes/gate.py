"""A gate between a kernel's sockets and ours, that counts what comes through and shuts when it is too much.

A kernel's messages are written by the learner's code if it wants to. One ZMQ message may have any number of frames
and is only seen by the program once it is whole, so a flood could fill our memory before anything could look at it.
Here the plain bytes pass in small pieces: beyond the limit nothing more is read, and the flood stays with its maker.
Nothing here waits for one side only: where a piece is not taken, no more is read for there, and all others go on.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from sandboxes import channel

PIECE_BYTES = 1 << 16
BACKLOG = 64


class _Side:
    """One side of a connection through the gate: its socket, and the piece that waits to be sent there."""

    __slots__ = ("end", "is_from_box", "partner", "waiting", "watched")

    def __init__(self, end: socket.socket, *, is_from_box: bool) -> None:
        self.end, self.is_from_box = end, is_from_box
        self.partner = self
        self.waiting = b""
        self.watched = 0


class Gate:
    """Listens at ``<ours>-<port>`` for port 1, 2, … and passes what comes on to and from the kernel's sockets.

    ``connections``: a first one to each of the kernel's sockets; ``door``: the way to more (`Box.connections`). Both
    are the gate's own from now on. The names are those of Jupyter's ipc transport. `has_overflowed` tells that more
    than ``allowed_bytes`` came from the box: then nobody is connected any more.
    """

    def __init__(
        self, *, ours: Path, door: socket.socket, connections: Sequence[socket.socket], allowed_bytes: int
    ) -> None:
        self.has_overflowed = False
        self._left = allowed_bytes
        self._door = door
        self._unused = dict(enumerate(connections, start=1))
        self._at_door: deque[socket.socket] = deque()
        self._sides: set[_Side] = set()
        self._is_closing = False
        self._selector = selectors.DefaultSelector()
        self._listeners: list[socket.socket] = []
        self._paths: list[Path] = []
        self._wake, woken = socket.socketpair()
        self._bells = (self._wake, woken)
        self._thread = threading.Thread(target=self._run, name="kernel gate", daemon=True)
        self._watch(woken, self._end)
        self._watch(door, self._let_in)
        try:
            for port in self._unused:
                self._listen(Path(f"{ours}-{port}"), port)
        except OSError:
            self._end()
            self._thread.start()  # which closes what it has, and ends
            self.close()
            raise
        self._thread.start()

    def close(self) -> None:
        """Shut the gate and end its thread. Safe to call twice."""
        with contextlib.suppress(OSError):
            self._wake.send(b".")
        self._thread.join()
        for end in self._bells:
            end.close()

    def _listen(self, path: Path, port: int) -> None:
        listener = socket.socket(socket.AF_UNIX)
        self._listeners.append(listener)
        listener.bind(str(path))
        self._paths.append(path)
        listener.listen(BACKLOG)
        self._watch(listener, lambda: self._admit(listener, port))

    def _watch(self, end: socket.socket, react: Callable[[], None]) -> None:
        end.setblocking(False)
        self._selector.register(end, selectors.EVENT_READ, lambda _: react())

    # ── In the thread ──

    def _run(self) -> None:
        try:
            while not self._is_closing:
                for key, events in self._selector.select():
                    key.data(events)
        finally:
            self._shut()

    def _end(self) -> None:
        self._is_closing = True

    def _shut(self) -> None:
        ends = [side.end for side in self._sides]
        for end in (*ends, *self._unused.values(), *self._at_door, *self._listeners, self._door):
            end.close()
        for path in self._paths:
            with contextlib.suppress(OSError):
                path.unlink()
        self._selector.close()

    def _admit(self, listener: socket.socket, port: int) -> None:
        """Let somebody in by the first connection, or ask the door for one more."""
        with contextlib.suppress(OSError):
            inner, _ = listener.accept()
            outer = self._unused.pop(port, None)
            if outer is not None:
                self._join(inner, outer)
                return
            try:
                channel.send(self._door, {"socket": port - 1})
            except channel.Closed:
                inner.close()
            else:
                self._at_door.append(inner)

    def _let_in(self) -> None:
        """Hear from the door, which answers in the order it was asked."""
        try:
            _, fds = channel.receive(self._door)
        except channel.Closed:
            self._selector.unregister(self._door)
            while self._at_door:
                self._at_door.popleft().close()
            return
        inner = self._at_door.popleft()
        if fds:
            self._join(inner, socket.socket(fileno=fds[0]))
        else:
            inner.close()

    def _join(self, inner: socket.socket, outer: socket.socket) -> None:
        one, other = _Side(inner, is_from_box=False), _Side(outer, is_from_box=True)
        one.partner, other.partner = other, one
        for side in (one, other):
            side.end.setblocking(False)
            self._sides.add(side)
        self._attend(one)
        self._attend(other)

    def _attend(self, side: _Side) -> None:
        """Read from a side while nothing waits for its partner, write to it while something waits for itself."""
        wanted = (0 if side.partner.waiting else selectors.EVENT_READ) | (selectors.EVENT_WRITE if side.waiting else 0)
        if wanted == side.watched:
            return
        if side.watched:
            self._selector.unregister(side.end)
        if wanted:
            self._selector.register(side.end, wanted, lambda events: self._serve(side, events))
        side.watched = wanted

    def _serve(self, side: _Side, events: int) -> None:
        if events & selectors.EVENT_WRITE and side in self._sides:
            self._send(side, side.waiting)
        if events & selectors.EVENT_READ and side in self._sides:
            self._pass_on(side)

    def _pass_on(self, side: _Side) -> None:
        try:
            data = side.end.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if side.is_from_box:
            self._left -= len(data)
        if self._left < 0:
            self.has_overflowed = self._is_closing = True
        elif data:
            self._send(side.partner, data)
        else:
            self._part(side)

    def _send(self, side: _Side, data: bytes) -> None:
        """Send what is taken at once; the rest waits."""
        try:
            sent = side.end.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._part(side)
            return
        side.waiting = data[sent:]
        self._attend(side)
        self._attend(side.partner)

    def _part(self, side: _Side) -> None:
        """Close both sides of a connection that has ended."""
        for one in (side, side.partner):
            self._sides.discard(one)
            if one.watched:
                self._selector.unregister(one.end)
            one.end.close()
