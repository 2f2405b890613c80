"""Asks the learner's side, from the examiner: what it says is data, and is believed to be nothing else.

See ``sandboxes.inside.agent`` for the questions and ``wire`` for what data is.
"""

import base64
import builtins
import contextlib
import io
import os
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __package__:
    from grading.inside import proxies
    from grading.inside.faults import CannotExamineError, LearnerGoneError, OutOfTimeError
    from grading.inside.objects import Objects
    from grading.thai_fold import fold
    from sandboxes.inside import wire
else:  # a program inside a sandbox, beside its companions
    import proxies
    import wire
    from faults import CannotExamineError, LearnerGoneError, OutOfTimeError
    from objects import Objects
    from thai_fold import fold

MAX_FILE_BYTES = 8 << 20  # of a file that travels with a call
MAX_PATH = 256
MAX_WARNINGS = 20


def _kinds(base: type[BaseException]) -> dict[str, Any]:
    """The built-in exceptions of this kind that can be made from one text.

    Without those that end an iteration: raised by a function that ``map`` calls, they would end the author's loop.
    """
    kinds = {}
    for name, kind in vars(builtins).items():
        if isinstance(kind, type) and issubclass(kind, base) and "Iteration" not in name:
            with contextlib.suppress(TypeError):
                kind("text")
                kinds[name] = kind
    return kinds


ERROR_KINDS: dict[str, type[Exception]] = _kinds(Exception)
WARNING_KINDS: dict[str, type[Warning]] = _kinds(Warning)


