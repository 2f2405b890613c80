"""Verifying many at once: cut into parts, checked part by part by a worker that holds no key.

A batch survives the death of its worker: what was checked stays, and the next one goes on after it. An item that
cannot be checked is a line of the result that says so; it stops nothing.
"""

import time
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from lms.credentials import verifying
from lms.credentials.messages import Verdict
from lms.credentials.verifying import Verification
from lms.verification import naming
from lms.verification.items import Item, pack, parts_of, unpack
from lms.verification.limits import NAMES_OF_ONE_NUMBER
from lms.verification.models import MOST_TRIES, Batch
from lms.verification.spreadsheets import number_in

Result = dict[str, Any]
# A long batch lets the others have their turn.
TURN_SECONDS = 30


def start(items: Iterable[Item]) -> Batch:
    """A batch of these items, stored; whoever calls announces it."""
    with transaction.atomic():
        batch = Batch.objects.create(total=0)
        total = 0
        for position, part in enumerate(parts_of(items)):
            batch.parts.create(position=position, upload=pack(part))
            total += len(part)
        Batch.objects.filter(pk=batch.pk).update(total=total)
        batch.total = total
    return batch


def work(batch: Batch) -> bool:
    """Checks a claimed batch for one turn; whether there is more to do, and it is the caller's to say so.

    Stops where it is when the lease is lost, or when the batch was deleted.
    """
    if batch.tries > MOST_TRIES:
        # The same part has killed a worker again and again.
        if batch.move(status=Batch.Status.FAILED, lease=None, leased_until=None):
            batch.parts.update(upload=None)
        return False
    until = time.monotonic() + TURN_SECONDS
    for part in batch.parts.exclude(upload=None).order_by("position").iterator(chunk_size=1):
        results = [result_of(item) for item in unpack(bytes(part.upload or b""))]
        if not batch.record(part, results):
            return False
        if time.monotonic() > until and batch.move(lease=None, leased_until=None):
            return True
    batch.move(status=Batch.Status.READY, finished_at=timezone.now(), lease=None, leased_until=None)
    return False


def result_of(item: Item) -> Result:
    """One line of the result. Of a person it holds what the sender had already: the name in a file they sent."""
    answer = _check(item)
    line: Result = answer.as_dict() | {"label": item.label, "typed": item.typed, "reason": answer.reason}
    line["holder"] = answer.holder_name if item.data else ""
    line["name_en"] = answer.document["name"] if answer.document else ""
    line["name_matches"] = _match(answer, item) if item.name else ""
    return line


def _check(item: Item) -> Verification:
    if item.refused:
        return verifying.refused(Verdict.UNREADABLE, item.refused)
    if item.data:
        return verifying.verify_file(item.data)
    return verifying.verify_number(number_in(item.typed))


def _match(answer: Verification, item: Item) -> str:
    """``yes``, ``no``, ``too_often``; empty where there is nothing to compare with."""
    if answer.document is None:
        return ""
    if not item.data and NAMES_OF_ONE_NUMBER.is_used_up(str(answer.number)):
        return "too_often"
    return "yes" if naming.is_same_person(answer.document, item.name) else "no"
