"""Who has a kernel, how many there may be at once, and who waits for one.

A kernel belongs to one document and so to one person. It starts in a box like a graded one, with limits of its own
and with the document's files, which it cannot change.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from jupyter_server.services.sessions.sessionmanager import SessionManager
from tornado import web
from traitlets import Dict, Int

from sandboxes import environments, kernelspecs
from sandboxes.messages import WORKBENCH
from sandboxes.results import SandboxUnavailable
from sandboxes.workbench import pages
from sandboxes.workbench.identity import Person, current, current_handler
from sandboxes.workbench.site import NotKnown, Refused, SiteUnreachable

KERNEL = "sandbox-python"
# A person who has not asked again for this long has given up the place in the queue.
PATIENCE_SECONDS = 30.0
# Kept for the page, which asks after its kernel has ended; the oldest are forgotten first.
MAX_ENDINGS = 1000
BUFFERED_BYTES = 4 << 20


class BoxedKernels(KernelSpecManager):
    """The declared environments, and no kernel that would start without a box."""

    limits = Dict({}, config=True, help="limits of kernels here that differ from those of the environment, by name")
    allowed_bytes = Int(128 << 20, config=True, help="how much a kernel may send in its life")

    def find_kernel_specs(self) -> dict[str, str]:
        """Return the names; there are no folders."""
        return {kernelspecs.kernel_name(environment): "" for environment in environments.load().values()}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return what starts a kernel in a box. Raises `NoSuchKernel`."""
        for environment in environments.load().values():
            if kernelspecs.kernel_name(environment) == kernel_name:
                said = kernelspecs.specification(environment)
                said["metadata"]["kernel_provisioner"]["config"] |= {
                    "limits": self.limits,
                    "allowed_bytes": self.allowed_bytes,
                }
                return KernelSpec(resource_dir="", **said)
        raise NoSuchKernel(kernel_name)

    def get_all_specs(self) -> dict[str, Any]:
        """Return what the notebook shows: names, nothing of how they start."""
        shown = ("display_name", "language")
        return {
            name: {
                "resource_dir": "",
                "spec": {key: value for key, value in self.get_kernel_spec(name).to_dict().items() if key in shown}
                | {"argv": [], "env": {}, "interrupt_mode": "message", "metadata": {}},
            }
            for name in self.find_kernel_specs()
        }


@dataclass
class Room:
    """Places for kernels. Who finds none waits in a queue, first come, first served; None: as many as one likes."""

    places: int
    taken: Callable[[], int]
    waiting: dict[str, float] = field(default_factory=dict)  # by document: when it last asked
    coming: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def place_in_queue(self, document: str) -> int | None:
        """Return 1 for whoever is next, None for who does not wait."""
        self._forget()
        return list(self.waiting).index(document) + 1 if document in self.waiting else None

    async def enter(self, document: str, timeout: float) -> bool:
        """Wait for a place and take it: `leave` gives it back. False when none came free in ``timeout`` seconds."""
        until = time.monotonic() + timeout
        self.waiting.setdefault(document, 0.0)
        try:
            while True:
                self.waiting[document] = time.monotonic()
                self._forget()
                if next(iter(self.waiting)) == document and self.taken() + self.coming < self.places:
                    del self.waiting[document]
                    self.coming += 1
                    self.notice()
                    return True
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self.changed.clear()
                # Looked at now and then all the same: who gave up in front of us says nothing.
                try:
                    await asyncio.wait_for(self.changed.wait(), min(left, 5.0))
                except TimeoutError:
                    continue
        except asyncio.CancelledError:
            self.waiting.pop(document, None)
            raise

    def settle(self) -> None:
        """Who entered has a kernel now, or none after all."""
        self.coming -= 1
        self.notice()

    def notice(self) -> None:
        """Something has changed: those who wait look again."""
        self.changed.set()

    def _forget(self) -> None:
        now = time.monotonic()
        for document in [name for name, asked_at in self.waiting.items() if now - asked_at > PATIENCE_SECONDS]:
            del self.waiting[document]


