"""What the clock does for courses. Thin: each may run any number of times."""

import logging

from celery import shared_task
from wagtail.management.commands.publish_scheduled import Command

from courses import reminding
from courses.datasets import importing

log = logging.getLogger(__name__)


@shared_task(name="courses.tasks.send_reminders")
def send_reminders() -> int:
    """Letters about dates that come near."""
    if sent := reminding.send_due():
        log.info("reminders_sent", extra={"count": sent})
    return sent


@shared_task(name="courses.tasks.import_dataset")
def import_dataset(token: str) -> None:
    """A data set out of a catalog, as somebody ordered it."""
    importing.run(token)


@shared_task(name="courses.tasks.publish_scheduled")
def publish_scheduled() -> None:
    """What was approved for a time goes out, and what ends at one is taken back."""
    Command().handle(dryrun=False)
