"""Runs the author's checks against a learner's work that lives in another sandbox.

No learner code ever runs in this process. What a check says of the learner's work comes over a channel of plain data
(``sandboxes.inside.wire``) from a process that may lie about its values, but cannot say "passed": that word is formed
here, from what the author's code does with those values.

Who owns a name is decided by the author's notebook alone. For a name that a check loads, the last cell before it
that binds or changes it decides: an answer cell → it is asked of the learner's side, a function becomes a proxy; any
other cell → it lives here, and the author's cell is run here too. Imported modules always live here.

Standard input and output are the channel; the verdict leaves by a descriptor of its own, one JSON object a line:
``{"ready": true}`` before the first question, ``{"findings": [{"id", "outcome", "share"}…]}`` at the end.
"""

import ast
import base64
import builtins
import contextlib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from grading.inside.comparing import refuse_vacuous_truths
    from grading.inside.effects import computing_functions
    from grading.thai_fold import fold
    from sandboxes.inside import wire
else:  # a program inside a sandbox, beside its companions
    import wire
    from comparing import refuse_vacuous_truths
    from effects import computing_functions
    from thai_fold import fold

MAX_FILE_BYTES = 8 << 20  # of a file that travels with a call
MAX_PATH = 256
# Called for what they show; any other method called for its effect is taken to change its object.
DISPLAY_METHODS = frozenset(
    ["head", "tail", "info", "describe", "sample", "value_counts", "plot", "show", "hist", "boxplot", "items", "count"]
)


class CannotExamineError(BaseException):
    """Something on either side is not plain data. Not an ``Exception``, and counted: no ``except`` can hide it."""

    count = 0

    def __init__(self) -> None:
        CannotExamineError.count += 1


class LearnerGoneError(BaseException):
    """The learner's side is late, dead or babbling; it is not asked again."""


class OutOfTimeError(BaseException):
    """The time for the whole run is over."""


# --- Whose name is it? -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One cell of the author's notebook: ``kind`` is setup, answer or check; ``tree`` is None where it is not Python.

    ``binds`` maps the names it binds ("bind"), changes in place ("change") or imports (the import statement);
    ``loads`` are all names it may look up, ``borrows`` those it may look up before it has bound them itself.
    """

    kind: str
    id: str = ""
    points: float = 0.0
    tree: ast.Module | None = None
    binds: Mapping[str, Any] = field(default_factory=dict)
    loads: frozenset[str] = frozenset()
    borrows: frozenset[str] = frozenset()

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Cell":
        """From {"kind", "code"} and, for a check, {"id", "points"}."""
        about = (data["kind"], data.get("id", ""), data.get("points", 0.0))
        tree = parse(data["code"])
        if tree is None:
            return cls(*about)
        return cls(*about, tree, bindings(tree), frozenset(loaded_names(tree)), frozenset(borrowed_names(tree)))


def parse(code: str) -> ast.Module | None:
    """The syntax tree; IPython's own syntax (``%magic``, ``!command``) is translated first where there is any."""
    for read in (str, _plain_python):
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError, ImportError):
            return ast.parse(read(code))
    return None


def _plain_python(code: str) -> str:
    import IPython.core.inputtransformer2 as transformer  # noqa: PLC0415 - half a second, seldom needed

    manager: Any = transformer.TransformerManager
    return str(manager().transform_cell(code))


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
        if isinstance(what, ast.stmt):
            history.append((position, "import", what))
        elif what == "change" and history and history[-1][1] == "import":
            return  # plt.plot(…) does not make a module the learner's
        else:
            history.append((position, "learner" if cell.kind == "answer" else "author", what))

    def last(self, name: str, position: int) -> tuple[int, str, Any] | None:
        """(cell, owner, what it did) for the last cell before ``position`` that binds or changes the name."""
        return next((entry for entry in reversed(self._history.get(name, [])) if entry[0] < position), None)

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
            if entry is None or self._cells[entry[0]].kind == "answer" or entry[1] == "import":
                continue
            needed.add(entry[0])
            # Once as the cell runs, once as a function of it is called from the check.
            cell = self._cells[entry[0]]
            more = {(name, entry[0]) for name in cell.borrows} | {(name, position) for name in cell.loads}
            more -= seen
            seen |= more
            pending += more
        return needed


# --- The learner's side, from here -----------------------------------------------------------------------------------


