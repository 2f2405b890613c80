"""The gate passes bytes both ways, counts them, and waits for nobody. No box here: the tests play kernel and door."""

import contextlib
import os
import select
import socket
import threading
from pathlib import Path

import pytest

from sandboxes import channel
from sandboxes.gate import Gate

SECONDS = 10
PLENTY = 1 << 30


class Kernel:
    """The other side of a gate: a kernel with two sockets, and the door to more connections to them."""

    def __init__(self, folder: Path, allowed_bytes: int) -> None:
        self.folder = folder
        pairs = [socket.socketpair() for _ in range(2)]
        self.ends = [end for end, _ in pairs]
        self.door, door = channel.pair()
        for end in (self.door, *self.ends):
            end.settimeout(SECONDS)
        self.gate = Gate(
            ours=folder / "k", door=door, connections=[end for _, end in pairs], allowed_bytes=allowed_bytes
        )
        self.clients: list[socket.socket] = []

    def connect(self, port: int) -> socket.socket:
        """Come as a client."""
        client = socket.socket(socket.AF_UNIX)
        self.clients.append(client)
        client.settimeout(SECONDS)
        client.connect(str(self.folder / f"k-{port}"))
        return client

    def hear_door(self) -> int:
        """Wait for a question at the door; returns which socket it is for."""
        asked, _ = channel.receive(self.door)
        return asked["socket"]

    def open_door(self) -> socket.socket:
        """Answer a question; returns our end of the new connection."""
        ours, theirs = socket.socketpair()
        ours.settimeout(SECONDS)
        self.ends.append(ours)
        with theirs:
            channel.send(self.door, {"is_connected": True}, [theirs.fileno()])
        return ours

    def close(self) -> None:
        self.gate.close()
        for end in (self.door, *self.ends, *self.clients):
            end.close()


@pytest.fixture
def kernel(tmp_path):
    with contextlib.closing(Kernel(tmp_path, PLENTY)) as kernel:
        yield kernel


def send_until_full(end: socket.socket, piece: bytes) -> int:
    """Send until no more is taken for a moment; returns how much was."""
    sent = 0
    while select.select([], [end], [], 0.2)[1]:
        sent += end.send(piece, socket.MSG_DONTWAIT)
    return sent


