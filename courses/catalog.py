"""Searching the course catalog: folded text, found anywhere in it, because Thai writes no spaces between words."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from grading.thai_fold import fold

PAGE_SIZE = 12
LONGEST_QUERY = 100


class Found:
    """One page of courses for a query."""

    def __init__(self, query: str, page: "Page[Any]") -> None:
        self.query = query
        self.page = page


def search(courses: QuerySet[Any], query: str, page: str | None) -> Found:
    """The courses that hold every word of ``query``; a page number that is none gives the nearest page."""
    query = fold(query[:LONGEST_QUERY])
    for word in query.casefold().split():
        # NUL is refused by PostgreSQL and can be in no text of ours.
        courses = courses.filter(search_text__contains=word.replace("\0", ""))
    return Found(query.replace("\0", ""), Paginator(courses, PAGE_SIZE).get_page(page))
