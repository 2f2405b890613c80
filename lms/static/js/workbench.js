// The page around a notebook: gives it tokens, says what is saved and what is not, hands in what is in it.
// Whatever the frame says is hostile: a learner's notebook can run scripts there. It is checked, shown as text, and
// never hands in, resets, restores or leads anywhere: those begin with a click on this page.
"use strict";
(() => {
  const root = document.getElementById("workbench");
  if (!root) return;
  // A frame in the page's text would be led by a browser that goes back, at the moment when we lead it: each would stop
  // the other. One that a script makes is left to the script.
  const template = document.getElementById("workbench-frame-template");
  const frame = template.content.firstElementChild.cloneNode(true);
  const { origin, tokenUrl, fileName } = root.dataset;
  const byId = (id) => document.getElementById(id);
  const PATIENCE = 15_000; // ms for an answer of the notebook
  const OPENING = 45_000; // ms until we say that it does not open
  const MAX_CHARACTERS = 5 * 1024 * 1024;
  const answers = new Map();
  let isReady = false, isUnsaved = false, isLoggedOut = false, ids = 0;

  // --- Words ---

  const words = byId("workbench-words");
  const word = (name, fill = {}) => {
    const found = words.querySelector(`[data-word="${CSS.escape(name)}"]`);
    if (!found) return null;
    const copy = found.cloneNode(true);
    copy.removeAttribute("data-word");
    for (const [key, text] of Object.entries(fill)) {
      const place = copy.querySelector(`[data-${key}]`);
      if (place) place.textContent = String(text).slice(0, 400);
    }
    return copy;
  };
  const show = (id, name, fill) => {
    const said = name && word(name, fill);
    byId(id).replaceChildren(...(said ? [said] : []));
    byId(id).dataset.state = name || "";
  };
  // One notice at a time of each kind; what is over goes away by itself.
  const notices = new Map();
  const notice = (kind, name, fill) => {
    if (notices.get(kind)?.name === name && !fill) return;
    notices.get(kind)?.element.remove();
    notices.delete(kind);
    if (!name) return;
    const element = document.createElement("div");
    element.className = "notice";
    element.dataset.notice = name;
    element.append(word(name, fill) || "");
    byId("workbench-notices").append(element);
    notices.set(kind, { name, element });
  };
  const clock = (value) => {
    const time = new Date(value || Date.now());
    const language = document.documentElement.lang.startsWith("en") ? "en-GB" : "th-TH";
    return Number.isNaN(time.getTime()) ? "" : time.toLocaleTimeString(language, { timeStyle: "medium", timeZone: "Asia/Bangkok" });
  };

  // --- Messages, each way to and from exactly one window of one origin ---

  const say = (type, more = {}) => frame.contentWindow?.postMessage({ ...more, workbench: 1, type }, origin);
  const ask = (type, more = {}) => new Promise((resolve) => {
    const id = `${Date.now()}-${ids += 1}`;
    const done = (answer) => { clearTimeout(timer); answers.delete(id); resolve(answer); };
    const timer = setTimeout(() => done(null), PATIENCE);
    answers.set(id, done);
    say(type, { ...more, id });
  });
  addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin || event.data?.workbench !== 1) return;
    const message = event.data;
    if (Object.hasOwn(heard, message.type)) heard[message.type](message);
    if (typeof message.id === "string" && message.type !== "changed") answers.get(message.id)?.(message);
  });

  const heard = {
    "token-wanted": () => sendToken(),
    ready: () => {
      isReady = true;
      notice("opening");
      for (const button of root.querySelectorAll("#workbench-enter, #hand-in-button, #check-button")) button.disabled = false;
      if (byId("workbench-saved").dataset.state !== "saved") show("workbench-saved", "saved", { time: clock() });
    },
    changed: () => { isUnsaved = true; show("workbench-saved", "changed"); },
    saved: ({ saved_at: at, whole, changed }) => {
      isUnsaved = changed === true;
      show("workbench-saved", isUnsaved ? "changed" : whole === false ? "saved-in-part" : "saved", { time: clock(at) });
      notice("saving");
    },
    "not-saved": ({ reason, kept }) => {
      isUnsaved = true;
      show("workbench-saved", "unsaved");
      const known = ["offline", "server", "refused", "conflict", "too_big", "not_valid"].includes(reason) ? reason : "server";
      if (known === "refused" && isLoggedOut) return notice("saving", "login");
      notice("saving", kept === false && known !== "conflict" ? "unkept" : known);
    },
    keep: async ({ kept }) => {
      if (kept === "") return forget(await ownKey);
      say("kept", { kept: typeof kept === "string" && await keep(kept) });
    },
    "kept-wanted": async () => say("kept-before", { kept: await kept() }),
    recovered: () => notice("recovered", "recovered"),
    "other-tab": () => notice("recovered", "other-tab"),
    kernel: (message) => showKernel(message),
    cell: ({ cell, number, answer }) => {
      const button = byId("reset-cell");
      if (!button) return;
      button.disabled = !(answer === true && typeof cell === "string");
      button.value = button.disabled ? "" : cell.slice(0, 100);
      byId("reset-cell-number").textContent = button.disabled ? "" : `(${Number(number) || ""})`;
    },
    leave: ({ where }) => {
      const after = byId("hand-in-button") || byId("check-button") || byId("go-back")?.querySelector("summary");
      (where === "before" ? byId("workbench-enter") : after)?.focus();
    },
  };

  // --- What could not be sent, in this browser: the frame may have no storage of its own ---

  // Each tab keeps its own, and holds a lock by the same name while it lives: what another has left behind is taken up,
  // what it is still working on is not.
  const UNSENT = "workbench-unsent:", TAB = "workbench-tab";
  const KEPT_DAYS = 30;
  const ofDocument = `${UNSENT}${root.dataset.document}:`;
  const forget = (key) => { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } };
  const lock = (key, meanwhile) => new Promise((resolve) => {
    if (!navigator.locks) return resolve(true); // without https nobody can know
    navigator.locks.request(key, { ifAvailable: true }, (held) => { resolve(held !== null); return held && meanwhile; });
  });
  const ownKey = (async () => {
    let tab = "";
    try { tab = sessionStorage.getItem(TAB) ?? ""; } catch { /* a new one, then */ }
    const always = new Promise(() => {});
    if (!tab || !(await lock(ofDocument + tab, always))) { // a tab that was duplicated has the other's name
      tab = crypto.getRandomValues(new Uint32Array(2)).join("-");
      lock(ofDocument + tab, always);
      try { sessionStorage.setItem(TAB, tab); } catch { /* for this page only */ }
    }
    return ofDocument + tab;
  })();
  const keep = async (text) => {
    if (text.length > MAX_CHARACTERS) return false;
    try { localStorage.setItem(await ownKey, `${Date.now()} ${text}`); return true; } catch { return false; }
  };
  const keptAt = (key) => parseInt(localStorage.getItem(key), 10) || 0;
  const kept = async () => {
    const own = await ownKey;
    try {
      for (const key of Object.keys(localStorage).filter((one) => one.startsWith(UNSENT))) {
        if (keptAt(key) < Date.now() - KEPT_DAYS * 86_400_000) forget(key);
      }
      if (!localStorage.getItem(own)) {
        const others = Object.keys(localStorage).filter((one) => one.startsWith(ofDocument));
        for (const key of others.sort((one, other) => keptAt(other) - keptAt(one))) {
          if (!(await lock(key))) continue;
          localStorage.setItem(own, localStorage.getItem(key) ?? "");
          forget(key);
          break;
        }
      }
      return localStorage.getItem(own)?.replace(/^\d+ /, "") ?? "";
    } catch { return ""; }
  };

  // --- The kernel ---

  const SHOWN = {
    idle: "kernel-idle", busy: "kernel-busy", waiting: "kernel-waiting", ended: "", dead: "", autorestarting: "kernel-start",
    connecting: "kernel-lost", disconnected: "kernel-lost",
  };
  const STAYS = 8000; // ms that a notice stays at least: a kernel that starts again is busy for a moment
  let wasUp = false, diedAt = 0;
  const showKernel = ({ status, place, run_status: why, sentence }) => {
    const language = document.documentElement.lang.startsWith("en") ? "en" : "th";
    const told = typeof sentence?.[language] === "string" ? sentence[language] : "";
    const isEnded = status === "ended" || status === "dead";
    const name = Object.hasOwn(SHOWN, status) ? SHOWN[status] : "kernel-start";
    show("workbench-kernel", !wasUp && name === "kernel-lost" ? "kernel-start" : name, { place: Number(place) || "" });
    if (isEnded || why) diedAt = Date.now();
    if (isEnded) notice("kernel", "kernel-ended", { sentence: told });
    else if (["autorestarting", "restarting"].includes(status) && why) notice("kernel", "kernel-died", { sentence: told });
    else if (status === "busy" && Date.now() - diedAt > STAYS) notice("kernel");
    if (status === "idle" || status === "busy") wasUp = true;
  };

  // --- Tokens: for the notebook's own server, good for minutes ---

  const cookie = (name) => document.cookie.split("; ").find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  // A login in another tab gives another CSRF token: the newest is in the cookie.
  const csrf = () => cookie("csrftoken") || root.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
  const sendToken = async () => {
    try {
      const answer = await fetch(tokenUrl, { method: "POST", headers: { "X-CSRFToken": csrf() } });
      if (answer.ok) {
        isLoggedOut = false;
        notice("login");
        if (notices.get("saving")?.name === "login") notice("saving");
        say("token", await answer.json());
      } else {
        isLoggedOut = answer.status === 401;
        notice("login", isLoggedOut ? "login" : "refused");
        say("token-refused", { reason: "login" });
      }
    } catch {
      say("token-refused", { reason: "offline" });
      if (!isReady) setTimeout(sendToken, 5000);
    }
  };
  // Back from logging in elsewhere, or from a tunnel.
  const tryAgain = () => { if (isLoggedOut || notices.has("saving")) sendToken(); };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) tryAgain(); });
  addEventListener("focus", tryAgain);
  addEventListener("online", tryAgain);

  // --- Handing in and checking: what is in the notebook now, the last keystroke included ---

  const currentNotebook = async () => {
    show("workbench-saved", "saving");
    // Saved first, so that what is handed in is among the versions; that it fails is no reason not to hand in.
    await ask("save");
    const answer = await ask("notebook");
    const content = answer?.type === "notebook" && typeof answer.content === "string" ? answer.content : "";
    if (!content || content.length > MAX_CHARACTERS) return null;
    return new File([content], fileName, { type: "application/x-ipynb+json" });
  };
  const withNotebook = async (act) => {
    const form = byId("hand-in-form");
    const buttons = form.querySelectorAll("button");
    notice("act");
    buttons.forEach((button) => { button.disabled = true; button.setAttribute("aria-busy", "true"); });
    try {
      const file = await currentNotebook();
      if (!file) return notice("act", "no-answer");
      const chosen = new DataTransfer();
      chosen.items.add(file);
      if (!form.elements.notebook) {
        form.append(Object.assign(document.createElement("input"), { type: "file", name: "notebook", hidden: true }));
      }
      form.elements.notebook.files = chosen.files;
      form.elements.csrfmiddlewaretoken.value = csrf();
      await act(form);
    } finally {
      buttons.forEach((button) => { button.disabled = false; button.removeAttribute("aria-busy"); });
    }
  };
  const acts = {
    "hand-in": () => withNotebook((form) => { isUnsaved = false; form.submit(); }),
    check: () => withNotebook((form) => htmx.ajax("POST", form.dataset.checkUrl, {
      source: form, target: "#check-result", swap: "innerHTML", values: { notebook: form.elements.notebook.files[0], csrfmiddlewaretoken: csrf() },
    })),
    "keep-mine": () => { notice("saving"); ask("save", { force: true }); },
    "take-theirs": async () => {
      notice("saving");
      const answer = await ask("reload", { drops: true });
      if (!answer || answer.error) notice("saving", "conflict");
    },
    restart: () => { notice("kernel"); ask("restart"); },
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button && Object.hasOwn(acts, button.dataset.act)) acts[button.dataset.act]();
  });
  byId("workbench-enter").addEventListener("click", () => { frame.focus(); say("focus", { where: "first" }); });

  // --- Going back ---

  // What is typed is saved before anything replaces it: so it can be come back to. Only what can never be saved as it is,
  // which the page has said, is given up for that.
  let drops = false;
  document.addEventListener("htmx:confirm", (event) => {
    if (!isReady || !event.target.closest("[data-changes-notebook]")) return;
    event.preventDefault();
    ask("save").then((answer) => {
      drops = answer?.type === "not-saved" && ["too_big", "not_valid"].includes(answer.reason);
      if (answer?.type === "saved" || drops) event.detail.issueRequest(true);
      else if (!answer) notice("act", "no-answer");
    });
  });
  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["X-CSRFToken"] = csrf(); });
  document.addEventListener("workbench-reload", () => {
    if (isReady) ask("reload", { drops });
    else frame.src = frame.dataset.src; // it was opening, with what is no longer there
  });

  addEventListener("beforeunload", (event) => { if (isUnsaved) event.preventDefault(); });
  notice("opening");
  setTimeout(() => { if (!isReady) notice("opening", "silent"); }, OPENING);
  // Only now: the frame asks for a token as soon as it is there, and somebody has to be listening.
  frame.src = frame.dataset.src;
  template.replaceWith(frame);
})();
