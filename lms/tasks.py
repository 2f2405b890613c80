"""The pulse: each worker says now and then that it is there, and whether it can open a sandbox."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.conf import settings
from django.core.cache import cache

from sandboxes import service
from sandboxes.box import check
from sandboxes.results import SandboxUnavailable

PULSE_LASTS_SECONDS = 90
CHECK_LASTS_SECONDS = 3 * PULSE_LASTS_SECONDS
NOT_LATELY = "not heard of lately"


def leave(found: dict[str, str], seconds: int) -> None:
    """Leaves for ``/readyz`` what holds for so long; that it was ever found is remembered."""
    cache.set_many(found, seconds)
    cache.set_many({f"{name}:once": NOT_LATELY for name in found}, None)


def left(name: str, never: str) -> str:
    """What was last left under a name and still holds, or that it no longer does; ``never``: nothing ever was."""
    return str(cache.get(name) or cache.get(f"{name}:once", never))


# Nobody takes them where a worker is away: they expire, so that it does not come back to hundreds.
@shared_task(name="lms.tasks.pulse", expires=PULSE_LASTS_SECONDS)
def pulse(queue: str) -> None:
    """Runs on the queue it names, before all that waits there."""
    leave({f"pulse:{queue}": "ok"}, PULSE_LASTS_SECONDS)


@shared_task(name="lms.tasks.check_sandbox", expires=PULSE_LASTS_SECONDS)
def check_sandbox() -> None:
    """Really builds a box on the grading worker; the reason why it cannot is kept for ``/readyz``."""
    state = "ok"
    try:
        check(settings.KERNEL_PYTHON)
    except SandboxUnavailable as error:
        state = str(error) or "unavailable"
    leave({"sandbox": state, "kernels": _temperature(service.status())}, CHECK_LASTS_SECONDS)


@shared_task(name="lms.tasks.check_workbench", expires=PULSE_LASTS_SECONDS)
def check_workbench() -> None:
    """Asks the workbench how it is; ``/readyz`` reads it."""
    try:
        with urllib.request.urlopen(f"{settings.WORKBENCH_INTERNAL_URL}/readyz", timeout=5) as answer:  # noqa: S310
            state = "ok" if answer.status == 200 else "not ready"
    except urllib.error.HTTPError:
        state = "not ready"
    except OSError:
        state = "does not answer"
    leave({"workbench": state}, CHECK_LASTS_SECONDS)


def _temperature(status: Mapping[str, Any] | None) -> str:
    """How kernels start: a word for the operator, since cold ones are right too, and dear."""
    if status is None:
        return "cold: no sandbox service answers"
    return f"cold: {', '.join(status['cold'])}" if status["cold"] else "warm"


@worker_ready.connect
def first_pulse(sender: Any, **kwargs: Any) -> None:
    """A worker shows itself as soon as it is up: ``/readyz`` need not wait for beat."""
    queues = sender.app.amqp.queues.consume_from
    for queue in queues:
        pulse.apply_async(args=[queue], queue=queue)
    if "grading" in queues:
        check_sandbox.apply_async(queue="grading")
        check_workbench.apply_async(queue="grading")
