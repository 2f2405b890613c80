"""The files in an uploaded ZIP archive, each within bounds (``courses.archives``). Pure."""

import zipfile
from collections.abc import Iterator
from typing import IO

from courses import archives
from courses.archives import Unusable
from lms.verification.items import Item

__all__ = ["Unusable", "files_in"]  # its codes are keys of ``messages.REASONS``
MOST_FILES = 2000
MOST_FILE_BYTES = 4 * 1024 * 1024
MOST_BYTES = 300 * 1024 * 1024
_NOT_CONTENT = ("__MACOSX/", "Thumbs.db", ".DS_Store", "desktop.ini")
_UTF8 = 0x800


def files_in(upload: IO[bytes]) -> Iterator[Item]:
    """Every file of the archive, in its order. Unusable when it is no archive, or one with too much in it."""
    archive = archives.opened(upload, most_entries=2 * MOST_FILES)
    members = [info for info in archive.infolist() if not info.is_dir() and not _is_clutter(info.filename)]
    if not members:
        raise Unusable("nothing_in_it")
    if len(members) > MOST_FILES:
        raise Unusable("too_many_files")
    return _read_all(archive, members)


def _is_clutter(name: str) -> bool:
    return name.startswith(_NOT_CONTENT[0]) or name.rpartition("/")[2] in _NOT_CONTENT[1:]


def _read_all(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> Iterator[Item]:
    left = MOST_BYTES
    for info in members:
        item = _read(archive, info, min(MOST_FILE_BYTES, left))
        left -= len(item.data)
        yield item


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> Item:
    label = _name_of(info)[:200]
    try:
        data = archives.read(archive, info, limit)
    except Unusable as error:
        return Item(label, refused=error.code)
    return Item(label, data=data) if data else Item(label, refused="empty")


def _name_of(info: zipfile.ZipInfo) -> str:
    """The member's name; those that Windows in Thai wrote are in code page 874 and say nothing of it."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp874")
    except UnicodeError:
        return info.filename
