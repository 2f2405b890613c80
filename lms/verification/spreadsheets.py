"""Credential numbers in a table that somebody made by hand: CSV of any spelling, or XLSX. Pure.

Excel in Thai writes CSV in code page 874, other programs in UTF-8 with or without a byte order mark, or in UTF-16.
The table may have any columns; the one with numbers or links is found, and one with names if there is one.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from lms.credentials.numbers import NotANumber, from_number
from lms.verification.archives import Unusable
from lms.verification.items import Item

MOST_ROWS = 10_000
MOST_TABLE_BYTES = 8 * 1024 * 1024
_MOST_XLSX_CONTENT = 40 * 1024 * 1024
_MOST_COLUMNS = 60
_MOST_CELL = 300
_LINK = re.compile(r"/verify/([^/?#\s]+)")
_NUMBER_TITLES = ("หมายเลข", "เลขที่", "ลิงก์", "ลิงค์", "number", "link", "url", "credential")
_NAME_TITLES = ("ชื่อ", "นามสกุล", "name")

Row = list[str]


def number_in(text: str) -> str:
    """The number in a link to a verification page; any other text as it is."""
    link = _LINK.search(text)
    return unquote(link[1]) if link else text.strip()


def is_number(text: str) -> bool:
    try:
        from_number(number_in(text))
    except NotANumber:
        return False
    return True


def numbers_in_csv(data: bytes) -> list[Item]:
    """The numbers of a table of text, in its order; Unusable when there is none in it."""
    if len(data) > MOST_TABLE_BYTES:
        raise Unusable("table_too_large")
    text = _decode(data)
    separator = max(",;\t|", key=text[:4000].count)
    try:
        # No quotation mark is ever left open for longer than a cell may be.
        rows = list(_bounded(csv.reader(io.StringIO(text, newline=""), delimiter=separator)))
    except csv.Error as error:
        raise Unusable("not_a_table") from error
    return _items(rows)


def numbers_in_xlsx(data: bytes) -> list[Item]:
    """The numbers on the first sheet of an Excel file, in its order; Unusable when there is none in it."""
    # Heavy, and needed by whoever sends an Excel file only.
    from openpyxl import load_workbook  # noqa: PLC0415

    if len(data) > MOST_TABLE_BYTES:
        raise Unusable("table_too_large")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > _MOST_XLSX_CONTENT:
                raise Unusable("table_too_large")
        workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = workbook.worksheets[0]
        rows = list(_bounded(sheet.iter_rows(max_col=_MOST_COLUMNS, values_only=True)))
    except Unusable:
        raise
    except Exception as error:  # a hostile file can break a parser in any way: whichever, it is no table
        raise Unusable("not_a_table") from error
    return _items(rows)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp874"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unusable("not_a_table")


def _bounded(rows: Iterable[Iterable[Any]]) -> Iterator[Row]:
    """Cells as short texts; more rows than one batch takes are refused rather than left out in silence."""
    for place, row in enumerate(rows):
        if place > MOST_ROWS:  # one more than MOST_ROWS: there may be a line of titles
            raise Unusable("too_many_rows")
        yield ["" if cell is None else str(cell).strip()[:_MOST_CELL] for cell in list(row)[:_MOST_COLUMNS]]


def _items(rows: list[Row]) -> list[Item]:
    column = _number_column(rows)
    if column is None:
        raise Unusable("no_numbers")
    titles = rows[0] if not is_number(_cell(rows[0], column)) and _is_titled(rows[0]) else None
    names = [i for i, title in enumerate(titles or []) if i != column and _says(title, _NAME_TITLES)]
    return [
        Item(
            label=str(place),
            typed=_cell(row, column),
            name=" ".join(filter(None, (_cell(row, i) for i in names))),
            refused="" if _cell(row, column) else "no_number_in_row",
        )
        for place, row in enumerate(rows, 1)
        if any(row) and not (titles and place == 1)
    ]


def _cell(row: Row, column: int) -> str:
    return row[column] if column < len(row) else ""


def _says(title: str, words: Iterable[str]) -> bool:
    return any(word in title.lower() for word in words)


def _is_titled(row: Row) -> bool:
    """A first line without a number is a line of titles, unless its cells look like attempts at a number."""
    return not any(re.fullmatch(r"(?:[0-9A-Za-z๐-๙]{4}[- ]?){4,}.*", cell) for cell in row)


def _number_column(rows: list[Row]) -> int | None:
    """The column with the most numbers; where no cell is one, the column that is titled so."""
    counts: dict[int, int] = {}
    for row in rows:
        for i, cell in enumerate(row):
            if len(cell) >= 20 and is_number(cell):
                counts[i] = counts.get(i, 0) + 1
    if counts:
        return max(counts, key=lambda i: counts[i])
    titled = [i for i, title in enumerate(rows[0] if rows else []) if _says(title, _NUMBER_TITLES)]
    return titled[0] if titled else None
