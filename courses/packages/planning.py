"""What taking a package over would make of it here: shown before anything is written, and then done exactly so."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, ClassVar
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from wagtail.models import Page

from courses.datasets.models import LICENCES, REQUIRED, Dataset, DatasetFile
from courses.models import Competency, CourseIndexPage, CoursePage
from courses.packages import declaring
from courses.packages.reading import BadPackage, Package, source_in
from grading.models import Exercise, ItemBank, Provider, Quiz

NEW, REUSED, RENAMED = "new", "reused", "renamed"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the package: what becomes of it. ``row`` is what stands here already and is used again."""

    KINDS: ClassVar[dict[str, str]] = {
        "exercises": gettext_noop("exercise"),
        "banks": gettext_noop("item bank"),
        "quizzes": gettext_noop("quiz"),
        "datasets": gettext_noop("data set"),
    }

    kind: str
    declared: dict[str, Any]
    state: str
    slug: str
    row: Any = None

    @property
    def title(self) -> str:
        return str(self.declared.get("title_th") or self.declared["facts"]["title"])

    @property
    def kind_label(self) -> str:
        return _(self.KINDS[self.kind])


@dataclass
class Plan:
    """``problems`` keep it from being carried out; ``notes`` are to be known."""

    package: Package
    provider: Provider | None
    code: str
    catalogs: dict[str, CourseIndexPage]
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    competencies: list[tuple[dict[str, Any], Competency]] = field(default_factory=list)
    keys: dict[str, UUID] = field(default_factory=dict)  # of the package → of the pages to be made

    @property
    def is_another(self) -> bool:
        """Whether the course is here already, so that this becomes a course of its own."""
        return any(str(key) != given for given, key in self.keys.items())

    @property
    def slug(self) -> str:
        """The address of the course."""
        given: str = self.package.course["pages"]["th"]["slug"]
        return given if self.code == self.package.course["code"] and not self.is_another else self.code.lower()

    def of(self, kind: str) -> list[Line]:
        return [line for line in self.lines if line.kind == kind]


def make(package: Package, *, provider: Provider | None, by: Any, code: str = "") -> Plan:
    """What ``by`` (None: not known yet) would make for the provider (None: common property); ``code``: another one
    than the package's."""
    catalog = CourseIndexPage.objects.filter(locale__language_code="th").order_by("path").first()
    catalogs = {"th": catalog} if catalog else {}
    if catalog:
        others = catalog.get_translations().select_related("locale")
        catalogs |= {one.locale.language_code: one for one in others}
    plan = Plan(package, provider, (code or package.course["code"]).upper(), catalogs)
    _keys(plan)
    _course(plan)
    _rows(plan)
    _competencies(plan, may_map=bool(by) and by.has_perm("courses.add_coursecompetency"))
    plan.notes += _incomplete(package)
    return plan


def _keys(plan: Plan) -> None:
    """The pages keep their identity, so that the course is the same everywhere, unless it is here already."""
    keys = plan.package.keys()
    are_taken = Page.objects.filter(translation_key__in=keys).exists()
    plan.keys = {key: uuid4() if are_taken else UUID(key) for key in keys}
    if are_taken:
        plan.notes.append(_("The course is on this site already: this becomes a course of its own."))


def _course(plan: Plan) -> None:
    if not plan.catalogs:
        plan.problems.append(_("The site has no course catalog yet: an operator makes it first."))
        return
    if not plan.code:
        plan.problems.append(_("The course has no code: give it one."))
    if CoursePage.objects.filter(code__iexact=plan.code).exists():
        text = _("There is a course with the code %(code)s: give this one another code.")
        plan.problems.append(text % {"code": plan.code})
    elif Page.objects.child_of(plan.catalogs["th"]).filter(slug=plan.slug).exists():
        text = _("There is a page with the address %(slug)s: give the course another code.")
        plan.problems.append(text % {"slug": plan.slug})
    for language in plan.package.languages:
        if language not in plan.catalogs:
            text = _("The site has no course catalog in the language “%(code)s”: those pages are left out.")
            plan.notes.append(text % {"code": language})


def _rows(plan: Plan) -> None:
    manifest = plan.package.manifest
    for one in manifest["exercises"]:
        row = Exercise.objects.filter(slug=one["slug"]).first()
        same = row and declaring.exercise(row, declaring.Files(), complete=one["is_complete"])
        plan.lines.append(_line(plan, "exercises", one, row, same))
    # A quiz is the same only where it draws from the same banks.
    quizzes = {one["slug"]: Quiz.objects.filter(slug=one["slug"]).first() for one in manifest["quizzes"]}
    there = [row for row in quizzes.values() if row]
    for one in manifest["banks"]:
        bank = ItemBank.objects.filter(slug=one["slug"]).first()
        same_bank = bank and declaring.bank(bank, there, complete=one["is_complete"])
        plan.lines.append(_line(plan, "banks", one, bank, same_bank))
    kept = {line.declared["slug"] for line in plan.of("banks") if line.state == REUSED}
    for one in manifest["quizzes"]:
        quiz = quizzes[one["slug"]]
        is_drawn_alike = kept.issuperset(draw["bank"] for draw in one["draws"])
        # Whether everybody may try it is for each site to say.
        by_site = {"is_public_practice": one["is_public_practice"]}
        same_quiz = declaring.quiz(quiz) | by_site if quiz and is_drawn_alike else None
        plan.lines.append(_line(plan, "quizzes", one, quiz, same_quiz))
    closed = [line.slug for line in plan.of("quizzes") if line.state != REUSED and line.declared["is_public_practice"]]
    if closed:
        text = _("Open to everybody where they come from, here to learners of the course alone: the quizzes %(codes)s")
        plan.notes.append(text % {"codes": ", ".join(closed)})
    for one in manifest["datasets"]:
        plan.lines.append(_dataset(plan, one))


