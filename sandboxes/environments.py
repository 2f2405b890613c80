"""The kernel environments of this machine: in which interpreter notebooks run, and what is loaded before they do.

Declared in a TOML file, one table each; `environments.toml` beside this module is the default, docs/environments.md
tells more. Paths are relative to the file's folder, or absolute:

    [environments.python]
    display_name = "Python 3"
    python = ".venv-kernel/bin/python"   # its interpreter, which no other environment has
    preload = ["numpy", "pandas"]        # a zygote is kept with these imported; without it kernels start cold
    warm_up = "import numpy"             # run once in a throwaway kernel: what it imports is preloaded too
    tools = ["inside"]                   # programs sent into boxes: compiled once, in the zygote
    prepare = ["cells"]                  # of these, what programs begin with: imported once, its `prepare()` called
    argv = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    limits = { memory_bytes = 1073741824 }

    [environments.r]
    language = "R"
    argv = ["/usr/bin/R", "--slave", "-e", "IRkernel::main()", "--args", "{connection_file}"]
    read_only = ["/etc/R"]               # shown in its boxes beside what every box sees
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandboxes.limits import Limits

DEFAULT_FILE = Path(__file__).resolve().parent / "environments.toml"
# `HistoryManager.enabled`: nobody reads the history of a kernel that lives for one run.
KERNEL_ARGV = (
    *("python", "-m", "ipykernel_launcher", "-f", "{connection_file}"),
    "--HistoryManager.enabled=False",
)
# A name becomes part of that of a kernel specification, which is a folder's.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Environment:
    """One declared kernel environment; see the module's text for the fields.

    ``python`` is the interpreter, whatever its language: the program that ``argv`` begins with unless that is "python".
    """

    name: str
    python: Path
    display_name: str = ""
    language: str = "python"
    argv: tuple[str, ...] = KERNEL_ARGV
    preload: tuple[str, ...] = ()
    warm_up: str = ""
    tools: tuple[Path, ...] = ()
    prepare: tuple[str, ...] = ()
    read_only: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @property
    def has_zygote(self) -> bool:
        """Are its Python programs forked from a parent that has the libraries loaded?"""
        return bool(self.preload)


def file_in_use() -> Path:
    """Return the declared file: `SANDBOXES_ENVIRONMENTS`, or the default."""
    return Path(os.environ.get("SANDBOXES_ENVIRONMENTS", DEFAULT_FILE))


def load(file: Path | None = None) -> dict[str, Environment]:
    """Read the environments by name. Raises `ValueError` with a sentence naming the file and what is wrong in it."""
    file = file or file_in_use()
    try:
        with file.open("rb") as stream:
            declared = tomllib.load(stream)
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not TOML: {error}") from error
    tables = declared.get("environments")
    if not isinstance(tables, dict) or not tables or set(declared) != {"environments"}:
        raise ValueError(f"{file} must hold tables [environments.NAME] and nothing else")
    try:
        environments = {name: _environment(name, table, file.resolve().parent) for name, table in tables.items()}
        _require_own_interpreters(environments.values())
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error
    return environments


def _environment(name: str, table: Any, folder: Path) -> Environment:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an environment: small letters, digits, - and _")
    if not isinstance(table, dict):
        raise ValueError(f"environment {name!r} must be a table")
    given: dict[str, Any] = {"display_name": name} | table
    for text in ("display_name", "language", "warm_up"):
        if not isinstance(given.get(text, ""), str):
            raise ValueError(f"environment {name!r}: {text} must be text")
    for words in ("argv", "preload", "prepare"):
        if words in given:
            given[words] = _words(name, words, given[words])
    for paths in ("tools", "read_only"):
        if paths in given:
            given[paths] = tuple(_path(folder, path) for path in _words(name, paths, given[paths]))
    if "limits" in given:
        if not isinstance(given["limits"], Mapping):
            raise ValueError(f"environment {name!r}: limits must be a table")
        given["limits"] = Limits.from_dict(given["limits"])
    _require_tools(name, given)
    given |= _program(name, given, folder)
    known = set(Environment.__dataclass_fields__) - {"name"}
    if unknown := set(given) - known:
        raise ValueError(f"environment {name!r} has unknown fields: {', '.join(sorted(unknown))}")
    return Environment(name=name, **given)


def _require_tools(name: str, given: Mapping[str, Any]) -> None:
    tools = {file.stem for path in given.get("tools", ()) for file in python_files(path)}
    for tool in given.get("prepare", ()):
        if tool not in tools:
            raise ValueError(f"environment {name!r}: {tool!r}, which is to be prepared, is not among its tools")


def python_files(path: Path) -> list[Path]:
    """Return a program, or those of a folder."""
    return sorted(path.glob("*.py")) if path.is_dir() else [path]


def _program(name: str, given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return what starts a kernel: ``python``, the interpreter, and ``argv``, in which "python" stands for it."""
    program, *words = given.get("argv", KERNEL_ARGV) or [""]
    if not any("{connection_file}" in word for word in words):
        raise ValueError(f"environment {name!r}: argv must hand the kernel its {{connection_file}}")
    if program != "python":
        if "/" not in program:
            raise ValueError(f'environment {name!r}: argv must begin with "python" or with the path of a program')
        if given.get("preload"):
            raise ValueError(f"environment {name!r}: only Python programs can be preloaded")
        program = str(_path(folder, program))
    interpreter = given.get("python", None if program == "python" else program)
    if not isinstance(interpreter, str):
        raise ValueError(f"environment {name!r} needs the path of its interpreter: python = …")
    return {"python": _path(folder, interpreter), "argv": (program, *words)}


def _require_own_interpreters(environments: Iterable[Environment]) -> None:
    """Raise `ValueError` where two share one: it is how the service knows an environment."""
    seen: dict[Path, str] = {}
    for environment in environments:
        other = seen.setdefault(environment.python, environment.name)
        if other != environment.name:
            raise ValueError(f"environments {other!r} and {environment.name!r} have the same interpreter")


def _words(name: str, field_name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError(f"environment {name!r}: {field_name} must be a list of words")
    return tuple(value)


def _path(folder: Path, text: str) -> Path:
    # Its links are kept: a virtual environment is known by the place of its link.
    return Path(os.path.normpath(folder / text))
