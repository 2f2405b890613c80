"""Run by test_wire.py in the kernel's Python, where NumPy and pandas are: round trips, refusals, a fuzzed decoder."""

import json
import random
import sys
from collections import Counter, OrderedDict, deque, namedtuple
from fractions import Fraction

import numpy as np
import pandas as pd

from sandboxes.inside import wire


def round_trip(value):
    return wire.decode(wire.unpack(wire.pack({"v": wire.encode(value)})[4:])["v"])


def thai_frame():
    frame = pd.DataFrame({"จำนวน": [1, 2], "ชื่อ": ["ก", None], "วันที่": pd.to_datetime(["2023-03-12", None])})
    return frame.astype({"ชื่อ": "category"})


ARRAYS = [
    np.arange(6).reshape(2, 3),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.array(["ก", "ขข"]),
    np.array([1, "a", None], dtype=object),
    np.array(["2020-01-01", "NaT"], dtype="M8[us]"),
    np.array([1, 2], dtype="m8[h]"),
    np.zeros(0),
    np.array(5.0),
    np.arange(3, dtype=">i4"),
    np.array([], dtype="U5"),
    np.array([True, False]),
    np.array([1 + 2j]),
    np.array([1.5], dtype="f2"),
]
SCALARS = [
    *(np.float32(1.5), np.int8(3), np.bool_(True), np.str_("ก"), np.complex128(1j)),
    *(np.datetime64("2020-01-01"), np.timedelta64(3, "h")),
]
PANDAS_SCALARS = [
    pd.Timestamp("2020-01-01 10:00", tz="Asia/Bangkok"),
    *(pd.Timestamp("2020-01-01"), pd.Timedelta("3h"), pd.Period("2020-01", "M"), pd.Interval(0, 1), pd.NaT, pd.NA),
]
DATES = pd.to_datetime(["2020-01-01", None])
SERIES = [
    pd.Series([1, 2], index=["a", "b"], name="n"),
    pd.Series(["ก", None]),
    pd.Series(["ก", None], dtype="string"),
    pd.Series(["ก", None], dtype=object),
    pd.Series([1, None], dtype="Int64"),
    pd.Series([True, None], dtype="boolean"),
    pd.Series([1.5, None], dtype="Float64"),
    pd.Series(["a", "b", "a"], dtype="category"),
    pd.Series(pd.Categorical(["lo", None], categories=["lo", "hi"], ordered=True)),
    pd.Series(DATES),
    pd.Series(DATES).dt.tz_localize("Asia/Bangkok"),
    pd.Series(pd.to_timedelta([1, 2], "h")),
    pd.Series(pd.period_range("2020-01", periods=3, freq="M")),
    pd.cut(pd.Series([1, 2, 3, 4]), 2),
    pd.Series([], dtype=float),
    pd.Series([[1], [2, 3]]),
    pd.Series([1, "a", pd.NA, pd.NaT, pd.Timestamp("2020-01-01")]),
    *(pd.Series([1, 2, 3], index=pd.date_range("2020-01-01", periods=3, freq=f)) for f in ("D", "ME", "QS-OCT")),
    pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None])),
]
KV = pd.DataFrame({"k": ["x", "y", "x"], "v": [1, 2, 3.5]})
FRAMES = [
    thai_frame(),
    pd.DataFrame(),
    pd.DataFrame(index=[1, 2]),
    pd.DataFrame(columns=["a", "b"]),
    pd.DataFrame([[1, 2]], columns=["a", "a"]),
    pd.DataFrame({"a": [1, 2, 3]}, index=[0, 0, 1]),
    pd.DataFrame({"a": [1]}).iloc[:0],
    KV.groupby("k").agg(["sum", "mean"]),
    KV.describe(),
]


SPOT = namedtuple("SPOT", "x y")


class Number(float):
    pass


class Frame(pd.DataFrame):
    pass


REFUSED = [
    *(Number(1), [Number(1)], object(), np.float128(1), np.ma.array([1]), np.array([object()])),
    *(np.zeros(2, dtype=[("a", "i4")]), np.zeros(2).view(type("Sub", (np.ndarray,), {})), Frame({"a": [1]})),
    *(pd.Series([object()]), pd.DataFrame({"a": [Number(1)]}, dtype=object), pd.Series([1], name=Number(1))),
    *(np.zeros((0, 3)), np.zeros(3_000_000), pd.Series(pd.arrays.SparseArray([0, 1]))),
]


def test_round_trips():
    for value in ARRAYS:
        back = round_trip(value)
        np.testing.assert_array_equal(back, value)
        assert type(back) is np.ndarray
        assert back.dtype == value.dtype.newbyteorder("=")
        assert back.flags.writeable
    for value in SCALARS:
        back = round_trip(value)
        assert type(back) is type(value)
        assert back == value
        assert back.dtype == value.dtype
    for value in PANDAS_SCALARS:
        back = round_trip(value)
        assert type(back) is type(value)
        assert str(back) == str(value)
        assert getattr(back, "unit", None) == getattr(value, "unit", None)
    for value in SERIES:
        pd.testing.assert_series_equal(round_trip(value), value)
    for value in FRAMES:
        pd.testing.assert_frame_equal(round_trip(value), value)
    assert round_trip(thai_frame()).columns[0] == "จำนวน"


