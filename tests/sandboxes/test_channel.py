"""Messages between the processes of a sandbox, and what is not one."""

import fcntl
import os
import socket
from pathlib import Path

import pytest

from sandboxes import channel


@pytest.fixture
def ends():
    ours, theirs = channel.pair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.settimeout(5)
        yield ours, theirs


@pytest.fixture
def nothing():
    fd = os.open(os.devnull, os.O_RDONLY)
    yield fd
    os.close(fd)


def open_files():
    return {int(link.name) for link in Path("/proc/self/fd").iterdir() if link.exists()}


def test_messages_arrive_one_by_one_in_their_order(ends):
    ours, theirs = ends
    sent = [{"number": number, "text": "ข้อความ \0 \n" * number} for number in range(3)]
    for message in sent:
        channel.send(ours, message)
    assert [channel.receive(theirs) for _ in sent] == [(message, []) for message in sent]


def test_files_come_beside_a_message(ends, tmp_path):
    ours, theirs = ends
    (tmp_path / "file").write_text("text")
    with (tmp_path / "file").open() as stream:
        channel.send(ours, {}, [stream.fileno(), stream.fileno()])
    _, fds = channel.receive(theirs)
    assert len(fds) == 2
    for fd in fds:
        assert os.pread(fd, 9, 0) == b"text"
        os.close(fd)


def test_files_that_came_reach_no_program_that_is_started(ends, nothing):
    ours, theirs = ends
    channel.send(ours, {}, [nothing])
    _, (fd,) = channel.receive(theirs)
    is_kept_back = fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    os.close(fd)
    assert is_kept_back


def test_a_message_has_a_greatest_length_and_what_is_longer_is_not_sent(ends):
    ours, theirs = ends
    frame = len('{"text": ""}')
    longest = {"text": "x" * (channel.MAX_BYTES - frame)}
    channel.send(ours, longest)
    assert channel.receive(theirs) == (longest, [])
    with pytest.raises(ValueError, match="too long"):
        channel.send(ours, {"text": longest["text"] + "x"})


def test_who_has_gone_is_not_waited_for(ends):
    ours, theirs = ends
    theirs.close()
    with pytest.raises(channel.Closed):
        channel.receive(ours)
    with pytest.raises(channel.Closed):
        channel.send(ours, {})


def test_what_was_said_before_going_is_heard(ends):
    ours, theirs = ends
    channel.send(theirs, {"last": "words"})
    theirs.close()
    assert channel.receive(ours) == ({"last": "words"}, [])
    with pytest.raises(channel.Closed):
        channel.receive(ours)


def test_silence_has_an_end_where_one_is_set(ends):
    ours, _ = ends
    ours.settimeout(0.01)
    with pytest.raises(TimeoutError):
        channel.receive(ours)


def test_a_full_socket_is_not_waited_for_where_it_must_not_be(ends):
    ours, _ = ends
    ours.setblocking(False)

    def talk():
        for _ in range(10_000):
            channel.send(ours, {"text": "x" * 1000})

    with pytest.raises(channel.Closed):
        talk()


NO_MESSAGES = {
    "nothing that is JSON": b"nonsense",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "half of one": b'{"op": "box"',
    "two": b"{}{}",
    "too many digits": b'{"number": ' + b"9" * 10_000 + b"}",
    "cut off": b'{"text": "' + b"x" * channel.MAX_BYTES + b'"}',
}


@pytest.mark.parametrize("data", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_what_is_no_message_ends_the_talk(ends, data):
    ours, theirs = ends
    theirs.send(data)
    with pytest.raises(channel.Closed):
        channel.receive(ours)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 25_000])
def test_what_is_nested_too_deep_ends_the_talk(ends, data):
    ours, theirs = ends
    theirs.send(data)
    with pytest.raises(channel.Closed):
        channel.receive(ours)


@pytest.mark.parametrize("data", [b"nonsense", b"[]"])
def test_files_beside_what_is_no_message_are_closed(ends, nothing, data):
    """They would be a way to use up all the files a service may have."""
    ours, theirs = ends
    before = open_files()
    socket.send_fds(theirs, [data], [nothing] * 5)
    with pytest.raises(channel.Closed):
        channel.receive(ours)
    left = open_files() - before
    for fd in left:
        os.close(fd)
    assert not left


def test_more_files_than_a_message_may_have_leave_nothing_open(ends, nothing):
    ours, theirs = ends
    before = open_files()
    socket.send_fds(theirs, [b"{}"], [nothing] * (channel.MAX_FDS + 20))
    _, fds = channel.receive(ours)
    assert len(fds) == channel.MAX_FDS
    for fd in fds:
        os.close(fd)
    assert open_files() == before
