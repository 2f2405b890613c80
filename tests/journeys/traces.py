"""Traces of one person on a running site: leaving them in every table, and finding them in whatever was dumped."""

import base64
import contextlib
import io
import json
import re
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.db import models, transaction
from django.utils import timezone

DEFLATED = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


# --- Leaving them: called inside the site (manage.py shell) ----------------------------------------------------------


def leave(email: str, mark: str) -> dict[str, int]:
    """Gives this person a row in each table of the inventory that has none of them yet; rows by model, afterwards."""
    from lms.accounts.models import User
    from lms.privacy.inventory import HOLDINGS

    person = User.objects.get(email=email)
    for holding in HOLDINGS:
        if not holding.of(person).exists():
            with transaction.atomic():
                _make(holding.rows, mark, **_owner(holding, person))
    return {holding.model: holding.of(person).count() for holding in HOLDINGS}


# What the database allows in certain combinations only.
LEFT_EMPTY = {"decision", "decided_by", "decided_at", "lease", "leased_until", "answer", "topic", "new", "avatar"}


def _owner(holding: Any, person: Any) -> dict[str, Any]:
    """What the row hangs on: the person, or something of theirs."""
    first, _, rest = holding.owner.partition("__")
    if not rest:
        return {first: person}
    above = holding.rows._meta.get_field(first).related_model
    return {first: above._default_manager.filter(**{rest: person}).first()}


def _make(model: Any, mark: str, **given: Any) -> Any:
    """A row with something in every field, and the mark in every one that takes a text."""
    fields = [field for field in model._meta.concrete_fields if field.name not in LEFT_EMPTY | set(given)]
    values = {field.name: _value(field, mark) for field in fields if "AutoField" not in field.get_internal_type()}
    return model._default_manager.create(**values, **given)


def _value(field: Any, mark: str) -> Any:
    if field.null and field.unique:
        return None
    if field.is_relation:
        others = field.related_model._default_manager.all()
        if field.related_model._meta.label == "accounts.User":
            others = others.exclude(email__contains=mark)
        return others.last() or (None if field.null else _make(field.related_model, "another's"))
    if isinstance(field, models.JSONField):
        return {"words": [mark]}
    if isinstance(field, models.BinaryField):
        return zlib.compress(mark.encode())
    if isinstance(field, models.CharField | models.TextField):
        return field.choices[-1][0] if field.choices else mark
    if field.has_default():
        return field.get_default()
    if isinstance(field, models.DateTimeField):
        return timezone.now()
    given = {"DateField": "2026-11-21", "BooleanField": False, "UUIDField": uuid.uuid4()}
    return field.to_python(given.get(field.get_internal_type(), 1))


# --- Finding them -----------------------------------------------------------------------------------------------------


def spellings(words: str) -> set[bytes]:
    """The ways in which words may lie in a file: plain, in JSON, in an address, in hexadecimal, in base64."""
    plain = words.encode()
    found = {plain, json.dumps(words)[1:-1].encode(), quote(words).encode(), plain.hex().encode()}
    for offset in range(3):
        # Only the middle is the same whatever stands before and behind.
        coded = base64.b64encode(b"\0" * offset + plain)
        found.add(coded[4 if offset else 0 : len(coded) - 4])
    return found


def layers(data: bytes, depth: int = 3) -> Iterator[bytes]:
    """The bytes, and what is packed in them: ZIP, zlib and gzip, streams of a PDF, a dump's hexadecimal."""
    yield data
    if not depth:
        return
    for inner in _unpacked(data):
        yield from layers(inner, depth - 1)


def _unpacked(data: bytes) -> Iterator[bytes]:
    if data[:4] == b"PK\x03\x04":
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    streams = DEFLATED.findall(data) if data[:4] == b"%PDF" else [data]
    for stream in streams:
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj(47).decompress(stream)


def found_in(data: bytes, words: dict[str, set[bytes]]) -> set[str]:
    """Which of the words, by name, are in the data in any spelling, packed or not."""
    return {name for layer in layers(data) for name, ways in words.items() if any(way in layer for way in ways)}