def test_refusals():
    for value in REFUSED:
        try:
            wire.encode(value)
        except wire.NotPlainError:
            continue
        raise AssertionError(f"crossed: {value!r}")


BUILT = {type(None), bool, int, float, complex, str, bytes, bytearray, list, tuple, set, frozenset, dict, range}
BUILT |= {deque, OrderedDict, Counter, Fraction, type({}.keys()), type({}.values()), type({}.items())}


class Reference:
    """What stands for a thing that is no data."""


def refer(rest, in_array):
    if len(rest) != 3 or in_array:
        raise wire.WireError("reference")
    return Reference()


def assert_allowed(value):
    kind = type(value)
    if kind is Reference:
        return
    if kind.__bases__ == (tuple,):  # with names for its items
        assert all(name.isidentifier() and not name.startswith("_") for name in kind._fields)
        kind = tuple
    known = kind in BUILT or kind.__module__.split(".")[0] in ("datetime", "decimal", "pathlib", "numpy", "pandas")
    assert known, kind
    assert kind.__module__ != "numpy" or kind is np.ndarray or issubclass(kind, np.generic)
    if kind in (list, tuple, set, frozenset, deque):
        for item in value:
            assert_allowed(item)
    elif kind in (dict, OrderedDict, Counter):
        for key, item in value.items():
            assert_allowed(key)
            assert_allowed(item)


def leaves(data, path=()):
    yield path
    if isinstance(data, list):
        for i, item in enumerate(data):
            yield from leaves(item, (*path, i))


def replaced(data, path, value):
    if not path:
        return value
    copy = list(data)
    copy[path[0]] = replaced(copy[path[0]], path[1:], value)
    return copy


ODD = [
    *(
        None,
        True,
        -1,
        0,
        3,
        1 << 40,
        1 << 63,
        -(1 << 63),
        1 << 70,
        "",
        "x",
        "O8",
        "|O",
        "M8[ns]",
        "f8",
        "nan",
        "\ud800",
    ),
    *([], ["l", []], ["f", "0x1p+1"], ["d", [[["l", []], 1]]], ["a", "f8", [1], "AAAAAAAAAAA="], ["NaT"], ["NA"]),
    *(["xr", 0, 3, 1, None], ["i", "0x" + "f" * 2000], ["td", 999999999, 0, 0], ["p", "\0"], [[]], ["s", [["l", []]]]),
    *(["@", 1, "f", []], ["@"], ["nt", "T", ["x"], [1]], ["nt", "T", ["__class__"], [1]], ["dk", [1]], ["frac", 1, 0]),
    *(["x", ["a", "i8", [2], "AAAAAAAAAAAAAAAAAAAAAA=="], None, None], {"t": "x"}, ["aU", 100_000, [0], []], 10**9),
]


def test_fuzz(seconds_seed):
    rng = random.Random(seconds_seed)
    plain = [1, [1, (2.5, {"a": {3}})], {"k": b"x"}, 2**200, 1j, deque([1]), OrderedDict(a=1), Counter("a")]
    plain += [{"a": 1}.keys(), {"a": 1}.values(), {"a": 1}.items(), Fraction(1, 2**70), SPOT(1, "a"), [SPOT(2, [3])]]
    seeds = [["@", 1, "f", []], ["l", [["@", 2, "", ["T"]], 5]], ["nt", "T", ["a"], [["@", 1, "f", []]]]]
    seeds += [wire.encode(v) for v in [*plain, *ARRAYS, *SCALARS, *PANDAS_SCALARS, *SERIES, *FRAMES]]
    tried = built = 0
    for data in seeds:
        paths = list(leaves(data))
        for path in rng.sample(paths, min(len(paths), 25)):
            for odd in rng.sample([*ODD, rng.choice(seeds)], 12):
                tried += 1
                try:
                    value = wire.decode(replaced(data, path, odd), refer)
                except wire.WireError:
                    continue
                assert_allowed(value)
                built += 1
    for data in seeds:
        body = bytearray(json.dumps({"v": data}).encode())
        for _ in range(60):
            for _ in range(rng.randint(1, 4)):
                body[rng.randrange(len(body))] = rng.randrange(256)
            tried += 1
            try:
                assert_allowed(wire.decode(wire.unpack(bytes(body)).get("v"), refer))
            except wire.WireError:
                continue
            built += 1
    assert built, "nothing got through: the fuzzer is blunt"
    print(tried, "tried,", built, "decoded")


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    test_round_trips()
    test_refusals()
    test_fuzz(int(sys.argv[1]))
