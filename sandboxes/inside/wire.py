"""Plain data between two sandboxes: length-prefixed JSON that can carry values and nothing but values.

The learner's side is hostile. ``decode`` therefore builds exact built-in types, NumPy arrays and pandas objects whose
dtypes are on a list; it never looks a class up by name and never unpickles. ``encode`` takes exact types only
(``type(x) is …``): a subclass may agree with everything, so it does not cross. Whatever is wrong with received bytes
raises ``WireError`` and nothing else. Depth, number of values and bytes are bounded at both ends.

On the wire None, booleans, text and integers under 64 bits are themselves; everything else is ``[tag, …]``. Floats
travel as hexadecimal text, so they are bit-exact.
"""

import base64
import datetime as dt
import functools
import json
import keyword
import math
import operator
import os
import re
import select
import struct
import sys
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PosixPath, PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

MAX_FRAME = 16 << 20  # bytes of one message
MAX_DEPTH = 32
MAX_VALUES = 400_000  # values in one message, elements of plain numeric arrays not counted
MAX_BRACKETS = 1_500_000  # of JSON, before it is parsed: ten bytes of brackets are hundreds of bytes of lists
MAX_INT_BITS = 4096
MAX_RANGE = 10_000_000  # a range costs nothing to send and everything to unroll


class WireError(Exception):
    """Received bytes are not a message of this wire."""


class WireClosedError(WireError):
    """The other end is gone."""


class WireLateError(WireError):
    """Nothing, or not everything, came or went before the deadline."""


class NotPlainError(Exception):
    """A value that cannot cross: not one of the exact types of this wire, or too big."""


class _UnknownTypeError(NotPlainError):
    """Not one of the exact types of this wire."""


# --- Values out --------------------------------------------------------------------------------------------------


_ENCODED_AS_IS = frozenset({str, type(None)})
_DECODED_AS_IS = frozenset({str, int, bool, type(None)})


