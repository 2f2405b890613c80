"""`python -m sandboxes workbench`: what the server is made of, and what it answers at all.

Jupyter Server with our own identity, documents and kernels. Of its addresses only those listed here are left, so that
whatever a later release brings is not there until somebody adds it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from jupyter_server.base.handlers import FileFindHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.api.handlers import IdentityHandler
from jupyter_server.services.contents.handlers import CheckpointsHandler, ContentsHandler
from jupyter_server.services.kernels.handlers import KernelActionHandler, KernelHandler, MainKernelHandler
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from jupyter_server.services.kernelspecs.handlers import KernelSpecHandler, MainKernelSpecHandler
from jupyter_server.services.sessions.handlers import SessionHandler, SessionRootHandler
from jupyterlab_server.settings_handler import SettingsHandler
from jupyterlab_server.themes_handler import ThemesHandler
from notebook.app import NotebookHandler
from tornado.routing import AnyMatches, HostMatches, Matcher, PathMatches, Rule, RuleRouter
from tornado.web import Application, url
from traitlets.config import Config

from sandboxes.limits import FOR_KERNELS_BYTES, KernelLimits
from sandboxes.results import SandboxUnavailable
from sandboxes.workbench import pages
from sandboxes.workbench.documents import Documents
from sandboxes.workbench.identity import OwnOnly, TokenIdentity
from sandboxes.workbench.kernels import KERNEL, BoxedKernels, Channels, Kernels, Sessions
from sandboxes.workbench.site import Site

HERE = Path(__file__).resolve().parent
MAX_BODY_BYTES = 24 << 20
MAX_MESSAGE_BYTES = 2 << 20
# Of a kernel here: it may stay as long as it is used, and while nothing runs it costs next to nothing.
LIMITS = {"wall_seconds": 4 * 3600.0, "cpu_seconds": 1800.0, "memory_bytes": 1 << 30, "output_bytes": 1_000_000}
MEMORY_FOR_ONE = 256 << 20  # what a kernel at work really uses, with room to spare
# Jupyter's handlers that are left, by what they are replaced with (None: as they are).
KEPT: dict[type, type | None] = {
    ContentsHandler: None,
    CheckpointsHandler: None,
    MainKernelHandler: None,
    KernelHandler: None,
    KernelActionHandler: None,
    KernelWebsocketHandler: pages.Channel,
    MainKernelSpecHandler: None,
    KernelSpecHandler: None,
    SessionRootHandler: pages.OwnSession,
    SessionHandler: None,
    IdentityHandler: None,
    SettingsHandler: pages.Settings,
    ThemesHandler: None,
    FileFindHandler: pages.Files,
}
KERNEL_MESSAGES = [
    *("kernel_info_request", "execute_request", "complete_request", "inspect_request", "is_complete_request"),
    *("history_request", "comm_info_request", "comm_open", "comm_msg", "comm_close", "interrupt_request"),
    "input_reply",
]


class Workbench(ServerApp):
    """Jupyter Server without what it has for the one person whose machine it is on."""

    name = "workbench"
    default_services = ("api", "contents", "kernels", "kernelspecs", "sessions")

    site: Site
    own_url = ""

    def load_config_file(self, suppress_errors: bool = True) -> None:
        """Nothing that lies about on this machine changes what this is."""

    def write_server_info_file(self) -> None:
        """Nobody is to find it that way."""

    def write_browser_open_files(self) -> None:
        """There is no browser here."""

    def init_components(self) -> None:
        """Nor is there a terminal."""

    def load_server_extensions(self) -> None:
        super().load_server_extensions()
        keep_only_ours(self.web_app, urlsplit(self.own_url).hostname or "")


def keep_only_ours(app: Application, host: str) -> None:
    """Leave the addresses of this module and no others; but for `/readyz`, under our own host name only."""
    rules = [_ours(rule) for rule in _leaves(app.default_router) if rule.target in KEPT]
    notebook = next(rule for rule in _leaves(app.default_router) if rule.target is NotebookHandler)
    rules += [
        url(rf"/notebooks/({pages.DOCUMENT})\.ipynb", pages.FramePage, notebook.target_kwargs),
        url(rf"/code/({pages.DOCUMENT})", pages.CodePage),
        url(r"/lab/api/translations/?([\w-]*)", pages.Languages),
        url(r"/api/workbench/state", pages.State),
        url(r"/api/events/subscribe", pages.Nothing),
        url(r"/workbench/(.*)", pages.Files, {"path": [str(HERE / "static")]}),
    ]
    ready = [url(r"/(?:readyz|healthz)", pages.Ready)]
    app.wildcard_router.rules = []
    app.default_router.rules = []
    for matcher, given in ((AnyMatches(), ready), (HostMatches(re.escape(host)), rules)):
        router = type(app.wildcard_router)(app, [])
        router.rules = [router.process_rule(rule) for rule in given]
        app.default_router.rules.append(app.default_router.process_rule(Rule(matcher, router)))


def _leaves(router: RuleRouter) -> Iterator[Rule]:
    for rule in router.rules:
        if isinstance(rule.target, RuleRouter):
            yield from _leaves(rule.target)
        else:
            yield rule


def _ours(rule: Rule) -> Rule:
    matcher: Matcher = rule.matcher
    assert isinstance(matcher, PathMatches)  # noqa: S101 - tornado makes no others of pairs
    return Rule(matcher, KEPT[rule.target] or rule.target, rule.target_kwargs)


def policy(own_url: str, public_url: str) -> str:
    """Return the Content-Security-Policy of the frame: nothing from elsewhere, and nobody frames it but the site.

    'unsafe-eval': the notebook compiles its schemas (Ajv); it is given here and nowhere else. Styles are set inline.
    """
    socket = own_url.replace("http", "ws", 1)
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self' 'unsafe-eval'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' {socket}",
            "media-src data: blob:",
            "worker-src 'self' blob:",
            "form-action 'none'",
            "base-uri 'none'",
            f"frame-ancestors {public_url}",
        ]
    )


def configuration(options: argparse.Namespace, folder: Path) -> Config:
    """Return what Jupyter is told: everything that it could otherwise find or make up."""
    headers = {
        "Content-Security-Policy": policy(options.url, options.public_url),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
    }
    config = Config()
    config.ServerApp.update(
        {
            "ip": options.ip,
            "port": options.port,
            "port_retries": 0,
            "open_browser": False,
            "allow_root": True,  # in a container it may be; kernels never are
            "answer_yes": True,
            "allow_remote_access": True,  # host names are looked at in `keep_only_ours`
            "allow_unauthenticated_access": False,
            "allow_origin": options.url,
            "trust_xheaders": options.behind_proxy,
            "root_dir": str(folder),
            "base_url": "/",
            "default_url": "/",
            "quit_button": False,
            "terminals_enabled": False,
            "cookie_secret": secrets.token_bytes(32),
            "max_body_size": MAX_BODY_BYTES,
            "max_buffer_size": MAX_BODY_BYTES,
            "identity_provider_class": TokenIdentity,
            "authorizer_class": OwnOnly,
            "contents_manager_class": Documents,
            "kernel_manager_class": Kernels,
            "kernel_spec_manager_class": BoxedKernels,
            "session_manager_class": Sessions,
            "kernel_websocket_connection_class": Channels,
            "jpserver_extensions": {"notebook": True},
            "tornado_settings": {
                "headers": headers,
                "site_origin": options.public_url,
                "compress_response": True,
                "websocket_max_message_size": MAX_MESSAGE_BYTES,
                "websocket_compression_options": {},
            },
        }
    )
    config.Kernels.update(
        {
            "default_kernel_name": KERNEL,
            "places": options.kernels,
            "places_each": options.kernels_each,
            "cull_idle_timeout": options.idle,
            "cull_interval": max(1, min(60, options.idle // 3)),
            "cull_connected": True,
            "allowed_message_types": KERNEL_MESSAGES,
        }
    )
    config.KernelManager.shutdown_wait_time = 1.0
    config.KernelRestarter.time_to_dead = 1.0
    config.BoxedKernels.limits = LIMITS | options.limits
    config.JupyterNotebookApp.update(
        {
            "expose_app_in_browser": True,
            "custom_css": False,
            "extra_labextensions_path": [],
            "labextensions_path": [str(HERE / "labextensions"), str(Path(sys.prefix, "share/jupyter/labextensions"))],
            "app_settings_dir": str(HERE / "settings"),
            "user_settings_dir": str(folder),
            "workspaces_dir": str(folder),
        }
    )
    return config


def run(options: argparse.Namespace) -> None:
    """Serve until told to stop."""
    with tempfile.TemporaryDirectory(prefix="workbench-") as name:
        for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            os.environ[variable] = name
        os.environ["JUPYTER_NO_CONFIG"] = "1"
        app = Workbench.instance(config=configuration(options, Path(name)))
        app.site = Site(url=options.site or options.public_url, public_url=options.public_url)
        app.own_url = options.url
        app.initialize(argv=[], find_extensions=False)
        app.start()


def main(arguments: Sequence[str]) -> int:
    """Run the command; returns the exit code: 0 stopped, 2 wrong arguments, 3 no sandbox."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.limits = json.loads(options.limits)
        KernelLimits.from_dict(LIMITS | options.limits)
        for address in (options.url, options.public_url):
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
                raise ValueError(f"{address!r} must look like https://host[:port], without a path")
        if urlsplit(options.url).hostname == urlsplit(options.public_url).hostname:
            raise ValueError("--url and --public-url need different host names: cookies ignore ports")
        run(options)
    except (ValueError, TypeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except SandboxUnavailable as error:
        print(f"no sandbox: {error}", file=sys.stderr)
        return 3
    return 0


def _parser() -> argparse.ArgumentParser:
    kernels = max(4, FOR_KERNELS_BYTES // MEMORY_FOR_ONE)
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m sandboxes workbench", description="Notebooks in the browser.")
    parser.add_argument("--ip", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8001, help="default: %(default)s")
    parser.add_argument(
        "--url", default=env("WORKBENCH_URL", "http://localhost:8001"), help="what browsers call us ($WORKBENCH_URL)"
    )
    parser.add_argument(
        "--public-url", default=env("PUBLIC_URL", "http://127.0.0.1:8000"), help="what they call the site ($PUBLIC_URL)"
    )
    parser.add_argument("--site", default=env("SITE_URL", ""), help="where the site listens for us ($SITE_URL)")
    parser.add_argument("--behind-proxy", action="store_true", help="believe X-Forwarded-For and its kind")
    parser.add_argument("--kernels", type=int, default=kernels, help="at once (%(default)s)")
    parser.add_argument("--kernels-each", type=int, default=3, help="at once, of one person (default: %(default)s)")
    parser.add_argument("--idle", type=int, default=1200, help="seconds until an unused kernel ends (%(default)s)")
    parser.add_argument("--limits", default="{}", help='of each kernel, in JSON, such as {"memory_bytes": 536870912}')
    return parser
