"""Lies of the wider channel, in real sandboxes: each is named for its crime, all of them together earn nothing."""

import pytest

from sandboxes.limits import Limits
from tests.grading import authored, crimes

LIMITS = Limits(wall_seconds=40, cpu_seconds=30)


def exercise(table):
    cells = []
    for n, (solution, check, _) in enumerate(table.values()):
        cells += [authored.answer(f"a{n}", solution), authored.check(f"c{n}", check)]
    return authored.source(*cells)


def examined(table, which):
    answers = {f"a{n}": row[which] for n, row in enumerate(table.values())}
    found = authored.examine(exercise(table), limits=LIMITS, seed=424242, **answers)
    return {crime: found[f"c{n}"] for n, crime in enumerate(table)}


@pytest.fixture(scope="module")
def lies(kernels):
    return examined(crimes.LIES, 2)


@pytest.fixture(scope="module")
def spoils(kernels):
    return examined(crimes.SPOILS, 2)


@pytest.mark.xdist_group("lies")
@pytest.mark.parametrize("crime", crimes.LIES)
def test_a_lie_earns_nothing(lies, crime):
    outcome, share = lies[crime]
    assert share == 0
    assert outcome in ("failed", "error", "not_examinable")  # and the examination went on: no lie hides behind another


@pytest.mark.xdist_group("lies")
@pytest.mark.parametrize("crime", crimes.SPOILS)
def test_an_argument_that_was_spoilt_is_no_measure(spoils, crime):
    assert spoils[crime] == ("failed", 0.0)


@pytest.mark.xdist_group("lies")
@pytest.mark.parametrize("table", [crimes.LIES, crimes.SPOILS], ids=["lies", "spoils"])
def test_the_honest_neighbours_get_full_marks(kernels, table):
    honest = examined(table, 0)
    # Two checks ask what nothing can be asked from outside.
    cannot = {"the_same_list_for_a_copy", "axes_that_are_equal_to_everything"}
    assert {crime for crime, found in honest.items() if found != ("passed", 1.0)} <= cannot
