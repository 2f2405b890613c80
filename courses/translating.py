"""Which pages of a course have an English one, and which of those are behind the Thai.

Texts are translated side by side in the back office (wagtail-localize). Whoever may not publish translates too: what
they wrote becomes a draft, and goes out when the course is approved.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from wagtail.models import Locale, Page
from wagtail_localize.models import StringSegment, StringTranslation, Translation, TranslationSource
from wagtail_localize.operations import translate_object

from courses import course_template
from courses.models import CoursePage

MISSING, BEHIND, OPEN, CURRENT = "missing", "behind", "open", "current"


@dataclass(frozen=True, slots=True)
class Line:
    """A page, its translation (None: there is none), and how they stand to each other."""

    page: Page
    other: Page | None
    state: str
    done: int = 0
    total: int = 0


def of_course(course: CoursePage, language: str = "en") -> list[Line]:
    """One line for the course and each page below it, in the order of the tree."""
    locale = Locale.objects.filter(language_code=language).first()
    pages = list(Page.objects.filter(path__startswith=course.path).order_by("path").select_related("latest_revision"))
    keys = [page.translation_key for page in pages]
    others = {}
    if locale:
        there = Page.objects.filter(translation_key__in=keys, locale=locale).select_related("latest_revision")
        others = {page.translation_key: page for page in there}
    tracked = {
        one.source.object_id: one
        for one in Translation.objects.filter(source__object_id__in=keys, target_locale=locale).select_related("source")
    }
    return [_line(page, others.get(page.translation_key), tracked.get(page.translation_key)) for page in pages]


def _line(page: Page, other: Page | None, tracked: Translation | None) -> Line:
    if other is None:
        return Line(page, None, MISSING)
    written = page.latest_revision_created_at
    if tracked is None:  # both were written by hand: the later one is taken to have seen the other
        since = other.latest_revision_created_at
        return Line(page, other, BEHIND if written and since and written > since else CURRENT)
    total, done = tracked.get_progress()
    if written and written > tracked.source.last_updated_at:
        return Line(page, other, BEHIND, done, total)
    return Line(page, other, CURRENT if done == total else OPEN, done, total)


@transaction.atomic
def prepare(course: CoursePage, *, by: Any, language: str = "en") -> int:
    """Gives every page that lacks one a translation to fill in, as a draft; tells those that are there what has
    changed in their source. Returns how many pages that was.

    A translation that was written by hand, without its source being tracked, is left as it is.
    """
    locale = Locale.objects.get(language_code=language)
    count = 0
    for line in of_course(course, language):
        if line.state == MISSING:
            translate_object(_draft_of(line.page), [locale], user=by)
            count += 1
        elif line.state == BEHIND and line.total:
            TranslationSource.update_or_create_from_instance(_draft_of(line.page))
            count += 1
    if language == "en":
        _fill_in(course, locale, by)
    save_drafts(course, by=by, language=language)
    return count


def _fill_in(course: CoursePage, locale: Locale, by: Any) -> None:
    """The English of what came from the template: nobody has to type that again for every lesson."""
    ready = course_template.ready_english()
    keys = [line.page.translation_key for line in of_course(course) if line.total]
    found = StringSegment.objects.filter(source__object_id__in=keys, string__data__in=ready).select_related("string")
    for segment in found:
        StringTranslation.objects.get_or_create(
            translation_of=segment.string,
            locale=locale,
            context_id=segment.context_id,
            defaults={
                "data": ready[segment.string.data],
                "translation_type": StringTranslation.TRANSLATION_TYPE_MANUAL,
                "last_translated_by": by,
            },
        )


def save_drafts(course: CoursePage, *, by: Any, language: str = "en") -> None:
    """What was translated so far, as drafts of the pages: what a reviewer reads and approves."""
    keys = [line.page.translation_key for line in of_course(course, language) if line.total]
    tracked = Translation.objects.filter(source__object_id__in=keys, target_locale__language_code=language)
    for translation in tracked.select_related("source", "target_locale"):
        # Its own way to save a draft would write into the published page.
        draft = translation.source.get_ephemeral_translated_instance(translation.target_locale, fallback=True)
        if _texts(draft.serializable_data()) != _texts(draft.latest_revision.content if draft.latest_revision else {}):
            draft.save_revision(user=by)


def _texts(content: dict[str, Any]) -> dict[str, Any]:
    """What a revision says, without when and in which state it was saved."""
    names = ("title", "summary", "audience", "outcomes", "provider", "body", "minutes", "quiz")
    return {name: content.get(name) for name in names}


def _draft_of(page: Page) -> Any:
    return page.get_latest_revision_as_object() if page.latest_revision_id else page.specific
