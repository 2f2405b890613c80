"""Where a model solution has objects of its own classes, read from its text. Pure, standard library only.

An object of the learner's class answers through code of the learner's: where the author expects data it could lie in
every comparison, to each question anew. So objects cross only where the author's notebook has them: of the classes
that an answer cell defines, from the functions, attributes and names that give or hold such objects by that text.
When in doubt there is none, and what comes in its place cannot be examined.
"""

import ast
import builtins
from collections.abc import Iterable, Iterator

PASS_THROUGH = frozenset(
    [
        "max",
        "min",
        "sorted",
        "list",
        "tuple",
        "set",
        "dict",
        "next",
        "iter",
        "reversed",
        "filter",
        "zip",
        "enumerate",
        "copy",
        "deepcopy",
        "deque",
        "chain",
        "islice",
        "replace",
        "type",
    ]
)
PASSING_METHODS = frozenset(["pop", "popleft", "popitem", "get", "setdefault", "copy", "values", "items", "__class__"])
COLLECTING_METHODS = frozenset(["append", "appendleft", "add", "extend", "insert", "update", "put", "push"])

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Shape:
    """A class of the model solution: the special methods it has, and the names its bases have in the text."""

    def __init__(self, specials: frozenset[str], bases: list[str]) -> None:
        self.specials, self.bases = specials, bases


class Objects:
    """``shapes`` by class; ``givers``: names of functions, methods, attributes and variables that give objects."""

    def __init__(self, answers: Iterable[ast.Module], others: Iterable[ast.Module] = ()) -> None:
        answers = list(answers)
        self.shapes = {one.name: _shape(one) for tree in answers for one in tree.body if isinstance(one, ast.ClassDef)}
        self.givers: frozenset[str] = frozenset()
        if self.shapes:
            self._inherit()
            self.givers = _Reader(frozenset(self.shapes), [*answers, *others]).givers()

    def _inherit(self) -> None:
        for _ in self.shapes:
            for shape in self.shapes.values():
                for base in shape.bases:
                    shape.specials |= self.shapes[base].specials if base in self.shapes else _builtin_specials(base)


def _shape(node: ast.ClassDef) -> Shape:
    bases = [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]
    specials = {one.name for one in node.body if isinstance(one, Function)}
    specials |= {
        target.id
        for one in node.body
        if isinstance(one, ast.Assign)
        for target in one.targets
        if isinstance(target, ast.Name)
    }
    return Shape(frozenset(name for name in specials if name.startswith("__")), bases)


def _builtin_specials(name: str) -> frozenset[str]:
    kind = getattr(builtins, name, None)
    return frozenset(dir(kind)) if kind in (list, dict, tuple, set, frozenset, str, int, float) else frozenset()


