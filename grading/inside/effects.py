"""Which functions of a model solution may change their arguments.

A function that only computes must not change what its answer is measured by: with ``assert mean(xs) == sum(xs) /
len(xs)`` a learner's ``mean`` could empty ``xs`` and answer 0. One whose work is to change something must be seen to.
Mostly the solution's text says which it is. Where it does not, the solution itself is called with the same arguments,
once a learner's function has changed them. If even that tells nothing, it is taken to be of the second kind, as in any
notebook.
"""

import ast
import contextlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from sandboxes.inside import wire
else:  # a program inside a sandbox, beside its companions
    import wire

CHANGING_METHODS = frozenset(["pop", "popitem", "popleft", "setdefault"])  # that are called for their value too
COLLECTING_METHODS = frozenset(["append", "add", "extend", "insert", "update", "write"])
HARMLESS = frozenset(["print", "display"])
CHANGING_KEYWORDS = frozenset(["inplace", "out"])
HARMLESS_DECORATORS = frozenset(["cache", "lru_cache", "staticmethod", "classmethod", "property", "cached_property"])

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Effects:
    """``may_change`` for the functions, methods and classes of a model solution."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self._trees = list(trees)
        self._computing: frozenset[str] | None = None  # mostly nobody asks
        self._solution: dict[str, Any] | None = None

    def may_change(self, name: str, args: list[Any] | None, kwargs: dict[str, Any], place: int) -> bool:
        """Whether a call may change its argument at ``place``; None for ``args`` that the solution cannot be given.

        The arguments are as they were before the call, and are ours to spoil.
        """
        if self._computing is None:
            self._computing = computing_functions(self._trees)
        if name in self._computing:
            return False
        if args is None:
            return True
        if self._solution is None:
            self._solution = _definitions(self._trees)
        function = self._solution.get(name)
        given = [*args, *kwargs.values()]
        try:
            before = wire.encode(given[place])
            if callable(function):
                _call_aside(function, args, kwargs)
                return bool(wire.encode(given[place]) != before)
        except Exception:
            return True
        return True


def _definitions(trees: list[ast.Module]) -> dict[str, Any]:
    """What the solution's cells define; statements that do something are left out."""
    space: dict[str, Any] = {"__name__": "solution"}
    for statement in (one for tree in trees for one in tree.body):
        if isinstance(statement, Function | ast.ClassDef | ast.Import | ast.ImportFrom) or _is_constant(statement):
            with contextlib.suppress(Exception):
                exec(compile(ast.Module([statement], []), "solution", "exec"), space)  # noqa: S102 - the author's
    return space


def _is_constant(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign):
        return False
    if isinstance(statement.value, ast.Lambda):
        return True
    with contextlib.suppress(ValueError, TypeError, RecursionError):
        ast.literal_eval(statement.value)
        return True
    return False


def _call_aside(function: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Calls it where what it prints and writes is in nobody's way."""
    import tempfile  # noqa: PLC0415 - seldom needed

    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            function(*args, **kwargs)
        finally:
            os.chdir(here)


def computing_functions(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The names that are bound by nothing but functions which leave their arguments as they are.

    A class is called as its ``__init__`` is, methods go by their name alone; ``self`` is no argument.
    """
    computing: set[str] = set()
    others: set[str] = set()
    for tree in trees:
        methods: dict[ast.AST, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                methods |= {one: node.name for one in node.body if isinstance(one, ast.FunctionDef)}
            for name, bound in _bound(node):
                changes = not isinstance(bound, Function) or _may_change(bound, is_method=bound in methods)
                called = methods[bound] if name == "__init__" and bound in methods else name
                (others if changes else computing).add(called)
    return frozenset(computing - others)


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, node if all(map(_is_harmless, node.decorator_list)) else ast.Pass()
    elif isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))


def _is_harmless(decorator: ast.AST) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")) in HARMLESS_DECORATORS


def _may_change(function: Function, *, is_method: bool = False) -> bool:
    nodes = list(ast.walk(function))
    inner = [node for node in nodes if isinstance(node, Function) and not (is_method and node is function)]
    if not all(_gives_a_value(one) for one in inner):
        return True  # it is called for its effect
    names = {argument.arg for node in nodes if isinstance(node, ast.arguments) for argument in _arguments(node)}
    own = {one.arg for one in _arguments(function.args)[:1]} if is_method else set()
    names -= own
    while more := {name for node in nodes for name in _aliases(node, names)} - names - own:
        names |= more
    return any(_changes(node, names) for node in nodes)


def _arguments(node: ast.arguments) -> list[ast.arg]:
    return [*node.posonlyargs, *node.args, *node.kwonlyargs, *(arg for arg in (node.vararg, node.kwarg) if arg)]


def _gives_a_value(function: Function) -> bool:
    gives = (ast.Yield, ast.YieldFrom)
    return isinstance(function, ast.Lambda) or any(
        isinstance(node, gives) or (isinstance(node, ast.Return) and node.value is not None)
        for node in ast.walk(function)
    )


def _aliases(node: ast.AST, names: set[str]) -> Iterator[str]:
    """Names that this node makes stand for an argument or a part of one."""
    if isinstance(node, ast.Assign) and _root(node.value) in names:
        targets, value = node.targets, True
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        targets, value = [node.target], not names.isdisjoint(_loaded(node.iter))
    else:
        return
    if value:
        yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))


def _changes(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute | ast.Subscript):
        return isinstance(node.ctx, ast.Store | ast.Del) and _root(node) in names
    if isinstance(node, ast.AugAssign):
        return _root(node.target) in names
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return _is_for_its_effect(node.value, names)
    if isinstance(node, ast.Call):
        is_method = isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING_METHODS
        return (is_method and _root(node.func) in names) or any(word.arg in CHANGING_KEYWORDS for word in node.keywords)
    return False


def _is_for_its_effect(call: ast.Call, names: set[str]) -> bool:
    """``xs.sort()``, ``shuffle(xs)``; not ``print(xs)`` nor, of a list made here, ``found.append(x)``."""
    if isinstance(call.func, ast.Attribute) and (_root(call.func) in names or call.func.attr in COLLECTING_METHODS):
        return _root(call.func) in names
    if isinstance(call.func, ast.Name) and call.func.id in HARMLESS:
        return False
    return any(_root(given) in names for given in [*call.args, *(word.value for word in call.keywords)])


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _loaded(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
