// Joins the notebook to the page around it. `window.workbench` (boot.js) has checked who speaks before we hear it.
import { nameControls } from "./names.js";
import { follow } from "./kernel.js";
import { Saver } from "./saving.js";
import { wordsIn } from "./words.js";

/** The plugins for the notebook's own package `@jupyterlab/notebook`. */
export function plugins({ INotebookTracker, NotebookActions }) {
  return [{
    id: "exercise-page:plugin",
    autoStart: true,
    requires: [INotebookTracker],
    activate(app, tracker) {
      if (!window.workbench) return; // opened by itself: a plain notebook
      const words = wordsIn(window.workbench.language);
      tracker.widgetAdded.connect((_, panel) => join(app, panel, words, NotebookActions));
    },
  }];
}

async function join(app, panel, words, NotebookActions) {
  const { say, on } = window.workbench;
  const saver = new Saver({ context: panel.context, contents: app.serviceManager.contents, say, on, document: window.workbench.document });
  await panel.context.ready;
  await panel.revealed;
  await saver.start();
  const nameAnew = nameControls(panel, words);
  announceRuns(panel, words, NotebookActions);
  const session = panel.context.sessionContext;
  // Upstream opens a dialog in English over the work; the page says what happened, why, and what to do.
  session.statusChanged.disconnect(panel._onSessionStatusChanged, panel);
  follow(app, session, say);
  tellWhere(panel.content, say);

  on("save", ({ id, force }) => saver.save({ id, force: force === true }));
  on("reload", ({ id, drops }) => answer(id, () => saver.reload({ drops: drops === true })));
  on("token", () => saver.again());
  on("notebook", ({ id }) => say("notebook", { id, content: JSON.stringify(saver.bare()) }));
  on("interrupt", ({ id }) => answer(id, () => panel.context.sessionContext.session?.kernel?.interrupt()));
  on("restart", ({ id }) => answer(id, () => panel.context.sessionContext.restartKernel()));
  on("mark", ({ cell, marks }) => { mark(panel.content, cell, marks); nameAnew(); });
  on("focus", ({ where, cell }) => focusCell(panel.content, where, cell));
  // F6 leads from pane to pane in most programs; upstream leaves it free.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F6" || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    say("leave", { where: event.shiftKey ? "before" : "after" });
  }, true);
  say("ready", {});
}

async function answer(id, act) {
  let error = "";
  try { await act(); } catch (problem) { error = String(problem && problem.message || problem); }
  window.workbench.say("done", { id, error });
}

/** Into a cell: the first answer, the last one, or the one with the id `cell`. */
function focusCell(notebook, where, cell) {
  const cells = notebook.widgets;
  const answers = cells.filter(isAnswer);
  const wanted = cells.find((one) => one.model.id === cell) || answers.at(where === "last" ? -1 : 0) || cells[0];
  if (!wanted) return;
  window.focus();
  notebook.activeCellIndex = cells.indexOf(wanted);
  notebook.mode = "command";
  notebook.activate();
  wanted.node.scrollIntoView({ block: "nearest" });
  wanted.node.focus();
}

export function isAnswer(cell) {
  return cell.model.getMetadata("nbgrader")?.solution === true;
}

/** Which cell one is in, so that the page can offer to reset it. */
function tellWhere(notebook, say) {
  const tell = () => {
    const cell = notebook.activeCell;
    if (!cell) return;
    const marks = cell.model.getMetadata("nbgrader") ?? null;
    say("cell", { cell: cell.model.id, number: notebook.activeCellIndex + 1, answer: isAnswer(cell), marks });
  };
  notebook.activeCellChanged.connect(tell);
  tell();
}

/** What an author says that a cell is; `marks`: the cell's metadata in nbgrader's format, null for none. */
function mark(notebook, id, marks) {
  const cell = notebook.widgets.find((one) => one.model.id === id);
  if (!cell || typeof marks !== "object") return;
  if (marks) cell.model.setMetadata("nbgrader", marks);
  else cell.model.deleteMetadata("nbgrader");
  delete cell.node.dataset.wbKind;
  delete cell.node.dataset.wbLabel;
}

/** A screen reader hears that a cell has run, and how it ended. */
function announceRuns(panel, words, NotebookActions) {
  const region = Object.assign(document.createElement("div"), { className: "wb-announcer" });
  region.setAttribute("role", "status");
  panel.node.append(region);
  NotebookActions.executed.connect((_, { notebook, cell, success }) => {
    if (notebook !== panel.content || cell.model.type !== "code") return;
    region.textContent = words[success ? "ran" : "failed"](notebook.widgets.indexOf(cell) + 1);
  });
}
