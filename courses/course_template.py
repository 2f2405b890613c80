"""What a new course begins with: modules of lessons with the parts that a good lesson has, each to be written over."""

from collections.abc import Iterator
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from wagtail.models import Locale

from courses.models import CourseIndexPage, CoursePage, LessonPage, ModulePage
from grading.models import Provider

# Stands in every text of the template that waits for its author; a course that still has one is not published.
OPEN = "✎"
# Modules of a new course, and lessons of each.
MOST = 12


@translation.override("th")  # whatever language its author has the back office in: the course is written in Thai
def begin(
    catalog: CourseIndexPage, *, title: str, code: str, provider: Provider | None, modules: int, lessons: int, by: Any
) -> CoursePage:
    """A draft of a course below ``catalog``, with so many modules of so many lessons each."""
    locale: Locale = catalog.locale
    course = CoursePage(
        title=title,
        code=code,
        held_by=provider,
        provider=provider.name_th if provider else "",
        summary=todo(_("In two or three sentences: what the course is about and what it is good for.")),
        audience=todo(_("Whose work it helps, and what they should know before.")),
        outcomes=[("outcome", todo(text)) for text in _outcomes()],
    )
    _draft(catalog, course, locale, by)
    for number in range(1, modules + 1):
        names = {"title": _module_title(number), "summary": todo(_("What this module is about."))}
        module = ModulePage(**names)
        _draft(course, module, locale, by)
        for lesson in range(1, lessons + 1):
            page = LessonPage(title=_lesson_title(number, lesson), minutes=30)
            page.body = page.body.stream_block.to_python(list(_body()))
            _draft(module, page, locale, by)
    return course


def todo(text: str) -> str:
    return f"{OPEN} {text}"


def is_open(text: str) -> bool:
    """Whether a text still waits for its author."""
    return OPEN in text


def ready_english() -> dict[str, str]:
    """What the template writes in Thai and authors mostly leave as it is, with its English."""
    with translation.override("th"):
        thai = list(_standing())
    with translation.override("en"):
        return dict(zip(thai, _standing(), strict=True))


def _standing() -> Iterator[str]:
    yield from (heading for heading, _hint in _sections())
    for number in range(1, MOST + 1):
        yield _module_title(number)
        yield from (_lesson_title(number, lesson) for lesson in range(1, MOST + 1))


def _module_title(number: int) -> str:
    return _("Module %(number)d") % {"number": number}


def _lesson_title(module: int, number: int) -> str:
    return _("Lesson %(module)d.%(number)d") % {"module": module, "number": number}


def _outcomes() -> list[str]:
    return [
        _("Something that learners can do and that can be seen."),
        _("A second one, with a verb: find, compare, clean, explain …"),
        _("A third one, about deciding or judging."),
    ]


def _sections() -> list[tuple[str, str]]:
    return [
        (_("What this lesson is for"), _("One situation from work, and the question that the lesson answers.")),
        (_("The idea"), _("Explain one thing at a time, in short paragraphs.")),
        (_("An example"), _("Show it on data that learners know, step by step.")),
        (_("Try it"), _("What learners do themselves: place an exercise or a quiz below.")),
        (_("To remember"), _("Three sentences at most.")),
    ]


def _body() -> Iterator[dict[str, Any]]:
    for heading, hint in _sections():
        yield {"type": "text", "value": f"<h2>{heading}</h2><p>{todo(hint)}</p>"}


def _draft(parent: Any, page: Any, locale: Locale, by: Any) -> None:
    page.locale, page.owner, page.live = locale, by, False
    parent.add_child(instance=page)
    page.save_revision(user=by, log_action=True)
