"""Credentials, for people to be erased with."""

from tests.credentials.conftest import *  # noqa: F403 - fixtures
from tests.credentials.conftest import _fresh_counters  # noqa: F401 - a star leaves it out
