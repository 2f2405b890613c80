"""Every row of the table of what checks can see, in real sandboxes: one exercise, a right notebook and a wrong one."""

from pathlib import Path

import pytest
from django.conf import settings

from sandboxes.limits import Limits
from tests.grading import crossing
from tests.grading.authored import answer, check, outcomes, source

EXERCISE = source(
    *(
        cell
        for n, row in enumerate(crossing.ROWS)
        for cell in (answer(f"a{n}", row.solution), check(f"c{n}", row.check))
    )
)
LIMITS = Limits(wall_seconds=60, cpu_seconds=50)
FILES = {"hidden.txt": b"a\nb\n"}


def examined(which):
    answers = {f"a{n}": getattr(row, which) for n, row in enumerate(crossing.ROWS)}
    return outcomes(EXERCISE, limits=LIMITS, hidden_files=FILES, **answers)


@pytest.fixture(scope="module")
def right(kernels):
    return examined("solution")


@pytest.fixture(scope="module")
def wrong(kernels):
    return examined("wrong")


NUMBERED = [pytest.param(n, row, id=row.thing) for n, row in enumerate(crossing.ROWS)]


@pytest.mark.xdist_group("crossing")
@pytest.mark.parametrize(("n", "row"), NUMBERED)
def test_what_the_model_solution_does_is_seen_as_the_table_says(right, n, row):
    if row.how == crossing.CANNOT:
        assert right[f"c{n}"] != "passed"
    else:
        assert right[f"c{n}"] == "passed"


@pytest.mark.xdist_group("crossing")
@pytest.mark.parametrize(("n", "row"), NUMBERED)
def test_what_is_wrong_earns_nothing_however_it_crosses(wrong, n, row):
    assert wrong[f"c{n}"] in ("failed", "error", "not_examinable")


def test_the_page_for_authors_says_what_is_tested():
    assert len(crossing.ROWS) >= 60
    assert Path(settings.BASE_DIR, "docs", "what-checks-can-see.md").read_text(encoding="utf-8") == crossing.page()
