"""Messages between the processes that make a sandbox: one JSON object each, with file descriptors beside it.

Over Unix sockets that keep messages apart (SOCK_SEQPACKET). Standard library only: it is used inside the box too.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Any

# The socket buffers of the Linux kernel hold this much by default; what is longer goes by a file descriptor.
MAX_BYTES = 160_000
MAX_FDS = 64
REASON_CHARACTERS = 2000
FD_BYTES = array.array("i").itemsize


class Closed(Exception):
    """The other end has gone, or said something that is not a message."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected ends."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def send(end: socket.socket, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
    """Send one message. Raises `Closed` when nobody will read it and `ValueError` when it is too long."""
    data = json.dumps(message).encode()
    if len(data) > MAX_BYTES:
        raise ValueError(f"a message of {len(data)} bytes is too long")
    try:
        socket.send_fds(end, [data], fds, socket.MSG_NOSIGNAL)
    except OSError as error:
        raise Closed(str(error)) from error


def send_failure(end: socket.socket, reason: str) -> None:
    """Say that there will be no box, and why. A reason may have as much in it as the request had; it is cut."""
    with contextlib.suppress(Closed):
        send(end, {"event": "failed", "reason": reason[:REASON_CHARACTERS]})


def receive(end: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Wait for one message; returns it and its file descriptors, which are the receiver's to close.

    Raises `Closed`, and `TimeoutError` when the socket has a time limit and it has passed.
    """
    try:
        # Not `socket.recv_fds`, which drops the flag: what came must reach no program that is started.
        data, extra, _, _ = end.recvmsg(MAX_BYTES, socket.CMSG_SPACE(MAX_FDS * FD_BYTES), socket.MSG_CMSG_CLOEXEC)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed(str(error)) from error
    fds = _descriptors(extra)
    try:
        message = json.loads(data) if data else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        for fd in fds:
            os.close(fd)
        raise Closed("not a message" if data else "the other end has gone")
    return message, fds


def _descriptors(extra: Sequence[tuple[int, int, bytes]]) -> list[int]:
    fds = array.array("i")
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % FD_BYTES])
    return fds.tolist()
