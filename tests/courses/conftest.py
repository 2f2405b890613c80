import pytest
from django.utils import translation

from tests.courses.trees import grow, make_exercise, plant


@pytest.fixture(autouse=True)
def thai():
    """What an earlier request left active must not decide which addresses a test asks for."""
    with translation.override("th"):
        yield


@pytest.fixture
def exercise(db):
    return make_exercise()


@pytest.fixture
def tree(exercise):
    """A front page, a catalog and one course of two lessons, in both languages."""
    tree = plant()
    grow(tree, exercises=[exercise])
    return tree