class Kernels(AsyncMappingKernelManager):
    """Each with its owner; nobody sees any but one's own."""

    places = Int(24, config=True, help="kernels at once")
    places_each = Int(3, config=True, help="kernels of one person at once: the one longest unused makes room")
    wait_seconds = Int(50, config=True, help="how long a request waits for a place before it is told to ask again")
    spare_seconds = Int(180, config=True, help="idle this long, a kernel makes room for those who wait")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.owners: dict[str, Person] = {}
        self.endings: dict[str, str] = {}  # by document: a RunStatus, or why we ended it
        self.room = Room(self.places, lambda: len(self.owners))

    # ── Whose ──

    def owner_of(self, kernel_id: str) -> str | None:
        """Return the document that a kernel belongs to."""
        owner = self.owners.get(kernel_id)
        return owner.username if owner is not None and kernel_id in self else None

    def kernel_of(self, document: str) -> str | None:
        """Return the kernel of a document."""
        return next((kernel for kernel in self.owners if self.owner_of(kernel) == document), None)

    def list_kernels(self) -> list[dict[str, Any]]:
        """Return one's own."""
        document = current().username
        return [model for model in super().list_kernels() if self.owner_of(model["id"]) == document]

    # ── Starting ──

    async def _async_start_kernel(self, *, kernel_id: str | None = None, path: str | None = None, **kwargs: Any) -> str:
        """Start a kernel for whoever asks. Raises HTTP 503, with a sentence, when there is no room or no sandbox."""
        person = current()
        if (running := self.kernel_of(person.username)) is not None:
            return running
        await self._make_room_of_own(person)
        if self.room.taken() + self.room.coming >= self.places:
            await self._make_room()
        if not await self.room.enter(person.username, self.wait_seconds):
            raise no_kernel("full", place=self.room.place_in_queue(person.username) or 1)
        try:
            return await self._start(person)
        finally:
            self.room.settle()

    start_kernel = _async_start_kernel

    async def _start(self, person: Person) -> str:
        kernel_id = str(uuid.uuid4())
        try:
            files = await self.parent.site.files(person.token)
            self.owners[kernel_id] = person
            self.endings.pop(person.username, None)
            await super()._async_start_kernel(kernel_id=kernel_id, kernel_name=KERNEL, sandbox_files=files)
        except BaseException as error:
            self.owners.pop(kernel_id, None)
            if isinstance(error, SandboxUnavailable | NotKnown | SiteUnreachable | Refused):
                self.log.error("no kernel for a document: %s: %s", type(error).__name__, error)
                raise no_kernel("broken") from error
            raise
        return kernel_id

    async def _make_room_of_own(self, person: Person) -> None:
        own = [kernel for kernel, owner in self.owners.items() if owner.person == person.person and kernel in self]
        for kernel_id in sorted(own, key=self._last_used)[: max(0, len(own) + 1 - self.places_each)]:
            await self.end(kernel_id, "other")

    async def _make_room(self) -> None:
        """End the kernel that is longest unused, if it is so for a while."""
        idle = [kernel for kernel in self.owners if kernel in self and self._kernels[kernel].execution_state == "idle"]
        for kernel_id in sorted(idle, key=self._last_used)[:1]:
            if (datetime.now(UTC) - self._last_used(kernel_id)).total_seconds() > self.spare_seconds:
                await self.end(kernel_id, "idle")

    def _last_used(self, kernel_id: str) -> datetime:
        return getattr(self._kernels[kernel_id], "last_activity", datetime.now(UTC))

    # ── Ending ──

    async def end(self, kernel_id: str, why: str) -> None:
        """End somebody's kernel and remember why, for their page."""
        self._remember(self.owners[kernel_id].username, why)
        await self.shutdown_kernel(kernel_id, now=True)

    def remove_kernel(self, kernel_id: str) -> Any:
        """It is gone: its place is free."""
        owner = self.owners.pop(kernel_id, None)
        kernel = self._kernels.get(kernel_id)
        ending = getattr(getattr(kernel, "provisioner", None), "unasked_ending", None)
        if owner is not None and ending is not None:
            self._remember(owner.username, ending.status)
        self.room.notice()
        return super().remove_kernel(kernel_id)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """As Jupyter does it; the page is told why."""
        owner = self.owners.get(kernel_id)
        await super().cull_kernel_if_idle(kernel_id)
        if owner is not None and kernel_id not in self:
            self._remember(owner.username, "idle")

    def state_of(self, document: str) -> dict[str, Any]:
        """What a page is told of its document's kernel; see docs/workbench.md."""
        kernel_id = self.kernel_of(document)
        place = self.room.place_in_queue(document)
        why = self.endings.get(document)
        if kernel_id is not None:
            ending = getattr(self._kernels[kernel_id].provisioner, "unasked_ending", None)
            why = ending.status if ending is not None else None
        state = "running" if kernel_id else "waiting" if place else "ended" if why else None
        said: dict[str, Any] = {"kernel": state, "place": place, "status": why, "sentence": None}
        if place:
            said["sentence"] = {key: text.format(place=place) for key, text in WORKBENCH["full"].items()}
        elif why:
            said["sentence"] = WORKBENCH[why]
        return said

    def _remember(self, document: str, why: str) -> None:
        self.endings.pop(document, None)
        self.endings[document] = str(why)
        while len(self.endings) > MAX_ENDINGS:
            del self.endings[next(iter(self.endings))]

    # ── What a page misses while it is away ──

    def start_buffering(self, kernel_id: str, session_key: str, channels: Any) -> None:
        """Keep what a kernel says while its page is away, up to a limit: beyond, it is lost, not ours to hold."""
        super().start_buffering(kernel_id, session_key, channels)
        info = self._kernel_buffers[kernel_id]
        left = BUFFERED_BYTES

        def keep(channel: str, parts: list[bytes]) -> None:
            nonlocal left
            left -= sum(map(len, parts))
            if left >= 0:
                info["buffer"].append((channel, parts))

        for channel, stream in channels.items():
            stream.on_recv(lambda parts, channel=channel: keep(channel, parts))


