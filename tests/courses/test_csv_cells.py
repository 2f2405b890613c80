"""What others wrote, in a file that somebody opens in a spreadsheet."""

import pytest

from courses.csv_cells import harmless


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("\t@cmd", "'@cmd"),
        ("\u0000-2", "'-2"),
        ("บรรทัดแรก\nบรรทัดที่สอง", "บรรทัดแรก บรรทัดที่สอง"),
        (7.5, "7.5"),
        ("", ""),
    ],
)
def test_a_cell_is_one_line_and_no_formula(written, shown):
    assert harmless(written) == shown
