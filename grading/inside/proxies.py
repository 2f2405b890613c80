"""What stands here for things of the learner's that are no data: functions, classes, objects, iterators, coroutines.

A proxy answers in nothing by itself: it asks, and what comes back is data. It decides no comparison: two objects of
the learner's cannot be compared here, nor hashed, ordered or copied, since the learner's code would be what answers.
Which things are objects, and which special methods they have, the author's notebook says (``objects``).
"""

import builtins
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING or __package__:
    from grading.inside.faults import CannotExamineError
    from sandboxes.inside import wire
else:  # a program inside a sandbox, beside its companions
    import wire
    from faults import CannotExamineError


def picture(_description: Any, _number: Any) -> Any:
    """A figure where the author's notebook draws none; where it does, ``pictures.picture`` is put in place of this."""
    raise CannotExamineError("kind")


MAX_ITEMS = 1_000_000  # of one iterator: more is no answer but a way to use up time and memory

# Special method: operation over there. Comparisons are left out on purpose.
_UNARY = {
    f"__{name}__": name
    for name in ("neg", "pos", "abs", "invert", "int", "float", "complex", "round", "len", "bool", "reversed", "next")
}
_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")


# --- Functions -------------------------------------------------------------------------------------------------------


def function(learner: Any, of: int, name: str) -> Callable[..., Any]:
    """A function that is called over there."""

    def proxy(*args: Any, **kwargs: Any) -> Any:
        return learner.call(of, name, args, kwargs)

    proxy.__name__ = proxy.__qualname__ = name
    proxy.learner_handle = of  # type: ignore[attr-defined]
    return proxy


def tell(proxy: Any, about: Any) -> None:
    """Gives a function the name, text and parameters it has over there; they are data."""
    if type(about) is not dict or not hasattr(proxy, "learner_handle"):
        return
    if type(about.get("doc")) is str:
        proxy.__doc__ = about["doc"][:100_000]
    if type(about.get("name")) is str:
        proxy.__name__ = about["name"][:200]
    parameters = about.get("parameters")
    if type(parameters) is list:
        proxy.__signature__ = _signature(parameters[:100])


def _signature(parameters: list[Any]) -> Any:
    import inspect  # noqa: PLC0415 - only where a check asks

    made = []
    try:
        for name, kind, default in parameters:
            value = wire.decode(default[0]) if default else inspect.Parameter.empty
            made.append(inspect.Parameter(name, inspect._ParameterKind(kind), default=value))
        return inspect.Signature(made)
    except (wire.WireError, ValueError, TypeError) as error:
        raise CannotExamineError("garbled") from error


# --- Objects and their classes ---------------------------------------------------------------------------------------


class LearnerType(type):
    """The class of all stand-ins for classes of the learner's: calling one makes an object over there."""

    _learner: Any

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls._learner.call(cls.__name__, cls.__name__, args, kwargs)

    def __getattr__(cls, name: str) -> Any:
        if _is_special(name):
            raise AttributeError(name)
        return cls._learner.operate("getattr", cls, name, name=name)

    def __setattr__(cls, name: str, value: Any) -> None:
        cls._learner.operate("setattr", cls, name, value)

    def __iter__(cls) -> Iterator[Any]:
        return cls._learner.operate("iter", cls, name=cls.__name__)

    def __len__(cls) -> int:
        return cls._learner.operate("len", cls)

    def __getitem__(cls, key: Any) -> Any:
        return cls._learner.operate("getitem", cls, key, name=cls.__name__)

    def __bool__(cls) -> bool:
        return True

    def __dir__(cls) -> list[str]:
        return _texts(cls._learner.operate("dir", cls))

    def __instancecheck__(cls, one: Any) -> bool:
        return isinstance(type(one), LearnerType) and _truth(cls._learner.operate("isinstance", one, cls))

    def __subclasscheck__(cls, one: Any) -> bool:
        return isinstance(one, LearnerType) and _truth(cls._learner.operate("issubclass", one, cls))

    @property
    def __doc__(cls) -> Any:  # type: ignore[override]
        return cls._learner.operate("getattr", cls, "__doc__")


