"""What the frame of every page needs: the language switch, the catalog's address."""

from typing import Any

from django import template
from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import get_language
from wagtail.models import Locale, Page

from courses.models import CourseIndexPage

register = template.Library()


@register.simple_tag(takes_context=True)
def language_links(context: dict[str, Any]) -> list[dict[str, Any]]:
    """The same page in each language: ``[{"code", "name", "url", "is_current"}]``."""
    request = context.get("request")
    if request is None:
        return []
    current = (get_language() or settings.LANGUAGE_CODE)[:2]
    return [
        {
            "code": code,
            "name": name,
            "is_current": code == current,
            "url": _query_in(
                code, request.GET, _page_url(context.get("page"), code, request) or in_language(request.path, code)
            ),
        }
        for code, name in settings.LANGUAGES
    ]


def in_language(path: str, code: str) -> str:
    """The same address in another language: Thai has no prefix, English has ``/en``."""
    bare = path.removeprefix("/en") if path == "/en" or path.startswith("/en/") else path
    return (bare or "/") if code == settings.LANGUAGE_CODE else f"/{code}{bare or '/'}"


def _page_url(page: Any, code: str, request: Any) -> str | None:
    """The page's translation, or that of its nearest translated ancestor: a switch never ends in a 404."""
    if not isinstance(page, Page) or page.pk is None:
        return None
    if page.locale.language_code == code:
        return page.get_url(request)
    locale = Locale.objects.filter(language_code=code).first()
    while locale and not page.is_root():
        if (translated := page.get_translation_or_none(locale)) and translated.live:
            return translated.get_url(request)
        page = page.get_parent()
    return in_language("/", code)


def _query_in(code: str, query: QueryDict, url: str) -> str:
    """The address with its query; ``next`` follows the language, so that login returns to the right page."""
    if not query:
        return url
    query = query.copy()
    if (target := query.get("next", "")).startswith("/"):
        query["next"] = in_language(target, code)
    return f"{url}?{query.urlencode()}"


@register.simple_tag
def home_url() -> str:
    """The front page in the reader's language."""
    return reverse("wagtail_serve", args=[""])


@register.simple_tag(takes_context=True)
def catalog_url(context: dict[str, Any]) -> str:
    """The course catalog in the reader's language; the front page until there is one."""
    index = CourseIndexPage.objects.live().filter(locale__language_code=(get_language() or "th")[:2]).first()
    return (index.get_url(context.get("request")) if index else None) or home_url()
