"""What the clock does for courses. Thin: each may run any number of times."""

import logging

from celery import shared_task

from courses import reminding

log = logging.getLogger(__name__)


@shared_task(name="courses.tasks.send_reminders")
def send_reminders() -> int:
    """Letters about dates that come near."""
    if sent := reminding.send_due():
        log.info("reminders_sent", extra={"count": sent})
    return sent
