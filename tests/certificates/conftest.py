"""What certificates are made of: an issuer, an achievement, a credential (see the credentials' cast), and a seal."""

import pytest

from tests.credentials.conftest import *  # noqa: F403


@pytest.fixture(autouse=True)
def _sealed(seal):
    """Every certificate needs a seal."""
