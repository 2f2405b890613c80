"""ZIP archives of strangers, opened within bounds. Pure.

Nothing is believed of what an archive says about itself: the directory is measured before it is read, and a member is
read to its limit and no further, however small it claims to be.
"""

import struct
import zipfile
import zlib
from typing import IO

_MOST_DIRECTORY_BYTES = 2 * 1024 * 1024
_END = struct.Struct("<4s4H2LH")
_READABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1


class Unusable(ValueError):
    """What cannot be worked on; ``code``: not_a_zip, too_many_files, encrypted, damaged, too_large …"""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def opened(upload: IO[bytes], *, most_entries: int) -> zipfile.ZipFile:
    """The archive. Raises Unusable when it is none, or one whose list of members alone would fill the memory."""
    _check_directory(upload, most_entries)
    try:
        return zipfile.ZipFile(upload)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Unusable("not_a_zip") from error


def _check_directory(upload: IO[bytes], most_entries: int) -> None:
    upload.seek(0, 2)
    upload.seek(max(0, upload.tell() - 65_600))
    tail = upload.read()
    start = tail.rfind(b"PK\5\6")
    if start < 0 or len(tail) - start < _END.size:
        raise Unusable("not_a_zip")
    _, _, _, _, entries, directory_size, _, _ = _END.unpack_from(tail, start)
    # The 64-bit form is for what no upload of ours is.
    has_64_bits = tail[max(0, start - 20) : start].startswith(b"PK\6\7")
    if has_64_bits or entries > most_entries or directory_size > _MOST_DIRECTORY_BYTES:
        raise Unusable("too_many_files")
    upload.seek(0)


def read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    """A member's content. Raises Unusable when it is encrypted, damaged or larger than ``limit`` bytes."""
    if info.flag_bits & _ENCRYPTED:
        raise Unusable("encrypted")
    if info.compress_type not in _READABLE:
        raise Unusable("damaged")
    try:
        with archive.open(info) as member:
            data = member.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise Unusable("damaged") from error
    if len(data) > limit:
        raise Unusable("too_large")
    return data
