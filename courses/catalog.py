"""Finding courses: by words, folded and found anywhere, because Thai writes no spaces; and by what they are.

Courses in the reader's language are shown; what is searched are the words of every language and of the lessons, too.
The facts of all courses are read at once (one query, light rows) and narrowed in memory: a national catalog has
hundreds of courses, and counts beside every choice would cost a query each.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet, Value
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from courses import facets, thai_words
from courses.facets import Facet
from courses.models.facets import Area, RoleGroup
from grading.thai_fold import fold
from grading.thai_order import sort_key

PAGE_SIZE = 12
LONGEST_QUERY = 100
LESSONS_SHOWN = 8
# How much of what was asked a course must speak of when it does not say it word by word; those that do come first.
LEAST_SHARE = 0.5
EVERY_WORD = 1000.0


@dataclass(slots=True)
class Row:
    """A course as it is searched and narrowed; ``score`` is how well it fits the words."""

    pk: int
    path: str
    title: str
    key: Any
    level: str
    hours: float
    areas: list[str]
    roles: list[str]
    text: str
    competencies: set[str] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)
    lessons: list[Any] = field(default_factory=list)
    score: float = 0


@dataclass(frozen=True, slots=True)
class Found:
    """One page of courses for a query, lessons that speak of it, and the facets."""

    query: str
    page: "Page[Any]"
    lessons: list[Any]
    facets: list[facets.Shown]
    is_narrowed: bool
    address: str  # the query string without the page number


def hours_values(row: Row) -> list[str]:
    bounds = (("short", 6), ("day", 12), ("long", 24))
    return [next((name for name, most in bounds if row.hours <= most), "longer")]


FACETS = (
    Facet("area", _("Focus area"), Area.choices, lambda row: row.areas),
    Facet("role", _("Group of officials"), RoleGroup.choices, lambda row: row.roles),
    Facet(
        "hours",
        _("Hours"),
        [("short", _("up to 6")), ("day", _("7 to 12")), ("long", _("13 to 24")), ("longer", _("more than 24"))],
        hours_values,
    ),
    Facet("language", _("Language"), [("th", _("Thai")), ("en", _("English"))], lambda row: sorted(row.languages)),
)


def level_facet() -> Facet:
    from courses.models import CoursePage  # noqa: PLC0415 - pages use the catalog

    return Facet("level", _("Level"), CoursePage.Level.choices, lambda row: [row.level])


def competency_facet(rows: Sequence[Row]) -> Facet:
    """What the courses show, by the frameworks that are in use; tells the rows which is theirs."""
    from courses.models import CourseCompetency  # noqa: PLC0415 - pages use the catalog

    shown = CourseCompetency.objects.filter(competency__framework__is_current=True).select_related("competency")
    by_key = {row.key: row for row in rows}
    labels: dict[str, str] = {}
    for one in shown.order_by("competency"):
        labels[str(one.competency_id)] = one.competency.name
        if row := by_key.get(one.course_key):
            row.competencies.add(str(one.competency_id))
    return Facet("competency", _("Competency"), list(labels.items()), lambda row: row.competencies)


def search(courses: QuerySet[Any], asked: QueryDict) -> Found:
    """The published ``courses`` (of one language) that fit what a request asks for; a page number that is none gives
    the nearest page."""
    # NUL is refused by PostgreSQL and can be in no text of ours.
    query = fold(asked.get("q", "")[:LONGEST_QUERY].replace("\0", ""))
    rows = _rows(courses, with_text=bool(query))
    if query:
        rows = _matching(rows, query.casefold())
    all_facets = [FACETS[0], competency_facet(rows), FACETS[1], level_facet(), *FACETS[2:]]
    chosen = facets.chosen_of(all_facets, asked.getlist)
    rows, shown = facets.narrow(rows, all_facets, chosen)
    rows.sort(key=lambda row: (-row.score, sort_key(row.title)))
    page: Any = Paginator(rows, PAGE_SIZE).get_page(asked.get("page"))
    there = courses.in_bulk([row.pk for row in page.object_list])
    page.object_list = [there[row.pk] for row in page.object_list]
    address = _address(query, all_facets, chosen)
    return Found(query, page, _best_lessons(rows), shown, any(chosen.values()), address)


def _best_lessons(rows: list[Row]) -> list[Any]:
    """The lessons that say most, those first that say it in their title."""
    from courses.models import LessonPage  # noqa: PLC0415 - pages use the catalog

    hits = sorted((hit for row in rows for hit in row.lessons), key=lambda hit: (-hit.score, hit.path))[:LESSONS_SHOWN]
    there = LessonPage.objects.defer("body", "search_text").in_bulk([hit.pk for hit in hits]) if hits else {}
    return [there[hit.pk] for hit in hits]


def _address(query: str, all_facets: Sequence[Facet], chosen: dict[str, set[str]]) -> str:
    address = QueryDict(mutable=True)
    if query:
        address["q"] = query
    for facet in all_facets:
        if chosen[facet.name]:
            address.setlist(facet.name, sorted(chosen[facet.name]))
    return address.urlencode()


def _rows(courses: QuerySet[Any], *, with_text: bool) -> list[Row]:
    """The courses with the languages of their translations, and with the words of all of them."""
    said = F("search_text") if with_text else Value("")
    names = ("pk", "path", "title", "translation_key", "level", "theory_hours", "practice_hours", "areas", "roles")
    rows = [
        Row(pk, path, title, key, level, float(theory + practice), areas, roles, text)
        for pk, path, title, key, level, theory, practice, areas, roles, text in courses.annotate(
            said=said
        ).values_list(*names, "said")
    ]
    by_key = {row.key: row for row in rows}
    others = courses.model.objects.live().filter(translation_key__in=list(by_key))
    if len(rows) > 100:  # a list of a thousand keys is slower than all courses
        others = courses.model.objects.live()
    told = others.annotate(said=said).values_list("translation_key", "locale__language_code", "said")
    for key, language, text in told:
        if row := by_key.get(key):
            row.languages.add(language)
            row.text += "\n" + text
    return rows


# --- Words -----------------------------------------------------------------------------------------------------------


def _matching(rows: list[Row], query: str) -> list[Row]:
    """Those that speak of every word as it was typed, then those that speak of most of its pieces."""
    words = query.split()
    found = _scored(rows, words, query, lambda said: all(word in said for word in words))
    for row in found:
        row.score += EVERY_WORD
    there = {row.pk for row in found}
    pieces = thai_words.pieces(query)
    if pieces and pieces != words:
        whole = sum(map(len, pieces))
        left = [row for row in rows if row.pk not in there]
        found += _scored(left, pieces, query, lambda said: sum(map(len, said)) >= LEAST_SHARE * whole)
    return found


def _scored(rows: list[Row], words: list[str], query: str, is_enough: Callable[[set[str]], bool]) -> list[Row]:
    lessons = _lessons_saying(words)
    found = []
    for row in rows:
        title = fold(row.title).casefold()
        said, row.score, row.lessons = set(), 0.0, []
        for word in words:
            in_text = row.text.count(word)
            if in_text:
                said.add(word)
                row.score += len(word) * (1 + min(in_text, 5) / 5 + 4 * (word in title or word in row.text[:40]))
        for lesson in lessons.get(row.key, ()):
            said |= lesson.said
            row.score += 0.3 * sum(map(len, lesson.said)) + 1.5 * sum(map(len, lesson.titled))
            if lesson.path.startswith(row.path):  # in the reader's language
                row.lessons.append(lesson)
        row.score += 10 * len(query) * (query in title)
        if is_enough(said):
            found.append(row)
    return found


@dataclass(slots=True)
class LessonHit:
    """A lesson that says some of the words."""

    pk: int
    path: str
    said: set[str]
    titled: set[str]

    @property
    def score(self) -> float:
        return sum(map(len, self.said)) + 20 * sum(map(len, self.titled))


def _lessons_saying(words: list[str]) -> dict[Any, list[LessonHit]]:
    """The published lessons that say one of the words, by the key of their course."""
    from courses.models import CoursePage, LessonPage  # noqa: PLC0415 - pages use the catalog

    # Asked of the database word by word: a lesson's text is long, and most are not shown.
    says = {f"says_{i}": Q(search_text__contains=word) for i, word in enumerate(words)}
    # The folded text begins with the title, on a line of its own.
    heads = {f"titled_{i}": Q(search_text__regex=f"^[^\n]*{re.escape(word)}") for i, word in enumerate(words)}
    flags = {name: ExpressionWrapper(asked, BooleanField()) for name, asked in (says | heads).items()}
    saying = Q()
    for asked in says.values():
        saying |= asked
    courses = dict(CoursePage.objects.live().values_list("path", "translation_key"))
    found: defaultdict[Any, list[LessonHit]] = defaultdict(list)
    lessons = LessonPage.objects.live().filter(saying) if words else LessonPage.objects.none()
    for row in lessons.annotate(**flags).values("pk", "path", *flags):
        course = courses.get(row["path"][: -2 * LessonPage.steplen])
        if course is not None:  # None: below a course that is a draft
            said, titled = ({word for i, word in enumerate(words) if row[f"{kind}_{i}"]} for kind in ("says", "titled"))
            found[course].append(LessonHit(row["pk"], row["path"], said, titled))
    return found
