import datetime as dt
import json
import math
import os
import random
import re
import struct
import subprocess
import threading
import time
from collections import OrderedDict, deque, namedtuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from sandboxes.inside import wire

ROOT = Path(__file__).resolve().parents[2]


def round_trip(value):
    return wire.decode(wire.unpack(wire.pack({"v": wire.encode(value)})[4:])["v"])


PLAIN = [
    *(None, True, False, 0, -5, 2**61, 2**62, -(2**100), 2**4000, 0.1, -0.0, math.inf, -math.inf, 1 + 2j),
    *("", "จำนวน", "\ud800", "\0", "😀", b"\x00\xff", bytearray(b"x"), Path("a/b"), range(3, 10, 2)),
    *([], [1, [2]], (), (1, "a"), {1, 2}, frozenset({3}), {}, {"a": [1], 2: (3,), (1, 2): None}),
    *(dt.date(2568, 1, 1), dt.time(3, 4), dt.timedelta(days=-1, seconds=5), Decimal("1.50"), Decimal("-Infinity")),
    *(deque([1, [2]]), OrderedDict(a=1), Fraction(-1, 3), Fraction(1, 2**100)),
    dt.datetime(2020, 1, 1, 2, 3, 4, 5),
    dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2020, 1, 1, tzinfo=ZoneInfo("Asia/Bangkok")),
    dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=7))),
]


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_plain_values_arrive_as_they_left(value):
    back = round_trip(value)
    assert back == value
    assert type(back) is type(value)
    assert repr(back) == repr(value)  # -0.0, and the types inside


def test_not_a_number_arrives():
    assert math.isnan(round_trip(math.nan))
    assert round_trip(Decimal("NaN")).is_nan()


def test_views_of_a_dict_and_tuples_with_names_arrive():
    assert round_trip({"a": 1}.keys()) == {"a": 1}.keys()
    assert list(round_trip({"a": 1}.values())) == [1]
    assert round_trip({"a": 1}.items()) == {("a", 1)}
    spot = round_trip(namedtuple("Spot", "x y")(1, [2]))
    assert (spot.x, spot.y, spot._fields, type(spot).__name__) == (1, [2], ("x", "y"), "Spot")
    assert spot == (1, [2])
    assert spot._asdict() == {"x": 1, "y": [2]}
    assert spot._replace(x=3) == (3, [2])


def test_what_is_no_data_crosses_only_where_both_ends_say_how():
    sent = wire.encode([1, len], lambda value: [7, value.__name__])
    assert sent == ["l", [1, ["@", 7, "len"]]]
    assert wire.decode(sent, lambda rest, in_array: (rest, in_array)) == [1, ([7, "len"], False)]
    with pytest.raises(wire.WireError):
        wire.decode(sent)
    named = ["nt", "T", ["x"], [["@", 7]]]
    assert wire.decode(named, lambda rest, in_array: in_array) == (True,)


