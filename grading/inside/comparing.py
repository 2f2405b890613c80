"""NumPy's comparisons without their vacuous truths: nothing is not close to something. For the examiner only.

``numpy.allclose([], 3)`` is True, so that an empty array would pass every check written with it.
"""

from collections.abc import Callable
from typing import Any


def refuse_vacuous_truths() -> None:
    """From now on an empty array is close or equal to nothing but an empty one; for tests of NumPy's own as well."""
    import numpy as np  # noqa: PLC0415 - only where the author's code uses it
    from numpy._core import numeric  # noqa: PLC0415
    from numpy.testing._private import utils  # noqa: PLC0415

    isclose: Callable[..., Any] = numeric.isclose
    compare: Callable[..., Any] = utils.assert_array_compare

    def strict_isclose(a: Any, b: Any, *args: Any, **kwargs: Any) -> Any:
        if (np.size(a) == 0) != (np.size(b) == 0):
            return np.zeros(np.shape(b if np.size(a) == 0 else a), dtype=bool)
        return isclose(a, b, *args, **kwargs)

    def strict_compare(comparison: Any, x: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        if (np.size(x) == 0) != (np.size(y) == 0):
            raise AssertionError("one of the two is empty")
        return compare(comparison, x, y, *args, **kwargs)

    np.isclose = numeric.isclose = strict_isclose
    utils.assert_array_compare = strict_compare
