"""What the clock does for capstones. Thin: each may run any number of times."""

import logging

from celery import shared_task

from courses.capstones import peers

log = logging.getLogger(__name__)


@shared_task(name="courses.capstones.tasks.keep_reviews_moving")
def keep_reviews_moving() -> None:
    """Peers are found for what waits, those who are late or gone are replaced, those who are due are reminded; of what
    is ready those who decide are told."""
    asked, reminded, told = peers.fill_all(), peers.remind(), peers.tell_who_decides()
    if asked or reminded or told:
        log.info("reviews_moved", extra={"asked": asked, "reminded": reminded, "told": told})
