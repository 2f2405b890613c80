"""The order of Thai dictionaries in the database: ``order_by(in_thai_order("title"))``.

PostgreSQL brings it along (ICU). SQLite is taught it for each connection, by the rule of ``thai_order``.
"""

from typing import Any

from django.db.models import F
from django.db.models.functions import Collate

from grading.thai_order import sort_key

COLLATION = "th-x-icu"


def in_thai_order(name: str) -> Collate:
    """The column ``name``, to be ordered by."""
    return Collate(F(name), COLLATION)


# Of rows that belong to a learner: as a list of names is read, whatever the title before it.
BY_NAME = (in_thai_order("learner__given_name"), in_thai_order("learner__family_name"), "pk")


def compare(one: str, other: str) -> int:
    """-1, 0 or 1, as SQLite asks for it."""
    before, after = sort_key(one), sort_key(other)
    return (before > after) - (before < after)


def teach(connection: Any, **kwargs: Any) -> None:
    """For a new connection of SQLite; others know it."""
    if connection.vendor == "sqlite":
        connection.connection.create_collation(COLLATION, compare)
