// Nothing typed is lost: saved soon after it is typed; while that cannot be, kept in this browser and sent later.
const PAUSE = 1200; // ms without typing, then it is saved
const AT_LATEST = 3500; // ms after the first change, typing or not
const KEPT_AFTER = 400; // ms until a change is in the browser's own store
const RETRIES = [2000, 4000, 8000, 15000, 30000];
const KEPT_DAYS = 30;
const PREFIX = "workbench-unsent:";

export class Saver {
  constructor({ context, contents, say, document }) {
    Object.assign(this, { context, contents, say, document });
    this.base = null; // the hash of what the site has, as far as we know
    this.changes = 0; // counts edits: what was typed while a save was on its way is not saved by it
    this.dirtySince = 0;
    this.failures = 0;
    this.isStopped = false; // somebody else saved meanwhile: a person decides
    this.isLoading = false;
    this.running = null;
    this.timer = this.keeper = 0;
  }

  start() {
    const { context } = this;
    this.base = context.contentsModel?.hash ?? null;
    // Whatever saves in the notebook (its button, Ctrl+S) saves here: without upstream's dialogs.
    context.save = () => this.save({});
    context.model.contentChanged.connect(() => this.changed());
    addEventListener("online", () => this.again());
    addEventListener("pagehide", () => { if (this.dirtySince) this.keep(); });
    document.addEventListener("visibilitychange", () => this.lookAgain());
    this.listenToOtherTabs();
    this.takeUp();
  }

  changed() {
    if (this.isLoading) return;
    this.changes += 1;
    if (!this.dirtySince) {
      this.dirtySince = Date.now();
      this.say("changed", {});
    }
    this.keeper ||= setTimeout(() => this.keep(), KEPT_AFTER);
    if (!this.failures) this.plan(Math.min(PAUSE, Math.max(0, this.dirtySince + AT_LATEST - Date.now())));
  }

  plan(pause) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save({}), pause);
  }

  /** Something is better than before (a token, the network): try at once what waits. */
  again() {
    if (this.dirtySince && !this.isStopped) this.plan(0);
  }

  /** Saves what is there now. One at a time: whoever asks meanwhile gets the next one. */
  async save({ id, force = false }) {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    if (this.isStopped && !force) return this.say("not-saved", { id, reason: "conflict" });
    this.running = this.send(id, force);
    await this.running;
    this.running = null;
  }

  async send(id, force) {
    const sent = this.changes;
    const { context } = this;
    try {
      const model = await this.contents.save(context.path, {
        type: "notebook", format: "json", content: context.model.toJSON(), ...(force ? {} : { hash: this.base }),
      });
      this.base = model.hash;
      this.failures = 0;
      this.isStopped = false;
      this.dirtySince = 0;
      if (sent === this.changes) {
        context.model.dirty = false;
        this.forget();
      } else {
        this.changed();
      }
      this.channel?.postMessage({ saved: this.base });
      this.say("saved", { id, sha256: model.hash, saved_at: model.last_modified, whole: model.is_whole !== false, changed: sent !== this.changes });
    } catch (problem) {
      this.failed(id, problem?.response?.status ?? 0);
    }
  }

  failed(id, status) {
    const reason = { 401: "refused", 403: "refused", 409: "conflict", 412: "conflict", 413: "too_big", 422: "not_valid" }[status]
      || (status ? "server" : "offline");
    this.keep();
    this.isStopped = reason === "conflict";
    this.say("not-saved", { id, reason, kept: this.isKept });
    if (["refused", "server", "offline"].includes(reason)) {
      this.plan(RETRIES[Math.min(this.failures, RETRIES.length - 1)]);
      this.failures += 1;
    }
  }

  /** The document as the site has it. */
  async reload() {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    this.isLoading = true;
    try {
      await this.context.revert();
      this.context.model.sharedModel.clearUndoHistory();
    } finally {
      this.isLoading = false;
    }
    this.base = this.context.contentsModel?.hash ?? null;
    this.dirtySince = this.failures = 0;
    this.isStopped = false;
    this.context.model.dirty = false;
    this.forget();
    this.say("saved", { sha256: this.base, saved_at: this.context.contentsModel?.last_modified });
  }

  /** The notebook without outputs: what counts of it, and small. */
  bare() {
    const notebook = this.context.model.toJSON();
    for (const cell of notebook.cells) {
      if (cell.cell_type === "code") Object.assign(cell, { outputs: [], execution_count: null });
    }
    return notebook;
  }

  // --- In this browser ---

  get key() { return PREFIX + this.document; }

  keep() {
    clearTimeout(this.keeper);
    this.keeper = 0;
    if (!this.dirtySince) return;
    try {
      localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), base: this.base, notebook: this.bare() }));
      this.isKept = true;
    } catch { this.isKept = false; } // no room, or the browser keeps nothing: the page says so
  }

  forget() {
    clearTimeout(this.keeper);
    this.keeper = 0;
    try { localStorage.removeItem(this.key); } catch { /* nothing was kept */ }
  }

  /** What an earlier visit could not send: sent now, unless the site has something newer; then a person decides. */
  takeUp() {
    let kept = null;
    try {
      forgetOld();
      kept = JSON.parse(localStorage.getItem(this.key) || "null");
    } catch { return; }
    if (!kept) return;
    this.context.model.fromJSON(kept.notebook);
    this.dirtySince = kept.at;
    this.changes += 1;
    if (kept.base === this.base) {
      this.say("recovered", { at: new Date(kept.at).toISOString() });
      this.plan(0);
    } else {
      this.isStopped = true;
      this.say("not-saved", { reason: "conflict", kept: true, at: new Date(kept.at).toISOString() });
    }
  }

  // --- Other tabs ---

  listenToOtherTabs() {
    try { this.channel = new BroadcastChannel(this.key); } catch { return; }
    this.channel.onmessage = ({ data }) => this.othersSaved(data.saved);
  }

  /** Back to this tab: perhaps something was saved elsewhere. */
  async lookAgain() {
    if (document.visibilityState !== "visible") return this.dirtySince ? this.again() : undefined;
    try {
      const model = await this.contents.get(this.context.path, { content: false, hash: true });
      await this.othersSaved(model.hash);
    } catch { /* saving tells of it, once there is something to save */ }
  }

  /** Nothing typed here: what the other one saved is shown. Else the next save meets a conflict, and a person decides. */
  async othersSaved(hash) {
    if (!hash || hash === this.base || this.dirtySince || this.running) return;
    await this.reload();
    this.say("other-tab", {});
  }
}

function forgetOld() {
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith(PREFIX))) {
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    if (!(kept.at > Date.now() - KEPT_DAYS * 86_400_000)) localStorage.removeItem(key);
  }
}
