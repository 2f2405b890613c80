"""Runs the author's checks against a learner's work that lives in another sandbox.

No learner code ever runs in this process. What a check says of the learner's work comes over a channel of plain data
(``sandboxes.inside.wire``) from a process that may lie about its values, but cannot say "passed": that word is formed
here, from what the author's code does with those values. Whose a name is, ``owners`` says.

Standard input and output are the channel; the verdict leaves by a descriptor of its own, one JSON object a line:
``{"ready": true}`` before the first question, ``{"findings": [{"id", "outcome", "share"[, "reason"]}…]}`` at the end.
"""

import ast
import builtins
import contextlib
import inspect
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from grading.inside import proxies
    from grading.inside.comparing import SAME, refuse_vacuous_truths, same
    from grading.inside.differences import Watch
    from grading.inside.effects import Effects
    from grading.inside.faults import CannotExamineError, LearnerGoneError, OutOfTimeError
    from grading.inside.learner import Learner
    from grading.inside.objects import Objects
    from grading.inside.owners import Cell, Owners
    from sandboxes.inside import aside, wire
else:  # a program inside a sandbox, beside its companions
    import aside
    import proxies
    import wire
    from comparing import SAME, refuse_vacuous_truths, same
    from differences import Watch
    from effects import Effects
    from faults import CannotExamineError, LearnerGoneError, OutOfTimeError
    from learner import Learner
    from objects import Objects
    from owners import Cell, Owners


PYPLOT_WORDS = ("gcf", "gca", "get_fignums", "plt.x", "plt.y")  # that speak of the current figure


class Namespace(dict[str, Any]):
    """The globals of the author's code here. Names of the learner are asked for when they are first looked up."""

    def __init__(self, learner: Learner) -> None:
        shown_to_nobody = {"get_ipython": lambda: _NoShell(), "display": lambda *_args, **_kwargs: None}
        super().__init__(__name__="__main__", __builtins__=builtins, **shown_to_nobody, **{SAME: same})
        self._learner = learner
        self._owners: dict[str, tuple[str, Any]] = {}

    def enter(self, owners: dict[str, tuple[str, Any]]) -> None:
        """From now on names belong to these; what was fetched from the learner before is fetched afresh."""
        self._owners = owners
        for name, (owner, _) in owners.items():
            if owner in ("learner", "driver"):
                self.pop(name, None)

    def __missing__(self, name: str) -> Any:
        owner, what = self._owners.get(name, ("", None))
        if owner == "learner":
            self[name] = self._learner.get(name)
            return dict.__getitem__(self, name)
        if owner == "driver":
            self[name] = self._learner.define(name, what)
            return dict.__getitem__(self, name)
        if owner == "import" or "*" in self._owners:
            # A module is loaded when a check first needs it: the author's import, run here.
            _, statement = self._owners[name if owner else "*"]
            exec(compile(ast.Module([statement], []), "import", "exec"), self)  # noqa: S102
            return dict.__getitem__(self, name)
        raise KeyError(name)

    # What ``globals()`` answers to a check that asks whether a name is there.

    def __contains__(self, name: object) -> bool:
        if dict.__contains__(self, name):
            return True
        with contextlib.suppress(KeyError):
            self.__missing__(str(name))
            return True
        return False

    def get(self, name: str, default: Any = None) -> Any:
        found: Any = dict.get(self, name, default) if name not in self else self[name]
        return found

    def keys(self) -> Any:
        theirs = {name: None for name, (owner, _) in self._owners.items() if owner == "learner" and name in self}
        return (dict.fromkeys(dict.keys(self)) | theirs).keys()


class _NoShell:
    """Magics in an author's cell change how a notebook looks, not what a check finds."""

    def __getattr__(self, _name: str) -> Callable[..., None]:
        return lambda *_args, **_kwargs: None


