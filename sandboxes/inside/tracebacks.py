"""Tracebacks that are made without doing again what is known: half of a display run's time went there, when it failed.

What they say and how they look is untouched. Done before a process is forked, it holds for its children, and what was
looked up by then is known to each of them.
"""

import functools
import inspect
import os
import sys
from collections.abc import Sequence
from types import CodeType, FrameType, TracebackType
from typing import Any

import stack_data
from pygments.formatters.terminal256 import Terminal256Formatter
from stack_data.core import Source

# Files that belong to no module: those of cells, and those that compiled libraries name but do not bring.
_of_no_module: set[str] = set()


def take_shortcuts() -> None:
    """Take them all, in this process and those that are forked from it."""
    _leave_libraries_unparsed()
    _look_for_a_module_once()
    _mix_colours_once()


def know_cell(file: str) -> None:
    """Say that ``file`` is the name of a cell's code."""
    _of_no_module.add(file)


def _leave_libraries_unparsed() -> None:
    """Show a library's lines without marking in them what failed.

    To mark it, the library's whole file is parsed: for an error inside pandas that takes a hundred times as long as
    the cell did. `Source` is what tracebacks read files by, and nothing else does.
    """
    parse, prefixes = Source.__init__, tuple({sys.prefix, sys.base_prefix})

    def __init__(self: Any, filename: str, lines: Sequence[str]) -> None:
        is_library = filename.startswith(prefixes)
        parse(self, filename, [] if is_library else lines)
        if is_library:
            self.lines, self.text, self.tree = [line.rstrip("\r\n") for line in lines], "".join(lines), None

    Source.__init__ = __init__
    Source.code_qualname = lambda self, code: code.co_qualname  # else it is looked up in what was parsed


def _look_for_a_module_once() -> None:
    """Remember which files are of no module: `inspect` looks through all modules for one, some times a frame."""
    look = inspect.getmodule

    def getmodule(object: Any, _filename: str | None = None) -> Any:
        file = _file_of_code(object)
        if file in _of_no_module:
            return None
        module = look(object, _filename)
        if file is not None and module is None and not os.path.exists(file):  # noqa: PTH110 (raises for no name)
            _of_no_module.add(file)
        return module

    inspect.getmodule = getmodule


def _file_of_code(thing: Any) -> str | None:
    """The file that a traceback, a frame or code says it is of; None for anything else, which is not asked at all."""
    if isinstance(thing, TracebackType):
        thing = thing.tb_frame
    if isinstance(thing, FrameType):
        thing = thing.f_code
    return thing.co_filename if isinstance(thing, CodeType) else None


def _mix_colours_once() -> None:
    """Keep the colours that source is shown in: each traceback makes a class of them, and codes for a terminal."""
    stack_data.style_with_executing_node = functools.cache(stack_data.style_with_executing_node)
    set_up = Terminal256Formatter._setup_styles
    known: dict[Any, dict[str, Any]] = {}

    def _setup_styles(self: Any) -> None:
        key = (self.style, self.usebold, self.useunderline, self.useitalic)
        if key not in known:
            set_up(self)
            known[key] = dict(self.style_string)
        self.style_string = dict(known[key])

    Terminal256Formatter._setup_styles = _setup_styles
