"""What the visible part of a failed check may tell, where its author allows it (``# feedback: type, difference``).

The two sides of each visible comparison are looked at as they are compared: nothing is evaluated twice, so that no
verdict depends on it. Only plain values are described, and nobody is asked for anything: the verdict is formed before.
What is told may hold whatever the learner's code has met by then, so this is for runs that meet nothing hidden.
"""

import ast
import copy
import math
import numbers
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

MAX_TEXT = 80
MAX_CELLS = 100_000
_CLOSE = frozenset(["allclose", "isclose", "array_equal", "array_equiv", "approx_equal"])
_TOLERANCES = ("atol", "rtol", "abs_tol", "rel_tol")
_PLAIN = frozenset(["builtins", "numpy", "pandas", "datetime", "decimal", "fractions"])
_NAMES = {
    "pandas": frozenset(["DataFrame", "Series", "Index", "RangeIndex", "DatetimeIndex", "Timestamp", "Timedelta"])
}


@dataclass
class Watched:
    """One comparison: its lines, which side the learner's value is on, how far apart they may be, and the sides."""

    first_line: int
    last_line: int
    own_side: int
    tolerance: float | None = None
    sides: dict[int, Any] = field(default_factory=dict)


class Watch:
    """Looks on at the comparisons of a check while it runs. ``learners``: the names that are asked of the learner."""

    def __init__(self, name: str, learners: frozenset[str] = frozenset()) -> None:
        self.name = name  # under which the author's code calls ``see``
        self.watched: list[Watched] = []
        self._learners = learners

    def over(self, tree: ast.Module) -> ast.Module:
        """The same code, its comparisons reported; ``tree`` itself stays as it is."""
        reported: ast.Module = _Reporting(self).visit(copy.deepcopy(tree))
        return ast.fix_missing_locations(reported)

    def sides_of(self, node: ast.stmt) -> tuple[list[ast.expr], float | None, Any] | None:
        """(the two sides, tolerance, how to put two others in their places) of a comparison; None for anything else."""
        test = node.test if isinstance(node, ast.Assert) else node.value if isinstance(node, ast.Expr) else None
        if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute) and test.func.attr == "all":
            test = test.func.value if not test.args else test
        return _of_compare(test) if isinstance(test, ast.Compare) else _of_call(test, node)

    def add(self, node: ast.stmt, sides: list[ast.expr], tolerance: float | None) -> int:
        own = [bool(self._learners & _loaded(side)) for side in sides]
        side = 1 if own == [False, True] else 0
        self.watched.append(Watched(node.lineno, node.end_lineno or node.lineno, side, tolerance))
        return len(self.watched) - 1

    def see(self, number: int, side: int, value: Any) -> Any:
        """What ``__watch__`` does in the author's code."""
        self.watched[number].sides[side] = value
        return value

    def tell(self, error: BaseException, filename: str, allowed: Iterable[str]) -> list[dict[str, str]]:
        """What may be told of this failure, at most a few lines; nothing where nothing can be said."""
        line = _line_in(error.__traceback__, filename)
        for one in self.watched:
            if one.first_line <= line <= one.last_line and len(one.sides) == 2:
                got, expected = one.sides[one.own_side], one.sides[1 - one.own_side]
                try:
                    return list(_told(expected, got, one.tolerance, frozenset(allowed)))[:3]
                except Exception:  # odd data: nothing is told
                    return []
        return []


def compares(tree: ast.Module | None) -> bool:
    """Whether there is anything in a check that could tell."""
    watch = Watch("watch")
    if tree is not None:
        watch.over(tree)
    return bool(watch.watched)


class _Reporting(ast.NodeTransformer):
    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    # What fails in a function is told of by the line that called it, or not at all.

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        return self._reported(node)

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        return self._reported(node)

    def _reported(self, node: ast.stmt) -> ast.stmt:
        found = self._watch.sides_of(node)
        if found is None:
            return node
        sides, tolerance, put = found
        number = self._watch.add(node, sides, tolerance)
        put(
            [
                ast.copy_location(
                    ast.Call(
                        ast.Name(self._watch.name, ast.Load()), [ast.Constant(number), ast.Constant(place), side], []
                    ),
                    side,
                )
                for place, side in enumerate(sides)
            ]
        )
        return node


