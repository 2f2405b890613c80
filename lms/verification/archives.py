"""The files in an uploaded ZIP archive, each within bounds. Pure.

Nothing is believed of what an archive says about itself: the directory is measured before it is read, and a member is
read to its limit and no further, however small it claims to be.
"""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from lms.verification.items import Item

MOST_FILES = 2000
MOST_FILE_BYTES = 4 * 1024 * 1024
MOST_BYTES = 300 * 1024 * 1024
_MOST_DIRECTORY_BYTES = 2 * 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_NOT_CONTENT = ("__MACOSX/", "Thumbs.db", ".DS_Store", "desktop.ini")
_READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED, _UTF8 = 0x1, 0x800


class Unusable(ValueError):
    """The whole upload cannot be worked on; ``code`` is a key of ``messages.REASONS``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def files_in(upload: IO[bytes]) -> Iterator[Item]:
    """Every file of the archive, in its order. Unusable when it is no archive, or one with too much in it."""
    _check_directory(upload)
    try:
        archive = zipfile.ZipFile(upload)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unusable("not_a_zip") from error
    members = [info for info in archive.infolist() if not info.is_dir() and not _is_clutter(info.filename)]
    if not members:
        raise Unusable("nothing_in_it")
    if len(members) > MOST_FILES:
        raise Unusable("too_many_files")
    return _read_all(archive, members)


def _check_directory(upload: IO[bytes]) -> None:
    """Refuses archives whose list of members alone would fill the memory, and the 64-bit form, which none needs."""
    upload.seek(0, 2)
    upload.seek(max(0, upload.tell() - 65_600))
    tail = upload.read()
    start = tail.rfind(b"PK\5\6")
    if start < 0 or len(tail) - start < _END.size:
        raise Unusable("not_a_zip")
    _, _, _, _, entries, directory_size, _, _ = _END.unpack_from(tail, start)
    has_64_bits = tail[max(0, start - 20) : start].startswith(b"PK\6\7")
    if has_64_bits or entries > 2 * MOST_FILES or directory_size > _MOST_DIRECTORY_BYTES:
        raise Unusable("too_many_files")
    upload.seek(0)


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
    if info.flag_bits & _ENCRYPTED:
        return Item(label, refused="encrypted")
    if info.compress_type not in _READABLE:
        return Item(label, refused="damaged")
    try:
        with archive.open(info) as member:
            data = member.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return Item(label, refused="damaged")
    if len(data) > limit:
        return Item(label, refused="too_large")
    return Item(label, data=data) if data else Item(label, refused="empty")


def _name_of(info: zipfile.ZipInfo) -> str:
    """The member's name; those that Windows in Thai wrote are in code page 874 and say nothing of it."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp874")
    except UnicodeError:
        return info.filename
