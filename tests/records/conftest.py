"""The university far away of tests/trust, and credentials of our own."""

from tests.trust.conftest import *  # noqa: F403 - fixtures
from tests.trust.conftest import _fresh_counters  # noqa: F401 - a star leaves it out
