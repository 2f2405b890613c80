// The first script of the frame: asks the page around it for a token, and puts the newest one into every request of the
// frame to its own server. Until the first is there they wait. No token is ever in an address, a cookie or a storage.
"use strict";

(() => {
  const own = document.currentScript.dataset;
  const site = own.site;
  const SUBPROTOCOL = "workbench.token.";
  const PATIENCE = 10_000; // ms that a refused request waits for the next token
  let token = "";
  let waiting = []; // who waits for the next token
  const listeners = new Map();

  const say = (type, more = {}) => {
    if (window.parent !== window) {
      window.parent.postMessage({ ...more, workbench: 1, type }, site);
    }
  };

  const on = (type, listener) => {
    listeners.set(type, [...(listeners.get(type) ?? []), listener]);
  };

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== site || event.data?.workbench !== 1) {
      return;
    }
    for (const listener of listeners.get(event.data.type) ?? []) {
      listener(event.data);
    }
  });

  // --- Tokens ---

  let haveToken;
  const firstToken = new Promise((resolve) => {
    haveToken = resolve;
  });

  let soon = 0;
  on("token", (message) => {
    if (typeof message.token !== "string" || !/^[\w.~=-]{1,500}$/.test(message.token)) {
      return;
    }
    token = message.token;
    haveToken();
    settle(true);
    clearTimeout(soon);
    soon = setTimeout(() => say("token-wanted", { reason: "soon" }), Math.max(5, message.expires_in - 60) * 1000);
  });
  on("token-refused", () => settle(false));

  const settle = (isNew) => {
    const told = waiting;
    waiting = [];
    told.forEach((tell) => tell(isNew));
  };

  const nextToken = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) {
        say("token-wanted", { reason: "refused" });
      }
      setTimeout(() => resolve(false), PATIENCE);
    });

  // --- Requests ---

  const isOwn = (url) => {
    const there = new URL(url, location.href);
    return there.host === location.host && ["http:", "https:", "ws:", "wss:"].includes(there.protocol);
  };

  const nativeFetch = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (!isOwn(request.url)) {
      return nativeFetch(request);
    }
    await firstToken;
    const again = request.clone();
    request.headers.set("Authorization", `token ${token}`);
    request.headers.set("X-Workbench-Language", own.language);
    const answer = await nativeFetch(request);
    if (answer.status !== 401 && answer.status !== 403) {
      return answer;
    }
    if (!(await nextToken())) {
      return answer;
    }
    again.headers.set("Authorization", `token ${token}`);
    again.headers.set("X-Workbench-Language", own.language);
    return nativeFetch(again);
  };

  const NativeWebSocket = window.WebSocket;
  window.WebSocket = class extends NativeWebSocket {
    constructor(url, protocols = []) {
      const offered = typeof protocols === "string" ? [protocols] : [...protocols];
      super(url, isOwn(url) && token ? [...offered, "workbench", SUBPROTOCOL + token] : offered);
    }
  };

  // --- The focus ---

  // A notebook that has opened takes the focus, and a browser shows what has it: the page around it jumped there, under
  // the hands of whoever was reading or clicking elsewhere. Nothing here is given it before somebody turns to it.
  let isTurnedTo = false;
  const turnTo = () => {
    isTurnedTo = true;
  };
  for (const kind of ["pointerdown", "mousedown", "keydown", "focusin"]) {
    window.addEventListener(kind, turnTo, { capture: true, once: true });
  }
  on("focus", turnTo);
  const nativeFocus = HTMLElement.prototype.focus;
  HTMLElement.prototype.focus = function focus(...how) {
    if (isTurnedTo || window.parent === window) {
      nativeFocus.apply(this, how);
    }
  };

  // --- The page itself ---

  window.workbench = Object.freeze({ document: own.document, language: own.language, site, say, on });
  const start = document.getElementById("workbench-start");
  if (window.parent === window) {
    start.textContent = own.alone;
  } else {
    say("token-wanted", { reason: "start" });
    const seen = new MutationObserver(() => {
      if (document.getElementById("main")) {
        start.remove();
        seen.disconnect();
      }
    });
    seen.observe(document.body, { childList: true });
  }
})();
