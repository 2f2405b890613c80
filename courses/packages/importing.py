"""A package into the site: everything or nothing, and all of it as drafts of the provider that takes it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from wagtail import blocks
from wagtail.documents import get_document_model
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.images import get_image_model
from wagtail.images.blocks import ImageChooserBlock
from wagtail.models import Page
from wagtail.snippets.blocks import SnippetChooserBlock

from courses import providing
from courses.capstones.blocks import Criteria
from courses.capstones.models import Capstone
from courses.datasets import signing_off, using
from courses.datasets.models import Dataset, DatasetFile
from courses.models import CourseCompetency, CoursePage, LessonPage, ModulePage
from courses.packages import bodies, declaring, planning
from courses.packages.planning import REUSED, Plan
from courses.packages.reading import BadPackage, Package, source_in
from grading import tasks
from grading.models import DataFile, Exercise, ExerciseVersion, ItemBank, Provider, Quiz, QuizDraw


def take_over(package: Package, *, provider: Provider | None, code: str, by: Any) -> CoursePage:
    """Makes the course as a draft and returns its Thai page; its exercises are drafts whose pre-flight has been asked
    for.

    Raises:
        BadPackage: it cannot be done; nothing was written.
    """
    with transaction.atomic():
        plan = planning.make(package, provider=provider, by=by, code=code)
        if not plan.problems:
            # Of two at once the second one waits here, and then finds the first one's course.
            Page.objects.select_for_update().get(pk=plan.catalogs["th"].pk)
            plan = planning.make(package, provider=provider, by=by, code=code)
        if plan.problems:
            raise BadPackage(plan.problems)
        work = _Import(plan, by)
        try:
            return work.carry_out()
        except BaseException as error:
            work.forget_files()
            if isinstance(error, ValidationError):
                raise BadPackage(error.messages) from error
            raise


class _Import:
    def __init__(self, plan: Plan, by: Any) -> None:
        self.plan, self.package, self.by = plan, plan.package, by
        self.rows: dict[str, dict[str, Any]] = {"exercises": {}, "banks": {}, "quizzes": {}}
        self.uploads: dict[str, dict[str, int]] = {"images": {}, "documents": {}}
        self.stored: list[Any] = []
        self.pages: dict[tuple[str, str], int] = {}  # by key in the package and language

    def carry_out(self) -> CoursePage:
        self.store_uploads()
        for line in self.plan.of("datasets"):
            self.dataset(line)
        for line in self.plan.of("exercises"):
            self.rows["exercises"][line.declared["slug"]] = line.row or self.exercise(line)
        for line in self.plan.of("banks"):
            self.rows["banks"][line.declared["slug"]] = line.row or self.bank(line)
        for line in self.plan.of("quizzes"):
            self.rows["quizzes"][line.declared["slug"]] = line.row or self.quiz(line)
        made = [page for language in self.languages() for page in self.pages_in(language)]
        # Texts come after all pages are there: they may link to one another.
        for page, texts in made:
            self.write(page, texts)
        self.map_competencies()
        return CoursePage.objects.get(pk=self.pages[self.package.course["key"], "th"])

    # --- Files and rows ----------------------------------------------------------------------------------------------

    def store_uploads(self) -> None:
        collection = providing.files_of(self.plan.provider)
        for kind, model in (("images", get_image_model()), ("documents", get_document_model())):
            for one in self.package.manifest[kind]:
                content = self.package.file(one["sha256"])
                row = model(title=one["title"], uploaded_by_user=self.by, collection=collection)
                row.file = ContentFile(content, name=one["name"])
                row.file_size = len(content)
                row.full_clean(exclude=["file_hash"])
                self.stored.append(row)
                row.save()
                self.uploads[kind][one["sha256"]] = row.pk

    def forget_files(self) -> None:
        """Rows go with the transaction; what lies in a folder does not."""
        for row in self.stored:
            if row.file._committed:  # else the name is still the package's word, and nothing lies there
                row.file.delete(save=False)

    def dataset(self, line: planning.Line) -> None:
        """A data owner of this site signs it off: nobody vouches here by what is said elsewhere."""
        if line.state == REUSED:
            return
        facts = {name: line.declared["facts"].get(name) for name in declaring.OF_DATASET}
        facts = {name: value for name, value in facts.items() if value is not None}
        row = Dataset(slug=line.slug, provider=self.plan.provider, **facts)
        row.full_clean()
        row.save()
        for file in line.declared["files"]:
            DatasetFile.keep(row, file["name"], self.package.file(file["sha256"]))
        signing_off.ask(row, self.by)

    def exercise(self, line: planning.Line) -> Exercise:
        declared = line.declared
        facts = {name: declared[name] for name in declaring.OF_EXERCISE}
        row = Exercise(slug=line.slug, provider=self.plan.provider, **facts)
        row.full_clean()
        row.save()
        if planning.has_draft(self.package, declared):
            self.version(row, declared)
        if declared["capstone"]:
            self.capstone(row, declared["capstone"])
        return row

    def capstone(self, row: Exercise, declared: dict[str, Any]) -> None:
        facts = {name: declared[name] for name in declaring.OF_CAPSTONE}
        briefs = {name: bodies.inward(declared[name], lambda kind, name: None) for name in ("brief_th", "brief_en")}
        criteria = [{"type": "criterion", "value": one} for one in declared["criteria"]]
        found = Capstone(exercise=row, criteria=Criteria().to_python(criteria), **facts, **briefs)
        found.full_clean()
        found.save()

    def version(self, row: Exercise, declared: dict[str, Any]) -> ExerciseVersion:
        source = self.package.file(declared["notebook"])
        version = row.add_version(
            source=source,
            max_score=source_in(source).max_score,
            files=[
                DataFile(name=one["name"], content=self.package.file(one["sha256"]), is_hidden=one["is_hidden"])
                for one in declared["files"]
            ],
            limits=declared["limits"],
            author=self.by,
            is_draft=True,
        )
        using.note(version)
        tasks.request_preflight(version)
        return version

    def bank(self, line: planning.Line) -> ItemBank:
        facts = {name: line.declared[name] for name in declaring.OF_BANK}
        row = ItemBank(slug=line.slug, provider=self.plan.provider, **facts)
        row.full_clean()
        row.save()
        for declared in line.declared["items"]:
            row.put(declared, author=self.by)
        return row

    def quiz(self, line: planning.Line) -> Quiz:
        facts = {name: line.declared[name] for name in declaring.OF_QUIZ}
        # Without drafts of their own quizzes are taken where a published course places them, and by nobody else.
        row = Quiz(slug=line.slug, provider=self.plan.provider, **facts | {"is_public_practice": False})
        row.full_clean()
        row.save()
        for order, draw in enumerate(line.declared["draws"]):
            told = {name: draw[name] for name in declaring.OF_DRAW}
            QuizDraw.objects.create(quiz=row, bank=self.rows["banks"][draw["bank"]], sort_order=order, **told)
        return row

    # --- Pages -------------------------------------------------------------------------------------------------------

    def languages(self) -> list[str]:
        return [language for language in self.package.languages if language in self.plan.catalogs]

    def pages_in(self, language: str) -> list[tuple[Any, dict[str, Any]]]:
        """The pages in one language, without their texts, and those; below a page that there is not there are none."""
        course = self.package.course
        facts = {
            name: course[name]
            for name in ("level", "areas", "roles", "licence", "pass_percent", "theory_hours", "practice_hours")
        }
        top = CoursePage(code=self.plan.code, held_by=self.plan.provider, **facts)
        made = [self.add(self.plan.catalogs[language], top, course, language, slug=self.plan.slug)]
        for module in course["modules"]:
            if language not in module["pages"]:
                continue
            page = ModulePage(quiz=self.rows["quizzes"].get(module["quiz"]))
            made.append(self.add(top, page, module, language))
            for lesson in module["lessons"]:
                if language in lesson["pages"]:
                    made.append(self.add(page, LessonPage(), lesson, language))
        return made

    def add(self, parent: Any, page: Any, told: dict[str, Any], language: str, **more: Any) -> tuple[Any, Any]:
        texts = told["pages"][language] | more
        for name in ("title", "slug", "seo_title", "search_description", "summary"):
            if name in texts:
                setattr(page, name, texts[name])
        page.locale, page.owner, page.live = self.plan.catalogs[language].locale, self.by, False
        page.translation_key = self.plan.keys[told["key"]]
        parent.add_child(instance=page)
        self.pages[told["key"], language] = page.pk
        return page, texts

    def write(self, page: Any, texts: dict[str, Any]) -> None:
        for name in ("audience", "provider", "minutes"):
            if name in texts:
                setattr(page, name, texts[name])
        for name in ("outcomes", "body"):
            if name in texts:
                stream = getattr(page, name).stream_block
                told = bodies.walk(stream, texts[name], self.change(page.locale.language_code))
                setattr(page, name, stream.to_python(told))
        page.save()
        page.save_revision(user=self.by, log_action=True)

    def change(self, language: str) -> bodies.Change:
        def number(kind: str, name: str) -> str | None:
            found = self.pages.get((name, language)) if kind == "page" else self.uploads["documents"].get(name)
            return str(found) if found else None

        def changed(block: blocks.Block, raw: Any) -> Any:
            if isinstance(block, blocks.RichTextBlock):
                return bodies.inward(raw or "", number)
            if isinstance(block, ImageChooserBlock):
                return self.uploads["images"].get(raw)
            if isinstance(block, DocumentChooserBlock):
                return self.uploads["documents"].get(raw)
            if isinstance(block, SnippetChooserBlock):
                kind = "exercises" if block.target_model is Exercise else "quizzes"
                return self.rows[kind][raw].pk if raw else None
            return raw

        return changed

    def map_competencies(self) -> None:
        for one, competency in self.plan.competencies:
            row = CourseCompetency(
                course_key=self.plan.keys[self.package.course["key"]],
                competency=competency,
                level=one["level"],
                exercise=self.rows["exercises"].get(one["exercise"]),
                quiz=self.rows["quizzes"].get(one["quiz"]),
            )
            row.full_clean()
            row.save()
