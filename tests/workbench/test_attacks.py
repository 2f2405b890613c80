"""What somebody tries from outside, with a token of one's own, with none, from the browser and from a cell."""

import asyncio
import gc
import json
import sys

import pytest
from django.conf import settings
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from tests.workbench.conftest import notebook

V1 = "v1.kernel.websocket.jupyter.org"
GONE = [
    "/", "/lab", "/tree", "/edit/x", "/consoles/x", "/terminals/1", "/files/x", "/view/x", "/custom/custom.css",
    "/api/terminals", "/api/shutdown", "/api/config/notebook", "/api/nbconvert", "/nbconvert/html/x.ipynb",
    "/api/spec.yaml", "/api/status", "/metrics", "/login", "/logout", "/lsp/status", "/lab/api/extensions",
    "/lab/api/listings/x", "/lab/api/licenses", "/lab/api/workspaces", "/lab/api/workspaces/x",
    "/api/security/csp-report",
    "/api/contents/../../etc/passwd", "/static/../../../etc/passwd", "/workbench/..%2f..%2fserver.py",
    "/lab/extensions/..%2f..%2fserver.py", "/kernelspecs/sandbox-python/x", "/notebooks/x.ipynb",
]  # fmt: skip


def asked_for(learner, kernel="3fa85f64-5717-4562-b3fc-2c963f66afa6", session="3fa85f64-5717-4562-b3fc-2c963f66afa6"):
    """Every address with something behind it, and how it is asked."""
    return [
        ("GET", "/api/contents"), ("GET", learner.path), ("GET", f"{learner.path}?content=0&hash=1"),
        ("PUT", learner.path), ("POST", learner.path), ("PATCH", learner.path), ("DELETE", learner.path),
        ("GET", f"{learner.path}/checkpoints"), ("POST", f"{learner.path}/checkpoints"),
        ("GET", "/api/kernels"), ("POST", "/api/kernels"), ("GET", f"/api/kernels/{kernel}"),
        ("DELETE", f"/api/kernels/{kernel}"), ("POST", f"/api/kernels/{kernel}/interrupt"),
        ("POST", f"/api/kernels/{kernel}/restart"), ("GET", f"/api/kernels/{kernel}/channels"),
        ("GET", "/api/sessions"), ("POST", "/api/sessions"), ("GET", f"/api/sessions/{session}"),
        ("PATCH", f"/api/sessions/{session}"), ("DELETE", f"/api/sessions/{session}"),
        ("GET", "/api/kernelspecs"), ("GET", "/api/me"), ("GET", "/lab/api/settings"),
        ("PUT", "/lab/api/settings/@jupyterlab/x:y"), ("GET", "/lab/api/translations"),
        ("GET", "/api/workbench/state"), ("GET", "/api/events/subscribe"),
    ]  # fmt: skip


async def converse(workbench, learner, kernel, *messages, origin=None, until=lambda said: False):
    """A connection to a kernel; returns what came until ``until``, or until it was closed (then with the code)."""
    headers = {"Origin": origin or workbench.url, "Host": f"localhost:{workbench.port}"}
    connection = await websocket_connect(
        HTTPRequest(f"ws://127.0.0.1:{workbench.port}/api/kernels/{kernel}/channels?session_id=x", headers=headers),
        subprotocols=["workbench", f"workbench.token.{learner.token}"],
    )
    for message in messages:
        await connection.write_message(json.dumps(message))
    said = []
    while (text := await asyncio.wait_for(connection.read_message(), 60)) is not None:
        said.append(json.loads(text))
        if until(said[-1]):
            connection.close()
            while await connection.read_message() is not None:
                pass
            return said, None
    return said, connection.close_code


def request_of(kind, content=(), channel="shell"):
    header = {"msg_id": f"m-{kind}", "msg_type": kind, "username": "", "session": "x", "version": "5.4"}
    return {
        "header": header,
        "parent_header": {},
        "metadata": {},
        "content": dict(content),
        "channel": channel,
        "buffers": [],
    }


