"""Rows as a package declares them: plain data without anything of this site, so that equal things read equally."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import nbformat

from courses.capstones.models import Capstone
from courses.datasets.models import REQUIRED, Dataset, DatasetFile
from courses.packages import bodies
from grading.models import DataFile, Exercise, ExerciseVersion, ItemBank, Quiz, QuizItem, QuizItemVersion
from grading.notebooks import AuthorError, NotebookRefused, read_source, release

Declared = dict[str, Any]
OF_EXERCISE = (
    "title_th", "title_en", "max_attempts", "cooldown_minutes", "counts", "late_rule", "late_percent", "late_days",
)  # fmt: skip
OF_CAPSTONE = ("reviewers", "review_days", "has_gallery")
OF_QUIZ = (
    "title_th", "title_en", "intro_th", "intro_en", "pass_percent", "max_attempts", "minutes", "cooldown_minutes",
    "counts", "reveals", "shuffles", "is_public_practice",
)  # fmt: skip
OF_BANK = ("title_th", "title_en", "licence")
OF_DRAW = ("pool", "difficulty", "count")
OF_DATASET = (
    *REQUIRED, "title_en", "update_frequency_interval", "classification", "high_value_dataset", "topic", "is_synthetic",
    "source_url",
)  # fmt: skip


@dataclass
class Files:
    """The files of a package by their hash; the same bytes are one file."""

    content: dict[str, Callable[[], bytes]] = field(default_factory=dict)
    index: dict[str, Declared] = field(default_factory=dict)

    def keep(self, folder: str, name: str, read: Callable[[], bytes]) -> str:
        """The hash under which a file is found; ``read`` is asked again when the package is written."""
        content = read()
        digest = hashlib.sha256(content).hexdigest()
        if digest not in self.index:
            ending = PurePath(name).suffix.lower()
            ending = ending if ending[1:].isascii() and ending[1:].isalnum() and len(ending) < 9 else ""
            path = f"{folder}/{digest[:16]}{ending}"
            self.index[digest] = {"path": path, "sha256": digest, "size": len(content)}
            self.content[digest] = read
        return digest


def exercise(row: Exercise, files: Files, *, complete: bool) -> Declared:
    """An exercise with the newest version of its notebook; without ``complete`` with what its learners have of it."""
    version = row.newest if complete else row.current
    return {
        "slug": row.slug,
        "is_complete": complete,
        **{name: getattr(row, name) for name in OF_EXERCISE},
        "limits": version.limits if version else {},
        "notebook": _notebook(version, files, complete=complete) if version else None,
        "files": [
            {
                "name": file.name,
                "sha256": files.keep("data", file.name, lambda pk=file.pk: _content(DataFile, pk)),  # type: ignore[misc]
                "is_hidden": file.is_hidden,
            }
            for file in (version.files.defer("content") if version else [])
            if complete or not file.is_hidden
        ],
        "capstone": _capstone(row),
    }


def _capstone(row: Exercise) -> Declared | None:
    """What makes a project of an exercise: brief, rubric, and how peers review it."""
    found = Capstone.objects.filter(exercise=row).first()
    if found is None:
        return None
    briefs = {name: bodies.outward(getattr(found, name), lambda kind, pk: None) for name in ("brief_th", "brief_en")}
    return briefs | {name: getattr(found, name) for name in OF_CAPSTONE} | {"criteria": found.rubric()}


def _notebook(version: ExerciseVersion, files: Files, *, complete: bool) -> str | None:
    source = bytes(version.source)
    if not complete:
        try:
            source = nbformat.writes(release(read_source(source))).encode()
        except (AuthorError, NotebookRefused):  # not written yet: there is nothing that learners have
            return None
    return files.keep("notebooks", "a.ipynb", lambda: source)


def _content(model: Any, pk: int) -> bytes:
    return bytes(model.objects.values_list("content", flat=True).get(pk=pk))


def quiz(row: Quiz) -> Declared:
    """A quiz with its rules and what it draws."""
    draws = [
        {"bank": draw.bank.slug, **{name: getattr(draw, name) for name in OF_DRAW}}
        for draw in row.draws.select_related("bank")
    ]
    return {"slug": row.slug, **{name: getattr(row, name) for name in OF_QUIZ}, "draws": draws}


def bank(row: ItemBank, quizzes: Iterable[Quiz], *, complete: bool) -> Declared:
    """A bank with the items that the quizzes may draw from it; without ``complete`` with none: items are answers."""
    items: list[Any] = []
    if complete:
        drawn = {pk for one in quizzes for draw in one.draws.filter(bank=row) for pk in _candidates(draw)}
        newest = QuizItem.objects.drawable().filter(pk__in=drawn).order_by("code").values_list("version", flat=True)  # type: ignore[misc]
        versions = QuizItemVersion.objects.in_bulk(list(newest))
        items = [versions[pk].content for pk in newest]
    facts = {name: getattr(row, name) for name in OF_BANK}
    return {"slug": row.slug, "is_complete": complete, **facts, "items": items}


def _candidates(draw: Any) -> Iterable[int]:
    return draw.candidates().values_list("pk", flat=True)


def dataset(row: Dataset, pinned: Iterable[DatasetFile], files: Files) -> Declared:
    """A data set's description, with those of its files that are ``pinned``: equal ones once."""
    first: dict[str, DatasetFile] = {}
    for file in sorted(pinned, key=lambda one: (one.name, one.sha256)):
        first.setdefault(file.sha256, file)
    kept = [
        {
            "name": file.name,
            "sha256": files.keep("data", file.name, lambda pk=file.pk: _content(DatasetFile, pk)),  # type: ignore[misc]
        }
        for file in first.values()
    ]
    return {"slug": row.slug, "facts": {name: getattr(row, name) for name in OF_DATASET}, "files": kept}
