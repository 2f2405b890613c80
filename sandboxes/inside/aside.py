"""How a program gives way to the cells that it runs: whatever they import is what they would find without us."""

import sys
from pathlib import Path


def step(folder: Path) -> None:
    """Take ``folder``, where the program and its companions lie, off the path, and the names of these off the modules.

    A notebook's own ``figures.py`` is then found, here as in a kernel; the programs go on with what they have imported,
    and import no more of their own.
    """
    sys.path[:] = ["", *(path for path in sys.path if path != str(folder))]
    for path in folder.glob("*.py"):
        sys.modules.pop(path.stem, None)