class Agreeable(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class Impostor:
    __class__ = int


def endless():
    loop = []
    loop.append(loop)
    return loop


def deep():
    nested = []
    for _ in range(1000):
        nested = [nested]
    return nested


@pytest.mark.parametrize(
    "value",
    [
        *(Agreeable(1), [Agreeable(1)], {Agreeable(1): 1}, Impostor(), object(), len, type, iter([]), 2**5000),
        *(endless(), deep(), range(10**15), "x" * (5 << 20), Decimal("sNaN"), type("T", (tuple,), {})((1,))),
        *(type("S", (str,), {})("x"), re.compile("x"), NotImplemented, ..., [0] * 500_000, memoryview(b"x")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_does_not_cross(value):
    with pytest.raises(wire.NotPlainError):
        wire.encode(value)


@pytest.mark.parametrize(
    "data",
    [
        *(1.5, {}, {"t": "x"}, [], [1], [None], [["l"]], ["nope"], ["__class__"], ["l"], ["l", 1], ["l", [], []]),
        *(["i", "0x" + "f" * 5000], ["i", 5], ["f", "x"], ["f", 1], ["f", "0x" + "1" * 100], ["b", "$$"], ["b", 1]),
        *(["d", [[1]]], ["d", [[["l", []], 1]]], ["s", [["l", []]]], ["date", 2023, 2, 31], ["date", True, 1, 1]),
        *(["dt", [1, 2], 0, None], ["dt", [2020, 1, 1, 0, 0, 0, 0], 0, "../../etc/passwd"], ["r", 0, 10**15, 1]),
        *(["r", 0, 1, 0], ["dec", "1" * 100 + "E999999999"], ["dec", "sNaN"], ["td", 10**12, 0, 0], ["p", 5]),
        *(["dt", [2020, 1, 1, 0, 0, 0, 0], 0, 10**9], ["time", [25, 0, 0, 0], 0, None]),
    ],
    ids=lambda data: json.dumps(data)[:40],
)
def test_what_is_not_of_this_wire_is_refused(data):
    with pytest.raises(wire.WireError):
        wire.decode(data)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"[]", b"5", b"null", b"\xff\xff", b'{"a": 1.5}', b'{"a": NaN}', b'{"a": Infinity}'),
        *(b'{"a": 1, "a": 2}', b'{"a": ' + b"9" * 100 + b"}", b"[" * 1_000_000, b'{"a":' * 100_000, b"[]," * 2_000_000),
    ],
    ids=lambda body: repr(body[:20]),
)
def test_bodies_that_are_no_message_are_refused(body):
    with pytest.raises(wire.WireError):
        wire.unpack(body)


def test_random_bytes_raise_nothing_but_the_wires_own_error():
    rng = random.Random(7)
    message = wire.pack({"id": 1, "data": wire.encode({"a": [1.5, (2, {3})], "b": b"xyz", "c": 2**99})})[4:]
    for _ in range(20_000):
        body = bytearray(message)
        for _ in range(rng.randint(1, 6)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        try:
            wire.decode(wire.unpack(bytes(body[: rng.randint(1, len(body))])).get("data"))
        except wire.WireError:
            continue


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield wire.Channel(read_fd=read, write_fd=write), write
    os.close(read)


def soon():
    return time.monotonic() + 0.05


def test_a_message_passes_a_channel(pipe):
    channel, write = pipe
    channel.send({"id": 1})
    os.close(write)
    assert channel.receive(soon()) == {"id": 1}
    with pytest.raises(wire.WireClosedError):
        channel.receive(soon())


def test_half_a_message_is_late_not_trusted(pipe):
    channel, write = pipe
    os.write(write, struct.pack(">I", 10) + b'{"id"')
    with pytest.raises(wire.WireLateError):
        channel.receive(soon())
    os.close(write)


def test_a_frame_larger_than_allowed_is_refused_before_it_is_read(pipe):
    channel, write = pipe
    os.write(write, b"\xff\xff\xff\xff")
    with pytest.raises(wire.WireError, match="too big"):
        channel.receive(soon())
    os.close(write)


def test_a_reader_that_does_not_read_makes_the_writer_late_not_stuck(pipe):
    channel, write = pipe
    with pytest.raises(wire.WireLateError):
        channel.send({"text": "x" * 1_000_000}, soon())
    os.close(write)


def test_long_messages_arrive_whole(pipe):
    channel, write = pipe
    text = "ก" * 1_000_000
    sender = threading.Thread(target=channel.send, args=({"text": text},))
    sender.start()
    assert channel.receive(time.monotonic() + 20) == {"text": text}
    sender.join()
    os.close(write)


@pytest.mark.parametrize("seed", [1, 2])
def test_numpy_and_pandas_cross_and_their_decoder_stands_a_fuzzer(seed):
    program = [settings.KERNEL_PYTHON, "-m", "tests.grading.wire_in_kernel", str(seed)]
    ran = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert "decoded" in ran.stdout
