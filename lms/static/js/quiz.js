// A quiz under way: answers are kept as they are given, the clock is the server's, and no lost network loses a word.
// Without this script the same form keeps and hands in by its buttons.
"use strict";
(() => {
  const form = document.getElementById("quiz-form");
  if (!form) return;
  const words = form.dataset;
  const state = document.getElementById("quiz-state");
  const said = document.getElementById("quiz-said");
  const saves = form.elements.namedItem("saves");
  const shelf = `quiz-${words.attempt}`;
  const PAUSE = 800;
  let timer = 0, waiting = 1000, isDirty = false, isSending = false, isOver = false;

  const store = {
    get: () => { try { return JSON.parse(localStorage.getItem(shelf)); } catch { return null; } },
    put: (value) => { try { localStorage.setItem(shelf, JSON.stringify(value)); } catch { /* no room, or not allowed */ } },
    clear: () => { try { localStorage.removeItem(shelf); } catch { /* not allowed */ } },
  };
  const say = (text) => { said.textContent = text; };
  const show = (text, isBad) => {
    if (isBad && state.textContent !== text) say(text);
    state.textContent = text;
    state.classList.toggle("is-bad", Boolean(isBad));
  };
  const answers = () => [...new FormData(form)].filter(([name]) => /^q\d+$/.test(name));

  // --- Keeping ---

  const later = (delay) => { clearTimeout(timer); timer = setTimeout(send, delay); };
  async function send() {
    if (isSending || isOver) return;
    isSending = true;
    isDirty = false;
    show(words.keeping);
    try {
      const answer = await fetch(words.save, {
        method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual",
        headers: { Accept: "application/json" },
      });
      if (answer.ok) {
        saves.value = (await answer.json()).saves;
        waiting = 1000;
        if (!isDirty) { store.clear(); show(words.kept); }
      } else if (answer.status === 409) {
        const { code } = await answer.json();
        store.clear();
        if (code === "stale") { isOver = true; show(words.stale, true); } else { isOver = true; location.reload(); }
      } else if (answer.type === "opaqueredirect" || answer.status === 403) {
        show(words.gone, true);
        isDirty = true;
      } else throw new Error(String(answer.status));
    } catch {
      isDirty = true;
      show(words.offline, true);
    }
    isSending = false;
    if (isDirty && !isOver) { later(waiting); waiting = Math.min(waiting * 2, 15000); }
  }
  const changed = () => {
    isDirty = true;
    store.put({ saves: saves.value, answers: answers() });
    later(PAUSE);
  };
  form.addEventListener("input", changed);
  window.addEventListener("online", () => { if (isDirty) later(0); });
  window.addEventListener("beforeunload", (event) => { if (isDirty && !isOver) event.preventDefault(); });
  form.addEventListener("submit", (event) => {
    if (!navigator.onLine) { event.preventDefault(); show(words.offline, true); return; }
    isOver = true;
    clearTimeout(timer);
  });

  // --- What had not reached the server when the page was last left ---

  const left = store.get();
  if (left && String(left.saves) === saves.value) {
    const given = new Map();
    for (const [name, value] of left.answers) given.set(name, [...(given.get(name) || []), value]);
    for (const item of form.querySelectorAll("fieldset.quiz-item")) {
      const values = given.get(item.id) || [];
      const fields = [...item.querySelectorAll("input, select")];
      fields.forEach((field, i) => {
        if (field.type === "radio" || field.type === "checkbox") field.checked = values.includes(field.value);
        else if (values[i] !== undefined) field.value = values[i];
      });
    }
    show(words.broughtBack, true);
    changed();
  } else if (left) store.clear();

  // --- The clock ---

  const clock = document.getElementById("quiz-left");
  if (clock && words.seconds !== undefined) {
    const end = performance.now() + Number(words.seconds) * 1000;
    const marks = [600, 300, 60, 30];
    const tick = () => {
      const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
      const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      clock.textContent = `${words.left} ${text}`;
      clock.parentElement.classList.toggle("is-short", seconds <= 60);
      while (marks.length && seconds <= marks[0]) { const mark = marks.shift(); if (seconds > mark - 5) say(`${words.left} ${text}`); }
      if (seconds > 0) { setTimeout(tick, 1000); return; }
      show(words.over, true);
      handIn();
    };
    const handIn = () => {
      if (!navigator.onLine) { window.addEventListener("online", handIn, { once: true }); return; }
      const sure = document.createElement("input");
      sure.type = "hidden"; sure.name = "sure"; sure.value = "1";
      form.append(sure);
      isOver = true;
      store.clear();
      form.submit();
    };
    tick();
  }

  // --- What comes with pasted text and cannot be seen ---

  form.addEventListener("paste", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.type !== "text") return;
    const text = event.clipboardData.getData("text");
    const clean = text.replace(/[\u200b-\u200d\u2060\ufeff]/g, "");
    if (clean === text) return;
    event.preventDefault();
    field.setRangeText(clean, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    show(words.cleaned);
    say(words.cleaned);
  });
})();
