"""Comparisons that would be true of anything, made strict. For the examiner only.

``numpy.allclose([], 3)`` is True, so that an empty array would pass every check written with it. ``f(xs) is not xs`` is
true of every copy, and whatever the learner returns comes here as one.
"""

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from grading.inside.faults import CannotExamineError
else:  # a program inside a sandbox, beside its companions
    from faults import CannotExamineError

SAME = "__same__"  # what ``is`` is called in the author's code here
_COPIED = frozenset(["list", "dict", "set", "bytearray", "deque", "OrderedDict", "Counter", "defaultdict"])
_COPIED_BY = frozenset(["numpy", "pandas", "proxies", "pictures"])


class StrictIdentity(ast.NodeTransformer):
    """``a is b`` becomes ``__same__(a, b)``."""

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Is | ast.IsNot):
            return node
        if any(isinstance(one, ast.Constant) for one in (node.left, node.comparators[0])):
            return node  # ``is None``
        same: ast.expr = ast.Call(ast.Name(SAME, ast.Load()), [node.left, node.comparators[0]], [])
        if isinstance(node.ops[0], ast.IsNot):
            same = ast.UnaryOp(ast.Not(), same)
        return ast.fix_missing_locations(ast.copy_location(same, node))


def same(one: Any, other: Any) -> bool:
    """Whether both are the same object. Raises ``CannotExamineError`` where copies would be compared."""
    if one is not None and other is not None and _is_copied(one) and _is_copied(other):
        raise CannotExamineError("identity")
    return one is other


def _is_copied(one: Any) -> bool:
    kind = type(one)
    module = kind.__module__
    if kind.__name__ in ("NAType", "NaTType") or isinstance(one, type):
        return False
    is_stand_in = hasattr(kind, "_learner") or hasattr(one, "learner_handle")
    return (
        is_stand_in
        or kind.__name__ in _COPIED
        or module.rpartition(".")[2].partition(".")[0] in _COPIED_BY
        or (module.partition(".")[0] in _COPIED_BY)
    )


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
