"""Descriptions and files out of a CKAN catalog (``package_show``), into the library.

Only catalogs that an operator named (``CKAN_SERVERS``) are asked, and only files on their own hosts are fetched; no
redirect is followed. What comes is somebody else's text: lengths are cut, choices checked, nothing is rendered as HTML.
"""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.text import slugify

from courses.datasets.models import LICENCE_SPELLINGS, LICENCES, NOT_SPECIFIED, Dataset, DatasetFile
from grading import providers
from grading.models import Provider

Progress = Callable[[int, int], None]
SECONDS = 20
MOST_DESCRIPTION = 2 * 1024 * 1024
MOST_FILE = 10 * 1024 * 1024
MOST_FILES = 30
_TEXTS = (
    "title", "owner_org", "maintainer", "maintainer_email", "notes", "objective", "update_frequency_unit",
    "geo_coverage", "data_source", "data_format",
)  # fmt: skip


class NotImported(Exception):
    """Nothing was imported; the text says why, to whoever asked for it.

    ``code``: ``server`` (not one of ours), ``silent``, ``status`` (it refuses), ``large``, ``unreadable``,
    ``unknown`` (no such data set), ``elsewhere`` (a file on another host), ``taught`` (a licence would be lost that is
    needed), ``foreign`` (it is another provider's here).
    """

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass
class Imported:
    """The data set, and what of it did not come along: (name, code) of each file."""

    dataset: Dataset
    is_new: bool
    left_out: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Preview:
    """What an import would make: an unsaved data set, the one that is here, and of files (name, why it stays away)."""

    dataset: Dataset
    there: Dataset | None
    files: list[tuple[str, str]]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def look(server: str, name: str) -> Preview:
    """Asks for the description alone. Raises NotImported."""
    package = _package(server, name)
    dataset = Dataset(slug=_slug(server, package, name))
    _describe(dataset, package, server)
    files = [(_file_name(str(url)), "" if _is_own(url, server) else "elsewhere") for url in _urls(package)]
    return Preview(dataset, Dataset.objects.filter(slug=dataset.slug).first(), files)


def take(
    server: str, name: str, *, by: Any = None, provider: Provider | None = None, tell: Progress | None = None
) -> Imported:
    """Imports one package of a catalog, or brings it up to date. Raises NotImported; nothing is written then.

    ``by``: who wants it; what belongs to others is not theirs to change. ``provider``: whose a new one becomes.
    ``tell``: is told how many files are there, and of how many.
    """
    package = _package(server, name)
    left_out: list[tuple[str, str]] = []
    files = list(_files(package, server, left_out, tell))
    with transaction.atomic():
        slug = _slug(server, package, name)
        dataset, is_new = Dataset.objects.get_or_create(slug=slug, defaults={"title": "-", "provider": provider})
        if by is not None and not providers.is_visible(dataset.provider_id, by):
            raise NotImported("foreign", "it belongs to another provider here")
        before = (dataset.license_id, dataset.notes, dataset.data_category)
        _describe(dataset, package, server)
        if before != (dataset.license_id, dataset.notes, dataset.data_category):
            # What a data owner vouched for has changed.
            dataset.signed_off_at = dataset.signed_off_by = None
        try:
            dataset.clean()
        except ValidationError as error:
            raise NotImported("taught", " ".join(error.messages)) from error
        dataset.save()
        for filename, content in files:
            DatasetFile.keep(dataset, filename, content)
    return Imported(dataset, is_new, left_out)


def _slug(server: str, package: dict[str, Any], name: str) -> str:
    return f"{slugify(urlsplit(server).hostname or '')}-{slugify(str(package.get('name', name)))}"[:100]


def _package(server: str, name: str) -> dict[str, Any]:
    if server not in settings.CKAN_SERVERS:
        raise NotImported("server", f"{server} is not one of CKAN_SERVERS")
    data = _fetch(f"{server}/api/3/action/package_show?id={quote(name, safe='')}", MOST_DESCRIPTION)
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise NotImported("unreadable", "the catalog's answer cannot be read") from error
    package = answer.get("result") if isinstance(answer, dict) and answer.get("success") is True else None
    if not isinstance(package, dict) or not str(package.get("title") or "").strip():
        raise NotImported("unknown", f"the catalog has no data set {name}")
    return package


