"""The credentials of tests/credentials, for whoever verifies them."""

import pytest

from lms.verification import tasks
from lms.verification.models import Batch
from tests.credentials.conftest import *  # noqa: F403 - fixtures
from tests.credentials.conftest import _fresh_counters  # noqa: F401 - a star leaves it out


@pytest.fixture(autouse=True)
def announced(monkeypatch):
    """No queue in a test: what would be announced is listed."""
    sent = []
    monkeypatch.setattr(tasks, "send", lambda task, args, *, queue: sent.append((task, args, queue)))
    return sent


@pytest.fixture
def finish():
    """Does what the worker does, until nothing is left to do."""

    def finish(batch):
        while Batch.objects.get(pk=batch.pk).status == Batch.Status.WORKING:
            tasks.verify_batch(str(batch.pk))
        return Batch.objects.get(pk=batch.pk)

    return finish
