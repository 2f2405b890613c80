"""`python -m sandboxes NOTEBOOK.ipynb`: run a notebook in a sandbox and print how it ended and what it used.

Exit codes: 0 the run completed, 1 it ended otherwise, 2 the command or the notebook was wrong, 3 no sandbox could be
built here. `python -m sandboxes --check` only builds a sandbox and says whether that worked; `python -m sandboxes
serve` keeps kernels warm for all who run notebooks on this machine (`service`); `python -m sandboxes kernelspecs` lets
Jupyter start its kernels in sandboxes (`kernelspecs`); `python -m sandboxes workbench` shows notebooks in the browser
(`workbench`).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat

from sandboxes import kernelspecs, service
from sandboxes.box import check
from sandboxes.limits import Limits
from sandboxes.messages import sentence
from sandboxes.python_errors import explain
from sandboxes.results import RunResult, RunStatus, SandboxUnavailable
from sandboxes.runner import run_notebook

# nbformat has no types.
read_notebook: Any = nbformat.reads
write_notebook: Any = nbformat.write

OK, RUN_FAILED, USAGE_ERROR, NO_SANDBOX = 0, 1, 2, 3
NOTEBOOK_BYTES = 5 << 20


class _Refused(Exception):
    """What was asked cannot be done; the text says why in one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code. Problems are one readable line on the error stream."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["serve"]:
        return service.main(arguments[1:])
    if arguments[:1] == ["workbench"]:
        from sandboxes.workbench import server  # noqa: PLC0415 - a web server, which no other command needs

        return server.main(arguments[1:])
    if arguments[:1] == ["kernelspecs"]:
        return kernelspecs.main(arguments[1:])
    options = _parser().parse_args(arguments)
    try:
        if options.check:
            check(options.python)
            print("A sandbox was built and worked.")
            return OK
        if options.notebook is None:
            raise _Refused("name a notebook to run, or give --check")
        return _run(options)
    except (_Refused, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE_ERROR
    except SandboxUnavailable as error:
        print(f"no sandbox: {error}", file=sys.stderr)
        return NO_SANDBOX


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandboxes", description="Run a notebook in a sandbox.")
    parser.add_argument("notebook", nargs="?", type=Path, help="the notebook (.ipynb) to run")
    parser.add_argument("--check", action="store_true", help="only see whether a sandbox can be built here")
    parser.add_argument("--limits", default="", help='for example "wall_seconds=20,memory_bytes=500000000"')
    parser.add_argument("--file", action="append", default=[], type=Path, help="copied into the working directory")
    parser.add_argument("--output", type=Path, help="where to write the notebook as it ran")
    parser.add_argument("--stop-on-error", action="store_true", help="do not run the cells after a failed one")
    parser.add_argument("--language", choices=("th", "en"), default="en", help="language of the sentence")
    parser.add_argument("--json", action="store_true", help="print status and usage as JSON")
    parser.add_argument(
        "--python",
        type=Path,
        default=Path(
            os.environ.get("KERNEL_PYTHON", Path(__file__).resolve().parent.parent / ".venv-kernel" / "bin" / "python")
        ),
        help="interpreter of the kernel environment (default: $KERNEL_PYTHON, else .venv-kernel here)",
    )
    return parser


def _run(options: argparse.Namespace) -> int:
    limits = Limits.parse(options.limits)
    files = {path.name: _read(path) for path in options.file}
    notebook = _read_notebook(options.notebook)
    with service.place(limits.memory_bytes):
        result = run_notebook(
            notebook, files=files, limits=limits, python=options.python, stop_on_error=options.stop_on_error
        )
    if options.output:
        try:
            write_notebook(result.notebook, options.output)
        except OSError as error:
            raise _Refused(f"{options.output} cannot be written: {error.strerror}") from error
    _print(result, options)
    return OK if result.status is RunStatus.COMPLETED else RUN_FAILED


def _print(result: RunResult, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps({"status": result.status, "usage": result.usage.as_dict(), "detail": result.detail}))
        return
    usage = result.usage
    print(f"{result.status}: {sentence(result.status, options.language)}")
    print(
        f"wall {usage.wall_seconds:.2f} s, CPU {usage.cpu_seconds:.2f} s, "
        f"memory {usage.max_memory_bytes / 2**20:.0f} MiB, output {usage.output_bytes} bytes"
    )
    for cell in result.notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                print(f"cell {cell.execution_count}: {_printable(output.ename)}: {_printable(output.evalue)}")
                print(f"  {explain(output, options.language, cell.execution_count)}")


def _printable(text: str) -> str:
    """Return text that does nothing to a terminal: an error's text is the notebook's."""
    return "".join(character if character.isprintable() else " " for character in text)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Refused(f"{path} cannot be read: {error.strerror}") from error


def _read_notebook(path: Path) -> nbformat.NotebookNode:
    data = _read(path)
    if len(data) > NOTEBOOK_BYTES:
        raise _Refused(f"{path} is larger than {NOTEBOOK_BYTES} bytes")
    try:
        notebook = read_notebook(data.decode(), as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        # nbformat lets many kinds of error out for a file that is not a notebook; to the reader they are one.
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise _Refused(f"{path} is not a notebook: {reason}") from error
    return notebook


if __name__ == "__main__":
    sys.exit(main())
