"""A course into a package: its pages in every language, and all that they place."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from django.conf import settings
from wagtail import blocks
from wagtail.documents import get_document_model
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images import get_image_model
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import Page
from wagtail.snippets.blocks import SnippetChooserBlock

from courses.datasets.models import DatasetFile
from courses.models import CourseCompetency, CoursePage, LessonPage, ModulePage
from courses.packages import bodies, declaring
from courses.packages.bodies import LeftOut
from courses.packages.schema import VERSION
from grading.models import Exercise, ItemBank, Provider, Quiz

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same course is the same file, whenever it is written

# Whether hidden parts of what belongs to the provider with this primary key (None: to nobody) may be taken along.
Rights = Callable[[int | None], bool]


def every_right(_owner: int | None) -> bool:
    """An operator's, at the command line."""
    return True


def no_right(_owner: int | None) -> bool:
    """Of whoever wants what learners have."""
    return False


def rights_of(person: Any) -> Rights:
    """An author's: over what belongs to the providers that they write for, and what belongs to none."""
    is_author = person.has_perms(["grading.change_exercise", "grading.change_quizitem"])
    own = set(Provider.objects.written_by(person).values_list("pk", flat=True))
    return lambda owner: is_author and (owner is None or owner in own)


@dataclass
class Package:
    """What is to be written: the manifest, and its files."""

    manifest: dict[str, Any]
    files: declaring.Files

    def write(self, to: IO[bytes]) -> None:
        """As a ZIP archive; the same package gives the same bytes."""
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
            text = json.dumps(self.manifest, ensure_ascii=False, indent=1, sort_keys=True)
            archive.writestr(zipfile.ZipInfo("manifest.json", _EPOCH), text.encode(), zipfile.ZIP_DEFLATED)
            for digest, told in sorted(self.files.index.items()):
                member = zipfile.ZipInfo(told["path"], _EPOCH)
                archive.writestr(member, self.files.content[digest](), zipfile.ZIP_DEFLATED)


def build(course: CoursePage, rights: Rights) -> Package:
    """The course as its authors have it now, drafts included; hidden parts where ``rights`` says so."""
    return _Build(course, rights).package()


