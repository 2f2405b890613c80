"""Erasing and forgetting, as the queue sees it. Each may run any number of times."""

from celery import shared_task

from lms.privacy import erasing, retention


@shared_task(name="lms.privacy.tasks.erase_due")
def erase_due() -> int:
    """Erases who asked for it and did not change their mind."""
    return erasing.erase_due()


@shared_task(name="lms.privacy.tasks.delete_what_is_past_its_time")
def delete_what_is_past_its_time() -> dict[str, int]:
    """Deletes what the retention rules say."""
    return retention.delete_what_is_past_its_time()
