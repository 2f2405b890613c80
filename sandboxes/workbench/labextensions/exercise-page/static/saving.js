// Nothing typed is lost: saved soon after it is typed; while that cannot be, kept in this browser and sent later. The page
// around us keeps it: a frame from another site may be denied a storage of its own.
const PAUSE = 1200; // ms without typing, then it is saved
const AT_LATEST = 3500; // ms after the first change, typing or not
const KEPT_AFTER = 400; // ms until a change is in the browser's own store
const RETRIES = [2000, 4000, 8000, 15000, 30000];
const PATIENCE = 3000; // ms for the page to say what it has kept
const OF_KERNEL = ["kernelspec", "language_info"];
const PREFIX = "workbench-saved:";

export class Saver {
  constructor({ context, contents, say, on, document }) {
    Object.assign(this, { context, contents, say, on, document });
    this.base = null; // the hash of what the site has, as far as we know
    this.changes = 0; // counts edits: what was typed while a save was on its way is not saved by it
    this.dirtySince = 0;
    this.failures = 0;
    this.isStopped = false; // somebody else saved meanwhile: a person decides
    this.isLoading = false;
    this.running = null;
    this.timer = this.keeper = 0;
  }

  async start() {
    const { context } = this;
    this.base = context.contentsModel?.hash ?? null;
    // Whatever saves in the notebook (its button, Ctrl+S) saves here: without upstream's dialogs.
    context.save = () => this.save({});
    // That a kernel says which language it speaks, and in which version, is nobody's typing.
    let isOfKernel = false;
    context.model.metadataChanged.connect((_, { key }) => { isOfKernel = OF_KERNEL.includes(key); });
    context.model.contentChanged.connect(() => {
      if (!isOfKernel) this.changed();
      isOfKernel = false;
    });
    addEventListener("online", () => this.again());
    addEventListener("pagehide", () => { if (this.dirtySince) this.keep(); });
    document.addEventListener("visibilitychange", () => this.lookAgain());
    this.listenToOtherTabs();
    this.on("kept", ({ kept }) => { this.isKept = kept === true; });
    this.takeUp(await this.keptBefore());
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
    while (this.running) await this.running; // of many who waited, one goes on; the others wait for that one
    if (this.isStopped && !force) return this.say("not-saved", { id, reason: "conflict" });
    if (!id && !force && !this.dirtySince) return;
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

  /**
   * The document as the site has it; says whether it is shown now. What is typed while it comes is not replaced by it,
   * nor what was typed before and is not saved, unless a person `drops` that: then the next save meets a conflict.
   */
  async reload({ drops = false }) {
    while (this.running) await this.running;
    if (this.dirtySince && !drops) return false;
    clearTimeout(this.timer);
    const { context } = this;
    const before = this.changes;
    let found;
    try {
      found = await this.contents.get(context.path, { type: "notebook", format: "json", content: true, hash: true });
    } catch (problem) {
      this.again();
      throw problem;
    }
    if (before !== this.changes) return false;
    this.isLoading = true;
    try {
      context.model.fromJSON(found.content);
      context.model.sharedModel.clearUndoHistory();
    } finally {
      this.isLoading = false;
    }
    this.base = found.hash;
    this.dirtySince = this.failures = 0;
    this.isStopped = false;
    context.model.dirty = false;
    this.forget();
    this.say("saved", { sha256: this.base, saved_at: found.last_modified });
    return true;
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

  keep() {
    clearTimeout(this.keeper);
    this.keeper = 0;
    if (!this.dirtySince) return;
    this.say("keep", { kept: JSON.stringify({ at: Date.now(), base: this.base, notebook: this.bare() }) });
  }

  forget() {
    clearTimeout(this.keeper);
    this.keeper = 0;
    this.say("keep", { kept: "" });
  }

  keptBefore() {
    return new Promise((resolve) => {
      setTimeout(() => resolve(null), PATIENCE);
      this.on("kept-before", ({ kept }) => { try { resolve(JSON.parse(kept)); } catch { resolve(null); } });
      this.say("kept-wanted", {});
    });
  }

  /** What an earlier visit could not send: sent now, unless the site has something newer; then a person decides. */
  takeUp(kept) {
    if (!kept?.notebook) return;
    const isNewest = kept.base === this.base;
    this.base = kept.base; // with what is typed now, too: a conflict is still one when this page is loaded again
    this.context.model.fromJSON(kept.notebook);
    this.dirtySince = kept.at;
    this.changes += 1;
    if (isNewest) {
      this.say("recovered", { at: new Date(kept.at).toISOString() });
      this.plan(0);
    } else {
      this.isStopped = true;
      this.say("not-saved", { reason: "conflict", kept: true, at: new Date(kept.at).toISOString() });
    }
  }

  // --- Other tabs ---

  listenToOtherTabs() {
    try { this.channel = new BroadcastChannel(PREFIX + this.document); } catch { return; }
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
    if (await this.reload({})) this.say("other-tab", {});
  }
}