def _error_kinds() -> dict[str, type[Exception]]:
    """The built-in exceptions that can be made from one text.

    Without those that end an iteration: raised by a function that ``map`` calls, they would end the author's loop.
    """
    kinds = {}
    for name, kind in vars(builtins).items():
        if isinstance(kind, type) and issubclass(kind, Exception) and "Iteration" not in name:
            with contextlib.suppress(TypeError):
                kind("text")
                kinds[name] = kind
    return kinds


ERROR_KINDS = _error_kinds()


class Learner:
    """Asks the learner's side. Once it was late or babbled it counts as gone, and stays so."""

    def __init__(self, channel: Any, *, call_seconds: float, deadline: float) -> None:
        self._channel = channel
        self._call_seconds = call_seconds
        self.deadline = deadline
        self._count = 0
        self.gone = ""  # why, once it is
        self.computing: frozenset[str] = frozenset()  # functions whose work is not to change their arguments
        self.takes_changes = False  # whether changes by those are taken over, for ``undo_changes`` to take back
        self._undo: list[tuple[Any, Any]] = []
        self._files = _Files()

    def ask(self, op: str, *, seconds: float | None = None, **parts: Any) -> dict[str, Any]:
        """The reply to this question and no other. Raises ``LearnerGoneError`` or ``CannotExamineError``."""
        if self.gone:
            raise LearnerGoneError(self.gone)
        self._count += 1
        until = self.deadline if seconds is None else min(self.deadline, time.monotonic() + seconds)
        try:
            self._channel.send({"id": self._count, "op": op, **parts}, until)
            reply = self._channel.receive(until)
        except wire.NotPlainError as error:
            raise CannotExamineError from error
        except wire.WireLateError as error:
            self._lose("late", error)
        except wire.WireError as error:
            self._lose("gone", error)
        except OutOfTimeError:
            self.gone = "late"  # half a reply may lie in the pipe
            raise
        if type(reply.get("id")) is not int or reply["id"] != self._count:
            self._lose("gone")
        return reply

    def _lose(self, why: str, error: BaseException | None = None) -> None:
        self.gone = why
        raise LearnerGoneError(why) from error

    def run(self, position: int) -> None:
        """Runs one of the notebook's cells over there. How it went is not asked: the answer could be anything."""
        self.ask("run", cell=position)

    def get(self, name: str) -> Any:
        """The learner's value of that name. Raises ``KeyError`` when there is none."""
        reply = self.ask("get", name=name, seconds=self._call_seconds)
        if "missing" in reply:
            other = self._spelt_otherwise(name)
            if other is None:
                raise KeyError(name)
            reply = self.ask("get", name=other, seconds=self._call_seconds)
        return self._received(reply, name)

    def _spelt_otherwise(self, name: str) -> str | None:
        """A learner's name that looks the same: Thai can be typed in several ways that do."""
        if name.isascii():
            return None
        names = self.ask("names", seconds=self._call_seconds).get("names")
        texts = [text for text in names if type(text) is str] if type(names) is list else []
        return next((text for text in texts if text != name and fold(text) == fold(name)), None)

    def _received(self, reply: dict[str, Any], name: str) -> Any:
        if "data" in reply:
            self._files.hear(reply["data"])
            try:
                return wire.decode(reply["data"])
            except wire.WireError as error:
                raise CannotExamineError from error
        handle = reply.get("callable")
        if type(handle) is int:
            return self._proxy(handle, name)
        raise CannotExamineError

    def _proxy(self, handle: int, name: str) -> Callable[..., Any]:
        def proxy(*args: Any, **kwargs: Any) -> Any:
            return self._call(handle, name, args, kwargs)

        proxy.__name__ = proxy.__qualname__ = name
        proxy.learner_handle = handle  # type: ignore[attr-defined]
        return proxy

    def _call(self, handle: int, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        given = [*args, *kwargs.values()]
        sent = [_argument(value) for value in given]
        files = self._files.named_in(given)
        reply = self.ask(
            "call",
            seconds=self._call_seconds,
            of=handle,
            args=sent[: len(args)],
            kwargs=[list(pair) for pair in zip(kwargs, sent[len(args) :], strict=True)],
            files=files,
        )
        printed = reply.get("printed")
        if type(printed) is str and printed:
            sys.stdout.write(printed)
        self._copy_back(name, given, sent, reply.get("changed"))
        if "raised" in reply:
            raise _error(reply["raised"])
        return self._received(reply, name)

    def _copy_back(self, name: str, given: list[Any], sent: list[dict[str, Any]], changed: Any) -> None:
        """Does to our arguments what the call did to their copies: "sorts in place" can be checked."""
        for position, value in _changes(changed, len(given)):
            if name not in self.computing:
                _overwrite(given[position], value)
            elif self.takes_changes and "data" in sent[position]:
                self._undo.append((given[position], wire.decode(sent[position]["data"])))
                _overwrite(given[position], value)

    def undo_changes(self) -> bool:
        """Takes back what functions that only compute have done to their arguments; returns whether they did."""
        undo, self._undo = self._undo, []
        for ours, before in reversed(undo):
            _overwrite(ours, before)
        return bool(undo)


def _argument(value: Any) -> dict[str, Any]:
    handle = getattr(value, "learner_handle", None) if callable(value) else None
    if type(handle) is int:
        return {"of": handle}
    try:
        return {"data": wire.encode(value)}
    except wire.NotPlainError as error:
        raise CannotExamineError from error


class _Files:
    """The files here that may go over there: those an author's call names. A name that the learner said first is not
    the author's: a function that is to return a table would return the name of the expected one."""

    def __init__(self) -> None:
        self._said: set[Path] = set()
        self._named: set[Path] = set()

    def hear(self, data: Any) -> None:
        """Notes which of our files a reply mentions."""
        names = {name for _, _, names in os.walk(".") for name in names}
        if not names:
            return
        texts: set[str] = set()
        pending = [data]
        while pending:
            part = pending.pop()
            if type(part) is list:
                texts.update(item for item in part if type(item) is str)
                pending += [item for item in part if type(item) is list]
            elif type(part) is str:
                texts.add(part)
        is_mentioned = re.compile("|".join(map(re.escape, names))).search
        for text in texts:
            if len(text) < MAX_PATH and is_mentioned(text):
                self._said |= {path for path in _own_file(text) if path not in self._named}

    def named_in(self, values: list[Any]) -> list[list[str]]:
        """[name, content] of each argument that names a file here: it goes where the learner's function will look."""
        paths = [path for value in values if isinstance(value, str | PurePath) for path in _own_file(str(value))]
        allowed = [path for path in paths if path not in self._said and path.stat().st_size <= MAX_FILE_BYTES]
        self._named.update(allowed)
        here = Path.cwd().resolve()
        return [[str(path.relative_to(here)), base64.b64encode(path.read_bytes()).decode("ascii")] for path in allowed]


def _own_file(name: str) -> Iterator[Path]:
    """The regular file in our working directory that has this name, if there is one."""
    if 0 < len(name) < MAX_PATH:
        with contextlib.suppress(OSError, ValueError):
            path = Path(name).resolve()
            if path.is_relative_to(Path.cwd().resolve()) and path.is_file():
                yield path


def _error(data: Any) -> Exception:
    """The exception a learner's function raised: a built-in one, its text shortened, or a plain RuntimeError."""
    kind = data.get("type") if type(data) is dict else None
    text = data.get("text") if type(data) is dict else None
    known = ERROR_KINDS.get(kind, RuntimeError) if type(kind) is str else RuntimeError
    return known(text[:2000] if type(text) is str else "")


def _changes(changed: Any, count: int) -> list[tuple[int, Any]]:
    """(position, new value) of the arguments that a call has changed. Raises ``CannotExamineError``."""
    changes = []
    for change in changed if type(changed) is list else []:
        if type(change) is not list or len(change) != 2 or type(change[0]) is not int or not 0 <= change[0] < count:
            raise CannotExamineError
        try:
            changes.append((change[0], wire.decode(change[1])))
        except wire.WireError as error:
            raise CannotExamineError from error
    return changes


def _overwrite(ours: Any, theirs: Any) -> None:
    kind = type(ours)
    if kind is not type(theirs):
        return
    if kind in (list, bytearray):
        ours[:] = theirs
    elif kind in (dict, set):
        ours.clear()
        ours.update(theirs)
    elif kind.__name__ == "ndarray":
        if ours.shape == theirs.shape and ours.dtype == theirs.dtype:
            ours[...] = theirs
    elif kind.__name__ in ("DataFrame", "Series"):
        ours._update_inplace(theirs)


# --- The examination -------------------------------------------------------------------------------------------------


class Namespace(dict[str, Any]):
    """The globals of the author's code here. Names of the learner are asked for when they are first looked up."""

    def __init__(self, learner: Learner) -> None:
        shown_to_nobody = {"get_ipython": lambda: _NoShell(), "display": lambda *_args, **_kwargs: None}
        super().__init__(__name__="__main__", __builtins__=builtins, **shown_to_nobody)
        self._learner = learner
        self._owners: dict[str, tuple[str, Any]] = {}

    def enter(self, owners: dict[str, tuple[str, Any]]) -> None:
        """From now on names belong to these; what was fetched from the learner before is fetched afresh."""
        self._owners = owners
        for name, (owner, _) in owners.items():
            if owner == "learner":
                self.pop(name, None)

    def __missing__(self, name: str) -> Any:
        owner, _ = self._owners.get(name, ("", None))
        if owner == "learner":
            self[name] = self._learner.get(name)
            return dict.__getitem__(self, name)
        if owner == "import" or "*" in self._owners:
            # A module is loaded when a check first needs it: the author's import, run here.
            _, statement = self._owners[name if owner else "*"]
            exec(compile(ast.Module([statement], []), "import", "exec"), self)  # noqa: S102
            return dict.__getitem__(self, name)
        raise KeyError(name)


class _NoShell:
    """Magics in an author's cell change how a notebook looks, not what a check finds."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_args, **_kwargs: None


class Examination:
    """Walks the notebook once: the learner's side runs every cell, this side what belongs to the author."""

    def __init__(self, cells: list[Cell], learner: Learner) -> None:
        self._cells = cells
        self._learner = learner
        self._owners = Owners(cells)
        self._needed = self._owners.needed(*(n for n, cell in enumerate(cells) if cell.kind == "check"))
        self._broken: set[int] = set()
        self._space = Namespace(learner)
        learner.computing = computing_functions(cell.tree for cell in cells if cell.kind == "answer" and cell.tree)

    def findings(self) -> list[dict[str, Any]]:
        """One finding per check: {"id", "outcome", "share"}. When time is over the rest has timed out."""
        found: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(OutOfTimeError):
            for position, cell in enumerate(self._cells):
                if cell.kind == "check":
                    found[cell.id] = self._check(position, cell)
                else:
                    self._cell(position, cell)
        return [found.get(cell.id) or _finding(cell, "timeout") for cell in self._cells if cell.kind == "check"]

    def _cell(self, position: int, cell: Cell) -> None:
        if cell.kind == "setup" and position in self._needed:
            # Before the learner's side runs it: what it changes of theirs is fetched unchanged.
            self._space.enter(self._owners.at(position))
            if self._try(cell)[0] is not None:
                self._broken.add(position)
        with contextlib.suppress(LearnerGoneError, CannotExamineError):
            self._learner.run(position)

    def _check(self, position: int, cell: Cell) -> dict[str, Any]:
        """What the check finds. Where functions that only compute have changed what they were given, it must find the
        same when their changes are not taken over: neither may an input be spoilt, nor the measure of an answer."""
        self._learner.takes_changes = True
        found = self._judge(position, cell)
        self._learner.takes_changes = False
        if self._learner.undo_changes() and found["share"] > 0:
            found = min(found, self._judge(position, cell), key=lambda one: float(one["share"]))
        return found

    def _judge(self, position: int, cell: Cell) -> dict[str, Any]:
        """Passed only if the author's code ran to its end, everything could cross and the learner's side stayed."""
        if self._learner.gone:
            return _finding(cell, "timeout" if self._learner.gone == "late" else "not_run")
        if self._broken & self._owners.needed(position):
            return _finding(cell, "error")  # what it goes by was not made, or only half
        self._space.enter(self._owners.at(position))
        opaque_before = CannotExamineError.count
        error, value = self._try(cell)
        if error is not None and not isinstance(error, AssertionError):
            self._broken.add(position)
        if self._learner.gone:
            return _finding(cell, "timeout" if self._learner.gone == "late" else "error")
        if CannotExamineError.count > opaque_before:
            return _finding(cell, "not_examinable")
        if error is not None:
            return _finding(cell, "failed" if isinstance(error, AssertionError) else "error")
        share = self._share(position, cell, value)
        return _finding(cell, "passed" if share >= 1 else "failed", share)

    def _try(self, cell: Cell) -> tuple[BaseException | None, Any]:
        try:
            return None, self._execute(cell)
        except OutOfTimeError:
            raise
        except BaseException as error:
            return error, None

    def _execute(self, cell: Cell) -> Any:
        """Runs author's code here; returns the value of its last line when that is an expression."""
        if cell.tree is None:
            raise SyntaxError("not Python")
        body, name = list(cell.tree.body), cell.id or "cell"
        last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
        body = body if last is None else body[:-1]
        exec(compile(ast.Module(body, []), name, "exec"), self._space)  # noqa: S102 - the author's code, in its box
        return None if last is None else eval(compile(ast.Expression(last), name, "eval"), self._space)  # noqa: S307

    def _share(self, position: int, cell: Cell, value: Any) -> float:
        """What the last line earns. A bare value of the learner's is shown, not credited; one that is asked something
        (``theirs.equals(ours)``) can be answered no."""
        last = cell.tree.body[-1] if cell.tree and cell.tree.body else None
        if not isinstance(last, ast.Expr):
            return 1.0
        node, is_asked = last.value, False
        while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Call):
                is_asked |= isinstance(node.func, ast.Attribute) and bool(node.args or node.keywords)
            node = node.func if isinstance(node, ast.Call) else node.value
        owner = self._owners.last(node.id, position) if isinstance(node, ast.Name) else None
        if owner is None or owner[1] != "learner":
            return earned(value, cell.points)
        return 0.0 if is_asked and is_no(value) else 1.0


