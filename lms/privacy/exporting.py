"""Everything that is held of one person, as a ZIP of JSON, CSV and files. What is in it is what the inventory says."""

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, FileField
from django.utils import timezone

from courses.csv_cells import harmless
from lms.accounts.models import User
from lms.privacy import notice
from lms.privacy.inventory import ACTORS, HOLDINGS, Holding
from lms.records import keeping

README = """ข้อมูลทั้งหมดเกี่ยวกับท่านที่ระบบนี้เก็บไว้ / Everything this site holds about you

data/*.json, data/*.csv   ทุกแถวในฐานข้อมูลที่เป็นของท่าน / every row that is yours, once as JSON and once as a table
files/                    ไฟล์ในแถวเหล่านั้น (โน้ตบุ๊ก วุฒิบัตร) / the files in those rows: notebooks, certificates
learning-record.json      บันทึกการเรียนรู้ นำเข้าระบบอื่นได้ / your learning record, which other sites can take over
acted.json                รายการที่ท่านเป็นผู้จัดทำหรือตัดสินในฐานะเจ้าหน้าที่ / what you made or decided as staff, by number
not-included.json         ช่องที่ไม่รวมไว้ และเหตุผล / fields that are left out, and why
"""
WHY_WITHHELD = (
    "Secrets (passwords, digests of tokens), what would give away hidden checks and right answers, other people's "
    "work, and notes of the machine about itself. / รหัสลับ ส่วนที่ทำให้รู้ข้อตรวจที่ซ่อนไว้หรือเฉลย งานของผู้อื่น และบันทึกภายในของเครื่อง"
)


def write(person: User, target: IO[bytes]) -> None:
    """Writes the ZIP. What others wrote about the person (answers, comments) is in it; what others did is not."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", README)
        about = {"made": timezone.now(), "notice": notice.VERSION, "person": person.pk}
        archive.writestr("about.json", _json(about))
        archive.writestr("learning-record.json", _json(keeping.record_of(person)))
        for holding in HOLDINGS:
            _write_rows(archive, holding, person)
        archive.writestr("acted.json", _json(dict(_acted(person))))
        withheld = {one.model: one.withheld.split() for one in HOLDINGS if one.withheld}
        archive.writestr("not-included.json", _json({"why": WHY_WITHHELD, "fields": withheld}))


def _write_rows(archive: zipfile.ZipFile, holding: Holding, person: User) -> None:
    rows = [_row(archive, holding, one) for one in holding.of(person).order_by("pk").iterator(chunk_size=50)]
    if rows:
        archive.writestr(f"data/{holding.model}.json", _json(rows))
        archive.writestr(f"data/{holding.model}.csv", _csv(rows))


def _row(archive: zipfile.ZipFile, holding: Holding, one: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in holding.shown():
        field = one._meta.get_field(name)
        value = getattr(one, field.attname)
        if isinstance(field, BinaryField | FileField):
            value = _file(archive, holding, one, name, field)
        row[name] = value
    return row


def _file(archive: zipfile.ZipFile, holding: Holding, one: Any, name: str, field: Any) -> str:
    """Puts a file beside the tables; its name in the archive, empty where there is none."""
    value = getattr(one, name)
    if not value:
        return ""
    content = value.read() if isinstance(field, FileField) else bytes(value)
    ending = {"notebook": "ipynb", "packed": "ipynb", "pdf": "pdf"}.get(name, "bin")
    if name == "packed":
        content = zlib.decompress(content)
    # A name that a person gave could lead anywhere in whoever unpacks it: ours is made of numbers.
    path = f"files/{holding.model}/{one.pk}-{name}.{ending}"
    archive.writestr(path, content)
    return path


def _acted(person: User) -> Iterator[tuple[str, list[str]]]:
    for label, names in ACTORS.items():
        for name in names.split():
            manager = apps.get_model(label)._default_manager
            numbers = [str(pk) for pk in manager.filter(**{f"{name}_id": person.pk}).values_list("pk", flat=True)]
            if numbers:
                yield f"{label}.{name}", numbers


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, cls=DjangoJSONEncoder)


def _csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0])
    for row in rows:
        cells = (value if isinstance(value, str | int | float) else _cell(value) for value in row.values())
        writer.writerow([harmless(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False, cls=DjangoJSONEncoder)
    return text.strip('"')
