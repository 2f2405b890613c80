// Runs the code that the page around it sends, and shows what it shows. One kernel for the page, as in a notebook.
const { document: own, say, on } = window.workbench;
const MAX_CHARACTERS = 200_000; // of output shown
const MAX_IMAGES = 20;
const ASK_AGAIN = 2000; // ms, while one waits for a place
const main = Object.assign(document.createElement("main"), { id: "main" });
main.setAttribute("aria-live", "polite");
document.body.append(main);
new ResizeObserver(() => say("height", { height: Math.ceil(document.documentElement.getBoundingClientRect().height) })).observe(document.body);

// --- The kernel ---

let socket = null, kernel = "", running = null;
const session = crypto.randomUUID();

const asked = async (method, path, body) => fetch(path, {
  method, ...(body ? { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } } : {}),
});
const told = async () => {
  const answer = await asked("GET", "/api/workbench/state");
  return answer.ok ? answer.json() : {};
};

/** A connection to the kernel; `isFresh`: to one in which nothing has run yet. */
const connect = async (isFresh) => {
  if (isFresh) {
    const old = await asked("GET", "/api/sessions");
    for (const { id } of old.ok ? await old.json() : []) await asked("DELETE", `/api/sessions/${id}`);
  }
  if (socket?.readyState === WebSocket.OPEN && !isFresh) return;
  say("kernel", { status: "starting" });
  const timer = setInterval(async () => {
    const { kernel: state, place, sentence } = await told();
    if (state === "waiting") say("kernel", { status: "waiting", place, sentence });
  }, ASK_AGAIN);
  try {
    const answer = await asked("POST", "/api/sessions", { path: `${own}.ipynb`, name: "", type: "notebook", kernel: { name: "" } });
    if (!answer.ok) throw Object.assign(new Error("no kernel"), { sentence: await sentenceIn(answer) });
    kernel = (await answer.json()).kernel.id;
  } finally { clearInterval(timer); }
  socket?.close();
  socket = new WebSocket(`${location.origin.replace("http", "ws")}/api/kernels/${kernel}/channels?session_id=${session}`);
  const here = socket;
  here.addEventListener("message", (event) => hear(JSON.parse(event.data)));
  here.addEventListener("close", () => { if (here === socket) lost(); });
  await new Promise((yes, no) => {
    here.addEventListener("open", yes, { once: true });
    here.addEventListener("close", () => no(new Error("no connection")), { once: true });
  });
};

const sentenceIn = async (answer) => {
  try { return (await answer.json()).message; } catch { return ""; }
};

/** Runs one piece; resolves with how it ended: "ok", "error" or "lost". */
const run = (code, isShown) => new Promise((resolve) => {
  const id = crypto.randomUUID();
  running = { id, resolve, isShown, status: "ok" };
  const header = { msg_id: id, msg_type: "execute_request", username: "", session, version: "5.4", date: new Date().toISOString() };
  const content = { code, silent: false, store_history: true, allow_stdin: false, stop_on_error: true, user_expressions: {} };
  socket.send(JSON.stringify({ header, parent_header: {}, metadata: {}, content, channel: "shell", buffers: [] }));
});
const settle = (status) => {
  const ended = running;
  running = null;
  ended?.resolve(status);
};
const lost = async () => {
  const state = await told().catch(() => ({}));
  say("kernel", { status: "ended", sentence: state.sentence ?? null });
  settle("lost");
};

const hear = ({ header, parent_header: parent, content }) => {
  const kind = header.msg_type;
  if (kind === "status" && ["restarting", "autorestarting", "dead"].includes(content.execution_state)) return lost();
  if (!running || parent?.msg_id !== running.id) return;
  if (kind === "error") running.status = "error";
  if (kind === "status" && content.execution_state === "idle") return settle(running.status);
  if (running.isShown || kind === "error") show(kind, content);
};

// --- What it shows ---

let left = MAX_CHARACTERS, images = MAX_IMAGES, clearsNext = false;
const clear = () => { main.replaceChildren(); [left, images, clearsNext] = [MAX_CHARACTERS, MAX_IMAGES, false]; };
const text = (words, name = "") => {
  const shown = String(words).replace(/\u001b\[[0-9;]*m/g, "").slice(0, Math.max(0, left));
  left -= shown.length;
  if (!shown) return;
  const last = main.lastElementChild;
  if (last?.tagName === "PRE" && last.className === name && name === "stream") last.append(shown);
  else main.append(Object.assign(document.createElement("pre"), { className: name, textContent: shown }));
};
const picture = (type, data) => {
  if ((images -= 1) < 0) return;
  const source = type === "image/svg+xml" ? `data:${type},${encodeURIComponent(data)}` : `data:${type};base64,${String(data).replace(/\s/g, "")}`;
  main.append(Object.assign(document.createElement("img"), { alt: "", src: source }));
};
const rich = (data) => {
  for (const type of ["image/png", "image/jpeg", "image/svg+xml"]) if (data[type]) return picture(type, data[type]);
  const html = data["text/html"];
  if (!html || String(html).length > left) return text(data["text/plain"] ?? "");
  left -= String(html).length;
  // It is the reader's own code, and this origin's policy runs no script of its: tables and styles are what it can be.
  main.append(Object.assign(document.createElement("div"), { innerHTML: html }));
};
const show = (kind, content) => {
  if (kind === "clear_output") return content.wait ? (clearsNext = true) : clear();
  if (clearsNext) clear();
  if (kind === "stream") text(content.text, "stream");
  else if (kind === "error") text(content.traceback?.join("\n") || `${content.ename}: ${content.evalue}`, "error");
  else if (kind === "execute_result" || kind === "display_data") rich(content.data ?? {});
};

// --- The page ---

on("run", async ({ id, code, before, fresh }) => {
  if (running || typeof code !== "string") return;
  clear();
  try {
    await connect(fresh === true);
    say("kernel", { status: "busy" });
    for (const piece of Array.isArray(before) ? before : []) {
      const how = await run(String(piece), false);
      if (how !== "ok") return say("done", { id, error: how });
    }
    const status = await run(code, true);
    if (status !== "lost") say("kernel", { status: "idle" });
    say("done", { id, error: status === "ok" ? "" : status });
  } catch (problem) {
    const { sentence } = problem.sentence ? {} : await told().catch(() => ({}));
    say("kernel", { status: "ended", sentence: sentence ?? null, text: problem.sentence ?? "" });
    say("done", { id, error: "lost" });
  }
});
on("interrupt", () => { if (kernel) asked("POST", `/api/kernels/${kernel}/interrupt`); });
say("ready");
