"""A package that came from elsewhere, read as what it is: the file of a stranger.

Everything is checked before anything is stored: the archive within its bounds, the manifest against its schema, every
file against its hash and its kind, every name against what it should lead to.
"""

import hashlib
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _
from jsonschema import Draft202012Validator, exceptions, validators
from wagtail import blocks
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images.blocks import ImageChooserBlock
from wagtail.images.fields import WagtailImageField
from wagtail.snippets.blocks import SnippetChooserBlock

from courses import archives
from courses.archives import Unusable
from courses.exercise_forms import MAX_FILE_BYTES, MAX_FILES_BYTES, MAX_SOURCE_BYTES, is_file_name, said
from courses.models import CoursePage, LessonPage
from courses.packages.schema import MOST_FILES, SCHEMA, VERSION
from grading.models import Exercise, Quiz, in_language
from grading.notebooks import AuthorError, NotebookRefused, Source, read_source
from grading.quizzes import drawing, items
from sandboxes.limits import Limits

MOST_BYTES = 500 * 1024 * 1024  # of everything, unpacked
MOST_MANIFEST_BYTES = 20 * 1024 * 1024
MOST_DEPTH = 40
MOST_SAID = 20
_NOT_FOR_TEXT = re.compile(r"[\0\ud800-\udfff]")  # no database keeps them


def _whole(validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[exceptions.ValidationError]:
    """``pattern`` as the standard has it: in Python ``$`` also stands before a line break at the end."""
    if validator.is_type(value, "string") and not re.fullmatch(pattern, value):
        yield exceptions.ValidationError("does not match")


_VALIDATOR = validators.extend(Draft202012Validator, {"pattern": _whole})(SCHEMA)


class BadPackage(ValueError):
    """A file that is not taken over; ``problems`` says why, in the reader's language."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


@dataclass
class Package:
    """A package that holds what it says."""

    manifest: dict[str, Any]
    archive: zipfile.ZipFile

    @cached_property
    def index(self) -> dict[str, dict[str, Any]]:
        """The files' entries in the manifest, by their hash."""
        return {one["sha256"]: one for one in self.manifest["files"]}

    def file(self, digest: str) -> bytes:
        """The file with this hash. Raises BadPackage when it is not there or is another one."""
        told = self.index[digest]
        try:
            content = archives.read(self.archive, self.archive.getinfo(told["path"]), told["size"])
        except (KeyError, Unusable) as error:
            raise BadPackage([_("The file %(path)s is missing or damaged.") % {"path": told["path"]}]) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise BadPackage([_("The file %(path)s is not what its hash says.") % {"path": told["path"]}])
        return content

    @property
    def course(self) -> dict[str, Any]:
        found: dict[str, Any] = self.manifest["course"]
        return found

    @cached_property
    def languages(self) -> list[str]:
        """Those that the course's own page is in, Thai first."""
        return sorted(self.course["pages"], key=lambda code: code != settings.LANGUAGE_CODE)

    def references(self) -> Iterator[str]:
        """The hash of each file, as often as something is made of it."""
        manifest = self.manifest
        listed = [*manifest["images"], *manifest["documents"]]
        listed += [file for kind in ("exercises", "datasets") for one in manifest[kind] for file in one["files"]]
        yield from (one["sha256"] for one in listed)
        yield from (one["notebook"] for one in manifest["exercises"] if one["notebook"] is not None)

    def lessons(self) -> Iterator[dict[str, Any]]:
        for module in self.course["modules"]:
            yield from module["lessons"]

    def keys(self) -> list[str]:
        """The translation keys of all its pages."""
        modules = self.course["modules"]
        return [one["key"] for one in [self.course, *modules, *self.lessons()]]


def read(upload: IO[bytes]) -> Package:
    """The package in an archive. Raises BadPackage with everything that is wrong, as far as it could be read."""
    try:
        archive = archives.opened(upload, most_entries=2 * MOST_FILES)
    except Unusable as error:
        raise BadPackage([why_unusable(error.code)]) from error
    package = Package(_manifest(archive), archive)
    problems = list(_Check(package).problems())
    if problems:
        raise BadPackage(problems[:MOST_SAID])
    return package


def why_unusable(code: str) -> str:
    if code == "too_many_files":
        return _("There are too many files in the archive.")
    return _("This is not a ZIP archive, or it is damaged.")


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    try:
        content = archives.read(archive, archive.getinfo("manifest.json"), MOST_MANIFEST_BYTES)
        manifest = json.loads(content.decode())
    except (KeyError, Unusable, ValueError, RecursionError) as error:
        raise BadPackage([_("There is no manifest.json in it that can be read: this is no course package.")]) from error
    if not isinstance(manifest, dict) or manifest.get("type") != "CoursePackage":
        raise BadPackage([_("This is no course package.")])
    if manifest.get("version") != VERSION:
        text = _("The package is of version %(version)s; this site reads version %(own)s.")
        raise BadPackage([text % {"version": str(manifest.get("version"))[:20], "own": VERSION}])
    if _is_deeper(manifest, MOST_DEPTH) or any(_NOT_FOR_TEXT.search(text) for text in _texts(manifest)):
        raise BadPackage([_("The manifest holds what no course has.")])
    broken = next(_VALIDATOR.iter_errors(manifest), None)
    if broken is not None:
        place = "/".join(str(step)[:40] for step in broken.absolute_path)
        text = _("The manifest leaves its schema at /%(place)s (%(rule)s).")
        raise BadPackage([text % {"place": place, "rule": broken.validator}])
    return manifest


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(one, levels - 1) for one in inner)


