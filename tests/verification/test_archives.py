"""ZIP archives of strangers: read within bounds, whatever they claim."""

import io
import struct
import time
import zipfile

import pytest

from lms.verification import archives
from lms.verification.archives import Unusable, files_in


def make_zip(files, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return buffer.getvalue()


def read(data):
    return list(files_in(io.BytesIO(data)))


def test_files_come_in_the_order_of_the_archive_with_their_names():
    items = read(
        make_zip(
            [("ข/วุฒิบัตร.json", b"{}"), ("a.pdf", b"%PDF"), ("__MACOSX/._a", b"x"), ("d/", b""), (".DS_Store", b"x")]
        )
    )
    assert [(item.label, item.data) for item in items] == [("ข/วุฒิบัตร.json", b"{}"), ("a.pdf", b"%PDF")]


def test_names_that_windows_in_thai_wrote_are_read():
    name = "วุฒิบัตร.json"
    raw = make_zip([("x" * len(name), b"{}")]).replace(b"x" * len(name), name.encode("cp874"))
    assert read(raw)[0].label == name


def test_an_empty_file_and_a_damaged_one_are_lines_that_say_so():
    data = bytearray(make_zip([("a", b""), ("b", b"hello" * 100), ("c", b"{}")]))
    place = data.index(b"b", 30) + 1
    data[place + 4 : place + 8] = b"\xff\xff\xff\xff"
    assert [item.refused for item in read(bytes(data))] == ["empty", "damaged", ""]


def test_a_locked_file_is_a_line_that_says_so():
    data = bytearray(make_zip([("a", b"hello")], zipfile.ZIP_STORED))
    directory = data.index(b"PK\1\2")
    data[directory + 8] |= 1
    data[6] |= 1
    assert [item.refused for item in read(bytes(data))] == ["encrypted"]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_cost_memory_are_not_unpacked(method):
    assert [item.refused for item in read(make_zip([("a", b"x" * 100)], method))] == ["damaged"]


def test_a_bomb_is_read_to_its_limit_only():
    began = time.monotonic()
    items = read(make_zip([("bomb", b"\0" * 60_000_000), ("small", b"{}")]))
    assert [(item.refused, item.data) for item in items] == [("too_large", b""), ("", b"{}")]
    assert time.monotonic() - began < 2


def test_many_bombs_share_one_budget(monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000)
    items = read(make_zip([(str(n), b"x" * 4000) for n in range(5)]))
    assert [item.refused for item in items] == ["", "", "too_large", "too_large", "too_large"]


def test_a_size_that_is_a_lie_does_not_matter():
    data = bytearray(make_zip([("a", b"\0" * 6_000_000)]))
    directory = data.index(b"PK\1\2")
    data[directory + 24 : directory + 28] = struct.pack("<I", 10)
    item = read(bytes(data))[0]
    assert item.refused or len(item.data) <= 10


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_zip"),
        (b"PK\3\4", "not_a_zip"),
        (b"PK\5\6", "not_a_zip"),
        (make_zip([]), "nothing_in_it"),
        (make_zip([("d/", b"")]), "nothing_in_it"),
        (b"PK\5\6" + b"\0" * 4 + struct.pack("<HHLLH", 60_000, 60_000, 100, 0, 0), "too_many_files"),
        (b"PK\6\7" + b"\0" * 16 + b"PK\5\6" + b"\0" * 18, "too_many_files"),
        (make_zip([(str(n), b"x") for n in range(2001)]), "too_many_files"),
    ],
)
def test_an_archive_without_use_is_refused_with_a_reason(data, code):
    with pytest.raises(Unusable) as refused:
        read(data)
    assert refused.value.code == code
