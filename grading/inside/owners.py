"""Reads the author's notebook: what each cell binds, and who owns a name. Pure, standard library only.

Who owns a name is decided by the author's notebook alone. For a name that a check loads, the last cell before it
that binds or changes it decides: an answer cell → it is asked of the learner's side; any other cell → it lives here,
and the author's cell is run here too. Imported modules always live here. A function marked ``# driver`` is the
author's, but runs over there.
"""

import ast
import contextlib
import itertools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from grading.inside.comparing import StrictIdentity
else:  # a program inside a sandbox, beside its companions
    from comparing import StrictIdentity

SEED = "ATTEMPT_SEED"  # the name that has another value at every attempt
DRIVER = re.compile(r"#\s*driver\b")
# Called for what they show; any other method called for its effect is taken to change its object.
DISPLAY_METHODS = frozenset(
    ["head", "tail", "info", "describe", "sample", "value_counts", "plot", "show", "hist", "boxplot", "items", "count"]
)
# First lines that say how a cell is run, not what it does; and magics that only change how a notebook looks.
CELL_MAGIC = re.compile(r"\s*%%(?:time|capture|timeit(?:\s+-\S+(?:\s+\d+)?)*)[ \t]*(?:\w+[ \t]*)?\n")
HARMLESS_MAGICS = frozenset(
    ["matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "pylab", "pip", "conda"]
)


class Cell:
    """One cell of the author's notebook: ``kind`` is setup, answer or check; ``tree`` is None where it cannot be run.

    ``binds`` maps the names it binds ("bind"), changes in place ("change"), imports (the import statement) or defines
    as drivers (their text); ``loads`` are all names it may look up, ``borrows`` those it may look up before it has
    bound them itself; ``public_lines`` are the numbers of those lines of a check that learners see.
    """

    # No dataclass: making one takes longer than reading a notebook.
    def __init__(self, kind: str, id: str, points: float, tree: ast.Module | None = None) -> None:
        self.kind, self.id, self.points, self.tree = kind, id, points, tree
        self.binds: Mapping[str, Any] = bindings(tree) if tree else {}
        self.loads = frozenset(loaded_names(tree)) if tree else frozenset[str]()
        self.borrows = frozenset(borrowed_names(tree)) if tree else frozenset[str]()
        self.public_lines: frozenset[int] = frozenset()
        self.told: tuple[str, ...] = ()  # what may be told of it; see ``differences``

    @classmethod
    def read(cls, data: Mapping[str, Any], seed: int | None = None) -> "Cell":
        """From {"kind", "code"} and, for a check, {"id", "points", "public": the code without its hidden parts}."""
        about = (data["kind"], data.get("id", ""), data.get("points", 0.0))
        tree, is_plain = _read(data["code"])
        if tree is None or (data["kind"] == "check" and not _only_harmless_magics(tree, data["code"], is_plain)):
            return cls(*about)
        if data["kind"] == "answer":
            return cls(*about, tree)
        # What is sent over there must be nothing that is hidden: it is read from the public part.
        shown = data["code"] if data["kind"] == "setup" else data.get("public", "")
        drivers = _drivers(shown) if "driver" in shown else {}
        tree.body = [one for one in tree.body if not (isinstance(one, ast.FunctionDef) and one.name in drivers)]
        if seed is not None and SEED in data["code"]:
            _plant(seed, tree)
        cell = cls(*about, tree)
        cell.binds = {**cell.binds, **{name: Driver(text) for name, text in drivers.items()}}
        if re.search(r"\bis\b", data["code"]):
            cell.tree = StrictIdentity().visit(tree)
        if is_plain:
            cell.public_lines, cell.told = _public_lines(data), tuple(data.get("told", ()))
        return cell


def _public_lines(data: Mapping[str, Any]) -> frozenset[int]:
    """The numbers of the lines that are in the public part too, as far as it begins as the whole does."""
    pairs = zip(data["code"].splitlines(), data.get("public", "").splitlines(), strict=False)
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], pairs)
    return frozenset(range(1, len(list(same)) + 1))


class Driver(str):
    """The text of a function that runs on the learner's side."""

    __slots__ = ()


def parse(code: str) -> ast.Module | None:
    """The syntax tree; IPython's own syntax (``%magic``, ``!command``) is translated first where there is any."""
    return _read(code)[0]


def _read(code: str) -> tuple[ast.Module | None, bool]:
    """The syntax tree, and whether it is of the code as it stands, line by line."""
    for translate, is_plain in ((str, True), (_plain_python, False)):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError, ImportError):
            return ast.parse(translate(code)), is_plain
    return None, False


def _plain_python(code: str) -> str:
    while found := CELL_MAGIC.match(code):
        code = code[found.end() :]
    with contextlib.suppress(SyntaxError):
        ast.parse(code)
        return code
    import IPython.core.inputtransformer2 as transformer  # noqa: PLC0415 - half a second, seldom needed

    manager: Any = transformer.TransformerManager
    return ast.unparse(_Timed().visit(ast.parse(str(manager().transform_cell(code)))))


class _Timed(ast.NodeTransformer):
    """``%time f(x)`` is ``f(x)``: left as it is, nothing of it would be run."""

    def visit_Expr(self, node: ast.Expr) -> Any:
        name, text = _line_magic(node.value)
        return ast.parse(text).body if name == "time" else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        name, text = _line_magic(node)
        return ast.parse(text, mode="eval").body if name == "time" else node


