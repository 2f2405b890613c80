"""Puts the demonstration courses into the site: exercises, and the page tree in Thai and in English.

Only creates what is missing. Once the course is there it belongs to its authors: nothing they change, move or delete
is touched again.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.models import Locale, Page, Site

from courses import providing
from courses.demo import catalog_records, datasets, farmer_groups, markup, motor_policies, outline
from courses.demo.exercises import PROJECT, exercise, exercises
from courses.demo.notebooks import Exercise as Built
from courses.demo.outline import LANGUAGES, Course
from courses.models import CourseIndexPage, CoursePage, HomePage, LessonPage, ModulePage
from grading import quiz_loading
from grading.models import DataFile, Exercise, ExerciseVersion, Provider, Quiz
from grading.notebooks import read_source
from grading.quizzes.banks import read_file

HERE = Path(__file__).parent
PROVIDER = "demo-institute"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The courses as they are now, by slug, and which of them this run had to make."""

    courses: dict[str, CoursePage]
    exercises: list[Exercise]
    made: list[str]


def key(name: str) -> UUID:
    """The translation key of a page of the demonstration: the same on every site."""
    return uuid5(NAMESPACE_URL, f"https://demo.example/{name}")


@transaction.atomic
def load() -> Loaded:
    """Creates what is missing of the exercises, the front pages, the catalogs and the courses in both languages."""
    graded = {one.slug: one for one in map(_exercise, [*exercises(), exercise(PROJECT)])}
    catalogs = _catalogs()
    found = {course.slug: _thai_page(course) for course in outline.COURSES}
    made = [course.slug for course in outline.COURSES if found[course.slug] is None]
    if made:
        for bank in sorted((HERE / "quizzes").glob("*.toml")):
            quiz_loading.load(read_file(bank.read_bytes()))
        stored = _Stored(graded, {name: _document(name, content) for name, content in downloads().items()})
        for course in outline.COURSES:
            if course.slug in made:
                found[course.slug] = _course(course, catalogs, stored)
    return Loaded({slug: page for slug, page in found.items() if page}, list(graded.values()), made)


def _thai_page(course: Course) -> CoursePage | None:
    return CoursePage.objects.filter(translation_key=key(course.slug), locale__language_code="th").first()


@dataclass(frozen=True, slots=True)
class _Stored:
    """What lessons name by slug or file name."""

    exercises: dict[str, Exercise]
    documents: dict[str, Document]


def _exercise(built: Built) -> Exercise:
    titles = {"title_th": built.title_th, "title_en": built.title_en, "provider": provider()}
    exercise, is_new = Exercise.objects.get_or_create(slug=built.slug, defaults=titles)
    if is_new:
        source = built.source
        version = ExerciseVersion.objects.create(
            exercise=exercise,
            number=1,
            source=source,
            sha256=hashlib.sha256(source).hexdigest(),
            max_score=read_source(source).max_score,
        )
        for is_hidden, files in ((False, built.files), (True, built.hidden_files)):
            DataFile.objects.bulk_create(
                DataFile(version=version, name=name, content=content, is_hidden=is_hidden)
                for name, content in files.items()
            )
    return exercise


def _catalogs() -> dict[str, CourseIndexPage]:
    """The course catalog of each language, below the site's front page of that language."""
    thai_home = _thai_home()
    found: dict[str, CourseIndexPage] = {}
    for language in LANGUAGES:
        locale = Locale.objects.get_or_create(language_code=language)[0]
        home = HomePage.objects.filter(translation_key=thai_home.translation_key, locale=locale).first()
        home = home or _add(
            Page.get_first_root_node(),
            HomePage(
                title=outline.HOME_TITLE[language],
                slug=f"home-{language}",
                lead=outline.HOME_LEAD[language],
                locale=locale,
                translation_key=thai_home.translation_key,
            ),
        )
        original = found.get("th")
        index = CourseIndexPage.objects.child_of(home).first()
        found[language] = index or _add(
            home,
            CourseIndexPage(
                title=outline.CATALOG_TITLE[language],
                slug="courses",
                intro=outline.CATALOG_INTRO[language],
                locale=locale,
                translation_key=original.translation_key if original else key("courses"),
            ),
        )
    return found


def _thai_home() -> HomePage:
    """The default site's front page. Wagtail's own "Welcome" page makes way for ours; anybody else's stays."""
    site = Site.objects.filter(is_default_site=True).select_related("root_page").first()
    if site and isinstance(site.root_page.specific, HomePage):
        return site.root_page.specific
    locale = Locale.objects.get_or_create(language_code="th")[0]
    home = _add(
        Page.get_first_root_node(),
        HomePage(
            title=outline.HOME_TITLE.th,
            slug="home-th",
            lead=outline.HOME_LEAD.th,
            locale=locale,
            translation_key=key("home"),
        ),
    )
    _show(home, site)
    return home


