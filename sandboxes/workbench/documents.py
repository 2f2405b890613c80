"""Where notebooks are kept: not here. Each is fetched from the site and saved there, with the token of who asks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.contents.checkpoints import AsyncCheckpoints
from jupyter_server.services.contents.manager import AsyncContentsManager
from tornado import web

from sandboxes.workbench.identity import current
from sandboxes.workbench.site import NotKnown, Refused, Site, SiteUnreachable

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


class NoCheckpoints(AsyncCheckpoints):
    """The site keeps versions; the notebook's interface asks for a checkpoint after each save and gets a name."""

    async def create_checkpoint(self, contents_mgr: Any, path: str) -> dict[str, Any]:
        return {"id": "saved", "last_modified": datetime.now(UTC)}

    async def list_checkpoints(self, path: str) -> list[Any]:
        return []

    async def restore_checkpoint(self, contents_mgr: Any, checkpoint_id: str, path: str) -> None:
        raise web.HTTPError(403)

    async def rename_checkpoint(self, checkpoint_id: str, old_path: str, new_path: str) -> None:
        raise web.HTTPError(403)

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        raise web.HTTPError(403)


class Documents(AsyncContentsManager):
    """The one document of whoever asks, as the only file of the only folder."""

    @property
    def site(self) -> Site:
        """The server's way to the site."""
        return self.parent.site

    def _checkpoints_class_default(self) -> type[NoCheckpoints]:
        return NoCheckpoints

    async def dir_exists(self, path: str) -> bool:
        """There is one folder."""
        return path.strip("/") == ""

    async def is_hidden(self, path: str) -> bool:
        """Nothing is hidden."""
        return False

    async def file_exists(self, path: str = "") -> bool:
        """There is one file."""
        return path.strip("/") == current().path

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,
        format: str | None = None,
        require_hash: bool = False,
    ) -> dict[str, Any]:
        """Return the folder's or the document's model. Raises HTTP 404 for anything else."""
        person, path = current(), path.strip("/")
        if path == "" and type in (None, "directory"):
            inside = [_model(person.path, "notebook")] if content else None
            return _model("", "directory") | {"content": inside, "format": "json" if content else None}
        if path != person.path or type not in (None, "notebook"):
            raise web.HTTPError(404)
        notebook = await _asked(self.site.notebook(person.token))
        model = _model(path, "notebook") | {"last_modified": notebook.saved_at}
        if content:
            model |= {"content": notebook.content, "format": "json"}
        if require_hash:
            model |= {"hash": notebook.sha256, "hash_algorithm": "sha256"}
        return model

    async def save(self, model: dict[str, Any], path: str = "") -> dict[str, Any]:
        """Keep the document; the answer says what is kept: ``hash``, ``last_modified``, ``is_whole``."""
        person, path = current(), path.strip("/")
        if path != person.path or model.get("type") != "notebook" or not isinstance(model.get("content"), dict):
            raise web.HTTPError(400, "only the document can be saved")
        base = model.get("hash")
        base = base if isinstance(base, str) and re.fullmatch("[0-9a-f]{64}", base) else ""
        said = await _asked(self.site.save(person.token, model["content"], base))
        return _model(path, "notebook") | {
            "last_modified": datetime.fromisoformat(said["saved_at"]),
            "hash": said["sha256"],
            "hash_algorithm": "sha256",
            "is_whole": said["is_whole"],
        }

    async def get_kernel_path(self, path: str, model: dict[str, Any] | None = None) -> str:
        """Kernels have folders of their own."""
        return ""

    async def delete_file(self, path: str) -> None:
        raise web.HTTPError(403)

    async def rename_file(self, old_path: str, new_path: str) -> None:
        raise web.HTTPError(403)

    async def new(self, model: dict[str, Any] | None = None, path: str = "") -> dict[str, Any]:
        raise web.HTTPError(403)

    async def new_untitled(self, path: str = "", type: str = "", ext: str = "") -> dict[str, Any]:
        raise web.HTTPError(403)

    async def copy(self, from_path: str, to_path: str | None = None) -> dict[str, Any]:
        raise web.HTTPError(403)

    async def trust_notebook(self, path: str) -> None:
        """Nothing that was saved is ever trusted: outputs made before run no script."""
        raise web.HTTPError(403)


def _model(path: str, kind: str) -> dict[str, Any]:
    return {
        "name": path,
        "path": path,
        "type": kind,
        "writable": kind == "notebook",
        "created": EPOCH,
        "last_modified": EPOCH,
        "mimetype": None,
        "size": None,
        "content": None,
        "format": None,
        "hash": None,
        "hash_algorithm": None,
    }


async def _asked(answer: Any) -> Any:
    """Wait for the site; what it refuses is told as HTTP."""
    try:
        return await answer
    except NotKnown as error:
        raise web.HTTPError(403) from error
    except SiteUnreachable as error:
        raise web.HTTPError(503, "the site does not answer") from error
    except Refused as error:
        raise web.HTTPError(error.status, str(error.said.get("en", error.said.get("error", "refused")))) from error
