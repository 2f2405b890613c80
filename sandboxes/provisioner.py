"""A kernel provisioner for jupyter_client that starts kernels in a box (Jupyter Enhancement Proposal 61).

The kernel speaks the Jupyter protocol over Unix sockets in a folder of its own, and every byte of it comes through a
`Gate`. The kernel manager sees ordinary connection information.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from sandboxes.gate import Gate, is_socket
from sandboxes.isolation import START_SECONDS, Box
from sandboxes.limits import Limits
from sandboxes.results import Ending, SandboxUnavailable

# `--HistoryManager.enabled`: nobody reads the history of a kernel that lives for one run.
KERNEL_ARGV = ["python", "-m", "ipykernel_launcher", "-f", "/tools/connection.json", "--HistoryManager.enabled=False"]
CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
PORTS = dict(zip(CHANNELS, range(1, 6), strict=True))


class SandboxProvisioner(LocalProvisioner):
    """Starts one kernel in one box. `equip` says with what, before the kernel manager starts it."""

    box: Box | None = None
    gate: Gate | None = None

    def equip(self, *, files: Mapping[str, bytes], limits: Limits, python: Path, allowed_bytes: int) -> None:
        """Set the files of the working directory, the limits, the kernel environment's interpreter, and how many
        bytes the kernel may send in all. The error stream goes to memory, for staff (`error_text`)."""
        self._error_fd = os.memfd_create("kernel-errors")
        self.allowed_bytes = allowed_bytes
        self.box = Box(KERNEL_ARGV, files=files, limits=limits, python=python, stderr=self._error_fd, has_sockets=True)

    def started_box(self) -> Box:
        """Return the box. Raises `SandboxUnavailable` when `equip` was not called."""
        if self.box is None:
            raise SandboxUnavailable("the kernel was given no box")
        return self.box

    def opened_gate(self) -> Gate:
        """Return the gate. Raises `SandboxUnavailable` before the kernel was launched."""
        if self.gate is None:
            raise SandboxUnavailable("the kernel was not launched")
        return self.gate

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Reserve the box and write down where the kernel is to listen; nothing of our environment goes in."""
        box = self.started_box().__enter__()
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", str(box.private_dir / "k")
        for channel, port in PORTS.items():
            setattr(manager, f"{channel}_port", port)
        info = manager.get_connection_info()
        inside = info | {"ip": str(box.socket_dir / "k"), "key": info["key"].decode()}
        box.tools["connection.json"] = json.dumps(inside).encode()
        self.connection_info = info
        return kwargs | {"cmd": KERNEL_ARGV}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel, wait for its sockets and open the gate. Raises `SandboxUnavailable`."""
        box = self.started_box()
        box.start()
        await self._await_sockets(box)
        box.seal_sockets()
        ours, theirs = box.private_dir / "k", box.socket_dir / "k"
        self.gate = Gate(ours=ours, theirs=theirs, ports=PORTS.values(), allowed_bytes=self.allowed_bytes)
        return self.connection_info

    async def _await_sockets(self, box: Box) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not all(is_socket(box.socket_dir / f"k-{port}") for port in PORTS.values()):
            ending = box.poll()
            if ending is not None or time.monotonic() > deadline:
                why = f"{ending.status} {ending.detail}" if ending else "it took too long"
                raise SandboxUnavailable(f"the kernel did not start: {why}: {self.error_text()[-500:]}")
            await asyncio.sleep(0.005)

    def error_text(self) -> str:
        """Return the end of what the kernel's process wrote to its error stream: for staff only."""
        size = os.fstat(self._error_fd).st_size
        return os.pread(self._error_fd, 4000, max(0, size - 4000)).decode(errors="replace")

    @property
    def has_process(self) -> bool:
        return self.box is not None and self.box.pid is not None

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else an exit code."""
        return _code(self.started_box().poll())

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        while (code := await self.poll()) is None:
            await asyncio.sleep(0.02)
        return code

    async def send_signal(self, signum: int) -> None:
        """A signal cannot be sent into a box; interrupts go by message, everything stronger ends the box."""
        if signum != 0:
            await self.kill()

    async def kill(self, restart: bool = False) -> None:
        self.started_box().kill()

    async def terminate(self, restart: bool = False) -> None:
        await self.kill()

    async def cleanup(self, restart: bool = False) -> None:
        self.close()

    def close(self) -> None:
        """End the kernel and give everything back. Safe to call twice and at any stage."""
        if self.gate is not None:
            self.gate.close()
            self.gate = None
        if self.box is not None:
            self.box.close()
        if self._error_fd >= 0:
            os.close(self._error_fd)
            self._error_fd = -1

    _error_fd = -1
    allowed_bytes = 0


def _code(ending: Ending | None) -> int | None:
    if ending is None:
        return None
    return ending.exit_code if ending.exit_code is not None else -(ending.signal or 9)