class _Reader:
    """Follows objects through the author's text until nothing new is found.

    A local name is known as (its function, name), a name of the notebook as (None, name); functions and attributes,
    whoever's they are, by their name alone.
    """

    def __init__(self, classes: frozenset[str], trees: list[ast.Module]) -> None:
        self._classes = classes
        self._held: set[tuple[Function | None, str]] = set()
        self._givers: set[str] = set()
        self._functions: dict[str, list[tuple[Function, bool]]] = {}
        self._fields: dict[str, list[str]] = {}
        self._nodes: list[tuple[Function | None, ast.AST]] = []
        for tree in trees:
            self._collect(tree, None, "")

    def _collect(self, parent: ast.AST, scope: Function | None, owner: str) -> None:
        for node in ast.iter_child_nodes(parent):
            self._nodes.append((scope, node))
            if isinstance(node, Function):
                is_method = bool(owner) and not any(getattr(d, "id", "") == "staticmethod" for d in node.decorator_list)
                self._functions.setdefault(node.name, []).append((node, is_method))
                if owner and node.name == "__init__":
                    self._functions.setdefault(owner, []).append((node, True))
                self._collect(node, node, "")
            elif isinstance(node, ast.ClassDef):
                own = [
                    one.target.id
                    for one in node.body
                    if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
                ]
                self._fields[node.name] = own
                if any("Enum" in ast.unparse(base) or "Flag" in ast.unparse(base) for base in node.bases):
                    for one in node.body:
                        self._givers |= set(_names(one)) if isinstance(one, ast.Assign) else set()
                self._collect(node, scope, node.name)
            else:
                self._collect(node, scope, owner if isinstance(parent, ast.ClassDef) else "")

    def givers(self) -> frozenset[str]:
        size = -1
        while size != (size := len(self._held) + len(self._givers)):
            for scope, node in self._nodes:
                self._read(node, scope)
        return frozenset(self._givers | {name for scope, name in self._held if scope is None})

    def _read(self, node: ast.AST, scope: Function | None) -> None:
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if (node.value and self._gives(node.value, scope)) or self._speaks_of(getattr(node, "annotation", None)):
                for target in targets:
                    self._hold(target, scope)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            if self._gives(node.iter, scope):
                self._hold(node.target, scope)
        elif isinstance(node, ast.withitem):
            if node.optional_vars and self._gives(node.context_expr, scope):
                self._hold(node.optional_vars, scope)
        elif isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            if scope is not None and node.value and self._gives(node.value, scope):
                self._givers.add(scope.name)
        elif isinstance(node, Function):
            self._read_signature(node)
        elif isinstance(node, ast.Call):
            self._read_call(node, scope)

    def _read_signature(self, node: Function) -> None:
        if self._speaks_of(node.returns):
            self._givers.add(node.name)
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self._held |= {(node, one.arg) for one in given if self._speaks_of(one.annotation)}
        if given and (node, True) in self._functions[node.name]:
            self._held.add((node, given[0].arg))  # self

    def _read_call(self, node: ast.Call, scope: Function | None) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        positions = [n for n, one in enumerate(node.args) if self._gives(one, scope)]
        words = {word.arg for word in node.keywords if word.arg and self._gives(word.value, scope)}
        if not positions and not words:
            return
        if isinstance(node.func, ast.Attribute) and name in COLLECTING_METHODS:
            self._hold(node.func.value, scope)
        fields = self._fields.get(name, [])
        self._givers |= {fields[n] for n in positions if n < len(fields)} | words.intersection(fields)
        for function, is_method in self._functions.get(name, []):
            own = [one.arg for one in [*function.args.posonlyargs, *function.args.args]][is_method:]
            rest = {function.args.vararg.arg} if function.args.vararg else set()
            named = {own[n] for n in positions if n < len(own)} | words
            self._held |= {(function, arg) for arg in named | rest}

    def _hold(self, target: ast.AST, scope: Function | None) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for one in target.elts:
                self._hold(one, scope)
        elif isinstance(target, ast.Subscript | ast.Starred):
            self._hold(target.value, scope)
        elif isinstance(target, ast.Attribute):
            self._givers.add(target.attr)
        elif isinstance(target, ast.Name):
            self._held.add((scope, target.id))

    def _speaks_of(self, annotation: ast.AST | None) -> bool:
        if annotation is None:
            return False
        text = ast.unparse(annotation)
        return any(name in text for name in self._classes) or text == "Self"

    def _gives(self, node: ast.AST, scope: Function | None) -> bool:
        if isinstance(node, ast.Name):
            return (scope, node.id) in self._held or (None, node.id) in self._held
        if isinstance(node, ast.Attribute):
            return node.attr in self._givers
        if isinstance(node, ast.Call):
            return self._call_gives(node, scope)
        if isinstance(node, ast.Compare | ast.JoinedStr | ast.Constant | ast.Lambda):
            return False
        if isinstance(node, ast.IfExp):
            return self._gives(node.body, scope) or self._gives(node.orelse, scope)
        if isinstance(node, ast.DictComp):
            return self._gives(node.value, scope) or self._gives(node.key, scope)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return self._gives(node.elt, scope)
        if isinstance(node, ast.Subscript | ast.Starred | ast.Await | ast.NamedExpr):
            return self._gives(node.value, scope)
        return any(self._gives(child, scope) for child in ast.iter_child_nodes(node))

    def _call_gives(self, node: ast.Call, scope: Function | None) -> bool:
        function = node.func
        if isinstance(function, ast.Name):
            if function.id in self._classes or function.id in self._givers or (scope, function.id) in self._held:
                return True
            return function.id in PASS_THROUGH and any(self._gives(one, scope) for one in node.args)
        if isinstance(function, ast.Attribute):
            if function.attr in self._givers or function.attr in self._classes:
                return True
            return function.attr in PASSING_METHODS | PASS_THROUGH and (
                self._gives(function.value, scope) or any(self._gives(one, scope) for one in node.args)
            )
        return isinstance(function, ast.Call) and self._gives(function, scope)  # type(self)(…)


def _names(node: ast.Assign) -> Iterator[str]:
    yield from (target.id for target in node.targets if isinstance(target, ast.Name))