def _line_magic(node: ast.AST) -> tuple[str, str]:
    """(name, text) of ``get_ipython().run_line_magic(name, text)``, else two empty texts."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "run_line_magic":
        words = [word.value for word in node.args if isinstance(word, ast.Constant) and type(word.value) is str]
        if len(words) == 2 == len(node.args):
            return words[0], words[1]
    return "", ""


def _only_harmless_magics(tree: ast.Module, code: str, is_plain: bool) -> bool:
    """Magics do nothing here. A check whose lines are in one that matters would pass without having run them."""
    if is_plain and "get_ipython" not in code:
        return True
    nodes = list(ast.walk(tree))
    uses = sum(isinstance(node, ast.Name) and node.id == "get_ipython" for node in nodes)
    return uses == sum(_line_magic(node)[0] in HARMLESS_MAGICS for node in nodes)


def _drivers(code: str) -> dict[str, str]:
    """{name: text} of the functions with ``# driver`` in the line of their ``def`` or in the one above."""
    tree, lines = parse(code), code.splitlines()
    found = {}
    for one in tree.body if tree else []:
        if isinstance(one, ast.FunctionDef):
            first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
            if any(DRIVER.search(line) for line in (lines[one.lineno - 1], *lines[max(0, first - 2) : first - 1])):
                found[one.name] = ast.unparse(one)
    return found


def _plant(seed: int, tree: ast.Module) -> None:
    for one in tree.body:
        if isinstance(one, ast.Assign) and [getattr(target, "id", "") for target in one.targets] == [SEED]:
            one.value = ast.copy_location(ast.Constant(seed), one.value)


def loaded_names(tree: ast.AST) -> Iterator[str]:
    """Every name the code may look up, in whatever scope; too many do no harm."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.AugAssign):
            yield from (target.id for target in ast.walk(node.target) if isinstance(target, ast.Name))


def borrowed_names(tree: ast.Module) -> set[str]:
    """The names a cell may look up before a plain statement of its own has bound them: what it needs others for."""
    own: set[str] = set()
    borrowed: set[str] = set()
    for statement in tree.body:
        borrowed |= set(loaded_names(statement)) - own
        if isinstance(statement, ast.Assign | ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef):
            own |= {name for name, what in _bound_by(statement) if what != "change"}
    return borrowed


def bindings(tree: ast.Module) -> dict[str, Any]:
    """What a cell does to the names of the notebook: {name: "bind" | "change" | the import statement}."""
    found: dict[str, Any] = {}
    for statement in _top_level(tree.body):
        for name, what in _bound_by(statement):
            if not (what == "change" and found.get(name, "change") != "change"):
                found[name] = what
    return found


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when the cell runs: into loops and branches, not into functions and classes."""
    for statement in body:
        yield statement
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                break
            for child in getattr(statement, part, []):
                yield from _top_level([child] if isinstance(child, ast.stmt) else child.body)


def _bound_by(statement: ast.stmt) -> Iterator[tuple[str, Any]]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name, "bind"
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            yield (alias.asname or alias.name.split(".")[0]), statement
        return
    for node in _own_expressions(statement):
        yield from _targets(node)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = statement.value.func
        if isinstance(function, ast.Attribute) and function.attr not in DISPLAY_METHODS:
            yield from ((name, "change") for name in _root(function))


def _own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of one statement without those of the statements inside it."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        yield node
        pending += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt | ast.Lambda)]


def _targets(node: ast.AST) -> Iterator[tuple[str, Any]]:
    is_store = isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
    if isinstance(node, ast.Name) and is_store:
        yield node.id, "bind"
    elif isinstance(node, ast.Attribute | ast.Subscript) and is_store:
        yield from ((name, "change") for name in _root(node))
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, "bind"
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, "bind"


def _root(node: ast.AST) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


class Owners:
    """Who owns each name at each cell; built once, from the author's notebook."""

    def __init__(self, cells: list[Cell]) -> None:
        self._cells = cells
        self._history: dict[str, list[tuple[int, str, Any]]] = {}
        for position, cell in enumerate(cells):
            for name, what in cell.binds.items():
                self._note(position, cell, name, what)

    def _note(self, position: int, cell: Cell, name: str, what: Any) -> None:
        history = self._history.setdefault(name, [])
        if name == SEED and cell.kind == "answer":
            return
        if isinstance(what, Driver):
            history.append((position, "driver", what))
        elif isinstance(what, ast.stmt):
            history.append((position, "import", what))
        elif what == "change" and history and history[-1][1] == "import":
            return  # plt.plot(…) does not make a module the learner's
        else:
            history.append((position, "learner" if cell.kind == "answer" else "author", what))

    def last(self, name: str, position: int) -> tuple[int, str, Any] | None:
        """(cell, owner, what it did) for the last cell before ``position`` that binds or changes the name.

        A driver counts in its own cell as well.
        """
        entries = reversed(self._history.get(name, []))
        return next((one for one in entries if one[0] < position + (one[1] == "driver")), None)

    def at(self, position: int) -> dict[str, tuple[str, Any]]:
        """{name: (owner, what)} as seen from the cell at ``position``."""
        entries = ((name, self.last(name, position)) for name in self._history)
        return {name: (entry[1], entry[2]) for name, entry in entries if entry}

    def needed(self, *checks: int) -> set[int]:
        """The author's cells that ``checks`` depend on by a name of theirs: set-up cells and earlier checks."""
        needed: set[int] = set()
        pending = [(name, position) for position in checks for name in self._cells[position].borrows]
        seen = set(pending)
        while pending:
            name, position = pending.pop()
            entry = self.last(name, position)
            if entry is None or self._cells[entry[0]].kind == "answer" or entry[1] in ("import", "driver"):
                continue
            needed.add(entry[0])
            # Once as the cell runs, once as a function of it is called from the check.
            cell = self._cells[entry[0]]
            more = {(name, entry[0]) for name in cell.borrows} | {(name, position) for name in cell.loads}
            more -= seen
            seen |= more
            pending += more
        return needed