def earned(value: Any, points: float) -> float:
    """The share of ``points`` that a check's last value grants: a number is partial credit, "no" is none of it.

    Arrays and tables grant something when all they hold is True: a number was meant, or a truth.
    """
    shape: Any = getattr(value, "shape", None)
    if is_no(value) or (shape and not all(item is True for item in _items(value))):
        return 0.0
    if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if type(value) not in (int, float) or points <= 0 or value >= points:
        return 1.0
    return value / points if value > 0 else 0.0  # not-a-number is not above 0


def is_no(value: Any) -> bool:
    """Whether a value is False or unknown, or holds only truths and not all of them, or none, are True."""
    items = _items(value)
    is_truth = all(type(item) is bool or type(item).__name__ == "NAType" for item in items)
    return is_truth and not (items and all(item is True for item in items))


def _items(value: Any) -> list[Any]:
    """The values in an array, a table or a list of truths; any other value itself."""
    if hasattr(value, "shape") and type(value).__module__.partition(".")[0] in ("numpy", "pandas"):
        import numpy as np  # noqa: PLC0415 - it is loaded: the value is one of its own

        items = np.asarray(value, dtype=object).ravel().tolist()
        return [bool(item) if type(item) is np.bool_ else item for item in items]
    return list(value) if type(value) in (list, tuple) and value else [value]


