"""The sums of parametrised items: ``round(spent * 100 / budget, 1)`` over named numbers, exactly. Pure.

Numbers are fractions, so that ``0.1 + 0.2`` is ``0.3``. Nothing but what stands here can be written: no attribute, no
call of anything else, no power that would fill the memory.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

LONGEST = 200  # characters of one expression
LARGEST = Fraction(10**30)


class BadExpression(ValueError):
    """An expression that cannot be read, or that has no value for these numbers."""


def rounded(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    """Half away from zero, as it is taught: 2.5 → 3, -2.5 → -3."""
    if places.denominator != 1 or not 0 <= places <= 10:
        raise BadExpression("round takes 0 to 10 places")
    scale = 10 ** int(places)
    whole = math.floor(abs(value) * scale + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, scale)


_BINARY: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: operator.mod,
}
_COMPARE: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "round": rounded,
    "abs": abs,
    "min": min,
    "max": max,
    "floor": lambda value: Fraction(math.floor(value)),
    "ceil": lambda value: Fraction(math.ceil(value)),
}
FUNCTION_NAMES = frozenset(_FUNCTIONS)


def number(expression: str, names: Mapping[str, Any]) -> Fraction:
    """The value of ``expression``. Raises BadExpression: it is none, divides by zero, or is beyond all measure."""
    value = _value(expression, names)
    if not isinstance(value, Fraction):
        raise BadExpression(f"“{expression}” is not a number")
    return value


def holds(expression: str, names: Mapping[str, Any]) -> bool:
    """Whether a comparison such as ``spent < budget`` is true. Raises BadExpression like ``number``."""
    value = _value(expression, names)
    if not isinstance(value, bool):
        raise BadExpression(f"“{expression}” compares nothing")
    return value


def names_in(expression: str) -> set[str]:
    """The names that ``expression`` uses, those of functions too. Raises BadExpression: it cannot be read."""
    return {node.id for node in ast.walk(_read(expression)) if isinstance(node, ast.Name)}


def _value(expression: str, names: Mapping[str, Any]) -> Any:
    try:
        return _node(_read(expression), names)
    except BadExpression:
        raise
    except ZeroDivisionError as error:
        raise BadExpression(f"“{expression}” divides by zero") from error
    except (TypeError, ValueError, RecursionError, MemoryError) as error:
        raise BadExpression(f"“{expression}” cannot be read") from error


def _read(expression: str) -> ast.expr:
    if len(expression) > LONGEST:
        raise BadExpression("the expression is too long")
    try:
        return ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadExpression(f"“{expression}” cannot be read") from error


def _node(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _measured(Fraction(repr(value)))
        case ast.Name(id=name) if isinstance(names.get(name), Fraction):
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_node(operand, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            return _measured(_BINARY[type(op)](_node(left, names), _node(right, names)))
        case ast.Compare(left=left, ops=ops, comparators=rest) if all(type(op) in _COMPARE for op in ops):
            values = [_node(one, names) for one in (left, *rest)]
            pairs = zip(ops, values[:-1], values[1:], strict=True)
            return all(_COMPARE[type(op)](a, b) for op, a, b in pairs)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS and args:
            return _measured(_FUNCTIONS[name](*(_node(one, names) for one in args)))
    raise BadExpression(f"“{ast.unparse(node)}” is not allowed in an expression, or is a name that is not known")


def _measured(value: Any) -> Any:
    if isinstance(value, Fraction) and (abs(value) > LARGEST or value.denominator > LARGEST):
        raise BadExpression("a number is too large")
    return value
