"""What was sent: a credential to be answered at once, or many things for a batch. Told by content, hardly by name."""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence

from django.core.files.uploadedfile import UploadedFile

from lms.verification import archives, spreadsheets
from lms.verification.archives import MOST_FILE_BYTES, Unusable
from lms.verification.items import Item

_JWT = re.compile(rb"\s*eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\s*")
_CREDENTIAL = (b"{", b"[", b"<", b"%PDF", b"\x89PNG")
_TABLE_ENDINGS = (".csv", ".tsv", ".txt")
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


def many_in(upload: UploadedFile[bytes]) -> Iterator[Item] | list[Item] | None:
    """The things in an archive or a table; None for anything else. Unusable when the upload cannot be worked on."""
    head = upload.read(4096)
    upload.seek(0)
    if head.startswith(b"PK"):
        return spreadsheets.numbers_in_xlsx(_table(upload)) if _is_workbook(upload) else archives.files_in(upload)
    if head.startswith(_OLD_EXCEL):
        raise Unusable("old_excel")
    is_table = str(upload.name or "").lower().endswith(_TABLE_ENDINGS) and not _is_credential(head)
    return spreadsheets.numbers_in_csv(_table(upload)) if is_table else None


def each_of(uploads: Sequence[UploadedFile[bytes]]) -> Iterator[Item]:
    """Several files as the items of one batch, in the order in which they were chosen."""
    for upload in uploads:
        label = str(upload.name or "")[:200]
        if (upload.size or 0) > MOST_FILE_BYTES:
            yield Item(label, refused="too_large")
            continue
        try:
            found: Iterable[Item] | None = many_in(upload)
        except Unusable as error:
            yield Item(label, refused=error.code)
            continue
        if found is not None:
            yield Item(label, refused="one_of_many")
        else:
            data = upload.read()
            yield Item(label, data=data) if data else Item(label, refused="empty")


def read_one(upload: UploadedFile[bytes]) -> bytes | None:
    """The bytes of a single credential; None when it is larger than any can be."""
    return None if (upload.size or 0) > MOST_FILE_BYTES else upload.read()


def _table(upload: UploadedFile[bytes]) -> bytes:
    if (upload.size or 0) > spreadsheets.MOST_TABLE_BYTES:
        raise Unusable("table_too_large")
    return upload.read()


def _is_workbook(upload: UploadedFile[bytes]) -> bool:
    if not str(upload.name or "").lower().endswith((".xlsx", ".xlsm")):
        return False
    try:
        # The directory of anything large is measured by whoever reads the archive.
        if (upload.size or 0) > spreadsheets.MOST_TABLE_BYTES:
            raise Unusable("table_too_large")
        with zipfile.ZipFile(upload) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False
    finally:
        upload.seek(0)


def _is_credential(head: bytes) -> bool:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith(_CREDENTIAL) or bool(_JWT.match(start))
