import pytest

from tests.courses.trees import grow, make_exercise, plant


@pytest.fixture
def exercise(db):
    return make_exercise()


@pytest.fixture
def tree(exercise):
    """A front page, a catalog and one course of two lessons, in both languages."""
    tree = plant()
    grow(tree, exercises=[exercise])
    return tree