class Learner:
    """Asks the learner's side. Once it was late or babbled it counts as gone, and stays so."""

    def __init__(self, channel: Any, *, call_seconds: float, deadline: float) -> None:
        self._channel = channel
        self._call_seconds = call_seconds
        self.deadline = deadline
        self._count = 0
        self.gone = ""  # why, once it is
        self.objects = Objects(())  # where the author's notebook has objects of the learner's classes
        self.classes: dict[str, Any] = {}
        self.error_kinds = ERROR_KINDS
        # Whether a call may change the argument at this place by the author's notebook: (name, args, kwargs, place).
        self.may_change: Callable[[str, list[Any] | None, dict[str, Any], int], bool] = lambda *_: True
        self.takes_changes = False  # whether other changes are taken over, for ``undo_changes`` to take back
        self.tells_of_functions = False  # whether a check asks for names, texts and parameters of functions
        self._undo: list[tuple[Any, Any]] = []
        self._drivers: set[str] = set()
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
            raise CannotExamineError("too_big") from error
        except wire.WireLateError as error:
            self._lose("late", error)
        except wire.WireError as error:
            self._lose("gone", error)
        except OutOfTimeError:
            self.gone = "late"  # half a reply may lie in the pipe
            raise
        if type(reply.get("id")) is not int or reply["id"] != self._count:
            self._lose("gone")
        if op != "names":  # those are compared here and shown to no check
            self._files.hear(reply)
        return reply

    def _lose(self, why: str, error: BaseException | None = None) -> None:
        self.gone = why
        raise LearnerGoneError(why) from error

    def run(self, position: int) -> None:
        """Runs one of the notebook's cells over there. How it went is not asked: the answer could be anything."""
        self.ask("run", cell=position)

    def get(self, name: str) -> Any:
        """The learner's value of that name. Raises ``KeyError`` when there is none."""
        reply = self._get(name)
        if "missing" in reply:
            other = self._spelt_otherwise(name)
            if other is None:
                raise KeyError(name)
            reply = self._get(other)
        value = self._received(reply, name)
        if self.tells_of_functions and callable(value):
            proxies.tell(value, reply.get("about"))
        return value

    def _get(self, name: str) -> dict[str, Any]:
        about = {"about": True} if self.tells_of_functions else {}
        return self.ask("get", name=name, seconds=self._call_seconds, **about)

    def _spelt_otherwise(self, name: str) -> str | None:
        """A learner's name that looks the same: Thai can be typed in several ways that do."""
        if name.isascii():
            return None
        return next((text for text in self.names() if text != name and fold(text) == fold(name)), None)

    def names(self) -> list[str]:
        """The names there are over there."""
        names = self.ask("names", seconds=self._call_seconds).get("names")
        return [text for text in names if type(text) is str] if type(names) is list else []

    def define(self, name: str, text: str) -> Any:
        """A driver of the author's, to be run over there."""
        self._drivers.add(name)
        return self._received(self.ask("define", name=name, text=text, seconds=self._call_seconds), name)

    def figures(self) -> list[Any]:
        """Stand-ins for the figures that the learner's last drawing cell has left, the current one last."""
        found = self._received(self.ask("figures", seconds=self._call_seconds), "")
        return found if type(found) is list else []

    def _received(self, reply: dict[str, Any], name: str) -> Any:
        if "data" in reply:
            return self.value(reply["data"], name)
        raise CannotExamineError("too_big" if reply.get("opaque") == "too_big" else "kind")

    def value(self, data: Any, name: str, known: dict[Any, Any] | None = None) -> Any:
        """What this data stands for. ``name`` is what gave it, ``known`` the objects that may be in it anyhow."""

        def refer(rest: list[Any], in_array: bool) -> Any:
            if known and rest and type(rest[0]) is int and rest[0] in known:
                return known[rest[0]]
            return proxies.received(self, rest, name, in_array)

        try:
            return wire.decode(data, refer)
        except wire.WireError as error:
            raise CannotExamineError("garbled") from error

    def operate(self, operation: str, *args: Any, name: str = "") -> Any:
        """The result of a built-in operation, ``getattr`` or ``len``, on things of the learner's."""
        return self.call(["op", operation], name or operation, args, {})

    def call(self, of: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What a function over there returns. Raises what it raises, as the nearest built-in kind."""
        given = [*args, *kwargs.values()]
        known: dict[Any, Any] = {}
        sent = [_encoded(value, known) for value in given]
        typed = sys.stdin.getvalue()[sys.stdin.tell() :] if type(sys.stdin) is io.StringIO else None
        reply = self.ask(
            "call",
            seconds=self._call_seconds,
            of=of,
            args=sent[: len(args)],
            kwargs=[list(pair) for pair in zip(kwargs, sent[len(args) :], strict=True)],
            files=self._files.named_in(given),
            **({} if typed is None else {"typed": typed}),
        )
        _say_again(reply)
        self._copy_back("" if type(of) is list else name, given, list(kwargs), sent, known, reply.get("changed"))
        if "raised" in reply:
            raise self._error(reply["raised"])
        return self._received(reply, name)

    def _copy_back(
        self, name: str, given: list[Any], words: list[str], sent: list[Any], known: dict[Any, Any], changed: Any
    ) -> None:
        """Does to our arguments what the call did to their copies: "sorts in place" can be checked."""
        for place, data in _changes(changed, len(given)):
            value = self.value(data, name, known)
            if self._may_change(name, words, sent, known, place):
                _overwrite(given[place], value)
            elif self.takes_changes:
                self._undo.append((given[place], self.value(sent[place], "", known)))
                _overwrite(given[place], value)

    def _may_change(self, name: str, words: list[str], sent: list[Any], known: dict[Any, Any], place: int) -> bool:
        if not name or name in self._drivers:
            return False  # an operation such as ``xs in stack``; a driver has its result to say what it did
        if known:
            return self.may_change(name, None, {}, place)
        before = [self.value(one, "") for one in sent]
        first = len(before) - len(words)
        return self.may_change(name, before[:first], dict(zip(words, before[first:], strict=True)), place)

    def undo_changes(self) -> bool:
        """Takes back what functions that only compute have done to their arguments; returns whether they did."""
        undo, self._undo = self._undo, []
        for ours, before in reversed(undo):
            _overwrite(ours, before)
        return bool(undo)

    def _error(self, data: Any) -> Exception:
        """The exception that was raised: of a class of the solution, a built-in one, or a plain RuntimeError."""
        about = data if type(data) is dict else {}
        text = about.get("text")
        text = text[:2000] if type(text) is str else ""
        own = about.get("kinds")
        for name in own if type(own) is list else []:
            kind = self.exception(name) if type(name) is str and name in self.objects.shapes else None
            if kind is not None:
                return self._with_values(kind(text), about.get("values"))
        kind = about.get("type")
        return ERROR_KINDS.get(kind, RuntimeError)(text) if type(kind) is str else RuntimeError(text)

    def exception(self, name: str) -> type[Exception] | None:
        """Our own class for an exception class of the solution's, where the name means one over there."""
        with contextlib.suppress(KeyError):
            found = self.classes[name] if name in self.classes else self.get(name)
            return found if isinstance(found, type) and issubclass(found, Exception) else None
        return None

    def _with_values(self, error: Exception, values: Any) -> Exception:
        decoded = self.value(values, "") if type(values) is list else {}
        for name, value in decoded.items() if type(decoded) is dict else ():
            if type(name) is str and name.isidentifier() and not name.startswith("_"):
                setattr(error, name, value)
        return error


def _encoded(value: Any, known: dict[Any, Any]) -> Any:
    def refer(one: Any) -> list[Any]:
        of = proxies.reference(one)
        if type(of) is int:
            known[of] = one
        return [of]

    try:
        return wire.encode(value, refer)
    except wire.NotPlainError as error:
        raise CannotExamineError("sent") from error


def _say_again(reply: dict[str, Any]) -> None:
    """What the call wrote and warned of is written and warned of here; what it read from standard input is read."""
    for part, stream in (("printed", sys.stdout), ("complained", sys.stderr)):
        text = reply.get(part)
        if type(text) is str and text:
            stream.write(text)
    read = reply.get("read")
    if type(read) is int and type(sys.stdin) is io.StringIO:
        sys.stdin.seek(min(sys.stdin.tell() + max(read, 0), len(sys.stdin.getvalue())))
    warned = reply.get("warned")
    for one in warned[:MAX_WARNINGS] if type(warned) is list else []:
        if type(one) is list and len(one) == 2 and type(one[0]) is type(one[1]) is str:
            warnings.warn(one[1][:2000], WARNING_KINDS.get(one[0], UserWarning), stacklevel=4)


class _Files:
    """The files here that may go over there: those an author's call names. A name that the learner said first is not
    the author's: a function that is to return a table would return the name of the expected one."""

    def __init__(self) -> None:
        self._said: set[Path] = set()
        self._named: set[Path] = set()

    def hear(self, reply: dict[str, Any]) -> None:
        """Notes which of our files a reply mentions, in whatever part of it.

        A name with a dot is mentioned wherever it stands in a text by itself, or at the end of a path; one without is
        a word like others, and has to be all of it.
        """
        paths = [Path(folder, name) for folder, _, names in os.walk(".") for name in names]
        if not paths:
            return
        is_mentioned = re.compile("|".join({re.escape(path.name) for path in paths})).search
        for text in filter(is_mentioned, _texts(reply)):
            said = {path.resolve() for path in paths if "." in path.name and _mentions(text, path.name)}
            self._said |= said.union(_own_file(text.strip(" \t\r\n'\""))) - self._named

    def named_in(self, values: list[Any]) -> list[list[str]]:
        """[name, content] of each argument that names a file here: it goes where the learner's function will look."""
        paths = [path for value in values if isinstance(value, str | PurePath) for path in _own_file(str(value))]
        allowed = [path for path in paths if path not in self._said and path.stat().st_size <= MAX_FILE_BYTES]
        self._named.update(allowed)
        here = Path.cwd().resolve()
        return [[str(path.relative_to(here)), base64.b64encode(path.read_bytes()).decode("ascii")] for path in allowed]


def _mentions(text: str, name: str) -> bool:
    """Whether the name stands there, and not as a part of another file's."""
    return re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text) is not None