def _refuse(self: Any, *_: Any) -> NoReturn:
    raise CannotExamineError("compared")


def _equal(self: Any, other: Any) -> bool:
    if other is None:
        return False  # what it is: an object
    raise CannotExamineError("compared")


def _get(self: Any, name: str) -> Any:
    if _is_special(name):
        raise AttributeError(name)
    return _learner(self).operate("getattr", self, name, name=name)


def _set(self: Any, name: str, value: Any) -> None:
    _learner(self).operate("setattr", self, name, value)


def _delete(self: Any, name: str) -> None:
    _learner(self).operate("delattr", self, name)


def _learner(one: Any) -> Any:
    return type.__getattribute__(type(one), "_learner")


_ALWAYS: dict[str, Any] = {
    "__slots__": ("_handle",),
    "__eq__": _equal,
    "__ne__": lambda self, other: not _equal(self, other),
    **dict.fromkeys(["__lt__", "__le__", "__gt__", "__ge__", "__hash__"], _refuse),
    **dict.fromkeys(["__copy__", "__deepcopy__", "__reduce_ex__", "__reduce__"], _refuse),
    "__getattr__": _get,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__dict__": property(lambda self: _learner(self).operate("vars", self)),
    "__doc__": property(lambda self: _learner(self).operate("getattr", self, "__doc__")),
    "__dir__": lambda self: _texts(_learner(self).operate("dir", self)),
    "__str__": lambda self: _learner(self).operate("str", self),
    "__repr__": lambda self: _learner(self).operate("repr", self),
    "__format__": lambda self, spec: _learner(self).operate("format", self, spec),
}


def _special(operation: str, name: str) -> Callable[..., Any]:
    def ask(self: Any, *args: Any) -> Any:
        return _learner(self).operate(operation, self, *args, name=name)

    return ask


def _swapped(operation: str, name: str) -> Callable[..., Any]:
    def ask(self: Any, other: Any) -> Any:
        return _learner(self).operate(operation, other, self, name=name)

    return ask


def _next(self: Any) -> Any:
    return _taken(_learner(self).operate("next", self, name="__next__"))


def _leave(self: Any, *about: Any) -> Any:
    if about[0] is not None:
        raise CannotExamineError("sent")  # an error of ours is not theirs to see
    return _learner(self).operate("exit", self)


_SPECIAL: dict[str, Callable[..., Any]] = {
    **{name: _special(operation, name) for name, operation in _UNARY.items()},
    **{f"__{name}__": _special(name, f"__{name}__") for name in ("iter", "getitem", "setitem", "delitem")},
    **{f"__{name}__": _special(name, f"__{name}__") for name in _BINARY},
    **{f"__r{name}__": _swapped(name, f"__r{name}__") for name in _BINARY},
    **{f"__i{name}__": _special(f"i{name}", f"__i{name}__") for name in _BINARY},
    "__contains__": lambda self, item: _truth(_learner(self).operate("contains", self, item)),
    "__call__": lambda self, *args, **kwargs: _learner(self).call(
        object.__getattribute__(self, "_handle"), "__call__", args, kwargs
    ),
    "__enter__": _special("enter", "__enter__"),
    "__exit__": _leave,
    "__next__": _next,
}


def _class(learner: Any, name: str) -> Any:
    if name not in learner.classes:
        specials = learner.objects.shapes[name].specials
        parts = {special: ask for special, ask in _SPECIAL.items() if special in specials}
        made = type.__new__(LearnerType, name, (), {**_ALWAYS, **parts, "__module__": "__main__"})
        type.__setattr__(made, "_learner", learner)
        learner.classes[name] = made
    return learner.classes[name]


def _object(learner: Any, of: int, name: str) -> Any:
    kind: Any = _class(learner, name)
    if type(kind) is not LearnerType:
        raise CannotExamineError("kind")  # an exception that was not raised
    made: Any = object.__new__(kind)  # type: ignore[arg-type]
    object.__setattr__(made, "_handle", of)
    return made