def receive(end: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count and (piece := end.recv(1 << 20)):
        data += piece
    return bytes(data)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_bytes_pass_both_ways_unchanged(kernel):
    client, data = kernel.connect(1), os.urandom(3 << 20)
    for one, other in ((client, kernel.ends[0]), (kernel.ends[0], client)):
        sender = threading.Thread(target=one.sendall, args=[data])
        sender.start()
        assert receive(other, len(data)) == data
        sender.join()


def test_a_client_that_does_not_read_holds_up_no_other(kernel):
    slow, quick = kernel.connect(1), kernel.connect(2)
    sent = send_until_full(kernel.ends[0], b"x" * 65536)
    for _ in range(100):
        kernel.ends[1].sendall(b"ping")
        assert receive(quick, 4) == b"ping"
        quick.sendall(b"pong")
        assert receive(kernel.ends[1], 4) == b"pong"
    slow.sendall(b"and the other way is open")
    assert receive(kernel.ends[0], 25) == b"and the other way is open"
    assert receive(slow, sent) == b"x" * sent


def test_what_nobody_reads_stays_with_its_maker(kernel):
    kernel.connect(1)
    assert send_until_full(kernel.ends[0], b"x" * 65536) < 4 << 20


def test_a_kernel_that_does_not_read_holds_up_no_other_socket_of_its(kernel):
    stuck, other = kernel.connect(1), kernel.connect(2)
    sent = send_until_full(stuck, b"x" * 65536)
    other.sendall(b"ping")
    assert receive(kernel.ends[1], 4) == b"ping"
    assert receive(kernel.ends[0], sent) == b"x" * sent


def test_the_last_words_of_a_kernel_reach_a_client_that_is_slow(kernel):
    client = kernel.connect(1)
    sent = send_until_full(kernel.ends[0], b"last words")
    kernel.ends[0].close()
    said = receive(client, PLENTY)
    assert len(said) == sent
    assert client.recv(1) == b""


def test_a_client_that_comes_later_is_let_in_by_the_door(kernel):
    kernel.connect(2)
    late = kernel.connect(2)
    assert kernel.hear_door() == 1
    end = kernel.open_door()
    late.sendall(b"hello")
    assert receive(end, 5) == b"hello"


def test_clients_at_the_door_get_the_answers_in_their_order(kernel):
    kernel.connect(1), kernel.connect(2)
    clients = []
    for port in (2, 1, 2):
        clients.append(kernel.connect(port))
        assert kernel.hear_door() == port - 1
    kernel.open_door().sendall(b"first")
    channel.send(kernel.door, {"is_connected": False})
    kernel.open_door().sendall(b"third")
    assert receive(clients[0], 5) == b"first"
    assert clients[1].recv(1) == b""
    assert receive(clients[2], 5) == b"third"


def test_a_door_that_does_not_answer_holds_up_nobody_who_is_in(kernel):
    client = kernel.connect(1)
    kernel.connect(1)
    kernel.hear_door()
    client.sendall(b"ping")
    assert receive(kernel.ends[0], 4) == b"ping"


def test_nobody_is_left_waiting_when_the_door_is_gone(kernel):
    client = kernel.connect(1)
    waiting = kernel.connect(1)
    kernel.hear_door()
    kernel.door.close()
    assert waiting.recv(1) == b""
    assert kernel.connect(1).recv(1) == b""
    kernel.ends[0].sendall(b"still here")
    assert receive(client, 10) == b"still here"


def test_a_first_connection_that_has_died_is_followed_by_one_of_the_door(kernel):
    kernel.ends[0].close()
    assert kernel.connect(1).recv(1) == b""
    client = kernel.connect(1)
    assert kernel.hear_door() == 0
    kernel.open_door().sendall(b"hello")
    assert receive(client, 5) == b"hello"


def test_clients_that_come_and_go_leave_nothing_open(kernel):
    kernel.connect(1).sendall(b"hello")
    assert receive(kernel.ends[0], 5) == b"hello"
    before = open_files()
    for _ in range(20):
        client = kernel.connect(1)
        kernel.hear_door()
        end = kernel.open_door()
        end.sendall(b"hello")
        assert receive(client, 5) == b"hello"
        client.close()
        assert end.recv(1) == b""
        end.close()
    assert open_files() == before


def test_beyond_the_limit_nothing_more_comes_and_everything_is_closed(tmp_path):
    with contextlib.closing(Kernel(tmp_path, 1000)) as kernel:
        client, other = kernel.connect(1), kernel.connect(2)
        kernel.ends[0].sendall(b"x" * 600)
        assert receive(client, 600) == b"x" * 600
        other.sendall(b"y" * 5000)  # what goes in is not counted
        assert receive(kernel.ends[1], 5000) == b"y" * 5000
        assert not kernel.gate.has_overflowed
        kernel.ends[1].sendall(b"x" * 401)
        assert client.recv(1000) == other.recv(1000) == b""
        assert kernel.gate.has_overflowed
        kernel.gate.close()
        with pytest.raises(OSError, match=r"refused|No such file"):
            kernel.connect(1)


def test_a_closed_gate_leaves_nothing(tmp_path):
    before = open_files(), threading.active_count()
    kernel = Kernel(tmp_path, PLENTY)
    clients = [kernel.connect(1), kernel.connect(1), kernel.connect(2)]
    send_until_full(kernel.ends[0], b"x" * 65536)
    kernel.close()
    kernel.close()
    assert not any(client.fileno() >= 0 for client in clients)
    assert not list(tmp_path.iterdir())
    assert (open_files(), threading.active_count()) == before


def test_a_gate_that_cannot_listen_says_so_and_leaves_nothing(tmp_path):
    before = open_files(), threading.active_count()
    (tmp_path / "k-2").touch()
    ends = [*channel.pair(), *socket.socketpair(), *socket.socketpair()]
    with pytest.raises(OSError, match="in use"):
        Gate(ours=tmp_path / "k", door=ends[0], connections=[ends[2], ends[4]], allowed_bytes=PLENTY)
    for end in ends:
        end.close()
    assert [path.name for path in tmp_path.iterdir()] == ["k-2"]
    assert (open_files(), threading.active_count()) == before