def _texts(reply: dict[str, Any]) -> set[str]:
    """All texts of a reply, those that came as bytes too."""
    texts: set[str] = set()
    pending: list[Any] = [reply]
    while pending:
        part = pending.pop()
        if type(part) is str:
            texts.add(part)
        elif type(part) is dict:
            pending += part.values()  # its keys are words of the protocol's, or nobody reads them
        elif type(part) is list:
            texts.update(item for item in part if type(item) is str)
            pending += [item for item in part if type(item) in (list, dict)]
            if len(part) == 2 and part[0] in ("b", "ba") and type(part[1]) is str:
                with contextlib.suppress(ValueError):
                    texts.add(base64.b64decode(part[1]).decode("utf-8", "replace"))
    return texts


def _own_file(name: str) -> Iterator[Path]:
    """The regular file in our working directory that has this name, if there is one."""
    if 0 < len(name) < MAX_PATH:
        with contextlib.suppress(OSError, ValueError):
            path = Path(name).resolve()
            if path.is_relative_to(Path.cwd().resolve()) and path.is_file():
                yield path


def _changes(changed: Any, count: int) -> list[tuple[int, Any]]:
    """(place, new value as data) of the arguments that a call has changed. Raises ``CannotExamineError``."""
    changes = []
    for change in changed if type(changed) is list else []:
        if type(change) is not list or len(change) != 2 or type(change[0]) is not int or not 0 <= change[0] < count:
            raise CannotExamineError("garbled")
        changes.append((change[0], change[1]))
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