class Examination:
    """Walks the notebook once: the learner's side runs every cell, this side what belongs to the author."""

    def __init__(self, cells: list[Cell], learner: Learner, *, draws: bool = False) -> None:
        self._cells = cells
        self._watch: Watch | None = None  # over the check that runs now
        self._learner = learner
        self._owners = Owners(cells)
        self._needed = self._owners.needed(*(n for n, cell in enumerate(cells) if cell.kind == "check"))
        self._broken: set[int] = set()
        self._space = Namespace(learner)
        self._draws = draws
        trees = [(cell.kind == "answer", cell.tree) for cell in cells if cell.tree is not None]
        answers, others = ([tree for is_answer, tree in trees if is_answer is which] for which in (True, False))
        learner.objects = Objects(answers, others)
        learner.may_change = Effects(cell.tree for cell in cells if cell.kind != "check" and cell.tree).may_change

    def findings(self) -> list[dict[str, Any]]:
        """One finding per check: {"id", "outcome", "share"}. When time is over the rest has timed out."""
        found: dict[str, dict[str, Any]] = {}
        with contextlib.suppress(OutOfTimeError):
            for position, cell in enumerate(self._cells):
                if cell.kind != "check":
                    self._cell(position, cell)
                    continue
                one = self._check(position, cell)
                if OutOfTimeError.is_over:
                    break  # whatever its code made of that
                found[cell.id] = one
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
        if self._draws:
            self._learner.ask("close")
        self._watch = self._watch_over(position) if cell.told else None
        error, value = self._try(cell)
        if error is not None and not isinstance(error, AssertionError):
            self._broken.add(position)
        if self._learner.gone:
            return _finding(cell, "timeout" if self._learner.gone == "late" else "error")
        if CannotExamineError.count > opaque_before:
            return _finding(cell, "not_examinable") | {"reason": _reason(cell, error)}
        if error is not None:
            is_failed = isinstance(error, AssertionError)
            told = self._watch.tell(error, cell.id or "cell", cell.told) if is_failed and self._watch else []
            return _finding(cell, "failed" if is_failed else "error") | ({"told": told} if told else {})
        share = self._share(position, cell, value)
        return _finding(cell, "passed" if share >= 1 else "failed", share)

    def _watch_over(self, position: int) -> Watch:
        learners = {name for name, (owner, _) in self._owners.at(position).items() if owner == "learner"}
        watch = Watch(f"__watch_{position}__", frozenset(learners))
        self._space[watch.name] = watch.see
        return watch

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
        watch = self._watch if cell.kind == "check" else None
        body, name = list((watch.over(cell.tree) if watch else cell.tree).body), cell.id or "cell"
        last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
        body = body if last is None else body[:-1]
        self._evaluate(ast.Module(body, []), name, "exec")
        return None if last is None else self._evaluate(ast.Expression(last), name, "eval")

    def _evaluate(self, tree: ast.Module | ast.Expression, name: str, mode: str) -> Any:
        """Runs author's code, in its box; ``await`` at the top level is what it is in Jupyter."""
        code = compile(tree, name, mode, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        value = eval(code, self._space)  # noqa: S307
        if code.co_flags & inspect.CO_COROUTINE:
            import asyncio  # noqa: PLC0415 - seldom needed

            return asyncio.run(value)
        return value

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


def _reason(cell: Cell, error: BaseException | None) -> str:
    """Why something could not be examined, unless it was in a hidden part: there the outcome is all that is told."""
    if not isinstance(error, CannotExamineError) or not cell.public_lines:
        return ""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != (cell.id or "cell"):
        trace = trace.tb_next
    return str(error) if trace is not None and trace.tb_lineno in cell.public_lines else ""


def _ring(_signal: int, _frame: FrameType | None) -> None:
    OutOfTimeError.is_over = True
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
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    learner = Learner(channel, call_seconds=job["call_seconds"], deadline=time.monotonic() + job["start_seconds"])
    text = "\n".join(cell["code"] for cell in job["cells"])
    draws = any(word in text for word in ("matplotlib", "plt", "plot", "hist"))
    if draws:
        import pictures  # type: ignore[import-not-found]  # noqa: PLC0415 - most exercises have no figure

        proxies.picture = pictures.picture
        if any(word in text for word in PYPLOT_WORDS):
            pictures.stand_for_pyplot(learner.figures)
    aside.step(here)
    if "numpy" in text or "pandas" in text:
        refuse_vacuous_truths()
    learner.tells_of_functions = any(word in text for word in ("__doc__", "__name__", "signature", "argspec"))
    cells = [Cell.read(cell, job["seed"]) for cell in job["cells"]]
    examination = Examination(cells, learner, draws=draws)
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
