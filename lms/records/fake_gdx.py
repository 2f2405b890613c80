"""A data exchange to try the client on: ``python -m lms.records.fake_gdx PORT``. It keeps what it is sent in memory."""

import http.server
import json
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY, SECRET, AGENT = "demo-consumer", "demo-secret-not-a-real-one", "demo-agent"
IDLE_SECONDS = 60 * 60


class Exchange:
    """Its tokens, its services, and what came in."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.tokens: dict[str, float] = {}
        self.received: list[Any] = []
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {}
        self.down_with = 0

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> tuple[int, Any]:
        path, query = urlsplit(target).path.lstrip("/"), parse_qs(urlsplit(target).query)
        self.asked.append(f"{method} {path}")
        if self.down_with:
            return self.down_with, {"Message": "[4] เลขประจำตัวกับข้อมูลไม่ตรงกัน"}
        if headers.get("Consumer-Key") != KEY:
            return 401, {}
        if path == "ws/auth/validate":
            return self._token(query)
        token = headers.get("Token", "")
        if self.clock() - self.tokens.get(token, -IDLE_SECONDS) >= IDLE_SECONDS:
            return 401, {}
        self.tokens[token] = self.clock()
        if method == "POST" and path == "ws/workforce/learning-records":
            self.received.append(json.loads(body))
            return 200, {"receipt": f"FAKE-{len(self.received):06}"}
        return (200, self.answers[path]) if path in self.answers else (404, {})

    def _token(self, query: dict[str, list[str]]) -> tuple[int, Any]:
        if query.get("ConsumerSecret") != [SECRET] or query.get("AgentID") != [AGENT]:
            return 401, {}
        token = secrets.token_hex(16)
        self.tokens[token] = self.clock()
        return 200, {"Result": token}


def server(exchange: Exchange, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server of this machine only, not started yet."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, data = exchange.answer(self.command, self.path, self.headers, body)
            text = json.dumps(data, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = _serve

        def log_message(self, *args: Any) -> None:
            """Addresses hold the secret: they are not written anywhere."""

    return http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    with server(Exchange(), int(sys.argv[1]) if len(sys.argv) > 1 else 8099) as running:
        print(f"GDX_URL=http://127.0.0.1:{running.server_port} GDX_CONSUMER_KEY={KEY} GDX_AGENT_ID={AGENT}", flush=True)
        running.serve_forever()