class _Encoder:
    """Encodes one value; counts what it meets."""

    def __init__(self, refer: Callable[[Any], list[Any]] | None = None) -> None:
        self.left = MAX_VALUES
        self.refer = refer

    def value(self, value: Any, depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise NotPlainError("too big or too deep")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return _bounded_text(value)
        if kind in _ENCODE_SIMPLE:
            return _ENCODE_SIMPLE[kind](value)
        if kind in _SEQUENCES:
            return [_SEQUENCES[kind], [self.value(item, depth + 1) for item in tuple(value)]]
        if kind in _MAPPINGS:
            pairs = list(value.items())
            return [_MAPPINGS[kind], [[self.value(k, depth + 1), self.value(v, depth + 1)] for k, v in pairs]]
        if kind in _VIEWS:
            return [_VIEWS[kind], [self.value(item, depth + 1) for item in value]]
        if kind.__bases__ == (tuple,) and type(getattr(kind, "_fields", None)) is tuple:
            return ["nt", kind.__name__, [_bounded_text(name) for name in kind._fields], self.values([*value], depth)]
        try:
            return self.scientific(value, kind, depth)
        except _UnknownTypeError:
            if self.refer is None:
                raise
            return ["@", *self.refer(value)]

    def values(self, values: list[Any], depth: int) -> list[Any]:
        """Encode each; long columns of text pass whole."""
        if depth < MAX_DEPTH and _ENCODED_AS_IS.issuperset(map(type, values)):
            self.left -= len(values)
            if self.left < 0 or sum(map(len, filter(None, values))) > MAX_FRAME // 4:
                raise NotPlainError("too big")
            return values.copy()
        return [self.value(value, depth + 1) for value in values]

    def scientific(self, value: Any, kind: type, depth: int) -> Any:
        np, pd = sys.modules.get("numpy"), sys.modules.get("pandas")
        if np is not None:
            if kind is np.ndarray:
                return self.array(value, depth)
            if isinstance(value, np.generic) and kind is value.dtype.type:
                return self.numpy_scalar(value)
        if pd is not None:
            if kind is pd.DataFrame:
                columns = [self.column(value.iloc[:, i].array, depth) for i in range(value.shape[1])]
                return ["df", columns, self.index(value.columns, depth), self.index(value.index, depth)]
            if kind is pd.Series:
                name = self.value(value.name, depth + 1)
                return ["ser", self.column(value.array, depth), self.index(value.index, depth), name]
            if isinstance(value, pd.Index):
                return self.index(value, depth)
            return self.pandas_scalar(value, kind, depth)
        raise _UnknownTypeError("type")

    def numpy_scalar(self, value: Any) -> Any:
        if value.dtype.kind == "U":
            return ["nU", _bounded_text(str(value))]
        code = _dtype_code(value.dtype)
        return ["n", code, _base64(value.astype(value.dtype.newbyteorder("<")).tobytes())]

    def array(self, value: Any, depth: int) -> Any:
        np = sys.modules["numpy"]
        shape = [int(n) for n in value.shape]
        if len(shape) > 1 and 0 in shape:
            raise NotPlainError("empty")  # broadcast against anything, it is equal to anything
        if value.dtype.kind == "U":
            return ["aU", value.dtype.itemsize // 4, shape, self.values(value.ravel().tolist(), depth)]
        if value.dtype.kind == "O":
            return ["aO", shape, self.values(value.ravel().tolist(), depth)]
        code = _dtype_code(value.dtype)
        if value.nbytes > MAX_FRAME // 2:
            raise NotPlainError("too big")
        little = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"), copy=False)
        return ["a", code, shape, _base64(little.tobytes())]

    def column(self, array: Any, depth: int) -> Any:
        """A pandas array, dtype and all."""
        np, pd = sys.modules["numpy"], sys.modules["pandas"]
        dtype = array.dtype
        if isinstance(dtype, np.dtype) or type(array) is pd.arrays.NumpyExtensionArray:
            return self.array(np.asarray(array), depth + 1)
        if isinstance(dtype, pd.StringDtype):
            missing = "NA" if dtype.na_value is pd.NA else "nan"
            texts = np.asarray(array, dtype=object).tolist()
            return ["string", missing, self.values([x if type(x) is str else None for x in texts], depth)]
        if dtype.name in _MASKED:
            return ["mask", dtype.name, self.array(array._data, depth), self.array(array._mask, depth)]
        if isinstance(dtype, pd.CategoricalDtype):
            categories = self.index(dtype.categories, depth + 1)
            return ["cat", bool(dtype.ordered), categories, self.array(np.asarray(array.codes), depth)]
        if isinstance(dtype, pd.DatetimeTZDtype):
            return ["dtz", dtype.unit, _encode_zone(dtype.tz), self.array(array.asi8, depth)]
        if isinstance(dtype, pd.PeriodDtype):
            return ["periods", array.freqstr, self.array(array.asi8, depth)]
        if isinstance(dtype, pd.IntervalDtype):
            ends = self.column(array.left.array, depth + 1), self.column(array.right.array, depth + 1)
            return ["intervals", array.closed, *ends]
        raise NotPlainError("dtype")

    def index(self, index: Any, depth: int) -> Any:
        pd = sys.modules["pandas"]
        kind = type(index)
        if kind is pd.RangeIndex:
            return ["xr", index.start, index.stop, index.step, self.value(index.name, depth + 1)]
        if kind is pd.MultiIndex:
            levels = [self.column(index.get_level_values(i).array, depth + 1) for i in range(index.nlevels)]
            return ["xm", levels, [self.value(name, depth + 1) for name in index.names]]
        if kind.__name__ not in _INDEXES or kind is not getattr(pd, kind.__name__, None):
            raise NotPlainError("type")
        freq = index.freqstr if kind in (pd.DatetimeIndex, pd.TimedeltaIndex) else None
        return ["x", self.column(index.array, depth), self.value(index.name, depth + 1), freq]

    def pandas_scalar(self, value: Any, kind: type, depth: int) -> Any:
        pd = sys.modules["pandas"]
        if value is pd.NA:
            return ["NA"]
        if value is pd.NaT:
            return ["NaT"]
        if kind is pd.Timestamp:
            return ["stamp", int(value.asm8.view("i8")), value.unit, _encode_zone(value.tzinfo)]
        if kind is pd.Timedelta:
            return ["delta", int(value.asm8.view("i8")), value.unit]
        if kind is pd.Period:
            return ["period", value.ordinal, value.freqstr]
        if kind is pd.Interval:
            return ["interval", self.value(value.left, depth + 1), self.value(value.right, depth + 1), value.closed]
        raise _UnknownTypeError("type")


def _bounded_text(text: str) -> str:
    if len(text) > MAX_FRAME // 4:
        raise NotPlainError("too big")
    return text


def _base64(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode("ascii")


def _encode_int(value: int) -> Any:
    if -(1 << 62) < value < 1 << 62:
        return value
    if value.bit_length() >= MAX_INT_BITS:
        raise NotPlainError("too big")
    return ["i", hex(value)]


def _encode_bytes(value: bytes | bytearray) -> Any:
    if len(value) > MAX_FRAME // 2:
        raise NotPlainError("too big")
    return ["b" if type(value) is bytes else "ba", _base64(value)]


def _encode_decimal(value: Decimal) -> Any:
    text = str(value)
    if len(text) > 400 or not _DECIMAL.fullmatch(text):
        raise NotPlainError("decimal")
    return ["dec", text]


def _encode_zone(zone: Any) -> Any:
    """None, seconds east of Greenwich, or the name of a zone."""
    if zone is None:
        return None
    if type(zone) is dt.timezone:
        offset = zone.utcoffset(None)
        return offset.days * 86400 + offset.seconds
    if type(zone) is ZoneInfo and zone.key:
        return zone.key
    raise NotPlainError("time zone")


def _encode_datetime(v: dt.datetime) -> Any:
    parts = [v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond]
    return ["dt", parts, v.fold, _encode_zone(v.tzinfo)]


def _encode_time(v: dt.time) -> Any:
    return ["time", [v.hour, v.minute, v.second, v.microsecond], v.fold, _encode_zone(v.tzinfo)]


def _encode_range(v: range) -> Any:
    if len(v) > MAX_RANGE:
        raise NotPlainError("too big")
    return ["r", _encode_int(v.start), _encode_int(v.stop), _encode_int(v.step)]


def _dtype_code(dtype: Any) -> str:
    code = str(dtype.str[1:])
    if not _DTYPE.fullmatch(code):
        raise NotPlainError("dtype")
    return code


_DTYPE = re.compile(r"f[248]|c8|c16|[iu][1248]|b1|[mM]8\[(?:Y|M|W|D|h|m|s|ms|us|ns)\]")
_DECIMAL = re.compile(r"-?(?:\d+(?:\.\d*)?(?:E[+-]?\d{1,4})?|NaN|Infinity)")
_FREQ = re.compile(r"-?\d{0,4}[A-Za-z]{1,6}(?:-[A-Z]{3})?")
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(?:/[A-Za-z0-9_+-]{1,30}){0,2}")
_UNITS = ("s", "ms", "us", "ns")
_MASKED = frozenset(["boolean", "Float32", "Float64", *(f"{u}Int{n}" for u in ("", "U") for n in (8, 16, 32, 64))])
_INDEXES = frozenset(["Index", "DatetimeIndex", "TimedeltaIndex", "CategoricalIndex", "PeriodIndex", "IntervalIndex"])
_SEQUENCES: dict[type, str] = {list: "l", tuple: "u", set: "s", frozenset: "z", deque: "dq"}
_MAPPINGS: dict[type, str] = {dict: "d", defaultdict: "d", Counter: "count", OrderedDict: "od"}
_VIEWS: dict[type, str] = {type({}.keys()): "dk", type({}.values()): "dv", type({}.items()): "di"}
_ENCODE_SIMPLE: dict[type, Callable[[Any], Any]] = {
    int: _encode_int,
    float: lambda v: ["f", v.hex() if math.isfinite(v) else repr(v)],
    complex: lambda v: ["c", v.real.hex(), v.imag.hex()],
    bytes: _encode_bytes,
    bytearray: _encode_bytes,
    range: _encode_range,
    Decimal: _encode_decimal,
    Fraction: lambda v: ["frac", _encode_int(v.numerator), _encode_int(v.denominator)],
    dt.date: lambda v: ["date", v.year, v.month, v.day],
    dt.datetime: _encode_datetime,
    dt.time: _encode_time,
    dt.timedelta: lambda v: ["td", v.days, v.seconds, v.microseconds],
    PosixPath: lambda v: ["p", str(v)],
    PurePosixPath: lambda v: ["p", str(v)],
}


def encode(value: Any, refer: Callable[[Any], list[Any]] | None = None) -> Any:
    """The value as JSON-able data. Raises ``NotPlainError`` for whatever is not plain, odd objects included.

    ``refer`` may say what stands for a value of a type that is none of this wire's; see ``decode``.
    """
    try:
        return _Encoder(refer).value(value)
    except NotPlainError:
        raise
    except Exception as error:  # objects that lie about themselves fail in ways of their own
        raise NotPlainError(type(error).__name__) from None


# --- Values in ---------------------------------------------------------------------------------------------------


class _Decoder:
    """Decodes one value; every method checks what it was sent before it builds anything."""

    def __init__(self, refer: Callable[[list[Any], bool], Any] | None = None) -> None:
        self.left = MAX_VALUES
        self.refer = refer
        self.in_array = False

    def value(self, data: Any, depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0 or depth > MAX_DEPTH:
            raise WireError("too big or too deep")
        if data is None or type(data) in (bool, int, str):
            return data
        tag, *rest = _list(data)
        if type(tag) is not str:
            raise WireError("tag")
        if tag in _DECODE_SIMPLE:
            return _DECODE_SIMPLE[tag](*rest)
        if tag in _DECODE_NESTED:
            return _DECODE_NESTED[tag](self, depth, *rest)
        if tag == "@" and self.refer is not None:
            return self.refer(rest, self.in_array)
        raise WireError("tag")

    def values(self, data: Any, depth: int) -> list[Any]:
        items = _list(data)
        if depth < MAX_DEPTH and _DECODED_AS_IS.issuperset(map(type, items)):
            self.left -= len(items)
            if self.left < 0:
                raise WireError("too big or too deep")
            return items.copy()
        return [self.value(item, depth + 1) for item in items]

    def mapping(self, depth: int, data: Any) -> dict[Any, Any]:
        result = {}
        for pair in _list(data):
            key, value = _list(pair)
            result[self.value(key, depth + 1)] = self.value(value, depth + 1)
        return result

    def named_tuple(self, depth: int, name: Any, fields: Any, data: Any) -> Any:
        """A tuple whose items have names as well; what is no data is not in it: a name could be a method's."""
        names, was_in_array = tuple(_field(field) for field in _list(fields)), self.in_array
        self.in_array = True
        items = self.values(data, depth)
        self.in_array = was_in_array
        if len(names) > 200 or len(set(names)) != len(names) or len(names) != len(items):
            raise WireError("fields")
        return tuple.__new__(_named_tuple(_field(name), names), items)

    def numpy_scalar(self, _depth: int, code: Any, data: Any) -> Any:
        return _numbers(code, [], data)[()]

    def text_scalar(self, _depth: int, text: Any) -> Any:
        return _numpy().str_(_text(text))

    def array(self, _depth: int, code: Any, shape: Any, data: Any) -> Any:
        return _numbers(code, shape, data)

    def text_array(self, depth: int, width: Any, shape: Any, data: Any) -> Any:
        items = [_text(x) for x in self.values(data, depth)]
        # Zero-sized text arrays still have a width; a wide dtype over many cells is the way to a huge allocation.
        if _whole(width, 0, 100_000) * max(1, len(items)) > MAX_FRAME or any(len(x) > width for x in items):
            raise WireError("width")
        return _numpy().array(items, dtype=f"U{width}").reshape(_shape(shape, len(items)))

    def object_array(self, depth: int, shape: Any, data: Any) -> Any:
        was_in_array, self.in_array = self.in_array, True
        items = self.values(data, depth)
        self.in_array = was_in_array
        array = _numpy().empty(len(items), dtype=object)
        for i, item in enumerate(items):
            array[i] = item
        return array.reshape(_shape(shape, len(items)))

    def column(self, data: Any, depth: int) -> Any:
        """A one-dimensional NumPy or pandas array."""
        if depth > MAX_DEPTH:
            raise WireError("too deep")
        tag, *rest = _list(data)
        if type(tag) is not str or tag not in _DECODE_COLUMN:
            raise WireError("column")
        array = _DECODE_COLUMN[tag](self, depth, *rest)
        if array.ndim != 1:
            raise WireError("column")
        return array

    def string_column(self, depth: int, missing: Any, data: Any) -> Any:
        texts = self.values(data, depth)
        if not _ENCODED_AS_IS.issuperset(map(type, texts)):
            raise WireError("text")
        return _pandas().array(texts, dtype={"nan": "str", "NA": "string"}[missing])

    def masked_column(self, depth: int, name: Any, data: Any, mask: Any) -> Any:
        pd = _pandas()
        if name not in _MASKED:
            raise WireError("dtype")
        values, gaps = self.column(data, depth + 1), self.column(mask, depth + 1)
        dtype = pd.api.types.pandas_dtype(name)
        if values.dtype != dtype.numpy_dtype or gaps.dtype != bool or len(values) != len(gaps):
            raise WireError("mask")
        return dtype.construct_array_type()(values, gaps)

    def categorical(self, depth: int, ordered: Any, categories: Any, codes: Any) -> Any:
        kept = self.index(categories, depth + 1)
        numbers = self.column(codes, depth + 1)
        if type(ordered) is not bool or numbers.dtype.kind != "i":
            raise WireError("categories")
        return _pandas().Categorical.from_codes(numbers, categories=kept, ordered=ordered)

    def zoned_column(self, depth: int, unit: Any, zone: Any, data: Any) -> Any:
        stamps = self.int64(data, depth).view(f"M8[{_one_of(unit, _UNITS)}]")
        return _pandas().DatetimeIndex(stamps).tz_localize("UTC").tz_convert(_zone(zone)).array

    def period_column(self, depth: int, freq: Any, data: Any) -> Any:
        return _pandas().PeriodIndex.from_ordinals(self.int64(data, depth), freq=_freq(freq)).array

    def interval_column(self, depth: int, closed: Any, left: Any, right: Any) -> Any:
        ends = self.column(left, depth + 1), self.column(right, depth + 1)
        return _pandas().arrays.IntervalArray.from_arrays(*ends, closed=_one_of(closed, _CLOSED))

    def int64(self, data: Any, depth: int) -> Any:
        array = self.column(data, depth + 1)
        if array.dtype != "int64":
            raise WireError("dtype")
        return array

    def index(self, data: Any, depth: int) -> Any:
        value = self.value(data, depth)
        if not isinstance(value, _pandas().Index):
            raise WireError("index")
        return value

    def range_index(self, depth: int, start: Any, stop: Any, step: Any, name: Any) -> Any:
        numbers = _range(start, stop, step)
        return _pandas().RangeIndex(numbers, name=self.name(name, depth))

    def multi_index(self, depth: int, levels: Any, names: Any) -> Any:
        pd = _pandas()
        arrays = [self.column(level, depth + 1) for level in _list(levels)]
        labels = [self.name(name, depth) for name in _list(names)]
        if not arrays or len(arrays) != len(labels) or len({len(a) for a in arrays}) != 1:
            raise WireError("levels")
        return pd.MultiIndex.from_arrays([_plain_index(a) for a in arrays], names=labels)

    def plain_index(self, depth: int, data: Any, name: Any, freq: Any) -> Any:
        index = _plain_index(self.column(data, depth + 1))
        if freq is not None:
            pd = _pandas()
            if type(index) not in (pd.DatetimeIndex, pd.TimedeltaIndex):
                raise WireError("freq")
            index = type(index)(index, freq=_freq(freq))
        index.name = self.name(name, depth)
        return index

    def name(self, data: Any, depth: int) -> Any:
        name = self.value(data, depth + 1)
        hash(name)
        return name

    def series(self, depth: int, data: Any, index: Any, name: Any) -> Any:
        labels = self.index(index, depth + 1)
        return self.labelled(self.column(data, depth + 1), labels, self.name(name, depth))

    def labelled(self, array: Any, index: Any, name: Any) -> Any:
        if len(array) != len(index):
            raise WireError("length")
        return _pandas().Series(array, index=index, dtype=array.dtype, name=name, copy=False)

    def frame(self, depth: int, columns: Any, labels: Any, index: Any) -> Any:
        pd = _pandas()
        rows, names = self.index(index, depth + 1), self.index(labels, depth + 1)
        parts = [self.labelled(self.column(c, depth + 1), rows, None) for c in _list(columns)]
        if len(parts) != len(names):
            raise WireError("columns")
        frame = pd.DataFrame(dict(enumerate(parts)), index=rows)
        frame.columns = names
        return frame

    def interval(self, depth: int, left: Any, right: Any, closed: Any) -> Any:
        ends = self.value(left, depth + 1), self.value(right, depth + 1)
        return _pandas().Interval(*ends, closed=_one_of(closed, _CLOSED))


def _numpy() -> Any:
    import numpy as np

    return np


def _pandas() -> Any:
    import pandas as pd

    return pd


def _list(data: Any) -> list[Any]:
    if type(data) is not list:
        raise WireError("list")
    return data


def _text(data: Any) -> str:
    if type(data) is not str:
        raise WireError("text")
    return data


def _whole(data: Any, low: int, high: int) -> int:
    if type(data) is not int or not low <= data <= high:
        raise WireError("number")
    return data


def _one_of(data: Any, allowed: tuple[str, ...]) -> str:
    if type(data) is not str or data not in allowed:
        raise WireError("choice")
    return data


def _match(data: Any, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(_text(data)):
        raise WireError("form")
    return str(data)


def _field(data: Any) -> str:
    name = _text(data)
    if len(name) > 200 or not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name):
        raise WireError("name")
    return name


@functools.lru_cache(maxsize=100)
def _named_tuple(name: str, fields: tuple[str, ...]) -> Any:
    parts: dict[str, Any] = {field: property(operator.itemgetter(n)) for n, field in enumerate(fields)}
    parts |= {"__slots__": (), "_fields": fields, "_asdict": lambda self: dict(zip(fields, self, strict=True))}
    made: Any = type(name, (tuple,), parts)
    made._replace = lambda self, **new: tuple.__new__(made, [new.get(f, v) for f, v in zip(fields, self, strict=True)])
    return made


def _view(kind: str) -> Callable[["_Decoder", int, Any], Any]:
    def build(decoder: "_Decoder", depth: int, data: Any) -> Any:
        items = decoder.values(data, depth)
        if kind == "keys":
            return dict.fromkeys(items).keys()
        return dict(items).items() if kind == "items" else dict(enumerate(items)).values()

    return build


def _freq(data: Any) -> str:
    return _match(data, _FREQ)


def _bytes(data: Any) -> bytes:
    return base64.b64decode(_text(data), validate=True)


def _shape(shape: Any, count: int) -> tuple[int, ...]:
    sizes = tuple(_whole(n, 0, 1 << 31) for n in _list(shape))
    if len(sizes) > 8 or math.prod(sizes) != count or (len(sizes) > 1 and not count):
        raise WireError("shape")
    return sizes


def _numbers(code: Any, shape: Any, data: Any) -> Any:
    """An array of numbers, booleans or times from bytes; the bytes must be exactly what the shape asks for."""
    np = _numpy()
    dtype = np.dtype("<" + _match(code, _DTYPE))
    raw = _bytes(data)
    if len(raw) % dtype.itemsize:
        raise WireError("size")
    if dtype.kind == "b" and raw.translate(None, b"\x00\x01"):
        raise WireError("boolean")  # a byte 2 is neither True nor False, and both
    return np.frombuffer(raw, dtype).reshape(_shape(shape, len(raw) // dtype.itemsize)).copy()


def _plain_index(array: Any) -> Any:
    return _pandas().Index(array, dtype=array.dtype)


def _decode_int(data: Any) -> int:
    if len(_text(data)) > MAX_INT_BITS // 4 + 8:
        raise WireError("int")
    return int(data, 16)


def _integer(data: Any) -> int:
    if type(data) is list and len(data) == 2 and data[0] == "i":
        return _decode_int(data[1])
    return _whole(data, -(1 << 62), 1 << 62)


def _decode_float(data: Any) -> float:
    if len(_text(data)) > 40:
        raise WireError("float")
    return float.fromhex(data)


def _range(start: Any, stop: Any, step: Any) -> range:
    numbers = range(*(_whole(n, -(1 << 62), 1 << 62) for n in (start, stop, step)))
    if len(numbers) > MAX_RANGE:
        raise WireError("range")
    return numbers


def _zone(data: Any) -> dt.tzinfo | None:
    if data is None:
        return None
    if type(data) is int:
        return dt.timezone(dt.timedelta(seconds=_whole(data, -86399, 86399))) if data else dt.UTC
    return ZoneInfo(_match(data, _ZONE))


def _moment(kind: Callable[..., Any], count: int) -> Callable[[Any, Any, Any], Any]:
    def build(parts: Any, fold: Any, zone: Any) -> Any:
        numbers = [_whole(n, 0, 999_999) for n in _list(parts)]
        if len(numbers) != count:
            raise WireError("time")
        return kind(*numbers, tzinfo=_zone(zone), fold=_whole(fold, 0, 1))

    return build


def _timedelta(days: Any, seconds: Any, microseconds: Any) -> dt.timedelta:
    numbers = _whole(days, -999_999_999, 999_999_999), _whole(seconds, 0, 86399), _whole(microseconds, 0, 999_999)
    return dt.timedelta(*numbers)


def _stamp(number: Any, unit: Any, zone: Any) -> Any:
    moment = _numpy().datetime64(_whole(number, -(1 << 63), 1 << 63), _one_of(unit, _UNITS))
    stamp = _pandas().Timestamp(moment)
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(_zone(zone))


def _delta(number: Any, unit: Any) -> Any:
    return _pandas().Timedelta(_numpy().timedelta64(_whole(number, -(1 << 63), 1 << 63), _one_of(unit, _UNITS)))


def _period(ordinal: Any, freq: Any) -> Any:
    return _pandas().Period(ordinal=_whole(ordinal, -(1 << 62), 1 << 62), freq=_freq(freq))


_CLOSED = ("left", "right", "both", "neither")
_DECODE_SIMPLE: dict[str, Callable[..., Any]] = {
    "i": _decode_int,
    "f": _decode_float,
    "c": lambda real, imag: complex(_decode_float(real), _decode_float(imag)),
    "b": _bytes,
    "ba": lambda data: bytearray(_bytes(data)),
    "r": _range,
    "frac": lambda top, bottom: Fraction(_integer(top), _integer(bottom)),
    "dec": lambda text: Decimal(_match(text, _DECIMAL)),
    "date": lambda y, m, d: dt.date(_whole(y, 1, 9999), _whole(m, 1, 12), _whole(d, 1, 31)),
    "dt": _moment(dt.datetime, 7),
    "time": _moment(dt.time, 4),
    "td": _timedelta,
    "p": lambda text: Path(_text(text)),
    "NA": lambda: _pandas().NA,
    "NaT": lambda: _pandas().NaT,
    "stamp": _stamp,
    "delta": _delta,
    "period": _period,
}
_DECODE_NESTED: dict[str, Callable[..., Any]] = {
    "l": lambda self, depth, data: self.values(data, depth),
    "u": lambda self, depth, data: tuple(self.values(data, depth)),
    "s": lambda self, depth, data: set(self.values(data, depth)),
    "z": lambda self, depth, data: frozenset(self.values(data, depth)),
    "dq": lambda self, depth, data: deque(self.values(data, depth)),
    "d": _Decoder.mapping,
    "od": lambda self, depth, data: OrderedDict(self.mapping(depth, data)),
    "dk": _view("keys"),
    "dv": _view("values"),
    "di": _view("items"),
    "nt": _Decoder.named_tuple,
    "count": lambda self, depth, data: Counter(self.mapping(depth, data)),
    "n": _Decoder.numpy_scalar,
    "nU": _Decoder.text_scalar,
    "a": _Decoder.array,
    "aU": _Decoder.text_array,
    "aO": _Decoder.object_array,
    "xr": _Decoder.range_index,
    "xm": _Decoder.multi_index,
    "x": _Decoder.plain_index,
    "ser": _Decoder.series,
    "df": _Decoder.frame,
    "interval": _Decoder.interval,
}
_DECODE_COLUMN: dict[str, Callable[..., Any]] = {
    "a": _Decoder.array,
    "aU": _Decoder.text_array,
    "aO": _Decoder.object_array,
    "string": _Decoder.string_column,
    "mask": _Decoder.masked_column,
    "cat": _Decoder.categorical,
    "dtz": _Decoder.zoned_column,
    "periods": _Decoder.period_column,
    "intervals": _Decoder.interval_column,
}


def decode(data: Any, refer: Callable[[list[Any], bool], Any] | None = None) -> Any:
    """The value behind ``encode``'s data. Raises ``WireError``, and nothing else, for anything it does not know.

    ``refer`` makes what stands for a value that is no data, from what ``encode``'s ``refer`` said of it and whether
    it lies in an array or behind a name; without it there is none.
    """
    try:
        return _Decoder(refer).value(data)
    except WireError:
        raise
    except Exception as error:  # a date of 31 February, a key that cannot be one, a number NumPy refuses
        raise WireError(type(error).__name__) from None


# --- Frames --------------------------------------------------------------------------------------------------------


def pack(message: dict[str, Any]) -> bytes:
    """The message as one frame. Raises ``NotPlainError`` when it is too long."""
    body = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = body.encode("utf-8", "surrogatepass")
    if len(data) > MAX_FRAME:
        raise NotPlainError("too big")
    return struct.pack(">I", len(data)) + data


def unpack(data: bytes) -> dict[str, Any]:
    """The message in the body of a frame. Raises ``WireError``, and nothing else."""
    if len(data) > MAX_FRAME or data.count(b"[") + data.count(b"{") > MAX_BRACKETS:
        raise WireError("too big")
    try:
        message = json.loads(
            data.decode("utf-8", "surrogatepass"),
            parse_float=_refuse,
            parse_constant=_refuse,
            parse_int=_short_int,
            object_pairs_hook=_unique,
        )
    except WireError:
        raise
    except (ValueError, RecursionError, MemoryError) as error:
        raise WireError("not JSON") from error
    if type(message) is not dict:
        raise WireError("not a message")
    return message


def _refuse(_text: str) -> None:
    raise WireError("number")


def _short_int(text: str) -> int:
    if len(text) > 20:
        raise WireError("number")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise WireError("duplicate keys")
    return result


class Channel:
    """Messages over two file descriptors. Deadlines are moments of ``time.monotonic``; None waits for ever."""

    def __init__(self, *, read_fd: int, write_fd: int) -> None:
        self._read_fd, self._write_fd = read_fd, write_fd

    def send(self, message: dict[str, Any], deadline: float | None = None) -> None:
        """Raises ``NotPlainError`` before a byte is sent, or ``WireClosedError`` or ``WireLateError``."""
        rest = memoryview(pack(message))
        if deadline is not None:
            os.set_blocking(self._write_fd, False)
        while rest:
            self._wait(deadline, write=True)
            try:
                rest = rest[os.write(self._write_fd, rest) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireClosedError("closed") from error

    def receive(self, deadline: float | None = None) -> dict[str, Any]:
        """The next message. Raises ``WireError`` or one of its kinds."""
        (length,) = struct.unpack(">I", self._read(4, deadline))
        if length > MAX_FRAME:
            raise WireError("too big")
        return unpack(self._read(length, deadline))

    def _read(self, count: int, deadline: float | None) -> bytes:
        parts = []
        while count:
            self._wait(deadline, write=False)
            try:
                part = os.read(self._read_fd, min(count, 1 << 20))
            except OSError as error:
                raise WireClosedError("closed") from error
            if not part:
                raise WireClosedError("closed")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, deadline: float | None, *, write: bool) -> None:
        if deadline is None:
            return
        left = deadline - time.monotonic()
        reading, writing = ([], [self._write_fd]) if write else ([self._read_fd], [])
        if left <= 0 or not any(select.select(reading, writing, [], left)):
            raise WireLateError("late")
