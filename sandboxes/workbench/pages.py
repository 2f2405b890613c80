"""The frame's page, the notebook's settings and language, and what the page around it may ask."""

from __future__ import annotations

import copy
import json
import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from jupyter_client.jsonutil import json_default
from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from jupyter_server.base.handlers import APIHandler, FileFindHandler, JupyterHandler
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyter_server.services.sessions.handlers import SessionRootHandler
from jupyterlab_server.settings_handler import SettingsHandler
from notebook.app import HERE as NOTEBOOK
from notebook.app import NotebookBaseHandler
from tornado import web
from tornado.websocket import WebSocketHandler

HERE = Path(__file__).resolve().parent
DOCUMENT = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
LOCALES = {"th": "th_TH", "en": "en"}
_TRANSLATION = "@jupyterlab/translation-extension:plugin"
_MAIN = re.compile(r"main\.[0-9a-f]+\.js\?v=[0-9a-f]+")
_IMMUTABLE = re.compile(r"\.[0-9a-f]{16,}\.|remoteEntry\.[0-9a-f]{16,}")
_TEXTS = {
    "th": {
        "title": "โน้ตบุ๊ก",
        "opening": "กำลังเปิดโน้ตบุ๊ก…",
        "alone": "โน้ตบุ๊กนี้เปิดได้จากหน้าแบบฝึกหัดเท่านั้น",
        "script": "โน้ตบุ๊กต้องใช้ JavaScript โปรดเปิดใช้ในเบราว์เซอร์ หรือดาวน์โหลดไฟล์จากหน้าแบบฝึกหัดไปทำที่เครื่องของท่าน",
    },
    "en": {
        "title": "Notebook",
        "opening": "Opening the notebook…",
        "alone": "This notebook opens from the page of its exercise only.",
        "script": "The notebook needs JavaScript. Allow it in your browser, or download the file from the page of the "
        "exercise and work on your own machine.",
    },
}
_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/workbench/frame.css">
<script id="jupyter-config-data" type="application/json">{config}</script>
<script defer src="/workbench/boot.js" data-site="{site}" data-document="{document}" data-language="{language}"
  data-alone="{alone}"></script>
<script defer src="{main}"></script>
</head>
<body class="jp-ThemedContainer" data-notebook="notebooks">
<p id="workbench-start" role="status">{opening}</p>
<noscript><p>{script}</p></noscript>
</body>
</html>
"""

_CODE_PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/workbench/code.css">
<script defer src="/workbench/boot.js" data-site="{site}" data-document="{document}" data-language="{language}"
  data-alone="{alone}"></script>
<script defer type="module" src="/workbench/code.js"></script>
</head>
<body>
<p id="workbench-start" role="status"></p>
</body>
</html>
"""


# Of what Jupyter would tell the page, what it needs: no folder of this machine.
_CONFIG = frozenset(
    [
        *("appName", "appNamespace", "appVersion", "cacheFiles", "exposeAppInBrowser", "federated_extensions"),
        *("notebookStartsKernel", "terminalsAvailable"),
    ]
)


@cache
def switched_off() -> list[str]:
    """Return the parts of the notebook's interface that are not loaded."""
    file = HERE / "settings" / "page_config.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return sorted(name for name, is_off in said.get("disabledExtensions", {}).items() if is_off)


@cache
def main_script() -> str:
    """Return the name of the notebook's script: it has its hash in it. Raises `RuntimeError` where there is none."""
    found = _MAIN.search((NOTEBOOK / "templates" / "notebooks.html").read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError("the installed notebook has another page than this release knows")
    return found[0]


class Plain(web.RequestHandler):
    """What goes wrong is told in a line: Jupyter's page for it sets a cookie, and nothing here is known by one."""

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}")


class Channel(Plain, KernelWebsocketHandler):
    """A page's connection to its kernel."""

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Jupyter's own where the page speaks it, else plain JSON; never the one that is a token."""
        chosen: str | None = super().select_subprotocol(subprotocols)
        return chosen or ("workbench" if "workbench" in subprotocols else None)


class FramePage(Plain, NotebookBaseHandler):
    """The page in the frame. Everybody may have it: there is nothing in it, and without a token it gets nothing."""

    @allow_unauthenticated
    def get(self, document: str) -> None:
        language = "en" if self.get_query_argument("language", "th") == "en" else "th"
        known = self.get_page_config()
        config = {name: value for name, value in known.items() if name in _CONFIG or name.endswith("Url")} | {
            "notebookPage": "notebooks",
            "baseUrl": "/",
            "wsUrl": "",
            "token": "",
            "fullMathjaxUrl": "",
            "locale": LOCALES[language],
            "disabledExtensions": switched_off(),
        }
        main = f"{config['fullStaticUrl']}/{main_script()}"
        texts = {name: escape(text) for name, text in _TEXTS[language].items()}
        self.set_header("Cache-Control", "no-cache")
        self.finish(
            _PAGE.format(
                language=language,
                document=document,
                site=escape(self.settings["site_origin"]),
                main=escape(main),
                # `<` is all that could end the element; nothing in it is a person's.
                config=json.dumps(config).replace("<", "\\u003c"),
                **texts,
            )
        )


