"""The way to the site: what the workbench may ask it, always with the token of the one it asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest, HTTPResponse
from tornado.simple_httpclient import SimpleAsyncHTTPClient

CONNECT_SECONDS, REQUEST_SECONDS = 3.0, 20.0
MAX_CLIENTS = 64


class SiteUnreachable(Exception):
    """The site does not answer, or not as it should: ours to repair."""


class NotKnown(Exception):
    """The site does not take this token: it is none, or no more."""


class Refused(Exception):
    """The site takes the token and not the document. ``status`` is HTTP's; ``said`` has ``error``, ``th``, ``en``."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        self.status, self.said = status, said
        super().__init__(said.get("error", status))


@dataclass(frozen=True, slots=True)
class Notebook:
    """A document as it is saved."""

    content: dict[str, Any]
    sha256: str
    saved_at: datetime


class Site:
    """``url``: where it listens for us; ``public_url``: what it calls itself."""

    def __init__(self, *, url: str, public_url: str) -> None:
        self.url = url.rstrip("/") + "/internal/workbench/"
        public = urlsplit(public_url)
        # As its proxy would ask: it answers under its own name only, and nowhere but by https if that is its scheme.
        self.headers = {"Host": public.netloc, "X-Forwarded-Proto": public.scheme}
        self.client: AsyncHTTPClient = SimpleAsyncHTTPClient(force_instance=True, max_clients=MAX_CLIENTS)

    async def identity(self, token: str) -> dict[str, Any]:
        """Whose token it is: ``person``, ``document``, ``kind``, ``title``, ``seconds``. Raises as all of these do."""
        return self._json(await self._ask(token, "identity"))

    async def notebook(self, token: str) -> Notebook:
        """The token's document."""
        answer = await self._ask(token, "document")
        saved_at = datetime.fromisoformat(answer.headers["X-Saved-At"])
        return Notebook(self._json(answer), answer.headers["ETag"].strip('"'), saved_at)

    async def save(self, token: str, content: Mapping[str, Any], base: str = "") -> dict[str, Any]:
        """Keep it; returns ``number``, ``sha256``, ``saved_at``, ``is_whole``.

        ``base``: the hash of what it is to replace. Raises `Refused` for what is none, and for another base.
        """
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        more = {"If-Match": f'"{base}"'} if base else {}
        return self._json(await self._ask(token, "document", method="PUT", body=body, more=more))

    async def files(self, token: str) -> dict[str, bytes]:
        """What the document's kernel is to find in its folder, by name."""
        listed = self._json(await self._ask(token, "files"))["files"]
        return {file["name"]: (await self._ask(token, f"files/{quote(file['name'], safe='')}")).body for file in listed}

    async def is_there(self) -> bool:
        """Does it answer at all?"""
        try:
            await self._ask("", "identity")
        except NotKnown:
            return True
        except SiteUnreachable:
            return False
        return True

    async def _ask(
        self, token: str, path: str, *, more: Mapping[str, str] | None = None, **request: Any
    ) -> HTTPResponse:
        headers = self.headers | {"Authorization": f"Bearer {token}"} | dict(more or {})
        try:
            return await self.client.fetch(
                HTTPRequest(
                    self.url + path,
                    headers=headers,
                    connect_timeout=CONNECT_SECONDS,
                    request_timeout=REQUEST_SECONDS,
                    follow_redirects=False,
                    **request,
                )
            )
        except HTTPClientError as error:
            if error.code in (401, 403):
                raise NotKnown from error
            if error.response is not None and error.code in (404, 409, 413, 422):
                raise Refused(error.code, self._json(error.response)) from error
            raise SiteUnreachable(str(error)) from error
        except OSError as error:
            raise SiteUnreachable(str(error)) from error

    @staticmethod
    def _json(answer: HTTPResponse) -> dict[str, Any]:
        try:
            return dict(json.loads(answer.body))
        except (ValueError, TypeError) as error:
            raise SiteUnreachable("it does not answer in JSON") from error