def execute(workbench, learner, kernel, code):
    """What a cell prints."""
    message = request_of("execute_request", {"code": code, "silent": False, "allow_stdin": False})
    said, _ = asyncio.run(
        converse(
            workbench, learner, kernel, message,
            until=lambda m: m["header"]["msg_type"] == "status" and m["content"]["execution_state"] == "idle"
            and m["parent_header"].get("msg_id") == "m-execute_request",
        )
    )  # fmt: skip
    errors = [m["content"] for m in said if m["header"]["msg_type"] == "error"]
    assert not errors, errors
    return "".join(m["content"]["text"] for m in said if m["header"]["msg_type"] == "stream")


# --- Without a token, or with one that is none -----------------------------------------------------------------------


def test_nothing_is_answered_without_a_good_token(workbench, learner):
    for method, path in asked_for(learner):
        for token in (None, "", "x", "x" * 5000, "null", learner.token[:-1], learner.token.upper()):
            assert workbench.status(method, path, token, body={}) == 403, (method, path, token)


def test_a_token_counts_in_its_header_and_nowhere_else(workbench, learner):
    assert workbench.status("GET", f"{learner.path}?token={learner.token}") == 403
    assert workbench.status("GET", learner.path, Cookie=f"token={learner.token}; sessionid={learner.token}") == 403
    assert workbench.status("GET", learner.path, learner) == 200


def test_a_token_that_has_been_taken_back_ends_within_a_minute_and_one_unknown_is_not_asked_for_each_time(workbench):
    before = len(workbench.site.asked)
    for _ in range(20):
        assert workbench.status("GET", "/api/contents", "forged") == 403
    assert len(workbench.site.asked) == before + 1


def test_the_site_is_shown_the_token_of_who_asks_and_no_cookie(workbench, learner):
    workbench.status("GET", learner.path, learner, Cookie="sessionid=stolen")
    _, _, headers = workbench.site.asked[-1]
    assert headers["Authorization"] == f"Bearer {learner.token}"
    assert "Cookie" not in headers


# --- Somebody else's -------------------------------------------------------------------------------------------------


def test_another_learners_document_is_not_there(workbench, learner, stranger):
    kept = workbench.site.notebooks[learner.document]
    for method in ("GET", "PUT", "POST", "PATCH", "DELETE"):
        body = {"type": "notebook", "content": notebook("x"), "path": f"{learner.document}.ipynb"}
        assert workbench.status(method, learner.path, stranger, body=body) == 404, method
    for more in ("/checkpoints", "/checkpoints/saved"):
        assert workbench.status("POST", learner.path + more, stranger, body={}) == 404
    for path in (f"/{learner.document}.ipynb", f"%2F{learner.document}.ipynb", f"..%2F{learner.document}.ipynb"):
        assert workbench.status("GET", f"/api/contents{path}", stranger) == 404
    assert workbench.site.notebooks[learner.document] == kept


def test_a_document_is_the_only_file_and_stays_where_it_is(workbench, learner):
    status, _, folder = workbench.ask("GET", "/api/contents", learner)
    assert (status, [entry["path"] for entry in folder["content"]]) == (200, [f"{learner.document}.ipynb"])
    assert workbench.status("POST", "/api/contents", learner, body={"type": "notebook"}) == 403
    assert workbench.status("PATCH", learner.path, learner, body={"path": "x.ipynb"}) == 403
    assert workbench.status("DELETE", learner.path, learner) == 403
    assert workbench.status("PUT", "/api/contents/x.ipynb", learner, body={"type": "notebook"}) == 404
    assert workbench.status("PUT", learner.path, learner, body={"type": "file", "content": "x"}) == 400
    assert workbench.status("POST", f"{learner.path}/trust", learner, body={}) == 404


def test_another_learners_kernel_and_session_are_not_there(workbench, learner, stranger):
    session, kernel = workbench.start(learner)
    for method, path in [
        ("GET", f"/api/kernels/{kernel}"), ("DELETE", f"/api/kernels/{kernel}"),
        ("POST", f"/api/kernels/{kernel}/interrupt"), ("POST", f"/api/kernels/{kernel}/restart"),
        ("GET", f"/api/sessions/{session}"), ("DELETE", f"/api/sessions/{session}"),
    ]:  # fmt: skip
        assert workbench.status(method, path, stranger, body={}) == 404, (method, path)
    assert workbench.status("PATCH", f"/api/sessions/{session}", stranger, body={"kernel": {"id": kernel}}) == 404
    assert workbench.ask("GET", "/api/kernels", stranger)[2] == []
    assert workbench.ask("GET", "/api/sessions", stranger)[2] == []
    with pytest.raises(HTTPClientError, match="404"):
        asyncio.run(converse(workbench, stranger, kernel))
    assert [one["id"] for one in workbench.ask("GET", "/api/kernels", learner)[2]] == [kernel]


