"""A kernel provisioner for jupyter_client that starts kernels in a box (Jupyter Enhancement Proposal 61).

Found by its entry point `sandbox-provisioner`, so that whatever starts kernels through jupyter_client (nbclient,
Jupyter Server) starts them in a box when the kernel specification names it (`kernelspecs`). The kernel
speaks the Jupyter protocol over Unix sockets inside its box, and every byte of it comes through a `Gate`. The kernel
manager sees ordinary connection information.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Dict, Int, Unicode

from sandboxes import environments
from sandboxes.box import START_SECONDS, Box
from sandboxes.gate import Gate
from sandboxes.limits import KernelLimits
from sandboxes.results import Ending, RunStatus, SandboxUnavailable

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
PORTS = dict(zip(CHANNELS, range(1, 6), strict=True))
INSIDE, CONNECTION_FILE = "/tools/kernel", "/tools/connection.json"
# What a kernel that lives long may send in all; a run has a limit of its own.
ALLOWED_BYTES = 256 << 20
POLL_SECONDS = 0.02


class SandboxProvisioner(KernelProvisionerBase):
    """Starts one kernel in one box; restarted, it is another kernel in another box at the same address.

    What it is to be started with comes from the kernel specification: ``environment``, ``limits``, ``allowed_bytes``.
    The working directory and the variables of whoever starts it stay outside. ``sandbox_files``, given to
    `start_kernel`, are files by name that the kernel finds in its folder, to be read. `unasked_ending` is how it, or
    one before it at the same address, ended without being told to.
    """

    environment = Unicode("", config=True, help="name of a declared kernel environment")
    limits = Dict({}, config=True, help="limits that differ from those of the environment, by name")
    allowed_bytes = Int(ALLOWED_BYTES, config=True, help="how much the kernel may send in all")

    box: Box | None = None
    gate: Gate | None = None
    unasked_ending: Ending | None = None
    _equipment: Mapping[str, Any] = MappingProxyType({})
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _error_fd = -1
    _is_end_known = False

    def _equip(self) -> Mapping[str, Any]:
        """Return what the box is made of, by the declaration. Raises `SandboxUnavailable` where that is wrong."""
        try:
            environment = environments.load()[self.environment]
            limits = KernelLimits.from_dict(environment.limits.as_dict() | self.limits)
        except KeyError:
            raise SandboxUnavailable(f"no kernel environment {self.environment!r} is declared") from None
        except ValueError as error:
            raise SandboxUnavailable(f"the kernel environment {self.environment!r}: {error}") from error
        return {
            "argv": [word.replace("{connection_file}", CONNECTION_FILE) for word in environment.argv],
            "limits": limits,
            "python": environment.python,
            "read_only": [str(path) for path in environment.read_only],
        }

    def error_text(self) -> str:
        """Return the end of what the kernel's process wrote to its error stream: for staff only."""
        size = os.fstat(self._error_fd).st_size
        return os.pread(self._error_fd, 4000, max(0, size - 4000)).decode(errors="replace")

    # ── What a kernel manager asks for ──

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Write down where the kernel is to listen; nothing of our environment goes in."""
        self._equipment = self._equipment or self._equip()
        # Kept over a restart: those who are connected find the next kernel where the last one was.
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", str(Path(self._folder.name, "k"))
        for channel, port in PORTS.items():
            setattr(manager, f"{channel}_port", port)
        info = manager.get_connection_info()
        inside = info | {"ip": INSIDE, "key": info["key"].decode()}
        self.connection_info = info
        self._error_fd = os.memfd_create("kernel-errors")
        self.box = Box(
            **self._equipment,
            files=kwargs.pop("sandbox_files", None),
            has_fixed_files=True,
            tools={"connection.json": json.dumps(inside).encode()},
            stderr=self._error_fd,
            sockets=[f"{INSIDE}-{port}" for port in PORTS.values()],
        )
        self.box.argv += kwargs.pop("extra_arguments", [])
        self._is_end_known = False
        return kwargs | {"cmd": self.box.argv}

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel, wait for its sockets and open the gate. Raises `SandboxUnavailable`."""
        try:
            await asyncio.to_thread(self._launch)
        except BaseException:
            self.close()  # a manager does not clean up after a kernel that never was
            raise
        return self.connection_info

    def _launch(self) -> None:
        box = self.box
        if box is None:
            raise SandboxUnavailable("the kernel was given no box")
        box.start()
        try:
            door, connections = box.connections(START_SECONDS)
        except SandboxUnavailable as error:
            raise SandboxUnavailable(f"the kernel did not start: {error}: {self.error_text()[-500:]}") from error
        ours = Path(self.connection_info["ip"])
        self.gate = Gate(ours=ours, door=door, connections=connections, allowed_bytes=self.allowed_bytes)

    @property
    def has_process(self) -> bool:
        """Is there a kernel, running or not yet cleaned up after?"""
        return self.box is not None and self.box.pid is not None

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else an exit code. One that has sent too much is ended here."""
        if self.box is None:
            return 0
        if self.gate is None:
            return None  # it is being started: what its box says now is for the thread that starts it
        if self.gate.has_overflowed:
            detail = f"it has sent more than {self.allowed_bytes} bytes"
            self._tell_end(Ending(RunStatus.TOO_MUCH_OUTPUT, detail=detail))
            self.box.kill()
        ending = self.box.poll()
        if ending is not None:
            self._tell_end(ending)
        return _code(ending)

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        while (code := await self.poll()) is None:
            await asyncio.sleep(POLL_SECONDS)
        return code

    async def send_signal(self, signum: int) -> None:
        """A signal cannot be sent into a box; interrupts go by message, everything stronger ends the box."""
        if signum not in (0, signal.SIGINT):
            await self.kill()

    async def kill(self, restart: bool = False) -> None:
        """End the kernel, and everything else in its box."""
        self._is_end_known = True
        if self.box is not None:
            self.box.kill()

    async def terminate(self, restart: bool = False) -> None:
        """End the kernel, and everything else in its box."""
        await self.kill()

    async def cleanup(self, restart: bool = False) -> None:
        """Give back what the kernel held; for a restart its address is kept."""
        self._clean_up()
        if not restart:
            self.close()

    def close(self) -> None:
        """End the kernel and give everything back. Safe to call twice and at any stage."""
        self._clean_up()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        if self.parent is not None:
            self.parent.cleanup_connection_file()

    def _clean_up(self) -> None:
        if self.gate is not None:
            self.gate.close()
            self.gate = None
        if self.box is not None:
            self.box.close()
            self.box = None
        if self._error_fd >= 0:
            os.close(self._error_fd)
            self._error_fd = -1

    def _tell_end(self, ending: Ending) -> None:
        """Keep why it has ended unasked, and say it once in the log of whoever started the kernel."""
        if self._is_end_known:
            return
        self._is_end_known = True
        self.unasked_ending = ending
        if ending.status is not RunStatus.COMPLETED:
            self.log.warning("kernel %s has ended: %s, %s", self.kernel_id, ending.status, ending.detail)


def _code(ending: Ending | None) -> int | None:
    if ending is None:
        return None
    return ending.exit_code if ending.exit_code is not None else -(ending.signal or 9)