@dataclass
class _Build:
    course: CoursePage
    rights: Rights
    files: declaring.Files = field(default_factory=declaring.Files)
    uploads: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"images": {}, "documents": {}})
    placed: dict[type[Any], dict[int, Any]] = field(default_factory=lambda: {Exercise: {}, Quiz: {}})
    left_out: list[str] = field(default_factory=list)

    def package(self) -> Package:
        course = self.of_course()
        exercises = [self.exercise(row) for row in _by_slug(self.placed[Exercise])]
        quizzes = _by_slug(self.placed[Quiz])
        banks = [self.bank(row, quizzes) for row in ItemBank.objects.filter(pk__in=_drawn_from(quizzes))]
        manifest = {
            "type": "CoursePackage",
            "version": VERSION,
            "source": {
                "site": settings.PUBLIC_URL,
                "provider": self.course.held_by.name_th if self.course.held_by else "",
            },
            "is_complete": all(one["is_complete"] for one in [*exercises, *banks]),
            "left_out": self.left_out,
            "course": course,
            "exercises": exercises,
            "banks": banks,
            "quizzes": [declaring.quiz(row) for row in quizzes],
            "datasets": self.datasets(),
            "images": sorted(self.uploads["images"].values(), key=_by_hash),
            "documents": sorted(self.uploads["documents"].values(), key=_by_hash),
            "competencies": self.competencies(),
            "files": sorted(self.files.index.values(), key=_by_hash),
        }
        return Package(manifest, self.files)

    # --- Pages -------------------------------------------------------------------------------------------------------

    def of_course(self) -> dict[str, Any]:
        draft = _draft(self.course)
        return {
            "key": str(draft.translation_key),
            **{name: getattr(draft, name) for name in ("code", "level", "areas", "roles", "licence", "pass_percent")},
            **{name: f"{getattr(draft, name):.1f}" for name in ("theory_hours", "practice_hours")},
            "pages": self.in_each_language(self.course, self.course_texts),
            "modules": [self.of_module(page) for page in ModulePage.objects.child_of(self.course).order_by("path")],
        }

    def of_module(self, page: ModulePage) -> dict[str, Any]:
        quiz = _draft(page).quiz
        return {
            "key": str(page.translation_key),
            "quiz": self.place(Quiz, quiz.pk) if quiz else None,
            "pages": self.in_each_language(page, lambda module: {"summary": module.summary}),
            "lessons": [self.of_lesson(one) for one in LessonPage.objects.child_of(page).order_by("path")],
        }

    def of_lesson(self, page: LessonPage) -> dict[str, Any]:
        return {"key": str(page.translation_key), "pages": self.in_each_language(page, self.lesson_texts)}

    def in_each_language(self, page: Page, texts: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        pages = [page, *page.get_translations().select_related("locale")]
        return {one.locale.language_code: _head(draft := _draft(one)) | texts(draft) for one in pages}

    def course_texts(self, page: CoursePage) -> dict[str, Any]:
        texts = {name: getattr(page, name) for name in ("summary", "audience", "provider")}
        return texts | {"outcomes": list(page.outcomes.get_prep_value())}

    def lesson_texts(self, page: LessonPage) -> dict[str, Any]:
        body = page.body.get_prep_value()
        return {"minutes": page.minutes, "body": bodies.walk(page.body.stream_block, body, self.change)}

    # --- What they refer to ------------------------------------------------------------------------------------------

    def change(self, block: blocks.Block, raw: Any) -> Any:
        if isinstance(block, blocks.RichTextBlock):
            return bodies.outward(raw or "", self.link)
        if not isinstance(block, (ImageChooserBlock, DocumentChooserBlock, SnippetChooserBlock)):
            return raw
        found = self.chosen(block, raw)
        if found is None and block.required:  # a draft that is not finished, or what has been deleted since
            raise LeftOut(block.label)
        return found

    def chosen(self, block: Any, raw: Any) -> str | None:
        if isinstance(block, SnippetChooserBlock):
            return self.place(block.target_model, raw)
        return self.upload("images" if isinstance(block, ImageChooserBlock) else "documents", raw)

    def link(self, kind: str, pk: str) -> str | None:
        if kind == "document":
            return self.upload("documents", int(pk)) if pk.isdigit() else None
        page = Page.objects.filter(pk=pk).only("translation_key").first() if pk.isdigit() else None
        return str(page.translation_key) if page else None

    def upload(self, kind: str, pk: int | None) -> str | None:
        model = get_image_model() if kind == "images" else get_document_model()
        row = model.objects.filter(pk=pk).first() if pk else None
        if row is None:
            return None
        name = row.file.name.rpartition("/")[2]

        def read() -> bytes:
            with row.file.storage.open(row.file.name) as stored:
                return bytes(stored.read())

        try:
            digest = self.files.keep(kind, name, read)
        except OSError:
            self.left_out.append(f"{kind}: {row.title}"[:300])
            return None
        self.uploads[kind].setdefault(digest, {"sha256": digest, "title": row.title, "name": name})
        return digest

    def place(self, model: Any, pk: int | None) -> str | None:
        if pk is None:
            return None
        row = model.objects.filter(pk=pk).first() if model in self.placed else None
        if row is None:
            self.left_out.append(str(model._meta.verbose_name))
            return None
        self.placed[model][row.pk] = row
        return str(row.slug)

    # --- Rows --------------------------------------------------------------------------------------------------------

    def exercise(self, row: Exercise) -> dict[str, Any]:
        return declaring.exercise(row, self.files, complete=self.rights(row.provider_id))

    def bank(self, row: ItemBank, quizzes: list[Quiz]) -> dict[str, Any]:
        return declaring.bank(row, quizzes, complete=self.rights(row.provider_id))

    def datasets(self) -> list[dict[str, Any]]:
        """The data sets that copies in this package are pinned to."""
        pinned = DatasetFile.objects.filter(
            uses__version__exercise__in=self.placed[Exercise], sha256__in=self.files.index
        )
        by_dataset: dict[Any, list[DatasetFile]] = {}
        for file in pinned.defer("content").select_related("dataset").distinct().order_by("dataset__slug"):
            by_dataset.setdefault(file.dataset, []).append(file)
        return [declaring.dataset(row, files, self.files) for row, files in by_dataset.items()]

    def competencies(self) -> list[dict[str, Any]]:
        shown = CourseCompetency.objects.filter(course_key=self.course.translation_key)
        found = [
            {
                "framework": one.competency.framework.slug,
                "code": one.competency.code,
                "level": one.level,
                "exercise": one.exercise.slug if one.exercise else None,
                "quiz": one.quiz.slug if one.quiz else None,
            }
            for one in shown.select_related("competency__framework", "exercise", "quiz")
            if not one.exercise_id or one.exercise_id in self.placed[Exercise]
            if not one.quiz_id or one.quiz_id in self.placed[Quiz]
        ]
        return sorted(found, key=lambda one: [str(value) for value in one.values()])


def _draft(page: Any) -> Any:
    return page.get_latest_revision_as_object() if page.latest_revision_id else page.specific


def _head(page: Page) -> dict[str, Any]:
    return {name: getattr(page, name) for name in ("title", "slug", "seo_title", "search_description")}


def _by_slug(rows: dict[int, Any]) -> list[Any]:
    return sorted(rows.values(), key=lambda row: row.slug)


def _by_hash(told: dict[str, Any]) -> str:
    return str(told["sha256"])


def _drawn_from(quizzes: list[Quiz]) -> set[int]:
    return {draw.bank_id for quiz in quizzes for draw in quiz.draws.all()}