def _texts(value: Any) -> Iterator[str]:
    """Every string in it, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for one in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _texts(one)


class _Check:
    """What the schema cannot say."""

    def __init__(self, package: Package) -> None:
        self.package = package
        manifest = package.manifest
        self.slugs = {
            Exercise: {one["slug"] for one in manifest["exercises"]},
            Quiz: {one["slug"] for one in manifest["quizzes"]},
        }
        self.uploads = {kind: {one["sha256"] for one in manifest[kind]} for kind in ("images", "documents")}

    def problems(self) -> Iterator[str]:
        problems = [*self.files()]
        if not problems:  # nothing is read from files that are not what they say
            problems = [*self.names(), *self.data_files(), *self.exercises(), *self.banks()]
            problems += [*self.of_uploads(), *self.pages()]
        yield from dict.fromkeys(problems)

    def files(self) -> Iterator[str]:
        manifest, index = self.package.manifest, self.package.index
        entries = manifest["files"]
        once = [entries, manifest["images"], manifest["documents"], *(one["files"] for one in manifest["datasets"])]
        if _twice(one["path"] for one in entries) or any(_twice(one["sha256"] for one in listed) for listed in once):
            yield _("The manifest names a file twice.")
            return
        # A file may be named in many places, and is written in each.
        written = sum(index[digest]["size"] for digest in self.package.references() if digest in index)
        if max(written, sum(one["size"] for one in entries)) > MOST_BYTES:
            yield _("The files together are larger than %(number)d MB.") % {"number": MOST_BYTES >> 20}
            return
        for one in entries:
            try:
                self.package.file(one["sha256"])
            except BadPackage as error:
                yield from error.problems

    def names(self) -> Iterator[str]:
        """Every name is there once, and leads somewhere."""
        manifest = self.package.manifest
        for kind in ("exercises", "quizzes", "banks", "datasets"):
            for slug in _twice(one["slug"] for one in manifest[kind]):
                yield _("Two things have the code %(code)s.") % {"code": slug}
        if any(one["exercise"] and one["quiz"] for one in manifest["competencies"]):
            yield _("Name an exercise or a quiz, not both.")
        for _key in _twice(self.package.keys()):
            yield _("Two pages have the same key.")
        banks = {one["slug"] for one in manifest["banks"]}
        wanted = [
            (self.package.index, self.package.references()),
            (banks, [draw["bank"] for one in manifest["quizzes"] for draw in one["draws"]]),
            (self.slugs[Quiz], [module["quiz"] for module in self.package.course["modules"]]),
            (self.slugs[Exercise], [one["exercise"] for one in manifest["competencies"]]),
            (self.slugs[Quiz], [one["quiz"] for one in manifest["competencies"]]),
        ]
        for there, names in wanted:
            for name in names:
                if name is not None and name not in there:
                    yield _missing(name)

    def data_files(self) -> Iterator[str]:
        """What an exercise is run with lies in one folder; a data set keeps older files of the same name."""
        index = self.package.index
        for kind in ("exercises", "datasets"):
            for one in self.package.manifest[kind]:
                is_one_folder = kind == "exercises"
                sizes = [index[file["sha256"]]["size"] for file in one["files"] if file["sha256"] in index]
                names = [file["name"] for file in one["files"]]
                is_twice = is_one_folder and _twice(name.casefold() for name in names)
                if is_twice or not all(is_file_name(name) for name in names):
                    yield _("%(code)s: a data file has a name that it cannot have.") % {"code": one["slug"]}
                is_too_much = is_one_folder and sum(sizes) > MAX_FILES_BYTES
                if is_too_much or any(size > MAX_FILE_BYTES for size in sizes):
                    yield _("%(code)s: the data files are too large.") % {"code": one["slug"]}

    def exercises(self) -> Iterator[str]:
        for one in self.package.manifest["exercises"]:
            try:
                Limits.from_dict(one["limits"])
            except (TypeError, ValueError):
                yield _("%(code)s: the limits of a run are none.") % {"code": one["slug"]}
            if one["notebook"] in self.package.index and one["is_complete"]:
                yield from self.notebook(one)

    def notebook(self, one: dict[str, Any]) -> Iterator[str]:
        try:
            source_in(self.package.file(one["notebook"]))
        except BadPackage as error:
            yield from (f"{one['slug']}: {problem}" for problem in error.problems)

    def banks(self) -> Iterator[str]:
        for bank in self.package.manifest["banks"]:
            for number, declared in enumerate(bank["items"], start=1):
                try:
                    drawing.check(items.read(declared))
                except items.BadItem as error:
                    first = error.problems[0]
                    text = in_language({"th": first.th, "en": first.en})
                    yield f"{bank['slug']} {str(declared.get('id', number))[:60]}: {first.where} {text}"
            for code in _twice(str(declared.get("id")) for declared in bank["items"]):
                yield _("Two things have the code %(code)s.") % {"code": code[:60]}

    def of_uploads(self) -> Iterator[str]:
        for one in self.package.manifest["images"]:
            if one["sha256"] in self.package.index and not is_picture(one["name"], self.package.file(one["sha256"])):
                yield _("%(name)s is no picture that this site takes.") % {"name": one["name"]}
        for one in self.package.manifest["documents"]:
            if PurePath(one["name"]).suffix.lower().lstrip(".") not in settings.WAGTAILDOCS_EXTENSIONS:
                yield _("%(name)s: documents of this kind are not taken.") % {"name": one["name"]}
        for kind in ("images", "documents"):
            for one in self.package.manifest[kind]:
                if not is_file_name(one["name"]):
                    yield _("“%(name)s” cannot be the name of a file.") % {"name": one["name"][:80]}

    def pages(self) -> Iterator[str]:
        course = self.package.course
        for module in [course, *course["modules"]]:
            below = module.get("lessons", course["modules"])
            for language in self.package.languages:
                if _twice(one["pages"][language]["slug"] for one in below if language in one["pages"]):
                    yield _("Two pages have the same address.")
        outcomes: Any = CoursePage._meta.get_field("outcomes")
        body: Any = LessonPage._meta.get_field("body")
        for text in course["pages"].values():
            yield from self.stream(text["title"], outcomes.stream_block, text["outcomes"])
        for lesson in self.package.lessons():
            for text in lesson["pages"].values():
                yield from self.stream(text["title"], body.stream_block, text["body"])

    def stream(self, title: str, block: blocks.StreamBlock, raw: list[dict[str, Any]]) -> Iterator[str]:
        """What is wrong with the parts of a page: their kinds, their types, and what they refer to."""
        for part in raw:
            child = block.child_blocks.get(part["type"]) if isinstance(part["type"], str) else None
            if child is None or set(part) - {"type", "value", "id"} or not isinstance(part.get("id", ""), str):
                yield _("%(page)s: there is no such part: %(kind)s") % {"page": title, "kind": str(part["type"])[:40]}
                continue
            yield from (f"{title}: {problem}" for problem in self.part(child, part["value"]))

    def part(self, block: blocks.Block, raw: Any) -> Iterator[str]:
        if isinstance(block, blocks.StructBlock):
            if not isinstance(raw, dict) or set(raw) != set(block.child_blocks):
                yield _("a part has not the fields that it has to have")
                return
            for name, child in block.child_blocks.items():
                yield from self.part(child, raw[name])
        elif isinstance(block, (ImageChooserBlock, DocumentChooserBlock, SnippetChooserBlock)):
            if not (raw is None and not block.required) and (not isinstance(raw, str) or raw not in self.known(block)):
                yield _missing(str(raw))
        elif raw not in ("", None):  # a draft may have to be finished
            try:
                if not isinstance(raw, bool if isinstance(block, blocks.BooleanBlock) else str):
                    raise TypeError
                block.clean(block.to_python(raw))
            except (ValidationError, TypeError, ValueError):
                yield _("a field of the kind “%(kind)s” cannot hold this") % {"kind": type(block).__name__}

    def known(self, block: blocks.Block) -> set[str]:
        if isinstance(block, SnippetChooserBlock):
            return self.slugs.get(block.target_model, set())
        return self.uploads["images" if isinstance(block, ImageChooserBlock) else "documents"]


def is_picture(name: str, content: bytes) -> bool:
    """Whether it could be uploaded as an image, too: its kind by name and by content, and its size."""
    try:
        WagtailImageField().clean(SimpleUploadedFile(name, content))
    except Exception:  # pictures that are none fail in many ways
        return False
    return True


def source_in(content: bytes) -> Source:
    """The exercise's notebook. Raises BadPackage with what is wrong in it."""
    if len(content) > MAX_SOURCE_BYTES:
        raise BadPackage([_("the notebook is larger than %(number)d MB") % {"number": MAX_SOURCE_BYTES >> 20}])
    try:
        return read_source(content)
    except AuthorError as error:
        raise BadPackage([said(problem) for problem in error.problems[:3]]) from error
    except NotebookRefused as refused:
        raise BadPackage([in_language({"th": refused.th, "en": refused.en})]) from refused


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _missing(name: str) -> str:
    return _("“%(name)s” is named and is not in the package.") % {"name": name[:80]}