class CodePage(Plain, JupyterHandler):
    """The page in the frame below a piece of code: what running it shows. Like `FramePage`, nothing in it is secret."""

    @allow_unauthenticated
    def get(self, document: str) -> None:
        language = "en" if self.get_query_argument("language", "th") == "en" else "th"
        texts = {name: escape(text) for name, text in _TEXTS[language].items()}
        self.set_header("Cache-Control", "no-cache")
        # Nothing here compiles anything.
        policy = self._headers["Content-Security-Policy"].replace(" 'unsafe-eval'", "")
        self.set_header("Content-Security-Policy", policy)
        site = escape(self.settings["site_origin"])
        self.finish(_CODE_PAGE.format(language=language, document=document, site=site, **texts))


class OwnSession(SessionRootHandler):
    """One's own session. What the page asks for in particular, another kernel or path, is not looked at.

    But it is told the path that it asked for: one with another it takes for superseded, and ends it.
    """

    @web.authenticated
    @authorized
    async def post(self) -> None:
        manager: Any = self.session_manager
        asked = (self.get_json_body() or {}).get("path")
        session = await manager.own() | ({"path": asked} if isinstance(asked, str) else {})
        self.set_status(201)
        self.finish(json.dumps(session, default=json_default))


def language_of(handler: JupyterHandler) -> str:
    """Return the language of the page that asks."""
    return "en" if handler.request.headers.get("X-Workbench-Language") == "en" else "th"


class Settings(SettingsHandler):
    """The notebook's settings, in the language of the frame. Nobody changes them: they would be everybody's."""

    def prepare(self) -> Any:
        self.overrides: dict[str, Any] = copy.deepcopy(self.overrides) | {
            _TRANSLATION: {"locale": self.get_current_locale()}
        }
        return super().prepare()

    def get_current_locale(self) -> str:
        """As the frame was opened."""
        return LOCALES[language_of(self)]

    @web.authenticated
    def put(self, schema_name: str) -> None:
        """Taken, and kept until the page is closed: by the page."""
        self.set_status(204)


class Languages(APIHandler):
    """What the notebook's interface is called in a language: a folder of JSON files, one for each of its parts."""

    @web.authenticated
    def get(self, locale: str = "") -> None:
        data: dict[str, Any] = {}
        if not locale:
            data = {name: {"displayName": name, "nativeName": name} for name in LOCALES.values()}
        elif locale == LOCALES["th"]:
            data = thai()
        self.finish(json.dumps({"data": data, "message": ""}))


@cache
def thai() -> dict[str, Any]:
    """Return the catalogues of our language packs by the part of the notebook that they translate."""
    files = sorted((HERE / "languages").rglob("th_TH/LC_MESSAGES/*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


class State(APIHandler):
    """How the document's kernel is, for its page."""

    @web.authenticated
    def get(self) -> None:
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(self.kernel_manager.state_of(self.current_user.username)))


class Nothing(Plain, JupyterHandler, WebSocketHandler):
    """The notebook listens for events of its server; there are none."""

    @allow_unauthenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        if self.current_user is None:
            raise web.HTTPError(403)
        await super().get(*args, **kwargs)

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        """Never the one that is a token."""
        return "workbench" if "workbench" in subprotocols else None

    def set_default_headers(self) -> None:
        """None on a websocket."""

    def on_message(self, message: Any) -> None:
        """Nobody has anything to say here."""
        self.close()


class Ready(Plain, JupyterHandler):
    """Can notebooks be opened, and how many run."""

    @allow_unauthenticated
    async def get(self) -> None:
        kernels: Any = self.kernel_manager
        is_there = await self.settings["serverapp"].site.is_there()
        self.set_status(200 if is_there else 503)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        self.finish(
            json.dumps(
                {
                    "ready": is_there,
                    "site": "ok" if is_there else "does not answer",
                    "kernels": len(kernels.owners),
                    "places": kernels.places,
                    "waiting": len(kernels.room.waiting),
                }
            )
        )


class Files(Plain, FileFindHandler):
    """Files of the notebook's interface. Those with a hash in their name never change: they are asked for once."""

    def set_headers(self) -> None:
        super().set_headers()
        if _IMMUTABLE.search(self.path) or "v" in self.request.arguments:
            self.set_header("Cache-Control", "public, max-age=31536000, immutable")
            self.clear_header("Expires")
        else:
            self.set_header("Cache-Control", "no-cache")
        # Files are the frame's alone.
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
