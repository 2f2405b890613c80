"""Dates for people, in the page's language. The only way a date gets onto a page."""

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import get_language

from courses import terms, thai

register = template.Library()
Moment = date | datetime | None


def _language() -> str:
    return get_language() or "th"


def _local_day(value: date | datetime) -> date:
    """The day in Bangkok: midnight there is still yesterday in UTC."""
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value


@register.filter
def thai_date(value: Moment, style: str = "long") -> str:
    """``21 พฤศจิกายน 2568`` or ``21 November 2025``; style: ``long``, ``short`` or ``official`` (Thai pages only)."""
    if not isinstance(value, date):
        return ""
    day = _local_day(value)
    if style == "official" and _language().startswith("th"):
        return thai.official_date(day)
    return thai.short_date(day, _language()) if style == "short" else thai.long_date(day, _language())


@register.filter
def thai_datetime(value: Moment, style: str = "long") -> str:
    """The date and the clock time in Bangkok: ``21 พฤศจิกายน 2568 14:05 น.``, ``21 November 2025, 14:05``."""
    if not isinstance(value, datetime):
        return thai_date(value, style)
    moment = timezone.localtime(value) if timezone.is_aware(value) else value
    day = thai_date(moment, style)
    return f"{day} {moment:%H:%M} น." if _language().startswith("th") else f"{day}, {moment:%H:%M}"


@register.filter(is_safe=True)
def keep_terms(value: str) -> str:
    """The text or HTML with the product's key terms kept whole at line ends."""
    return terms.keep_whole(value)


@register.filter
def hours_and_minutes(minutes: int | None) -> tuple[int, int]:
    """``95`` → ``(1, 35)``; nothing is ``(0, 0)``."""
    return divmod(int(minutes or 0), 60)


@register.filter
def of_key(values: dict[Any, Any], key: Any) -> Any:
    """The value that stands under a key which is no word, such as a course's."""
    return values.get(key)
