"""A gate between a kernel's sockets and ours, that counts what comes through and shuts when it is too much.

A kernel's messages are written by the learner's code if it wants to. One ZMQ message may have any number of frames
and is only seen by the program once it is whole, so a flood could fill our memory before anything could look at it.
Here the plain bytes pass in small pieces: beyond the limit nothing more is read, and the flood stays with its maker.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from sandboxes.box import connect_by

PIECE_BYTES = 1 << 16
SEND_SECONDS = 30.0


class Gate:
    """Listens at ``<ours>-<port>`` for port 1, 2, … and passes what comes on to and from the kernel's sockets.

    ``connections``: a first one to each of the kernel's sockets; ``door``: the way to more (`box.connect_by`). Both
    are the gate's own from now on. The names are those of Jupyter's ipc transport. `has_overflowed` tells that more
    than ``allowed_bytes`` came from the box.
    """

    def __init__(
        self, *, ours: Path, door: socket.socket, connections: Sequence[socket.socket], allowed_bytes: int
    ) -> None:
        self.has_overflowed = False
        self._left = allowed_bytes
        self._door = door
        self._unused = dict(enumerate(connections, start=1))
        self._selector = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self._partner: dict[socket.socket, socket.socket] = {}
        self._from_box: set[socket.socket] = set()
        self._wake, woken = socket.socketpair()
        self._alarm, self._alarmed = socket.socketpair()
        self._sockets += [self._wake, woken, self._alarm, self._alarmed, door, *connections]
        self._selector.register(woken, selectors.EVENT_READ)
        for port in self._unused:
            self._listen(Path(f"{ours}-{port}"), port)
        self._thread = threading.Thread(target=self._run, name="kernel gate", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Readable once the gate has overflowed: for use with select and zmq pollers."""
        return self._alarmed.fileno()

    def close(self) -> None:
        """Shut the gate and end its thread."""
        with contextlib.suppress(OSError):
            self._wake.send(b".")
        for end in list(self._partner):  # a send that waits must not wait any longer
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        for end in self._sockets:
            end.close()
        self._selector.close()

    def _listen(self, path: Path, port: int) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sockets.append(listener)
        listener.bind(str(path))
        listener.listen(8)
        self._selector.register(listener, selectors.EVENT_READ, data=port)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                end = key.fileobj
                if not isinstance(end, socket.socket):
                    continue
                if key.data is not None:
                    self._admit(end, key.data)
                elif end in self._partner:
                    self._pass_on(end)
                else:
                    return

    def _admit(self, listener: socket.socket, port: int) -> None:
        inner, _ = listener.accept()
        outer = self._unused.pop(port, None) or connect_by(self._door, port - 1)
        if outer is None:
            inner.close()
            return
        self._sockets += [inner, outer]
        self._from_box.add(outer)
        for one, other in ((inner, outer), (outer, inner)):
            one.settimeout(SEND_SECONDS)
            self._partner[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, end: socket.socket) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = end.recv(PIECE_BYTES)
        if end in self._from_box:
            self._left -= len(data)
            if self._left < 0 and not self.has_overflowed:
                self.has_overflowed = True
                self._alarm.send(b".")
        if not data or self.has_overflowed:
            self._part(end)
            return
        try:
            self._partner[end].sendall(data)
        except OSError:
            self._part(end)

    def _part(self, end: socket.socket) -> None:
        """Close both sides of a connection that has ended."""
        for side in (end, self._partner.pop(end)):
            self._partner.pop(side, None)
            with contextlib.suppress(KeyError):
                self._selector.unregister(side)
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
