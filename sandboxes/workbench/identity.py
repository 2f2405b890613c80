"""Whose request it is, and what they may ask. No cookie is read or set, no password is known, no token is made.

The page's script puts the token into each request; the site says what it stands for. What the site said is believed
for a minute; while the site does not answer, until the token's own end.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Any

from jupyter_server import CallContext
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from tornado.httputil import HTTPServerRequest

from sandboxes.workbench.site import NotKnown, Site, SiteUnreachable

BELIEVED_SECONDS = 60.0
REFUSED_SECONDS = 5.0
MAX_KNOWN = 5000
MAX_TOKEN = 500
SUBPROTOCOL = "workbench.token."


@dataclass
class Person(User):
    """One person at one document; ``username`` is the document, which nobody else has."""

    token: str = ""
    person: str = ""
    kind: str = ""
    title: str = ""

    @property
    def path(self) -> str:
        """The only path there is for them."""
        return f"{self.username}.ipynb"


def current() -> Person:
    """Return who asks. Raises HTTP 403 where nobody does."""
    person = current_handler().current_user
    if not isinstance(person, Person):
        raise web.HTTPError(403)
    return person


def current_handler() -> JupyterHandler:
    """Return what handles the request. Raises HTTP 403 outside of any."""
    handler = CallContext.get(CallContext.JUPYTER_HANDLER)
    if handler is None:
        raise web.HTTPError(403)
    return handler


def token_of(request: HTTPServerRequest) -> str:
    """Return the token of a request: of its header or, for a websocket, of its subprotocols. Nowhere else is looked."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("token", "bearer"):
        offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        token = next((name.removeprefix(SUBPROTOCOL) for name in offered if name.startswith(SUBPROTOCOL)), "")
    return token.strip()


@dataclass(slots=True)
class _Known:
    person: Person | None
    believed_until: float
    good_until: float


class TokenIdentity(IdentityProvider):
    """Asks the site whose token it is."""

    login_available = False
    logout_available = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.token = ""  # of Jupyter's own, which is for one user who may do everything
        self._known: dict[bytes, _Known] = {}
        self._good_until: dict[str, float] = {}

    @property
    def site(self) -> Site:
        """The server's way to the site."""
        return self.parent.site

    def get_handlers(self) -> list[tuple[str, object]]:
        """There is nothing to log in to."""
        return []

    async def get_user(self, handler: web.RequestHandler) -> Person | None:
        """Return the person, None without a good token. Raises HTTP 503 while the site cannot be asked."""
        token = token_of(handler.request)
        if not token or len(token) > MAX_TOKEN:
            return None
        try:
            person = await self._person(token)
        except SiteUnreachable as error:
            raise web.HTTPError(503, "the site does not answer") from error
        if person is not None:
            handler._token_authenticated = True  # type: ignore[attr-defined]
        return person

    def is_good(self, person: Person) -> bool:
        """Is there a token now by which they may go on? Theirs, or one that their page was given since."""
        return time.monotonic() < self._good_until.get(person.username, 0.0)

    def should_check_origin(self, handler: web.RequestHandler) -> bool:
        """Also with a token: only our own pages ask."""
        return True

    def identity_model(self, user: User) -> dict[str, Any]:
        """What the notebook shows of a person: nothing."""
        return {"username": user.username, "name": "", "display_name": "", "initials": "", "color": None}

    async def _person(self, token: str) -> Person | None:
        key = hashlib.sha256(token.encode()).digest()
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and now < known.believed_until:
            return known.person
        try:
            said = await self.site.identity(token)
        except NotKnown:
            self._remember(key, _Known(None, now + REFUSED_SECONDS, 0.0))
            if known is not None and known.person is not None:  # taken back before its time
                self._good_until.pop(known.person.username, None)
            return None
        except SiteUnreachable:
            if known is not None and now < known.good_until:
                return known.person
            raise
        person = Person(
            username=str(said["document"]),
            token=token,
            person=str(said["person"]),
            kind=str(said["kind"]),
            title=str(said["title"]),
        )
        good_until = now + float(said["seconds"])
        self._remember(key, _Known(person, min(now + BELIEVED_SECONDS, good_until), good_until))
        self._good_until[person.username] = max(good_until, self._good_until.get(person.username, 0.0))
        return person

    def _remember(self, key: bytes, known: _Known) -> None:
        if len(self._known) >= MAX_KNOWN:
            now = time.monotonic()
            self._known = {
                key: old for key, old in self._known.items() if now < max(old.good_until, old.believed_until)
            }
            self._good_until = {name: until for name, until in self._good_until.items() if now < until}
            while len(self._known) >= MAX_KNOWN:
                self._known.pop(next(iter(self._known)))
        self._known[key] = known


class OwnOnly(Authorizer):
    """One's own document, session and kernel; of all else nothing, not even that it exists."""

    async def is_authorized(self, handler: Any, user: User, action: str, resource: str) -> bool:
        """Refuse with 404 what is somebody else's, and (False: 403) what nobody may."""
        if not isinstance(user, Person):
            return False
        asked = {**handler.path_kwargs}
        if resource == "contents":
            return self._may_open(user, asked.get("path") or "", handler.request.method)
        if resource == "kernels":
            return self._may_use(handler, user, asked.get("kernel_id"), handler.request.method)
        if resource == "sessions":
            return await self._may_join(handler, user, asked)
        return resource in ("kernelspecs", "api") and action == "read"

    def _may_open(self, person: Person, path: str, method: str) -> bool:
        path = path.strip("/")
        if path and path != person.path:
            raise web.HTTPError(404)
        return method in ("GET", "HEAD") or (method == "PUT" and path != "") or (method == "POST" and path != "")

    def _may_use(self, handler: Any, person: Person, kernel_id: str | None, method: str) -> bool:
        if kernel_id is None:
            return method in ("GET", "HEAD")  # one's own; it is begun by a session
        if handler.kernel_manager.owner_of(kernel_id) != person.username:
            raise web.HTTPError(404)
        return True

    async def _may_join(self, handler: Any, person: Person, asked: dict[str, Any]) -> bool:
        session_id = asked.get("session_id")
        if session_id is None:
            return True  # the session manager speaks of one's own only
        session = await handler.session_manager.get_session(session_id=session_id)
        if session["path"] != person.path:
            raise web.HTTPError(404)
        return True