def _describe(dataset: Dataset, package: dict[str, Any], server: str) -> None:
    organization = package.get("organization")
    named = organization.get("title") if isinstance(organization, dict) else None
    told = package | {"owner_org": named or package.get("owner_org")}
    for name in _TEXTS:
        most = getattr(dataset._meta.get_field(name), "max_length", None) or 8000
        setattr(dataset, name, _line(told.get(name))[:most])
    if not _is_email(dataset.maintainer_email):
        dataset.maintainer_email = ""
    dataset.tag_string = _tags(package)[:500]
    dataset.data_type = _choice(package.get("data_type"), Dataset.Type.values)
    dataset.data_category = _choice(package.get("data_category"), Dataset.Category.values)
    dataset.license_id = licence_of(package)
    interval = str(package.get("update_frequency_interval") or "")
    dataset.update_frequency_interval = int(interval) if re.fullmatch(r"[0-9]{1,3}", interval) else None
    dataset.high_value_dataset = str(package.get("high_value_dataset", "")).casefold() in {"true", "1", "yes", "ใช่"}
    dataset.source_url = f"{server}/dataset/{quote(str(package.get('name', '')), safe='')}"[:500]


def licence_of(package: dict[str, Any]) -> str:
    """The licence as one of ours; not specified for whatever is none of them."""
    for name in ("license_id", "license_title"):
        text = _line(package.get(name)).casefold()
        if text in LICENCES:
            return text
        if text in LICENCE_SPELLINGS:
            return LICENCE_SPELLINGS[text]
    return NOT_SPECIFIED


def _line(value: Any) -> str:
    return re.sub(r"[\x00-\x08\x0b-\x1f]", "", str(value)).strip() if isinstance(value, str | int) else ""


def _tags(package: dict[str, Any]) -> str:
    tags = package.get("tags")
    names = [_line(one.get("name")) for one in tags if isinstance(one, dict)] if isinstance(tags, list) else []
    return ", ".join(name for name in names if name) or _line(package.get("tag_string"))


def _choice(value: Any, choices: list[str]) -> str:
    return value if value in choices else ""


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _urls(package: dict[str, Any]) -> list[Any]:
    resources = package.get("resources")
    found = resources[:MOST_FILES] if isinstance(resources, list) else []
    return [one.get("url") if isinstance(one, dict) else None for one in found]


def _files(
    package: dict[str, Any], server: str, left_out: list[tuple[str, str]], tell: Progress | None
) -> Iterator[tuple[str, bytes]]:
    urls = _urls(package)
    for number, url in enumerate(urls):
        if tell:
            tell(number, len(urls))
        name = _file_name(str(url or ""))
        if not _is_own(url, server):
            left_out.append((name, "elsewhere"))
            continue
        try:
            yield name, _fetch(url, MOST_FILE)
        except NotImported as error:
            left_out.append((name, error.code))


def _is_own(url: Any, server: str) -> bool:
    return isinstance(url, str) and _origin(url) == _origin(server)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _file_name(url: str) -> str:
    last = urlsplit(url).path.rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]", "_", last)[-100:].lstrip(".") or "file"


def _fetch(url: str, most: int) -> bytes:
    try:
        # CKAN_SERVERS are https or this machine; see settings.
        request = urllib.request.Request(url, headers={"Accept": "*/*"})  # noqa: S310
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=SECONDS) as answer:
            return _read(answer, most)
    except urllib.error.HTTPError as error:
        error.close()
        raise NotImported("status", f"the catalog answers {error.code}") from error
    except (OSError, ValueError, HTTPException) as error:
        raise NotImported("silent", "the catalog does not answer") from error


def _read(answer: Any, most: int) -> bytes:
    """All of an answer, in the time that there is: one that comes byte by byte must not hold a worker for ever."""
    until, data = time.monotonic() + SECONDS, bytearray()
    while piece := answer.read1(1 << 16):
        data += piece
        if len(data) > most:
            raise NotImported("large", "it is too large")
        if time.monotonic() > until:
            raise NotImported("silent", "the catalog does not answer in time")
    return bytes(data)