def no_kernel(why: str, **details: object) -> web.HTTPError:
    """Return the answer to who gets none: a sentence for a person, in the language of their page."""
    return web.HTTPError(503, WORKBENCH[why][pages.language_of(current_handler())].format(**details))


class Sessions(SessionManager):
    """One for each document, known to its owner only, whatever path the page asks for: it makes one up at first."""

    async def own(self) -> dict[str, Any]:
        """Return one's own, begun if there is none. Raises HTTP 503, with a sentence, when there is no kernel."""
        if await self.session_exists():
            return await self.get_session(path="")
        return await self.create_session()

    async def session_exists(self, path: str | None = None) -> bool:
        """Is there one of one's own already?"""
        return await super().session_exists(current().path)

    async def create_session(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Begin one's own, with one's own kernel. Raises HTTP 404 for somebody else's kernel."""
        kernel_id, path = kwargs.get("kernel_id"), current().path
        self._require_own(kernel_id)
        return await super().create_session(
            path=path, name=path, type="notebook", kernel_name=KERNEL, kernel_id=kernel_id
        )

    async def get_session(self, **kwargs: Any) -> dict[str, Any]:
        """Return one's own by its path, whatever is given for it, or any by its id: `OwnOnly` looks whose it is."""
        return await super().get_session(**(kwargs | ({"path": current().path} if "path" in kwargs else {})))

    async def update_session(self, session_id: str, **kwargs: Any) -> None:
        """A session changes its kernel at most, for another of one's own. Raises HTTP 404 for somebody else's."""
        if (kernel_id := kwargs.get("kernel_id")) is not None:
            self._require_own(kernel_id)
            await super().update_session(session_id, kernel_id=kernel_id)

    async def list_sessions(self) -> list[dict[str, Any]]:
        """Return one's own."""
        return [session for session in await super().list_sessions() if session["path"] == current().path]

    def get_kernel_env(self, path: str | None, name: Any = None) -> dict[str, str]:
        """Nothing of our environment."""
        return {}

    def _require_own(self, kernel_id: str | None) -> None:
        if kernel_id is not None and self.kernel_manager.owner_of(kernel_id) != current().username:
            raise web.HTTPError(404)


class Channels(ZMQChannelsWebsocketConnection):
    """A page's connection to its kernel; it ends with the tokens that the page was given."""

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass on what the page says, as long as it may."""
        handler = self.websocket_handler
        if not handler.identity_provider.is_good(handler.current_user):
            handler.close(4401, "token")
            return
        super().handle_incoming_message(incoming_msg)