def _finding(cell: Cell, outcome: str, share: float = 0.0) -> dict[str, Any]:
    return {"id": cell.id, "outcome": outcome, "share": share}


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise OutOfTimeError


def main() -> None:
    """``examine.py VERDICT_FD``, with job.json beside it."""
    verdict = int(sys.argv[1])
    here = Path(__file__).resolve().parent
    job = json.loads((here / "job.json").read_text(encoding="utf-8"))
    channel = wire.Channel(read_fd=os.dup(0), write_fd=os.dup(1))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.path[:] = ["", *(path for path in sys.path if path != str(here))]
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    learner = Learner(channel, call_seconds=job["call_seconds"], deadline=time.monotonic() + job["start_seconds"])
    if any("numpy" in cell["code"] or "pandas" in cell["code"] for cell in job["cells"]):
        refuse_vacuous_truths()
    examination = Examination([Cell.read(cell) for cell in job["cells"]], learner)
    # No cell has run over there yet: if this is not answered, the fault is ours.
    learner.ask("names")
    os.write(verdict, b'{"ready": true}\n')
    learner.deadline = time.monotonic() + job["seconds"]
    signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, job["seconds"], 0.5)
    findings = examination.findings()
    signal.setitimer(signal.ITIMER_REAL, 0)
    os.write(verdict, json.dumps({"findings": findings}).encode() + b"\n")
    os._exit(0)


if __name__ == "__main__":
    main()
