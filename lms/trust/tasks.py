"""Keeping the copies of status lists fresh."""

from celery import shared_task

from lms.trust import fetching


@shared_task(name="lms.trust.tasks.refresh_status_lists")
def refresh_status_lists() -> int:
    """Fetches the status lists of trusted issuers; without a list of them, nothing leaves this machine."""
    done, _failed = fetching.refresh()
    return done
