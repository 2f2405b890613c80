"""What a notebook's cells take by themselves: no kernel, no box, no grader. Run by the interpreter of `.venv-bench`.

``python -m bench.alone`` answers the bench. Cells run in IPython, in a process that has run them before, figures are
drawn by the inline backend: what is left of the price of a run when everything around the cells costs nothing.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from bench.conversation import answer_until_closed


class Cells:
    """Run in a shell that is kept from one run to the next, its names are not."""

    def __init__(self) -> None:
        self._shell = InteractiveShell.instance()

    def run(self, path: str) -> dict[str, Any]:
        """Run a notebook's code cells once, its folder the working directory; the answer has the seconds of CPU and
        how many outputs there were. Raises `RuntimeError` when a cell raises."""
        code = [
            "".join(cell["source"])
            for cell in json.loads(Path(path).read_bytes())["cells"]
            if cell["cell_type"] == "code"
        ]
        os.chdir(Path(path).parent)
        self._shell.reset(new_session=False)
        began, outputs = time.process_time(), 0
        for cell in code:
            with capture_output() as captured:
                result = self._shell.run_cell(cell)
            if not result.success:
                raise RuntimeError(f"{cell!r}: {result.error_in_exec or result.error_before_exec!r}")
            outputs += len(captured.outputs) + bool(captured.stdout)  # this shell prints what a cell returns
        return {"cpu": time.process_time() - began, "outputs": outputs}


def main() -> None:
    answer_until_closed({"ready": dict, "run": Cells().run})


if __name__ == "__main__":
    main()
