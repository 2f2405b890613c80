"""The peers' processes: Jupyter as anybody installs it. Run by the interpreter of `.venv-bench`.

``python -m bench.stock NOTEBOOK`` runs a notebook with nbclient and leaves; ``python -m bench.stock`` answers the
bench: runs notebooks, starts kernels and keeps them.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from bench.conversation import answer_until_closed

READY_SECONDS = 120


class Kernels:
    """Kernels, started as nbclient and Jupyter start them by the name of their specification, and kept."""

    def __init__(self, name: str = "python3") -> None:
        self.name = name
        self.alive: list[tuple[KernelManager, BlockingKernelClient]] = []

    def start(self) -> dict[str, Any]:
        """Start a kernel and wait until it is ready; the answer says how long that took."""
        began = time.monotonic()
        manager = KernelManager(kernel_name=self.name)
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=READY_SECONDS)
        self.alive.append((manager, client))
        return {"seconds": time.monotonic() - began}

    def execute(self, code: str) -> dict[str, Any]:
        """Run code in the newest kernel."""
        _, client = self.alive[-1]
        reply = client.execute_interactive(code, timeout=READY_SECONDS)
        return {"status": reply["content"]["status"]}

    def stop(self) -> dict[str, Any]:
        """End all kernels."""
        for manager, client in self.alive:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
        stopped = len(self.alive)
        self.alive.clear()
        return {"stopped": stopped}


def run(path: str) -> dict[str, Any]:
    """Run a notebook with nbclient, its folder the working directory, and say what its cells printed."""
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(Path(path).parent)}}).execute()
    return {"outputs": sum(len(cell.get("outputs", ())) for cell in notebook.cells)}


def main() -> None:
    if sys.argv[1:]:
        print(run(sys.argv[1]))
        return
    kernels = Kernels()
    answer_until_closed(
        {"ready": dict, "run": run, "start": kernels.start, "execute": kernels.execute, "stop": kernels.stop}
    )


if __name__ == "__main__":
    main()