def _exception(learner: Any, name: str, names: list[str]) -> Any:
    """A class of our own, of the kind that the learner's class is by its own word."""
    if name not in learner.classes:
        for base in names[names.index(name) + 1 :]:
            kind = learner.exception(base) if base in learner.objects.shapes else learner.error_kinds.get(base)
            if kind is not None:
                learner.classes[name] = type(name, (kind,), {"__module__": "__main__"})
                break
        else:
            raise CannotExamineError("kind")
    return learner.classes[name]


# --- What runs on ----------------------------------------------------------------------------------------------------


class LearnerIterator:
    """An iterator over there: each item is asked for when it is wanted. Once at its end it stays there."""

    def __init__(self, learner: Any, of: int, name: str) -> None:
        self._learner, self._of, self._name = learner, of, name
        self._left = MAX_ITEMS

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        if not self._left:
            raise StopIteration
        try:
            item = _taken(self._learner.operate("next" if value is None else "send", self, value, name=self._name))
        except BaseException:
            self._left = 0
            raise
        self._left -= 1
        if not self._left:
            raise CannotExamineError("too_big")
        return item

    def close(self) -> None:
        self._left = 0
        self._learner.operate("close", self)


def _taken(answer: Any) -> Any:
    """The item in the answer to "next": an empty tuple is the end."""
    if type(answer) is not tuple or len(answer) > 1:
        raise CannotExamineError("garbled")
    if not answer:
        raise StopIteration
    return answer[0]


class LearnerCoroutine(Coroutine[Any, Any, Any]):
    """A coroutine over there, run over there when it is awaited here."""

    def __init__(self, learner: Any, of: int, name: str) -> None:
        self._learner, self._of, self._name = learner, of, name

    def __await__(self) -> Any:
        return self._learner.operate("await", self, name=self._name)
        yield

    def send(self, value: Any) -> NoReturn:
        raise StopIteration(self._learner.operate("await", self, name=self._name))

    def throw(self, *error: Any) -> NoReturn:
        raise error[0]

    def close(self) -> None:
        """Nothing runs here that could be ended."""


# --- Out and in ------------------------------------------------------------------------------------------------------


def reference(one: Any) -> Any:
    """What stands for a proxy, or for a built-in function or class, in a message. Raises ``CannotExamineError``."""
    kind = type(one)
    if isinstance(kind, LearnerType):
        return object.__getattribute__(one, "_handle")
    if kind is LearnerType:
        return one.__name__
    if kind is LearnerIterator or kind is LearnerCoroutine:
        return one._of
    if hasattr(one, "learner_handle"):
        return one.learner_handle
    name = getattr(one, "__name__", None)
    if type(name) is str and getattr(builtins, name, None) is one:
        return ["builtin", name]
    raise CannotExamineError("sent")


def received(learner: Any, rest: list[Any], name: str, in_array: bool) -> Any:
    """What a reference in an answer becomes here; ``name`` is what gave it. Raises ``CannotExamineError``.

    Either ["figure", description, number of the axes or None] or [handle, what it can do, names of its classes].
    """
    if len(rest) == 3 and rest[0] == "figure":
        return picture(rest[1], rest[2])
    if in_array or len(rest) != 3 or type(rest[0]) is not int or type(rest[1]) is not str or type(rest[2]) is not list:
        raise CannotExamineError("garbled" if len(rest) != 3 else "kind")
    of, abilities, names = rest
    own = [one for one in names if type(one) is str and one in learner.objects.shapes]
    if "c" in abilities and own[:1] == [name]:
        return _exception(learner, name, names) if "e" in abilities else _class(learner, name)
    if "c" not in abilities and own and name in learner.objects.givers | {own[0]}:
        return _object(learner, of, own[0])
    if "f" in abilities:
        return function(learner, of, name)
    if "i" in abilities:
        return LearnerIterator(learner, of, name)
    if "a" in abilities:
        return LearnerCoroutine(learner, of, name)
    raise CannotExamineError("object" if names else "kind")


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _truth(answer: Any) -> bool:
    if type(answer) is not bool:
        raise CannotExamineError("garbled")
    return answer


def _texts(answer: Any) -> list[str]:
    return [one for one in answer if type(one) is str] if type(answer) is list else []
