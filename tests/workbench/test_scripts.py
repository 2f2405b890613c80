"""What a script in a notebook tries, in a real browser, in a frame as the exercise page has it."""

import pytest

PAGE = """<!doctype html><title>page</title><iframe id="f" src="{frame}" referrerpolicy="no-referrer"
sandbox="allow-scripts allow-same-origin allow-downloads allow-modals"></iframe>
<script>
window.heard = [];
addEventListener("message", (event) => {{
  heard.push([event.origin, event.data]);
  if (event.data.type === "token-wanted") {{
    document.getElementById("f").contentWindow.postMessage(
      {{workbench: 1, type: "token", token: "{token}", expires_in: 600}}, "{origin}");
  }}
}});
</script>"""


@pytest.fixture
def frame(workbench, learner, browser):
    """The frame of a page of the site that has a session, with the notebook's own scripts in it."""
    source = f"{workbench.url}/notebooks/{learner.document}.ipynb?language=th"
    workbench.site.page = PAGE.format(frame=source, token=learner.token, origin=workbench.url)
    workbench.site.page_headers = {
        "Content-Security-Policy": f"frame-src {workbench.url}",
        "Set-Cookie": "sessionid=secret; Path=/; HttpOnly",
    }
    context = browser.new_context()
    context.add_cookies([{"name": "readable", "value": "secret", "url": workbench.site.url}])
    page = context.new_page()
    page.goto(f"{workbench.site.url}/page")
    page.frame_locator("#f").locator(".jp-Cell").first.wait_for(timeout=60_000)
    yield page.frames[1]
    context.close()


TRIES = {
    "the page": "() => parent.document.title",
    "the page's cookies": "() => parent.document.cookie",
    "the page's storage": "() => parent.localStorage.length",
    "to lead the page away": "() => { top.location.href = 'about:blank'; }",
    "a request to the site": "() => fetch('{site}/page', {credentials: 'include'}).then((answer) => answer.text())",
    "a request to the site that is not read": "() => fetch('{site}/page', {credentials: 'include', mode: 'no-cors'})",
    "the site's interface for the workbench": "() => fetch('{site}/internal/workbench/identity')",
    "a script from elsewhere": "() => import('{site}/page')",
    "another learner's document": "() => fetch('{other}').then((answer) => { if (!answer.ok) throw answer.status; })",
    "a connection elsewhere": "() => new Promise((yes, no) => { const socket = new WebSocket('{socket}'); "
    "socket.onopen = yes; socket.onerror = no; })",
}


@pytest.mark.parametrize("what", TRIES)
def test_a_script_does_not_reach(frame, workbench, stranger, what):
    tried = TRIES[what].replace("{site}", workbench.site.url).replace("{other}", stranger.path)
    tried = tried.replace("{socket}", workbench.site.url.replace("http", "ws"))
    before = len(workbench.site.asked)
    said = frame.evaluate(
        "async (tried) => { try { await eval(tried)(); return 'REACHED'; }"
        " catch (error) { return `refused: ${error}`; } }",
        tried,
    )
    assert said.startswith("refused"), said
    assert not [one for one in workbench.site.asked[before:] if "Cookie" in one[2]]


def test_there_is_no_cookie_and_no_token_to_find(frame, learner):
    found = frame.evaluate(
        "() => { const kept = (where) => { try { return JSON.stringify(window[where]); } catch { return 'denied'; } };"
        " return [document.cookie, kept('localStorage'), kept('sessionStorage'), location.href,"
        " document.documentElement.outerHTML].join(); }"
    )
    assert learner.token not in found
    assert "secret" not in found.split("<html")[0]


def test_a_frame_is_not_led_elsewhere_and_opens_no_window(frame, workbench):
    page = frame.page
    assert frame.evaluate("(url) => window.open(url) === null", f"{workbench.site.url}/page")
    frame.evaluate("(url) => { setTimeout(() => { location.href = url; }); }", f"{workbench.site.url}/page?stolen")
    page.wait_for_function("() => true")
    assert not any("stolen" in one.url for one in page.frames if one.url.startswith("http"))
    assert page.url.endswith("/page")


def test_only_the_site_may_frame_it(browser, workbench, learner):
    context = browser.new_context()
    page = context.new_page()
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{workbench.url}/workbench/frame.css")
    page.evaluate(
        "(url) => { const frame = document.createElement('iframe'); frame.src = url; document.body.append(frame); }",
        f"{workbench.url}/notebooks/{learner.document}.ipynb",
    )
    page.wait_for_event("console", timeout=20_000) if not complaints else None
    assert any("frame" in complaint for complaint in complaints), complaints
    context.close()
