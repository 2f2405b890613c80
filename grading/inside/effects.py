"""Which functions of a model solution may change their arguments, read from its text. Pure, standard library only.

A function that only computes must not change what its answer is measured by: with ``assert mean(xs) == sum(xs) /
len(xs)`` a learner's ``mean`` could empty ``xs`` and answer 0. One whose work is to change something must be seen to.
When in doubt a function is taken to be of the second kind, as in any notebook.
"""

import ast
from collections.abc import Iterable, Iterator

CHANGING_METHODS = frozenset(["pop", "popitem", "popleft", "setdefault"])  # that are called for their value too
COLLECTING_METHODS = frozenset(["append", "add", "extend", "insert", "update", "write"])
HARMLESS = frozenset(["print", "display"])
CHANGING_KEYWORDS = frozenset(["inplace", "out"])

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def computing_functions(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The names that are bound by nothing but functions which leave their arguments as they are."""
    computing: set[str] = set()
    others: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            for name, bound in _bound(node):
                (computing if isinstance(bound, Function) and not _may_change(bound) else others).add(name)
    return frozenset(computing - others)


def _bound(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, ast.Pass() if node.decorator_list else node
    elif isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))


def _may_change(function: Function) -> bool:
    nodes = list(ast.walk(function))
    inner = [node for node in nodes if isinstance(node, Function)]
    if not all(_gives_a_value(one) for one in inner):
        return True  # it is called for its effect
    names = {argument.arg for node in nodes if isinstance(node, ast.arguments) for argument in _arguments(node)}
    while more := {name for node in nodes for name in _aliases(node, names)} - names:
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