def test_nobody_takes_over_a_kernel_by_naming_it(workbench, learner, stranger):
    _, kernel = workbench.start(learner)
    own_session, own = workbench.start(stranger)
    asked = {"path": f"{learner.document}.ipynb", "type": "notebook", "kernel": {"id": kernel}}
    assert workbench.ask("POST", "/api/sessions", stranger, asked)[2]["kernel"]["id"] == own
    assert workbench.status("PATCH", f"/api/sessions/{own_session}", stranger, body={"kernel": {"id": kernel}}) == 404
    assert workbench.status("POST", "/api/kernels", stranger, body={"name": "python3"}) == 403
    renamed = {"path": f"{learner.document}.ipynb", "name": "x"}
    assert (
        workbench.ask("PATCH", f"/api/sessions/{own_session}", stranger, renamed)[2]["path"]
        == f"{stranger.document}.ipynb"
    )


# --- What is not there at all ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GONE)
def test_what_no_learner_needs_is_not_there(workbench, learner, path):
    for method in ("GET", "POST"):
        assert workbench.status(method, path, learner, body={}) in (404, 405), method


def test_only_our_own_host_name_is_answered(workbench, learner):
    for host in ("evil.example", "127.0.0.1", f"127.0.0.1:{workbench.port}", "localhost.evil.example"):
        assert workbench.status("GET", learner.path, learner, Host=host) == 404
        assert workbench.status("GET", f"/notebooks/{learner.document}.ipynb", Host=host) == 404


def test_settings_are_nobodys_to_change(workbench, learner):
    path = "/lab/api/settings/@jupyterlab/apputils-extension:themes"
    before = workbench.ask("GET", path, learner)
    assert workbench.status("PUT", path, learner, body={"raw": '{"theme": "JupyterLab Dark"}'}) == 204
    after = workbench.ask("GET", path, learner)
    assert before[0] == 200
    assert before[2] == after[2]


def test_no_cookie_is_set_and_no_other_origin_is_let_in(workbench, learner):
    for method, path in [*asked_for(learner), ("GET", f"/notebooks/{learner.document}.ipynb"), ("GET", "/readyz")]:
        _, headers, _ = workbench.ask(method, path, learner, body={}, Origin="http://evil.example")
        assert headers["Set-Cookie"] is None, path
        assert headers.get("Access-Control-Allow-Origin") in (None, workbench.url), path
        assert headers.get("Access-Control-Allow-Credentials") is None


def test_the_page_of_the_frame_knows_no_secret_and_no_folder(workbench, learner):
    status, headers, page = workbench.ask("GET", f"/notebooks/{learner.document}.ipynb")
    assert status == 200
    assert str(settings.BASE_DIR).encode() not in page
    assert sys.prefix.encode() not in page
    assert b"/tmp" not in page
    policy = headers["Content-Security-Policy"]
    assert f"frame-ancestors {workbench.site.url}" in policy
    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "default-src 'none'" in policy


def test_the_page_below_a_lessons_code_knows_nothing_and_compiles_nothing(workbench, learner):
    status, headers, page = workbench.ask("GET", f"/code/{learner.document}?language=en")
    assert status == 200
    assert b'lang="en"' in page
    assert learner.token.encode() not in page
    assert headers["Set-Cookie"] is None
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert f"frame-ancestors {workbench.site.url}" in policy
    assert workbench.status("GET", "/code/x") == 404


# --- Connections -----------------------------------------------------------------------------------------------------


def test_a_connection_is_refused_from_another_origin_and_without_a_token(workbench, learner):
    _, kernel = workbench.start(learner)
    with pytest.raises(HTTPClientError, match="403"):
        asyncio.run(converse(workbench, learner, kernel, origin="http://evil.example"))
    with pytest.raises(HTTPClientError, match="403"):
        asyncio.run(converse(workbench, type(learner)(token="forged"), kernel))


