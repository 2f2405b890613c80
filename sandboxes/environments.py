"""The kernel environments of this machine: in which interpreter notebooks run, and what is loaded before they do.

Declared in a TOML file, one table each; `environments.toml` beside this module is the default:

    [environments.python]
    display_name = "Python 3"
    python = ".venv-kernel/bin/python"   # relative to the file's folder, or absolute
    preload = ["numpy", "pandas"]        # a zygote is kept with these imported; without it kernels start cold
    warm_up = "import numpy"             # run once in a throwaway kernel: what it imports is preloaded too
    tools = ["inside"]                   # programs sent into boxes: compiled once, in the zygote
    argv = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    limits = { memory_bytes = 1073741824 }
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Environment:
    """One declared kernel environment; see the module's text for the fields."""

    name: str
    python: Path
    display_name: str = ""
    language: str = "python"
    argv: tuple[str, ...] = KERNEL_ARGV
    preload: tuple[str, ...] = ()
    warm_up: str = ""
    tools: tuple[Path, ...] = ()
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
        return {name: _environment(name, table, file.resolve().parent) for name, table in tables.items()}
    except (TypeError, ValueError) as error:
        raise ValueError(f"{file}: {error}") from error


def _environment(name: str, table: Any, folder: Path) -> Environment:
    if not isinstance(table, dict) or not isinstance(table.get("python"), str):
        raise ValueError(f"environment {name!r} needs the path of its interpreter: python = …")
    given: dict[str, Any] = dict(table)
    given["python"] = _path(folder, given["python"])
    for words in ("argv", "preload"):
        if words in given:
            given[words] = _words(name, words, given[words])
    if "tools" in given:
        given["tools"] = tuple(_path(folder, path) for path in _words(name, "tools", given["tools"]))
    if "limits" in given:
        if not isinstance(given["limits"], Mapping):
            raise ValueError(f"environment {name!r}: limits must be a table")
        given["limits"] = Limits.from_dict(given["limits"])
    known = set(Environment.__dataclass_fields__) - {"name"}
    if unknown := set(given) - known:
        raise ValueError(f"environment {name!r} has unknown fields: {', '.join(sorted(unknown))}")
    for text in ("display_name", "language", "warm_up"):
        if not isinstance(given.get(text, ""), str):
            raise ValueError(f"environment {name!r}: {text} must be text")
    return Environment(name=name, **({"display_name": name} | given))


def _words(name: str, field_name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError(f"environment {name!r}: {field_name} must be a list of words")
    return tuple(value)


def _path(folder: Path, text: str) -> Path:
    # Its links are kept: a virtual environment is known by the place of its link.
    return Path(os.path.normpath(folder / text))
