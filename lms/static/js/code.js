// Code in a lesson that may be tried where it stands. What it shows comes from a frame of the workbench's origin; whatever
// that frame says is hostile: it is checked and shown as text.
"use strict";
(() => {
  const blocks = [...document.querySelectorAll(".code-block[data-try]")].filter((block) => block.querySelector("template"));
  const OPENING = 20_000; // ms until we say that it does not open
  const MAX_HEIGHT = 900;
  const ran = new Set(); // the pieces that this page's kernel has run
  let place = null; // where frames and tokens come from: asked for once
  let isFresh = true; // the first run begins with an empty kernel
  let ids = 0;

  const csrf = () => document.cookie.split("; ").find((one) => one.startsWith("csrftoken="))?.slice(10)
    ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
  const post = async (url) => {
    const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": csrf() } });
    if (!answer.ok) throw new Error(answer.status === 401 ? "login" : "offline");
    return answer.json();
  };

  const piece = (block) => {
    const button = (act) => block.querySelector(`[data-code-act=${act}]`);
    const state = block.querySelector(".code-state");
    const original = block.querySelector("pre code").textContent;
    const it = { editor: null, frame: null, isReady: false, onReady: null, done: null, id: "" };

    const tell = (name, fill = {}) => {
      const found = block.querySelector("[data-words]").content.querySelector(`[data-word="${CSS.escape(name)}"]`);
      const said = found?.cloneNode(true);
      for (const [key, text] of Object.entries(fill)) {
        const where = said?.querySelector(`[data-${key}]`);
        if (where) where.textContent = String(text).slice(0, 400);
      }
      state.replaceChildren(...(said ? [said] : []));
      state.dataset.state = name;
    };
    const say = (type, more = {}) => it.frame?.contentWindow?.postMessage({ ...more, workbench: 1, type }, place.origin);
    const sendToken = async () => {
      try { say("token", await post(place.token)); }
      catch (problem) { say("token-refused", { reason: problem.message }); tell(problem.message); settle("lost"); }
    };
    const settle = (how) => { it.done?.(how); it.done = null; };
    const heard = {
      "token-wanted": sendToken,
      ready: () => { it.isReady = true; it.onReady?.(); },
      height: ({ height }) => { it.frame.style.height = `${Math.min(MAX_HEIGHT, Math.max(0, Number(height) || 0))}px`; },
      kernel: ({ status, place: turn, sentence, text }) => {
        const language = document.documentElement.lang.startsWith("en") ? "en" : "th";
        if (["starting", "busy", "waiting", "ended"].includes(status)) tell(status, { place: Number(turn) || "", sentence: sentence?.[language] ?? text ?? "" });
      },
      done: ({ id, error }) => { if (id === it.id) settle(["error", "lost"].includes(error) ? error : "ok"); },
    };
    addEventListener("message", (event) => {
      if (!it.frame || event.source !== it.frame.contentWindow || event.origin !== place.origin || event.data?.workbench !== 1) return;
      if (Object.hasOwn(heard, event.data.type)) heard[event.data.type](event.data);
    });

    const open = () => {
      const made = block.querySelector("template").content.cloneNode(true);
      [it.editor, it.frame] = [made.querySelector("textarea"), made.querySelector("iframe")];
      it.editor.value = original;
      it.editor.rows = Math.max(3, original.split("\n").length + 1);
      block.querySelector("pre").replaceWith(it.editor);
      block.append(it.frame);
      it.editor.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey || event.shiftKey)) return;
        event.preventDefault();
        run();
      });
      button("open").hidden = true;
      for (const act of ["run", "reset"]) button(act).hidden = false;
      it.editor.focus();
    };
    const opened = async () => {
      place ??= await post(block.dataset.try);
      if (it.isReady) return;
      it.frame.hidden = false;
      await new Promise((yes, no) => {
        it.onReady = yes;
        setTimeout(() => no(new Error("offline")), OPENING);
        it.frame.src ||= place.frame;
      });
    };
    const run = async () => {
      if (it.done || button("run").disabled) return;
      button("run").disabled = true;
      button("stop").hidden = false;
      tell("starting");
      try {
        await opened();
        it.id = `${ids += 1}`;
        // As in a notebook: what stands above it has run before.
        const above = pieces.slice(0, pieces.indexOf(it)).filter((one) => !ran.has(one));
        const ended = new Promise((resolve) => { it.done = resolve; });
        say("run", { id: it.id, code: it.editor.value, before: above.map((one) => one.code()), fresh: isFresh });
        isFresh = false;
        const how = await ended;
        if (how === "lost") { isFresh = true; ran.clear(); }
        else { [...above, it].forEach((one) => ran.add(one)); tell(how === "ok" ? "idle" : "error"); }
      } catch (problem) {
        tell(problem.message === "login" ? "login" : "offline");
      } finally {
        button("run").disabled = false;
        button("stop").hidden = true;
      }
    };
    it.code = () => it.editor?.value ?? original;
    const acts = { open, run, stop: () => say("interrupt"), reset: () => { it.editor.value = original; it.editor.focus(); } };
    block.addEventListener("click", (event) => acts[event.target.closest("[data-code-act]")?.dataset.codeAct]?.());
    block.querySelector(".code-actions").hidden = false;
    return it;
  };
  const pieces = blocks.map(piece);
})();