@pytest.mark.parametrize("kind", ["debug_request", "shutdown_request", "create_subshell_request", "x"])
def test_only_messages_that_a_notebook_needs_reach_a_kernel(workbench, learner, kind):
    _, kernel = workbench.start(learner)
    asked = [request_of(kind, channel="control"), request_of("kernel_info_request")]
    said, _ = asyncio.run(
        converse(workbench, learner, kernel, *asked, until=lambda m: m["header"]["msg_type"] == "kernel_info_reply")
    )
    assert not [m for m in said if m["parent_header"].get("msg_id") == f"m-{kind}"]


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_connection_ends_with_the_tokens_of_its_page(workbench):
    learner = workbench.site.add(seconds=3)
    _, kernel = workbench.start(learner)
    workbench.site.learners.pop(learner.token)

    async def speak_until_closed():
        headers = {"Origin": workbench.url, "Host": f"localhost:{workbench.port}"}
        address = f"ws://127.0.0.1:{workbench.port}/api/kernels/{kernel}/channels?session_id=x"
        protocols = ["workbench", f"workbench.token.{learner.token}"]
        connection = await websocket_connect(HTTPRequest(address, headers=headers), subprotocols=protocols)
        asked = json.dumps(request_of("kernel_info_request"))
        await connection.write_message(asked)
        while (text := await asyncio.wait_for(connection.read_message(), 60)) is not None:
            if json.loads(text)["header"]["msg_type"] == "kernel_info_reply":
                await connection.write_message(asked)
        return connection.close_code

    assert asyncio.run(speak_until_closed()) == 4401
    gc.collect()  # what the client leaves behind is its own


# --- From a cell -----------------------------------------------------------------------------------------------------


def test_code_in_a_cell_reaches_neither_site_nor_workbench_nor_another_kernel(workbench, learner, stranger):
    workbench.start(stranger)
    _, kernel = workbench.start(learner)
    said = execute(
        workbench, learner, kernel,
        f"""
import glob, os, socket, urllib.request
def tried(what):
    try:
        what()
    except Exception as error:
        return type(error).__name__
    return "REACHED"
for port in ({workbench.site.server_port}, {workbench.port}):
    for host in ("127.0.0.1", "localhost", "::1"):
        print(tried(lambda: socket.create_connection((host, port), 2)))
print(tried(lambda: urllib.request.urlopen("{workbench.site.url}/internal/workbench/identity", timeout=2)))
seen = " ".join([*os.environ, *os.environ.values()])
for pid in os.listdir("/proc"):
    if pid.isdigit():
        for part in ("environ", "cmdline"):
            try:
                seen += open(f"/proc/{{pid}}/{{part}}").read()
            except OSError:
                pass
print("TOKEN" if "token-" in seen or "workbench" in seen or "SANDBOXES" in seen else "nothing seen")
print(len(glob.glob("/tmp/workbench-*")), len(glob.glob("/tmp/kernel-*")), len(glob.glob("/run/sandboxes/*")))
""",
    )  # fmt: skip
    assert "REACHED" not in said
    assert "TOKEN" not in said
    assert said.strip().endswith("nothing seen\n0 0 0")


def test_data_files_are_there_to_be_read(workbench, learner):
    _, kernel = workbench.start(learner)
    said = execute(
        workbench, learner, kernel,
        """
print(open("data.csv").read())
try:
    open("data.csv", "w")
except PermissionError:
    print("not to be written")
open("own.csv", "w").write("of one's own")
""",
    )  # fmt: skip
    assert said == "a,b\n1,2\n\nnot to be written\n"


# --- While the site is away ------------------------------------------------------------------------------------------


def test_a_known_token_works_on_while_the_site_is_away_and_an_unknown_one_does_not(workbench, learner, stranger):
    _, kernel = workbench.start(learner)
    workbench.site.is_up = False
    try:
        assert workbench.status("GET", f"/api/kernels/{kernel}", learner) == 200
        assert workbench.status("GET", learner.path, learner) == 503
        assert workbench.status("GET", stranger.path, stranger) == 503
        assert workbench.status("GET", "/readyz") == 503
    finally:
        workbench.site.is_up = True
    assert workbench.status("GET", learner.path, learner) == 200