def _show(home: HomePage, site: Site | None) -> None:
    public = urlsplit(settings.PUBLIC_URL)
    port = public.port or (443 if public.scheme == "https" else 80)
    welcome = site.root_page if site else None
    site = site or Site(is_default_site=True)
    site.hostname, site.port, site.site_name = public.hostname, port, settings.WAGTAIL_SITE_NAME
    site.root_page = home
    site.save()
    if welcome and type(welcome.specific) is Page and not welcome.get_children().exists():
        welcome.delete()


def _course(course: Course, catalogs: dict[str, CourseIndexPage], stored: _Stored) -> CoursePage:
    """The whole course in both languages; returns the Thai one."""
    texts = lessons(course)
    made = []
    for language in LANGUAGES:
        top = _add(catalogs[language], _course_page(course, language))
        made.append(top)
        for module in course.modules:
            parent = _add(top, _module_page(module, language))
            for name, minutes in module.lessons.items():
                lesson = texts[language, name]
                body = [(kind, _value(kind, value, stored)) for kind, value in lesson.parts]
                _add(parent, LessonPage(title=lesson.title, minutes=minutes, body=body, **_identity(name, language)))
    return made[0]


def _identity(name: str, language: str) -> dict[str, Any]:
    return {
        "slug": name,
        "locale": Locale.objects.get(language_code=language),
        "translation_key": key(name),
    }


def provider() -> Provider:
    """The body whose the demonstration's courses and exercises are."""
    names = {"name_th": outline.PROVIDER.th, "name_en": outline.PROVIDER.en}
    return Provider.objects.get_or_create(slug=PROVIDER, defaults=names)[0]


def _course_page(course: Course, language: str) -> CoursePage:
    return CoursePage(
        title=course.title[language],
        code=course.code,
        summary=course.summary[language],
        level=CoursePage.Level(course.level),
        theory_hours=course.theory_hours,
        practice_hours=course.practice_hours,
        audience=course.audience[language],
        outcomes=[("outcome", outcome[language]) for outcome in course.outcomes],
        provider=course.provider[language],
        held_by=provider(),
        areas=list(course.areas),
        roles=list(course.roles),
        **_identity(course.slug, language),
    )


def _module_page(module: outline.Module, language: str) -> ModulePage:
    words = {"title": module.title[language], "summary": module.summary[language]}
    return ModulePage(**words, **_identity(module.slug, language))


def lessons(course: Course) -> dict[tuple[str, str], markup.Lesson]:
    """Every lesson by language and name; the English ones carry the code of the Thai ones."""
    found = {}
    for name in course.lessons:
        thai, english = (markup.parse(text_of(name, language)) for language in LANGUAGES)
        found["th", name], found["en", name] = thai, markup.with_code_of(thai, english)
    return found


def text_of(name: str, language: str) -> str:
    """The text of a lesson, in the dialect of ``markup``."""
    return (HERE / "texts" / language / f"{name}.md").read_text(encoding="utf-8")


def _value(kind: str, value: Any, stored: _Stored) -> Any:
    """A part's value with files and slugs replaced by what is stored under that name."""
    match kind:
        case "image":
            return {"image": _image(value["file"]), "alt": value["alt"], "caption": value["caption"]}
        case "exercise":
            return value | {"exercise": stored.exercises[value["exercise"]]}
        case "quiz":
            return value | {"quiz": Quiz.objects.get(slug=value["quiz"])}
        case "download":
            return value | {"document": stored.documents[value["document"]]}
    return value


def downloads() -> dict[str, bytes]:
    """The data sets that lessons offer, by file name."""
    requests = datasets.local_requests(datasets.VISIBLE)
    return {
        "local_requests.csv": requests.csv("cp874"),
        "local_requests_utf8.csv": requests.csv("utf-8-sig"),
        "provinces.csv": datasets.provinces(datasets.VISIBLE).csv(),
        "catalog_records.csv": catalog_records.catalog_records(catalog_records.VISIBLE).csv(),
        "farmer_groups.csv": farmer_groups.farmer_groups(farmer_groups.VISIBLE).csv(),
        "motor_policies.csv": motor_policies.motor_policies(motor_policies.VISIBLE).csv(),
    }


def _document(name: str, content: bytes) -> Document:
    title = f"{name} (SYNTHETIC, CC0)"
    return Document.objects.filter(title=title).first() or Document.objects.create(
        title=title,
        file=ContentFile(content, name=name),
        file_size=len(content),
        collection=providing.files_of(provider()),
    )


def _image(name: str) -> Image:
    # What it shows is told where it is used; its title in the library has room for less.
    picture = ContentFile((HERE / "figures" / name).read_bytes(), name=name)
    return Image.objects.filter(title=name).first() or Image.objects.create(
        title=name, file=picture, collection=providing.files_of(provider())
    )


def _add[P: Page](parent: Page, page: P) -> P:
    """``page`` as the last child of ``parent``, published, with a first revision that authors can return to."""
    parent.refresh_from_db()
    parent.add_child(instance=page)
    page.save_revision().publish()
    page.refresh_from_db()
    return page
