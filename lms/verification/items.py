"""What a batch consists of: things to verify, in the order in which they were sent. Pure."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# A part is what a worker checks before it writes anything down: small enough to be lost without anybody noticing.
PART_ITEMS = 50
PART_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """A number or link (``typed``) or a file (``data``). ``refused`` says why it is not looked at, as a key of
    ``messages.REASONS``; ``name`` is whose credential it is said to be, where a table had such a column."""

    label: str
    typed: str = ""
    data: bytes = b""
    name: str = ""
    refused: str = ""


def parts_of(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in the same order, cut into parts of a bearable size."""
    part: list[Item] = []
    size = 0
    for item in items:
        if part and (len(part) == PART_ITEMS or size + len(item.data) > PART_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += len(item.data)
    if part:
        yield part


def pack(items: Sequence[Item]) -> bytes:
    """A part as bytes, compressed: JSON and files, never objects."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        lines = [[item.label, item.typed, item.name, item.refused] for item in items]
        archive.writestr("items.json", json.dumps(lines))
        for place, item in enumerate(items):
            if item.data:
                archive.writestr(str(place), item.data)
    return buffer.getvalue()


def unpack(data: bytes) -> list[Item]:
    """What ``pack`` packed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = set(archive.namelist())
        return [
            Item(label, typed, archive.read(str(place)) if str(place) in files else b"", name, refused)
            for place, (label, typed, name, refused) in enumerate(json.loads(archive.read("items.json")))
        ]