def _line(plan: Plan, kind: str, declared: dict[str, Any], row: Any, same: Any) -> Line:
    """Used again is only what is equal, and may be placed by the provider's people."""
    if row is None:
        return Line(kind, declared, NEW, declared["slug"])
    own = (None, plan.provider.pk if plan.provider else None)
    if same == declared and row.provider_id in own:
        return Line(kind, declared, REUSED, row.slug, row)
    return Line(kind, declared, RENAMED, _free(plan, kind, type(row), declared["slug"]))


def _dataset(plan: Plan, declared: dict[str, Any]) -> Line:
    hashes = {file["sha256"] for file in declared["files"]}
    own = Q(provider=None) | Q(provider=plan.provider) | Q(pk__in=Dataset.objects.public().values("pk"))
    usable = Dataset.objects.filter(own, license_id__in=LICENCES)
    holding = DatasetFile.objects.filter(sha256__in=hashes, dataset__in=usable).defer("content")
    if hashes <= {file.sha256 for file in holding}:
        row = holding.select_related("dataset")[0].dataset
        return Line("datasets", declared, REUSED, row.slug, row)
    lacking = [name for name in REQUIRED if not declared["facts"].get(name)]
    if lacking or declared["facts"].get("license_id") not in LICENCES:
        text = _(
            "The data set “%(code)s” has no licence, or its description is not complete: it cannot be taught with yet."
        )
        plan.notes.append(text % {"code": declared["slug"]})
    if not Dataset.objects.filter(slug=declared["slug"]).exists():
        return Line("datasets", declared, NEW, declared["slug"])
    return Line("datasets", declared, RENAMED, _free(plan, "datasets", Dataset, declared["slug"]))


def _free(plan: Plan, kind: str, model: Any, slug: str) -> str:
    """The code with the first number that makes it free, here and in the package."""
    taken = set(model.objects.filter(slug__startswith=slug[:40]).values_list("slug", flat=True))
    taken |= {one["slug"] for one in plan.package.manifest[kind]} | {line.slug for line in plan.of(kind)}
    base = slug[: model._meta.get_field("slug").max_length - 5]
    return next(one for number in count(2) if (one := f"{base}-{number}") not in taken)


def _competencies(plan: Plan, *, may_map: bool) -> None:
    declared = plan.package.manifest["competencies"]
    if declared and not may_map:
        codes = sorted({f"{one['framework']}/{one['code']}" for one in declared})
        text = _("Left out, for an operator says which competencies a course shows: %(codes)s")
        plan.notes.append(text % {"codes": ", ".join(codes[:10])})
        return
    lacking = set()
    for one in declared:
        found = Competency.objects.filter(framework__slug=one["framework"], code=one["code"]).first()
        if found and one["level"] <= found.framework.levels:
            plan.competencies.append((one, found))
        else:
            lacking.add(f"{one['framework']}/{one['code']} ({one['level']})")
    if lacking:
        text = _("Not known here, and left out: the competencies %(codes)s. An operator loads their framework.")
        plan.notes.append(text % {"codes": ", ".join(sorted(lacking)[:10])})


def _incomplete(package: Package) -> Iterator[str]:
    """What a package without hidden parts lacks, said by name."""
    manifest = package.manifest
    lacking = [one["slug"] for one in manifest["exercises"] if not one["is_complete"]]
    if lacking:
        text = _("Without solutions and hidden checks, to be written before they can be published: %(codes)s")
        yield text % {"codes": ", ".join(lacking)}
    unusable = [one["slug"] for one in manifest["exercises"] if not one["is_complete"] and not has_draft(package, one)]
    if unusable:
        yield _("Without a notebook: %(codes)s") % {"codes": ", ".join(unusable)}
    lacking = [one["slug"] for one in manifest["banks"] if not one["is_complete"]]
    if lacking:
        yield _("Item banks without their items; the quizzes draw nothing until they are written: %(codes)s") % {
            "codes": ", ".join(lacking)
        }
    if manifest["left_out"]:
        left_out = ", ".join(dict.fromkeys(manifest["left_out"]))
        yield _("Left out when it was exported: %(what)s") % {"what": left_out[:300]}


def has_draft(package: Package, exercise: dict[str, Any]) -> bool:
    """Whether the exercise's notebook can be a version of it here: of what learners have, not always."""
    if exercise["notebook"] is None:
        return False
    try:
        source_in(package.file(exercise["notebook"]))
    except BadPackage:
        return False
    return True