def _loaded(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _of_compare(test: ast.Compare) -> tuple[list[ast.expr], float | None, Any] | None:
    if len(test.ops) != 1:
        return None
    other = test.comparators[0]
    if isinstance(test.ops[0], ast.Eq):

        def put_sides(new: list[ast.expr]) -> None:
            test.left, test.comparators[0] = new

        return [test.left, other], None, put_sides
    call = test.left
    is_distance = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "abs"
    if not (is_distance and isinstance(test.ops[0], ast.Lt | ast.LtE) and isinstance(call, ast.Call) and call.args):
        return None
    gap = call.args[0]
    if not (isinstance(gap, ast.BinOp) and isinstance(gap.op, ast.Sub)):
        return None

    def put_terms(new: list[ast.expr]) -> None:
        gap.left, gap.right = new

    return [gap.left, gap.right], _number(other), put_terms


def _of_call(test: Any, node: ast.stmt) -> tuple[list[ast.expr], float | None, Any] | None:
    if not isinstance(test, ast.Call) or any(isinstance(one, ast.Starred) for one in test.args):
        return None
    name = test.func.attr if isinstance(test.func, ast.Attribute) else getattr(test.func, "id", "")
    tolerance = next((_number(one.value) for one in test.keywords if one.arg in _TOLERANCES), None)
    is_known = name.startswith("assert_") if isinstance(node, ast.Expr) else name in _CLOSE
    if is_known and len(test.args) >= 2:

        def put_arguments(new: list[ast.expr]) -> None:
            test.args[:2] = new

        return test.args[:2], tolerance, put_arguments
    if name == "equals" and isinstance(test.func, ast.Attribute) and len(test.args) == 1:
        function = test.func

        def put_both(new: list[ast.expr]) -> None:
            function.value, test.args[0] = new

        return [function.value, test.args[0]], None, put_both
    return None


def _number(node: ast.expr) -> float | None:
    value: Any = node.value if isinstance(node, ast.Constant) else None
    return float(value) if type(value) in (int, float) else None


def _line_in(trace: TracebackType | None, filename: str) -> int:
    """The line of the check itself, not of a function that it called."""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            return trace.tb_lineno
        trace = trace.tb_next
    return 0


# --- Describing ------------------------------------------------------------------------------------------------------


def _told(expected: Any, got: Any, tolerance: float | None, allowed: frozenset[str]) -> Iterator[dict[str, str]]:
    if not _is_plain(expected) or not _is_plain(got):
        return
    wanted, given = _kind(expected), _kind(got)
    if wanted != given and not (_is_number(expected) and _is_number(got)):
        if "type" in allowed:
            yield {"kind": "type", "expected": wanted, "got": given}
        return
    sizes = _shape(expected), _shape(got)
    if sizes[0] != sizes[1]:
        if "shape" in allowed:
            yield {"kind": "shape", "expected": sizes[0], "got": sizes[1]}
    elif "difference" in allowed and (first := _first(expected, got, tolerance)):
        yield first
    if "tolerance" in allowed and tolerance is not None and _is_number(expected) and _is_number(got):
        yield {"kind": "tolerance", "expected": f"{tolerance:g}", "got": f"{abs(expected - got):.3g}"}


def _kind(value: Any) -> str:
    """The name of a plain value's type; "" for everything else, whatever it calls itself."""
    kind = type(value)
    if value is None:
        return "None"
    room = sys.modules.get(kind.__module__.partition(".")[0])
    if room is None or room.__name__ not in _PLAIN or getattr(room, kind.__name__, None) is not kind:
        return ""
    return str(kind.__name__)


def _is_plain(value: Any) -> bool:
    """Whether it is plain to the last part: to describe what is not would ask the learner's side."""
    pending, seen = [value], 0
    while pending:
        one = pending.pop()
        seen += 1
        if seen > MAX_CELLS or not _kind(one):
            return False
        if type(one) is dict:
            pending += [*one.keys(), *one.values()]
        elif type(one) in (list, tuple, set, frozenset):
            pending += one
    return True


def _is_number(value: Any) -> bool:
    return type(value) is not bool and isinstance(value, numbers.Real)


def _shape(value: Any) -> str:
    if hasattr(value, "shape") and value.shape:
        return " × ".join(str(int(size)) for size in value.shape)
    return str(len(value)) if type(value) in (list, tuple, dict, set, frozenset, str) else ""


def _first(expected: Any, got: Any, tolerance: float | None) -> dict[str, str] | None:
    """The first place where they differ."""
    if type(expected).__name__ == "DataFrame":
        columns = [[_text(name) for name in one.columns] for one in (expected, got)]
        if columns[0] != columns[1]:
            return {"kind": "columns", "expected": ", ".join(columns[0])[:200], "got": ", ".join(columns[1])[:200]}
        for place, name in enumerate(columns[0]):
            if found := _first_item(list(expected.iloc[:, place]), list(got.iloc[:, place]), tolerance):
                return found | {"kind": "cell", "column": name}
        return None
    if type(expected).__name__ == "dict":
        missing = next((key for key in expected if key not in got), None)
        if missing is not None:
            return {"kind": "key", "expected": _text(missing), "got": ""}
        found = _first_item([expected[key] for key in expected], [got[key] for key in expected], tolerance)
        return found and found | {"row": _text(list(expected)[int(found["row"])])}
    if type(expected) in (list, tuple, str):
        return _first_item(expected, got, tolerance)
    if hasattr(expected, "shape") and expected.shape:
        return _first_item(_flat(expected), _flat(got), tolerance)
    return None if _is_same(expected, got, tolerance) else {"kind": "value"} | _both(expected, got)


def _flat(value: Any) -> list[Any]:
    """The values of an array, a Series or an Index."""
    return list(value.ravel() if type(value).__module__ == "numpy" else value)


def _first_item(expected: Any, got: Any, tolerance: float | None) -> dict[str, str] | None:
    if len(expected) > MAX_CELLS:
        return None
    for place, (one, other) in enumerate(zip(expected, got, strict=True)):
        if not _is_same(one, other, tolerance):
            return {"kind": "item", "row": str(place)} | _both(one, other)
    return None


def _both(expected: Any, got: Any) -> dict[str, str]:
    return {"expected": _text(expected), "got": _text(got)}


def _is_same(one: Any, other: Any, tolerance: float | None) -> bool:
    if not _is_plain(one) or not _is_plain(other):
        return True  # nothing is said of what is not plain
    if _is_number(one) and _is_number(other):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return bool(math.isclose(one, other, rel_tol=1e-9, abs_tol=tolerance or 1e-12))
    return repr(one) == repr(other)


def _text(value: Any) -> str:
    """A plain value as a short text; nested ones by their repr, which has no more in it than they have."""
    text = repr(value.item() if _is_number(value) and hasattr(value, "item") else value)
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
