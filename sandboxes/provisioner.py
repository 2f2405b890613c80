"""A kernel provisioner for jupyter_client that starts kernels in a box (Jupyter Enhancement Proposal 61).

Found by its entry point `sandbox-provisioner`, so that whatever starts kernels through jupyter_client (our runner,
nbclient, Jupyter Server) starts them in a box when the kernel specification names it (`kernelspecs`). The kernel
speaks the Jupyter protocol over Unix sockets inside its box, and every byte of it comes through a `Gate`. The kernel
manager sees ordinary connection information.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Dict, Unicode

from sandboxes import environments
from sandboxes.box import START_SECONDS, Box
from sandboxes.gate import Gate
from sandboxes.limits import Limits
from sandboxes.results import Ending, SandboxUnavailable

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
PORTS = dict(zip(CHANNELS, range(1, 6), strict=True))
INSIDE = "/tools/kernel"
# What a kernel that lives long may send in all; a run has a limit of its own.
ALLOWED_BYTES = 1 << 30


class SandboxProvisioner(LocalProvisioner):
    """Starts one kernel in one box.

    What it is to be started with comes from the kernel specification (``environment``, ``limits``), or from `equip`.
    """

    environment = Unicode("", config=True, help="name of a declared kernel environment")
    limits = Dict({}, config=True, help="limits that differ from those of the environment, by name")

    box: Box | None = None
    gate: Gate | None = None
    allowed_bytes = ALLOWED_BYTES
    _folder: Path | None = None
    _error_fd = -1

    def equip(
        self,
        *,
        files: Mapping[str, bytes],
        limits: Limits,
        python: Path,
        allowed_bytes: int = ALLOWED_BYTES,
        argv: Sequence[str] = environments.KERNEL_ARGV,
    ) -> None:
        """Set the files of the working directory, the limits, the kernel environment's interpreter, and how many
        bytes the kernel may send in all. The error stream goes to memory, for staff (`error_text`)."""
        self._error_fd = os.memfd_create("kernel-errors")
        self.allowed_bytes = allowed_bytes
        self.box = Box(
            [word.format(connection_file="/tools/connection.json") for word in argv],
            files=files,
            limits=limits,
            python=python,
            stderr=self._error_fd,
            sockets=[f"{INSIDE}-{port}" for port in PORTS.values()],
        )

    def _equip_as_declared(self) -> None:
        try:
            environment = environments.load()[self.environment]
            limits = environment.limits.with_(**self.limits)
        except (KeyError, ValueError) as error:
            raise SandboxUnavailable(f"the kernel environment {self.environment!r}: {error}") from error
        self.equip(files={}, limits=limits, python=environment.python, argv=environment.argv)

    def started_box(self) -> Box:
        """Return the box. Raises `SandboxUnavailable` before the kernel was launched."""
        if self.box is None:
            raise SandboxUnavailable("the kernel was given no box")
        return self.box

    def opened_gate(self) -> Gate:
        """Return the gate. Raises `SandboxUnavailable` before the kernel was launched."""
        if self.gate is None:
            raise SandboxUnavailable("the kernel was not launched")
        return self.gate

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Write down where the kernel is to listen; nothing of our environment goes in."""
        if self.box is None:
            self._equip_as_declared()
        box = self.started_box()
        self._folder = Path(tempfile.mkdtemp(prefix="kernel-"))
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", str(self._folder / "k")
        for channel, port in PORTS.items():
            setattr(manager, f"{channel}_port", port)
        info = manager.get_connection_info()
        inside = info | {"ip": INSIDE, "key": info["key"].decode()}
        box.tools["connection.json"] = json.dumps(inside).encode()
        self.connection_info = info
        return kwargs | {"cmd": box.argv}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel, wait for its sockets and open the gate. Raises `SandboxUnavailable`."""
        await asyncio.to_thread(self._launch)
        return self.connection_info

    def _launch(self) -> None:
        box = self.started_box()
        box.start()
        try:
            door, connections = box.connections(START_SECONDS)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(f"the kernel did not start: {error}: {self.error_text()[-500:]}") from error
        if self._folder is not None:
            self.gate = Gate(
                ours=self._folder / "k", door=door, connections=connections, allowed_bytes=self.allowed_bytes
            )

    def error_text(self) -> str:
        """Return the end of what the kernel's process wrote to its error stream: for staff only."""
        size = os.fstat(self._error_fd).st_size
        return os.pread(self._error_fd, 4000, max(0, size - 4000)).decode(errors="replace")

    @property
    def has_process(self) -> bool:
        return self.box is not None and self.box.pid is not None

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else an exit code."""
        return _code(self.started_box().poll()) if self.box is not None else 0

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
        if self.box is not None:
            self.box.kill()

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
            self.box = None
        if self._error_fd >= 0:
            os.close(self._error_fd)
            self._error_fd = -1
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _code(ending: Ending | None) -> int | None:
    if ending is None:
        return None
    return ending.exit_code if ending.exit_code is not None else -(ending.signal or 9)
