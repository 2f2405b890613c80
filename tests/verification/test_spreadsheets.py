"""Numbers are found in tables as people make them."""

import io
import time
import uuid
import zipfile

import pytest
from openpyxl import Workbook

from lms.credentials.numbers import to_number
from lms.verification import spreadsheets
from lms.verification.archives import Unusable
from lms.verification.spreadsheets import numbers_in_csv, numbers_in_xlsx

ONE, TWO = (to_number(uuid.UUID(int=n * 7**40)) for n in (1, 2))
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def typed(items):
    return [item.typed for item in items]


def workbook(rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp874", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_encoding_and_separator_that_excel_writes(encoding, separator):
    rows = [["ลำดับ", "ชื่อ", "หมายเลขวุฒิบัตร"], ["1", "น้ำฝน ใจดี", ONE], ["2", "ปิ่น", TWO]]
    items = numbers_in_csv("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    assert typed(items) == [ONE, TWO]
    assert [item.name for item in items] == ["น้ำฝน ใจดี", "ปิ่น"]
    assert [item.label for item in items] == ["2", "3"]


def test_a_bare_list_without_titles_in_thai_digits():
    assert typed(numbers_in_csv(f"{ONE.translate(THAI_DIGITS)}\n{TWO.lower()}\n".encode())) == [
        ONE.translate(THAI_DIGITS),
        TWO.lower(),
    ]


def test_links_are_as_good_as_numbers():
    items = numbers_in_csv(f"link\nhttps://x.example/en/verify/{ONE}/?a=1\nhttp://y/verify/{TWO}".encode())
    assert [spreadsheets.number_in(item.typed) for item in items] == [ONE, TWO]


def test_order_gaps_and_mistakes_are_kept():
    items = numbers_in_csv(f"no,number\n1,{ONE}\n\n2,\n3,ABCD-1234\n4,{TWO}\n".encode())
    assert [(item.label, item.typed, item.refused) for item in items] == [
        ("2", ONE, ""),
        ("4", "", "no_number_in_row"),
        ("5", "ABCD-1234", ""),
        ("6", TWO, ""),
    ]


def test_a_first_line_with_a_mistyped_number_is_no_line_of_titles():
    broken = ONE[:-1] + ("0" if ONE[-1] != "0" else "1")
    assert typed(numbers_in_csv(f"{broken}\n{TWO}".encode())) == [broken, TWO]


def test_first_and_last_name_in_two_columns_are_one_name():
    items = numbers_in_csv(f"ชื่อ,นามสกุล,เลขที่\nน้ำฝน,ใจดี,{ONE}\n".encode())
    assert items[0].name == "น้ำฝน ใจดี"


def test_an_excel_file():
    items = numbers_in_xlsx(
        workbook([["ที่", "ชื่อ-สกุล", "หมายเลข"], [1, "น้ำฝน ใจดี", ONE], [2, None, TWO], [3, "x", None]])
    )
    assert [(item.typed, item.name, item.refused) for item in items] == [
        (ONE, "น้ำฝน ใจดี", ""),
        (TWO, "", ""),
        ("", "x", "no_number_in_row"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "no_numbers"),
        (b"a,b\n1,2\n", "no_numbers"),
        ("ชื่อ\nน้ำฝน\n".encode(), "no_numbers"),
        (b"\xff\xfe\x00", "not_a_table"),
        (b"\0\0\0\0", "not_a_table"),
        (b"number\n" + b"x\n" * 10_001, "too_many_rows"),
        (b"x" * 9_000_000, "table_too_large"),
        (b'number\n"' + b"y" * 200_000, "not_a_table"),
    ],
)
def test_a_table_without_use_is_refused_with_a_reason(data, code):
    with pytest.raises(Unusable) as refused:
        numbers_in_csv(data)
    assert refused.value.code == code


def xlsx_with(sheet, shared=None):
    good = workbook([[ONE]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else old.read(name))
    return out.getvalue()


BILLION = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><worksheet><sheetData><row><c><v>&j;</v></c></row></sheetData></worksheet>"
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet>&x;</worksheet>'


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        b"PK\3\4 nonsense",
        xlsx_with(BILLION),
        xlsx_with(OUTSIDE),
        xlsx_with(b"<a>"),
        xlsx_with(b" " * 50_000_000),
    ],
)
def test_a_hostile_excel_file_is_refused_quickly(data):
    began = time.monotonic()
    with pytest.raises(Unusable):
        numbers_in_xlsx(data)
    assert time.monotonic() - began < 2
